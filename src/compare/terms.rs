//! Headings and captions of the reports, and the scales of their plots.

use super::Comparison;
use super::figures::percent;
use crate::lang::{Lang, Text, text};
use crate::sample::Sample;

pub const REPORT: Text = text("comparison", "对比");
pub const RECOMMENDED: Text = text("Recommended", "推荐");
pub const NOT_DECIDED: Text = text("Not decided", "未定");
pub const UNDER: Text = text("Under the bound", "低于阈值");
pub const OVER: Text = text("Over the bound", "高于阈值");
pub const NONE_FITS: Text = text("None", "均不推荐");
pub const MEASURED: Text = text("How it was measured", "测量方式");
pub const DRIFT: Text = text("Over the rounds", "随轮次的变化");
pub const DRIFT_CAPTION: Text = text(
    "Time to the end of each answer, round by round and each to its own scale; a cross is a failure. What happens to all at once is drift, not a difference.",
    "每轮回答的总时间，各按自己的比例；叉号为失败。同时出现在所有目标上的变化是漂移，而不是差别。",
);
pub const BOXES: Text = text(
    "From the fastest to the slowest answer, with the middle half as a box and the median marked.",
    "从最快到最慢的回答；方框为中间一半，并标出中位数。",
);
pub const METHOD: Text = text(
    "Failures by Fisher's exact test, times by Mann and Whitney's; all odds are corrected together (Holm), and below 5 % a difference is taken to be real. The interval of a difference is Newcombe's at 95 %, for its pair alone. Targets were asked in turn in every round, so that drift hits all alike.",
    "失败用 Fisher 精确检验，时间用 Mann–Whitney 检验；所有概率一并校正（Holm），低于 5 % 才视为真实差别。差值区间为 Newcombe 95 % 区间，仅就该对而言。每轮依次请求各目标，使漂移对所有目标影响相同。",
);
const WHISKERS: Text = text(
    "Share of failures with Wilson's interval at 95 %; the broken line is the bound of {bound}.",
    "失败率与 Wilson 95 % 区间；虚线为阈值 {bound}。",
);
const TITLE: Text = text("Comparison of {targets} over {rounds} rounds", "{targets} 的对比，共 {rounds} 轮");
const TITLE_OF_MANY: Text = text("Comparison of {targets} targets over {rounds} rounds", "{targets} 个目标的对比，共 {rounds} 轮");

pub fn whiskers(comparison: &Comparison, lang: Lang) -> String {
    WHISKERS.fill(lang, |_| Some(percent(comparison.setting.max_error_rate)))
}

pub fn title(comparison: &Comparison, lang: Lang) -> String {
    let names: Vec<&str> = comparison.targets.iter().map(|standing| standing.target.as_str()).collect();
    let (words, targets) = match names.len() {
        0..=3 => (TITLE, names.join(if lang == Lang::Zh { "、" } else { ", " })),
        many => (TITLE_OF_MANY, many.to_string()),
    };
    words.fill(lang, |slot| Some(if slot == "targets" { targets.clone() } else { comparison.setting.rounds.to_string() }))
}

/// The share of failures at which their plot ends: room for all intervals and for the bound.
pub fn largest_share(comparison: &Comparison) -> f64 {
    let highs = comparison.targets.iter().map(|standing| standing.error_rate_interval.high);
    let largest = highs.fold(comparison.setting.max_error_rate * 1.5, f64::max);
    ((largest * 20.0).ceil() / 20.0).clamp(0.05, 1.0)
}

/// The largest value of any answer.
pub fn longest(comparison: &Comparison, value: fn(&Sample) -> Option<f64>) -> f64 {
    comparison.targets.iter().flat_map(|standing| standing.values(value)).fold(0.001, f64::max)
}
