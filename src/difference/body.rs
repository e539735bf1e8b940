//! Two bodies: whether they are the same bytes, and else whether they have the same form.

use super::json::{self, Shape, Style};
use super::{Difference, Part, stream};
use crate::evidence::Evidence;
use crate::wire::content::{Content, Form};

/// How far two bodies are the same.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compared {
    pub is_equal: bool,
    pub is_partial: bool,
}

pub(super) fn compare(a: &Evidence<'_>, b: &Evidence<'_>, difference: &mut Difference) -> Compared {
    if a.asked().lost.body || b.asked().lost.body {
        return Compared::default();
    }
    let (kind, other_kind) = (kind(a), kind(b));
    let is_same_kind = kind == other_kind;
    difference.note(Part::BodyShape, "(kind)", Some(kind.into()), Some(other_kind.into()));
    match (a.content().map(|content| &content.form), b.content().map(|content| &content.form)) {
        (Some(Form::Json(_)), Some(Form::Json(_))) => documents(a, b, is_same_kind, difference),
        (Some(Form::Stream(_)), Some(Form::Stream(_))) => stream::compare(a, b, difference),
        (Some(Form::Markup(one)), Some(Form::Markup(other))) | (Some(Form::Other(one)), Some(Form::Other(other))) => {
            let is_partial = is_longer_than(a, one) || is_longer_than(b, other);
            Compared { is_equal: one == other && !is_partial, is_partial }
        }
        _ => Compared::default(),
    }
}

fn is_longer_than(evidence: &Evidence<'_>, kept: &[u8]) -> bool {
    evidence.content().is_some_and(|content| content.decoded > kept.len() as u64)
}

/// What the body is, by name.
fn kind(evidence: &Evidence<'_>) -> &'static str {
    match evidence.content().map(|content| &content.form) {
        None | Some(Form::Empty) => "empty",
        Some(Form::Json(_)) if evidence.error.is_some() => "json-error",
        Some(Form::Json(_)) => "json",
        Some(Form::Stream(_)) => "stream",
        Some(Form::Markup(_)) => "markup",
        Some(Form::Other(_)) => "text",
    }
}

fn documents(a: &Evidence<'_>, b: &Evidence<'_>, is_same_kind: bool, difference: &mut Difference) -> Compared {
    let (Some(one), Some(other)) = (a.content().and_then(Content::document), b.content().and_then(Content::document)) else {
        return Compared { is_equal: false, is_partial: true };
    };
    let is_equal = one == other && !one.is_empty();
    // A text that is cut or malformed has a shape only as far as it goes, and the diagnosis says that.
    if is_equal || a.document.is_none() || b.document.is_none() || !is_same_kind {
        return Compared { is_equal, is_partial: false };
    }
    let [first, second] = [one, other].map(|text| {
        let (mut shape, mut style) = (Shape::default(), Style::default());
        let value = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        shape.add(value);
        style.add(value);
        (shape, style)
    });
    json::compare((&first.0, true), (&second.0, true), Part::BodyShape, difference);
    json::compare_style(&first.1, &second.1, Part::BodyShape, difference);
    let before = |text: &[u8]| (text.len() > text.trim_ascii_start().len()).then(|| "blanks".to_string());
    difference.note(Part::BodyShape, "(before)", before(one), before(other));
    let end = |text: &[u8]| text.ends_with(b"\n").then(|| "line-feed".to_string());
    difference.note(Part::BodyShape, "(after)", end(one), end(other));
    Compared { is_equal, is_partial: false }
}
