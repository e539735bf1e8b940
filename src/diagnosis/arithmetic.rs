//! The arithmetic of a wrong length: what a sender may have counted instead of the bytes it sent. Each hypothesis gives one number;
//! only the one that equals the declared length is named.

use serde_json::Value;

use crate::evidence::{Evidence, Length};
use crate::lang::{Text, text};
use crate::wire::coding::{Coding, Progress};

/// What the declared length counts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Counted {
    Characters,
    Utf16Units,
    /// The size after decoding the content coding.
    DecodedBytes,
    OtherSerialization(Variant),
    /// The same JSON with the model's name as it was asked for.
    OtherModelName,
}

/// The same JSON, written another way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Variant {
    pub name: &'static str,
    pub words: Text,
}

/// What explains the declared length, given that the whole content is at hand and has another size.
pub fn counted(evidence: &Evidence<'_>, length: &Length) -> Option<Counted> {
    let content = evidence.content()?;
    let declared = length.declared;
    if declared == length.wire || !content.is_whole() {
        return None;
    }
    if length.was_whole && length.surplus() > 0 {
        return is_line_end(evidence).then_some(Counted::OtherSerialization(WITHOUT_NEWLINE));
    }
    let is_identity = content.coding == Coding::Identity;
    if !is_identity && *content.progress()? == Progress::Finished && declared == content.decoded {
        return Some(Counted::DecodedBytes);
    }
    if !is_identity {
        return None;
    }
    if content.characters != content.decoded && declared == content.characters {
        return Some(Counted::Characters);
    }
    if content.utf16_units != content.decoded && declared == content.utf16_units {
        return Some(Counted::Utf16Units);
    }
    let document = evidence.document.as_ref()?;
    if let Some(variant) = other_serialization(&document.clone().into(), content.document()?, declared) {
        return Some(Counted::OtherSerialization(variant));
    }
    let (asked, answered) = (evidence.asked().model.as_ref()?, evidence.reply.as_ref()?.model.as_ref()?);
    let renamed = length.wire.checked_sub(answered.len() as u64)? + asked.len() as u64;
    (asked != answered && renamed == declared).then_some(Counted::OtherModelName)
}

/// All that follows the declared end is the end of a line.
fn is_line_end(evidence: &Evidence<'_>) -> bool {
    let surplus = evidence.surplus().map(|(_, span)| evidence.transcript.received.slice(span).1);
    matches!(surplus, Some(b"\n" | b"\r\n"))
}

/// How the text of a JSON value is laid out and escaped.
#[derive(Clone, Copy, PartialEq)]
struct Style {
    layout: Layout,
    escapes: Escapes,
}

