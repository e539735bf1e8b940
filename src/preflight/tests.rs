//! Every warning by what brings it, and the look-alikes that bring none.

use clap::Parser as _;
use serde_json::json;

use super::*;
use crate::cli::{Cli, Command};
use crate::config::{self, Resolved, Wanted};

const KEY: (&str, &str) = ("OPENAI_API_KEY", "sk-0123456789abcdef0123456789abcdef");
const RELAY: &str = "--base-url=https://relay.example.com/v1";

fn resolved(arguments: &[&str], variables: &[(&str, &str)]) -> Resolved {
    let Command::Chat(args) = Cli::parse_from(["llmcheck", "chat", "hi"].iter().chain(arguments)).command else { unreachable!() };
    let environment = |name: &str| variables.iter().rfind(|(key, _)| *key == name).map(|(_, value)| value.to_string());
    let compose = |model: &str| crate::api::request::compose(&args.request, args.prompt.clone(), model);
    config::resolve(&Wanted::of_chat(&args, None), &config::ConfigFile::default(), compose, &environment).unwrap()
}

fn names(warnings: &[Warning]) -> Vec<&'static str> {
    warnings.iter().map(Warning::name).collect()
}

/// The warnings for `llmcheck chat hi` with these arguments and a usual key.
fn warned(arguments: &[&str]) -> Vec<&'static str> {
    warned_with(arguments, &[])
}

fn warned_with(arguments: &[&str], variables: &[(&str, &str)]) -> Vec<&'static str> {
    let Resolved { plan, settings, .. } = resolved(arguments, &[&[KEY], variables].concat());
    names(&check(&plan, &settings))
}

/// The same with this body in place of the prompt's.
fn warnings_of(arguments: &[&str], body: &[u8]) -> Vec<Warning> {
    let Resolved { mut plan, settings, .. } = resolved(arguments, &[KEY]);
    plan.body = body.to_vec();
    plan.model = serde_json::from_slice::<Value>(body).ok().and_then(|body| body["model"].as_str().map(str::to_string));
    check(&plan, &settings)
}

fn warned_of(arguments: &[&str], body: impl AsRef<[u8]>) -> Vec<&'static str> {
    names(&warnings_of(arguments, body.as_ref()))
}

/// A body of this model with this prompt and these parameters.
fn asking(model: &str, prompt: &str, parameters: Value) -> Vec<u8> {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": prompt}]});
    body.as_object_mut().unwrap().extend(parameters.as_object().unwrap().clone());
    body.to_string().into_bytes()
}

#[test]
fn a_usual_request_brings_nothing() {
    const NOTHING: [&str; 0] = [];
    for arguments in [
        &[][..],
        &[RELAY],
        &["--base-url=https://relay.example.com/api/openai"],
        &["--base-url=http://127.0.0.1:8000/v1", "-m", "gpt-4"],
        &["--base-url=http://192.168.1.7:8080", "-m", "local"],
        &["--base-url=https://x.openai.azure.com/openai/deployments/o3?api-version=2025-01-01", "-m", "o3", "--max-tokens=9"],
        &["--base-url=https://api.deepseek.com", "-m", "deepseek-chat"],
        &["--base-url=https://api.anthropic.com/v1", "-m", "claude-3-5-haiku-latest", "--max-tokens=8192"],
        &["-m", "o3", "--max-completion-tokens=100", "--temperature=1"],
        &["-m", "gpt-4o", "--max-tokens=16384", "--temperature=0"],
        &["-m", "anything", "--max-tokens=9000000"],
        &["--system", "be brief", "--stream"],
        &["--proxy", "http://proxy.example:1"],
    ] {
        assert_eq!(warned(arguments), NOTHING, "{arguments:?}");
    }
}

