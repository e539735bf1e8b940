//! How many requests an endpoint takes at the same time, learned from those that were one too many.

use std::time::Duration;

/// A limit is a plan's, and stays; it is tried again only after so long.
const LIMIT_HOLDS: Duration = Duration::from_secs(600);

#[derive(Clone, Debug, Default)]
pub struct Crowd {
    most: Option<u64>,
    changed: Duration,
    /// Accepted since then, and how many it takes before one more is tried.
    accepted: u64,
    needed: u64,
    not_before: Duration,
}

impl Crowd {
    pub fn is_full(&self, under_way: u64) -> bool {
        self.most.is_some_and(|most| under_way >= most)
    }

    /// One was too many beside those under way.
    pub fn refused(&mut self, sent: Duration, is_limit: bool, under_way: u64, now: Duration) {
        let before = self.most;
        let most = before.unwrap_or(u64::MAX).min(under_way.max(1));
        self.most = Some(most);
        self.accepted = 0;
        // Those that were sent before are of the same crowd.
        if before.is_some() && sent >= self.changed {
            self.needed = (self.needed * 4).max(20);
            if is_limit {
                self.not_before = now + LIMIT_HOLDS;
            }
        } else {
            self.needed = self.needed.max(most);
        }
        self.changed = now;
    }

    pub fn accepted(&mut self, under_way: u64, now: Duration) {
        let Some(most) = &mut self.most else {
            return;
        };
        // What was not used to the full shows nothing.
        self.accepted += u64::from(under_way + 1 >= *most);
        if self.accepted >= self.needed && now >= self.not_before {
            *most += 1;
            self.accepted = 0;
            self.changed = now;
        }
    }
}
