//! `llmcheck monitor`: every target is checked at its interval on a thread of its own, so that one that hangs holds up no other; what the
//! checks show comes together at one desk.

mod alerts;
mod desk;
mod journal;
mod listen;
mod post;
mod room;
mod view;
mod words;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::Duration;

use anyhow::anyhow;

use super::Failure;
use super::aim::RunningLab;
use super::console::Console;
use super::interrupt::{is_stopped, stop_on_interrupt};
use super::target::{self, Target, Ways};
use crate::cli::{MonitorArgs, WindowChoice};
use crate::diagnosis::Class;
use crate::monitor::{Hysteresis, Memory, Rule, Span};
use crate::secret::Mask;
use crate::spelling;
use desk::Desk;
use journal::Journal;
use post::Post;
use room::Room;

const PROMPT: &str = "Say OK.";
const USUAL_MAX_TOKENS: u64 = 16;
/// A check that nobody has bounded ends after this, or after an interval where that is longer.
const PATIENCE: Duration = Duration::from_secs(60);

pub fn run(args: &MonitorArgs, console: &Console) -> Result<u8, Failure> {
    let rules = rules(args)?;
    let (targets, _lab) = targets(args)?;
    let mut memory = Memory::new(targets.iter().map(|target| target.name.as_str()), &rules, hysteresis(args));
    let journal = args.log.as_deref().map(|path| Journal::open(path, &mut memory)).transpose()?;
    keep_apart(args)?;
    let mask = Mask::of_responses(targets.iter().flat_map(|target| &target.plan.secrets));
    let model = |target: &Target| target.plan.model.as_ref().map(|model| mask.cover_text(model).into_owned());
    let models = targets.iter().map(model).collect();
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

/// The metrics take the place of whatever is there, again and again: that must be a file, and not the log.
fn keep_apart(args: &MonitorArgs) -> Result<(), Failure> {
    let Some(metrics) = &args.metrics_file else { return Ok(()) };
    if metrics.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(Failure::Usage(anyhow!("the metrics file {} must be a file", metrics.display())));
    }
    match (metrics.canonicalize(), args.log.as_ref().map(|log| log.canonicalize())) {
        (Ok(metrics), Some(Ok(log))) if metrics == log => {
            Err(Failure::Usage(anyhow!("the metrics would overwrite the log {}; name another file for them", log.display())))
        }
        _ => Ok(()),
    }
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

fn targets(args: &MonitorArgs) -> Result<(Vec<Target>, Option<RunningLab>), Failure> {
    let mut request = args.request.clone();
    if request.body.is_none() && request.shape.max_tokens.is_none() && request.shape.max_completion_tokens.is_none() {
        request.shape.max_tokens = Some(USUAL_MAX_TOKENS);
    }
    request.stream |= args.max_first_token.is_some() && request.body.is_none();
    let prompt = args.prompt.as_deref().unwrap_or(PROMPT);
    let ways = Ways { prompt, request: &request, base_url: args.base_url.as_deref(), connection: &args.connection };
    let (mut targets, lab) = target::of(&args.targets, ways)?;
    if args.max_first_token.is_some() && targets.iter().any(|target| !target.plan.stream) {
        return Err(Failure::Usage(anyhow!("--max-first-token is for streams, and the body asks for none: put \"stream\": true into it")));
    }
    if args.connection.timeout.is_none() {
        let patience = PATIENCE.max(args.interval);
        for target in &mut targets {
            target.plan.timeouts.total = Some(target.plan.timeouts.total.map_or(patience, |total| total.min(patience)));
        }
    }
    Ok((targets, lab))
}

/// What this lock guards is whole after every check, so that a thread which panicked with it held has done no harm.
fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
