//! The way on after a failure: the cheapest remedy that the user allows, that helps against this cause, and that was not used up yet.

use std::sync::Arc;
use std::time::Duration;

use super::backoff::Backoff;
use super::circuit::Circuits;
use super::cost::answer_tokens;
use super::remedy::{BY_COST, Case};
use super::wait;
use crate::api::limits::Wait;
use crate::api::overflow::{Overflow, affordable, overflow};
use crate::cli::Remedy;
use crate::diagnosis::Class;
use crate::plan::{Plan, Proxy, Variation};

/// How often max_tokens may be lowered, by how much, and to what at least: an answer that is shorter still is of no use.
const MOST_LOWERINGS: u32 = 3;
const LOWERED_BY: u64 = 4;
const FEWEST_TOKENS: u64 = 16;
/// The first bound where there was none.
const FIRST_BOUND: u64 = 512;

/// What the user allows.
#[derive(Clone, Debug)]
pub struct Allowed {
    pub remedies: Vec<Remedy>,
    /// Attempts after the first, at each endpoint and model, that change nothing.
    pub retries: u32,
    pub backoff: Backoff,
    /// Bound on all attempts and waits together.
    pub max_time: Option<Duration>,
    /// Bound on the tokens of all attempts together.
    pub max_cost_tokens: Option<u64>,
}

impl Allowed {
    fn allows(&self, remedy: Remedy) -> bool {
        self.remedies.contains(&remedy)
    }

    /// Nothing but the same request again is allowed.
    pub fn only_retries(&self) -> bool {
        self.remedies.iter().all(|remedy| matches!(remedy, Remedy::Wait | Remedy::Retry))
    }
}

/// What is known at the end of an attempt beside its bytes.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// Since the run began.
    pub elapsed: Duration,
    /// Drawn evenly from 0 to 1.
    pub jitter: f64,
    /// Text of the answer is on stdout.
    pub has_printed: bool,
    /// Tokens of all attempts so far.
    pub spent_tokens: u64,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Again(Step),
    /// The input is to be asked for in parts of at most this many characters.
    Split(usize),
    Stop(Reason),
}

/// One more attempt.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    pub remedy: Remedy,
    pub wait: Duration,
    /// The field or text that asked for the wait; none for our own backoff.
    pub source: Option<String>,
    /// Which of the routes to take, and what to ask otherwise.
    pub route: usize,
    pub variation: Variation,
}

impl Reason {
    /// The name as it stands in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Reason::Over => "over",
            Reason::Exhausted => "exhausted",
            Reason::Useless => "useless",
            Reason::Printed => "printed",
            Reason::Whole => "answer-is-whole",
            Reason::AskedTooLong(_) => "asked-wait-too-long",
            Reason::OutOfTime => "out-of-time",
            Reason::OutOfTokens => "out-of-tokens",
        }
    }
}

/// Why there is no other attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// It succeeded, or the user stopped it, or nothing but one attempt was allowed.
    Over,
    /// Every remedy that helps against this cause was used.
    Exhausted,
    /// No remedy that is allowed can change the cause.
    Useless,
    /// Text is on stdout already; a second answer would double it.
    Printed,
    /// The answer is whole for all that is wrong around it: another one would only cost.
    Whole,
    /// The server asks for a longer wait than anyone sits through.
    AskedTooLong(Wait),
    /// The next attempt would begin after the bound on all of them.
    OutOfTime,
    /// The attempts have cost what they may.
    OutOfTokens,
}

/// One question on its way through the remedies.
pub struct Recovery {
    allowed: Arc<Allowed>,
    /// The question as it is put to each endpoint and model, the preferred one first.
    routes: Vec<Plan>,
    route: usize,
    visited: Vec<bool>,
    variation: Variation,
    /// Modes that were tried at this route: stream, and whether no coding was offered.
    modes: Vec<(bool, bool)>,
    /// The input can be split: it is a text and not a conversation or a body.
    is_splittable: bool,
    retries: u32,
    lowerings: u32,
}

impl Recovery {
    /// Begins at this route, as the question was asked.
    pub fn new(allowed: Arc<Allowed>, routes: Vec<Plan>, route: usize, is_splittable: bool) -> Recovery {
        let mut recovery = Recovery {
            allowed,
            visited: vec![false; routes.len()],
            routes,
            route,
            variation: Variation::default(),
            modes: Vec::new(),
            is_splittable,
            retries: 0,
            lowerings: 0,
        };
        recovery.take_route(route);
        recovery
    }

    /// The request to send now.
    pub fn plan(&self) -> Plan {
        self.routes[self.route].vary(&self.variation)
    }

    pub fn route(&self) -> usize {
        self.route
    }

    /// What is asked otherwise than at first.
    pub fn variation(&self) -> &Variation {
        &self.variation
    }

    /// The last attempt was made at this route, wherever it was to be made.
    pub fn stand_at(&mut self, route: usize) {
        if route != self.route {
            self.take_route(route);
        }
    }

