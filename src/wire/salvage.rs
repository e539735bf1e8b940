//! What can be kept of an answer that was cut: its JSON closed where it stands, and the text in it. What had not arrived as a whole is left
//! out, a fault inside is an end like a cut, and nothing of it is evidence: a half said thing proves nothing.

use super::json::{BYTE_ORDER_MARK, DEEPEST};
use super::stream::Stream;
use crate::api::error::ApiError;
use crate::api::json::{self, Value};
use crate::api::native;
use crate::api::reply::Reply;
use crate::api::shape::Shape;
use serde::de::IgnoredAny;

/// The text closed so that it parses; `None` where nothing is open, because it came to its end or never began.
///
/// A string that is a value is kept as far as its characters are whole. A key without its value is left out, and so is a number that may
/// have had more digits.
pub fn closed(text: &[u8]) -> Option<String> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let mut follower = Follower { text, at: 0, whole: 0, open: Vec::new(), expected: Expected::Value };
    let half = loop {
        match follower.step() {
            Step::Further if follower.open.is_empty() => return None,
            Step::Further => {}
            Step::Stopped { inside } => break inside,
        }
    };
    if follower.open.is_empty() {
        return None;
    }
    let mut kept = text[..half.unwrap_or(follower.whole)].to_vec();
    if half.is_some() {
        kept.push(b'"');
    }
    kept.extend(follower.open.iter().rev().map(|is_object| if *is_object { b'}' } else { b']' }));
    // Only in strings can there be malformed characters, and JSON is read without them.
    Some(String::from_utf8(kept).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

/// The answer's text in a plain answer that was cut. `foreign` is what something else wrote behind it; `asked` is the shape that was asked
/// for, for where the cut left nothing that shows one.
pub fn of_document(text: &[u8], foreign: &str, asked: Shape, status_is_error: bool) -> Option<String> {
    Some(reply_in(text, foreign, asked, status_is_error)?.text).filter(|text| !text.is_empty())
}

/// A tool call had begun when the plain answer was cut.
pub fn has_call_in_document(text: &[u8], foreign: &str, asked: Shape) -> bool {
    reply_in(text, foreign, asked, false).is_some_and(|reply| reply.tool_calls > 0)
}

fn reply_in(text: &[u8], foreign: &str, asked: Shape, status_is_error: bool) -> Option<Reply> {
    Some(read(&open_value(without(text, foreign), status_is_error)?, asked, Reply::from_value))
}

/// The text that the last events add, which are no events because they were cut. `foreign` is what something else wrote behind them.
pub fn of_stream(stream: &Stream, foreign: &str) -> Option<String> {
    // A model that has said why it stopped says no more.
    if stream.finish_reason.is_some() {
        return None;
    }
    // A line end within it is one of the stream, too.
    let foreign = foreign.lines().next().unwrap_or_default();
    let texts = stream.halves().filter_map(|data| of_event(stream, &open_value(without(data, foreign), false)?));
    Some(texts.collect::<String>()).filter(|text| !text.is_empty())
}

/// A tool call had begun in the last events, which are no events because they were cut.
pub fn has_call_in_stream(stream: &Stream, foreign: &str) -> bool {
    let shape = stream.shape.unwrap_or(Shape::ChatCompletions);
    let foreign = foreign.lines().next().unwrap_or_default();
    let mut values = stream.halves().filter_map(|data| open_value(without(data, foreign), false));
    values.any(|value| read(&value, shape, Reply::from_chunk).tool_calls > 0)
}

fn of_event(stream: &Stream, value: &Value<'_>) -> Option<String> {
    let reply = read(value, stream.shape.unwrap_or(Shape::ChatCompletions), Reply::from_chunk);
    let choice = value.get("choices").and_then(|choices| choices.as_array()?.first());
    let has = |key: &str| choice.is_some_and(|choice| choice.get(key).is_some_and(|part| !part.is_null()));
    // Beside the piece that did not come stands the text so far.
    let repeats = reply.repeats || (has("message") && !has("delta"));
    let is_of_any_choice = stream.choices.len() > 1 && choice.is_some() && !has("index");
    // Gemini says only behind a thought that it is one; what follows thoughts alone may be another.
    let may_be_thought = stream.shape == Some(Shape::GeminiContent) && stream.reasoning > 0 && stream.characters == 0;
    let is_doubtful = (repeats && stream.has_content()) || is_of_any_choice || may_be_thought;
    (!is_doubtful).then_some(reply.text)
}

fn without<'a>(text: &'a [u8], foreign: &str) -> &'a [u8] {
    let foreign = foreign.trim_ascii_end().as_bytes();
    // Blanks at a cut may be the answer's own.
    if foreign.is_empty() { text } else { text.trim_ascii_end().strip_suffix(foreign).unwrap_or(text) }
}

