//! `llmcheck batch`: every request of a file, asked and diagnosed, several at a time; what was answered is never asked again.

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use super::Failure;
use super::aim::{self, RunningLab};
use super::console::Console;
use super::interrupt::{is_stopped, stop_on_interrupt};
use crate::api::request;
use crate::batch::{Board, Ended, Endpoint, Form, Input, Output, Pool, Prefer, Shared, Tally, work};
use crate::cli::{BatchArgs, PreferChoice, Remedy};
use crate::diagnosis;
use crate::exchange::Masks;
use crate::lang::{Text, text};
use crate::secret::Mask;

/// Nothing ends exchanges that are under way: the first Ctrl-C lets them come to their end, and the second ends llmcheck.
static NEVER: AtomicBool = AtomicBool::new(false);

const USUAL_RETRIES: u32 = 3;

pub fn run(args: &BatchArgs, console: &Console) -> Result<u8, Failure> {
    let lab = if args.lab.is_empty() { None } else { Some(RunningLab::start()?) };
    let endpoints = aim::of_batch(args, lab.as_ref())?;
    let input = Input::open(&args.input, form(args, &endpoints)).map_err(Failure::Usage)?;
    let (input, total) = input.check().map_err(Failure::Usage)?;
    let (output, done) = Output::open(&args.output).map_err(Failure::Usage)?;
    stop_on_interrupt();

    let mask = Mask::of_responses(endpoints.iter().flat_map(|endpoint| &endpoint.plan.secrets));
    let mut allowed = aim::allowed(&args.retry, &args.recover, USUAL_RETRIES);
    if args.recover.recover.is_none() {
        allowed.remedies = vec![Remedy::Wait, Remedy::Retry, Remedy::Endpoint, Remedy::Model];
    }
    let began = Instant::now();
    let pool = Pool::new(endpoints.clone(), prefer(args.prefer));
    let board = Board::new(input, done, pool, began, usize::from(args.jobs));
    let shared = Shared {
        board: &board,
        output: &output,
        masks: endpoints.iter().map(|endpoint| Arc::new(Masks::of(&endpoint.plan))).collect(),
        endpoints: &endpoints,
        allowed: Arc::new(allowed),
        mask: &mask,
        abort: &NEVER,
        is_stopped: &is_stopped,
        strict: args.strict,
    };
    let bar = progress(total, console);
    let (finished, waiting) = mpsc::channel::<()>();
    thread::scope(|scope| {
        for _ in 0..args.jobs {
            let (shared, finished) = (&shared, finished.clone());
            scope.spawn(move || {
                work(shared);
                drop(finished);
            });
        }
        drop(finished);
        watch(&waiting, &board, &output, &bar, console);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    if let Err(error) = output.sync() {
        board.fail(format!("{error:#}"));
    }
    let mut tally = output.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
    tally.before = board.skipped();
    let ended = board.ended().unwrap_or(Ended::Done);
    let told = tell(args, console, &Run { tally: &tally, board: &board, total, ended: &ended, output: &output, took: began.elapsed() });
    told.and_then(|()| exit_code(&ended, &tally))
}

fn form(args: &BatchArgs, endpoints: &[Endpoint]) -> Form {
    if !args.plain {
        return Form::OpenAi;
    }
    let shape = args.shape.clone();
    let model = endpoints.first().and_then(|endpoint| endpoint.model.clone()).unwrap_or_default();
    Form::Plain(Box::new(move |prompt| Ok(request::compose_prompt(&shape, prompt, &model)?)))
}

fn prefer(choice: PreferChoice) -> Prefer {
    match choice {
        PreferChoice::Fastest => Prefer::Fastest,
        PreferChoice::Cheapest => Prefer::Cheapest,
        PreferChoice::Listed => Prefer::Listed,
    }
}

fn exit_code(ended: &Ended, tally: &Tally) -> Result<u8, Failure> {
    match ended {
        Ended::Failed(reason) => Err(Failure::Internal(anyhow!("{reason}"))),
        Ended::Stopped => Ok(130),
        Ended::Hopeless(code) => Ok(diagnosis::entry(code).map_or(1, |entry| entry.class.exit_code())),
        Ended::Done => Ok(tally.worst().map_or(0, |class| class.exit_code())),
    }
}

fn progress(total: u64, console: &Console) -> Option<ProgressBar> {
    if !console.stderr_is_terminal || console.quiet {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(5));
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    Some(bar)
}

/// Shows how far it is, and gives what was written to the disk, until all workers have finished.
fn watch(waiting: &mpsc::Receiver<()>, board: &Board, output: &Output, bar: &Option<ProgressBar>, console: &Console) {
    const STEP: Duration = Duration::from_millis(200);
    const LET_FINISH: Text =
        text("letting what is under way come to its end; Ctrl-C once more stops at once", "等待进行中的请求结束；再按一次 Ctrl-C 立即停止");
    let mut synced = Instant::now();
    let mut has_told = false;
    while waiting.recv_timeout(STEP) == Err(mpsc::RecvTimeoutError::Timeout) {
        if is_stopped() && !has_told {
            has_told = true;
            console.note(LET_FINISH.get(console.lang));
        }
        if synced.elapsed() > Duration::from_secs(1) {
            synced = Instant::now();
            if let Err(error) = output.sync() {
                board.fail(format!("{error:#}"));
            }
        }
        if let Some(bar) = bar {
            let tally = output.tally.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let skipped = board.skipped();
            bar.set_position(skipped + tally.answered + tally.failed);
            bar.set_message(state(&tally, bar.length().unwrap_or(0).saturating_sub(skipped), board.now(), console));
        }
    }
}

/// Rate, failures by class, and the time that is left.
fn state(tally: &Tally, total: u64, now: Duration, console: &Console) -> String {
    const LEFT: Text = text("{rate}/s · {left} left", "{rate}/秒 · 剩余 {left}");
    let ended = tally.answered + tally.failed;
    let rate = ended as f64 / now.as_secs_f64().max(1e-3);
    let left = if rate > 0.0 { Duration::from_secs(((total.saturating_sub(ended)) as f64 / rate) as u64) } else { Duration::ZERO };
    let mut words = LEFT.fill(console.lang, |slot| {
        Some(match slot {
            "rate" => format!("{rate:.1}"),
            "left" => humantime::format_duration(left).to_string(),
            _ => return None,
        })
    });
    let failures = failures(tally);
    if !failures.is_empty() {
        words = format!("{words} · {failures}");
    }
    words
}

/// `2 truncation, 1 quota`
fn failures(tally: &Tally) -> String {
    let mut by_class: Vec<(&'static str, u64)> = Vec::new();
    for (class, count) in tally.failures.values() {
        match by_class.iter_mut().find(|(name, _)| *name == class.name()) {
            Some((_, known)) => *known += count,
            None => by_class.push((class.name(), *count)),
        }
    }
    by_class.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    by_class.iter().map(|(name, count)| format!("{count} {name}")).collect::<Vec<_>>().join(", ")
}

/// A run at its end.
struct Run<'a> {
    tally: &'a Tally,
    board: &'a Board,
    total: u64,
    ended: &'a Ended,
    output: &'a Output,
    took: Duration,
}

fn tell(args: &BatchArgs, console: &Console, run: &Run<'_>) -> Result<(), Failure> {
    if args.json {
        console.print(&format!("{}\n", summary(run)))?;
    }
    for line in lines(run, console) {
        console.note(&line);
    }
    Ok(())
}

fn lines(run: &Run<'_>, console: &Console) -> Vec<String> {
    const SUMMARY: Text = text(
        "{answered} of {total} answered{before}, {failed} failed; {took}, {rate}/s, {tokens} tokens",
        "共 {total} 条，已回答 {answered} 条{before}，失败 {failed} 条；用时 {took}，{rate} 条/秒，{tokens} 个 token",
    );
    const BEFORE: Text = text(" ({n} of them before)", "（其中 {n} 条此前已回答）");
    const FAILURE: Text = text("{n} × {code} ({class}): llmcheck explain {code}", "{n} × {code}（{class}）：llmcheck explain {code}");
    const WHERE: Text =
        text("the failures stand in {path}; the same command asks them again", "失败的条目在 {path} 中；再次运行同一命令会重新请求它们");
    const STOPPED: Text = text("stopped; the same command goes on from here", "已停止；再次运行同一命令会从这里继续");
    const HOPELESS: Text = text(
        "stopped: {code} will not pass by itself; once that is mended, the same command goes on from here",
        "已停止：{code} 不会自行消失；修复后再次运行同一命令会从这里继续",
    );
    const ENDPOINT: Text =
        text("{name}: {answered} of {asked} requests answered{latency}", "{name}：{asked} 次请求，{answered} 次得到回答{latency}");
    let tally = run.tally;
    let fill = |words: Text, slots: &[(&str, String)]| {
        words.fill(console.lang, |slot| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()))
    };
    let before = if tally.before > 0 { fill(BEFORE, &[("n", tally.before.to_string())]) } else { String::new() };
    let ended = tally.answered + tally.failed;
    let mut lines = vec![fill(
        SUMMARY,
        &[
            ("answered", (tally.answered + tally.before).to_string()),
            ("total", run.total.to_string()),
            ("before", before),
            ("failed", tally.failed.to_string()),
            ("took", humantime::format_duration(Duration::from_millis(run.took.as_millis() as u64)).to_string()),
            ("rate", format!("{:.1}", ended as f64 / run.took.as_secs_f64().max(1e-3))),
            ("tokens", tally.tokens.to_string()),
        ],
    )];
    let mut failures: Vec<_> = tally.failures.iter().collect();
    failures.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(b.0)));
    for (code, (class, count)) in failures {
        lines.push(fill(FAILURE, &[("n", count.to_string()), ("code", code.to_string()), ("class", class.name().to_string())]));
    }
    let records = run.board.with_pool(|pool| {
        let line = |(name, asked, answered, latency, _): (&str, u64, u64, Option<f64>, Option<f64>)| {
            let latency = latency.map_or_else(String::new, |seconds| format!(" · {:.0} ms", seconds * 1000.0));
            fill(
                ENDPOINT,
                &[("name", name.to_string()), ("answered", answered.to_string()), ("asked", asked.to_string()), ("latency", latency)],
            )
        };
        pool.records().map(line).collect::<Vec<_>>()
    });
    if records.len() > 1 {
        lines.extend(records);
    }
    if tally.failed > 0 {
        lines.push(fill(WHERE, &[("path", run.output.failures_path().display().to_string())]));
    }
    match run.ended {
        Ended::Stopped => lines.push(STOPPED.get(console.lang).to_string()),
        Ended::Hopeless(code) => lines.push(fill(HOPELESS, &[("code", code.to_string())])),
        Ended::Done | Ended::Failed(_) => {}
    }
    lines
}

