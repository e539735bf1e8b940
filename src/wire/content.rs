//! What a body says: its payload decoded, recognised as JSON, an event stream, a page or something else, and followed to its end.
//! Everything is counted; what is kept is bounded.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::coding::{Coding, Decoder, Progress};
use super::digest::Promised;
use super::framing::{Body, Framing, Piece, Promise};
use super::json::{Closure, Scanner};
use super::kept::joined;
use super::stream::Stream;
use crate::api::shape::Shape;

/// A plain answer larger than this is counted and followed, but no longer kept as a whole.
const LARGEST_DOCUMENT: usize = 8 * 1024 * 1024;
/// How much of a page or of other text is kept.
const LARGEST_TEXT: usize = 64 * 1024;
/// More blanks than this before the content are forgotten.
const MOST_BLANKS: usize = 4096;
/// First bytes that tell plain text from compressed data under a coding's label.
const TELLING: usize = 16;
/// Codings on top of each other beyond this many are not undone.
const MOST_LAYERS: usize = 4;
/// A first line of JSON larger than this is no line of a stream.
const LARGEST_FIRST_LINE: usize = 64 * 1024;
/// A chunk's size line within the content, extensions included, is no longer than this.
const LONGEST_SIZE_LINE: usize = 80;

/// The content as followed so far.
#[derive(Debug)]
pub struct Content {
    /// The codings that `Content-Encoding` names, as they stand there.
    pub label: Option<String>,
    /// The label names a coding, or codings, that we cannot decode: the bytes are taken as they are.
    pub is_undecodable: bool,
    /// The bytes are not what the label says.
    pub mislabel: Option<Mislabel>,
    /// The one that was applied last.
    pub coding: Coding,
    /// Within the content stands the framing of chunks, which the transfer should have taken off.
    pub reframed: Option<Box<Body>>,
    pub decoded: u64,
    /// Characters of the decoded bytes, malformed ones not counted.
    pub characters: u64,
    /// UTF-16 code units of the same.
    pub utf16_units: u64,
    pub form: Form,
    /// Digests over the decoded bytes: a proxy that compresses may keep the digest of what it compressed.
    pub digests: Vec<Promised>,
    /// From the wire inwards; the last is identity until it shows something else.
    layers: Vec<Layer>,
    /// Decoded bytes that do not show a form yet.
    first: Vec<u8>,
    has_looked_for_chunks: bool,
}

/// One coding to be undone.
#[derive(Debug, Default)]
struct Layer {
    /// What the label says; `None` beneath all that it names.
    expected: Option<Coding>,
    /// Bytes that do not show yet whether the label is right.
    first: Vec<u8>,
    first_at: Option<u64>,
    decoder: Option<Decoder>,
}

/// How the label and the bytes disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mislabel {
    /// The label names a coding, but the bytes are plain.
    Plain,
    /// The bytes are compressed once more than the label says.
    Twice,
    /// The bytes are compressed, and no label says so.
    Unlabelled,
}

#[derive(Debug, Default)]
pub enum Form {
    /// Nothing but white space so far.
    #[default]
    Empty,
    Json(Document),
    Stream(Box<Stream>),
    /// Begins with `<`.
    Markup(Vec<u8>),
    /// Anything else.
    Other(Vec<u8>),
}

/// A JSON text.
#[derive(Debug, Default)]
pub struct Document {
    scanner: Scanner,
    /// The text from the first byte of the body, white space before it included.
    pub text: Vec<u8>,
    /// The text is longer than what is kept.
    pub is_cut_off: bool,
    /// Its first value was looked at when it closed.
    is_looked_at: bool,
}

impl Document {
    /// The first value is closed, and is a line of a stream.
    fn begins_stream(&mut self) -> bool {
        let Closure::Closed { end } = self.closure() else {
            return false;
        };
        if self.is_looked_at || end as usize > self.text.len().min(LARGEST_FIRST_LINE) {
            return false;
        }
        static CHUNK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("chat.completion.chunk"));
        static DONE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("\"done\""));
        let names = |word: &Finder<'_>| word.find(&self.text[..end as usize]).is_some();
        let may_be_chunk = names(&CHUNK);
        // One chunk alone is a strange answer, but no stream.
        if may_be_chunk && self.scanner.trailing.is_none() {
            return false;
        }
        self.is_looked_at = true;
        // Nearly every answer is a completion, and not worth being read a second time.
        if !may_be_chunk && !names(&DONE) {
            return false;
        }
        let value = crate::api::json::parse(&self.text[..end as usize]).unwrap_or_default();
        // The last line of ollama's stream is also its whole answer to who wants no stream.
        let is_ollama = Shape::of(&value) == Some(Shape::OllamaChat) && value.get("done").and_then(|done| done.as_bool()) == Some(false);
        is_ollama || value.get("object").and_then(|object| object.as_str()) == Some("chat.completion.chunk")
    }

    pub fn closure(&self) -> Closure {
        self.scanner.closure()
    }

    /// How many quotes and brackets would close the text as it stands.
    pub fn closers(&self) -> u64 {
        self.scanner.closers()
    }

    /// Where something other than white space follows the first value.
    pub fn trailing(&self) -> Option<u64> {
        self.scanner.trailing
    }
}

