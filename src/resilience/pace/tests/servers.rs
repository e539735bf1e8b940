//! Servers with limits of every kind, and what they say of them.

use std::collections::VecDeque;
use std::time::Duration;

use crate::api::limits::Limit;

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Accepted { limits: Vec<Limit>, delay: Duration },
    Refused { wait: Option<Duration>, is_of_tokens: bool, limits: Vec<Limit> },
    Crowded { is_limit: bool },
}

impl Answer {
    pub fn is_accepted(&self) -> bool {
        matches!(self, Answer::Accepted { .. })
    }
}

pub trait Server {
    /// A request arrives; `most` is what it may cost.
    fn asked(&mut self, now: Duration, tokens: u64, most: u64) -> Answer;
    /// Its answer has gone out.
    fn ended(&mut self, _now: Duration, _tokens: u64) {}
}

/// What a server says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Telling {
    Nothing,
    /// On every answer: limit, remaining, and the time until all is there again, in milliseconds.
    UntilFull,
    /// The same in whole seconds.
    UntilFullInSeconds,
    /// Only on a refusal, in whole seconds.
    RetryAfter,
    /// Only on a refusal, always as long as the window is.
    WholeWindow,
}

fn told(what: &str, all: f64, left: f64, resets_in: Option<f64>) -> Limit {
    Limit {
        what: what.into(),
        limit: Some(all as u64),
        remaining: Some(left.max(0.0) as u64),
        resets_in,
        window: None,
        source: format!("x-ratelimit-limit-{what}"),
    }
}

fn reset(seconds: f64, telling: Telling) -> Option<f64> {
    match telling {
        Telling::UntilFull => Some((seconds * 1000.0).ceil() / 1000.0),
        Telling::UntilFullInSeconds => Some(seconds.ceil()),
        _ => None,
    }
}

/// A token bucket that begins full.
pub struct Bucket {
    per_second: f64,
    most: f64,
    left: f64,
    at: f64,
    telling: Telling,
    is_of_tokens: bool,
    counts_most: bool,
}

impl Bucket {
    pub fn new(per_second: f64, most: f64) -> Bucket {
        Bucket { per_second, most, left: most, at: 0.0, telling: Telling::Nothing, is_of_tokens: false, counts_most: false }
    }

    pub fn telling(self, telling: Telling) -> Bucket {
        Bucket { telling, ..self }
    }

    pub fn of_tokens(self) -> Bucket {
        Bucket { is_of_tokens: true, ..self }
    }

    /// It takes what the answer may cost, not what it costs.
    pub fn counting_most(self) -> Bucket {
        Bucket { counts_most: true, ..self }
    }

    fn limits(&self) -> Vec<Limit> {
        match self.telling {
            Telling::UntilFull | Telling::UntilFullInSeconds => {
                let what = if self.is_of_tokens { "tokens" } else { "requests" };
                vec![told(what, self.most, self.left, reset((self.most - self.left) / self.per_second, self.telling))]
            }
            _ => Vec::new(),
        }
    }
}

impl Server for Bucket {
    fn asked(&mut self, now: Duration, tokens: u64, most: u64) -> Answer {
        let now = now.as_secs_f64();
        self.left = (self.left + (now - self.at) * self.per_second).min(self.most);
        self.at = now;
        let cost = match (self.is_of_tokens, self.counts_most) {
            (false, _) => 1.0,
            (true, false) => tokens as f64,
            (true, true) => most as f64,
        };
        if self.left >= cost {
            self.left -= cost;
            return Answer::Accepted { limits: self.limits(), delay: Duration::ZERO };
        }
        let seconds = (cost - self.left) / self.per_second;
        let wait = match self.telling {
            Telling::Nothing => None,
            Telling::UntilFull => Some(Duration::from_secs_f64((seconds * 1000.0).ceil() / 1000.0)),
            _ => Some(Duration::from_secs_f64(seconds.ceil())),
        };
        Answer::Refused { wait, is_of_tokens: self.is_of_tokens, limits: self.limits() }
    }
}

/// So many in each window, which begins with the clock's seconds or with the first request after the last one.
pub struct Window {
    most: f64,
    length: f64,
    /// The clock's time when the run began; none if windows begin with a request.
    clock: Option<f64>,
    telling: Telling,
    is_of_tokens: bool,
    ends: f64,
    taken: f64,
}

impl Window {
    pub fn new(most: f64, length: f64, clock: Option<f64>, telling: Telling) -> Window {
        Window { most, length, clock, telling, is_of_tokens: false, ends: 0.0, taken: 0.0 }
    }

    /// Tokens are counted when an answer has gone out.
    pub fn of_tokens(self) -> Window {
        Window { is_of_tokens: true, ..self }
    }

    fn roll(&mut self, now: f64) {
        if now >= self.ends {
            self.taken = 0.0;
            self.ends = match self.clock {
                Some(clock) => ((now + clock) / self.length).floor() * self.length + self.length - clock,
                None => now + self.length,
            };
        }
    }
}

impl Server for Window {
    fn asked(&mut self, now: Duration, _: u64, _: u64) -> Answer {
        let now = now.as_secs_f64();
        self.roll(now);
        let is_accepted = if self.is_of_tokens { self.taken < self.most } else { self.taken + 1.0 <= self.most };
        if is_accepted && !self.is_of_tokens {
            self.taken += 1.0;
        }
        let (what, left) = (if self.is_of_tokens { "tokens" } else { "requests" }, self.ends - now);
        let limits = match self.telling {
            Telling::UntilFull | Telling::UntilFullInSeconds => {
                vec![told(what, self.most, self.most - self.taken, reset(left, self.telling))]
            }
            _ => Vec::new(),
        };
        if is_accepted {
            return Answer::Accepted { limits, delay: Duration::ZERO };
        }
        let wait = match self.telling {
            Telling::Nothing => None,
            Telling::WholeWindow => Some(self.length),
            _ => Some(left.ceil()),
        };
        Answer::Refused { wait: wait.map(Duration::from_secs_f64), is_of_tokens: self.is_of_tokens, limits }
    }

