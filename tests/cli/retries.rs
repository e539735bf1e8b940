//! `--retry`: by cause, for as long as the server asks, within bounds, and never doubling what was printed.

use serde_json::Value;

use crate::program::{chat, lab};
use crate::server::{STREAM_HEAD, Server, api_error, completion, cut_stream, declaring, good, response, whole_stream};

const FAST: [&str; 4] = ["--retry", "3", "--retry-base", "1ms"];

fn with(more: &[&'static str]) -> Vec<&'static str> {
    [&FAST, more].concat()
}

fn attempts(report: &Value) -> Vec<(String, u64)> {
    let attempt = |attempt: &Value| (attempt["code"].as_str().unwrap().to_string(), attempt["waited_ms"].as_u64().unwrap());
    report["attempts"].as_array().unwrap().iter().map(attempt).collect()
}

#[test]
fn a_server_that_fails_twice_is_recovered_from() {
    let ran = lab("flaky-500-twice", &with(&["--json"]));
    let report = ran.ends_with(0).report();
    assert_eq!((&report["recovered"], attempts(&report).len()), (&Value::Bool(true), 3));
    let codes: Vec<String> = attempts(&report).into_iter().map(|(code, _)| code).collect();
    assert_eq!(codes, ["provider-error", "provider-error", "healthy"]);
}

#[test]
fn each_attempt_is_told_with_its_cause_and_its_wait() {
    let ran = lab("flaky-500-twice", &FAST);
    ran.ends_with(0).tells("attempt 1 of 4: provider-error").tells("attempt 2 of 4: provider-error").tells("backoff");
    assert_eq!(ran.stdout, lab("healthy", &[]).stdout);
}

#[test]
fn without_retry_the_first_failure_is_the_verdict() {
    let report = lab("flaky-500-twice", &["--json"]).ends_with(17).report();
    assert_eq!((&report["recovered"], attempts(&report).len()), (&Value::Bool(false), 1));
}

#[test]
fn retry_after_is_waited_for_as_told() {
    let ran = lab("flaky-429-retry-after", &with(&["--json"]));
    let report = ran.ends_with(0).tells("retry-after").report();
    assert_eq!(attempts(&report), [("requests-per-minute".into(), 0), ("healthy".into(), 1000)]);
}

#[test]
fn every_way_to_ask_for_a_wait_is_honoured() {
    let too_many = "429 Too Many Requests";
    for (fields, message, waited) in [
        ("retry-after-ms: 20\r\nRetry-After: 90\r\n", "slow down", 20),
        ("Retry-After: 0.03\r\n", "slow down", 30),
        ("x-ratelimit-remaining-tokens: 0\r\nx-ratelimit-reset-tokens: 25ms\r\n", "slow down", 25),
        ("", "Rate limit reached. Please try again in 0.015s.", 15),
    ] {
        let server = Server::in_turn(vec![response(too_many, fields, api_error(message)), good("ok")]);
        let report = chat(&server.url(), &["--retry", "1", "--json"]).ends_with(0).report();
        assert_eq!(attempts(&report)[1].1, waited, "{fields}{message}");
    }
}

#[test]
fn what_a_second_attempt_cannot_change_is_not_tried_again() {
    for scenario in [
        "key-invalid",
        "access-denied",
        "region-blocked",
        "quota-exhausted",
        "balance-exhausted",
        "arrears-as-429",
        "retry-after-a-day",
        "model-not-found",
        "context-too-long",
        "parameter-rejected",
        "request-rejected",
        "body-too-large",
        "request-over-token-limit",
        "certificate-expired",
        "issuer-unknown",
        "name-mismatch",
        "token-limit-reached",
        "content-filtered",
    ] {
        let report = lab(scenario, &with(&["--json"])).report();
        assert_eq!(attempts(&report).len(), 1, "{scenario}");
    }
}

#[test]
fn a_missing_key_is_not_tried_again() {
    let report = crate::program::run(crate::program::llmcheck(["chat", "hi", "--json", "--retry", "3"])).report();
    assert_eq!(attempts(&report).len(), 1);
}

#[test]
fn what_may_pass_is_tried_as_often_as_allowed_and_no_more() {
    let server = Server::always(response("500 Internal Server Error", "", api_error("The server had an error")));
    let report = chat(&server.url(), &with(&["--json"])).ends_with(17).report();
    assert_eq!((attempts(&report).len(), server.requests().len()), (4, 4));
    assert_eq!(report["recovered"], false);
}

#[test]
fn a_wait_of_more_than_two_minutes_stops_and_says_until_when() {
    let server = Server::always(response("429 Too Many Requests", "Retry-After: 121\r\n", api_error("slow down")));
    let ran = chat(&server.url(), &FAST);
    ran.ends_with(13).tells("retry-after").tells("2m 1s").tells("until 20");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_wait_beyond_the_bound_on_all_attempts_stops_and_says_so() {
    let server = Server::always(response("429 Too Many Requests", "Retry-After: 100\r\n", api_error("slow down")));
    let ran = chat(&server.url(), &with(&["--retry-max-time", "5s"]));
    ran.ends_with(13).tells("--retry-max-time");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_retry_never_doubles_streamed_text() {
    let server = Server::in_turn(vec![cut_stream(&["Hel"]), whole_stream(&["Hello"])]);
    let ran = chat(&server.url(), &with(&["--stream"]));
    ran.ends_with(11).prints("Hel\n").tells("--atomic");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn an_atomic_stream_is_tried_again_and_printed_once() {
    let server = Server::in_turn(vec![cut_stream(&["Hel"]), whole_stream(&["Hello"])]);
    chat(&server.url(), &with(&["--stream", "--atomic"])).ends_with(0).prints("Hello\n");
}

#[test]
fn a_stream_that_failed_before_its_text_is_tried_again_and_printed_once() {
    let server = Server::in_turn(vec![STREAM_HEAD.into(), whole_stream(&["Hello"])]);
    chat(&server.url(), &with(&["--stream"])).ends_with(0).prints("Hello\n");
}

#[test]
fn a_cut_plain_answer_is_tried_again_and_printed_once() {
    let body = completion("Hello");
    let server = Server::in_turn(vec![declaring(body.len(), "200 OK", "", &body[..90]), good("Hello")]);
    let report = chat(&server.url(), &with(&["--json"])).ends_with(0).report();
    assert_eq!((&report["recovered"], &report["answer"]["text"]), (&Value::Bool(true), &"Hello".into()));
}

#[test]
fn a_complete_answer_under_a_wrong_length_is_not_paid_for_twice() {
    let body = completion("Hello");
    let server = Server::always(declaring(body.len() + 100, "200 OK", "", &body));
    chat(&server.url(), &FAST).ends_with(10).prints("Hello\n");
    assert_eq!(server.requests().len(), 1);
}
