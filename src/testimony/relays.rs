//! Relays, application servers: the sender's own words.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] =
    &[pattern("http: wrote more than the declared Content-Length", OverwroteDeclaration, "Go net/http")];