    fn take_route(&mut self, route: usize) {
        self.route = route;
        self.visited[route] = true;
        self.variation = Variation::default();
        self.modes = vec![(self.routes[route].stream, !self.routes[route].offers_coding())];
        self.retries = 0;
        self.lowerings = 0;
    }

    /// Decides after an attempt that ended like this.
    pub fn next(&mut self, case: &Case<'_>, circuits: &Circuits, moment: Moment) -> Decision {
        if case.diagnosis.is_healthy() || case.diagnosis.verdict.entry.class == Class::Interrupted {
            return Decision::Stop(Reason::Over);
        }
        let is_of_use = |remedy: &Remedy| self.allowed.allows(*remedy) && case.is_helped_by(*remedy) && self.has_means_for(*remedy, case);
        let helping: Vec<Remedy> = BY_COST.into_iter().filter(is_of_use).collect();
        if let Some(reason) = self.stopped(case, &helping, moment) {
            return Decision::Stop(reason);
        }
        // A wait for nothing is none.
        let asked = wait::asked_for(case.evidence).filter(|asked| !asked.duration.is_zero());
        let is_too_long = asked.as_ref().is_some_and(|asked| asked.duration > wait::LONGEST);
        let mut would_be_late = false;
        for remedy in self.with_rest(helping, circuits) {
            let step = match remedy {
                Remedy::Wait | Remedy::Retry if self.retries >= self.allowed.retries.min(case.most_retries()) => None,
                Remedy::Wait => asked.as_ref().filter(|_| !is_too_long).map(|asked| self.wait(asked)),
                Remedy::Retry if asked.is_some() => None,
                Remedy::Retry => Some(self.retry(moment.jitter)),
                Remedy::Stream => self.other_mode(),
                Remedy::Identity => self.identity(),
                Remedy::MaxTokens => self.fewer_tokens(case),
                Remedy::Split => Some(self.step(Remedy::Split, self.variation.clone())),
                Remedy::Endpoint | Remedy::Model => self.next_route(remedy, case, circuits),
                Remedy::Continue => None,
            };
            let Some(step) = step else {
                continue;
            };
            if self.allowed.max_time.is_some_and(|bound| moment.elapsed + step.wait > bound) {
                would_be_late = true;
                continue;
            }
            if remedy == Remedy::Split {
                return Decision::Split(self.size_of_parts(case));
            }
            self.take(&step);
            return Decision::Again(step);
        }
        Decision::Stop(match asked {
            _ if would_be_late => Reason::OutOfTime,
            Some(asked) if is_too_long => Reason::AskedTooLong(asked),
            _ => Reason::Exhausted,
        })
    }

    /// There is something that the remedy could be applied to, used up or not.
    fn has_means_for(&self, remedy: Remedy, case: &Case<'_>) -> bool {
        match remedy {
            Remedy::Split => self.is_splittable,
            Remedy::Endpoint | Remedy::Model => self.routes.iter().any(|plan| self.leads_to(remedy, case, plan)),
            _ => true,
        }
    }

    /// An endpoint whose circuit is open is left in peace where another can be asked.
    fn with_rest(&self, mut helping: Vec<Remedy>, circuits: &Circuits) -> Vec<Remedy> {
        if circuits.is_open(&self.routes[self.route].endpoint) {
            helping.sort_by_key(|remedy| *remedy != Remedy::Endpoint);
        }
        helping
    }

    fn stopped(&self, case: &Case<'_>, helping: &[Remedy], moment: Moment) -> Option<Reason> {
        let only_once = self.allowed.remedies.is_empty();
        match () {
            () if only_once => Some(Reason::Over),
            () if helping.is_empty() => Some(Reason::Useless),
            () if case.is_answered() => Some(Reason::Whole),
            () if moment.has_printed => Some(Reason::Printed),
            () if self.allowed.max_cost_tokens.is_some_and(|bound| moment.spent_tokens >= bound) => Some(Reason::OutOfTokens),
            () => None,
        }
    }

    fn take(&mut self, step: &Step) {
        match step.remedy {
            Remedy::Wait | Remedy::Retry => self.retries += 1,
            Remedy::Endpoint | Remedy::Model => self.take_route(step.route),
            Remedy::MaxTokens => self.lowerings += 1,
            _ => {}
        }
        self.variation = step.variation.clone();
        let mode = self.mode_of(&self.variation);
        if !self.modes.contains(&mode) {
            self.modes.push(mode);
        }
    }

    fn step(&self, remedy: Remedy, variation: Variation) -> Step {
        Step { remedy, wait: Duration::ZERO, source: None, route: self.route, variation }
    }

    fn retry(&self, jitter: f64) -> Step {
        Step { wait: self.allowed.backoff.wait(self.retries, jitter), ..self.step(Remedy::Retry, self.variation.clone()) }
    }

    fn wait(&self, asked: &Wait) -> Step {
        Step { wait: asked.duration, source: Some(asked.source.clone()), ..self.step(Remedy::Wait, self.variation.clone()) }
    }

