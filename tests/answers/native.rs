//! Answers of the APIs beside chat completions: healthy where they were asked for, unreadable where they were not, cut like any other.

use serde_json::{Value, json};

use super::{Given, expect, plain, stream};

const ANTHROPIC: &str = "https://api.anthropic.com/v1/messages";
const RESPONSES: &str = "https://api.openai.com/v1/responses";
const GEMINI: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:generateContent";
const GEMINI_STREAM: &str = "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
const OLLAMA: &str = "http://127.0.0.1:11434/api/chat";
const LEGACY: &str = "https://api.openai.com/v1/completions";

fn named_events(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn anthropic(reason: &str) -> String {
    json!({"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"Hello there"}],
        "stop_reason":reason,"stop_sequence":null,"usage":{"input_tokens":4,"output_tokens":7}})
    .to_string()
}

fn anthropic_events() -> Vec<Value> {
    vec![
        json!({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[],
            "stop_reason":null,"usage":{"input_tokens":4,"output_tokens":1}}}),
        json!({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}),
        json!({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}),
        json!({"type":"content_block_stop","index":0}),
        json!({"type":"ping"}),
        json!({"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}),
        json!({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"Hello "}}),
        json!({"type":"content_block_delta","index":1,"delta":{"type":"text_delta","text":"there"}}),
        json!({"type":"content_block_stop","index":1}),
        json!({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":7}}),
        json!({"type":"message_stop"}),
    ]
}

fn responses() -> Value {
    json!({"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"model":"gpt",
        "output":[{"type":"message","role":"assistant","content":[{"type":"output_text","text":"Hello there","annotations":[]}]}],
        "usage":{"input_tokens":4,"output_tokens":7,"total_tokens":11}})
}

fn responses_events() -> Vec<Value> {
    let mut begun = responses();
    begun["status"] = json!("in_progress");
    begun["output"] = json!([]);
    begun["usage"] = json!(null);
    vec![
        json!({"type":"response.created","response":begun}),
        json!({"type":"response.in_progress","response":begun}),
        json!({"type":"response.output_item.added","output_index":0,"item":{"type":"message","content":[]}}),
        json!({"type":"response.output_text.delta","output_index":0,"delta":"Hello "}),
        json!({"type":"response.output_text.delta","output_index":0,"delta":"there"}),
        json!({"type":"response.output_text.done","output_index":0,"text":"Hello there"}),
        json!({"type":"response.completed","response":responses()}),
    ]
}

fn gemini(text: &str, reason: Option<&str>) -> Value {
    let mut candidate = json!({"content":{"parts":[{"text":text}],"role":"model"},"index":0});
    if let Some(reason) = reason {
        candidate["finishReason"] = json!(reason);
    }
    json!({"candidates":[candidate],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":7,"totalTokenCount":11},"modelVersion":"gemini-2.5-flash"})
}

fn gemini_events() -> String {
    [gemini("Hello ", None), gemini("there", Some("STOP"))].iter().map(|event| format!("data: {event}\r\n\r\n")).collect()
}

fn ollama_lines() -> String {
    let line = |text: &str| {
        format!(
            "{}\n",
            json!({"model":"llama3","created_at":"2026-01-01T00:00:00Z","message":{"role":"assistant","content":text},"done":false})
        )
    };
    let last = json!({"model":"llama3","created_at":"2026-01-01T00:00:01Z","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","eval_count":7});
    format!("{}{}{last}\n", line("Hello "), line("there"))
}

fn ollama_plain() -> String {
    json!({"model":"llama3","message":{"role":"assistant","content":"Hello there"},"done":true,"done_reason":"stop","eval_count":7})
        .to_string()
}

fn legacy() -> String {
    json!({"id":"c","object":"text_completion","model":"m","choices":[{"text":"Hello there","index":0,"logprobs":null,"finish_reason":"stop"}],
        "usage":{"prompt_tokens":4,"completion_tokens":7,"total_tokens":11}})
    .to_string()
}

fn legacy_events() -> String {
    let event = |text: &str, reason: Value, usage: Value| {
        let choice = json!({"text":text,"index":0,"logprobs":null,"finish_reason":reason});
        format!("data: {}\n\n", json!({"id":"c","object":"text_completion","model":"m","choices":[choice],"usage":usage}))
    };
    event("Hello ", json!(null), json!(null)) + &event("there", json!("stop"), json!({"completion_tokens":7})) + super::DONE
}

/// A whole answer of every API, plain and streamed, at the address where it is asked for.
fn whole() -> Vec<(&'static str, Given)> {
    let lines = stream(ollama_lines()).asked_at(OLLAMA).of_type("application/x-ndjson");
    let array = json!([gemini("Hello ", None), gemini("there", Some("STOP"))]).to_string();
    vec![
        ("anthropic", plain(anthropic("end_turn")).asked_at(ANTHROPIC)),
        ("anthropic stream", stream(named_events(&anthropic_events())).asked_at(ANTHROPIC)),
        ("responses", plain(responses().to_string()).asked_at(RESPONSES)),
        ("responses stream", stream(named_events(&responses_events())).asked_at(RESPONSES)),
        ("gemini", plain(gemini("Hello there", Some("STOP")).to_string()).asked_at(GEMINI)),
        ("gemini stream", stream(gemini_events()).asked_at(GEMINI_STREAM)),
        ("gemini array", stream(array).asked_at(GEMINI_STREAM).of_type("application/json")),
        ("ollama", plain(ollama_plain()).asked_at(OLLAMA)),
        ("ollama lines", lines.clone()),
        // Without «stream» in the request ollama streams.
        ("ollama lines unasked", Given { stream: false, ..lines }),
        ("legacy", plain(legacy()).asked_at(LEGACY)),
        ("legacy stream", stream(legacy_events()).asked_at(LEGACY)),
    ]
}

#[test]
fn a_whole_answer_is_healthy_where_it_was_asked_for() {
    for (name, given) in whole() {
        assert_eq!(given.codes(), [""; 0], "{name}");
        let (text, reason, tokens) = given.answer();
        assert_eq!((text.as_str(), reason.is_some(), tokens), ("Hello there", true, Some(7)), "{name}");
    }
}

#[test]
fn a_whole_answer_of_another_api_is_no_chat_completion() {
    for (name, given) in whole() {
        let given = given.asked_at(super::CHAT);
        let verdict = given.codes()[0];
        assert_eq!(verdict, "other-api-shape", "{name}");
    }
    let chat = plain(super::completion("hi")).asked_at(ANTHROPIC);
    assert_eq!(chat.codes(), ["other-api-shape"]);
}

#[test]
fn no_prefix_of_a_native_answer_is_healthy() {
    for (name, given) in whole() {
        let text = String::from_utf8(given.body.clone()).unwrap();
        // Behind the model's own reason nothing of the answer can be missed.
        let reasons = [
            "\"finish_reason\":\"stop\"",
            "\"stop_reason\":\"end_turn\"",
            "\"finishReason\":\"STOP\"",
            "\"done\":true",
            "event: response.completed",
        ];
        let end = match given.stream || name.contains("lines") {
            true => reasons.iter().filter_map(|reason| text.rfind(reason)).max().unwrap(),
            false => text.len() - 1,
        };
        for cut in (0..end).step_by(3) {
            let given = Given { body: text.as_bytes()[..cut].to_vec(), ..given.clone() };
            for given in [given.clone(), Given { fields: "Transfer-Encoding: identity\r\n".into(), ..given }] {
                let transcript = given.read(512);
                let diagnosis = llmcheck::diagnosis::diagnose(&llmcheck::evidence::Evidence::gather(&transcript));
                assert!(!diagnosis.is_healthy(), "{name} cut at {cut} of {}", text.len());
                assert_ne!(diagnosis.verdict.entry.code, "undiagnosed-failure", "{name} cut at {cut}");
            }
        }
    }
}

#[test]
fn a_native_stream_that_stops_is_cut_like_any_other() {
    let anthropic = anthropic_events();
    let mut responses = responses_events();
    responses.truncate(5);
    let forged = named_events(&[&anthropic[..7], &anthropic[10..]].concat());
    let half = ollama_lines();
    expect(&[
        ("anthropic", stream(named_events(&anthropic[..8])).asked_at(ANTHROPIC), &["stream-without-finish"]),
        ("anthropic with its end forged", stream(forged).asked_at(ANTHROPIC), &["done-without-finish"]),
        ("responses", stream(named_events(&responses)).asked_at(RESPONSES), &["stream-without-finish"]),
        ("gemini", stream(format!("data: {}\r\n\r\n", gemini("Hel", None))).asked_at(GEMINI_STREAM), &["stream-without-finish"]),
        ("ollama after a line", stream(half.lines().next().unwrap().to_owned() + "\n").asked_at(OLLAMA), &["stream-without-finish"]),
        ("ollama inside a line", stream(&half[..half.len() / 2]).asked_at(OLLAMA), &["event-cut"]),
        (
            "gemini array inside",
            stream(json!([gemini("a", None)]).to_string().trim_end_matches(']')).asked_at(GEMINI_STREAM).of_type("application/json"),
            &["json-cut"],
        ),
        (
            "gemini array without its end",
            stream(json!([gemini("a", None)]).to_string()).asked_at(GEMINI_STREAM).of_type("application/json"),
            &["stream-without-finish"],
        ),
    ]);
}

#[test]
fn a_native_end_has_the_same_meaning() {
    let mut incomplete = responses();
    incomplete["status"] = json!("incomplete");
    incomplete["incomplete_details"] = json!({"reason":"max_output_tokens"});
    let mut failed = responses();
    failed["status"] = json!("failed");
    failed["error"] = json!({"code":"server_error","message":"The model failed."});
    let mut events = responses_events();
    events.pop();
    let ended = |kind: &str, response: &Value| named_events(&[&events[..], &[json!({"type":kind,"response":response})]].concat());
    let error = named_events(
        &[&anthropic_events()[..7], &[json!({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})]].concat(),
    );
    let blocked = json!({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4},"modelVersion":"g"}).to_string();
    expect(&[
        ("anthropic limit", plain(anthropic("max_tokens")).asked_at(ANTHROPIC), &["token-limit-reached"]),
        ("anthropic refusal", plain(anthropic("refusal")).asked_at(ANTHROPIC), &["content-filtered"]),
        ("anthropic stop sequence", plain(anthropic("stop_sequence")).asked_at(ANTHROPIC), &[]),
        ("anthropic pause", plain(anthropic("pause_turn")).asked_at(ANTHROPIC), &[]),
        ("anthropic error event", stream(error).asked_at(ANTHROPIC), &["error-in-stream"]),
        ("responses limit", plain(incomplete.to_string()).asked_at(RESPONSES), &["token-limit-reached"]),
        ("responses failed", plain(failed.to_string()).asked_at(RESPONSES), &["error-in-success"]),
        ("responses stream limit", stream(ended("response.incomplete", &incomplete)).asked_at(RESPONSES), &["token-limit-reached"]),
        ("responses stream failed", stream(ended("response.failed", &failed)).asked_at(RESPONSES), &["error-in-stream"]),
        ("gemini limit", plain(gemini("a", Some("MAX_TOKENS")).to_string()).asked_at(GEMINI), &["token-limit-reached"]),
        ("gemini filter", plain(gemini("", Some("SAFETY")).to_string()).asked_at(GEMINI), &["content-filtered"]),
        ("gemini prompt blocked", plain(blocked).asked_at(GEMINI), &["content-filtered"]),
        (
            "ollama error line",
            stream(
                ollama_lines().lines().next().unwrap().to_owned() + "\n{\"error\":\"an error was encountered while running the model\"}\n",
            )
            .asked_at(OLLAMA),
            &["error-in-stream"],
        ),
    ]);
}
