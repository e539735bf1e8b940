//! The monitor's rules in a second, simpler reading, which shares no line with the program: which alerts open and close at which check.
#![cfg(unix)]

use std::collections::BTreeMap;

use crate::monitor::Line;

/// What the rules make of a target's checks, the usual settings given: in a window of 20, two failures are the fewest of which Wilson's
/// interval excludes a rate of 2 %, in any number of checks from 3 to 20; a class that alerts does so at once; 5 fine ones close it.
/// A check is whether it failed, and whether of the key.
pub fn expected(checks: &[(bool, bool)]) -> Vec<String> {
    let (mut told, mut window, mut fine) = (Vec::new(), Vec::new(), 0);
    let (mut rate_is_open, mut key_is_open, mut fine_keys) = (false, false, 0);
    for (place, &(has_failed, is_key)) in checks.iter().enumerate() {
        let seq = place + 1;
        fine_keys = if is_key { 0 } else { fine_keys + 1 };
        if is_key && !key_is_open {
            told.push(format!("{seq} +class:auth"));
            key_is_open = true;
        } else if key_is_open && fine_keys == 5 {
            told.push(format!("{seq} -class:auth"));
            key_is_open = false;
        }
        window.push(has_failed);
        let recent = &window[window.len().saturating_sub(20)..];
        fine = if has_failed { 0 } else { fine + 1 };
        if !rate_is_open && has_failed && recent.len() >= 3 && recent.iter().filter(|failed| **failed).count() >= 2 {
            told.push(format!("{seq} +error-rate"));
            rate_is_open = true;
        } else if rate_is_open && fine == 5 {
            told.push(format!("{seq} -error-rate"));
            rate_is_open = false;
            window.clear();
        }
    }
    told
}

pub fn told(lines: &[Line]) -> Vec<String> {
    let of = |seq: u64, sign, rules: &[String]| rules.iter().map(|rule| format!("{seq} {sign}{rule}")).collect::<Vec<_>>();
    let mut told: Vec<(u64, String)> = Vec::new();
    for line in lines {
        told.extend([of(line.seq, '+', &line.opened), of(line.seq, '-', &line.closed)].concat().into_iter().map(|words| (line.seq, words)));
    }
    // Two rules may change with one check, in whichever order.
    told.sort_by(|a, b| (a.0, &a.1[1..]).cmp(&(b.0, &b.1[1..])));
    told.into_iter().map(|(_, words)| words).collect()
}

pub fn sorted(mut told: Vec<String>) -> Vec<String> {
    let key = |words: &str| {
        let (seq, rule) = words.split_once(' ').unwrap();
        (seq.parse::<u64>().unwrap(), rule.to_string())
    };
    told.sort_by_key(|words| key(words));
    told
}

pub fn by_target(lines: Vec<Line>) -> BTreeMap<String, Vec<Line>> {
    let mut by_target: BTreeMap<String, Vec<Line>> = BTreeMap::new();
    for line in lines {
        by_target.entry(line.target.clone()).or_default().push(line);
    }
    by_target
}
