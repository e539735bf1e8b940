//! The comparison on a terminal or in a pipe: a table as wide as there is room for, the failures by class, the conclusion and what else
//! should be known.

use colored::{ColoredString, Colorize as _};
use unicode_width::UnicodeWidthStr as _;

use super::Comparison;
use super::figures::{NONE, cost, length, milliseconds, milliseconds_of, number, rate, success_interval, times};
use super::judge::Recommendation;
use super::standing::{Failed, Standing};
use crate::lang::{Lang, Text, text};
use crate::report::sanitize;
use crate::statistics::Side;

/// How the page is to look.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    pub lang: Lang,
    /// None where there is no terminal: nothing is left out or wrapped.
    pub width: Option<usize>,
    pub is_coloured: bool,
}

/// A column: its name, what stands in it, and how soon it is left out where there is no room. The last ones go first.
struct Column {
    name: Text,
    cell: fn(&Standing, Lang) -> String,
    rank: u8,
}

const COLUMNS: [Column; 8] = [
    Column { name: text("answered", "成功"), cell: answered, rank: 0 },
    Column {
        name: text("first byte p50", "首字节 p50"),
        cell: |standing, _| standing.first_byte_ms.map_or_else(|| NONE.into(), |spread| milliseconds(spread.p50)),
        rank: 4,
    },
    Column {
        name: text("first token p50 / p95", "首 token p50 / p95"),
        cell: |standing, _| standing.first_token_ms.map_or_else(|| NONE.into(), |spread| milliseconds_of(&[spread.p50, spread.p95])),
        rank: 2,
    },
    Column { name: text("tokens/s", "token/秒"), cell: |standing, _| rate(standing.tokens_per_second), rank: 3 },
    Column { name: text("total p50 / p95 / p99", "总时间 p50 / p95 / p99"), cell: |standing, _| times(standing.total_ms), rank: 1 },
    Column { name: text("answer", "回答长度"), cell: length, rank: 6 },
    Column { name: text("price/1000", "费用/千次"), cell: |standing, _| cost(standing), rank: 5 },
    Column { name: text("warnings", "警告"), cell: warnings, rank: 7 },
];

fn answered(standing: &Standing, _: Lang) -> String {
    format!("{}/{} ({})", standing.answered(), standing.requests, success_interval(standing))
}

fn warnings(standing: &Standing, _: Lang) -> String {
    number(standing.warnings.iter().map(|warning| warning.count).sum::<u64>() as f64).trim_end_matches(".00").to_string()
}

/// The whole page, with line feeds.
pub fn page(comparison: &Comparison, page: Page) -> String {
    let mut lines = table(comparison, page);
    let failures = failures(comparison, page);
    if !failures.is_empty() {
        lines.push(String::new());
        lines.extend(failures);
    }
    lines.push(String::new());
    let conclusion = wrapped(&comparison.conclusion, "", page);
    let is_found = matches!(comparison.recommendation, Recommendation::Target { .. } | Recommendation::Alone { side: Side::Under, .. });
    let is_bad = matches!(
        comparison.recommendation,
        Recommendation::AllOver | Recommendation::NoAnswer | Recommendation::Alone { side: Side::Over, .. }
    );
    lines.extend(conclusion.into_iter().map(|line| match () {
        () if is_found => page.paint(&line, |line| line.green().bold()),
        () if is_bad => page.paint(&line, |line| line.red().bold()),
        () => page.paint(&line, |line| line.bold()),
    }));
    lines.extend(comparison.remarks.iter().flat_map(|remark| wrapped(remark, "  ", page)));
    lines.iter().map(|line| format!("{}\n", line.trim_end())).collect()
}

impl Page {
    fn paint(self, line: &str, colour: impl FnOnce(ColoredString) -> ColoredString) -> String {
        if self.is_coloured { colour(line.normal()).to_string() } else { line.to_string() }
    }
}

fn wrapped(text: &str, indent: &str, page: Page) -> Vec<String> {
    let text = sanitize::for_line(text);
    let width = page.width.unwrap_or(usize::MAX);
    let options = textwrap::Options::new(width.saturating_sub(indent.len()).max(1)).word_splitter(textwrap::WordSplitter::NoHyphenation);
    textwrap::wrap(&text, options).iter().map(|line| format!("{indent}{line}")).collect()
}

