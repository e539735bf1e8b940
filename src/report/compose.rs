//! From evidence and diagnosis to the report: every value of the model is set here.

use super::curl::quoted;
use super::model::{
    AlternativeReport, Answer, Attempt, FindingReport, Ledger, MarkReport, Recovery, Report, Request, Response, Route, SCHEMA,
    SourceReport, Sse, Testimony, TimerReport, Timing, Verdict, Witness,
};
use crate::api::limits::{Limit, limits};
use crate::diagnosis::timers::{self};
use crate::diagnosis::{self, Alternative, Class, Diagnosis, Finding, Side};
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, How, Opened};
use crate::exchange::source::Source;
use crate::lang::Lang;
use crate::products;
use crate::resilience::cost::{Billed, Cost};
use crate::resilience::join::Joined;
use crate::resilience::recovery::Reason;
use crate::resilience::wait::clock_of;
use crate::wire::content::Form;
use crate::wire::framing::Framing;
use crate::wire::json::Closure;

impl SourceReport {
    fn of(evidence: &Evidence<'_>) -> Option<SourceReport> {
        let asked = evidence.asked();
        let lost = asked.lost;
        let lacks = match asked.source {
            Source::Recording => return None,
            Source::Text => vec!["bytes"],
            Source::Body => vec!["head", "end"],
            _ => {
                let facts = [
                    (lost.body, "body"),
                    (lost.chunks, "chunks"),
                    (lost.coding, "coding"),
                    (lost.length, "length"),
                    (lost.end && evidence.how.is_none(), "end"),
                    (lost.arrivals, "arrivals"),
                ];
                facts.into_iter().filter_map(|(is_lost, name)| is_lost.then_some(name)).collect()
            }
        };
        Some(SourceReport { kind: asked.source, lacks })
    }
}

impl Attempt {
    pub fn of(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Attempt {
        let asked = evidence.asked();
        let cost = Cost::of(evidence, diagnosis);
        Attempt {
            endpoint: asked.endpoint.clone(),
            model: asked.model.clone(),
            stream: asked.stream,
            max_tokens: asked.max_tokens,
            class: diagnosis.verdict.entry.class,
            code: diagnosis.verdict.entry.code,
            waited_ms: asked.waited_ms,
            total_ms: evidence.transcript.times.total,
            remedy: asked.remedy,
            billed: cost.billed,
            tokens: cost.tokens,
            tokens_estimated: cost.is_estimate && cost.tokens > 0,
        }
    }
}

impl Recovery {
    fn of(attempts: &[Attempt], is_healthy: bool) -> Recovery {
        Recovery {
            worked: attempts.iter().rev().find_map(|attempt| attempt.remedy).filter(|_| is_healthy),
            stopped: None,
            billed_attempts: attempts.iter().filter(|attempt| attempt.billed == Billed::Yes).count(),
            tokens: attempts.iter().map(|attempt| attempt.tokens).sum(),
            tokens_estimated: attempts.iter().any(|attempt| attempt.tokens_estimated),
        }
    }
}

impl Report {
    /// The report of the last attempt, with a line for each of them.
    pub fn new(evidence: &Evidence<'_>, diagnosis: &Diagnosis, attempts: Vec<Attempt>, lang: Lang) -> Report {
        let witnesses = witnesses(evidence);
        Report {
            schema: SCHEMA,
            tool: concat!("llmcheck ", env!("CARGO_PKG_VERSION")).to_string(),
            verdict: verdict(evidence, diagnosis, &witnesses, lang),
            findings: diagnosis.findings.iter().map(|finding| finding_report(finding, lang)).collect(),
            witnesses,
            ledger: ledger(evidence),
            request: request(evidence),
            response: response(evidence),
            route: route(evidence),
            timing: timing(evidence, diagnosis, lang),
            rate_limits: rate_limits(evidence),
            answer: Answer::of(evidence, diagnosis),
            recovered: attempts.len() > 1 && diagnosis.is_healthy() && attempts.iter().any(|attempt| attempt.remedy.is_some()),
            recovery: (attempts.len() > 1).then(|| Recovery::of(&attempts, diagnosis.is_healthy())),
            attempts,
            lang: lang.tag(),
            file: None,
            source: SourceReport::of(evidence),
            settings: None,
            parts: Vec::new(),
            cached: None,
            preflight: Vec::new(),
        }
    }

