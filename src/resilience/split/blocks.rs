//! The lines of a Markdown text as blocks: blank lines, fenced code, and everything else. It follows CommonMark 0.31.2 as far as fences
//! need it, so containers count (block quotes and list items, sections 5.1 and 5.2) and inline markup does not.

use std::ops::Range;

/// Containers inside containers beyond this are taken as text, so that a line of nothing but markers costs no more than another.
const DEEPEST: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Lines of white space.
    Blank,
    /// A fence with all that is in it.
    Fence,
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// The blocks of a text in order; together they are the text. A clone goes on from the same place.
#[derive(Clone)]
pub(super) struct Blocks<'a> {
    text: &'a str,
    at: usize,
    state: State,
    /// A line that was read and belongs to the next block.
    pending: Option<Line>,
}

impl<'a> Blocks<'a> {
    pub(super) fn of(text: &'a str) -> Blocks<'a> {
        Blocks { text, at: 0, state: State::default(), pending: None }
    }

    fn line(&mut self) -> Option<Line> {
        let rest = &self.text.as_bytes()[self.at..];
        if rest.is_empty() {
            return None;
        }
        let length = match memchr::memchr2(b'\n', b'\r', rest) {
            None => rest.len(),
            Some(end) if rest[end..].starts_with(b"\r\n") => end + 2,
            Some(end) => end + 1,
        };
        let range = self.at..self.at + length;
        self.at = range.end;
        let mark = self.state.read(&self.text[range.clone()]);
        Some(Line { mark, range })
    }
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        let first = self.pending.take().or_else(|| self.line())?;
        let mut range = first.range;
        loop {
            self.pending = self.line();
            match &self.pending {
                Some(next) if next.mark.continues(first.mark) => range.end = next.range.end,
                _ => return Some(Block { kind: first.mark.kind(), range }),
            }
        }
    }
}

#[derive(Clone)]
struct Line {
    mark: Mark,
    range: Range<usize>,
}

/// What a line is to its block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Blank,
    FenceBegins,
    FenceGoesOn,
    Text,
}

