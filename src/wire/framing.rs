//! Where a response body begins and ends, RFC 9112 section 6: by declared length, by chunks, or by the end of the connection.
//! A body that keeps none of its promises is still read to its last byte; what was promised and what came are facts.

use serde::Serialize;

use super::head::{Head, Span};

/// How the head says that the body ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Framing {
    Chunked,
    Close,
    ContentLength,
    #[default]
    None,
}

/// One Content-Length value as declared; a list in one field counts as several.
#[derive(Clone, Debug, PartialEq)]
pub struct Declared {
    /// `None` where the text is not a number that a length can be.
    pub bytes: Option<u64>,
    pub text: String,
    pub span: Span,
}

/// What the head promises about the body.
#[derive(Clone, Debug, Default)]
pub struct Promise {
    pub framing: Framing,
    pub lengths: Vec<Declared>,
    /// Where a transfer coding is named, if one is.
    pub transfer_encoding: Option<Span>,
}

impl Promise {
    pub fn of(head: &Head) -> Promise {
        let status = head.status().unwrap_or(0);
        let lengths: Vec<Declared> = head.all("content-length").flat_map(|field| declared(&field.value, &field.value_span)).collect();
        let transfer = head.all("transfer-encoding").filter(|field| !field.value.trim().eq_ignore_ascii_case("identity")).last();
        let is_chunked =
            transfer.is_some_and(|field| field.value.rsplit(',').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("chunked")));
        let framing = match () {
            // RFC 9112 section 6.3, rule 1; nothing but a head answers these.
            () if status == 204 || status == 304 => Framing::None,
            () if is_chunked => Framing::Chunked,
            () if transfer.is_none() && lengths.iter().any(|length| length.bytes.is_some()) => Framing::ContentLength,
            () => Framing::Close,
        };
        Promise { framing, lengths, transfer_encoding: transfer.map(|field| field.value_span.clone()) }
    }

    /// The first declared length that is a number.
    pub fn declared(&self) -> Option<u64> {
        self.lengths.iter().find_map(|length| length.bytes)
    }

    fn largest(&self) -> Option<u64> {
        self.lengths.iter().filter_map(|length| length.bytes).max()
    }
}

fn declared(value: &str, span: &Span) -> Vec<Declared> {
    // In a value that was folded or is not UTF-8, a part's place in the text is not its place on the wire.
    let is_verbatim = span.end - span.start == value.len() as u64;
    let mut at = span.start;
    let parts = value.split(',').map(|part| {
        let text = part.trim();
        let before = (part.len() - part.trim_start().len()) as u64;
        let start = at + before;
        at += part.len() as u64 + 1;
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let bytes = if is_number { text.parse().ok() } else { None };
        let own_span = start..start + text.len() as u64;
        Declared { bytes, text: text.to_string(), span: if is_verbatim { own_span } else { span.clone() } }
    });
    parts.collect()
}

/// What is wrong with a chunk, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkFault {
    pub what: ChunkFaultKind,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChunkFaultKind {
    /// The chunk's size is not a hexadecimal number, or too large to be one.
    Size,
    /// The chunk's data is not followed by a line end.
    DataEnd,
}

/// A body on its way: cuts the flow after the head into payload, framing and surplus.
#[derive(Debug)]
pub struct Body {
    pub promise: Promise,
    /// Where the body begins in the flow.
    pub start: u64,
    /// Body bytes on the wire without chunk framing, and without what follows the end that the framing names, if it names one by chunks.
    pub payload: u64,
    pub chunks: u64,
    pub smallest_and_largest_chunk: Option<(u64, u64)>,
    pub fault: Option<ChunkFault>,
    /// Where the last chunk and its trailer ended, for a chunked body.
    pub chunked_end: Option<u64>,
    /// Transfer-Encoding says chunked, Content-Length is there too, and the body is not chunked at all.
    pub falsely_chunked: bool,
    /// The source of these bytes shows the payload only: nothing can be said of the framing that the head names.
    pub is_unframed: bool,
    /// Its source says that the connection broke before the message was complete.
    pub is_broken: bool,
    state: State,
}

