//! The comparison as one HTML file: no script, nothing loaded from anywhere, readable on paper and on a phone. Every plot has its table.

use super::judge::Recommendation;
use super::standing::Standing;
use super::tables::{self, Table};
use super::{Comparison, plots, terms};
use crate::lang::{Lang, Text};
use crate::report::html::markup::Html;
use crate::report::html::{page, rows, table};
use crate::secret::Mask;
use crate::statistics::Side;

/// The whole document.
pub fn document(comparison: &Comparison, mask: &Mask, lang: Lang) -> String {
    let title = format!("llmcheck {}: {}", terms::REPORT.get(lang), terms::title(comparison, lang));
    page(mask, lang, &title, include_str!("style.css"), |html| body(html, comparison, lang))
}

fn body(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    html.element("h1", &[("class", "kicker")], |html| {
        html.line("strong", &[], "llmcheck");
        html.text(&format!(" · {}", terms::REPORT.get(lang)));
    });
    let (class, badge) = badge(&comparison.recommendation);
    html.element("article", &[("class", class)], |html| {
        html.element("header", &[], |html| {
            html.element("p", &[("class", "badge-line")], |html| html.line("span", &[("class", "badge")], badge.get(lang)));
            html.line("h2", &[("class", "title")], &comparison.conclusion);
            html.line("p", &[("class", "place")], &terms::title(comparison, lang));
        });
        if !comparison.remarks.is_empty() {
            html.element("ul", &[("class", "remarks")], |html| {
                comparison.remarks.iter().for_each(|remark| html.line("li", &[], remark));
            });
        }
        success(html, comparison, lang);
        times(html, comparison, lang);
        drift(html, comparison, lang);
        for table in [Some(tables::answers(comparison, lang)), tables::failures(comparison, lang)].into_iter().flatten() {
            html.element("section", &[], |html| show(html, &table, lang));
        }
        differences(html, comparison, lang);
        html.element("section", &[], |html| {
            html.line("h3", &[], terms::MEASURED.get(lang));
            rows(html, &tables::setting(comparison, lang));
        });
    });
}

fn badge(recommendation: &Recommendation) -> (&'static str, Text) {
    match recommendation {
        Recommendation::Target { .. } => ("is-ok", terms::RECOMMENDED),
        Recommendation::Undecided { .. } | Recommendation::Nothing => ("is-warning", terms::NOT_DECIDED),
        Recommendation::AllOver | Recommendation::NoAnswer => ("is-error", terms::NONE_FITS),
        Recommendation::Alone { side: Side::Under, .. } => ("is-ok", terms::UNDER),
        Recommendation::Alone { side: Side::Open, .. } => ("is-warning", terms::NOT_DECIDED),
        Recommendation::Alone { side: Side::Over, .. } => ("is-error", terms::OVER),
    }
}

fn show(html: &mut Html<'_>, shown: &Table, lang: Lang) {
    html.line("h3", &[], shown.heading.get(lang));
    only_table(html, shown);
}

fn only_table(html: &mut Html<'_>, shown: &Table) {
    let head: Vec<&str> = shown.head.iter().map(String::as_str).collect();
    table(html, &head, &shown.rows, "numbers figures");
}

fn success(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    let shown = tables::success(comparison, lang);
    html.element("section", &[], |html| {
        html.line("h3", &[], shown.heading.get(lang));
        plots::failures(html, comparison, lang);
        only_table(html, &shown);
    });
}

fn times(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    let total = |standing: &Standing| standing.total_ms;
    let first_token = |standing: &Standing| standing.first_token_ms;
    let first_byte = tables::times(comparison, lang, tables::FIRST_BYTE, |standing| standing.first_byte_ms);
    if let Some(shown) = tables::times(comparison, lang, tables::TOTAL, total) {
        html.element("section", &[], |html| {
            html.line("h3", &[], shown.heading.get(lang));
            let plot = plots::Strips { id: "total", name: tables::TOTAL, spread: total, value: |sample| sample.total_ms };
            plots::strips(html, comparison, lang, &plot);
            only_table(html, &shown);
        });
    }
    if let Some(shown) = tables::times(comparison, lang, tables::FIRST_TOKEN, first_token) {
        html.element("section", &[], |html| {
            html.line("h3", &[], shown.heading.get(lang));
            let plot = plots::Strips { id: "token", name: tables::FIRST_TOKEN, spread: first_token, value: |sample| sample.first_token_ms };
            plots::strips(html, comparison, lang, &plot);
            only_table(html, &shown);
        });
    }
    if let Some(shown) = first_byte {
        html.element("section", &[], |html| show(html, &shown, lang));
    }
}

fn drift(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    if comparison.targets.iter().all(|standing| standing.samples.len() < 2) {
        return;
    }
    html.element("section", &[], |html| {
        html.line("h3", &[], terms::DRIFT.get(lang));
        plots::drift(html, comparison, lang);
    });
}

fn differences(html: &mut Html<'_>, comparison: &Comparison, lang: Lang) {
    if let Some(shown) = tables::pairs(comparison, lang) {
        html.element("section", &[], |html| {
            show(html, &shown, lang);
            html.line("p", &[("class", "note")], terms::METHOD.get(lang));
        });
    }
}
