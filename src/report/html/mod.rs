//! The report as one HTML file: no script, nothing loaded from anywhere, readable on paper and on a phone.

pub mod drawing;
mod ledger;
pub mod markup;
mod timeline;

use markup::Html;

use super::facts::{Command, Exchange, Proof, duration};
use super::model::Report;
use super::piece::{Body, Bounds};
use super::{terms, tried};
use crate::diagnosis::Severity;
use crate::lang::{Lang, Text};
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

/// The file is kept below this: what a ticket system takes.
const LARGEST: usize = 1024 * 1024;
const BOUNDS: Bounds = Bounds { head: 24 * 1024, field: 2048, body: 16 * 1024, body_end: 4096, command: 12 * 1024 };

/// Nothing may be loaded, run, sent or framed; styles stand in the file.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/// The whole document.
pub fn document(exchanges: &[(&Report, &Transcript)], mask: &Mask) -> String {
    let exchanges: Vec<Exchange<'_>> = exchanges.iter().map(|(report, transcript)| Exchange::new(report, transcript, mask)).collect();
    let lang = exchanges.last().map_or(Lang::En, |exchange| exchange.lang);
    let subject = exchanges.last().map_or("", |exchange| exchange.report.verdict.code);
    let title = format!("llmcheck {}: {subject}", terms::REPORT.get(lang));
    page(mask, lang, &title, "", |html| body(html, &exchanges, lang, mask))
}

/// A page of ours around what `content` writes, with styles besides those that all pages have.
pub fn page<'a>(mask: &'a Mask, lang: Lang, title: &str, style: &'static str, content: impl FnOnce(&mut Html<'a>)) -> String {
    let mut html = Html::new(mask);
    html.fixed("<!DOCTYPE html>\n");
    html.element("html", &[("lang", if lang == Lang::Zh { "zh-Hans" } else { "en" })], |html| {
        html.element("head", &[], |html| head(html, title, style));
        html.element("body", &[], |html| {
            html.fixed(include_str!("patterns.svg"));
            html.element("main", &[], content);
        });
    });
    html.into_markup()
}

fn head(html: &mut Html<'_>, title: &str, style: &'static str) {
    html.leaf("meta", &[("charset", "utf-8")]);
    html.leaf("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)]);
    html.leaf("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
    html.leaf("meta", &[("name", "referrer"), ("content", "no-referrer")]);
    html.leaf("meta", &[("name", "robots"), ("content", "noindex")]);
    html.leaf("meta", &[("name", "color-scheme"), ("content", "light dark")]);
    html.line("title", &[], title);
    html.element("style", &[], |html| {
        html.fixed(include_str!("style.css"));
        html.fixed(style);
    });
}

fn body(html: &mut Html<'_>, exchanges: &[Exchange<'_>], lang: Lang, mask: &Mask) {
    html.element("h1", &[("class", "kicker")], |html| {
        html.line("strong", &[], "llmcheck");
        html.text(&format!(" · {}", terms::REPORT.get(lang)));
    });
    let (left_out, parts) = parts(exchanges, mask);
    if exchanges.len() > 1 {
        contents(html, exchanges, left_out, lang);
    }
    parts.into_iter().for_each(|part| html.append(part));
    html.element("footer", &[], |html| {
        html.line("p", &[], terms::CAUTION.get(lang));
        if let Some(last) = exchanges.last() {
            html.line("p", &[], &last.made());
        }
    });
}

/// The exchanges that fit, the last ones before the first; how many do not.
fn parts<'a>(exchanges: &[Exchange<'_>], mask: &'a Mask) -> (usize, Vec<Html<'a>>) {
    let mut parts = Vec::new();
    let mut room = LARGEST - 64 * 1024;
    for (index, exchange) in exchanges.iter().enumerate().rev() {
        let mut part = Html::new(mask);
        section(&mut part, exchange, index + 1);
        match room.checked_sub(part.length()) {
            Some(left) => room = left,
            None if parts.is_empty() => room = 0,
            None => break,
        }
        parts.push(part);
    }
    parts.reverse();
    (exchanges.len() - parts.len(), parts)
}