/// What the content was at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Checkpoint {
    pub decoded: u64,
    pub is_whole: bool,
}

impl Content {
    /// Content under the label of a `Content-Encoding` field.
    pub fn new(label: Option<&str>) -> Content {
        let codings = Coding::from_label(label.unwrap_or(""));
        let layer = |expected: Option<Coding>| Layer { expected, ..Layer::default() };
        let layers = codings.iter().flatten().rev().map(|coding| layer(Some(*coding))).chain([layer(None)]);
        Content {
            label: label.filter(|label| !label.trim().is_empty()).map(str::to_string),
            is_undecodable: codings.is_none(),
            mislabel: None,
            coding: codings.iter().flatten().last().copied().unwrap_or(Coding::Identity),
            reframed: None,
            decoded: 0,
            characters: 0,
            utf16_units: 0,
            form: Form::Empty,
            digests: Vec::new(),
            layers: if codings.is_some() { layers.take(MOST_LAYERS).collect() } else { Vec::new() },
            first: Vec::new(),
            has_looked_for_chunks: false,
        }
    }

    /// How far the coding came, the outermost that is not at its end; `None` for identity.
    pub fn progress(&self) -> Option<&Progress> {
        let decoders = || self.layers.iter().filter_map(|layer| layer.decoder.as_ref()).filter(|decoder| !decoder.is_identity());
        let unfinished = decoders().find(|decoder| *decoder.progress() != Progress::Finished);
        unfinished.or_else(|| decoders().next()).map(Decoder::progress)
    }

    /// Takes the next payload bytes, which stand at `at` of the flow and came at `time`.
    pub fn feed(&mut self, bytes: &[u8], at: u64, time: u64) {
        self.undo(0, bytes, Some(at), time);
    }

    /// Gives bytes to the layer of this depth, and what comes out of it to those beneath.
    fn undo(&mut self, depth: usize, bytes: &[u8], at: Option<u64>, time: u64) {
        if bytes.is_empty() {
            return;
        }
        let Some(layer) = self.layers.get_mut(depth) else {
            return self.take(bytes, at, time);
        };
        if layer.decoder.is_some() {
            return self.decode(depth, bytes, at, time);
        }
        let needed = match layer.expected {
            Some(_) => TELLING,
            None if layer.first.is_empty() && !matches!(bytes.first(), Some(0x1f | 0x28)) => 0,
            None => 4,
        };
        if layer.first.is_empty() {
            layer.first_at = at;
        }
        let first = joined(&mut layer.first, bytes);
        if first.len() < needed {
            layer.first = first.into_owned();
            return;
        }
        self.begin(depth, &first, time);
    }

    /// The label is a claim; the first bytes are the fact.
    fn begin(&mut self, depth: usize, first: &[u8], time: u64) {
        let layer = &self.layers[depth];
        let at = layer.first_at;
        let is_plain = first.iter().take(TELLING).all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~'));
        let coding = match layer.expected {
            Some(_) if is_plain && !first.is_empty() => {
                self.mislabel = Some(Mislabel::Plain);
                Coding::Identity
            }
            Some(coding) => coding,
            None => Coding::from_magic(first).unwrap_or(Coding::Identity),
        };
        if layer.expected.is_none() && coding != Coding::Identity {
            self.mislabel = Some(if depth == 0 { Mislabel::Unlabelled } else { Mislabel::Twice });
            if self.layers.len() < MOST_LAYERS {
                self.layers.push(Layer::default());
            }
        }
        if depth == 0 || self.coding == Coding::Identity {
            self.coding = coding;
        }
        self.layers[depth].decoder = Some(Decoder::new(coding));
        self.decode(depth, first, at, time);
    }

