//! `llmcheck monitor`: every target is checked at its interval on a thread of its own, so that one that hangs holds up no other; what the
//! checks show comes together at one desk.

mod alerts;
mod desk;
mod journal;
mod listen;
mod view;
mod words;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use serde_json::json;

use super::Failure;
use super::check::{Checked, check};
use super::console::{Console, Reader};
use super::interrupt::{is_stopped, stop_on_interrupt};
use super::target::{self, Target, Ways};
use crate::cli::{MonitorArgs, WindowChoice};
use crate::diagnosis::Class;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::monitor::log::time;
use crate::monitor::{Change, Event, Hysteresis, Memory, Rule, Span};
use crate::report::model::{Attempt, Report};
use crate::secret::Mask;
use crate::spelling;
use alerts::{Runner, Told};
use desk::{Desk, Taken};
use journal::{Journal, Turn};
use view::View;

const PROMPT: &str = "Say OK.";
const USUAL_MAX_TOKENS: u64 = 16;
/// A check that nobody has bounded ends after this, or after an interval where that is longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(args: &MonitorArgs, console: &Console) -> Result<u8, Failure> {
    let rules = rules(args)?;
    let (targets, _lab) = targets(args)?;
    let mut memory = Memory::new(targets.iter().map(|target| target.name.as_str()), &rules, hysteresis(args));
    let journal = args.log.as_deref().map(|path| Journal::open(path, &mut memory)).transpose()?;
    let models = targets.iter().map(|target| target.plan.model.clone()).collect();
    let desk = Arc::new(Mutex::new(Desk::new(memory.pasts(), models, &rules, journal)));
    stop_on_interrupt();

    let mut room = Room::open(args, console, Arc::clone(&desk))?;
    room.tell_start(&targets)?;
    let is_over = AtomicBool::new(false);
    let (sender, happened) = mpsc::channel();
    let outcome = thread::scope(|scope| {
        for (place, target) in targets.iter().enumerate() {
            let post = Post { place, target, args, console, desk: &desk, is_over: &is_over, told: sender.clone() };
            scope.spawn(move || post.keep());
        }
        drop(sender);
        room.watch(&happened, &is_over)
    });
    let closed = room.close();
    outcome.and(closed)?;
    let finished = lock(&desk).finish_log();
    finished?;
    if is_stopped() { Ok(130) } else { Ok(lock(&desk).exit_code()) }
}

fn rules(args: &MonitorArgs) -> Result<Vec<Rule>, Failure> {
    let milliseconds = |bound: Duration| bound.as_secs_f64() * 1000.0;
    let mut rules = Vec::new();
    for name in args.alert_on.iter().map(|name| name.trim()).filter(|name| !name.is_empty() && *name != "none") {
        let spelt = name.to_ascii_lowercase().replace('-', "_");
        let known = || Class::ALL.into_iter().filter(|class| !matches!(class, Class::Healthy | Class::Interrupted));
        let class = known().find(|class| class.name() == spelt).ok_or_else(|| {
            let names: Vec<&str> = known().map(Class::name).collect();
            Failure::Usage(anyhow!(
                "--alert-on: there is no class {name:?}{}; there are {}",
                spelling::hint(name, names.clone()),
                names.join(", ")
            ))
        })?;
        if !rules.contains(&Rule::Class(class)) {
            rules.push(Rule::Class(class));
        }
    }
    rules.push(Rule::ErrorRate(args.max_error_rate));
    rules.extend(args.max_first_byte.map(|bound| Rule::FirstByte(milliseconds(bound))));
    rules.extend(args.max_first_token.map(|bound| Rule::FirstToken(milliseconds(bound))));
    rules.extend(args.max_p95.map(|bound| Rule::P95(milliseconds(bound))));
    Ok(rules)
}

fn hysteresis(args: &MonitorArgs) -> Hysteresis {
    let span = match args.window {
        WindowChoice::Checks(checks) => Span::Checks(checks),
        WindowChoice::Time(time) => Span::Time(time),
    };
    Hysteresis { span, min_checks: args.min_checks.into(), recover_after: args.recover_after.into() }
}

