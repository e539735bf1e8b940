//! When the bytes came: how long each stage took, and the bytes received so far over the same time, so that a burst, a stall and a cut
//! are seen at once.

use super::super::facts::{Exchange, duration, stages};
use super::super::{terms, words};
use super::drawing::{End, bar, drawing, end_sign, percent, pixels, step, vertical, words as write};
use super::markup::Html;
use crate::lang::{Text, text};
use crate::report::model::Report;
use crate::wire::transcript::Transcript;

/// Heights: of a stage, of the plot of bytes, and of what stands above and below it.
const STAGE: f64 = 30.0;
const ABOVE: f64 = 42.0;
const PLOT: f64 = 96.0;
const BELOW: f64 = 48.0;
const FIRST_TOKEN: f64 = 18.0;

/// A silence shorter than this part of the whole is not worth a label.
const TELLING: f64 = 0.04;

pub fn figure(html: &mut Html<'_>, exchange: &Exchange<'_>, id: &str) {
    let (transcript, lang) = (exchange.transcript, exchange.lang);
    let Some(whole) = whole(transcript) else {
        return;
    };
    let phases = phases(transcript);
    let plot_top = STAGE * phases.len() as f64 + ABOVE;
    let height = plot_top + PLOT + BELOW + transcript.times.first_token.map_or(0.0, |_| FIRST_TOKEN);
    html.element("figure", &[], |html| {
        drawing(html, &format!("{id}-timeline"), height, [terms::TIMELINE.get(lang), &description(exchange)], |html| {
            for (index, (words, from, to)) in phases.iter().enumerate() {
                let top = STAGE * index as f64;
                write(html, "name", 0.0, top + 12.0, &format!("{} · {}", words.get(lang), duration(to - from)));
                bar(html, "lane", [0.0, 1.0], [top + 17.0, 7.0]);
                bar(html, "phase", [from / whole, to / whole], [top + 17.0, 7.0]);
            }
            bytes(html, exchange.report, whole, plot_top);
            silence(html, exchange, whole, plot_top);
            axis(html, whole, plot_top + PLOT);
            end(html, exchange, whole, plot_top);
            write(html, "name", 0.0, plot_top - ABOVE + 16.0, &received(exchange));
        });
    });
}

/// Milliseconds from the start to the last thing known.
fn whole(transcript: &Transcript) -> Option<f64> {
    let known = stages(transcript).into_iter().filter_map(|(_, at)| at);
    known.reduce(f64::max).map(|last| last.max(0.001))
}

fn received(exchange: &Exchange<'_>) -> String {
    let length = exchange.transcript.received.length();
    if length == 0 {
        terms::NOTHING_CAME.get(exchange.lang).into()
    } else {
        terms::CUMULATIVE.fill(exchange.lang, |_| Some(length.to_string()))
    }
}

fn description(exchange: &Exchange<'_>) -> String {
    let mut facts: Vec<String> = exchange.stages().into_iter().map(|(name, at, _)| format!("{name}: {}", duration(at))).collect();
    facts.push(received(exchange));
    facts.extend(longest_silence(exchange.transcript).map(|(words, from, to)| words.fill(exchange.lang, |_| Some(duration(to - from)))));
    facts.extend((exchange.report.ledger.end != "none").then(|| words::end(exchange.report.ledger.end).get(exchange.lang).to_string()));
    facts.join("; ")
}

/// What was being waited for, from and to; stages that this exchange did not have are left out.
fn phases(transcript: &Transcript) -> Vec<(Text, f64, f64)> {
    let times = &transcript.times;
    let ends = [
        (text("resolving the name", "解析域名"), times.resolved),
        (text("connecting", "建立连接"), times.connected),
        (text("TLS handshake", "TLS 握手"), times.tls),
        (text("sending the request", "发送请求"), times.sent),
        (text("waiting for the first byte", "等待首字节"), times.first_byte),
        (text("receiving", "接收"), times.last_byte),
        (text("until the end", "直到结束"), times.total),
    ];
    let mut before = 0.0;
    ends.into_iter()
        .filter_map(|(words, end)| {
            let end = end?.max(before);
            Some((words, std::mem::replace(&mut before, end), end))
        })
        .collect()
}

/// The longest time without a byte after the first, and whether more came after it: from and to in milliseconds.
fn longest_silence(transcript: &Transcript) -> Option<(Text, f64, f64)> {
    let between = transcript.arrivals.longest_silence.map(|(from, length)| (from as f64 / 1000.0, (from + length) as f64 / 1000.0));
    let after = transcript.times.last_byte.zip(transcript.times.total);
    let length = |(from, to): (f64, f64)| to - from;
    match (between, after) {
        (Some(between), Some(after)) if length(after) > length(between) => Some((terms::SILENCE_AT_END, after.0, after.1)),
        (Some(between), _) => Some((terms::SILENCE, between.0, between.1)),
        (None, after) => after.map(|(from, to)| (terms::SILENCE_AT_END, from, to)),
    }
}

