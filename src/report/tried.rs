//! What was tried after a failure, what it cost, and what worked: steps for the page, and words for the reports that are handed on.

use super::model::{Attempt, Report};
use crate::cli::Remedy;
use crate::diagnosis::{Class, Severity};
use crate::lang::{Lang, Text, text};
use crate::resilience::cost::Billed;

/// More steps than this are not read by anyone: the first ones are only counted.
const MOST_STEPS: usize = 12;

/// The attempts in their order, like ones that follow each other as one; nothing where there was only one, or several questions were asked.
pub fn steps(report: &Report, lang: Lang) -> Vec<String> {
    let attempts = &report.attempts;
    if attempts.len() < 2 || attempts[1..].iter().any(begins_question) {
        return Vec::new();
    }
    let groups: Vec<&[Attempt]> = attempts.chunk_by(is_alike).collect();
    let left_out = groups.len().saturating_sub(MOST_STEPS);
    let count: usize = groups[..left_out].iter().map(|group| group.len()).sum();
    let earlier = (count > 0).then(|| EARLIER.fill(lang, |_| Some(count.to_string())));
    let is_end = |index: usize| report.recovered && index + 1 == groups.len();
    let steps = groups.iter().enumerate().skip(left_out).map(|(index, group)| step(group, index == 0, is_end(index), lang));
    earlier.into_iter().chain(steps).collect()
}

/// A line for each of several questions that was asked more than once: the parts of a long input, and what joins their answers.
pub fn questions(report: &Report, lang: Lang) -> Vec<String> {
    let attempts = &report.attempts;
    let questions: Vec<&[Attempt]> = attempts.chunk_by(|_, next| !begins_question(next)).collect();
    if questions.len() < 2 {
        return Vec::new();
    }
    let line = |(index, asked): (usize, &[Attempt])| {
        let is_last = index + 1 == questions.len();
        let groups: Vec<&[Attempt]> = asked.chunk_by(is_alike).collect();
        let is_end = |at: usize| at + 1 == groups.len() && (!is_last || report.recovered);
        let steps: Vec<String> = groups.iter().enumerate().map(|(at, group)| step(group, false, is_end(at), lang)).collect();
        let colon = if lang == Lang::Zh { "：" } else { ": " };
        format!("{}{colon}{}", question(report, index, lang), steps.join(" → "))
    };
    let repeated = questions.iter().copied().enumerate().filter(|(_, asked)| asked.len() > 1);
    let mut lines: Vec<String> = repeated.map(line).collect();
    let left_out = lines.len().saturating_sub(MOST_STEPS);
    if left_out > 0 {
        lines.drain(..left_out);
        lines.insert(0, EARLIER.fill(lang, |_| Some(left_out.to_string())));
    }
    lines
}

/// For each attempt the number from 0 of the question that it begins, where there are several.
pub fn questions_begun(attempts: &[Attempt]) -> Vec<Option<usize>> {
    let mut number = 0;
    let begun = attempts.iter().enumerate().map(|(index, attempt)| {
        let begins = index == 0 || begins_question(attempt);
        number += usize::from(begins);
        begins.then(|| number - 1)
    });
    let begun: Vec<Option<usize>> = begun.collect();
    if number > 1 { begun } else { vec![None; attempts.len()] }
}

/// Only what comes after a failure has a remedy: without one another question begins.
fn begins_question(attempt: &Attempt) -> bool {
    attempt.remedy.is_none()
}

/// `part 3`
pub fn question(report: &Report, number: usize, lang: Lang) -> String {
    let words = match report.parts.get(number) {
        Some(part) if part.reduces => text("joining", "合并"),
        _ => text("part {n}", "第 {n} 段"),
    };
    words.fill(lang, |_| Some((number + 1).to_string()))
}

fn is_alike(one: &Attempt, next: &Attempt) -> bool {
    let seen = |attempt: &Attempt| (attempt.remedy, attempt.code, attempt.billed);
    seen(one) == seen(next) && matches!(next.remedy, Some(Remedy::Wait | Remedy::Retry))
}

/// `retry ×2: provider-error (not billed)`
fn step(group: &[Attempt], is_first: bool, is_end: bool, lang: Lang) -> String {
    let Some(attempt) = group.first() else {
        return String::new();
    };
    let times = if group.len() > 1 { format!(" ×{}", group.len()) } else { String::new() };
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let before = match remedy(attempt, lang) {
        Some(remedy) => format!("{remedy}{times}{colon}"),
        None if is_first => "1 ".to_string(),
        None => String::new(),
    };
    let tokens = group.iter().map(|attempt| attempt.tokens).sum();
    let is_estimate = group.iter().any(|attempt| attempt.tokens_estimated);
    // That an answer was paid for goes without saying.
    let cost = if is_end { counted(tokens, is_estimate, lang) } else { cost(attempt.billed, tokens, is_estimate, lang) };
    if lang == Lang::Zh { format!("{before}{}（{cost}）", attempt.code) } else { format!("{before}{} ({cost})", attempt.code) }
}

