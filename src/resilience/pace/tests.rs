//! The pace against servers of every kind, in a simulation: time, latency and chance are made up, so that minutes pass in no time and
//! each run is the same.
//!
//! The first window is what a test names: where every answer tells the limit, little more than the first answers; where a window tells
//! nothing until it is used up, two windows, the first of which began before the run; where nothing is ever told, the time of watching.

mod servers;
mod simulation;

use servers::*;
use simulation::{Ran, Simulation};

/// Workers, and the seconds in which they are answered: few and many, from near and from far.
const CLIENTS: [(usize, (f64, f64)); 5] = [(4, (0.005, 0.02)), (16, (0.005, 0.1)), (16, (0.05, 0.5)), (64, (0.005, 0.5)), (64, (0.3, 0.9))];
const NEAR: [(usize, (f64, f64)); 3] = [CLIENTS[0], CLIENTS[1], (8, (0.005, 0.005))];

/// Runs each of these clients and calls `expect` with what it may reach without a limit.
fn each(clients: &[(usize, (f64, f64))], first: f64, lasts: f64, server: impl Fn() -> Box<dyn Server>, expect: impl Fn(&str, &Ran, f64)) {
    for &(workers, latency) in clients {
        for seed in 0..3 {
            let simulation = Simulation { workers, latency, first, lasts, seed, ..Simulation::default() };
            let way = 2.0 * simulation.way.0 + simulation.way.1;
            let reach = workers as f64 / ((latency.0 + latency.1) / 2.0 + way);
            let ran = simulation.run(server());
            expect(&format!("{workers} workers, {latency:?} s, seed {seed}: {ran:?}"), &ran, reach);
        }
    }
}

/// After the first window nothing is refused, and at least nine tenths of what is allowed get through.
#[track_caller]
fn expect_kept(clients: &[(usize, (f64, f64))], first: f64, lasts: f64, allowed: f64, server: impl Fn() -> Box<dyn Server>) {
    each(clients, first, lasts, server, |what, ran, reach| {
        if ran.refused_after > 0 || ran.per_second < 0.9 * allowed.min(reach) {
            println!("{allowed}/s: {what}");
        }
        assert_eq!(ran.refused_after, 0, "{what}");
        assert!(ran.per_second >= 0.9 * allowed.min(reach), "{what}");
    });
}

#[test]
fn without_a_limit_nothing_waits() {
    each(
        &CLIENTS,
        1.0,
        20.0,
        || Box::new(Free),
        |what, ran, reach| {
            assert_eq!((ran.refused_before, ran.paced), (0, None), "{what}");
            assert!((0.97..1.03).contains(&(ran.per_second / reach)), "{what}: {reach}");
        },
    );
}

#[test]
fn the_first_request_goes_alone_where_its_answer_tells_the_limit() {
    let server = || -> Box<dyn Server> { Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFull)) };
    each(&[(16, (0.001, 0.002)), (64, (0.005, 0.01))], 3.0, 10.0, server, |what, ran, _| assert_eq!(ran.refused_before, 0, "{what}"));
}

#[test]
fn a_bucket_that_tells_all_is_never_overdrawn() {
    expect_kept(&CLIENTS, 10.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFull)));
    expect_kept(&CLIENTS, 60.0, 60.0, 10.0, || Box::new(Bucket::new(10.0, 600.0).telling(Telling::UntilFull)));
    expect_kept(&NEAR, 5.0, 60.0, 5.0, || Box::new(Bucket::new(5.0, 5.0).telling(Telling::UntilFull)));
    expect_kept(&NEAR, 10.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFullInSeconds)));
}