/// With as many columns as fit, the target on a line of its own where that saves the most.
fn table(comparison: &Comparison, page: Page) -> Vec<String> {
    let names: Vec<String> = comparison.targets.iter().map(|standing| sanitize::for_line(&standing.target).into_owned()).collect();
    let mut columns: Vec<&Column> = COLUMNS.iter().filter(|column| is_of_use(column, comparison, page.lang)).collect();
    let longest = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let room = page.width.unwrap_or(usize::MAX);
    let is_apart = longest > room / 4 && longest + GAP + width(&columns, comparison, page.lang) > room;
    let lead = if is_apart { INDENT } else { longest + GAP };
    while columns.len() > 1 && lead + width(&columns, comparison, page.lang) > room {
        let Some(last) = columns.iter().map(|column| column.rank).max() else { break };
        columns.retain(|column| column.rank != last);
    }
    let widths: Vec<usize> = columns.iter().map(|column| width_of(column, comparison, page.lang)).collect();
    let row = |cells: Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{}{cell}", " ".repeat(width.saturating_sub(cell.width()))));
        padded.collect::<Vec<_>>().join(&" ".repeat(GAP))
    };
    let head = row(columns.iter().map(|column| column.name.get(page.lang).to_string()).collect());
    let mut lines = vec![page.paint(&format!("{}{head}", " ".repeat(lead)), |line| line.dimmed())];
    for (standing, name) in comparison.targets.iter().zip(&names) {
        let cells = row(columns.iter().map(|column| (column.cell)(standing, page.lang)).collect());
        let painted = match standing.side {
            Side::Over => page.paint(name, |name| name.red().bold()),
            Side::Open | Side::Under => page.paint(name, |name| name.bold()),
        };
        if is_apart {
            lines.extend([painted, format!("{}{cells}", " ".repeat(INDENT))]);
        } else {
            lines.push(format!("{painted}{}{cells}", " ".repeat(lead - name.width())));
        }
    }
    lines
}

const GAP: usize = 2;
const INDENT: usize = 2;

/// A column in which nothing stands tells nothing.
fn is_of_use(column: &Column, comparison: &Comparison, lang: Lang) -> bool {
    let is_empty = |standing: &Standing| [NONE, "0"].contains(&(column.cell)(standing, lang).as_str());
    column.rank == 0 || !comparison.targets.iter().all(is_empty)
}

fn width_of(column: &Column, comparison: &Comparison, lang: Lang) -> usize {
    let cells = comparison.targets.iter().map(|standing| (column.cell)(standing, lang).width());
    cells.chain([column.name.get(lang).width()]).max().unwrap_or(0)
}

fn width(columns: &[&Column], comparison: &Comparison, lang: Lang) -> usize {
    columns.iter().map(|column| width_of(column, comparison, lang)).sum::<usize>() + GAP * columns.len().saturating_sub(1)
}

/// What failed and what was remarked, by target.
fn failures(comparison: &Comparison, page: Page) -> Vec<String> {
    let lines = comparison.targets.iter().flat_map(|standing| failure_lines(standing, page.lang));
    lines.flat_map(|line| wrapped(&line, "", page)).collect()
}

/// A line for each code.
pub fn failure_lines(standing: &Standing, lang: Lang) -> Vec<String> {
    const FAILED: Text =
        text("{target}: {n} × {code} ({class}): llmcheck explain {code}", "{target}：{n} × {code}（{class}）：llmcheck explain {code}");
    const WARNED: Text = text("{target}: {n} × {code} ({class}), a warning", "{target}：{n} × {code}（{class}），警告");
    let line = |words: Text, failed: &Failed| {
        words.fill(lang, |slot| {
            Some(match slot {
                "target" => standing.target.clone(),
                "n" => failed.count.to_string(),
                "code" => failed.code.to_string(),
                _ => failed.class.name().to_string(),
            })
        })
    };
    let failures = standing.failures.iter().map(|failed| line(FAILED, failed));
    failures.chain(standing.warnings.iter().map(|warning| line(WARNED, warning))).collect()
}
