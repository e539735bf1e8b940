//! One exchange as an importer read it, and its way to a transcript: secrets masked, what is lost said, the bytes read as any others.

use std::borrow::Cow;

use crate::exchange::is_sensitive;
use crate::exchange::recording::{Asked, Ending, Event, Kind, Opened};
use crate::exchange::source::{Lost, Source};
use crate::secret::{self, Mask, Secret};
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
        Exchange { asked: Asked { source, lost, attempt: 1, ..Asked::default() }, ..Exchange::default() }
    }

    pub fn into_transcript(mut self) -> Transcript {
        self.mask();
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
        if !self.received.is_empty() {
            hear(self.stages.first_byte, Kind::Received(Cow::Owned(self.received)));
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
        times.head = times.first_byte;
        times.last_byte = None;
        times.first_token = None;
        times.total = milliseconds(self.stages.total);
        transcript.testimony = self.testimony;
        transcript
    }

    /// Others do not mask what they export: the request's credentials are covered wherever they stand, and whatever looks like a key.
    fn mask(&mut self) {
        let values: Vec<String> = match end_of_head(&self.sent) {
            Some(end) => Head::parse(&self.sent[..end], 0)
                .fields
                .into_iter()
                .filter(|field| is_sensitive(&field.name))
                .map(|field| field.value)
                .collect(),
            None => Vec::new(),
        };
        let secrets: Vec<Secret> = values.iter().map(|value| Secret::new(value.rsplit(' ').next().unwrap_or(value))).collect();
        Mask::of_requests(&secrets, values.iter().cloned()).cover(&mut self.sent);
        Mask::of_responses(&secrets).cover(&mut self.received);
        secret::cover_key_like(&mut self.sent);
        secret::cover_key_like(&mut self.received);
        self.asked.url = secret::covered(&self.asked.url);
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
                    false => format!("{scheme}://{}{target}", head.get("host").unwrap_or("")),
                };
            }
        }
        let body = &self.sent[end.unwrap_or(self.sent.len())..];
        match serde_json::from_slice::<serde_json::Value>(body) {
            Ok(body) => {
                asked.stream = body["stream"].as_bool().unwrap_or(false);
                asked.model = body["model"].as_str().map(str::to_string);
                asked.max_tokens = ["max_tokens", "max_completion_tokens"].iter().find_map(|key| body[*key].as_u64());
            }
            // Not shown: what came is taken for what was asked.
            Err(_) => asked.stream = looks_like_stream(&self.received),
        }
        if asked.endpoint.is_empty() {
            asked.endpoint = asked.url.split("://").nth(1).unwrap_or("").split('/').next().unwrap_or("").to_string();
        }
    }
}

fn looks_like_stream(received: &[u8]) -> bool {
    let body = end_of_head(received).filter(|_| received.starts_with(b"HTTP/")).map_or(received, |end| &received[end..]);
    let content_type = end_of_head(received)
        .map(|end| Head::parse(&received[..end], 0))
        .and_then(|head| head.get("content-type").map(str::to_ascii_lowercase));
    let first = body.trim_ascii_start();
    content_type.is_some_and(|kind| kind.starts_with("text/event-stream"))
        || first.starts_with(b"data:")
        || first.starts_with(b"event:")
        || first.starts_with(b": ")
}