/// What the attempt did about the failure before it.
pub fn remedy(attempt: &Attempt, lang: Lang) -> Option<String> {
    let words = match attempt.remedy? {
        Remedy::Wait => text("wait", "等待"),
        Remedy::Retry => text("retry", "重试"),
        Remedy::Stream if attempt.stream => text("stream", "流式"),
        Remedy::Stream => text("no stream", "非流式"),
        Remedy::Identity => text("no compression", "不压缩"),
        Remedy::MaxTokens => text("max_tokens {bound}", "max_tokens {bound}"),
        Remedy::Split => text("part by part", "分段"),
        Remedy::Endpoint => text("endpoint {endpoint}", "endpoint {endpoint}"),
        Remedy::Model => text("model {model}", "模型 {model}"),
        Remedy::Continue => text("go on", "续写"),
    };
    Some(words.fill(lang, |slot| {
        Some(match slot {
            "bound" => attempt.max_tokens?.to_string(),
            "endpoint" => attempt.endpoint.clone(),
            _ => attempt.model.clone()?,
        })
    }))
}

/// What one attempt cost.
pub fn cost_of(attempt: &Attempt, lang: Lang) -> String {
    cost(attempt.billed, attempt.tokens, attempt.tokens_estimated, lang)
}

fn cost(billed: Billed, tokens: u64, is_estimate: bool, lang: Lang) -> String {
    let words = match billed {
        Billed::No => return NOT_BILLED.get(lang).to_string(),
        Billed::Maybe => text("perhaps billed, {tokens}", "可能已计费，{tokens}"),
        Billed::Yes => text("billed, {tokens}", "已计费，{tokens}"),
    };
    words.fill(lang, |_| Some(counted(tokens, is_estimate, lang)))
}

fn counted(tokens: u64, is_estimate: bool, lang: Lang) -> String {
    let words = if is_estimate { text("about {n} tokens", "约 {n} 个 token") } else { text("{n} tokens", "{n} 个 token") };
    words.fill(lang, |_| Some(tokens.to_string()))
}

/// What worked or why nothing did, and what all of it cost; nothing where there was one attempt only.
pub fn summary(report: &Report, lang: Lang) -> Option<String> {
    let recovery = report.recovery.as_ref().filter(|_| report.attempts.len() > 1)?;
    let last = report.attempts.last()?;
    let with_remedy = report.attempts.iter().rev().find(|attempt| attempt.remedy.is_some());
    let how = match with_remedy.and_then(|attempt| remedy(attempt, lang)).filter(|_| recovery.worked.is_some()) {
        Some(remedy) => WORKED.fill(lang, |_| Some(remedy.clone())),
        None if report.verdict.severity == Severity::Error && last.class != Class::Interrupted && last.remedy.is_some() => {
            NOTHING_WORKED.get(lang).to_string()
        }
        None => String::new(),
    };
    let perhaps = report.attempts.iter().filter(|attempt| attempt.billed == Billed::Maybe).count();
    let words = if perhaps > 0 { BILLED_OR_PERHAPS } else { BILLED };
    let billed = words.fill(lang, |slot| {
        Some(match slot {
            "billed" => recovery.billed_attempts.to_string(),
            "perhaps" => perhaps.to_string(),
            _ => report.attempts.len().to_string(),
        })
    });
    let stopped = recovery.stopped.and_then(stopped).map_or_else(String::new, |words| words.get(lang).to_string());
    let mut parts = vec![how, stopped, billed, counted(recovery.tokens, recovery.tokens_estimated, lang)];
    parts.retain(|part| !part.is_empty());
    Some(parts.join(" · "))
}

/// Why nothing more was tried.
fn stopped(reason: &str) -> Option<Text> {
    Some(match reason {
        "exhausted" => text("every way that is allowed was used", "允许的办法都已用完"),
        "useless" => text("nothing that is allowed can change this cause", "允许的办法都改变不了这个原因"),
        "printed" => text("part of the answer had been printed", "部分回答已经输出"),
        "answer-is-whole" => text("the answer was whole already", "回答已经完整"),
        "asked-wait-too-long" => text("the wait that was asked for is too long", "要求等待的时间太长"),
        "out-of-time" => text("no time was left", "时间已用完"),
        "out-of-tokens" => text("no tokens were left to spend", "token 预算已用完"),
        _ => return None,
    })
}

const EARLIER: Text = text("{n} earlier ones", "此前 {n} 次");
const NOT_BILLED: Text = text("not billed", "未计费");
const WORKED: Text = text("what worked: {remedy}", "有效的办法：{remedy}");
const NOTHING_WORKED: Text = text("nothing worked", "都没有成功");
const BILLED: Text = text("{billed} of {all} attempts billed", "{all} 次中有 {billed} 次计费");
const BILLED_OR_PERHAPS: Text =
    text("{billed} of {all} attempts billed, {perhaps} more perhaps", "{all} 次中有 {billed} 次计费，另有 {perhaps} 次可能计费");

#[cfg(test)]
mod tests;
