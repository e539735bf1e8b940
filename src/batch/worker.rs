//! One worker: takes an item, asks, judges, and writes down what came of it or puts it back for another attempt.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use super::board::{Board, Ended, Job};
use super::input::Item;
use super::line::{self, Way};
use super::output::Output;
use super::pool::Endpoint;
use crate::api::error::ApiError;
use crate::api::limits::{Limit, Rate, limits, rate_in_words};
use crate::cli::Remedy;
use crate::diagnosis::{Class, Diagnosis, Severity, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, Event, How, Kind};
use crate::exchange::{Caller, Listen, Next, Place};
use crate::plan::{Plan, Variation};
use crate::resilience::circuit::Blame;
use crate::resilience::cost::Cost;
use crate::resilience::pace::{Counted, Outcome, Ticket};
use crate::resilience::recovery::{Allowed, Decision, Moment, Recovery};
use crate::resilience::remedy::Case;
use crate::resilience::wait;
use crate::secret::Mask;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// What all workers of a run share.
pub struct Shared<'a> {
    pub board: &'a Board,
    pub output: &'a Output,
    pub endpoints: &'a [Endpoint],
    pub allowed: Arc<Allowed>,
    /// One for each endpoint.
    pub places: Vec<Arc<Place>>,
    /// Over all that is written down.
    pub mask: &'a Mask,
    /// Ends exchanges that are under way.
    pub abort: &'static AtomicBool,
    /// Why no other is to begin, by the time and what was spent.
    pub stop: &'a (dyn Fn(Duration) -> Option<Ended> + Sync),
    pub strict: bool,
}

/// A limit may send an item away this often.
const MOST_REFUSALS: u32 = 100;
/// An item may be asked in so many other ways.
const MOST_VARIATIONS: u32 = 8;

/// Works until there is nothing left to do.
pub fn work(shared: &Shared<'_>) {
    let mut callers: Vec<Caller> = shared.places.iter().map(|place| Caller::new(place.clone())).collect();
    while let Some((mut job, index, ticket)) = shared.board.take(shared.stop) {
        let began = Instant::now();
        let mut heard = ask(&mut callers[index], shared, &job, (index, ticket));
        let may_be_anothers = heard.as_ref().is_ok_and(|ear| ear.reader.may_be_anothers());
        if may_be_anothers {
            callers[index].beware();
        }
        // The server closed the connection between two requests: no answer of this one was lost.
        if may_be_anothers || heard.as_ref().is_ok_and(|ear| ear.reader.was_left_while_idle()) {
            heard = ask(&mut callers[index], shared, &job, (index, ticket));
        }
        let (transcript, held) = match heard {
            Ok(ear) => (ear.reader.finish(), ear.held),
            Err(error) => {
                shared.board.fail(format!("{error:#}"));
                shared.board.put(None, |pool, _| pool.give_back(index, ticket));
                return;
            }
        };
        job.attempts += 1;
        judge(shared, job, (index, ticket), &transcript, began.elapsed().saturating_sub(held));
    }
}

/// Hears an exchange and keeps nothing but what it says; the pace hears when a request goes out and when its answer begins.
struct Ear<'a> {
    reader: Reader,
    board: &'a Board,
    index: usize,
    ticket: Ticket,
    abort: &'static AtomicBool,
    phase: Phase,
    /// How long its pace held it back when it had leave.
    held: Duration,
}

/// How far a request is, as its pace needs to know.
enum Phase {
    /// What is said before is said to a proxy.
    Opening,
    Ready {
        since: Duration,
    },
    Sent {
        departed: Duration,
    },
    Answered,
}

impl Listen for Ear<'_> {
    fn ready(&mut self) {
        if self.ticket.is_timed {
            let waited = self.board.depart(self.index, self.ticket, self.abort);
            self.held += waited.end.saturating_sub(waited.start);
            self.phase = Phase::Ready { since: waited.end };
        }
    }

    fn hear(&mut self, event: &Event<'_>) -> Next {
        match (&event.kind, &self.phase) {
            (Kind::Sent(_), &Phase::Ready { since }) => {
                self.board.sent(self.index, self.ticket);
                self.phase = Phase::Sent { departed: since };
            }
            (Kind::Received(_), &Phase::Sent { departed }) => {
                self.board.heard(self.index, self.ticket, departed);
                self.phase = Phase::Answered;
            }
            _ => {}
        }
        self.reader.hear(event)
    }
}

/// The item as it is put to this endpoint.
fn put(item: &Item, endpoint: &Endpoint) -> Plan {
    let plan = Plan { body: item.body.clone(), model: item.model.clone(), max_tokens: item.max_tokens, ..endpoint.plan.clone() };
    match &endpoint.model {
        Some(model) => plan.to_model(model),
        None => plan,
    }
}

fn ask<'a>(caller: &mut Caller, shared: &Shared<'a>, job: &Job, (index, ticket): (usize, Ticket)) -> anyhow::Result<Ear<'a>> {
    let endpoint = &shared.endpoints[index];
    let Shared { board, abort, .. } = *shared;
    let ear = |asked| Ear { reader: Reader::new(asked), board, index, ticket, abort, phase: Phase::Opening, held: Duration::ZERO };
    let variation = job.recovery.as_ref().map(Recovery::variation).filter(|variation| **variation != Variation::default());
    // Nearly every item is asked as it is.
    if endpoint.model.is_none() && variation.is_none() {
        return caller.perform(&endpoint.plan, &job.item.body, ear(asked(&endpoint.plan, job, endpoint)), shared.abort);
    }
    let mut plan = put(&job.item, endpoint);
    if let Some(variation) = variation {
        plan = plan.vary(variation);
    }
    let asked = asked(&plan, job, endpoint);
    caller.perform(&plan, &plan.body, ear(asked), shared.abort)
}

