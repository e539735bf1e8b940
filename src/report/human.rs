//! The page for people, in the manner of rustc: headline, where, the bytes with carets, the ledger, who, what to do.

use colored::{ColoredString, Colorize as _};

use super::excerpt::Excerpt;
use super::model::{AlternativeReport, FindingReport, Report, Testimony, Witness};
use super::{joined, limits, sanitize, tried, words};
use crate::diagnosis::timers::Since;
use crate::diagnosis::{Class, Severity, Side};
use crate::exchange::source::Source;
use crate::lang::{Lang, Text};
use crate::wire::transcript::Transcript;

/// A page wider than this is hard to read; narrower than the other, useless.
const WIDEST: usize = 120;
const NARROWEST: usize = 40;

/// How to print a page.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub lang: Lang,
    /// Columns to which text is wrapped; none for a pipe.
    pub width: Option<usize>,
    pub verbose: bool,
}

/// The report as a page that ends with a line feed.
pub fn page(report: &Report, transcript: &Transcript, style: Style) -> String {
    let mut page = Page { lines: String::new(), style };
    page.headline(report);
    page.place(report);
    page.excerpts(report, transcript);
    page.notes(report);
    if style.verbose {
        page.details(report);
    }
    page.lines
}

/// The line that says of which file the next page is.
pub fn file(name: &str) -> String {
    format!("{} {}\n", "==>".blue().bold(), sanitize::for_line(name).bold())
}

/// One line for a healthy answer, and one for what led to it.
pub fn line(report: &Report, style: Style) -> String {
    let mut parts = vec![report.verdict.title.clone()];
    if let Some(response) = &report.response {
        parts.push(format!("{} {}", response.version, response.status.map_or_else(String::new, |status| status.to_string())));
    }
    parts.push(ledger_line(report, style.lang));
    if let Some(total) = report.timing.times.total {
        parts.push(milliseconds(total));
    }
    if report.recovered {
        parts.push(words::ATTEMPT.fill(style.lang, |_| Some(report.attempts.len().to_string())));
    }
    parts.extend(report.cached.as_ref().map(|cached| words::cached(cached, style.lang)));
    let colon = if style.lang == Lang::Zh { "：" } else { ": " };
    let mut text = format!("{}{colon}{}\n", severity(report, style.lang), sanitize::for_line(&parts.join(" · ")));
    let mut page = Page { lines: String::new(), style };
    page.way(report);
    if style.verbose {
        page.details(report);
    }
    text.push_str(&page.lines);
    text
}

fn severity(report: &Report, lang: Lang) -> ColoredString {
    match report.verdict.severity {
        Severity::Error => words::ERROR.get(lang).red().bold(),
        Severity::Warning => words::WARNING.get(lang).yellow().bold(),
        Severity::Ok => words::OK.get(lang).green().bold(),
    }
}

/// A time as people say it.
pub fn milliseconds(milliseconds: f64) -> String {
    if milliseconds < 10_000.0 { format!("{milliseconds:.0} ms") } else { format!("{:.1} s", milliseconds / 1000.0) }
}

struct Page {
    lines: String,
    style: Style,
}

impl Page {
    fn width(&self) -> usize {
        self.style.width.unwrap_or(WIDEST).clamp(NARROWEST, WIDEST)
    }

    fn push(&mut self, line: &str) {
        self.lines.push_str(line.trim_end());
        self.lines.push('\n');
    }

    fn headline(&mut self, report: &Report) {
        let title = sanitize::for_line(&report.verdict.title).into_owned();
        let colon = if self.style.lang == Lang::Zh { "：" } else { ": " };
        let line = format!("{}[{}]{colon}{}", severity(report, self.style.lang), report.verdict.code, title.bold());
        self.push(&line);
    }

    fn place(&mut self, report: &Report) {
        let lang = self.style.lang;
        let authority = report.request.url.split("://").nth(1).unwrap_or(&report.request.url).split('/').next().unwrap_or("");
        let name = authority.rsplit('@').next().unwrap_or(authority).to_string();
        let host = |_: &str| Some(name.clone());
        // A text or a body may tell nothing of where it came from.
        let is_text = report.source.as_ref().is_some_and(|source| source.kind == Source::Text);
        if is_text || report.request.url.is_empty() && report.response.is_none() {
            return;
        }
        let mut parts = match &report.response {
            Some(response) => vec![
                words::RESPONSE_FROM.fill(lang, host),
                format!("{} {}", response.version, response.status.map_or_else(String::new, |status| status.to_string())),
            ],
            None => vec![words::REQUEST_TO.fill(lang, host)],
        };
        if name.is_empty() {
            parts.remove(0);
        }
        if report.source.is_none() {
            parts.push(words::ATTEMPT.fill(lang, |_| Some(report.attempts.len().to_string())));
        }
        let line = format!("  {} {}", "-->".blue().bold(), sanitize::for_line(&parts.join(" · ")));
        self.push(&line);
    }