fn targets(args: &MonitorArgs) -> Result<(Vec<Target>, Option<super::aim::RunningLab>), Failure> {
    let mut request = args.request.clone();
    if request.body.is_none() && request.shape.max_tokens.is_none() && request.shape.max_completion_tokens.is_none() {
        request.shape.max_tokens = Some(USUAL_MAX_TOKENS);
    }
    request.stream |= args.max_first_token.is_some() && request.body.is_none();
    let prompt = args.prompt.as_deref().unwrap_or(PROMPT);
    let ways = Ways { prompt, request: &request, base_url: args.base_url.as_deref(), connection: &args.connection };
    let (mut targets, lab) = target::of(&args.targets, ways)?;
    if args.connection.timeout.is_none() {
        let patience = PATIENCE.max(args.interval);
        for target in &mut targets {
            target.plan.timeouts.total = Some(target.plan.timeouts.total.map_or(patience, |total| total.min(patience)));
        }
    }
    Ok((targets, lab))
}

/// What a target's thread tells the one that shows it.
enum Happened {
    Checked { place: usize, taken: Taken, at: i64, reports: Vec<Told> },
    Failed(Failure),
}

/// One target and its thread.
struct Post<'a> {
    place: usize,
    target: &'a Target,
    args: &'a MonitorArgs,
    console: &'a Console,
    desk: &'a Mutex<Desk>,
    is_over: &'a AtomicBool,
    told: mpsc::Sender<Happened>,
}

impl Post<'_> {
    /// Checks until it is over: the next check begins an interval after the last one began, or when that has ended.
    fn keep(self) {
        let began = Instant::now();
        let last = self.args.lasting.and_then(|bound| began.checked_add(bound));
        let mut next = began;
        for number in 0.. {
            let is_enough = self.args.count.is_some_and(|count| number >= count) || last.is_some_and(|last| next > last);
            // A check that took long may have used up the time.
            if is_enough || !self.wait_until(next) || last.is_some_and(|last| Instant::now() > last) {
                return;
            }
            next = Instant::now() + jittered(self.args.interval, self.args.jitter);
            match self.check() {
                Ok(Some(happened)) => drop(self.told.send(happened)),
                Ok(None) => return,
                Err(failure) => {
                    self.is_over.store(true, Ordering::Relaxed);
                    let _ = self.told.send(Happened::Failed(failure));
                    return;
                }
            }
        }
    }

    /// Whether the time came before the end.
    fn wait_until(&self, next: Instant) -> bool {
        const SLICE: Duration = Duration::from_millis(50);
        loop {
            if is_stopped() || self.is_over.load(Ordering::Relaxed) {
                return false;
            }
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(SLICE));
        }
    }

    /// None where Ctrl-C has ended it: that is no check of the target.
    fn check(&self) -> Result<Option<Happened>, Failure> {
        let at = jiff::Timestamp::now().as_millisecond();
        let checked = check(&self.target.plan, 1, None, None, self.console)?;
        if checked.sample.class == Class::Interrupted {
            return Ok(None);
        }
        let taken = lock(self.desk).take(self.place, at, &checked.sample)?;
        let reports = match &self.args.on_alert {
            Some(_) => taken.events.iter().map(|event| self.report(event, &checked, at)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok(Some(Happened::Checked { place: self.place, taken, at, reports }))
    }

    /// `llmcheck.alert/1`, a contract: keys are only ever added.
    fn report(&self, event: &Event, checked: &Checked, at: i64) -> Result<Told, Failure> {
        let (target, lang) = (&self.target.name, self.console.lang);
        let evidence = Evidence::gather(&checked.transcript);
        let report = Report::new(&evidence, &checked.diagnosis, vec![Attempt::of(&evidence, &checked.diagnosis)], lang);
        let message = words::of_event(event, target, checked.sample.code, at, lang);
        let (kind, rule) = (kind(event.change), event.rule.name());
        let per_unit = if event.rule.is_of_time() { 1000.0 } else { 1.0 };
        let told = json!({
            "schema": "llmcheck.alert/1",
            "event": kind,
            "time": time(at),
            "target": target,
            "rule": rule,
            // Seconds, or the share of all checks.
            "value": event.value / per_unit,
            "bound": event.rule.bound().map(|bound| bound / per_unit),
            "checks": event.checks,
            "broken": event.broken,
            "since": time(event.since),
            "message": message,
            "report": serde_json::to_value(&report).map_err(|error| Failure::Internal(error.into()))?,
        });
        // Under a content coding a key may come that the mask on the wire cannot see.
        let json = Mask::of_responses(&self.target.plan.secrets).cover_text(&told.to_string()).into_owned() + "\n";
        let variables = [
            ("LLMCHECK_EVENT", kind.to_string()),
            ("LLMCHECK_TARGET", target.clone()),
            ("LLMCHECK_ALERT", rule),
            ("LLMCHECK_MESSAGE", message),
        ];
        Ok(Told { json, variables })
    }
}

fn kind(change: Change) -> &'static str {
    match change {
        Change::Opened => "alert",
        Change::Closed => "recovered",
    }
}

