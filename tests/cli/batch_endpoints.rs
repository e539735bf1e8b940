//! Who is asked, how often, and when a batch gives up: several endpoints, retries of an item, fallbacks and the bounds of a run.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::batch::{Batch, requests};
use crate::relay::{Relay, kept, kept_response};
use crate::server::{api_error, completion, whole_stream};

fn slowly(milliseconds: u64) -> Relay {
    Relay::replying(move |asked| {
        std::thread::sleep(Duration::from_millis(milliseconds));
        kept(&asked.prompt)
    })
}

fn refusing(status: &'static str, message: &'static str) -> Relay {
    Relay::replying(move |_| kept_response(status, "", api_error(message).as_bytes()))
}

const WRONG_KEY: &str = "Incorrect API key provided: sk-x. You can find your API key at https://platform.openai.com/account/api-keys.";

/// A batch whose configuration file has these endpoints; `more` is what else is said of each.
fn configured(test: &str, items: usize, endpoints: &[(&str, &str, &str)]) -> Batch {
    let batch = Batch::new(test, requests(items)).with(&["--config", "config.toml", "--retry-base", "1ms"]);
    let section = |(name, url, more): &(&str, &str, &str)| format!("[endpoints.{name}]\nbase_url = \"{url}\"\n{more}\n");
    fs::write(batch.place.join("config.toml"), endpoints.iter().map(section).collect::<String>()).unwrap();
    batch
}

/// The summary object of a run that ends with this code.
#[track_caller]
fn summary(batch: &Batch, code: i32) -> Value {
    let mut command = batch.command();
    command.arg("--json");
    let ran = crate::program::run(command);
    ran.ends_with(code);
    let summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(summary["schema"], "llmcheck.batch/1");
    summary
}

const NOWHERE: &str = "http://127.0.0.1:1/v1";

#[test]
fn of_several_endpoints_the_faster_one_does_more() {
    let (slow, fast) = (slowly(60), slowly(5));
    let batch = configured("fastest", 200, &[("slow", &slow.url(), ""), ("fast", &fast.url(), "")]);
    let batch = batch.with(&["--endpoint", "slow", "--endpoint", "fast"]);
    batch.run().ends_with(0).tells("slow: ").tells("fast: ").tells("ms");
    let (slow, fast) = (slow.count_of_requests(), fast.count_of_requests());
    assert!(slow >= 1 && fast > 3 * slow && slow + fast == 200, "{slow} {fast}");
    assert_eq!(batch.texts().len(), 200);
}

#[test]
fn the_first_listed_is_asked_alone_while_it_answers() {
    let (first, second) = (slowly(5), slowly(0));
    let batch = configured("listed", 40, &[("a", &first.url(), ""), ("b", &second.url(), "")]);
    batch.with(&["--endpoint", "a", "--endpoint", "b", "--prefer", "listed"]).run().ends_with(0);
    assert_eq!((first.count_of_requests(), second.count_of_requests()), (40, 0));
}

#[test]
fn the_cheapest_is_asked_alone_while_it_answers() {
    let (dear, cheap) = (slowly(0), slowly(5));
    let endpoints = [
        ("dear", &*dear.url(), "price = { input = 2.0, output = 8.0 }"),
        ("cheap", &*cheap.url(), "price = { input = 0.1, output = 0.4 }"),
        ("free", NOWHERE, ""),
    ];
    let batch = configured("cheapest", 40, &endpoints);
    batch.with(&["--endpoint", "free", "--endpoint", "dear", "--endpoint", "cheap", "--prefer", "cheapest"]).run().ends_with(0);
    assert_eq!((dear.count_of_requests(), cheap.count_of_requests()), (0, 40));
}

