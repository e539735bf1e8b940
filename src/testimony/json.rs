//! What JSON parsers say of what they were given.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[pattern("Expecting value: line 1 column 1 (char 0)", JsonAbsent, "Python json")];
