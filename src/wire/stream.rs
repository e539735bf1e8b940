//! A chat completion as a stream: its events read one by one, their facts kept, the events themselves not.

use super::sse::{Event, Parser, Rest};
use crate::api::chunk::{Chunk, Reader};
use crate::api::error::ApiError;
use crate::api::reply::{Reply, Usage};
use crate::wire::head::Span;

/// How much of the answer's text is kept.
const LARGEST_TEXT: usize = 8 * 1024 * 1024;
/// How much of a malformed event is kept for the excerpt.
const LARGEST_EXCERPT: usize = 512;

/// What a stream has said.
#[derive(Debug, Default)]
pub struct Stream {
    parser: Parser,
    reader: Reader,
    pub events: u64,
    /// Events of chunks: those of the model, not of the provider.
    pub chunks: u64,
    /// The answer's text, as much as is kept.
    pub text: String,
    pub characters: u64,
    /// Text not handed out yet.
    fresh: String,
    pub model: Option<String>,
    pub usage: Option<Usage>,
    pub finish_reason: Option<String>,
    pub reasoning: u64,
    pub tool_calls: u64,
    pub has_refusal: bool,
    pub has_other_content: bool,
    /// An event was too large to be read: its text is missing.
    pub has_too_large: bool,
    /// Some chunk had a choice in it.
    pub has_choice: bool,
    /// How many times `[DONE]` came.
    pub done: u64,
    pub error: Option<(ApiError, Place)>,
    pub malformed: Option<Malformed>,
    /// The last event without its end, at the end of the flow.
    pub rest: Option<Rest>,
    pub last_event: Place,
    pub done_place: Place,
    /// When the first and the last event, and the first piece of the answer, came.
    pub first_event_at: Option<u64>,
    pub last_event_at: Option<u64>,
    pub first_token_at: Option<u64>,
}

type Place = Option<Span>;

/// An event whose data is not JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    pub place: Place,
    /// The offset in the data at which it shows.
    pub at: usize,
    pub excerpt: String,
}

impl Stream {
    /// The model has said why it stopped.
    pub fn is_finished(&self) -> bool {
        self.finish_reason.is_some() || self.done > 0
    }

    pub fn has_content(&self) -> bool {
        self.characters > 0 || self.tool_calls > 0 || self.has_refusal || self.has_other_content || self.reasoning > 0
    }

    /// The text that came since the last call.
    pub fn take_fresh(&mut self) -> String {
        std::mem::take(&mut self.fresh)
    }

    pub fn has_fresh(&self) -> bool {
        !self.fresh.is_empty()
    }

    pub fn comments(&self) -> u64 {
        self.parser.comments
    }

    /// Reads the next bytes. `base` is their place, in the flow where `is_place`, in the decoded content otherwise.
    pub fn feed(&mut self, bytes: &[u8], base: u64, is_place: bool, time: u64) {
        let mut parser = std::mem::take(&mut self.parser);
        parser.feed(bytes, base, &mut |event| self.take(&event, is_place, time));
        self.parser = parser;
    }

    fn take(&mut self, event: &Event<'_>, is_place: bool, time: u64) {
        self.events += 1;
        self.first_event_at.get_or_insert(time);
        self.last_event_at = Some(time);
        let place = is_place.then_some(event.start..event.end);
        self.last_event = place.clone();
        if event.is_too_large {
            self.has_other_content = true;
            self.has_too_large = true;
            return;
        }
        let mut reader = std::mem::take(&mut self.reader);
        let chunk = reader.read(event.data);
        match chunk {
            // A ping, or whatever else a provider calls by a name, need not be JSON; an error need not either.
            Chunk::Malformed { .. } if event.name == "error" => {
                let message = String::from_utf8_lossy(&event.data[..event.data.len().min(LARGEST_EXCERPT)]).into_owned();
                self.error.get_or_insert((ApiError { message, ..ApiError::default() }, place));
            }
            Chunk::Malformed { .. } if !matches!(event.name, "" | "message") => {}
            Chunk::Text(text) => {
                self.chunks += 1;
                self.add_text(&text, time);
            }
            Chunk::Done => {
                self.done += 1;
                self.done_place = place;
            }
            Chunk::Reply(reply) => self.take_reply(*reply, time),
            Chunk::Error(error) => {
                self.error.get_or_insert((*error, place));
            }
            Chunk::Malformed { at } => {
                let shown = &event.data[..event.data.len().min(LARGEST_EXCERPT)];
                let excerpt = String::from_utf8_lossy(shown).into_owned();
                self.malformed.get_or_insert(Malformed { place, at, excerpt });
            }
            Chunk::Other => {}
        }
        self.reader = reader;
    }

