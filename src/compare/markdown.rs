//! The comparison as GitHub-flavoured Markdown: tables, and plots of text in code blocks.

use unicode_width::UnicodeWidthStr as _;

use super::Comparison;
use super::figures::{milliseconds, percent};
use super::standing::Standing;
use super::tables::{self, Table};
use super::terms;
use crate::lang::Lang;
use crate::report::markdown::Page;
use crate::report::sanitize;
use crate::secret::Mask;

/// Columns of a plot.
const PLOT: usize = 48;

/// The whole document.
pub fn document(comparison: &Comparison, mask: &Mask, lang: Lang) -> String {
    let mut page = Page::new(mask);
    page.heading(0, &terms::title(comparison, lang));
    page.prose(&comparison.conclusion);
    page.items(comparison.remarks.iter().map(String::as_str));
    show(&mut page, tables::success(comparison, lang), lang);
    page.prose(&terms::whiskers(comparison, lang));
    page.fence("text", &failures(comparison));
    let total = |standing: &Standing| standing.total_ms;
    let measures = [
        tables::times(comparison, lang, tables::FIRST_BYTE, |standing| standing.first_byte_ms),
        tables::times(comparison, lang, tables::FIRST_TOKEN, |standing| standing.first_token_ms),
        tables::times(comparison, lang, tables::TOTAL, total),
    ];
    measures.into_iter().flatten().for_each(|table| show(&mut page, table, lang));
    if comparison.targets.iter().any(|standing| standing.total_ms.is_some()) {
        page.prose(terms::BOXES.get(lang));
        page.fence("text", &times(comparison));
    }
    let rest = [Some(tables::answers(comparison, lang)), tables::failures(comparison, lang), tables::pairs(comparison, lang)];
    rest.into_iter().flatten().for_each(|table| show(&mut page, table, lang));
    if !comparison.pairs.is_empty() {
        page.prose(terms::METHOD.get(lang));
    }
    page.heading(1, terms::MEASURED.get(lang));
    let colon = if lang == Lang::Zh { "：" } else { ": " };
    let setting: Vec<String> = tables::setting(comparison, lang).into_iter().map(|(name, value)| format!("{name}{colon}{value}")).collect();
    page.items(setting.iter().map(String::as_str));
    page.into_text()
}

fn show(page: &mut Page<'_>, table: Table, lang: Lang) {
    page.heading(1, table.heading.get(lang));
    let head: Vec<&str> = table.head.iter().map(String::as_str).collect();
    page.table(&head, table.rows.into_iter());
}

/// A line for each target, its name before what is drawn.
fn lines(comparison: &Comparison, scale: String, draw: impl Fn(&Standing) -> String) -> String {
    let names: Vec<String> = comparison.targets.iter().map(|standing| sanitize::for_line(&standing.target).into_owned()).collect();
    let longest = names.iter().map(|name| name.width()).max().unwrap_or(0);
    let rows = comparison.targets.iter().zip(&names).map(|(standing, name)| {
        let blanks = " ".repeat(longest - name.width());
        format!("{name}{blanks}  {}", draw(standing).trim_end())
    });
    let head = format!("{}  {scale}", " ".repeat(longest));
    std::iter::once(head).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A scale from 0 to its end over the plot.
fn scale(end: String) -> String {
    format!("0{end:>width$}", width = PLOT - 1)
}

fn place(share: f64) -> usize {
    ((share.clamp(0.0, 1.0) * (PLOT - 1) as f64).round()) as usize
}

fn failures(comparison: &Comparison) -> String {
    let whole = terms::largest_share(comparison);
    lines(comparison, scale(percent(whole)), |standing| {
        let mut row = vec![' '; PLOT];
        let (low, high) = (place(standing.error_rate_interval.low / whole), place(standing.error_rate_interval.high / whole));
        row[low..=high].fill('─');
        (row[low], row[high]) = ('├', '┤');
        let bound = place(comparison.setting.max_error_rate / whole);
        row[bound] = if (low..=high).contains(&bound) { '┼' } else { '┊' };
        if let Some(rate) = standing.error_rate {
            row[place(rate / whole)] = '●';
        }
        row.into_iter().collect()
    })
}

fn times(comparison: &Comparison) -> String {
    let whole = terms::longest(comparison, |sample| sample.total_ms);
    lines(comparison, scale(milliseconds(whole)), |standing| {
        let mut row = vec![' '; PLOT];
        if let Some(spread) = standing.total_ms {
            let at = |value: f64| place(value / whole);
            row[at(spread.min)..=at(spread.max)].fill('─');
            row[at(spread.p25)..=at(spread.p75)].fill('▒');
            row[at(spread.p50)] = '█';
        }
        row.into_iter().collect()
    })
}
