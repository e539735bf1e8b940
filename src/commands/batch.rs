//! `llmcheck batch`: every request of a file, asked and diagnosed, several at a time; what was answered is never asked again.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;

use super::aim::{self, RunningLab};
use super::console::Console;
use super::interrupt::{is_stopped, stop_on_interrupt};
use super::progress::Progress;
use super::summary::{self, Run};
use super::{Failure, directory};
use crate::api::request;
use crate::batch::{Board, Checked, Ended, Endpoint, Form, Found, Input, Output, Pool, Prefer, Shared, Tally, Unfit, work};
use crate::cli::{BatchArgs, PreferChoice, Remedy};
use crate::diagnosis;
use crate::exchange::Place;
use crate::lang::{Text, text};
use crate::resilience::recovery::Allowed;
use crate::secret::Mask;

/// Nothing ends exchanges that are under way: the first Ctrl-C lets them come to their end, and the second ends llmcheck.
static NEVER: AtomicBool = AtomicBool::new(false);

const USUAL_RETRIES: u32 = 3;

pub fn run(args: &BatchArgs, console: &Console) -> Result<u8, Failure> {
    if args.recover.recover.as_ref().is_some_and(|named| named.contains(&Remedy::Split)) {
        return Err(Failure::Usage(anyhow!("a batch splits no request: leave split out of --recover, and cut the input itself")));
    }
    let lab = if args.lab.is_empty() { None } else { Some(RunningLab::start()?) };
    let endpoints = aim::of_batch(args, lab.as_ref())?;
    let input = Input::open(&args.input, form(args, &endpoints)?).map_err(Failure::Usage)?;
    directory::expect(&args.output, "the output")?;
    let found = Found::at(&args.output, &args.input).map_err(unfit)?;
    let Checked { input, total, before } = input.check(&found.done).map_err(Failure::Usage)?;
    let (output, done) = found.begin().map_err(unfit)?;
    stop_on_interrupt();

    let jobs = jobs(args, endpoints.len(), console);
    let allowed = allowed(args);
    let began = Instant::now();
    let board = Board::new(input, done, Pool::new(endpoints.clone(), prefer(args.prefer)), began, usize::from(jobs));
    let progress = Progress::new(total, before, console);
    let mask = Mask::of_responses(endpoints.iter().flat_map(|endpoint| &endpoint.plan.secrets));
    let shared = Shared {
        board: &board,
        output: &output,
        places: endpoints.iter().map(|endpoint| Arc::new(Place::of(&endpoint.plan))).collect(),
        endpoints: &endpoints,
        allowed: Arc::new(allowed.clone()),
        mask: &mask,
        abort: &NEVER,
        stop: &|now| bound(&allowed, &output, now),
        strict: args.strict,
    };
    work_and_watch(jobs, &shared, progress);
    if let Err(error) = output.sync() {
        board.fail(format!("{error:#}"));
    }
    tell_of_surplus(&shared, console);
    let tally = Tally { before, ..counted(&output) };
    let ended = ended(&board, &tally, total);
    let told =
        summary::tell(args, console, &Run { tally: &tally, board: &board, total, ended: &ended, output: &output, took: began.elapsed() });
    told.and_then(|()| exit_code(&ended, &tally))
}

/// Whose connections were not kept, and why: what comes late over a connection that carries the next request belongs to nobody.
fn tell_of_surplus(shared: &Shared<'_>, console: &Console) {
    const SURPLUS: Text = text(
        "{endpoint} sent more than its answers, which on a kept connection can be taken for the next answer: from then on each request had a connection of its own; look at the answers before that",
        "{endpoint} 在回答之外还多发了字节，在保持的连接上这可能被当成下一个回答：此后每个请求都单独使用一个连接；请检查在此之前的回答",
    );
    for (endpoint, _) in shared.endpoints.iter().zip(&shared.places).filter(|(_, place)| place.sends_more()) {
        console.note(&SURPLUS.fill(console.lang, |_| Some(endpoint.plan.endpoint.clone())));
    }
}

fn work_and_watch(jobs: u16, shared: &Shared<'_>, mut progress: Progress<'_>) {
    const STEP: Duration = Duration::from_millis(200);
    let (finished, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for _ in 0..jobs {
            let finished = finished.clone();
            scope.spawn(move || {
                work(shared);
                drop(finished);
            });
        }
        drop(finished);
        let mut synced = Instant::now();
        while waiting.recv_timeout(STEP) == Err(mpsc::RecvTimeoutError::Timeout) {
            if synced.elapsed() > Duration::from_secs(1) {
                synced = Instant::now();
                if let Err(error) = shared.output.sync() {
                    shared.board.fail(format!("{error:#}"));
                }
            }
            progress.show(shared.board, &counted(shared.output));
        }
    });
    progress.end();
}

