//! Reads events into a transcript, one at a time and in bounded memory, and knows at each moment what may still come.

use super::content::{Checkpoint, Content};
use super::digest;
use super::framing::{Body, Framing, Piece, Promise};
use super::head::{self, Head};
use super::kept::{Kept, joined};
use super::transcript::{Response, Times, Transcript, milliseconds};
use crate::exchange::Next;
use crate::exchange::recording::{Asked, Event, How, Kind, Opened};
use crate::exchange::source::Lost;

/// Follows one exchange.
#[derive(Debug, Default)]
pub struct Reader {
    transcript: Transcript,
    connection: u32,
    /// The connection before this one.
    left: Option<u32>,
    /// Bytes of a response head that is not complete, and how many of them are known not to end it.
    head: Vec<u8>,
    searched: usize,
    head_start: u64,
    asterisks: Asterisks,
    surplus: Surplus,
}

/// More heads before the final one than this are read and not kept.
const MOST_INTERIM: usize = 100;

/// No name has so many addresses.
const MOST_OPENED: usize = 1000;

impl Reader {
    pub fn new(asked: Asked) -> Reader {
        let mut reader = Reader::default();
        reader.transcript.asked = asked;
        reader
    }

    /// For a body that is known without its head.
    pub fn of_body(asked: Asked) -> Reader {
        let lost = asked.lost;
        let mut reader = Reader::new(asked);
        reader.transcript.response = Some(respond(Head::default(), 0, lost));
        reader
    }

    pub fn hear(&mut self, event: &Event<'_>) -> Next {
        if event.connection != self.connection {
            // The connection to a proxy outlives the exchange inside its tunnel, and an address that lost a race is closed late.
            if self.left == Some(event.connection) && matches!(event.kind, Kind::End(_)) {
                return self.next();
            }
            self.start_over(event.connection);
        }
        if matches!(event.kind, Kind::Sent(_)) && self.is_tunnel() {
            self.start_over(event.connection);
        }
        let now = Some(milliseconds(event.at));
        let times = &mut self.transcript.times;
        match &event.kind {
            Kind::Open(opened) => self.open(opened, event.at),
            Kind::Sent(bytes) => {
                times.sent = now;
                self.transcript.sent.push(bytes);
            }
            Kind::Received(bytes) => {
                times.first_byte = times.first_byte.or(now);
                times.last_byte = now;
                if !self.transcript.asked.lost.arrivals {
                    self.transcript.arrivals.add(event.at, bytes.len() as u64);
                }
                let at = self.transcript.received.length();
                self.transcript.received.push(bytes);
                self.take(bytes, at, event.at);
            }
            Kind::End(ending) => {
                times.total = now;
                self.transcript.ending = Some(ending.clone());
                if let Some(response) = &mut self.transcript.response {
                    response.body.is_broken = !matches!(ending.how, How::Fin | How::Kept | How::TlsClose);
                }
            }
        }
        self.next()
    }

    /// A proxy has let a CONNECT through on this very connection: some recorders give it one number with what follows.
    fn is_tunnel(&self) -> bool {
        let status = self.transcript.response.as_ref().and_then(|response| response.head.status());
        status.is_some_and(|status| (200..300).contains(&status)) && self.transcript.sent.beginning().starts_with(b"CONNECT ")
    }

    /// A tunnel is through: what was said so far was the proxy's.
    fn start_over(&mut self, connection: u32) {
        self.left = Some(self.connection).filter(|left| *left != connection);
        self.connection = connection;
        self.head.clear();
        self.searched = 0;
        self.head_start = 0;
        self.asterisks = Asterisks::default();
        self.surplus = Surplus::default();
        let transcript = &mut self.transcript;
        transcript.sent = Kept::default();
        transcript.received = Kept::default();
        transcript.response = None;
        transcript.ending = None;
        transcript.interim.clear();
        transcript.is_not_http = false;
        transcript.arrivals = Default::default();
        transcript.held_up = 0;
        let Times { resolved, connected, .. } = transcript.times;
        transcript.times = Times { resolved, connected, ..Times::default() };
    }

