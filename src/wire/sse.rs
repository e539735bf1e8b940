//! The event-stream format of the WHATWG HTML standard, read as the bytes come: lines end with CR, LF or CRLF; a leading byte order
//! mark, comments and unknown fields are skipped; several data lines are one datum.

/// One line longer than this is counted, and its event is marked as too large to be read.
const LONGEST_LINE: usize = 8 * 1024 * 1024;

/// An event as dispatched.
#[derive(Debug, PartialEq)]
pub struct Event<'a> {
    /// Empty for a message.
    pub name: &'a str,
    pub data: &'a [u8],
    /// Part of the data was too large to be kept.
    pub is_too_large: bool,
    /// The place of its lines in the flow, as far as the flow's places were given.
    pub start: u64,
    pub end: u64,
}

/// Cuts a flow of bytes into events.
#[derive(Debug, Default)]
pub struct Parser {
    /// A line that goes on in the next piece.
    line: Vec<u8>,
    line_start: u64,
    line_is_too_large: bool,
    data: Vec<u8>,
    has_data: bool,
    data_is_too_large: bool,
    name: String,
    event_start: Option<u64>,
    /// The last byte was a CR: an LF right after it belongs to it.
    after_cr: bool,
    is_started: bool,
    pub comments: u64,
}

/// What stands in the flow after its last complete event.
#[derive(Debug, PartialEq)]
pub struct Rest {
    pub start: u64,
    pub data: Vec<u8>,
    /// The last line has no end: it may be cut anywhere.
    pub is_inside_line: bool,
}

