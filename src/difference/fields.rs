//! The fields of two heads. Those that say something new in each response count by their presence only.

use std::collections::BTreeSet;

use super::{Difference, Part};
use crate::wire::head::Head;

/// Told as framing and coding, or said by each hop for itself.
const ELSEWHERE: [&str; 5] = ["content-length", "transfer-encoding", "content-encoding", "connection", "keep-alive"];

/// `is_of_wire` where the names stand as they were written.
pub(super) fn compare(a: &Head, b: &Head, is_of_wire: bool, difference: &mut Difference) {
    let mut seen = BTreeSet::new();
    for field in a.fields.iter().chain(&b.fields) {
        let name = field.name.to_ascii_lowercase();
        if ELSEWHERE.contains(&name.as_str()) || !seen.insert(name.clone()) {
            continue;
        }
        let (one, other) = (values(a, &name), values(b, &name));
        if is_volatile(&name) && one.is_some() == other.is_some() {
            continue;
        }
        difference.note(Part::Field, &field.name, one, other);
    }
    if is_of_wire {
        difference.note(Part::Field, "(case)", case(a, b), case(b, a));
    }
}

fn values(head: &Head, name: &str) -> Option<String> {
    let values: Vec<&str> = head.all(name).map(|field| field.value.as_str()).collect();
    (!values.is_empty()).then(|| values.join(", "))
}

/// The first name that both have and write differently, as the first one writes it.
fn case(head: &Head, other: &Head) -> Option<String> {
    let differs = |name: &str| {
        let theirs = other.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
        theirs.is_some_and(|field| field.name != name)
    };
    // Of several the least, so that both sides name the same one.
    head.fields
        .iter()
        .map(|field| field.name.as_str())
        .filter(|name| differs(name))
        .min_by_key(|name| name.to_ascii_lowercase())
        .map(str::to_string)
}

/// What has another value in each response: times, ids, counters, digests.
pub(super) fn is_volatile(name: &str) -> bool {
    const NAMES: [&str; 17] = [
        "age",
        "cf-ray",
        "content-digest",
        "content-md5",
        "date",
        "digest",
        "etag",
        "expires",
        "last-modified",
        "nel",
        "report-to",
        "repr-digest",
        "server-timing",
        "set-cookie",
        "traceparent",
        "x-served-by",
        "x-timer",
    ];
    const ENDS: [&str; 13] =
        ["-id", "-ids", "-ms", "-time", "-duration", "-latency", "-cost", "-trace", "-timestamp", "-runtime", "-spend", "-reset", "-hits"];
    let is_count = ["remaining", "reset", "used"].iter().any(|word| name.contains(word));
    let is_limit = name.contains("ratelimit") || name.contains("rate-limit") || name == "retry-after";
    NAMES.contains(&name)
        || ENDS.iter().any(|end| name.ends_with(end))
        || is_limit && (is_count || name == "retry-after")
        || name.contains("request-id")
        || name.contains("trace-id")
}