    fn open(&mut self, opened: &Opened, at: u64) {
        let now = Some(milliseconds(at));
        let times = &mut self.transcript.times;
        match opened {
            Opened::Resolved { .. } => times.resolved = now,
            Opened::Connected { .. } | Opened::Reused { .. } => times.connected = now,
            Opened::Tls(facts) => {
                times.tls = now;
                self.transcript.tls = Some(facts.clone());
            }
            Opened::HeldUp { milliseconds } => {
                self.transcript.held_up += milliseconds;
                return;
            }
            Opened::Failed { .. } | Opened::Tunnelled { .. } => {}
        }
        if self.transcript.opened.len() < MOST_OPENED {
            self.transcript.opened.push(opened.clone());
        }
    }

    fn take(&mut self, bytes: &[u8], at: u64, time: u64) {
        if self.transcript.is_not_http {
            return;
        }
        if self.transcript.response.is_some() {
            return self.take_body(bytes, at, time);
        }
        let flow = joined(&mut self.head, bytes);
        let mut taken = 0;
        while let Some(head) = self.next_head(&flow[taken..]) {
            taken += (head.span.end - head.span.start) as usize;
            // 101 is final: what follows it is another protocol.
            if head.status().is_some_and(|status| (100..200).contains(&status) && status != 101) {
                if self.transcript.interim.len() < MOST_INTERIM {
                    self.transcript.interim.push(head);
                }
                continue;
            }
            self.transcript.times.head = Some(milliseconds(time));
            self.transcript.response = Some(respond(head, self.head_start, self.transcript.asked.lost));
            return self.take_body(&flow[taken..], self.head_start, time);
        }
        self.head = if taken == 0 { flow.into_owned() } else { flow[taken..].to_vec() };
    }

    /// The head with which the flow begins, once it is complete.
    fn next_head(&mut self, flow: &[u8]) -> Option<Head> {
        let looks_like_http = flow.iter().zip(b"HTTP/").all(|(byte, expected)| byte == expected);
        // An empty line may have begun in what was searched before.
        let from = self.searched.saturating_sub(2);
        let Some(end) = head::end_of_head(&flow[from..]).filter(|_| looks_like_http) else {
            self.searched = flow.len();
            self.transcript.is_not_http = !looks_like_http || flow.len() > head::LONGEST;
            return None;
        };
        let head = Head::parse(&flow[..from + end], self.head_start);
        self.searched = 0;
        self.head_start = head.span.end;
        Some(head)
    }

    fn take_body(&mut self, bytes: &[u8], at: u64, time: u64) {
        let Some(Response { body, content, digests, may_be_masked, at_declared, .. }) = &mut self.transcript.response else {
            return;
        };
        let (asterisks, surplus) = (&mut self.asterisks, &mut self.surplus);
        let body_start = body.start;
        let mut is_by_length = body.promise.framing != Framing::Chunked || body.falsely_chunked;
        let declared_end = body.promise.declared().and_then(|declared| body_start.checked_add(declared));
        if at_declared.is_none() && is_by_length && declared_end == Some(at) {
            *at_declared = Some(surplus.begin(content));
        }
        let is_checked = !digests.is_empty() || content.label.is_some();
        body.cut(bytes, at, |piece, at, bytes| {
            if piece == Piece::Beyond {
                return;
            }
            digests.iter_mut().for_each(|digest| digest.update(bytes));
            *may_be_masked |= is_checked && asterisks.are_in(bytes);
            // The data of a chunk stands behind its size: a body that begins with payload is not chunked, whatever its head says.
            is_by_length |= at == body_start;
            let end = at + bytes.len() as u64;
            match declared_end.filter(|_| is_by_length) {
                Some(declared_end) if at < declared_end && declared_end <= end => {
                    let (within, after) = bytes.split_at((declared_end - at) as usize);
                    content.feed(within, at, time);
                    *at_declared = Some(surplus.begin(content));
                    surplus.follow(content, after, declared_end, time);
                }
                Some(declared_end) if at >= declared_end => surplus.follow(content, bytes, at, time),
                _ => content.feed(bytes, at, time),
            }
        });
        if let Some(at) = content.stream().and_then(|stream| stream.first_token_at) {
            self.transcript.times.first_token = Some(milliseconds(at));
        }
    }

