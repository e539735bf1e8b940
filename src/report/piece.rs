//! As much of a long text as is shown: its beginning, its end, never half a character, and how much is left out.

use super::terms;
use crate::lang::Lang;
use crate::wire::kept::Kept;

/// How much of long texts is shown, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub head: usize,
    pub field: usize,
    pub body: usize,
    /// Of a longer body's end.
    pub body_end: usize,
    /// Of a command; twice that of one with a body in it.
    pub command: usize,
}

/// The beginning and the end of a text of any length.
#[derive(Debug, Default, PartialEq)]
pub struct Body {
    pub beginning: String,
    pub omitted: u64,
    pub end: String,
}

impl Body {
    pub fn of_flow(flow: &Kept, start: u64, bounds: Bounds) -> Body {
        let (_, beginning) = flow.slice(start..flow.length());
        let (_, end) = flow.slice(flow.length().saturating_sub(bounds.body_end as u64).max(start)..flow.length());
        Body::of_slices(beginning, end, flow.length() - start, bounds)
    }

    /// From as much of the beginning and of the end of a text of that length as is there.
    pub fn of_slices(beginning: &[u8], end: &[u8], length: u64, bounds: Bounds) -> Body {
        if length <= (bounds.body + bounds.body_end) as u64 && beginning.len() as u64 == length {
            return Body { beginning: lines(beginning), ..Body::default() };
        }
        let beginning = &beginning[..whole_before(beginning, bounds.body)];
        let end = &end[end.len().saturating_sub(bounds.body_end)..];
        let end = &end[end.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count()..];
        Body { beginning: lines(beginning), omitted: length - (beginning.len() + end.len()) as u64, end: lines(end) }
    }
}

/// At most `limit`, and between characters.
pub fn whole_before(bytes: &[u8], limit: usize) -> usize {
    let limit = limit.min(bytes.len());
    let is_inside = |at: usize| bytes.get(at).is_some_and(|byte| (0x80..0xc0).contains(byte));
    (limit.saturating_sub(3)..=limit).rev().find(|at| !is_inside(*at)).unwrap_or(limit)
}

/// Lines of text; the line ends of HTTP and of event streams need no sign.
fn lines(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n")
}

/// The text, or its beginning and how much is not shown.
pub fn cut(text: &str, limit: usize, lang: Lang) -> String {
    if text.len() <= limit {
        return text.to_string();
    }
    let end = whole_before(text.as_bytes(), limit);
    format!("{} {}", &text[..end], terms::CUT.fill(lang, |_| Some((text.len() - end).to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { head: 100, field: 20, body: 8, body_end: 4, command: 10 };

    #[test]
    fn a_short_body_is_shown_whole_and_of_a_long_one_both_ends() {
        let body = |text: &str| Body::of_slices(text.as_bytes(), text.as_bytes(), text.len() as u64, BOUNDS);
        assert_eq!(body("0123456789ab"), Body { beginning: "0123456789ab".into(), ..Body::default() });
        assert_eq!(body("0123456789abc"), Body { beginning: "01234567".into(), omitted: 1, end: "9abc".into() });
    }

    #[test]
    fn no_character_is_cut_in_two() {
        let text = "你好你好你好你好";
        let body = Body::of_slices(text.as_bytes(), text.as_bytes(), 24, BOUNDS);
        assert_eq!(body, Body { beginning: "你好".into(), omitted: 15, end: "好".into() });
        assert_eq!(cut("你好你好", 7, Lang::En), "你好 … 6 bytes not shown …");
    }
}