    fn take_reply(&mut self, reply: Reply, time: u64) {
        self.chunks += 1;
        self.has_choice |= reply.choices.is_some_and(|choices| choices > 0);
        if reply.has_content() {
            self.first_token_at.get_or_insert(time);
        }
        self.add_text(&reply.text, time);
        self.reasoning += reply.reasoning as u64;
        self.tool_calls += reply.tool_calls as u64;
        self.has_refusal |= reply.has_refusal;
        self.has_other_content |= reply.has_other_content;
        self.model = self.model.take().or(reply.model).filter(|model| !model.is_empty());
        self.usage = reply.usage.or(self.usage.take());
        self.finish_reason = reply.finish_reason.or(self.finish_reason.take());
    }

    fn add_text(&mut self, text: &str, time: u64) {
        if text.is_empty() {
            return;
        }
        self.first_token_at.get_or_insert(time);
        self.characters += text.chars().count() as u64;
        self.fresh.push_str(text);
        if self.text.len() + text.len() <= LARGEST_TEXT {
            self.text.push_str(text);
        }
    }

    /// The answer's text is longer than what is kept.
    pub fn text_is_cut_off(&self) -> bool {
        self.has_too_large || (self.characters > 0 && self.text.chars().count() as u64 != self.characters)
    }

    /// No more bytes will come. An event whose empty line is missing counts if its data is whole.
    pub fn finish(&mut self, time: u64) {
        let Some(rest) = self.parser.finish() else {
            return;
        };
        let data = rest.data.trim_ascii();
        let is_whole = data == b"[DONE]" || (!data.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok());
        if is_whole {
            let end = rest.start + rest.data.len() as u64;
            self.take(&Event { name: "", data, is_too_large: false, start: rest.start, end }, false, time);
        } else if !data.is_empty() || rest.is_inside_line {
            self.rest = Some(rest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Stream {
        let mut stream = Stream::default();
        stream.feed(text.as_bytes(), 0, true, 7);
        stream.finish(9);
        stream
    }

    #[test]
    fn text_finish_usage_and_end_are_read() {
        let stream = read(concat!(
            "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n",
            "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\n",
            "data: {\"model\":\"m\",\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\n",
            "data: {\"model\":\"m\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
            "data: {\"model\":\"m\",\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\n",
            "data: [DONE]\n\n",
        ));
        assert_eq!((stream.text.as_str(), stream.finish_reason.as_deref(), stream.done), ("Hello", Some("stop"), 1));
        assert_eq!((stream.events, stream.chunks, stream.first_token_at), (6, 5, Some(7)));
        assert_eq!(stream.usage.as_ref().and_then(|usage| usage.completion_tokens), Some(2));
        assert!(stream.is_finished() && stream.rest.is_none() && !stream.text_is_cut_off());
    }

    #[test]
    fn a_last_event_without_its_empty_line_counts_if_it_is_whole() {
        assert_eq!(read("data: [DONE]").done, 1);
        assert_eq!(read("data: [DONE]\n").done, 1);
        let cut = read("data: {\"choices\":[{\"delta\":{\"content\":\"Hel");
        assert_eq!((cut.events, cut.rest.is_some()), (0, true));
    }

    #[test]
    fn an_error_event_and_a_malformed_event_are_kept_with_their_places() {
        let error = "data: {\"error\":{\"message\":\"m\"}}\n\n";
        let stream = read(&format!("{error}data: {{oops}}\n\n"));
        let second = error.len() as u64;
        assert_eq!(stream.error.map(|(error, place)| (error.message, place)), Some(("m".into(), Some(0..second))));
        let malformed = stream.malformed.map(|malformed| (malformed.excerpt, malformed.place));
        assert_eq!(malformed, Some(("{oops}".into(), Some(second..second + 14))));
    }
}