    fn decode(&mut self, depth: usize, bytes: &[u8], at: Option<u64>, time: u64) {
        let Some(mut decoder) = self.layers[depth].decoder.take() else {
            return;
        };
        // Places are known only where the bytes are the wire's own.
        let at = at.filter(|_| decoder.is_identity());
        decoder.decode(bytes, |decoded| self.undo(depth + 1, decoded, at, time));
        self.layers[depth].decoder = Some(decoder);
    }

    fn take(&mut self, bytes: &[u8], at: Option<u64>, time: u64) {
        let start = self.decoded;
        self.decoded += bytes.len() as u64;
        self.digests.iter_mut().for_each(|digest| digest.update(bytes));
        let (characters, utf16_units) = count_characters(bytes);
        self.characters += characters;
        self.utf16_units += utf16_units;
        self.unframe(bytes, start, at, time);
    }

    /// Takes off the framing of chunks that stands where content should.
    fn unframe(&mut self, bytes: &[u8], start: u64, at: Option<u64>, time: u64) {
        let Some(mut body) = self.reframed.take() else {
            return self.take_content(bytes, start, at, time);
        };
        body.cut(bytes, at.unwrap_or(start), |piece, place, bytes| {
            if piece == Piece::Payload {
                self.take_content(bytes, place, at.map(|_| place), time);
            }
        });
        self.reframed = Some(body);
    }

    /// Takes content as its sender meant it; `start` is its place in the decoded bytes, `at` that in the flow, where it has one.
    fn take_content(&mut self, bytes: &[u8], start: u64, at: Option<u64>, time: u64) {
        if !matches!(self.form, Form::Empty) {
            return self.follow(bytes, start, at, time);
        }
        let first = joined(&mut self.first, bytes);
        let before = (first.len() - bytes.len()) as u64;
        let (first_start, first_at) = (start.saturating_sub(before), at.map(|at| at.saturating_sub(before)));
        match is_chunk_framing(&first) {
            Some(true) if !std::mem::replace(&mut self.has_looked_for_chunks, true) => {
                let promise = Promise { framing: Framing::Chunked, ..Promise::default() };
                self.reframed = Some(Box::new(Body::new(promise, first_at.unwrap_or(first_start))));
                return self.unframe(&first, first_start, first_at, time);
            }
            None => {
                self.first = first.into_owned();
                return;
            }
            Some(_) => {}
        }
        let Some(form) = recognise(&first) else {
            // Blanks without end are counted, not kept.
            if first.len() <= MOST_BLANKS {
                self.first = first.into_owned();
            }
            return;
        };
        self.form = form;
        self.follow(&first, first_start, first_at, time);
    }

    fn follow(&mut self, bytes: &[u8], start: u64, at: Option<u64>, time: u64) {
        match &mut self.form {
            Form::Empty => {}
            Form::Json(document) => {
                let seen = document.text.len();
                document.scanner.feed(bytes);
                document.is_cut_off |= keep(&mut document.text, bytes, LARGEST_DOCUMENT);
                if document.begins_stream() {
                    let text = std::mem::take(&mut document.text);
                    self.follow_as(Stream::of_lines(), &text, seen, (bytes, start, at), time);
                }
            }
            Form::Stream(stream) => stream.feed(bytes, at.unwrap_or(start), at.is_some(), time),
            Form::Markup(text) | Form::Other(text) => {
                let seen = text.len();
                keep(text, bytes, LARGEST_TEXT);
                // Clients of event streams skip what they do not know, such as the warning of a script.
                if !self.is_undecodable && has_event(text, seen) {
                    let text = std::mem::take(text);
                    self.follow_as(Stream::default(), &text, seen, (bytes, start, at), time);
                }
            }
        }
    }

    /// What was taken for another form is a stream: `text` is what was kept of it, all that was `seen` and the beginning of the new bytes.
    fn follow_as(&mut self, stream: Stream, text: &[u8], seen: usize, (bytes, start, at): (&[u8], u64, Option<u64>), time: u64) {
        self.form = Form::Stream(Box::new(stream));
        self.follow(text, start.saturating_sub(seen as u64), at.map(|at| at.saturating_sub(seen as u64)), time);
        let kept = text.len() - seen;
        self.follow(&bytes[kept..], start + kept as u64, at.map(|at| at + kept as u64), time);
    }

