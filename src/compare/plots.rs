//! The drawings of a comparison, a row for each target: the share of failures, the times as strips of answers, and the rounds one after the
//! other. Places across are shares of the width, as in all drawings.

use unicode_width::UnicodeWidthChar as _;

use super::figures::{NONE, interval, milliseconds, percent as share_of, times};
use super::standing::{Spread, Standing};
use super::{Comparison, terms};
use crate::lang::{Lang, Text, text};
use crate::report::html::drawing::{bar, drawing, percent, pixels, step, vertical, words};
use crate::report::html::markup::Html;
use crate::sample::Sample;

/// Heights: of a row's words, of what is drawn below them, and of the axis.
const WORDS: f64 = 18.0;
const ROW: f64 = 44.0;
const AXIS: f64 = 28.0;
const CURVE: f64 = 56.0;
/// Room at the sides, so that no sign is cut.
const MARGIN: f64 = 0.012;
/// More dots than this would be a bar.
const MOST_DOTS: usize = 250;
/// More points than this of a curve cannot be told apart.
const MOST_POINTS: usize = 800;

/// A share of what is shown as a place across.
fn across(share: f64) -> f64 {
    MARGIN + share.clamp(0.0, 1.0) * (1.0 - 2.0 * MARGIN)
}

/// The share of failures with its interval, and the bound.
pub fn failures(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    let whole = terms::largest_share(comparison);
    let bound = comparison.setting.max_error_rate;
    let figures = |standing: &Standing| {
        let share = standing.error_rate.map_or_else(|| NONE.into(), share_of);
        format!("{share} ({})", interval(standing.error_rate_interval))
    };
    let description = described(comparison, figures);
    let bottom = ROW * comparison.targets.len() as f64 + 4.0;
    html.element("figure", &[], |html| {
        let title = terms::whiskers(comparison, lang);
        drawing(html, "failures", bottom + AXIS, [&title, &description], |html| {
            for (index, standing) in comparison.targets.iter().enumerate() {
                let top = ROW * index as f64;
                label(html, standing, &figures(standing), top);
                vertical(html, "bound", across(bound / whole), [top + WORDS, top + ROW]);
                whisker(html, standing, whole, top + WORDS + 10.0);
            }
            axis(html, whole, bottom, 0.0, share_of);
        });
        html.line("figcaption", &[("class", "place")], &title);
    });
}

fn whisker(html: &mut Html<'_>, standing: &Standing, whole: f64, y: f64) {
    let at = |share: f64| across(share / whole);
    let (low, high) = (at(standing.error_rate_interval.low), at(standing.error_rate_interval.high));
    horizontal(html, "whisker", [low, high], y);
    vertical(html, "whisker", low, [y - 5.0, y + 5.0]);
    vertical(html, "whisker", high, [y - 5.0, y + 5.0]);
    if let Some(rate) = standing.error_rate {
        html.leaf("circle", &[("class", "dot"), ("cx", &percent(at(rate))), ("cy", &pixels(y)), ("r", "5")]);
    }
}

/// A time of all answers.
pub struct Strips {
    pub id: &'static str,
    pub name: Text,
    pub spread: fn(&Standing) -> Option<Spread>,
    pub value: fn(&Sample) -> Option<f64>,
}

/// A dot for each answer, over a box of the middle half.
pub fn strips(html: &mut Html<'_>, comparison: &Comparison, lang: Lang, strips: &Strips) {
    let whole = terms::longest(comparison, strips.value);
    let figures = |standing: &Standing| times((strips.spread)(standing));
    let description = described(comparison, figures);
    let bottom = ROW * comparison.targets.len() as f64 + 4.0;
    html.element("figure", &[], |html| {
        drawing(html, strips.id, bottom + AXIS, [strips.name.get(lang), &description], |html| {
            for (index, standing) in comparison.targets.iter().enumerate() {
                let top = ROW * index as f64;
                label(html, standing, &figures(standing), top);
                if let Some(spread) = (strips.spread)(standing) {
                    strip(html, spread, &standing.values(strips.value), whole, top + WORDS + 1.0);
                }
            }
            axis(html, whole, bottom, 0.0, milliseconds);
        });
        html.line("figcaption", &[("class", "place")], terms::BOXES.get(lang));
    });
}

fn strip(html: &mut Html<'_>, spread: Spread, values: &[f64], whole: f64, top: f64) {
    const HEIGHT: f64 = 18.0;
    let at = |value: f64| across(value / whole);
    let middle = top + HEIGHT / 2.0;
    horizontal(html, "axis", [at(spread.min), at(spread.max)], middle);
    bar(html, "box", [at(spread.p25), at(spread.p75)], [top, HEIGHT]);
    let every = values.len().div_ceil(MOST_DOTS).max(1);
    for (index, value) in values.iter().step_by(every).enumerate() {
        // Spread out downwards, so that those at the same place are seen as several.
        let y = middle + ((index * 5) % 11) as f64 - 5.0;
        html.leaf("circle", &[("class", "sample"), ("cx", &percent(at(*value))), ("cy", &pixels(y)), ("r", "2.2")]);
    }
    vertical(html, "median", at(spread.p50), [top - 1.0, top + HEIGHT + 1.0]);
}

