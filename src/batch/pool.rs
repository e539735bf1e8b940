//! The endpoints that share the work: each has its pace, its circuit, and a record of how fast and how well it answers.

use std::time::Duration;

use super::input::Item;
use crate::diagnosis::{Class, Entry};
use crate::plan::Plan;
use crate::resilience::circuit::{Blame, Circuits, Permit as Leave};
use crate::resilience::pace::{Outcome, Pace, Permit, Ticket};

/// How an endpoint is preferred over another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefer {
    Fastest,
    Cheapest,
    Listed,
}

/// Money for a million tokens, in any currency.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Price {
    pub input: f64,
    pub output: f64,
}

/// A place to ask.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// A request without its body.
    pub plan: Plan,
    /// Of the plan's target, its secrets masked.
    pub url: String,
    /// Asked in place of the model that an item names.
    pub model: Option<String>,
    pub price: Option<Price>,
    /// Asked only for items that another endpoint failed.
    pub is_reserve: bool,
}

/// Where an item goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    Send(usize, Ticket),
    NotBefore(Duration),
    /// An answer to what is under way must come first.
    AfterAnAnswer,
}

/// How an endpoint answers.
#[derive(Clone, Debug, Default)]
struct Record {
    pace: Pace,
    /// Of the latest answers, with less weight the older they are.
    latency: Option<f64>,
    success: Option<f64>,
    asked: u64,
    answered: u64,
    /// When it was asked for the last time, and when it answered.
    asked_at: Duration,
    heard_at: Duration,
    last_answer: Option<Duration>,
    /// What the latest failure was that is the endpoint's own; none after an answer.
    trouble: Option<Trouble>,
}

/// Why an endpoint does not answer.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    blame: Blame,
    class: Class,
    code: &'static str,
}

/// An endpoint that is left alone, and all others are too.
#[derive(Clone, Debug, PartialEq)]
pub struct Rest {
    pub endpoint: String,
    pub code: &'static str,
    /// When it is tried again.
    pub until: Duration,
}

/// The weight of the newest answer, unless it is long ago that there was one.
const NEWEST: f64 = 0.1;
/// With --prefer listed the next endpoint helps out only where the wait for the one before it is longer than this.
const PATIENCE: Duration = Duration::from_secs(1);
/// The record of an endpoint that is not asked loses half of its weight in this time: whatever was slow may be fast by now.
const FORGETTING: Duration = Duration::from_secs(10);
/// After so many failed trials in a row an endpoint is given up: one that has answered in this run may be restarting.
const TRIALS_OF_STRANGER: u32 = 2;
const TRIALS_OF_FRIEND: u32 = 6;

/// The endpoints and their records.
pub struct Pool {
    pub endpoints: Vec<Endpoint>,
    records: Vec<Record>,
    circuits: Circuits,
    prefer: Prefer,
}

impl Pool {
    pub fn new(endpoints: Vec<Endpoint>, prefer: Prefer) -> Pool {
        let records = vec![Record::default(); endpoints.len()];
        Pool { endpoints, records, circuits: Circuits::default(), prefer }
    }

    pub fn circuits(&self) -> &Circuits {
        &self.circuits
    }

    /// Chooses for an item; one that is bound to an endpoint goes there, unless that one is left alone for a while and others are not.
    pub fn choose(&mut self, item: &Item, bound: Option<usize>, now: Duration) -> Choice {
        let order = match bound {
            Some(index) => vec![index],
            None => self.in_order_of_preference(now),
        };
        match self.first_ready(item, &order, now) {
            Choice::Send(index, ticket) => Choice::Send(index, ticket),
            _ if bound.is_some_and(|index| self.is_resting(index)) => {
                let order = self.in_order_of_preference(now);
                self.first_ready(item, &order, now)
            }
            choice => choice,
        }
    }

    fn first_ready(&mut self, item: &Item, order: &[usize], now: Duration) -> Choice {
        let mut choice = Choice::AfterAnAnswer;
        for &index in order {
            let name = &self.endpoints[index].plan.endpoint;
            let leave = self.circuits.permit(name, now);
            let at = match leave {
                Leave::Yes | Leave::Trial => match self.records[index].pace.ask(item.tokens, now) {
                    Permit::Go(ticket) => {
                        self.records[index].asked += 1;
                        self.records[index].asked_at = now;
                        return Choice::Send(index, ticket);
                    }
                    Permit::NotBefore(at) => {
                        self.circuits.give_back(name);
                        Some(at)
                    }
                    Permit::AfterAnAnswer => {
                        self.circuits.give_back(name);
                        None
                    }
                },
                Leave::NotBefore(at) => Some(at),
                Leave::Waiting => None,
            };
            choice = match (choice, at) {
                (Choice::NotBefore(earlier), Some(at)) => Choice::NotBefore(earlier.min(at)),
                (Choice::AfterAnAnswer, Some(at)) => Choice::NotBefore(at),
                (choice, _) => choice,
            };
            let is_worth_waiting = leave == Leave::Yes && at.is_some_and(|at| at.saturating_sub(now) < PATIENCE);
            if self.prefer != Prefer::Fastest && is_worth_waiting {
                break;
            }
        }
        choice
    }

    fn is_resting(&self, index: usize) -> bool {
        self.circuits.is_open(&self.endpoints[index].plan.endpoint)
    }

