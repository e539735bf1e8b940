//! Several choices, tool calls and their arguments, and ends by other words.

use serde_json::{Value, json};

use super::{DONE, event, expect, finish, piece, plain, stream};

fn choice(index: u64, reason: Option<&str>) -> Value {
    json!({"index":index,"message":{"role":"assistant","content":"Hi"},"finish_reason":reason})
}

fn choices(all: &[Value]) -> String {
    json!({"id":"c","object":"chat.completion","model":"m","choices":all}).to_string()
}

fn delta(index: u64, text: &str, reason: Option<&str>) -> String {
    event(json!([{"index":index,"delta":{"content":text},"finish_reason":reason}]))
}

#[test]
fn every_choice_must_finish() {
    let both = [delta(0, "a", None), delta(1, "b", None), delta(0, "c", Some("stop"))].concat();
    let other = [delta(0, "a", None), delta(1, "b", None), delta(1, "c", Some("stop"))].concat();
    expect(&[
        ("all finish", plain(choices(&[choice(0, Some("stop")), choice(1, Some("length"))])), &[]),
        ("one does not", plain(choices(&[choice(0, Some("stop")), choice(1, None)])), &["choice-without-finish"]),
        ("the first does not", plain(choices(&[choice(0, None), choice(1, Some("stop"))])), &["choice-without-finish"]),
        // Some servers never tell the reason of a plain answer.
        ("none does", plain(choices(&[choice(0, None)])), &[]),
        ("stream: all finish", stream(both.clone() + &delta(1, "", Some("stop")) + DONE), &[]),
        ("stream: one does not", stream(both.clone() + DONE), &["choice-without-finish"]),
        ("stream: one does not, nothing after it", stream(both), &["choice-without-finish"]),
        ("stream: the first does not", stream(other + DONE), &["choice-without-finish"]),
    ]);
}

fn calling(arguments: &Value, reason: &str) -> String {
    let call = json!({"id":"call_1","type":"function","function":{"name":"get_weather","arguments":arguments}});
    let message = json!({"role":"assistant","content":null,"tool_calls":[call]});
    choices(&[json!({"index":0,"message":message,"finish_reason":reason})])
}

fn call_piece(call: u64, id: Option<&str>, arguments: &str) -> String {
    event(json!([{"index":0,"delta":{"tool_calls":[{"index":call,"id":id,"function":{"name":id.map(|_| "f"),"arguments":arguments}}]}}]))
}

#[test]
fn arguments_that_stop_inside_their_json_are_cut() {
    let cut = "{\"city\":\"Hang";
    expect(&[
        ("whole", plain(calling(&json!("{\"city\":\"x\"}"), "tool_calls")), &[]),
        ("none", plain(calling(&json!(""), "tool_calls")), &[]),
        ("an object", plain(calling(&json!({"city":"x"}), "tool_calls")), &[]),
        ("encoded twice", plain(calling(&json!("\"{\\\"city\\\":1}\""), "tool_calls")), &[]),
        ("free text", plain(calling(&json!("print(\"hi"), "tool_calls")), &[]),
        ("cut", plain(calling(&json!(cut), "tool_calls")), &["tool-arguments-cut"]),
        ("cut, and called a stop", plain(calling(&json!(cut), "stop")), &["tool-arguments-cut"]),
        ("cut by the limit", plain(calling(&json!(cut), "length")), &["token-limit-reached"]),
    ]);
    let two = call_piece(0, Some("a"), "") + &call_piece(1, Some("b"), "{\"x\"") + &call_piece(0, None, "{\"y\":1}");
    expect(&[
        ("stream: whole", stream(two.clone() + &call_piece(1, None, ":1}") + &finish("tool_calls") + DONE), &[]),
        ("stream: cut", stream(two.clone() + &finish("tool_calls") + DONE), &["tool-arguments-cut"]),
        ("stream: cut, no end", stream(two.clone()), &["stream-without-finish"]),
        ("stream: cut by the limit", stream(two + &finish("length") + DONE), &["token-limit-reached"]),
    ]);
}

#[test]
fn every_vendors_word_for_the_end_is_understood() {
    for reason in ["stop", "eos", "end_turn", "stop_sequence", "tool_calls", "function_call", "STOP", "COMPLETE"] {
        assert_eq!(stream(piece("hi") + &finish(reason) + DONE).codes(), [""; 0], "{reason}");
    }
    for (reason, code) in [
        ("length", "token-limit-reached"),
        ("max_tokens", "token-limit-reached"),
        ("MAX_TOKENS", "token-limit-reached"),
        ("content_filter", "content-filtered"),
        ("sensitive", "content-filtered"),
        ("insufficient_system_resource", "error-in-stream"),
        ("error", "error-in-stream"),
    ] {
        assert_eq!(stream(piece("hi") + &finish(reason) + DONE).codes(), [code], "{reason}");
    }
}

#[test]
fn an_answer_may_be_other_than_text() {
    let message = |message: Value| plain(choices(&[json!({"index":0,"message":message,"finish_reason":"stop"})]));
    let filter = event(json!([])).replace("\"choices\":[]", "\"choices\":[],\"prompt_filter_results\":[{\"prompt_index\":0}]");
    expect(&[
        ("refusal", message(json!({"content":null,"refusal":"I cannot."})), &[]),
        ("reasoning only", message(json!({"content":"","reasoning_content":"hm"})), &[]),
        ("azure", stream(filter + &piece("hi") + &finish("stop") + DONE), &[]),
    ]);
}
