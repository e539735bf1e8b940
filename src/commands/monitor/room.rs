//! Where everything is shown: the terminal, stdout, the metrics, the user's command. Nothing is judged here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use super::super::Failure;
use super::super::console::{Console, Reader};
use super::super::target::Target;
use super::alerts::Runner;
use super::desk::{Desk, Station};
use super::journal::Turn;
use super::post::Happened;
use super::view::View;
use super::{listen, lock, words};
use crate::api::tokens;
use crate::cli::MonitorArgs;
use crate::lang::{Lang, Text, text};
use crate::monitor::log::time;

pub struct Room<'a> {
    args: &'a MonitorArgs,
    console: &'a Console,
    desk: Arc<Mutex<Desk>>,
    view: View<'a>,
    runner: Option<Runner>,
    trouble: mpsc::Receiver<String>,
    address: Option<SocketAddr>,
    is_metrics_file_failing: bool,
}

impl<'a> Room<'a> {
    pub fn open(args: &'a MonitorArgs, console: &'a Console, desk: Arc<Mutex<Desk>>) -> Result<Room<'a>, Failure> {
        let (sender, trouble) = mpsc::channel();
        let start = |command: &String| Runner::start(command.clone(), console.lang, sender);
        let runner = args.on_alert.as_ref().map(start).transpose().map_err(|error| Failure::Internal(error.into()))?;
        let page = Arc::clone(&desk);
        let serve = |address: &str| listen::serve(address, Arc::new(move || lock(&page).metrics()));
        let address = args.listen.as_deref().map(serve).transpose().map_err(Failure::Usage)?;
        Ok(Room { args, console, desk, view: View::new(console, args.json), runner, trouble, address, is_metrics_file_failing: false })
    }

    /// # Errors
    /// When the metrics cannot be written where they are to be.
    pub fn tell_start(&mut self, targets: &[Target]) -> Result<(), Failure> {
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
            cost: targets.iter().map(cost).sum(),
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
        self.args.metrics_file.as_deref().map_or(Ok(()), |path| self.write_metrics(path)).map_err(Failure::Usage)
    }

    /// Shows what happens until the last thread has ended.
    pub fn watch(&mut self, happened: &mpsc::Receiver<Happened>, is_over: &AtomicBool) -> Result<(), Failure> {
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
                // Where this fails, the end of the run says it.
                let log = lock(&self.desk).log_handle();
                let _ = log.map(|log| log.sync_data());
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
    pub fn close(mut self) -> Result<(), Failure> {
        const UNTOLD: Text = text(
            "--on-alert was still at work and was ended; not all events were told to it",
            "--on-alert 仍在运行，已被终止；并非所有事件都已通知",
        );
        let lang = self.console.lang;
        self.view.clear();
        if self.runner.take().is_none_or(Runner::finish) {
            self.tell_trouble();
        } else {
            self.console.note(UNTOLD.get(lang));
        }
        let desk = lock(&self.desk);
        for station in &desk.stations {
            self.console.note(&summary(station, lang));
        }
        Ok(())
    }
}

/// What a check of this target costs at most.
fn cost(target: &Target) -> Option<f64> {
    let (price, answer) = (target.price?, target.plan.max_tokens?);
    let prompt = tokens::of_request(&serde_json::from_slice(&target.plan.body).ok()?).high;
    Some((prompt as f64 * price.input + answer as f64 * price.output) / 1e6)
}

fn summary(station: &Station, lang: Lang) -> String {
    const SUMMARY: Text = text(
        "{target}: {failed} of {checks} checks failed; alerts: {alerts}{open}",
        "{target}：{checks} 次检查，失败 {failed} 次，告警 {alerts} 次{open}",
    );
    const OPEN: Text = text(", open now: {rules}", "，未恢复：{rules}");
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
/// in `.prom`, so that it is not collected. A link stays one, and what it leads to is replaced.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
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
