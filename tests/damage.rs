//! Every prefix of a good recording, and random damage to it: no panic, and never healthy where bytes are missing.

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use llmcheck::diagnosis::{Diagnosis, diagnose};
use llmcheck::evidence::Evidence;
use llmcheck::exchange::recording::{Asked, Ending, Event, How, Kind};
use llmcheck::exchange::{self, Listen, Next};
use llmcheck::lab::{Lab, find};
use llmcheck::lang::Lang;
use llmcheck::plan::{KeyUse, Plan, Target, Timeouts, Trust};
use llmcheck::report::human::{self, Style};
use llmcheck::report::model::{Attempt, Report};
use llmcheck::wire::reader::Reader;
use llmcheck::wire::transcript::Transcript;
use proptest::prelude::*;

/// What was said in one exchange, by both sides.
#[derive(Default)]
struct Tape {
    sent: Vec<u8>,
    received: Vec<u8>,
    how: Option<How>,
}

impl Listen for Tape {
    fn hear(&mut self, event: &Event<'_>) -> Next {
        match &event.kind {
            Kind::Sent(bytes) => self.sent.extend_from_slice(bytes),
            Kind::Received(bytes) => self.received.extend_from_slice(bytes),
            Kind::End(ending) => self.how = Some(ending.how),
            Kind::Open(_) => {}
        }
        Next::More
    }
}

/// A real exchange with a lab scenario.
fn record(scenario: &str, stream: bool) -> Tape {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let lab = Lab::start(None).unwrap();
    let address = lab.http_url();
    let port = address.rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let body = format!("{{\"model\":\"gpt-4o-mini\",\"messages\":[{{\"role\":\"user\",\"content\":\"你好\"}}],\"stream\":{stream}}}");
    let plan = Plan {
        method: llmcheck::plan::Method::Post,
        addresses: llmcheck::plan::Addresses::All,
        known_addresses: Vec::new(),
        endpoint: "lab".into(),
        target: Target { https: false, host: "127.0.0.1".into(), port, path: format!("/{scenario}/v1/chat/completions") },
        headers: [("accept-encoding", "gzip"), ("connection", "close")].map(|(name, value)| (name.to_string(), value.to_string())).to_vec(),
        body: body.into_bytes(),
        model: Some("gpt-4o-mini".into()),
        stream,
        max_tokens: None,
        key: KeyUse::NotNeeded,
        secrets: Vec::new(),
        proxy: None,
        trust: Trust::default(),
        timeouts: Timeouts::default(),
    };
    assert!(find(scenario).is_some());
    exchange::perform(&plan, Tape::default(), &NEVER).unwrap()
}

fn judge(tape: &Tape, received: &[u8], step: usize, stream: bool, how: How) -> Diagnosis {
    let transcript = read(tape, received, step, stream, how);
    diagnose(&Evidence::gather(&transcript))
}

/// Whatever can be judged can be printed, in both languages, without a control character.
fn judge_and_print(tape: &Tape, received: &[u8], step: usize, stream: bool, how: How) -> Diagnosis {
    colored::control::set_override(false);
    let transcript = read(tape, received, step, stream, how);
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    for mark in diagnosis.findings.iter().flat_map(|finding| &finding.marks) {
        assert!(mark.span.start <= mark.span.end && mark.span.end <= received.len() as u64, "{mark:?} in {} bytes", received.len());
    }
    for lang in [Lang::En, Lang::Zh] {
        let report = Report::new(&evidence, &diagnosis, vec![Attempt::of(&evidence, &diagnosis)], lang);
        let page = human::page(&report, &transcript, Style { lang, width: Some(60), verbose: true });
        assert!(!page.chars().any(|c| c.is_control() && c != '\n'), "{page:?}");
    }
    diagnosis
}

fn read(tape: &Tape, received: &[u8], step: usize, stream: bool, how: How) -> Transcript {
    let asked =
        Asked { url: "http://127.0.0.1:1/v1/chat/completions".into(), model: Some("gpt-4o-mini".into()), stream, ..Asked::default() };
    let mut reader = Reader::new(asked);
    let mut at = 0;
    let mut hear = |kind| {
        at += 100;
        reader.hear(&Event { at, connection: 0, kind });
    };
    hear(Kind::Sent(Cow::Borrowed(&tape.sent)));
    received.chunks(step.max(1)).for_each(|piece| hear(Kind::Received(Cow::Borrowed(piece))));
    hear(Kind::End(Ending::new(how)));
    reader.finish()
}
/// A complete exchange, and how many of its last bytes may be missing without harm.
const GOOD: [(&str, bool, usize); 9] = [
    ("healthy", false, 0),
    ("healthy", true, 0),
    ("healthy-chinese", false, 0),
    ("healthy-chunked", false, 0),
    ("healthy-gzip", false, 0),
    ("healthy-gzip", true, 0),
    // After the closing bracket, and after the finish_reason of a stream, nothing can be missed.
    ("healthy-close-delimited", false, 1),
    ("healthy-close-delimited", true, usize::MAX),
    ("healthy-comments", true, 0),
];