#[test]
fn a_base_url_without_a_path_is_told_where_something_else_is_wanted() {
    for (base, expected) in [
        ("https://api.openai.com", vec!["base-url-without-path"]),
        ("https://openrouter.ai/", vec!["base-url-without-path"]),
        ("https://dashscope.aliyuncs.com", vec!["base-url-without-path"]),
        ("http://localhost:11434", vec!["base-url-without-path"]),
        ("https://relay.example.com", vec!["base-url-without-version"]),
        ("https://relay.example.com:3000/", vec!["base-url-without-version"]),
        // They answer at the root too, or may.
        ("https://api.deepseek.com", vec![]),
        ("https://api.perplexity.ai", vec![]),
        ("http://127.0.0.1:8080", vec![]),
        ("http://llama.local:8080", vec![]),
        ("http://10.0.0.5:4000", vec![]),
        ("http://localhost:11434/v1", vec![]),
        // Written out, it is meant.
        ("https://relay.example.com/chat/completions", vec![]),
        ("https://api.openai.com/chat/completions/", vec![]),
        ("https://relay.example.com/chat/completions?a=b", vec![]),
        ("https://relay.example.com/openai", vec![]),
    ] {
        assert_eq!(warned(&["--base-url", base]), expected, "{base}");
    }
}

#[test]
fn a_base_url_that_names_an_endpoint_is_told() {
    for base in [
        "https://api.openai.com/v1/v1",
        "https://api.openai.com/v1/models",
        "https://relay.example.com/v1/completions",
        "https://relay.example.com/v1/responses/",
        "http://127.0.0.1:8000/v1/embeddings",
        "https://api.anthropic.com/v1/messages",
        "https://relay.example.com/v1/chat",
        "https://relay.example.com/v1/chat/completion",
        "https://relay.example.com/v1/chat/completions/chat/completions",
    ] {
        assert_eq!(warned(&["--base-url", base]), ["base-url-names-endpoint"], "{base}");
    }
    for base in [
        "https://relay.example.com/v1/chat/completions",
        "https://x.services.ai.azure.com/models",
        "https://gateway.ai.cloudflare.com/v1/account/gateway/compat",
        "https://relay.example.com/v1/openai/v1beta",
        "https://relay.example.com/chat",
        "https://relay.example.com/models/v1",
        "https://open.bigmodel.cn/api/paas/v4",
        "https://generativelanguage.googleapis.com/v1beta/openai/",
        "https://relay.example.com/xv1/v1",
    ] {
        assert!(warned(&["--base-url", base]).is_empty(), "{base}");
    }
    let Resolved { plan, settings, .. } = resolved(&["--base-url", "https://r.example/api/v1/models"], &[KEY]);
    let told = check(&plan, &settings)[0].told(Lang::En);
    assert_eq!(told.fix, "write https://r.example/api/v1");
    assert!(told.title.contains("(from --base-url)") && told.title.contains("/api/v1/models/chat/completions"), "{}", told.title);
}

#[test]
fn a_near_host_that_a_variable_sends_through_a_proxy_is_told() {
    let proxied = |base: &str, variables: &[(&str, &str)]| warned_with(&["--base-url", base], variables);
    let http = ("http_proxy", "http://proxy.example:3128");
    let all = ("all_proxy", "socks5h://127.0.0.1:1080");
    for (base, variable, expected) in [
        ("http://127.0.0.1:8000/v1", http, vec!["loopback-through-proxy"]),
        ("http://localhost:8000/v1", all, vec!["loopback-through-proxy"]),
        ("http://[::1]:8000/v1", http, vec!["loopback-through-proxy"]),
        ("https://127.0.0.1:8000/v1", ("HTTPS_PROXY", "http://127.0.0.1:7890"), vec!["loopback-through-proxy"]),
        ("http://192.168.1.7:8000/v1", http, vec!["private-host-through-proxy"]),
        ("http://169.254.7.7:8000/v1", http, vec!["private-host-through-proxy"]),
        ("http://gpu.local:8000/v1", http, vec!["private-host-through-proxy"]),
        ("https://llm.corp.internal/v1", ("https_proxy", "http://proxy.example:3128"), vec!["private-host-through-proxy"]),
        // SOCKS may be the way there.
        ("http://192.168.1.7:8000/v1", all, vec![]),
        ("https://relay.example.com/v1", ("https_proxy", "http://127.0.0.1:7890"), vec![]),
        // It does not apply to this scheme.
        ("https://127.0.0.1:8000/v1", http, vec![]),
    ] {
        assert_eq!(proxied(base, &[variable]), expected, "{base} {variable:?}");
    }
    assert!(proxied("http://127.0.0.1:8000/v1", &[http, ("no_proxy", "127.0.0.1")]).is_empty());
    let by_flag = ["--base-url=http://127.0.0.1:8000/v1", "--proxy=http://127.0.0.1:8080"];
    assert!(warned(&by_flag).is_empty());
}