#[test]
fn one_that_refuses_connections_gets_trials_only() {
    let works = slowly(2);
    for prefer in ["listed", "fastest"] {
        let batch = configured(&format!("refused-{prefer}"), 60, &[("down", NOWHERE, ""), ("works", &works.url(), "")]);
        let batch = batch.with(&["--endpoint", "down", "--endpoint", "works", "--prefer", prefer, "-j", "4"]);
        let summary = summary(&batch, 0);
        let asked = summary["endpoints"][0]["requests"].as_u64().unwrap();
        assert!((1..=4).contains(&asked), "{summary}");
        assert_eq!((&summary["endpoints"][1]["answered"], batch.texts().len()), (&60.into(), 60));
    }
}

#[test]
fn an_item_that_one_endpoint_cannot_answer_is_asked_of_the_next() {
    let (strange, works) = (refusing("404 Not Found", "The model `m` does not exist"), slowly(0));
    let batch = configured("next", 20, &[("a", &strange.url(), ""), ("b", &works.url(), "")]);
    let batch = batch.with(&["--endpoint", "a", "--endpoint", "b", "--prefer", "listed"]);
    batch.run().ends_with(0);
    assert_eq!((batch.texts().len(), works.count_of_requests()), (20, 20));
    assert!(batch.answers().iter().all(|line| line.llmcheck.endpoint == "b"));
}

#[test]
fn where_no_endpoint_can_answer_it_stops_and_says_so() {
    for (test, relay, code, word) in [
        ("key", refusing("401 Unauthorized", WRONG_KEY), 15, "key-invalid"),
        (
            "quota",
            refusing("429 Too Many Requests", "You exceeded your current quota, please check your plan and billing details."),
            14,
            "quota",
        ),
    ] {
        let batch = configured(&format!("hopeless-{test}"), 500, &[("a", &relay.url(), ""), ("b", &relay.url(), "")]);
        let batch = batch.with(&["--endpoint", "a", "--endpoint", "b", "-j", "4"]);
        let summary = summary(&batch, code);
        assert_eq!((&summary["ended"], &summary["answered"]), (&"hopeless".into(), &0.into()));
        assert!(summary["left"].as_u64().unwrap() > 400 && relay.count_of_requests() < 20, "{summary}");
        batch.run().ends_with(code).tells("no endpoint answers").tells(word).tells("the same command goes on from here");
    }
    let batch = configured("hopeless-down", 50, &[("a", NOWHERE, "")]).with(&["--endpoint", "a"]);
    batch.run().ends_with(23).tells("connection-refused").tells("50 left");
}

#[test]
fn a_fallback_is_asked_only_for_what_the_first_one_failed() {
    let first = Relay::replying(|asked| match asked.prompt.ends_with('5') {
        true => kept_response("404 Not Found", "", api_error("The model `m` does not exist").as_bytes()),
        false => kept(&asked.prompt),
    });
    let second = slowly(0);
    let batch = configured("fallback", 40, &[("a", &first.url(), ""), ("b", &second.url(), "")]);
    let batch = batch.with(&["--endpoint", "a", "--fallback", "b:other"]);
    batch.run().ends_with(0);
    assert_eq!((first.count_of_requests(), second.count_of_requests(), batch.texts().len()), (40, 4, 40));
    assert!(second.requests().iter().all(|request| request.json()["model"] == "other"));
}

#[test]
fn a_fallback_does_the_work_where_the_first_one_cannot() {
    let (first, second) = (refusing("401 Unauthorized", WRONG_KEY), slowly(0));
    let batch = configured("fallback-all", 40, &[("a", &first.url(), ""), ("b", &second.url(), "")]);
    let batch = batch.with(&["--endpoint", "a", "--fallback", "b", "-j", "4"]);
    batch.run().ends_with(0);
    assert_eq!((batch.texts().len(), second.count_of_requests()), (40, 40));
    assert!(first.count_of_requests() <= 4);
}

#[test]
fn a_model_may_stand_beside_an_endpoint_and_takes_the_place_of_the_lines_own() {
    let (a, b) = (slowly(3), slowly(3));
    let batch = configured("models", 40, &[("a", &a.url(), "model = \"unused\""), ("b", &b.url(), "")]);
    batch.with(&["--endpoint", "a", "--endpoint", "b:m2:latest"]).run().ends_with(0);
    assert!(a.requests().iter().all(|request| request.json()["model"] == "m"));
    assert!(b.requests().iter().all(|request| request.json()["model"] == "m2:latest"));
    assert!(a.count_of_requests() > 0 && b.count_of_requests() > 0);
}

