//! An excerpt of raw bytes with carets under the place that a mark names: one line of sanitised text, one line of carets.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use super::sanitize;
use crate::wire::head::Span;
use crate::wire::kept::Kept;

/// The text around a place, and where the carets stand under it.
#[derive(Clone, Debug, PartialEq)]
pub struct Excerpt {
    pub text: String,
    /// Columns before the first caret.
    pub indent: usize,
    pub carets: usize,
}

/// Bytes shown before and after a place that does not stand on a short line.
const AROUND: u64 = 120;

impl Excerpt {
    /// The line of `flow` on which `span` stands, cut to `width` columns around it, with room for a label of `label` columns after the
    /// carets. `None` where its bytes were not kept.
    pub fn of(flow: &Kept, span: &Span, width: usize, label: usize) -> Option<Excerpt> {
        let from = span.start.saturating_sub(AROUND);
        let (start, bytes) = flow.slice(from..span.end.max(span.start + 1) + AROUND);
        if span.start < start || span.start > start + bytes.len() as u64 || bytes.is_empty() {
            return None;
        }
        let at = (span.start - start) as usize;
        let end = ((span.end - start) as usize).clamp(at, bytes.len());
        let (at, end) = whole_characters(bytes, at, end);
        // Of a flow that ends with a line, that line is shown: an empty one would prove nothing.
        let searched = if at == bytes.len() { bytes.trim_ascii_end().len() } else { at };
        let line_start = bytes[..searched].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line_end = bytes[end..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |newline| end + newline);
        let is_cut_before = line_start == 0 && start > 0;
        let is_cut_after = line_end == bytes.len() && start + (bytes.len() as u64) < flow.length();
        let before = shown(&bytes[line_start..at], true);
        let marked = shown(bytes[at..end].trim_ascii_end(), false);
        let after = shown(bytes[end..line_end].trim_ascii_end(), false);
        Some(fit(&before, &marked, &after, (is_cut_before, is_cut_after), width, label))
    }

    /// The text before, above and after the carets.
    pub fn parts(&self) -> (&str, &str, &str) {
        let at = byte_of_column(&self.text, self.indent);
        let end = at + byte_of_column(&self.text[at..], self.carets);
        (&self.text[..at], &self.text[at..end], &self.text[end..])
    }
}

/// Where the character begins that stands in this column, or the end of the text.
fn byte_of_column(text: &str, column: usize) -> usize {
    let mut columns = 0;
    let is_reached = |(_, c): &(usize, char)| {
        let is_reached = columns >= column;
        columns += c.width().unwrap_or(0);
        is_reached
    };
    text.char_indices().find(is_reached).map_or(text.len(), |(at, _)| at)
}

/// The range, widened so that it begins and ends between characters: half of one cannot be shown.
fn whole_characters(bytes: &[u8], at: usize, end: usize) -> (usize, usize) {
    let is_continuation = |index: usize| bytes.get(index).is_some_and(|byte| (0x80..0xc0).contains(byte));
    let start = (at.saturating_sub(3)..=at).rev().find(|index| !is_continuation(*index)).unwrap_or(at);
    let end = (end..=(end + 3).min(bytes.len())).find(|index| !is_continuation(*index)).unwrap_or(end);
    (start, end)
}

/// Bytes as text for one line.A character that is cut at the beginning of an excerpt is left out there.
fn shown(bytes: &[u8], is_beginning: bool) -> String {
    let skipped = if is_beginning { bytes.iter().take(3).take_while(|byte| (0x80..0xc0).contains(*byte)).count() } else { 0 };
    sanitize::for_line(&String::from_utf8_lossy(&bytes[skipped..])).into_owned()
}

fn fit(before: &str, marked: &str, after: &str, (is_cut_before, is_cut_after): (bool, bool), width: usize, label: usize) -> Excerpt {
    const SHORTEST_BEFORE: usize = 24;
    let width = width.max(20);
    let whole = marked;
    let marked: String = take_columns(whole.chars(), width * 2 / 3);
    // What follows the mark does not follow a part of it.
    let (after, is_cut_after) = if marked.len() < whole.len() { ("", true) } else { (after, is_cut_after) };
    let left = width - marked.width().min(width);
    let room_for_label = width.saturating_sub(label + marked.width().max(1) + 1).max(SHORTEST_BEFORE);
    let room_before = (left - after.width().min(left / 3)).min(room_for_label);
    let kept_before: String = take_columns(before.chars().rev(), room_before.saturating_sub(1)).chars().rev().collect();
    // What stands behind may use what the part before does not need.
    let kept_after = take_columns(after.chars(), left.saturating_sub(kept_before.width() + 2));
    let ellipsis_before = if is_cut_before || kept_before.len() < before.len() { "…" } else { "" };
    let ellipsis_after = if is_cut_after || kept_after.len() < after.len() { "…" } else { "" };
    let indent = ellipsis_before.width() + kept_before.width();
    Excerpt { text: format!("{ellipsis_before}{kept_before}{marked}{kept_after}{ellipsis_after}"), indent, carets: marked.width().max(1) }
}

