//! From the events of a recording to a transcript. Reading what a server sent cannot fail: malformed input is data, and every
//! fact comes with its place in the bytes. What is remembered is bounded, whatever the server sends; what is counted is exact.

pub mod arrivals;
pub mod calls;
pub mod coding;
pub mod content;
pub mod digest;
pub mod framing;
pub mod head;
pub mod json;
pub mod kept;
pub mod lines;
pub mod reader;
pub mod salvage;
pub mod sse;
pub mod stream;
pub mod transcript;
