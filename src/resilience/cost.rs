//! What an attempt cost: whether it was billed, and how many tokens. Once a byte of a generation has arrived it has been paid for; a
//! relay that fails after its upstream has answered has paid too.

use serde::Serialize;

use crate::diagnosis::{Class, Diagnosis};
use crate::evidence::Evidence;
use crate::exchange::recording::How;

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
        let estimate = || {
            let answer = evidence.reply.as_ref().map_or(0, |reply| tokens_of(&reply.text) + reply.reasoning as u64 / 4);
            if billed == Billed::No { 0 } else { prompt_tokens(evidence) + answer }
        };
        Cost { billed, tokens: told.unwrap_or_else(estimate), is_estimate: told.is_none() }
    }
}

/// An estimate from the request's body; of a long one only the beginning is kept, and stands for the rest.
fn prompt_tokens(evidence: &Evidence<'_>) -> u64 {
    let sent = &evidence.transcript.sent;
    let head = evidence.transcript.request.as_ref().map_or(0, |head| head.span.end);
    let kept = sent.beginning().get(head as usize..).unwrap_or_default();
    let share = if kept.is_empty() { 1.0 } else { (sent.length() - head) as f64 / kept.len() as f64 };
    (tokens_of(&String::from_utf8_lossy(kept)) as f64 * share) as u64
}

/// Tokens of a text, by the rule of thumb that four ASCII characters or one other character make one.
pub fn tokens_of(text: &str) -> u64 {
    let ascii = text.bytes().filter(u8::is_ascii).count();
    let others = text.chars().filter(|character| !character.is_ascii()).count();
    (ascii.div_ceil(4) + others) as u64
}

fn billed(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Billed {
    let entry = diagnosis.verdict.entry;
    if matches!(entry.code, "relay-wrote-more-than-declared" | "empty-body-after-overwrite" | "copy-stopped-at-block") {
        return Billed::Yes;
    }
    if evidence.is_of_tunnel() || evidence.how.is_some_and(How::is_before_request) || evidence.transcript.sent.length() == 0 {
        return Billed::No;
    }
    let Some(status) = evidence.status() else {
        return if evidence.transcript.is_not_http { Billed::No } else { Billed::Maybe };
    };
    match status {
        200..300 if evidence.error.is_some() && !evidence.reply.as_ref().is_some_and(|reply| reply.has_content()) => Billed::No,
        200..300 if matches!(entry.class, Class::NotAnApi | Class::ProxyRewrite) && evidence.reply.is_none() => Billed::No,
        200..300 => Billed::Yes,
        504 | 524 => Billed::Maybe,
        _ => Billed::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_four_letters_or_one_character_of_another_script() {
        assert_eq!((tokens_of(""), tokens_of("hello"), tokens_of("你好"), tokens_of("hello 你好")), (0, 2, 2, 4));
    }
}
