//! `llmcheck probe`: the stages of the way, and experiments that have to name a hidden trigger within the bound that they announce,
//! whatever their luck, and accuse nobody who is healthy.

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use serde_json::{Value, json};

use crate::program::{Ran, directory, llmcheck, run};
use crate::server::{Server, response};

#[path = "probe_troubled.rs"]
mod troubled;

fn probe(arguments: &[&str]) -> Ran {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    let state = directory(&format!("probe-state-{}", RUNS.fetch_add(1, Ordering::Relaxed)));
    let mut command = llmcheck(["probe"].iter().chain(arguments));
    command.env("XDG_STATE_HOME", state);
    run(command)
}

fn deep(scenario: &str, seed: u64) -> (Option<i32>, Value) {
    let seed = seed.to_string();
    let ran = probe(&["--lab", scenario, "--deep", "--seed", &seed, "--json"]);
    let object = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no object: {}", ran.stderr));
    (ran.code, object)
}

/// What the experiment explains failures by: the levels of each claim, all in order; none where nothing failed.
fn trigger(object: &Value) -> Option<Vec<Vec<String>>> {
    let explanations = object["experiment"]["explanations"].as_array().unwrap();
    assert_eq!(explanations.len(), 1, "{explanations:?}");
    let levels = |claim: &Value| claim["levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap().to_string()).collect();
    explanations[0]["trigger"].as_array().map(|claims| claims.iter().map(levels).collect())
}

fn is_sure(object: &Value) -> bool {
    object["experiment"]["explanations"][0]["sure"] == json!(true)
}

/// Runs all seeds below `runs`, four at a time, and gives what is wrong with each, where anything is.
fn wrong(runs: u64, fault: impl Fn(u64) -> Option<String> + Sync) -> Vec<String> {
    let (next, wrong) = (AtomicU64::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= runs {
                        break;
                    }
                    let fault = fault(seed);
                    wrong.lock().unwrap().extend(fault);
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

/// Of so many runs with seeds of their own, how many name the trigger for certain, each within the bound.
fn named(scenario: &str, expected: &[&[&str]], exit: i32, runs: u64) -> u64 {
    if scenario == "breaks-over-ipv6" && TcpListener::bind("[::1]:0").is_err() {
        println!("this machine has no IPv6");
        return runs;
    }
    let wrong = wrong(runs, |seed| {
        let (code, object) = deep(scenario, seed);
        let spent = object["experiment"]["requests"].as_u64().unwrap() + object["stage_requests"].as_u64().unwrap();
        assert!(spent <= 60, "{spent} requests");
        let is_named = trigger(&object).is_some_and(|found| found == expected) && is_sure(&object) && code == Some(exit);
        (!is_named).then(|| format!("seed {seed}: exit {code:?}: {}", object["experiment"]["explanations"]))
    });
    println!("{scenario}: {} of {runs} wrong; {wrong:#?}", wrong.len());
    runs - wrong.len() as u64
}

/// The scenario, what makes it fail, and the exit code: that of the class of most failures.
const HIDDEN: [(&str, &[&[&str]], i32); 6] = [
    ("breaks-plain-chinese", &[&["plain"], &["chinese"]], 10),
    ("breaks-large-gzip", &[&["gzip"], &["long"]], 11),
    ("breaks-second-request", &[&["second"]], 11),
    ("fails-three-in-ten", &[], 17),
    ("breaks-through-proxy", &[&["proxied"]], 11),
    ("breaks-over-ipv6", &[&["v6"]], 11),
];

#[test]
fn a_hidden_trigger_is_named() {
    for (scenario, expected, exit) in HIDDEN {
        // One unlucky run of four may remain unsure; in twenty, one may: that is tested apart.
        assert!(named(scenario, expected, exit, 4) >= 3, "{scenario}");
    }
}

#[test]
#[ignore = "some minutes: the gate runs it"]
fn probe_names_a_hidden_trigger_in_19_of_20_runs() {
    for (scenario, expected, exit) in HIDDEN {
        assert!(named(scenario, expected, exit, 20) >= 19, "{scenario}");
    }
}

const HEALTHY: [&str; 10] = [
    "healthy",
    "healthy-chinese",
    "healthy-gzip",
    "healthy-deflate",
    "healthy-zstd",
    "healthy-chunked",
    "healthy-close-delimited",
    "healthy-leading-blank-lines",
    "fast-healthy",
    "healthy-via-proxy-headers",
];

fn accused(runs: u64) -> Vec<String> {
    wrong(runs, |seed| {
        let scenario = HEALTHY[seed as usize % HEALTHY.len()];
        let (code, object) = deep(scenario, seed);
        let is_accused = code != Some(0) || trigger(&object).is_some() || object["class"] != "healthy";
        is_accused.then(|| format!("{scenario}, seed {seed}: exit {code:?}: {object}"))
    })
}

#[test]
fn nobody_healthy_is_accused() {
    assert_eq!(accused(10), Vec::<String>::new());
}

#[test]
#[ignore = "some minutes: the gate runs it"]
fn probe_accuses_nobody_healthy_in_200_runs() {
    assert_eq!(accused(200), Vec::<String>::new());
}

#[test]
fn a_failing_relay_is_explained_on_one_screen() {
    let ran = probe(&["--lab", "breaks-plain-only", "--seed", "7"]);
    assert_eq!(ran.code, Some(10), "{}", ran.stderr);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert!(lines.len() <= 24, "{}", ran.stdout);
    assert!(lines[0].starts_with("probe of http://127.0.0.1:") && lines[0].ends_with(" · gpt-4o-mini"), "{}", lines[0]);
    let has = |text: &str| lines.iter().any(|line| line.contains(text));
    assert!(has("FAIL  chat") && has("[empty-body-after-overwrite]") && has("ok    stream"), "{}", ran.stdout);
    assert!(
        has("error[empty-body-after-overwrite]: fails only when the answer is not streamed: 6 of 6; never otherwise: 0 of "),
        "{}",
        ran.stdout
    );
    assert!(has("= use: llmcheck chat hello --lab breaks-plain-only --stream   # never failed so, 0 of "), "{}", ran.stdout);
    assert!(ran.stderr.contains("the experiment takes up to 57 requests and about "), "{}", ran.stderr);
}

#[test]
fn what_was_tried_in_vain_is_not_advised() {
    for lang in ["en", "zh"] {
        let ran = probe(&["--lab", "no-first-byte-in-time", "--seed", "1", "--lang", lang]);
        assert_eq!(ran.code, Some(19), "{}", ran.stderr);
        assert!(ran.stdout.contains("--first-byte-timeout") && !ran.stdout.contains("--stream"), "{}", ran.stdout);
    }
}

#[test]
fn the_same_in_chinese() {
    let ran = probe(&["--lab", "breaks-plain-only", "--seed", "7", "--lang", "zh"]);
    assert!(ran.stdout.contains("只在以非流式请求时失败：6 次中 6 次；其他情况从不失败："), "{}", ran.stdout);
}

#[test]
fn the_command_that_it_gives_works() {
    let ran = probe(&["--lab", "breaks-gzip-only", "--seed", "1"]);
    let line = ran.stdout.lines().find(|line| line.contains("= use: ")).unwrap_or_else(|| panic!("{}", ran.stdout));
    let command = line.split("= use: llmcheck ").nth(1).unwrap().split("   #").next().unwrap();
    let words: Vec<&str> = command.split(' ').collect();
    assert_eq!(words.last(), Some(&"identity"));
    assert_eq!(run(llmcheck(words)).code, Some(0));
}

#[test]
fn recordings_of_all_requests_are_kept_where_they_are_wanted() {
    let place = directory("probe-recordings").join("new");
    let ran = probe(&["--lab", "breaks-plain-only", "--record", place.to_str().unwrap(), "--json", "--seed", "2"]);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap();
    let trials = object["experiment"]["trials"].as_array().unwrap();
    for name in trials.iter().map(|trial| trial["recording"].as_str().unwrap()).chain(["models.jsonl", "chat.jsonl", "stream.jsonl"]) {
        assert!(place.join(name).is_file(), "{name}");
    }
    let failed = trials.iter().find(|trial| trial["failed"] == json!(true)).unwrap();
    let judged = run(llmcheck(["diagnose", "--json", place.join(failed["recording"].as_str().unwrap()).to_str().unwrap()]));
    assert!(judged.stdout.contains("\"empty-body-after-overwrite\""), "{}", judged.stdout);
}

#[test]
fn a_way_that_ends_early_is_told_with_what_to_do() {
    for (scenario, code, stage, exit) in [
        ("name-not-found", "name-not-found", "name", 23),
        ("connection-refused", "connection-refused", "TCP", 23),
        ("certificate-expired", "certificate-expired", "TLS", 24),
        ("key-invalid", "key-invalid", "key", 15),
        ("proxy-refused-tunnel", "proxy-refused-tunnel", "TCP", 23),
    ] {
        let ran = probe(&["--lab", scenario]);
        assert_eq!(ran.code, Some(exit), "{scenario}: {}", ran.stdout);
        let told = ran.stdout.lines().any(|line| line.contains("FAIL") && line.contains(stage) && line.contains(&format!("[{code}]")));
        assert!(told && ran.stdout.contains("= help: ") && !ran.stdout.contains("fails only"), "{scenario}: {}", ran.stdout);
        assert!(!ran.stderr.contains("experiment"), "{scenario}: {}", ran.stderr);
    }
}

#[test]
fn a_healthy_endpoint_is_not_experimented_with_unless_that_is_asked_for() {
    let ran = probe(&["--lab", "healthy"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("ok    chat") && ran.stdout.contains("ok    stream"), "{}", ran.stdout);
}

#[test]
fn the_bound_on_requests_holds_and_what_is_not_known_is_not_said() {
    let server = Server::always(response("500 Internal Server Error", "", "{\"error\":{\"message\":\"The server had an error\"}}"));
    let ran = probe(&["--base-url", &server.url(), "--max-requests", "8"]);
    assert!(ran.stderr.contains("up to 5 requests"), "{}", ran.stderr);
    assert!(server.requests().len() <= 8, "{}", server.requests().len());
    assert!(!ran.stdout.contains("fails only"), "{}", ran.stdout);
}

#[test]
fn a_key_is_nowhere_to_be_seen() {
    const KEY: &str = "sk-probe-0123456789abcdef";
    let server = Server::always(response("500 Internal Server Error", "", format!("{{\"error\":{{\"message\":\"no {KEY}\"}}}}")));
    let place = directory("probe-secret");
    let mut command = llmcheck(["probe", "--base-url", &server.url(), "--max-requests", "9", "--record", place.to_str().unwrap(), "-v"]);
    command.env("OPENAI_API_KEY", KEY);
    let ran = run(command);
    assert!(server.requests().iter().all(|request| request.head.contains(KEY)), "the key was sent");
    assert!(!ran.stdout.contains(KEY) && !ran.stderr.contains(KEY));
    for entry in std::fs::read_dir(place).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        assert!(!text.contains(KEY), "{text}");
    }
}

#[test]
fn without_a_terminal_what_costs_money_needs_a_yes() {
    // A name that is not this computer's own, known without asking anybody.
    let server = Server::always(response("500 Internal Server Error", "", "{\"error\":{\"message\":\"x\"}}"));
    let url = server.url();
    let port = url.split(':').nth(2).unwrap().split('/').next().unwrap().to_string();
    let proxy = format!("http://127.0.0.1:{port}");
    let arguments = ["--base-url", "http://relay.example/v1", "--proxy", &proxy, "-H", "Authorization: Bearer sk-0123456789abcdef"];
    let ran = probe(&arguments);
    assert!(ran.stderr.contains("it was not made: add --yes"), "{}", ran.stderr);
    assert_eq!((ran.code, server.requests().len()), (Some(17), 3));
}

#[test]
fn a_bad_wish_is_refused() {
    for (arguments, words) in [
        (vec!["--lab", "healty"], "did you mean \"healthy\""),
        (vec!["--lab", "healthy", "--max-requests", "3"], "3 is not in 4..=1000"),
        (vec!["--lab", "healthy", "--deep", "--shallow"], "cannot be used with"),
        (vec!["--lab", "healthy", "--record", "/dev/null/x"], "cannot be made"),
        (vec!["--lab", "healthy", "--against", "https://a.example/v1"], "is a URL"),
    ] {
        let ran = probe(&arguments);
        assert_eq!(ran.code, Some(2), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }
}

#[test]
fn an_endpoint_is_held_against_another() {
    let ran = probe(&["--lab", "length-counts-characters", "--against", "lab/healthy", "--seed", "5", "--json"]);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{}", ran.stderr));
    assert_eq!(object["against"], "lab/healthy");
    let found = trigger(&object).unwrap();
    assert!(found.contains(&vec!["here".to_string()]), "{found:?}");
}

#[test]
fn the_schema_knows_all_of_the_object() {
    let out = directory("probe-schema");
    run(llmcheck(["generate", "schema", "--out", out.to_str().unwrap()])).ends_with(0);
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(out.join("llmcheck.probe.1.schema.json")).unwrap()).unwrap();
    for arguments in [
        ["--lab", "breaks-through-proxy", "--seed", "1", "--json"].as_slice(),
        &["--lab", "length-counts-characters", "--against", "lab/healthy", "--json"],
        &["--lab", "healthy", "--deep", "--json"],
        &["--lab", "key-invalid", "--json"],
    ] {
        let object: Value = serde_json::from_str(&probe(arguments).stdout).unwrap();
        assert_eq!(crate::parts::strays(&schema, &schema, &object, "probe"), [""; 0], "{arguments:?}");
    }
}
