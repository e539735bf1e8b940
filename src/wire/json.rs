//! Whether a JSON text has come to its end, known at every byte and without keeping the text. It follows strings and brackets only:
//! what else may be wrong inside is for a real parser to say.

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
    /// A closing bracket that nothing opened, or of the other kind.
    Broken {
        at: u64,
    },
}

#[derive(Debug, Default)]
pub struct Scanner {
    closure: Closure,
    /// One bit for each open bracket, the innermost last: set for an object.
    open: Vec<bool>,
    in_string: bool,
    escaped: bool,
    /// A number, `true`, `false` or `null` at the top level; it ends only where something else begins.
    in_bare_word: bool,
    offset: u64,
    /// Where something other than white space follows the first value.
    pub trailing: Option<u64>,
}

/// Brackets nested deeper than this are no chat answer; the text then never closes.
const DEEPEST: usize = 100_000;

impl Scanner {
    pub fn closure(&self) -> Closure {
        match self.closure {
            Closure::Open if self.in_bare_word && self.open.is_empty() => Closure::Closed { end: self.offset },
            closure => closure,
        }
    }

    /// How many quotes and brackets would close the text as it stands.
    pub fn closers(&self) -> u64 {
        self.open.len() as u64 + u64::from(self.in_string)
    }

    pub fn feed(&mut self, bytes: &[u8]) {
        let mut at = 0;
        while at < bytes.len() {
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
            if self.in_bare_word && self.open.is_empty() {
                self.closure = Closure::Closed { end: end - 1 };
            }
            return;
        }
        self.closure = Closure::Open;
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' if self.open.len() < DEEPEST => self.open.push(byte == b'{'),
            b'}' | b']' => match self.open.pop() {
                Some(is_object) if is_object == (byte == b'}') => {
                    if self.open.is_empty() {
                        self.closure = Closure::Closed { end };
                    }
                }
                _ => self.closure = Closure::Broken { at: end - 1 },
            },
            _ if self.open.is_empty() => self.in_bare_word = true,
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
                if self.open.is_empty() {
                    self.closure = Closure::Closed { end: self.offset + at as u64 };
                }
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
    fn strings_and_words_at_the_top_level_close_too() {
        assert_eq!(scan("\"ab\"", 1).0, Closure::Closed { end: 4 });
        assert_eq!(scan("null\n", 2).0, Closure::Closed { end: 4 });
        assert_eq!(scan("12", 2).0, Closure::Closed { end: 2 });
        assert_eq!(scan(" \n", 1).0, Closure::Empty);
    }

    #[test]
    fn what_follows_the_first_value_is_found() {
        for step in [1, 100] {
            assert_eq!(scan("{} \n{\"b\":1}", step), (Closure::Closed { end: 2 }, Some(4)));
        }
        assert_eq!(scan("[}", 1).0, Closure::Broken { at: 1 });
    }
}
