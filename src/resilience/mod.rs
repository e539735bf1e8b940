//! What to do after a failure, by its cause: whether to try again, and how long to wait first.

pub mod backoff;
pub mod join;
pub mod policy;
pub mod split;
