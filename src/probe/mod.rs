//! Finding a cause by experiment: the same request varied in one thing after another, until what makes it fail is known.
//!
//! `factor` is what can be varied, `belief` what the observations tell, `experiment` what is asked next and when enough is known.

pub mod belief;
pub mod experiment;
pub mod factor;
