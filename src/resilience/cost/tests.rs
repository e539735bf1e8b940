//! What was paid for, by the recordings of real software, and how many tokens it is taken for.

use serde_json::json;

use super::*;
use crate::diagnosis::diagnose;
use crate::resilience::recorded::{OFFERS_GZIP, answer, cases, exchange, lacking, refusal};

/// Codes under which bytes of a generation came, or a relay had its upstream's.
const BILLED: [&str; 57] = [
    "body-altered",
    "body-clipped-to-declared",
    "body-longer-than-declared",
    "body-shorter-than-declared",
    "choice-without-finish",
    "chunk-framing-in-content",
    "chunks-without-end",
    "coding-forced",
    "coding-mislabelled",
    "conflicting-content-lengths",
    "content-filtered",
    "copy-stopped-at-block",
    "cut-after-gateway-timeout",
    "cut-by-close",
    "cut-by-reset",
    "cut-without-tls-close",
    "deadline-passed",
    "digest-mismatch",
    "done-without-finish",
    "empty-answer",
    "empty-body-after-overwrite",
    "encoded-body-cut",
    "end-not-signalled",
    "error-after-cut-body",
    "error-in-stream",
    "event-cut",
    "events-misframed",
    "healthy",
    "interrupted-by-user",
    "invalid-content-length",
    "json-cut",
    "json-malformed",
    "length-and-chunked",
    "length-counts-characters",
    "length-counts-decoded-bytes",
    "length-counts-other-model-name",
    "length-counts-other-serialization",
    "length-counts-utf16-units",
    "malformed-chunk",
    "malformed-event",
    "malformed-header-field",
    "model-substituted",
    "no-choices",
    "other-api-shape",
    "relay-wrote-more-than-declared",
    "second-response-after-body",
    "stalled-in-body",
    "stream-buffered",
    "stream-closed-without-finish",
    "stream-ignored",
    "stream-rate-limited",
    "stream-type-rewritten",
    "stream-unasked",
    "stream-without-finish",
    "text-before-json",
    "token-limit-reached",
    "tool-arguments-cut",
];

/// Codes under which the request was delivered, and what became of it does not show. All others were refused, or never delivered.
const PERHAPS: [&str; 8] = [
    "bad-gateway",
    "closed-before-response",
    "empty-body",
    "gateway-timeout",
    "head-cut",
    "no-first-byte-in-time",
    "not-text-or-json",
    "reset-before-response",
];

/// Recordings that show more than their code: not a byte of the body came; the interception did no harm.
const BY_EVIDENCE: [(&str, Billed); 3] = [
    ("chunks-without-end/squid-bad-chunk-at-once", Billed::Maybe),
    ("tls-intercepted/mitmproxy-opened", Billed::Yes),
    ("tls-intercepted/mitmproxy-opened-stream", Billed::Yes),
];

fn cost(stream: bool, received: &[u8]) -> Cost {
    let transcript = exchange(stream, OFFERS_GZIP, received);
    let evidence = Evidence::gather(&transcript);
    Cost::of(&evidence, &diagnose(&evidence))
}

#[test]
fn a_token_is_four_letters_or_one_character_of_another_script() {
    assert_eq!((tokens::about(""), tokens::about("hello"), tokens::about("你好"), tokens::about("hello 你好")), (0, 2, 2, 4));
}

#[test]
fn every_recording_was_billed_as_its_code_or_its_bytes_say() {
    for (case, transcript) in cases() {
        let evidence = Evidence::gather(&transcript);
        let diagnosis = diagnose(&evidence);
        let code = diagnosis.verdict.entry.code;
        let of_code = match () {
            () if BILLED.contains(&code) => Billed::Yes,
            () if PERHAPS.contains(&code) => Billed::Maybe,
            () => Billed::No,
        };
        let of_case = BY_EVIDENCE.iter().find(|(known, _)| *known == case).map(|(_, billed)| *billed);
        let cost = Cost::of(&evidence, &diagnosis);
        assert_eq!(cost.billed, of_case.unwrap_or(of_code), "{case}");
        assert_eq!(cost.tokens == 0, cost.billed == Billed::No, "{case}: {cost:?}");
    }
}

#[test]
fn the_status_and_who_speaks_decide_what_a_failure_costs() {
    let page = "<html><title>504</title><hr>nginx</html>";
    for (received, billed) in [
        (answer("504 x", "Server: nginx\r\n", page), Billed::Maybe),
        (refusal("504 x", "", "upstream timed out"), Billed::Maybe),
        (answer("502 x", "Server: nginx\r\n", page), Billed::Maybe),
        (refusal("502 x", "", "bad gateway"), Billed::No),
        (answer("503 x", "Server: nginx\r\n", page), Billed::No),
        (refusal("500 x", "", "internal error"), Billed::No),
        (refusal("429 x", "", "slow down"), Billed::No),
        (refusal("200 x", "", "an error under a success"), Billed::No),
        (answer("200 x", "", r#"{"status":"ok"}"#), Billed::No),
        (answer("200 x", "", ""), Billed::Maybe),
        (lacking(500, "200 x", "", ""), Billed::Yes),
    ] {
        assert_eq!(cost(false, &received).billed, billed, "{}", String::from_utf8_lossy(&received));
    }
    assert_eq!(cost(false, b"").billed, Billed::Maybe);
    assert_eq!(cost(false, b"SSH-2.0-OpenSSH_9.6\r\n").billed, Billed::No);
}

#[test]
fn what_the_answer_counts_is_taken_and_the_rest_is_estimated() {
    let text = "word ".repeat(80);
    let of = |usage: serde_json::Value| {
        json!({"choices": [{"index": 0, "message": {"content": text}, "finish_reason": "stop"}], "usage": usage}).to_string()
    };
    let cost_of = |body: &str| cost(false, &answer("200 OK", "", body));
    let total = cost_of(&of(json!({"total_tokens": 7})));
    assert_eq!((total.tokens, total.is_estimate), (7, false));
    assert_eq!(cost_of(&of(json!({"prompt_tokens": 3, "completion_tokens": 5}))).tokens, 8);
    // The prompt is `{}`, one token.
    let estimated = cost_of(&of(json!(null)));
    assert_eq!((estimated.tokens, estimated.is_estimate), (101, true));
}

#[test]
fn what_was_generated_and_never_came_is_estimated_by_the_length_that_was_declared() {
    let text = "word ".repeat(400);
    let body =
        json!({"id": "chatcmpl-1", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]});
    let body = body.to_string();
    for kept in [0, 100, 1000, body.len() - 10] {
        let tokens = cost(false, &lacking(body.len() - kept, "200 OK", "", &body[..kept])).tokens;
        assert!((400..=520).contains(&tokens), "{kept} bytes: {tokens}");
    }
    let piece = format!("data: {}\n\n", json!({"choices": [{"index": 0, "delta": {"content": text}}]}));
    let stream = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n{piece}");
    assert_eq!(cost(true, stream.as_bytes()).tokens, 501);
}
