//! Python: httpx, requests, urllib3, aiohttp, http.client, openai.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] = &[
    pattern("(received {received} bytes, expected {declared})", ShortBody, "httpx"),
    pattern("(incomplete chunked read)", ChunksWithoutEnd, "httpx"),
    pattern("openai.APIConnectionError", Opaque, "openai-python"),
];