    /// Puts the text of several exchanges in the place of the last one's.
    pub fn join(&mut self, joined: Joined, is_whole: bool) {
        self.answer.partial = !is_whole && !joined.text.is_empty();
        self.answer.text = Some(joined.text).filter(|text| !text.is_empty());
        self.answer.seams = joined.seams;
    }

    /// Says why nothing more was tried, where more was allowed and did not work.
    pub fn tell_stop(&mut self, reason: &Reason) {
        if *reason == Reason::Over && self.recovery.is_none() {
            return;
        }
        let recovery = self.recovery.get_or_insert_with(|| Recovery::of(&self.attempts, false));
        recovery.stopped = (recovery.worked.is_none() || *reason != Reason::Over).then(|| reason.name());
    }
}

fn verdict(evidence: &Evidence<'_>, diagnosis: &Diagnosis, witnesses: &[Witness], lang: Lang) -> Verdict {
    let Finding { entry, confidence, at_fault, retryable, .. } = diagnosis.verdict;
    let testimony = if diagnosis.is_healthy() { Testimony::Complete } else { Testimony::Incomplete };
    let asked = evidence.asked();
    let confirm = if is_of_use(entry.confirm, asked) { entry.confirm } else { "{command} -v --record evidence.jsonl" };
    let command = command(evidence, confirm);
    Verdict {
        class: entry.class,
        code: entry.code,
        severity: entry.severity,
        confidence,
        at_fault,
        retryable,
        title: diagnosis.verdict.say(entry.title, lang),
        summary: diagnosis.verdict.say(entry.summary, lang),
        advice: entry
            .advice
            .iter()
            .filter(|advice| is_of_use(advice.en, asked))
            .map(|advice| diagnosis.verdict.say(*advice, lang))
            .collect(),
        confirm: Some(confirm.replace("{command}", &command)).filter(|command| !command.is_empty()),
        decided_by: witnesses.iter().filter(|witness| witness.says == testimony).map(|witness| witness.name).collect(),
        against: against(entry.class, witnesses),
        alternatives: diagnosis.verdict.alternatives.iter().filter_map(|alternative| alternative_report(alternative, lang)).collect(),
    }
}

/// Completeness is in question only where something is cut or broken off.
fn against(class: Class, witnesses: &[Witness]) -> Vec<&'static str> {
    if !matches!(class, Class::Truncation | Class::StreamError) {
        return Vec::new();
    }
    // That there is some content says nothing of its end.
    witnesses
        .iter()
        .filter(|witness| witness.says == Testimony::Complete && witness.name != "content")
        .map(|witness| witness.name)
        .collect()
}

/// The title's numbers are the other exchange's: left open here.
fn alternative_report(alternative: &Alternative, lang: Lang) -> Option<AlternativeReport> {
    let entry = diagnosis::entry(alternative.code)?;
    Some(AlternativeReport {
        code: entry.code,
        class: entry.class,
        confidence: alternative.confidence,
        title: entry.title.fill(lang, |_| Some("…".into())),
        experiment: alternative.experiment.get(lang).to_string(),
    })
}

/// Advice to switch to the mode that was used is of none.
fn is_of_use(advice: &str, asked: &Asked) -> bool {
    let names =
        |flag: &str| advice.split_whitespace().any(|word| word.trim_end_matches([':', ',', ';', ')']).trim_start_matches('(') == flag);
    match (names("--stream"), names("--no-stream")) {
        (true, false) => !asked.stream,
        (false, true) => asked.stream,
        _ => true,
    }
}

