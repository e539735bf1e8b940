//! Whether a JSON text has come to its end, known at every byte and without keeping the text. It follows strings and brackets only:
//! what else may be wrong inside is for a real parser to say. No answer is a string, a number or a word.

/// How far a JSON text came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Closure {
    /// Only white space so far.
    #[default]
    Empty,
    Open,
    /// The first value was closed before this offset.
    Closed {
        end: u64,
    },
    /// A closing bracket that nothing opened or of the other kind, or neither an object nor an array at all.
    Broken {
        at: u64,
    },
}

#[derive(Debug, Default)]
pub struct Scanner {
    closure: Closure,
    /// One bit for each open bracket, the innermost last: set for an object.
    open: Vec<bool>,
    is_too_deep: bool,
    in_string: bool,
    escaped: bool,
    offset: u64,
    /// Where something other than white space follows the first value.
    pub trailing: Option<u64>,
}

/// Brackets nested deeper than this are no chat answer; the text then never closes.
pub(super) const DEEPEST: usize = 100_000;
/// RFC 8259 section 8.1 forbids it and lets a parser pass over it.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Scanner {
    pub fn closure(&self) -> Closure {
        self.closure
    }

    /// How many quotes and brackets would close the text as it stands.
    pub fn closers(&self) -> u64 {
        self.open.len() as u64 + u64::from(self.in_string)
    }

    pub fn is_in_string(&self) -> bool {
        self.in_string
    }

    /// The innermost open bracket is an object's.
    pub fn is_in_object(&self) -> bool {
        self.open.last() == Some(&true)
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        let mut at = if self.offset == 0 && bytes.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        while at < bytes.len() && !self.is_too_deep {
            if self.in_string {
                at += self.skip_string(&bytes[at..]);
                continue;
            }
            let byte = bytes[at];
            at += 1;
            match self.closure {
                Closure::Empty | Closure::Open => self.take(byte, self.offset + at as u64),
                Closure::Closed { .. } if !byte.is_ascii_whitespace() => {
                    self.trailing.get_or_insert(self.offset + at as u64 - 1);
                    break;
                }
                Closure::Closed { .. } => {}
                Closure::Broken { .. } => break,
            }
        }
        self.offset += bytes.len() as u64;
    }

    /// `end` is the offset after the byte.
    fn take(&mut self, byte: u8, end: u64) {
        if byte.is_ascii_whitespace() {
            return;
        }
        self.closure = Closure::Open;
        match byte {
            b'{' | b'[' if self.open.len() == DEEPEST => self.is_too_deep = true,
            b'{' | b'[' => self.open.push(byte == b'{'),
            b'}' | b']' => match self.open.pop() {
                Some(is_object) if is_object == (byte == b'}') => {
                    if self.open.is_empty() {
                        self.closure = Closure::Closed { end };
                    }
                }
                _ => self.closure = Closure::Broken { at: end - 1 },
            },
            _ if self.open.is_empty() => self.closure = Closure::Broken { at: end - 1 },
            b'"' => self.in_string = true,
            _ => {}
        }
    }

    /// Goes to the end of the string or of the bytes, and says how many were skipped.
    fn skip_string(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        if self.escaped {
            self.escaped = false;
            at = 1;
        }
        while let Some(found) = memchr::memchr2(b'"', b'\\', &bytes[at.min(bytes.len())..]) {
            at += found + 1;
            if bytes[at - 1] == b'"' {
                self.in_string = false;
                return at;
            }
            if at == bytes.len() {
                self.escaped = true;
                return at;
            }
            at += 1;
        }
        bytes.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str, step: usize) -> (Closure, Option<u64>) {
        let mut scanner = Scanner::default();
        text.as_bytes().chunks(step).for_each(|piece| scanner.feed(piece));
        (scanner.closure(), scanner.trailing)
    }

    #[test]
    fn a_text_is_closed_after_its_last_bracket_and_not_before() {
        let text = r#"  {"a":[1,{"b":"}]\"\\"}],"c":"你好"}"#;
        for step in 1..=text.len() {
            assert_eq!(scan(text, step), (Closure::Closed { end: text.len() as u64 }, None), "by {step}");
        }
        for cut in 3..text.len() {
            let Some(prefix) = text.get(..cut) else { continue };
            assert_eq!(scan(prefix, 4).0, Closure::Open, "{prefix}");
        }
    }

    #[test]
    fn nothing_but_a_bracket_opens_an_answer() {
        assert_eq!(scan("\"ab\"", 1).0, Closure::Broken { at: 0 });
        assert_eq!(scan(" null\n", 2).0, Closure::Broken { at: 1 });
        assert_eq!(scan(" \n", 1).0, Closure::Empty);
    }

    #[test]
    fn a_byte_order_mark_is_passed_over() {
        for text in ["\u{feff}{}", "\u{feff}\n{}"] {
            assert_eq!(scan(text, 100), (Closure::Closed { end: text.len() as u64 }, None));
        }
    }

    #[test]
    fn a_text_that_is_too_deep_to_follow_never_closes() {
        let text = format!("{}{}", "[".repeat(DEEPEST + 1), "]".repeat(DEEPEST + 1));
        assert_eq!(scan(&text, 1000), (Closure::Open, None));
        let text = format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST));
        assert_eq!(scan(&text, 1000), (Closure::Closed { end: text.len() as u64 }, None));
    }

    #[test]
    fn what_follows_the_first_value_is_found() {
        for step in [1, 100] {
            assert_eq!(scan("{} \n{\"b\":1}", step), (Closure::Closed { end: 2 }, Some(4)));
        }
        assert_eq!(scan("[}", 1).0, Closure::Broken { at: 1 });
    }
}
