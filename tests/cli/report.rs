//! `--json`, exit codes, `-q`, `-v`, recordings and `diagnose`: what scripts rely on.

use serde_json::Value;

use crate::program::{Ran, chat, directory, lab, llmcheck, run};
use crate::server::{Server, declaring, good, whole_stream};

/// One scenario for each class that a server can bring about, with the exit code of the design's table.
const CLASSES: [(&str, &str, i32); 17] = [
    ("healthy", "healthy", 0),
    ("length-counts-characters", "length_mismatch", 10),
    ("cut-by-close", "truncation", 11),
    ("html-instead-of-api", "proxy_rewrite", 12),
    ("rate-limited", "rate_limit", 13),
    ("quota-exhausted", "quota", 14),
    ("key-invalid", "auth", 15),
    ("model-not-found", "invalid_request", 16),
    ("provider-error", "upstream_error", 17),
    ("bad-gateway", "gateway_error", 18),
    ("no-first-byte-in-time", "timeout", 19),
    ("error-in-stream", "stream_error", 20),
    ("token-limit-reached", "token_limit", 0),
    ("content-filtered", "content_filter", 0),
    ("connection-refused", "connect_error", 23),
    ("certificate-expired", "tls_error", 24),
    ("web-page-not-api", "not_an_api", 25),
];

fn stream_if_needed(scenario: &str) -> &'static [&'static str] {
    if scenario == "error-in-stream" { &["--json", "--stream"] } else { &["--json"] }
}

#[test]
fn each_class_has_its_exit_code_and_one_report_on_stdout() {
    for (scenario, class, code) in CLASSES {
        let ran = lab(scenario, stream_if_needed(scenario));
        assert_eq!((ran.verdict().0.as_str(), ran.verdict().2), (class, code), "{scenario}");
        ran.is_silent();
    }
}

#[test]
fn each_class_has_the_same_exit_code_without_json() {
    for (scenario, _, code) in CLASSES {
        let arguments: &[&str] = if scenario == "error-in-stream" { &["--stream"] } else { &[] };
        lab(scenario, arguments).ends_with(code);
    }
}

#[test]
fn strict_gives_warnings_their_class_code() {
    for (scenario, code) in [("token-limit-reached", 21), ("content-filtered", 22), ("healthy", 0)] {
        lab(scenario, &["--strict"]).ends_with(code);
        lab(scenario, &["--strict", "--json"]).ends_with(code).report();
    }
}

#[test]
fn a_missing_key_is_a_report_without_any_network() {
    let ran = run(llmcheck(["chat", "hi", "--json"]));
    assert_eq!(ran.verdict(), ("auth".into(), "key-missing".into(), 15));
    let ran = run(llmcheck(["chat", "hi"]));
    ran.ends_with(15).prints("").tells("OPENAI_API_KEY").tells("--api-key-file").tells("--lab");
}

#[test]
fn an_answer_that_no_rule_knows_is_still_one_report() {
    let server = Server::always("HTTP/1.1 299 Hm\r\nContent-Type: application/x-strange\r\nContent-Length: 3\r\n\r\n\x01\x02\x03");
    let ran = chat(&server.url(), &["--json"]);
    assert!(ran.code.unwrap() >= 10, "{ran:?}");
    assert_ne!(ran.report()["verdict"]["class"], "healthy");
}

