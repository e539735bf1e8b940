//! The catalogue of diagnoses: an entry is one thing that can be told of an exchange, with all its words in both languages and the
//! function that judges. Families stand in order of the layers, lower ones first; the first finding that is no consequence of
//! another is the root, and the root is the verdict.

mod answers;
mod arithmetic;
pub mod class;
mod connection;
mod content;
mod foreign;
mod length;
mod meaning;
mod overwrite;
mod pages;
mod refusals;
mod rewrites;
mod statements;
mod timeouts;
pub mod timers;
mod tls;
mod truncation;
mod unfinished;

use std::collections::HashMap;
use std::sync::OnceLock;

use serde_json::{Value, json};

pub use class::{AtFault, Class, Confidence, Severity};
pub use meaning::meaning_of;

use crate::evidence::Evidence;
use crate::exchange::source::Source;
use crate::lang::{Lang, Text, text};
use crate::wire::head::Span;

/// One thing that can be told. Its words are here; `examine` gives values and places only.
pub struct Entry {
    /// Kebab-case; names the fault, not the remedy; never reused for anything else.
    pub code: &'static str,
    pub class: Class,
    pub severity: Severity,
    pub at_fault: AtFault,
    /// The same request, sent again, may well succeed.
    pub retryable: bool,
    /// One line, lower case, no full stop.
    pub title: Text,
    /// What happened, in one or two sentences.
    pub summary: Text,
    /// What to do, the caller's part first.
    pub advice: &'static [Text],
    /// The command that would confirm it; `{command}` is the one that was run.
    pub confirm: &'static str,
    /// Words for the places that `examine` marks.
    pub labels: &'static [(&'static str, Text)],
    /// Where one of these is found too, this is its consequence.
    pub follows: &'static [&'static str],
    /// The long text, Markdown.
    pub explain: Text,
    pub examine: fn(&Evidence<'_>) -> Option<Found>,
}

impl Entry {
    /// All short texts.
    fn texts(&self) -> impl Iterator<Item = Text> {
        let labels = self.labels.iter().map(|(_, words)| *words);
        [self.title, self.summary].into_iter().chain(self.advice.iter().copied()).chain(labels)
    }
}

/// The long texts of a code.
macro_rules! explain {
    ($code:literal) => {
        crate::lang::Text { en: include_str!(concat!("explain/", $code, ".en.md")), zh: include_str!(concat!("explain/", $code, ".zh.md")) }
    };
}
use explain;

/// What a function found, in numbers and places.
#[derive(Clone, Debug, Default)]
pub struct Found {
    confidence: Option<Confidence>,
    at_fault: Option<AtFault>,
    retryable: Option<bool>,
    values: Vec<(&'static str, Value)>,
    words: Vec<(&'static str, Text)>,
    marks: Vec<Mark>,
    alternatives: Vec<Alternative>,
}

/// Another cause that would leave the same bytes or words.
#[derive(Clone, Copy, Debug)]
pub struct Alternative {
    pub code: &'static str,
    pub confidence: Confidence,
    /// What would decide between this and the verdict.
    pub experiment: Text,
}

/// A place in the bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    pub key: &'static str,
    pub side: Side,
    pub span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Request,
    Response,
    /// The text that tells of the exchange.
    Text,
}

impl Found {
    fn certain() -> Found {
        Found { confidence: Some(Confidence::Certain), ..Found::default() }
    }

    fn likely() -> Found {
        Found { confidence: Some(Confidence::Likely), ..Found::default() }
    }

    fn possible() -> Found {
        Found { confidence: Some(Confidence::Possible), ..Found::default() }
    }

    fn retryable(mut self, retryable: bool) -> Found {
        self.retryable = Some(retryable);
        self
    }

    fn value(mut self, name: &'static str, value: impl Into<Value>) -> Found {
        self.values.push((name, value.into()));
        self
    }

    /// A value that is a word of its own in each language.
    fn word(mut self, name: &'static str, key: &'static str, words: Text) -> Found {
        self.values.push((name, key.into()));
        self.words.push((name, words));
        self
    }

    fn mark(mut self, key: &'static str, span: Span) -> Found {
        self.marks.push(Mark { key, side: Side::Response, span });
        self
    }

