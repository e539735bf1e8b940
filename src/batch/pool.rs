//! The endpoints that share the work: each has its pace, its circuit, and a record of how fast and how well it answers.

use std::time::Duration;

use super::input::Item;
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
    last_answer: Option<Duration>,
    lasting: Option<&'static str>,
}

/// The weight of the newest answer.
const NEWEST: f64 = 0.1;
/// With --prefer listed the next endpoint helps out only where the wait for the one before it is longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

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
            None => self.in_order_of_preference(),
        };
        match self.first_ready(item, &order, now) {
            Choice::Send(index, ticket) => Choice::Send(index, ticket),
            _ if bound.is_some_and(|index| self.circuits.is_open(&self.endpoints[index].plan.endpoint)) => {
                let order = self.in_order_of_preference();
                self.first_ready(item, &order, now)
            }
            choice => choice,
        }
    }

    fn first_ready(&mut self, item: &Item, order: &[usize], now: Duration) -> Choice {
        let mut choice = Choice::AfterAnAnswer;
        for &index in order {
            let name = &self.endpoints[index].plan.endpoint;
            let at = match self.circuits.permit(name, now) {
                Leave::Yes | Leave::Trial => match self.records[index].pace.ask(item.tokens, now) {
                    Permit::Go(ticket) => {
                        self.records[index].asked += 1;
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
            let is_worth_waiting = at.is_some_and(|at| at.saturating_sub(now) < PATIENCE);
            if self.prefer != Prefer::Fastest && is_worth_waiting {
                break;
            }
        }
        choice
    }

    fn in_order_of_preference(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.endpoints.len()).filter(|index| !self.endpoints[*index].is_reserve).collect();
        match self.prefer {
            Prefer::Listed => {}
            Prefer::Fastest => order.sort_by(|a, b| self.expected_time(*a).total_cmp(&self.expected_time(*b))),
            Prefer::Cheapest => order.sort_by(|a, b| self.cost(*a).total_cmp(&self.cost(*b))),
        }
        order
    }

    /// About how long an answer takes from here, failures and what is under way counted in. An endpoint that was never asked is tried.
    fn expected_time(&self, index: usize) -> f64 {
        let record = &self.records[index];
        let queue = f64::from(record.pace.under_way()) + 1.0;
        record.latency.unwrap_or(1.0) * queue / record.success.unwrap_or(1.0).max(0.02)
    }

    /// Of an answer about half as long as its prompt; an endpoint without a price comes last.
    fn cost(&self, index: usize) -> f64 {
        self.endpoints[index].price.map_or(f64::INFINITY, |price| price.input * 2.0 + price.output)
    }

    /// Takes what came of an item that was sent to this endpoint. `lasting` is the code, where it will fail so until somebody acts.
    pub fn answered(
        &mut self,
        index: usize,
        ticket: Ticket,
        outcome: &Outcome<'_>,
        blame: (Blame, &'static str),
        took: Duration,
        now: Duration,
    ) {
        let record = &mut self.records[index];
        record.pace.answered(ticket, outcome, now);
        let is_success = matches!(outcome, Outcome::Accepted { .. });
        record.answered += u64::from(is_success);
        let blend = |old: Option<f64>, new: f64| Some(old.map_or(new, |old| old + NEWEST * (new - old)));
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
                self.circuits.report(name, blame.0, now);
            }
        }
        record.lasting = (blame.0 == Blame::Lasting).then_some(blame.1);
    }

    /// Whether it has answered well so shortly before.
    pub fn has_answered_within(&self, index: usize, time: Duration, now: Duration) -> bool {
        self.records[index].last_answer.is_some_and(|last| now.saturating_sub(last) < time)
    }

    /// A request that was to be sent was not.
    pub fn give_back(&mut self, index: usize, ticket: Ticket) {
        self.records[index].pace.give_back(ticket);
        self.circuits.give_back(&self.endpoints[index].plan.endpoint);
    }

    /// Why no endpoint will answer until somebody acts, where it has come to that.
    pub fn is_hopeless(&self) -> Option<&'static str> {
        let reasons: Option<Vec<&'static str>> = self.records.iter().map(|record| record.lasting).collect();
        reasons?.first().copied()
    }

    /// Name, requests, answers, seconds that an answer takes, and what was measured of an even pace.
    pub fn records(&self) -> impl Iterator<Item = (&str, u64, u64, Option<f64>, Option<f64>)> {
        let pairs = self.endpoints.iter().zip(&self.records);
        pairs.map(|(endpoint, record)| (endpoint.plan.endpoint.as_str(), record.asked, record.answered, record.latency, record.pace.rate()))
    }
}
