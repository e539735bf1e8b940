//! What to do after a failure, by its cause: which remedy helps, in which order, how long to wait first, what it may cost.

pub mod backoff;
pub mod circuit;
pub mod cost;
pub mod recovery;
pub mod remedy;
pub mod wait;

#[cfg(test)]
mod recorded;
