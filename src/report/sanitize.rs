//! The one door through which foreign text reaches a terminal: no control byte, no escape sequence, no character that changes the
//! direction or hides text gets through.

use std::borrow::Cow;

/// Text that may be shown on a terminal as it is, over several lines: line feeds and tabs stay.
pub fn for_terminal(text: &str) -> Cow<'_, str> {
    replace(text, |c| matches!(c, '\n' | '\t'))
}

/// Text for one line: every control character is replaced, each by one of the same width.
pub fn for_line(text: &str) -> Cow<'_, str> {
    replace(text, |_| false)
}

fn replace(text: &str, is_kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let is_safe = |c: char| is_kept(c) || shown(c) == c;
    if text.chars().all(is_safe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(|c| if is_kept(c) { c } else { shown(c) }).collect())
}

/// The character itself, or a visible one in its place.
fn shown(c: char) -> char {
    match c {
        // The pictures of C0 controls stand in Unicode in the same order.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).unwrap_or('\u{fffd}'),
        '\u{7f}' => '\u{2421}',
        '\u{80}'..='\u{9f}' => '\u{fffd}',
        // Marks and overrides of direction, invisible characters, line and paragraph separators, tags, the byte order mark.
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' => {
            '\u{fffd}'
        }
        '\u{e0000}'..='\u{e0fff}' | '\u{ad}' | '\u{34f}' | '\u{180e}' => '\u{fffd}',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_lose_their_escape() {
        assert_eq!(for_terminal("\u{1b}[31mred\u{1b}]52;c;Zm9v\u{7}"), "␛[31mred␛]52;c;Zm9v␇");
        assert_eq!(for_terminal("\u{9b}31m"), "\u{fffd}31m");
    }

    #[test]
    fn a_carriage_return_forges_no_line() {
        assert_eq!(for_terminal("bad\rgood"), "bad␍good");
        assert_eq!(for_line("a\nb\tc"), "a␊b␉c");
        assert_eq!(for_terminal("a\nb\tc"), "a\nb\tc");
    }

    #[test]
    fn text_cannot_be_turned_or_hidden() {
        assert_eq!(for_terminal("a\u{202e}b\u{200b}c\u{2066}d"), "a\u{fffd}b\u{fffd}c\u{fffd}d");
    }

    #[test]
    fn honest_text_of_any_script_is_not_copied() {
        assert!(matches!(for_terminal("héllo 你好 😀 שלום\n"), Cow::Borrowed(_)));
    }
}