    fn bar(&mut self, text: &str) {
        let line = format!("   {} {text}", "|".blue().bold());
        self.push(&line);
    }

    fn excerpts(&mut self, report: &Report, transcript: &Transcript) {
        let width = self.width().saturating_sub(8);
        let mut is_open = false;
        let said = transcript.said();
        let roots = report.findings.iter().filter(|finding| finding.code == report.verdict.code);
        for mark in roots.flat_map(|finding| &finding.marks) {
            let flow = match mark.side {
                Side::Request => &transcript.sent,
                Side::Response => &transcript.received,
                Side::Text => &said,
            };
            let label = sanitize::for_line(&mark.label).into_owned();
            let label_width = unicode_width::UnicodeWidthStr::width(label.as_str());
            let Some(excerpt) = Excerpt::of(flow, &(mark.start..mark.end), width, label_width) else {
                continue;
            };
            if !is_open {
                self.bar("");
                is_open = true;
            }
            self.bar(&format!(" {}", excerpt.text));
            let carets = format!("{} {label}", "^".repeat(excerpt.carets));
            self.bar(&format!(" {}{}", " ".repeat(excerpt.indent), carets.red().bold()));
        }
        self.bar("");
    }

    fn notes(&mut self, report: &Report) {
        let lang = self.style.lang;
        self.note(words::WHAT, &report.verdict.summary);
        if report.response.is_some() || report.ledger.declared.is_some() {
            self.note(words::LEDGER, &ledger_line(report, lang));
        }
        let who = words::at_fault(report.verdict.at_fault).get(lang);
        let confidence = words::confidence(report.verdict.confidence).get(lang);
        self.note(words::WHO, &if lang == Lang::Zh { format!("{who}（{confidence}）") } else { format!("{who} ({confidence})") });
        self.way(report);
        if is_about_limits(report) {
            self.limits(report);
        }
        for advice in &report.verdict.advice {
            self.note(words::HELP, advice);
        }
        for finding in report.findings.iter().filter(|finding| finding.code != report.verdict.code) {
            self.note(words::ALSO, &beside(finding, lang));
        }
        self.witnesses(report);
        for alternative in &report.verdict.alternatives {
            self.note(words::OR, &or(alternative, lang));
        }
        if let Some(timer) = &report.timing.looks_like {
            let words = if timer.since == Since::Request { words::AFTER_REQUEST } else { words::AFTER_SILENCE };
            let text = words.fill(lang, |slot| {
                Some(if slot == "seconds" { format!("{:.1}", timer.measured_ms / 1000.0) } else { timer.owners.clone() })
            });
            self.note(words::TIMER, &text);
        }
        if !report.route.products.is_empty() {
            self.note(words::VIA, &report.route.products.join(" · "));
        }
        if let Some(source) = &report.source {
            self.note(words::SOURCE, &words::source(source, lang));
        }
        if let Some(command) = &report.verdict.confirm {
            self.note_unwrapped(words::CONFIRM, command);
        }
        self.note_unwrapped(words::MORE, &format!("llmcheck explain {}", report.verdict.code));
    }

    /// What was tried, and of what the answer was put together.
    fn way(&mut self, report: &Report) {
        self.tried(report);
        let lang = self.style.lang;
        for (name, told) in [(words::PARTS, joined::parts(report, lang)), (words::JOINED, joined::seams(report, lang))] {
            told.iter().for_each(|told| self.note(name, told));
        }
    }

    /// The way from the first attempt to the last: on one line where it fits, else a line for each step. Of several questions a line each.
    fn tried(&mut self, report: &Report) {
        const ARROW: &str = " → ";
        let steps = tried::steps(report, self.style.lang);
        let line = steps.join(ARROW);
        let name = words::TRIED.get(self.style.lang);
        let indent = 5 + label_width(name);
        let questions = tried::questions(report, self.style.lang);
        if !questions.is_empty() {
            for (index, line) in questions.iter().enumerate() {
                if index == 0 { self.note(words::TRIED, line) } else { self.wrapped(indent, line) }
            }
            return;
        }
        let fits = self.style.width.is_none() || unicode_width::UnicodeWidthStr::width(line.as_str()) + indent <= self.width();
        let lines = if fits { vec![line] } else { steps };
        for (index, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
            match index {
                0 => self.note(words::TRIED, line),
                _ => self.wrapped(indent, &format!("{}{line}", ARROW.trim_start())),
            }
        }
    }

