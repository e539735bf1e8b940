//! `llmcheck chat`: ask, listen, judge, perhaps ask again, and report.

use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::console::{Console, Reader as Audience};
use super::handout::Handout;
use super::live::{self, Attempted, STOP};
use super::prepare;
use crate::cli::ChatArgs;
use crate::config::{self, Override, Resolved};
use crate::diagnosis::{Diagnosis, Severity, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Asked;
use crate::lab::{Lab, Scenario};
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::plan::Timeouts;
use crate::report::curl::quoted;
use crate::report::human;
use crate::report::model::{Attempt, Report};
use crate::resilience::backoff::Backoff;
use crate::resilience::policy::{Decision, Policy, Reason};
use crate::secret::Mask;
use crate::spelling;

pub fn run(args: &ChatArgs, console: &Console) -> Result<u8, Failure> {
    let mut handout = Handout::to(&args.report.reports)?;
    let lab = args.lab.as_deref().map(|name| lab(name, args.lab_tls)).transpose()?;
    let prompt = prompt(args).map_err(Failure::Usage)?;
    // Not before: Ctrl-C while stdin is read ends llmcheck as it ends any program.
    stop_on_interrupt();
    let overriding = lab.as_ref().map(|(_, overriding)| overriding.as_override());
    let Resolved { plan, settings, notes } = config::resolve(args, prompt, overriding, &config::environment).map_err(Failure::Usage)?;
    notes.iter().for_each(|note| console.note(&note.say(console.lang)));
    let preflight = prepare::look(&plan, &settings, console);
    if args.request.dry_run {
        return prepare::dry_run(args, &plan, preflight, console);
    }
    let record = args.report.record.as_deref().map(create_recording).transpose().map_err(Failure::Usage)?;
    let mask = Mask::of_responses(&plan.secrets);

    let policy = Policy {
        retries: args.retry.retry,
        backoff: Backoff { base: args.retry.retry_base, cap: args.retry.retry_cap },
        max_time: args.retry.retry_max_time,
    };
    let prints_as_it_comes = plan.stream && !args.report.atomic && !args.report.json;
    let command = mask.cover_text(&command_line()).into_owned();
    let began = Instant::now();
    let mut attempts = Vec::new();
    let mut waited = Duration::ZERO;
    loop {
        let number = attempts.len() as u32 + 1;
        let asked = asked(&plan, number, waited, &command, &mask);
        let mut attempted = live::attempt(&plan, asked, record.as_ref(), prints_as_it_comes, console)?;
        if attempted.has_printed && !attempted.ended_line && attempted.audience == Audience::Present {
            attempted.audience = console.print("\n")?;
        }
        let evidence = Evidence::gather(&attempted.transcript);
        let diagnosis = diagnose(&evidence);
        attempts.push(Attempt::of(&attempted.transcript, &diagnosis));
        let decision = policy.decide(&evidence, &diagnosis, number, began.elapsed(), attempted.has_printed, fastrand::f64());
        match decision {
            Decision::Retry { wait, source } if attempted.failure.is_none() && attempted.audience == Audience::Present => {
                console.note(&retry_note(&diagnosis, number, policy.retries, wait, source.as_deref(), console));
                if !handout.is_idle() {
                    let report = Report::new(&evidence, &diagnosis, attempts.clone(), console.lang);
                    handout.keep(report, attempted.transcript);
                }
                pause(wait);
                waited = wait;
            }
            decision => {
                if let Decision::Stop(reason) = &decision
                    && let Some(note) = stop_note(reason, number, console)
                {
                    console.note(&note);
                }
                let mut report = Report::new(&evidence, &diagnosis, attempts, console.lang);
                report.settings = Some(settings.0);
                report.preflight = preflight;
                let finished = finish(args, console, &attempted, &evidence, &diagnosis, &report, &mask);
                handout.keep(report, attempted.transcript);
                let written = handout.write(&mask);
                return finished.and_then(|code| written.map(|()| code));
            }
        }
    }
}

/// Prints what is to be printed and gives the exit code.
fn finish(
    args: &ChatArgs,
    console: &Console,
    attempted: &Attempted,
    evidence: &Evidence<'_>,
    diagnosis: &Diagnosis,
    report: &Report,
    mask: &Mask,
) -> Result<u8, Failure> {
    let mut audience = attempted.audience;
    if args.report.json {
        let json = serde_json::to_string(report).map_err(|error| Failure::Internal(error.into()))?;
        audience = console.print(&format!("{}\n", mask.cover_text(&json)))?;
    } else if evidence.answer_is_whole()
        && !attempted.has_printed
        && let Some(text) = report.answer.text.as_deref().filter(|_| !report.answer.cut_off)
    {
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        audience = console.print(&format!("{}{line_end}", mask.cover_text(text)))?;
    }
    // What we could not write is no fault of the exchange, which was ended for that.
    if let (Audience::Gone, Some(failure)) = (audience, &attempted.failure) {
        return Err(Failure::Internal(anyhow!("{failure}")));
    }
    // Whoever closed stdout early has what they wanted: a stream that was stopped for that is no fault to be told.
    if audience == Audience::Gone && attempted.has_printed && attempted.failure.is_none() {
        return Ok(0);
    }
    if !args.report.json || console.verbose {
        let style = console.style();
        let page = match report.verdict.severity {
            Severity::Ok if console.stderr_is_terminal || console.verbose || report.recovered => human::line(report, style),
            Severity::Ok => String::new(),
            Severity::Warning | Severity::Error => human::page(report, &attempted.transcript, style),
        };
        console.tell(&mask.cover_text(&page));
    }
    match &attempted.failure {
        Some(failure) => Err(Failure::Internal(anyhow!("{failure}"))),
        None if report.answer.cut_off && (!attempted.has_printed || lost_text(evidence)) && !args.report.json => {
            Err(Failure::Internal(anyhow!(
                "the answer is too large to be held back, or one event of it to be read, and was not printed as a whole; use --stream without --atomic"
            )))
        }
        None => Ok(diagnosis.exit_code(args.report.strict)),
    }
}

/// An event was too large to be read, so that its text is missing from what was printed.
fn lost_text(evidence: &Evidence<'_>) -> bool {
    evidence.stream().is_some_and(|stream| stream.has_too_large)
}

/// The first Ctrl-C ends the exchange with a verdict, the second ends llmcheck.
fn stop_on_interrupt() {
    // Without a handler Ctrl-C ends the process as ever: worse, but no reason not to ask.
    let _ = ctrlc::set_handler(|| {
        if STOP.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
    });
}

fn pause(wait: Duration) {
    const SLICE: Duration = Duration::from_millis(50);
    let until = Instant::now() + wait;
    while !STOP.load(Ordering::Relaxed) {
        match until.checked_duration_since(Instant::now()) {
            Some(left) if !left.is_zero() => std::thread::sleep(left.min(SLICE)),
            _ => break,
        }
    }
}

/// A running lab, kept as long as the chat lasts, and where to aim.
struct LabAim {
    _lab: Lab,
    target: crate::lab::Target,
}

impl LabAim {
    fn as_override(&self) -> Override {
        let bounds = self.target.bounds;
        Override {
            base_url: self.target.base_url.clone(),
            proxy: self.target.proxy.clone(),
            authority: self.target.authority.clone(),
            timeouts: Timeouts { connect: bounds.connect, first_byte: bounds.first_byte, idle: bounds.idle, total: bounds.total },
        }
    }
}

fn lab(name: &str, tls: bool) -> Result<(&'static Scenario, LabAim), Failure> {
    let Some(scenario) = crate::lab::find(name) else {
        let hint = spelling::hint(name, crate::lab::scenarios().map(|scenario| scenario.name));
        return Err(Failure::Usage(anyhow!("there is no lab scenario {name:?}{hint} (`llmcheck lab --list` shows all)")));
    };
    let start = || -> std::io::Result<LabAim> {
        let lab = Lab::start(None)?;
        let target = lab.target(scenario, tls)?;
        Ok(LabAim { _lab: lab, target })
    };
    start().map(|aim| (scenario, aim)).map_err(|error| Failure::Internal(anyhow::Error::new(error).context("the lab cannot be started")))
}

/// The prompt from the argument, from stdin when it is piped or `-`, or both.
fn prompt(args: &ChatArgs) -> anyhow::Result<Option<String>> {
    let has_other_input = args.request.body.is_some() || args.request.messages.is_some();
    let wants_stdin = match args.prompt.as_deref() {
        Some("-") => true,
        Some(_) => !std::io::stdin().is_terminal(),
        None => !has_other_input,
    };
    let argument = args.prompt.as_deref().filter(|prompt| !matches!(*prompt, "-" | ""));
    if !wants_stdin || args.request.body.is_some() {
        return Ok(argument.map(str::to_string));
    }
    if argument.is_none() && std::io::stdin().is_terminal() && args.prompt.is_none() {
        return Err(anyhow!("there is no prompt; give it as an argument or pipe it in: echo hello | llmcheck chat"));
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).context("stdin cannot be read")?;
    let piped = String::from_utf8(bytes).context("stdin is not UTF-8 text; to send bytes as they are, use --body FILE")?;
    let piped = piped.trim_end_matches(['\n', '\r']);
    match (argument, piped.is_empty()) {
        (Some(argument), true) => Ok(Some(argument.to_string())),
        (Some(argument), false) => Ok(Some(format!("{argument}\n\n{piped}"))),
        (None, false) => Ok(Some(piped.to_string())),
        (None, true) => Err(anyhow!("there is no prompt: stdin was empty")),
    }
}

/// A new file that only its owner can read.
fn create_recording(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(|| format!("the recording {} cannot be created", path.display()))?;
    #[cfg(unix)]
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o600));
    }
    Ok(file)
}

