//! The wait that a response asks for.

use std::time::{Duration, SystemTime};

use crate::api::error::ApiError;
use crate::api::limits::{Wait, asked_wait};
use crate::evidence::Evidence;

/// A server that asks for more than this wants to be asked another day.
pub const LONGEST: Duration = Duration::from_secs(120);

/// The response's own date, or when we asked: what times in its fields are measured from.
pub fn clock_of(evidence: &Evidence<'_>) -> Option<SystemTime> {
    let date = evidence.field("date").and_then(|date| httpdate::parse_http_date(date).ok());
    date.or_else(|| evidence.asked().started.parse::<jiff::Timestamp>().ok().map(SystemTime::from))
}

/// The wait that the response asks for.
pub fn asked_for(evidence: &Evidence<'_>) -> Option<Wait> {
    let words = evidence.error.as_ref().map_or_else(String::new, ApiError::words_of_wait);
    asked_wait(|name| evidence.field(name).map(str::to_string), &words, clock_of(evidence)?)
}
