//! What one exchange counts for among many: whether it failed and how, how long it took, how much it brought and cost.
//! Rates, rounds and windows are made of these, and an exchange itself need not be kept for them.

use serde::{Deserialize, Serialize};

use crate::diagnosis::{AtFault, Class, Diagnosis, Severity};
use crate::evidence::Evidence;
use crate::resilience::cost::{Cost, answer_tokens};

/// One exchange, judged and measured. Times are in milliseconds from its start, and none where it did not come so far.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Sample {
    pub class: Class,
    pub code: &'static str,
    pub severity: Severity,
    pub at_fault: AtFault,
    /// The answer was asked for as a stream.
    pub stream: bool,
    pub status: Option<u16>,
    pub first_byte_ms: Option<f64>,
    /// Only of streams.
    pub first_token_ms: Option<f64>,
    pub total_ms: Option<f64>,
    /// Of the answer, reasoning included where the server counts it.
    pub answer_tokens: Tokens,
    pub prompt_tokens: Option<u64>,
    /// Of the text that arrived.
    pub characters: u64,
    /// Prompt and answer, 0 where it was not billed.
    pub billed_tokens: Tokens,
}

/// A number of tokens, as the server counts or as we estimate it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Tokens {
    pub count: u64,
    pub is_estimate: bool,
}

impl Sample {
    pub fn of(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Sample {
        let (times, usage) = (&evidence.transcript.times, evidence.usage());
        let cost = Cost::of(evidence, diagnosis);
        let counted = usage.and_then(|usage| usage.completion_tokens);
        Sample {
            class: diagnosis.verdict.entry.class,
            code: diagnosis.verdict.entry.code,
            severity: diagnosis.verdict.entry.severity,
            at_fault: diagnosis.verdict.at_fault,
            stream: evidence.asked().stream,
            status: evidence.status(),
            first_byte_ms: times.first_byte,
            first_token_ms: times.first_token,
            total_ms: times.total,
            answer_tokens: Tokens { count: counted.unwrap_or_else(|| answer_tokens(evidence)), is_estimate: counted.is_none() },
            prompt_tokens: usage.and_then(|usage| usage.prompt_tokens),
            characters: evidence.reply.as_ref().map_or(0, |reply| reply.text.chars().count() as u64),
            billed_tokens: Tokens { count: cost.tokens, is_estimate: cost.is_estimate && cost.tokens > 0 },
        }
    }

    /// A fault: warnings are none.
    pub fn has_failed(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Tokens a second while the answer came: from the first token of a stream on, of a plain answer from the start. None where nothing
    /// came, or all at once.
    pub fn tokens_per_second(&self) -> Option<f64> {
        let began = if self.stream { self.first_token_ms? } else { 0.0 };
        let seconds = (self.total_ms? - began) / 1000.0;
        (self.answer_tokens.count > 0 && seconds >= 1e-3).then(|| self.answer_tokens.count as f64 / seconds)
    }
}