#[test]
fn an_item_is_tried_again_as_often_as_allowed() {
    for (scenario, items, arguments, code, failed) in [
        ("fails-first-of-each-prompt", 3, &["-j", "2"][..], 0, 0),
        ("fails-one-in-ten", 40, &[], 0, 0),
        ("fails-three-times", 1, &[], 0, 0),
        ("fails-three-times", 1, &["--retry", "2"], 17, 1),
        ("fails-first-of-each-prompt", 3, &["-j", "1", "--retry", "0"], 17, 3),
    ] {
        let test = format!("retried-{scenario}-{code}");
        let batch = Batch::new(&test, requests(items)).with(&["--lab", scenario, "--retry-base", "1ms"]).with(arguments);
        let summary = summary(&batch, code);
        assert_eq!((&summary["failed"], batch.answers().len()), (&failed.into(), items - failed), "{scenario}: {summary}");
    }
}

#[test]
fn attempts_are_counted_in_the_line_and_in_the_summary() {
    let relay = Relay::replying(|asked| match asked.earlier < 2 && asked.prompt == "prompt-1" {
        true => kept_response("500 Internal Server Error", "", api_error("The server had an error").as_bytes()),
        false => kept(&asked.prompt),
    });
    let batch = Batch::new("attempts", requests(3)).at(&relay);
    let summary = summary(&batch, 0);
    let of = |id: &str| batch.answers().iter().find(|line| line.custom_id == id).unwrap().llmcheck.attempts;
    assert_eq!((of("item-0"), of("item-1"), of("item-2")), (1, 3, 1));
    assert_eq!((&summary["attempts"], &summary["failed_attempts"]), (&5.into(), &json!({"provider-error": 2})));
}

#[test]
fn a_limit_is_waited_for_without_an_attempt_being_counted() {
    let relay = Relay::replying(|asked| match asked.number % 2 == 0 {
        true => kept_response("429 Too Many Requests", "Retry-After: 0.02\r\n", api_error("Rate limit reached, slow down").as_bytes()),
        false => kept(&asked.prompt),
    });
    let batch = Batch::new("limited", requests(8)).at(&relay).with(&["-j", "1", "--retry", "1"]);
    let summary = summary(&batch, 0);
    assert!(batch.answers().iter().all(|line| line.llmcheck.attempts == 1));
    assert_eq!((&summary["refusals"], batch.texts().len()), (&8.into(), 8));
}

#[test]
fn a_limit_that_lasts_for_hours_is_not_waited_for() {
    let relay = Relay::replying(|_| {
        kept_response("429 Too Many Requests", "Retry-After: 7200\r\n", api_error("Rate limit reached, slow down").as_bytes())
    });
    let batch = Batch::new("hours", requests(100)).at(&relay).with(&["-j", "2"]);
    let ran = batch.run();
    ran.tells("no endpoint answers");
    assert!(relay.count_of_requests() <= 4 && matches!(ran.code, Some(13 | 14)), "{ran:?}");
}

#[test]
fn with_recover_a_plain_answer_that_breaks_is_asked_for_as_a_stream() {
    let batch = Batch::new("recover", requests(5)).with(&["--lab", "breaks-plain-only", "--recover"]);
    batch.run().ends_with(0);
    for line in batch.answers() {
        let body: Value = serde_json::from_str(line.body()).unwrap();
        let choice = &body["choices"][0];
        assert_eq!((&body["object"], &choice["index"], &choice["finish_reason"]), (&"chat.completion".into(), &0.into(), &"stop".into()));
        assert!(body["id"].as_str().unwrap().starts_with("chatcmpl-") && body["created"].as_u64().unwrap() > 1_700_000_000, "{body}");
        assert_eq!((&body["model"], &choice["message"]["role"]), (&"m".into(), &"assistant".into()));
        let number = line.custom_id.trim_start_matches("item-");
        assert!(line.text().starts_with(&format!("You asked \"prompt-{number}\"")) && line.llmcheck.attempts == 2, "{line:?}");
    }
}

