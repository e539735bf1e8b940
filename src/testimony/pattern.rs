//! A pattern of words with slots, as data: `(received {received} bytes, expected {declared})`.

use super::{Statement, Symptom};

/// Words that name a symptom.
#[derive(Clone, Copy, Debug)]
pub struct Pattern {
    /// Literal text in any ASCII case. `{name}` stands for a run of digits with commas, `{name*}` for any text within the line, `{*}` for
    /// text that is not kept.
    pub words: &'static str,
    pub symptom: Symptom,
    /// Whose words they are: the program, and its version where it matters.
    pub speaker: &'static str,
}

/// A row of a table.
pub(super) const fn pattern(words: &'static str, symptom: Symptom, speaker: &'static str) -> Pattern {
    Pattern { words, symptom, speaker }
}

/// A slot's text is not longer than this.
const LONGEST_SLOT: usize = 400;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Part<'a> {
    Literal(&'a str),
    Number(&'a str),
    Text(&'a str),
}

impl Pattern {
    /// The first place in the text where the words stand. `lower` is the text in ASCII lower case.
    pub fn find(&self, text: &str, lower: &str) -> Option<Statement> {
        let parts = parts(self.words);
        let Some(Part::Literal(first)) = parts.first() else {
            return None;
        };
        let first = first.to_ascii_lowercase();
        memchr::memmem::find_iter(lower.as_bytes(), first.as_bytes()).find_map(|start| {
            let mut values = Vec::new();
            let end = follow(&parts[1..], text, lower, start + first.len(), &mut values)?;
            Some(Statement { symptom: self.symptom, speaker: self.speaker, values, span: start..end })
        })
    }
}

/// Where the parts end if they stand at `at`, one after another.
fn follow(parts: &[Part<'static>], text: &str, lower: &str, mut at: usize, values: &mut Vec<(&'static str, String)>) -> Option<usize> {
    for (index, part) in parts.iter().enumerate() {
        let rest = &lower.as_bytes()[at..];
        let length = match part {
            Part::Literal(literal) => {
                let literal = literal.to_ascii_lowercase();
                rest.starts_with(literal.as_bytes()).then_some(literal.len())?
            }
            Part::Number(name) => {
                let length = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b',').count();
                values.push((name, text.get(at..at + length).filter(|number| !number.is_empty())?.trim_end_matches(',').to_string()));
                length
            }
            Part::Text(name) => {
                let line = rest.iter().take(LONGEST_SLOT).position(|byte| *byte == b'\n').unwrap_or(rest.len().min(LONGEST_SLOT));
                let length = match parts.get(index + 1) {
                    Some(Part::Literal(next)) => memchr::memmem::find(&rest[..line], next.to_ascii_lowercase().as_bytes())?,
                    _ => line,
                };
                if !name.is_empty() {
                    values.push((name, text.get(at..at + length)?.to_string()));
                }
                length
            }
        };
        at += length;
    }
    Some(at)
}

fn parts(words: &'static str) -> Vec<Part<'static>> {
    let mut parts = Vec::new();
    let mut rest = words;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').map_or(rest.len(), |close| open + close);
        let slot = &rest[open + 1..close];
        // A brace that holds no name is the text's own.
        if close == rest.len() || !slot.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c == '*') || slot.is_empty() {
            break;
        }
        if open > 0 {
            parts.push(Part::Literal(&rest[..open]));
        }
        parts.push(match slot.strip_suffix('*') {
            Some(name) => Part::Text(name),
            None => Part::Number(slot),
        });
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(words: &'static str, text: &str) -> Option<(Vec<(&'static str, String)>, String)> {
        let pattern = Pattern { words, symptom: Symptom::ShortBody, speaker: "" };
        let statement = pattern.find(text, &text.to_ascii_lowercase())?;
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
    }

    #[test]
    fn a_later_place_is_found_when_an_earlier_one_does_not_go_on() {
        assert_eq!(find("after {n} s", "after x s, after 5 s").unwrap().1, "after 5 s");
        assert_eq!(find("after {n} s", "after x s"), None);
        assert_eq!(find("a{*}b", "a\nb"), None);
    }
}