/// What was typed, quoted so that a shell gives the same again.
fn command_line() -> String {
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let request = without_output(typed);
    std::iter::once("llmcheck".to_string()).chain(request.iter().map(|argument| quoted(argument))).collect::<Vec<_>>().join(" ")
}

/// What was typed without the flags that only say where to write: typed again, they would write over the evidence.
fn without_output(typed: impl Iterator<Item = String>) -> Vec<String> {
    const FILES: [&str; 2] = ["--record", "--report"];
    const FLAGS: [&str; 6] = ["--json", "--verbose", "--quiet", "-v", "-q", "-vq"];
    let mut request = Vec::new();
    let mut typed = typed.peekable();
    while let Some(argument) = typed.next() {
        let is_file = FILES.iter().any(|flag| argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
        match argument.as_str() {
            // What follows is no flag, whatever it looks like.
            "--" => {
                request.push(argument);
                request.extend(typed);
                break;
            }
            _ if is_file => {
                if !argument.contains('=') {
                    typed.next();
                }
            }
            flag if FLAGS.contains(&flag) => {}
            _ => request.push(argument),
        }
    }
    request
}

fn asked(plan: &Plan, attempt: u32, waited: Duration, command: &str, mask: &Mask) -> Asked {
    let now = jiff::Timestamp::now();
    Asked {
        started: format!("{now:.3}"),
        attempt,
        waited_ms: waited.as_millis() as u64,
        endpoint: plan.endpoint.clone(),
        method: "POST".into(),
        url: mask.cover_text(&plan.target.url()).into_owned(),
        model: plan.model.clone(),
        stream: plan.stream,
        max_tokens: plan.max_tokens,
        key: plan.key,
        command: Some(command.to_string()),
        proxy: plan.proxy.as_ref().map(|proxy| proxy.url()),
        insecure: plan.trust.insecure,
        timeouts: plan.timeouts,
        ..Asked::default()
    }
}

fn retry_note(diagnosis: &Diagnosis, attempt: u32, retries: u32, wait: Duration, source: Option<&str>, console: &Console) -> String {
    const ASKED: Text = text(
        "attempt {n} of {all}: {code}: {title}; waiting {wait} as {source} says",
        "第 {n} 次（共 {all} 次）：{code}：{title}；按 {source} 等待 {wait}",
    );
    const OWN: Text = text(
        "attempt {n} of {all}: {code}: {title}; waiting {wait} (backoff)",
        "第 {n} 次（共 {all} 次）：{code}：{title}；退避等待 {wait}",
    );
    let words = if source.is_some() { ASKED } else { OWN };
    words.fill(console.lang, |slot| {
        Some(match slot {
            "n" => attempt.to_string(),
            "all" => (retries + 1).to_string(),
            "code" => diagnosis.verdict.entry.code.to_string(),
            "title" => diagnosis.verdict.say(diagnosis.verdict.entry.title, console.lang),
            "wait" => human::milliseconds(wait.as_secs_f64() * 1000.0),
            "source" => source.unwrap_or_default().to_string(),
            _ => return None,
        })
    })
}

fn stop_note(reason: &Reason, attempts: u32, console: &Console) -> Option<String> {
    const EXHAUSTED: Text = text("no attempt left after {n}", "已用完 {n} 次尝试");
    const USELESS: Text = text("not tried again: the same request would fail the same way", "不再重试：同样的请求会同样失败");
    const PRINTED: Text = text(
        "not tried again: part of the answer is on stdout already; --atomic holds it back and makes retries possible",
        "不再重试：部分回答已写到 stdout；--atomic 会先保留不输出，从而可以重试",
    );
    const TOO_LONG: Text =
        text("not tried again: {source} asks to wait {wait}, until {until}", "不再重试：{source} 要求等待 {wait}，直到 {until}");
    const OUT_OF_TIME: Text =
        text("not tried again: the next attempt would begin after --retry-max-time", "不再重试：下一次会超过 --retry-max-time");
    let (words, wait) = match reason {
        Reason::Over => return None,
        Reason::Exhausted => (EXHAUSTED, None),
        Reason::Useless => (USELESS, None),
        Reason::Printed => (PRINTED, None),
        Reason::AskedTooLong(wait) => (TOO_LONG, Some(wait)),
        Reason::OutOfTime => (OUT_OF_TIME, None),
    };
    Some(words.fill(console.lang, |slot| {
        Some(match slot {
            "n" => attempts.to_string(),
            "source" => wait?.source.clone(),
            "wait" => humantime::format_duration(Duration::from_secs(wait?.duration.as_secs())).to_string(),
            "until" => {
                let until = jiff::Timestamp::now().checked_add(wait?.duration).ok()?;
                until.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
            }
            _ => return None,
        })
    }))
}
