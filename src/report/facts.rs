//! What a report that is handed on says, in order and bounded, whatever its form: rows of names and values, heads, excerpts, bodies.
//! Values may be foreign text; the printers make them safe.

use super::excerpt::Excerpt;
use super::model::{AlternativeReport, Report, Testimony};
use super::piece::{Body, Bounds, cut};
use super::{curl, joined, limits, terms, tried, words};
use crate::api::reply::Usage;
use crate::diagnosis::Side;
use crate::diagnosis::timers::Since;
use crate::exchange::is_sensitive;
use crate::exchange::source::{Lost, Source};
use crate::lang::{Lang, Text};
use crate::secret::Mask;
use crate::wire::coding::Coding;
use crate::wire::transcript::Transcript;

/// Columns of an excerpt.
const EXCERPT: usize = 76;
/// More attempts are not listed.
const MOST_ATTEMPTS: usize = 100;

/// One exchange as the printers see it.
#[derive(Clone, Copy)]
pub struct Exchange<'a> {
    pub report: &'a Report,
    pub transcript: &'a Transcript,
    pub lang: Lang,
    /// The raw bytes of the response hold a secret in a form that the mask cannot cover.
    pub is_withheld: bool,
}

/// A name of ours and its value.
pub type Row = (String, String);

impl<'a> Exchange<'a> {
    pub fn new(report: &'a Report, transcript: &'a Transcript, mask: &Mask) -> Exchange<'a> {
        let lang = if report.lang == Lang::Zh.tag() { Lang::Zh } else { Lang::En };
        Exchange { report, transcript, lang, is_withheld: holds_a_secret(report, transcript, mask) }
    }

    fn say(&self, words: Text) -> String {
        words.get(self.lang).to_string()
    }

    fn row(&self, name: Text, value: impl Into<String>) -> Row {
        (self.say(name), value.into())
    }

    /// «Error: the server declared …»
    pub fn headline(&self) -> String {
        let colon = if self.lang == Lang::Zh { "：" } else { ": " };
        format!("{}{colon}{}", terms::severity(self.report.verdict.severity).get(self.lang), self.report.verdict.title)
    }

    pub fn host(&self) -> &'a str {
        let url = &self.report.request.url;
        url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or("")
    }

    /// The evidence is an exchange of our own.
    fn is_recorded(&self) -> bool {
        self.transcript.asked.source == Source::Recording
    }

    /// Who answered what, which attempt, and when.
    pub fn place(&self) -> Vec<String> {
        let host = |_: &str| Some(self.host().to_string());
        let mut parts = match &self.report.response {
            Some(response) => {
                let status = response.status.map_or_else(String::new, |status| status.to_string());
                vec![words::RESPONSE_FROM.fill(self.lang, host), format!("{} {status}", response.version)]
            }
            None => vec![words::REQUEST_TO.fill(self.lang, host)],
        };
        // Who was asked is not in every source of evidence.
        if self.host().is_empty() {
            parts.remove(0);
        }
        if self.is_recorded() {
            parts.push(terms::ATTEMPT.fill(self.lang, |_| Some(self.transcript.asked.attempt.max(1).to_string())));
        }
        if !self.transcript.asked.started.is_empty() {
            parts.push(self.transcript.asked.started.clone());
        }
        parts
    }

    pub fn verdict(&self) -> Vec<Row> {
        let verdict = &self.report.verdict;
        let retry = if verdict.retryable { terms::RETRY_HELPS } else { terms::RETRY_IS_USELESS };
        let mut rows = vec![
            self.row(terms::CODE, verdict.code),
            self.row(terms::CLASS, verdict.class.name()),
            self.row(terms::SEVERITY, self.say(terms::severity(verdict.severity))),
            self.row(terms::CONFIDENCE, self.say(words::confidence(verdict.confidence))),
        ];
        if verdict.severity != crate::diagnosis::Severity::Ok {
            rows.push(self.row(terms::WHO, self.say(words::at_fault(verdict.at_fault))));
            rows.push(self.row(terms::RETRY, self.say(retry)));
        }
        rows.extend(self.report.source.as_ref().map(|source| self.row(terms::SOURCE, words::source(source, self.lang))));
        rows.extend(self.report.cached.as_ref().map(|cached| self.row(terms::CACHE, words::cached(cached, self.lang))));
        rows.extend(joined::parts(self.report, self.lang).map(|parts| self.row(terms::PARTS, parts)));
        rows.extend(joined::seams(self.report, self.lang).map(|seams| self.row(terms::JOINED, seams)));
        rows.extend(self.report.file.as_ref().map(|file| self.row(terms::FILE, file.as_str())));
        rows
    }

    /// Numbers of the body, and how it ended; nothing where no response came.
    pub fn ledger(&self) -> Vec<Row> {
        let ledger = &self.report.ledger;
        let mut rows = Vec::new();
        if self.report.response.is_none() && ledger.declared.is_none() {
            return rows;
        }
        let mut number = |name: Text, n: Option<u64>| rows.extend(n.map(|n| self.row(name, n.to_string())));
        number(terms::DECLARED, ledger.declared);
        number(terms::WIRE, Some(ledger.wire));
        number(terms::MISSING, ledger.missing.filter(|n| *n > 0));
        number(terms::SURPLUS, ledger.surplus.filter(|n| *n > 0));
        number(terms::CHUNKS, ledger.chunks);
        if ledger.declared.is_none() && ledger.chunks.is_none() {
            rows.insert(0, self.row(terms::DECLARED, self.say(terms::NONE)));
        }
        if ledger.coding != "identity" {
            rows.push((terms::DECODED.fill(self.lang, |_| Some(ledger.coding.into())), ledger.decoded.to_string()));
        }
        if ledger.characters != ledger.decoded {
            let equals = if ledger.declared == Some(ledger.characters) { terms::EQUALS_DECLARED } else { crate::lang::text("{n}", "{n}") };
            rows.push(self.row(terms::CHARACTERS, equals.fill(self.lang, |_| Some(ledger.characters.to_string()))));
        }
        rows.extend(ledger.json_complete.map(|closed| self.row(terms::JSON, self.yes(closed))));
        if let Some(sse) = &ledger.sse {
            let seen = |is_seen: bool| self.say(if is_seen { terms::YES } else { terms::NOT_SEEN });
            rows.push(self.row(terms::EVENTS, sse.events.to_string()));
            rows.push(self.row(terms::FINISH, sse.finish_reason.clone().unwrap_or_else(|| seen(false))));
            rows.push(self.row(terms::DONE, seen(sse.done)));
        }
        let part = self.report.answer.part();
        rows.extend(part.map(|n| self.row(terms::PART, terms::PART_CHARACTERS.fill(self.lang, |_| Some(n.to_string())))));
        rows.extend(self.report.answer.usage.as_ref().map(|usage| self.row(terms::USAGE, tokens(usage))));
        rows.push(self.row(terms::END, self.say(words::end(ledger.end))));
        if ledger.not_kept > 0 {
            rows.push(self.row(terms::NOT_KEPT, terms::bytes(ledger.not_kept, self.lang)));
        }
        rows
    }

    fn yes(&self, is_so: bool) -> String {
        self.say(if is_so { terms::YES } else { terms::NO })
    }

    /// Name, testimony, and whether it speaks for the verdict or against it.
    pub fn witnesses(&self) -> Vec<[String; 3]> {
        let verdict = &self.report.verdict;
        let speaks = |name: &str| match () {
            () if verdict.decided_by.contains(&name) => self.say(terms::FOR),
            () if verdict.against.contains(&name) => self.say(terms::AGAINST),
            () => "–".to_string(),
        };
        let row = |witness: &super::model::Witness| {
            let name = terms::witness(witness.name).map_or_else(|| witness.name.to_string(), |words| self.say(words));
            let says = if witness.says == Testimony::Complete { terms::COMPLETE } else { terms::INCOMPLETE };
            [name, self.say(says), speaks(witness.name)]
        };
        self.report.witnesses.iter().map(row).collect()
    }

    /// Code and title of every finding but the verdict, and what it follows from.
    pub fn others(&self) -> Vec<(&'static str, String, Option<String>)> {
        let others = self.report.findings.iter().filter(|finding| finding.code != self.report.verdict.code);
        let follows = |codes: &[&str]| (!codes.is_empty()).then(|| terms::FOLLOWS.fill(self.lang, |_| Some(codes.join(", "))));
        others.map(|finding| (finding.code, finding.title.clone(), follows(&finding.follows))).collect()
    }

    /// What else would leave the same bytes: code, title and confidence, and the experiment that decides.
    pub fn alternatives(&self) -> Vec<(&'static str, String, Option<String>)> {
        let alternative = |one: &AlternativeReport| {
            let confidence = words::confidence(one.confidence).get(self.lang);
            let title =
                if self.lang == Lang::Zh { format!("{}（{confidence}）", one.title) } else { format!("{} ({confidence})", one.title) };
            (one.code, title, Some(terms::EXPERIMENT.fill(self.lang, |_| Some(one.experiment.clone()))))
        };
        self.report.verdict.alternatives.iter().map(alternative).collect()
    }

    /// Whose timer the end looks like.
    pub fn timer(&self) -> Option<String> {
        let timer = self.report.timing.looks_like.as_ref()?;
        let words = if timer.since == Since::Request { words::AFTER_REQUEST } else { words::AFTER_SILENCE };
        let seconds = || format!("{:.1}", timer.measured_ms / 1000.0);
        Some(words.fill(self.lang, |slot| Some(if slot == "seconds" { seconds() } else { timer.owners.clone() })))
    }

    /// What of the wire the source of the evidence does not show.
    pub fn lost(&self) -> Lost {
        self.transcript.asked.lost
    }

    /// The stages that were reached: name, milliseconds after the start, milliseconds after the one before.
    pub fn stages(&self) -> Vec<(String, f64, f64)> {
        let mut before = 0.0;
        let reached = stages(self.transcript).into_iter().filter_map(|(name, at)| Some((name, at?)));
        reached
            .map(|(name, at)| {
                let took = (at - before).max(0.0);
                before = at;
                (self.say(name), at, took)
            })
            .collect()
    }

    pub fn route(&self) -> Vec<Row> {
        let (route, request, mut rows) = (&self.report.route, &self.report.request, Vec::new());
        let mut known =
            |name: Text, value: Option<String>| rows.extend(value.filter(|text| !text.is_empty()).map(|text| self.row(name, text)));
        known(terms::URL, Some(request.url.clone()));
        known(terms::ENDPOINT, Some(route.endpoint.clone()));
        known(terms::MODEL, request.model.clone());
        known(terms::ADDRESS, route.address.clone());
        // That there was none is known of our own exchanges only.
        let none = self.is_recorded().then(|| self.say(terms::NONE));
        known(terms::PROXY, route.proxy.clone().or(none));
        if let Some(tls) = &route.tls {
            known(terms::TLS, Some(joined([&tls.version, &tls.cipher], " · ")));
            known(terms::SUBJECT, Some([tls.subject.clone().unwrap_or_default(), tls.names.join(", ")].join(" · ")));
            known(terms::ISSUER, tls.issuer.clone());
            known(terms::VALID, Some(joined([&tls.not_before, &tls.not_after], " – ")));
        }
        known(terms::PRODUCTS, Some(route.products.join(" · ")));
        rows.extend(route.marks.iter().cloned());
        bounded(rows, self.lang)
    }

    /// Limits as the response tells them, the head of the table first.
    pub fn limits(&self) -> Vec<Vec<String>> {
        limits::rows(&self.report.rate_limits, self.lang)
    }

    /// Fields of the response that state limits and waits, as they stand.
    pub fn limit_fields(&self) -> Vec<Row> {
        let is_limit = |name: &str| {
            let name = name.to_ascii_lowercase();
            name.contains("ratelimit") || name.contains("rate-limit") || name.contains("retry-after") || name == "x-should-retry"
        };
        let fields = self.report.response.iter().flat_map(|response| &response.headers);
        bounded(fields.filter(|(name, _)| is_limit(name)).cloned().collect(), self.lang)
    }

    /// One line for each attempt of the last report, the last ones if there are many.
    pub fn attempts(&self) -> (usize, Vec<String>) {
        let attempts = &self.report.attempts;
        let earlier = attempts.len().saturating_sub(MOST_ATTEMPTS);
        let begun = tried::questions_begun(attempts);
        let line = |(index, attempt): (usize, &super::model::Attempt)| {
            let by = tried::remedy(attempt, self.lang).map(|remedy| terms::BY.fill(self.lang, |_| Some(remedy.clone())));
            let mut parts = vec![
                terms::ATTEMPT.fill(self.lang, |_| Some((index + 1).to_string())),
                begun[index].map_or_else(String::new, |number| tried::question(self.report, number, self.lang)),
                by.unwrap_or_default(),
                attempt.endpoint.clone(),
                attempt.model.clone().unwrap_or_default(),
                attempt.code.to_string(),
                tried::cost_of(attempt, self.lang),
            ];
            if attempt.waited_ms > 0 {
                parts.push(terms::WAITED.fill(self.lang, |_| Some(duration(attempt.waited_ms as f64))));
            }
            parts.extend(attempt.total_ms.map(duration));
            parts.retain(|part| !part.is_empty());
            parts.join(" · ")
        };
        (earlier, attempts.iter().enumerate().skip(earlier).map(line).collect())
    }

    /// What the request's head is to be called; nothing where the evidence does not show whether one was sent.
    pub fn request_words(&self) -> Option<Text> {
        match self.transcript.request() {
            Some(_) => Some(terms::REQUEST),
            None => self.is_recorded().then_some(terms::REQUEST_UNSENT),
        }
    }

    pub fn request_head(&self, bounds: Bounds) -> Vec<String> {
        let request = &self.report.request;
        let first = match self.transcript.request() {
            Some(head) => head.first_line.clone(),
            None => format!("{} {}", request.method, request.url),
        };
        self.head(first, &request.headers, bounds)
    }

    pub fn response_head(&self, bounds: Bounds) -> Option<Vec<String>> {
        let first = self.transcript.response.as_ref()?.head.first_line.clone();
        Some(self.head(first, &self.report.response.as_ref()?.headers, bounds))
    }

    fn head(&self, first: String, fields: &[Row], bounds: Bounds) -> Vec<String> {
        let mut lines = vec![cut(&first, bounds.field, self.lang)];
        let mut length = 0;
        for (index, (name, value)) in fields.iter().enumerate() {
            let shown = if is_credential(name, value) { "***" } else { value.as_str() };
            let line = format!("{}: {}", cut(name, bounds.field, self.lang), cut(shown, bounds.field, self.lang));
            length += line.len();
            if length > bounds.head {
                lines.push(terms::CUT_LINES.fill(self.lang, |_| Some((fields.len() - index).to_string())));
                break;
            }
            lines.push(line);
        }
        lines
    }

    /// The text that tells of the exchange, where it is all the evidence.
    pub fn said(&self, bounds: Bounds) -> Option<Body> {
        let text = self.transcript.testimony.as_ref()?.text.as_bytes();
        Some(Body::of_slices(text, text, text.len() as u64, bounds))
    }

    /// What a server said after its head, or all that it said where there was no head; with the words for what it is.
    pub fn body(&self, bounds: Bounds) -> Option<(Text, Body)> {
        let received = &self.transcript.received;
        let Some(response) = self.transcript.response.as_ref().filter(|_| !self.is_withheld) else {
            let is_shown = self.transcript.response.is_none() && received.length() > 0 && !self.is_withheld;
            return is_shown.then(|| (terms::RECEIVED, Body::of_flow(received, 0, bounds)));
        };
        let content = &response.content;
        if content.coding == Coding::Identity && !content.is_undecodable {
            let is_empty = received.length() <= response.body.start;
            return (!is_empty).then(|| (terms::BODY, Body::of_flow(received, response.body.start, bounds)));
        }
        let text = content.document().or(content.other_text()).or(content.stream().map(|stream| stream.text.as_bytes()));
        let text = text.filter(|text| !text.is_empty())?;
        Some((terms::BODY_DECODED, Body::of_slices(text, text, text.len() as u64, bounds)))
    }

    /// The places that the verdict marks.
    pub fn proofs(&self) -> Vec<Proof> {
        let said = self.transcript.said();
        let roots = self.report.findings.iter().filter(|finding| finding.code == self.report.verdict.code);
        let marks = roots.flat_map(|finding| &finding.marks).filter(|mark| !self.is_withheld || mark.side == Side::Request);
        marks
            .filter_map(|mark| {
                let (flow, side) = match mark.side {
                    Side::Request => (&self.transcript.sent, terms::OF_REQUEST),
                    Side::Response => (&self.transcript.received, terms::OF_RESPONSE),
                    Side::Text => (&said, terms::OF_TEXT),
                };
                let excerpt = Excerpt::of(flow, &(mark.start..mark.end), EXCERPT, 0)?;
                let words = if mark.end > mark.start + 1 { terms::PLACES } else { terms::PLACE };
                let place = words.fill(self.lang, |slot| match slot {
                    "side" => Some(self.say(side)),
                    "start" => Some(mark.start.to_string()),
                    _ => Some(mark.end.saturating_sub(1).to_string()),
                });
                Some(Proof { excerpt, label: mark.label.clone(), place })
            })
            .collect()
    }

    /// Commands that ask the same again, each with its words; notes for their use stand before it.
    pub fn commands(&self, bounds: Bounds) -> Vec<Command> {
        let mut commands = Vec::new();
        let mut ours = |words: Text, text: Option<String>| {
            commands.extend(text.map(|text| Command {
                words: self.say(words),
                notes: Vec::new(),
                text: cut(&text, bounds.command, self.lang),
            }));
        };
        ours(terms::BY_LLMCHECK, self.transcript.asked.command.clone());
        ours(
            terms::TO_CONFIRM,
            self.report.verdict.confirm.clone().filter(|command| Some(command) != self.transcript.asked.command.as_ref()),
        );
        ours(terms::TO_EXPLAIN, Some(format!("llmcheck explain {}", self.report.verdict.code)));
        if self.report.request.url.is_empty() {
            return commands;
        }
        let curl = curl::command(&curl::Request::again(self.report, self.transcript));
        let mut notes = Vec::new();
        if curl.is_connection_only {
            notes.push(self.say(terms::NO_REQUEST));
        }
        if !curl.variables.is_empty() {
            notes.push(terms::NEEDS_VARIABLES.fill(self.lang, |_| Some(curl.variables.join(", "))));
        }
        notes.extend(curl.body_file.map(|n| terms::BODY_FILE.fill(self.lang, |_| Some(n.to_string()))));
        commands.insert(
            commands.len().min(1),
            Command { words: self.say(terms::BY_CURL), notes, text: cut(&curl.text, 2 * bounds.command, self.lang) },
        );
        commands
    }

    pub fn made(&self) -> String {
        terms::MADE.fill(self.lang, |slot| match slot {
            "tool" => Some(self.report.tool.clone()),
            _ => Some(if self.transcript.asked.started.is_empty() { "?".into() } else { self.transcript.asked.started.clone() }),
        })
    }
}