#[derive(Debug)]
enum State {
    /// By length or until close: all bytes are payload.
    Whole,
    Size {
        line: Vec<u8>,
        start: u64,
    },
    Data {
        left: u64,
    },
    DataEnd {
        seen_cr: bool,
        start: u64,
    },
    Trailer {
        line_is_blank: bool,
    },
    /// After the last chunk, or after a chunk that is none.
    Over,
}

/// What a piece of a body's flow is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece {
    Payload,
    /// Bytes after the end of a chunked body, or after a malformed chunk.
    Beyond,
}

/// A chunk size line longer than this has no size in it.
const LONGEST_SIZE_LINE: usize = 4096;

impl Body {
    pub fn new(promise: Promise, start: u64) -> Body {
        let state = match promise.framing {
            Framing::Chunked => State::Size { line: Vec::new(), start },
            _ => State::Whole,
        };
        Body {
            promise,
            start,
            payload: 0,
            chunks: 0,
            smallest_and_largest_chunk: None,
            fault: None,
            chunked_end: None,
            falsely_chunked: false,
            is_unframed: false,
            is_broken: false,
            state,
        }
    }

    /// A body of which only the payload is known.
    pub fn unframed(promise: Promise, start: u64) -> Body {
        Body { is_unframed: true, state: State::Whole, ..Body::new(promise, start) }
    }

    /// The message is complete by its framing.
    pub fn is_complete(&self) -> bool {
        match self.promise.framing {
            _ if self.is_unframed => !self.is_broken,
            Framing::None => true,
            Framing::Chunked => self.chunked_end.is_some() || (self.falsely_chunked && self.has_declared_length()),
            Framing::ContentLength => self.has_declared_length(),
            Framing::Close => false,
        }
    }

    fn has_declared_length(&self) -> bool {
        self.promise.largest().is_some_and(|length| self.payload >= length)
    }

    /// The framing can no longer be followed.
    pub fn is_lost(&self) -> bool {
        self.fault.is_some()
    }

    /// Cuts the next bytes of the flow, which begin at `at`, and gives every piece with its place to `piece`.
    pub fn cut(&mut self, bytes: &[u8], at: u64, mut piece: impl FnMut(Piece, u64, &[u8])) {
        let mut taken = 0;
        while taken < bytes.len() {
            taken += self.step(&bytes[taken..], at + taken as u64, &mut piece);
        }
    }

    /// Takes at least one byte and says how many.
    fn step(&mut self, bytes: &[u8], at: u64, piece: &mut impl FnMut(Piece, u64, &[u8])) -> usize {
        match &mut self.state {
            State::Whole => {
                self.payload += bytes.len() as u64;
                piece(Piece::Payload, at, bytes);
                bytes.len()
            }
            State::Over => {
                piece(Piece::Beyond, at, bytes);
                bytes.len()
            }
            State::Data { left } => {
                let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                *left -= taken as u64;
                if *left == 0 {
                    self.state = State::DataEnd { seen_cr: false, start: at + taken as u64 };
                }
                self.payload += taken as u64;
                piece(Piece::Payload, at, &bytes[..taken]);
                taken
            }
            State::DataEnd { seen_cr, start } => {
                match bytes[0] {
                    b'\r' if !*seen_cr => *seen_cr = true,
                    b'\n' => self.state = State::Size { line: Vec::new(), start: at + 1 },
                    _ => {
                        let span = *start..at + 1;
                        self.lose(ChunkFaultKind::DataEnd, span);
                        piece(Piece::Beyond, at, &bytes[..1]);
                    }
                }
                1
            }
            State::Size { line, .. } => {
                let newline = memchr::memchr(b'\n', bytes);
                let taken = newline.map_or(bytes.len(), |newline| newline + 1);
                line.extend_from_slice(&bytes[..taken]);
                if newline.is_some() || size_is_impossible(line) {
                    self.end_of_size_line(piece);
                }
                taken
            }
            State::Trailer { line_is_blank } => {
                let newline = memchr::memchr(b'\n', bytes);
                let taken = newline.map_or(bytes.len(), |newline| newline + 1);
                *line_is_blank &= bytes[..taken].trim_ascii().is_empty();
                if newline.is_some() {
                    if *line_is_blank {
                        self.chunked_end = Some(at + taken as u64);
                        self.state = State::Over;
                    } else {
                        *line_is_blank = true;
                    }
                }
                taken
            }
        }
    }

