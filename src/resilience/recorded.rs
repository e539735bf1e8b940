//! Exchanges for tests: recordings of real software, which `tests/cases` holds, and made ones.

use std::borrow::Cow;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use serde_json::json;

use crate::cli::Remedy;
use crate::exchange::recording::{Asked, Ending, Event, How, Kind};
use crate::import;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// Code and name of each case, and its only exchange.
pub fn cases() -> Vec<(String, Transcript)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let codes = directories(&root).into_iter().filter(|code| !code.ends_with("make"));
    let read = |case: PathBuf| {
        let mut made = Vec::new();
        let recording = File::open(case.join("recording.jsonl")).unwrap();
        import::read(&mut BufReader::new(recording), |transcript| made.push(transcript)).unwrap();
        (case.strip_prefix(&root).unwrap().to_string_lossy().into_owned(), made.pop().unwrap())
    };
    codes.flat_map(|code| directories(&code)).map(read).collect()
}

fn directories(of: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(of).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

/// The exchange in which this request was answered so, and the connection closed in order.
pub fn exchange(stream: bool, sent: &str, received: &[u8]) -> Transcript {
    let asked = Asked { stream, started: "2026-11-23T10:00:00Z".into(), ..Asked::default() };
    let mut reader = Reader::new(asked);
    let events = [Kind::Sent(Cow::Borrowed(sent.as_bytes())), Kind::Received(Cow::Borrowed(received)), Kind::End(Ending::new(How::Fin))];
    for (at, kind) in (1..).zip(events) {
        reader.hear(&Event { at: at * 1000, connection: 0, kind });
    }
    reader.finish()
}

pub const OFFERS_GZIP: &str = "POST /v1/chat/completions HTTP/1.1\r\nAccept-Encoding: gzip\r\n\r\n{}";
pub const OFFERS_NONE: &str = "POST /v1/chat/completions HTTP/1.1\r\nAccept-Encoding: identity\r\n\r\n{}";

/// An answer with this status, these fields (each ending with CRLF) and this body, its length declared as more than it is by `lacking`.
pub fn lacking(lacking: usize, status: &str, fields: &str, body: &str) -> Vec<u8> {
    let length = body.len() + lacking;
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {length}\r\n\r\n{body}").into_bytes()
}

pub fn answer(status: &str, fields: &str, body: &str) -> Vec<u8> {
    lacking(0, status, fields, body)
}

/// An error of the API with this message.
pub fn refusal(status: &str, fields: &str, message: &str) -> Vec<u8> {
    answer(status, fields, &json!({"error": {"message": message, "type": "t", "code": null}}).to_string())
}

pub fn completion(text: &str) -> String {
    json!({"object": "chat.completion", "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}]})
        .to_string()
}

/// A remedy as reports write it.
pub fn name(remedy: Remedy) -> String {
    serde_json::to_value(remedy).unwrap().as_str().unwrap().to_string()
}
