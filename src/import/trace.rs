//! `curl --trace` and `--trace-ascii`: what was sent and received in blocks of dumped bytes, and curl's own words.

use super::exchange::{Exchange, Stages};
use super::raw;
use super::recognise::{is_trace_mark, without_stamp};
use crate::exchange::recording::{Opened, TlsFacts};
use crate::exchange::source::{Lost, Source};
use crate::testimony;

/// Every exchange in the trace: a request head after a response opens the next.
pub fn exchanges(bytes: &[u8]) -> Vec<Exchange> {
    let mut trace = Trace::default();
    for line in bytes.split(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
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
    let parts = trace.parts.into_iter().enumerate().filter(|(index, part)| *index == last || !part.sent.starts_with(b"CONNECT "));
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
    words: String,
    is_tls: bool,
    is_ascii: bool,
    started: Option<u64>,
    stages: Stages,
}

struct Block {
    is_received: bool,
    length: usize,
    bytes: Vec<u8>,
    is_ascii: bool,
}

impl Trace {
    fn open_block(&mut self, line: &[u8], time: Option<u64>) {
        self.close_block();
        let text = String::from_utf8_lossy(line).into_owned();
        if text.starts_with("=> Send header") && !self.part.received.is_empty() {
            self.parts.push(std::mem::take(&mut self.part));
        }
        let part = &mut self.part;
        let since = time.map(|time| time.saturating_sub(*part.started.get_or_insert(time)));
        if let Some(words) = text.strip_prefix("== Info: ") {
            part.is_tls |= words.starts_with("SSL connection using");
            part.words.push_str(words);
            part.words.push('\n');
            if words.starts_with("Connected to") || words.starts_with("Established connection") {
                part.stages.connected = since;
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
        self.block = Some(Block { is_received, length, bytes: Vec::new(), is_ascii: false });
    }

    /// `0000: 48 54 54 50 …  HTTP…` or, in ASCII, `0000: HTTP/1.1 200 OK`.
    fn dump(&mut self, line: &[u8]) {
        let Some(block) = &mut self.block else { return };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let Some(rest) = line.get(digits..).and_then(|rest| rest.strip_prefix(b": ")).filter(|_| digits >= 4) else {
            return;
        };
        let offset = std::str::from_utf8(&line[..digits]).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok()).unwrap_or(0);
        if let Some(bytes) = hexadecimal(rest, block.length.saturating_sub(offset)) {
            return block.bytes.extend_from_slice(&bytes);
        }
        block.is_ascii = true;
        // A line ends where the traced text has CRLF; the next offset is then two further on.
        if offset == block.bytes.len() + 2 {
            block.bytes.extend_from_slice(b"\r\n");
        }
        block.bytes.extend_from_slice(rest);
    }

    fn close_block(&mut self) {
        let Some(mut block) = self.block.take() else { return };
        if block.is_ascii && block.length == block.bytes.len() + 2 {
            block.bytes.extend_from_slice(b"\r\n");
        }
        self.part.is_ascii |= block.is_ascii && block.is_received;
        let flow = if block.is_received { &mut self.part.received } else { &mut self.part.sent };
        flow.extend_from_slice(&block.bytes);
    }
}

/// The bytes of `48 54 54 50 2f …  HTTP/…`, at most 16 and at most what is left of the block.
fn hexadecimal(rest: &[u8], left: usize) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for group in rest.chunks(3).take(left.min(16)) {
        let pair = group.get(..2).and_then(|pair| std::str::from_utf8(pair).ok())?;
        if group.get(2).is_some_and(|byte| *byte != b' ') || !pair.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        bytes.push(u8::from_str_radix(pair, 16).ok()?);
    }
    // In ASCII form a text may begin with two digits and a blank; in this form a whole line has its column of text behind it.
    (!bytes.is_empty() && (rest.len() > bytes.len() * 3)).then_some(bytes)
}

/// `12:34:56.789012` of `--trace-time`, or seconds since 1970 with a fraction.
fn micros_of_day(line: &[u8]) -> Option<u64> {
    let stamp = String::from_utf8_lossy(line.split(|byte| *byte == b' ').next()?).into_owned();
    let (clock, fraction) = stamp.split_once('.')?;
    let mut parts = clock.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let micros: u64 = fraction.get(..6)?.parse().ok()?;
    Some(((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros)
}

impl Part {
    fn into_exchange(self) -> Exchange {
        let mut exchange = Exchange::of(Source::CurlTrace);
        let lost = raw::lost(&self.received);
        exchange.asked.lost = Lost { end: true, arrivals: true, ..lost };
        // The ASCII form shows a dot for every byte that is none: a compressed body cannot be read in it.
        exchange.asked.lost.body = self.is_ascii && lost.coding;
        if self.is_tls {
            exchange.opened.push(Opened::Tls(TlsFacts::default()));
        }
        exchange.testimony = Some(testimony::hear(&self.words));
        exchange.sent = self.sent;
        exchange.received = self.received;
        exchange.stages = self.stages;
        exchange
    }
}
