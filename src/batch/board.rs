//! What is to be done next: items that wait for another attempt, then the lines of the input; each with the endpoint that may be asked now.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::input::{Form, Input, Item, Line};
use super::output::Done;
use super::pool::{Choice, Pool};
use crate::resilience::pace::Ticket;
use crate::resilience::recovery::Recovery;

/// An item on its way.
pub struct Job {
    pub item: Item,
    pub attempts: u32,
    /// How often a limit sent it away.
    pub refusals: u32,
    /// Once it has failed: which remedies are left.
    pub recovery: Option<Recovery>,
    /// The endpoint that a remedy leads to.
    pub bound: Option<usize>,
}

/// Why there is no other job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every item has come to its end.
    Done,
    /// The user stopped it.
    Stopped,
    /// It has lasted as long as it may.
    OutOfTime,
    /// It has cost as many tokens as it may.
    OutOfTokens,
    /// Every endpoint fails for a reason that stays.
    Hopeless(&'static str),
    /// llmcheck could not do its part.
    Failed(String),
}

struct Later {
    at: Duration,
    job: Job,
}

impl PartialEq for Later {
    fn eq(&self, other: &Later) -> bool {
        self.at == other.at
    }
}
impl Eq for Later {}
impl PartialOrd for Later {
    fn partial_cmp(&self, other: &Later) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Later {
    /// The earliest is the greatest, so that the heap gives it first.
    fn cmp(&self, other: &Later) -> Ordering {
        other.at.cmp(&self.at).then(other.job.item.line.cmp(&self.job.item.line))
    }
}

/// What is to be done next.
enum Next {
    /// One that was read before.
    Job(Box<Job>),
    Line(Line),
}

struct State {
    input: Option<Input>,
    later: BinaryHeap<Later>,
    /// Read already, and waiting for an endpoint.
    ready: VecDeque<Job>,
    under_way: usize,
    pool: Pool,
    ended: Option<Ended>,
    waiting: usize,
    /// The moment for which one of them waits; the others wait until it is over.
    alarm: Option<Duration>,
}

/// The board that all workers share.
pub struct Board {
    state: Mutex<State>,
    changed: Condvar,
    form: Arc<Form>,
    done: Done,
    began: Instant,
    most_later: usize,
}

/// The longest wait between two looks at the stop flag.
const SLICE: Duration = Duration::from_millis(50);
/// Until an item is looked at again whose endpoint must answer something else first.
const SHORTLY: Duration = Duration::from_millis(5);

impl Board {
    /// Times count from `began`. With so many workers only so many items wait for another attempt before lines are left unread.
    pub fn new(input: Input, done: Done, pool: Pool, began: Instant, workers: usize) -> Board {
        let form = input.form();
        let state = State {
            input: Some(input),
            later: BinaryHeap::new(),
            ready: VecDeque::new(),
            under_way: 0,
            pool,
            ended: None,
            waiting: 0,
            alarm: None,
        };
        Board { state: Mutex::new(state), changed: Condvar::new(), form, done, began, most_later: 4 * workers + 64 }
    }

