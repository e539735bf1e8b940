//! `curl -v`: request heads behind `> `, response heads behind `< `, curl's own words behind `* `, and the body as it is where it was shown.

use super::exchange::Exchange;
use super::raw;
use crate::exchange::recording::{Opened, TlsFacts};
use crate::exchange::source::{Lost, Source};
use crate::testimony;

/// Words of curl that stand right behind a body which does not end with a line feed.
const BEHIND_BODY: [&[u8]; 9] = [
    b"* Connection #",
    b"* Closing connection",
    b"* transfer closed",
    b"* end of response",
    b"* Excess found",
    b"* Recv failure",
    b"* Operation timed out",
    b"* HTTP/2 stream",
    b"curl: (",
];

/// Every exchange in the output. The answer of a proxy to CONNECT is one only if nothing came after it.
pub fn exchanges(bytes: &[u8]) -> Vec<Exchange> {
    let mut parts: Vec<Part> = Vec::new();
    let mut current = Part::default();
    for line in lines(bytes) {
        match line {
            Line::Request(text) => {
                if !current.received.is_empty() {
                    parts.push(std::mem::take(&mut current));
                }
                current.sent.extend_from_slice(text);
                current.sent.extend_from_slice(b"\r\n");
            }
            Line::Response(text) => {
                current.received.extend_from_slice(text);
                current.received.extend_from_slice(b"\r\n");
            }
            Line::Words(text) => current.hear(text),
            Line::Body(text) => current.body.extend_from_slice(text),
        }
    }
    parts.push(current);
    // Words before the next request belong to the connection that it goes over; words after the last head to the last exchange.
    let last = parts.len() - 1;
    let parts = parts.into_iter().enumerate().filter(|(index, part)| *index == last || !part.sent.starts_with(b"CONNECT "));
    parts.map(|(_, part)| part.into_exchange()).collect()
}

#[derive(Default)]
struct Part {
    sent: Vec<u8>,
    received: Vec<u8>,
    body: Vec<u8>,
    words: String,
    opened: Vec<Opened>,
    tls: Option<TlsFacts>,
}

impl Part {
    fn hear(&mut self, text: &[u8]) {
        let text = String::from_utf8_lossy(text);
        let after = |mark: &str| text.trim_start_matches("* ").trim().strip_prefix(mark).map(|rest| rest.trim().to_string());
        // «Connected to api.example.com (192.0.2.1) port 443 (#0)»; curl 8 says «Established connection to …».
        if let Some(rest) = after("Connected to ").or_else(|| after("Established connection to ")) {
            let address = rest
                .split_once('(')
                .and_then(|(_, rest)| rest.split_once(')'))
                .map(|(address, _)| address.split(" port").next().unwrap_or(address));
            let port = rest.split_once("port ").and_then(|(_, port)| port.split(|c: char| !c.is_ascii_digit()).next()).unwrap_or("");
            if let Some(address) = address {
                let address = if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") };
                self.opened.push(Opened::Connected { address });
            }
        }
        if let Some(rest) = after("SSL connection using ") {
            let mut words = rest.split(" / ");
            let facts = self.tls.get_or_insert_default();
            facts.version = words.next().map(str::to_string);
            facts.cipher = words.next().map(str::to_string);
        }
        if let Some(facts) = &mut self.tls {
            facts.subject = after("subject: ").or(facts.subject.take());
            facts.issuer = after("issuer: ").or(facts.issuer.take());
            facts.not_after = after("expire date: ").or(facts.not_after.take());
        }
        self.words.push_str(&text);
        self.words.push('\n');
    }

    fn into_exchange(self) -> Exchange {
        let mut exchange = Exchange::of(Source::CurlVerbose);
        let mut received = self.received;
        received.extend_from_slice(&self.body);
        exchange.asked.lost = Lost { coding: raw::lost(&received).coding, ..Lost::ALL_BUT_CONTENT };
        // Where exactly the declared bytes are shown, nothing was lost or added.
        exchange.asked.lost.length = raw::declared(&received) != Some(self.body.len() as u64);
        // Without `-o` or with it, the body may not be in the output at all.
        exchange.asked.lost.body = self.body.trim_ascii().is_empty();
        exchange.opened = self.opened;
        exchange.opened.extend(self.tls.map(Opened::Tls));
        exchange.sent = self.sent;
        exchange.received = received;
        exchange.testimony = Some(testimony::hear(&self.words));
        exchange
    }
}

enum Line<'a> {
    Request(&'a [u8]),
    Response(&'a [u8]),
    Words(&'a [u8]),
    Body(&'a [u8]),
}

/// The lines of the output; a line of the body keeps its end, because it is the body's own.
fn lines(bytes: &[u8]) -> impl Iterator<Item = Line<'_>> {
    bytes.split_inclusive(|byte| *byte == b'\n').flat_map(|line| {
        let bare = line.strip_suffix(b"\n").unwrap_or(line);
        let bare = bare.strip_suffix(b"\r").unwrap_or(bare);
        match bare {
            [b'>', b' ', text @ ..] => vec![Line::Request(text)],
            b">" => vec![Line::Request(b"")],
            [b'<', b' ', text @ ..] => vec![Line::Response(text)],
            b"<" => vec![Line::Response(b"")],
            _ if bare.starts_with(b"* ") || bare.starts_with(b"curl: (") => vec![Line::Words(bare)],
            _ if is_decoration(bare) => Vec::new(),
            _ => {
                let behind = BEHIND_BODY.iter().filter_map(|words| memchr::memmem::find(bare, words)).min();
                match behind {
                    Some(at) => vec![Line::Body(&bare[..at]), Line::Words(&bare[at..])],
                    None => vec![Line::Body(line)],
                }
            }
        }
    })
}

/// The progress meter and the sizes of reads and writes.
fn is_decoration(line: &[u8]) -> bool {
    let is_size = (line.starts_with(b"{ [") || line.starts_with(b"} [")) && line.ends_with(b" data]");
    let meter = memchr::memmem::find(line, b"--:--:--").is_some()
        || line.starts_with(b"  % Total")
        || memchr::memmem::find(line, b"Dload  Upload").is_some();
    is_size || meter
}