    /// The content is complete as its own form tells it: JSON is closed, a stream has said why it finished.
    pub fn is_whole(&self) -> bool {
        match &self.form {
            Form::Json(document) => matches!(document.closure(), Closure::Closed { .. }),
            Form::Stream(stream) => stream.is_finished(),
            Form::Empty | Form::Markup(_) | Form::Other(_) => false,
        }
    }

    pub fn checkpoint(&self) -> Checkpoint {
        let is_decoded = self.progress().is_none_or(|progress| *progress == Progress::Finished);
        Checkpoint { decoded: self.decoded, is_whole: self.is_whole() && is_decoded }
    }

    /// No more bytes will come.
    pub fn finish(&mut self, time: u64) {
        // A layer may find another beneath it.
        let mut depth = 0;
        while let Some(layer) = self.layers.get_mut(depth) {
            if layer.decoder.is_none() && !layer.first.is_empty() {
                let first = std::mem::take(&mut layer.first);
                self.begin(depth, &first, time);
            }
            depth += 1;
        }
        if matches!(self.form, Form::Empty)
            && let Some(form) = recognise(&self.first)
        {
            self.form = form;
            let first = std::mem::take(&mut self.first);
            self.follow(&first, self.decoded - first.len() as u64, None, time);
        }
        if !self.first.is_empty() && matches!(self.form, Form::Empty) && !self.first.trim_ascii().is_empty() {
            self.form = Form::Other(std::mem::take(&mut self.first));
        }
        if let Form::Stream(stream) = &mut self.form {
            stream.finish(time);
        }
    }

    /// The whole decoded JSON text, where it is one and is kept.
    pub fn document(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Json(document) if !document.is_cut_off => Some(&document.text),
            _ => None,
        }
    }

    pub fn stream(&self) -> Option<&Stream> {
        match &self.form {
            Form::Stream(stream) => Some(stream),
            _ => None,
        }
    }

    /// Decoded text that is neither JSON nor a stream, as much as is kept.
    pub fn other_text(&self) -> Option<&[u8]> {
        match &self.form {
            Form::Markup(text) | Form::Other(text) => Some(text),
            _ => None,
        }
    }
}

/// Characters and UTF-16 code units in a piece of UTF-8: continuation bytes are no characters, a lead byte of four has two units.
fn count_characters(bytes: &[u8]) -> (u64, u64) {
    if bytes.is_ascii() {
        return (bytes.len() as u64, bytes.len() as u64);
    }
    let characters = bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u64;
    (characters, characters + bytes.iter().filter(|byte| **byte >= 0xf0).count() as u64)
}

/// Appends what there is room for, and says whether something was left out.
fn keep(kept: &mut Vec<u8>, bytes: &[u8], limit: usize) -> bool {
    let room = limit.saturating_sub(kept.len());
    kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    bytes.len() > room
}

/// Whether a line that ended in what is new is an event of an answer. A page may well have a line that only begins like one; what is
/// no text holds none.
fn has_event(text: &[u8], seen: usize) -> bool {
    if memchr::memchr(b'\n', &text[seen..]).is_none() {
        return false;
    }
    let from = memchr::memrchr(b'\n', &text[..seen]).unwrap_or(0);
    memchr::memmem::find_iter(&text[from..], b"\ndata:").any(|at| {
        let line = &text[from + at + b"\ndata:".len()..];
        let Some(end) = memchr::memchr(b'\n', line) else {
            return false;
        };
        let is_event = || crate::api::json::parse(line[..end].trim_ascii()).is_ok_and(|value| Shape::of(&value).is_some());
        is_event() && memchr::memchr(0, &text[..from + at]).is_none()
    })
}

/// Whether content begins with a chunk's size line and, behind it, as content does; `None` while more bytes must tell.
fn is_chunk_framing(first: &[u8]) -> Option<bool> {
    let line = &first[..first.len().min(LONGEST_SIZE_LINE)];
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 8 {
        return Some(false);
    }
    let Some(newline) = memchr::memchr(b'\n', line) else {
        let is_open = line.len() < LONGEST_SIZE_LINE && matches!(line.get(digits), None | Some(b'\r' | b';'));
        return if is_open { None } else { Some(false) };
    };
    if !matches!(line[digits], b'\r' | b'\n' | b';') {
        return Some(false);
    }
    // The first chunk may hold blank lines only.
    let content = first[newline + 1..].trim_ascii_start();
    if content.is_empty() && first.len() < MOST_BLANKS {
        return None;
    }
    recognise(content).map(|form| matches!(form, Form::Json(_) | Form::Stream(_) | Form::Markup(_)))
}