    fn next(&self) -> Next {
        if self.transcript.is_not_http {
            return Next::Settle;
        }
        match &self.transcript.response {
            Some(response) if response.body.is_complete() && self.is_kept_open(response) => Next::Keep,
            Some(response) if response.body.is_complete() => Next::Linger,
            Some(response) if response.content.is_whole() || response.body.is_lost() => Next::Settle,
            _ => Next::More,
        }
    }

    /// RFC 9112 section 9.3: HTTP/1.1 persists unless either side says `close`. What came beyond the end makes it unfit.
    fn is_kept_open(&self, response: &Response) -> bool {
        let (head, body) = (&response.head, &response.body);
        let says_close = |field: &super::head::Field| field.value.to_ascii_lowercase().contains("close");
        head.version() == "HTTP/1.1"
            && matches!(body.promise.framing, Framing::Chunked | Framing::ContentLength)
            && !head.all("connection").any(says_close)
            && end_of(body) == Some(self.received())
    }

    /// The answer's text that came since the last call, where it comes as a stream.
    pub fn take_fresh_text(&mut self) -> Option<String> {
        match &mut self.transcript.response.as_mut()?.content.form {
            super::content::Form::Stream(stream) if stream.has_fresh() => Some(stream.take_fresh()),
            _ => None,
        }
    }

    /// A connection that was open before ended without a byte for this request.
    pub fn was_left_while_idle(&self) -> bool {
        let how = self.transcript.ending.as_ref().map(|ending| ending.how);
        self.is_on_reused() && self.received() == 0 && matches!(how, Some(How::Fin | How::Reset | How::TlsClose | How::TlsCut))
    }

    /// A connection that was open before brought what is no response, or more than one: the first of it may be what the server had left
    /// to say to an earlier request.
    pub fn may_be_anothers(&self) -> bool {
        let is_beyond = |response: &Response| end_of(&response.body).is_some_and(|end| end < self.received());
        self.is_on_reused() && (self.transcript.is_not_http || self.transcript.response.as_ref().is_some_and(is_beyond))
    }

    fn is_on_reused(&self) -> bool {
        matches!(self.transcript.opened.last(), Some(Opened::Reused { .. }))
    }

    /// How many bytes have come so far.
    pub fn received(&self) -> u64 {
        self.transcript.received.length()
    }

    /// No more events will come.
    pub fn finish(mut self) -> Transcript {
        // A recording may have no end: then the last byte is the last thing known.
        let times = &self.transcript.times;
        let time = times.total.or(times.last_byte).map_or(0, |last| (last * 1000.0) as u64);
        if let Some(response) = &mut self.transcript.response {
            response.content.finish(time);
        }
        self.transcript
    }
}

/// Where the message ends, as its framing tells it.
fn end_of(body: &Body) -> Option<u64> {
    body.chunked_end.or_else(|| body.start.checked_add(body.promise.declared()?))
}

/// The response that a head opens; its body begins at `start`.
fn respond(head: Head, start: u64, lost: Lost) -> Response {
    let promise = Promise::of(&head);
    let is_unframed = match promise.framing {
        Framing::Chunked => lost.chunks,
        Framing::ContentLength => lost.length,
        Framing::Close | Framing::None => false,
    };
    let body = if is_unframed { Body::unframed(promise, start) } else { Body::new(promise, start) };
    let labels: Vec<&str> = head.all("content-encoding").map(|field| field.value.as_str()).filter(|_| !lost.coding).collect();
    let mut content = Content::new(Some(&labels.join(", ")));
    let promised = || if lost.coding || lost.length { Vec::new() } else { digest::promised(&head) };
    content.digests = promised();
    let digests = promised();
    Response { head, body, content, digests, may_be_masked: false, at_declared: None }
}

/// What follows the declared end belongs to the content while that has not ended: it is what the declaration left out.
#[derive(Debug, Default)]
struct Surplus {
    /// What follows belongs to something else.
    is_foreign: bool,
}

impl Surplus {
    /// At the declared end.
    fn begin(&mut self, content: &Content) -> Checkpoint {
        self.is_foreign = has_ended(content);
        content.checkpoint()
    }