#[test]
fn the_report_has_every_key_of_the_contract() {
    let report = lab("healthy", &["--json"]).report();
    let keys = [
        "schema",
        "tool",
        "verdict",
        "findings",
        "ledger",
        "request",
        "response",
        "route",
        "timing",
        "rate_limits",
        "answer",
        "attempts",
        "recovered",
        "lang",
    ];
    assert_eq!(keys.iter().filter(|key| report.get(**key).is_none()).collect::<Vec<_>>(), Vec::<&&str>::new());
    let of = |key: &str, names: &[&str]| {
        names.iter().filter(|name| report[key].get(**name).is_none()).map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(of("verdict", &["class", "code", "severity", "confidence", "at_fault", "retryable", "title", "summary", "advice"]), [""; 0]);
    let ledger =
        ["framing", "declared", "wire", "missing", "surplus", "chunks", "coding", "decoded", "characters", "json_complete", "sse", "end"];
    assert_eq!(of("ledger", &ledger), [""; 0]);
    assert_eq!(of("request", &["method", "url", "headers", "body_bytes", "stream", "max_tokens", "model"]), [""; 0]);
    assert_eq!(of("response", &["version", "status", "reason", "head_bytes", "headers"]), [""; 0]);
    assert_eq!(of("answer", &["text", "finish_reason", "usage", "partial"]), [""; 0]);
}

#[test]
fn the_ledger_counts_what_was_on_the_wire() {
    let body = crate::server::completion("你好");
    let server = Server::always(declaring(body.len() - 9, "200 OK", "", &body));
    let ledger = chat(&server.url(), &["--json"]).report()["ledger"].clone();
    let count = |key: &str| ledger[key].as_u64().unwrap() as usize;
    assert_eq!((count("declared"), count("wire"), count("surplus")), (body.len() - 9, body.len(), 9));
    assert_eq!((count("characters"), &ledger["framing"]), (body.chars().count(), &Value::from("content-length")));
}

#[test]
fn timing_has_every_stage_that_happened() {
    let timing = lab("healthy", &["--json", "--stream"]).report()["timing"].clone();
    for stage in ["connected", "sent", "first_byte", "head", "first_token", "last_byte", "total"] {
        assert!(timing[stage].is_number(), "{stage}: {timing}");
    }
}

#[test]
fn quiet_is_silent_whatever_happens_and_keeps_the_exit_code() {
    for (scenario, _, code) in CLASSES.into_iter().filter(|(name, ..)| *name != "error-in-stream") {
        lab(scenario, &["-q"]).ends_with(code).is_silent();
    }
    lab("flaky-500-twice", &["-q", "--retry", "2", "--retry-base", "1ms"]).ends_with(0).is_silent();
}

#[test]
fn verbose_shows_both_heads_in_wire_order_and_case() {
    let fields = "X-b: 1\r\nx-A: 2\r\nX-b: 3\r\n";
    let server = Server::always(crate::server::response("200 Fine", fields, crate::server::completion("ok")));
    let ran = chat(&server.url(), &["-v", "-H", "X-Mine: 1"]);
    let shown = |mark: &str| ran.stderr.lines().filter_map(|line| line.strip_prefix(mark)).map(str::to_string).collect::<Vec<_>>();
    assert_eq!(shown("< ")[..5], ["HTTP/1.1 200 Fine", "Content-Type: application/json", "X-b: 1", "x-A: 2", "X-b: 3"]);
    let request = server.request();
    assert_eq!(shown("> ")[1..].join("\n"), request.head.lines().skip(1).collect::<Vec<_>>().join("\n"));
}

#[test]
fn verbose_says_where_each_setting_came_from() {
    let server = Server::always(good("ok"));
    let ran = chat(&server.url(), &["-v", "-m", "m"]);
    ran.tells("(--base-url)").tells("model: m (--model)").tells("(default)").tells("first byte").prints("ok\n");
}

#[test]
fn verbose_with_json_keeps_stdout_to_the_report() {
    let ran = lab("cut-by-close", &["-v", "--json"]);
    ran.tells("error[cut-by-close]").report();
}

fn without_settings(ran: &Ran) -> String {
    let start = ran.stdout.rfind(",\"settings\":{").unwrap();
    assert_eq!(serde_json::from_str::<Value>(&format!("{{{}", &ran.stdout[start + 1..])).unwrap().as_object().unwrap().len(), 1);
    format!("{}}}\n", &ran.stdout[..start])
}

#[test]
fn diagnose_gives_the_report_of_the_recording_byte_for_byte() {
    let runs: [(&str, &[&str]); 6] = [
        ("healthy", &["--stream"]),
        ("length-counts-characters", &[]),
        ("cut-by-reset", &["--lab-tls"]),
        ("flaky-500-twice", &["--retry", "2", "--retry-base", "1ms"]),
        ("connection-refused", &[]),
        ("certificate-expired", &["--lang", "zh"]),
    ];
    let directory = directory("diagnose");
    for (scenario, arguments) in runs {
        let recording = directory.join(scenario);
        let live = lab(scenario, &[arguments, &["--json", "--record", recording.to_str().unwrap()]].concat());
        let lang = live.report()["lang"].as_str().unwrap().to_string();
        let again = run(llmcheck(["diagnose", "--json", "--lang", &lang, recording.to_str().unwrap()]));
        again.ends_with(live.code.unwrap()).prints(&without_settings(&live)).is_silent();
    }
}

#[test]
fn diagnose_shows_the_page_that_the_live_run_showed() {
    let path = directory("diagnose-page").join("r.jsonl");
    let live = lab("length-counts-characters", &["--record", path.to_str().unwrap()]);
    let again = run(llmcheck(["diagnose", path.to_str().unwrap()]));
    assert_eq!(again.ends_with(10).stderr, live.stderr);
    again.prints("");
}

#[test]
fn diagnose_reads_a_recording_from_stdin() {
    let path = directory("diagnose-stdin").join("r.jsonl");
    lab("cut-by-close", &["--record", path.to_str().unwrap()]);
    let ran = crate::program::run_with_input(llmcheck(["diagnose", "-", "--json"]), &std::fs::read(&path).unwrap());
    assert_eq!(ran.verdict(), ("truncation".into(), "cut-by-close".into(), 11));
}

#[test]
fn a_damaged_recording_is_wrong_usage_that_names_the_line() {
    const FIRST: &str = "{\"llmcheck\":\"recording/1\",\"asked\":{}}\n";
    let cases = [
        ("{\"llmcheck\":\"recording/9\"}\n".to_string(), "line 1"),
        (FIRST[..30].to_string(), "line 1"),
        ("[0,0,\"<\",\"x\"]\n".to_string(), "first line"),
        (format!("{FIRST}[0,0,\"?\",\"\"]\n"), "line 2"),
        (format!("{FIRST}\n[0.1,0,\"<\",\"HTTP/1.1 200"), "line 3"),
        (format!("{FIRST}HTTP/1.1 200 OK\r\n"), "line 2"),
    ];
    for (text, words) in cases {
        let path = crate::program::file("damaged-recording", &text);
        run(llmcheck(["diagnose", "--json", &path])).ends_with(2).prints("").tells(words);
    }
}

#[test]
fn what_holds_nothing_to_be_judged_is_wrong_usage() {
    for text in ["", " \n\r\n", "\u{feff}", "{\"log\":{\"entries\":[]}}", "{\"log\":{\"entries\":[{\"request\":"] {
        let path = crate::program::file("nothing", text);
        run(llmcheck(["diagnose", "--json", &path])).ends_with(2).prints("").tells(&path);
    }
    run(llmcheck(["diagnose", "/nowhere/at/all"])).ends_with(2).tells("/nowhere/at/all");
}

#[test]
fn a_text_that_is_nothing_else_is_judged_as_a_text() {
    let path = crate::program::file("text", "hello\n");
    let ran = run(llmcheck(["diagnose", "--json", &path]));
    assert_eq!(ran.verdict(), ("unknown".into(), "nothing-recognised".into(), 26));
}

#[cfg(unix)]
#[test]
fn a_recording_is_for_its_owners_eyes_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let path = directory("mode").join("r.jsonl");
    let mode = || std::fs::metadata(&path).unwrap().permissions().mode() & 0o777;
    lab("healthy", &["--record", path.to_str().unwrap()]);
    assert_eq!(mode(), 0o600);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    lab("healthy", &["--record", path.to_str().unwrap()]);
    assert_eq!(mode(), 0o600);
}