/// What was run, or what would ask the same, also where what was run does not know the flags to confirm with.
fn command(evidence: &Evidence<'_>, confirm: &str) -> String {
    const OF_CHAT: [&str; 2] = [" --retry", " --max-tokens"];
    let asked = evidence.asked();
    let is_unfit = |run: &String| run.starts_with("llmcheck replay ") && OF_CHAT.iter().any(|flag| confirm.contains(flag));
    if asked.command.is_none() && asked.url.is_empty() {
        return "llmcheck chat hello --base-url YOUR_BASE_URL".into();
    }
    asked.command.clone().filter(|run| !is_unfit(run)).unwrap_or_else(|| {
        let base = asked.url.strip_suffix("/chat/completions").unwrap_or(&asked.url);
        let stream = if asked.stream { " --stream" } else { "" };
        let model = asked.model.as_ref().map_or_else(String::new, |model| format!(" -m {}", quoted(model)));
        // A recording may be a stranger's, and this is to be typed.
        format!("llmcheck chat hello --base-url {}{model}{stream}", quoted(base))
    })
}

/// Whose words those are.
fn said(finding: &Finding, lang: Lang) -> String {
    let speaker = finding.values.iter().find(|(name, _)| *name == "speaker").and_then(|(_, value)| value.as_str()).unwrap_or("");
    format!("{speaker} {}", super::words::SAID.get(lang)).trim().to_string()
}

fn finding_report(finding: &Finding, lang: Lang) -> FindingReport {
    let label = |key: &str| match key {
        "said" if finding.marks.iter().any(|mark| mark.side == Side::Text) => Some(said(finding, lang)),
        _ => finding.entry.labels.iter().find(|(name, _)| *name == key).map(|(_, words)| finding.say(*words, lang)),
    };
    FindingReport {
        code: finding.entry.code,
        class: finding.entry.class,
        severity: finding.entry.severity,
        confidence: finding.confidence,
        at_fault: finding.at_fault,
        title: finding.say(finding.entry.title, lang),
        values: finding.values.iter().map(|(name, value)| (name.to_string(), value.clone())).collect(),
        marks: finding
            .marks
            .iter()
            .map(|mark| MarkReport {
                key: mark.key,
                label: label(mark.key).unwrap_or_default(),
                side: mark.side,
                start: mark.span.start,
                end: mark.span.end,
            })
            .collect(),
        follows: finding.follows.clone(),
    }
}

/// Every sign of completeness that this exchange has.
fn witnesses(evidence: &Evidence<'_>) -> Vec<Witness> {
    let mut witnesses = Vec::new();
    let mut hear = |name, is_complete: Option<bool>| {
        if let Some(is_complete) = is_complete {
            witnesses.push(Witness { name, says: if is_complete { Testimony::Complete } else { Testimony::Incomplete } });
        }
    };
    let Some(response) = evidence.response() else {
        return witnesses;
    };
    hear("declared-length", evidence.length.as_ref().map(|length| length.declared == length.wire));
    let shows_chunks = evidence.framing() == Framing::Chunked && !response.body.is_unframed;
    hear("last-chunk", shows_chunks.then(|| response.body.chunked_end.is_some()));
    let is_orderly = match evidence.how {
        Some(How::Fin | How::TlsClose) => Some(true),
        Some(How::Reset | How::TlsCut | How::Cancelled | How::Deadline) => Some(false),
        Some(How::Idle) => Some(evidence.framing_is_complete()),
        _ => None,
    };
    hear("end-of-connection", is_orderly);
    hear("coding-trailer", response.content.progress().map(|progress| *progress == crate::wire::coding::Progress::Finished));
    match &response.content.form {
        Form::Json(document) => hear("json", Some(matches!(document.closure(), Closure::Closed { .. }) && evidence.syntax_fault.is_none())),
        Form::Stream(stream) => {
            hear("finish-reason", Some(stream.finish_reason.is_some()));
            hear("done", (stream.done > 0).then_some(true));
        }
        _ => {}
    }
    hear("content", evidence.reply.as_ref().filter(|_| evidence.is_success()).map(|reply| reply.has_content()));
    witnesses
}

