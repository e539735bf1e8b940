//! A long text in parts that fit: cut where a reader would pause, and never inside a character or a block of fenced code.
//! It knows nothing of models or tokens; whoever asks says how many characters a part may have.

mod blocks;

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use blocks::{Block, Blocks, Kind};

/// A sentence is not looked for beyond so many characters without a letter or digit: `unicode-segmentation` looks ahead again at each
/// of them (rule SB8), which would take hours for a full stop and a million blanks.
const LONGEST_SILENCE: usize = 64;

/// Characters that should not end a part.
const OPENING: &str = "([{“‘（【《〈「『〔";

/// Characters that should not begin a part.
const CLOSING: &str = ",.;:!?)]}%'\"，。；：！？、）】》」』”’…";

/// The parts of a text, in order: together they are the text, byte for byte.
///
/// A part has at most `size` characters, counted as Unicode scalar values, line breaks and blanks included. What fits in a part of its
/// own is not cut: first paragraphs (up to a blank line), then blocks of them (fenced code and what is around it), sentences (UAX #29),
/// words up to a blank, words (UAX #29, so single ideographs), grapheme clusters. White space stays with what is before it.
/// Two things are never cut and may be larger than `size`, each in a part of its own: a block of fenced code, with as much of the blank
/// lines after it as fits in a part, and a single grapheme cluster.
pub fn split(text: &str, size: usize) -> Vec<Range<usize>> {
    let mut filler = Filler { text, size: size.max(1), parts: Vec::new(), part: 0..0, characters: 0 };
    let mut blocks = Blocks::of(text);
    loop {
        let of_paragraph = blocks.clone();
        let Some(paragraph) = skip_paragraph(&mut blocks) else { break };
        if !filler.add(paragraph.clone()) {
            filler.fill_with_blocks(of_paragraph.take_while(|block| block.range.start < paragraph.end));
        }
    }
    filler.flush();
    filler.parts
}

/// The blocks up to the next blank lines, and those.
fn skip_paragraph(blocks: &mut Blocks) -> Option<Range<usize>> {
    let Block { mut kind, mut range } = blocks.next()?;
    while kind != Kind::Blank
        && let Some(next) = blocks.next()
    {
        kind = next.kind;
        range.end = next.range.end;
    }
    Some(range)
}

/// Parts so far, and the one that is being filled.
struct Filler<'a> {
    text: &'a str,
    size: usize,
    parts: Vec<Range<usize>>,
    part: Range<usize>,
    /// Those of `part`.
    characters: usize,
}

