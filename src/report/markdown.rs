//! The report as GitHub-flavoured Markdown that goes into an issue. Foreign text stands in fences and code spans that it cannot leave, or
//! as plain words; it makes no markup, link, mention or reference.

use super::facts::{Command, Exchange, Row, duration};
use super::model::Report;
use super::piece::{Body, Bounds, whole_before};
use super::{sanitize, terms, tried};
use crate::lang::{Lang, Text};
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

/// GitHub takes an issue of 65536 characters.
const LARGEST: usize = 60_000;
/// Longer sentences and values are cut.
const LONGEST_WORDS: usize = 1024;
const BOUNDS: Bounds = Bounds { head: 6 * 1024, field: 1024, body: 4096, body_end: 1024, command: 6 * 1024 };

/// The whole document.
pub fn document(exchanges: &[(&Report, &Transcript)], mask: &Mask) -> String {
    let exchanges: Vec<Exchange<'_>> = exchanges.iter().map(|(report, transcript)| Exchange::new(report, transcript, mask)).collect();
    let lang = exchanges.last().map_or(Lang::En, |exchange| exchange.lang);
    let is_alone = exchanges.len() == 1;
    let parts = parts(&exchanges, mask, is_alone);
    let mut page = Page { text: String::new(), mask, depth: 1 };
    if !is_alone {
        let left_out = exchanges.len() - parts.len();
        page.contents(&exchanges, left_out, lang);
    }
    parts.iter().for_each(|part| page.text.push_str(part));
    page.text.push_str("---\n\n");
    page.prose(terms::CAUTION.get(lang));
    if let Some(last) = exchanges.last() {
        page.prose(&last.made());
    }
    page.text.truncate(page.text.trim_end().len());
    page.text.push('\n');
    page.text
}

/// The exchanges that fit, the last ones before the first.
fn parts(exchanges: &[Exchange<'_>], mask: &Mask, is_alone: bool) -> Vec<String> {
    let mut parts = Vec::new();
    let mut room = LARGEST;
    for exchange in exchanges.iter().rev() {
        let mut page = Page { text: String::new(), mask, depth: if is_alone { 1 } else { 2 } };
        page.exchange(exchange);
        match room.checked_sub(page.text.chars().count() + 200) {
            Some(left) => room = left,
            None if parts.is_empty() => room = 0,
            None => break,
        }
        parts.push(page.text);
    }
    parts.reverse();
    parts
}

/// Markdown under construction.
pub struct Page<'a> {
    text: String,
    mask: &'a Mask,
    /// The level of an exchange's own heading.
    depth: usize,
}

