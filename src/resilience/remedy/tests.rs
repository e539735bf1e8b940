//! Which remedy helps against which cause. The table stands here once more, so that no change of it goes unseen.

use super::*;
use crate::diagnosis::{catalogue, diagnose};
use crate::resilience::recorded::{OFFERS_GZIP, OFFERS_NONE, answer, cases, exchange, name, refusal};
use crate::wire::transcript::Transcript;

/// What helps against each code, asked plainly and as a stream: of an exchange that offered gzip, got nothing coded and was told no words.
const TABLE: [(&str, &str, &str); 123] = [
    ("interrupted-by-user", "", ""),
    ("key-missing", "endpoint", "endpoint"),
    ("name-not-found", "endpoint", "endpoint"),
    ("connection-refused", "wait retry endpoint", "wait retry endpoint"),
    ("host-unreachable", "wait retry endpoint", "wait retry endpoint"),
    ("proxy-unreachable", "endpoint", "endpoint"),
    ("proxy-auth-required", "endpoint", "endpoint"),
    ("proxy-refused-tunnel", "endpoint", "endpoint"),
    ("closed-before-response", "wait retry endpoint", "wait retry endpoint"),
    ("reset-before-response", "wait retry endpoint", "wait retry endpoint"),
    ("certificate-expired", "endpoint", "endpoint"),
    ("issuer-unknown", "endpoint", "endpoint"),
    ("name-mismatch", "endpoint", "endpoint"),
    ("certificate-rejected", "endpoint", "endpoint"),
    ("plain-http-on-tls-port", "endpoint", "endpoint"),
    ("tls-handshake-failed", "endpoint", "endpoint"),
    ("relay-wrote-more-than-declared", "stream identity endpoint", "identity endpoint"),
    ("empty-body-after-overwrite", "stream identity endpoint", "identity endpoint"),
    ("copy-stopped-at-block", "stream identity endpoint", "identity endpoint"),
    ("conflicting-content-lengths", "stream endpoint", "endpoint"),
    ("length-and-chunked", "stream endpoint", "endpoint"),
    ("invalid-content-length", "stream endpoint", "endpoint"),
    ("second-response-after-body", "endpoint", "endpoint"),
    ("length-counts-characters", "stream endpoint", "endpoint"),
    ("length-counts-utf16-units", "stream endpoint", "endpoint"),
    ("length-counts-decoded-bytes", "identity endpoint", "identity endpoint"),
    ("length-counts-other-serialization", "stream endpoint", "endpoint"),
    ("length-counts-other-model-name", "stream endpoint model", "endpoint model"),
    ("body-longer-than-declared", "stream endpoint", "endpoint"),
    ("body-shorter-than-declared", "stream endpoint", "endpoint"),
    ("body-clipped-to-declared", "stream endpoint", "endpoint"),
    ("no-connection-in-time", "wait retry endpoint", "wait retry endpoint"),
    ("no-first-byte-in-time", "wait retry stream max-tokens endpoint model", "wait retry max-tokens endpoint model"),
    ("end-not-signalled", "endpoint", "endpoint"),
    ("stalled-in-body", "wait retry stream endpoint model", "wait retry stream endpoint model"),
    ("deadline-passed", "max-tokens endpoint model", "max-tokens endpoint model"),
    ("head-cut", "wait retry endpoint", "wait retry endpoint"),
    ("cut-after-gateway-timeout", "wait retry stream max-tokens endpoint model", "wait retry max-tokens endpoint model"),
    ("cut-by-reset", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("cut-without-tls-close", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("cut-by-close", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("malformed-chunk", "wait retry endpoint", "wait retry stream endpoint"),
    ("chunks-without-end", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("encoded-body-cut", "wait retry identity max-tokens endpoint", "wait retry identity max-tokens endpoint"),
    ("json-cut", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("event-cut", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("done-without-finish", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("stream-closed-without-finish", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("stream-without-finish", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("requests-per-minute", "wait retry endpoint model", "wait retry endpoint model"),
    ("tokens-per-minute", "wait retry max-tokens endpoint model", "wait retry max-tokens endpoint model"),
    ("concurrency-limited", "wait retry endpoint model", "wait retry endpoint model"),
    ("relay-saturated", "wait retry endpoint model", "wait retry endpoint model"),
    ("relay-cooldown", "wait retry endpoint model", "wait retry endpoint model"),
    ("daily-limit-reached", "endpoint model", "endpoint model"),
    ("rate-limited", "wait retry endpoint model", "wait retry endpoint model"),
    ("stream-rate-limited", "wait retry endpoint model", "wait retry endpoint model"),
    ("quota-exhausted", "endpoint", "endpoint"),
    ("plan-limit-reached", "endpoint", "endpoint"),
    ("relay-quota-exhausted", "endpoint", "endpoint"),
    ("relay-token-rejected", "endpoint", "endpoint"),
    ("relay-token-expired", "endpoint", "endpoint"),
    ("key-invalid", "endpoint", "endpoint"),
    ("region-blocked", "endpoint", "endpoint"),
    ("access-denied", "endpoint model", "endpoint model"),
    ("relay-no-channel", "endpoint model", "endpoint model"),
    ("model-not-found", "endpoint model", "endpoint model"),
    ("prompt-refused-by-filter", "", ""),
    ("context-too-long", "max-tokens split endpoint model", "max-tokens split endpoint model"),
    ("request-over-token-limit", "max-tokens split endpoint model", "max-tokens split endpoint model"),
    ("body-too-large", "split endpoint", "split endpoint"),
    ("path-not-found", "endpoint", "endpoint"),
    ("parameter-rejected", "", ""),
    ("request-rejected", "", ""),
    ("provider-overloaded", "wait retry endpoint model", "wait retry endpoint model"),
    ("relay-upstream-failed", "wait retry endpoint model", "wait retry endpoint model"),
    ("relay-crashed", "wait retry endpoint model", "wait retry endpoint model"),
    ("provider-error", "wait retry endpoint model", "wait retry endpoint model"),
    ("error-in-success", "wait retry endpoint model", "wait retry endpoint model"),
    ("error-in-stream", "wait retry endpoint model", "wait retry endpoint model"),
    ("login-redirect", "endpoint", "endpoint"),
    ("redirected-elsewhere", "endpoint", "endpoint"),
    ("html-instead-of-api", "endpoint", "endpoint"),
    ("proxy-rate-limit", "wait retry endpoint", "wait retry endpoint"),
    ("gateway-timeout", "wait retry stream max-tokens endpoint model", "wait retry max-tokens endpoint model"),
    ("bad-gateway", "wait retry endpoint", "wait retry endpoint"),
    ("gateway-unavailable", "wait retry endpoint", "wait retry endpoint"),
    ("gateway-failure", "wait retry endpoint", "wait retry endpoint"),
    ("web-page-not-api", "endpoint", "endpoint"),
    ("not-text-or-json", "identity endpoint", "identity endpoint"),
    ("not-http", "endpoint", "endpoint"),
    ("error-after-cut-body", "wait retry stream max-tokens endpoint model", "wait retry stream max-tokens endpoint model"),
    ("chunk-framing-in-content", "endpoint", "stream endpoint"),
    ("malformed-header-field", "endpoint", "endpoint"),
    ("text-before-json", "endpoint", "endpoint"),
    ("tls-intercepted", "endpoint", "endpoint"),
    ("coding-mislabelled", "identity endpoint", "identity endpoint"),
    ("coding-forced", "identity endpoint", "identity endpoint"),
    ("digest-mismatch", "identity endpoint", "identity endpoint"),
    ("body-altered", "endpoint", "endpoint"),
    ("stream-type-rewritten", "endpoint", "stream endpoint"),
    ("stream-buffered", "endpoint", "endpoint"),
    ("model-substituted", "", ""),
    ("stream-ignored", "endpoint", "stream endpoint"),
    ("stream-unasked", "stream endpoint", "endpoint"),
    ("malformed-event", "wait retry endpoint", "wait retry stream endpoint"),
    ("json-malformed", "wait retry stream endpoint model", "wait retry endpoint model"),
    ("other-json", "endpoint", "endpoint"),
    ("other-api-shape", "endpoint", "endpoint"),
    ("events-misframed", "endpoint", "stream endpoint"),
    ("empty-body", "wait retry stream endpoint model", "wait retry stream endpoint model"),
    ("no-choices", "wait retry stream endpoint model", "wait retry stream endpoint model"),
    ("empty-answer", "wait retry stream endpoint model", "wait retry stream endpoint model"),
    ("choice-without-finish", "wait retry endpoint model", "wait retry endpoint model"),
    ("tool-arguments-cut", "wait retry endpoint model", "wait retry stream endpoint model"),
    ("content-filtered", "", ""),
    ("token-limit-reached", "", ""),
    ("reader-gone", "", ""),
    ("cause-hidden-by-client", "endpoint", "endpoint"),
    ("body-not-shown", "endpoint", "endpoint"),
    ("nothing-recognised", "endpoint", "endpoint"),
    ("undiagnosed-failure", "endpoint", "endpoint"),
    ("healthy", "", ""),
];

/// Recordings in which more is known than the code: what is coded, whether a coding was offered, what the words say.
const BY_EVIDENCE: [(&str, &str); 7] = [
    ("body-longer-than-declared/express-gzip-copies", "stream identity endpoint"),
    ("chunks-without-end/haproxy-last-chunk-missing", "stream max-tokens endpoint model"),
    ("chunks-without-end/nginx-last-chunk-missing-stream", "stream max-tokens endpoint model"),
    ("coding-forced/haproxy-gzip-forced-stream", "endpoint"),
    ("coding-forced/nginx-gzip-forced", "endpoint"),
    ("daily-limit-reached/lab-daily-limit-reached", "wait retry endpoint model"),
    ("relay-quota-exhausted/lab-relay-quota-exhausted", "max-tokens endpoint"),
];

/// The names of the remedies that help, in their order.
fn helping(transcript: &Transcript, diagnosis: &Diagnosis) -> String {
    let evidence = Evidence::gather(transcript);
    let case = Case { evidence: &evidence, diagnosis };
    let helping = BY_COST.into_iter().filter(|remedy| case.is_helped_by(*remedy)).map(name);
    helping.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_code_of_the_catalogue_has_its_remedies() {
    let codes: Vec<&str> = catalogue().map(|entry| entry.code).collect();
    assert_eq!(codes, TABLE.map(|(code, _, _)| code));
    for (code, plain, streamed) in TABLE {
        for (stream, expected) in [(false, plain), (true, streamed)] {
            let transcript = exchange(stream, OFFERS_GZIP, b"");
            assert_eq!(helping(&transcript, &Diagnosis::supposed(code)), expected, "{code}, stream {stream}");
        }
    }
}

#[test]
fn every_recording_has_the_remedies_of_its_code_or_of_what_else_it_shows() {
    for (case, transcript) in cases() {
        let diagnosis = diagnose(&Evidence::gather(&transcript));
        let row = TABLE.into_iter().find(|(code, _, _)| *code == diagnosis.verdict.entry.code);
        let of_code = row.map(|(_, plain, streamed)| if transcript.asked.stream { streamed } else { plain });
        let of_case = BY_EVIDENCE.into_iter().find(|(known, _)| *known == case).map(|(_, helping)| helping);
        assert_eq!(Some(helping(&transcript, &diagnosis).as_str()), of_case.or(of_code), "{case}");
    }
}

#[test]
fn what_the_answer_says_decides_as_well_as_its_code() {
    let afford = "This request requires more credits, or fewer max_tokens. You requested up to 65536 tokens, but can only afford 1000.";
    let verified = r#"{"error":{"message":"Your organization must be verified.","type":"invalid_request_error","param":"stream","code":"unsupported_value"}}"#;
    let failure = "The server had an error";
    for (stream, received, remedies) in [
        (false, refusal("500 x", "", failure), "wait retry endpoint model"),
        (false, refusal("500 x", "x-should-retry: true\r\n", failure), "wait retry endpoint model"),
        (false, refusal("500 x", "x-should-retry: false\r\n", failure), "endpoint model"),
        (false, refusal("400 x", "", "This model only support stream mode, please enable it"), "stream"),
        (false, refusal("400 x", "", "enable_thinking must be false for non-streaming calls"), "stream"),
        (false, refusal("400 x", "", "the upstream rejects the request"), ""),
        (true, answer("400 x", "", verified), "stream"),
        (true, refusal("400 x", "", "This model does not support streaming"), "stream"),
        (false, refusal("402 x", "", "Insufficient credits"), "endpoint"),
        (false, refusal("402 x", "", afford), "max-tokens endpoint"),
    ] {
        let transcript = exchange(stream, OFFERS_GZIP, &received);
        let diagnosis = diagnose(&Evidence::gather(&transcript));
        let code = diagnosis.verdict.entry.code;
        assert_eq!(helping(&transcript, &diagnosis), remedies, "{code}: {}", String::from_utf8_lossy(&received));
    }
}

#[test]
fn no_coding_is_asked_for_only_where_one_was_offered() {
    for (code, offered, not_offered) in [
        ("length-counts-decoded-bytes", "identity endpoint", "stream endpoint"),
        ("encoded-body-cut", "wait retry identity max-tokens endpoint", "wait retry stream max-tokens endpoint"),
        ("empty-body-after-overwrite", "stream identity endpoint", "stream endpoint"),
        ("not-text-or-json", "identity endpoint", "endpoint"),
    ] {
        for (request, expected) in [(OFFERS_GZIP, offered), (OFFERS_NONE, not_offered), ("POST / HTTP/1.1\r\n\r\n{}", not_offered)] {
            assert_eq!(helping(&exchange(false, request, b""), &Diagnosis::supposed(code)), expected, "{code}");
        }
    }
}