impl Mark {
    fn continues(self, first: Mark) -> bool {
        match self {
            Mark::Blank | Mark::Text => self == first,
            Mark::FenceBegins => false,
            Mark::FenceGoesOn => true,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Mark::Blank => Kind::Blank,
            Mark::FenceBegins | Mark::FenceGoesOn => Kind::Fence,
            Mark::Text => Kind::Text,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Container {
    Quote,
    /// A list item whose content is indented by so many columns.
    Item(usize),
}

#[derive(Clone, Copy, Debug)]
struct Fence {
    character: u8,
    length: usize,
}

/// What the lines so far have left open.
#[derive(Clone, Default)]
struct State {
    containers: Vec<Container>,
    fence: Option<Fence>,
    /// Whether a paragraph may go on in this line, even without the markers of its containers (section 5.1, "laziness").
    in_paragraph: bool,
}

impl State {
    fn read(&mut self, line: &str) -> Mark {
        let mut cursor = Cursor::over(line);
        let matched = self.containers.iter().take_while(|container| cursor.enter(**container)).count();
        if let Some(fence) = self.fence {
            if matched == self.containers.len() {
                if cursor.closes(fence) {
                    self.fence = None;
                }
                return Mark::FenceGoesOn;
            }
            // A fence ends with the container that it stands in.
            self.fence = None;
        }
        // Whether this line stands where the paragraph does; else it can only go on in it by laziness.
        let in_paragraph = self.in_paragraph && matched == self.containers.len();
        let mut open: Vec<Container> = Vec::new();
        while matched + open.len() < DEEPEST {
            let Some(container) = cursor.begin_container(in_paragraph && open.is_empty()) else { break };
            open.push(container);
        }
        self.fence = cursor.fence();
        let is_blank = cursor.is_blank();
        let ends_paragraph = self.fence.is_some() || is_blank || cursor.is_heading_or_rule(in_paragraph && open.is_empty());
        if self.in_paragraph && open.is_empty() && !ends_paragraph {
            return Mark::Text;
        }
        self.containers.truncate(matched);
        self.containers.extend(open);
        self.in_paragraph = !ends_paragraph && cursor.indent() < 4;
        match self.fence {
            Some(_) => Mark::FenceBegins,
            None if line.trim().is_empty() => Mark::Blank,
            None => Mark::Text,
        }
    }
}

/// A place in a line, in columns: a tab reaches to the next multiple of four (section 2.2).
struct Cursor<'a> {
    rest: &'a [u8],
    column: usize,
    /// Columns of a tab that was entered and not used up.
    spare: usize,
}

impl<'a> Cursor<'a> {
    fn over(line: &'a str) -> Cursor<'a> {
        Cursor { rest: line.trim_end_matches(['\n', '\r']).as_bytes(), column: 0, spare: 0 }
    }

    /// Columns of white space before the next character. A line is not indented by more than anyone asks for.
    fn indent(&self) -> usize {
        let mut column = self.column;
        for byte in self.rest {
            match byte {
                b' ' => column += 1,
                b'\t' => column += 4 - column % 4,
                _ => break,
            }
        }
        column - self.column + self.spare
    }

    fn skip(&mut self, mut columns: usize) {
        let from_spare = columns.min(self.spare);
        self.spare -= from_spare;
        columns -= from_spare;
        while columns > 0 {
            let width = match self.rest.first() {
                Some(b' ') => 1,
                Some(b'\t') => 4 - self.column % 4,
                _ => return,
            };
            self.rest = &self.rest[1..];
            self.column += width;
            self.spare = width.saturating_sub(columns);
            columns -= width - self.spare;
        }
    }

    /// Past markers, none of which is white space.
    fn pass(&mut self, bytes: usize) {
        self.rest = &self.rest[bytes..];
        self.column += bytes;
    }

    /// What follows the white space.
    fn content(&self) -> &'a [u8] {
        self.rest.trim_ascii_start()
    }

    fn is_blank(&self) -> bool {
        self.content().is_empty()
    }

    /// Goes past what a line must begin with to belong to this container; false where it does not belong.
    fn enter(&mut self, container: Container) -> bool {
        match container {
            Container::Quote => self.quote(),
            Container::Item(_) if self.is_blank() => true,
            Container::Item(columns) => {
                let belongs = self.indent() >= columns;
                if belongs {
                    self.skip(columns);
                }
                belongs
            }
        }
    }

    fn quote(&mut self) -> bool {
        let indent = self.indent();
        if indent > 3 || self.content().first() != Some(&b'>') {
            return false;
        }
        self.skip(indent);
        self.pass(1);
        self.skip(1);
        true
    }

    /// Goes past the marker of a container that begins here.
    fn begin_container(&mut self, interrupts_paragraph: bool) -> Option<Container> {
        if self.quote() {
            return Some(Container::Quote);
        }
        let indent = self.indent();
        if indent > 3 || is_rule(self.content()) {
            return None;
        }
        let content = self.content();
        let (marker, starts_with_one) = list_marker(content)?;
        let after = &content[marker..];
        if !after.first().is_none_or(|byte| matches!(byte, b' ' | b'\t')) {
            return None;
        }
        let is_empty = after.trim_ascii_start().is_empty();
        if interrupts_paragraph && (is_empty || !starts_with_one) {
            return None;
        }
        self.skip(indent);
        self.pass(marker);
        let spaces = self.indent();
        // Five and more are one space and indented code.
        let used = if is_empty || spaces > 4 { 1 } else { spaces };
        self.skip(used);
        Some(Container::Item(indent + marker + used))
    }

    /// The fence that this line opens (section 4.5).
    fn fence(&self) -> Option<Fence> {
        let content = self.content();
        let character = *content.first().filter(|byte| matches!(byte, b'`' | b'~'))?;
        let length = run(content);
        let is_code_span = character == b'`' && memchr::memchr(b'`', &content[length..]).is_some();
        (self.indent() < 4 && length >= 3 && !is_code_span).then_some(Fence { character, length })
    }

    fn closes(&self, fence: Fence) -> bool {
        let content = self.content();
        let length = run(content);
        content.first() == Some(&fence.character)
            && length >= fence.length
            && self.indent() < 4
            && content[length..].trim_ascii().is_empty()
    }

    /// Lines that are no part of a paragraph, or the last of one: headings of both kinds, and rules.
    fn is_heading_or_rule(&self, is_below_paragraph: bool) -> bool {
        let content = self.content().trim_ascii_end();
        let numbers = content.iter().take_while(|&&byte| byte == b'#').count();
        let is_heading = (1..=6).contains(&numbers) && content.get(numbers).is_none_or(|byte| matches!(byte, b' ' | b'\t'));
        let is_underline = is_below_paragraph && matches!(content.first(), Some(b'=' | b'-')) && run(content) == content.len();
        self.indent() < 4 && (is_heading || is_underline || is_rule(content))
    }
}

/// How often the first byte is repeated.
fn run(content: &[u8]) -> usize {
    content.iter().take_while(|&byte| Some(byte) == content.first()).count()
}

/// A thematic break (section 4.1).
fn is_rule(content: &[u8]) -> bool {
    let Some(&first @ (b'*' | b'-' | b'_')) = content.first() else { return false };
    content.iter().all(|byte| *byte == first || matches!(byte, b' ' | b'\t')) && content.iter().filter(|&&byte| byte == first).count() >= 3
}

/// The length of a list marker, and whether a list may begin with it in the middle of a paragraph.
fn list_marker(content: &[u8]) -> Option<(usize, bool)> {
    if matches!(content.first()?, b'-' | b'+' | b'*') {
        return Some((1, true));
    }
    let digits = content.iter().take(10).take_while(|byte| byte.is_ascii_digit()).count();
    let is_marker = (1..=9).contains(&digits) && matches!(content.get(digits), Some(b'.' | b')'));
    is_marker.then_some((digits + 1, &content[..digits] == b"1"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

    use super::*;

    /// The numbers of the lines that stand inside a fence, or are one.
    fn fenced_lines(text: &str) -> BTreeSet<usize> {
        let fences = Blocks::of(text).filter(|block| block.kind == Kind::Fence);
        fences.flat_map(|block| lines(text, block.range)).collect()
    }

    fn lines(text: &str, range: Range<usize>) -> Range<usize> {
        let first = text[..range.start].matches('\n').count();
        first..first + text[range].trim_end_matches('\n').split('\n').count()
    }

    fn fenced_lines_by_pulldown(text: &str) -> BTreeSet<usize> {
        let fences = Parser::new(text)
            .into_offset_iter()
            .filter_map(|(event, range)| matches!(event, Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))).then_some(range));
        fences.flat_map(|range| lines(text, range)).collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[usize]) {
        let found: Vec<usize> = fenced_lines(text).into_iter().collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn fences_open_and_close_as_commonmark_says() {
        check("a\n```\nb\n```\nc", &[1, 2, 3]);
        check("```rust ignore\nb\n````\nc", &[0, 1, 2]);
        check("````\n```\n````\nc", &[0, 1, 2]);
        check("~~~\n```\n~~~\nc", &[0, 1, 2]);
        check("~~~ a`b\nb\n~~~", &[0, 1, 2]);
        check("``` a`b\nb", &[]);
        check("``\nb\n``", &[]);
        check("   ```\nb\n   ```", &[0, 1, 2]);
        check("a\n    ```\nb", &[]);
        check("```\nb\n    ```\nc", &[0, 1, 2, 3]);
        check("```\nb\n``` c\nd", &[0, 1, 2, 3]);
        check("```\n\n\nb", &[0, 1, 2, 3]);
        check("```\r\nb\r\n```\r\nc\r\n", &[0, 1, 2]);
    }

    #[test]
    fn fences_in_lists_and_quotes_end_with_them() {
        check("- a\n  ```\n  b\n  ```\n- c", &[1, 2, 3]);
        check("- ```\n  b\n\n  c\nd", &[0, 1, 2, 3]);
        check("10. a\n\n    ```\n    b\n    ```\nc", &[2, 3, 4]);
        check("1. a\n   - b\n     ```\n     c\n     ```\n", &[2, 3, 4]);
        check("> ```\n> a\nb", &[0, 1]);
        check("> a\n```\nb\n```", &[1, 2, 3]);
        check("-\t```\n\ta\n\t```\nb", &[0, 1, 2]);
        check("* * *\n  ```\na\n```\n", &[1, 2, 3]);
    }

    fn line() -> impl Strategy<Value = String> {
        let markers = prop::sample::select(vec!["", "", "", "- ", "* ", "1. ", "12) ", "> ", ">", "+   ", "-\t"]);
        let indent = prop::sample::select(vec!["", "", " ", "  ", "   ", "    ", "     ", "\t"]);
        let content = prop::sample::select(vec![
            "",
            "",
            "```",
            "```",
            "````",
            "~~~",
            "```rust",
            "``` a`b",
            "``` a",
            "text",
            "text",
            "# heading",
            "---",
            "===",
            "* * *",
            "2. x",
        ]);
        (indent.clone(), markers.clone(), indent, markers, content).prop_map(|(a, b, c, d, e)| format!("{a}{b}{c}{d}{e}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn every_line_that_another_parser_finds_in_a_fence_is_in_one(lines in prop::collection::vec(line(), 1..8)) {
            // By section 5.1 a marker after four columns is indented code, and pulldown-cmark 0.13 takes it for a quote.
            let mut text = lines.join("\n");
            while text.contains("\t>") || text.contains("    >") {
                text = text.replace("\t>", ">").replace("    >", ">");
            }
            let missed: Vec<usize> = fenced_lines_by_pulldown(&text).difference(&fenced_lines(&text)).copied().collect();
            prop_assert!(missed.is_empty(), "{text:?}: {missed:?}");
        }

        #[test]
        fn blocks_together_are_the_text(text in "(\n|\r|\r\n|```|~~~|[ \t>a-]|1\\.){0,40}") {
            let mut at = 0;
            for block in Blocks::of(&text) {
                prop_assert_eq!(block.range.start, at);
                at = block.range.end;
            }
            prop_assert_eq!(at, text.len());
        }
    }
}
