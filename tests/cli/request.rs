//! What is sent: the prompt from wherever it comes, and the request that is made of it.

use serde_json::{Value, json};

use crate::program::{chat, file, llmcheck, run, run_with_input};
use crate::server::{Server, good};

/// What the server receives as the last message when this is typed and piped.
fn asked(arguments: &[&str], input: &[u8]) -> Value {
    let server = Server::always(good("ok"));
    let command = llmcheck(["chat", "--base-url", &server.url()].iter().chain(arguments));
    run_with_input(command, input).ends_with(0);
    server.request().json()["messages"].as_array().unwrap().last().unwrap()["content"].clone()
}

/// The request that these arguments make, beside `chat hi`.
fn sent(arguments: &[&str]) -> Value {
    let server = Server::always(good("ok"));
    chat(&server.url(), arguments).ends_with(0);
    server.request().json()
}

#[test]
fn the_prompt_comes_from_the_argument() {
    assert_eq!(asked(&["two words"], b""), "two words");
}

#[test]
fn the_prompt_comes_from_stdin_when_it_is_piped() {
    assert_eq!(asked(&[], "你好\nline two\n".as_bytes()), "你好\nline two");
}

#[test]
fn a_dash_reads_the_prompt_from_stdin() {
    assert_eq!(asked(&["-"], b"from stdin"), "from stdin");
}

#[test]
fn piped_input_follows_the_argument_after_a_blank_line() {
    assert_eq!(asked(&["translate:"], b"bonjour\n"), "translate:\n\nbonjour");
}

#[test]
fn input_that_is_not_utf_8_is_wrong_usage_and_says_so() {
    let ran = run_with_input(llmcheck(["chat", "--lab", "healthy"]), b"\xff\xfe");
    ran.ends_with(2).tells("UTF-8").prints("");
}

#[test]
fn empty_input_is_no_prompt() {
    run(llmcheck(["chat", "--lab", "healthy"])).ends_with(2).tells("no prompt").prints("");
    run(llmcheck(["chat", "-", "--lab", "healthy"])).ends_with(2).tells("no prompt").prints("");
}

#[test]
fn an_empty_argument_is_no_prompt() {
    let ran = run(llmcheck(["chat", "", "--lab", "healthy"]));
    ran.ends_with(2).tells("no prompt");
}

#[test]
fn an_empty_argument_adds_nothing_to_piped_input() {
    assert_eq!(asked(&[""], b"hello"), "hello");
}

#[test]
fn a_system_message_stands_before_the_prompt() {
    let system = "Du bist 简洁.\n\"quoted\" \\ \u{7f}";
    let expected = json!([{"role": "system", "content": system}, {"role": "user", "content": "hi"}]);
    assert_eq!(sent(&["--system", system])["messages"], expected);
}

#[test]
fn messages_of_a_file_stand_before_the_prompt_as_they_are() {
    let messages = r#"[{"role":"user","content":[{"type":"text","text":"a 你"}],"name":"x"},{"role":"assistant","content":"b","n":1.50}]"#;
    let path = file("messages", messages);
    let body = sent(&["--messages", &path]);
    let given: Vec<Value> = serde_json::from_str(messages).unwrap();
    assert_eq!(body["messages"].as_array().unwrap()[..2], given);
    assert_eq!(body["messages"][2], json!({"role": "user", "content": "hi"}));
}

#[test]
fn messages_of_a_file_are_sent_byte_for_byte() {
    let message = r#"{"role": "user", "content": "caf\u00e9", "seed": 123456789012345678901234567890, "a": 1.50}"#;
    let server = Server::always(good("ok"));
    let path = file("messages-as-they-are", format!("[{message}]"));
    chat(&server.url(), &["--messages", &path]).ends_with(0);
    let body = String::from_utf8(server.request().body).unwrap();
    assert!(body.contains(message), "{body}");
}