/// What there is, where there is more than one.
fn contents(html: &mut Html<'_>, exchanges: &[Exchange<'_>], left_out: usize, lang: Lang) {
    html.line("h2", &[], terms::CONTENTS.get(lang));
    if left_out > 0 {
        html.line("p", &[("class", "note")], &terms::LEFT_OUT.fill(lang, |_| Some(left_out.to_string())));
    }
    html.element("ol", &[("class", "contents"), ("start", &(left_out + 1).to_string())], |html| {
        for (index, exchange) in exchanges.iter().enumerate().skip(left_out) {
            html.element("li", &[], |html| {
                html.line("a", &[("href", &format!("#exchange-{}", index + 1))], &exchange.headline());
                html.line("span", &[("class", "place")], &format!(" {}", exchange.place().join(" · ")));
            });
        }
    });
}

fn section(html: &mut Html<'_>, exchange: &Exchange<'_>, number: usize) {
    let id = format!("exchange-{number}");
    html.element("article", &[("id", &id), ("class", class(exchange.report.verdict.severity))], |html| {
        html.element("header", &[], |html| headline(html, exchange));
        verdict(html, exchange);
        proofs(html, exchange);
        ledger_of_bytes(html, exchange, &id);
        timing(html, exchange, &id);
        witnesses(html, exchange);
        others(html, exchange);
        commands(html, exchange);
        wire(html, exchange);
        route(html, exchange);
        attempts(html, exchange);
    });
}

fn class(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "is-error",
        Severity::Warning => "is-warning",
        Severity::Ok => "is-ok",
    }
}

fn headline(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let verdict = &exchange.report.verdict;
    html.element("p", &[("class", "badge-line")], |html| {
        html.line("span", &[("class", "badge")], terms::severity(verdict.severity).get(exchange.lang));
        html.text(" ");
        html.line("code", &[], verdict.code);
    });
    html.line("h2", &[("class", "title")], &verdict.title);
    html.line("p", &[("class", "place")], &exchange.place().join(" · "));
}

fn heading(html: &mut Html<'_>, exchange: &Exchange<'_>, words: Text) {
    html.line("h3", &[], words.get(exchange.lang));
}

fn verdict(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let verdict = &exchange.report.verdict;
    html.element("section", &[], |html| {
        html.line("p", &[("class", "summary")], &verdict.summary);
        rows(html, &exchange.verdict());
    });
    if !verdict.advice.is_empty() {
        html.element("section", &[], |html| {
            heading(html, exchange, terms::ADVICE);
            html.element("ul", &[("class", "advice")], |html| verdict.advice.iter().for_each(|advice| html.line("li", &[], advice)));
        });
    }
}

/// Names and values side by side.
pub fn rows(html: &mut Html<'_>, rows: &[(String, String)]) {
    html.element("dl", &[], |html| {
        for (name, value) in rows {
            html.element("div", &[], |html| {
                html.line("dt", &[], name);
                html.line("dd", &[], value);
            });
        }
    });
}

fn proofs(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let proofs = exchange.proofs();
    if proofs.is_empty() && !exchange.is_withheld {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::PROOF);
        if exchange.is_withheld {
            html.line("p", &[("class", "note")], terms::WITHHELD.get(exchange.lang));
        }
        proofs.iter().for_each(|one| proof(html, one));
    });
}

fn proof(html: &mut Html<'_>, proof: &Proof) {
    let (before, marked, after) = proof.excerpt.parts();
    html.element("figure", &[("class", "proof")], |html| {
        html.element("pre", &[], |html| {
            html.text(before);
            if marked.trim().is_empty() {
                html.line("mark", &[("class", "empty")], marked);
            } else {
                html.line("mark", &[], marked);
            }
            html.text(after);
        });
        html.element("figcaption", &[], |html| {
            html.line("strong", &[], &format!("▲ {}", proof.label));
            html.line("span", &[("class", "place")], &format!(" {}", proof.place));
        });
    });
}

fn ledger_of_bytes(html: &mut Html<'_>, exchange: &Exchange<'_>, id: &str) {
    let facts = exchange.ledger();
    if facts.is_empty() {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::LEDGER);
        if !exchange.lost().body && !exchange.lost().length {
            ledger::figure(html, exchange, id);
        }
        rows(html, &facts);
    });
}

fn timing(html: &mut Html<'_>, exchange: &Exchange<'_>, id: &str) {
    let stages = exchange.stages();
    if stages.is_empty() {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::TIMELINE);
        if !exchange.lost().arrivals {
            timeline::figure(html, exchange, id);
        }
        if let Some(timer) = exchange.timer() {
            html.line("p", &[], &timer);
        }
        let cells: Vec<Vec<String>> = stages.iter().map(|(name, at, took)| vec![name.clone(), duration(*at), duration(*took)]).collect();
        table(html, &[terms::STAGE, terms::AT, terms::TOOK].map(|words| words.get(exchange.lang)), &cells, "numbers");
    });
}

