//! What to do after a failure, by its cause: which remedy helps, in which order, how long to wait first, what it may cost; and how to ask
//! so that less fails: at which pace, in which parts.

pub mod backoff;
pub mod circuit;
pub mod cost;
pub mod join;
pub mod pace;
pub mod recovery;
pub mod remedy;
pub mod split;
pub mod wait;

#[cfg(test)]
mod recorded;
