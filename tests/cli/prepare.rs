//! Before a request is sent: what is wrong with it, how it would look on the wire, and how much of a history goes with it.

use std::net::TcpListener;
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Ran, chat, directory, file, llmcheck, run};
use crate::server::{Server, good, read_request};

const KEY: &str = "sk-for-dry-runs-0123456789abcdef";

/// `llmcheck chat` with these arguments and a key.
fn keyed(arguments: &[&str]) -> Ran {
    let mut command = llmcheck(["chat"].iter().chain(arguments));
    command.env("OPENAI_API_KEY", KEY);
    run(command)
}

/// The object that a dry run prints as JSON.
#[track_caller]
fn drafted(ran: &Ran) -> Value {
    ran.ends_with(0);
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    let draft: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(draft["schema"], "llmcheck.request/1");
    draft
}

fn names(value: &Value) -> Vec<&str> {
    value["preflight"].as_array().map_or(Vec::new(), |warnings| warnings.iter().map(|warning| warning["name"].as_str().unwrap()).collect())
}

/// The bytes that a server received, the key covered.
fn received(server: &Server) -> Vec<u8> {
    let request = server.request();
    let mut bytes = format!("{}\r\n\r\n", request.head).into_bytes();
    bytes.extend_from_slice(&request.body);
    for secret in [format!("Bearer {KEY}"), KEY.to_string(), "Basic dXNlcjpzZWNyZXRwdw==".to_string()] {
        while let Some(at) = bytes.windows(secret.len()).position(|window| window == secret.as_bytes()) {
            bytes[at..at + secret.len()].fill(b'*');
        }
    }
    bytes
}

