//! `curl -v`: request heads behind `> `, response heads behind `< `, curl's own words behind `* `, and the body as it is where it was shown.

use super::exchange::Exchange;
use super::paste;
use super::raw;
use super::said::Said;
use crate::exchange::source::{Lost, Source};
use crate::wire::head::{Head, end_of_head};

/// Words of curl that may stand behind the bytes of a body, on the same line where the body does not end with a line feed.
const BEHIND_BODY: [&[u8]; 28] = [
    b"* Connection #",
    b"* Closing connection",
    b"* closing connection",
    b"* shutting down connection",
    b"* transfer closed",
    b"* end of response",
    b"* Excess found",
    b"* Recv failure",
    b"* Send failure",
    b"* Operation t",
    b"* HTTP/2 stream",
    b"* HTTP/2 send",
    b"* nghttp2 ",
    b"* [HTTP/",
    b"* OpenSSL ",
    b"* SSL_",
    b"* TLSv",
    b"* schannel",
    b"* Illegal or missing",
    b"* Malformed encoding",
    b"* chunk hex-length",
    b"* invalid chunk",
    b"* Error while processing",
    b"* Unrecognized content",
    b"* Issue another request",
    b"*   Trying ",
    b"* Request completely sent",
    b"curl: (",
];

/// Every exchange in the output. What only led to another (a tunnel that was opened, a redirect that was followed) is none.
pub fn exchanges(bytes: &[u8]) -> Vec<Exchange> {
    let mut parts: Vec<Part> = Vec::new();
    let mut current = Part::default();
    for line in lines(bytes) {
        if current.is_over(&line) {
            let is_same = matches!(line, Line::Request(_) | Line::Response(_));
            let said = if is_same { current.said.same_connection(current.tunnel().as_deref()) } else { Said::default() };
            parts.push(std::mem::replace(&mut current, Part { said, ..Part::default() }));
        }
        current.take(line);
    }
    parts.push(current);
    hand_out_bodies(&mut parts);
    // The command in front of the output asks for all of it.
    let prelude = parts.first().map(|part| part.prelude.clone()).unwrap_or_default();
    let last = parts.len() - 1;
    let leads_on = |part: &Part| part.sent.starts_with(b"CONNECT ") || part.said.leads_on || part.is_nothing();
    let told = parts.into_iter().enumerate().filter(|(index, part)| *index == last || !leads_on(part));
    told.map(|(_, part)| part.into_exchange(&prelude)).collect()
}

/// Where stdout was a pipe, the bodies stand together behind all heads: they are told apart only where the declared lengths add up.
fn hand_out_bodies(parts: &mut [Part]) {
    let Some((last, earlier)) = parts.split_last_mut() else { return };
    let declared: Option<Vec<u64>> = earlier.iter().map(|part| raw::declared(&part.received).filter(|_| part.body.is_empty())).collect();
    let (Some(declared), Some(of_last)) = (declared, raw::declared(&last.received)) else { return };
    if declared.iter().sum::<u64>() + of_last != last.body.len() as u64 {
        return;
    }
    for (part, length) in earlier.iter_mut().zip(declared) {
        part.body = last.body.drain(..length as usize).collect();
    }
}

#[derive(Default)]
struct Part {
    sent: Vec<u8>,
    received: Vec<u8>,
    body: Vec<u8>,
    said: Said,
    /// Lines before the first head: a prompt, the command.
    prelude: Vec<u8>,
    words_behind: Words,
    /// The last head is a 1xx.
    is_interim: bool,
}

/// What curl says behind a head.
#[derive(Default, PartialEq)]
enum Words {
    #[default]
    None,
    /// That the connection is kept or closed: it holds the response for complete.
    Contented,
    /// That something is wrong: then it stopped by itself.
    Other,
}

impl Part {
    /// The line belongs to another exchange than this.
    fn is_over(&self, line: &Line<'_>) -> bool {
        match line {
            Line::Request(_) => !self.received.is_empty() || self.sent.ends_with(b"\r\n\r\n"),
            Line::Response(text) => text.starts_with(b"HTTP/") && self.has_final_head(),
            Line::Words(text) => {
                let is_new = [b"*   Trying ".as_slice(), b"* Trying "].iter().any(|words| text.starts_with(words));
                is_new && (!self.received.is_empty() || self.said.has_ended() && !self.sent.is_empty())
            }
            Line::Body(_) => false,
        }
    }

    fn take(&mut self, line: Line<'_>) {
        match line {
            Line::Request(text) => append_line(&mut self.sent, text),
            // Behind a whole head only the trailer of a chunked body comes.
            Line::Response(text) if !text.starts_with(b"HTTP/") && self.has_final_head() => {}
            Line::Response(text) => {
                self.end_head_before(text.starts_with(b"HTTP/"));
                if text.starts_with(b"HTTP/") {
                    let status = text.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
                    self.is_interim = status.starts_with(b"1") && status != b"101";
                }
                append_line(&mut self.received, text);
            }
            Line::Words(text) => {
                let is_contented = text.starts_with(b"* Connection #") || text.starts_with(b"* Closing connection");
                if !self.received.is_empty() && self.words_behind != Words::Other {
                    self.words_behind = if is_contented { Words::Contented } else { Words::Other };
                }
                self.said.hear(&String::from_utf8_lossy(text));
            }
            Line::Body(text) if self.received.is_empty() => self.prelude.extend_from_slice(text),
            Line::Body(text)
                if self.body.is_empty() && !self.has_whole_head() && (text.trim_ascii().is_empty() || paste::is_prompt(text)) => {}
            Line::Body(text) => {
                self.end_head_before(true);
                self.body.extend_from_slice(text);
            }
        }
    }