/// As many rows, and as much of each, as anybody reads.
fn bounded(mut rows: Vec<Row>, lang: Lang) -> Vec<Row> {
    const MOST: usize = 40;
    const LONGEST: usize = 512;
    rows.truncate(MOST);
    rows.into_iter().map(|(name, value)| (cut(&name, LONGEST, lang), cut(&value, LONGEST, lang))).collect()
}

/// A command to be copied.
pub struct Command {
    pub words: String,
    pub notes: Vec<String>,
    pub text: String,
}

/// A place in the bytes, with what it proves.
pub struct Proof {
    pub excerpt: Excerpt,
    pub label: String,
    pub place: String,
}

/// The counts of tokens that the answer states, under its own names.
fn tokens(usage: &Usage) -> String {
    let counts = [
        ("prompt", usage.prompt_tokens),
        ("completion", usage.completion_tokens),
        ("reasoning", usage.reasoning_tokens),
        ("total", usage.total_tokens),
    ];
    counts.iter().filter_map(|(name, count)| Some(format!("{name} {}", (*count)?))).collect::<Vec<_>>().join(" · ")
}

fn joined<const N: usize>(parts: [&Option<String>; N], between: &str) -> String {
    parts.into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(between)
}

/// Name and milliseconds of every stage, in order, reached or not.
pub fn stages(transcript: &Transcript) -> [(Text, Option<f64>); 9] {
    use crate::lang::text;
    let times = &transcript.times;
    [
        (text("name resolved", "域名解析完成"), times.resolved),
        (text("connected", "连接建立"), times.connected),
        (text("TLS handshake", "TLS 握手完成"), times.tls),
        (text("request sent", "请求发完"), times.sent),
        (text("first byte", "首字节"), times.first_byte),
        (text("response head", "响应头收完"), times.head),
        (terms::FIRST_TOKEN, times.first_token),
        (text("last byte", "末字节"), times.last_byte),
        (terms::THE_END, times.total),
    ]
}

