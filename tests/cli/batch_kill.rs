//! Killed at any moment and taken up again: no item is lost, doubled or half written, and none that stood in the output is asked again.
#![cfg(unix)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::batch::{Batch, lines, request};
use crate::program::finish;
use crate::relay::{Relay, kept, kept_response};
use crate::server::api_error;

const ITEMS: usize = 40;
/// It bounds the kills on a slow machine only.
const LONGEST: Duration = Duration::from_secs(100);

/// What came of many kills.
#[derive(Debug, Default)]
struct Toll {
    kills: u32,
    batches: u32,
    /// Lines that a kill has cut.
    cut_lines: u32,
    /// Answers that came whole and were asked for again: they were lost between the network and the disk.
    answered_again: u32,
}

/// Some prompts fail at first, and the answers of some are large enough for a write to be cut.
fn relay() -> Relay {
    Relay::replying(|asked| {
        let number: usize = asked.prompt["prompt-".len()..].parse().unwrap();
        thread::sleep(Duration::from_micros(500 + fastrand::u64(..2500)));
        match number {
            number if number % 10 == 3 && asked.earlier == 0 => {
                kept_response("500 Internal Server Error", "", api_error("The server had an error").as_bytes())
            }
            number if number % 8 == 5 => kept(&"large ".repeat(10_000)),
            _ => kept(&asked.prompt),
        }
    })
}

/// One batch, killed until it is through.
fn run_through(test: &str, toll: &mut Toll, most_kills: u32) {
    let relay = relay();
    let input: String = (0..ITEMS).map(|number| request(&format!("item-{number}"), &format!("prompt-{number}"))).collect();
    let batch = Batch::new(test, input).at(&relay).with(&["-j", "4", "--quiet"]);
    // What stood in the output after a kill, and how often it had been asked by then.
    let mut stood: BTreeMap<String, u32> = BTreeMap::new();
    toll.batches += 1;
    loop {
        let mut child = batch.command().spawn().unwrap();
        let is_last = toll.kills >= most_kills;
        if !is_last {
            // Most while it works, however long it takes to begin; some before that.
            let before = relay.count_of_requests();
            let waits = fastrand::u8(..5) > 0;
            while waits && relay.count_of_requests() == before && child.try_wait().unwrap().is_none() {
                thread::sleep(Duration::from_micros(200));
            }
            thread::sleep(Duration::from_micros(fastrand::u64(..if fastrand::bool() { 10_000 } else { 60_000 })));
            child.kill().unwrap();
        }
        let ran = finish(child);
        if let Some(code) = ran.code {
            assert_eq!(code, 0, "{ran:?}");
            break;
        }
        toll.kills += 1;
        let written = fs::read(batch.output()).unwrap_or_default();
        let whole = written.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
        toll.cut_lines += u32::from(whole < written.len());
        let names: Vec<String> = lines(&written[..whole]).into_iter().map(|line| line.custom_id).collect();
        let asked = relay.asked();
        assert!(stood.keys().all(|name| names.contains(name)), "an item was lost");
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "an item stands there twice");
        for name in names {
            let times = asked[&name.replace("item", "prompt")];
            let before = *stood.entry(name.clone()).or_insert(times);
            assert_eq!(before, times, "{name} stood in the output and was asked again");
        }
    }
    let asked = relay.asked();
    assert!(stood.iter().all(|(name, times)| asked[&name.replace("item", "prompt")] == *times), "{stood:?} {asked:?}");
    let answers = batch.answers();
    assert_eq!(answers.len(), ITEMS);
    for line in &answers {
        let number: usize = line.custom_id["item-".len()..].parse().unwrap();
        let text = line.text();
        assert!(if number % 8 == 5 { text.len() == 60_000 } else { text == format!("prompt-{number}") });
    }
    let answered = relay.answered().into_iter().map(|(prompt, times)| {
        let fails_first = prompt["prompt-".len()..].parse::<usize>().unwrap() % 10 == 3;
        times - 1 - u32::from(fails_first && times > 1)
    });
    toll.answered_again += answered.sum::<u32>();
}

fn survive(test: &str, kills: u32) {
    let began = Instant::now();
    let mut toll = Toll::default();
    while toll.kills < kills && began.elapsed() < LONGEST {
        run_through(test, &mut toll, kills);
    }
    eprintln!("{toll:?} in {:?}", began.elapsed());
}

#[test]
fn fifty_kills_lose_double_and_halve_nothing() {
    survive("kill", 50);
}

#[test]
#[ignore = "takes a minute"]
fn a_thousand_kills_lose_double_and_halve_nothing() {
    survive("kill-often", 1000);
}
