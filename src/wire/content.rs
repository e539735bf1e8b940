//! What a body says: its payload decoded, recognised as JSON, an event stream, a page or something else, and followed to its end.
//! Everything is counted; what is kept is bounded.

use super::coding::{Coding, Decoder, Progress};
use super::digest::Promised;
use super::json::{Closure, Scanner};
use super::stream::Stream;

/// A plain answer larger than this is counted and followed, but no longer kept as a whole.
const LARGEST_DOCUMENT: usize = 8 * 1024 * 1024;
/// How much of a page or of other text is kept.
const LARGEST_TEXT: usize = 64 * 1024;
/// More blanks than this before the content are forgotten.
const MOST_BLANKS: usize = 4096;
/// First bytes that tell plain text from compressed data under a coding's label.
const TELLING: usize = 16;

/// The content as followed so far.
#[derive(Debug)]
pub struct Content {
    /// The coding that `Content-Encoding` names, as it stands there.
    pub label: Option<String>,
    /// The label names a coding, or codings, that we cannot decode: the bytes are taken as they are.
    pub is_undecodable: bool,
    /// The bytes are not what the label says.
    pub mislabel: Option<Mislabel>,
    pub coding: Coding,
    pub decoded: u64,
    /// Characters of the decoded bytes, malformed ones not counted.
    pub characters: u64,
    /// UTF-16 code units of the same.
    pub utf16_units: u64,
    pub form: Form,
    /// Digests over the decoded bytes: a proxy that compresses may keep the digest of what it compressed.
    pub digests: Vec<Promised>,
    decoder: Option<Decoder>,
    first: Vec<u8>,
}

/// How the label and the bytes disagree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mislabel {
    /// The label names a coding, but the bytes are plain.
    Plain,
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
}

impl Document {
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
        let coding = Coding::from_label(label.unwrap_or(""));
        Content {
            label: label.filter(|label| !label.trim().is_empty()).map(str::to_string),
            is_undecodable: coding.is_none(),
            mislabel: None,
            coding: coding.unwrap_or(Coding::Identity),
            decoded: 0,
            characters: 0,
            utf16_units: 0,
            form: Form::Empty,
            digests: Vec::new(),
            decoder: None,
            first: Vec::new(),
        }
    }

    /// How far the coding came; `None` for identity.
    pub fn progress(&self) -> Option<&Progress> {
        self.decoder.as_ref().filter(|decoder| !decoder.is_identity()).map(Decoder::progress)
    }

    /// Takes the next payload bytes, which stand at `at` of the flow and came at `time`.
    pub fn feed(&mut self, bytes: &[u8], at: u64, time: u64) {
        if self.decoder.is_none() {
            let needed = match self.coding {
                _ if self.is_undecodable => 0,
                Coding::Identity if self.first.is_empty() && !matches!(bytes.first(), Some(0x1f | 0x28)) => 0,
                Coding::Identity => 4,
                _ => TELLING,
            };
            if self.first.len() + bytes.len() < needed {
                return self.first.extend_from_slice(bytes);
            }
            let mut first = std::mem::take(&mut self.first);
            let before = first.len() as u64;
            first.extend_from_slice(bytes);
            self.choose_decoder(&first);
            return self.decode(&first, at.saturating_sub(before), time);
        }
        self.decode(bytes, at, time);
    }

    /// The label is a claim; the first bytes are the fact.
    fn choose_decoder(&mut self, first: &[u8]) {
        if !self.is_undecodable {
            let is_plain = first.iter().take(TELLING).all(|byte| matches!(byte, b'\t' | b'\r' | b'\n' | b' '..=b'~'));
            if self.coding != Coding::Identity && is_plain && !first.is_empty() {
                self.mislabel = Some(Mislabel::Plain);
                self.coding = Coding::Identity;
            } else if let (Coding::Identity, Some(coding)) = (self.coding, Coding::from_magic(first)) {
                self.mislabel = Some(Mislabel::Unlabelled);
                self.coding = coding;
            }
        }
        self.decoder = Some(Decoder::new(self.coding));
    }

    fn decode(&mut self, bytes: &[u8], at: u64, time: u64) {
        let Some(mut decoder) = self.decoder.take() else {
            return;
        };
        // Places are known only where the bytes are the wire's own.
        let is_identity = decoder.is_identity();
        decoder.decode(bytes, |decoded| self.take(decoded, is_identity.then_some(at), time));
        self.decoder = Some(decoder);
    }

    fn take(&mut self, bytes: &[u8], at: Option<u64>, time: u64) {
        let start = self.decoded;
        self.decoded += bytes.len() as u64;
        self.digests.iter_mut().for_each(|digest| digest.update(bytes));
        let (characters, utf16_units) = count_characters(bytes);
        self.characters += characters;
        self.utf16_units += utf16_units;
        if matches!(self.form, Form::Empty) {
            self.first.extend_from_slice(bytes);
            let Some(form) = recognise(&self.first) else {
                // Blanks without end are counted, not kept.
                if self.first.len() > MOST_BLANKS {
                    self.first.clear();
                }
                return;
            };
            self.form = form;
            let first = std::mem::take(&mut self.first);
            let first_at = at.map(|at| at + bytes.len() as u64 - first.len() as u64);
            return self.follow(&first, start + bytes.len() as u64 - first.len() as u64, first_at, time);
        }
        self.follow(bytes, start, at, time);
    }

    fn follow(&mut self, bytes: &[u8], start: u64, at: Option<u64>, time: u64) {
        match &mut self.form {
            Form::Empty => {}
            Form::Json(document) => {
                document.scanner.feed(bytes);
                document.is_cut_off |= keep(&mut document.text, bytes, LARGEST_DOCUMENT);
            }
            Form::Stream(stream) => stream.feed(bytes, at.unwrap_or(start), at.is_some(), time),
            Form::Markup(text) | Form::Other(text) => {
                keep(text, bytes, LARGEST_TEXT);
            }
        }
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
        if !self.first.is_empty() && self.decoder.is_none() {
            let first = std::mem::take(&mut self.first);
            self.choose_decoder(&first);
            self.decode(&first, 0, time);
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
