//! A question asked until it is answered, or until nothing that is allowed can help: the loop from attempt to diagnosis to remedy.

use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Failure;
use super::cached::Answers;
use super::console::{Console, Reader as Audience};
use super::handout::Handout;
use super::interrupt::{is_stopped, pause};
use super::live::{self, Attempted, Wishes};
use super::steps;
use crate::cli::Remedy;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Asked;
use crate::plan::{Plan, Variation};
use crate::report::model::{Attempt, CachedReport, Report};
use crate::resilience::circuit::{Blame, Circuits, Permit};
use crate::resilience::recovery::{Allowed, Decision, Moment, Reason, Recovery};
use crate::resilience::remedy::Case;
use crate::secret::Mask;

/// Everything that the attempts of one run share.
pub struct Asking<'a> {
    pub console: &'a Console,
    pub allowed: Arc<Allowed>,
    pub record: Option<&'a File>,
    pub answers: Option<Answers<'a>>,
    pub mask: &'a Mask,
    /// The command that asked, as it could be typed again.
    pub command: &'a str,
    pub began: Instant,
    pub circuits: Circuits,
    /// All attempts so far, those of other parts and continuations too.
    pub attempts: Vec<Attempt>,
}

/// How one question is put.
pub struct Question<'a> {
    /// As it is put to each endpoint and model.
    pub routes: &'a [Plan],
    /// Which of them is asked first.
    pub first: usize,
    /// What the first attempt does about what came before it.
    pub remedy: Option<Remedy>,
    /// Text is printed as it comes, where it comes as a stream.
    pub prints: bool,
    /// The text that the answer is to go on from.
    pub before: Option<&'a str>,
    /// It may be asked part by part.
    pub is_splittable: bool,
}

/// How it ended.
pub struct Outcome {
    pub attempted: Attempted,
    pub diagnosis: Diagnosis,
    /// Which route the last request took, and how it was varied.
    pub route: usize,
    pub variation: Variation,
    /// It is to be asked for in parts of at most this many characters.
    pub split: Option<usize>,
    pub reason: Reason,
    /// It was known from an earlier run, and nothing was sent.
    pub cached: Option<CachedReport>,
}

