//! Whether another attempt makes sense: by cause, within the number of attempts and the time that the user allows.

use std::time::{Duration, SystemTime};

use super::backoff::Backoff;
use crate::api::error::ApiError;
use crate::api::limits::{Wait, asked_wait};
use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;

/// A server that asks for more than this wants to be asked another day.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(120);

/// What the user allows.
#[derive(Clone, Copy, Debug)]
pub struct Policy {
    /// Attempts after the first.
    pub retries: u32,
    pub backoff: Backoff,
    /// Bound on all attempts and waits together.
    pub max_time: Option<Duration>,
}

/// What to do now.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Retry {
        wait: Duration,
        /// The field or text that asked for it; none for our own backoff.
        source: Option<String>,
    },
    Stop(Reason),
}

/// Why there is no other attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Reason {
    /// It succeeded, or the user stopped it.
    Over,
    /// No attempts are left.
    Exhausted,
    /// The same request would fail again.
    Useless,
    /// Text is on stdout already; a second answer would double it.
    Printed,
    /// The server asks for a longer wait than anyone sits through.
    AskedTooLong(Wait),
    /// The next attempt would begin after the bound on all of them.
    OutOfTime,
}

impl Policy {
    /// Decides after attempt number `attempt`, from 1, that ended `elapsed` after the first began. `jitter` is drawn evenly from 0 to 1.
    pub fn decide(
        &self,
        evidence: &Evidence<'_>,
        diagnosis: &Diagnosis,
        attempt: u32,
        elapsed: Duration,
        has_printed: bool,
        jitter: f64,
    ) -> Decision {
        use crate::diagnosis::Class;
        if diagnosis.is_healthy() || diagnosis.verdict.entry.class == Class::Interrupted {
            return Decision::Stop(Reason::Over);
        }
        if !diagnosis.verdict.retryable {
            return Decision::Stop(if self.retries == 0 { Reason::Over } else { Reason::Useless });
        }
        if attempt > self.retries {
            return Decision::Stop(if self.retries == 0 { Reason::Over } else { Reason::Exhausted });
        }
        if has_printed {
            return Decision::Stop(Reason::Printed);
        }
        let asked = wait_asked_for(evidence);
        if let Some(wait) = asked.as_ref().filter(|wait| wait.duration > LONGEST_ASKED_WAIT) {
            return Decision::Stop(Reason::AskedTooLong(wait.clone()));
        }
        let wait = asked.as_ref().map_or_else(|| self.backoff.wait(attempt - 1, jitter), |wait| wait.duration);
        if self.max_time.is_some_and(|bound| elapsed + wait > bound) {
            return Decision::Stop(Reason::OutOfTime);
        }
        Decision::Retry { wait, source: asked.map(|wait| wait.source) }
    }
}

/// The response's own date, or when we asked: what times in its fields are measured from.
pub fn clock_of(evidence: &Evidence<'_>) -> Option<SystemTime> {
    let date = evidence.field("date").and_then(|date| httpdate::parse_http_date(date).ok());
    date.or_else(|| evidence.asked().started.parse::<jiff::Timestamp>().ok().map(SystemTime::from))
}

/// The wait that the response asks for.
pub fn wait_asked_for(evidence: &Evidence<'_>) -> Option<Wait> {
    let words = evidence.error.as_ref().map_or_else(String::new, ApiError::words_of_wait);
    asked_wait(|name| evidence.field(name).map(str::to_string), &words, clock_of(evidence)?)
}
