//! `llmcheck batch`: what goes in, what comes out, and that each item stands in the output once, with the bytes that the server sent.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::program::{Ran, directory, llmcheck, run};
use crate::relay::{Relay, kept, kept_response};
use crate::server::{completion, whole_stream};

/// A line of the output or of the failures: everything that may be in it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub id: String,
    pub custom_id: String,
    pub response: Option<Response>,
    pub error: Option<ItemError>,
    pub llmcheck: Way,
    pub partial: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Response {
    pub status_code: u16,
    pub request_id: String,
    pub body: Option<Box<RawValue>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemError {
    pub code: String,
    pub message: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    pub code: String,
    pub endpoint: String,
    pub attempts: u32,
    pub total_ms: Option<f64>,
}

impl Line {
    pub fn body(&self) -> &str {
        self.response.as_ref().unwrap().body.as_ref().unwrap().get()
    }

    pub fn text(&self) -> String {
        let body: Value = serde_json::from_str(self.body()).unwrap();
        body["choices"][0]["message"]["content"].as_str().unwrap().to_string()
    }
}

/// A directory with an input, and the command that works on it.
pub struct Batch {
    pub place: PathBuf,
    arguments: Vec<String>,
}

/// A line of the Batch API.
pub fn request(custom_id: &str, prompt: &str) -> String {
    let body = json!({"model": "m", "messages": [{"role": "user", "content": prompt}]});
    json!({"custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body}).to_string() + "\n"
}

/// So many of them: item-0 asks prompt-0.
pub fn requests(count: usize) -> String {
    (0..count).map(|number| request(&format!("item-{number}"), &format!("prompt-{number}"))).collect()
}

impl Batch {
    pub fn new(test: &str, input: impl AsRef<[u8]>) -> Batch {
        let place = directory(&format!("batch-{test}"));
        fs::write(place.join("in.jsonl"), input).unwrap();
        Batch { place, arguments: Vec::new() }
    }

    pub fn with(mut self, arguments: &[&str]) -> Batch {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    pub fn at(self, relay: &Relay) -> Batch {
        self.with(&["--base-url", &relay.url(), "--retry-base", "1ms"])
    }

    pub fn output(&self) -> PathBuf {
        self.place.join("out.jsonl")
    }

    pub fn failures_path(&self) -> PathBuf {
        self.place.join("out.errors.jsonl")
    }

    pub fn command(&self) -> Command {
        let mut command = llmcheck(["batch", "in.jsonl", "-o", "out.jsonl"]);
        command.args(&self.arguments).current_dir(&self.place).env("LLMCHECK_API_KEY", "sk-batch-0123456789abcdef");
        command
    }

    #[track_caller]
    pub fn run(&self) -> Ran {
        run(self.command())
    }

    #[track_caller]
    pub fn answers(&self) -> Vec<Line> {
        lines(&fs::read(self.output()).unwrap())
    }

    #[track_caller]
    pub fn failures(&self) -> Vec<Line> {
        lines(&fs::read(self.failures_path()).unwrap())
    }

    /// Names of items and their texts.
    #[track_caller]
    pub fn texts(&self) -> BTreeMap<String, String> {
        let answers = self.answers();
        let texts: BTreeMap<_, _> = answers.iter().map(|line| (line.custom_id.clone(), line.text())).collect();
        assert_eq!(texts.len(), answers.len(), "an item stands there twice");
        texts
    }
}

#[track_caller]
pub fn lines(bytes: &[u8]) -> Vec<Line> {
    assert!(bytes.is_empty() || bytes.ends_with(b"\n"), "half a line");
    let text = std::str::from_utf8(bytes).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

#[track_caller]
fn assert_texts(batch: &Batch, expected: &[(&str, &str)]) {
    let expected: BTreeMap<String, String> = expected.iter().map(|(id, text)| (id.to_string(), text.to_string())).collect();
    assert_eq!(batch.texts(), expected);
}

#[test]
fn each_request_of_the_batch_api_is_answered_once() {
    let relay = Relay::echoing();
    let batch = Batch::new("openai", requests(50)).at(&relay);
    batch.run().ends_with(0).prints("").tells("50 of 50 answered, 0 failed");
    let texts = batch.texts();
    assert_eq!(texts.len(), 50);
    assert!(texts.iter().all(|(id, text)| id.replace("item", "prompt") == *text));
    assert_eq!(relay.count_of_requests(), 50);
    assert!(!batch.failures_path().exists());
}

#[test]
fn a_request_is_sent_as_it_stands_in_the_line() {
    let relay = Relay::echoing();
    let body = r#"{"max_tokens" :7, "messages":[{"role":"user","content":"\u4f60 \ud83d\ude00"}],"model":"m","x":1.0e2}"#;
    let batch = Batch::new("bytes", format!("{{\"body\":{body},\"custom_id\":\"a\"}}\n")).at(&relay);
    batch.run().ends_with(0);
    let [request] = &relay.requests()[..] else { panic!() };
    assert_eq!((String::from_utf8_lossy(&request.body).as_ref(), request.line()), (body, "POST /v1/chat/completions HTTP/1.1"));
}

#[test]
fn each_line_of_plain_text_is_a_prompt() {
    let relay = Relay::echoing();
    let input = "\u{feff}first\r\n\r\n  second, indented \n\t\n{\"third\": \"is JSON\"}\n你好";
    let batch = Batch::new("plain", input).at(&relay).with(&["--plain", "-m", "m7", "--max-tokens", "5"]);
    batch.run().ends_with(0);
    let expected = [("line-1", "first"), ("line-3", "  second, indented "), ("line-5", "{\"third\": \"is JSON\"}"), ("line-6", "你好")];
    assert_texts(&batch, &expected);
    let bodies: Vec<Value> = relay.requests().iter().map(|request| request.json()).collect();
    assert!(bodies.iter().all(|body| body["model"] == "m7" && body["max_tokens"] == 5), "{bodies:?}");
}

#[test]
fn a_system_message_goes_before_every_prompt() {
    let relay = Relay::replying(|asked| kept(asked.request.json()["messages"][1]["content"].as_str().unwrap()));
    let batch = Batch::new("system", "a\nb\n").at(&relay).with(&["--plain", "--system", "be brief"]);
    batch.run().ends_with(0);
    assert_texts(&batch, &[("line-1", "a"), ("line-2", "b")]);
}

#[test]
fn line_ends_and_a_byte_order_mark_are_no_part_of_a_request() {
    let relay = Relay::echoing();
    let input = format!("\u{feff}{}\r\n\n   \r\n{}", request("a", "A").trim_end(), request("b", "B").trim_end());
    let batch = Batch::new("line-ends", input).at(&relay);
    batch.run().ends_with(0);
    assert_texts(&batch, &[("a", "A"), ("b", "B")]);
}

/// What came over a kept connection unasked would be taken for the answer to the request after it.
#[test]
fn what_a_server_sends_beyond_an_answer_is_no_answer_to_the_next_item() {
    let prompts: Vec<String> = (0..5).map(|number| format!("prompt {number}")).collect();
    let surplus: [fn(&str) -> Vec<u8>; 4] = [kept, |_| kept("nobody's"), |_| b"}".to_vec(), |_| b"\r\n".to_vec()];
    for (kind, surplus) in surplus.into_iter().enumerate() {
        let relay = Relay::adding(move |asked| {
            std::thread::sleep(Duration::from_millis(20));
            (kept(&asked.prompt), Duration::ZERO, surplus(&asked.prompt))
        });
        let input = prompts.iter().map(|prompt| request(prompt, prompt)).collect::<String>();
        let batch = Batch::new(&format!("surplus-{kind}"), input).at(&relay).with(&["-j", "1"]);
        batch.run().ends_with(0);
        assert_texts(&batch, &prompts.iter().map(|prompt| (prompt.as_str(), prompt.as_str())).collect::<Vec<_>>());
    }
}

#[test]
fn an_answer_that_somebody_added_to_is_none_and_breaks_no_line() {
    let batch = Batch::new("altered", "a\n").with(&["--plain", "--lab", "body-altered", "--retry", "0"]);
    assert_ne!(batch.run().code, Some(0));
    assert_texts(&batch, &[]);
    let failures = batch.failures();
    assert_eq!(failures.len(), 1);
    assert_eq!(failures[0].llmcheck.code, "body-altered");
}

#[test]
fn names_of_items_may_be_anything() {
    let ids = ["\"quoted\" \\ back", "tab\tnewline\n", "你好 😀", "\u{2028}\u{0}", " ", "a/b?c=d&e", "-", "null", &"long".repeat(5000)];
    let relay = Relay::echoing();
    let batch = Batch::new("ids", ids.map(|id| request(id, id)).concat()).at(&relay);
    batch.run().ends_with(0);
    assert_texts(&batch, &ids.map(|id| (id, id)));
    batch.run().ends_with(0).tells("all 9 were answered before");
    assert_eq!(relay.count_of_requests(), 9);
}

fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn chunked(bytes: &[u8]) -> Vec<u8> {
    let mut reply = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for piece in bytes.chunks(7) {
        reply.extend(format!("{:x}\r\n", piece.len()).into_bytes());
        reply.extend(piece);
        reply.extend(b"\r\n");
    }
    reply.extend(b"0\r\n\r\n");
    reply
}

#[test]
fn the_body_is_what_the_server_sent() {
    let compact = completion("you said \"hi\"\n\\ 你好 \u{2028} \u{7f}");
    let own_order = compact.replacen('{', "{\"zeta\":1.10e+5,\"zeta\":null,", 1);
    let pretty = serde_json::to_string_pretty(&serde_json::from_str::<Value>(&compact).unwrap()).unwrap();
    let escaped = compact.replace("你好", "\\u4f60\\u597D");
    let one_line = |text: &str| text.replace('\n', " ");
    let windows = format!("\u{feff}{}\r\n", pretty.replace('\n', "\r\n"));
    for (name, reply, expected) in [
        ("compact", kept_response("200 OK", "", compact.as_bytes()), compact.clone()),
        ("own-order", kept_response("200 OK", "", own_order.as_bytes()), own_order.clone()),
        ("pretty", kept_response("200 OK", "", pretty.as_bytes()), one_line(&pretty)),
        ("windows", kept_response("200 OK", "", windows.as_bytes()), pretty.replace('\n', "  ")),
        ("escaped", kept_response("200 OK", "", escaped.as_bytes()), escaped.clone()),
        ("gzip", kept_response("200 OK", "Content-Encoding: gzip\r\n", &gzipped(compact.as_bytes())), compact.clone()),
        ("chunked", chunked(pretty.as_bytes()), one_line(&pretty)),
    ] {
        let relay = Relay::replying(move |_| reply.clone());
        let batch = Batch::new(&format!("body-{name}"), requests(2)).at(&relay);
        batch.run().ends_with(0);
        let answers = batch.answers();
        assert_eq!([answers[0].body(), answers[1].body()], [&expected, &expected], "{name}");
        let line = &answers[0];
        assert_eq!((line.response.as_ref().unwrap().status_code, line.llmcheck.code.as_str()), (200, "healthy"), "{name}");
        assert!(line.id.starts_with("batch_req_") && line.error.is_none(), "{line:?}");
        assert!(line.llmcheck.attempts == 1 && line.llmcheck.total_ms.is_some_and(|total| total > 0.0), "{line:?}");
    }
}

#[test]
fn the_name_that_the_server_gave_the_request_is_kept() {
    let relay = Relay::replying(|_| kept_response("200 OK", "X-Request-Id: req-77\r\n", completion("ok").as_bytes()));
    let batch = Batch::new("request-id", requests(1)).at(&relay);
    batch.run().ends_with(0);
    assert_eq!(batch.answers()[0].response.as_ref().unwrap().request_id, "req-77");
}

#[test]
fn a_stream_is_never_asked_for_and_one_that_comes_is_put_together() {
    let relay = Relay::replying(|asked| {
        assert!(asked.request.json().get("stream").is_none());
        whole_stream(&["Hel", "lo 你", "好"])
    });
    let line =
        json!({"custom_id": "a", "body": {"stream": true, "stream_options": {"include_usage": true}, "messages": [{}], "model": "m"}});
    let batch = Batch::new("stream", format!("{line}\n")).at(&relay);
    batch.run().ends_with(0);
    let body: Value = serde_json::from_str(batch.answers()[0].body()).unwrap();
    let message = json!({"role": "assistant", "content": "Hello 你好", "refusal": null});
    assert_eq!(
        body,
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini", "usage": null,
            "choices": [{"index": 0, "message": message, "logprobs": null, "finish_reason": "stop"}],
        })
    );
}

#[test]
fn what_a_stream_cannot_be_put_together_from_is_a_failure() {
    let delta = |delta: Value, reason: Value| {
        let choices = json!([{"index": 0, "delta": delta, "finish_reason": reason}]);
        format!("data: {}\n\n", json!({"id": "x", "object": "chat.completion.chunk", "created": 2, "model": "m", "choices": choices}))
    };
    let call = |piece: Value| delta(json!({"tool_calls": [piece]}), Value::Null);
    let end = delta(json!({}), json!("tool_calls")) + "data: [DONE]\n\n";
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    let named = call(json!({"index": 0, "id": "c", "type": "function", "function": {"name": "f", "arguments": ""}}));
    let arguments = call(json!({"index": 0, "function": {"arguments": "{\"x\":1}"}}));
    let unnamed = call(json!({"index": 0, "id": "c", "type": "function", "function": {"arguments": "{}"}}));
    for (test, events, code) in [("calls", named + &arguments, 0), ("calls-unnamed", unnamed, 20)] {
        let reply = format!("{head}{events}{end}").into_bytes();
        let batch = Batch::new(test, requests(1)).at(&Relay::replying(move |_| reply.clone())).with(&["--retry", "0"]);
        batch.run().ends_with(code);
        if code == 0 {
            let body: Value = serde_json::from_str(batch.answers()[0].body()).unwrap();
            let calls = json!([{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{\"x\":1}"}}]);
            let message = json!({"role": "assistant", "content": null, "refusal": null, "tool_calls": calls});
            assert_eq!((&body["choices"][0]["message"], &body["choices"][0]["finish_reason"]), (&message, &"tool_calls".into()));
        } else {
            assert!(batch.answers().is_empty() && batch.failures().len() == 1);
        }
    }
}

#[test]
fn every_healthy_answer_of_the_lab_is_taken_whole() {
    let scenarios = [
        "healthy-chinese",
        "healthy-close-delimited",
        "healthy-chunked",
        "healthy-gzip",
        "healthy-zstd",
        "healthy-leading-blank-lines",
        "healthy-tool-call",
        "healthy-reasoning",
        "healthy-refusal",
        "healthy-final-newline",
        "healthy-two-choices",
        "healthy-carriage-returns",
        "healthy-deep-json",
        "healthy-two-codings",
        "healthy-keep-alive",
        "healthy-http-1-0",
        "token-limit-reached",
        "content-filtered",
    ];
    for scenario in scenarios {
        let batch = Batch::new(scenario, requests(3)).with(&["--lab", scenario]);
        batch.run().ends_with(0);
        let answers = batch.answers();
        let is_completion = |line: &Line| line.body().contains("\"chat.completion\"");
        assert!(answers.len() == 3 && answers.iter().all(is_completion), "{scenario}: {answers:?}");
    }
}

#[test]
fn an_answer_that_is_not_whole_or_not_of_the_api_is_a_failure() {
    for (scenario, code) in [
        ("cut-by-close", 11),
        ("json-cut", 11),
        ("choice-without-finish", 11),
        ("tool-arguments-cut", 11),
        ("digest-mismatch", 12),
        ("other-api-shape", 25),
        ("gemini-shape", 25),
        ("error-in-success", 17),
        ("error-beside-choices", 17),
        ("malformed-event", 20),
        ("html-instead-of-api", 12),
        ("empty-answer", 17),
    ] {
        let batch = Batch::new(scenario, requests(1)).with(&["--lab", scenario, "--retry", "0"]);
        let ran = batch.run();
        assert_eq!((ran.code, batch.answers().len(), batch.failures().len()), (Some(code), 0, 1), "{scenario}: {ran:?}");
    }
}

#[test]
fn a_wrong_frame_around_a_whole_answer_is_a_remark_and_with_strict_a_failure() {
    for (scenario, code) in [("length-counts-characters", 10), ("last-chunk-missing", 11), ("coding-mislabelled", 12)] {
        let batch = Batch::new(&format!("frame-{scenario}"), requests(1)).with(&["--lab", scenario, "--json"]);
        let summary: Value = serde_json::from_str(&batch.run().ends_with(0).stdout).unwrap();
        assert_eq!((&summary["answered"], &summary["with_remarks"]), (&1.into(), &1.into()), "{scenario}");
        let strict = Batch::new(&format!("strict-{scenario}"), requests(1)).with(&["--lab", scenario, "--strict"]);
        strict.run().ends_with(code);
        assert_eq!((strict.answers().len(), strict.failures().len()), (0, 1), "{scenario}");
        assert!(!strict.failures()[0].body().is_empty());
    }
}