fn jittered(interval: Duration, jitter: f64) -> Duration {
    let factor = 1.0 + jitter * (2.0 * fastrand::f64() - 1.0);
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval)
}

/// Where everything is shown: the terminal, stdout, the metrics, the user's command.
struct Room<'a> {
    args: &'a MonitorArgs,
    console: &'a Console,
    desk: Arc<Mutex<Desk>>,
    view: View<'a>,
    runner: Option<Runner>,
    trouble: mpsc::Receiver<String>,
    address: Option<std::net::SocketAddr>,
    is_metrics_file_failing: bool,
}

impl<'a> Room<'a> {
    fn open(args: &'a MonitorArgs, console: &'a Console, desk: Arc<Mutex<Desk>>) -> Result<Room<'a>, Failure> {
        let (sender, trouble) = mpsc::channel();
        let start = |command: &String| Runner::start(command.clone(), console.lang, sender);
        let runner = args.on_alert.as_ref().map(start).transpose().map_err(|error| Failure::Internal(error.into()))?;
        let page = Arc::clone(&desk);
        let serve = |address: &str| listen::serve(address, Arc::new(move || lock(&page).metrics()));
        let address = args.listen.as_deref().map(serve).transpose().map_err(Failure::Internal)?;
        Ok(Room { args, console, desk, view: View::new(console), runner, trouble, address, is_metrics_file_failing: false })
    }

    /// # Errors
    /// When the metrics cannot be written where they are to be.
    fn tell_start(&mut self, targets: &[Target]) -> Result<(), Failure> {
        const METRICS: Text = text("metrics at http://{address}/metrics", "指标位于 http://{address}/metrics");
        const GOING_ON: Text = text("going on from {checks} checks in {log}", "从 {log} 中的 {checks} 次检查继续");
        const OPEN: Text = text("{target}: the alert {rule} is open since {time}", "{target}：告警 {rule} 自 {time} 起未恢复");
        let lang = self.console.lang;
        let names: Vec<String> = targets.iter().map(|target| target.name.clone()).collect();
        let start = words::Start {
            targets: &names,
            interval: self.args.interval,
            jitter: self.args.jitter,
            max_tokens: targets.first().and_then(|target| target.plan.max_tokens),
        };
        let mut lines = vec![start.say(lang)];
        lines.extend(self.address.map(|address| METRICS.fill(lang, |_| Some(address.to_string()))));
        let desk = lock(&self.desk);
        if let Some(log) = self.args.log.as_ref().filter(|_| desk.checks_before() > 0) {
            lines.push(GOING_ON.fill(lang, |slot| match slot {
                "checks" => Some(desk.checks_before().to_string()),
                _ => Some(log.display().to_string()),
            }));
        }
        for station in &desk.stations {
            for (rule, since) in station.watch.alerts().filter_map(|(rule, since)| Some((rule, since?))) {
                lines.push(OPEN.fill(lang, |slot| match slot {
                    "target" => Some(station.name.clone()),
                    "rule" => Some(rule.name()),
                    _ => Some(time(since)),
                }));
            }
        }
        drop(desk);
        lines.iter().for_each(|line| self.console.note(line));
        self.args.metrics_file.as_deref().map_or(Ok(()), |path| self.write_metrics(path)).map_err(Failure::Internal)
    }

    /// Shows what happens until the last thread has ended.
    fn watch(&mut self, happened: &mpsc::Receiver<Happened>, is_over: &AtomicBool) -> Result<(), Failure> {
        const STEP: Duration = Duration::from_millis(200);
        let mut outcome = Ok(());
        loop {
            let first = happened.recv_timeout(STEP);
            if matches!(first, Err(mpsc::RecvTimeoutError::Disconnected)) {
                return outcome;
            }
            let mut has_news = false;
            for news in first.into_iter().chain(happened.try_iter()) {
                has_news = true;
                match self.show(news) {
                    Ok(Reader::Present) => {}
                    // Nobody reads the lines any more: as good a reason to end as any, and no failure.
                    Ok(Reader::Gone) => is_over.store(true, Ordering::Relaxed),
                    Err(failure) => {
                        is_over.store(true, Ordering::Relaxed);
                        outcome = outcome.and(Err(failure));
                    }
                }
            }
            if has_news {
                self.keep_metrics();
            }
            self.tell_trouble();
            self.view.draw(&lock(&self.desk));
        }
    }

    fn show(&mut self, happened: Happened) -> Result<Reader, Failure> {
        const REFUSED: Text =
            text("the log cannot be written: {reason}; checks are kept for it meanwhile", "日志无法写入：{reason}；检查结果暂存内存");
        const TAKEN: Text = text("the log is written again", "日志已恢复写入");
        const TOO_MANY: Text = text("--on-alert is too slow: an event was not told to it", "--on-alert 太慢：有一个事件未能通知");
        let lang = self.console.lang;
        let Happened::Checked { place, taken, at, reports } = happened else {
            let Happened::Failed(failure) = happened else { return Ok(Reader::Present) };
            return Err(failure);
        };
        let (name, code) = {
            let desk = lock(&self.desk);
            (desk.stations[place].name.clone(), desk.stations[place].last.as_ref().map_or("", |last| last.code))
        };
        for event in &taken.events {
            self.view.note(&words::of_event(event, &name, code, at, lang));
        }
        match taken.turn {
            Some(Turn::Refused(error)) => self.view.note(&REFUSED.fill(lang, |_| Some(error.to_string()))),
            Some(Turn::Taken) => self.view.note(TAKEN.get(lang)),
            None => {}
        }
        for told in reports {
            if self.runner.as_ref().is_some_and(|runner| !runner.tell(told)) {
                self.view.note(TOO_MANY.get(lang));
            }
        }
        if self.args.json { self.console.print(&taken.line) } else { Ok(Reader::Present) }
    }

    fn tell_trouble(&mut self) {
        while let Ok(words) = self.trouble.try_recv() {
            self.view.note(&words);
        }
    }

    /// Says once that the file cannot be written, however long that lasts.
    fn keep_metrics(&mut self) {
        const REFUSED: Text = text("the metrics cannot be written: {reason}", "指标无法写入：{reason}");
        let Some(path) = self.args.metrics_file.as_deref() else { return };
        let written = self.write_metrics(path);
        if let Err(error) = &written
            && !self.is_metrics_file_failing
        {
            self.view.note(&REFUSED.fill(self.console.lang, |_| Some(format!("{error:#}"))));
        }
        self.is_metrics_file_failing = written.is_err();
    }

    fn write_metrics(&self, path: &Path) -> anyhow::Result<()> {
        let page = lock(&self.desk).metrics();
        replace(path, page.as_bytes()).map_err(|error| anyhow::Error::new(error).context(format!("{} cannot be written", path.display())))
    }

    /// What it has come to.
    fn close(mut self) -> Result<(), Failure> {
        const UNTOLD: Text = text("--on-alert is still at work; it was not waited for", "--on-alert 仍在运行；没有继续等待");
        let lang = self.console.lang;
        self.view.clear();
        let is_told = self.runner.take().is_none_or(Runner::finish);
        self.tell_trouble();
        if !is_told {
            self.console.note(UNTOLD.get(lang));
        }
        let desk = lock(&self.desk);
        for station in &desk.stations {
            self.console.note(&summary(station, lang));
        }
        Ok(())
    }
}

