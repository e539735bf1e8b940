//! What a complete answer is, in every shape that a client can meet, and what can be wrong inside one: bodies by hand, each with the
//! exact set of findings. The first of a set is the verdict; an empty set is a healthy answer.

use std::borrow::Cow;
use std::io::Write as _;

use llmcheck::diagnosis::diagnose;
use llmcheck::evidence::Evidence;
use llmcheck::exchange::recording::{Asked, Ending, Event, How, Kind};
use llmcheck::wire::reader::Reader;
use llmcheck::wire::transcript::Transcript;
use serde_json::json;

#[path = "answers/framing.rs"]
mod framing;
#[path = "answers/native.rs"]
mod native;
#[path = "answers/parts.rs"]
mod parts;
#[path = "answers/strangers.rs"]
mod strangers;

const CHAT: &str = "https://api.example.com/v1/chat/completions";

/// One response, and the request that it answers.
#[derive(Clone)]
struct Given {
    url: String,
    stream: bool,
    status: &'static str,
    kind: &'static str,
    fields: String,
    body: Vec<u8>,
    how: How,
}

/// A plain answer of JSON, whole in its framing.
fn plain(body: impl AsRef<[u8]>) -> Given {
    let body = body.as_ref().to_vec();
    Given { url: CHAT.into(), stream: false, status: "200 OK", kind: "application/json", fields: String::new(), body, how: How::Fin }
}

/// A stream, whole in its framing.
fn stream(body: impl AsRef<[u8]>) -> Given {
    Given { stream: true, kind: "text/event-stream", ..plain(body) }
}

impl Given {
    fn asked_at(self, url: &str) -> Given {
        Given { url: url.into(), ..self }
    }

    fn of_type(self, kind: &'static str) -> Given {
        Given { kind, ..self }
    }

    fn with_status(self, status: &'static str) -> Given {
        Given { status, ..self }
    }

    fn field(self, line: &str) -> Given {
        Given { fields: format!("{}{line}\r\n", self.fields), ..self }
    }

    fn bytes(&self) -> Vec<u8> {
        let has_framing = ["Content-Length:", "Transfer-Encoding:"].iter().any(|name| self.fields.contains(name));
        let length = if has_framing { String::new() } else { format!("Content-Length: {}\r\n", self.body.len()) };
        let head = format!("HTTP/1.1 {}\r\nContent-Type: {}\r\n{}{length}\r\n", self.status, self.kind, self.fields);
        [head.as_bytes(), &self.body].concat()
    }

    fn read(&self, step: usize) -> Transcript {
        let asked = Asked { url: self.url.clone(), model: Some("m".into()), stream: self.stream, ..Asked::default() };
        let bytes = self.bytes();
        let mut reader = Reader::new(asked);
        let mut at = 0;
        let mut hear = |kind| {
            at += 100;
            reader.hear(&Event { at, connection: 0, kind });
        };
        hear(Kind::Sent(Cow::Borrowed(b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\n\r\n{}")));
        bytes.chunks(step).for_each(|piece| hear(Kind::Received(Cow::Borrowed(piece))));
        hear(Kind::End(Ending::new(self.how)));
        reader.finish()
    }

    /// The verdict's code first, then the others in the catalogue's order; however the bytes were cut into reads.
    fn codes(&self) -> Vec<&'static str> {
        let [whole, bytes, pieces] = [usize::MAX, 1, 7].map(|step| {
            let transcript = self.read(step);
            let diagnosis = diagnose(&Evidence::gather(&transcript));
            let mut codes: Vec<_> = diagnosis.findings.iter().map(|finding| finding.entry.code).collect();
            let verdict = diagnosis.verdict.entry.code;
            if let Some(at) = codes.iter().position(|code| *code == verdict) {
                codes.remove(at);
                codes.insert(0, verdict);
            }
            codes
        });
        assert_eq!(whole, bytes, "in one piece and byte by byte");
        assert_eq!(whole, pieces, "in one piece and in sevens");
        whole
    }

    /// The answer's text, its reason for the end, and its completion tokens.
    fn answer(&self) -> (String, Option<String>, Option<u64>) {
        let transcript = self.read(100);
        let reply = Evidence::gather(&transcript).reply.unwrap_or_default();
        (reply.text, reply.finish_reason, reply.usage.and_then(|usage| usage.completion_tokens))
    }
}

/// Holds each of the cases against its exact set; all that differ are told at once.
#[track_caller]
fn expect(cases: &[(&str, Given, &[&str])]) {
    let seen = cases.iter().map(|(name, given, expected)| (name, given.codes(), expected));
    let differing: Vec<String> = seen.filter(|(_, seen, expected)| seen != *expected).map(|case| format!("{case:?}")).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// A chat completion that says this.
fn completion(text: &str) -> String {
    json!({"id":"c","object":"chat.completion","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":text},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}})
    .to_string()
}

fn event(choices: serde_json::Value) -> String {
    format!("data: {}\n\n", json!({"id":"c","object":"chat.completion.chunk","model":"m","choices":choices}))
}

fn piece(text: &str) -> String {
    event(json!([{"index":0,"delta":{"content":text},"finish_reason":null}]))
}

fn finish(reason: &str) -> String {
    event(json!([{"index":0,"delta":{},"finish_reason":reason}]))
}

const DONE: &str = "data: [DONE]\n\n";

fn chunked(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut framed = Vec::new();
    for piece in bytes.as_ref().chunks(61) {
        framed.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        framed.extend(piece);
        framed.extend(b"\r\n");
    }
    framed.extend(b"0\r\n\r\n");
    framed
}

fn gzip(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes.as_ref()).unwrap();
    encoder.finish().unwrap()
}