/// As many as are asked for, or as the system lets us have connections.
fn jobs(args: &BatchArgs, endpoints: usize, console: &Console) -> u16 {
    const FEWER: Text = text(
        "{wanted} requests at a time need more open files than the {files} that the system allows: {jobs} at a time (`ulimit -n` changes that)",
        "同时 {wanted} 个请求所需的打开文件数超过系统允许的 {files} 个：改为同时 {jobs} 个（可用 `ulimit -n` 更改）",
    );
    /// For everything that is no connection.
    const OTHERS: usize = 64;
    let Some(files) = most_open_files() else {
        return args.jobs;
    };
    // Each job keeps a connection to each endpoint, and those to the lab have both their ends here.
    let of_job = endpoints * if args.lab.is_empty() { 1 } else { 2 };
    let most = (files.saturating_sub(OTHERS) / of_job).clamp(1, usize::from(u16::MAX)) as u16;
    if args.jobs > most {
        let slots = |slot: &str| match slot {
            "wanted" => Some(args.jobs.to_string()),
            "files" => Some(files.to_string()),
            "jobs" => Some(most.to_string()),
            _ => None,
        };
        console.note(&FEWER.fill(console.lang, slots));
    }
    args.jobs.min(most)
}

/// As Linux tells it; elsewhere it is not known.
fn most_open_files() -> Option<usize> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits.lines().find_map(|line| line.strip_prefix("Max open files"))?.split_whitespace().next()?.parse().ok()
}

fn counted(output: &Output) -> Tally {
    output.tally.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn unfit(unfit: Unfit) -> Failure {
    match unfit {
        Unfit::Named(error) => Failure::Usage(error),
        Unfit::Barred(error) => Failure::Internal(error),
    }
}

fn form(args: &BatchArgs, endpoints: &[Endpoint]) -> Result<Form, Failure> {
    let shape = args.shape.clone();
    if !args.plain {
        let is_typed = [
            ("--system", shape.system.is_some()),
            ("--max-tokens", shape.max_tokens.is_some()),
            ("--max-completion-tokens", shape.max_completion_tokens.is_some()),
            ("--temperature", shape.temperature.is_some()),
        ];
        return match is_typed.iter().find(|(_, is_typed)| *is_typed) {
            Some((flag, _)) => Err(Failure::Usage(anyhow!("{flag} is for --plain: a line of the Batch API has a body of its own"))),
            None => Ok(Form::OpenAi),
        };
    }
    let model = endpoints.first().and_then(|endpoint| endpoint.model.clone()).unwrap_or_default();
    Ok(Form::Plain(Box::new(move |prompt| request::compose_prompt(&shape, prompt, &model))))
}

fn allowed(args: &BatchArgs) -> Allowed {
    let mut allowed = aim::allowed(&args.retry, &args.recover, USUAL_RETRIES);
    if args.recover.recover.is_none() {
        allowed.remedies = vec![Remedy::Wait, Remedy::Retry, Remedy::Endpoint, Remedy::Model];
    }
    allowed
}

fn prefer(choice: PreferChoice) -> Prefer {
    match choice {
        PreferChoice::Fastest => Prefer::Fastest,
        PreferChoice::Cheapest => Prefer::Cheapest,
        PreferChoice::Listed => Prefer::Listed,
    }
}

/// Why no other request is to begin.
fn bound(allowed: &Allowed, output: &Output, now: Duration) -> Option<Ended> {
    if is_stopped() {
        return Some(Ended::Stopped);
    }
    if allowed.max_time.is_some_and(|bound| now > bound) {
        return Some(Ended::OutOfTime);
    }
    let spent = || output.tally.lock().unwrap_or_else(PoisonError::into_inner).tokens;
    allowed.max_cost_tokens.is_some_and(|bound| spent() >= bound).then_some(Ended::OutOfTokens)
}

/// How it ended, by what was written rather than by what was meant.
fn ended(board: &Board, tally: &Tally, total: u64) -> Ended {
    match board.ended().unwrap_or(Ended::Done) {
        // Whatever was to end it, nothing was left.
        Ended::Stopped | Ended::OutOfTime | Ended::OutOfTokens if tally.ended() == total => Ended::Done,
        Ended::Done if tally.ended() < total => Ended::Failed("the input was changed while it was worked on".into()),
        ended => ended,
    }
}

fn exit_code(ended: &Ended, tally: &Tally) -> Result<u8, Failure> {
    let of_failures = || tally.worst().map(|class| class.exit_code().max(1));
    match ended {
        Ended::Failed(reason) => Err(Failure::Internal(anyhow!("{reason}; the same command goes on from here"))),
        Ended::Stopped => Ok(130),
        Ended::Hopeless(code) => Ok(diagnosis::entry(code).map_or(1, |entry| entry.class.exit_code())),
        Ended::OutOfTime | Ended::OutOfTokens => Ok(of_failures().unwrap_or(1)),
        Ended::Done => Ok(of_failures().unwrap_or(0)),
    }
}
