//! An answer as a stream: its events read one by one, their facts kept, the events themselves not.

use super::calls::Calls;
use super::lines::Lines;
use super::sse::{Event, Parser, Rest};
use crate::api::chunk::{Chunk, Reader};
use crate::api::error::ApiError;
use crate::api::reply::{Choice, Reply, Usage};
use crate::api::shape::Shape;
use crate::wire::head::Span;

/// How much of the answer's text is kept.
const LARGEST_TEXT: usize = 8 * 1024 * 1024;
/// How much of a malformed event is kept for the excerpt.
const LARGEST_EXCERPT: usize = 512;
/// The API allows 128 choices; more than this are not told apart.
const MOST_CHOICES: usize = 256;
/// How much of the stream's end is kept as it came.
const TAIL: usize = 8192;

/// What a stream has said.
#[derive(Debug, Default)]
pub struct Stream {
    flow: Flow,
    reader: Reader,
    /// The last bytes, twice as many as are shown at most.
    tail: Vec<u8>,
    /// Whose stream it is, by the first event that shows it.
    pub shape: Option<Shape>,
    pub events: u64,
    /// Events of chunks: those of the model, not of the provider.
    pub chunks: u64,
    /// The answer's text, as much as is kept.
    pub text: String,
    pub characters: u64,
    /// Text not handed out yet.
    fresh: String,
    /// Every choice that came, with its reason for the end.
    pub choices: Vec<Choice>,
    pub calls: Calls,
    pub id: Option<String>,
    pub created: Option<u64>,
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
    /// How many times `[DONE]` came, or what another API says in its place.
    pub done: u64,
    pub done_marker: Option<&'static str>,
    /// Data lines that are events each, and stood together without the empty lines that separate events.
    pub unseparated: u64,
    pub unseparated_place: Place,
    pub error: Option<(ApiError, Place)>,
    pub malformed: Option<Malformed>,
    /// The last event without its end, at the end of the flow.
    pub rest: Option<Rest>,
    /// The data of an event that was cut and got its end from somebody else, if no text came after it.
    cut_event: Option<Vec<u8>>,
    pub last_event: Place,
    pub done_place: Place,
    /// When the first and the last event, and the first piece of the answer, came.
    pub first_event_at: Option<u64>,
    pub last_event_at: Option<u64>,
    pub first_token_at: Option<u64>,
}

type Place = Option<Span>;

/// How the events are told apart.
#[derive(Debug)]
enum Flow {
    EventStream(Parser),
    Lines(Lines),
}

impl Default for Flow {
    fn default() -> Flow {
        Flow::EventStream(Parser::default())
    }
}

/// An event whose data is not JSON.
#[derive(Clone, Debug, PartialEq)]
pub struct Malformed {
    pub place: Place,
    /// The offset in the data at which it shows.
    pub at: usize,
    pub excerpt: String,
    /// It is the beginning of a JSON.
    pub is_cut: bool,
    /// How many chunks came before it.
    pub chunks_before: u64,
}

impl Stream {
    /// A stream of JSON values, one a line, instead of an event stream.
    pub fn of_lines() -> Stream {
        Stream { flow: Flow::Lines(Lines::default()), ..Stream::default() }
    }

    pub fn is_of_lines(&self) -> bool {
        matches!(self.flow, Flow::Lines(_))
    }

    /// The model has said why it stopped, in every choice, or the stream that it is over.
    pub fn is_finished(&self) -> bool {
        self.done > 0 || (self.has_finished_choice() && self.unfinished_choices().next().is_none())
    }

    pub fn has_finished_choice(&self) -> bool {
        self.choices.iter().any(|choice| choice.finish_reason.is_some())
    }

    pub fn unfinished_choices(&self) -> impl Iterator<Item = u64> {
        self.choices.iter().filter(|choice| choice.finish_reason.is_none()).map(|choice| choice.index)
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
        match &self.flow {
            Flow::EventStream(parser) => parser.comments,
            Flow::Lines(_) => 0,
        }
    }

