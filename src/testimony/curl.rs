//! curl's messages.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[
    pattern("transfer closed with {missing} bytes remaining to read", ShortBody, "curl"),
    pattern("end of response with {missing} bytes missing", ShortBody, "curl"),
    pattern("transfer closed with outstanding read data remaining", ChunksWithoutEnd, "curl"),
    pattern("Empty reply from server", ClosedBeforeResponse, "curl"),
];
