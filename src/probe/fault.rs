//! What an answer counts for in an experiment. It asks how answers come, so that not every error is a failure of the way: a limit that
//! thinking used up is none, and a parameter that an API refuses is asked for otherwise.

use crate::api::reply::Finish;
use crate::diagnosis::{Class, Diagnosis, Finding, Severity};
use crate::evidence::Evidence;

/// The finding by which an exchange has failed; none where what was asked for came.
pub fn of<'a>(diagnosis: &'a Diagnosis, evidence: &Evidence<'_>) -> Option<&'a Finding> {
    let is_used_up = evidence.finish_reason().is_some_and(|reason| Finish::of(reason) == Finish::TokenLimit);
    let counts = |finding: &Finding| match finding.entry.code {
        // Who believes the certificate wants that; the stage of TLS has told it.
        "tls-intercepted" => false,
        "empty-answer" => !is_used_up,
        _ => finding.entry.severity == Severity::Error,
    };
    if counts(&diagnosis.verdict) {
        return Some(&diagnosis.verdict);
    }
    let rest = || diagnosis.findings.iter().filter(|finding| counts(finding));
    rest().find(|finding| finding.follows.is_empty()).or_else(|| rest().next())
}

/// A parameter that an API refuses: that says nothing of the way to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    Logprobs,
    /// `max_tokens`, where `max_completion_tokens` is wanted.
    MaxTokens,
    /// So many tokens.
    Limit,
}

/// The parameter of ours that the API's error names.
pub fn refused(diagnosis: &Diagnosis, evidence: &Evidence<'_>) -> Option<Refused> {
    let error = evidence.error.as_ref().filter(|_| diagnosis.verdict.entry.class == Class::InvalidRequest)?.innermost();
    refused_by(&format!("{} {} {}", error.message, error.param, error.code).to_lowercase())
}

fn refused_by(words: &str) -> Option<Refused> {
    let has = |word: &str| words.contains(word);
    let is_unknown = has("instead") || has("unsupported") || has("not supported") || has("unknown") || has("unrecognized");
    match () {
        () if has("logprob") => Some(Refused::Logprobs),
        () if has("max_completion_tokens") && is_unknown && !has("too large") => Some(Refused::MaxTokens),
        () if has("max_tokens") || has("max_completion_tokens") || has("max_new_tokens") => Some(Refused::Limit),
        () => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_parameter_is_known_by_the_words_of_the_error() {
        for (words, expected) in [
            ("logprobs is not supported by this model", Some(Refused::Logprobs)),
            (
                "unsupported parameter: 'max_tokens' is not supported with this model. use 'max_completion_tokens' instead.",
                Some(Refused::MaxTokens),
            ),
            ("max_tokens is too large: 4096. this model supports at most 2048 completion tokens", Some(Refused::Limit)),
            ("'max_tokens' or 'max_completion_tokens' is too large: 9000", Some(Refused::Limit)),
            ("invalid body", None),
        ] {
            assert_eq!(refused_by(words), expected, "{words}");
        }
    }
}
