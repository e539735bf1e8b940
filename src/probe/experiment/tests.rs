//! Experiments against servers that are only supposed: each has a hidden trigger, and the experiment has to name it within its bound.

use super::*;
use crate::probe::factor::Level::*;

const BOUND: u32 = 48;

fn space() -> Space {
    let all = [
        Plain, Stream, Identity, Gzip, Brotli, Short, Long, Ascii, Chinese, SmallLimit, LargeLimit, Closed, Kept, Second, Proxied, Direct,
        V4, V6,
    ];
    Space::of(&all)
}

fn narrow_space() -> Space {
    Space::of(&[Plain, Stream, Identity, Gzip, Brotli, Short, Long, Ascii, Chinese, SmallLimit, LargeLimit, Closed, Kept, Second])
}

/// A server that is only supposed: what fails with which code.
type Server<'a> = &'a mut dyn FnMut(&[Level]) -> Option<&'static str>;

fn run(space: Space, seed: u64, server: Server<'_>) -> (Experiment, u32) {
    let mut experiment = Experiment::new(space, BOUND, seed);
    let mut requests = 0;
    while let Some(setting) = experiment.next_setting() {
        let needed = experiment.requests(&setting);
        let space = experiment.space().clone();
        if needed == 2 {
            let first = space.with(&setting, Kept);
            let levels: Vec<Level> = space.levels(&first).collect();
            let failure = server(&levels);
            experiment.tell(Outcome { setting: first, failure });
        }
        let levels: Vec<Level> = space.levels(&setting).collect();
        let failure = server(&levels);
        experiment.tell(Outcome { setting, failure });
        experiment.spend(needed);
        requests += needed;
    }
    assert!(requests <= BOUND, "{requests}");
    (experiment, requests)
}

fn named(explanation: &Explanation) -> Option<Vec<Vec<Level>>> {
    match &explanation.cause {
        Cause::Nothing => None,
        Cause::Trigger(trigger) => Some(trigger.0.iter().map(|claim| claim.levels.clone()).collect()),
    }
}

/// In how many of so many runs the trigger was named, for certain and alone, and the requests of all runs.
fn successes(
    space: fn() -> Space,
    runs: u64,
    expected: &[&[Level]],
    server: &dyn Fn(&[Level], &mut fastrand::Rng) -> Option<&'static str>,
) -> (u64, u32) {
    let mut right = 0;
    let mut all = 0;
    for seed in 0..runs {
        let mut luck = fastrand::Rng::with_seed(seed + 1000);
        let (experiment, requests) = run(space(), seed, &mut |levels| server(levels, &mut luck));
        all += requests;
        let explanations = experiment.explain();
        let is_right = explanations.len() == 1 && named(&explanations[0]).is_some_and(|named| named == expected);
        if !is_right {
            println!("seed {seed}: {requests} requests: {explanations:?}");
        }
        right += u64::from(is_right && explanations[0].is_sure());
    }
    (right, all / runs as u32)
}

fn has(levels: &[Level], wanted: &[Level]) -> bool {
    wanted.iter().all(|level| levels.contains(level))
}

const CODE: &str = "cut-by-close";

#[test]
fn a_constant_trigger_is_named_within_the_bound() {
    let triggers: [&[Level]; 9] =
        [&[Plain, Chinese], &[Gzip, Long], &[Second], &[Proxied], &[V6], &[Stream], &[LargeLimit], &[Brotli], &[Plain, Gzip]];
    for trigger in triggers {
        let expected: Vec<Vec<Level>> = trigger.iter().map(|level| vec![*level]).collect();
        let expected: Vec<&[Level]> = expected.iter().map(Vec::as_slice).collect();
        for space in [space, narrow_space] {
            if trigger.iter().any(|level| !space().factors.iter().any(|(_, levels)| levels.contains(level))) {
                continue;
            }
            let (right, requests) = successes(space, 10, &expected, &|levels, _| has(levels, trigger).then_some(CODE));
            println!("{trigger:?}: {right} of 10, {requests} requests each");
            assert!(right >= 9, "{trigger:?}: {right} of 10");
        }
    }
}