fn summary(station: &desk::Station, lang: crate::lang::Lang) -> String {
    const SUMMARY: Text = text(
        "{target}: {failed} of {checks} checks failed, {alerts} alerts{open}",
        "{target}：{checks} 次检查，失败 {failed} 次，告警 {alerts} 次{open}",
    );
    const OPEN: Text = text("; open: {rules}", "；未恢复：{rules}");
    let open: Vec<String> = station.watch.alerts().filter(|(_, since)| since.is_some()).map(|(rule, _)| rule.name()).collect();
    SUMMARY.fill(lang, |slot| match slot {
        "target" => Some(station.name.clone()),
        "failed" => Some(station.failed.to_string()),
        "checks" => Some(station.checks.to_string()),
        "alerts" => Some(station.alerts.to_string()),
        "open" if open.is_empty() => Some(String::new()),
        "open" => Some(OPEN.fill(lang, |_| Some(open.join(", ")))),
        _ => None,
    })
}

/// Puts a file in the place of another in one step: a collector reads the old one or the new one. The name it has meanwhile does not end
/// in `.prom`, so that it is not collected.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.tmp", std::process::id()));
    let temporary = path.with_file_name(name);
    let written = std::fs::write(&temporary, bytes).and_then(|()| std::fs::rename(&temporary, path));
    if written.is_err() {
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

/// What this lock guards is whole after every check, so that a thread which panicked with it held has done no harm.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
