//! What a batch says at its end, to people and to programs, and what it never says.

use std::fs;
use std::io::Write as _;

use serde_json::{Value, json};

use crate::batch::{Batch, requests};
use crate::program::{Ran, run};
use crate::relay::{Relay, kept, kept_response};
use crate::server::{STREAM_HEAD, api_error, completion, delta, whole_stream};

/// The last digit says what comes: 8 a refusal over the key's rights, 9 an error of the server.
fn mixed() -> Relay {
    Relay::replying(|asked| match asked.prompt.chars().last() {
        Some('8') => kept_response("400 Bad Request", "", api_error("no").as_bytes()),
        Some('9') => kept_response("500 Internal Server Error", "", api_error("The server had an error").as_bytes()),
        _ => kept(&asked.prompt),
    })
}

fn with(batch: &Batch, arguments: &[&str]) -> Ran {
    let mut command = batch.command();
    command.args(arguments);
    run(command)
}

#[test]
fn the_summary_counts_by_class_and_says_where_the_failures_are() {
    let batch = Batch::new("told", requests(30)).at(&mixed()).with(&["--retry", "0"]);
    let ran = batch.run();
    ran.ends_with(16).prints("").tells("24 of 30 answered, 6 failed;").tells("48 tokens");
    ran.tells("3 × request-rejected (invalid_request): llmcheck explain request-rejected");
    ran.tells("3 × provider-error (upstream_error): llmcheck explain provider-error");
    ran.tells("the failures stand in out.errors.jsonl; the same command asks them again");
    let chinese = with(&batch, &["--lang", "zh"]);
    chinese.ends_with(16).tells("共 30 条，已回答 24 条（其中 24 条此前已回答），失败 6 条").tells("失败的条目在 out.errors.jsonl 中");
}

#[test]
fn the_exit_code_is_that_of_the_class_of_most_failures() {
    for (items, code) in [(8, 0), (9, 16), (10, 16), (20, 16)] {
        let batch = Batch::new(&format!("code-{items}"), requests(items)).at(&mixed()).with(&["--retry", "0"]);
        batch.run().ends_with(code);
    }
}

/// What a terminal shows of these bytes at their end: lines that were written over are gone.
fn screen(bytes: &str) -> Vec<String> {
    let line = |line: &str| line.trim_end_matches('\r').rsplit(['\r']).next().unwrap_or_default().replace("\u{1b}[K", "");
    bytes.split('\n').map(line).collect()
}

#[test]
fn on_a_terminal_a_line_shows_how_far_it_is_and_nothing_of_it_stays() {
    let slow = Relay::replying(|asked| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        kept(&asked.prompt)
    });
    let batch = Batch::new("terminal", requests(20)).with(&["-j", "2"]);
    let path = |name: &str| batch.place.join(name).to_str().unwrap().to_string();
    let (input, output) = (path("in.jsonl"), path("out.jsonl"));
    let arguments = ["batch", &input, "-o", &output, "-j", "2", "--base-url", &slow.url()];
    let Some(shown) = crate::terminal::on_terminal(&arguments, &[("COLUMNS", "80")]) else { return };
    assert!(shown.contains("/20 · ") && shown.contains("left") && shown.contains("[####"), "{shown}");
    let left: Vec<String> = screen(&shown).into_iter().filter(|line| !line.is_empty()).collect();
    assert!(left.len() == 1 && left[0].contains("20 of 20 answered, 0 failed"), "{left:?}");
}

#[test]
fn a_pipe_gets_lines_and_nothing_that_moves() {
    let batch = Batch::new("pipe-told", requests(3)).with(&["--lab", "slow-healthy"]);
    let ran = batch.run();
    assert!(!ran.stderr.contains(['\r', '\u{1b}']) && ran.stderr.lines().count() == 1, "{ran:?}");
}

#[test]
fn quiet_says_nothing_and_the_exit_code_all() {
    let batch = Batch::new("quiet", requests(10)).at(&mixed()).with(&["--retry", "0", "--quiet"]);
    batch.run().ends_with(16).prints("").is_silent();
    assert_eq!((batch.answers().len(), batch.failures().len()), (8, 2));
}

#[test]
fn the_summary_as_json_is_one_object() {
    let batch = Batch::new("json", requests(10)).at(&mixed()).with(&["--json", "--retry", "1"]);
    let ran = batch.run();
    assert_eq!(ran.ends_with(16).stdout.lines().count(), 1);
    let mut summary: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(summary["seconds"].as_f64().unwrap() > 0.0);
    let endpoint = summary["endpoints"][0].take();
    assert_eq!((&endpoint["requests"], &endpoint["answered"]), (&11.into(), &8.into()));
    summary["seconds"] = Value::Null;
    let expected = json!({
        "schema": "llmcheck.batch/1",
        "total": 10,
        "answered": 8,
        "answered_before": 0,
        "failed": 2,
        "left": 0,
        "with_remarks": 0,
        "failures": {
            "request-rejected": {"class": "invalid_request", "count": 1},
            "provider-error": {"class": "upstream_error", "count": 1},
        },
        "failed_attempts": {"provider-error": 1},
        "attempts": 11,
        "refusals": 0,
        "tokens": 16,
        "seconds": null,
        "ended": "done",
        "reason": null,
        "endpoints": [null],
    });
    assert_eq!(summary, expected);
}

