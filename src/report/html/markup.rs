//! The only way into an HTML document. Names of elements and attributes are ours by type; all else is text, and text is masked, made
//! visible and escaped here and nowhere else.

use super::super::{piece, sanitize};
use crate::secret::Mask;

/// Longer words are cut, and longer blocks of bytes: what is bounded with a note elsewhere stays below.
const LONGEST_TEXT: usize = 2048;
const LONGEST_BLOCK: usize = 48 * 1024;

/// Attributes of an element.
pub type Attributes<'a> = &'a [(&'static str, &'a str)];

/// Markup under construction.
pub struct Html<'a> {
    markup: String,
    mask: &'a Mask,
}

impl<'a> Html<'a> {
    pub fn new(mask: &'a Mask) -> Html<'a> {
        Html { markup: String::new(), mask }
    }

    pub fn into_markup(self) -> String {
        self.markup
    }

    /// An element around what `content` writes.
    pub fn element(&mut self, name: &'static str, attributes: Attributes<'_>, content: impl FnOnce(&mut Html<'a>)) {
        self.open(name, attributes);
        self.markup.push('>');
        content(self);
        self.markup.push_str("</");
        self.markup.push_str(name);
        self.markup.push('>');
    }

    /// An element with nothing but text in it.
    pub fn line(&mut self, name: &'static str, attributes: Attributes<'_>, text: &str) {
        self.element(name, attributes, |html| html.text(text));
    }

    /// An element that holds nothing: a void one of HTML, or a shape of SVG.
    pub fn leaf(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.open(name, attributes);
        self.markup.push_str("/>");
    }

    /// Lines of a command, a head or a body.
    pub fn block(&mut self, text: &str) {
        self.element("pre", &[], |html| html.bounded(text, LONGEST_BLOCK));
    }

    pub fn text(&mut self, text: &str) {
        self.bounded(text, LONGEST_TEXT);
    }

    fn bounded(&mut self, text: &str, longest: usize) {
        let shown = &text[..piece::whole_before(text.as_bytes(), longest)];
        let masked = self.mask.cover_text(shown);
        escape(&sanitize::for_terminal(&masked), &mut self.markup);
        if shown.len() < text.len() {
            self.markup.push('…');
        }
    }

    /// Markup of ours that stands in the program as it is.
    pub fn fixed(&mut self, markup: &'static str) {
        self.markup.push_str(markup);
    }

    /// Finished parts of the same document.
    pub fn append(&mut self, part: Html<'_>) {
        self.markup.push_str(&part.markup);
    }

    pub fn length(&self) -> usize {
        self.markup.len()
    }

    fn open(&mut self, name: &'static str, attributes: Attributes<'_>) {
        self.markup.push('<');
        self.markup.push_str(name);
        for (name, value) in attributes {
            self.markup.push(' ');
            self.markup.push_str(name);
            self.markup.push_str("=\"");
            self.bounded(value, LONGEST_BLOCK);
            self.markup.push('"');
        }
    }
}

fn escape(text: &str, markup: &mut String) {
    for c in text.chars() {
        match c {
            '&' => markup.push_str("&amp;"),
            '<' => markup.push_str("&lt;"),
            '>' => markup.push_str("&gt;"),
            '"' => markup.push_str("&quot;"),
            '\'' => markup.push_str("&#39;"),
            // Noncharacters are no text (HTML section 13.2.3.5).
            '\u{fdd0}'..='\u{fdef}' => markup.push('\u{fffd}'),
            c if c as u32 & 0xfffe == 0xfffe => markup.push('\u{fffd}'),
            c => markup.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn markup(write: impl FnOnce(&mut Html<'_>)) -> String {
        let mask = Mask::of_responses([&Secret::new("sk-12345678")]);
        let mut html = Html::new(&mask);
        write(&mut html);
        html.into_markup()
    }

    #[test]
    fn text_and_attributes_cannot_become_markup() {
        let made = markup(|html| html.line("p", &[("title", "\"><script>'")], "<script>&amp;</p>"));
        assert_eq!(made, "<p title=\"&quot;&gt;&lt;script&gt;&#39;\">&lt;script&gt;&amp;amp;&lt;/p&gt;</p>");
    }

    #[test]
    fn controls_turns_and_noncharacters_are_visible_and_secrets_are_not() {
        assert_eq!(markup(|html| html.text("\0\u{1b}[1m\u{202e}\u{ffff}\r sk-12345678\n\t")), "␀␛[1m\u{fffd}\u{fffd}␍ ***********\n\t");
    }

    #[test]
    fn a_text_beyond_all_bounds_is_cut() {
        let made = markup(|html| html.text(&"你".repeat(LONGEST_TEXT)));
        assert!(made.len() <= LONGEST_TEXT + 3 && made.ends_with("你…"));
    }
}
