//! Watching endpoints: which checks count, when an alert opens and when it closes, and how both are written down for people's other tools.
//! Time comes in as numbers; what sends requests, writes files or serves metrics is in `commands`.
//!
//! In the order in which a check passes: `threshold` (whether it broke a bound), `window` (the checks that count together), `watch` (alerts
//! that open and close), `log` (its line, and what the lines of an earlier run tell), `metrics` (what Prometheus scrapes).

pub mod log;
pub mod metrics;
pub mod threshold;
pub mod watch;
pub mod window;

pub use log::{Line, Memory};
pub use metrics::Meter;
pub use threshold::{Rule, Seen};
pub use watch::{Change, Event, Hysteresis, Watch};
pub use window::{Mark, Span, Window};