    fn end_of_size_line(&mut self, piece: &mut impl FnMut(Piece, u64, &[u8])) {
        let State::Size { line, start } = std::mem::replace(&mut self.state, State::Over) else {
            return;
        };
        match chunk_size(&line) {
            Some(0) => self.state = State::Trailer { line_is_blank: true },
            Some(size) => {
                self.chunks += 1;
                let (smallest, largest) = self.smallest_and_largest_chunk.unwrap_or((size, size));
                self.smallest_and_largest_chunk = Some((smallest.min(size), largest.max(size)));
                self.state = State::Data { left: size };
            }
            // Not chunked from its first byte on, with a length declared too: the label was wrong, not the body.
            None if start == self.start && self.promise.declared().is_some() => {
                self.falsely_chunked = true;
                self.state = State::Whole;
                self.payload += line.len() as u64;
                piece(Piece::Payload, start, &line);
            }
            None => {
                self.lose(ChunkFaultKind::Size, start..start + line.trim_ascii_end().len().max(1) as u64);
                piece(Piece::Beyond, start, &line);
            }
        }
    }

    fn lose(&mut self, what: ChunkFaultKind, span: Span) {
        self.fault = Some(ChunkFault { what, span });
        self.state = State::Over;
    }

    /// The flow ended inside a chunk, its size line or the trailer; `None` for a body that is not chunked or whose end came.
    pub fn stopped_inside(&self) -> Option<Inside> {
        match &self.state {
            State::Data { left } => Some(Inside::Chunk { missing: *left }),
            State::DataEnd { .. } => Some(Inside::Chunk { missing: 0 }),
            State::Size { line, .. } if line.is_empty() => Some(Inside::Border),
            State::Size { .. } => Some(Inside::Size),
            State::Trailer { .. } => Some(Inside::Trailer),
            State::Whole | State::Over => None,
        }
    }
}

/// Where in a chunked body the flow stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    /// Between two chunks.
    Border,
    Chunk {
        missing: u64,
    },
    Size,
    /// The last chunk came, the empty line after it did not.
    Trailer,
}

