//! A message head as it stood on the wire: every field in its order, case and place. Whatever the bytes are, there is a head.

use std::ops::Range;

/// A place in the bytes of one side of a connection.
pub type Span = Range<u64>;

/// A head longer than this is no head.
pub const LONGEST: usize = 1024 * 1024;

/// A response's status line and fields, or a request's first line and fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Head {
    /// The first line without its end; bytes that are not UTF-8 as replacement characters.
    pub first_line: String,
    pub first_line_span: Span,
    pub fields: Vec<Field>,
    /// The second word of a status line, where it is a number; nearly every rule asks for it.
    status: Option<u16>,
    /// From the first byte of the first line to the last of the empty line.
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    /// Without the white space around it; bytes that are not UTF-8 as replacement characters.
    pub value: String,
    pub value_span: Span,
}

impl Head {
    /// Reads a whole head, its empty line included, that begins at `start` of the flow.
    pub fn parse(bytes: &[u8], start: u64) -> Head {
        let mut lines = Lines { bytes, at: 0 };
        let first = lines.next().unwrap_or(0..0);
        let mut fields: Vec<Field> = Vec::new();
        for line in lines {
            let text = &bytes[line.clone()];
            let at = start + line.start as u64;
            match memchr::memchr(b':', text) {
                // RFC 9112 section 5.2: an obsolete folded line goes on with the value before it.
                _ if matches!(text.first(), Some(b' ' | b'\t')) => {
                    if let Some(field) = fields.last_mut() {
                        field.value.push(' ');
                        field.value.push_str(String::from_utf8_lossy(text).trim());
                        field.value_span.end = at + text.len() as u64;
                    }
                }
                Some(colon) => {
                    let value = &text[colon + 1..];
                    let before = value.len() - value.trim_ascii_start().len();
                    let trimmed = value.trim_ascii();
                    let value_start = at + (colon + 1 + before) as u64;
                    fields.push(Field {
                        name: words(&text[..colon]),
                        value: words(trimmed),
                        value_span: value_start..value_start + trimmed.len() as u64,
                    });
                }
                None if text.is_empty() => {}
                None => fields.push(Field { name: words(text), value: String::new(), value_span: at..at + text.len() as u64 }),
            }
        }
        let first_line_span = start + first.start as u64..start + first.end as u64;
        let first_line = words(&bytes[first]);
        Head {
            status: first_line.split_whitespace().nth(1).and_then(|word| word.parse().ok()),
            first_line_span,
            first_line,
            fields,
            span: start..start + bytes.len() as u64,
        }
    }

    /// All fields of that name, in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.fields.iter().filter(move |field| field.name.eq_ignore_ascii_case(name))
    }

    /// The first value of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name)).map(|field| field.value.as_str())
    }

    /// The second word of a status line, where it is a number.
    pub fn status(&self) -> Option<u16> {
        self.status
    }

    /// `HTTP/1.1` and the like.
    pub fn version(&self) -> &str {
        self.first_line.split_whitespace().next().unwrap_or("")
    }

    /// The words after the status.
    pub fn reason(&self) -> &str {
        self.first_line.splitn(3, ' ').nth(2).unwrap_or("").trim()
    }
}

/// Bytes that are not UTF-8 as replacement characters. Nearly all are.
fn words(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes).into_owned(), str::to_string)
}

/// The lines of a head without their ends, up to the empty one.
struct Lines<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Iterator for Lines<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        if self.at >= self.bytes.len() {
            return None;
        }
        let start = self.at;
        let end = memchr::memchr(b'\n', &self.bytes[start..]).map_or(self.bytes.len(), |offset| start + offset);
        self.at = end + 1;
        let end = if end > start && self.bytes[end - 1] == b'\r' { end - 1 } else { end };
        Some(start..end)
    }
}

/// Where a head ends: after the first empty line. `None` while it has not come.
pub fn end_of_head(bytes: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'\n', bytes).find_map(|newline| match &bytes[newline + 1..] {
        [b'\n', ..] => Some(newline + 2),
        [b'\r', b'\n', ..] => Some(newline + 3),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_order_duplicates_and_places_survive() {
        let bytes = b"HTTP/1.1 200 All Right\r\nContent-Length: 5\r\nx-A:b\r\nCONTENT-length:  5 \r\n\r\n";
        let head = Head::parse(bytes, 100);
        assert_eq!((head.version(), head.status(), head.reason()), ("HTTP/1.1", Some(200), "All Right"));
        let shown: Vec<_> = head.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
        assert_eq!(shown, [("Content-Length", "5"), ("x-A", "b"), ("CONTENT-length", "5")]);
        for field in &head.fields {
            let range = (field.value_span.start - 100) as usize..(field.value_span.end - 100) as usize;
            assert_eq!(&bytes[range], field.value.as_bytes());
        }
    }

    #[test]
    fn a_folded_line_a_line_without_colon_and_bare_line_feeds_are_read() {
        let head = Head::parse(b"HTTP/1.1 200\nA: b\n c\nnonsense\n\n", 0);
        let shown: Vec<_> = head.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())).collect();
        assert_eq!(shown, [("A", "b c"), ("nonsense", "")]);
        assert_eq!((head.status(), head.reason()), (Some(200), ""));
    }

    #[test]
    fn the_place_of_a_line_is_that_of_its_bytes_not_of_its_text() {
        let head = Head::parse(b"HTTP/1.1 200 \xff\xfe\r\nA:\r\xff\r\n\r\n", 7);
        assert_eq!((head.reason(), head.first_line_span.clone()), ("\u{fffd}\u{fffd}", 7..22));
        assert_eq!((head.fields[0].value.as_str(), head.fields[0].value_span.clone()), ("\u{fffd}", 27..28));
    }

    #[test]
    fn the_end_of_a_head_is_after_the_first_empty_line() {
        assert_eq!(end_of_head(b"a\r\nb\r\n\r\nbody"), Some(8));
        assert_eq!(end_of_head(b"a\n\nb"), Some(3));
        assert_eq!(end_of_head(b"a\r\nb\r\n"), None);
    }
}