impl Parser {
    /// Reads the next piece, whose first byte is at `base`, and gives every event to `dispatch`.
    pub fn feed(&mut self, bytes: &[u8], base: u64, dispatch: &mut impl FnMut(Event<'_>)) {
        let mut at = 0;
        if self.after_cr && bytes.first() == Some(&b'\n') {
            at = 1;
        }
        if !bytes.is_empty() {
            self.after_cr = false;
        }
        // The data of an event that lies in this piece as a whole is not copied.
        let mut whole: Option<&[u8]> = None;
        while at < bytes.len() {
            let Some(length) = memchr::memchr2(b'\n', b'\r', &bytes[at..]) else {
                break;
            };
            let line = &bytes[at..at + length];
            let start = base + at as u64;
            let mut next = at + length + 1;
            if bytes[at + length] == b'\r' {
                match bytes.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            at = next;
            let end = base + next as u64;
            if !self.line.is_empty() || self.line_is_too_large {
                let mut joined = std::mem::take(&mut self.line);
                self.extend_line(&mut joined, line);
                let line_start = self.line_start;
                self.take_line(&joined, line_start, end, dispatch);
                joined.clear();
                self.line = joined;
                self.line_is_too_large = false;
            } else if line.is_empty() {
                match whole.take() {
                    Some(data) => self.dispatch_whole(data, end, dispatch),
                    None => self.dispatch(end, dispatch),
                }
            } else if let (Some(data), false, None) = (line.strip_prefix(b"data: "), self.has_data, whole) {
                self.is_started = true;
                self.event_start.get_or_insert(start);
                whole = Some(data);
            } else {
                if let Some(data) = whole.take() {
                    self.add_data(data);
                }
                self.take_line(line, start, end, dispatch);
            }
        }
        if let Some(data) = whole {
            self.add_data(data);
        }
        if at < bytes.len() {
            if self.line.is_empty() && !self.line_is_too_large {
                self.line_start = base + at as u64;
            }
            let mut line = std::mem::take(&mut self.line);
            self.extend_line(&mut line, &bytes[at..]);
            self.line = line;
        }
    }

    fn extend_line(&mut self, line: &mut Vec<u8>, more: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(line.len());
        line.extend_from_slice(&more[..more.len().min(room)]);
        self.line_is_too_large |= more.len() > room;
    }

    fn take_line(&mut self, line: &[u8], start: u64, end: u64, dispatch: &mut impl FnMut(Event<'_>)) {
        let line = if self.is_started { line } else { line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line) };
        self.is_started = true;
        if line.is_empty() {
            return self.dispatch(end, dispatch);
        }
        self.event_start.get_or_insert(start);
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => {
                self.comments += 1;
                if !self.has_data && self.name.is_empty() {
                    self.event_start = None;
                }
                return;
            }
            Some(colon) => (&line[..colon], line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..])),
            None => (line, &line[line.len()..]),
        };
        match field {
            b"data" => {
                self.data_is_too_large |= self.line_is_too_large;
                self.add_data(value);
            }
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            // llama.cpp's server tells an error in a field of that name (ggml-org/llama.cpp: `server_sent_event(sink, "error", …)`).
            b"error" if value.starts_with(b"{") => {
                self.name = "error".into();
                self.data_is_too_large |= self.line_is_too_large;
                self.add_data(value);
            }
            // `id` and `retry` matter only to a client that reconnects.
            _ => {}
        }
    }

    fn add_data(&mut self, value: &[u8]) {
        if self.has_data {
            self.data.push(b'\n');
        }
        self.has_data = true;
        let room = LONGEST_LINE.saturating_sub(self.data.len());
        self.data_is_too_large |= value.len() > room;
        self.data.extend_from_slice(&value[..value.len().min(room)]);
    }

    fn dispatch_whole(&mut self, data: &[u8], end: u64, dispatch: &mut impl FnMut(Event<'_>)) {
        let start = self.event_start.take().unwrap_or(end);
        dispatch(Event { name: &self.name, data, is_too_large: false, start, end });
        self.name.clear();
    }

    fn dispatch(&mut self, end: u64, dispatch: &mut impl FnMut(Event<'_>)) {
        let start = self.event_start.take().unwrap_or(end);
        if self.has_data {
            dispatch(Event { name: &self.name, data: &self.data, is_too_large: self.data_is_too_large, start, end });
        }
        self.data.clear();
        self.has_data = false;
        self.data_is_too_large = false;
        self.name.clear();
    }

    /// What is left when the flow has ended, if anything but comments is. The standard discards it; a reader that wants to know
    /// whether the stream was cut does not.
    pub fn finish(&mut self) -> Option<Rest> {
        let is_inside_line = !self.line.is_empty();
        if is_inside_line {
            let line = std::mem::take(&mut self.line);
            let start = self.line_start;
            self.take_line(&line, start, start + line.len() as u64, &mut |_| {});
        }
        let start = self.event_start?;
        Some(Rest { start, data: std::mem::take(&mut self.data), is_inside_line })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &[u8], step: usize) -> (Vec<(String, String)>, Option<Rest>, u64) {
        let mut parser = Parser::default();
        let mut seen = Vec::new();
        for (index, piece) in text.chunks(step).enumerate() {
            parser.feed(piece, (index * step) as u64, &mut |event| {
                let data = String::from_utf8_lossy(event.data).into_owned();
                let place = &text[event.start as usize..event.end as usize];
                let first = data.lines().next().unwrap_or("");
                assert!(String::from_utf8_lossy(place).contains(first), "{place:?} holds {data:?}");
                seen.push((event.name.to_string(), data));
            });
        }
        let rest = parser.finish();
        (seen, rest, parser.comments)
    }

    fn pair(name: &str, data: &str) -> (String, String) {
        (name.into(), data.into())
    }

    #[test]
    fn every_rule_of_the_format_holds_in_pieces_of_any_size() {
        let cases: &[(&str, &[(&str, &str)])] = &[
            ("data: a\n\ndata: b\n\n", &[("", "a"), ("", "b")]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]),
            ("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]),
            ("data:a\n\ndata:  b\n\n", &[("", "a"), ("", " b")]),
            ("data: 1\ndata: 2\ndata\n\n", &[("", "1\n2\n")]),
            ("\u{feff}data: a\n\n", &[("", "a")]),
            (": hello\n\n:\ndata: a\n\n", &[("", "a")]),
            ("event: error\ndata: a\n\ndata: b\n\n", &[("error", "a"), ("", "b")]),
            ("id: 1\nretry: 5\nunknown: x\ndata: a\nid\n\n", &[("", "a")]),
            ("event: lonely\n\ndata: a\n\n", &[("", "a")]),
            ("\n\n\ndata: a\n\n\n\n", &[("", "a")]),
        ];
        for (text, expected) in cases {
            let expected: Vec<_> = expected.iter().map(|(name, data)| pair(name, data)).collect();
            for step in 1..=text.len() {
                let (seen, rest, _) = events(text.as_bytes(), step);
                assert_eq!((seen, rest), (expected.clone(), None), "{text:?} by {step}");
            }
        }
    }

    #[test]
    fn what_follows_the_last_empty_line_is_kept_as_the_rest() {
        for step in 1..20 {
            let (seen, rest, _) = events(b"data: a\n\ndata: {\"x", step);
            assert_eq!(seen, [pair("", "a")]);
            assert_eq!(rest, Some(Rest { start: 9, data: b"{\"x".to_vec(), is_inside_line: true }));
            let (_, rest, _) = events(b"data: [DONE]\n", step);
            assert_eq!(rest, Some(Rest { start: 0, data: b"[DONE]".to_vec(), is_inside_line: false }));
        }
    }

    #[test]
    fn comments_are_counted_and_leave_no_rest() {
        let (seen, rest, comments) = events(b": a\n: b\n\n: c\n", 4);
        assert_eq!((seen, rest, comments), (vec![], None, 3));
    }

    #[test]
    fn a_line_without_end_stays_within_bounds() {
        let mut parser = Parser::default();
        let piece = vec![b'x'; 1 << 20];
        parser.feed(b"data: ", 0, &mut |_| unreachable!());
        for _ in 0..32 {
            parser.feed(&piece, 6, &mut |_| unreachable!());
        }
        assert!(parser.line.capacity() <= 2 * LONGEST_LINE);
        let mut too_large = 0;
        parser.feed(b"\n\ndata: small\n\n", 0, &mut |event| too_large += u32::from(event.is_too_large));
        assert_eq!(too_large, 1);
    }
}