impl<'a> Asking<'a> {
    /// Asks until there is an answer or no way on.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(&mut self, question: &Question<'_>, handout: &mut Handout<'_>) -> Result<Outcome, Failure> {
        if let Some(known) = self.known(&question.routes[question.first]) {
            return Ok(Outcome { route: question.first, ..known });
        }
        let first = self.permitted_route(question);
        let mut recovery = Recovery::new(self.allowed.clone(), question.routes.to_vec(), first, question.is_splittable);
        let mut waited = Duration::ZERO;
        let mut remedy = question.remedy;
        let mut number = 0;
        loop {
            number += 1;
            let plan = recovery.plan();
            let asked = self.asked(&plan, waited, remedy);
            let wishes = Wishes {
                record: self.record,
                keep: self.answers.is_some(),
                print: question.prints && plan.stream,
                before: question.before,
            };
            let attempted = live::attempt(&plan, asked, wishes, self.console)?;
            let evidence = Evidence::gather(&attempted.transcript);
            let diagnosis = diagnose(&evidence);
            self.attempts.push(Attempt::of(&evidence, &diagnosis));
            self.circuits.report(&plan.endpoint, Blame::of(&diagnosis), self.began.elapsed());
            let moment = Moment {
                elapsed: self.began.elapsed(),
                jitter: fastrand::f64(),
                has_printed: attempted.has_printed,
                spent_tokens: self.attempts.iter().map(|attempt| attempt.tokens).sum(),
            };
            let is_over = attempted.failure.is_some() || attempted.audience == Audience::Gone;
            let decision = if is_over { Decision::Stop(Reason::Over) } else { self.decide(&mut recovery, &evidence, &diagnosis, moment) };
            let step = match decision {
                Decision::Again(step) => step,
                Decision::Split(size) => {
                    return Ok(outcome(attempted, diagnosis, &recovery, Some(size), Reason::Over));
                }
                Decision::Stop(reason) => {
                    if let Some(note) = steps::stop(&reason, number, self.allowed.only_retries(), self.console) {
                        self.console.note(&note);
                    }
                    if let Some(answers) = &self.answers {
                        answers.keep(&plan, &attempted);
                    }
                    return Ok(outcome(attempted, diagnosis, &recovery, None, reason));
                }
            };
            let of = self.allowed.only_retries().then_some(self.allowed.retries + 1);
            self.console.note(&steps::again(&diagnosis, number, of, &step, &recovery.plan(), self.console));
            if !handout.is_idle() {
                let report = Report::new(&evidence, &diagnosis, self.attempts.clone(), self.console.lang);
                handout.keep(report, attempted.transcript);
            }
            pause(step.wait);
            waited = step.wait;
            remedy = Some(step.remedy);
        }
    }

    /// An answer out of the cache, as of an exchange that has just been. Its recording is what there is to record.
    fn known(&mut self, plan: &Plan) -> Option<Outcome> {
        let earlier = self.answers.as_ref()?.find(plan)?;
        let recorded = self.record.map_or(Ok(()), |mut file| file.write_all(&earlier.recording));
        let attempted = Attempted {
            transcript: earlier.transcript,
            has_printed: false,
            ended_line: true,
            audience: Audience::Present,
            failure: recorded.err().map(live::recording_failure),
            recording: None,
        };
        let evidence = Evidence::gather(&attempted.transcript);
        let diagnosis = diagnose(&evidence);
        self.attempts.push(Attempt::of(&evidence, &diagnosis));
        let (variation, reason) = (Variation::default(), Reason::Over);
        Some(Outcome { attempted, diagnosis, route: 0, variation, split: None, reason, cached: Some(earlier.cached) })
    }

    fn decide(&self, recovery: &mut Recovery, evidence: &Evidence<'_>, diagnosis: &Diagnosis, moment: Moment) -> Decision {
        if is_stopped() {
            return Decision::Stop(Reason::Over);
        }
        recovery.next(&Case { evidence, diagnosis }, &self.circuits, moment)
    }

    /// The route that is asked for, or the next one where that endpoint is known to fail and has not rested yet.
    fn permitted_route(&mut self, question: &Question<'_>) -> usize {
        let now = self.began.elapsed();
        let mut may_ask = |index: &usize| {
            let permit = self.circuits.permit(&question.routes[*index].endpoint, now);
            matches!(permit, Permit::Yes | Permit::Trial)
        };
        (question.first..question.routes.len()).find(|index| may_ask(index)).unwrap_or(question.first)
    }

    fn asked(&self, plan: &Plan, waited: Duration, remedy: Option<Remedy>) -> Asked {
        let now = jiff::Timestamp::now();
        Asked {
            started: format!("{now:.3}"),
            attempt: self.attempts.len() as u32 + 1,
            remedy,
            waited_ms: waited.as_millis() as u64,
            endpoint: plan.endpoint.clone(),
            method: "POST".into(),
            url: self.mask.cover_text(&plan.target.url()).into_owned(),
            model: plan.model.clone(),
            stream: plan.stream,
            max_tokens: plan.max_tokens,
            key: plan.key,
            command: Some(self.command.to_string()),
            proxy: plan.proxy.as_ref().map(|proxy| proxy.url()),
            insecure: plan.trust.insecure,
            timeouts: plan.timeouts,
            ..Asked::default()
        }
    }
}

fn outcome(attempted: Attempted, diagnosis: Diagnosis, recovery: &Recovery, split: Option<usize>, reason: Reason) -> Outcome {
    Outcome { attempted, diagnosis, route: recovery.route(), variation: recovery.variation().clone(), split, reason, cached: None }
}
