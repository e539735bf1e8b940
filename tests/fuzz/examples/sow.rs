//! Writes `seeds` anew: every scenario of the lab that plain HTTP reaches, asked for as a plain answer and as a stream, in the form
//! that each target reads. `cargo run --manifest-path tests/fuzz/Cargo.toml --example sow`

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use llmcheck::exchange::recording::{Asked, Event, Kind, Recorder};
use llmcheck::exchange::{self, Listen, Next};
use llmcheck::lab::{Lab, Reach, Scenario, scenarios};
use llmcheck::plan::{KeyUse, Plan, Target, Timeouts, Trust};
use llmcheck::wire::coding::{ACCEPTED, Coding};
use llmcheck::wire::framing::{Body, Framing, Piece, Promise};
use llmcheck::wire::head::{Head, end_of_head};
use llmcheck_fuzz::{CODINGS, Script};

/// What is longer teaches a fuzzer nothing that shorter seeds do not.
const LONGEST: usize = 3072;
/// Time in which a scenario that only waits is given up.
const PATIENCE: Duration = Duration::from_millis(600);

/// Of long exchanges a few suffice: each takes a while.
const LONG: [&str; 6] =
    ["body-longer-than-declared", "head-cut", "healthy-chunked", "healthy-gzip", "healthy-slow.stream", "html-instead-of-api"];