    fn follow(&mut self, content: &mut Content, bytes: &[u8], mut at: u64, time: u64) {
        // A coding has an end of its own, and a decoder takes nothing behind it.
        if content.progress().is_some() {
            if !content.checkpoint().is_whole {
                content.feed(bytes, at, time);
            }
            return;
        }
        // Only these bytes can end it: a bracket JSON, a line end a stream.
        for part in bytes.split_inclusive(|byte| matches!(byte, b'}' | b']' | b'\n' | b'\r')) {
            if self.is_foreign {
                return;
            }
            // White space directly behind it was written with it.
            let blanks = part.len() - part.trim_ascii_start().len();
            let (own, foreign) = part.split_at(if has_ended(content) { blanks } else { part.len() });
            content.feed(own, at, time);
            at += own.len() as u64;
            self.is_foreign = !foreign.is_empty();
        }
    }
}

/// JSON is closed; a stream has said `[DONE]`, which the declaration counted too if it comes.
fn has_ended(content: &Content) -> bool {
    content.stream().map_or_else(|| content.is_whole(), |stream| stream.done > 0)
}

/// Looks for what a masked secret leaves behind, also over the border of two reads.
#[derive(Debug, Default)]
struct Asterisks {
    /// How many stand at the end of what came so far.
    run: usize,
}

impl Asterisks {
    const MASK: &[u8] = b"****";

    fn are_in(&mut self, bytes: &[u8]) -> bool {
        let is_asterisk = |byte: &&u8| **byte == b'*';
        let leading = bytes.iter().take_while(is_asterisk).count();
        let is_masked = self.run + leading >= Self::MASK.len() || memchr::memmem::find(bytes, Self::MASK).is_some();
        self.run = if leading == bytes.len() { self.run + leading } else { bytes.iter().rev().take_while(is_asterisk).count() };
        is_masked
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    fn read(flow: &[u8], step: usize) -> Transcript {
        let mut reader = Reader::new(Asked::default());
        for piece in flow.chunks(step) {
            reader.hear(&Event { at: 0, connection: 0, kind: Kind::Received(Cow::Borrowed(piece)) });
        }
        reader.finish()
    }

    #[test]
    fn heads_are_found_in_pieces_of_any_size() {
        for end in ["\r\n", "\n"] {
            let flow = format!(
                "HTTP/1.1 100 Continue{end}{end}HTTP/1.1 103 Early Hints{end}Link: x{end}{end}HTTP/1.1 200 OK{end}A: b{end}{end}body"
            );
            for step in 1..=flow.len() {
                let transcript = read(flow.as_bytes(), step);
                let interim: Vec<_> = transcript.interim.iter().map(Head::status).collect();
                let response = transcript.response.expect("a head");
                assert_eq!((interim, response.head.status()), (vec![Some(100), Some(103)], Some(200)), "by {step}");
                assert_eq!((response.body.payload, response.body.start), (4, flow.len() as u64 - 4), "by {step}");
            }
        }
    }

    #[test]
    fn the_end_of_a_connection_that_was_left_is_not_the_end_of_the_exchange() {
        use crate::exchange::recording::{Ending, How};
        let received = |connection, bytes: &'static str| Event { at: 0, connection, kind: Kind::Received(Cow::Borrowed(bytes.as_bytes())) };
        let sent = |bytes: &'static str| Event { at: 0, connection: 0, kind: Kind::Sent(Cow::Borrowed(bytes.as_bytes())) };
        let end = |connection, how| Event { at: 0, connection, kind: Kind::End(Ending::new(how)) };
        let (tunnel, answer) = ("HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.1 201 OK\r\nContent-Length: 0\r\n\r\n");
        let cases = [
            (vec![received(0, tunnel), received(1, answer), end(1, How::Fin), end(0, How::Reset)], Some(201), Some(How::Fin)),
            (vec![received(0, tunnel), received(1, answer), end(0, How::Reset), end(1, How::Fin)], Some(201), Some(How::Fin)),
            (vec![received(0, tunnel), end(0, How::Reset), received(1, answer)], Some(201), None),
            (vec![received(0, tunnel), end(1, How::Refused)], None, Some(How::Refused)),
            (
                vec![sent("CONNECT a:443 "), received(0, tunnel), sent("POST /"), received(0, answer), end(0, How::Fin)],
                Some(201),
                Some(How::Fin),
            ),
        ];
        for (events, status, how) in cases {
            let mut reader = Reader::new(Asked::default());
            events.iter().for_each(|event| {
                reader.hear(event);
            });
            let transcript = reader.finish();
            let told = transcript.response.and_then(|response| response.head.status());
            assert_eq!((told, transcript.ending.map(|ending| ending.how)), (status, how), "{events:?}");
        }
    }

    #[test]
    fn what_follows_a_content_that_the_surplus_made_whole_is_no_part_of_it() {
        let plain = "Content-Length: 3\r\n\r\n";
        let both = "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n";
        let cases = [
            (format!("{plain}{{\"a\":[1]}}{{\"b\":2}}"), "{\"a\":[1]}"),
            (format!("{plain}{{\"a\":[1]}} \n HTTP/1.1 200 OK\r\n"), "{\"a\":[1]} \n "),
            (format!("{plain}{{ }} \n"), "{ }"),
            (format!("{both}7\r\n{{\"a\":1}}\r\n2\r\n{{}}\r\n0\r\n\r\n"), "{\"a\":1}{}"),
        ];
        for (flow, expected) in cases {
            let flow = format!("HTTP/1.1 200 OK\r\n{flow}");
            for step in 1..=flow.len() {
                let content = read(flow.as_bytes(), step).response.expect("a head").content;
                assert_eq!(content.document(), Some(expected.as_bytes()), "{flow} by {step}");
            }
        }
    }

    #[test]
    fn a_stream_is_counted_to_its_done_behind_the_declared_end() {
        let body = "data: {\"choices\":[{\"delta\":{\"content\":\"你\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        let flow = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}HTTP/1.1 200 OK\r\n\r\n", body.chars().count());
        for step in 1..=flow.len() {
            let content = read(flow.as_bytes(), step).response.expect("a head").content;
            assert_eq!((content.characters, content.decoded), (body.chars().count() as u64, body.len() as u64), "by {step}");
        }
    }