#[test]
fn a_token_limit_and_a_filter_are_answers_with_a_remark_and_with_strict_failures() {
    for (scenario, code) in [("token-limit-reached", 21), ("content-filtered", 22)] {
        let batch = Batch::new(&format!("remark-{scenario}"), requests(2)).with(&["--lab", scenario, "--json"]);
        let summary: Value = serde_json::from_str(&batch.run().ends_with(0).stdout).unwrap();
        assert_eq!((&summary["answered"], &summary["with_remarks"]), (&2.into(), &2.into()));
        assert!(batch.answers().iter().all(|line| line.llmcheck.code == scenario));
        let strict = Batch::new(&format!("strict-{scenario}"), requests(2)).with(&["--lab", scenario, "--strict"]);
        strict.run().ends_with(code);
        assert!(strict.answers().is_empty() && strict.failures().iter().all(|line| line.partial.is_some()));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_summary_that_cannot_be_written_is_a_failure_and_a_reader_that_left_is_none() {
    let batch = Batch::new("full-stdout", requests(1)).with(&["--lab", "healthy", "--json"]);
    let mut command = batch.command();
    command.stdout(fs::File::options().write(true).open("/dev/full").unwrap());
    run(command).ends_with(1).tells("stdout cannot be written");
    assert_eq!(batch.answers().len(), 1);
}

/// With characters that encodings treat apart.
const KEY: &str = "sk-proj-Zm9v/YmFy+Qx7Lp2Vt9Kd4Rn8Ws1";

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn no_key_is_written_down_or_told_whatever_the_server_does_with_it() {
    let echo = completion(&format!("your key is {KEY}, or {KEY}"));
    let escaped = echo.replace('/', "\\/").replace("sk-proj", "sk\\u002dproj");
    let error = api_error(&format!("Incorrect API key provided: {KEY}"));
    let half = &completion(&format!("your key is {KEY}"))[..completion("your key is ").find("your key is ").unwrap() + 12 + 20];
    let chunks: String =
        echo.as_bytes().chunks(11).map(|piece| format!("{:x}\r\n{}\r\n", piece.len(), String::from_utf8_lossy(piece))).collect();
    let chunked = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n");
    let in_head = format!("X-Request-Id: {KEY}\r\n");
    for (name, reply) in [
        ("plain", kept_response("200 OK", "", echo.as_bytes())),
        ("escaped", kept_response("200 OK", "", escaped.as_bytes())),
        ("gzip", kept_response("200 OK", "Content-Encoding: gzip\r\n", &gzipped(echo.as_bytes()))),
        ("chunked", chunked.into_bytes()),
        ("head", kept_response("200 OK", &in_head, completion("ok").as_bytes())),
        ("stream", whole_stream(&["your key is ", &KEY[..9], &KEY[9..20], &KEY[20..]])),
        ("error", kept_response("401 Unauthorized", "", error.as_bytes())),
        ("gzip-error", kept_response("401 Unauthorized", "Content-Encoding: gzip\r\n", &gzipped(error.as_bytes()))),
        ("cut", crate::server::declaring(5000, "200 OK", "", half)),
        ("cut-stream", format!("{STREAM_HEAD}{}", delta(&format!("your key is {}", &KEY[..20]))).into_bytes()),
    ] {
        let relay = Relay::replying(move |_| reply.clone());
        let batch = Batch::new(&format!("secret-{name}"), requests(2)).at(&relay).with(&["--retry", "0", "--json"]);
        let mut command = batch.command();
        command.env("LLMCHECK_API_KEY", KEY);
        let ran = run(command);
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let (answers, failures) = (read(batch.output()), read(batch.failures_path()));
        // They are whole lines for all that was covered.
        let written = batch.answers().len() + crate::batch::lines(failures.as_bytes()).len();
        assert!(written == 2 || written == 1 && name.contains("error"), "{name}: {ran:?}");
        let all = format!("{answers}{failures}{}{}", ran.stdout, ran.stderr).replace("\\/", "/").replace("\\u002d", "-");
        for at in 0..=KEY.len() - 12 {
            assert!(!all.contains(&KEY[at..at + 12]), "{name}: {:?} in {all}", &KEY[at..at + 12]);
        }
        assert!(relay.requests().iter().all(|request| request.field("authorization") == Some(&format!("Bearer {KEY}"))));
    }
}

#[test]
fn credentials_of_the_first_endpoint_go_nowhere_else() {
    let (a, b) =
        (Relay::replying(|_| kept_response("404 Not Found", "", api_error("The model `m` does not exist").as_bytes())), Relay::echoing());
    let batch = Batch::new("credentials", requests(10)).with(&["--config", "config.toml", "--endpoint", "a", "--endpoint", "b"]);
    let batch = batch.with(&["-H", "Cookie: session=secret-of-a-123", "-H", "X-Team: blue", "-H", "X-Api-Key: secret-of-a-456"]);
    let config = format!(
        "[endpoints.a]\nbase_url = \"{}\"\napi_key_env = \"KEY_A\"\n[endpoints.b]\nbase_url = \"{}\"\napi_key_env = \"KEY_B\"\n",
        a.url(),
        b.url()
    );
    fs::write(batch.place.join("config.toml"), config).unwrap();
    let mut command = batch.command();
    command.env_remove("LLMCHECK_API_KEY").env("KEY_A", "sk-a-0123456789abcdef").env("KEY_B", "sk-b-0123456789abcdef");
    run(command).ends_with(0);
    assert!(a.count_of_requests() > 0 && b.count_of_requests() == 10);
    for request in b.requests() {
        assert_eq!((request.field("authorization"), request.field("x-team")), (Some("Bearer sk-b-0123456789abcdef"), Some("blue")));
        assert!(!request.head.contains("secret-of-a"), "{}", request.head);
    }
    assert!(a.requests().iter().all(|request| request.field("cookie") == Some("session=secret-of-a-123")));
}