impl<'a> Page<'a> {
    /// An empty page whose first heading is of the highest level.
    pub fn new(mask: &'a Mask) -> Page<'a> {
        Page { text: String::new(), mask, depth: 1 }
    }

    /// The text with one line feed at its end.
    pub fn into_text(self) -> String {
        format!("{}\n", self.text.trim_end())
    }
}

impl Page<'_> {
    fn contents(&mut self, exchanges: &[Exchange<'_>], left_out: usize, lang: Lang) {
        self.heading(0, &format!("llmcheck · {}", terms::CONTENTS.get(lang)));
        if left_out > 0 {
            self.prose(&terms::LEFT_OUT.fill(lang, |_| Some(left_out.to_string())));
        }
        for (index, exchange) in exchanges.iter().enumerate().skip(left_out) {
            let line = format!("{} · {}", exchange.headline(), exchange.place().join(" · "));
            self.text.push_str(&format!("{}. {}\n", index + 1, self.inline(&line, true)));
        }
        self.text.push('\n');
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) {
        let verdict = &exchange.report.verdict;
        self.heading(0, &exchange.headline());
        self.prose(&exchange.place().join(" · "));
        self.prose(&verdict.summary);
        self.facts(exchange, exchange.verdict());
        if !verdict.advice.is_empty() {
            self.section(exchange, terms::ADVICE);
            self.items(verdict.advice.iter().map(String::as_str));
        }
        self.proofs(exchange);
        let ledger = exchange.ledger();
        if !ledger.is_empty() {
            self.section(exchange, terms::LEDGER);
            self.facts(exchange, ledger);
        }
        self.timing(exchange);
        self.witnesses(exchange);
        self.others(exchange);
        self.commands(exchange);
        self.wire(exchange);
        self.route(exchange);
        self.attempts(exchange);
    }

    fn proofs(&mut self, exchange: &Exchange<'_>) {
        let proofs = exchange.proofs();
        if proofs.is_empty() && !exchange.is_withheld {
            return;
        }
        self.section(exchange, terms::PROOF);
        if exchange.is_withheld {
            self.prose(terms::WITHHELD.get(exchange.lang));
        }
        let mut lines = Vec::new();
        for proof in &proofs {
            lines.push(proof.excerpt.text.clone());
            let carets = "^".repeat(proof.excerpt.carets);
            lines.push(format!("{}{carets} {} ({})", " ".repeat(proof.excerpt.indent), sanitize::for_line(&proof.label), proof.place));
        }
        if !lines.is_empty() {
            self.fence("text", &lines.join("\n"));
        }
    }

    fn timing(&mut self, exchange: &Exchange<'_>) {
        let stages = exchange.stages();
        if !stages.is_empty() {
            self.section(exchange, terms::TIMELINE);
            let rows = stages.into_iter().map(|(name, at, took)| vec![name, duration(at), duration(took)]);
            self.table(&[terms::STAGE, terms::AT, terms::TOOK].map(|words| words.get(exchange.lang)), rows);
            if let Some(timer) = exchange.timer() {
                self.prose(&timer);
            }
        }
    }

    fn witnesses(&mut self, exchange: &Exchange<'_>) {
        let witnesses = exchange.witnesses();
        if !witnesses.is_empty() {
            self.section(exchange, terms::WITNESSES);
            let head = [terms::WITNESS, terms::SAYS, terms::SPEAKS].map(|words| words.get(exchange.lang));
            self.table(&head, witnesses.into_iter().map(Vec::from));
        }
    }

    fn others(&mut self, exchange: &Exchange<'_>) {
        for (words, others) in [(terms::FINDINGS, exchange.others()), (terms::ALTERNATIVES, exchange.alternatives())] {
            if others.is_empty() {
                continue;
            }
            self.section(exchange, words);
            let line = |(code, title, note): (&str, String, Option<String>)| match (exchange.lang, note) {
                (Lang::Zh, Some(note)) => format!("{code}：{title}；{note}"),
                (Lang::Zh, None) => format!("{code}：{title}"),
                (Lang::En, Some(note)) => format!("{code}: {title}; {note}"),
                (Lang::En, None) => format!("{code}: {title}"),
            };
            let lines: Vec<String> = others.into_iter().map(line).collect();
            self.items(lines.iter().map(String::as_str));
        }
    }

    fn commands(&mut self, exchange: &Exchange<'_>) {
        self.section(exchange, terms::AGAIN);
        for Command { words, notes, text } in exchange.commands(BOUNDS) {
            let colon = if exchange.lang == Lang::Zh { "：" } else { ":" };
            self.prose(&format!("{words}{colon} {}", notes.join(" ")));
            self.fence("sh", &text);
        }
    }

    fn wire(&mut self, exchange: &Exchange<'_>) {
        if let Some(words) = exchange.request_words() {
            self.section(exchange, words);
            self.fence("http", &exchange.request_head(BOUNDS).join("\n"));
        }
        if let Some(head) = exchange.response_head(BOUNDS) {
            self.section(exchange, terms::RESPONSE);
            self.fence("http", &head.join("\n"));
        }
        let said = exchange.said(BOUNDS).map(|said| (terms::SAID, said));
        for (words, Body { beginning, omitted, end }) in said.into_iter().chain(exchange.body(BOUNDS)) {
            self.section(exchange, words);
            self.fence("text", &beginning);
            if omitted > 0 {
                self.prose(&terms::CUT.fill(exchange.lang, |_| Some(omitted.to_string())));
                self.fence("text", &end);
            }
        }
    }

    fn route(&mut self, exchange: &Exchange<'_>) {
        let route = exchange.route();
        if !route.is_empty() {
            self.section(exchange, terms::ROUTE);
            self.rows(exchange, &route);
        }
        let (limits, fields) = (exchange.limits(), exchange.limit_fields());
        if limits.is_empty() && fields.is_empty() {
            return;
        }
        self.section(exchange, terms::LIMITS);
        if let Some((head, rows)) = limits.split_first() {
            self.table(&head.iter().map(String::as_str).collect::<Vec<_>>(), rows.iter().cloned());
        }
        self.rows(exchange, &fields);
    }

    fn rows(&mut self, exchange: &Exchange<'_>, rows: &[Row]) {
        let colon = if exchange.lang == Lang::Zh { "：" } else { ": " };
        let lines: Vec<String> = rows.iter().map(|(name, value)| format!("{name}{colon}{value}")).collect();
        self.items(lines.iter().map(String::as_str));
    }

    fn attempts(&mut self, exchange: &Exchange<'_>) {
        let (earlier, attempts) = exchange.attempts();
        if attempts.len() + earlier > 1 {
            self.section(exchange, terms::ATTEMPTS);
            if earlier > 0 {
                self.prose(&terms::EARLIER.fill(exchange.lang, |_| Some(earlier.to_string())));
            }
            self.items(attempts.iter().map(String::as_str));
            if let Some(summary) = tried::summary(exchange.report, exchange.lang) {
                self.prose(&summary);
            }
        }
    }

    fn facts(&mut self, exchange: &Exchange<'_>, facts: Vec<Row>) {
        let head = [terms::FACT, terms::VALUE].map(|words| words.get(exchange.lang));
        self.table(&head, facts.into_iter().map(|(name, value)| vec![name, value]));
    }

    fn section(&mut self, exchange: &Exchange<'_>, words: Text) {
        self.heading(1, words.get(exchange.lang));
    }

    pub fn heading(&mut self, below: usize, words: &str) {
        let line = format!("{} {}\n\n", "#".repeat(self.depth + below), self.inline(words, false));
        self.text.push_str(&line);
    }

    pub fn prose(&mut self, words: &str) {
        let line = format!("{}\n\n", self.inline(words.trim(), true));
        self.text.push_str(&line);
    }

    pub fn items<'t>(&mut self, items: impl Iterator<Item = &'t str>) {
        for item in items {
            let line = format!("- {}\n", self.inline(item, true));
            self.text.push_str(&line);
        }
        self.text.push('\n');
    }