fn ledger(evidence: &Evidence<'_>) -> Ledger {
    let end = match evidence.how {
        None => "none",
        Some(How::Fin) => "fin",
        Some(How::Reset) => "reset",
        Some(How::TlsClose) => "tls-close",
        Some(How::TlsCut) => "tls-cut",
        Some(How::Idle) => "idle",
        Some(How::Kept) => "kept",
        Some(How::Deadline | How::FirstByteTimeout | How::NoConnectionInTime) => "timeout",
        Some(How::Cancelled) => "cancelled",
        Some(_) => "none",
    };
    let not_kept = evidence.transcript.received.dropped();
    let Some(response) = evidence.response() else {
        return Ledger { coding: "identity", ..told_ledger(evidence, end, not_kept) };
    };
    let (body, content) = (&response.body, &response.content);
    Ledger {
        framing: body.promise.framing,
        declared: body.promise.declared(),
        wire: body.payload,
        missing: evidence.length.as_ref().map(|length| length.missing()),
        surplus: evidence.surplus().map(|(surplus, _)| surplus).or_else(|| evidence.length.as_ref().map(|_| 0)),
        chunks: (body.promise.framing == Framing::Chunked).then_some(body.chunks),
        coding: content.coding.name(),
        decoded: content.decoded,
        characters: content.characters,
        json_complete: match &content.form {
            Form::Json(document) => Some(matches!(document.closure(), Closure::Closed { .. })),
            _ => None,
        },
        sse: content.stream().map(|stream| Sse {
            events: stream.events,
            comments: stream.comments(),
            done: stream.done > 0,
            finish_reason: stream.finish_reason.clone(),
        }),
        end,
        not_kept,
    }
}

/// The numbers that a text gives where there are no bytes to count.
fn told_ledger(evidence: &Evidence<'_>, end: &'static str, not_kept: u64) -> Ledger {
    let statement = evidence.transcript.testimony.as_ref().and_then(|testimony| testimony.statements.first());
    let number = |slot| statement.and_then(|statement| statement.number(slot));
    let (declared, received) = (number("declared"), number("received"));
    Ledger {
        declared,
        wire: received.unwrap_or(0),
        missing: number("missing").or(declared.zip(received).and_then(|(declared, received)| declared.checked_sub(received))),
        end,
        not_kept,
        ..Ledger::default()
    }
}

fn request(evidence: &Evidence<'_>) -> Request {
    let asked = evidence.asked();
    let head = evidence.transcript.request();
    Request {
        method: asked.method.clone(),
        url: asked.url.clone(),
        headers: head.map(pairs).unwrap_or_default(),
        body_bytes: head.map_or(0, |head| evidence.transcript.sent.length() - head.span.end),
        stream: asked.stream,
        max_tokens: asked.max_tokens,
        model: asked.model.clone(),
    }
}

fn pairs(head: &crate::wire::head::Head) -> Vec<(String, String)> {
    head.fields.iter().map(|field| (field.name.clone(), field.value.clone())).collect()
}

fn response(evidence: &Evidence<'_>) -> Option<Response> {
    let head = evidence.head().filter(|head| !head.first_line.is_empty())?;
    Some(Response {
        version: head.version().to_string(),
        status: head.status(),
        reason: head.reason().to_string(),
        head_bytes: head.span.end - head.span.start,
        headers: pairs(head),
        interim: evidence.transcript.interim.iter().filter_map(|head| head.status()).collect(),
    })
}