    pub fn now(&self) -> Duration {
        self.began.elapsed()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next job, its endpoint and the leave for it, as soon as all are there; none when there will be no other. `stop` says why none
    /// is to begin.
    pub fn take(&self, stop: impl Fn(Duration) -> Option<Ended>) -> Option<(Job, usize, Ticket)> {
        let mut state = self.lock();
        loop {
            if state.ended.is_none() {
                state.ended = stop(self.now());
            }
            if state.ended.is_some() {
                self.changed.notify_all();
                return None;
            }
            let now = self.now();
            let next = match state.next(now, self.most_later) {
                Ok(Some(Next::Line(line))) => {
                    // What is read outside of the lock counts as under way: the run is not over while it is.
                    state.under_way += 1;
                    drop(state);
                    let read = self.job_of(&line);
                    state = self.lock();
                    state.under_way -= 1;
                    match read {
                        Ok(None) => continue,
                        read => read,
                    }
                }
                Ok(Some(Next::Job(job))) => Ok(Some(*job)),
                Ok(None) => Ok(None),
                Err(error) => Err(error),
            };
            let wait = match next {
                Ok(Some(job)) => match state.pool.choose(&job.item, job.bound, now) {
                    Choice::Send(index, ticket) => {
                        state.under_way += 1;
                        // Whoever waits next sets the alarm anew.
                        if state.waiting > 0 && state.alarm.is_none() {
                            self.changed.notify_one();
                        }
                        return Some((job, index, ticket));
                    }
                    // It must not keep others from endpoints that are free.
                    choice if job.bound.is_some() => {
                        let at = if let Choice::NotBefore(at) = choice { at } else { now + SHORTLY };
                        state.later.push(Later { at: at.max(now + SHORTLY), job });
                        continue;
                    }
                    Choice::NotBefore(at) => {
                        state.ready.push_front(job);
                        at.saturating_sub(now)
                    }
                    Choice::AfterAnAnswer => {
                        state.ready.push_front(job);
                        SLICE
                    }
                },
                Ok(None) if state.under_way == 0 && state.later.is_empty() => {
                    state.ended = Some(Ended::Done);
                    continue;
                }
                Ok(None) => state.later.peek().map_or(SLICE, |later| later.at.saturating_sub(now)),
                Err(error) => {
                    state.ended = Some(Ended::Failed(format!("{error:#}")));
                    continue;
                }
            };
            let alarm = now + wait.clamp(Duration::from_micros(50), SLICE);
            let is_first = state.alarm.is_none_or(|known| alarm < known);
            if is_first {
                state.alarm = Some(alarm);
            }
            let wait = if is_first { alarm.saturating_sub(now) } else { SLICE };
            state.waiting += 1;
            let (woken, _) = self.changed.wait_timeout(state, wait).unwrap_or_else(PoisonError::into_inner);
            state = woken;
            state.waiting -= 1;
            if is_first && state.alarm == Some(alarm) {
                state.alarm = None;
            }
        }
    }

    /// The line's item, unless an earlier run has answered it.
    fn job_of(&self, line: &Line) -> Result<Option<Job>> {
        let item = self.form.item(line)?;
        let is_done = self.done.has(&item.custom_id, &item.body)?;
        Ok((!is_done).then_some(Job { item, attempts: 0, refusals: 0, recovery: None, bound: None }))
    }

    /// A job that was taken has come to its end, or waits for another attempt.
    pub fn put(&self, again: Option<(Job, Duration)>, report: impl FnOnce(&mut Pool, Duration)) {
        let now = self.now();
        let mut state = self.lock();
        report(&mut state.pool, now);
        state.under_way -= 1;
        if let Some((job, wait)) = again {
            state.later.push(Later { at: now + wait, job });
        }
        if let Some(code) = state.pool.is_hopeless() {
            state.ended.get_or_insert(Ended::Hopeless(code));
        }
        if state.waiting > 0 {
            self.changed.notify_one();
        }
    }

    /// Waits until a request that has leave may be written, and says from when on it did and until when.
    pub fn depart(&self, index: usize, ticket: Ticket, abort: &AtomicBool) -> Range<Duration> {
        let began = self.now();
        loop {
            let now = self.now();
            let later = self.lock().pool.pace(index).depart(ticket, now);
            let Some(at) = later.filter(|_| !abort.load(Relaxed)) else {
                return began..now;
            };
            std::thread::sleep(at.saturating_sub(now).min(SLICE));
        }
    }

    /// It was written.
    pub fn sent(&self, index: usize, ticket: Ticket) {
        let now = self.now();
        self.lock().pool.pace(index).sent(ticket, now);
    }

    /// Its answer begins; it departed then.
    pub fn heard(&self, index: usize, ticket: Ticket, departed: Duration) {
        let now = self.now();
        self.lock().pool.pace(index).heard(ticket, departed, now);
    }

    /// Looks at the endpoints.
    pub fn with_pool<T>(&self, look: impl FnOnce(&Pool) -> T) -> T {
        look(&self.lock().pool)
    }

    /// Ends the run for a reason of our own.
    pub fn fail(&self, reason: String) {
        self.lock().ended.get_or_insert(Ended::Failed(reason));
        self.changed.notify_all();
    }

    pub fn ended(&self) -> Option<Ended> {
        self.lock().ended.clone()
    }
}

impl State {
    fn next(&mut self, now: Duration, most_later: usize) -> Result<Option<Next>> {
        if self.later.peek().is_some_and(|later| later.at <= now)
            && let Some(later) = self.later.pop()
        {
            return Ok(Some(Next::Job(Box::new(later.job))));
        }
        if let Some(ready) = self.ready.pop_front() {
            return Ok(Some(Next::Job(Box::new(ready))));
        }
        let Some(input) = self.input.as_mut().filter(|_| self.later.len() < most_later) else {
            return Ok(None);
        };
        let line = input.line()?;
        if line.is_none() {
            self.input = None;
        }
        Ok(line.map(Next::Line))
    }
}