#[test]
fn messages_alone_need_no_prompt_and_wait_for_no_stdin() {
    let server = Server::always(good("ok"));
    let path = file("messages-alone", r#"[{"role":"user","content":"q"}]"#);
    run(llmcheck(["chat", "--messages", &path, "--base-url", &server.url()])).ends_with(0);
    assert_eq!(server.request().json()["messages"], json!([{"role": "user", "content": "q"}]));
}

#[test]
fn messages_that_are_no_array_are_wrong_usage() {
    for wrong in ["{}", "[1]", "not json", "[]"] {
        let path = file("messages-wrong", wrong);
        let ran = run(llmcheck(["chat", "--messages", &path, "--lab", "healthy"]));
        ran.ends_with(2).prints("");
    }
}

#[test]
fn a_body_is_sent_byte_for_byte() {
    let body = b"{ \"model\" :\t\"m\", \"messages\":[ ],\r\n \"x\":\"\xff\\u4f60\" }\n\n";
    let server = Server::always(good("ok"));
    let path = file("body", body);
    run(llmcheck(["chat", "--body", &path, "--base-url", &server.url()])).ends_with(0);
    assert_eq!(server.request().body, body);
}

#[test]
fn a_body_goes_with_no_flag_that_would_change_it() {
    for flag in ["hi", "--model=m", "--system=s", "--max-tokens=1", "--temperature=1", "--stream"] {
        run(llmcheck(["chat", "--body", "/dev/null", flag, "--lab", "healthy"])).ends_with(2).prints("");
    }
}

#[test]
fn a_streaming_body_is_read_as_a_stream() {
    let path = file("body-stream", r#"{"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]}"#);
    let ran = run(llmcheck(["chat", "--body", &path, "--lab", "healthy", "--json"]));
    let report = ran.report();
    assert_eq!((&report["request"]["stream"], &report["ledger"]["sse"]["done"]), (&json!(true), &json!(true)));
}

#[test]
fn token_limits_are_sent_under_the_name_that_was_asked_for() {
    let (old, new) = (sent(&["--max-tokens", "7"]), sent(&["--max-completion-tokens", "7"]));
    assert_eq!((&old["max_tokens"], &old["max_completion_tokens"]), (&json!(7), &Value::Null));
    assert_eq!((&new["max_tokens"], &new["max_completion_tokens"]), (&Value::Null, &json!(7)));
}

#[test]
fn model_temperature_and_stream_are_sent_as_asked_and_left_out_otherwise() {
    let all = sent(&["-m", "other", "--temperature", "0.5"]);
    assert_eq!((&all["model"], &all["temperature"]), (&json!("other"), &json!(0.5)));
    let few = sent(&[]);
    assert_eq!(few["model"], "gpt-4o-mini");
    assert!(few.get("temperature").is_none() && few["stream"] != json!(true));
}

#[test]
fn the_later_of_stream_and_no_stream_wins() {
    assert_ne!(sent(&["--stream", "--no-stream"])["stream"], json!(true));
}

#[test]
fn a_header_is_added_and_replaced() {
    let server = Server::always(good("ok"));
    chat(&server.url(), &["-H", "X-Trace: a: b", "-H", "User-Agent: mine", "-H", "x-twice: 1", "-H", "X-Twice: 2"]).ends_with(0);
    let request = server.request();
    let fields = [request.field("x-trace"), request.field("user-agent"), request.field("x-twice")];
    assert_eq!(fields, [Some("a: b"), Some("mine"), Some("2")]);
}

#[test]
fn a_header_without_value_is_not_sent_at_all() {
    let server = Server::always(good("ok"));
    chat(&server.url(), &["-H", "Accept:", "-H", "User-Agent:", "-H", "Accept-Encoding:", "-H", "Content-Type:"]).ends_with(0);
    let request = server.request();
    let fields = ["accept", "user-agent", "accept-encoding", "content-type"].map(|name| request.field(name));
    assert_eq!(fields, [None; 4], "{}", request.head);
}

#[test]
fn the_coding_asked_for_is_the_one_given() {
    let server = Server::always(good("ok"));
    chat(&server.url(), &["--accept-encoding", "identity"]).ends_with(0);
    assert_eq!(server.request().field("accept-encoding"), Some("identity"));
}

#[test]
fn a_value_apart_from_its_flag_is_wrong_usage_and_says_how_to_write_it() {
    for (arguments, hint) in [
        (&["chat", "hi", "--cache", "7d"][..], "--cache=7d"),
        (&["chat", "hi", "--recover", "stream"], "--recover=stream"),
        (&["batch", "in", "-o", "out", "--recover", "wait,retry"], "--recover=wait,retry"),
    ] {
        run(llmcheck(arguments)).ends_with(2).prints("").tells(hint);
    }
    let ran = run(llmcheck(["chat", "hi", "there", "--cache"]));
    assert!(ran.code == Some(2) && !ran.stderr.contains("write"), "{}", ran.stderr);
}