    /// A row for each, its cells of one line.
    pub fn table(&mut self, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
        self.text.push_str(&format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len())));
        for row in rows {
            // A bar ends a cell even inside a code span, and what escapes it depends on what stands before.
            let cells: Vec<String> = row.iter().map(|cell| self.inline(&cell.replace('|', "¦"), false)).collect();
            self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
        }
        self.text.push('\n');
    }

    pub fn fence(&mut self, language: &'static str, text: &str) {
        let masked = self.mask.cover_text(text);
        let shown = sanitize::for_terminal(masked.trim_end_matches('\n'));
        let fence = "`".repeat(longest_run(&shown).max(2) + 1);
        self.text.push_str(&format!("{fence}{language}\n{shown}\n{fence}\n\n"));
    }

    fn inline(&self, text: &str, begins_line: bool) -> String {
        let text = &text[..whole_before(text.as_bytes(), LONGEST_WORDS)];
        inline(&sanitize::for_line(&self.mask.cover_text(text)), begins_line)
    }
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

/// A line in which every word that could mean something to Markdown or to GitHub stands in a code span.
fn inline(text: &str, begins_line: bool) -> String {
    let mut made = String::new();
    let mut code = String::new();
    let mut blanks = String::new();
    for word in words(text) {
        if word.trim().is_empty() {
            blanks.push_str(word);
        } else if is_plain(word, begins_line && made.is_empty() && code.is_empty()) {
            close(&mut code, &mut made);
            made.push_str(&std::mem::take(&mut blanks));
            made.push_str(word);
        } else {
            let between = std::mem::take(&mut blanks);
            if code.is_empty() {
                made.push_str(&between)
            } else {
                code.push_str(&between)
            }
            // The sentence's own punctuation stays outside.
            let core = word.trim_end_matches([',', '.']);
            let core = if core.bytes().all(|byte| byte.is_ascii_digit()) { word } else { core };
            code.push_str(core);
            if core.len() < word.len() {
                close(&mut code, &mut made);
                made.push_str(&word[core.len()..]);
            }
        }
    }
    close(&mut code, &mut made);
    made
}

