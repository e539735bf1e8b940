//! Stream chunks, read fast. Nearly all chunks of a stream differ only in their piece of text: once one has been parsed as a whole,
//! the bytes before and after its text are a pattern, and a chunk of that pattern needs only its text read.
//!
//! This is exact: equal bytes up to the opening quote leave a JSON parser in the same state, and equal bytes after the closing quote
//! take it to the same end.

use super::error::ApiError;
use super::native;
use super::reply::Reply;
use super::shape::Shape;

/// What the data of one stream event is.
#[derive(Debug)]
pub enum Chunk<'a> {
    /// The stream says that it is over, by this word.
    Done(&'static str),
    /// Only a piece of text, as most are. Escapes are resolved.
    Text(std::borrow::Cow<'a, str>),
    Reply(Box<Reply>),
    Error(Box<ApiError>),
    /// JSON, but neither a chunk nor an error: a provider's extra event.
    Other,
    /// Not JSON; the offset at which that shows.
    Malformed {
        at: usize,
    },
}

/// Reads the chunks of one stream in order.
#[derive(Debug, Default)]
pub struct Reader {
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Reader {
    pub fn read<'a>(&mut self, data: &'a [u8]) -> Chunk<'a> {
        if let Some(text) = self.text_by_pattern(data) {
            return Chunk::Text(text);
        }
        if data.trim_ascii() == b"[DONE]" {
            return Chunk::Done("[DONE]");
        }
        if data.trim_ascii().is_empty() {
            // A keep-alive that is an event instead of a comment.
            return Chunk::Other;
        }
        let value = match super::json::parse(data) {
            Ok(value) => value,
            Err(error) => return Chunk::Malformed { at: offset_of(data, error.line(), error.column()) },
        };
        if let Some(error) = native::error(&value).or_else(|| ApiError::from_value(&value, false)) {
            return Chunk::Error(Box::new(error));
        }
        if let Some(marker) = native::end_marker(&value) {
            return Chunk::Done(marker);
        }
        if Shape::of(&value).is_none() && value.get("usage").is_none() {
            return Chunk::Other;
        }
        let reply = Reply::from_chunk(&value);
        self.learn(data, &reply);
        Chunk::Reply(Box::new(reply))
    }

    fn text_by_pattern<'a>(&self, data: &'a [u8]) -> Option<std::borrow::Cow<'a, str>> {
        if self.before.is_empty() {
            return None;
        }
        let text = data.strip_prefix(self.before.as_slice())?.strip_suffix(self.after.as_slice())?;
        if text.is_empty() || text.iter().any(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)) {
            return None;
        }
        std::str::from_utf8(text).ok().map(std::borrow::Cow::Borrowed)
    }

    /// Takes the bytes around the text of a chunk that says nothing else as the pattern of those to come.
    fn learn(&mut self, data: &[u8], reply: &Reply) {
        const KEY: &[u8] = b"\"content\":";
        let has_only_text = matches!(reply.said.as_slice(), [choice] if choice.index == 0)
            && !reply.text.is_empty()
            && reply.finish_reason.is_none()
            && reply.usage.is_none()
            && reply.tools.is_empty()
            && reply.reasoning == 0
            && !reply.has_refusal
            && !reply.has_other_content;
        let mut places = memchr::memmem::find_iter(data, KEY);
        let (Some(place), None) = (places.next(), places.next()) else {
            return;
        };
        let value = place + KEY.len();
        let opening = value + data[value..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if !has_only_text || data.get(opening) != Some(&b'"') {
            return;
        }
        // The text as it stands, without escapes, must be the reply's own: else this is another field of that name.
        let closing = opening + 1 + reply.text.len();
        if data.get(opening + 1..closing) == Some(reply.text.as_bytes()) && data.get(closing) == Some(&b'"') {
            self.before = data[..=opening].to_vec();
            self.after = data[closing..].to_vec();
        }
    }
}

/// The byte at a line and column as serde_json counts them, both from 1.
pub fn offset_of(text: &[u8], line: usize, column: usize) -> usize {
    let line_start = match line {
        0 | 1 => 0,
        _ => memchr::memchr_iter(b'\n', text).nth(line - 2).map_or(text.len(), |newline| newline + 1),
    };
    (line_start + column.saturating_sub(1)).min(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str, more: &str) -> String {
        format!(r#"{{"id":"x","model":"m","choices":[{{"index":0,"delta":{{"content":{}}}{more}}}]}}"#, serde_json::json!(text))
    }

    #[test]
    fn by_pattern_or_as_a_whole_the_text_is_the_same() {
        let mut reader = Reader::default();
        let mut by_pattern = 0;
        for text in ["one", "two", "", "say \"hi\"", "back\\slash", "line\nend", "你好", "}]", "\",\"x\":\"", "content"] {
            let data = chunk(text, "");
            match reader.read(data.as_bytes()) {
                Chunk::Text(read) => {
                    by_pattern += 1;
                    assert_eq!(read, text);
                }
                Chunk::Reply(reply) => assert_eq!(reply.text, text),
                other => panic!("{text:?}: {other:?}"),
            }
        }
        assert_eq!(by_pattern, 4);
    }

    #[test]
    fn a_chunk_that_says_more_is_never_read_by_the_pattern() {
        let mut reader = Reader::default();
        reader.read(chunk("one", "").as_bytes());
        for more in [r#","finish_reason":"stop""#, r#","finish_reason":null"#] {
            assert!(matches!(reader.read(chunk("two", more).as_bytes()), Chunk::Reply(_)), "{more}");
        }
        assert!(matches!(reader.read(br#"{"error":{"message":"m"}}"#), Chunk::Error(_)));
        assert!(matches!(reader.read(b"[DONE]"), Chunk::Done("[DONE]")));
        assert!(matches!(reader.read(br#"{"type":"ping"}"#), Chunk::Other));
        assert!(matches!(reader.read(b""), Chunk::Other));
        assert!(matches!(reader.read(br#"{"choices":[{"#), Chunk::Malformed { .. }));
        assert!(matches!(reader.read(b"\xff"), Chunk::Malformed { .. }));
    }

    #[test]
    fn a_field_of_the_same_name_elsewhere_teaches_no_pattern() {
        let mut reader = Reader::default();
        let data = r#"{"logprobs":{"content":"ha"},"choices":[{"delta":{"content" : "hi"}}]}"#;
        reader.read(data.as_bytes());
        assert!(reader.before.is_empty());
        let twice = r#"{"logprobs":{"content":"hi"},"choices":[{"delta":{"content":"hi"}}]}"#;
        reader.read(twice.as_bytes());
        assert!(reader.before.is_empty());
    }
}