#[test]
fn a_key_in_clear_text_is_told_for_hosts_far_away() {
    for (base, expected) in [
        ("http://relay.example.com/v1", vec!["key-in-clear-text"]),
        ("http://203.0.113.7:3000/v1", vec!["key-in-clear-text"]),
        ("http://127.0.0.1:3000/v1", vec![]),
        ("http://10.9.8.7:3000/v1", vec![]),
        ("http://100.101.102.103:3000/v1", vec![]),
        ("http://vllm:8000/v1", vec![]),
        ("http://box.tail1234.ts.net/v1", vec![]),
        ("https://relay.example.com/v1", vec![]),
    ] {
        assert_eq!(warned(&["--base-url", base]), expected, "{base}");
    }
    let without_key = resolved(&["--base-url", "http://relay.example.com/v1"], &[]);
    assert!(check(&without_key.plan, &without_key.settings).is_empty());
    let in_query = resolved(&["--base-url", "http://relay.example.com/v1?key=sk-0123456789"], &[]);
    let warnings = check(&in_query.plan, &in_query.settings);
    assert_eq!(names(&warnings), ["key-in-clear-text"]);
}

#[test]
fn a_key_that_can_be_none_is_told_and_never_shown() {
    for (arguments, key, expected) in [
        (&[][..], "\"sk-0123456789abcdef\"", vec!["key-in-quotes"]),
        (&[RELAY], "'sk-0123456789abcdef'", vec!["key-in-quotes"]),
        (&[], "$OPENAI_API_KEY", vec!["key-not-expanded"]),
        (&[RELAY], "${OPENAI_API_KEY}", vec!["key-not-expanded"]),
        (&[], "YOUR_API_KEY", vec!["key-is-placeholder"]),
        (&[RELAY], "sk-xxxxxxxxxxxxxxxx", vec!["key-is-placeholder"]),
        (&[], "sk-ant-api03-0123456789abcdef", vec!["key-of-other-api"]),
        (&["--base-url=https://api.anthropic.com/v1"], "sk-proj-0123456789abcdef", vec!["key-of-other-api"]),
        (&["--base-url=https://api.groq.com/openai/v1"], "sk-or-v1-0123456789abcdef", vec!["key-of-other-api"]),
        (&["--base-url=https://x.openai.azure.com/openai/v1"], "gsk_0123456789abcdef", vec!["key-of-other-api"]),
        // A relay takes what it has given out, and a server on this machine takes anything.
        (&[RELAY], "sk-ant-api03-0123456789abcdef", vec![]),
        (&[RELAY], "changeme", vec![]),
        (&["--base-url=http://127.0.0.1:1/v1"], "YOUR_API_KEY", vec![]),
        (&["--base-url=http://127.0.0.1:1/v1"], "\"EMPTY\"", vec![]),
        (&["--base-url=http://vllm:1/v1"], "sk-xxxx", vec![]),
        (&["--base-url=https://openrouter.ai/api/v1"], "sk-or-v1-0123456789abcdef", vec![]),
        (&["--base-url=https://api.deepseek.com/v1"], "sk-0123456789abcdef", vec![]),
    ] {
        let Resolved { plan, settings, .. } = resolved(arguments, &[("OPENAI_API_KEY", key)]);
        let warnings = check(&plan, &settings);
        assert_eq!(names(&warnings), expected, "{arguments:?} {key}");
        for warning in warnings {
            let line = warning.line(Lang::En);
            assert!(line.contains("(OPENAI_API_KEY)"), "{line}");
            assert!(!line.contains("0123456789"), "{line}");
        }
    }
}

