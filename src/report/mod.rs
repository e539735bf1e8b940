//! What is told of a run: one model, which knows nothing of printing, and printers that only read it.

mod compose;
pub mod curl;
pub mod difference;
pub mod draft;
mod excerpt;
mod facts;
pub mod file;
pub mod html;
pub mod human;
mod joined;
pub mod limits;
pub mod markdown;
pub mod model;
mod piece;
pub mod pieces;
pub mod sanitize;
mod terms;
mod tried;
pub mod words;

pub use file::write;

#[cfg(test)]
mod tests;
