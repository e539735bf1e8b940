//! What stands around an answer or within it and is not its own: text before the JSON, an error or a page behind what was cut.

use serde_json::Deserializer;

use super::Evidence;
use crate::api::error::ApiError;
use crate::api::json::Value;
use crate::api::shape::Shape;
use crate::wire::coding::Progress;
use crate::wire::content::{Content, Form};
use crate::wire::head::Span;
use crate::wire::json::Scanner;
use crate::wire::stream::Stream;

/// How far before the end something appended is looked for.
const FARTHEST: usize = 8192;

/// What something else wrote behind a content that was not whole.
#[derive(Clone, Debug)]
pub struct Appended {
    pub what: What,
    pub text: String,
    /// Its place, where the bytes of the wire are its own.
    pub place: Option<Span>,
}

#[derive(Clone, Debug)]
pub enum What {
    /// An API's error. It may also stand behind a whole answer.
    Error(ApiError),
    /// A page, or the last words of a script.
    Page,
    /// A line of a stream that is of no field.
    Text,
}

/// JSON behind a text that does not belong to it.
#[derive(Clone, Debug)]
pub struct Preceded<'a> {
    pub before: String,
    pub value: Value<'a>,
}

/// A JSON answer or error behind other text, if nothing but the closing of a call is behind it. A page that quotes one goes on.
pub(super) fn preceded(content: &Content) -> Option<Preceded<'_>> {
    const MOST_PLACES: usize = 64;
    let text = content.other_text()?;
    for at in memchr::memchr_iter(b'{', text).take(MOST_PLACES) {
        let mut values = Deserializer::from_slice(&text[at..]).into_iter::<Value<'_>>();
        let Some(Ok(value)) = values.next() else { continue };
        let is_answer = Shape::of(&value).is_some() || ApiError::from_value(&value, false).is_some();
        let behind = text[at + values.byte_offset()..].trim_ascii();
        if is_answer && matches!(behind, b"" | b")" | b");") {
            return Some(Preceded { before: String::from_utf8_lossy(&text[..at]).into_owned(), value });
        }
    }
    None
}

/// What was appended to an answer that had not come to its end, or an error behind its end.
pub(super) fn appended(evidence: &Evidence<'_>) -> Option<Appended> {
    let content = evidence.content()?;
    let readable = match &content.form {
        Form::Stream(stream) if !stream.is_finished() => Some((stream.tail(), Text::Stream(stream))),
        Form::Json(document) if evidence.document.is_none() || document.trailing().is_some() => {
            Some((document.text.as_slice(), Text::Json(document.trailing())))
        }
        Form::Stream(_) | Form::Json(_) => return None,
        Form::Empty | Form::Markup(_) | Form::Other(_) => None,
    };
    let texts = readable.into_iter().chain(unreadable(evidence).map(|raw| (raw, Text::Raw)));
    texts.into_iter().find_map(|(text, of)| {
        let (place, what) = error(text, &of).or_else(|| page(text, &of)).or_else(|| line(text, &of))?;
        let appended = &text[place..];
        Some(Appended { what, text: String::from_utf8_lossy(appended).into_owned(), place: on_wire(evidence, appended) })
    })
}

/// The end of the flow, where the body's framing is lost or its coding has no end: who appends to a body in haste forgets both.
fn unreadable<'a>(evidence: &Evidence<'a>) -> Option<&'a [u8]> {
    let response = evidence.response()?;
    let is_coding_broken = response.content.progress().is_some_and(|progress| *progress != Progress::Finished);
    let end = evidence.transcript.received.length();
    let start = response.body.start.max(end.saturating_sub(FARTHEST as u64));
    (response.body.is_lost() || is_coding_broken).then(|| evidence.transcript.received.slice(start..end).1)
}

/// What the text is in which something is looked for.
enum Text<'a> {
    /// Bytes that are not of the body's framing or coding.
    Raw,
    /// With the place of what follows its first value, if something does.
    Json(Option<u64>),
    Stream(&'a Stream),
}

