//! Go's net/http and the relays written with it.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[pattern("no such host", NameNotFound, "Go")];