    /// Those that share the work; and those in reserve behind them, where none of the others is to be asked.
    fn in_order_of_preference(&self, now: Duration) -> Vec<usize> {
        let (mut order, reserves): (Vec<usize>, Vec<usize>) =
            (0..self.endpoints.len()).partition(|index| !self.endpoints[*index].is_reserve);
        match self.prefer {
            Prefer::Listed => {}
            Prefer::Fastest => order.sort_by(|a, b| self.expected_time(*a, now).total_cmp(&self.expected_time(*b, now))),
            Prefer::Cheapest => order.sort_by(|a, b| self.cost(*a).total_cmp(&self.cost(*b))),
        }
        if order.iter().all(|index| self.is_resting(*index)) {
            order.extend(reserves);
        }
        order
    }

    /// About how long an answer takes from here, failures and what is under way counted in. An endpoint that was never asked is tried.
    fn expected_time(&self, index: usize, now: Duration) -> f64 {
        let record = &self.records[index];
        if record.asked == 0 {
            return 0.0;
        }
        let under_way = record.pace.under_way();
        let expected = record.latency.unwrap_or(1.0) * (f64::from(under_way) + 1.0) / record.success.unwrap_or(1.0).max(0.02);
        let idle = if under_way == 0 { now.saturating_sub(record.asked_at) } else { Duration::ZERO };
        expected / (1.0 + idle.as_secs_f64() / FORGETTING.as_secs_f64())
    }

    /// Of an answer about half as long as its prompt; an endpoint without a price comes last.
    fn cost(&self, index: usize) -> f64 {
        self.endpoints[index].price.map_or(f64::INFINITY, |price| price.input * 2.0 + price.output)
    }

    /// Takes what came of an item that was sent to this endpoint, and whether the endpoint is to blame.
    pub fn answered(
        &mut self,
        index: usize,
        ticket: Ticket,
        outcome: &Outcome<'_>,
        verdict: (Blame, &'static Entry),
        took: Duration,
        now: Duration,
    ) {
        let record = &mut self.records[index];
        record.pace.answered(ticket, outcome, now);
        let is_success = matches!(outcome, Outcome::Accepted { .. });
        record.answered += u64::from(is_success);
        let gap = now.saturating_sub(record.heard_at).as_secs_f64();
        record.heard_at = now;
        let weight = NEWEST.max(gap / (gap + FORGETTING.as_secs_f64()));
        let blend = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old + weight * (new - old)));
        // A refusal over a limit is quick, and says nothing of how good the answers are.
        if !matches!(outcome, Outcome::Refused { .. }) {
            record.success = blend(record.success, if is_success { 1.0 } else { 0.0 });
        }
        if is_success {
            record.last_answer = Some(now);
            record.latency = blend(record.latency, took.as_secs_f64().max(1e-6));
        }
        let name = &self.endpoints[index].plan.endpoint;
        match outcome {
            Outcome::Refused { .. } | Outcome::Crowded { .. } => self.circuits.give_back(name),
            _ => {
                self.circuits.report(name, verdict.0, now);
            }
        }
        let (blame, entry) = verdict;
        record.trouble = (blame != Blame::None).then_some(Trouble { blame, class: entry.class, code: entry.code });
    }

    /// Whether it has answered well so shortly before.
    pub fn has_answered_within(&self, index: usize, time: Duration, now: Duration) -> bool {
        self.records[index].last_answer.is_some_and(|last| now.saturating_sub(last) < time)
    }

    /// One that was sent there is about to be written, was written, or is answered: see [`Pace`].
    pub fn pace(&mut self, index: usize) -> &mut Pace {
        &mut self.records[index].pace
    }

    /// A request that was to be sent was not.
    pub fn give_back(&mut self, index: usize, ticket: Ticket) {
        self.records[index].pace.give_back(ticket);
        self.circuits.give_back(&self.endpoints[index].plan.endpoint);
    }

    /// Why no endpoint will answer until somebody acts, where it has come to that.
    pub fn is_hopeless(&self) -> Option<&'static str> {
        let reasons: Option<Vec<&'static str>> = (0..self.records.len()).map(|index| self.is_given_up(index)).collect();
        reasons?.first().copied()
    }

    fn is_given_up(&self, index: usize) -> Option<&'static str> {
        let record = &self.records[index];
        let trouble = record.trouble?;
        let is_stranger = record.answered == 0;
        // Who refuses a connection may be about to listen again, if there ever was somebody.
        let may_pass = trouble.blame == Blame::Passing || !is_stranger && trouble.class == Class::ConnectError;
        let trials = self.circuits.failed_trials(&self.endpoints[index].plan.endpoint);
        let is_enough = trials >= if is_stranger { TRIALS_OF_STRANGER } else { TRIALS_OF_FRIEND };
        (!may_pass || is_enough).then_some(trouble.code)
    }

    /// Where all endpoints are left alone: the one that is tried next.
    pub fn rest(&self, now: Duration) -> Option<Rest> {
        let rest = |(endpoint, record): (&Endpoint, &Record)| {
            let until = self.circuits.rests_until(&endpoint.plan.endpoint).filter(|until| *until > now)?;
            Some(Rest { endpoint: endpoint.plan.endpoint.clone(), code: record.trouble?.code, until })
        };
        let rests: Option<Vec<Rest>> = self.endpoints.iter().zip(&self.records).map(rest).collect();
        rests?.into_iter().min_by_key(|rest| rest.until)
    }

    /// Name, requests, answers, seconds that an answer takes, and what was measured of an even pace.
    pub fn records(&self) -> impl Iterator<Item = (&str, u64, u64, Option<f64>, Option<f64>)> {
        let pairs = self.endpoints.iter().zip(&self.records);
        pairs.map(|(endpoint, record)| (endpoint.plan.endpoint.as_str(), record.asked, record.answered, record.latency, record.pace.rate()))
    }
}

#[cfg(test)]
mod tests;
