//! Comparisons of made-up samples: what is recommended, how often wrongly, and how it is told.

use super::contrast::By;
use super::*;
use crate::batch::Price;
use crate::diagnosis::{AtFault, Class, Severity};
use crate::sample::{Sample, Tokens};
use crate::secret::Mask;
use crate::statistics::Side;

fn sample(class: Class, code: &'static str, severity: Severity, total: f64) -> Sample {
    let is_answer = severity != Severity::Error;
    Sample {
        class,
        code,
        severity,
        at_fault: AtFault::Unknown,
        stream: true,
        status: Some(if is_answer { 200 } else { 500 }),
        first_byte_ms: Some(total / 4.0),
        first_token_ms: is_answer.then_some(total / 3.0),
        total_ms: Some(total),
        answer_tokens: Tokens { count: if is_answer { 50 } else { 0 }, is_estimate: false },
        prompt_tokens: Some(20),
        characters: if is_answer { 200 } else { 0 },
        billed_tokens: Tokens { count: if is_answer { 70 } else { 0 }, is_estimate: false },
    }
}

fn answer(total: f64) -> Sample {
    sample(Class::Healthy, "healthy", Severity::Ok, total)
}

fn failure() -> Sample {
    sample(Class::UpstreamError, "provider-error", Severity::Error, 5.0)
}

fn setting(rounds: u64) -> Setting {
    let started = "2026-11-27T00:00:00Z".into();
    Setting { started, rounds_wanted: rounds, rounds, at_once: 1, seed: 1, max_error_rate: 0.02, is_stopped: false }
}

/// Targets `a`, `b`, … with these samples and prices.
fn priced(samples: Vec<Vec<Sample>>, prices: &[f64]) -> Comparison {
    let rounds = samples.iter().map(Vec::len).max().unwrap_or(0) as u64;
    let names = ["a", "b", "c", "d"];
    let asked = |index: usize| Asked {
        target: names[index].into(),
        model: None,
        url: "http://localhost/v1".into(),
        price: prices.get(index).map(|price| Price { input: *price, output: *price }),
    };
    let asked = (0..samples.len()).map(asked).collect();
    let taken = |samples: Vec<Sample>| {
        samples.into_iter().enumerate().map(|(index, sample)| Taken { round: index as u64 + 1, place: 1, sample }).collect()
    };
    Comparison::of(asked, samples.into_iter().map(taken).collect(), setting(rounds), Lang::En)
}

fn compared(samples: Vec<Vec<Sample>>) -> Comparison {
    priced(samples, &[])
}

/// So many rounds of a target that fails at this rate and answers in about so many milliseconds, with a long tail.
fn drawn(random: &mut fastrand::Rng, rounds: usize, rate: f64, about: f64) -> Vec<Sample> {
    let mut one = || if random.f64() < rate { failure() } else { answer(about * (0.5 + 0.7 * -(1.0 - random.f64()).ln())) };
    (0..rounds).map(|_| one()).collect()
}

/// Exactly so many failures among them, and answers of nearly the same time.
fn steady(rounds: usize, failures: usize, about: f64) -> Vec<Sample> {
    (0..rounds).map(|index| if index < failures { failure() } else { answer(about * (1.0 + (index * 7 % 10) as f64 / 100.0)) }).collect()
}

fn recommended(comparison: &Comparison) -> Option<&str> {
    match &comparison.recommendation {
        Recommendation::Target { target } => Some(target),
        _ => None,
    }
}

#[test]
fn of_identical_targets_none_is_recommended_but_by_rare_chance() {
    let mut random = fastrand::Rng::with_seed(20_261_127);
    for (targets, rounds, rate) in [(2, 20, 0.0), (2, 40, 0.02), (2, 60, 0.05), (2, 40, 0.3), (4, 30, 0.05)] {
        let trials = if targets == 2 { 2_000 } else { 600 };
        let wrong = (0..trials)
            .filter(|_| {
                let samples = (0..targets).map(|_| drawn(&mut random, rounds, rate, 400.0)).collect();
                recommended(&compared(samples)).is_some()
            })
            .count();
        assert!(wrong as f64 / f64::from(trials) <= 0.05, "{wrong} of {trials}: {targets} targets, {rounds} rounds, {rate}");
    }
}

#[test]
fn what_happens_to_all_at_once_is_no_difference() {
    // All become five times as slow, and fail more and more often.
    let mut random = fastrand::Rng::with_seed(3);
    let drifting = |random: &mut fastrand::Rng| {
        let of_round = |round: usize| drawn(random, 1, 0.004 * round as f64, 200.0 + 16.0 * round as f64);
        (0..50).flat_map(of_round).collect::<Vec<_>>()
    };
    let trials = 1_000;
    let wrong = (0..trials).filter(|_| recommended(&compared(vec![drifting(&mut random), drifting(&mut random)])).is_some()).count();
    assert!(wrong as f64 / f64::from(trials) <= 0.05, "{wrong} of {trials}");
}