/// Ends a code span with more backticks than it holds in a row.
fn close(code: &mut String, made: &mut String) {
    if !code.is_empty() {
        let ticks = "`".repeat(longest_run(code) + 1);
        let space = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
        made.push_str(&format!("{ticks}{space}{code}{space}{ticks}"));
        code.clear();
    }
}

/// Runs of blanks, of ASCII, and of everything else, which Markdown leaves alone.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let kind = |c: char| if c.is_whitespace() { 0 } else { 1 + u8::from(!c.is_ascii()) };
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = kind(rest.chars().next()?);
        let end = rest.find(|c| kind(c) != first).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Whether a word of one kind means nothing but itself. At the beginning of a line dashes and numbers make lists.
fn is_plain(word: &str, is_first: bool) -> bool {
    if !word.is_ascii() {
        return true;
    }
    let lower = word.to_ascii_lowercase();
    let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || b".,;:!?'\"()%/=+-".contains(&byte);
    // Addresses, GitHub's GH-1 and :smile:.
    let is_link = ["://", "www.", "mailto:", "xmpp:"].iter().any(|sign| lower.contains(sign));
    let is_reference = lower.contains("gh-") || (word.len() > 2 && word.starts_with(':'));
    let is_commit = |part: &str| (7..=64).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_commit =
        lower.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| is_commit(part) && part.bytes().any(|b| b.is_ascii_alphabetic()));
    let is_number = word.strip_suffix(['.', ')']).is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
    let is_list = is_first && (is_number || word.starts_with(['-', '+', '=']));
    word.bytes().all(is_harmless) && !is_link && !is_reference && !has_commit && !is_list
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_ours_stay_as_they_are() {
        for text in [
            "declared 464 bytes, sent 702 (certain)",
            "use --stream: it declares no length",
            "声明长度 420，线上实收 578（确定）",
            "api.example.com",
            "80% +/- 1",
        ] {
            assert_eq!(inline(text, true), text);
        }
    }

    #[test]
    fn what_github_would_act_on_stands_in_a_code_span() {
        for (text, expected) in [
            ("ask @root now", "ask `@root` now"),
            ("问@root吧", "问`@root`吧"),
            ("see https://evil.example/ and WWW.evil.example", "see `https://evil.example/` and `WWW.evil.example`"),
            ("a b@c.d #12 o/r#1 GH-7 :+1: x", "a `b@c.d #12 o/r#1 GH-7 :+1:` x"),
            ("<img src=x> **b** [a](b) a_b", "`<img src=x> **b** [a](b) a_b`"),
            ("fixed by 1a2b3c4d5e", "fixed by `1a2b3c4d5e`"),
            ("nginx's proxy_read_timeout, or @b.", "nginx's `proxy_read_timeout`, or `@b`."),
            ("a `` b", "a ``` `` ``` b"),
            ("- item", "`-` item"),
            ("1. item", "`1.` item"),
            ("$x$ \\ | ~~", "`$x$ \\ | ~~`"),
            ("&lt; {x}", "`&lt; {x}`"),
        ] {
            assert_eq!(inline(text, true), expected, "{text}");
        }
    }

    #[test]
    fn a_fence_is_longer_than_any_in_it() {
        let mask = Mask::default();
        let mut page = Page { text: String::new(), mask: &mask, depth: 1 };
        page.fence("text", "a\n```\n# no heading\n`````x\r\u{1b}[0m\u{202e}");
        assert_eq!(page.text, "``````text\na\n```\n# no heading\n`````x␍␛[0m\u{fffd}\n``````\n\n");
    }

    #[test]
    fn no_cell_ends_early() {
        let mask = Mask::default();
        let mut page = Page { text: String::new(), mask: &mask, depth: 1 };
        page.table(&["a", "b"], [vec!["x\\|y".to_string(), "1".into()]].into_iter());
        assert_eq!(page.text, "| a | b |\n| --- | --- |\n| `x\\`¦y | 1 |\n\n");
    }
}
