//! What is counted: an item only once its line is on disk.

use std::collections::BTreeMap;

pub use crate::diagnosis::Class;

/// The counts of one run.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Answered in an earlier run.
    pub before: u64,
    pub answered: u64,
    pub failed: u64,
    /// Answered items whose verdict is a warning or a fault of the frame only.
    pub with_remarks: u64,
    /// By code: the class, and how many items ended so.
    pub failures: BTreeMap<&'static str, (Class, u64)>,
    /// Attempts whose failure was recovered from, by code.
    pub recovered: BTreeMap<&'static str, u64>,
    pub attempts: u64,
    pub refusals: u64,
    pub tokens: u64,
}

impl Tally {
    /// One more attempt, whatever came of it.
    pub fn attempted(&mut self, tokens: u64) {
        self.attempts += 1;
        self.tokens += tokens;
    }

    pub fn ended(&self) -> u64 {
        self.before + self.answered + self.failed
    }

    /// The class of most failures, the one of the lowest exit code among equals.
    pub fn worst(&self) -> Option<Class> {
        let mut by_class: BTreeMap<u8, (Class, u64)> = BTreeMap::new();
        for (class, count) in self.failures.values() {
            by_class.entry(class.exit_code()).or_insert((*class, 0)).1 += count;
        }
        let most = by_class.values().map(|(_, count)| *count).max()?;
        by_class.values().find(|(_, count)| *count == most).map(|(class, _)| *class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_counts_with_what_it_cost() {
        let mut tally = Tally::default();
        [10, 0, 5].into_iter().for_each(|tokens| tally.attempted(tokens));
        assert_eq!((tally.attempts, tally.tokens, tally.ended()), (3, 15, 0));
    }

    #[test]
    fn the_class_of_most_failures_names_the_exit_code() {
        let mut tally = Tally::default();
        assert_eq!(tally.worst(), None);
        tally.failures.insert("cut-by-close", (Class::Truncation, 2));
        tally.failures.insert("provider-error", (Class::UpstreamError, 2));
        assert_eq!(tally.worst(), Some(Class::Truncation));
        tally.failures.insert("relay-crashed", (Class::UpstreamError, 1));
        assert_eq!(tally.worst(), Some(Class::UpstreamError));
    }
}
