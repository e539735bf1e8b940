//! What came of the question of a run, whether one exchange answered it or several did, and the report of that.

use super::asking::{Asking, Outcome};
use super::going_on::Answered;
use crate::evidence::Evidence;
use crate::report::model::{Part, Report};
use crate::resilience::join::Joined;
use crate::resilience::recovery::Reason;

pub struct Told {
    /// The exchange that is reported.
    pub outcome: Outcome,
    /// The answer, where it is of several exchanges.
    pub joined: Option<Joined>,
    pub parts: Vec<Part>,
    /// Parts that were not asked for, and why.
    pub unasked: Option<(usize, Reason)>,
    /// The answer is on stdout, as far as it came.
    pub is_shown: bool,
}

impl Told {
    /// A question that was asked as one.
    pub fn of_one(answered: Answered) -> Told {
        let Answered { outcome, joined, is_of_several, printed, .. } = answered;
        Told { outcome, joined: is_of_several.then_some(joined), parts: Vec::new(), unasked: None, is_shown: printed.is_some() }
    }

    pub fn is_of_several(&self) -> bool {
        self.joined.is_some()
    }

    pub fn report(&self, asking: &Asking<'_>) -> Report {
        let outcome = &self.outcome;
        let evidence = Evidence::gather(&outcome.attempted.transcript);
        // An answer out of the cache that is all there is tells of its own exchange, as it was.
        let is_earlier = self.joined.is_none() && outcome.cached.is_some();
        let attempts = if is_earlier { asking.attempts.clone() } else { asking.attempts_now() };
        let mut report = Report::new(&evidence, &outcome.diagnosis, attempts, asking.console.lang);
        report.parts.clone_from(&self.parts);
        if let Some(joined) = &self.joined {
            report.join(joined.clone(), outcome.is_answered() && self.unasked.is_none());
        }
        report.cached = outcome.cached.clone().filter(|_| asking.cached.len() == asking.attempts.len());
        let bound = self.unasked.as_ref().map(|(_, reason)| reason).filter(|reason| **reason != Reason::Over);
        report.tell_stop(bound.unwrap_or(&outcome.reason));
        report
    }
}
