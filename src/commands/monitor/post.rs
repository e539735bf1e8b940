//! One target and its thread: when the next check begins, and what is told of it. Checks of a target never overlap.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::super::Failure;
use super::super::check::{Checked, check};
use super::super::console::Console;
use super::super::interrupt::is_stopped;
use super::super::target::Target;
use super::alerts::Told;
use super::desk::{Desk, Taken};
use super::{lock, words};
use crate::cli::MonitorArgs;
use crate::diagnosis::Class;
use crate::evidence::Evidence;
use crate::monitor::log::time;
use crate::monitor::{Change, Event};
use crate::report::model::{Attempt, Report};
use crate::secret::Mask;

/// What a target's thread tells the one that shows it.
pub enum Happened {
    Checked { place: usize, taken: Taken, at: i64, reports: Vec<Told> },
    Failed(Failure),
}

/// One target and its thread.
pub struct Post<'a> {
    pub place: usize,
    pub target: &'a Target,
    pub args: &'a MonitorArgs,
    pub console: &'a Console,
    pub desk: &'a Mutex<Desk>,
    pub is_over: &'a AtomicBool,
    pub told: mpsc::Sender<Happened>,
}

impl Post<'_> {
    /// Checks until it is over: the next check begins an interval after the last one began, or when that has ended.
    pub fn keep(self) {
        let began = Instant::now();
        let last = self.args.lasting.and_then(|bound| began.checked_add(bound));
        let mut next = began;
        for number in 0.. {
            let is_enough = self.args.count.is_some_and(|count| number >= count) || last.is_some_and(|last| next > last);
            // A check that took long may have used up the time.
            if is_enough || !self.wait_until(next) || last.is_some_and(|last| Instant::now() > last) {
                return;
            }
            next = Instant::now() + jittered(self.args.interval, self.args.jitter);
            match self.check() {
                Ok(Some(happened)) => drop(self.told.send(happened)),
                Ok(None) => return,
                Err(failure) => {
                    self.is_over.store(true, Ordering::Relaxed);
                    let _ = self.told.send(Happened::Failed(failure));
                    return;
                }
            }
        }
    }

    /// Whether the time came before the end.
    fn wait_until(&self, next: Instant) -> bool {
        const SLICE: Duration = Duration::from_millis(50);
        loop {
            if is_stopped() || self.is_over.load(Ordering::Relaxed) {
                return false;
            }
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return true;
            }
            thread::sleep(left.min(SLICE));
        }
    }

    /// None where Ctrl-C has ended it: that is no check of the target.
    fn check(&self) -> Result<Option<Happened>, Failure> {
        let at = jiff::Timestamp::now().as_millisecond();
        let checked = check(&self.target.plan, 1, None, None, self.console)?;
        if checked.sample.class == Class::Interrupted {
            return Ok(None);
        }
        let taken = lock(self.desk).take(self.place, at, &checked.sample)?;
        let reports = match &self.args.on_alert {
            Some(_) => taken.events.iter().map(|event| self.report(event, &checked, at)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        Ok(Some(Happened::Checked { place: self.place, taken, at, reports }))
    }

    fn report(&self, event: &Event, checked: &Checked, at: i64) -> Result<Told, Failure> {
        let (target, lang) = (&self.target.name, self.console.lang);
        let evidence = Evidence::gather(&checked.transcript);
        let report = Report::new(&evidence, &checked.diagnosis, vec![Attempt::of(&evidence, &checked.diagnosis)], lang);
        let message = words::of_event(event, target, checked.sample.code, at, lang);
        let alert = Alert::new(event, target, at, &message, report);
        let json = serde_json::to_string(&alert).map_err(|error| Failure::Internal(error.into()))? + "\n";
        // Under a content coding a key may come that the mask on the wire cannot see.
        let json = Mask::of_responses(&self.target.plan.secrets).cover_text(&json).into_owned();
        let variables = [
            ("LLMCHECK_EVENT", alert.event.to_string()),
            ("LLMCHECK_TARGET", target.clone()),
            ("LLMCHECK_ALERT", event.rule.name()),
            ("LLMCHECK_MESSAGE", message.clone()),
        ];
        Ok(Told { json, variables })
    }
}

/// An event as programs are told of it, `llmcheck.alert/1`, a contract: keys are only ever added.
#[derive(Serialize)]
struct Alert<'a> {
    schema: &'static str,
    event: &'static str,
    /// When the check began that decided.
    time: String,
    target: &'a str,
    rule: String,
    /// Seconds, or the share of all checks.
    value: f64,
    bound: Option<f64>,
    checks: u64,
    broken: u64,
    /// When the alert opened.
    since: String,
    message: &'a str,
    report: Report,
}

impl<'a> Alert<'a> {
    fn new(event: &Event, target: &'a str, at: i64, message: &'a str, report: Report) -> Alert<'a> {
        let per_unit = if event.rule.is_of_time() { 1000.0 } else { 1.0 };
        Alert {
            schema: "llmcheck.alert/1",
            event: match event.change {
                Change::Opened => "alert",
                Change::Closed => "recovered",
            },
            time: time(at),
            target,
            rule: event.rule.name(),
            value: event.value / per_unit,
            bound: event.rule.bound().map(|bound| bound / per_unit),
            checks: event.checks,
            broken: event.broken,
            since: time(event.since),
            message,
            report,
        }
    }
}

fn jittered(interval: Duration, jitter: f64) -> Duration {
    let factor = 1.0 + jitter * (2.0 * fastrand::f64() - 1.0);
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor).unwrap_or(interval)
}