#[test]
fn a_trigger_of_three_is_named_mostly() {
    let (right, requests) =
        successes(space, 20, &[&[Plain], &[Gzip], &[Chinese]], &|levels, _| has(levels, &[Plain, Gzip, Chinese]).then_some(CODE));
    println!("{right} of 20, {requests} requests each");
    assert!(right >= 14, "{right} of 20");
}

#[test]
fn either_coding_is_one_cause() {
    let server = |levels: &[Level], _: &mut fastrand::Rng| (levels.contains(&Gzip) || levels.contains(&Brotli)).then_some(CODE);
    let (right, _) = successes(space, 20, &[&[Gzip, Brotli]], &server);
    assert!(right >= 19, "{right} of 20");
}

#[test]
fn what_comes_and_goes_is_told_from_what_depends_on_something() {
    let server = |_: &[Level], luck: &mut fastrand::Rng| (luck.f64() < 0.3).then_some(CODE);
    let (right, requests) = successes(space, 40, &[], &server);
    println!("{right} of 40, {requests} requests each");
    assert!(right >= 38, "{right} of 40");
}

#[test]
fn a_server_that_always_fails_needs_few_requests() {
    let (right, requests) = successes(space, 20, &[], &|_, _| Some(CODE));
    println!("{requests} requests each");
    assert_eq!(right, 20);
    assert!(requests <= 12, "{requests}");
}

#[test]
fn a_sound_server_is_accused_of_nothing_and_every_pair_was_tried() {
    for seed in 0..50 {
        let (experiment, requests) = run(space(), seed, &mut |_| None);
        let explanations = experiment.explain();
        assert_eq!(explanations.len(), 1);
        assert_eq!(explanations[0].cause, Cause::Nothing);
        assert!(requests <= 30, "{requests}");
    }
}

#[test]
fn two_faults_with_two_codes_are_two_causes() {
    let mut right = 0;
    for seed in 0..20 {
        let (experiment, _) = run(space(), seed, &mut |levels| match () {
            () if levels.contains(&V6) => Some("connection-refused"),
            () if has(levels, &[Plain, Chinese]) => Some("length-counts-characters"),
            () => None,
        });
        let mut found: Vec<_> = experiment.explain().iter().map(|one| (one.codes[0].0, named(one))).collect();
        found.sort();
        let expected =
            vec![("connection-refused", Some(vec![vec![V6]])), ("length-counts-characters", Some(vec![vec![Plain], vec![Chinese]]))];
        if found != expected {
            println!("seed {seed}: {found:?}");
        }
        right += u64::from(found == expected);
    }
    assert!(right >= 16, "{right} of 20");
}

#[test]
fn one_cause_may_have_several_codes() {
    let server = |levels: &[Level], _: &mut fastrand::Rng| {
        levels.contains(&Gzip).then_some(if levels.contains(&Stream) { "encoded-body-cut" } else { "length-counts-decoded-bytes" })
    };
    let (right, _) = successes(space, 20, &[&[Gzip]], &server);
    assert!(right >= 19, "{right} of 20");
}

#[test]
fn a_level_that_cannot_be_had_is_left_out_with_what_was_seen_there() {
    let mut experiment = Experiment::new(space(), BOUND, 1);
    let usual = experiment.space().usual();
    let second = experiment.space().with(&usual, Second);
    experiment.tell(Outcome { setting: second, failure: Some(CODE) });
    experiment.tell(Outcome { setting: experiment.space().with(&usual, Gzip), failure: None });
    experiment.give_up(Second);
    assert_eq!(experiment.outcomes().len(), 1);
    let levels: Vec<Level> = experiment.space().levels(&experiment.outcomes()[0].setting).collect();
    assert!(levels.contains(&Gzip) && !experiment.space().factors.iter().any(|(_, levels)| levels.contains(&Second)));
}

#[test]
fn what_was_broken_off_is_not_settled() {
    let mut experiment = Experiment::new(space(), BOUND, 1);
    let usual = experiment.space().usual();
    experiment.tell(Outcome { setting: usual, failure: None });
    assert!(!experiment.explain()[0].is_settled);
    let (whole, _) = run(space(), 1, &mut |_| None);
    assert!(whole.explain()[0].is_settled);
}
