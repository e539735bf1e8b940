//! `curl --trace` and `--trace-ascii`: what was sent and received in blocks of dumped bytes, and curl's own words.

use super::exchange::{Exchange, Stages};
use super::raw;
use super::recognise::{is_trace_mark, without_stamp};
use super::said::Said;
use crate::exchange::source::{Lost, Source};

/// Every exchange in the trace: a request head after a response opens the next.
pub fn exchanges(bytes: &[u8]) -> Vec<Exchange> {
    let mut trace = Trace::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // With `--trace -` the body stands on the same stream as the trace.
        let line = trace.part_of_trace(line);
        let rest = without_stamp(line);
        if is_trace_mark(rest) {
            trace.open_block(rest, micros_of_day(line));
        } else {
            trace.dump(line);
        }
    }
    trace.close_block();
    trace.parts.push(std::mem::take(&mut trace.part));
    let last = trace.parts.len() - 1;
    let leads_on =
        |part: &Part| part.sent.starts_with(b"CONNECT ") || part.said.leads_on || part.sent.is_empty() && part.received.is_empty();
    let parts = trace.parts.into_iter().enumerate().filter(|(index, part)| *index == last || !leads_on(part));
    parts.map(|(_, part)| part.into_exchange()).collect()
}

#[derive(Default)]
struct Trace {
    parts: Vec<Part>,
    part: Part,
    block: Option<Block>,
}

#[derive(Default)]
struct Part {
    sent: Vec<u8>,
    received: Vec<u8>,
    arrivals: Vec<(u64, usize)>,
    said: Said,
    is_ascii: bool,
    /// curl has said that it holds the response for complete, and nothing else.
    is_contented: bool,
    started: Option<u64>,
    stages: Stages,
}

struct Block {
    is_received: bool,
    is_header: bool,
    length: usize,
    bytes: Vec<u8>,
    is_ascii: bool,
    at: Option<u64>,
}

/// The length of `12:34:56.789012 `.
const STAMP: usize = 16;

impl Trace {
    /// The line from where the trace goes on in it.
    fn part_of_trace<'a>(&self, line: &'a [u8]) -> &'a [u8] {
        if is_trace_mark(without_stamp(line)) || self.block.as_ref().is_some_and(|block| block.bytes.len() + 2 < block.length) {
            return line;
        }
        let marks = [b"== Info: ".as_slice(), b"=> Send ", b"<= Recv "];
        let at = marks.iter().filter_map(|mark| memchr::memmem::rfind(line, mark)).max();
        let Some(at) = at.filter(|at| memchr::memchr(b'"', &line[*at..]).is_none()) else { return line };
        // «12:34:56.789012 » belongs to the trace, and `[0-0] ` behind it.
        let before = &line[..at];
        let ids = if before.ends_with(b"] ") { memchr::memrchr(b'[', before).unwrap_or(at) } else { at };
        let start = ids.saturating_sub(STAMP);
        if micros_of_day(&line[start..]).is_some() { &line[start..] } else { &line[ids..] }
    }

    fn open_block(&mut self, line: &[u8], time: Option<u64>) {
        self.close_block();
        let text = String::from_utf8_lossy(line).into_owned();
        let is_next = text.starts_with("=> Send header") && (!self.part.received.is_empty() || self.part.sent.ends_with(b"\r\n\r\n"))
            || text.starts_with("== Info:   Trying ") && (!self.part.received.is_empty() || self.part.said.has_ended());
        if is_next {
            self.parts.push(std::mem::take(&mut self.part));
        }
        let part = &mut self.part;
        let since = time.map(|time| time.saturating_sub(*part.started.get_or_insert(time)));
        if let Some(words) = text.strip_prefix("== Info: ") {
            part.said.hear(words);
            part.is_contented = words.starts_with("Connection #") || words.starts_with("Closing connection") && part.is_contented;
            if words.starts_with("Connected to") || words.starts_with("Established connection") {
                part.stages.connected = since;
            }
            if words.starts_with("SSL connection using") {
                part.stages.tls = since;
            }
            if words.starts_with("Closing connection") || words.starts_with("Connection #") || words.starts_with("Operation timed out") {
                part.stages.total = part.stages.total.or(since);
            }
            return;
        }
        let Some((direction, rest)) = text.split_once(", ").filter(|(direction, _)| !direction.contains("SSL")) else {
            return;
        };
        let length = rest.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let is_received = direction.starts_with("<=");
        match is_received {
            true => part.stages.first_byte = part.stages.first_byte.or(since),
            false => part.stages.sent = since,
        }
        self.block =
            Some(Block { is_received, is_header: direction.ends_with("header"), length, bytes: Vec::new(), is_ascii: false, at: since });
    }

    /// `0000: 48 54 54 50 …  HTTP…` or, in ASCII, `0000: HTTP/1.1 200 OK`.
    fn dump(&mut self, line: &[u8]) {
        let Some(block) = &mut self.block else { return };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let Some(rest) = line.get(digits..).and_then(|rest| rest.strip_prefix(b":")).filter(|_| digits >= 4) else {
            return;
        };
        // A line of nothing but a line end may have lost its last blank.
        let rest = rest.strip_prefix(b" ").unwrap_or(rest);
        let offset = std::str::from_utf8(&line[..digits]).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or(0);
        if block.bytes.len() >= block.length {
            return;
        }
        if let Some(bytes) = hexadecimal(rest, block.length.saturating_sub(offset)) {
            return block.bytes.extend_from_slice(&bytes);
        }
        block.is_ascii = true;
        // A line ends where the traced text has CRLF; the next offset is then two further on.
        if offset == block.bytes.len() + 2 {
            block.bytes.extend_from_slice(b"\r\n");
        }
        let left = block.length - block.bytes.len();
        block.bytes.extend_from_slice(&rest[..rest.len().min(left)]);
    }

    fn close_block(&mut self) {
        let Some(mut block) = self.block.take() else { return };
        if block.is_ascii && block.length == block.bytes.len() + 2 {
            block.bytes.extend_from_slice(b"\r\n");
        }
        // A dot stands for the line feed of a field that ends with nothing else.
        if block.is_ascii && block.is_header && block.is_received && block.length == block.bytes.len() && block.bytes.ends_with(b".") {
            block.bytes.pop();
            block.bytes.push(b'\n');
        }
        let part = &mut self.part;
        // curl traces no empty line behind a 1xx head.
        if block.is_received
            && block.bytes.starts_with(b"HTTP/")
            && part.received.starts_with(b"HTTP/1.1 1")
            && raw::final_head(&part.received).is_empty()
        {
            part.received.extend_from_slice(if part.received.ends_with(b"\r\n\r\n") { b"" } else { b"\r\n" });
        }
        part.is_ascii |= block.is_ascii && block.is_received;
        if block.is_received
            && let Some(at) = block.at
        {
            // What was put between counts with what came next.
            let known: usize = part.arrivals.iter().map(|(_, length)| length).sum();
            part.arrivals.push((at, part.received.len() - known + block.bytes.len()));
        }
        let flow = if block.is_received { &mut part.received } else { &mut part.sent };
        flow.extend_from_slice(&block.bytes);
    }
}

