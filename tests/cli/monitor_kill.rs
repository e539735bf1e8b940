//! A monitor killed at any moment and started again on one log: no line is lost, doubled or half written, and alerts open and close as if
//! it had never been killed.
#![cfg(unix)]

use std::fs;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::monitor::{Line, Monitor, failure, lines, refusal};
use crate::monitor_rules::{by_target, expected, sorted, told};
use crate::program::{finish, signal};
use crate::relay::Relay;
use crate::server::good;

/// What an endpoint did to each request, and when that came, in milliseconds since 1970.
type Faults = Arc<Mutex<Vec<(i64, char)>>>;

fn now() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// An endpoint that fails for a while now and then, by this seed.
fn faulty(seed: u64) -> (Relay, Faults) {
    let (faults, random): (Faults, _) = (Arc::default(), Mutex::new((fastrand::Rng::with_seed(seed), '.', 0)));
    let own = faults.clone();
    let relay = Relay::replying(move |_| {
        let arrived = now();
        let mut state = random.lock().unwrap();
        if state.2 == 0 {
            let kinds = ['.', '.', '.', 'x', 'a'];
            state.1 = kinds[state.0.usize(..kinds.len())];
            state.2 = state.0.u32(1..25);
        }
        state.2 -= 1;
        let kind = if state.1 == '.' && state.0.u8(..30) == 0 { 'x' } else { state.1 };
        own.lock().unwrap().push((arrived, kind));
        drop(state);
        match kind {
            'x' => failure(),
            'a' => refusal(),
            _ => good("OK"),
        }
    });
    (relay, faults)
}

/// The fault behind each line: the first request that came after the check began. A kill leaves requests behind that have no line.
fn injected(lines: &[Line], faults: &Faults) -> Vec<(bool, bool)> {
    let faults = faults.lock().unwrap();
    let mut next = 0;
    let mut fault_of = |line: &Line| {
        let began = line.time.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        while faults[next].0 < began {
            next += 1;
        }
        next += 1;
        faults[next - 1].1
    };
    let checks = lines.iter().map(|line| {
        let kind = fault_of(line);
        assert_eq!(
            line.class,
            if kind == '.' {
                "healthy"
            } else if kind == 'x' {
                "upstream_error"
            } else {
                "auth"
            },
            "{line:?}"
        );
        (kind != '.', kind == 'a')
    });
    checks.collect()
}

fn survive(test: &str, kills: u32) {
    const LONGEST: Duration = Duration::from_secs(120);
    let endpoints = [("a", faulty(1)), ("b", faulty(2)), ("c", faulty(3))];
    let named: Vec<(&str, &Relay)> = endpoints.iter().map(|(name, (relay, _))| (*name, relay)).collect();
    let monitor = Monitor::of(test, &named).with(&["--log", "log", "--interval", "3ms", "--quiet"]);
    let (began, mut killed, mut cut, mut before) = (Instant::now(), 0, 0, String::new());
    while killed < kills && began.elapsed() < LONGEST {
        let mut child = monitor.command().spawn().unwrap();
        let asked = || named.iter().map(|(_, relay)| relay.count_of_requests()).sum::<usize>();
        let first = asked();
        // Most while it works, however long it takes to begin; some before that.
        let waits = fastrand::u8(..6) > 0;
        while waits && asked() < first + 3 && child.try_wait().unwrap().is_none() {
            thread::sleep(Duration::from_micros(200));
        }
        thread::sleep(Duration::from_micros(fastrand::u64(..40_000)));
        child.kill().unwrap();
        finish(child);
        // What it has asked last is counted before the next one begins to ask.
        thread::sleep(Duration::from_millis(10));
        killed += 1;
        let log = fs::read_to_string(monitor.file("log")).unwrap_or_default();
        let whole = log.rfind('\n').map_or(0, |last| last + 1);
        cut += u32::from(whole < log.len());
        assert!(log.starts_with(&before), "a whole line was changed or lost");
        before = log[..whole].to_string();
    }
    let last = monitor.with(&["--count", "1"]);
    last.run();
    let log = last.read("log");
    assert!(log.starts_with(&before));
    let by_target = by_target(lines(&log));
    let mut alerts = 0;
    for (name, (_, faults)) in &endpoints {
        let lines = &by_target[*name];
        assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=lines.len() as u64).collect::<Vec<_>>(), "{name}");
        let (told, expected) = (told(lines), expected(&injected(lines, faults)));
        alerts += told.len();
        assert_eq!(sorted(told), sorted(expected), "{name}");
    }
    let checks: usize = by_target.values().map(Vec::len).sum();
    eprintln!("{killed} kills, {cut} lines cut, {checks} checks, {alerts} alerts and recoveries in {:?}", began.elapsed());
}

#[test]
fn forty_kills_of_a_monitor_lose_double_and_halve_nothing() {
    survive("kill", 40);
}

#[test]
#[ignore = "takes a minute"]
fn five_hundred_kills_of_a_monitor_lose_double_and_halve_nothing() {
    survive("kill-often", 500);
}

#[test]
fn a_monitor_that_is_ended_by_a_signal_leaves_whole_lines() {
    let (relay, _) = faulty(4);
    let monitor = Monitor::of("signal", &[("relay", &relay)]).with(&["--log", "log"]);
    for _ in 0..3 {
        let before = relay.count_of_requests();
        let child = monitor.command().spawn().unwrap();
        while relay.count_of_requests() < before + 5 {
            thread::yield_now();
        }
        signal(child.id(), "TERM");
        finish(child).ends_with(130);
    }
    let lines = lines(&monitor.read("log"));
    assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=lines.len() as u64).collect::<Vec<_>>());
}