#[test]
fn a_better_target_is_found_and_never_the_worse_one() {
    let mut random = fastrand::Rng::with_seed(7);
    // Fails less often; answers faster; and is faster where both fail alike.
    for (rounds, [rate, other_rate], [about, other_about]) in
        [(100, [0.0, 0.15], [400.0, 400.0]), (60, [0.0, 0.0], [400.0, 800.0]), (100, [0.01, 0.01], [300.0, 600.0])]
    {
        let trials = 200;
        let (mut right, mut wrong) = (0, 0);
        for _ in 0..trials {
            let comparison = compared(vec![drawn(&mut random, rounds, other_rate, other_about), drawn(&mut random, rounds, rate, about)]);
            match recommended(&comparison) {
                Some("b") => right += 1,
                Some(_) => wrong += 1,
                None => {}
            }
        }
        assert!(right > trials * 8 / 10 && wrong == 0, "{right} right and {wrong} wrong of {trials}");
    }
}

#[test]
fn success_weighs_more_than_speed_and_speed_more_than_money() {
    let by = |comparison: &Comparison| comparison.pairs[0].better.clone().map(|better| (better.target, better.by));
    let faster_but_failing = priced(vec![steady(60, 0, 900.0), steady(60, 12, 300.0)], &[9.0, 1.0]);
    assert_eq!(by(&faster_but_failing), Some(("a".into(), By::Success)));
    assert_eq!(recommended(&faster_but_failing), Some("a"));
    let faster_but_dear = priced(vec![steady(60, 0, 900.0), steady(60, 0, 300.0)], &[1.0, 9.0]);
    assert_eq!(by(&faster_but_dear), Some(("b".into(), By::Speed)));
    let cheaper = priced(vec![steady(60, 0, 300.0), steady(60, 0, 300.0)], &[2.0, 1.0]);
    assert_eq!(by(&cheaper), Some(("b".into(), By::Price)));
    assert!(cheaper.conclusion.contains("it costs less than a (0.0700 against 0.14 per 1000 answers)"), "{}", cheaper.conclusion);
}

#[test]
fn a_difference_that_nobody_would_notice_is_none() {
    // Sure, but less than 10 %; and half, but only a few milliseconds.
    for (one, other) in [(1000.0, 1060.0), (4.0, 8.0)] {
        let comparison = compared(vec![steady(60, 0, one), steady(60, 0, other)]);
        assert!(comparison.pairs[0].total_ms.unwrap().odds < 0.05);
        assert_eq!(
            comparison.recommendation,
            Recommendation::Undecided { among: vec!["a".into(), "b".into()], over: vec![], more_rounds: None }
        );
        let words = "cannot tell which of a and b to use; no difference that matters shows so far: their shares of failures differ by at most 6 % at 95 % confidence, and about ";
        assert!(comparison.conclusion.contains(words), "{}", comparison.conclusion);
    }
}

#[test]
fn what_fails_too_often_is_not_recommended_however_fast() {
    let comparison = compared(vec![steady(40, 0, 900.0), steady(40, 4, 300.0)]);
    assert_eq!(comparison.targets[1].side, Side::Over);
    let expected = Recommendation::Undecided { among: vec!["a".into()], over: vec!["b".into()], more_rounds: Some(9) };
    assert_eq!(std::mem::discriminant(&comparison.recommendation), std::mem::discriminant(&expected));
    assert!(comparison.conclusion.starts_with("b fails in more than 2 % of the requests, but the data cannot tell whether a is better; "));
    assert_eq!(comparison.exit_code(), 0);
}

#[test]
fn who_is_proven_to_be_below_the_bound_is_better_than_who_is_above_it() {
    let comparison = compared(vec![steady(400, 1, 300.0), steady(400, 18, 300.0)]);
    assert_eq!(comparison.pairs[0].better.as_ref().unwrap().by, By::Bound);
    assert!(
        comparison.conclusion.starts_with("use a: it fails in less than 2 % of the requests, and b in more"),
        "{}",
        comparison.conclusion
    );
}

#[test]
fn where_all_fail_too_often_the_most_frequent_class_is_the_exit_code() {
    let limited = || sample(Class::RateLimit, "rate-limited", Severity::Error, 3.0);
    let comparison = compared(vec![steady(20, 10, 300.0), (0..20).map(|_| limited()).collect()]);
    assert_eq!((&comparison.recommendation, comparison.exit_code()), (&Recommendation::AllOver, 13));
    assert!(comparison.remarks[0].starts_with("20 of the 20 failures of b are rate limits, which the measuring itself may cause"));
    let never = compared(vec![vec![failure()], vec![limited()]]);
    assert_eq!((&never.recommendation, never.exit_code() != 0), (&Recommendation::NoAnswer, true));
    assert_eq!(compared(vec![vec![], vec![]]).recommendation, Recommendation::Nothing);
}