/// A time as people say it, with a fraction where it is short.
pub fn duration(milliseconds: f64) -> String {
    match milliseconds {
        short if short < 10.0 => format!("{short:.1} ms"),
        medium if medium < 10_000.0 => format!("{medium:.0} ms"),
        long => format!("{:.1} s", long / 1000.0),
    }
}

/// The value is a credential by its field's name. Limits and counts of tokens are none, and neither is a challenge.
pub fn is_credential(name: &str, value: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let is_count = value.trim().bytes().all(|byte| byte.is_ascii_digit());
    is_sensitive(name) && !is_count && !["limit", "tokens", "authenticat"].iter().any(|part| lower.contains(part))
}

/// The decoded content, or the report of it, shows a secret that stands in the raw bytes in another form.
fn holds_a_secret(report: &Report, transcript: &Transcript, mask: &Mask) -> bool {
    let content = transcript.response.as_ref().map(|response| &response.content);
    let texts = content.map(|content| [content.document(), content.other_text(), content.stream().map(|stream| stream.text.as_bytes())]);
    // A text that was cut may end within a secret.
    texts.into_iter().flatten().flatten().any(|text| mask.finds_any_in_cut(text))
        || serde_json::to_vec(report).is_ok_and(|report| mask.finds_any(&report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_told_from_limits_counts_and_challenges() {
        for name in ["Authorization", "set-cookie", "X-Api-Key", "x-session-token"] {
            assert!(is_credential(name, "abc"), "{name}");
        }
        for (name, value) in [
            ("x-ratelimit-remaining-tokens", "10k"),
            ("WWW-Authenticate", "Bearer"),
            ("openai-output-tokens", "a"),
            ("x-token", "17"),
            ("Content-Type", "a"),
        ] {
            assert!(!is_credential(name, value), "{name}");
        }
    }
}
