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
    fn code(&self) -> &'static str {
        self.diagnosis.verdict.entry.code
    }

    fn class(&self) -> Class {
        self.diagnosis.verdict.entry.class
    }

    fn asked_for_stream(&self) -> bool {
        self.evidence.asked().stream
    }

    /// Whether the remedy can change what went wrong.
    pub fn is_helped_by(&self, remedy: Remedy) -> bool {
        match remedy {
            Remedy::Wait | Remedy::Retry => self.diagnosis.verdict.retryable,
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

    /// A stream declares no length, shows life before a gateway loses its patience, and brings what there is of an answer at once.
    fn is_helped_by_stream(&self) -> bool {
        const CODES: [&str; 10] = [
            "gateway-timeout",
            "no-first-byte-in-time",
            "stalled-in-body",
            "deadline-passed",
            "end-not-signalled",
            "json-malformed",
            "empty-body",
            "empty-answer",
            "stream-unasked",
            "text-before-json",
        ];
        match self.class() {
            Class::LengthMismatch => true,
            Class::Truncation => !matches!(self.code(), "choice-without-finish" | "tool-arguments-cut" | "reader-gone"),
            Class::InvalidRequest => self.speaks_of_stream(),
            _ => CODES.contains(&self.code()),
        }
    }

    /// A plain answer has no events to be broken, and is complete or is not there.
    fn is_helped_by_plain_answer(&self) -> bool {
        match self.class() {
            // A timer that cut the stream would cut the silence before a plain answer first.
            Class::Truncation => !matches!(self.code(), "cut-after-gateway-timeout" | "choice-without-finish" | "reader-gone"),
            Class::StreamError => true,
            Class::InvalidRequest => self.speaks_of_stream(),
            _ => matches!(
                self.code(),
                "stream-type-rewritten" | "chunk-framing-in-content" | "stalled-in-body" | "empty-answer" | "no-choices"
            ),
        }
    }

    fn speaks_of_stream(&self) -> bool {
        let Some(error) = &self.evidence.error else {
            return false;
        };
        let message = error.message.to_lowercase();
        error.param == "stream" || ["stream mode", "support stream", "streaming is required"].iter().any(|words| message.contains(words))
    }

    /// What a relay or proxy did wrong with a coded body, or while it took the coding off.
    fn is_helped_by_identity(&self) -> bool {
        const CODES: [&str; 9] = [
            "relay-wrote-more-than-declared",
            "empty-body-after-overwrite",
            "copy-stopped-at-block",
            "length-counts-decoded-bytes",
            "encoded-body-cut",
            "coding-mislabelled",
            "digest-mismatch",
            "body-altered",
            "not-text-or-json",
        ];
        let is_broken = matches!(self.class(), Class::LengthMismatch | Class::Truncation) || self.code() == "json-malformed";
        let was_coded = self.evidence.content().is_some_and(|content| content.coding != Coding::Identity || content.label.is_some());
        CODES.contains(&self.code()) || is_broken && was_coded
    }

    /// What grows with the length of the answer: the time it takes, the bytes that must get through, the tokens that are set aside for it.
    fn is_helped_by_shorter_answer(&self) -> bool {
        const CODES: [&str; 6] = [
            "gateway-timeout",
            "no-first-byte-in-time",
            "deadline-passed",
            "context-too-long",
            "request-over-token-limit",
            "tokens-per-minute",
        ];
        match self.class() {
            Class::Truncation => !matches!(self.code(), "head-cut" | "tool-arguments-cut" | "reader-gone"),
            _ => CODES.contains(&self.code()),
        }
    }

    /// What is the fault of this endpoint, or of the way to it. Our own proxy stands before every endpoint, and a request that is wrong
    /// is wrong everywhere.
    fn is_helped_by_endpoint(&self) -> bool {
        match self.code() {
            "interrupted-by-user"
            | "parameter-rejected"
            | "request-rejected"
            | "prompt-refused-by-filter"
            | "tool-arguments-cut"
            | "reader-gone" => false,
            "proxy-unreachable" | "proxy-auth-required" | "proxy-refused-tunnel" => false,
            _ => !self.diagnosis.is_healthy(),
        }
    }

    /// What is the fault of the model, or of what serves it, behind an endpoint that works otherwise.
    fn is_helped_by_model(&self) -> bool {
        match self.class() {
            Class::RateLimit | Class::UpstreamError | Class::Truncation => self.code() != "reader-gone",
            Class::Timeout => matches!(self.code(), "no-first-byte-in-time" | "stalled-in-body" | "deadline-passed"),
            _ => matches!(
                self.code(),
                "model-not-found"
                    | "access-denied"
                    | "context-too-long"
                    | "request-over-token-limit"
                    | "gateway-timeout"
                    | "error-in-stream"
            ),
        }
    }
}