    /// Text that goes on where notes stand.
    fn wrapped(&mut self, indent: usize, text: &str) {
        let text = sanitize::for_line(text).into_owned();
        for line in textwrap::wrap(&text, wrapping(self.width().saturating_sub(indent).max(20))) {
            self.push(&format!("{}{line}", " ".repeat(indent)));
        }
    }

    /// What speaks against the verdict; where there is none, all that is known.
    fn witnesses(&mut self, report: &Report) {
        let lang = self.style.lang;
        let say = |words: Text, names: &[&str]| words.fill(lang, |_| Some(words::witnesses(names, lang)));
        if !report.verdict.against.is_empty() {
            self.note(words::BUT, &say(words::SAY_COMPLETE, &report.verdict.against));
        }
        if report.verdict.class == Class::Unknown && !report.witnesses.is_empty() {
            let (complete, incomplete): (Vec<&Witness>, Vec<&Witness>) =
                report.witnesses.iter().partition(|witness| witness.says == Testimony::Complete);
            for (words, witnesses) in [(words::COMPLETE, complete), (words::SAY_INCOMPLETE, incomplete)] {
                let names: Vec<&str> = witnesses.iter().map(|witness| witness.name).collect();
                if !names.is_empty() {
                    self.note(words::FACTS, &say(words, &names));
                }
            }
        }
    }

    fn limits(&mut self, report: &Report) {
        let name = words::LIMITS.get(self.style.lang);
        for (index, line) in limits::table(&report.rate_limits, self.style.lang).iter().enumerate() {
            match index {
                0 => self.first_note_line(name, line),
                _ => self.push(&format!("{}{line}", " ".repeat(5 + label_width(name)))),
            }
        }
    }

    fn note(&mut self, name: Text, text: &str) {
        let name = name.get(self.style.lang);
        let text = sanitize::for_line(text).into_owned();
        let indent = 5 + label_width(name);
        let lines = match self.style.width {
            Some(_) => textwrap::wrap(&text, wrapping(self.width().saturating_sub(indent).max(20))),
            None => vec![text.as_str().into()],
        };
        for (index, line) in lines.iter().enumerate() {
            if index == 0 {
                self.first_note_line(name, line);
            } else {
                self.push(&format!("{}{line}", " ".repeat(indent)));
            }
        }
    }

    /// For commands: what is copied must be one line.
    fn note_unwrapped(&mut self, name: Text, text: &str) {
        let name = name.get(self.style.lang);
        self.first_note_line(name, &sanitize::for_line(text));
    }

    fn first_note_line(&mut self, name: &str, text: &str) {
        let padding = " ".repeat(label_width(name) - unicode_width::UnicodeWidthStr::width(name));
        let line = format!("   {} {}{padding}{text}", "=".blue().bold(), name.bold());
        self.push(&line);
    }