#[test]
fn one_target_is_judged_by_the_bound_and_three_samples_prove_nothing() {
    let side = |rounds: usize, failures: usize| match compared(vec![steady(rounds, failures, 300.0)]).recommendation {
        Recommendation::Alone { side, .. } => side,
        other => panic!("{other:?}"),
    };
    assert_eq!([side(3, 0), side(3, 1), side(20, 3), side(200, 0)], [Side::Open, Side::Open, Side::Over, Side::Under]);
    let open = compared(vec![steady(20, 0, 300.0)]);
    assert!(
        open.conclusion.ends_with("0 of 20 means 0–16 % at 95 % confidence; if it goes on like this, about 170 more rounds would tell")
    );
}

#[test]
fn warnings_are_no_failures_and_are_told() {
    let warned = || sample(Class::TokenLimit, "token-limit-reached", Severity::Warning, 300.0);
    let comparison = compared(vec![(0..10).map(|_| warned()).collect()]);
    assert_eq!((comparison.targets[0].failed, comparison.targets[0].warnings[0].count), (0, 10));
    let page = page(&comparison, Page { lang: Lang::En, width: None, is_coloured: false });
    assert!(page.contains("a: 10 × token-limit-reached (token_limit), a warning"), "{page}");
}

#[test]
fn a_shorter_answer_is_named_where_speed_decides() {
    let brief = steady(60, 0, 300.0).into_iter().map(|sample| Sample { characters: 90, ..sample }).collect();
    let comparison = compared(vec![brief, steady(60, 0, 900.0)]);
    assert_eq!(recommended(&comparison), Some("a"));
    assert!(
        comparison.remarks.iter().any(|remark| remark.starts_with("the answers of a are also shorter than those of b (90 against 200"))
    );
}

fn hostile() -> Comparison {
    let mut comparison = compared(vec![steady(30, 2, 300.0), steady(30, 0, 900.0), vec![failure(); 3]]);
    comparison.targets[0].target = "关系/中转:模型-\u{1b}[31m|<script>@root".into();
    comparison
}

#[test]
fn the_table_fits_every_terminal_and_nothing_foreign_acts_on_it() {
    use unicode_width::UnicodeWidthStr as _;
    for lang in [Lang::En, Lang::Zh] {
        for width in 60..180 {
            let page = page(&hostile(), Page { lang, width: Some(width), is_coloured: false });
            let widest = page.lines().map(|line| line.width()).max().unwrap();
            assert!(widest <= width && !page.contains('\u{1b}'), "{widest} of {width}:\n{page}");
        }
        let page = page(&hostile(), Page { lang, width: Some(20), is_coloured: true });
        assert!(page.contains("28/30") && !page.contains("\u{1b}[31m|"), "{page}");
    }
}

#[test]
fn reports_are_whole_in_both_languages_and_foreign_names_are_text() {
    for lang in [Lang::En, Lang::Zh] {
        let (page, markdown) = (html::document(&hostile(), &Mask::default(), lang), markdown::document(&hostile(), &Mask::default(), lang));
        assert!(page.contains("&lt;script&gt;") && !page.contains("<script") && !page.contains('\u{1b}'));
        assert_eq!((page.matches("<svg class=\"drawing\"").count(), page.matches("</figure>").count()), (4, 4));
        assert!(!markdown.contains('\u{1b}') && markdown.contains("`") && markdown.contains('┤'));
        for open in ['{', '}'] {
            assert!(!markdown.contains(open), "{markdown}");
        }
        let events = pulldown_cmark::Parser::new_ext(&markdown, pulldown_cmark::Options::ENABLE_TABLES);
        let is_table = |event: &pulldown_cmark::Event<'_>| matches!(event, pulldown_cmark::Event::Start(pulldown_cmark::Tag::Table(_)));
        assert_eq!(events.filter(is_table).count(), 7);
    }
}

#[test]
fn the_page_of_very_many_rounds_stays_small_and_whole() {
    let comparison = compared(vec![steady(20_000, 3_000, 300.0), steady(20_000, 0, 900.0)]);
    let page = html::document(&comparison, &Mask::default(), Lang::En);
    assert!(page.len() < 512 * 1024, "{}", page.len());
    assert!(!page.split(" d=\"").skip(1).any(|path| path.split('"').next().unwrap().contains('…')));
}

#[test]
fn a_comparison_of_nothing_is_told_without_a_fault() {
    let empty = compared(vec![vec![], vec![]]);
    for lang in [Lang::En, Lang::Zh] {
        assert!(
            !html::document(&empty, &Mask::default(), lang).is_empty() && !markdown::document(&empty, &Mask::default(), lang).is_empty()
        );
        assert!(page(&empty, Page { lang, width: Some(40), is_coloured: false }).contains("0/0"));
    }
    assert_eq!(empty.exit_code(), 0);
}