fn silence(html: &mut Html<'_>, exchange: &Exchange<'_>, whole: f64, top: f64) {
    let Some((words, from, to)) = longest_silence(exchange.transcript).filter(|(_, from, to)| (to - from) / whole > TELLING) else {
        return;
    };
    bar(html, "silence", [from / whole, to / whole], [top, PLOT]);
    let words = words.fill(exchange.lang, |_| Some(duration(to - from)));
    write(html, "mark", (from + to) / 2.0 / whole, top - 6.0, &words);
}

/// All bytes so far as a stair, and a stroke for each time at which some came.
fn bytes(html: &mut Html<'_>, report: &Report, whole: f64, top: f64) {
    const WIDTH: f64 = 1000.0;
    const HEIGHT: f64 = 100.0;
    let all: u64 = report.timing.arrivals.iter().map(|(_, bytes)| bytes).sum();
    // A step tells only within what time its bytes came: none came before the first or after the last.
    let first = report.timing.times.first_byte.unwrap_or(0.0);
    let last = report.timing.times.last_byte.unwrap_or(whole).max(first);
    let mut stair = format!("M0 {HEIGHT}");
    let mut strokes = String::new();
    let mut sum = 0;
    for (at, bytes) in &report.timing.arrivals {
        sum += bytes;
        let x = at.clamp(first, last) / whole * WIDTH;
        stair.push_str(&format!("H{x:.1}V{:.1}", HEIGHT * (1.0 - sum as f64 / all.max(1) as f64)));
        strokes.push_str(&format!("M{x:.1} {HEIGHT}v8"));
    }
    let end = if all > 0 { last.max(report.timing.times.total.unwrap_or(last)) / whole * WIDTH } else { 0.0 };
    stair.push_str(&format!("H{end:.1}"));
    let area = format!("{stair}V{HEIGHT}Z");
    let frame = [("viewBox", "0 0 1000 108"), ("preserveAspectRatio", "none"), ("width", "100%")];
    let (y, height) = (pixels(top), pixels(PLOT + 8.0));
    html.element("svg", &[frame[0], frame[1], frame[2], ("x", "0"), ("y", &y), ("height", &height)], |html| {
        html.leaf("path", &[("class", "area"), ("d", &area)]);
        html.leaf("path", &[("class", "stair"), ("d", &stair), ("vector-effect", "non-scaling-stroke")]);
        html.leaf("path", &[("class", "strokes"), ("d", &strokes), ("vector-effect", "non-scaling-stroke")]);
    });
}

fn axis(html: &mut Html<'_>, whole: f64, y: f64) {
    let line = [("class", "axis"), ("x1", "0"), ("x2", "100%")];
    html.leaf("line", &[line[0], line[1], line[2], ("y1", &pixels(y)), ("y2", &pixels(y))]);
    let step = step(whole);
    let mut at = 0.0;
    while at <= whole * 0.9 {
        vertical(html, "axis", at / whole, [y, y + 5.0]);
        let anchor = if at == 0.0 { "start" } else { "middle" };
        let attributes = [("class", "scale"), ("x", &percent(at / whole)), ("y", &pixels(y + 21.0)), ("text-anchor", anchor)];
        html.line("text", &attributes, &round(at, step));
        at += step;
    }
}

fn round(at: f64, step: f64) -> String {
    if at == 0.0 {
        return "0".into();
    }
    let (value, step, unit) = if step >= 500.0 { (at / 1000.0, step / 1000.0, "s") } else { (at, step, "ms") };
    let digits = if step >= 1.0 { 0 } else { (-step.log10().floor()) as usize };
    format!("{value:.digits$} {unit}")
}

/// The first token, and how and when it ended.
fn end(html: &mut Html<'_>, exchange: &Exchange<'_>, whole: f64, top: f64) {
    let times = &exchange.transcript.times;
    if let Some(first_token) = times.first_token {
        vertical(html, "leader", first_token / whole, [top, top + PLOT + BELOW]);
        let name = format!("{} · {}", terms::FIRST_TOKEN.get(exchange.lang), duration(first_token));
        write(html, "mark", first_token / whole, top + PLOT + BELOW + 11.0, &name);
    }
    if let Some(total) = times.total {
        let ledger_end = exchange.report.ledger.end;
        let at = total / whole;
        vertical(html, "end", at, [top, top + PLOT]);
        end_sign(html, End::of(exchange), at, top + PLOT);
        let name = if ledger_end == "none" { terms::THE_END } else { words::end(ledger_end) };
        let words = format!("{} · {}", name.get(exchange.lang), duration(total));
        write(html, "mark", at, top + PLOT + 41.0, &words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_of_the_axis_are_round_and_few() {
        for whole in [0.4, 1.0, 7.0, 99.0, 1000.0, 4321.0, 60_000.0, 600_000.0] {
            let parts = whole / step(whole);
            assert!((1.99..=5.01).contains(&parts), "{whole}: {parts}");
        }
        assert_eq!(
            [round(0.0, 1.0), round(0.2, 0.1), round(30.0, 10.0), round(1500.0, 500.0), round(20_000.0, 10_000.0)],
            ["0", "0.2 ms", "30 ms", "1.5 s", "20 s"]
        );
    }
}
