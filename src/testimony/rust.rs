//! Rust: hyper, reqwest, ureq, rustls.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[pattern("end of file before message length reached", ShortBody, "hyper")];