#[test]
fn a_window_that_tells_all_is_used_to_its_end() {
    expect_kept(&CLIENTS, 60.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::UntilFullInSeconds)));
    expect_kept(&CLIENTS, 60.0, 240.0, 10.0, || Box::new(Window::new(600.0, 60.0, Some(23.4), Telling::UntilFullInSeconds)));
    expect_kept(&CLIENTS, 10.0, 100.0, 10.0, || Box::new(Window::new(100.0, 10.0, Some(3.3), Telling::UntilFullInSeconds)));
    expect_kept(&CLIENTS, 4.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, None, Telling::UntilFull)));
}

#[test]
fn a_sliding_window_that_tells_all_comes_back_in_parts() {
    expect_kept(&CLIENTS, 65.0, 600.0, 1.0, || Box::new(Sliding::new(60, 60.0, Telling::UntilFullInSeconds)));
    expect_kept(&NEAR, 4.0, 60.0, 10.0, || Box::new(Sliding::new(20, 2.0, Telling::UntilFull)));
}

#[test]
fn a_window_that_tells_only_when_to_come_again_is_learned_in_two() {
    expect_kept(&CLIENTS, 5.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, None, Telling::RetryAfter)));
    expect_kept(&CLIENTS, 10.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, Some(0.7), Telling::RetryAfter)));
    for clock in [3.0, 23.4, 51.9] {
        expect_kept(&CLIENTS, 121.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(clock), Telling::RetryAfter)));
        expect_kept(&CLIENTS, 121.0, 240.0, 10.0, || Box::new(Window::new(600.0, 60.0, Some(clock), Telling::RetryAfter)));
    }
    expect_kept(&CLIENTS, 125.0, 240.0, 1.0, || Box::new(Sliding::new(60, 60.0, Telling::RetryAfter)));
}

/// As LiteLLM: a minute by the clock, and the same minute is always told, however much of it is over.
#[test]
fn a_window_that_always_tells_its_whole_length_is_learned_too() {
    for clock in [3.0, 23.4, 40.0] {
        expect_kept(&CLIENTS, 125.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(clock), Telling::WholeWindow)));
    }
    expect_kept(&CLIENTS, 15.0, 60.0, 20.0, || Box::new(Window::new(20.0, 1.0, Some(0.4), Telling::WholeWindow)));
}

#[test]
fn a_bucket_that_tells_no_wait_below_a_second_is_not_taken_for_a_window() {
    expect_kept(&[CLIENTS[0], CLIENTS[2], CLIENTS[3]], 15.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 5.0).telling(Telling::RetryAfter)));
}

#[test]
fn a_leaky_bucket_without_a_word_is_measured() {
    for (per_second, burst, delays) in [
        (10.0, 0.0, false),
        (10.0, 5.0, false),
        (10.0, 20.0, false),
        (10.0, 5.0, true),
        (10.0, 20.0, true),
        (50.0, 0.0, false),
        (50.0, 5.0, false),
        (50.0, 20.0, false),
        (50.0, 20.0, true),
        (200.0, 20.0, false),
    ] {
        expect_kept(&CLIENTS, 4.0, 60.0, per_second, || Box::new(Leaky::new(per_second, burst, delays)));
    }
    expect_kept(&CLIENTS, 20.0, 100.0, 1.0, || Box::new(Leaky::new(1.0, 0.0, false)));
    expect_kept(&CLIENTS, 4.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 5.0)));
}

/// On a busy machine a request is now and then written late, and now and then heard late by the server: where an answer comes soon, that
/// shows before the next one goes.
#[test]
fn where_nothing_is_saved_up_a_late_one_does_not_make_the_next_one_early() {
    for (share, longest) in [(0.0, 0.0), (0.03, 0.005), (0.01, 0.01)] {
        for seed in 0..8 {
            let simulation = Simulation {
                workers: 8,
                latency: (0.0004, 0.0008),
                way: (0.00005, 0.0001),
                jolts: (share, longest),
                seed,
                ..Simulation::default()
            };
            let ran = simulation.run(Box::new(Leaky::new(50.0, 0.0, false)));
            assert_eq!(ran.refused_after, 0, "{share} of up to {longest} s, seed {seed}: {ran:?}");
            assert!(ran.per_second >= 45.0, "{share} of up to {longest} s, seed {seed}: {ran:?}");
        }
    }
}