    /// Reads the next bytes. `base` is their place, in the flow where `is_place`, in the decoded content otherwise.
    pub fn feed(&mut self, bytes: &[u8], base: u64, is_place: bool, time: u64) {
        self.keep_tail(bytes);
        let mut flow = std::mem::take(&mut self.flow);
        let mut dispatch = |event: Event<'_>| self.take(&event, is_place, time);
        match &mut flow {
            Flow::EventStream(parser) => parser.feed(bytes, base, &mut dispatch),
            Flow::Lines(lines) => lines.feed(bytes, base, &mut dispatch),
        }
        self.flow = flow;
    }

    fn keep_tail(&mut self, bytes: &[u8]) {
        if bytes.len() >= TAIL {
            self.tail.clear();
        } else if self.tail.len() + bytes.len() > 2 * TAIL {
            self.tail.drain(..self.tail.len() - TAIL);
        }
        self.tail.extend_from_slice(&bytes[bytes.len().saturating_sub(TAIL)..]);
    }

    /// The end of the stream as it came.
    pub fn tail(&self) -> &[u8] {
        &self.tail
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
        if matches!(chunk, Chunk::Error(_) | Chunk::Reply(_) | Chunk::Text(_)) {
            self.cut_event = None;
        }
        match chunk {
            // A ping, or whatever else a provider calls by a name, need not be JSON; an error need not either.
            Chunk::Malformed { .. } | Chunk::Other if event.name == "error" && !event.data.trim_ascii().is_empty() => {
                self.error.get_or_insert((told_in_error_event(event.data), place));
            }
            Chunk::Malformed { .. } if !matches!(event.name, "" | "message") => {}
            Chunk::Malformed { .. } if are_events(event.data, true) => {
                self.events -= 1;
                self.take_unseparated(event, is_place, time);
            }
            Chunk::Text(text) => {
                self.chunks += 1;
                self.add_text(&text, time);
            }
            Chunk::Done(marker) => {
                self.done += 1;
                self.done_marker = Some(marker);
                self.done_place = place;
            }
            Chunk::Reply(reply) => self.take_reply(*reply, time),
            Chunk::Error(error) => {
                self.error.get_or_insert((*error, place));
            }
            Chunk::Malformed { at } => {
                let shown = &event.data[..event.data.len().min(LARGEST_EXCERPT)];
                let excerpt = String::from_utf8_lossy(shown).into_owned();
                let is_cut = is_open(event.data);
                self.cut_event = is_cut.then(|| event.data.to_vec());
                let chunks_before = self.chunks;
                self.malformed.get_or_insert(Malformed { place, at, excerpt, is_cut, chunks_before });
            }
            Chunk::Other => {}
        }
        self.reader = reader;
    }

    fn take_unseparated(&mut self, event: &Event<'_>, is_place: bool, time: u64) {
        self.unseparated_place = self.unseparated_place.take().or(is_place.then_some(event.start..event.end));
        for data in lines(event.data) {
            self.unseparated += 1;
            self.take(&Event { name: "", data, ..*event }, is_place, time);
        }
    }

    fn take_reply(&mut self, reply: Reply, time: u64) {
        self.chunks += 1;
        self.has_choice |= reply.choices.is_some_and(|choices| choices > 0);
        if reply.has_content() {
            self.first_token_at.get_or_insert(time);
        }
        self.shape = self.shape.or(reply.shape);
        for choice in reply.said {
            self.take_choice(choice);
        }
        self.finish_reason = reply.finish_reason.or(self.finish_reason.take());
        self.id = self.id.take().or(reply.id);
        self.created = self.created.or(reply.created);
        self.model = self.model.take().or(reply.model).filter(|model| !model.is_empty());
        self.usage = Usage::merge(self.usage.take(), reply.usage);
        // The whole answer once more, unless it is the first time.
        if reply.repeats && self.has_content() {
            return;
        }
        self.add_text(&reply.text, time);
        reply.tools.iter().for_each(|piece| self.calls.take(piece));
        self.reasoning += reply.reasoning as u64;
        self.tool_calls += reply.tool_calls as u64;
        self.has_refusal |= reply.has_refusal;
        self.has_other_content |= reply.has_other_content;
    }

