//! One worker: takes an item, asks, judges, and writes down what came of it or puts it back for another attempt.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::board::{Board, Job};
use super::line::{self, Way};
use super::output::Output;
use super::pool::Endpoint;
use crate::api::error::ApiError;
use crate::api::limits::{Limit, Rate, limits, rate_in_words};
use crate::diagnosis::{Class, Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, Event, How};
use crate::exchange::{Caller, Listen, Masks, Next};
use crate::plan::{Plan, Variation};
use crate::resilience::circuit::Blame;
use crate::resilience::cost::Cost;
use crate::resilience::pace::{Counted, Outcome, Ticket};
use crate::resilience::recovery::{Allowed, Decision, Moment, Recovery};
use crate::resilience::remedy::Case;
use crate::resilience::wait;
use crate::secret::Mask;
use crate::wire::content::Content;
use crate::wire::framing::Framing;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// What all workers of a run share.
pub struct Shared<'a> {
    pub board: &'a Board,
    pub output: &'a Output,
    pub endpoints: &'a [Endpoint],
    pub allowed: Arc<Allowed>,
    pub masks: Vec<Arc<Masks>>,
    /// Over all that is written down.
    pub mask: &'a Mask,
    /// Ends exchanges that are under way.
    pub abort: &'static AtomicBool,
    /// Begins no other.
    pub is_stopped: &'a (dyn Fn() -> bool + Sync),
    pub strict: bool,
}

/// A limit may send an item away this often.
const MOST_REFUSALS: u32 = 100;

/// Works until there is nothing left to do.
pub fn work(shared: &Shared<'_>) {
    let mut callers: Vec<Caller> = shared.masks.iter().map(|masks| Caller::new(masks.clone())).collect();
    while let Some((mut job, index, ticket)) = shared.board.take(shared.is_stopped) {
        let mut plan = plan_for(&job, &shared.endpoints[index]);
        let asked = asked(&plan, job.attempts + 1);
        let began = Instant::now();
        let mut heard = callers[index].perform(&plan, Ear(Reader::new(asked.clone())), shared.abort);
        // The server closed the connection between two requests: no answer of this one was lost.
        if heard.as_ref().is_ok_and(|ear| ear.0.was_left_while_idle()) {
            heard = callers[index].perform(&plan, Ear(Reader::new(asked)), shared.abort);
        }
        let transcript = match heard {
            Ok(ear) => ear.0.finish(),
            Err(error) => {
                shared.board.fail(format!("{error:#}"));
                shared.board.put(None, |pool, _| pool.give_back(index, ticket));
                return;
            }
        };
        plan.body.clear();
        job.attempts += 1;
        judge(shared, job, (index, ticket), &transcript, began.elapsed());
    }
}

/// Hears an exchange and keeps nothing but what it says.
struct Ear(Reader);

impl Listen for Ear {
    fn hear(&mut self, event: &Event<'_>) -> Next {
        self.0.hear(event)
    }
}

fn plan_for(job: &Job, endpoint: &Endpoint) -> Plan {
    let mut plan = endpoint.plan.clone();
    plan.body.clone_from(&job.item.body);
    if let Some(model) = &endpoint.model {
        plan = plan.to_model(model);
    }
    match &job.recovery {
        Some(recovery) if *recovery.variation() != Variation::default() => plan.vary(recovery.variation()),
        _ => plan,
    }
}

fn asked(plan: &Plan, attempt: u32) -> Asked {
    Asked {
        attempt,
        endpoint: plan.endpoint.clone(),
        method: "POST".into(),
        url: plan.target.url(),
        model: plan.model.clone(),
        stream: plan.stream,
        max_tokens: plan.max_tokens,
        key: plan.key,
        timeouts: plan.timeouts,
        ..Asked::default()
    }
}

