//! The tables that both kinds of report show.

use super::Comparison;
use super::contrast::{Contrast, Pair};
use super::figures::{NONE, cost, interval, length, milliseconds, number, percent, rate, success_interval};
use super::standing::{Spread, Standing};
use crate::lang::{Lang, Text, text};
use crate::statistics::{Interval, Side};

/// A table under its heading; the first column names the rows.
pub struct Table {
    pub heading: Text,
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

const TARGET: Text = text("Target", "目标");

/// How often each answered.
pub fn success(comparison: &Comparison, lang: Lang) -> Table {
    let head = [
        TARGET,
        text("Answered", "成功"),
        text("Share", "成功率"),
        text("95 % interval", "95 % 置信区间"),
        text("Failures against the bound", "失败率与阈值"),
    ];
    let row = |standing: &Standing| {
        let share = standing.error_rate.map_or_else(|| NONE.into(), |rate| percent(1.0 - rate));
        let answered = format!("{}/{}", standing.answered(), standing.requests);
        vec![standing.target.clone(), answered, share, success_interval(standing), side(standing.side).get(lang).to_string()]
    };
    table(text("Success", "成功率"), &head, lang, comparison.targets.iter().map(row))
}

fn side(side: Side) -> Text {
    match side {
        Side::Under => text("under", "低于"),
        Side::Open => text("not known yet", "尚不清楚"),
        Side::Over => text("over", "高于"),
    }
}

/// A measure of time, where any target has it.
pub fn times(comparison: &Comparison, lang: Lang, heading: Text, spread: fn(&Standing) -> Option<Spread>) -> Option<Table> {
    comparison.targets.iter().any(|standing| spread(standing).is_some()).then(|| {
        let row = |standing: &Standing| {
            let spread = spread(standing);
            let at = |value: fn(Spread) -> f64| spread.map_or_else(|| NONE.into(), |spread| milliseconds(value(spread)));
            vec![standing.target.clone(), at(|spread| spread.p50), at(|spread| spread.p95), at(|spread| spread.p99)]
        };
        let head = [TARGET, text("p50", "p50"), text("p95", "p95"), text("p99", "p99")];
        table(heading, &head, lang, comparison.targets.iter().map(row))
    })
}

pub const FIRST_BYTE: Text = text("Time to the first byte", "到首字节的时间");
pub const FIRST_TOKEN: Text = text("Time to the first token", "到首个 token 的时间");
pub const TOTAL: Text = text("Time to the end of the answer", "到回答结束的时间");

/// How long the answers are and what they cost.
pub fn answers(comparison: &Comparison, lang: Lang) -> Table {
    let head = [
        TARGET,
        text("Length p50", "长度 p50"),
        text("Tokens a second p50", "每秒 token p50"),
        text("Price of 1000 answers", "每 1000 个回答的费用"),
    ];
    let row = |standing: &Standing| vec![standing.target.clone(), length(standing, lang), rate(standing.tokens_per_second), cost(standing)];
    table(text("Answers", "回答"), &head, lang, comparison.targets.iter().map(row))
}

/// What failed, and what was remarked.
pub fn failures(comparison: &Comparison, lang: Lang) -> Option<Table> {
    const WARNING: Text = text("warning", "警告");
    const FAILURE: Text = text("failure", "失败");
    let head = [TARGET, text("Code", "代码"), text("Class", "类别"), text("Kind", "性质"), text("Number", "次数")];
    let rows = comparison.targets.iter().flat_map(|standing| {
        let failures = standing.failures.iter().map(|failed| (FAILURE, failed));
        failures.chain(standing.warnings.iter().map(|warning| (WARNING, warning))).map(|(kind, failed)| {
            let kind = kind.get(lang).to_string();
            vec![standing.target.clone(), failed.code.into(), failed.class.name().into(), kind, failed.count.to_string()]
        })
    });
    let table = table(text("Failures and warnings", "失败与警告"), &head, lang, rows);
    (!table.rows.is_empty()).then_some(table)
}

/// Every two against each other.
pub fn pairs(comparison: &Comparison, lang: Lang) -> Option<Table> {
    const NOT_TOLD: Text = text("cannot tell", "不能区分");
    let head = [
        text("Pair", "对比"),
        text("Failures: first less second", "失败率之差（前减后）"),
        text("Chance", "偶然的概率"),
        text("Whole answer p50, and chance", "总时间 p50 与偶然的概率"),
        text("Better", "更好"),
    ];
    let row = |pair: &Pair| {
        let speed = pair.total_ms.map_or_else(
            || NONE.into(),
            |contrast| format!("{} / {}, {}", milliseconds(contrast.first), milliseconds(contrast.second), odds(&contrast)),
        );
        vec![
            format!("{} / {}", pair.first, pair.second),
            signed(pair.failures_difference),
            odds(&pair.failures),
            speed,
            pair.better.as_ref().map_or_else(|| NOT_TOLD.get(lang).to_string(), |better| better.target.clone()),
        ]
    };
    let heading = text("Differences, and how likely chance makes them", "差别，以及偶然造成的概率");
    (!comparison.pairs.is_empty()).then(|| table(heading, &head, lang, comparison.pairs.iter().map(row)))
}

fn odds(contrast: &Contrast) -> String {
    if contrast.odds < 0.001 { "< 0.1 %".into() } else { percent(contrast.odds) }
}

/// An interval of a difference, `-5–12 %`, its low end with a sign of its own.
fn signed(difference: Interval) -> String {
    let low = if difference.low < 0.0 { format!("−{}", percent(-difference.low)) } else { percent(difference.low) };
    if difference.high < 0.0 {
        return format!("{low} … −{}", percent(-difference.high));
    }
    if difference.low < 0.0 { format!("{low} … {}", percent(difference.high)) } else { interval(difference) }
}

/// How it was measured, name and value.
pub fn setting(comparison: &Comparison, lang: Lang) -> Vec<(String, String)> {
    const ROUNDS: Text = text("{done} of {wanted}", "{wanted} 轮中 {done} 轮");
    let setting = &comparison.setting;
    let rounds = ROUNDS.fill(lang, |slot| Some(if slot == "done" { setting.rounds } else { setting.rounds_wanted }.to_string()));
    let mut rows = vec![
        (text("Began", "开始时间"), setting.started.clone()),
        (text("Rounds", "轮次"), rounds),
        (text("At the same time", "同时请求"), setting.at_once.to_string()),
        (text("Failures allowed", "允许的失败率"), percent(setting.max_error_rate)),
        (text("Made by", "生成工具"), comparison.tool.clone()),
    ];
    rows.extend(comparison.targets.iter().filter(|standing| standing.price.is_some()).map(|standing| {
        let price = standing.price.unwrap_or_default();
        (
            text("Price of a million tokens, in and out", "每百万 token 价格（输入、输出）"),
            format!("{}: {} / {}", standing.target, number(price.input), number(price.output)),
        )
    }));
    rows.into_iter().map(|(name, value)| (name.get(lang).to_string(), value)).collect()
}

fn table(heading: Text, head: &[Text], lang: Lang, rows: impl Iterator<Item = Vec<String>>) -> Table {
    Table { heading, head: head.iter().map(|name| name.get(lang).to_string()).collect(), rows: rows.collect() }
}
