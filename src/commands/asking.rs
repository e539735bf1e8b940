//! A question asked until it is answered, or until nothing that is allowed can help: the loop from attempt to diagnosis to remedy.

use std::collections::BTreeMap;
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
use super::{check, recording, steps};
use crate::cli::Remedy;
use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::Asked;
use crate::plan::{Plan, Variation};
use crate::report::model::{Attempt, CachedReport, Report};
use crate::resilience::circuit::{Blame, Circuits, Permit};
use crate::resilience::cost::Billed;
use crate::resilience::recovery::{Allowed, Decision, Moment, Reason, Recovery, Step};
use crate::resilience::remedy::Case;
use crate::secret::{Mask, Secret};

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
    /// What had to be asked otherwise at each route: other parts and continuations begin with it.
    pub learned: BTreeMap<usize, Variation>,
    /// Halves of a secret, which are secrets from here on.
    pub halves: Vec<Secret>,
    /// All attempts so far, those of other parts and continuations too.
    pub attempts: Vec<Attempt>,
    /// Which of them came out of the cache, and what each did about what came before it.
    pub cached: Vec<(usize, Option<Remedy>)>,
}

/// How one question is put.
pub struct Question<'a> {
    /// As it is put to each endpoint and model.
    pub routes: &'a [Plan],
    /// Which of them is asked first.
    pub first: usize,
    /// What the first attempt does about what came before it.
    pub remedy: Option<Remedy>,
    /// Text is printed as it comes, where it comes as a stream, and this before it.
    pub prints: bool,
    pub lead: &'static str,
    /// The text that the answer is to go on from.
    pub before: Option<&'a str>,
    /// It may be asked part by part.
    pub is_splittable: bool,
}

/// How it ended.
pub struct Outcome {
    pub attempted: Attempted,
    pub diagnosis: Diagnosis,
    /// Which route the last request took.
    pub route: usize,
    /// How many attempts it took.
    pub attempts: u32,
    /// How many the run had made by then.
    pub last_attempt: usize,
    /// It is to be asked for in parts of at most this many characters.
    pub split: Option<usize>,
    pub reason: Reason,
    /// It was known from an earlier run, and nothing was sent.
    pub cached: Option<CachedReport>,
}