#[test]
fn a_prefix_of_a_good_answer_is_never_healthy() {
    std::thread::scope(|scope| {
        for (scenario, stream, harmless) in GOOD {
            scope.spawn(move || no_prefix_is_healthy(scenario, stream, harmless));
        }
    });
}

fn no_prefix_is_healthy(scenario: &str, stream: bool, harmless: usize) {
    let tape = record(scenario, stream);
    let whole = judge(&tape, &tape.received, usize::MAX, stream, How::Fin);
    assert!(whole.is_healthy() && whole.findings.is_empty(), "{scenario} {stream}: {}", whole.verdict.entry.code);
    let harmless = match harmless {
        usize::MAX => tape.received.len() - finish_reason(&tape.received),
        some => some,
    };
    for cut in 0..tape.received.len() - harmless {
        // How the connection ended matters little here: every cut with an orderly end, some with the others.
        let others: &[How] = if cut % 17 == 0 { &[How::Reset, How::TlsCut, How::Idle] } else { &[] };
        for how in [How::Fin].iter().chain(others).copied() {
            let diagnosis = judge(&tape, &tape.received[..cut], 512, stream, how);
            assert!(!diagnosis.is_healthy(), "{scenario} {stream} cut at {cut} of {} by {how:?}", tape.received.len());
        }
    }
}
/// Where the event ends that says why the model stopped.
fn finish_reason(flow: &[u8]) -> usize {
    let needle = b"\"finish_reason\":\"";
    let at = flow.windows(needle.len()).rposition(|window| window == needle).unwrap();
    at + flow[at..].iter().position(|byte| *byte == b'\n').unwrap()
}

#[test]
fn the_verdict_does_not_depend_on_how_the_bytes_were_cut_into_reads() {
    for (scenario, stream) in [
        ("healthy", true),
        ("malformed-chunk", true),
        ("length-counts-characters", false),
        ("done-without-finish", true),
        ("json-cut", false),
    ] {
        let tape = record(scenario, stream);
        let how = tape.how.unwrap();
        let codes =
            |step| judge(&tape, &tape.received, step, stream, how).findings.iter().map(|finding| finding.entry.code).collect::<Vec<_>>();
        let expected = codes(usize::MAX);
        for step in [1, 2, 3, 7, 64, 1000] {
            assert_eq!(codes(step), expected, "{scenario} by {step}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn damaged_answers_of_every_kind_are_judged_without_panic(
        good in 0..GOOD.len(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3u8), 1..8),
        step in 1..2000usize,
    ) {
        let (scenario, stream, _) = GOOD[good];
        let tape = tape_of(scenario, stream);
        let mut received = tape.received.clone();
        for (place, byte, edit) in edits {
            let at = place.index(received.len());
            match edit {
                0 => received[at] = byte,
                1 => received.insert(at, byte),
                _ => { received.remove(at); }
            }
        }
        judge_and_print(tape, &received, step, stream, How::Fin);
    }#[test]
    fn bytes_of_no_kind_are_judged_without_panic(received in prop::collection::vec(any::<u8>(), 0..3000), step in 1..3000usize) {
        let tape = tape_of("healthy", false);
        let diagnosis = judge_and_print(tape, &received, step, false, How::Fin);prop_assert!(!diagnosis.is_healthy());
        let mut under_a_head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n".to_vec();
        under_a_head.extend(received);
        prop_assert!(!judge(tape, &under_a_head, step, true, How::Fin).is_healthy());
    }
}

/// Each exchange is recorded once.
fn tape_of(scenario: &str, stream: bool) -> &'static Tape {
    use std::collections::HashMap;
    use std::sync::Mutex;
    static TAPES: Mutex<Option<HashMap<(String, bool), &'static Tape>>> = Mutex::new(None);
    let mut tapes = TAPES.lock().unwrap();
    let tapes = tapes.get_or_insert_with(HashMap::new);
    tapes.entry((scenario.to_string(), stream)).or_insert_with(|| Box::leak(Box::new(record(scenario, stream))))
}