/// The bytes of `48 54 54 50 2f …  HTTP/…`, at most 16 and at most what is left of the block.
fn hexadecimal(rest: &[u8], left: usize) -> Option<Vec<u8>> {
    let count = left.min(16);
    // In ASCII form a line is never longer than the bytes that it stands for.
    if count == 0 || rest.len() <= count {
        return None;
    }
    let byte = |group: &[u8]| {
        let pair = group.get(..2).filter(|_| group.get(2).is_none_or(|byte| *byte == b' '))?;
        u8::from_str_radix(std::str::from_utf8(pair).ok().filter(|pair| pair.bytes().all(|byte| byte.is_ascii_hexdigit()))?, 16).ok()
    };
    let bytes: Vec<u8> = rest.chunks(3).take(count).map_while(byte).collect();
    (bytes.len() == count).then_some(bytes)
}

/// `12:34:56.789012` of `--trace-time`.
fn micros_of_day(line: &[u8]) -> Option<u64> {
    let stamp = String::from_utf8_lossy(line.split(|byte| *byte == b' ').next()?).into_owned();
    let (clock, fraction) = stamp.split_once('.')?;
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let micros: u64 = fraction.get(..6)?.parse().ok()?;
    Some(((hours.min(48) * 60 + minutes.min(60)) * 60 + seconds.min(60)) * 1_000_000 + micros)
}

impl Part {
    fn into_exchange(mut self) -> Exchange {
        let mut exchange = Exchange::of(Source::CurlTrace);
        self.said.is_cut_head = self.is_contented && !self.received.is_empty() && raw::final_head(&self.received).is_empty();
        exchange.sent = self.sent;
        exchange.received = if self.is_ascii { with_line_feeds(self.received) } else { self.received };
        let of_wire = raw::lost(&exchange.received);
        exchange.asked.lost = Lost {
            end: true,
            arrivals: self.arrivals.is_empty(),
            chunks: of_wire.chunks,
            // The ASCII form shows a dot for every byte that is none: no digest can fit it, and a compressed body cannot be read in it.
            coding: self.is_ascii,
            body: self.is_ascii && of_wire.coding,
            length: false,
        };
        if exchange.asked.lost.body {
            exchange.received.truncate(exchange.received.len() - raw::body(&exchange.received).len());
        }
        exchange.arrivals = self.arrivals;
        exchange.stages = self.stages;
        self.said.tell(&mut exchange);
        exchange
    }
}

/// The ASCII form shows a line feed as a dot: outside the strings of JSON, and not between two digits, it can be nothing else.
fn with_line_feeds(mut received: Vec<u8>) -> Vec<u8> {
    let start = received.len() - raw::body(&received).len();
    let (mut in_string, mut escaped) = (false, false);
    let body = &mut received[start..];
    for at in 0..body.len() {
        match body[at] {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'.' if !in_string => {
                let is_digit = |at: Option<usize>| at.and_then(|at| body.get(at)).is_some_and(u8::is_ascii_digit);
                if !(is_digit(at.checked_sub(1)) && is_digit(at.checked_add(1))) {
                    body[at] = b'\n';
                }
            }
            _ => {}
        }
    }
    received
}