/// The time of each answer over the rounds, one curve below the other, each to its own scale.
pub fn drift(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    const FIGURES: Text = text("{n} failed, slowest {slowest}", "失败 {n} 次，最慢 {slowest}");
    let slowest = |standing: &Standing| standing.total_ms.map_or(0.0, |spread| spread.max);
    let rounds = comparison.targets.iter().flat_map(|standing| standing.samples.last()).map(|taken| taken.round).max().unwrap_or(1);
    let figures = |standing: &Standing| {
        let slowest = standing.total_ms.map_or_else(|| NONE.into(), |spread| milliseconds(spread.max));
        FIGURES.fill(lang, |slot| Some(if slot == "n" { standing.failed.to_string() } else { slowest.clone() }))
    };
    let description = described(comparison, |standing| format!("{}; {}", times(standing.total_ms), figures(standing)));
    let height = WORDS + CURVE + 16.0;
    let bottom = height * comparison.targets.len() as f64;
    html.element("figure", &[], |html| {
        drawing(html, "drift", bottom + AXIS, [terms::DRIFT.get(lang), &description], |html| {
            for (index, standing) in comparison.targets.iter().enumerate() {
                let top = height * index as f64;
                label(html, standing, &figures(standing), top);
                curve(html, standing, slowest(standing), rounds, top + WORDS + 5.0);
            }
            axis(html, rounds as f64, bottom, 1.0, |round| format!("{round:.0}"));
        });
        html.line("figcaption", &[("class", "place")], terms::DRIFT_CAPTION.get(lang));
    });
}

/// A line through the answers; failures as crosses at its foot.
fn curve(html: &mut Html<'_>, standing: &Standing, whole: f64, rounds: u64, top: f64) {
    const WIDTH: f64 = 1000.0;
    let at = |round: u64| round as f64 / rounds.max(1) as f64;
    let answers: Vec<(u64, f64)> = standing
        .samples
        .iter()
        .filter(|taken| !taken.sample.has_failed())
        .filter_map(|taken| Some((taken.round, taken.sample.total_ms?)))
        .collect();
    let mut line = String::new();
    // Of many rounds side by side the slowest stands for all: it is what would be seen.
    for some in answers.chunks(answers.len().div_ceil(MOST_POINTS).max(1)) {
        let (round, slowest) = some.iter().copied().fold((0, 0.0), |most, one| if one.1 > most.1 { one } else { most });
        let (command, x) = (if line.is_empty() { 'M' } else { 'L' }, across(at(round)) * WIDTH);
        line.push_str(&format!("{command}{x:.1} {:.1}", 100.0 * (1.0 - slowest / whole.max(0.001))));
    }
    horizontal(html, "axis", [across(0.0), across(1.0)], top + CURVE);
    let frame = [("viewBox", "0 0 1000 100"), ("preserveAspectRatio", "none"), ("width", "100%")];
    html.element("svg", &[frame[0], frame[1], frame[2], ("x", "0"), ("y", &pixels(top)), ("height", &pixels(CURVE))], |html| {
        html.leaf("path", &[("class", "curve"), ("d", &line), ("vector-effect", "non-scaling-stroke")]);
    });
    let every = (standing.failed as usize).div_ceil(MOST_DOTS).max(1);
    for taken in standing.samples.iter().filter(|taken| taken.sample.has_failed()).step_by(every) {
        let (x, y) = (percent(across(at(taken.round))), pixels(top + CURVE - 6.0));
        html.element("svg", &[("class", "sign"), ("x", &x), ("y", &y), ("width", "1"), ("height", "1")], |html| {
            html.leaf("path", &[("class", "fault"), ("d", "M-4-4L4 4M-4 4L4-4")]);
        });
    }
}

/// The drawing in words.
fn described(comparison: &Comparison, figures: impl Fn(&Standing) -> String) -> String {
    comparison.targets.iter().map(|standing| format!("{}: {}", standing.target, figures(standing))).collect::<Vec<_>>().join("; ")
}

fn label(html: &mut Html<'_>, standing: &Standing, figures: &str, top: f64) {
    words(html, "name", 0.0, top + 13.0, &format!("{} · {figures}", short(&standing.target)));
}

/// As much of a name as stands on a phone beside the figures.
fn short(name: &str) -> String {
    const LONGEST: usize = 24;
    let mut width = 0;
    let kept: String = name
        .chars()
        .take_while(|c| {
            width += c.width().unwrap_or(0);
            width <= LONGEST
        })
        .collect();
    if kept.len() < name.len() { format!("{kept}…") } else { kept }
}

fn horizontal(html: &mut Html<'_>, class: &str, [from, to]: [f64; 2], y: f64) {
    let y = pixels(y);
    html.leaf("line", &[("class", class), ("x1", &percent(from)), ("x2", &percent(to)), ("y1", &y), ("y2", &y)]);
}

/// A scale from 0 on, with few and round marks, no closer than `least`.
fn axis(html: &mut Html<'_>, whole: f64, y: f64, least: f64, say: impl Fn(f64) -> String) {
    horizontal(html, "axis", [across(0.0), across(1.0)], y);
    let step = step(whole).max(least);
    let marks = (0..=10).map(|index| f64::from(index) * step).take_while(|at| *at <= whole * 0.95);
    for at in marks {
        vertical(html, "axis", across(at / whole), [y, y + 5.0]);
        let anchor = if at == 0.0 { "start" } else { "middle" };
        let x = percent(if at == 0.0 { 0.0 } else { across(at / whole) });
        let words = if at == 0.0 { "0".to_string() } else { say(at) };
        html.line("text", &[("class", "scale"), ("x", &x), ("y", &pixels(y + 21.0)), ("text-anchor", anchor)], &words);
    }
}