#[test]
fn a_key_of_a_field_is_looked_at_too() {
    assert_eq!(warned(&["-H", "Authorization: Bearer Bearer sk-0123456789abcdef"]), ["key-scheme-twice"]);
    let Resolved { plan, settings, .. } = resolved(&["-H", "Authorization: Bearer sk-xxxxxx"], &[KEY]);
    let warnings = check(&plan, &settings);
    assert_eq!(names(&warnings), ["key-is-placeholder"]);
    assert!(!warnings[0].line(Lang::En).contains("OPENAI_API_KEY"), "it is not the configured one");
    for field in ["Authorization: Basic dXNlcjpwYXNz", "Authorization: sk-0123456789abcdef", "X-Trace: $OPENAI_API_KEY"] {
        assert!(warned(&["-H", field]).is_empty(), "{field}");
    }
}

#[test]
fn a_body_that_is_no_json_is_told_with_its_place() {
    for (body, expected, place) in [
        (&b"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xc4\xe3\"}]}"[..], "body-not-utf-8", "byte 51"),
        (b"\xff\xfe{\0}\0", "body-not-utf-8", "byte 0"),
        (b"{\0\"\0", "body-has-nul", "at 1"),
        (b"{\"model\": 'm'}", "body-not-json", "line 1 column 11"),
        (b"", "body-not-json", "EOF"),
        (b"{} trailing", "body-not-json", "trailing"),
        (b"[]", "body-not-object", ""),
        (b"{\"model\":\"m\",\"prompt\":\"hi\"}", "messages-missing", ""),
        (b"{\"model\":\"m\",\"messages\":\"hi\"}", "messages-missing", ""),
    ] {
        for arguments in [&[][..], &["--base-url=http://127.0.0.1:1/v1"]] {
            let warnings = warnings_of(arguments, body);
            assert_eq!(names(&warnings), [expected]);
            assert!(warnings[0].told(Lang::En).title.contains(place), "{}", warnings[0].line(Lang::En));
        }
    }
    let with_bom = [b"\xef\xbb\xbf", &asking("m", "hi", json!({}))[..]].concat();
    assert_eq!(warned_of(&[], &with_bom), ["body-begins-with-bom"]);
    assert_eq!(warned_of(&[], b"\xef\xbb\xbf[]"), ["body-begins-with-bom", "body-not-object"]);
}

#[test]
fn a_body_that_is_only_unusual_brings_nothing() {
    let deep = format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],"x":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
    for body in [
        r#"{"model":"m","messages":[{"role":"user","content":"\ud83d"}]}"#,
        r#"{"model":"m","messages":[{"role":"user","content":"a\u0000b"}],"seed":1e999}"#,
        r#" { "messages" : [ { "content" : null, "role" : "assistant", "tool_calls": [] } ] } "#,
        r#"{"messages":[{"role":"developer","content":""},{"role":"tool","tool_call_id":"x","content":"y"},{"role":"function"}]}"#,
        &deep,
    ] {
        assert!(warned_of(&[], body).is_empty(), "{body}");
    }
    // What is coded, or of another type, is not ours to read.
    assert!(warned_of(&["-H", "Content-Encoding: gzip"], b"\x1f\x8b\x08").is_empty());
    assert!(warned_of(&["-H", "Content-Type: text/plain"], "hello").is_empty());
}