/// Says what came of an attempt, and what follows.
fn judge(shared: &Shared<'_>, mut job: Job, (index, ticket): (usize, Ticket), transcript: &Transcript, took: Duration) {
    let evidence = Evidence::gather(transcript);
    let diagnosis = diagnose(&evidence);
    let told = told_limits(&evidence);
    let cost = Cost::of(&evidence, &diagnosis);
    let code = diagnosis.verdict.entry.code;
    let is_answered =
        evidence.answer_is_whole() && evidence.is_success() && evidence.reply.as_ref().is_some_and(|reply| reply.has_content());
    let is_good = is_answered && !(shared.strict && !diagnosis.findings.is_empty());
    let asked_wait = wait::asked_for(&evidence).map(|wait| wait.duration);
    let rate = evidence.error.as_ref().map(ApiError::words_of_wait).and_then(|words| rate_in_words(&words));
    let outcome = if is_limiter_of_nginx(shared, index, &evidence, code) {
        Outcome::Refused { wait: asked_wait, counted: Counted::Requests, per_second: None, limits: &told }
    } else {
        outcome(&diagnosis, is_answered, cost.tokens, asked_wait, rate, &told)
    };
    let blame = (if is_answered { Blame::None } else { Blame::of(&diagnosis) }, code);
    let report = |pool: &mut super::pool::Pool, now: Duration| pool.answered(index, ticket, &outcome, blame, took, now);

    let again = if is_good || evidence.how == Some(How::Cancelled) {
        None
    } else {
        again(shared, &mut job, index, &evidence, &diagnosis, &outcome)
    };
    if let Some(wait) = again {
        if let Ok(mut tally) = shared.output.tally.lock() {
            tally.attempts += 1;
            tally.tokens += cost.tokens;
            if matches!(outcome, Outcome::Refused { .. }) {
                tally.refusals += 1;
            }
            *tally.recovered.entry(code).or_default() += 1;
        }
        return shared.board.put(Some((job, wait)), report);
    }
    // Stopped by the user: it is asked again in the next run.
    if evidence.how != Some(How::Cancelled)
        && let Err(error) = write(shared, &job, index, &evidence, &diagnosis, is_good, cost.tokens)
    {
        shared.board.fail(format!("{error:#}"));
    }
    shared.board.put(None, report);
}

/// The limits that the answer's fields tell. Only those that give a date of their own are read against it; others against no clock.
fn told_limits(evidence: &Evidence<'_>) -> Vec<Limit> {
    let is_of_limits = |name: &str| name.as_bytes().windows(5).any(|part| part.eq_ignore_ascii_case(b"limit"));
    let Some(head) = evidence.head().filter(|head| head.fields.iter().any(|field| is_of_limits(&field.name))) else {
        return Vec::new();
    };
    let date = wait::clock_of(evidence).unwrap_or_else(std::time::SystemTime::now);
    limits(head.fields.iter().map(|field| (field.name.as_str(), field.value.as_str())), date)
}

/// nginx limits with 503 unless it is told otherwise, in the words of a gateway that has no upstream; but it says them of no upstream, and
/// who was answered just now has one.
fn is_limiter_of_nginx(shared: &Shared<'_>, index: usize, evidence: &Evidence<'_>, code: &str) -> bool {
    const JUST_NOW: Duration = Duration::from_secs(60);
    let is_page_of_nginx = || {
        evidence.page().is_some_and(|page| page.contains("<title>503 service temporarily unavailable</title>") && !page.contains("awselb"))
    };
    let now = shared.board.now();
    code == "gateway-unavailable" && is_page_of_nginx() && shared.board.with_pool(|pool| pool.has_answered_within(index, JUST_NOW, now))
}

fn outcome<'a>(
    diagnosis: &Diagnosis,
    is_answered: bool,
    tokens: u64,
    wait: Option<Duration>,
    rate: Option<Rate>,
    limits: &'a [Limit],
) -> Outcome<'a> {
    let entry = diagnosis.verdict.entry;
    match (entry.class, entry.code) {
        _ if is_answered => Outcome::Accepted { tokens, limits },
        (_, "concurrency-limited") => Outcome::Crowded { is_limit: true },
        (_, "provider-overloaded" | "relay-saturated") => Outcome::Crowded { is_limit: false },
        (Class::RateLimit, code) => {
            let is_of_tokens = rate.map_or(code == "tokens-per-minute", |rate| rate.is_of_tokens);
            let counted = if is_of_tokens { Counted::Tokens } else { Counted::Requests };
            Outcome::Refused { wait, counted, per_second: rate.map(|rate| rate.amount as f64 / rate.seconds), limits }
        }
        _ => Outcome::Other,
    }
}