#[test]
fn without_recover_no_item_is_asked_in_another_way() {
    let batch = Batch::new("no-recover", requests(2)).with(&["--lab", "breaks-plain-only", "--retry", "1", "--retry-base", "1ms"]);
    batch.run().ends_with(10);
    assert!(batch.answers().is_empty() && batch.failures().iter().all(|line| line.llmcheck.attempts <= 2));
}

#[test]
fn when_the_tokens_are_spent_no_other_request_begins_and_the_next_run_goes_on() {
    // Two tokens each.
    let relay = Relay::echoing();
    let batch = Batch::new("tokens", requests(50)).at(&relay).with(&["-j", "1", "--max-cost-tokens", "20"]);
    let summary = summary(&batch, 1);
    assert_eq!((&summary["ended"], &summary["answered"], &summary["left"]), (&"out-of-tokens".into(), &10.into(), &40.into()));
    batch.run().ends_with(1).tells("--max-cost-tokens is spent").tells("the same command goes on from here");
    assert_eq!((batch.texts().len(), relay.count_of_requests()), (20, 20));
    let enough = Batch::new("enough-tokens", requests(10)).at(&relay).with(&["-j", "1", "--max-cost-tokens", "20"]);
    enough.run().ends_with(0);
}

#[test]
fn when_the_time_is_over_no_other_request_begins_and_the_next_run_goes_on() {
    let relay = slowly(20);
    let batch = Batch::new("time", requests(400)).at(&relay).with(&["-j", "2", "--retry-max-time", "200ms"]);
    let summary = summary(&batch, 1);
    let answered = summary["answered"].as_u64().unwrap();
    assert!(summary["ended"] == "out-of-time" && (1..200).contains(&answered), "{summary}");
    assert_eq!((batch.texts().len() as u64, relay.count_of_requests() as u64), (answered, answered));
    batch.run().ends_with(1).tells("--retry-max-time is over");
    assert!(batch.texts().len() as u64 > answered);
}

#[test]
fn an_answer_that_came_as_a_stream_costs_what_it_says() {
    let usage = "data: {\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}\n\n";
    let stream = String::from_utf8(whole_stream(&["Hi"])).unwrap().replace("data: [DONE]", &format!("{usage}data: [DONE]"));
    let batch = Batch::new("stream-cost", requests(2)).at(&Relay::replying(move |_| stream.clone().into_bytes()));
    assert_eq!(summary(&batch, 0)["tokens"], 14);
    let body: Value = serde_json::from_str(batch.answers()[0].body()).unwrap();
    assert_eq!(body["usage"], json!({"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}));
}

#[test]
fn connections_are_kept_and_one_that_was_closed_between_two_requests_loses_nothing() {
    let relay = Relay::replying(|asked| match asked.number % 3 == 2 {
        true => crate::server::response("200 OK", "", completion(&asked.prompt)),
        false => kept(&asked.prompt),
    });
    let batch = Batch::new("kept", requests(60)).at(&relay).with(&["--retry", "0"]);
    batch.run().ends_with(0);
    assert_eq!((batch.texts().len(), relay.count_of_requests()), (60, 60));
}

#[cfg(target_os = "linux")]
#[test]
fn where_few_files_may_be_open_fewer_requests_are_under_way() {
    let relay = slowly(1);
    let batch = Batch::new("few-files", requests(300)).at(&relay).with(&["-j", "200"]);
    let words: Vec<String> = batch.command().get_args().map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let line = format!("ulimit -n 100; exec '{}' {}", env!("CARGO_BIN_EXE_llmcheck"), words.join(" "));
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &line]).current_dir(&batch.place).env_clear().envs([crate::program::path()]);
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    crate::program::run(command).ends_with(0).tells("36 at a time").tells("ulimit -n");
    assert_eq!((batch.texts().len(), relay.count_of_requests()), (300, 300));
}