    fn ended(&mut self, now: Duration, tokens: u64) {
        self.roll(now.as_secs_f64());
        if self.is_of_tokens {
            self.taken += tokens as f64;
        }
    }
}

/// No more than so many in any span of this length.
pub struct Sliding {
    most: usize,
    length: f64,
    telling: Telling,
    taken: VecDeque<f64>,
}

impl Sliding {
    pub fn new(most: usize, length: f64, telling: Telling) -> Sliding {
        Sliding { most, length, telling, taken: VecDeque::new() }
    }
}

impl Server for Sliding {
    fn asked(&mut self, now: Duration, _: u64, _: u64) -> Answer {
        let now = now.as_secs_f64();
        while self.taken.front().is_some_and(|taken| *taken + self.length <= now) {
            self.taken.pop_front();
        }
        let is_accepted = self.taken.len() < self.most;
        if is_accepted {
            self.taken.push_back(now);
        }
        let left = self.taken.front().map_or(0.0, |taken| taken + self.length - now);
        let limits = match self.telling {
            Telling::UntilFull | Telling::UntilFullInSeconds => {
                vec![told("requests", self.most as f64, (self.most - self.taken.len()) as f64, reset(left, self.telling))]
            }
            _ => Vec::new(),
        };
        if is_accepted {
            return Answer::Accepted { limits, delay: Duration::ZERO };
        }
        let wait = match self.telling {
            Telling::Nothing => None,
            Telling::WholeWindow => Some(self.length),
            _ => Some(left.ceil()),
        };
        Answer::Refused { wait: wait.map(Duration::from_secs_f64), is_of_tokens: false, limits }
    }
}

/// As nginx's limit_req counts: in milliseconds, and without a word.
pub struct Leaky {
    per_second: f64,
    burst: f64,
    delays: bool,
    excess: f64,
    at: Option<u64>,
}

impl Leaky {
    pub fn new(per_second: f64, burst: f64, delays: bool) -> Leaky {
        Leaky { per_second, burst, delays, excess: 0.0, at: None }
    }
}

impl Server for Leaky {
    fn asked(&mut self, now: Duration, _: u64, _: u64) -> Answer {
        let now = now.as_millis() as u64;
        let excess = match self.at {
            None => 0.0,
            Some(at) => (self.excess - self.per_second * (now - at) as f64 / 1000.0 + 1.0).max(0.0),
        };
        if excess > self.burst {
            return Answer::Refused { wait: None, is_of_tokens: false, limits: Vec::new() };
        }
        (self.excess, self.at) = (excess, Some(now));
        let delay = if self.delays { Duration::from_secs_f64(excess / self.per_second) } else { Duration::ZERO };
        Answer::Accepted { limits: Vec::new(), delay }
    }
}

/// One before the other.
pub struct Both(pub Box<dyn Server>, pub Box<dyn Server>);

impl Server for Both {
    fn asked(&mut self, now: Duration, tokens: u64, most: u64) -> Answer {
        let Answer::Accepted { limits, delay } = self.0.asked(now, tokens, most) else {
            return self.0.asked(now, tokens, most);
        };
        match self.1.asked(now, tokens, most) {
            Answer::Accepted { limits: more, delay: longer } => {
                Answer::Accepted { limits: [limits, more].concat(), delay: delay.max(longer) }
            }
            refused => refused,
        }
    }

    fn ended(&mut self, now: Duration, tokens: u64) {
        self.0.ended(now, tokens);
        self.1.ended(now, tokens);
    }
}

/// Another server after so many seconds.
pub struct Changing(pub f64, pub Box<dyn Server>, pub Box<dyn Server>);

impl Server for Changing {
    fn asked(&mut self, now: Duration, tokens: u64, most: u64) -> Answer {
        let server = if now.as_secs_f64() < self.0 { &mut self.1 } else { &mut self.2 };
        server.asked(now, tokens, most)
    }

    fn ended(&mut self, now: Duration, tokens: u64) {
        let server = if now.as_secs_f64() < self.0 { &mut self.1 } else { &mut self.2 };
        server.ended(now, tokens);
    }
}

/// Without any limit.
pub struct Free;

impl Server for Free {
    fn asked(&mut self, _: Duration, _: u64, _: u64) -> Answer {
        Answer::Accepted { limits: Vec::new(), delay: Duration::ZERO }
    }
}

/// So many at the same time.
pub struct Crowded {
    most: u32,
    is_limit: bool,
    under_way: u32,
}

impl Crowded {
    pub fn new(most: u32, is_limit: bool) -> Crowded {
        Crowded { most, is_limit, under_way: 0 }
    }
}

impl Server for Crowded {
    fn asked(&mut self, _: Duration, _: u64, _: u64) -> Answer {
        if self.under_way >= self.most {
            return Answer::Crowded { is_limit: self.is_limit };
        }
        self.under_way += 1;
        Answer::Accepted { limits: Vec::new(), delay: Duration::ZERO }
    }

    fn ended(&mut self, _: Duration, _: u64) {
        self.under_way -= 1;
    }
}
