//! Finding a cause by experiment: the same request varied in one thing after another, until what makes it fail is known.
//!
//! `stage` is the way to the endpoint; `factor` what can be varied, `request` how it is asked for, `belief` what the observations tell,
//! `experiment` what is asked next and when enough is known, `fault` what an answer counts for, `middle` who stands in the way of failures, `words` how that is told.

pub mod belief;
pub mod experiment;
pub mod factor;
pub mod fault;
pub mod middle;
pub mod request;
pub mod stage;
pub mod words;
