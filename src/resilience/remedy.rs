//! Which remedy helps against which cause. A remedy that cannot change what went wrong is never tried: each costs time, and most cost
//! money.

use crate::cli::Remedy;
use crate::diagnosis::{Class, Diagnosis};
use crate::evidence::Evidence;
use crate::wire::coding::Coding;

/// Remedies in the order of what they cost: time, another generation, a shorter answer, several generations, another key, another model.
pub const BY_COST: [Remedy; 8] =
    [Remedy::Wait, Remedy::Retry, Remedy::Stream, Remedy::Identity, Remedy::MaxTokens, Remedy::Split, Remedy::Endpoint, Remedy::Model];

/// A failure, as far as remedies look at it.
pub struct Case<'a> {
    pub evidence: &'a Evidence<'a>,
    pub diagnosis: &'a Diagnosis,
}

impl Case<'_> {
    pub fn code(&self) -> &'static str {
        self.diagnosis.verdict.entry.code
    }

    fn class(&self) -> Class {
        self.diagnosis.verdict.entry.class
    }

    fn asked_for_stream(&self) -> bool {
        self.evidence.asked().stream
    }

    /// What the error says, in the words of who made it.
    pub fn message(&self) -> Option<&str> {
        self.evidence.error.as_ref().map(|error| error.innermost().message.as_str())
    }

    /// All of the answer is here, for all that is wrong around it. A choice or a tool call that stops inside is no frame.
    pub fn is_answered(&self) -> bool {
        let has_content = self.evidence.reply.as_ref().is_some_and(|reply| reply.has_content());
        has_content && self.evidence.answer_is_whole() && !matches!(self.code(), "choice-without-finish" | "tool-arguments-cut")
    }

    /// The fault lies with the proxy that we were told to use, whatever is behind it.
    pub fn is_of_our_proxy(&self) -> bool {
        matches!(self.code(), "proxy-unreachable" | "proxy-auth-required" | "proxy-refused-tunnel")
    }

    /// How often the same again may change it: an answer that is whole and empty was billed, and so is each like it.
    pub fn most_retries(&self) -> u32 {
        if self.code() == "empty-answer" { 1 } else { u32::MAX }
    }

    /// Whether the remedy can change what went wrong.
    pub fn is_helped_by(&self, remedy: Remedy) -> bool {
        match remedy {
            Remedy::Wait | Remedy::Retry => self.diagnosis.verdict.retryable && !self.is_told_not_to_retry(),
            Remedy::Stream if self.asked_for_stream() => self.is_helped_by_plain_answer(),
            Remedy::Stream => self.is_helped_by_stream(),
            Remedy::Identity => self.is_helped_by_identity(),
            Remedy::MaxTokens => self.is_helped_by_shorter_answer(),
            Remedy::Split => matches!(self.code(), "context-too-long" | "body-too-large" | "request-over-token-limit"),
            Remedy::Endpoint => self.is_helped_by_endpoint(),
            Remedy::Model => self.is_helped_by_model(),
            Remedy::Continue => false,
        }
    }

    /// OpenAI and Anthropic say so in a field that their SDKs obey.
    fn is_told_not_to_retry(&self) -> bool {
        self.evidence.field("x-should-retry").is_some_and(|value| value.trim().eq_ignore_ascii_case("false"))
    }

    /// A stream declares no length, shows life before a gateway loses its patience, and takes another way through a relay. It takes no
    /// less time than a plain answer, and its chunks are made by the same server.
    fn is_helped_by_stream(&self) -> bool {
        const CODES: [&str; 8] = [
            "gateway-timeout",
            "no-first-byte-in-time",
            "stalled-in-body",
            "json-malformed",
            "empty-body",
            "empty-answer",
            "no-choices",
            "stream-unasked",
        ];
        const ALIKE: [&str; 5] = ["head-cut", "malformed-chunk", "choice-without-finish", "tool-arguments-cut", "reader-gone"];
        match self.class() {
            Class::LengthMismatch => self.code() != "second-response-after-body" && !self.is_of_coding(),
            Class::Truncation => !ALIKE.contains(&self.code()) && !self.is_of_coding(),
            Class::InvalidRequest => self.speaks_of_stream(),
            _ => CODES.contains(&self.code()),
        }
    }

    /// A plain answer has no events to be broken, and is complete or is not there.
    fn is_helped_by_plain_answer(&self) -> bool {
        const CODES: [&str; 6] =
            ["stream-type-rewritten", "chunk-framing-in-content", "stalled-in-body", "empty-body", "empty-answer", "no-choices"];
        // A timer that cut the stream would cut the silence before a plain answer first.
        const ALIKE: [&str; 4] = ["head-cut", "cut-after-gateway-timeout", "choice-without-finish", "reader-gone"];
        match self.class() {
            Class::Truncation => !ALIKE.contains(&self.code()) && !self.is_of_coding(),
            // What a stream only tells would be told as well without it.
            Class::StreamError => !matches!(self.code(), "error-in-stream" | "stream-unasked"),
            Class::InvalidRequest => self.speaks_of_stream(),
            _ => CODES.contains(&self.code()),
        }
    }

    fn speaks_of_stream(&self) -> bool {
        const PHRASES: [&str; 10] = [
            "stream mode",
            "streaming mode",
            "support stream",
            "streaming is required",
            "non-stream",
            "to stream",
            "stream=",
            "'stream'",
            "\"stream\"",
            "`stream`",
        ];
        let message = self.message().unwrap_or_default().to_lowercase();
        let is_of_parameter = self.evidence.error.as_ref().is_some_and(|error| error.innermost().param == "stream");
        is_of_parameter || PHRASES.iter().any(|words| message.contains(words))
    }

    /// The fault is one of the content coding itself, and another attempt may offer none.
    fn is_of_coding(&self) -> bool {
        matches!(self.code(), "length-counts-decoded-bytes" | "encoded-body-cut") && self.offered_coding()
    }

    /// The request would have taken a compressed answer.
    fn offered_coding(&self) -> bool {
        let request = self.evidence.transcript.request();
        request.and_then(|head| head.get("accept-encoding")).is_some_and(|value| !value.trim().eq_ignore_ascii_case("identity"))
    }

    /// What a relay or proxy did wrong with a coded body, or while it took the coding off: it copies the length of what was coded, or
    /// counts what was not.
    fn is_helped_by_identity(&self) -> bool {
        const CODES: [&str; 9] = [
            "relay-wrote-more-than-declared",
            "empty-body-after-overwrite",
            "copy-stopped-at-block",
            "length-counts-decoded-bytes",
            "encoded-body-cut",
            "coding-mislabelled",
            "coding-forced",
            "digest-mismatch",
            "not-text-or-json",
        ];
        let is_short = self.class() == Class::LengthMismatch || self.code() == "cut-by-close";
        let was_coded = self.evidence.content().is_some_and(|content| content.coding != Coding::Identity || content.label.is_some());
        self.offered_coding() && (CODES.contains(&self.code()) || is_short && was_coded)
    }

    /// What grows with the length of the answer: the time it takes, the bytes that must get through, what is set aside for it.
    fn is_helped_by_shorter_answer(&self) -> bool {
        const CODES: [&str; 6] = [
            "gateway-timeout",
            "no-first-byte-in-time",
            "deadline-passed",
            "context-too-long",
            "request-over-token-limit",
            "tokens-per-minute",
        ];
        const ALIKE: [&str; 5] = ["head-cut", "malformed-chunk", "choice-without-finish", "tool-arguments-cut", "reader-gone"];
        match self.class() {
            Class::Truncation => !ALIKE.contains(&self.code()),
            Class::Quota => self.speaks_of_reserve(),
            _ => CODES.contains(&self.code()),
        }
    }

    /// The credit is not gone, but less than what this answer might cost at most.
    fn speaks_of_reserve(&self) -> bool {
        const PHRASES: [&str; 4] = ["fewer max_tokens", "can only afford", "preconsumedquota", "预扣"];
        let message = self.message().unwrap_or_default().to_lowercase();
        PHRASES.iter().any(|words| message.contains(words))
    }

    /// What is the fault of this endpoint, or of the way to it. A request that is wrong is wrong everywhere.
    fn is_helped_by_endpoint(&self) -> bool {
        const ELSEWHERE_TOO: [&str; 5] =
            ["interrupted-by-user", "parameter-rejected", "request-rejected", "prompt-refused-by-filter", "reader-gone"];
        !self.diagnosis.is_healthy() && !ELSEWHERE_TOO.contains(&self.code())
    }

    /// What is the fault of the model, or of what serves it, behind an endpoint that works otherwise.
    fn is_helped_by_model(&self) -> bool {
        const CODES: [&str; 10] = [
            "no-first-byte-in-time",
            "stalled-in-body",
            "deadline-passed",
            "model-not-found",
            "access-denied",
            "context-too-long",
            "request-over-token-limit",
            "gateway-timeout",
            "error-in-stream",
            "length-counts-other-model-name",
        ];
        // Of the endpoint's own making.
        const WHATEVER_MODEL: [&str; 5] = ["proxy-rate-limit", "head-cut", "malformed-chunk", "encoded-body-cut", "reader-gone"];
        match self.class() {
            Class::RateLimit | Class::UpstreamError | Class::Truncation => !WHATEVER_MODEL.contains(&self.code()),
            _ => CODES.contains(&self.code()),
        }
    }
}

#[cfg(test)]
mod tests;