fn take_columns(characters: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    characters
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, span: Span, width: usize) -> (String, String) {
        let mut flow = Kept::default();
        flow.push(text.as_bytes());
        let excerpt = Excerpt::of(&flow, &span, width, 0).unwrap();
        let carets = format!("{}{}", " ".repeat(excerpt.indent), "^".repeat(excerpt.carets));
        (excerpt.text, carets)
    }

    #[test]
    fn a_field_is_shown_as_its_line_with_carets_under_its_value() {
        let (text, carets) = excerpt("HTTP/1.1 200 OK\r\nContent-Length: 464\r\nX: y\r\n", 33..36, 80);
        assert_eq!((text.as_str(), carets.as_str()), ("Content-Length: 464", "                ^^^"));
    }

    #[test]
    fn wide_characters_before_the_place_count_two_columns() {
        let text = "{\"content\":\"你好\"}";
        let (shown, carets) = excerpt(text, 15..18, 80);
        assert_eq!((shown.as_str(), carets.as_str()), (text, "              ^^"));
    }

    #[test]
    fn the_parts_are_the_text_before_above_and_after_the_carets() {
        let parts = |text: &str, span| {
            let mut flow = Kept::default();
            flow.push(text.as_bytes());
            let excerpt = Excerpt::of(&flow, &span, 80, 0).unwrap();
            let (before, marked, after) = excerpt.parts();
            [before, marked, after].map(str::to_string)
        };
        assert_eq!(parts("ab你好c", 2..5), ["ab", "你", "好c"]);
        assert_eq!(parts("abc", 3..3), ["abc", "", ""]);
        assert_eq!(parts("abc", 1..1), ["a", "b", "c"]);
    }

    #[test]
    fn a_place_inside_a_character_and_one_after_the_last_byte_are_shown() {
        assert_eq!(excerpt("a你b", 2..3, 80), ("a你b".to_string(), " ^^".to_string()));
        assert_eq!(excerpt("{\"a\":1", 6..6, 80), ("{\"a\":1".to_string(), "      ^".to_string()));
    }

    #[test]
    fn at_the_end_of_a_flow_the_last_line_is_shown_with_its_end() {
        let (text, carets) = excerpt("a: b\n\ndata: {}\r\n\n", 17..17, 80);
        assert_eq!((text.as_str(), carets.as_str()), ("data: {}␍␊␊", "           ^"));
    }

    #[test]
    fn a_long_line_is_cut_to_the_width() {
        let text = format!("{}X{}", "a".repeat(300), "b".repeat(300));
        let (shown, carets) = excerpt(&text, 300..301, 60);
        assert!(shown.width() <= 62 && shown.starts_with('…') && shown.ends_with('…'), "{shown}");
        assert_eq!(shown.chars().nth(carets.len() - 1), Some('X'));
    }

    #[test]
    fn what_follows_a_long_mark_is_not_joined_to_a_part_of_it() {
        let (shown, carets) = excerpt(&format!("a {} b", "m".repeat(100)), 2..102, 60);
        assert_eq!((shown, carets), (format!("a {}…", "m".repeat(40)), format!("  {}", "^".repeat(40))));
    }

    #[test]
    fn a_label_has_room_after_the_carets() {
        let mut flow = Kept::default();
        flow.push("a".repeat(200).as_bytes());
        let excerpt = Excerpt::of(&flow, &(200..200), 80, 40).unwrap();
        assert!(excerpt.indent + excerpt.carets + 1 + 40 <= 80, "{excerpt:?}");
    }

    #[test]
    fn no_control_byte_survives() {
        let (shown, _) = excerpt("x\u{1b}[31m\u{7}", 0..1, 80);
        assert!(!shown.chars().any(char::is_control));
    }
}