#[test]
fn messages_that_every_api_refuses_are_told_and_a_server_of_ones_own_may_take_them() {
    for (messages, expected) in [
        (json!([]), "messages-empty"),
        (json!([{"content": "hi"}]), "message-without-role"),
        (json!([{"role": "user", "content": "hi"}, {"role": "human", "content": "hi"}, {"role": "bot"}]), "message-role-unknown"),
        (json!([{"role": "User", "content": "hi"}]), "message-role-unknown"),
        (json!([{"role": 1, "content": "hi"}]), "message-role-unknown"),
        (json!([{"role": "user", "content": []}]), "message-content-empty"),
    ] {
        let body = json!({"model": "m", "messages": messages}).to_string();
        assert_eq!(warned_of(&[RELAY], &body), [expected]);
        assert!(warned_of(&["--base-url=http://127.0.0.1:8000/v1"], &body).is_empty());
    }
    // Words and forms that somebody takes.
    for messages in [
        json!([{"role": "cache", "content": "tag=x"}, {"role": "user", "content": "hi"}]),
        json!([{"role": "user_system", "content": "x"}]),
        json!([{"role": "assistant", "content": [], "tool_calls": []}]),
    ] {
        assert!(warned_of(&[RELAY], json!({"messages": messages}).to_string()).is_empty(), "{messages}");
    }
    let of_others = json!({"messages": [{"role": "cache", "content": "tag=x"}]}).to_string();
    assert_eq!(warned_of(&[], of_others), ["message-role-unknown"]);
}

#[test]
fn a_body_over_a_usual_limit_is_told_with_whose_it_is() {
    // Its type keeps it from being read, which takes long in a test.
    let whose = |base: &str, bytes: usize| {
        let warnings = warnings_of(&["-H", "Content-Type: text/plain", "--base-url", base], &vec![b'x'; bytes]);
        warnings.first().map(|warning| (warning.name(), warning.told(Lang::En).title))
    };
    let relay = "https://relay.example.com/v1";
    assert_eq!(whose(relay, 1 << 20), None);
    let (name, title) = whose(relay, (1 << 20) + 1).unwrap();
    assert_eq!(name, "body-over-usual-limits");
    assert!(title.contains("1048577") && title.contains("nginx") && !title.contains("Vercel"), "{title}");
    let (_, title) = whose(relay, 11 << 20).unwrap();
    assert!(title.contains("nginx (1 MiB), Vercel (4.5 MB), AWS API Gateway (10 MB)"), "{title}");
    // They take more, and no gateway stands before what is on this machine.
    for base in ["https://api.openai.com/v1", "https://openrouter.ai/api/v1", "http://127.0.0.1:8000/v1"] {
        assert_eq!(whose(base, 3 << 20), None, "{base}");
    }
    let anthropic = "https://api.anthropic.com/v1";
    assert_eq!(whose(anthropic, 31 << 20), None);
    assert_eq!(whose(anthropic, 33 << 20).unwrap().0, "body-over-limit");
}

#[test]
fn a_prompt_that_cannot_fit_is_told() {
    let words = |count: usize| "word ".repeat(count);
    const RELAY_ARGUMENTS: &[&str] = &[RELAY];
    for (arguments, model, count, parameters, expected) in [
        (&[][..], "gpt-4o", 130_000, json!({}), vec!["prompt-over-context-window"]),
        (RELAY_ARGUMENTS, "openai/gpt-4o", 130_000, json!({}), vec!["prompt-over-context-window"]),
        (&[], "gpt-4", 5000, json!({"max_tokens": 4000}), vec!["answer-over-context-window"]),
        (RELAY_ARGUMENTS, "moonshot-v1-8k", 100, json!({"max_tokens": 8192}), vec!["answer-over-context-window"]),
        (&[], "gpt-4o", 120_000, json!({}), vec![]),
        (&[], "gpt-4", 4000, json!({"max_tokens": 4000}), vec![]),
        // The answer is not counted for all.
        (&[], "gpt-4.1", 1000, json!({"max_tokens": 32_768}), vec![]),
        // Another model may stand behind these names.
        (RELAY_ARGUMENTS, "gpt-4-all", 130_000, json!({}), vec![]),
        (RELAY_ARGUMENTS, "my-gpt-4o", 130_000, json!({}), vec![]),
        (&["--base-url=http://127.0.0.1:8000/v1"], "gpt-4o", 130_000, json!({}), vec![]),
        (&["--base-url=http://10.0.0.1:8000/v1"], "gpt-4o", 130_000, json!({}), vec![]),
        (&["--base-url=https://x.openai.azure.com/openai/v1"], "gpt-4", 10_000, json!({}), vec![]),
        (&["--base-url=https://openrouter.ai/api/v1"], "gpt-4", 10_000, json!({}), vec![]),
        (&[], "gpt-4.1", 130_000, json!({}), vec![]),
    ] {
        let body = asking(model, &words(count), parameters);
        assert_eq!(warned_of(arguments, body), expected, "{arguments:?} {model} {count}");
    }
    let told = warnings_of(&[], &asking("gpt-4", &words(9000), json!({})))[0].told(Lang::En);
    assert!(told.title.contains("some 9001 to") && told.title.contains("gpt-4 takes 8192"), "{}", told.title);
}

