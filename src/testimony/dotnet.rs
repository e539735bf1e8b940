//! .NET: HttpClient and Kestrel.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] =
    &[pattern("The response ended prematurely, with at least {missing} additional bytes expected", ShortBody, ".NET HttpClient")];