fn summary(run: &Run<'_>) -> serde_json::Value {
    let tally = run.tally;
    let failures: serde_json::Map<_, _> =
        tally.failures.iter().map(|(code, (class, count))| (code.to_string(), json!({ "class": class.name(), "count": count }))).collect();
    let endpoints = run.board.with_pool(|pool| {
        let record = |(name, asked, answered, latency, rate): (&str, u64, u64, Option<f64>, Option<f64>)| {
            json!({ "endpoint": name, "requests": asked, "answered": answered, "latency_ms": latency.map(|seconds| seconds * 1000.0), "paced_per_second": rate })
        };
        pool.records().map(record).collect::<Vec<_>>()
    });
    json!({
        "schema": "llmcheck.batch/1",
        "total": run.total,
        "answered": tally.answered + tally.before,
        "answered_before": tally.before,
        "failed": tally.failed,
        "with_remarks": tally.with_remarks,
        "failures": failures,
        "failed_attempts": tally.recovered,
        "attempts": tally.attempts,
        "refusals": tally.refusals,
        "tokens": tally.tokens,
        "seconds": run.took.as_secs_f64(),
        "ended": match run.ended {
            Ended::Done => "done",
            Ended::Stopped => "stopped",
            Ended::Hopeless(_) => "hopeless",
            Ended::Failed(_) => "failed",
        },
        "endpoints": endpoints,
    })
}