    fn take_choice(&mut self, choice: Choice) {
        match self.choices.iter_mut().find(|known| known.index == choice.index) {
            Some(known) => known.finish_reason = choice.finish_reason.or(known.finish_reason.take()),
            None => {
                if self.choices.len() < MOST_CHOICES {
                    self.choices.push(choice);
                }
            }
        }
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

    /// The data of the events at the end that were cut.
    pub fn halves(&self) -> impl Iterator<Item = &[u8]> {
        self.cut_event.as_deref().into_iter().chain(self.rest.as_ref().map(|rest| rest.data.as_slice()))
    }

    /// The answer's text is longer than what is kept.
    pub fn text_is_cut_off(&self) -> bool {
        self.has_too_large || (self.characters > 0 && self.text.chars().count() as u64 != self.characters)
    }

    /// No more bytes will come. An event whose empty line is missing counts if its data is whole.
    pub fn finish(&mut self, time: u64) {
        let rest = match &mut self.flow {
            Flow::EventStream(parser) => parser.finish(),
            Flow::Lines(lines) => lines.finish(),
        };
        let Some(mut rest) = rest else {
            return;
        };
        if are_events(&rest.data, false) {
            let cut = rest.data.trim_ascii_end().iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            let last = rest.data.split_off(cut);
            let end = rest.start + (cut + last.len()) as u64;
            let event = Event { name: "", data: &rest.data, is_too_large: false, start: rest.start, end };
            self.take_unseparated(&event, false, time);
            self.unseparated += 1;
            rest.data = last;
        }
        let data = rest.data.trim_ascii();
        if is_event(data) {
            let end = rest.start + rest.data.len() as u64;
            self.take(&Event { name: "", data, is_too_large: false, start: rest.start, end }, false, time);
        } else if !data.is_empty() || rest.is_inside_line {
            self.rest = Some(rest);
        }
    }
}

/// What an event named «error» says: an error without the usual envelope, or plain words.
fn told_in_error_event(data: &[u8]) -> ApiError {
    let told = serde_json::from_slice(data).ok().and_then(|value| ApiError::from_value(&value, true));
    let words = || String::from_utf8_lossy(&data[..data.len().min(LARGEST_EXCERPT)]).into_owned();
    told.unwrap_or_else(|| ApiError { message: words(), ..ApiError::default() })
}

fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

/// A JSON object that is not closed.
fn is_open(data: &[u8]) -> bool {
    let mut scanner = super::json::Scanner::default();
    scanner.feed(data);
    data.trim_ascii_start().starts_with(b"{") && scanner.closure() == super::json::Closure::Open
}

fn is_event(data: &[u8]) -> bool {
    data == b"[DONE]" || (!data.is_empty() && serde_json::from_slice::<serde::de::IgnoredAny>(data).is_ok())
}

/// Several lines, each an event by itself; with `to_the_last`, also the last of them, which may be cut otherwise.
fn are_events(data: &[u8], to_the_last: bool) -> bool {
    let mut lines = lines(data).peekable();
    let mut seen = 0;
    while let Some(line) = lines.next() {
        let is_last = lines.peek().is_none();
        // A piece of a larger JSON may be a number or a string; an event is an object.
        let is_whole = (line.starts_with(b"{") || line == b"[DONE]") && is_event(line);
        let may_be_cut = !to_the_last && is_last && (line.starts_with(b"{") || b"[DONE]".starts_with(line));
        if !is_whole && !may_be_cut {
            return false;
        }
        seen += 1;
    }
    seen > 1
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
    fn an_error_is_told_by_the_name_of_its_event_or_of_its_field() {
        for told in [
            "event: error\ndata: {\"code\":500,\"message\":\"m\",\"type\":\"server_error\"}\n\n",
            "error: {\"code\":500,\"message\":\"m\",\"type\":\"server_error\"}\n\n",
            "error: {\"error\":{\"message\":\"m\"}}\n\n",
            "event: error\ndata: m\n\n",
        ] {
            assert_eq!(read(told).error.map(|(error, _)| error.message).as_deref(), Some("m"), "{told}");
        }
        for other in ["event: error\ndata:\n\n", "error: none\n\n", "errors: {\"message\":\"m\"}\n\n"] {
            assert!(read(other).error.is_none(), "{other}");
        }
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
