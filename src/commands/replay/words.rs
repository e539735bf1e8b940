//! The words of a replay that belong to no diagnosis.

use crate::lang::{Text, text};

pub const THEN: Text = text("then", "当时");
pub const NOW: Text = text("now", "现在");
pub const MEDIAN: Text = text("now, median of {all}", "现在，{all} 次的中位数");
pub const FIRST_BYTE: Text = text("first byte", "首字节");
pub const FIRST_TOKEN: Text = text("first token", "首 token");
pub const TOTAL: Text = text("total", "总时长");

pub const ERROR: Text = text("error", "错误");
pub const WARNING: Text = text("warning", "警告");
pub const OK: Text = text("ok", "正常");

pub const SAME: Text = text("the same verdict as then", "判定与当时相同");
pub const OTHER: Text = text("another verdict: {then} then, {now} now", "判定不同：当时 {then}，现在 {now}");
pub const CONSTANT: Text = text(
    "same fault {same} of {all}: constant as far as {all} can tell (95 % interval of its rate {low}–{high} %)",
    "{all} 次中 {same} 次出现同一故障：就这 {all} 次看是稳定出现的（故障率 95 % 区间 {low}–{high} %）",
);
pub const SPORADIC: Text = text(
    "same fault {same} of {all}: sporadic (95 % interval of its rate {low}–{high} %)",
    "{all} 次中 {same} 次出现同一故障：偶发（故障率 95 % 区间 {low}–{high} %）",
);
pub const GONE: Text = text(
    "same fault 0 of {all}: gone, or rarer than {high} % (95 % interval {low}–{high} %); most often now: {now}",
    "{all} 次中 0 次出现同一故障：已消失，或发生率低于 {high} %（95 % 区间 {low}–{high} %）；现在最常见：{now}",
);
pub const AS_THEN: Text = text(
    "same verdict {same} of {all} (95 % interval of its rate {low}–{high} %)",
    "{all} 次中 {same} 次判定与当时相同（比例的 95 % 区间 {low}–{high} %）",
);
pub const NOT_AS_THEN: Text = text(
    "same verdict {same} of {all} (95 % interval of its rate {low}–{high} %); most often now: {now}",
    "{all} 次中 {same} 次判定与当时相同（比例的 95 % 区间 {low}–{high} %）；现在最常见：{now}",
);
pub const STOPPED: Text =
    text("stopped before an answer was complete: there is nothing to compare", "在得到完整回答之前已停止，没有可比较的内容");
pub const ALIKE: Text = text("so in {n} of {all} runs", "{all} 次中有 {n} 次如此");
