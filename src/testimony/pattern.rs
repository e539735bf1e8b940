//! A pattern of words with slots, as data: `(received {received} bytes, expected {declared})`.

use memchr::memmem::Finder;

use super::{Statement, Symptom, quoting};

/// Words that name a symptom.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Literal text in any ASCII case; a blank stands for any white space, so that a line which a terminal has wrapped is found too.
    /// `{name}` stands for a number, `{name*}` for text up to what follows, or for one word where nothing does, `{name**}` for the rest
    /// of the line, `{*}` for text that is not kept. `^` and `$` are the ends of a line.
    pub words: &'static str,
    pub symptom: Symptom,
    /// Whose words they are: the program, and its version where it matters.
    pub speaker: &'static str,
}

/// A row of a table.
pub(super) const fn pattern(words: &'static str, symptom: Symptom, speaker: &'static str) -> Pattern {
    Pattern { words, symptom, speaker }
}

/// No pattern tries more than so many steps in a text.
const MOST_STEPS: u32 = 20_000;

/// A slot's text is not longer than this.
const LONGEST_SLOT: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Literal(&'static str),
    Blank,
    Number(&'static str),
    Text(&'static str),
    Rest(&'static str),
    LineStart,
    LineEnd,
}

/// A pattern made ready to be looked for.
pub(super) struct Matcher {
    parts: Vec<Part>,
    first: Finder<'static>,
    is_at_line_start: bool,
    symptom: Symptom,
    speaker: &'static str,
}

impl Matcher {
    /// `None` for a pattern that does not begin with a word: it could stand anywhere.
    pub fn new(pattern: &Pattern) -> Option<Matcher> {
        let mut parts = parts(pattern.words);
        let is_at_line_start = parts.first() == Some(&Part::LineStart);
        parts.drain(..usize::from(is_at_line_start));
        let Some(Part::Literal(first)) = parts.first() else {
            return None;
        };
        let first = Finder::new(&first.to_ascii_lowercase()).into_owned();
        Some(Matcher { parts, first, is_at_line_start, symptom: pattern.symptom, speaker: pattern.speaker })
    }

    /// It knows a beginning, and takes whatever follows.
    pub fn is_open(&self) -> bool {
        matches!(self.parts.last(), Some(Part::Rest(_)))
    }

    /// How many letters the words give themselves: of two patterns at one place the longer is the more exact.
    pub fn letters(&self) -> usize {
        self.parts.iter().map(|part| if let Part::Literal(literal) = part { literal.len() } else { 0 }).sum()
    }

    /// The first place in the text where the words stand and are not merely quoted. `lower` is the text in ASCII lower case.
    pub fn find(&self, text: &str, lower: &str) -> Option<Statement> {
        let mut search = Search { text, lower, left: MOST_STEPS };
        self.first.find_iter(lower.as_bytes()).find_map(|start| {
            if (self.is_at_line_start && !begins_line(&text[..start])) || continues_word(text, start) {
                return None;
            }
            let mut values = Vec::new();
            let end = search.follow(&self.parts[1..], start + self.first.needle().len(), &mut values)?;
            let is_said = !is_inside_word(text, end) && !quoting::is_quoted(text, start);
            is_said.then_some(Statement { symptom: self.symptom, speaker: self.speaker, values, span: start..end })
        })
    }
}

/// `AxiosError` begins a word at its second capital.
fn continues_word(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    let is_hump = at > 0 && bytes[at - 1].is_ascii_lowercase() && bytes[at].is_ascii_uppercase();
    !is_hump && is_inside_word(text, at)
}

/// A letter or digit stands on both sides of the place.
fn is_inside_word(text: &str, at: usize) -> bool {
    let is_part = |at: Option<usize>| at.and_then(|at| text.as_bytes().get(at)).is_some_and(u8::is_ascii_alphanumeric);
    is_part(at.checked_sub(1)) && is_part(Some(at))
}

/// Only indentation, a mark of quotation, a logger's stamp (`2026-11-23T15:00:00Z ERROR`, `web-1  |`) or the escape that stands for a
/// new line in JSON is before it.
pub(super) fn begins_line(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or(before);
    let line = line.rsplit("\\n").next().unwrap_or(line);
    // The field of a log line that holds an error and nothing else.
    const FIELDS: [&str; 6] = ["\"err\":\"", "\"err\": \"", "\"error\":\"", "\"error\": \"", "err=\"", "error=\""];
    if FIELDS.iter().any(|field| line.ends_with(field)) {
        return true;
    }
    // `#` begins a comment of a program.
    let is_stamp =
        |word: &str| matches!(word, "stderr" | "stdout" | "F") || !word.bytes().any(|byte| byte.is_ascii_lowercase() || byte == b'#');
    line.trim_end().ends_with('|') || line.split_whitespace().all(is_stamp)
}

fn ends_line(rest: &str) -> bool {
    let rest = rest.trim_start_matches([' ', '\t', '\r']);
    rest.is_empty() || rest.starts_with(['\n', '"', '`']) || rest.starts_with("\\n")
}

/// Where one pattern is looked for in one text.
struct Search<'a> {
    text: &'a str,
    lower: &'a str,
    /// Steps that may still be tried: slots of free text have many ends.
    left: u32,
}

/// An end, and the values on the way to it.
type Followed = (usize, Vec<(&'static str, String)>);

impl Search<'_> {
    /// Where the parts end if they stand at `at`, one after another.
    fn follow(&mut self, parts: &[Part], mut at: usize, values: &mut Vec<(&'static str, String)>) -> Option<usize> {
        self.left = self.left.checked_sub(1)?;
        for (index, part) in parts.iter().enumerate() {
            let rest = &self.lower.as_bytes()[at..];
            let length = match *part {
                Part::LineStart => return None,
                Part::LineEnd => ends_line(self.text.get(at..)?).then_some(0)?,
                Part::Literal(literal) => literal_length(rest, literal)?,
                Part::Blank => blank_length(rest)?,
                Part::Number(name) => {
                    let length = number_length(rest)?;
                    keep(values, name, self.text.get(at..at + length)?);
                    length
                }
                // What is said beside the words is no part of them: another pattern may know it.
                Part::Rest(name) => {
                    keep(values, name, self.text.get(at..at + line_length(rest))?.trim().trim_end_matches(['"', '\'', '}']));
                    0
                }
                Part::Text(name) if index + 1 < parts.len() => {
                    let (end, (whole_end, inner)) = self.behind_text(&parts[index + 1..], at)?;
                    keep(values, name, self.text.get(at..end)?);
                    values.extend(inner);
                    return Some(whole_end);
                }
                Part::Text(name) => {
                    let length = word_length(&rest[..line_length(rest)]);
                    keep(values, name, self.text.get(at..at + length)?);
                    length
                }
            };
            at += length;
        }
        Some(at)
    }

    /// The nearest place on the line from which the parts follow, and where they end.
    fn behind_text(&mut self, parts: &[Part], at: usize) -> Option<(usize, Followed)> {
        let rest = &self.lower.as_bytes()[at..];
        let line = &rest[..rest.len().min(LONGEST_SLOT)];
        let line = &line[..memchr::memchr(b'\n', line).unwrap_or(line.len())];
        (0..=line.len()).filter(|&offset| self.text.is_char_boundary(at + offset)).find_map(|offset| {
            if let Part::Literal(next) = parts[0]
                && literal_length(&line[offset..], next).is_none()
            {
                return None;
            }
            let mut values = Vec::new();
            let end = self.follow(parts, at + offset, &mut values)?;
            Some((at + offset, (end, values)))
        })
    }
}

fn keep(values: &mut Vec<(&'static str, String)>, name: &'static str, value: &str) {
    if !name.is_empty() && !value.is_empty() {
        values.push((name, value.to_string()));
    }
}

fn literal_length(rest: &[u8], literal: &str) -> Option<usize> {
    rest.get(..literal.len()).filter(|beginning| beginning.eq_ignore_ascii_case(literal.as_bytes())).map(<[u8]>::len)
}

/// White space with at most one line break in it.
fn blank_length(rest: &[u8]) -> Option<usize> {
    let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
    let breaks = blank.clone().filter(|byte| **byte == b'\n').count();
    let length = blank.count();
    (length > 0 && breaks <= 1).then_some(length)
}

/// Digits with separators between them: `928,786`, `60.001`.
fn number_length(rest: &[u8]) -> Option<usize> {
    let is_digit = |at: usize| rest.get(at).is_some_and(u8::is_ascii_digit);
    let is_inside = |at: usize| at > 0 && matches!(rest.get(at), Some(b',' | b'.')) && is_digit(at - 1) && is_digit(at + 1);
    let length = (0..).take_while(|&at| is_digit(at) || is_inside(at)).count();
    (length > 0).then_some(length)
}

fn line_length(rest: &[u8]) -> usize {
    let bounded = &rest[..rest.len().min(LONGEST_SLOT)];
    let escaped = memchr::memmem::find(bounded, b"\\n").unwrap_or(bounded.len());
    memchr::memchr2(b'\n', b'\r', bounded).unwrap_or(bounded.len()).min(escaped)
}

/// A name, an address or a URL: up to white space, a quotation mark or a bracket.
fn word_length(line: &[u8]) -> usize {
    let length = line.iter().position(|byte| byte.is_ascii_whitespace() || b"\"'`()<>[]{},;\\".contains(byte)).unwrap_or(line.len());
    length - line[..length].iter().rev().take_while(|byte| matches!(byte, b'.' | b':')).count()
}

fn parts(words: &'static str) -> Vec<Part> {
    let mut parts = Vec::new();
    let words = match words.strip_prefix('^') {
        Some(rest) => {
            parts.push(Part::LineStart);
            rest
        }
        None => words,
    };
    let (mut rest, ends_line) = words.strip_suffix('$').map_or((words, false), |rest| (rest, true));
    while let Some((before, slot, after)) = next_slot(rest) {
        push_literal(&mut parts, before);
        parts.push(if let Some(name) = slot.strip_suffix("**") {
            Part::Rest(name)
        } else if let Some(name) = slot.strip_suffix('*') {
            Part::Text(name)
        } else {
            Part::Number(slot)
        });
        rest = after;
    }
    push_literal(&mut parts, rest);
    if ends_line {
        parts.push(Part::LineEnd);
    }
    parts
}

/// The text before the next slot, its name and what follows; braces that hold no name are the text's own.
fn next_slot(words: &'static str) -> Option<(&'static str, &'static str, &'static str)> {
    words.match_indices('{').find_map(|(open, _)| {
        let close = open + words[open..].find('}')?;
        let slot = &words[open + 1..close];
        let is_name = !slot.is_empty() && slot.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'_' | b'*'));
        is_name.then(|| (&words[..open], slot, &words[close + 1..]))
    })
}

fn push_literal(parts: &mut Vec<Part>, literal: &'static str) {
    for (index, word) in literal.split(' ').enumerate() {
        if index > 0 && parts.last() != Some(&Part::Blank) {
            parts.push(Part::Blank);
        }
        if !word.is_empty() {
            parts.push(Part::Literal(word));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(words: &'static str, text: &str) -> Option<(Vec<(&'static str, String)>, String)> {
        let pattern = Pattern { words, symptom: Symptom::ShortBody, speaker: "" };
        let statement = Matcher::new(&pattern)?.find(text, &text.to_ascii_lowercase())?;
        Some((statement.values, text[statement.span].to_string()))
    }

    #[test]
    fn numbers_and_names_are_taken_from_their_slots() {
        let (values, place) = find("(received {received} bytes, expected {declared})", "x (Received 0 bytes, expected 928,786) y").unwrap();
        assert_eq!(values, [("received", "0".to_string()), ("declared", "928,786".to_string())]);
        assert_eq!(place, "(Received 0 bytes, expected 928,786)");
        let (values, _) = find("Could not resolve host: {host*}", "curl: (6) Could not resolve host: 例え.example\nnext").unwrap();
        assert_eq!(values, [("host", "例え.example".to_string())]);
        assert_eq!(find("dial tcp{*}no such host", "dial tcp: lookup h on 1.1.1.1:53: no such host").unwrap().0, []);
        assert_eq!(find("after {seconds} s", "after 60.5 s").unwrap().0, [("seconds", "60.5".to_string())]);
        assert_eq!(find("failed: {detail**}", "failed: all of it\r\nnext").unwrap().0, [("detail", "all of it".to_string())]);
    }

    #[test]
    fn a_later_place_is_found_when_an_earlier_one_does_not_go_on() {
        assert_eq!(find("after {n} s", "after x s, after 5 s").unwrap().1, "after 5 s");
        assert_eq!(find("after {n} s", "after x s"), None);
        assert_eq!(find("a{*}b", "a\nb"), None);
    }

    #[test]
    fn a_blank_is_any_white_space_with_one_line_break() {
        assert_eq!(find("bytes remaining to read", "bytes remaining\r\n  to read").unwrap().1, "bytes remaining\r\n  to read");
        assert_eq!(find("bytes remaining", "bytes\n\nremaining"), None);
    }

    #[test]
    fn a_search_ends_after_a_bounded_number_of_steps() {
        let text = "a:1 b [c ".repeat(40_000);
        assert_eq!(find("a{*}:{*} b{*} [{*}never", &text), None);
    }

    #[test]
    fn words_are_whole_and_line_ends_are_ends() {
        assert_eq!(find("no route", "sno routes"), None);
        assert_eq!(find("^EOF$", "x\n  EOF\r\ny").unwrap().1, "EOF");
        assert_eq!(find("^EOF$", "x EOF"), None);
        assert_eq!(find("^EOF$", "EOF while parsing"), None);
    }
}