impl Text<'_> {
    /// At this place of the text nothing of its own can begin with such a byte.
    fn is_foreign(&self, text: &[u8], place: usize) -> bool {
        let before = &text[..place];
        match self {
            Text::Raw => true,
            Text::Json(trailing) if *trailing == Some(place as u64) => true,
            Text::Json(_) => {
                let mut scanner = Scanner::default();
                scanner.feed(before);
                // Inside a string quotes and line ends are escaped. Outside, an object may stand behind a colon and in an array.
                let is_value = matches!(before.trim_ascii_end().last(), Some(b':' | b'[') | None);
                let is_item = before.trim_ascii_end().ends_with(b",") && !scanner.is_in_object();
                scanner.is_in_string() || text[place] == b'<' || !(is_value || is_item)
            }
            // A datum that is an error, or a line of ollama's, is an event and told as that.
            Text::Stream(stream) if text[place] == b'{' => {
                let line = &before[memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1)..];
                let begins_event = if stream.is_of_lines() { &b""[..] } else { b"data:" };
                line.trim_ascii() != begins_event
            }
            Text::Stream(_) => before.is_empty() || before.ends_with(b"\n"),
        }
    }
}

fn error(text: &[u8], of: &Text<'_>) -> Option<(usize, What)> {
    const KEYS: [&[u8]; 3] = [b"\"error\"", b"\"type\"", b"\"object\""];
    let from = text.len().saturating_sub(FARTHEST);
    for at in memchr::memrchr_iter(b'{', &text[from..]).map(|at| from + at) {
        if at == 0 || !KEYS.iter().any(|key| text[at + 1..].trim_ascii_start().starts_with(key)) {
            continue;
        }
        let mut values = Deserializer::from_slice(&text[at..]).into_iter::<Value<'_>>();
        let Some(Ok(value)) = values.next() else { continue };
        let behind = text[at + values.byte_offset()..].trim_ascii();
        // «0» is the last chunk of a body whose coding is broken, not its framing.
        let is_end = matches!(behind, b"" | b"data: [DONE]") || (matches!(of, Text::Raw) && behind == b"0");
        if let Some(error) = ApiError::from_value(&value, false)
            && is_end
            && of.is_foreign(text, at)
        {
            return Some((at, What::Error(error)));
        }
    }
    None
}

/// A page, or an error of PHP, from its beginning to the end of the text. A JSON string has no line ends in it: in what an answer quotes
/// they are escaped.
fn page(text: &[u8], of: &Text<'_>) -> Option<(usize, What)> {
    if matches!(of, Text::Json(Some(_))) {
        return None;
    }
    const BEGINNINGS: [&str; 5] =
        ["<!doctype html", "<html", "<br />\n<b>fatal error</b>", "<br />\n<b>warning</b>", "<br />\n<b>parse error</b>"];
    let from = text.len().saturating_sub(FARTHEST);
    let lower = text[from..].to_ascii_lowercase();
    let place = BEGINNINGS.iter().filter_map(|beginning| memchr::memmem::find(&lower, beginning.as_bytes())).min()?;
    let shown = &lower[place..];
    let is_page = shown.starts_with(b"<br") || shown.trim_ascii().ends_with(b"</html>");
    let at = from + place;
    (is_page && memchr::memchr2(b'\n', b'\r', shown).is_some() && at > 0 && of.is_foreign(text, at)).then_some((at, What::Page))
}

/// The last line of a stream, if it is of no field and says something: what a gateway writes in plain text when its upstream is gone.
fn line(text: &[u8], of: &Text<'_>) -> Option<(usize, What)> {
    const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];
    let Text::Stream(stream) = of else {
        return None;
    };
    let end = text.trim_ascii_end().len();
    let at = memchr::memrchr(b'\n', &text[..end])? + 1;
    let line = &text[at..end];
    let word = line.split(|byte| *byte == b':').next().unwrap_or(line);
    // Half a field's name is a cut; a comment may say what it likes.
    let is_field = word.is_empty() || FIELDS.iter().any(|field| field.starts_with(word));
    let says_something = line.contains(&b' ') && line.iter().any(u8::is_ascii_alphabetic) && std::str::from_utf8(line).is_ok();
    (says_something && !is_field && !stream.is_of_lines()).then_some((at, What::Text))
}

/// Where the text stands in the flow, if it does so in one piece.
fn on_wire(evidence: &Evidence<'_>, text: &[u8]) -> Option<Span> {
    let text = text.trim_ascii_end();
    let end = evidence.transcript.received.length();
    let (start, tail) = evidence.transcript.received.slice(end.saturating_sub(2 * FARTHEST as u64)..end);
    let at = start + memchr::memmem::rfind(tail, text)? as u64;
    Some(at..at + text.len() as u64)
}
