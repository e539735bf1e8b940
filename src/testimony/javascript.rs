//! Node.js, undici, node-fetch, axios, openai-node, browsers.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[pattern("socket hang up", ClosedBeforeResponse, "Node http")];