impl Filler<'_> {
    fn fits(&self, range: &Range<usize>) -> Option<usize> {
        Some(self.text[range.clone()].chars().count()).filter(|&count| count <= self.size)
    }

    /// Takes what comes next, in another part if need be; false when no part has room for it.
    fn add(&mut self, range: Range<usize>) -> bool {
        let Some(count) = self.fits(&range) else { return false };
        if self.characters + count > self.size {
            self.flush();
        }
        self.part.end = range.end;
        self.characters += count;
        true
    }

    /// Makes what comes next a part of its own, whatever its size.
    fn add_alone(&mut self, range: Range<usize>) {
        self.flush();
        self.part.end = range.end;
        self.flush();
    }

    fn flush(&mut self) {
        if !self.part.is_empty() {
            self.parts.push(self.part.clone());
        }
        self.part.start = self.part.end;
        self.characters = 0;
    }

    fn fill_with_blocks(&mut self, blocks: impl Iterator<Item = Block>) {
        let mut blocks = blocks.peekable();
        while let Some(Block { kind, mut range }) = blocks.next() {
            if self.add(range.clone()) {
                continue;
            }
            if kind != Kind::Fence {
                self.fill(range, Level::Sentences);
                continue;
            }
            let blank = blocks.next_if(|next| next.kind == Kind::Blank && self.fits(&next.range).is_some());
            range.end = blank.map_or(range.end, |blank| blank.range.end);
            self.add_alone(range);
        }
    }

    fn fill(&mut self, range: Range<usize>, level: Level) {
        let text = &self.text[range.clone()];
        let (mut clusters, mut start) = (Clusters { text, at: 0 }, 0);
        for end in level.ends(text) {
            if end == start || !clusters.end_at(end) {
                continue;
            }
            let piece = range.start + start..range.start + end;
            start = end;
            if !self.add(piece.clone()) {
                match level.finer() {
                    Some(finer) => self.fill(piece, finer),
                    None => self.add_alone(piece),
                }
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Level {
    Sentences,
    /// What stands between blanks.
    Phrases,
    Words,
    Clusters,
}

impl Level {
    fn finer(self) -> Option<Level> {
        match self {
            Level::Sentences => Some(Level::Phrases),
            Level::Phrases => Some(Level::Words),
            Level::Words => Some(Level::Clusters),
            Level::Clusters => None,
        }
    }

    /// Where pieces of this level end, in order; the end of the text is the last.
    fn ends(self, text: &str) -> Box<dyn Iterator<Item = usize> + '_> {
        match self {
            Level::Sentences => Box::new(sentence_ends(text)),
            Level::Phrases => {
                let starts = text.char_indices().zip(text.chars().skip(1));
                let ends = starts.filter(|((_, left), right)| left.is_whitespace() && !right.is_whitespace());
                Box::new(ends.map(|((at, left), _)| at + left.len_utf8()).chain([text.len()]))
            }
            Level::Words => {
                let ends = text.split_word_bound_indices().map(|(at, word)| at + word.len());
                Box::new(ends.filter(|&end| !text[end..].starts_with(|next| CLOSING.contains(next))))
            }
            Level::Clusters => Box::new(text.grapheme_indices(true).map(|(at, cluster)| at + cluster.len())),
        }
    }
}

fn sentence_ends(text: &str) -> impl Iterator<Item = usize> {
    let mut at = 0;
    let segments = std::iter::from_fn(move || {
        let start = at;
        let mut silent = 0;
        for character in text[start..].chars() {
            at += character.len_utf8();
            silent = if character.is_alphanumeric() { 0 } else { silent + 1 };
            if silent == LONGEST_SILENCE {
                break;
            }
        }
        (at > start).then_some(start..at)
    });
    let ends = segments.flat_map(|segment| {
        let sentences = text[segment.clone()].split_sentence_bound_indices();
        sentences.map(move |(at, sentence)| {
            // UAX #29 leaves it to others to tell opening quotes from closing ones (section 5.1, on SB9); without a blank between two
            // sentences, as in Chinese, the second one's would stay with the first.
            let own = sentence.trim_end_matches(|last| OPENING.contains(last)).len();
            segment.start + at + if own == 0 { sentence.len() } else { own }
        })
    });
    ends.chain([text.len()])
}

/// Tells the ends of grapheme clusters from other places, asked in order: a sentence or a word of UAX #29 may end within a cluster.
struct Clusters<'a> {
    text: &'a str,
    /// An end.
    at: usize,
}

impl Clusters<'_> {
    fn end_at(&mut self, place: usize) -> bool {
        let bytes = self.text.as_bytes();
        let is_plain = |at: usize| bytes.get(at).is_none_or(u8::is_ascii);
        if place == bytes.len() || (is_plain(place - 1) && is_plain(place) && bytes[place] != b'\n') {
            self.at = place;
            return true;
        }
        while self.at < place {
            self.at += self.text[self.at..].graphemes(true).next().map_or(1, str::len);
        }
        self.at == place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

    use super::*;

    fn parts(text: &str, size: usize) -> Vec<&str> {
        split(text, size).into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn cuts_stand_where_a_reader_would_pause() {
        for (text, size, expected) in [
            ("", 10, vec![]),
            ("all of it fits", 100, vec!["all of it fits"]),
            ("One para.\n\nTwo para.\n\nThree.", 22, vec!["One para.\n\nTwo para.\n\n", "Three."]),
            ("One para.\r\n\r\nTwo para.", 15, vec!["One para.\r\n\r\n", "Two para."]),
            ("First sentence. Second one! Third?", 28, vec!["First sentence. Second one! ", "Third?"]),
            ("one two three four", 9, vec!["one two ", "three ", "four"]),
            ("Hello, world", 6, vec!["Hello,", " world"]),
            ("Hello, world", 7, vec!["Hello, ", "world"]),
            ("abcdefghij", 4, vec!["abcd", "efgh", "ij"]),
            ("第一句。第二句！第三句？“第四句。”第五句", 8, vec!["第一句。第二句！", "第三句？", "“第四句。”", "第五句"]),
            ("没有标点，的一句长话", 4, vec!["没有标", "点，的一", "句长话"]),
            ("e\u{301}e\u{301}e\u{301}", 3, vec!["e\u{301}", "e\u{301}", "e\u{301}"]),
            ("👩\u{200d}👩\u{200d}👧🇩🇪🇫🇷", 4, vec!["👩\u{200d}👩\u{200d}👧", "🇩🇪🇫🇷"]),
            ("a\r\nb\r\nc", 4, vec!["a\r\n", "b\r\nc"]),
            ("\n\n\n\n\n", 2, vec!["\n\n", "\n\n", "\n"]),
        ] {
            assert_eq!(parts(text, size), expected, "{text:?} by {size}");
        }
    }

    #[test]
    fn what_fits_in_a_part_is_not_cut_and_what_does_not_fills_the_part_before() {
        let long = "A sentence of this paragraph. ".repeat(5);
        let text = format!("# Heading\n\n{long}\n\nShort one.");
        let parts = parts(&text, 80);
        assert!(parts[0].starts_with("# Heading\n\nA sentence") && parts[0].ends_with("paragraph. "), "{parts:?}");
        assert!(parts.last().is_some_and(|last| last.ends_with("paragraph. \n\nShort one.")), "{parts:?}");
    }

    #[test]
    fn fenced_code_stays_whole_whatever_its_size() {
        let code = "```rust\nfn main() {}\n\nfn other() {}\n```\n";
        let text = format!("Text before.\n{code}\nText after.");
        assert_eq!(parts(&text, 20), ["Text before.\n", &format!("{code}\n"), "Text after."]);
        assert_eq!(parts(&text, 60), [&format!("Text before.\n{code}\n"), "Text after."]);
        let unclosed = "a b c\n~~~\nx y z\n\nx y z";
        assert_eq!(parts(unclosed, 6), ["a b c\n", "~~~\nx y z\n\nx y z"]);
        let in_list = "- item\n\n  ```\n  a\n\n  b\n  ```\n- next";
        assert_eq!(parts(in_list, 8), ["- item\n\n", "  ```\n  a\n\n  b\n  ```\n", "- next"]);
    }

    #[test]
    fn texts_made_to_be_slow_are_not() {
        const LENGTH: usize = 100_000;
        for piece in
            [".)", " ", "\n", "`", "```\n", "```\na\n", "- ", "> ", "🇩", "\u{301}", "👩\u{200d}", "a.", "a\u{301}:", "क\u{94d}", "1 ", "a"]
        {
            let text = piece.repeat(LENGTH / piece.len());
            let dotted = format!("a. {text}");
            for text in [&text, &dotted] {
                for size in [1, 1000] {
                    let parts = split(text, size);
                    assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start), "{piece:?}");
                }
            }
        }
    }

    /// The ranges of fenced code by another parser, without the line break at its end.
    fn fences(text: &str) -> Vec<Range<usize>> {
        let fences = Parser::new(text)
            .into_offset_iter()
            .filter_map(|(event, range)| matches!(event, Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_)))).then_some(range));
        fences.map(|range| range.start..range.start + text[range].trim_end().len()).collect()
    }

    fn text() -> impl Strategy<Value = String> {
        let pieces = prop::sample::select(vec![
            "Word",
            "word ",
            " and ",
            "a.b",
            "End. ",
            "Why?! ",
            "(so) ",
            "\n",
            "\r\n",
            "\n\n",
            "\n\n\n",
            "\n```\n",
            "\n~~~~\n",
            "\n- ",
            "\n> ",
            "  ",
            "你好",
            "，",
            "。",
            "“是的。”",
            "é",
            "e\u{301}",
            "👩\u{200d}👩\u{200d}👧",
            "🇩🇪",
            "🇫",
            "\u{600}",
            "\u{203c}\u{200d}",
            "\u{3000}",
            "क\u{94d}षि",
            "\t",
            "\r",
        ]);
        prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn parts_are_the_text_and_keep_their_promises(text in prop_oneof![text(), "\\PC{0,200}"], size in 1..60usize) {
            let parts = split(&text, size);
            prop_assert_eq!(parts.iter().map(|range| &text[range.clone()]).collect::<String>(), text.as_str());
            let clusters: std::collections::BTreeSet<usize> = text.grapheme_indices(true).map(|(at, _)| at).collect();
            let fences = fences(&text);
            for part in &parts {
                prop_assert!(!part.is_empty() && clusters.contains(&part.start), "{:?} begins within a cluster", part);
                let is_in_fence = |fence: &Range<usize>| fence.start < part.start && part.start < fence.end;
                prop_assert!(!fences.iter().any(is_in_fence), "{:?} begins within a fence", part);
                let content = text[part.clone()].trim();
                let is_one_fence = Blocks::of(&text[part.clone()]).next().is_some_and(|block| block.kind == Kind::Fence);
                let is_one_cluster = text[part.clone()].graphemes(true).count() == 1;
                let count = text[part.clone()].chars().count();
                prop_assert!(count <= size || is_one_fence || is_one_cluster, "{:?} has {count} characters: {content:?}", part);
            }
        }
    }
}
