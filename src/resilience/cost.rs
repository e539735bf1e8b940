//! What an attempt cost: whether it was billed, and how many tokens. Once a byte of a generation has arrived it has been paid for; a
//! relay that fails after its upstream has answered has paid too.

use serde::Serialize;

use crate::api::tokens;
use crate::diagnosis::Diagnosis;
use crate::evidence::{Evidence, Length};
use crate::exchange::recording::How;
use crate::wire::coding::Coding;
use crate::wire::content::Form;

/// Whether the provider, or the relay on our account, counts the attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Billed {
    No,
    /// The request was delivered; whether a model began to answer does not show.
    Maybe,
    Yes,
}

/// The cost of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    pub billed: Billed,
    /// Prompt and answer; 0 where it was not billed.
    pub tokens: u64,
    /// The answer did not count them: they are estimated.
    pub is_estimate: bool,
}

impl Cost {
    pub fn of(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Cost {
        let billed = billed(evidence, diagnosis);
        let usage = evidence.usage().filter(|_| billed != Billed::No);
        let told = usage.and_then(|usage| usage.total_tokens.or_else(|| Some(usage.prompt_tokens? + usage.completion_tokens?)));
        // No answer is longer than was allowed, whatever else its JSON tells.
        let answer = || (answer_tokens(evidence) + lost_tokens(evidence)).min(evidence.asked().max_tokens.unwrap_or(u64::MAX));
        let estimate = || if billed == Billed::No { 0 } else { prompt_tokens(evidence) + answer() };
        Cost { billed, tokens: told.unwrap_or_else(estimate), is_estimate: told.is_none() }
    }
}

/// Bytes of a plain answer that are not its text, before it and in all.
const FRAME_BEFORE: u64 = 150;
const FRAME: u64 = 300;

/// An estimate from the request's body; of a long one only the beginning is kept, and stands for the rest.
fn prompt_tokens(evidence: &Evidence<'_>) -> u64 {
    let sent = &evidence.transcript.sent;
    let head = evidence.transcript.request().map_or(0, |head| head.span.end);
    let kept = sent.beginning().get(head as usize..).unwrap_or_default();
    let share = if kept.is_empty() { 1.0 } else { (sent.length() - head) as f64 / kept.len() as f64 };
    (tokens::about(&String::from_utf8_lossy(kept)) as f64 * share) as u64
}

/// An estimate of what arrived of the answer, also where it is cut inside its JSON.
pub fn answer_tokens(evidence: &Evidence<'_>) -> u64 {
    if let Some(reply) = &evidence.reply {
        let arguments: u64 = reply.tools.iter().map(|tool| tokens::about(&tool.arguments)).sum();
        return tokens::about(&reply.text) + reply.reasoning as u64 / 4 + arguments;
    }
    match evidence.content().map(|content| &content.form) {
        Some(Form::Json(document)) => tokens::about(&String::from_utf8_lossy(&document.text)).saturating_sub(FRAME_BEFORE / 4),
        _ => 0,
    }
}

/// An estimate of what was generated and never arrived: a plain answer is made before its length can be declared.
fn lost_tokens(evidence: &Evidence<'_>) -> u64 {
    let is_plain = evidence.stream().is_none() && evidence.content().is_none_or(|content| content.coding == Coding::Identity);
    let missing = evidence.length.as_ref().filter(|_| is_plain).map_or(0, Length::missing);
    missing.saturating_sub(FRAME) / 4
}

fn billed(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Billed {
    let code = diagnosis.verdict.entry.code;
    if matches!(code, "relay-wrote-more-than-declared" | "empty-body-after-overwrite" | "copy-stopped-at-block") {
        return Billed::Yes;
    }
    if evidence.is_of_tunnel() || evidence.how.is_some_and(How::is_before_request) || evidence.transcript.sent.length() == 0 {
        return Billed::No;
    }
    match evidence.status() {
        None if evidence.transcript.is_not_http => Billed::No,
        None => Billed::Maybe,
        Some(200..300) => billed_success(evidence, code),
        // The request went on, and what became of it does not show; where the API itself tells of a failure, it counts none.
        Some(504 | 524) => Billed::Maybe,
        Some(502 | 520) if evidence.error.is_none() => Billed::Maybe,
        Some(_) => Billed::No,
    }
}

fn billed_success(evidence: &Evidence<'_>, code: &str) -> Billed {
    let reply = evidence.reply.as_ref();
    let has_content = reply.is_some_and(|reply| reply.has_content());
    let is_promised = evidence.length.as_ref().is_some_and(|length| length.declared > 0);
    match () {
        () if has_content => Billed::Yes,
        () if evidence.error.is_some() || matches!(code, "html-instead-of-api" | "web-page-not-api" | "other-json") => Billed::No,
        () if code == "not-text-or-json" || evidence.wire() == 0 && !is_promised => Billed::Maybe,
        () => Billed::Yes,
    }
}

#[cfg(test)]
mod tests;
