//! What a batch has come to: lines for people, one JSON object for programs.

use std::time::Duration;

use serde_json::{Value, json};

use super::Failure;
use super::console::Console;
use super::progress::roughly;
use crate::batch::{Board, Ended, Output, Tally};
use crate::cli::BatchArgs;
use crate::diagnosis;
use crate::lang::{Lang, Text, text};

/// A run at its end.
pub struct Run<'a> {
    pub tally: &'a Tally,
    pub board: &'a Board,
    pub total: u64,
    pub ended: &'a Ended,
    pub output: &'a Output,
    pub took: Duration,
}

/// # Errors
/// When stdout cannot take it.
pub fn tell(args: &BatchArgs, console: &Console, run: &Run<'_>) -> Result<(), Failure> {
    if args.json {
        console.print(&format!("{}\n", in_json(run)))?;
    }
    lines(run, console.lang).iter().for_each(|line| console.note(line));
    Ok(())
}

fn fill(words: Text, lang: Lang, slots: &[(&str, String)]) -> String {
    words.fill(lang, |slot| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone()))
}

fn lines(run: &Run<'_>, lang: Lang) -> Vec<String> {
    const NOTHING: Text = text("all {total} were answered before; nothing was sent", "共 {total} 条，此前均已回答；没有发送任何请求");
    const FAILURE: Text = text("{n} × {code} ({class}): llmcheck explain {code}", "{n} × {code}（{class}）：llmcheck explain {code}");
    const UNEXPLAINED: Text = text("{n} × {code} ({class})", "{n} × {code}（{class}）");
    const WHERE: Text =
        text("the failures stand in {path}; the same command asks them again", "失败的条目在 {path} 中；再次运行同一命令会重新请求它们");
    let tally = run.tally;
    if tally.before == run.total {
        return vec![fill(NOTHING, lang, &[("total", run.total.to_string())])];
    }
    let mut lines = vec![headline(run, lang)];
    let mut failures: Vec<_> = tally.failures.iter().collect();
    failures.sort_by(|a, b| b.1.1.cmp(&a.1.1).then(a.0.cmp(b.0)));
    for (code, (class, count)) in failures {
        let words = if diagnosis::entry(code).is_some() { FAILURE } else { UNEXPLAINED };
        lines.push(fill(words, lang, &[("n", count.to_string()), ("code", code.to_string()), ("class", class.name().to_string())]));
    }
    let endpoints = of_endpoints(run, lang);
    if endpoints.len() > 1 {
        lines.extend(endpoints);
    }
    if tally.failed > 0 {
        lines.push(fill(WHERE, lang, &[("path", run.output.failures_path().display().to_string())]));
    }
    lines.extend(why_it_ended(run.ended, lang));
    lines
}

fn headline(run: &Run<'_>, lang: Lang) -> String {
    const SUMMARY: Text = text(
        "{answered} of {total} answered{before}, {failed} failed{left}; {took}, {rate}/s, {tokens} tokens",
        "共 {total} 条，已回答 {answered} 条{before}，失败 {failed} 条{left}；用时 {took}，{rate} 条/秒，{tokens} 个 token",
    );
    const BEFORE: Text = text(" ({n} of them before)", "（其中 {n} 条此前已回答）");
    const LEFT: Text = text(", {n} left", "，剩余 {n} 条");
    let tally = run.tally;
    let if_any = |n: u64, words: Text| if n > 0 { fill(words, lang, &[("n", n.to_string())]) } else { String::new() };
    fill(
        SUMMARY,
        lang,
        &[
            ("answered", (tally.answered + tally.before).to_string()),
            ("total", run.total.to_string()),
            ("before", if_any(tally.before, BEFORE)),
            ("failed", tally.failed.to_string()),
            ("left", if_any(run.total.saturating_sub(tally.ended()), LEFT)),
            ("took", took(run.took)),
            ("rate", format!("{:.1}", (tally.answered + tally.failed) as f64 / run.took.as_secs_f64().max(1e-3))),
            ("tokens", tally.tokens.to_string()),
        ],
    )
}

fn took(duration: Duration) -> String {
    match duration.as_millis() {
        millis @ 0..1000 => format!("{millis}ms"),
        1000..10_000 => format!("{:.1}s", duration.as_secs_f64()),
        _ => roughly(duration),
    }
}

fn of_endpoints(run: &Run<'_>, lang: Lang) -> Vec<String> {
    const ENDPOINT: Text =
        text("{name}: {answered} of {asked} requests answered{latency}", "{name}：{asked} 次请求，{answered} 次得到回答{latency}");
    let line = |(name, asked, answered, latency, _): (&str, u64, u64, Option<f64>, Option<f64>)| {
        let latency = latency.map_or_else(String::new, |seconds| format!(" · {:.0} ms", seconds * 1000.0));
        let slots = [("name", name.to_string()), ("answered", answered.to_string()), ("asked", asked.to_string()), ("latency", latency)];
        fill(ENDPOINT, lang, &slots)
    };
    run.board.with_pool(|pool| pool.records().map(line).collect())
}

fn why_it_ended(ended: &Ended, lang: Lang) -> Option<String> {
    const STOPPED: Text = text("stopped; the same command goes on from here", "已停止；再次运行同一命令会从这里继续");
    const HOPELESS: Text = text(
        "stopped: no endpoint answers ({code}); once that is mended, the same command goes on from here",
        "已停止：没有端点能回答（{code}）；修复后再次运行同一命令会从这里继续",
    );
    const OUT_OF_TIME: Text = text(
        "stopped: --retry-max-time is over; the same command goes on from here",
        "已停止：达到 --retry-max-time；再次运行同一命令会从这里继续",
    );
    const OUT_OF_TOKENS: Text = text(
        "stopped: --max-cost-tokens is spent; the same command goes on from here",
        "已停止：达到 --max-cost-tokens；再次运行同一命令会从这里继续",
    );
    match ended {
        Ended::Stopped => Some(STOPPED.get(lang).to_string()),
        Ended::Hopeless(code) => Some(fill(HOPELESS, lang, &[("code", code.to_string())])),
        Ended::OutOfTime => Some(OUT_OF_TIME.get(lang).to_string()),
        Ended::OutOfTokens => Some(OUT_OF_TOKENS.get(lang).to_string()),
        Ended::Done | Ended::Failed(_) => None,
    }
}

fn in_json(run: &Run<'_>) -> Value {
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
        "left": run.total.saturating_sub(tally.ended()),
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
            Ended::OutOfTime => "out-of-time",
            Ended::OutOfTokens => "out-of-tokens",
            Ended::Failed(_) => "failed",
        },
        "reason": match run.ended {
            Ended::Hopeless(code) => Some(*code),
            _ => None,
        },
        "endpoints": endpoints,
    })
}