#[test]
fn a_recording_begins_anew_each_time_and_holds_every_attempt() {
    let path = directory("attempts").join("r.jsonl");
    let firsts = || std::fs::read_to_string(&path).unwrap().lines().filter(|line| line.starts_with('{')).count();
    lab("flaky-500-twice", &["--retry", "2", "--retry-base", "1ms", "--record", path.to_str().unwrap()]);
    assert_eq!(firsts(), 3);
    lab("healthy", &["--record", path.to_str().unwrap()]);
    assert_eq!(firsts(), 1);
}

#[test]
fn a_recording_says_in_its_first_bytes_what_it_is_and_is_one_json_value_per_line() {
    let path = directory("form").join("r.jsonl");
    lab("healthy-gzip", &["--record", path.to_str().unwrap()]);
    let text = std::fs::read_to_string(&path).unwrap();
    let events: Vec<Value> = text.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(events.iter().all(|event| event.as_array().is_some_and(|event| event.len() == 4)), "{text}");
    assert_eq!(events.last().unwrap()[2], "end");
    assert!(text.starts_with("{\"llmcheck\":\"recording/1\",\"asked\":{"), "{text}");
}

#[test]
fn the_text_of_a_streamed_report_is_the_whole_answer() {
    let server = Server::always(whole_stream(&["Hel", "lo"]));
    let answer = chat(&server.url(), &["--stream", "--json"]).report()["answer"].clone();
    assert_eq!((&answer["text"], &answer["partial"], &answer["finish_reason"]), (&"Hello".into(), &false.into(), &"stop".into()));
}

