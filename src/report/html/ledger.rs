//! The ledger of bytes, drawn to scale: what was declared over what came, the difference hatched, chunks and the content's end marked.

use super::super::facts::Exchange;
use super::super::{terms, words};
use super::drawing::{End, bar, drawing, end_sign, percent, pixels, vertical, words as write};
use super::markup::Html;
use crate::lang::{Lang, Text};
use crate::report::model::Ledger;
use crate::wire::content::Form;
use crate::wire::framing::{Body, Framing, Piece};
use crate::wire::json::Closure;
use crate::wire::transcript::{Response, Transcript};

/// Heights of a row: its words, its bar, the space to the next, and a line of words under a bar.
const WORDS: f64 = 18.0;
const BAR: f64 = 18.0;
const GAP: f64 = 16.0;
const UNDER: f64 = 18.0;

/// More marks than this would be a grey bar.
const MOST_CHUNKS: usize = 120;

/// The drawing, or nothing where no response came.
pub fn figure(html: &mut Html<'_>, exchange: &Exchange<'_>, id: &str) {
    let (ledger, lang) = (&exchange.report.ledger, exchange.lang);
    let Some(response) = &exchange.transcript.response else {
        return;
    };
    let scale = Scale::of(&lengths(ledger));
    let rows = rows(exchange, response);
    let height = rows.iter().map(Row::height).sum::<f64>() - GAP + 6.0;
    let facts: Vec<String> = exchange.ledger().into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
    html.element("figure", &[], |html| {
        drawing(html, &format!("{id}-ledger"), height, [terms::LEDGER.get(lang), &facts.join("; ")], |html| {
            let mut top = 0.0;
            for row in &rows {
                row.draw(html, &scale, top, ledger.declared);
                top += row.height();
            }
        });
        let caption = if scale.shortened.is_some() { terms::SHORTENED } else { terms::TO_SCALE };
        html.line("figcaption", &[("class", "place")], caption.get(lang));
    });
}

/// All lengths that the drawing shows side by side. Characters are, where they are what was declared.
fn lengths(ledger: &Ledger) -> Vec<u64> {
    let decoded = (ledger.coding != "identity").then_some(ledger.decoded);
    [ledger.declared, Some(ledger.wire), decoded].into_iter().flatten().collect()
}

/// Where bytes stand across. In proportion, unless a difference were too small to be seen: then it is widened, and the longest stretch
/// pays for it and carries a break.
struct Scale {
    /// Bytes and their share of the width, both rising.
    points: Vec<(u64, f64)>,
    shortened: Option<f64>,
}

impl Scale {
    const THINNEST: f64 = 0.03;

    fn of(lengths: &[u64]) -> Scale {
        let mut points: Vec<u64> = lengths.to_vec();
        points.push(0);
        points.sort_unstable();
        points.dedup();
        let steps: Vec<u64> = points.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let widths = widths(&steps);
        let total: f64 = steps.iter().map(|step| *step as f64).sum();
        let is_true = steps.iter().zip(&widths).all(|(step, width)| (*step as f64 / total - width).abs() < 1e-9);
        let mut at = 0.0;
        let mut placed = vec![(0, 0.0)];
        let mut longest: Option<(u64, f64)> = None;
        for ((step, width), value) in steps.iter().zip(&widths).zip(&points[1..]) {
            if longest.is_none_or(|(known, _)| *step > known) {
                longest = Some((*step, at + width / 2.0));
            }
            at += width;
            placed.push((*value, at));
        }
        Scale { points: placed, shortened: longest.filter(|_| !is_true).map(|(_, middle)| middle) }
    }

    fn at(&self, bytes: u64) -> f64 {
        let Some(next) = self.points.iter().position(|(known, _)| *known >= bytes) else {
            return self.points.last().map_or(0.0, |(_, share)| *share);
        };
        let ((high, right), (low, left)) = (self.points[next], self.points[next.saturating_sub(1)]);
        if high == low { right } else { left + (right - left) * (bytes - low) as f64 / (high - low) as f64 }
    }
}