    fn mode_of(&self, variation: &Variation) -> (bool, bool) {
        let asked = &self.routes[self.route];
        (variation.stream.unwrap_or(asked.stream), variation.identity || !asked.offers_coding())
    }

    /// The other of plain and stream, with the coding that is offered now.
    fn other_mode(&self) -> Option<Step> {
        let (stream, _) = self.mode_of(&self.variation);
        let variation = Variation { stream: Some(!stream), ..self.variation.clone() };
        self.if_new(Remedy::Stream, variation)
    }

    /// No coding, as the question was asked at first; failing that, in the mode that is used now.
    fn identity(&self) -> Option<Step> {
        let as_asked = Variation { identity: true, stream: None, ..self.variation.clone() };
        let as_now = Variation { identity: true, ..self.variation.clone() };
        self.if_new(Remedy::Identity, as_asked).or_else(|| self.if_new(Remedy::Identity, as_now))
    }

    fn if_new(&self, remedy: Remedy, variation: Variation) -> Option<Step> {
        let is_changed = self.routes[self.route].vary(&variation).body != self.plan().body || variation.identity != self.variation.identity;
        (is_changed && !self.modes.contains(&self.mode_of(&variation))).then(|| self.step(remedy, variation))
    }

    /// A bound that this cause would let through: what the error's own numbers leave, less than what arrived before a cut, or a
    /// fraction of the last one.
    fn fewer_tokens(&self, case: &Case<'_>) -> Option<Step> {
        if self.lowerings == MOST_LOWERINGS {
            return None;
        }
        let bound = self.plan().max_tokens;
        let arrived = answer_tokens(case.evidence);
        let lowered = match (overflow_of(case), bound) {
            (Some(Overflow { limit, prompt: Some(prompt), .. }), _) => limit.checked_sub(prompt)?,
            // The prompt alone may be too long: then a shorter answer changes nothing.
            _ if case.code() == "context-too-long" => return None,
            (Some(Overflow { limit, requested: Some(requested), .. }), Some(bound)) if requested > limit => {
                bound.checked_sub(requested - limit)?
            }
            _ if case.message().is_some_and(|message| affordable(message).is_some()) => affordable(case.message()?)?,
            _ if arrived >= 2 * FEWEST_TOKENS => (arrived * 3 / 4).min(bound.map_or(u64::MAX, |bound| bound / 2)),
            _ => bound.map_or(FIRST_BOUND, |bound| bound / LOWERED_BY),
        };
        if lowered < FEWEST_TOKENS || bound.is_some_and(|bound| lowered >= bound) {
            return None;
        }
        let step = self.step(Remedy::MaxTokens, Variation { max_tokens: Some(lowered), ..self.variation.clone() });
        (self.routes[self.route].vary(&step.variation).max_tokens == Some(lowered)).then_some(step)
    }

    /// What fits, where the error says how much that is; otherwise half of what was asked.
    fn size_of_parts(&self, case: &Case<'_>) -> usize {
        let body = String::from_utf8_lossy(&self.routes[self.route].body).chars().count();
        let share = match overflow_of(case) {
            // Room for the answer, and for what the parts have in common.
            Some(Overflow { limit, requested: Some(requested), .. }) if requested > limit => 0.7 * limit as f64 / requested as f64,
            _ => 0.5,
        };
        ((body as f64 * share) as usize).max(200)
    }

    /// The remedy changes from where the question is now to this route. Another endpoint behind the proxy that fails is no way out.
    fn leads_to(&self, remedy: Remedy, case: &Case<'_>, plan: &Plan) -> bool {
        let here = &self.routes[self.route];
        let proxy = |plan: &Plan| plan.proxy.as_ref().map(Proxy::url);
        let is_here = plan.endpoint == here.endpoint && plan.target == here.target;
        match remedy {
            Remedy::Model => is_here && plan.model != here.model,
            _ if case.is_of_our_proxy() => !is_here && proxy(plan) != proxy(here),
            _ => !is_here,
        }
    }

    /// The next route that this remedy leads to, in the order in which they were named. A failure of one model says nothing of the next.
    fn next_route(&self, remedy: Remedy, case: &Case<'_>, circuits: &Circuits) -> Option<Step> {
        let is_due = |route: usize, plan: &Plan| !self.visited[route] && self.leads_to(remedy, case, plan);
        let is_open = |plan: &Plan| remedy == Remedy::Endpoint && circuits.is_open(&plan.endpoint);
        let (route, _) = self.routes.iter().enumerate().find(|(route, plan)| is_due(*route, plan) && !is_open(plan))?;
        Some(Step { remedy, wait: Duration::ZERO, source: None, route, variation: Variation::default() })
    }
}

/// By how much the request is too large, where the error says so.
fn overflow_of(case: &Case<'_>) -> Option<Overflow> {
    overflow(case.message()?)
}

#[cfg(test)]
mod tests;