    /// Raw heads in wire order and case, the timing, and where each setting came from.
    fn details(&mut self, report: &Report) {
        let request = &report.request;
        self.push(&format!("{} {}", ">".blue().bold(), sanitize::for_line(&format!("{} {}", request.method, request.url))));
        for (name, value) in &request.headers {
            self.push(&format!("{} {}", ">".blue().bold(), sanitize::for_line(&format!("{name}: {value}"))));
        }
        if let Some(response) = &report.response {
            let status = response.status.map_or_else(String::new, |status| status.to_string());
            self.push(&format!(
                "{} {}",
                "<".blue().bold(),
                sanitize::for_line(&format!("{} {status} {}", response.version, response.reason))
            ));
            for (name, value) in &response.headers {
                self.push(&format!("{} {}", "<".blue().bold(), sanitize::for_line(&format!("{name}: {value}"))));
            }
        }
        let times = &report.timing.times;
        let stages = [
            ("resolved", times.resolved),
            ("connected", times.connected),
            ("tls", times.tls),
            ("sent", times.sent),
            ("first byte", times.first_byte),
            ("head", times.head),
            ("first token", times.first_token),
            ("last byte", times.last_byte),
            ("total", times.total),
        ];
        let shown: Vec<String> = stages.iter().filter_map(|(name, time)| Some(format!("{name} {}", milliseconds((*time)?)))).collect();
        if !shown.is_empty() {
            self.push(&format!("{} {}", "*".blue().bold(), shown.join(" · ")));
        }
        if let Some(tls) = &report.route.tls {
            let facts = [&tls.version, &tls.cipher, &tls.subject, &tls.issuer, &tls.not_after];
            let shown: Vec<&str> = facts.into_iter().flatten().map(String::as_str).collect();
            self.push(&format!("{} tls: {}", "*".blue().bold(), sanitize::for_line(&shown.join(" · "))));
        }
        let witnesses: Vec<String> =
            report.witnesses.iter().map(|witness| format!("{} {}", witness.name, format!("{:?}", witness.says).to_lowercase())).collect();
        if !witnesses.is_empty() {
            self.push(&format!("{} witnesses: {}", "*".blue().bold(), witnesses.join(" · ")));
        }
        if !is_about_limits(report) {
            for line in limits::table(&report.rate_limits, self.style.lang) {
                self.push(&format!("{} {line}", "*".blue().bold()));
            }
        }
        for (name, source) in report.settings.iter().flatten() {
            let text = format!("{name}: {} ({})", plain(&source["value"]), plain(&source["source"]));
            self.push(&format!("{} {}", "*".blue().bold(), sanitize::for_line(&text)));
        }
    }
}

/// The limits explain the verdict, and belong to it.
fn is_about_limits(report: &Report) -> bool {
    matches!(report.verdict.class, Class::RateLimit | Class::Quota)
}

/// Lines break where each script allows it, and never inside a flag's name.
fn wrapping(width: usize) -> textwrap::Options<'static> {
    textwrap::Options::new(width).word_splitter(textwrap::WordSplitter::NoHyphenation)
}

fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_string)
}

/// The columns of the longest note name in its language, and one blank.
fn label_width(name: &str) -> usize {
    if name.is_ascii() { "confirm: ".len() } else { 7 }
}

fn beside(finding: &FindingReport, lang: Lang) -> String {
    let words = if finding.follows.is_empty() { words::BESIDE } else { words::FOLLOWS };
    words.fill(lang, |slot| match slot {
        "code" => Some(finding.code.to_string()),
        "title" => Some(finding.title.clone()),
        _ => None,
    })
}

fn or(alternative: &AlternativeReport, lang: Lang) -> String {
    words::ALTERNATIVE.fill(lang, |slot| match slot {
        "code" => Some(alternative.code.to_string()),
        "title" => Some(alternative.title.clone()),
        "confidence" => Some(words::confidence(alternative.confidence).get(lang).to_string()),
        _ => Some(alternative.experiment.clone()),
    })
}

fn ledger_line(report: &Report, lang: Lang) -> String {
    let ledger = &report.ledger;
    let number = |words: Text, n: u64| words.fill(lang, |_| Some(n.to_string()));
    let mut parts = Vec::new();
    match ledger.declared {
        Some(declared) => parts.push(number(words::DECLARED, declared)),
        None if ledger.chunks.is_none() => parts.push(words::NO_LENGTH.get(lang).to_string()),
        None => {}
    }
    parts.push(number(words::ON_THE_WIRE, ledger.wire));
    parts.extend(ledger.missing.filter(|n| *n > 0).map(|n| number(words::MISSING, n)));
    parts.extend(ledger.surplus.filter(|n| *n > 0).map(|n| number(words::SURPLUS, n)));
    parts.extend(ledger.chunks.map(|n| number(words::CHUNKS, n)));
    if ledger.coding != "identity" {
        parts.push(words::DECODED.fill(lang, |slot| match slot {
            "n" => Some(ledger.decoded.to_string()),
            _ => Some(ledger.coding.to_string()),
        }));
    }
    if ledger.characters != ledger.decoded {
        let equals = if ledger.declared == Some(ledger.characters) { words::EQUALS_DECLARED.get(lang) } else { "" };
        parts.push(format!("{}{equals}", number(words::CHARACTERS, ledger.characters)));
    }
    parts.extend(ledger.sse.as_ref().map(|sse| number(words::EVENTS, sse.events)));
    parts.extend(report.answer.part().map(|n| number(words::PART, n)));
    if ledger.not_kept > 0 {
        parts.push(number(words::NOT_KEPT, ledger.not_kept));
    }
    parts.push(words::ENDED.fill(lang, |_| Some(words::end(ledger.end).get(lang).to_string())));
    parts.join(" · ")
}