/// The events of one exchange.
#[derive(Default)]
struct Tape(Vec<Event<'static>>);

impl Listen for Tape {
    fn hear(&mut self, event: &Event<'_>) -> Next {
        let kind = match &event.kind {
            Kind::Open(opened) => Kind::Open(opened.clone()),
            Kind::Sent(bytes) => Kind::Sent(bytes.to_vec().into()),
            Kind::Received(bytes) => Kind::Received(bytes.to_vec().into()),
            Kind::End(ending) => Kind::End(ending.clone()),
        };
        // The same times on each run.
        self.0.push(Event { at: 1000 * self.0.len() as u64, connection: event.connection, kind });
        Next::More
    }
}

fn record(lab: &Lab, scenario: &Scenario, stream: bool) -> Tape {
    static NEVER: AtomicBool = AtomicBool::new(false);
    let url = lab.http_url();
    let port = url.rsplit(':').next().and_then(|port| port.trim_end_matches('/').parse().ok()).expect("the lab's URL ends with a port");
    let patience = Some(PATIENCE);
    let plan = Plan {
        endpoint: "lab".into(),
        target: Target { https: false, host: "127.0.0.1".into(), port, path: format!("/{}/v1/chat/completions", scenario.name) },
        headers: vec![("connection".into(), "close".into()), ("accept-encoding".into(), ACCEPTED.into())],
        body: format!("{{\"model\":\"gpt-4o-mini\",\"messages\":[{{\"role\":\"user\",\"content\":\"hi\"}}],\"stream\":{stream}}}").into(),
        model: Some("gpt-4o-mini".into()),
        stream,
        max_tokens: None,
        key: KeyUse::NotNeeded,
        secrets: Vec::new(),
        proxy: None,
        trust: Trust::default(),
        timeouts: Timeouts { connect: patience, first_byte: patience, idle: patience, total: patience },
    };
    exchange::perform(&plan, Tape::default(), &NEVER).expect("the plan can be performed")
}

/// The seeds of all targets; of two alike one is enough.
struct Sower {
    to: PathBuf,
    sown: BTreeSet<(String, Vec<u8>)>,
    shapes: BTreeSet<String>,
}

impl Sower {
    fn sow(&mut self, target: &str, name: &str, bytes: Vec<u8>) {
        if bytes.len() > LONGEST || !self.sown.insert((target.into(), bytes.clone())) {
            return;
        }
        let directory = self.to.join(target);
        fs::create_dir_all(&directory).and_then(|()| fs::write(directory.join(name), bytes)).expect("seeds can be written");
    }

    fn sow_all(&mut self, name: &str, stream: bool, tape: &Tape) {
        // What the server says is for the other targets: of recordings with the same kinds of events one is enough.
        if self.shapes.insert(shape(tape)) {
            self.sow("recording", name, recording(stream, tape));
        }
        let received = received(tape);
        let how = tape.0.iter().find_map(|event| if let Kind::End(ending) = &event.kind { Some(ending.how) } else { None });
        let exchange = [&Script::choices(stream, how)[..], &received].concat();
        if LONG.contains(&name) {
            self.sow("long", name, exchange.clone());
        }
        self.sow("wire", name, exchange);
        let Some(end) = end_of_head(&received) else {
            return;
        };
        let (head, body) = received.split_at(end);
        self.sow_body(name, &Head::parse(head, 0), body);
    }

    fn sow_body(&mut self, name: &str, head: &Head, body: &[u8]) {
        let promise = Promise::of(head);
        if promise.framing == Framing::Chunked {
            self.sow("chunked", name, [&[7, 0], body].concat());
        }
        let mut payload = Vec::new();
        Body::new(promise, 0).cut(body, 0, |piece, _, bytes| {
            if piece == Piece::Payload {
                payload.extend_from_slice(bytes)
            }
        });
        let label = head.get("content-encoding").unwrap_or("");
        match CODINGS.iter().position(|coding| Coding::from_label(label).as_deref() == Some(std::slice::from_ref(coding))) {
            Some(coding) => self.sow("coding", name, [&[coding as u8, 7, 0], &payload[..]].concat()),
            // Brackets and strings of errors are those of answers.
            None if payload.starts_with(b"{") && head.status() != Some(200) => {}
            None if payload.starts_with(b"{") => self.sow("json", name, [&[7, 0], &payload[..]].concat()),
            None => self.sow("sse", name, [&[7, 0], &payload[..]].concat()),
        }
    }
}

/// What was received, without the middle of a long stream: its reads are much alike.
fn received(tape: &Tape) -> Vec<u8> {
    const EACH_SIDE: usize = 3;
    let reads = tape.0.iter().filter_map(|event| if let Kind::Received(bytes) = &event.kind { Some(&**bytes) } else { None });
    let mut reads: Vec<&[u8]> = reads.collect();
    let middle = EACH_SIDE..reads.len().saturating_sub(EACH_SIDE).max(EACH_SIDE);
    if reads.concat().len() > LONGEST && middle.end <= reads.len() {
        reads.drain(middle);
    }
    reads.concat()
}

/// The kinds of events in order, runs of one kind as one.
fn shape(tape: &Tape) -> String {
    let kind = |event: &Event<'_>| match &event.kind {
        Kind::Open(_) => "o".to_string(),
        Kind::Sent(_) => ">".to_string(),
        Kind::Received(bytes) => if std::str::from_utf8(bytes).is_ok() { "t" } else { "b" }.to_string(),
        Kind::End(ending) => format!("{:?}{}", ending.how, ending.detail.is_some()),
    };
    let mut kinds: Vec<String> = tape.0.iter().map(kind).collect();
    kinds.dedup();
    kinds.concat()
}

fn recording(stream: bool, tape: &Tape) -> Vec<u8> {
    let asked = Asked { url: "http://127.0.0.1/v1/chat/completions".into(), model: Some("gpt-4o-mini".into()), stream, ..Asked::default() };
    let mut text = Vec::new();
    let mut recorder = Recorder::begin(&mut text, &asked).expect("memory can be written");
    tape.0.iter().for_each(|event| recorder.write(event).expect("memory can be written"));
    text
}

fn main() {
    let to = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let lab = Lab::start(None).expect("the lab starts");
    let mut sower = Sower { to, sown: BTreeSet::new(), shapes: BTreeSet::new() };
    sower.sow("coding", "hello-br", [&[0, 7, 0], &include_bytes!("../../data/hello.br")[..]].concat());
    for scenario in scenarios().filter(|scenario| scenario.reach == Reach::Http) {
        if scenario.plain.is_some() {
            sower.sow_all(scenario.name, false, &record(&lab, scenario, false));
        }
        if scenario.stream.is_some() {
            let tape = record(&lab, scenario, true);
            // A refusal is the same in both modes.
            if scenario.plain.is_none() || received(&tape).windows(6).any(|bytes| bytes == b"\ndata:") {
                sower.sow_all(&format!("{}.stream", scenario.name), true, &tape);
            }
        }
    }
}
