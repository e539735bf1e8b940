//! `llmcheck batch` against limits: what answers tell of a limit is never overdrawn, and one that tells nothing is found soon.

use std::fmt::Write as _;
use std::fs;

use serde_json::Value;

use crate::program::{directory, llmcheck, run};

/// The summary of so many prompts, every one of which must have been answered.
#[track_caller]
fn batch(scenario: &str, prompts: u64, jobs: &str) -> Value {
    let place = directory(&format!("batch-{scenario}-{jobs}"));
    let lines = (0..prompts).fold(String::new(), |mut lines, number| {
        let _ = writeln!(lines, "say {number}");
        lines
    });
    let (input, output) = (place.join("prompts"), place.join("out.jsonl"));
    fs::write(&input, lines).unwrap();
    let arguments = ["--plain", "--lab", scenario, "-j", jobs, "--json", "-o"];
    let mut command = llmcheck(["batch"]);
    command.arg(&input).args(arguments).arg(&output);
    let ran = run(command);
    let summary: Value = serde_json::from_str(&ran.ends_with(0).stdout).unwrap();
    assert_eq!((&summary["answered"], &summary["failed"]), (&prompts.into(), &0.into()), "{summary}");
    assert_eq!(fs::read_to_string(&output).unwrap().lines().count() as u64, prompts);
    summary
}

#[test]
fn a_limit_that_every_answer_tells_refuses_nothing_not_even_at_the_start() {
    for (scenario, prompts, jobs) in
        [("limits-requests", 40, "1"), ("limits-requests", 40, "16"), ("limits-tokens", 60, "16"), ("limits-both", 40, "16")]
    {
        let summary = batch(scenario, prompts, jobs);
        assert_eq!((&summary["refusals"], &summary["attempts"]), (&0.into(), &prompts.into()), "{scenario}: {summary}");
    }
}

#[test]
fn a_limit_without_fields_refuses_only_until_it_is_known() {
    let summary = batch("limits-without-fields", 70, "16");
    let refusals = summary["refusals"].as_u64().unwrap();
    assert!(refusals <= 64, "{summary}");
    assert_eq!(summary["attempts"], 70 + refusals, "{summary}");
}

#[test]
fn a_window_that_tells_only_its_end_refuses_at_most_those_under_way_in_two_of_them() {
    let summary = batch("limits-by-window", 55, "4");
    assert!(summary["refusals"].as_u64().unwrap() <= 40, "{summary}");
}
