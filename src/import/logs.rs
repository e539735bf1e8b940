//! Logs in which a client prints both heads and no body: Python's `http.client` with `debuglevel=1` (and with it `requests` and `urllib3`),
//! `wget -S` and `wget -d`. The lines around them may tell the rest in words.

use super::exchange::Exchange;
use super::secrets;
use crate::exchange::source::{Lost, Source};
use crate::testimony;

const BEGIN: &[u8] = b"---response begin---";

/// Whether the text is such a log.
pub fn is_log(text: &[u8]) -> bool {
    let has = |mark: &[u8]| text.starts_with(&mark[1..]) || memchr::memmem::find(text, mark).is_some();
    // With `wget -S --save-headers` the response itself stands there too.
    let has_response = || has(b"\nHTTP/");
    has(b"\nreply: 'HTTP/") || has(b"\n---response begin---") || (has(b"\n  HTTP/1.") || has(b"\n  HTTP/2 ")) && !has_response()
}

/// Every exchange in the log: a reply ends one.
pub fn exchanges(text: &[u8]) -> Vec<Exchange> {
    let mut parts: Vec<Part> = Vec::new();
    let mut part = Part::default();
    let mut state = State::Outside;
    for line in text.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_begin =
            line.starts_with(b"send: ") || line == b"---request begin---" || line.starts_with(b"  HTTP/") || line.starts_with(b"reply: ");
        if is_begin && !part.received.is_empty() && state != State::Indented {
            parts.push(std::mem::take(&mut part));
        }
        state = part.take(line, state);
    }
    parts.push(part);
    parts.into_iter().filter(|part| !part.received.is_empty()).map(Part::into_exchange).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Outside,
    Request,
    Response,
    /// Lines of a head behind two blanks.
    Indented,
}

#[derive(Default)]
struct Part {
    sent: Vec<u8>,
    received: Vec<u8>,
    words: Vec<u8>,
}

impl Part {
    fn take(&mut self, line: &[u8], state: State) -> State {
        if let Some(literal) = line.strip_prefix(b"send: b") {
            self.sent.extend_from_slice(&python_bytes(literal));
        } else if let Some(literal) = line.strip_prefix(b"reply: ") {
            self.received.extend_from_slice(&python_bytes(literal));
        } else if let Some(field) = line.strip_prefix(b"header: ") {
            append(&mut self.received, field);
        } else if line == b"---request begin---" {
            return State::Request;
        } else if line == BEGIN {
            return State::Response;
        } else if line == b"---request end---" || line == b"---response end---" {
            return State::Outside;
        } else if state == State::Request {
            append(&mut self.sent, line);
        } else if state == State::Response {
            append(&mut self.received, line);
        } else if line.starts_with(b"  HTTP/") || state == State::Indented && line.starts_with(b"  ") {
            append(&mut self.received, &line[2..]);
            return State::Indented;
        } else {
            self.words.extend_from_slice(line);
            self.words.push(b'\n');
            return State::Outside;
        }
        state
    }

    fn into_exchange(mut self) -> Exchange {
        let mut exchange = Exchange::of(Source::RawResponse);
        if !self.received.ends_with(b"\r\n\r\n") {
            self.received.extend_from_slice(b"\r\n");
        }
        exchange.asked.lost = Lost { body: !super::raw::is_bodiless(&self.received), ..Lost::ALL_BUT_CONTENT };
        exchange.sent = self.sent;
        exchange.received = self.received;
        exchange.testimony = Some(testimony::hear(&secrets::covered(&String::from_utf8_lossy(&self.words))));
        exchange
    }
}

fn append(head: &mut Vec<u8>, line: &[u8]) {
    head.extend_from_slice(line);
    head.extend_from_slice(b"\r\n");
}

/// What a literal of Python stands for: `'HTTP/1.1 200 OK\r\n'`.
fn python_bytes(literal: &[u8]) -> Vec<u8> {
    let inside = literal.get(1..literal.len().saturating_sub(1)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(inside.len());
    let mut at = 0;
    while at < inside.len() {
        let (byte, length) = match &inside[at..] {
            [b'\\', b'r', ..] => (b'\r', 2),
            [b'\\', b'n', ..] => (b'\n', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', b'x', high, low, ..] => {
                let digit = |byte: u8| (byte as char).to_digit(16).unwrap_or(0) as u8;
                (digit(*high) << 4 | digit(*low), 4)
            }
            [b'\\', other, ..] => (*other, 2),
            [other, ..] => (*other, 1),
            [] => break,
        };
        bytes.push(byte);
        at += length;
    }
    bytes
}
