//! Two streams: the kinds of their events in order, the paths in them, how their lines are written, and whether they came as they were
//! made or gathered. Of what is kept of a flow, which may be its beginning only.

use super::body::Compared;
use super::json::{self, Shape, Style};
use super::{Difference, Part};
use crate::api::json::Value;
use crate::evidence::Evidence;
use crate::wire::coding::{Coding, Decoder};
use crate::wire::framing::{Body, Piece};
use crate::wire::lines::Lines;
use crate::wire::sse::{Event, Parser};

/// No more of a decoded stream is compared.
const MOST: usize = 1024 * 1024;
/// Of more kinds than this in a row, only which there are is compared.
const MOST_KINDS: usize = 24;
/// Events that came within this long, in microseconds, came at once.
const AT_ONCE: u64 = 5_000;
/// Events that came over longer than this came as they were made.
const SPREAD: u64 = 100_000;
/// Fewer events than this may well come at once.
const FEWEST_EVENTS: u64 = 4;

pub(super) fn compare(a: &Evidence<'_>, b: &Evidence<'_>, difference: &mut Difference) -> Compared {
    arrivals(a, b, difference);
    let (Some(one), Some(other)) = (decoded(a), decoded(b)) else {
        return Compared { is_equal: false, is_partial: true };
    };
    let is_partial = one.is_cut || other.is_cut;
    if one.bytes == other.bytes && !is_partial {
        return Compared { is_equal: true, is_partial };
    }
    let is_of_lines = |evidence: &Evidence<'_>| evidence.stream().is_some_and(|stream| stream.is_of_lines());
    if is_of_lines(a) != is_of_lines(b) {
        let form = |evidence: &Evidence<'_>| Some(if is_of_lines(evidence) { "json-lines" } else { "event-stream" }.to_string());
        difference.note(Part::StreamShape, "(form)", form(a), form(b));
        return Compared { is_equal: false, is_partial };
    }
    let is_whole = |evidence: &Evidence<'_>, is_cut: bool| !is_cut && evidence.stream().is_some_and(|stream| stream.is_finished());
    let (one_is_whole, other_is_whole) = (is_whole(a, one.is_cut), is_whole(b, other.is_cut));
    let (first, second) = (Seen::of(one.bytes, is_of_lines(a), one_is_whole), Seen::of(other.bytes, is_of_lines(b), other_is_whole));
    kinds((&first.kinds, one_is_whole), (&second.kinds, other_is_whole), difference);
    json::compare((&first.shape, one_is_whole), (&second.shape, other_is_whole), Part::StreamShape, difference);
    json::compare_style(&first.style, &second.style, Part::StreamShape, difference);
    let lines = [("(line ends)", first.line_end, second.line_end), ("(data)", first.data, second.data)];
    for (name, one, other) in lines {
        difference.note(Part::StreamShape, name, one.map(str::to_string), other.map(str::to_string));
    }
    let comments = |evidence: &Evidence<'_>| evidence.stream().filter(|stream| stream.comments() > 0).map(|_| "comments".to_string());
    difference.note(Part::StreamShape, "(comments)", comments(a), comments(b));
    Compared { is_equal: false, is_partial }
}

/// Whether all events came at once, after a wait in which they were made, where others came one by one. What lies between proves nothing.
fn arrivals(a: &Evidence<'_>, b: &Evidence<'_>, difference: &mut Difference) {
    let came = |evidence: &Evidence<'_>| {
        let stream = evidence.stream().filter(|stream| stream.events >= FEWEST_EVENTS && !evidence.asked().lost.arrivals)?;
        match stream.last_event_at?.saturating_sub(stream.first_event_at?) {
            ..AT_ONCE if waited(evidence) >= SPREAD => Some("at-once"),
            SPREAD.. => Some("one-by-one"),
            _ => None,
        }
    };
    if let (Some(one), Some(other)) = (came(a), came(b)) {
        difference.note(Part::StreamShape, "(arrival)", Some(one.into()), Some(other.into()));
    }
}

/// Microseconds from the end of the request to the first event.
fn waited(evidence: &Evidence<'_>) -> u64 {
    let sent = evidence.transcript.times.sent.map_or(0, |sent| (sent * 1000.0) as u64);
    evidence.stream().and_then(|stream| stream.first_event_at).map_or(0, |first| first.saturating_sub(sent))
}

/// A change of the kinds is none where one stops before its end.
fn kinds((one, one_is_whole): (&[String], bool), (other, other_is_whole): (&[String], bool), difference: &mut Difference) {
    let is_beginning = !one_is_whole && other.starts_with(one) || !other_is_whole && one.starts_with(other);
    if is_beginning {
        return;
    }
    let shown = |kinds: &[String]| {
        let mut kinds = kinds.to_vec();
        if one.len().max(other.len()) > MOST_KINDS {
            kinds.sort();
            kinds.dedup();
        }
        Some(kinds.join(" "))
    };
    difference.note(Part::StreamShape, "(events)", shown(one), shown(other));
}

