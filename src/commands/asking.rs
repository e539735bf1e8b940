//! A question asked until it is answered, or until nothing that is allowed can help: the loop from attempt to diagnosis to remedy.

use std::fs::File;
use std::time::{Duration, Instant};

use super::Failure;
use super::console::{Console, Reader as Audience};
use super::handout::Handout;
use super::interrupt::{is_stopped, pause};
use super::live::{self, Attempted};
use super::steps;
use crate::cli::Remedy;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Asked;
use crate::plan::Plan;
use crate::report::model::{Attempt, Report};
use crate::resilience::circuit::{Blame, Circuits, Permit};
use crate::resilience::recovery::{Allowed, Decision, Moment, Reason, Recovery};
use crate::resilience::remedy::Case;
use crate::secret::Mask;

/// Everything that the attempts of one run share.
pub struct Asking<'a> {
    pub console: &'a Console,
    pub allowed: &'a Allowed,
    pub record: Option<&'a File>,
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
    /// It may be asked part by part.
    pub is_splittable: bool,
}

/// How it ended.
pub struct Outcome {
    pub attempted: Attempted,
    pub diagnosis: Diagnosis,
    /// The last request, and which route it took.
    pub plan: Plan,
    pub route: usize,
    /// It is to be asked for in parts of at most this many characters.
    pub split: Option<usize>,
    pub reason: Reason,
}

impl<'a> Asking<'a> {
    /// Asks until there is an answer or no way on.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(&mut self, question: &Question<'_>, handout: &mut Handout<'_>) -> Result<Outcome, Failure> {
        let first = self.permitted_route(question);
        let mut recovery = Recovery::new(self.allowed, question.routes, first, question.is_splittable);
        let mut waited = Duration::ZERO;
        let mut remedy = question.remedy;
        let mut number = 0;
        loop {
            number += 1;
            let plan = recovery.plan();
            let asked = self.asked(&plan, waited, remedy);
            let mut attempted = live::attempt(&plan, asked, self.record, question.prints && plan.stream, self.console)?;
            if attempted.has_printed && !attempted.ended_line && attempted.audience == Audience::Present {
                attempted.audience = self.console.print("\n")?;
            }
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
                    return Ok(outcome(attempted, diagnosis, plan, recovery.route(), Some(size), Reason::Over));
                }
                Decision::Stop(reason) => {
                    if let Some(note) = steps::stop(&reason, number, self.allowed.only_retries(), self.console) {
                        self.console.note(&note);
                    }
                    return Ok(outcome(attempted, diagnosis, plan, recovery.route(), None, reason));
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

    fn decide(&self, recovery: &mut Recovery<'_>, evidence: &Evidence<'_>, diagnosis: &Diagnosis, moment: Moment) -> Decision {
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

fn outcome(attempted: Attempted, diagnosis: Diagnosis, plan: Plan, route: usize, split: Option<usize>, reason: Reason) -> Outcome {
    Outcome { attempted, diagnosis, plan, route, split, reason }
}
