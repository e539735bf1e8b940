//! Many requests from a file: each asked of the endpoint that can take it soonest, paced by what the limits let through, and written down
//! before it is counted, so that a run that was killed goes on where it stopped.
//!
//! In the order in which an item passes: `input` (lines become items), `board` (which item is next, and for whom), `pool` (which endpoint,
//! and when), `worker` (the exchange, its diagnosis, and what follows from it), `line` (an item's outcome as JSON), `output` (on disk),
//! `tally` (what is counted).

mod board;
mod input;
mod line;
mod output;
mod pool;
mod tally;
mod worker;

pub use board::{Board, Ended};
pub use input::{Checked, Form, Input, Item};
pub use line::{UNJOINED, UNJOINED_EXPLAINED, UNJOINED_TITLE};
pub use output::{Done, Found, Output, Unfit};
pub use pool::{Endpoint, Pool, Prefer, Price, Rest};
pub use tally::{Class, Tally};
pub use worker::{Shared, work};