/// The stream's own bytes, chunk framing and coding undone.
struct Decoded {
    bytes: Vec<u8>,
    is_cut: bool,
}

/// None where the bytes are not what their labels say.
fn decoded(evidence: &Evidence<'_>) -> Option<Decoded> {
    let response = evidence.response().filter(|response| response.content.mislabel.is_none() && response.content.reframed.is_none())?;
    let codings = match evidence.asked().lost.coding {
        true => Vec::new(),
        false => Coding::from_label(response.content.label.as_deref().unwrap_or(""))?,
    };
    let start = response.body.start;
    let flow = evidence.transcript.received.beginning();
    let kept = flow.get(usize::try_from(start).ok()?..)?;
    let mut body = if response.body.is_unframed { Body::unframed } else { Body::new }(response.body.promise.clone(), start);
    let mut bytes = Vec::new();
    body.cut(kept, start, |piece, _, payload| {
        if piece == Piece::Payload {
            bytes.extend_from_slice(payload);
        }
    });
    let mut is_cut = (flow.len() as u64) < evidence.transcript.received.length();
    for coding in codings.into_iter().rev().filter(|coding| *coding != Coding::Identity) {
        let mut plain = Vec::new();
        Decoder::new(coding).decode(&bytes, |piece| plain.extend_from_slice(&piece[..piece.len().min(MOST.saturating_sub(plain.len()))]));
        bytes = plain;
    }
    is_cut |= bytes.len() >= MOST;
    Some(Decoded { bytes, is_cut })
}

/// What a stream's bytes show.
#[derive(Debug, Default)]
struct Seen {
    /// Equal ones in a row are one.
    kinds: Vec<String>,
    shape: Shape,
    style: Style,
    line_end: Option<&'static str>,
    /// How the data follows its colon.
    data: Option<&'static str>,
}

impl Seen {
    fn of(mut bytes: Vec<u8>, is_of_lines: bool, is_whole: bool) -> Seen {
        let mut seen = Seen::default();
        if is_whole {
            // The last event may lack its empty line.
            bytes.extend_from_slice(b"\n\n");
        }
        let mut take = |event: Event<'_>| seen.take(&event);
        match is_of_lines {
            true => Lines::default().feed(&bytes, 0, &mut take),
            false => Parser::default().feed(&bytes, 0, &mut take),
        }
        seen.line_end = memchr::memchr2(b'\n', b'\r', &bytes).map(|at| match (bytes[at], bytes.get(at + 1)) {
            (b'\n', _) => "LF",
            (_, Some(b'\n')) => "CRLF",
            _ => "CR",
        });
        seen.data = memchr::memmem::find(&bytes, b"data:").and_then(|at| bytes.get(at + 5)).map(|byte| match byte {
            b' ' => "data: …",
            _ => "data:…",
        });
        seen
    }

    fn take(&mut self, event: &Event<'_>) {
        let value = crate::api::json::parse(event.data).ok();
        if value.as_ref().is_some_and(Value::is_object) {
            self.shape.add(event.data);
            self.style.add(event.data);
        }
        let kind = kind(event, value.as_ref());
        if self.kinds.last() != Some(&kind) {
            self.kinds.push(kind);
        }
    }
}

/// An event by what it carries: the keys of its delta, why it ended, what it counts.
fn kind(event: &Event<'_>, value: Option<&Value<'_>>) -> String {
    let Some(value) = value else {
        return if event.data.trim_ascii() == b"[DONE]" { "[DONE]".into() } else { format!("{}text", named(event.name)) };
    };
    let has_usage = value.get("usage").is_some_and(|usage| !usage.is_null());
    let usage = if has_usage { "+usage" } else { "" };
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return format!("{}error", named(event.name));
    }
    let Some(choices) = value.get("choices").and_then(Value::as_array) else {
        let kind = value.get("type").or_else(|| value.get("object")).and_then(Value::as_str).unwrap_or("data");
        return format!("{}{}", named(event.name), kind.chars().take(60).collect::<String>());
    };
    let Some(choice) = choices.first() else {
        return format!("{}{{}}{usage}", named(event.name));
    };
    let keys: Vec<&str> = choice.get("delta").and_then(Value::as_object).into_iter().flat_map(|delta| delta.keys()).take(8).collect();
    let finish = if choice.get("finish_reason").is_some_and(|reason| !reason.is_null()) { "+finish" } else { "" };
    format!("{}{{{}}}{finish}{usage}", named(event.name), keys.join(","))
}

fn named(name: &str) -> String {
    if matches!(name, "" | "message") { String::new() } else { format!("{}:", name.chars().take(40).collect::<String>()) }
}