#[test]
fn a_window_without_a_word_is_measured_from_opening_to_opening() {
    expect_kept(&CLIENTS[..4], 8.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, Some(0.7), Telling::Nothing)));
    expect_kept(&CLIENTS[..4], 8.0, 60.0, 10.0, || Box::new(Sliding::new(20, 2.0, Telling::Nothing)));
    expect_kept(&CLIENTS, 125.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::Nothing)));
}

/// A watch asks at most about eight times for each that is let through, besides those that were under way when it began.
#[test]
fn a_limit_that_is_watched_is_not_hammered() {
    for (per_second, burst) in [(1.0, 0.0), (10.0, 0.0), (10.0, 20.0), (50.0, 5.0)] {
        each(
            &CLIENTS,
            20.0,
            1.0,
            || Box::new(Leaky::new(per_second, burst, false)),
            |what, ran, _| assert!(ran.refused_before < 120 + 64, "{what}"),
        );
    }
}

#[test]
fn tokens_are_paced_as_requests_are() {
    // Each costs 50 on average, and might cost 266.
    let expect = |server: fn() -> Box<dyn Server>, first: f64, lasts: f64, allowed: f64| {
        each(&CLIENTS, first, lasts, server, |what, ran, reach| {
            assert_eq!(ran.refused_after, 0, "{what}");
            assert!(ran.tokens_per_second >= 0.9 * allowed.min(reach * 49.5), "{what}");
        });
    };
    expect(|| Box::new(Bucket::new(2000.0, 2000.0).of_tokens().telling(Telling::UntilFull)), 5.0, 60.0, 2000.0);
    expect(|| Box::new(Bucket::new(1000.0, 60_000.0).of_tokens().telling(Telling::UntilFull)), 61.0, 60.0, 1000.0);
    expect(|| Box::new(Window::new(6000.0, 60.0, Some(23.4), Telling::UntilFullInSeconds).of_tokens()), 125.0, 240.0, 100.0);
    expect(|| Box::new(Window::new(6000.0, 60.0, Some(23.4), Telling::WholeWindow).of_tokens()), 125.0, 240.0, 100.0);
}

#[test]
fn tokens_that_are_counted_before_they_are_spent_are_paced_by_what_they_may_be() {
    let server = || -> Box<dyn Server> { Box::new(Bucket::new(2660.0, 26_600.0).of_tokens().counting_most().telling(Telling::UntilFull)) };
    expect_kept(&CLIENTS, 30.0, 60.0, 10.0, server);
}

#[test]
fn of_two_limits_the_tighter_one_holds() {
    let requests = |per_second| Box::new(Bucket::new(per_second, per_second).telling(Telling::UntilFull));
    let tokens = |per_second| Box::new(Bucket::new(per_second, per_second).of_tokens().telling(Telling::UntilFull));
    expect_kept(&NEAR, 5.0, 60.0, 20.0, || Box::new(Both(requests(20.0), tokens(2000.0))));
    expect_kept(&NEAR, 5.0, 60.0, 20.0, || Box::new(Both(requests(40.0), tokens(1000.0))));
    expect_kept(&NEAR, 5.0, 60.0, 10.0, || Box::new(Both(Box::new(Leaky::new(10.0, 5.0, false)), requests(20.0))));
}

#[test]
fn a_limit_that_changes_is_learned_anew() {
    let told = |per_second: f64| Box::new(Bucket::new(per_second, per_second).telling(Telling::UntilFull));
    expect_kept(&NEAR, 35.0, 60.0, 8.0, || Box::new(Changing(30.0, told(20.0), told(8.0))));
    expect_kept(&NEAR, 35.0, 60.0, 20.0, || Box::new(Changing(30.0, told(8.0), told(20.0))));
    let untold = |per_second: f64| Box::new(Leaky::new(per_second, 5.0, false));
    expect_kept(&NEAR, 40.0, 60.0, 8.0, || Box::new(Changing(30.0, untold(20.0), untold(8.0))));
}