/// Types the command that a report offers for confirmation, as a shell would.
#[cfg(unix)]
fn typed_again(ran: &Ran) -> Option<Ran> {
    let report = ran.report();
    let confirm = report["verdict"]["confirm"].as_str().filter(|command| command.starts_with("llmcheck "))?;
    let mut command = std::process::Command::new("sh");
    command.args(["-c", &confirm.replacen("llmcheck", env!("CARGO_BIN_EXE_llmcheck"), 1)]).env_clear().envs([crate::program::path()]);
    command.current_dir(directory("confirm")).stdin(std::process::Stdio::null());
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    Some(run(command))
}

#[cfg(unix)]
#[test]
fn the_command_to_confirm_with_can_be_typed_whatever_was_typed_before() {
    let flags = [
        "--json",
        "-v",
        "--retry",
        "0",
        "--max-tokens",
        "9",
        "--timeout",
        "20s",
        "--record",
        "it's.jsonl",
        "--stream",
        "--system",
        "a 'b' $c",
    ];
    for (scenario, ..) in CLASSES {
        let mut command = llmcheck(["chat", "hi", "--lab", scenario].iter().chain(&flags));
        command.current_dir(directory("confirmed"));
        let Some(again) = typed_again(&run(command)) else { continue };
        assert_ne!(again.code, Some(2), "{scenario}: {}", again.stderr);
    }
}

#[test]
fn the_limits_of_the_response_are_in_the_report_and_on_the_page_of_a_rate_limit() {
    let limits = lab("requests-per-minute", &["--json"]).report()["rate_limits"].clone();
    let expected = serde_json::json!([
        {"what": "requests", "limit": 3, "remaining": 0, "resets_in": 1.0, "source": "x-ratelimit-limit-requests"},
        {"what": "retry", "resets_in": 1.0, "source": "retry-after"}
    ]);
    assert_eq!(limits, expected);
    let page = lab("requests-per-minute", &[]).stderr;
    assert!(page.contains("limits:  what          limit  left  back in\n"), "{page}");
    assert!(page.contains("\n              requests          3     0  1 s\n"), "{page}");
    assert_eq!(lab("healthy", &["--json"]).report()["rate_limits"], serde_json::json!([]));
}

#[test]
fn a_refusal_says_whose_it_is_and_whether_another_attempt_makes_sense() {
    // scenario, code, at fault, retryable
    let cases = [
        ("daily-limit-reached", "daily-limit-reached", "client", true),
        ("openrouter-daily-limit", "daily-limit-reached", "client", false),
        ("gemini-quota-per-day", "quota-exhausted", "client", false),
        ("openrouter-upstream-quota", "quota-exhausted", "relay", false),
        ("litellm-upstream-key", "key-invalid", "relay", false),
        ("key-invalid", "key-invalid", "client", false),
        ("relay-cooldown", "relay-cooldown", "relay", true),
        ("plan-limit-reached", "plan-limit-reached", "client", false),
        ("path-not-found", "path-not-found", "relay", false),
        ("fastapi-path-not-found", "path-not-found", "client", false),
        ("error-in-success", "error-in-success", "relay", true),
        ("request-over-token-limit", "request-over-token-limit", "client", false),
        ("relay-upstream-status", "relay-upstream-failed", "relay", true),
    ];
    for (scenario, code, at_fault, retryable) in cases {
        let verdict = lab(scenario, &["--json"]).report()["verdict"].clone();
        assert_eq!((&verdict["code"], &verdict["at_fault"]), (&code.into(), &at_fault.into()), "{scenario}");
        assert_eq!(verdict["retryable"], retryable, "{scenario}");
    }
}

#[test]
fn an_error_that_is_passed_on_is_shown_with_its_maker() {
    let report = lab("litellm-upstream-key", &["--json"]).report();
    let values = &report["findings"][0]["values"];
    assert_eq!((&values["said_by"], &values["quoted_from"]), (&"LiteLLM".into(), &"OpenAI".into()));
    assert_eq!(values["error_code"], "invalid_api_key");
    let message = values["message"].as_str().unwrap();
    assert!(message.ends_with("Incorrect API key provided: sk-lab***0000.") && !message.contains('{'), "{message}");
}

#[test]
fn a_path_in_which_the_version_stands_twice_is_named() {
    let server = Server::always(declaring(22, "404 Not Found", "", r#"{"detail":"Not Found"}"#));
    let url = server.url();
    // The server's own URL ends with /v1 already.
    let advice = chat(&format!("{url}/v1"), &["--json"]).report()["verdict"]["advice"].to_string();
    assert!(advice.contains("/v1/v1/chat/completions: the version stands twice in it"), "{advice}");
}
