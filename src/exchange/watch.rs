//! The clock of one exchange: which bound applies now, and whether it has passed. Every wait is cut into short slices,
//! so that Ctrl-C is noticed soon without a signal having to interrupt a system call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::Next;
use super::recording::How;
use crate::plan::Timeouts;

/// The longest time between two looks at the stop flag.
const SLICE: Duration = Duration::from_millis(100);
/// How long to wait for surplus after a complete message. An honest server closes at once, as we ask it to.
const LINGER: Duration = Duration::from_millis(250);
/// The same when surplus keeps coming.
const LONGEST_LINGER: Duration = Duration::from_secs(2);
/// How long a whole content may be silent before its missing end is taken as missing.
const SETTLE: Duration = Duration::from_secs(10);

pub(super) struct Watch {
    started: Instant,
    timeouts: Timeouts,
    stop: &'static AtomicBool,
    phase: Phase,
}

enum Phase {
    Connecting,
    /// The request is on its way; no response byte yet.
    Asking {
        since: Instant,
    },
    Receiving {
        last: Instant,
        next: Next,
        lingering_since: Option<Instant>,
    },
}

impl Watch {
    pub fn start(timeouts: Timeouts, stop: &'static AtomicBool) -> Watch {
        Watch { started: Instant::now(), timeouts, stop, phase: Phase::Connecting }
    }

    /// Microseconds since the start.
    pub fn now(&self) -> u64 {
        self.started.elapsed().as_micros() as u64
    }

    /// Name, TCP, proxy and TLS are done: the request can go.
    pub fn connected(&mut self) {
        self.phase = Phase::Asking { since: Instant::now() };
    }

    /// Bytes came, and the listener said what it expects now.
    pub fn received(&mut self, next: Next) {
        // What a proxy says on the way is still connecting.
        if matches!(self.phase, Phase::Connecting) {
            return;
        }
        let now = Instant::now();
        let lingering_since = match (&self.phase, next) {
            (Phase::Receiving { lingering_since: Some(since), .. }, Next::Linger | Next::Keep) => Some(*since),
            (_, Next::Linger | Next::Keep) => Some(now),
            _ => None,
        };
        self.phase = Phase::Receiving { last: now, next, lingering_since };
    }

    /// How the exchange ends now, if it must; otherwise how long to wait before asking again.
    pub fn check(&self) -> Result<Duration, How> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(How::Cancelled);
        }
        let now = Instant::now();
        let mut remaining = SLICE;
        for (bound, how) in self.bounds() {
            match bound.checked_duration_since(now) {
                Some(left) if !left.is_zero() => remaining = remaining.min(left),
                _ => return Err(how),
            }
        }
        // A socket timeout of less than a millisecond may be rounded to zero, which means «for ever».
        Ok(remaining.max(Duration::from_millis(1)))
    }

    /// What is left of the time to connect, for calls that cannot be cut into slices.
    pub fn left_to_connect(&self) -> Duration {
        let now = Instant::now();
        self.bounds().map(|(bound, _)| bound.saturating_duration_since(now)).min().unwrap_or(Duration::from_secs(3600))
    }

    fn bounds(&self) -> impl Iterator<Item = (Instant, How)> {
        let (first, second) = match self.phase {
            Phase::Connecting => (self.timeouts.connect.map(|bound| (self.started + bound, How::NoConnectionInTime)), None),
            Phase::Asking { since } => (self.timeouts.first_byte.map(|bound| (since + bound, How::FirstByteTimeout)), None),
            Phase::Receiving { last, next, lingering_since } => match next {
                Next::Linger | Next::Keep => {
                    (Some((last + LINGER, How::Idle)), lingering_since.map(|since| (since + LONGEST_LINGER, How::Idle)))
                }
                Next::Settle => (Some((last + self.timeouts.idle.map_or(SETTLE, |idle| idle.min(SETTLE)), How::Idle)), None),
                Next::More | Next::Stop => (self.timeouts.idle.map(|bound| (last + bound, How::Idle)), None),
            },
        };
        let total = self.timeouts.total.map(|bound| (self.started + bound, How::Deadline));
        [first, second, total].into_iter().flatten()
    }
}
