//! What must hold of every exchange, whatever its bytes are.

use std::sync::Once;

use llmcheck::diagnosis::{Diagnosis, Side, diagnose};
use llmcheck::evidence::Evidence;
use llmcheck::lang::Lang;
use llmcheck::report::human::{self, Style};
use llmcheck::report::model::{Attempt, Report, SCHEMA};
use llmcheck::wire::framing::Framing;
use llmcheck::wire::transcript::Transcript;
use serde_json::Value;

/// Judges and prints an exchange as the program does, checks what must hold, and gives the codes of what was found, the verdict first.
pub fn judge(transcript: &Transcript) -> Vec<&'static str> {
    static PLAIN: Once = Once::new();
    PLAIN.call_once(|| colored::control::set_override(false));

    let evidence = Evidence::gather(transcript);
    let diagnosis = diagnose(&evidence);
    assert_marks_lie_within(&diagnosis, transcript);
    assert_what_is_missing_is_not_healthy(&diagnosis, &evidence);

    let reports = [Lang::En, Lang::Zh].map(|lang| {
        let report = Report::new(&evidence, &diagnosis, vec![Attempt::of(&evidence, &diagnosis)], lang);
        assert_sums_agree(&report, transcript);
        assert_pages_are_clean(&report, transcript, lang);
        as_json(&report)
    });
    assert_languages_agree(&reports);
    codes_of(&diagnosis)
}

/// The same codes without all else.
pub fn codes(transcript: &Transcript) -> Vec<&'static str> {
    codes_of(&diagnose(&Evidence::gather(transcript)))
}

fn codes_of(diagnosis: &Diagnosis) -> Vec<&'static str> {
    [&diagnosis.verdict].into_iter().chain(&diagnosis.findings).map(|finding| finding.entry.code).collect()
}

fn assert_marks_lie_within(diagnosis: &Diagnosis, transcript: &Transcript) {
    for finding in [&diagnosis.verdict].into_iter().chain(&diagnosis.findings) {
        for mark in &finding.marks {
            let length = match mark.side {
                Side::Request => transcript.sent.length(),
                Side::Response => transcript.received.length(),
                Side::Text => transcript.testimony.as_ref().map_or(0, |testimony| testimony.text.len() as u64),
            };
            let is_within = mark.span.start <= mark.span.end && mark.span.end <= length;
            assert!(is_within, "{}: the mark {mark:?} is not within {length} bytes", finding.entry.code);
        }
    }
}

fn assert_what_is_missing_is_not_healthy(diagnosis: &Diagnosis, evidence: &Evidence<'_>) {
    let Some(response) = evidence.response() else {
        return assert!(!diagnosis.is_healthy(), "healthy without a response");
    };
    let body = &response.body;
    let misses_bytes = evidence.length.as_ref().is_some_and(|length| length.missing() > 0);
    let misses_chunks = body.promise.framing == Framing::Chunked && body.chunked_end.is_none() && !body.falsely_chunked;
    assert!(!(diagnosis.is_healthy() && misses_bytes), "healthy, and bytes are missing: {:?}", evidence.length);
    assert!(!(diagnosis.is_healthy() && misses_chunks), "healthy, and the last chunk did not come");
}

/// The ledger's numbers against each other and against the bytes that came.
fn assert_sums_agree(report: &Report, transcript: &Transcript) {
    let ledger = &report.ledger;
    // Numbers of an exchange of which somebody tells are told too.
    let Some(response) = &transcript.response else {
        return;
    };
    let head = response.head.span.end - response.head.span.start;
    let received = transcript.received.length();
    assert!(head + ledger.wire <= received, "head {head} and body {} in {received} bytes", ledger.wire);
    if ledger.coding == "identity" {
        assert!(ledger.decoded <= ledger.wire, "{} decoded of {}", ledger.decoded, ledger.wire);
    }
    assert!(ledger.characters <= ledger.decoded, "{} characters in {} bytes", ledger.characters, ledger.decoded);
    if let (Framing::ContentLength, Some(declared), Some(missing), Some(surplus)) =
        (ledger.framing, ledger.declared, ledger.missing, ledger.surplus)
    {
        assert_eq!(u128::from(declared) + u128::from(surplus), u128::from(ledger.wire) + u128::from(missing), "{ledger:?}");
    }
    let arrived: u64 = report.timing.arrivals.iter().map(|(_, bytes)| bytes).sum();
    // Of what others collected, the times are not known.
    assert!(arrived == received || arrived == 0, "{arrived} in the histogram of {received}");
}

fn assert_pages_are_clean(report: &Report, transcript: &Transcript, lang: Lang) {
    // A terminal in one language, a pipe in the other.
    let (width, verbose) = if lang == Lang::En { (Some(60), true) } else { (None, false) };
    let style = Style { lang, width, verbose };
    for text in [human::page(report, transcript, style), human::line(report, style)] {
        assert!(text.ends_with('\n') && !text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
    }
}

fn as_json(report: &Report) -> Value {
    let text = serde_json::to_string(report).expect("a report can be written");
    let value: Value = serde_json::from_str(&text).expect("what was written can be read");
    assert_eq!(value["schema"], SCHEMA);
    value
}

/// But for the words, both languages say the same.
fn assert_languages_agree([en, zh]: &[Value; 2]) {
    for key in ["ledger", "response", "witnesses", "answer"] {
        assert_eq!(en[key], zh[key], "{key}");
    }
    for key in ["code", "class", "severity", "confidence", "at_fault", "retryable", "decided_by"] {
        assert_eq!(en["verdict"][key], zh["verdict"][key], "{key}");
    }
    let findings = |report: &Value| report["findings"].as_array().map_or(0, Vec::len);
    assert_eq!(findings(en), findings(zh));
}