    #[test]
    fn a_mask_is_seen_in_pieces_of_any_size() {
        let head = "HTTP/1.1 200 OK\r\nContent-MD5: XUFAKrxLKna5cZ2REBfFkg==\r\n\r\n";
        for (body, expected) in [("{\"a\":\"sk-****\"}", true), ("{\"a\":\"***_*_***\"}", false)] {
            let flow = format!("{head}{body}");
            for step in 1..=flow.len() {
                assert_eq!(read(flow.as_bytes(), step).response.expect("a head").may_be_masked, expected, "{body} by {step}");
            }
        }
    }

    #[test]
    fn only_what_comes_alone_and_whole_over_a_kept_connection_is_surely_the_answer() {
        let reused = Opened::Reused { address: "127.0.0.1:1".into() };
        let fresh = Opened::Connected { address: "127.0.0.1:1".into() };
        let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        let cases = [
            (answer.to_string(), false),
            (answer[..answer.len() - 1].to_string(), false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n".to_string(), false),
            ("HTTP/1.1 200 OK\r\n\r\n{}".to_string(), false),
            (format!("HTTP/1.1 100 Continue\r\n\r\n{answer}"), false),
            (String::new(), false),
            (answer.repeat(2), true),
            (format!("{answer}\n"), true),
            (format!("}}{answer}"), true),
            (format!("\r\n{answer}"), true),
        ];
        for (flow, expected) in cases {
            for (opened, expected) in [(&reused, expected), (&fresh, false)] {
                let mut reader = Reader::new(Asked::default());
                reader.hear(&Event { at: 0, connection: 0, kind: Kind::Open(opened.clone()) });
                reader.hear(&Event { at: 1, connection: 0, kind: Kind::Received(Cow::Borrowed(flow.as_bytes())) });
                assert_eq!(reader.may_be_anothers(), expected, "{flow:?} {opened:?}");
            }
        }
    }

    #[test]
    fn interim_heads_without_end_are_not_all_kept() {
        let flow = "HTTP/1.1 102 Processing\r\n\r\n".repeat(1000);
        for step in [10, flow.len()] {
            assert_eq!(read(flow.as_bytes(), step).interim.len(), MOST_INTERIM);
        }
    }
}