/// The size in a chunk's first line; extensions after `;` are ignored (RFC 9112 section 7.1.1).
fn chunk_size(line: &[u8]) -> Option<u64> {
    if size_is_impossible(line) {
        return None;
    }
    let digits = line.split(|byte| *byte == b';').next()?.trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// No continuation makes this a size line. What is true of a line's beginning is true of the line, so that it does not matter where the
/// flow was cut into reads.
fn size_is_impossible(line: &[u8]) -> bool {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or(line).trim_ascii_start();
    line.len() > LONGEST_SIZE_LINE || digits.len() > 64 || digits.first().is_some_and(|byte| !byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str, body: &[u8], step: usize) -> (Body, Vec<u8>, Vec<u8>) {
        let head = Head::parse(format!("HTTP/1.1 200 OK\r\n{head}\r\n").as_bytes(), 0);
        let start = head.span.end;
        let mut reader = Body::new(Promise::of(&head), start);
        let (mut payload, mut beyond) = (Vec::new(), Vec::new());
        for (index, bytes) in body.chunks(step).enumerate() {
            reader.cut(bytes, start + (index * step) as u64, |piece, at, bytes| {
                let from = (at - start) as usize;
                assert_eq!(&body[from..from + bytes.len()], bytes);
                let flow = if piece == Piece::Payload { &mut payload } else { &mut beyond };
                flow.extend_from_slice(bytes);
            });
        }
        (reader, payload, beyond)
    }

    #[test]
    fn a_chunked_body_reads_the_same_in_pieces_of_any_size() {
        let body = b"5;x=y\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: 1\r\n\r\nmore";
        for step in 1..body.len() {
            let (reader, payload, beyond) = read("Transfer-Encoding: chunked\r\n", body, step);
            assert_eq!((payload.as_slice(), beyond.as_slice()), (&b"hello0123456789"[..], &b"more"[..]), "step {step}");
            assert_eq!((reader.chunks, reader.smallest_and_largest_chunk), (2, Some((5, 10))));
            assert!(reader.is_complete() && reader.fault.is_none());
        }
    }

    #[test]
    fn where_a_chunked_body_stopped_is_known() {
        let cases: [(&[u8], Inside); 6] = [
            (b"5\r\nhel", Inside::Chunk { missing: 2 }),
            (b"5\r\nhello", Inside::Chunk { missing: 0 }),
            (b"5\r\nhello\r\n", Inside::Border),
            (b"5\r\nhello\r\n1", Inside::Size),
            (b"5\r\nhello\r\n0\r\n", Inside::Trailer),
            (b"", Inside::Border),
        ];
        for (body, inside) in cases {
            assert_eq!(read("Transfer-Encoding: chunked\r\n", body, 100).0.stopped_inside(), Some(inside), "{body:?}");
        }
    }

    #[test]
    fn a_malformed_size_and_missing_line_end_are_found_where_they_stand() {
        for step in [1, 3, 100] {
            let (reader, payload, _) = read("Transfer-Encoding: chunked\r\n", b"2\r\nhi\r\nzz\r\nrest", step);
            let at = reader.start + 7;
            assert_eq!(payload, b"hi");
            assert_eq!(reader.fault.as_ref().map(|fault| (fault.what, fault.span.start)), Some((ChunkFaultKind::Size, at)), "step {step}");
            let (reader, ..) = read("Transfer-Encoding: chunked\r\n", b"2\r\nhi!\r\n", step);
            assert_eq!(reader.fault.map(|fault| fault.what), Some(ChunkFaultKind::DataEnd));
        }
    }

    #[test]
    fn a_size_line_that_is_too_long_is_none_however_it_was_cut() {
        let zeros = format!("{}\r\n\r\n", "0".repeat(65));
        let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(LONGEST_SIZE_LINE));
        for body in [&zeros, &extension] {
            for step in [1, 7, body.len()] {
                let (reader, payload, beyond) = read("Transfer-Encoding: chunked\r\n", body.as_bytes(), step);
                assert_eq!((payload.len(), beyond.len()), (0, body.len()), "{step}");
                assert_eq!(reader.fault.map(|fault| fault.what), Some(ChunkFaultKind::Size), "{step}");
            }
        }
    }

    #[test]
    fn chunked_wins_over_a_length_unless_the_body_is_not_chunked() {
        let both = "Content-Length: 13\r\nTransfer-Encoding: chunked\r\n";
        assert_eq!(read(both, b"2\r\nhi\r\n0\r\n\r\n", 100).1, b"hi");
        for step in [1, 2, 100] {
            let (reader, payload, _) = read(both, b"da {\"a\":\"c\"}\n", step);
            assert_eq!(payload, b"da {\"a\":\"c\"}\n");
            assert!(reader.falsely_chunked && reader.is_complete());
        }
    }

    #[test]
    fn lengths_are_read_from_lists_and_repeated_fields_with_their_places() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\nContent-Length: -1\r\n\r\n";
        let promise = Promise::of(&Head::parse(text.as_bytes(), 0));
        let lengths: Vec<_> = promise.lengths.iter().map(|length| (length.bytes, length.text.as_str())).collect();
        assert_eq!(lengths, [(Some(5), "5"), (Some(7), "7"), (None, "-1")]);
        for length in &promise.lengths {
            assert_eq!(&text[length.span.start as usize..length.span.end as usize], length.text);
        }
    }

    #[test]
    fn a_length_in_a_value_that_is_not_verbatim_stands_somewhere_in_it() {
        for value in [&b"\xff\xff, 5"[..], b"7,\r\n 5"] {
            let bytes = [b"HTTP/1.1 200 OK\r\nContent-Length: ", value, b"\r\n\r\n"].concat();
            let promise = Promise::of(&Head::parse(&bytes, 0));
            let length = promise.lengths.last().unwrap();
            assert_eq!((length.bytes, &bytes[length.span.start as usize..length.span.end as usize]), (Some(5), value));
        }
    }
}