/// A table whose first column names the rows.
pub fn table(html: &mut Html<'_>, head: &[&str], rows: &[Vec<String>], class: &str) {
    html.element("table", &[("class", class)], |html| {
        html.element("thead", &[], |html| {
            html.element("tr", &[], |html| head.iter().for_each(|name| html.line("th", &[("scope", "col")], name)));
        });
        html.element("tbody", &[], |html| {
            for row in rows {
                html.element("tr", &[], |html| {
                    for (index, cell) in row.iter().enumerate() {
                        if index == 0 {
                            html.line("th", &[("scope", "row")], cell);
                        } else {
                            html.line("td", &[], cell);
                        }
                    }
                });
            }
        });
    });
}

fn witnesses(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let witnesses: Vec<Vec<String>> = exchange.witnesses().into_iter().map(Vec::from).collect();
    if witnesses.is_empty() {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::WITNESSES);
        table(html, &[terms::WITNESS, terms::SAYS, terms::SPEAKS].map(|words| words.get(exchange.lang)), &witnesses, "");
    });
}

/// What was found besides, and what else it may be.
fn others(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    for (words, others) in [(terms::FINDINGS, exchange.others()), (terms::ALTERNATIVES, exchange.alternatives())] {
        if others.is_empty() {
            continue;
        }
        html.element("section", &[], |html| {
            heading(html, exchange, words);
            html.element("ul", &[], |html| {
                for (code, title, note) in &others {
                    html.element("li", &[], |html| {
                        html.line("code", &[], code);
                        html.text(&format!(" {title}"));
                        if let Some(note) = note {
                            html.line("span", &[("class", "place")], &format!(" {note}"));
                        }
                    });
                }
            });
        });
    }
}

fn commands(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    html.element("section", &[], |html| {
        heading(html, exchange, terms::AGAIN);
        for Command { words, notes, text } in exchange.commands(BOUNDS) {
            html.line("h4", &[], &words);
            notes.iter().for_each(|note| html.line("p", &[("class", "note")], note));
            html.block(&text);
        }
    });
}

/// Both heads in wire order and case, and the body.
fn wire(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let mut block = |words: Text, lines: &str| {
        html.element("section", &[], |html| {
            heading(html, exchange, words);
            html.block(lines);
        });
    };
    if let Some(words) = exchange.request_words() {
        block(words, &exchange.request_head(BOUNDS).join("\n"));
    }
    if let Some(head) = exchange.response_head(BOUNDS) {
        block(terms::RESPONSE, &head.join("\n"));
    }
    let said = exchange.said(BOUNDS).map(|said| (terms::SAID, said));
    for (words, body) in said.into_iter().chain(exchange.body(BOUNDS)) {
        html.element("section", &[], |html| {
            heading(html, exchange, words);
            body_text(html, exchange, &body);
        });
    }
}

fn body_text(html: &mut Html<'_>, exchange: &Exchange<'_>, body: &Body) {
    html.block(&body.beginning);
    if body.omitted > 0 {
        html.line("p", &[("class", "note")], &terms::CUT.fill(exchange.lang, |_| Some(body.omitted.to_string())));
        html.block(&body.end);
    }
}

fn route(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let route = exchange.route();
    if !route.is_empty() {
        html.element("section", &[], |html| {
            heading(html, exchange, terms::ROUTE);
            rows(html, &route);
        });
    }
    let (limits, fields) = (exchange.limits(), exchange.limit_fields());
    if limits.is_empty() && fields.is_empty() {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::LIMITS);
        if let Some((head, rows)) = limits.split_first() {
            table(html, &head.iter().map(String::as_str).collect::<Vec<_>>(), rows, "numbers");
        }
        rows(html, &fields);
    });
}

fn attempts(html: &mut Html<'_>, exchange: &Exchange<'_>) {
    let (earlier, attempts) = exchange.attempts();
    if attempts.len() + earlier < 2 {
        return;
    }
    html.element("section", &[], |html| {
        heading(html, exchange, terms::ATTEMPTS);
        if earlier > 0 {
            html.line("p", &[("class", "note")], &terms::EARLIER.fill(exchange.lang, |_| Some(earlier.to_string())));
        }
        html.element("ul", &[], |html| attempts.iter().for_each(|attempt| html.line("li", &[], attempt)));
        if let Some(summary) = tried::summary(exchange.report, exchange.lang) {
            html.line("p", &[], &summary);
        }
    });
}
