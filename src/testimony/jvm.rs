//! Java: JDK HttpClient, HttpURLConnection, OkHttp, Apache HttpClient.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] =
    &[pattern("fixed content-length: {declared}, bytes received: {received}", ShortBody, "JDK HttpClient")];