/// The bytes that a dry run prints.
fn printed(arguments: &[&str]) -> Vec<u8> {
    let mut command = llmcheck(["chat"].iter().chain(arguments).chain(&["--dry-run"]));
    let output = command.env("OPENAI_API_KEY", KEY).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Sends the request and prints it, by the same arguments, and holds the one against the other.
#[track_caller]
fn assert_exact(server: &Server, arguments: &[&str]) -> String {
    keyed(arguments);
    let (sent, printed) = (received(server), printed(arguments));
    assert_eq!(String::from_utf8_lossy(&printed), String::from_utf8_lossy(&sent));
    assert!(printed == sent && !printed.is_empty());
    String::from_utf8_lossy(&sent).into_owned()
}

#[test]
fn a_dry_run_prints_what_a_server_would_receive() {
    let messages = file("dry-run-messages", r#"[{"role": "user", "content": "caf\u00e9"}]"#);
    for arguments in [
        &[][..],
        &["--stream", "--max-tokens", "9", "--system", "你好"],
        &["-H", "X-Trace: a: b", "-H", "Accept:", "-H", "user-agent: Mine"],
        &["--messages", &messages, "--accept-encoding", "identity"],
    ] {
        let server = Server::always(good("ok"));
        let sent = assert_exact(&server, &[&["hi", "--base-url", &server.url()], arguments].concat());
        assert!(sent.starts_with("POST /v1/chat/completions HTTP/1.1\r\n") && sent.contains("authorization: ****"), "{sent}");
    }
}

#[test]
fn a_dry_run_prints_a_body_byte_for_byte_whatever_its_size() {
    let odd = b"{ \"model\" :\t\"m\", \"messages\":[ ],\r\n \"x\":\"\xff\\u4f60\" }\n\n".to_vec();
    for (name, body) in [("odd", odd), ("none", Vec::new()), ("large", vec![b'x'; 300_000])] {
        let server = Server::always(good("ok"));
        let path = file(&format!("dry-run-{name}"), body);
        assert_exact(&server, &["--body", &path, "--base-url", &server.url()]);
    }
}

#[test]
fn a_dry_run_prints_what_a_proxy_would_receive() {
    for (base, line, field) in [
        ("http://relay.test.invalid/v1?a=b", "POST http://relay.test.invalid/v1/chat/completions?a=b HTTP/1.1\r\n", "authorization: ***"),
        ("http://[2001:db8::7]:81/v1", "POST http://[2001:db8::7]:81/v1/chat/completions HTTP/1.1\r\n", "host: [2001:db8::7]:81\r\n"),
        (
            "http://x.openai.azure.com/openai/deployments/d?api-version=1",
            "POST http://x.openai.azure.com/openai/deployments/d/chat/completions?api-version=1 HTTP/1.1\r\n",
            "api-key: ***",
        ),
    ] {
        let server = Server::always(good("ok"));
        let proxy = format!("http://user:secretpw@{}", server.address);
        let sent = assert_exact(&server, &["hi", "--base-url", base, "--proxy", &proxy]);
        assert!(sent.starts_with(line) && sent.contains(field) && sent.contains("proxy-authorization: ***"), "{sent}");
    }
}

#[test]
fn a_dry_run_prints_what_an_ipv6_server_would_receive() {
    let Ok(listener) = TcpListener::bind("[::1]:0") else { return };
    let url = format!("http://[::1]:{}/v1", listener.local_addr().unwrap().port());
    let waiting = std::thread::spawn(move || read_request(&mut listener.accept().unwrap().0).unwrap());
    run(llmcheck(["chat", "hi", "--base-url", &url]));
    let request = waiting.join().unwrap();
    let sent = format!("{}\r\n\r\n{}", request.head, String::from_utf8_lossy(&request.body));
    run(llmcheck(["chat", "hi", "--base-url", &url, "--dry-run"])).ends_with(0).prints(&sent);
}

#[test]
fn a_dry_run_sends_nothing_and_needs_no_network() {
    let server = Server::always(good("ok"));
    chat(&server.url(), &["--dry-run"]).ends_with(0);
    assert!(server.requests().is_empty());
    let ran = keyed(&["hi", "--dry-run", "--base-url", "https://name.test.invalid/v1", "--connect-timeout", "1ms"]);
    ran.ends_with(0).tells("nothing was sent");
    assert!(ran.stdout.contains("host: name.test.invalid\r\n"), "{ran:?}");
}

#[test]
fn a_dry_run_without_a_key_says_that_it_is_missing() {
    let ran = run(llmcheck(["chat", "hi", "--dry-run"]));
    ran.ends_with(0).tells("warning[key-missing]").tells("OPENAI_API_KEY").tells("authorization: Bearer $OPENAI_API_KEY");
    assert!(!ran.stdout.contains("authorization"), "{ran:?}");
    let draft = drafted(&run(llmcheck(["chat", "hi", "--dry-run", "--json"])));
    assert_eq!(names(&draft), ["key-missing"]);
    let azure = run(llmcheck(["chat", "hi", "--dry-run", "--base-url", "https://x.openai.azure.com/openai/v1"]));
    azure.ends_with(0).tells("\"api-key: $OPENAI_API_KEY\"");
}

#[test]
fn a_dry_run_as_json_is_one_object() {
    let arguments = ["hi", "--dry-run", "--json", "--base-url", "https://relay.example.com/v1", "--proxy", "http://u:secretpw@p.example:1"];
    let draft = drafted(&keyed(&arguments));
    let keys: Vec<&String> = draft.as_object().unwrap().keys().collect();
    let expected = ["schema", "method", "url", "headers", "body_bytes", "body", "proxy", "estimated_tokens", "preflight", "curl"];
    assert_eq!(keys.len(), expected.len());
    assert!(expected.iter().all(|key| draft.get(key).is_some()), "{draft}");
    assert_eq!((&draft["method"], &draft["url"]), (&json!("POST"), &json!("https://relay.example.com/v1/chat/completions")));
    assert_eq!(draft["body"].as_str().unwrap().len() as u64, draft["body_bytes"].as_u64().unwrap());
    assert_eq!((&draft["proxy"], &draft["preflight"]), (&json!("http://p.example:1"), &json!([])));
    assert!(draft["headers"].as_array().unwrap().contains(&json!(["host", "relay.example.com"])));
    let tokens = &draft["estimated_tokens"];
    assert!(tokens["low"].as_u64().unwrap() <= tokens["high"].as_u64().unwrap());
    assert!(draft["curl"].as_str().unwrap().contains("--proxy-user \"$PROXY_USER\""));
    let text = draft.to_string();
    assert!(!text.contains(KEY) && !text.contains("secretpw"), "{text}");
}

#[test]
fn a_body_that_is_no_text_is_base64_in_json() {
    let path = file("dry-run-base64", b"\xff\x00");
    let draft = drafted(&keyed(&["--body", &path, "--dry-run", "--json"]));
    assert_eq!((&draft["body"], &draft["estimated_tokens"]), (&json!({"base64": "/wA="}), &Value::Null));
    assert_eq!(names(&draft), ["body-not-utf-8"]);
    assert!(draft["curl"].as_str().unwrap().contains(&format!("--data-binary @{path}")), "{draft}");
}

#[test]
fn a_secret_in_the_url_or_the_body_is_covered() {
    let ran = keyed(&[&format!("my key is {KEY}"), "--dry-run", "--base-url", "https://relay.example.com/v1?key=sk-in-the-query-0123"]);
    ran.ends_with(0);
    assert!(!format!("{ran:?}").contains(KEY) && !format!("{ran:?}").contains("sk-in-the-query"), "{ran:?}");
}

#[test]
fn the_curl_command_of_a_dry_run_sends_the_same() {
    if Command::new("curl").arg("--version").output().is_err() {
        eprintln!("skipped: there is no curl here");
        return;
    }
    for (number, prompt) in ["it's \"你好\" $HOME `id`\nnext", &"long ".repeat(5000)].iter().enumerate() {
        let server = Server::always(good("ok"));
        let url = server.url();
        let arguments = ["--base-url", &url, "-H", "X-Trace: it's", prompt];
        let draft = drafted(&keyed(&[&arguments[..], &["--dry-run", "--json"]].concat()));
        let place = directory(&format!("dry-run-curl-{number}"));
        // What the note says to do where the body is long.
        std::fs::write(place.join("request-body.json"), draft["body"].as_str().unwrap()).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", draft["curl"].as_str().unwrap()]).current_dir(place).env("OPENAI_API_KEY", KEY);
        assert!(command.output().unwrap().status.success());
        let by_curl = server.request();
        assert_eq!(by_curl.body, draft["body"].as_str().unwrap().as_bytes());
        assert_eq!(by_curl.field("authorization"), Some(format!("Bearer {KEY}").as_str()));
        let by_us = printed(&arguments);
        let fields = |head: &str| {
            let mut lines: Vec<String> = head.lines().map(|line| line.split(':').next().unwrap().to_lowercase()).collect();
            lines.sort();
            lines
        };
        let head = String::from_utf8_lossy(&by_us).split("\r\n\r\n").next().unwrap().to_string();
        assert_eq!(fields(&by_curl.head), fields(&head));
    }
}

#[test]
fn the_curl_command_keeps_the_scheme_of_a_credential() {
    keyed(&["hi", "--dry-run", "-H", "Authorization: Basic dXNlcjpwYXNz"]).ends_with(0).tells("\"authorization: Basic $OPENAI_API_KEY\"");
}

#[test]
fn a_dry_run_writes_no_files_and_says_so() {
    for flag in ["--record", "--report"] {
        let path = directory("dry-run-files").join("r.md");
        run(llmcheck(["chat", "hi", "--dry-run", flag, path.to_str().unwrap()])).ends_with(2).prints("");
        assert!(!path.exists());
    }
}

#[test]
fn a_quiet_dry_run_prints_the_request_alone() {
    keyed(&["hi", "--dry-run", "-q"]).ends_with(0).is_silent();
}

#[test]
fn a_field_that_http_does_not_allow_is_wrong_usage_as_ever() {
    run(llmcheck(["chat", "hi", "--dry-run", "-H", "a b: c"])).ends_with(2).prints("");
}

#[test]
fn a_warning_is_told_before_the_request_and_changes_nothing_else() {
    let server = Server::always(good("ok"));
    let proxy = format!("http://{}", server.address);
    let ask = |arguments: &[&str]| keyed(&[&["hi", "--base-url", "http://relay.test.invalid/v1", "--proxy", &proxy], arguments].concat());
    let ran = ask(&[]);
    ran.ends_with(0).prints("ok\n").tells("warning[key-in-clear-text]: the key goes to relay.test.invalid over http://");
    ask(&["-q"]).ends_with(0).prints("ok\n").is_silent();
    let report = ask(&["--json", "--strict"]).ends_with(0).report();
    assert_eq!(names(&report), ["key-in-clear-text"]);
    let warning = &report["preflight"][0];
    assert!(warning["title"].is_string() && warning["fix"].as_str().unwrap().contains("https://"));
}

#[test]
fn without_a_warning_the_report_has_no_such_key() {
    let server = Server::always(good("ok"));
    let report = chat(&server.url(), &["--json"]).report();
    assert_eq!(report.get("preflight"), None);
}

#[test]
fn warnings_and_dry_runs_speak_chinese_too() {
    let has_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    let ran =
        run(llmcheck(["chat", "hi", "--dry-run", "--lang", "zh", "-m", "o3", "--max-tokens", "9", "--base-url", "https://api.openai.com"]));
    ran.ends_with(0);
    let ours: Vec<&str> = ran.stderr.lines().filter(|line| line.starts_with("llmcheck: ")).collect();
    assert!(ours.len() >= 5 && ours.iter().all(|line| has_chinese(line)), "{}", ran.stderr);
    let arguments = ["chat", "hi", "--dry-run", "--json", "--lang", "zh", "-m", "o3", "--max-tokens", "9"];
    let draft = drafted(&run(llmcheck(arguments)));
    assert_eq!(names(&draft), ["max-tokens-refused", "key-missing"]);
    for warning in draft["preflight"].as_array().unwrap() {
        assert!(has_chinese(warning["title"].as_str().unwrap()) && has_chinese(warning["fix"].as_str().unwrap()), "{warning}");
    }
}

/// A long conversation with a call to a tool, every message spelled in a way of its own.
const HISTORY: [&str; 8] = [
    r#"{"role": "system", "content": "s"}"#,
    r#"{"content":"u1","role":"user"}"#,
    r#"{"role":"assistant","content":"a1","n":1.50}"#,
    r#"{"role":"user","content":"u2 \u00e9"}"#,
    r#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]}"#,
    r#"{"role":"tool","tool_call_id":"c","content":"r"}"#,
    r#"{"role":"assistant","content":"a2"}"#,
    r#"{"role":"user",   "content":"u3"}"#,
];

/// Which messages of the history are sent with these arguments, and what is told.
fn kept(turns: &str, arguments: &[&str]) -> (Vec<usize>, Ran) {
    let path = file(&format!("keep-turns-{turns}-{}", arguments.len()), format!("[{}]", HISTORY.join(", ")));
    let ran = keyed(&[&["--messages", &path, "--keep-turns", turns, "--dry-run", "--json"], arguments].concat());
    let draft = drafted(&ran);
    let body = draft["body"].as_str().unwrap();
    (HISTORY.iter().enumerate().filter(|(_, message)| body.contains(**message)).map(|(at, _)| at).collect(), ran)
}

#[test]
fn the_last_turns_are_kept_byte_for_byte_with_what_leads() {
    for (turns, expected, left_out) in [
        ("1", vec![0, 7], Some("6 of the 8 messages")),
        ("2", vec![0, 3, 4, 5, 6, 7], Some("2 of the 8 messages")),
        ("3", vec![0, 1, 2, 3, 4, 5, 6, 7], None),
        ("99", vec![0, 1, 2, 3, 4, 5, 6, 7], None),
        ("0", vec![0], Some("7 of the 8 messages")),
    ] {
        let (kept, ran) = kept(turns, &["and now?"]);
        assert_eq!(kept, expected, "{turns}");
        match left_out {
            Some(words) => drop(ran.tells(words)),
            None => drop(ran.is_silent()),
        }
        let draft: Value = serde_json::from_str(&ran.stdout).unwrap();
        let body: Value = serde_json::from_str(draft["body"].as_str().unwrap()).unwrap();
        let messages = body["messages"].as_array().unwrap();
        assert_eq!((messages.len(), &messages[messages.len() - 1]["content"]), (expected.len() + 1, &json!("and now?")));
    }
}

#[test]
fn turns_are_kept_without_a_prompt_and_beside_a_system_message_too() {
    assert_eq!(kept("1", &[]).0, [0, 7]);
    let (at, ran) = kept("1", &["--system", "be brief", "--lang", "zh"]);
    assert_eq!(at, [0, 7]);
    ran.tells("8 条消息中有 6 条未发送");
    let body = drafted(&ran)["body"].as_str().unwrap().to_string();
    assert!(body.contains(r#""messages":[{"role":"system","content":"be brief"},{"role": "system", "content": "s"},"#), "{body}");
}

#[test]
fn turns_are_kept_only_of_a_file_of_messages() {
    run(llmcheck(["chat", "hi", "--keep-turns", "1", "--lab", "healthy"])).ends_with(2).tells("--messages");
    let path = file("keep-turns-body", "{}");
    run(llmcheck(["chat", "--body", &path, "--messages", &path, "--keep-turns", "1"])).ends_with(2).prints("");
    let nothing_left = file("keep-turns-none", r#"[{"role":"user","content":"u"}]"#);
    run(llmcheck(["chat", "--messages", &nothing_left, "--keep-turns", "0"])).ends_with(2).tells("no prompt");
    for wrong in ["-1", "x"] {
        run(llmcheck(["chat", "hi", "--messages", &nothing_left, "--keep-turns", wrong])).ends_with(2).prints("");
    }
}
