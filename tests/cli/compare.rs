//! `llmcheck compare`: who is asked when, what is counted, which target is recommended and when none is, and how it is handed on.

use std::fs;
use std::sync::mpsc;

use serde_json::{Value, json};

use crate::program::{Ran, directory, finish, llmcheck, run};
use crate::server::{Server, api_error, good, response, whole_stream};

fn compare(arguments: &[&str]) -> Ran {
    run(llmcheck(["compare"].iter().chain(arguments)))
}

/// The object of `--json`, of a run that ends with this code.
#[track_caller]
fn comparison(arguments: &[&str], code: i32) -> Value {
    let ran = run(llmcheck(["compare", "--json"].iter().chain(arguments)));
    ran.ends_with(code);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

/// A configuration file with these endpoints; `more` is what else is said of each.
fn configured(test: &str, endpoints: &[(&str, &Server, &str)]) -> String {
    let section = |(name, server, more): &(&str, &Server, &str)| format!("[endpoints.{name}]\nbase_url = \"{}\"\n{more}\n", server.url());
    let path = directory(test).join("config.toml");
    fs::write(&path, endpoints.iter().map(section).collect::<String>()).unwrap();
    path.to_str().unwrap().to_string()
}

/// Answers in a stream, but for so many of the first in every ten.
fn failing(of_ten: usize) -> Server {
    Server::replying(move |index, _| {
        if index % 10 < of_ten { response("500 Oops", "", api_error("upstream failed")) } else { whole_stream(&["three ", "sentences"]) }
    })
}

#[test]
fn the_one_that_fails_less_often_is_recommended() {
    let (well, badly) = (failing(0), failing(4));
    let config = configured("compare-better", &[("well", &well, ""), ("badly", &badly, "")]);
    let ran = compare(&["badly", "well", "--config", &config, "--rounds", "30"]);
    ran.ends_with(0).tells("60 requests: 30 rounds of 2");
    let told = "use well: it fails less often than badly (0 of 30 against 12 of 30)\n";
    assert!(ran.stdout.contains(told), "{}", ran.stdout);
    assert!(ran.stdout.contains("badly: 12 × provider-error (upstream_error): llmcheck explain provider-error\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("18/30 (") && ran.stdout.contains("30/30 ("), "{}", ran.stdout);
    assert!(ran.stdout.contains("badly fails in more than 2 % of the requests ("), "{}", ran.stdout);
}

#[test]
fn of_two_that_are_the_same_none_is_recommended() {
    let object = comparison(&["lab/healthy", "lab/healthy:other", "--rounds", "15"], 0);
    assert_eq!(object["schema"], "llmcheck.compare/1");
    let recommendation = &object["recommendation"];
    assert_eq!((&recommendation["kind"], &recommendation["over"]), (&json!("undecided"), &json!([])));
    assert_eq!(recommendation["among"], json!(["lab/healthy", "lab/healthy:other"]));
    assert_eq!((&object["rounds"], &object["targets"][0]["requests"]), (&json!(15), &json!(15)));
    assert_eq!(object["pairs"][0]["better"], Value::Null);
}

#[test]
fn the_faster_one_is_recommended_where_neither_fails() {
    let object = comparison(&["lab/slow-healthy", "lab/healthy", "--rounds", "12"], 0);
    assert_eq!(object["recommendation"], json!({ "kind": "target", "target": "lab/healthy" }));
    assert_eq!(object["pairs"][0]["better"], json!({ "target": "lab/healthy", "by": "speed" }));
    assert!(object["targets"][0]["first_token_ms"]["p50"].as_f64().unwrap() >= 300.0);
}

#[test]
fn the_targets_of_a_round_are_asked_in_turn_and_streamed() {
    let (sender, asked) = mpsc::channel();
    let noting = |name: &'static str| {
        let sender = sender.clone();
        Server::replying(move |_, _| {
            sender.send(name).unwrap();
            whole_stream(&["the sea"])
        })
    };
    let (a, b, c) = (noting("a"), noting("b"), noting("c"));
    let config = configured("compare-order", &[("a", &a, ""), ("b", &b, ""), ("c", &c, "")]);
    compare(&["a", "b", "c", "--config", &config, "--rounds", "6"]).ends_with(0);
    let asked: Vec<&str> = asked.try_iter().collect();
    for place in 0..3 {
        let mut at: Vec<&str> = asked.iter().skip(place).step_by(3).take(3).copied().collect();
        at.sort_unstable();
        assert_eq!(at, ["a", "b", "c"], "place {place} of {asked:?}");
    }
    for round in asked.chunks(3) {
        let mut round = round.to_vec();
        round.sort_unstable();
        assert_eq!(round, ["a", "b", "c"]);
    }
    let body = a.requests()[0].json();
    assert_eq!((&body["stream"], &body["max_tokens"]), (&json!(true), &json!(128)));
}

#[test]
fn a_plain_answer_has_no_first_token() {
    let server = Server::always(good("the sea"));
    let config = configured("compare-plain", &[("a", &server, "")]);
    let object = comparison(&["a", "--config", &config, "--rounds", "3", "--no-stream", "--max-tokens", "9", "--prompt", "Say it"], 0);
    assert_eq!((&object["targets"][0]["first_token_ms"], &object["targets"][0]["answer_characters"]["p50"]), (&Value::Null, &json!(7.0)));
    let body = server.requests()[0].json();
    assert_eq!((&body["max_tokens"], &body["messages"][0]["content"]), (&json!(9), &json!("Say it")));
}

#[test]
fn a_conversation_from_a_file_is_asked_as_it_is() {
    let server = failing(0);
    let config = configured("compare-messages", &[("a", &server, "")]);
    let messages = crate::program::file("compare-messages-file", r#"[{"role":"user","content":"hi"}]"#);
    compare(&["a", "--config", &config, "--rounds", "1", "--messages", &messages]).ends_with(0);
    assert_eq!(server.request().json()["messages"], json!([{ "role": "user", "content": "hi" }]));
}

#[test]
fn the_cheaper_one_is_recommended_where_nothing_else_tells_them_apart() {
    let (dear, cheap) = (failing(0), failing(0));
    let price = |price: &str| format!("price = {{ input = {price}, output = {price} }}");
    let config = configured("compare-price", &[("dear", &dear, &price("10.0")), ("cheap", &cheap, &price("1.0"))]);
    let object = comparison(&["dear", "cheap", "--config", &config, "--rounds", "10"], 0);
    assert_eq!(object["pairs"][0]["better"], json!({ "target": "cheap", "by": "price" }));
    let costs = [0, 1].map(|index: usize| object["targets"][index]["cost_per_1000"].as_f64().unwrap());
    assert!((costs[0] / costs[1] - 10.0).abs() < 1e-9, "{costs:?}");
}

#[test]
fn one_target_is_judged_by_the_bound() {
    let told = |arguments: &[&str], code: i32| compare(arguments).ends_with(code).stdout.clone();
    let open = told(&["lab/healthy", "--rounds", "5"], 0);
    assert!(
        open.contains("the data cannot tell yet whether lab/healthy fails in less than 2 % of the requests: 0 of 5 means 0–43 %"),
        "{open}"
    );
    let under = told(&["lab/healthy", "--rounds", "12", "--max-error-rate", "30%"], 0);
    assert!(under.contains("lab/healthy fails in less than 30 % of the requests: 0 of 12"), "{under}");
    let over = told(&["lab/key-invalid", "--rounds", "3"], 15);
    assert!(over.contains("lab/key-invalid fails in more than 2 % of the requests: 3 of 3"), "{over}");
}

#[test]
fn where_all_fail_the_most_frequent_class_is_the_exit_code() {
    let (limiting, refusing) =
        (Server::always(response("429 Too Many Requests", "", api_error("Rate limit reached for requests"))), failing(10));
    let config = configured("compare-all-fail", &[("limiting", &limiting, ""), ("refusing", &refusing, "")]);
    let ran = compare(&["limiting", "refusing", "limiting:other", "--config", &config, "--rounds", "4", "-j", "2", "--lang", "zh"]);
    ran.ends_with(13).tells("共 12 次请求：4 轮，每轮 3 个目标");
    for words in
        ["都不建议使用：每个的失败率都高于 2 %", "limiting 的 4 次失败中有 4 次是限流，可能由测量本身引起：请减小 -j 或设置 --pause"]
    {
        assert!(ran.stdout.contains(words), "{}", ran.stdout);
    }
}

#[test]
fn wrong_usage_is_named_before_anything_is_asked() {
    for (arguments, words) in [
        (&["lab/helthy"][..], "there is no lab scenario \"helthy\""),
        (&["nowhere"], "nowhere"),
        (&["https://api.example.com/v1"], "is a URL; name it in the configuration file"),
        (&["lab/healthy", "--rounds", "0"], "0 is not in 1..=100000"),
        (&["lab/healthy", "-j", "0"], "0 is not in 1..=64"),
        (&["lab/healthy", "lab/slow-healthy", "lab/healthy"], "the target \"lab/healthy\" is named twice"),
        (&["lab/healthy", "--max-error-rate", "2"], "write 2% or 0.02"),
        (&["lab/healthy", "--report", "/no-such-directory/r.html"], "there is no directory /no-such-directory"),
        (&["lab/healthy", "--report", "r.pdf"], "a report is written as .md, .markdown, .html or .htm"),
        (&["lab/healthy", "--record", "/dev/null/records"], "cannot be made"),
        (&["lab/healthy", "--pause", "3"], "write a unit"),
    ] {
        let ran = compare(arguments);
        ran.ends_with(2).tells(words).prints("");
        assert!(!ran.stderr.contains("requests:"), "{}", ran.stderr);
    }
}

#[test]
fn reports_and_recordings_are_written() {
    let place = directory("compare-handed-on");
    let path = |name: &str| place.join(name).to_str().unwrap().to_string();
    let (html, markdown, records) = (path("r.html"), path("r.md"), path("records"));
    let arguments = ["lab/healthy", "lab/slow-healthy", "--rounds", "6", "--report", &html, "--report", &markdown, "--record", &records];
    compare(&arguments).ends_with(0);
    let (html, markdown) = (fs::read_to_string(html).unwrap(), fs::read_to_string(markdown).unwrap());
    assert_eq!(html.matches("<svg class=\"drawing\"").count(), 4);
    for words in ["use lab/healthy: its answers are complete sooner", "Time to the first token", "6 of 6"] {
        assert!(html.contains(words) && markdown.contains(words), "{words}");
    }
    let mut names: Vec<_> = fs::read_dir(&records).unwrap().map(|item| item.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["lab-healthy.jsonl", "lab-slow-healthy.jsonl"]);
    let recording = fs::read_to_string(format!("{records}/lab-healthy.jsonl")).unwrap();
    assert_eq!(recording.matches("\"llmcheck\":\"recording/1\"").count(), 6);
    run(llmcheck(["diagnose", &format!("{records}/lab-healthy.jsonl")])).ends_with(0);
}

#[test]
fn the_schema_knows_all_of_the_object() {
    let out = directory("compare-schema");
    run(llmcheck(["generate", "schema", "--out", out.to_str().unwrap()])).ends_with(0);
    let schema: Value = serde_json::from_str(&fs::read_to_string(out.join("llmcheck.compare.1.schema.json")).unwrap()).unwrap();
    let object = comparison(&["lab/healthy", "lab/key-invalid", "--rounds", "3"], 0);
    assert_eq!(crate::parts::strays(&schema, &schema, &object, "comparison"), [""; 0]);
}

#[test]
fn no_key_is_in_any_output() {
    const KEY: &str = "sk-verysecretkey0123456789";
    let server = Server::always(response("401 Unauthorized", "", api_error(&format!("Incorrect API key provided: {KEY}"))));
    let place = directory("compare-secret");
    let config = place.join("config.toml");
    fs::write(&config, format!("[endpoints.{KEY}]\nbase_url = \"{}\"\napi_key_env = \"THE_KEY\"\n", server.url())).unwrap();
    let report = place.join("r.html");
    let mut command = llmcheck(["compare", KEY, "--rounds", "2", "--json", "--config"]);
    command.arg(&config).arg("--report").arg(&report).arg("--record").arg(place.join("records")).env("THE_KEY", KEY);
    let ran = run(command);
    let recordings = fs::read_dir(place.join("records")).unwrap().map(|item| item.unwrap().path());
    let mut told = vec![ran.stdout, ran.stderr, fs::read_to_string(report).unwrap()];
    told.extend(recordings.map(|path| format!("{}: {}", path.display(), fs::read_to_string(&path).unwrap())));
    // A key that is cut is one all the same.
    assert!(told.iter().all(|text| !text.is_empty() && !text.contains(&KEY[..16])), "{told:#?}");
}

#[test]
fn no_key_that_was_typed_is_in_a_recording() {
    const KEY: &str = "sk-typedsecretkey0123456789";
    let place = directory("compare-typed");
    let config = place.join("config.toml");
    fs::write(&config, "[endpoints.nobody]\nbase_url = \"http://127.0.0.1:1/v1\"\n").unwrap();
    let mut command = llmcheck(["compare", "nobody", "--rounds", "1", "--header", &format!("api-key: {KEY}"), "--config"]);
    command.arg(&config).arg("--record").arg(place.join("records"));
    run(command).ends_with(23);
    let recording = fs::read_to_string(place.join("records/nobody.jsonl")).unwrap();
    assert!(!recording.contains(&KEY[..16]), "{recording}");
    // A comparison is not run again to look at one of its answers.
    let ran = run(llmcheck(["diagnose", place.join("records/nobody.jsonl").to_str().unwrap()]));
    assert!(ran.stderr.contains("confirm: llmcheck chat hello --base-url http://127.0.0.1:1/v1 -m gpt-4o-mini"), "{}", ran.stderr);
}

#[test]
fn a_report_that_would_take_the_place_of_a_directory_is_named_before_anything_is_asked() {
    let report = directory("compare-directory.html");
    compare(&["lab/healthy", "--rounds", "1", "--report", report.to_str().unwrap()]).ends_with(2).tells("it is a directory");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_costs_nothing_of_what_else_there_is_to_tell() {
    let full = || fs::File::options().write(true).open("/dev/full").unwrap();
    let report = directory("compare-full").join("r.md");
    let mut command = llmcheck(["compare", "lab/healthy", "--rounds", "2", "--report", report.to_str().unwrap()]);
    command.stdout(full());
    run(command).ends_with(1).tells("stdout cannot be written");
    assert!(fs::read_to_string(report).unwrap().contains("2/2"));
    // The second recording does not fit, and what was measured until then is told.
    let records = directory("compare-full-records");
    let own = format!("'{}' compare lab/healthy --rounds 50 --record '{}'", env!("CARGO_BIN_EXE_llmcheck"), records.display());
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f 40; exec {own}")]);
    shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let ran = run(shell);
    ran.ends_with(1).tells("the recording cannot be written; it ends here");
    assert!(ran.stdout.contains("lab/healthy") && ran.stdout.contains("stopped before the end: "), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_with_what_there_is() {
    let (sender, asked) = mpsc::channel();
    let server = Server::serving(move |index, stream| {
        let request = crate::server::read_request(stream);
        if index < 7 {
            let _ = std::io::Write::write_all(stream, &whole_stream(&["the sea"]));
        } else {
            let _ = sender.send(());
            let _ = std::io::Read::read(stream, &mut [0]);
        }
        request
    });
    let config = configured("compare-stop", &[("a", &server, "")]);
    let child = llmcheck(["compare", "a", "--config", &config, "--json", "--rounds", "50"]).spawn().unwrap();
    asked.recv().unwrap();
    crate::program::signal(child.id(), "INT");
    let ran = finish(child);
    let object: Value = serde_json::from_str(&ran.ends_with(130).stdout).unwrap();
    assert_eq!((&object["rounds"], &object["is_stopped"], &object["targets"][0]["failed"]), (&json!(7), &json!(true), &json!(0)));
    assert_eq!(object["remarks"][0], "stopped before the end: 7 of 50 rounds were completed");
}

#[test]
fn a_terminal_gets_colour_and_fewer_columns() {
    let shown = |columns: &str| {
        let arguments = ["compare", "lab/healthy", "lab/slow-healthy", "--rounds", "6"];
        crate::terminal::on_terminal(&arguments, &[("COLUMNS", columns)])
    };
    let (Some(wide), Some(narrow)) = (shown("160"), shown("60")) else { return };
    assert!(wide.contains("\u{1b}[") && wide.contains("first byte p50") && wide.contains("answer"), "{wide}");
    // Where Ctrl-C is echoed behind it, the bar takes one line all the same: "\r" and an erasure leave nothing of it.
    assert!(wide.contains("] 1/12 · 0s · lab/") && !wide.contains(&" ".repeat(60)), "{wide}");
    assert!(narrow.contains("total p50 / p95 / p99") && !narrow.contains("first byte p50"), "{narrow}");
}

#[test]
fn without_a_key_nothing_is_asked_and_that_is_said_once() {
    for command in ["compare", "monitor"] {
        let ran = run(llmcheck([command, "--base-url", "https://api.example.com/v1"]));
        assert_eq!(ran.code, Some(2), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains("there is no API key for api.example.com: set OPENAI_API_KEY"), "{command}: {}", ran.stderr);
    }
}
