//! What is told of a run: one model, which knows nothing of printing, and printers that only read it.

mod excerpt;
pub mod human;
pub mod model;
pub mod sanitize;
mod words;