fn asked(plan: &Plan, job: &Job, endpoint: &Endpoint) -> Asked {
    Asked {
        // A wait that a response asks for may count from here.
        started: format!("{:.3}", jiff::Timestamp::now()),
        attempt: job.attempts + 1,
        endpoint: plan.endpoint.clone(),
        method: "POST".into(),
        url: endpoint.url.clone(),
        model: endpoint.model.as_ref().or(job.item.model.as_ref()).cloned(),
        stream: plan.stream,
        max_tokens: plan.max_tokens.or(job.item.max_tokens),
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
    let is_answered = is_answered(&evidence, code);
    let is_good = is_answered && (!shared.strict || diagnosis.findings.is_empty());
    let asked_wait = if is_answered { None } else { wait::asked_for(&evidence).map(|wait| wait.duration) };
    let is_too_long = asked_wait.is_some_and(|wait| wait > wait::LONGEST);
    let words = evidence.error.as_ref().filter(|_| !is_answered).map(ApiError::words_of_wait);
    let rate = words.and_then(|words| rate_in_words(&words));
    let outcome = if is_limiter_of_nginx(shared, index, &evidence, code) {
        Outcome::Refused { wait: asked_wait, counted: Counted::Requests, per_second: None, limits: &told }
    } else {
        outcome(&diagnosis, is_answered, cost.tokens, asked_wait, rate, &told)
    };
    let blame = match outcome {
        _ if is_answered => Blame::None,
        Outcome::Refused { .. } if is_too_long => Blame::Lasting,
        _ => Blame::of(&diagnosis),
    };
    let entry = diagnosis.verdict.entry;
    let report = |pool: &mut super::pool::Pool, now: Duration| pool.answered(index, ticket, &outcome, (blame, entry), took, now);

    let again = if is_good || evidence.how == Some(How::Cancelled) {
        None
    } else {
        again(shared, &mut job, index, &evidence, &diagnosis, &outcome)
    };
    if let Some(wait) = again {
        if let Ok(mut tally) = shared.output.tally.lock() {
            tally.attempted(cost.tokens);
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

/// The whole answer is there, whatever is wrong with its frame.
fn is_answered(evidence: &Evidence<'_>, code: &str) -> bool {
    // What arrived whole was not whole, was altered, or is an answer of another API.
    const HARM: [&str; 5] = ["choice-without-finish", "tool-arguments-cut", "digest-mismatch", "body-altered", "other-api-shape"];
    let has_content = evidence.reply.as_ref().is_some_and(|reply| reply.has_content());
    evidence.answer_is_whole() && evidence.is_success() && has_content && !HARM.contains(&code)
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
    if matches!(outcome, Outcome::Refused { wait, .. } if wait.is_none_or(|wait| wait <= wait::LONGEST))
        && diagnosis.verdict.retryable
        && job.refusals < MOST_REFUSALS
    {
        job.refusals += 1;
        job.attempts -= 1;
        return Some(Duration::ZERO);
    }
    // An item that is handed from one endpoint to the next begins anew at each.
    if job.attempts > (shared.allowed.retries + 1).saturating_mul(shared.endpoints.len() as u32) + MOST_VARIATIONS {
        return None;
    }
    if job.recovery.is_none() {
        let routes = shared.endpoints.iter().map(|endpoint| put(&job.item, endpoint));
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
            // The same again can be asked of any of them.
            let is_same = matches!(step.remedy, Remedy::Wait | Remedy::Retry) && step.variation == Variation::default();
            job.bound = (!is_same || shared.endpoints[step.route].is_reserve).then_some(step.route);
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
    let entry = diagnosis.verdict.entry;
    let endpoint = &shared.endpoints[index].plan.endpoint;
    let way = Way { code: entry.code, endpoint, attempts: job.attempts, total_ms: evidence.transcript.times.total };
    let id = job.item.id();
    let answer = if is_good { line::answer(&job.item, &id, evidence, way) } else { None };
    let has_remarks = !diagnosis.findings.is_empty();
    match answer {
        Some(mut line) => {
            line::cover(shared.mask, &mut line);
            shared.output.answer(
                line,
                Box::new(move |tally| {
                    tally.answered += 1;
                    tally.attempted(tokens);
                    tally.with_remarks += u64::from(has_remarks);
                }),
            )
        }
        None => {
            let is_unjoined = is_good && entry.severity == Severity::Ok;
            let (code, class) = if is_unjoined { (line::UNJOINED, Class::StreamError) } else { (entry.code, entry.class) };
            let mut line = line::failure(&job.item, &id, evidence, diagnosis, shared.mask, Way { code, ..way });
            line::cover(shared.mask, &mut line);
            shared.output.failure(
                line,
                Box::new(move |tally| {
                    tally.failed += 1;
                    tally.attempted(tokens);
                    tally.failures.entry(code).or_insert((class, 0)).1 += 1;
                }),
            )
        }
    }
}
