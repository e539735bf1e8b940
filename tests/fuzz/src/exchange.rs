//! An exchange made of an input: a few bytes choose how it is told, the rest is what the server sends.

use std::borrow::Cow;

use llmcheck::exchange::recording::{Asked, Ending, Event, How, Kind, Opened};
use llmcheck::wire::reader::Reader;
use llmcheck::wire::transcript::Transcript;

use crate::pieces::pieces;

/// How the connection ends; `None` where the recording stops without an end.
const ENDINGS: [Option<How>; 8] = [
    Some(How::Fin),
    Some(How::Reset),
    Some(How::Idle),
    Some(How::TlsClose),
    Some(How::TlsCut),
    Some(How::Deadline),
    Some(How::Cancelled),
    None,
];

/// What stands before the input's bytes. Pure chance takes long to find a head that makes its body interesting.
const HEADS: [&str; 12] = [
    "",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {whole}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {half}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {double}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: {whole}\r\n\r\n",
    "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nContent-Length: {whole}\r\n\r\n",
    "HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nContent-Type: text/html\r\nContent-Length: {whole}\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: {whole}\r\nTransfer-Encoding: chunked\r\n\r\n",
];

/// An exchange to be told.
#[derive(Debug)]
pub struct Script {
    pub asks_for_stream: bool,
    /// The bytes go through a tunnel that a proxy has opened.
    through_tunnel: bool,
    ending: Option<How>,
    /// Microseconds between two reads.
    pause: u64,
    pub cuts: u16,
    pub received: Vec<u8>,
}

impl Script {
    /// How many bytes of an input are choices.
    pub const CHOICES: usize = 6;

    /// Choices that tell bytes as they are: those of a seed.
    pub fn choices(asks_for_stream: bool, how: Option<How>) -> [u8; Script::CHOICES] {
        let ending = ENDINGS.iter().position(|ending| *ending == how).unwrap_or(0);
        [u8::from(asks_for_stream), 0, ending as u8, 0, 0, 0]
    }

    /// The exchange that an input describes; what is received is at least so long, by its last bytes again and again.
    pub fn from_input(input: &[u8], least: usize) -> Option<Script> {
        let (&[mode, head, ending, tail, low, high], bytes) = input.split_first_chunk::<{ Script::CHOICES }>()?;
        let bytes = made_longer(bytes, least, tail);
        let length = bytes.len();
        let head = HEADS[usize::from(head) % HEADS.len()]
            .replace("{whole}", &length.to_string())
            .replace("{half}", &(length / 2).to_string())
            .replace("{double}", &(length * 2).to_string());
        Some(Script {
            asks_for_stream: mode & 1 != 0,
            through_tunnel: mode & 2 != 0,
            ending: ENDINGS[usize::from(ending) % ENDINGS.len()],
            pause: if mode & 4 != 0 { 3_000_000 } else { 0 },
            cuts: u16::from_le_bytes([low, high]),
            received: [head.as_bytes(), &bytes].concat(),
        })
    }

    /// The transcript of the exchange with what was received cut by `cuts`.
    pub fn transcript(&self, cuts: u16) -> Transcript {
        let asked = Asked {
            url: "https://api.example.com/v1/chat/completions".into(),
            model: Some("gpt-4o-mini".into()),
            stream: self.asks_for_stream,
            ..Asked::default()
        };
        let mut reader = Reader::new(asked);
        let mut hear = |at, connection, kind| {
            reader.hear(&Event { at, connection, kind });
            reader.take_fresh_text();
        };
        hear(0, 0, Kind::Open(Opened::Connected { address: "192.0.2.1:443".into() }));
        let connection = u32::from(self.through_tunnel);
        if self.through_tunnel {
            hear(0, 0, Kind::Sent(Cow::Borrowed(b"CONNECT api.example.com:443 HTTP/1.1\r\nHost: api.example.com:443\r\n\r\n")));
            hear(0, 0, Kind::Received(Cow::Borrowed(b"HTTP/1.1 200 Connection established\r\n\r\n")));
            hear(0, 1, Kind::Open(Opened::Tunnelled { through: "192.0.2.1:443".into(), to: "api.example.com:443".into() }));
        }
        hear(0, connection, Kind::Sent(Cow::Borrowed(b"POST /v1/chat/completions HTTP/1.1\r\nHost: api.example.com\r\n\r\n{}")));
        let mut at = 0;
        for piece in pieces(&self.received, cuts) {
            hear(at, connection, Kind::Received(Cow::Borrowed(piece)));
            at += self.pause;
        }
        if let Some(how) = self.ending {
            hear(at, connection, Kind::End(Ending::new(how)));
        }
        reader.finish()
    }

    /// Silences are a matter of how the bytes were cut: only without them must the verdict not depend on it.
    pub fn has_pauses(&self) -> bool {
        self.pause > 0
    }
}

fn made_longer(bytes: &[u8], least: usize, tail: u8) -> Vec<u8> {
    let mut longer = bytes.to_vec();
    let tail = &bytes[bytes.len() - bytes.len().min(1 << (tail % 10))..];
    while longer.len() < least && !tail.is_empty() {
        longer.extend_from_slice(tail);
    }
    longer
}
