//! What differs between two exchanges of the same request, whoever made them and whenever: in the head, the framing, the coding, the shape
//! of the body, and whether all of it came. What a server says anew each time is no difference; what is amiss is for the diagnosis to say.

mod body;
mod fields;
mod json;
mod stream;

use serde::Serialize;

use crate::evidence::Evidence;
use crate::exchange::recording::How;
use crate::exchange::source::Source;
use crate::wire::framing::Framing;
use crate::wire::transcript::Response;

/// Beyond this many the rest is counted only.
const MOST_CHANGES: usize = 60;
/// A value longer than this many characters is cut.
const LONGEST_VALUE: usize = 200;

/// All that differs, in the order in which it stands in a response.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Difference {
    changes: Vec<Change>,
    /// How many more there are.
    pub left_out: usize,
    /// Both bodies came, and they are the same byte for byte, chunk framing and coding undone.
    pub bodies_are_equal: bool,
    /// A body is longer than what is kept of it: the rest was not compared.
    pub is_partial: bool,
}

/// One thing that is not the same; none where one side lacks it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Change {
    pub part: Part,
    /// The field, the path in the JSON, or what of the part it is.
    pub name: String,
    pub a: Option<String>,
    pub b: Option<String>,
}

/// Where a change shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Part {
    Status,
    Field,
    Framing,
    Coding,
    BodyShape,
    BodyValue,
    StreamShape,
    End,
    Tls,
}

impl Difference {
    pub fn between(a: &Evidence<'_>, b: &Evidence<'_>) -> Difference {
        let mut difference = Difference::default();
        // A browser speaks another version of HTTP than we do, and its export is not what stood on the wire.
        let is_of_wire = [a, b].iter().all(|evidence| evidence.asked().source == Source::Recording);
        match is_of_wire {
            true => difference.note(Part::Status, "line", first_line(a), first_line(b)),
            false => difference.note(Part::Status, "status", status(a), status(b)),
        }
        if let (Some(one), Some(other)) = (a.response(), b.response()) {
            let body = body::compare(a, b, &mut difference);
            difference.bodies_are_equal = body.is_equal;
            difference.is_partial = body.is_partial;
            // Of a body that is known without its head, nothing is known of the head.
            if has_head(one) && has_head(other) {
                fields::compare(&one.head, &other.head, is_of_wire, &mut difference);
                let (first, second) = (framing(one), framing(other));
                // Unless the bodies are the same, a length differs by what they say.
                if is_of_wire && (body.is_equal || without_digits(&first) != without_digits(&second)) {
                    difference.note(Part::Framing, "framing", Some(first), Some(second));
                }
                difference.note(Part::Coding, "content-encoding", label(one), label(other));
                // Of the same bytes the length alone tells it.
                if is_of_wire && !body.is_equal {
                    difference.note(Part::End, "body", Some(extent(one)), Some(extent(other)));
                }
            }
            if !a.asked().lost.coding && !b.asked().lost.coding {
                let coding = |response: &Response| Some(response.content.coding.name().to_string());
                // What the label says was compared already.
                if label(one) == label(other) {
                    difference.note(Part::Coding, "bytes", coding(one), coding(other));
                }
            }
        }
        if let (Some(one), Some(other)) = (a.how, b.how) {
            difference.note(Part::End, "end", Some(end(one)), Some(end(other)));
        }
        tls(a, b, &mut difference);
        difference.changes.sort_by_key(|change| change.part);
        difference.left_out += difference.changes.len().saturating_sub(MOST_CHANGES);
        difference.changes.truncate(MOST_CHANGES);
        difference
    }

    /// Nothing differs but what does from request to request.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Notes what is not the same.
    fn note(&mut self, part: Part, name: impl Into<String>, a: Option<String>, b: Option<String>) {
        if a != b {
            let cut = |value: Option<String>| value.map(|value| value.chars().take(LONGEST_VALUE).collect());
            self.changes.push(Change { part, name: name.into(), a: cut(a), b: cut(b) });
        }
    }
}

fn has_head(response: &Response) -> bool {
    !response.head.first_line.is_empty()
}

fn first_line(evidence: &Evidence<'_>) -> Option<String> {
    evidence.head().map(|head| head.first_line.trim_end().to_string())
}

fn status(evidence: &Evidence<'_>) -> Option<String> {
    evidence.status().map(|status| status.to_string())
}

/// How the head says that the body ends.
fn framing(response: &Response) -> String {
    let promise = &response.body.promise;
    let lengths: Vec<&str> = promise.lengths.iter().map(|length| length.text.as_str()).collect();
    let lengths = lengths.join(", ");
    match promise.framing {
        Framing::Chunked if !lengths.is_empty() => format!("Transfer-Encoding: chunked; Content-Length: {lengths}"),
        Framing::Chunked => "Transfer-Encoding: chunked".into(),
        Framing::ContentLength => format!("Content-Length: {lengths}"),
        Framing::Close => "close".into(),
        Framing::None => "none".into(),
    }
}

/// Whether as much of the body came as the head says; where that is the end of the connection, that end tells.
fn extent(response: &Response) -> String {
    let is_cut = !response.body.is_complete() && response.body.promise.framing != Framing::Close;
    if is_cut { "cut" } else { "complete" }.into()
}

fn without_digits(text: &str) -> String {
    text.chars().filter(|c| !c.is_ascii_digit()).collect()
}

fn label(response: &Response) -> Option<String> {
    let labels: Vec<&str> = response.head.all("content-encoding").map(|field| field.value.as_str()).collect();
    (!labels.is_empty()).then(|| labels.join(", ").to_ascii_lowercase())
}

/// The orderly ends are one: which of them it is depends on how we asked.
fn end(how: How) -> String {
    match how {
        How::Fin | How::Kept | How::TlsClose => "in-order".into(),
        other => serde_json::to_value(other).ok().and_then(|name| name.as_str().map(str::to_string)).unwrap_or_default(),
    }
}

/// A certificate that was renewed by the same issuer is the same.
fn tls(a: &Evidence<'_>, b: &Evidence<'_>, difference: &mut Difference) {
    let (Some(one), Some(other)) = (&a.transcript.tls, &b.transcript.tls) else {
        return;
    };
    difference.note(Part::Tls, "issuer", one.issuer.clone(), other.issuer.clone());
    difference.note(Part::Tls, "subject", one.subject.clone(), other.subject.clone());
    difference.note(Part::Tls, "version", one.version.clone(), other.version.clone());
}

#[cfg(test)]
mod tests;