/// The value that was cut, unless it is an error.
fn open_value(text: &[u8], status_is_error: bool) -> Option<Value<'static>> {
    let value = json::parse(closed(text)?.as_bytes()).ok()?.into_owned();
    let error = native::error(&value).or_else(|| ApiError::from_value(&value, status_is_error));
    error.is_none().then_some(value)
}

fn read(value: &Value<'_>, likely: Shape, own: fn(&Value<'_>) -> Reply) -> Reply {
    let foreign = Shape::of(value).is_none().then(|| native::read(likely, value)).flatten();
    foreign.unwrap_or_else(|| own(value))
}

/// Follows a text by JSON's grammar for as long as it keeps to it.
struct Follower<'a> {
    text: &'a [u8],
    at: usize,
    /// Up to here the text needs nothing but its open brackets closed.
    whole: usize,
    /// One for each open bracket, the innermost last: set for an object.
    open: Vec<bool>,
    expected: Expected,
}

#[derive(Clone, Copy)]
enum Expected {
    Colon,
    Delimiter,
    /// The first of an object, which may also be empty.
    FirstKey,
    FirstItem,
    Key,
    Value,
}

enum Step {
    Further,
    /// The text ends here, or is no JSON from here on; `inside` a string that is a value, up to where its characters are whole.
    Stopped {
        inside: Option<usize>,
    },
}

impl Follower<'_> {
    fn step(&mut self) -> Step {
        const STOPPED: Step = Step::Stopped { inside: None };
        let blanks = self.text[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
        self.at += blanks;
        let rest = &self.text[self.at..];
        let Some(&byte) = rest.first() else {
            return STOPPED;
        };
        let is_in_object = self.open.last() == Some(&true);
        match (self.expected, byte) {
            (Expected::Key | Expected::FirstKey, b'"') => match string(rest) {
                Quoted::Whole(length) => self.go(length, Expected::Colon),
                Quoted::Half(_) => return STOPPED,
            },
            (Expected::Colon, b':') => self.go(1, Expected::Value),
            (Expected::Delimiter, b',') => self.go(1, if is_in_object { Expected::Key } else { Expected::Value }),
            (Expected::Delimiter | Expected::FirstKey, b'}') if is_in_object => self.close(),
            (Expected::Delimiter | Expected::FirstItem, b']') if !is_in_object => self.close(),
            (Expected::Value | Expected::FirstItem, b'{' | b'[') if self.open.len() < DEEPEST => {
                self.open.push(byte == b'{');
                self.go(1, if byte == b'{' { Expected::FirstKey } else { Expected::FirstItem });
                self.whole = self.at;
            }
            (Expected::Value | Expected::FirstItem, b'"') => match string(rest) {
                Quoted::Whole(length) => self.end_value(length),
                Quoted::Half(length) => return Step::Stopped { inside: Some(self.at + length) },
            },
            (Expected::Value | Expected::FirstItem, _) => match scalar(rest) {
                Some(length) => self.end_value(length),
                None => return STOPPED,
            },
            _ => return STOPPED,
        }
        Step::Further
    }

    fn go(&mut self, length: usize, expected: Expected) {
        self.at += length;
        self.expected = expected;
    }

    fn end_value(&mut self, length: usize) {
        self.go(length, Expected::Delimiter);
        self.whole = self.at;
    }

    fn close(&mut self) {
        self.open.pop();
        self.end_value(1);
    }
}

enum Quoted {
    /// The length with both quotes.
    Whole(usize),
    /// Without its end; up to where its characters are whole.
    Half(usize),
}

/// Follows a string from its opening quote.
fn string(bytes: &[u8]) -> Quoted {
    let mut at = 1;
    while let Some(found) = bytes[at..].iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
        at += found;
        match (bytes[at], escape(&bytes[at..])) {
            (b'"', _) => return Quoted::Whole(at + 1),
            (b'\\', Some(length)) => at += length,
            _ => return Quoted::Half(at),
        }
    }
    Quoted::Half(end_of_characters(bytes))
}

/// The length of the escape with which the bytes begin, if it is there as a whole.
fn escape(bytes: &[u8]) -> Option<usize> {
    match bytes.get(1)? {
        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(2),
        b'u' => {
            let digits = bytes.get(2..6).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
            let is_high_surrogate = matches!(digits, [b'd' | b'D', b'8' | b'9' | b'a' | b'b' | b'A' | b'B', ..]);
            (!is_high_surrogate || !may_become_low_surrogate(&bytes[6..])).then_some(6)
        }
        _ => None,
    }
}