    /// curl shows no empty line behind a 1xx head, and a copy may have lost one.
    fn end_head_before(&mut self, is_next: bool) {
        if is_next && !self.received.is_empty() && !self.has_whole_head() {
            self.received.extend_from_slice(b"\r\n");
        }
    }

    fn has_whole_head(&self) -> bool {
        self.received.ends_with(b"\r\n\r\n")
    }

    /// The head is whole and no 1xx.
    fn has_final_head(&self) -> bool {
        self.has_whole_head() && !self.is_interim
    }

    /// The target of a CONNECT that was granted.
    fn tunnel(&self) -> Option<String> {
        let target = self.sent.strip_prefix(b"CONNECT ")?.split(|byte| *byte == b' ').next()?;
        let is_open = Head::parse(raw::final_head(&self.received), 0).status() == Some(200);
        is_open.then(|| String::from_utf8_lossy(target).into_owned())
    }

    fn is_nothing(&self) -> bool {
        self.sent.is_empty() && self.received.is_empty() && self.said.is_silent()
    }

    fn into_exchange(mut self, prelude: &[u8]) -> Exchange {
        let mut exchange = Exchange::of(Source::CurlVerbose);
        paste::asked_in(prelude, &mut exchange.asked);
        let mut body = self.body.as_slice();
        // With -i too, the head stands in front of the body once more.
        while body.starts_with(b"HTTP/") {
            body = end_of_head(body).map_or(&[][..], |end| &body[end..]);
        }
        let head = raw::final_head(&self.received);
        let of_wire = raw::lost(&[head, body].concat());
        let is_decoded = of_wire.coding && asks_for_coding(&self.sent);
        let declared = raw::declared(&self.received).filter(|_| !is_decoded);
        // curl itself stops at the declared length: what is shown behind it was printed by somebody else.
        body = match declared {
            Some(declared) if body.len() as u64 > declared => &body[..declared as usize],
            _ => paste::without_tail(body),
        };
        let shown = body.len() as u64;
        self.said.settle_length(declared.map_or(0, |declared| declared.saturating_sub(shown)));
        let is_accounted = declared.is_some_and(|declared| declared == shown + self.said.missing().unwrap_or(0));
        let is_bodiless = raw::is_bodiless(head) || is_accounted;
        exchange.asked.lost = Lost {
            body: body.trim_ascii().is_empty() && !is_bodiless,
            chunks: of_wire.chunks || body.is_empty(),
            coding: is_decoded,
            length: !is_accounted,
            ..Lost::ALL_BUT_CONTENT
        };
        self.said.is_cut_head = !self.received.is_empty() && !self.has_whole_head() && self.words_behind == Words::Contented;
        exchange.sent = self.sent;
        exchange.received = self.received;
        exchange.received.extend_from_slice(body);
        self.said.tell(&mut exchange);
        exchange
    }
}

/// curl undoes a coding only where it has asked for one (`--compressed`).
fn asks_for_coding(sent: &[u8]) -> bool {
    sent.is_empty() || end_of_head(sent).is_none_or(|end| Head::parse(&sent[..end], 0).get("accept-encoding").is_some())
}

fn append_line(head: &mut Vec<u8>, line: &[u8]) {
    head.extend_from_slice(line);
    head.extend_from_slice(b"\r\n");
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
        let bare = without_end(line);
        match bare {
            [b'>', b' ', text @ ..] => vec![Line::Request(text)],
            b">" => vec![Line::Request(b"")],
            [b'<', b' ', text @ ..] => vec![Line::Response(text)],
            b"<" => vec![Line::Response(b"")],
            _ if bare.starts_with(b"* ") || bare.starts_with(b"curl: (") || bare.starts_with(b"Warning: ") => vec![Line::Words(bare)],
            _ => match cut_behind_body(bare) {
                Some(([], None)) => Vec::new(),
                Some((body, None)) => vec![Line::Body(body)],
                Some((body, Some(words))) => vec![Line::Body(body), Line::Words(words)],
                None => vec![Line::Body(line)],
            },
        }
    })
}

fn without_end(line: &[u8]) -> &[u8] {
    let mut line = line.strip_suffix(b"\n").unwrap_or(line);
    while let Some(shorter) = line.strip_suffix(b"\r") {
        line = shorter;
    }
    line
}

/// Cuts a line of the body where curl goes on with its own words, or with the sizes of its reads (`{ [564 bytes data]`).
fn cut_behind_body(line: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if line.ends_with(b" bytes data]")
        && let Some(at) = memchr::memmem::rfind(line, b"{ [").max(memchr::memmem::rfind(line, b"} ["))
        && line[at + 3..line.len() - 12].iter().all(u8::is_ascii_digit)
    {
        return Some((&line[..at], None));
    }
    let at = BEHIND_BODY.iter().filter_map(|words| memchr::memmem::rfind(line, words)).max()?;
    // An answer may speak of curl; a quotation mark then follows, because the answer is JSON.
    let words = &line[at..];
    (memchr::memchr(b'"', words).is_none()).then_some((&line[..at], Some(words)))
}