impl Asking<'_> {
    /// Asks until there is an answer or no way on.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(&mut self, question: &Question<'_>, handout: &mut Handout<'_>) -> Result<Outcome, Failure> {
        if let Some(known) = self.known(question) {
            return Ok(known);
        }
        let first = self.permitted_route(question);
        let routes =
            question.routes.iter().enumerate().map(|(route, plan)| self.learned.get(&route).map_or(plan.clone(), |known| plan.vary(known)));
        let mut recovery = Recovery::new(self.allowed.clone(), routes.collect(), first, question.is_splittable);
        let mut waited = Duration::ZERO;
        let mut remedy = question.remedy;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let mut plan = recovery.plan();
            plan.secrets.extend_from_slice(&self.halves);
            let wishes = Wishes {
                most: None,
                record: self.record,
                keep: self.answers.is_some(),
                print: question.prints && plan.stream,
                lead: question.lead,
                before: question.before,
            };
            let attempted = live::attempt(&plan, self.asked(&plan, waited, remedy), wishes, self.console)?;
            self.halves.extend_from_slice(&attempted.halves);
            let evidence = Evidence::gather(&attempted.transcript);
            let diagnosis = diagnose(&evidence);
            self.attempts.push(Attempt::of(&evidence, &diagnosis));
            self.circuits.report(&plan.endpoint, Blame::of(&diagnosis), self.began.elapsed());
            let decision = self.decide(&mut recovery, &evidence, &diagnosis, &attempted);
            let (route, last_attempt, reason) = (recovery.route(), self.attempts.len(), Reason::Over);
            let outcome = Outcome { attempted, diagnosis, route, attempts, last_attempt, split: None, reason, cached: None };
            let (split, reason) = match decision {
                Decision::Again(step) => {
                    self.go_again(outcome, &step, &recovery.plan(), handout);
                    (waited, remedy) = (step.wait, Some(step.remedy));
                    continue;
                }
                Decision::Split(size) => (Some(size), Reason::Over),
                Decision::Stop(reason) => (None, reason),
            };
            if let Some(answers) = &self.answers {
                answers.keep(&plan, &outcome.attempted);
            }
            let learned = self.learned.entry(route).or_default();
            *learned = learned.and(recovery.variation());
            return Ok(Outcome { split, reason, ..outcome });
        }
    }

    fn go_again(&self, outcome: Outcome, step: &Step, next: &Plan, handout: &mut Handout<'_>) {
        let of = self.allowed.only_retries().then_some(self.allowed.retries + 1);
        self.console.note(&steps::again(&outcome.diagnosis, outcome.attempts, of, step, next, self.console));
        self.set_aside(outcome, handout);
        pause(step.wait);
    }

    /// Puts an exchange that is not the one to be reported into what is handed on.
    pub fn set_aside(&self, outcome: Outcome, handout: &mut Handout<'_>) {
        let Outcome { attempted, diagnosis, last_attempt, .. } = outcome;
        if !handout.is_idle() {
            let attempts = self.attempts[..last_attempt].to_vec();
            let report = Report::new(&Evidence::gather(&attempted.transcript), &diagnosis, attempts, self.console.lang);
            handout.keep(report, attempted.transcript);
        }
    }

    /// The bound that is reached, so that no further attempt may begin.
    pub fn bound_reached(&self) -> Option<Reason> {
        if self.allowed.max_cost_tokens.is_some_and(|bound| self.spent_tokens() >= bound) {
            return Some(Reason::OutOfTokens);
        }
        self.allowed.max_time.is_some_and(|bound| self.began.elapsed() > bound).then_some(Reason::OutOfTime)
    }

    fn spent_tokens(&self) -> u64 {
        self.attempts_now().iter().map(|attempt| attempt.tokens).sum()
    }

    /// The attempts of this run: those that came out of the cache cost nothing now, whatever they did when they were made.
    pub fn attempts_now(&self) -> Vec<Attempt> {
        let mut attempts = self.attempts.clone();
        for &(index, remedy) in &self.cached {
            let free = &mut attempts[index];
            (free.remedy, free.waited_ms, free.billed, free.tokens, free.tokens_estimated) = (remedy, 0, Billed::No, 0, false);
        }
        attempts
    }

    /// Says why nothing more was tried.
    pub fn tell_stop(&self, outcome: &Outcome) {
        if let Some(note) = steps::stop(&outcome.reason, outcome.attempts, self.allowed.only_retries(), self.console) {
            self.console.note(&note);
        }
    }

    /// An answer out of the cache, as of an exchange that has just been. Its recording is what there is to record.
    fn known(&mut self, question: &Question<'_>) -> Option<Outcome> {
        let earlier = self.answers.as_ref().filter(|_| !is_stopped())?.find(&question.routes[question.first])?;
        let recorded = self.record.map_or(Ok(()), |mut file| file.write_all(&earlier.recording));
        let attempted = Attempted {
            transcript: earlier.transcript,
            has_printed: false,
            ended_line: true,
            audience: Audience::Present,
            failure: recorded.err().map(recording::failure),
            recording: None,
            halves: Vec::new(),
        };
        let evidence = Evidence::gather(&attempted.transcript);
        let diagnosis = diagnose(&evidence);
        self.cached.push((self.attempts.len(), question.remedy));
        self.attempts.push(Attempt::of(&evidence, &diagnosis));
        let (route, last_attempt, reason) = (question.first, self.attempts.len(), Reason::Over);
        Some(Outcome { attempted, diagnosis, route, attempts: 0, last_attempt, split: None, reason, cached: Some(earlier.cached) })
    }

    fn decide(&self, recovery: &mut Recovery, evidence: &Evidence<'_>, diagnosis: &Diagnosis, attempted: &Attempted) -> Decision {
        if is_stopped() || attempted.failure.is_some() || attempted.audience == Audience::Gone {
            return Decision::Stop(Reason::Over);
        }
        let moment = Moment {
            elapsed: self.began.elapsed(),
            jitter: fastrand::f64(),
            has_printed: attempted.has_printed,
            spent_tokens: self.spent_tokens(),
        };
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
        let attempt = self.attempts.len() as u32 + 1;
        Asked { remedy, waited_ms: waited.as_millis() as u64, ..check::asked(plan, attempt, Some(self.command)) }
    }
}
