//! Error logs of nginx, Apache, HAProxy and Caddy.

use super::Symptom::*;
use super::pattern::{Pattern, pattern};

pub(super) const PATTERNS: &[Pattern] =
    &[pattern("upstream prematurely closed connection while reading response header from upstream", BadGateway, "nginx")];
