//! Workers that ask a server through a pace: the order of events, and what is counted.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use super::servers::{Answer, Server};
use crate::resilience::pace::{Counted, Outcome, Pace, Permit, Ticket};

pub struct Simulation {
    pub workers: usize,
    /// Of an answer, in seconds, from the shortest to the longest.
    pub latency: (f64, f64),
    /// One way, and how much longer it may take.
    pub way: (f64, f64),
    /// Tokens of a request: what is expected at most, and what it costs from the least to the most.
    pub tokens: (u64, u64, u64),
    /// Seconds of the first window, and of the whole.
    pub first: f64,
    pub lasts: f64,
    pub seed: u64,
    /// Of the requests so many are held up by as long as so many seconds before they are written, and as many where they arrive.
    pub jolts: (f64, f64),
}

impl Default for Simulation {
    fn default() -> Simulation {
        Simulation {
            workers: 16,
            latency: (0.005, 0.1),
            way: (0.001, 0.0003),
            tokens: (266, 40, 60),
            first: 3.0,
            lasts: 60.0,
            seed: 0,
            jolts: (0.0, 0.0),
        }
    }
}

#[derive(Debug, Default)]
pub struct Ran {
    pub refused_before: u32,
    pub refused_after: u32,
    /// Of the requests after the first window.
    pub per_second: f64,
    pub tokens_per_second: f64,
    pub paced: Option<f64>,
}

enum Event {
    Ask,
    Depart { ticket: Ticket },
    Write { ticket: Ticket, departed: Duration },
    Arrive { ticket: Ticket, departed: Duration, tokens: u64 },
    Answer { ticket: Ticket, departed: Duration, answer: Answer, tokens: u64 },
}

struct Due(Duration, u64, Event);

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.0, self.1) == (other.0, other.1)
    }
}
impl Eq for Due {}
impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.0, self.1).cmp(&(other.0, other.1))
    }
}

#[derive(Default)]
struct Agenda {
    due: BinaryHeap<Reverse<Due>>,
    count: u64,
}

impl Agenda {
    fn add(&mut self, at: Duration, event: Event) {
        self.count += 1;
        self.due.push(Reverse(Due(at, self.count, event)));
    }

    /// Before all else that is due then.
    fn add_first(&mut self, at: Duration, event: Event) {
        self.due.push(Reverse(Due(at, 0, event)));
    }
}

impl Simulation {
    pub fn run(&self, mut server: Box<dyn Server>) -> Ran {
        let mut chance = fastrand::Rng::with_seed(self.seed + 1);
        let seconds = Duration::from_secs_f64;
        let mut between = move |low: f64, high: f64| seconds(low + chance.f64() * (high - low));
        let (mut pace, mut agenda, mut ran) = (Pace::default(), Agenda::default(), Ran::default());
        let (first, end) = (seconds(self.first), seconds(self.first + self.lasts));
        let mut waiting = 0;
        let (mut accepted, mut tokens_accepted) = (0u64, 0u64);
        let mut jolt = {
            let (share, most) = self.jolts;
            let mut chance = fastrand::Rng::with_seed(self.seed + 2);
            move || seconds(if chance.f64() < share { chance.f64() * most } else { 0.0 })
        };
        let mut server_is_busy_until = Duration::ZERO;
        (0..self.workers).for_each(|_| agenda.add(Duration::ZERO, Event::Ask));
        while let Some(Reverse(Due(now, _, event))) = agenda.due.pop() {
            if now >= end {
                break;
            }
            match event {
                Event::Ask => match pace.ask(self.tokens.0, now) {
                    Permit::Go(ticket) => agenda.add_first(now + jolt(), Event::Depart { ticket }),
                    // A thread wakes a little late.
                    Permit::NotBefore(at) => agenda.add(at + between(0.00005, 0.0003), Event::Ask),
                    Permit::AfterAnAnswer => waiting += 1,
                },
                Event::Depart { ticket } => match pace.depart(ticket, now) {
                    None => agenda.add_first(now + jolt(), Event::Write { ticket, departed: now }),
                    Some(at) => agenda.add(at + between(0.00005, 0.0003), Event::Depart { ticket }),
                },
                Event::Write { ticket, departed } => {
                    pace.sent(ticket, now);
                    let tokens = between(self.tokens.1 as f64, self.tokens.2 as f64).as_secs_f64() as u64;
                    server_is_busy_until = server_is_busy_until.max(now + jolt());
                    let at = server_is_busy_until + between(self.way.0, self.way.0 + self.way.1);
                    agenda.add(at, Event::Arrive { ticket, departed, tokens });
                }
                Event::Arrive { ticket, departed, tokens } => {
                    let answer = server.asked(now, tokens, self.tokens.0);
                    if now >= first {
                        accepted += u64::from(answer.is_accepted());
                        tokens_accepted += if answer.is_accepted() { tokens } else { 0 };
                    }
                    let takes = match answer {
                        Answer::Accepted { delay, .. } => delay + between(self.latency.0, self.latency.1),
                        _ => Duration::ZERO,
                    };
                    agenda.add(
                        now + takes + between(self.way.0, self.way.0 + self.way.1),
                        Event::Answer { ticket, departed, answer, tokens },
                    );
                }
                Event::Answer { ticket, departed, answer, tokens } => {
                    pace.heard(ticket, departed, now);
                    let outcome = match &answer {
                        Answer::Accepted { limits, .. } => {
                            server.ended(now, tokens);
                            Outcome::Accepted { tokens, limits }
                        }
                        Answer::Refused { wait, is_of_tokens, limits } => {
                            let counted = if *is_of_tokens { Counted::Tokens } else { Counted::Requests };
                            Outcome::Refused { wait: *wait, counted, per_second: None, limits }
                        }
                        Answer::Crowded { is_limit } => Outcome::Crowded { is_limit: *is_limit },
                    };
                    if !answer.is_accepted() {
                        *(if ticket.sent < first { &mut ran.refused_before } else { &mut ran.refused_after }) += 1;
                    }
                    pace.answered(ticket, &outcome, now);
                    (0..=std::mem::take(&mut waiting)).for_each(|_| agenda.add(now, Event::Ask));
                }
            }
        }
        ran.per_second = accepted as f64 / self.lasts;
        ran.tokens_per_second = tokens_accepted as f64 / self.lasts;
        ran.paced = pace.rate();
        ran
    }
}