#[test]
fn text_that_only_looks_long_brings_nothing() {
    // A million characters that are few tokens, or none.
    for prompt in [" ".repeat(1_000_000), "=".repeat(1_000_000), "a".repeat(1_000_000), "\n".repeat(1_000_000)] {
        assert!(warned_of(&[], asking("gpt-4o", &prompt, json!({}))).is_empty());
    }
    let image = json!([{"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{}", "iVBORw0KGgo".repeat(90_000))}}]);
    let body = json!({"model": "gpt-4o", "messages": [{"role": "user", "content": image}]});
    assert!(warned_of(&[], body.to_string()).is_empty());
}

#[test]
fn an_answer_that_is_too_long_is_told_at_the_makers_own_host() {
    for (arguments, model, parameters, expected) in [
        (&[][..], "gpt-4o", json!({"max_tokens": 16_385}), vec!["max-tokens-over-maximum"]),
        (&[], "gpt-4o-2024-05-13", json!({"max_tokens": 5000}), vec!["max-tokens-over-maximum"]),
        (&[], "o3", json!({"max_completion_tokens": 100_001}), vec!["max-tokens-over-maximum"]),
        // One reason is enough.
        (&[], "gpt-4o", json!({"max_tokens": 200_000}), vec!["max-tokens-over-maximum"]),
        (&[], "gpt-4o", json!({"max_tokens": 16_384}), vec![]),
        (&[RELAY], "gpt-4o", json!({"max_tokens": 20_000}), vec![]),
        (&["--base-url=https://openrouter.ai/api/v1"], "openai/gpt-4o", json!({"max_tokens": 20_000}), vec![]),
        // The model is not this maker's.
        (&[], "claude-3-opus", json!({"max_tokens": 9000}), vec![]),
    ] {
        assert_eq!(warned_of(arguments, asking(model, "hi", parameters)), expected, "{arguments:?} {model}");
    }
}

#[test]
fn parameters_that_a_reasoning_model_refuses_are_told_at_the_makers_own_host() {
    for (model, parameters, expected) in [
        ("o3", json!({"max_tokens": 100}), vec!["max-tokens-refused"]),
        ("gpt-5-mini", json!({"max_tokens": 100, "temperature": 0}), vec!["max-tokens-refused", "sampling-refused"]),
        ("o4-mini", json!({"top_p": 0.9}), vec!["sampling-refused"]),
        ("o1-2024-12-17", json!({"presence_penalty": 0.5}), vec!["sampling-refused"]),
        ("gpt-5", json!({"logprobs": true, "logit_bias": {"1": 2}}), vec!["sampling-refused"]),
        ("gpt-5.1", json!({"max_tokens": 100, "temperature": 0.2}), vec!["max-tokens-refused"]),
        // Defaults are taken, and so is all by others.
        ("o3", json!({"temperature": 1, "top_p": 1.0, "presence_penalty": 0, "logprobs": false, "logit_bias": {}}), vec![]),
        ("o3", json!({"temperature": null, "max_tokens": null}), vec![]),
        ("gpt-5-chat-latest", json!({"temperature": 0.2, "max_tokens": 100}), vec![]),
        ("gpt-4o", json!({"temperature": 0.2, "max_tokens": 100}), vec![]),
        ("o3-custom", json!({"max_tokens": 100}), vec![]),
    ] {
        let body = asking(model, "hi", parameters);
        assert_eq!(warned_of(&[], &body), expected, "{model}");
        // A relay may put them right.
        assert!(warned_of(&[RELAY], &body).is_empty(), "{model}");
    }
    let told = warnings_of(&[], &asking("gpt-5", "hi", json!({"temperature": 0, "top_p": 0.5})))[0].told(Lang::En);
    assert_eq!(told.fix, "leave temperature, top_p out");
}