#[derive(Clone, Copy, PartialEq)]
enum Layout {
    Compact,
    /// A space after every comma and colon.
    Spaced,
    /// One value a line, each level indented by so many characters.
    Indented(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Escapes {
    /// Only what JSON requires.
    Least,
    /// Everything beyond ASCII as `\uXXXX`.
    NonAscii,
    /// `<`, `>` and `&` as `\u003c` and so on.
    Html,
    /// `/` as `\/`.
    Slashes,
}

const LAYOUTS: [(Layout, Variant); 5] = [
    (Layout::Compact, Variant { name: "compact", words: text("without white space", "不带空白") }),
    (Layout::Spaced, Variant { name: "spaced", words: text("with a space after each comma and colon", "逗号和冒号后带空格") }),
    (Layout::Indented(2), Variant { name: "indented-by-2", words: text("indented by two spaces", "缩进两个空格") }),
    (Layout::Indented(4), Variant { name: "indented-by-4", words: text("indented by four spaces", "缩进四个空格") }),
    (Layout::Indented(1), Variant { name: "indented-by-tab", words: text("indented by tabs", "以制表符缩进") }),
];

const ESCAPES: [(Escapes, Variant); 4] = [
    (Escapes::Least, Variant { name: "unescaped", words: text("without optional escapes", "不做额外转义") }),
    (
        Escapes::NonAscii,
        Variant { name: "ascii-escaped", words: text("with \\uXXXX for all that is not ASCII", "非 ASCII 字符写成 \\uXXXX") },
    ),
    (Escapes::Html, Variant { name: "html-escaped", words: text("with <, > and & escaped as Go does", "像 Go 那样转义 <、> 和 &") }),
    (Escapes::Slashes, Variant { name: "slash-escaped", words: text("with \\/ for each slash", "斜杠写成 \\/") }),
];

const WITHOUT_NEWLINE: Variant = Variant { name: "without-final-newline", words: text("without its final newline", "不带末尾换行") };
const WITH_NEWLINE: Variant = Variant { name: "with-final-newline", words: text("with a final newline", "带末尾换行") };
const CRLF: Variant = Variant { name: "crlf", words: text("with CRLF line ends", "以 CRLF 换行") };
const LF: Variant = Variant { name: "lf", words: text("with LF line ends", "以 LF 换行") };
const BOM: Variant = Variant { name: "with-bom", words: text("with a byte order mark", "带 BOM") };
const WITHOUT_USAGE: Variant = Variant { name: "without-usage", words: text("without its usage", "不带 usage") };

/// The simplest other way to write the document that has the declared size.
fn other_serialization(document: &Value, text: &[u8], declared: u64) -> Option<Variant> {
    let size = text.len() as u64;
    let trailing = (text.len() - text.trim_ascii_end().len()) as u64;
    let line_feeds = memchr::memchr_iter(b'\n', text).count() as u64;
    let carriage_returns = memchr::memmem::find_iter(text, b"\r\n").count() as u64;
    let mut small = vec![(size - trailing, WITHOUT_NEWLINE), (size + 3, BOM)];
    if trailing == 0 {
        small.extend([(size + 1, WITH_NEWLINE), (size + 2, WITH_NEWLINE)]);
    }
    if carriage_returns > 1 {
        small.push((size - carriage_returns, LF));
    } else if line_feeds > 1 {
        small.push((size + line_feeds, CRLF));
    }
    let fits = |expected: u64| expected == declared && expected != size;
    if let Some((_, variant)) = small.into_iter().find(|(expected, _)| fits(*expected)) {
        return Some(variant);
    }
    // The sender's own style, as far as it can be told by its size, is changed in one way first.
    let styles = || LAYOUTS.iter().flat_map(|layout| ESCAPES.iter().map(move |escapes| (layout, escapes)));
    let written = |layout: Layout, escapes: Escapes| measure(document, Style { layout, escapes }, 0) as u64;
    let own = styles().find(|(layout, escapes)| written(layout.0, escapes.0) == size - trailing);
    let (own_layout, own_escapes) = own.map_or((Layout::Compact, Escapes::Least), |(layout, escapes)| (layout.0, escapes.0));
    let with_or_without_newline = |expected: u64| fits(expected) || fits(expected + 1) || fits(expected + trailing);
    if let Some((_, variant)) = LAYOUTS.iter().find(|(layout, _)| with_or_without_newline(written(*layout, own_escapes))) {
        return Some(*variant);
    }
    if let Some((_, variant)) = ESCAPES.iter().find(|(escapes, _)| with_or_without_newline(written(own_layout, *escapes))) {
        return Some(*variant);
    }
    let mut without_usage = document.clone();
    if without_usage.as_object_mut().and_then(|object| object.remove("usage")).is_some() {
        let expected = measure(&without_usage, Style { layout: own_layout, escapes: own_escapes }, 0) as u64;
        if with_or_without_newline(expected) {
            return Some(WITHOUT_USAGE);
        }
    }
    let combined = styles().find(|(layout, escapes)| fits(written(layout.0, escapes.0)));
    combined.map(|(_, escapes)| escapes.1)
}

/// The bytes of a value written in a style, at a depth of nesting.
fn measure(value: &Value, style: Style, depth: usize) -> usize {
    match value {
        Value::Null => 4,
        Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => measure_string(text, style.escapes),
        Value::Array(items) => {
            2 + between(items.len(), style, depth) + items.iter().map(|item| measure(item, style, depth + 1)).sum::<usize>()
        }
        Value::Object(fields) => {
            let colon = if style.layout == Layout::Compact { 1 } else { 2 };
            let inside = fields.iter().map(|(key, value)| measure_string(key, style.escapes) + colon + measure(value, style, depth + 1));
            2 + between(fields.len(), style, depth) + inside.sum::<usize>()
        }
    }
}

/// The commas and the white space around and between so many members.
fn between(members: usize, style: Style, depth: usize) -> usize {
    if members == 0 {
        return 0;
    }
    let commas = members - 1;
    match style.layout {
        Layout::Compact => commas,
        Layout::Spaced => 2 * commas,
        Layout::Indented(width) => commas + members * (1 + width * (depth + 1)) + 1 + width * depth,
    }
}

fn measure_string(text: &str, escapes: Escapes) -> usize {
    let character = |c: char| match c {
        '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
        '\0'..='\u{1f}' => 6,
        '<' | '>' | '&' | '\u{2028}' | '\u{2029}' if escapes == Escapes::Html => 6,
        '/' if escapes == Escapes::Slashes => 2,
        _ if escapes == Escapes::NonAscii && !c.is_ascii() => 6 * c.len_utf16(),
        _ => c.len_utf8(),
    };
    2 + text.chars().map(character).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sample() -> Value {
        json!({"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"a <b> && \"你好\" / 😀\n"}}],"empty":[],"usage":{"n":1}})
    }

    fn named(size: u64) -> Option<&'static str> {
        let text = serde_json::to_vec(&sample()).unwrap();
        other_serialization(&sample(), &text, size).map(|variant| variant.name)
    }

    #[test]
    fn a_style_is_measured_as_it_is_written() {
        let compact = serde_json::to_string(&sample()).unwrap();
        let indented = serde_json::to_string_pretty(&sample()).unwrap();
        let size = |layout| measure(&sample(), Style { layout, escapes: Escapes::Least }, 0);
        assert_eq!((size(Layout::Compact), size(Layout::Indented(2))), (compact.len(), indented.len()));
        // As Python's json.dumps writes the same value.
        let python = r#"{"id": "x", "choices": [{"index": 0, "message": {"role": "assistant", "content": "a <b> && \"\u4f60\u597d\" / \ud83d\ude00\n"}}], "empty": [], "usage": {"n": 1}}"#;
        assert_eq!(measure(&sample(), Style { layout: Layout::Spaced, escapes: Escapes::NonAscii }, 0), python.len());
    }

    #[test]
    fn the_variant_with_the_declared_size_is_named() {
        let compact = serde_json::to_string(&sample()).unwrap().len() as u64;
        assert_eq!(named(serde_json::to_string_pretty(&sample()).unwrap().len() as u64), Some("indented-by-2"));
        assert_eq!(named(compact + 1), Some("with-final-newline"));
        assert_eq!(named(compact + 3), Some("with-bom"));
        // Two bytes of `<`, `>` and `&` become six each.
        assert_eq!(named(compact + 4 * 5), Some("html-escaped"));
        assert_eq!(named(compact - r#","usage":{"n":1}"#.len() as u64), Some("without-usage"));
        assert_eq!(named(compact + 1000), None);
        let lines = serde_json::to_string_pretty(&sample()).unwrap();
        let windows = lines.replace('\n', "\r\n");
        let of = |text: &str, size: usize| other_serialization(&sample(), text.as_bytes(), size as u64).map(|variant| variant.name);
        assert_eq!((of(&lines, windows.len()), of(&windows, lines.len())), (Some("crlf"), Some("lf")));
    }
}