/// The share of the width for every step: in proportion, and none below the thinnest.
fn widths(steps: &[u64]) -> Vec<f64> {
    let mut is_widened = vec![false; steps.len()];
    loop {
        let rest: f64 = steps.iter().zip(&is_widened).filter(|(_, widened)| !**widened).map(|(step, _)| *step as f64).sum();
        let left = 1.0 - Scale::THINNEST * is_widened.iter().filter(|widened| **widened).count() as f64;
        let width = |index: usize| if is_widened[index] { Scale::THINNEST } else { left * steps[index] as f64 / rest };
        match (0..steps.len()).find(|index| !is_widened[*index] && width(*index) < Scale::THINNEST) {
            Some(thin) => is_widened[thin] = true,
            None => return (0..steps.len()).map(width).collect(),
        }
    }
}

/// One bar with its words.
struct Row {
    /// Lines above the bar, the first its name.
    words: Vec<String>,
    /// Class, first byte, end; no end is the drawing's own.
    parts: Vec<(&'static str, u64, Option<u64>)>,
    /// Where chunks end.
    ticks: Vec<u64>,
    /// How the bytes ended, and where.
    end: Option<(End, u64)>,
    /// Places under the bar, with words.
    marks: Vec<(u64, String)>,
}

impl Row {
    fn new(words: String, parts: Vec<(&'static str, u64, Option<u64>)>) -> Row {
        Row { words: vec![words], parts, ticks: Vec::new(), end: None, marks: Vec::new() }
    }

    fn height(&self) -> f64 {
        WORDS * self.words.len() as f64 + BAR + UNDER * self.marks.len() as f64 + GAP
    }

    fn draw(&self, html: &mut Html<'_>, scale: &Scale, top: f64, declared: Option<u64>) {
        for (index, words) in self.words.iter().enumerate() {
            write(html, if index == 0 { "name" } else { "mark" }, 0.0, top + 13.0 + WORDS * index as f64, words);
        }
        let bar_top = top + WORDS * self.words.len() as f64;
        let mut longest: f64 = 0.0;
        for (class, from, to) in &self.parts {
            let to = to.map_or(1.0, |to| scale.at(to));
            bar(html, class, [scale.at(*from), to], [bar_top, BAR]);
            longest = longest.max(to);
        }
        self.ticks.iter().for_each(|tick| vertical(html, "tick", scale.at(*tick), [bar_top, bar_top + BAR]));
        if let Some(declared) = declared {
            vertical(html, "guide", scale.at(declared), [bar_top - 3.0, bar_top + BAR + 3.0]);
        }
        if let Some(middle) = scale.shortened.filter(|middle| *middle < longest) {
            break_sign(html, middle, bar_top);
        }
        for (index, (at, words)) in self.marks.iter().enumerate() {
            let below = bar_top + BAR + UNDER * index as f64;
            vertical(html, "leader", scale.at(*at), [bar_top + BAR, below + 6.0]);
            write(html, "mark", scale.at(*at), below + 14.0, words);
        }
        if let Some((end, at)) = self.end {
            end_sign(html, end, scale.at(at), bar_top + BAR / 2.0);
        }
    }
}

/// Two slanting lines over a bar that is shortened here.
fn break_sign(html: &mut Html<'_>, at: f64, y: f64) {
    html.element("svg", &[("class", "sign"), ("x", &percent(at)), ("y", &pixels(y)), ("width", "1"), ("height", "1")], |html| {
        html.leaf("path", &[("class", "gap"), ("d", "M-5 21L3-3H9L1 21z")]);
        html.leaf("path", &[("class", "edge"), ("d", "M-5 21L3-3M1 21L9-3")]);
    });
}

fn rows(exchange: &Exchange<'_>, response: &Response) -> Vec<Row> {
    let (ledger, lang) = (&exchange.report.ledger, exchange.lang);
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let named = |name: &str, value: &str| format!("{name}{colon}{value}");
    let bytes = |n: u64| terms::bytes(n, lang);
    let mut rows = vec![match ledger.declared {
        Some(declared) => Row::new(named(terms::DECLARED.get(lang), &bytes(declared)), vec![("promise", 0, Some(declared))]),
        None => Row::new(named(terms::DECLARED.get(lang), no_length(ledger.framing).get(lang)), vec![("open-promise", 0, None)]),
    }];
    let mut wire = wire(exchange, response, &named);
    let whole = whole_mark(response, ledger, exchange.transcript);
    let mark = |(at, words): (u64, Text)| (at, words.fill(lang, |_| Some(at.to_string())));
    let is_coded = ledger.coding != "identity";
    if !is_coded {
        wire.marks.extend(whole.map(mark));
    }
    rows.push(wire);
    if is_coded {
        let name = terms::DECODED.fill(lang, |_| Some(ledger.coding.into()));
        let mut decoded = Row::new(named(&name, &bytes(ledger.decoded)), vec![("other", 0, Some(ledger.decoded))]);
        decoded.marks.extend(whole.map(mark));
        rows.push(decoded);
    }
    if ledger.characters != ledger.decoded && ledger.declared == Some(ledger.characters) {
        let name = named(terms::CHARACTERS.get(lang), &format!("{}{}", ledger.characters, words::EQUALS_DECLARED.get(lang)));
        rows.push(Row::new(name, vec![("other", 0, Some(ledger.characters))]));
    }
    rows
}

fn no_length(framing: Framing) -> Text {
    match framing {
        Framing::Chunked => terms::NO_LENGTH_CHUNKED,
        Framing::Close => terms::NO_LENGTH_CLOSE,
        Framing::ContentLength | Framing::None => terms::NO_LENGTH,
    }
}

/// What came, what of it should not have, and what should have come besides.
fn wire(exchange: &Exchange<'_>, response: &Response, named: &impl Fn(&str, &str) -> String) -> Row {
    let (ledger, lang) = (&exchange.report.ledger, exchange.lang);
    let mut facts = Vec::new();
    let mut parts = Vec::new();
    let framed = ledger.declared.filter(|_| ledger.framing == Framing::ContentLength).unwrap_or(ledger.wire);
    parts.push(("came", 0, Some(ledger.wire.min(framed))));
    if ledger.wire > framed {
        parts.push(("surplus", framed, Some(ledger.wire)));
        facts.push(words::SURPLUS.fill(lang, |_| Some((ledger.wire - framed).to_string())));
    }
    if ledger.wire < framed {
        parts.push(("missing", ledger.wire, Some(framed)));
        facts.push(words::MISSING.fill(lang, |_| Some((framed - ledger.wire).to_string())));
    }
    facts.extend(ledger.chunks.map(|n| words::CHUNKS.fill(lang, |_| Some(n.to_string()))));
    if ledger.framing == Framing::Chunked && !exchange.lost().chunks {
        let last = if response.body.chunked_end.is_some() { terms::LAST_CHUNK } else { terms::NO_LAST_CHUNK };
        facts.push(last.get(lang).to_string());
    }
    let mut row = Row::new(named(terms::WIRE.get(lang), &terms::bytes(ledger.wire, lang)), parts);
    row.words.extend((!facts.is_empty()).then(|| facts.join(" · ")));
    row.ticks =
        chunk_ends(response, exchange.transcript).map(|ends| ends.into_iter().map(|(payload, _)| payload).collect()).unwrap_or_default();
    // Where nobody saw the end, there is none to be drawn.
    if ledger.end != "none" {
        row.marks.push((ledger.wire, words::ENDED.fill(lang, |_| Some(words::end(ledger.end).get(lang).to_string()))));
        row.end = Some((End::of(exchange), ledger.wire));
    }
    row
}

/// Where each chunk's data ends: payload bytes so far, and the place in the flow. `None` for other framings, and where there are too
/// many or their bytes were not kept.
fn chunk_ends(response: &Response, transcript: &Transcript) -> Option<Vec<(u64, u64)>> {
    let is_chunked = response.body.promise.framing == Framing::Chunked && transcript.received.dropped() == 0;
    if !is_chunked || response.body.chunks as usize > MOST_CHUNKS {
        return None;
    }
    let (start, bytes) = transcript.received.slice(response.body.start..transcript.received.length());
    if start != response.body.start || bytes.len() as u64 != transcript.received.length() - start {
        return None;
    }
    let mut payload = 0;
    let mut ends = Vec::new();
    Body::new(response.body.promise.clone(), start).cut(bytes, start, |piece, at, bytes| {
        if piece == Piece::Payload {
            payload += bytes.len() as u64;
            ends.push((payload, at + bytes.len() as u64));
        }
    });
    Some(ends)
}

/// Where the content was complete, or that it never was; in payload bytes, or in decoded ones under a coding. `None` where no place can
/// be named.
fn whole_mark(response: &Response, ledger: &Ledger, transcript: &Transcript) -> Option<(u64, Text)> {
    let last = if ledger.coding == "identity" { ledger.wire } else { ledger.decoded };
    match &response.content.form {
        Form::Json(document) => match document.closure() {
            Closure::Closed { end } => Some((end, terms::WHOLE_AT)),
            Closure::Open => Some((last, terms::NEVER_WHOLE)),
            Closure::Empty | Closure::Broken { .. } => None,
        },
        Form::Stream(stream) if stream.finish_reason.is_none() => Some((last, terms::NEVER_WHOLE)),
        Form::Stream(stream) => {
            let place = stream.done_place.as_ref().or(stream.last_event.as_ref())?.end;
            Some((payload_at(response, transcript, place)?, terms::WHOLE_AT))
        }
        Form::Empty | Form::Markup(_) | Form::Other(_) => None,
    }
}

/// Payload bytes before a place in the flow.
fn payload_at(response: &Response, transcript: &Transcript, place: u64) -> Option<u64> {
    if response.body.promise.framing != Framing::Chunked {
        return place.checked_sub(response.body.start);
    }
    let ends = chunk_ends(response, transcript)?;
    let (payload, end) = ends.into_iter().find(|(_, end)| *end >= place)?;
    payload.checked_sub(end - place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_that_can_be_compared_are_drawn_to_scale() {
        let scale = Scale::of(&[464, 702]);
        assert_eq!((scale.at(0), scale.at(702), scale.shortened), (0.0, 1.0, None));
        assert!((scale.at(464) - 464.0 / 702.0).abs() < 1e-9 && (scale.at(351) - 0.5).abs() < 1e-9);
    }

    #[test]
    fn equal_lengths_fill_the_width_and_nothing_is_nothing() {
        assert_eq!((Scale::of(&[5, 5]).at(5), Scale::of(&[5, 5]).shortened), (1.0, None));
        assert_eq!((Scale::of(&[0, 0]).at(0), Scale::of(&[0]).shortened), (0.0, None));
    }

    #[test]
    fn a_small_length_and_a_small_difference_are_widened_and_the_longest_stretch_is_broken() {
        let scale = Scale::of(&[20, 200_000]);
        assert!((scale.at(20) - Scale::THINNEST).abs() < 1e-9 && scale.at(200_000) > 0.999);
        assert!(scale.shortened.is_some_and(|middle| middle > 0.5));
        let scale = Scale::of(&[199_995, 200_000]);
        assert!((scale.at(199_995) - (1.0 - Scale::THINNEST)).abs() < 1e-9);
        assert!(scale.shortened.is_some_and(|middle| middle < 0.5));
    }

    #[test]
    fn every_place_keeps_its_order() {
        let scale = Scale::of(&[1, 2, 3, 1_000_000, 999_999_999]);
        let places = [0, 1, 2, 3, 500, 1_000_000, 5_000_000, 999_999_999].map(|n| scale.at(n));
        assert!(places.is_sorted() && places[0] == 0.0 && places.iter().all(|share| (0.0..=1.0 + 1e-9).contains(share)), "{places:?}");
    }
}