#[test]
fn no_more_are_under_way_than_an_endpoint_takes() {
    for most in [1, 4, 10] {
        for (workers, latency) in [CLIENTS[2], CLIENTS[3], CLIENTS[4]] {
            let simulation = Simulation { workers, latency, first: 20.0, lasts: 100.0, ..Simulation::default() };
            let way = 2.0 * simulation.way.0 + simulation.way.1;
            let allowed = f64::from(most) / ((latency.0 + latency.1) / 2.0 + way);
            let ran = simulation.run(Box::new(Crowded::new(most, true)));
            assert_eq!(ran.refused_after, 0, "{most} of {workers}: {ran:?}");
            assert!(ran.per_second >= 0.9 * allowed, "{most} of {workers}: {ran:?} of {allowed}");
            // What it can bear may grow again: now and then one more is tried.
            let ran = simulation.run(Box::new(Crowded::new(most, false)));
            assert!(ran.refused_after <= 6 && ran.per_second >= 0.9 * allowed, "{most} of {workers}: {ran:?} of {allowed}");
        }
    }
}

/// Whatever a server says, no sum overflows and no wait is endless.
#[test]
fn no_answer_breaks_the_pace() {
    use std::time::Duration;

    use super::{Counted, Outcome, Pace, Permit};
    use crate::api::limits::Limit;

    let mut chance = fastrand::Rng::with_seed(7);
    let numbers = [0, 1, 2, 60, 9_000_000_000_000_000, u64::MAX];
    let seconds = [0.0, 0.001, 0.5, 1.0, 60.0, 63_000_000.0];
    let rates = [1e-300, 1.0 / 86_400.0, 1.0, 1e300, f64::INFINITY];
    for _ in 0..200 {
        let (mut pace, mut now) = (Pace::default(), Duration::ZERO);
        let mut under_way = Vec::new();
        for _ in 0..200 {
            match pace.ask(numbers[chance.usize(..6)], now) {
                Permit::Go(ticket) => under_way.push(ticket),
                Permit::NotBefore(at) => {
                    assert!(at > now && at <= now + Duration::from_secs(3601), "{at:?} at {now:?}: {pace:?}");
                    now = if chance.bool() { at } else { now + Duration::from_millis(chance.u64(..300)) };
                }
                Permit::AfterAnAnswer => assert!(!under_way.is_empty(), "{pace:?}"),
            }
            if under_way.is_empty() || chance.u8(..3) == 0 {
                continue;
            }
            let ticket = under_way.swap_remove(chance.usize(..under_way.len()));
            let limits: Vec<Limit> = (0..chance.usize(..3))
                .map(|_| Limit {
                    what: ["requests", "tokens", "x"][chance.usize(..3)].into(),
                    limit: chance.bool().then(|| numbers[chance.usize(..6)]),
                    remaining: Some(numbers[chance.usize(..6)]),
                    resets_in: Some(seconds[chance.usize(..6)]),
                    window: None,
                    source: "ratelimit".into(),
                })
                .collect();
            let wait = chance.bool().then(|| Duration::from_secs_f64(seconds[chance.usize(..6)]));
            let counted = if chance.bool() { Counted::Requests } else { Counted::Tokens };
            let per_second = (chance.u8(..4) == 0).then(|| rates[chance.usize(..5)]);
            let outcome = match chance.u8(..6) {
                0..3 => Outcome::Accepted { tokens: numbers[chance.usize(..6)], limits: &limits },
                3 => Outcome::Refused { wait, counted, per_second, limits: &limits },
                4 => Outcome::Crowded { is_limit: chance.bool() },
                _ => Outcome::Other,
            };
            pace.answered(ticket, &outcome, now);
        }
    }
}
