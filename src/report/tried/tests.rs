//! The way through the attempts, in both languages.

use std::borrow::Cow;

use super::*;
use crate::diagnosis::{diagnose, entry};
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, Ending, Event, How, Kind};
use crate::resilience::recovery::Reason;
use crate::wire::reader::Reader;

const GOOD: &str = r#"{"choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}]}"#;

fn attempt(remedy: Option<Remedy>, code: &str, billed: Billed, tokens: u64, tokens_estimated: bool) -> Attempt {
    let entry = entry(code).unwrap();
    Attempt {
        endpoint: "relay".into(),
        model: Some("gpt-4o".into()),
        stream: remedy == Some(Remedy::Stream),
        max_tokens: Some(128),
        class: entry.class,
        code: entry.code,
        waited_ms: 0,
        total_ms: None,
        remedy,
        billed,
        tokens,
        tokens_estimated,
    }
}

/// The report of a run of these attempts, whose last was answered by this status.
fn report(attempts: Vec<Attempt>, status: &str) -> Report {
    let received = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{GOOD}", GOOD.len());
    let mut reader = Reader::new(Asked::default());
    for (at, kind) in [(1, Kind::Received(Cow::Borrowed(received.as_bytes()))), (2, Kind::End(Ending::new(How::Fin)))] {
        reader.hear(&Event { at, connection: 0, kind });
    }
    let transcript = reader.finish();
    let evidence = Evidence::gather(&transcript);
    Report::new(&evidence, &diagnose(&evidence), attempts, Lang::En)
}

fn told(report: &Report, lang: Lang) -> (String, String) {
    (steps(report, lang).join(" → "), summary(report, lang).unwrap_or_default())
}

#[test]
fn what_worked_is_told_with_its_price_and_that_of_the_way_to_it() {
    let report = report(
        vec![
            attempt(None, "empty-body-after-overwrite", Billed::Yes, 60, true),
            attempt(Some(Remedy::Stream), "healthy", Billed::Yes, 51, false),
        ],
        "200 OK",
    );
    assert_eq!(
        told(&report, Lang::En),
        (
            "1 empty-body-after-overwrite (billed, about 60 tokens) → stream: healthy (51 tokens)".into(),
            "what worked: stream · 2 of 2 attempts billed · about 111 tokens".into()
        )
    );
    assert_eq!(
        told(&report, Lang::Zh),
        (
            "1 empty-body-after-overwrite（已计费，约 60 个 token） → 流式：healthy（51 个 token）".into(),
            "有效的办法：流式 · 2 次中有 2 次计费 · 约 111 个 token".into()
        )
    );
}

#[test]
fn retries_that_end_alike_are_one_step_and_an_end_without_success_has_its_reason() {
    let retry = || attempt(Some(Remedy::Retry), "gateway-timeout", Billed::Maybe, 20, true);
    let endpoint = attempt(Some(Remedy::Endpoint), "key-invalid", Billed::No, 0, false);
    let attempts = vec![attempt(None, "gateway-timeout", Billed::Maybe, 20, true), retry(), retry(), endpoint];
    let mut report = report(attempts, "401 Unauthorized");
    report.tell_stop(&Reason::Exhausted);
    assert_eq!(
        told(&report, Lang::En),
        (
            "1 gateway-timeout (perhaps billed, about 20 tokens) → retry ×2: gateway-timeout (perhaps billed, about 40 tokens) → endpoint relay: key-invalid (not billed)".into(),
            "nothing worked · every way that is allowed was used · 0 of 4 attempts billed, 3 more perhaps · about 60 tokens".into()
        )
    );
    assert_eq!(told(&report, Lang::Zh).1, "都没有成功 · 允许的办法都已用完 · 4 次中有 0 次计费，另有 3 次可能计费 · 约 60 个 token");
}

#[test]
fn each_remedy_has_its_words_in_both_languages() {
    let words = |remedy, lang| super::remedy(&attempt(Some(remedy), "healthy", Billed::Yes, 1, false), lang).unwrap();
    for (remedy, en, zh) in [
        (Remedy::Wait, "wait", "等待"),
        (Remedy::Retry, "retry", "重试"),
        (Remedy::Stream, "stream", "流式"),
        (Remedy::Identity, "no compression", "不压缩"),
        (Remedy::MaxTokens, "max_tokens 128", "max_tokens 128"),
        (Remedy::Split, "part by part", "分段"),
        (Remedy::Endpoint, "endpoint relay", "endpoint relay"),
        (Remedy::Model, "model gpt-4o", "模型 gpt-4o"),
        (Remedy::Continue, "go on", "续写"),
    ] {
        assert_eq!((words(remedy, Lang::En).as_str(), words(remedy, Lang::Zh).as_str()), (en, zh));
    }
    let plain = Attempt { stream: false, ..attempt(Some(Remedy::Stream), "healthy", Billed::Yes, 1, false) };
    assert_eq!((super::remedy(&plain, Lang::En), super::remedy(&plain, Lang::Zh)), (Some("no stream".into()), Some("非流式".into())));
}

#[test]
fn one_attempt_needs_no_words_and_of_very_many_the_last_are_told() {
    let mut one = report(vec![attempt(None, "key-invalid", Billed::No, 0, false)], "401 Unauthorized");
    one.tell_stop(&Reason::Useless);
    assert_eq!((told(&one, Lang::En), one.recovery.and_then(|recovery| recovery.stopped)), (Default::default(), Some("useless")));
    let split = (0..300).map(|_| attempt(Some(Remedy::Split), "healthy", Billed::Yes, 1, false)).collect();
    let told = steps(&report(split, "200 OK"), Lang::En);
    assert_eq!((told.len(), told[0].as_str()), (MOST_STEPS + 1, "288 earlier ones"));
}

#[test]
fn every_reason_has_words_or_needs_none() {
    for reason in [Reason::Exhausted, Reason::Useless, Reason::Printed, Reason::Whole, Reason::OutOfTime, Reason::OutOfTokens] {
        assert!(stopped(reason.name()).is_some(), "{}", reason.name());
    }
    assert!(stopped("asked-wait-too-long").is_some() && stopped(Reason::Over.name()).is_none());
}
