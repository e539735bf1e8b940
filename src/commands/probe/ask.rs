//! Asking one request of a probe, as far as requests, time and patience go: a limit is waited for, what hangs is waited for less each
//! next time, and what cannot be recorded is asked all the same.

use std::fs::File;
use std::io::Seek as _;
use std::time::{Duration, Instant};

use super::super::Failure;
use super::super::check::{Checked, check_recording};
use super::super::console::Console;
use super::super::interrupt::{is_stopped, pause};
use super::super::recording;
use super::drive::Ended;
use super::recordings::Recordings;
use crate::diagnosis::Class;
use crate::evidence::Evidence;
use crate::exchange::Caller;
use crate::plan::{Method, Plan};
use crate::resilience::wait;

/// How often a limit is waited for, and how long at most.
const MOST_WAITS: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(65);
const USUAL_WAIT: Duration = Duration::from_secs(5);
/// Of what hangs after others came, so many times the slowest of those is waited for, but at least this long.
const PATIENCE: u32 = 5;
const LEAST_PATIENCE: Duration = Duration::from_secs(10);
/// Where nothing has come yet and more than one request hung.
const PATIENCE_WITH_NOTHING: Duration = Duration::from_secs(20);
/// With less time than this nothing is begun.
const MOMENT: Duration = Duration::from_millis(100);
/// More bytes than any answer to a probe has are not kept.
const LARGEST_RECORDING: u64 = 32 * 1024 * 1024;

pub struct Asker<'a> {
    pub recordings: &'a mut Recordings,
    pub console: &'a Console,
    pub requests: u32,
    pub most_requests: u32,
    /// When the time is over.
    ends: Instant,
    /// As long as the slowest good answer took.
    slowest: Option<Duration>,
    timeouts: u32,
}

/// What came of asking, where limits were waited for.
pub enum Came {
    Answer(Box<Checked>),
    /// No more can be asked; beside it the last of what came, which is a refusal or was cut off.
    Ended(Ended, Option<Box<Checked>>),
}

impl<'a> Asker<'a> {
    pub fn new(recordings: &'a mut Recordings, console: &'a Console, most_requests: u32, most_time: Duration) -> Asker<'a> {
        let now = Instant::now();
        // A time that the clock cannot tell is a day.
        let ends = now.checked_add(most_time).unwrap_or(now + Duration::from_secs(86_400));
        Asker { recordings, console, requests: 0, most_requests, ends, slowest: None, timeouts: 0 }
    }

    /// Why no more can be asked; none where more can be.
    pub fn is_over(&self) -> Option<Ended> {
        match () {
            () if is_stopped() => Some(Ended::Interrupted),
            () if self.left() < MOMENT => Some(Ended::OutOfTime),
            () if self.requests >= self.most_requests => Some(Ended::OutOfRequests),
            () => None,
        }
    }

    /// The time that is left.
    pub fn left(&self) -> Duration {
        self.ends.saturating_duration_since(Instant::now())
    }

    /// One request, again after a wait where the server limits them.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(&mut self, mut caller: Option<&mut Caller>, plan: &Plan, file: &str) -> Result<Came, Failure> {
        let mut waits = 0;
        loop {
            if let Some(ended) = self.is_over() {
                return Ok(Came::Ended(ended, None));
            }
            let checked = self.once(caller.as_deref_mut(), plan, file)?;
            let class = checked.sample.class;
            // What our own end cut off says nothing.
            let is_cut_off = class == Class::Interrupted || class == Class::Timeout && self.left() < MOMENT;
            if let Some(ended) = self.is_over().filter(|_| is_cut_off) {
                return Ok(Came::Ended(ended, Some(Box::new(checked))));
            }
            if class != Class::RateLimit {
                return Ok(Came::Answer(Box::new(checked)));
            }
            let asked_for = wait::asked_for(&Evidence::gather(&checked.transcript));
            let wait = asked_for.map_or(USUAL_WAIT * (waits + 1), |wait| wait.duration);
            if waits == MOST_WAITS || wait > LONGEST_WAIT || wait > self.left() || self.requests >= self.most_requests {
                return Ok(Came::Ended(Ended::Limited, Some(Box::new(checked))));
            }
            waits += 1;
            pause(wait);
        }
    }

    /// One request.
    ///
    /// # Errors
    /// As for [`Asker::ask`].
    pub fn once(&mut self, caller: Option<&mut Caller>, plan: &Plan, file: &str) -> Result<Checked, Failure> {
        self.requests += 1;
        let checked = self.record(caller, &self.bounded(plan), file)?;
        if plan.method == Method::Post {
            let took = checked.sample.total_ms.map(|ms| Duration::from_secs_f64(ms.max(0.0) / 1000.0));
            if checked.sample.class == Class::Timeout {
                self.timeouts += 1;
            } else if !checked.sample.has_failed() {
                self.slowest = self.slowest.max(took);
            }
        }
        Ok(checked)
    }

    fn record(&mut self, mut caller: Option<&mut Caller>, plan: &Plan, file: &str) -> Result<Checked, Failure> {
        let file = self.recordings.file(file)?;
        let before = file.and_then(|mut file: &File| file.stream_position().ok());
        let asked = check_recording(caller.as_deref_mut(), plan, self.requests, None, (file, Some(LARGEST_RECORDING)), self.console);
        let (checked, failure) = match asked {
            Ok((checked, failure)) => (Some(checked), failure),
            Err(failure @ Failure::Internal(_)) if file.is_some() => (None, Some(failure)),
            Err(failure) => return Err(failure),
        };
        if let Some(failure) = failure {
            if let (Some(file), Some(before)) = (file, before) {
                // What cannot be taken back either stays as it is.
                let _ = recording::withdraw(file, before);
            }
            self.recordings.give_up(failure)?;
        }
        match checked {
            Some(checked) => Ok(checked),
            None => check_recording(caller, plan, self.requests, None, (None, None), self.console).map(|(checked, _)| checked),
        }
    }

    /// The plan with no more patience than is left.
    fn bounded(&self, plan: &Plan) -> Plan {
        let patience = match (self.timeouts, self.slowest) {
            (0, _) | (1, None) => None,
            (_, Some(slowest)) => Some((slowest * PATIENCE).max(LEAST_PATIENCE)),
            (_, None) => Some(PATIENCE_WITH_NOTHING),
        };
        let least = |bound: Option<Duration>, other: Option<Duration>| bound.into_iter().chain(other).min();
        let mut plan = plan.clone();
        plan.timeouts.first_byte = least(plan.timeouts.first_byte, patience);
        plan.timeouts.idle = least(plan.timeouts.idle, patience);
        plan.timeouts.total = least(plan.timeouts.total, patience.map(|patience| patience * 2));
        // Whole tenths of a second read better.
        let left = Duration::from_millis((self.left().as_millis() as u64 / 100).max(1) * 100);
        plan.timeouts.total = least(plan.timeouts.total, Some(left));
        plan
    }
}