/// How long to wait before the item is asked again; none where nothing helps.
fn again(
    shared: &Shared<'_>,
    job: &mut Job,
    index: usize,
    evidence: &Evidence<'_>,
    diagnosis: &Diagnosis,
    outcome: &Outcome<'_>,
) -> Option<Duration> {
    // Over a limit nothing was lost but the way there and back: the pace says when the next one may go.
    if matches!(outcome, Outcome::Refused { .. }) && diagnosis.verdict.retryable && job.refusals < MOST_REFUSALS {
        job.refusals += 1;
        job.attempts -= 1;
        return Some(Duration::ZERO);
    }
    if job.recovery.is_none() {
        let routes = shared.endpoints.iter().map(|endpoint| {
            let mut plan = endpoint.plan.clone();
            plan.body.clone_from(&job.item.body);
            endpoint.model.as_ref().map_or(plan.clone(), |model| plan.to_model(model))
        });
        job.recovery = Some(Recovery::new(shared.allowed.clone(), routes.collect(), index, false));
    }
    let recovery = job.recovery.as_mut()?;
    recovery.stand_at(index);
    let moment = Moment {
        elapsed: shared.board.now(),
        jitter: fastrand::f64(),
        has_printed: false,
        spent_tokens: shared.output.tally.lock().map_or(0, |tally| tally.tokens),
    };
    let decision = shared.board.with_pool(|pool| recovery.next(&Case { evidence, diagnosis }, pool.circuits(), moment));
    match decision {
        Decision::Again(step) => {
            job.bound = Some(step.route);
            Some(step.wait)
        }
        Decision::Split(_) | Decision::Stop(_) => None,
    }
}

fn write(
    shared: &Shared<'_>,
    job: &Job,
    index: usize,
    evidence: &Evidence<'_>,
    diagnosis: &Diagnosis,
    is_good: bool,
    tokens: u64,
) -> anyhow::Result<()> {
    let (code, class) = (diagnosis.verdict.entry.code, diagnosis.verdict.entry.class);
    let way =
        Way { code, endpoint: &shared.endpoints[index].plan.endpoint, attempts: job.attempts, total_ms: evidence.transcript.times.total };
    let id = job.item.id();
    let answer = if is_good { line::answer(&job.item, &id, evidence, way) } else { None };
    let has_remarks = !diagnosis.findings.is_empty();
    match answer {
        Some(mut line) => {
            cover(shared.mask, &mut line, evidence);
            shared.output.answer(
                line,
                Box::new(move |tally| {
                    tally.answered += 1;
                    tally.attempts += 1;
                    tally.tokens += tokens;
                    tally.with_remarks += u64::from(has_remarks);
                }),
            )
        }
        None => {
            let mut line = line::failure(&job.item, &id, evidence, diagnosis, way);
            shared.mask.cover(&mut line);
            shared.output.failure(
                line,
                Box::new(move |tally| {
                    tally.failed += 1;
                    tally.attempts += 1;
                    tally.tokens += tokens;
                    tally.failures.entry(code).or_insert((class, 0)).1 += 1;
                }),
            )
        }
    }
}

/// What came uncompressed and unchunked was masked on the wire already.
fn cover(mask: &Mask, line: &mut [u8], evidence: &Evidence<'_>) {
    let is_coded = |content: &Content| content.label.is_some() || content.mislabel.is_some();
    if evidence.framing() != Framing::ContentLength || evidence.content().is_none_or(is_coded) {
        mask.cover(line);
    }
}