/// The form that the first bytes show; `None` while they do not. `first` holds all bytes so far.
fn recognise(first: &[u8]) -> Option<Form> {
    const FIELDS: [&[u8]; 4] = [b"data", b"event", b"id", b"retry"];
    const BOM: &[u8] = "\u{feff}".as_bytes();
    if BOM.starts_with(first) {
        return None;
    }
    let text = first.strip_prefix(BOM).unwrap_or(first).trim_ascii_start();
    let word_end = text.iter().position(|byte| matches!(byte, b':' | b'\n' | b'\r'));
    match (text.first()?, word_end) {
        (b'{' | b'[', _) => Some(Form::Json(Document::default())),
        (b'<', _) => Some(Form::Markup(Vec::new())),
        (b':', _) => Some(Form::Stream(Box::default())),
        (_, Some(end)) if FIELDS.contains(&&text[..end]) => Some(Form::Stream(Box::default())),
        (_, None) if FIELDS.iter().any(|field| field.starts_with(text)) => None,
        _ => Some(Form::Other(Vec::new())),
    }
}
#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn follow(label: Option<&str>, bytes: &[u8], step: usize) -> Content {
        let mut content = Content::new(label);
        for (index, piece) in bytes.chunks(step).enumerate() {
            content.feed(piece, 100 + (index * step) as u64, 0);
        }
        content.finish(0);
        content
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn the_form_is_recognised_in_pieces_of_any_size() {
        for step in [1, 2, 5, 100] {
            assert!(matches!(follow(None, b"\n\n {\"a\":1}", step).form, Form::Json(_)));
            assert!(matches!(follow(None, b"data: 1\n\n", step).form, Form::Stream(_)));
            assert!(matches!(follow(None, b": ping\n\n", step).form, Form::Stream(_)));
            assert!(matches!(follow(None, "\u{feff}event: x\n\n".as_bytes(), step).form, Form::Stream(_)));
            assert!(matches!(follow(None, b"<html>", step).form, Form::Markup(_)));
            assert!(matches!(follow(None, b"database error: 3", step).form, Form::Other(_)));
            assert!(matches!(follow(None, b"dat", step).form, Form::Other(_)));
            assert!(matches!(follow(None, b" \n", step).form, Form::Empty));
        }
    }

    #[test]
    fn a_stream_recognised_late_loses_nothing_however_long_the_read() {
        let event = "data: {\"choices\":[{\"delta\":{\"content\":\"ab\"}}]}\n\n";
        let after_warning = format!("a warning\n{}", event.repeat(LARGEST_TEXT / event.len() + 10));
        let lines = "{\"object\":\"chat.completion.chunk\",\"choices\":[{\"delta\":{\"content\":\"ab\"}}]}\n".repeat(LARGEST_DOCUMENT / 70);
        for text in [after_warning, lines] {
            let counted = |step| follow(None, text.as_bytes(), step).stream().map(|stream| (stream.events, stream.characters));
            let expected = text.matches("ab").count() as u64;
            assert_eq!((counted(1000), counted(text.len())), (Some((expected, 2 * expected)), Some((expected, 2 * expected))));
        }
    }

    #[test]
    fn characters_and_utf16_units_are_counted() {
        let content = follow(None, "{\"a\":\"é你😀\"}".as_bytes(), 1);
        assert_eq!((content.decoded, content.characters, content.utf16_units), (17, 11, 12));
    }

    #[test]
    fn a_coding_under_its_label_without_label_and_a_label_without_coding() {
        let text = "{\"a\":\"0123456789 0123456789\"}";
        for step in [1, 100] {
            let content = follow(Some("gzip"), &gzip(text), step);
            assert_eq!((content.document(), content.mislabel), (Some(text.as_bytes()), None));
            let content = follow(None, &gzip(text), step);
            assert_eq!((content.document(), content.mislabel), (Some(text.as_bytes()), Some(Mislabel::Unlabelled)));
            for label in ["gzip", "br", "zstd", "deflate"] {
                let content = follow(Some(label), text.as_bytes(), step);
                assert_eq!((content.document(), content.mislabel), (Some(text.as_bytes()), Some(Mislabel::Plain)), "{label}");
            }
        }
        assert!(follow(Some("compress"), text.as_bytes(), 3).is_undecodable);
    }
}