/// All there are.
static ENTRIES: [&Entry; 29] = [
    &KEY_MISSING,
    &address::BASE_URL_NAMES_ENDPOINT,
    &address::BASE_URL_WITHOUT_PATH,
    &address::BASE_URL_WITHOUT_VERSION,
    &address::KEY_IN_CLEAR_TEXT,
    &address::LOOPBACK_THROUGH_PROXY,
    &address::PRIVATE_HOST_THROUGH_PROXY,
    &body::BODY_BEGINS_WITH_BOM,
    &body::BODY_HAS_NUL,
    &body::BODY_NOT_JSON,
    &body::BODY_NOT_UTF_8,
    &body::BODY_OVER_LIMIT,
    &body::BODY_OVER_USUAL_LIMITS,
    &key::KEY_IN_QUOTES,
    &key::KEY_IS_PLACEHOLDER,
    &key::KEY_NOT_EXPANDED,
    &key::KEY_OF_OTHER_API,
    &key::KEY_SCHEME_TWICE,
    &limits::ANSWER_OVER_MAXIMUM,
    &limits::ANSWER_OVER_WINDOW,
    &limits::MAX_TOKENS_REFUSED,
    &limits::PROMPT_OVER_WINDOW,
    &limits::SAMPLING_REFUSED,
    &messages::BODY_NOT_OBJECT,
    &messages::MESSAGES_EMPTY,
    &messages::MESSAGES_MISSING,
    &messages::MESSAGE_CONTENT_EMPTY,
    &messages::MESSAGE_ROLE_UNKNOWN,
    &messages::MESSAGE_WITHOUT_ROLE,
];

#[test]
fn every_entry_has_a_name_of_its_own_and_the_same_slots_in_both_languages() {
    let mut names: Vec<&str> = ENTRIES.iter().map(|entry| entry.name).collect();
    for entry in ENTRIES {
        assert!(entry.name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'), "{}", entry.name);
        for words in [entry.title, entry.fix] {
            let slots = |text: &'static str| {
                let mut slots: Vec<&str> = text.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)).collect();
                slots.sort_unstable();
                slots
            };
            // Braces of JSON are no slots.
            if !words.en.contains("\"messages\"") {
                assert_eq!(slots(words.en), slots(words.zh), "{}", entry.name);
            }
            assert!(!words.zh.is_ascii() && words.en != words.zh, "{}", entry.name);
            assert!(!words.en.ends_with('.') && !words.zh.ends_with('。'), "{}", entry.name);
        }
    }
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn no_slot_stays_open() {
    let long = "word ".repeat(130_000);
    let given = [
        warnings_of(&["--base-url=https://api.openai.com"], &asking("gpt-5", "hi", json!({"max_tokens": 200_000, "temperature": 0}))),
        warnings_of(&["--base-url=http://relay.example.com"], &asking("gpt-4o", &format!("{long}{long}"), json!({}))),
        warnings_of(&[], &asking("gpt-4", "hi", json!({"max_tokens": 9000}))),
        warnings_of(&["--base-url=https://relay.example.com/v1/v1"], b"{"),
        warnings_of(&[RELAY], br#"{"messages":[{"content":[]},{"role":"bot"}]}"#),
        warnings_of(&["-H", "authorization: Bearer gsk_0123456789"], b"\xff"),
    ];
    for warning in given.iter().flatten() {
        for lang in [Lang::En, Lang::Zh] {
            let line = warning.line(lang);
            assert!(!line.contains('{') || warning.name() == "body-not-json", "{line}");
        }
    }
    assert!(given.iter().all(|warnings| !warnings.is_empty()));
}