fn route(evidence: &Evidence<'_>) -> Route {
    const NAMES: [&str; 18] = [
        "server",
        "via",
        "x-cache",
        "x-served-by",
        "x-powered-by",
        "cf-ray",
        "x-amz-cf-id",
        "x-azure-ref",
        "x-envoy-upstream-service-time",
        "x-oneapi-request-id",
        "x-litellm-call-id",
        "x-portkey-trace-id",
        "x-request-id",
        "request-id",
        "apim-request-id",
        "openai-processing-ms",
        "age",
        "x-squid-error",
    ];
    let address = evidence.transcript.opened.iter().rev().find_map(|opened| match opened {
        Opened::Connected { address } | Opened::Reused { address } => Some(address.clone()),
        _ => None,
    });
    let marks = evidence.head().map_or_else(Vec::new, |head| {
        let is_mark = |name: &str| NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
        head.fields.iter().filter(|field| is_mark(&field.name)).map(|field| (field.name.clone(), field.value.clone())).collect()
    });
    Route {
        endpoint: evidence.asked().endpoint.clone(),
        address,
        proxy: evidence.asked().proxy.clone(),
        products: products::passed(evidence.head(), evidence.transcript.tls.as_ref().and_then(|tls| tls.issuer.as_deref()))
            .into_iter()
            .map(|product| product.name)
            .collect(),
        tls: evidence.transcript.tls.clone(),
        marks,
    }
}

fn timing(evidence: &Evidence<'_>, diagnosis: &Diagnosis, lang: Lang) -> Timing {
    let arrivals = &evidence.transcript.arrivals;
    Timing {
        times: evidence.transcript.times.clone(),
        longest_silence: arrivals.longest_silence.map(|(_, length)| length as f64 / 1000.0),
        arrivals_step: arrivals.width_ms(),
        arrivals: arrivals.histogram(),
        looks_like: timers::likeness(evidence, diagnosis).map(|likeness| TimerReport {
            seconds: likeness.seconds,
            measured_ms: likeness.measured_ms,
            since: likeness.since,
            owners: likeness.owners.get(lang).to_string(),
        }),
    }
}

fn rate_limits(evidence: &Evidence<'_>) -> Vec<Limit> {
    let (Some(head), Some(date)) = (evidence.head(), clock_of(evidence)) else {
        return Vec::new();
    };
    limits(head.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())), date)
}

impl Answer {
    /// What arrived of the answer, and whether that is all.
    pub fn of(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> Answer {
        let reply = evidence.reply.as_ref().filter(|_| evidence.error.is_none() || evidence.stream().is_some());
        let told = reply.map_or("", |reply| &reply.text);
        let cut_off = match evidence.content().map(|content| &content.form) {
            Some(Form::Json(document)) => document.is_cut_off,
            Some(Form::Stream(stream)) => stream.text_is_cut_off(),
            _ => false,
        };
        // Behind a gap in a stream's text the rest would seem to follow it.
        let has_gap = cut_off && evidence.stream().is_some();
        let salvaged = evidence.salvaged.as_deref().filter(|_| !has_gap).unwrap_or_default();
        let text = Some([told, salvaged].concat()).filter(|text| !text.is_empty());
        let is_whole = evidence.content_is_whole() && evidence.error.is_none() && evidence.finish_reason().is_some();
        Answer {
            partial: text.is_some() && !is_whole && !diagnosis.is_healthy(),
            cut_off,
            finish_reason: evidence.finish_reason().map(str::to_string),
            usage: evidence.usage().cloned(),
            seams: Vec::new(),
            text,
        }
    }

    /// All the text that an exchange brought, with what a cut left of it; nothing of one that is longer than what is kept.
    pub fn arrived(evidence: &Evidence<'_>, diagnosis: &Diagnosis) -> String {
        let answer = Answer::of(evidence, diagnosis);
        answer.text.filter(|_| !answer.cut_off && evidence.is_success()).unwrap_or_default()
    }
}