/// The bytes end before it shows whether they are the escape of a character's second half.
fn may_become_low_surrogate(bytes: &[u8]) -> bool {
    let fits = |(at, byte): (usize, &u8)| match at {
        0 => *byte == b'\\',
        1 => *byte == b'u',
        2 => matches!(byte, b'd' | b'D'),
        3 => matches!(byte, b'c'..=b'f' | b'C'..=b'F'),
        _ => byte.is_ascii_hexdigit(),
    };
    bytes.len() < 6 && bytes.iter().enumerate().all(fits)
}

/// Where the last character ends that is whole.
fn end_of_characters(bytes: &[u8]) -> usize {
    let lead = (1..=3).filter_map(|back| bytes.len().checked_sub(back)).find(|at| bytes[*at] >= 0xc0);
    let is_half = |at: &usize| std::str::from_utf8(&bytes[*at..]).is_err_and(|error| error.error_len().is_none());
    lead.filter(is_half).unwrap_or(bytes.len())
}

/// The length of the word or number with which the bytes begin, where nothing more can belong to it.
fn scalar(bytes: &[u8]) -> Option<usize> {
    if let Some(word) = [&b"true"[..], b"false", b"null"].into_iter().find(|word| bytes.starts_with(word)) {
        return Some(word.len());
    }
    let length = bytes.iter().take_while(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')).count();
    let is_number = length < bytes.len() && serde_json::from_slice::<IgnoredAny>(&bytes[..length]).is_ok();
    is_number.then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_text_is_closed_with_all_that_came_whole() {
        let cases = [
            (r#"{"#, "{}"),
            (r#"["#, "[]"),
            (r#"{"a"#, "{}"),
            (r#"{"a""#, "{}"),
            (r#"{"a":"#, "{}"),
            (r#"{"a":1"#, "{}"),
            (r#"{"a":1 "#, r#"{"a":1}"#),
            (r#"{"a":1,"#, r#"{"a":1}"#),
            (r#"{"a":1,"b"#, r#"{"a":1}"#),
            (r#"{"a":tru"#, "{}"),
            (r#"{"a":null"#, r#"{"a":null}"#),
            (r#"{"a":-1.5e"#, "{}"),
            (r#"{"a":{"b":[1,{"c":""#, r#"{"a":{"b":[1,{"c":""}]}}"#),
            (r#"{"a":{},"b":[],"c":[{}"#, r#"{"a":{},"b":[],"c":[{}]}"#),
            (r#"[1,"a"#, r#"[1,"a"]"#),
            ("\u{feff} [ 1 , ", " [ 1]"),
        ];
        for (text, expected) in cases {
            assert_eq!(closed(text.as_bytes()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn of_a_cut_string_the_characters_stay_that_came_whole() {
        let cases: [(&[u8], &str); 15] = [
            (b"abc", "abc"),
            (b"a\\", "a"),
            (b"a\\n", "a\\n"),
            (b"a\\\\", "a\\\\"),
            (b"a\\u00e", "a"),
            (b"a\\u00e9", "a\\u00e9"),
            (b"a\\ud83d", "a"),
            (b"a\\ud83d\\", "a"),
            (b"a\\ud83d\\ude0", "a"),
            (b"a\\ud83d\\ude00", "a\\ud83d\\ude00"),
            // No second half can come of that.
            (b"a\\ud83d\\u0", "a\\ud83d"),
            (b"a\\ud83d\\n", "a\\ud83d\\n"),
            (b"a\xe4\xbd", "a"),
            (b"a\xf0\x9f\x98", "a"),
            // Malformed, not cut.
            (b"a\xffb\xe4\xbd\xa0", "a\u{fffd}b你"),
        ];
        for (text, expected) in cases {
            let closed = closed(&[b"[\"", text].concat());
            assert_eq!(closed, Some(format!("[\"{expected}\"]")), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn a_fault_is_an_end_like_a_cut() {
        for (text, expected) in [
            (r#"{"a":"x\q","b":1}"#, r#"{"a":"x"}"#),
            ("{\"a\":\"x\r\n<html>", r#"{"a":"x"}"#),
            (r#"{"a":"x" oops"#, r#"{"a":"x"}"#),
            (r#"{"a":"x"]"#, r#"{"a":"x"}"#),
            (r#"[1,01,2"#, "[1]"),
            (r#"[1,]"#, "[1]"),
        ] {
            assert_eq!(closed(text.as_bytes()).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn where_nothing_is_open_nothing_is_closed() {
        for text in ["", " ", "\u{feff}", "{}", " [1] x", "null", "\"a", "12", "oops", "}"] {
            assert_eq!(closed(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn depth_is_bounded() {
        for depth in [200, DEEPEST, DEEPEST + 1, 3 * DEEPEST] {
            let deep = format!("{{\"choices\":[{{\"message\":{{\"content\":\"hi\"}}}}],\"x\":{}", "[".repeat(depth));
            assert_eq!(
                closed(deep.as_bytes()).map(|text| text.len()),
                Some(deep.len() + depth + 1 - 2 * (depth + 1).saturating_sub(DEEPEST))
            );
            assert_eq!(of_document(deep.as_bytes(), "", Shape::ChatCompletions, false).as_deref(), Some("hi"), "{depth}");
        }
    }

    #[test]
    fn the_text_of_every_api_is_found_in_a_cut_answer() {
        for (asked, text) in [
            (Shape::ChatCompletions, r#"{"id":"x","choices":[{"index":0,"message":{"role":"assistant","content":"Hel"#),
            (Shape::ChatCompletions, r#"{"choices":[{"finish_reason":"stop","message":{"content":[{"type":"text","text":"Hel"#),
            (Shape::LegacyCompletions, r#"{"object":"text_completion","choices":[{"text":"Hel"#),
            (Shape::ChatCompletions, r#"{"type":"message","role":"assistant","content":[{"type":"text","text":"Hel"#),
            (Shape::ChatCompletions, r#"{"object":"response","output":[{"type":"message","content":[{"type":"output_text","text":"Hel"#),
            (Shape::ChatCompletions, r#"{"candidates":[{"content":{"parts":[{"text":"Hel"#),
            (
                Shape::ChatCompletions,
                r#"[{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]},{"candidates":[{"content":{"parts":[{"te"#,
            ),
            (Shape::OllamaChat, r#"{"model":"m","message":{"role":"assistant","content":"Hel"#),
        ] {
            assert_eq!(of_document(text.as_bytes(), "", asked, false).as_deref(), Some("Hel"), "{text}");
        }
    }

    #[test]
    fn what_is_no_answers_text_is_not_taken_for_it() {
        for text in [
            r#"{"error":{"message":"Hel"#,
            r#"{"error":{"message":"m"},"choices":[{"message":{"content":"Hel"#,
            r#"{"choices":[{"message":{"reasoning_content":"Hel"#,
            r#"{"choices":[{"message":{"role":"assi"#,
            r#"{"choices":[{"message":{"content":""#,
            r#"{"choices":[{"message":{"content"#,
            r#"{"text":"Hel"#,
        ] {
            assert_eq!(of_document(text.as_bytes(), "", Shape::ChatCompletions, false), None, "{text}");
        }
        assert_eq!(of_document(br#"{"message":"no","choices":[{"text":"Hel"#, "", Shape::ChatCompletions, true), None);
    }

    /// What the half event at the end of a stream of these lines adds.
    fn added(lines: &str) -> Option<String> {
        let mut stream = if lines.starts_with('{') { Stream::of_lines() } else { Stream::default() };
        stream.feed(lines.as_bytes(), 0, true, 0);
        stream.finish(0);
        of_stream(&stream, "<html>\n</html>\n")
    }

    #[test]
    fn the_half_event_of_every_api_adds_its_text() {
        const CHAT: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n";
        for half in [
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"sto",
            "data: {\"choices\":[{\"index\":0,\ndata: \"delta\":{\"content\":\"lo",
            // A relay that writes lines gave it an end.
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\n\ndata: [DONE]\n\n",
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo<html>\n</html>\n",
        ] {
            assert_eq!(added(&format!("{CHAT}{half}")).as_deref(), Some("lo"), "{half}");
        }
        for stream in [
            "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"lo",
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"lo",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"lo",
            "{\"message\":{\"content\":\"Hel\"},\"done\":false}\n{\"message\":{\"content\":\"lo",
        ] {
            assert_eq!(added(stream).as_deref(), Some("lo"), "{stream}");
        }
    }

    #[test]
    fn a_half_event_that_may_say_something_else_adds_nothing() {
        for stream in [
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"},\"finish_reason\":\"stop\"}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"message\":{\"content\":\"Hello",
            "data: {\"choices\":[{\"index\":0,\"delta\":{}},{\"index\":1,\"delta\":{}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo",
            "data: {\"choices\":[{\"delta\":{\"content\":\"a\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\n",
            "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm\",\"thought\":true}]}}]}\n\ndata: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"hm",
            "data: {\"error\":{\"message\":\"lo",
            "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndat",
        ] {
            assert_eq!(added(stream), None, "{stream}");
        }
    }
}