    /// Marks a place in the text that tells of the exchange.
    fn span_of_text(mut self, key: &'static str, span: Span) -> Found {
        self.marks.push(Mark { key, side: Side::Text, span });
        self
    }

    /// Another cause that leaves the same.
    fn or(mut self, code: &'static str, confidence: Confidence, experiment: Text) -> Found {
        self.alternatives.push(Alternative { code, confidence, experiment });
        self
    }

    /// Marks the status line.
    fn mark_status(self, evidence: &Evidence<'_>) -> Found {
        self.mark_if("status", evidence.head().map(|head| head.first_line_span.clone()).filter(|span| !span.is_empty()))
    }

    fn mark_if(self, key: &'static str, span: Option<Span>) -> Found {
        match span {
            Some(span) => self.mark(key, span),
            None => self,
        }
    }
}

/// An entry that applies, with what was found.
#[derive(Clone)]
pub struct Finding {
    pub entry: &'static Entry,
    pub confidence: Confidence,
    pub at_fault: AtFault,
    pub retryable: bool,
    pub values: Vec<(&'static str, Value)>,
    words: Vec<(&'static str, Text)>,
    pub marks: Vec<Mark>,
    pub alternatives: Vec<Alternative>,
    /// Codes found too whose consequence this is.
    pub follows: Vec<&'static str>,
}

impl Finding {
    fn new(entry: &'static Entry, found: Found) -> Finding {
        Finding {
            entry,
            confidence: found.confidence.unwrap_or(Confidence::Certain),
            at_fault: found.at_fault.unwrap_or(entry.at_fault),
            retryable: found.retryable.unwrap_or(entry.retryable),
            values: found.values,
            words: found.words,
            marks: found.marks,
            alternatives: found.alternatives,
            follows: Vec::new(),
        }
    }

    /// Takes the places and values of the same finding by another way, where it has none of its own.
    fn adopt(&mut self, other: Finding) {
        if self.marks.is_empty() {
            self.marks = other.marks;
        }
        for (name, value) in other.values {
            if !self.values.iter().any(|(known, _)| *known == name) {
                self.values.push((name, value));
            }
        }
    }

    /// A text of the entry with its slots filled.
    pub fn say(&self, words: Text, lang: Lang) -> String {
        words.fill(lang, |slot| {
            if let Some((_, words)) = self.words.iter().find(|(name, _)| *name == slot) {
                return Some(words.get(lang).to_string());
            }
            self.values.iter().find(|(name, _)| *name == slot).map(|(_, value)| shown(value))
        })
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What is to be told of one exchange: at least one finding, the verdict first among them unless all is well.
pub struct Diagnosis {
    pub verdict: Finding,
    /// All findings in the catalogue's order; empty when the exchange is healthy.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// The exit code, a contract with scripts.
    pub fn exit_code(&self, strict: bool) -> u8 {
        match self.verdict.entry.severity {
            Severity::Error => self.verdict.entry.class.exit_code(),
            Severity::Warning if strict => self.verdict.entry.class.exit_code(),
            Severity::Warning | Severity::Ok => 0,
        }
    }

    pub fn is_healthy(&self) -> bool {
        self.verdict.entry.severity != Severity::Error
    }
}

#[cfg(test)]
impl Diagnosis {
    /// The verdict of this code, as if the evidence showed it.
    pub fn supposed(code: &str) -> Diagnosis {
        let verdict = Finding::new(entry(code).unwrap(), Found::certain());
        Diagnosis { findings: vec![verdict.clone()], verdict }
    }
}

const FAMILIES: [&[Entry]; 15] = [
    content::INTERRUPTION,
    connection::ENTRIES,
    tls::ENTRIES,
    overwrite::ENTRIES,
    length::ENTRIES,
    timeouts::ENTRIES,
    truncation::ENTRIES,
    unfinished::ENTRIES,
    refusals::ENTRIES,
    pages::ENTRIES,
    foreign::ENTRIES,
    rewrites::ENTRIES,
    content::ENTRIES,
    answers::ENTRIES,
    statements::ENTRIES,
];

/// The catalogue, in order.
pub fn catalogue() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().copied().flatten().chain([&UNDIAGNOSED, &HEALTHY])
}

/// The entry of a code, in any letter case.
pub fn entry(code: &str) -> Option<&'static Entry> {
    static BY_CODE: OnceLock<HashMap<&'static str, &'static Entry>> = OnceLock::new();
    let known = BY_CODE.get_or_init(|| catalogue().map(|entry| (entry.code, entry)).collect());
    known.get(code).or_else(|| known.get(code.to_ascii_lowercase().as_str())).copied()
}

/// Judges an exchange.
pub fn diagnose(evidence: &Evidence<'_>) -> Diagnosis {
    // What a proxy says to CONNECT is no answer of an API, however much it looks like one.
    let families: &[&[Entry]] =
        if evidence.is_of_tunnel() { &[content::INTERRUPTION, connection::ENTRIES, timeouts::ENTRIES] } else { &FAMILIES };
    let mut findings: Vec<Finding> =
        families.iter().copied().flatten().filter_map(|entry| Some(Finding::new(entry, (entry.examine)(evidence)?))).collect();
    let has_error = |findings: &[Finding]| findings.iter().any(|finding| finding.entry.severity == Severity::Error);
    let said = statements::found(evidence, has_error(&findings)).map(|(entry, found)| Finding::new(entry, found));
    if let Some(said) = said {
        match findings.iter_mut().find(|finding| finding.entry.code == said.entry.code) {
            Some(known) => known.adopt(said),
            None => {
                findings.push(said);
                findings.sort_by_key(|finding| catalogue().position(|entry| entry.code == finding.entry.code));
            }
        }
    }
    statements::mark_error(evidence, &mut findings);
    let codes: Vec<&'static str> = findings.iter().map(|finding| finding.entry.code).collect();
    for finding in &mut findings {
        finding.follows = finding.entry.follows.iter().copied().filter(|code| codes.contains(code)).collect();
    }
    if !has_error(&findings) && !content::is_answered(evidence) {
        let (entry, found) = statements::unanswered(evidence);
        findings.push(Finding::new(entry, found));
    }
    let surest = surest(evidence.asked().source);
    findings.iter_mut().for_each(|finding| finding.confidence = finding.confidence.min(surest));
    let mut verdict = verdict_of(&findings).unwrap_or_else(|| Finding::new(&HEALTHY, Found::certain()));
    verdict.confidence = verdict.confidence.min(surest);
    let is_ours = evidence.asked().source == Source::Recording;
    for finding in findings.iter_mut().chain([&mut verdict]) {
        add_missing(&mut finding.values, evidence, finding.entry);
        if !is_ours {
            leave_open(finding);
        }
    }
    Diagnosis { verdict, findings }
}

/// How sure a verdict from such a source can be: what others show has passed through their hands.
fn surest(source: Source) -> Confidence {
    if source == Source::Recording { Confidence::Certain } else { Confidence::Likely }
}

/// Whether any of the entries applies; for rules that speak only where another does not.
fn entry_fires(evidence: &Evidence<'_>, codes: &[&str]) -> bool {
    codes.iter().filter_map(|code| entry(code)).any(|entry| (entry.examine)(evidence).is_some())
}

/// The first root of the highest severity.
fn verdict_of(findings: &[Finding]) -> Option<Finding> {
    let worst = findings.iter().map(|finding| finding.entry.severity).max()?;
    let is_worst = |finding: &&Finding| finding.entry.severity == worst;
    let root = findings.iter().filter(is_worst).find(|finding| finding.follows.is_empty());
    root.or_else(|| findings.iter().find(is_worst)).cloned()
}

/// The names of the values that any text may use.
const COMMON: [&str; 12] = [
    "host",
    "status",
    "message",
    "model",
    "detail",
    "proxy",
    "connect_timeout",
    "first_byte_timeout",
    "idle_timeout",
    "timeout",
    "received",
    "wire",
];

/// One of them; none where the source does not tell it. A text tells what stands in it and no more: the rest stays open.
fn common_value(evidence: &Evidence<'_>, name: &str) -> Option<Value> {
    let asked = evidence.asked();
    if asked.source == Source::Text && !(name == "status" || name == "message" && evidence.error.is_some()) {
        return None;
    }
    let seconds = |duration: Option<std::time::Duration>| duration.map_or(Value::Null, |duration| json!(duration.as_secs_f64()));
    let value = match name {
        "host" => json!(host(evidence)),
        "status" => json!(evidence.status()),
        "message" => json!(message(evidence)),
        "model" => json!(asked.model.as_deref().unwrap_or("?")),
        "detail" => json!(excerpt(evidence.detail())),
        "proxy" => json!(asked.proxy.as_deref().unwrap_or("?")),
        "connect_timeout" => seconds(asked.timeouts.connect),
        "first_byte_timeout" => seconds(asked.timeouts.first_byte),
        "idle_timeout" => seconds(asked.timeouts.idle),
        "timeout" => seconds(asked.timeouts.total),
        "received" => json!(evidence.transcript.received.length()),
        "wire" => json!(evidence.wire()),
        _ => return None,
    };
    let is_known = match asked.source {
        Source::Recording => true,
        Source::Text => name == "message" || !value.is_null(),
        _ => !(value.is_null() || value == json!("")),
    };
    is_known.then_some(value)
}

fn host(evidence: &Evidence<'_>) -> String {
    let url = &evidence.asked().url;
    let authority = url.split("://").nth(1).unwrap_or(url).split('/').next().unwrap_or("");
    authority.rsplit('@').next().unwrap_or(authority).to_string()
}

fn message(evidence: &Evidence<'_>) -> String {
    let message = match &evidence.error {
        Some(error) => excerpt(&error.message),
        None => excerpt(&pages::beginning(evidence)),
    };
    let status_line = || evidence.head().map_or_else(String::new, |head| excerpt(&head.first_line));
    if message.is_empty() { status_line() } else { message }
}

/// Gives an entry's texts the common values that they use and that the finding has not set itself.
fn add_missing(values: &mut Vec<(&'static str, Value)>, evidence: &Evidence<'_>, entry: &Entry) {
    let labels = entry.labels.iter().map(|(_, words)| words);
    let texts = || [entry.title, entry.summary].into_iter().chain(entry.advice.iter().copied()).chain(labels.clone().copied());
    if !texts().any(|words| words.en.contains('{')) {
        return;
    }
    for name in COMMON {
        let slot = format!("{{{name}}}");
        if !values.iter().any(|(known, _)| *known == name)
            && texts().any(|words| words.en.contains(&slot))
            && let Some(value) = common_value(evidence, name)
        {
            values.push((name, value));
        }
    }
}

/// Shows that a number or name is not known.
fn leave_open(finding: &mut Finding) {
    for words in finding.entry.texts() {
        for slot in words.slots() {
            if !finding.values.iter().any(|(known, _)| *known == slot) {
                finding.values.push((slot, json!("…")));
            }
        }
    }
}

/// A server's text as one line of bounded length without control characters.
pub fn excerpt(text: &str) -> String {
    const LONGEST: usize = 240;
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut words = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(cut);
        words.push('…');
    }
    words
}

const UNDIAGNOSED: Entry = Entry {
    code: "undiagnosed-failure",
    class: Class::Unknown,
    severity: Severity::Error,
    at_fault: AtFault::Unknown,
    retryable: false,
    title: text("the exchange failed in a way that no rule knows", "交换失败，但没有规则能解释"),
    summary: text(
        "What came is neither a complete answer nor a fault that llmcheck can name. The evidence is shown; nothing is guessed.",
        "收到的内容既不是完整的回答，也不是 llmcheck 能命名的故障。以下只列证据，不作猜测。",
    ),
    advice: &[
        text("run it again with -v --record FILE, and keep the recording", "加上 -v --record FILE 再运行一次，并保存记录文件"),
        text("find out by experiment what it depends on: llmcheck probe", "用实验找出它取决于什么：llmcheck probe"),
    ],
    confirm: "{command} -v --record evidence.jsonl",
    labels: &[],
    follows: &[],
    explain: explain!("undiagnosed-failure"),
    examine: |_| None,
};

const HEALTHY: Entry = Entry {
    code: "healthy",
    class: Class::Healthy,
    severity: Severity::Ok,
    at_fault: AtFault::Unknown,
    retryable: false,
    title: text("a complete, well-framed answer", "回答完整，分帧正确"),
    summary: text("Every witness agrees that the answer arrived whole.", "各项证据一致：回答完整到达。"),
    advice: &[],
    confirm: "",
    labels: &[],
    follows: &[],
    explain: explain!("healthy"),
    examine: |_| None,
};

#[cfg(test)]
mod tests;
