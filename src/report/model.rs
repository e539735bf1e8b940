//! The report, `llmcheck.report/1`: a contract. Keys are only ever added. Words follow the language, all else is English.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::api::limits::Limit;
use crate::api::reply::Usage;
use crate::cli::Remedy;
use crate::diagnosis::timers::Since;
use crate::diagnosis::{AtFault, Class, Confidence, Severity, Side};
use crate::exchange::recording::TlsFacts;
use crate::exchange::source::Source;
use crate::preflight::Told;
use crate::resilience::cost::Billed;
use crate::wire::framing::Framing;
use crate::wire::transcript::Times;

pub const SCHEMA: &str = "llmcheck.report/1";

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Report {
    pub schema: &'static str,
    pub tool: String,
    pub verdict: Verdict,
    pub findings: Vec<FindingReport>,
    pub witnesses: Vec<Witness>,
    pub ledger: Ledger,
    pub request: Request,
    pub response: Option<Response>,
    pub route: Route,
    pub timing: Timing,
    /// The limits that the response's fields tell, whatever came of the request.
    pub rate_limits: Vec<Limit>,
    pub answer: Answer,
    pub attempts: Vec<Attempt>,
    /// The last attempt succeeded after others had failed.
    pub recovered: bool,
    /// Only where there was more than one attempt, or another was allowed and not made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recovery: Option<Recovery>,
    pub lang: &'static str,
    /// Where it was read from, when several files are judged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What the evidence is, where it is no recording of our own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<SourceReport>,
    /// Where each setting came from; only a live run knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub settings: Option<Map<String, Value>>,
    /// What was wrong with the request before it was sent; only a live run looks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub preflight: Vec<Told>,
    /// The input was asked for part by part: the exchange is that of the part that went worst, or of the last one where all went well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// The exchange is an earlier one, out of the cache; nothing was sent now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cached: Option<CachedReport>,
}

/// One part of a long input.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Part {
    pub characters: u64,
    pub class: Class,
    pub code: &'static str,
    pub attempts: usize,
    /// It joins the answers to others into one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub reduces: bool,
    /// Its answer came out of the cache.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cached: bool,
}

/// How old an answer out of the cache is.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct CachedReport {
    /// RFC 3339.
    pub stored: String,
    pub age_seconds: u64,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Verdict {
    pub class: Class,
    pub code: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    pub at_fault: AtFault,
    pub retryable: bool,
    pub title: String,
    pub summary: String,
    pub advice: Vec<String>,
    /// A command that would confirm it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confirm: Option<String>,
    /// The witnesses that speak for it.
    pub decided_by: Vec<&'static str>,
    /// The witnesses that speak against it: where they were believed, the fault would pass for success.
    pub against: Vec<&'static str>,
    /// Other causes that would leave the same bytes or words.
    pub alternatives: Vec<AlternativeReport>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct AlternativeReport {
    pub code: &'static str,
    pub class: Class,
    pub confidence: Confidence,
    pub title: String,
    /// What would decide.
    pub experiment: String,
}

/// What the evidence is and what it does not show.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct SourceReport {
    pub kind: Source,
    /// Body, chunks, coding, length, end, arrivals.
    pub lacks: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct FindingReport {
    pub code: &'static str,
    pub class: Class,
    pub severity: Severity,
    pub confidence: Confidence,
    pub at_fault: AtFault,
    pub title: String,
    pub values: Map<String, Value>,
    pub marks: Vec<MarkReport>,
    pub follows: Vec<&'static str>,
}

/// A place in the bytes of one side of the connection, end exclusive.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct MarkReport {
    pub key: &'static str,
    pub label: String,
    pub side: Side,
    pub start: u64,
    pub end: u64,
}

/// One independent sign of completeness and what it says.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Witness {
    pub name: &'static str,
    pub says: Testimony,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Testimony {
    Complete,
    Incomplete,
}

#[derive(Clone, Debug, Default, Serialize, schemars::JsonSchema)]
pub struct Ledger {
    pub framing: Framing,
    pub declared: Option<u64>,
    /// Body bytes on the wire without chunk framing.
    pub wire: u64,
    pub missing: Option<u64>,
    pub surplus: Option<u64>,
    pub chunks: Option<u64>,
    pub coding: &'static str,
    pub decoded: u64,
    pub characters: u64,
    pub json_complete: Option<bool>,
    pub sse: Option<Sse>,
    pub end: &'static str,
    /// Bytes of the response that were counted and not kept.
    pub not_kept: u64,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Sse {
    pub events: u64,
    pub comments: u64,
    pub done: bool,
    pub finish_reason: Option<String>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Request {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body_bytes: u64,
    pub stream: bool,
    pub max_tokens: Option<u64>,
    pub model: Option<String>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Response {
    pub version: String,
    pub status: Option<u16>,
    pub reason: String,
    pub head_bytes: u64,
    /// In wire order and case.
    pub headers: Vec<(String, String)>,
    /// Statuses of 1xx heads before this one.
    pub interim: Vec<u16>,
}

/// What lies between us and the answer, as far as it shows itself.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Route {
    pub endpoint: String,
    pub address: Option<String>,
    pub proxy: Option<String>,
    pub tls: Option<TlsFacts>,
    /// Products that show themselves in fields, cookies or the certificate: recorded, not judged.
    pub products: Vec<&'static str>,
    /// Fields by which intermediaries and servers name themselves: recorded, not judged.
    pub marks: Vec<(String, String)>,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Timing {
    #[serde(flatten)]
    pub times: Times,
    pub longest_silence: Option<f64>,
    /// Milliseconds that one step of `arrivals` spans.
    pub arrivals_step: f64,
    /// Start in milliseconds and bytes.
    pub arrivals: Vec<(f64, u64)>,
    /// Whose timer the end looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looks_like: Option<TimerReport>,
}

/// A duration that is the length of a timer that many keep.
#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct TimerReport {
    pub seconds: u32,
    pub measured_ms: f64,
    pub since: Since,
    pub owners: String,
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Answer {
    pub text: Option<String>,
    pub finish_reason: Option<String>,
    pub usage: Option<Usage>,
    /// There is text, and it is not known to be all.
    pub partial: bool,
    /// The text is longer than what is kept of it.
    pub cut_off: bool,
    /// Where the pieces of an answer that the model was asked to go on with were joined, in characters.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seams: Vec<u64>,
}

impl Answer {
    /// How many characters there are of an answer that is not known to be all, where they are all kept.
    pub fn part(&self) -> Option<u64> {
        let text = self.text.as_ref().filter(|_| self.partial && !self.cut_off)?;
        Some(text.chars().count() as u64)
    }
}

#[derive(Clone, Debug, Serialize, schemars::JsonSchema)]
pub struct Attempt {
    pub endpoint: String,
    pub model: Option<String>,
    pub stream: bool,
    pub max_tokens: Option<u64>,
    pub class: Class,
    pub code: &'static str,
    pub waited_ms: u64,
    pub total_ms: Option<f64>,
    /// What this attempt did about the failure before it; none for the first.
    pub remedy: Option<Remedy>,
    pub billed: Billed,
    /// Tokens that it cost, prompt and answer.
    pub tokens: u64,
    /// The answer did not count them: they are estimated.
    pub tokens_estimated: bool,
}

/// What was done about failures, what it cost and what worked.
#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Recovery {
    /// The remedy after which it worked.
    pub worked: Option<Remedy>,
    /// Why nothing more was tried; only a live run knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<&'static str>,
    /// Attempts that were billed for certain.
    pub billed_attempts: usize,
    /// Tokens of all attempts.
    pub tokens: u64,
    pub tokens_estimated: bool,
}
