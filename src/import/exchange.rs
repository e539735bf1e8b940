//! One exchange as an importer read it, and its way to a transcript: secrets masked, what is lost said, the bytes read as any others.

use std::borrow::Cow;

use super::{paste, secrets};
use crate::exchange::recording::{Asked, Ending, Event, Kind, Opened};
use crate::exchange::source::{Lost, Source};
use crate::plan::KeyUse;
use crate::testimony::Testimony;
use crate::wire::head::{Head, end_of_head};
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// What is known of one exchange. Bytes are as the source shows them.
#[derive(Debug, Default)]
pub struct Exchange {
    pub asked: Asked,
    /// Steps to the connection.
    pub opened: Vec<Opened>,
    /// The request: its head with its empty line, and its body if it is shown.
    pub sent: Vec<u8>,
    /// The response from its status line on; of [`Source::Body`] the body alone.
    pub received: Vec<u8>,
    /// When its pieces came, and their lengths, where the source tells; all at once otherwise.
    pub arrivals: Vec<(u64, usize)>,
    pub ending: Option<Ending>,
    /// What the source says in words.
    pub testimony: Option<Testimony>,
    pub stages: Stages,
}

/// When the stages of the exchange were reached, in microseconds, where the source tells.
#[derive(Debug, Default)]
pub struct Stages {
    pub connected: Option<u64>,
    pub tls: Option<u64>,
    pub sent: Option<u64>,
    pub first_byte: Option<u64>,
    pub total: Option<u64>,
}

impl Exchange {
    pub fn of(source: Source) -> Exchange {
        let lost = match source {
            Source::Recording => Lost::default(),
            Source::RawResponse | Source::CurlTrace => Lost { end: true, arrivals: true, ..Lost::default() },
            Source::CurlVerbose | Source::Har | Source::Body | Source::Text => Lost::ALL_BUT_CONTENT,
        };
        // Whether a key was sent is known only where the request is shown.
        Exchange { asked: Asked { source, lost, attempt: 1, key: KeyUse::Sent, ..Asked::default() }, ..Exchange::default() }
    }

    pub fn into_transcript(mut self) -> Transcript {
        self.mask();
        // Of a body that is not there nothing is short.
        let lost = &mut self.asked.lost;
        lost.chunks |= lost.body;
        lost.length |= lost.body;
        self.fill_asked();
        let mut reader =
            if self.asked.source == Source::Body { Reader::of_body(self.asked.clone()) } else { Reader::new(self.asked.clone()) };
        let mut hear = |at: Option<u64>, kind| {
            reader.hear(&Event { at: at.unwrap_or(0), connection: 0, kind });
        };
        for opened in self.opened {
            hear(self.stages.connected, Kind::Open(opened));
        }
        if !self.sent.is_empty() {
            hear(self.stages.sent, Kind::Sent(Cow::Owned(self.sent)));
        }
        let has_arrivals = !self.arrivals.is_empty();
        if !has_arrivals && !self.received.is_empty() {
            self.arrivals.push((self.stages.first_byte.unwrap_or(0), self.received.len()));
        }
        let mut rest = self.received.as_slice();
        for (at, length) in self.arrivals {
            let (piece, behind) = rest.split_at(length.min(rest.len()));
            hear(Some(at), Kind::Received(Cow::Borrowed(piece)));
            rest = behind;
        }
        if let Some(ending) = self.ending {
            hear(self.stages.total, Kind::End(ending));
        }
        reader.take_fresh_text();
        let mut transcript = reader.finish();
        let milliseconds = |at: Option<u64>| at.map(|at| at as f64 / 1000.0);
        let times = &mut transcript.times;
        times.connected = milliseconds(self.stages.connected);
        times.tls = milliseconds(self.stages.tls);
        times.sent = milliseconds(self.stages.sent);
        times.first_byte = milliseconds(self.stages.first_byte);
        if !has_arrivals {
            times.head = times.first_byte;
            times.last_byte = None;
            times.first_token = None;
        }
        times.total = milliseconds(self.stages.total);
        transcript.testimony = self.testimony;
        transcript
    }

    /// Others do not mask what they export: credentials are covered wherever they stand, and whatever looks like a key.
    fn mask(&mut self) {
        let mut found = secrets::Found::default();
        found.take_message(&mut self.sent);
        // `Set-Cookie` is in the response what `Cookie` is in the request.
        let head = end_of_head(&self.received).unwrap_or(0);
        found.take_message(&mut self.received[..head]);
        found.cover(&mut self.sent);
        found.cover(&mut self.received);
        found.cover_text(&mut self.asked.url);
        if let Some(testimony) = &mut self.testimony {
            testimony.cover_secrets();
        }
    }

    /// What the request's own bytes tell of what was asked for.
    fn fill_asked(&mut self) {
        let asked = &mut self.asked;
        let end = end_of_head(&self.sent);
        if let Some(end) = end {
            let head = Head::parse(&self.sent[..end], 0);
            let mut words = head.first_line.split(' ');
            let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
            if asked.method.is_empty() {
                asked.method = method.to_string();
            }
            if asked.url.is_empty() {
                let scheme = if self.stages.tls.is_some() || self.opened.iter().any(|opened| matches!(opened, Opened::Tls(_))) {
                    "https"
                } else {
                    "http"
                };
                asked.url = match target.contains("://") {
                    true => target.to_string(),
                    // RFC 9112 section 3.2.3: a tunnel's target is an authority, and what goes through it is nearly always TLS.
                    false if method == "CONNECT" => format!("https://{target}"),
                    false => format!("{scheme}://{}{target}", head.get("host").unwrap_or("")),
                };
            }
        }
        let body = &self.sent[end.unwrap_or(self.sent.len())..];
        match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(body) => paste::of_request(&body, asked),
            // Not shown: what came is taken for what was asked.
            Err(_) if asked.model.is_none() => asked.stream = looks_like_stream(&self.received),
            Err(_) => {}
        }
        if asked.endpoint.is_empty() {
            let host = asked.url.split("://").nth(1).unwrap_or("").split(['/', '?']).next().unwrap_or("");
            asked.endpoint = host.rsplit('@').next().unwrap_or(host).to_string();
        }
    }
}

fn looks_like_stream(received: &[u8]) -> bool {
    let body = end_of_head(received).filter(|_| received.starts_with(b"HTTP/")).map_or(received, |end| &received[end..]);
    // A chunk's size may stand before the first event.
    let beginning = &body[..body.len().min(256)];
    let first = body.trim_ascii_start();
    let is_field = |field: &[u8]| first.starts_with(field) || memchr::memmem::find(beginning, &[b"\n", field].concat()).is_some();
    let is_coded = first.iter().take(16).any(|byte| !byte.is_ascii()) && !first.is_empty();
    let is_labelled = || {
        let head = end_of_head(received).map(|end| Head::parse(&received[..end], 0)).unwrap_or_default();
        head.get("content-encoding").is_some() && head.get("content-type").is_some_and(|kind| kind.starts_with("text/event-stream"))
    };
    is_coded && is_labelled() || !first.starts_with(b"{") && [b"data:".as_slice(), b"event:", b": "].into_iter().any(is_field)
}
