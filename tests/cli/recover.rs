//! `--recover` and `--fallback`: which requests really arrive where, what stands in them, and what is told of it. Every server counts what
//! came: nothing more than the remedies that help.

use std::path::Path;

use serde_json::Value;

use crate::program::{Ran, directory, file, lab, llmcheck, run};
use crate::server::{Request, Server, api_error, completion, declaring, good, response, whole_stream};

const FAST: [&str; 2] = ["--retry-base", "1ms"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&FAST, more].concat()
}

/// What each attempt did about the one before it, and what came of it: `stream: healthy`.
fn trail(report: &Value) -> Vec<String> {
    let step = |attempt: &Value| match attempt["remedy"].as_str() {
        Some(remedy) => format!("{remedy}: {}", attempt["code"].as_str().unwrap()),
        None => attempt["code"].as_str().unwrap().to_string(),
    };
    report["attempts"].as_array().unwrap().iter().map(step).collect()
}

/// Asks a fallible endpoint `first` whose key is in `FIRST_KEY`, with others in the file.
struct Endpoints {
    config: String,
}

const FIRST_KEY: &str = "sk-first-0123456789abcdef";
const SECOND_KEY: &str = "sk-second-0123456789abcdef";

impl Endpoints {
    /// `text` follows the two endpoints.
    fn of(test: &str, first: &str, second: &str, before: &str, after: &str) -> Endpoints {
        let text = format!(
            "{before}\n[endpoints.first]\nbase_url = \"{first}\"\napi_key_env = \"FIRST_KEY\"\n\
             [endpoints.second]\nbase_url = \"{second}\"\napi_key_env = \"SECOND_KEY\"\n{after}\n"
        );
        Endpoints { config: file(&format!("recover-{test}"), text) }
    }

    fn ask(&self, arguments: &[&str]) -> Ran {
        let mut command = llmcheck(["chat", "hi", "--config", &self.config, "--endpoint", "first"].iter().chain(&FAST).chain(arguments));
        command.envs([("FIRST_KEY", FIRST_KEY), ("SECOND_KEY", SECOND_KEY)]);
        run(command)
    }
}

fn failing() -> Server {
    Server::always(response("500 Internal Server Error", "", api_error("The server had an error")))
}

/// A head and nothing behind it, as Go does when its handler writes more than it declared.
fn empty_under_a_length() -> Vec<u8> {
    declaring(600, "200 OK", "", "")
}

#[test]
fn each_remedy_is_chosen_for_its_cause() {
    let prompt = "tell me something long enough to be cut, with quite a few words in it, so that the answer grows too";
    for (scenario, arguments, code, expected) in [
        ("breaks-plain-only", &[][..], 0, &["empty-body-after-overwrite", "stream: healthy"][..]),
        (
            "breaks-stream-only",
            &["--stream"],
            0,
            &["chunks-without-end", "retry: chunks-without-end", "retry: chunks-without-end", "stream: healthy"],
        ),
        ("breaks-stream-only", &["--stream", "--recover=stream"], 0, &["chunks-without-end", "stream: healthy"]),
        ("breaks-gzip-only", &["--stream", "--recover=stream,identity"], 0, &["encoded-body-cut", "identity: healthy"]),
        ("breaks-gzip-only", &[], 10, &["length-counts-decoded-bytes"]),
        (
            "breaks-long-answers",
            &["--retry", "0"],
            0,
            &[
                "gateway-timeout",
                "stream: gateway-timeout",
                "max-tokens: gateway-timeout",
                "max-tokens: gateway-timeout",
                "max-tokens: token-limit-reached",
            ],
        ),
        ("model-down", &["--fallback", ":gpt-4o"], 0, &["model-not-found", "model: healthy"]),
        (
            "fails-three-times",
            &["--retry", "3"],
            0,
            &["provider-error", "retry: provider-error", "retry: provider-error", "retry: healthy"],
        ),
        (
            "fails-three-times",
            &["--fallback", "lab/healthy"],
            0,
            &["provider-error", "retry: provider-error", "retry: provider-error", "endpoint: healthy"],
        ),
        ("flaky-429-retry-after", &[], 0, &["requests-per-minute", "wait: healthy"]),
        ("limits-tokens", &["--max-tokens", "4000"], 0, &["request-over-token-limit", "max-tokens: healthy"]),
        ("refuses-long-prompts", &[], 0, &["healthy"]),
        ("quota-exhausted", &["--fallback", "lab/healthy"], 0, &["quota-exhausted", "endpoint: healthy"]),
        ("key-invalid", &["--fallback", "lab/healthy"], 0, &["key-invalid", "endpoint: healthy"]),
        ("connection-refused", &["--fallback", "lab/healthy"], 0, &["connection-refused", "endpoint: healthy"]),
        ("certificate-expired", &["--fallback", "lab/healthy"], 0, &["certificate-expired", "endpoint: healthy"]),
        ("web-page-not-api", &["--fallback", "lab/healthy"], 0, &["web-page-not-api", "endpoint: healthy"]),
        ("retry-after-a-day", &["--fallback", "lab/healthy"], 0, &["quota-exhausted", "endpoint: healthy"]),
        ("context-too-long", &["--fallback", ":larger"], 16, &["context-too-long", "model: context-too-long"]),
        ("parameter-rejected", &["--fallback", "lab/healthy"], 16, &["parameter-rejected"]),
        ("request-rejected", &["--fallback", "lab/healthy"], 16, &["request-rejected"]),
        ("prompt-refused-by-filter", &["--fallback", "lab/healthy"], 22, &["prompt-refused-by-filter"]),
        ("key-invalid", &["--fallback", ":gpt-4o"], 15, &["key-invalid"]),
        ("model-substituted", &[], 0, &["model-substituted"]),
    ] {
        let recover = if arguments.iter().any(|argument| argument.starts_with("--recover")) { &[][..] } else { &["--recover"][..] };
        let common = ["chat", prompt, "--lab", scenario, "--json"];
        let ran = run(llmcheck(common.iter().chain(&FAST).chain(recover).chain(arguments)));
        let report = ran.report();
        assert_eq!((ran.code, trail(&report)), (Some(code), expected.iter().map(|step| step.to_string()).collect()), "{scenario}");
        let worked = expected.last().unwrap().split_once(": ").map(|(remedy, _)| remedy).filter(|_| code == 0);
        assert_eq!(report["recovery"]["worked"].as_str(), worked, "{scenario}");
    }
}

#[test]
fn without_leave_nothing_is_recovered_from() {
    for (scenario, arguments) in [
        ("breaks-plain-only", &[][..]),
        ("breaks-plain-only", &["--recover=identity"]),
        ("breaks-plain-only", &["--retry", "3"]),
        ("model-down", &["--recover"]),
        ("quota-exhausted", &["--recover"]),
    ] {
        let report = lab(scenario, &with(&[arguments, &["--json"]].concat())).report();
        let most = if arguments == ["--recover=identity"] { 2 } else { 1 };
        assert_eq!((report["attempts"].as_array().unwrap().len(), &report["recovered"]), (most, &Value::Bool(false)), "{scenario}");
    }
}

#[test]
fn a_change_of_mode_changes_the_mode_and_nothing_else() {
    let server = Server::replying(|_, request| match request.json()["stream"] {
        Value::Bool(true) => whole_stream(&["Hel", "lo"]),
        _ => empty_under_a_length(),
    });
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--recover", "--temperature", "0.5", "-H", "X-Team: blue"]));
    ran.ends_with(0).prints("Hello\n").tells("asking for a stream instead").tells("stream: healthy");
    let [plain, streamed] = &server.requests()[..] else { panic!("{} requests", server.requests().len()) };
    let body = String::from_utf8(plain.body.clone()).unwrap();
    assert_eq!(String::from_utf8(streamed.body.clone()).unwrap(), body.replace("0.5}", "0.5,\"stream\":true}"));
    assert_eq!(other_fields(plain), other_fields(streamed));
    assert_eq!((plain.field("accept"), streamed.field("accept")), (Some("application/json"), Some("text/event-stream")));
}

/// All of the head but what a change of mode or coding changes.
fn other_fields(request: &Request) -> Vec<&str> {
    let is_other =
        |line: &&str| !["accept:", "content-length:", "accept-encoding:"].iter().any(|name| line.to_lowercase().starts_with(name));
    request.head.lines().filter(is_other).collect()
}

#[test]
fn what_is_asked_without_compression_is_the_same_otherwise() {
    let server = Server::replying(|_, request| match request.field("accept-encoding") {
        Some("identity") => good("Hello"),
        _ => empty_under_a_length(),
    });
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--recover=identity"]));
    ran.ends_with(0).prints("Hello\n").tells("asking without compression");
    let [first, second] = &server.requests()[..] else { panic!() };
    assert_eq!((&first.body, other_fields(first)), (&second.body, other_fields(second)));
}

#[test]
fn a_shorter_answer_is_asked_for_under_the_name_that_was_used() {
    let page = "<html><title>504 Gateway Time-out</title><hr>nginx</html>";
    for (flag, name) in [("--max-tokens", "max_tokens"), ("--max-completion-tokens", "max_completion_tokens")] {
        let server = Server::always(response("504 Gateway Time-out", "Server: nginx\r\n", page));
        let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--recover=max-tokens", flag, "400", "--json"]));
        let asked: Vec<Value> = server.requests().iter().map(|request| request.json()[name].clone()).collect();
        assert_eq!(asked, [400, 100, 25], "{name}");
        let bounds: Vec<Value> =
            ran.ends_with(18).report()["attempts"].as_array().unwrap().iter().map(|one| one["max_tokens"].clone()).collect();
        assert_eq!(bounds, asked);
    }
}

#[test]
fn a_fallback_gets_its_own_key_and_no_credential_of_the_first() {
    let (first, second) = (failing(), Server::always(good("from the second")));
    let endpoints = Endpoints::of("keys", &first.url(), &second.url(), "", "");
    let secrets = ["X-Api-Key: typed-0123456789", "Cookie: session=typed-9876543210", "X-Auth: typed-5555555555"];
    let fields = ["Host: first.example", "OpenAI-Organization: org-first", "X-Team: blue"];
    let typed: Vec<&str> = secrets.iter().chain(&fields).flat_map(|field| ["-H", field]).collect();
    let directory = directory("recover-keys-out");
    let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
    let (html, markdown, recording) = (path("r.html"), path("r.md"), path("r.jsonl"));
    let ran = endpoints.ask(
        &[&["--fallback", "second", "--json", "-v", "--report", &html, "--report", &markdown, "--record", &recording][..], &typed].concat(),
    );
    assert_eq!(trail(&ran.ends_with(0).report()), ["provider-error", "endpoint: healthy"]);
    let (asked, asked_next) = (first.request(), second.request());
    assert_eq!(asked.field("authorization"), Some(format!("Bearer {FIRST_KEY}").as_str()));
    assert_eq!(asked_next.field("authorization"), Some(format!("Bearer {SECOND_KEY}").as_str()));
    assert_eq!((asked.field("host"), asked_next.field("host")), (Some("first.example"), Some(second.address.to_string().as_str())));
    assert_eq!((asked_next.field("x-team"), asked_next.field("openai-organization")), (Some("blue"), None));
    assert!(!asked_next.head.contains("typed-") && !asked_next.head.contains(FIRST_KEY), "{}", asked_next.head);
    let written = [html, markdown, recording].map(|path| std::fs::read_to_string(path).unwrap());
    for text in [&ran.stdout, &ran.stderr].into_iter().chain(&written) {
        for secret in [FIRST_KEY, SECOND_KEY, "typed-0123456789", "typed-9876543210", "typed-5555555555"] {
            assert!(!text.contains(secret), "{secret} is in\n{text}");
        }
    }
}

#[test]
fn a_key_from_the_environment_stays_with_the_endpoint_that_it_was_for() {
    let key = "sk-env-0123456789abcdef";
    for (section, expected) in [("", None), ("api_key_env = \"OPENAI_API_KEY\"", Some(key))] {
        let (first, second) = (failing(), Server::always(good("ok")));
        let config = file("recover-env-key", format!("[endpoints.second]\nbase_url = \"{}\"\n{section}\n", second.url()));
        let mut command = llmcheck(["chat", "hi", "--config", &config, "--base-url", &first.url(), "--fallback", "second"]);
        command.envs([("OPENAI_API_KEY", key), ("OPENAI_ORG_ID", "org-first")]);
        run(command).ends_with(0);
        assert_eq!(first.request().field("authorization"), Some(format!("Bearer {key}").as_str()));
        assert_eq!(first.request().field("openai-organization"), Some("org-first"));
        let expected = expected.map(|key| format!("Bearer {key}"));
        assert_eq!(second.request().field("authorization"), expected.as_deref(), "{section}");
        assert_eq!(second.request().field("openai-organization").is_some(), expected.is_some(), "{section}");
    }
}

#[test]
fn a_key_file_named_by_a_flag_is_for_the_first_endpoint_only() {
    let (first, second) = (failing(), Server::always(good("ok")));
    let key = file("recover-key-file", "sk-file-0123456789abcdef\n");
    let endpoints = Endpoints::of("key-file-endpoints", &first.url(), &second.url(), "", "");
    endpoints.ask(&["--api-key-file", &key, "--fallback", "second"]).ends_with(0);
    assert_eq!(first.request().field("authorization"), Some("Bearer sk-file-0123456789abcdef"));
    assert_eq!(second.request().field("authorization"), Some(format!("Bearer {SECOND_KEY}").as_str()));
}

#[test]
fn another_model_at_the_same_endpoint_is_asked_with_the_same_key_and_fields() {
    for fallback in [":other", "first:other"] {
        let server = Server::replying(|_, request| match request.json()["model"].as_str() {
            Some("other") => good("ok"),
            _ => response("404 Not Found", "", r#"{"error":{"message":"The model `x` does not exist","code":"model_not_found"}}"#),
        });
        let endpoints = Endpoints::of("same", &server.url(), "http://127.0.0.1:1/v1", "", "");
        let ran = endpoints.ask(&["--fallback", fallback, "-H", "X-Api-Key: typed-0123456789", "--json"]);
        assert_eq!(trail(&ran.ends_with(0).report()), ["model-not-found", "model: healthy"], "{fallback}");
        let [asked, again] = &server.requests()[..] else { panic!("{fallback}") };
        assert_eq!(other_fields(asked), other_fields(again), "{fallback}");
        assert_eq!((asked.json()["model"].as_str(), again.json()["model"].as_str()), (Some("gpt-4o-mini"), Some("other")));
    }
}

#[test]
fn fallbacks_are_asked_in_the_order_named_each_once_and_each_with_its_model() {
    let (first, second, third) = (failing(), failing(), failing());
    let more = format!("[endpoints.third]\nbase_url = \"{}\"\nmodel = \"own\"\n", third.url());
    let endpoints = Endpoints::of("order", &first.url(), &second.url(), "", &more);
    let fallbacks = ["--fallback", "third", "--fallback", "second:named", "--fallback", "third:other", "--fallback", "third"];
    let ran = endpoints.ask(&[&fallbacks[..], &["-m", "asked", "--json"]].concat());
    assert_eq!(
        trail(&ran.ends_with(17).report()),
        ["provider-error", "endpoint: provider-error", "endpoint: provider-error", "endpoint: provider-error"]
    );
    let models = |server: &Server| server.requests().iter().map(|request| request.json()["model"].as_str().unwrap().to_string()).collect();
    let asked: [Vec<String>; 3] = [models(&first), models(&second), models(&third)];
    assert_eq!(asked, [vec!["asked"], vec!["named"], vec!["own", "other"]]);
    assert_eq!(ran.report()["recovery"]["stopped"], "exhausted");
}

#[test]
fn the_files_list_of_fallbacks_needs_leave_and_gives_way_to_flags() {
    let list = "fallback = [\"first\", \"second\"]";
    for (arguments, attempts) in [
        (&[][..], (1, 0)),
        (&["--retry", "1"], (2, 0)),
        (&["--recover", "--retry", "0"], (1, 1)),
        (&["--recover=endpoint"], (1, 1)),
        (&["--recover=wait,retry", "--retry", "1"], (2, 0)),
        (&["--recover", "--retry", "0", "--fallback", ":other"], (2, 0)),
    ] {
        let (first, second) = (failing(), failing());
        let endpoints = Endpoints::of("list", &first.url(), &second.url(), list, "");
        endpoints.ask(arguments).ends_with(17);
        assert_eq!((first.requests().len(), second.requests().len()), attempts, "{arguments:?}");
    }
}

#[test]
fn to_name_a_fallback_is_to_allow_it_beside_what_else_is_named() {
    let (first, second) = (failing(), Server::always(good("ok")));
    let endpoints = Endpoints::of("beside", &first.url(), &second.url(), "", "");
    endpoints.ask(&["--recover=retry", "--retry", "1", "--fallback", "second"]).ends_with(0);
    assert_eq!((first.requests().len(), second.requests().len()), (2, 1));
}

#[test]
fn a_whole_body_keeps_every_byte_but_the_model() {
    let body = r#"{ "messages":[{"role":"user","content":"\u4f60"}], "temperature":1.50,"model":"asked" }"#;
    let path = file("recover-body", body);
    let refuse = || Server::always(response("404 x", "", r#"{"error":{"message":"no","code":"model_not_found"}}"#));
    let (first, second) = (refuse(), Server::always(good("ok")));
    let config = file("recover-body-config", format!("[endpoints.second]\nbase_url = \"{}\"\nmodel = \"own\"\n", second.url()));
    let common = ["chat", "--body", &path, "--config", &config, "--base-url", &first.url(), "--json"];
    let report = run(llmcheck(common.iter().chain(&["--fallback", ":next", "--fallback", "second"]))).ends_with(0).report();
    assert_eq!(trail(&report), ["model-not-found", "endpoint: healthy"]);
    assert_eq!(String::from_utf8(first.request().body).unwrap(), body);
    let kept = r#"{"messages":[{"role":"user","content":"\u4f60"}],"temperature":1.50,"model":"own"}"#;
    assert_eq!(String::from_utf8(second.request().body).unwrap(), kept);
}

#[test]
fn a_body_that_is_no_object_goes_to_another_endpoint_as_it_is_and_to_no_other_model() {
    let path = file("recover-no-object", "[1]");
    let (first, second) = (failing(), Server::always(good("ok")));
    let config = file("recover-no-object-config", format!("[endpoints.second]\nbase_url = \"{}\"\nmodel = \"own\"\n", second.url()));
    let common = ["chat", "--body", &path, "--config", &config, "--base-url", &first.url(), "--fallback"];
    for named in [":next", "second:next"] {
        run(llmcheck(common.iter().chain(&[named]))).ends_with(2).prints("").tells("no JSON object").tells("leave out :next");
    }
    assert_eq!(first.requests().len(), 0);
    run(llmcheck(common.iter().chain(&["second"]))).ends_with(0);
    assert_eq!((first.request().body, second.request().body), (b"[1]".to_vec(), b"[1]".to_vec()));
}

#[test]
fn a_wrong_fallback_is_told_before_anything_is_sent() {
    let server = Server::always(good("ok"));
    for (fallback, words) in [
        ("", "must be ENDPOINT"),
        (":", "must be ENDPOINT"),
        ("second:", "must be ENDPOINT"),
        ("https://api.example/v1", "is a URL"),
        ("secnod", "did you mean \"second\""),
        ("broken", "base URL"),
    ] {
        let more = "[endpoints.broken]\nbase_url = \"ftp://a\"\n";
        let endpoints = Endpoints::of("wrong", &server.url(), &server.url(), "", more);
        endpoints.ask(&["--fallback", fallback]).ends_with(2).prints("").tells(words);
        let listed = Endpoints::of("wrong-list", &server.url(), &server.url(), &format!("fallback = [{fallback:?}]"), more);
        listed.ask(&["--recover"]).ends_with(2).prints("").tells(words);
    }
    let endpoints = Endpoints::of(
        "wrong-key",
        &server.url(),
        &server.url(),
        "",
        "[endpoints.third]\nbase_url = \"http://a\"\napi_key_env = \"NONE\"\n",
    );
    endpoints.ask(&["--fallback", "third"]).ends_with(2).tells("NONE");
    for (arguments, words) in [(["--fallback", "healthy"], "lab/healthy"), (["--fallback", "lab/helthy"], "did you mean \"healthy\"")] {
        lab("fails-three-times", &arguments).ends_with(2).prints("").tells(words);
    }
    lab("healthy", &["--recover=pray"]).ends_with(2).prints("").tells("pray");
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn the_budgets_stop_everything_and_are_named() {
    let (first, second) = (Server::always(empty_under_a_length()), failing());
    let endpoints = Endpoints::of("tokens", &first.url(), &second.url(), "", "");
    let ran = endpoints.ask(&["--recover", "--fallback", "second", "--max-cost-tokens", "50", "--json"]);
    // Each empty answer was generated, and is taken for 75 tokens and the prompt.
    ran.ends_with(10).tells("--max-cost-tokens");
    assert_eq!(
        (ran.report()["recovery"]["stopped"].as_str(), first.requests().len(), second.requests().len()),
        (Some("out-of-tokens"), 1, 0)
    );

    let (first, second) = (Server::always(response("429 x", "Retry-After: 100\r\n", api_error("slow down"))), failing());
    let endpoints = Endpoints::of("time", &first.url(), &second.url(), "", "");
    let ran = endpoints.ask(&["--recover=wait", "--retry-max-time", "5s", "--json"]);
    ran.ends_with(13).tells("--retry-max-time");
    assert_eq!((ran.report()["recovery"]["stopped"].as_str(), first.requests().len()), (Some("out-of-time"), 1));
    // There is time to ask somebody else.
    let ran = endpoints.ask(&["--recover", "--retry", "0", "--retry-max-time", "5s", "--fallback", "second", "--json"]);
    assert_eq!(trail(&ran.ends_with(17).report()), ["rate-limited", "endpoint: provider-error"]);
}

#[test]
fn printed_text_is_never_doubled_by_a_remedy() {
    let server = Server::always(crate::server::cut_stream(&["Hel"]));
    let ran = run(llmcheck(["chat", "hi", "--stream", "--recover", "--base-url", &server.url()]));
    ran.ends_with(11).prints("Hel\n").tells("--atomic");
    assert_eq!(server.requests().len(), 1);
    let server = Server::replying(|_, request| match request.json()["stream"] {
        Value::Bool(true) => crate::server::cut_stream(&["Hel"]),
        _ => good("Hello"),
    });
    let ran = run(llmcheck(["chat", "hi", "--stream", "--atomic", "--recover=stream", "--base-url", &server.url()]));
    ran.ends_with(0).prints("Hello\n").tells("asking for a plain answer instead");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_whole_answer_is_not_paid_for_twice_by_any_remedy() {
    let body = completion("Hello");
    let (first, second) = (Server::always(declaring(body.len() + 100, "200 OK", "", &body)), failing());
    let endpoints = Endpoints::of("whole", &first.url(), &second.url(), "", "");
    let ran = endpoints.ask(&["--recover", "--fallback", "second"]);
    ran.ends_with(10).prints("Hello\n").tells("the answer is whole");
    assert_eq!((first.requests().len(), second.requests().len()), (1, 0));
}

#[test]
fn what_was_tried_is_told_in_both_languages_and_in_every_report() {
    for (lang, notes, tried, attempts, summary) in [
        ("en", "asking for a stream instead", "= tried:", "by: stream", "what worked: stream · 2 of 2 attempts billed · about"),
        ("zh", "改用流式请求", "= 尝试：", "办法：流式", "有效的办法：流式 · 2 次中有 2 次计费 · 约"),
    ] {
        let directory = directory(&format!("recover-told-{lang}"));
        let path = |name: &str| directory.join(name).to_str().unwrap().to_string();
        let (html, markdown, recording) = (path("r.html"), path("r.md"), path("r.jsonl"));
        let arguments = ["--recover", "--lang", lang, "--report", &html, "--report", &markdown, "--record", &recording];
        let ran = lab("breaks-plain-only", &with(&arguments));
        ran.ends_with(0).tells(notes).tells(tried);
        for path in [&html, &markdown] {
            let text = std::fs::read_to_string(path).unwrap();
            assert!(text.contains(attempts) && text.contains(summary), "{path}: {summary}");
        }
        let again = run(llmcheck(["diagnose", &recording, "--lang", lang]));
        again.ends_with(0).tells(tried);
    }
}

#[test]
fn the_recording_of_a_recovered_run_gives_the_same_report() {
    let recording = directory("recover-recorded").join("r.jsonl");
    let recording = recording.to_str().unwrap();
    for (scenario, arguments) in [
        ("breaks-plain-only", &["--recover"][..]),
        ("fails-three-times", &["--recover", "--fallback", "lab/healthy"]),
        ("model-down", &["--fallback", ":gpt-4o"]),
        ("json-cut", &["--recover"]),
    ] {
        let ran = lab(scenario, &with(&[arguments, &["--json", "--record", recording]].concat()));
        let mut live = ran.report();
        live.as_object_mut().unwrap().remove("settings");
        live["recovery"].as_object_mut().unwrap().remove("stopped");
        let again = run(llmcheck(["diagnose", "--json", recording]));
        assert_eq!((again.code, again.report()), (ran.code, live), "{scenario}");
    }
    assert!(Path::new(recording).exists());
}

#[test]
fn each_attempt_tells_what_it_cost() {
    let costs = |report: &Value| -> Vec<(String, bool)> {
        let cost = |attempt: &Value| (attempt["billed"].as_str().unwrap().to_string(), attempt["tokens"].as_u64().unwrap() > 0);
        report["attempts"].as_array().unwrap().iter().map(cost).collect()
    };
    let of = |billed: &str, tokens| (billed.to_string(), tokens);
    for (scenario, arguments, expected) in [
        ("breaks-plain-only", &["--recover"][..], vec![of("yes", true), of("yes", true)]),
        ("key-invalid", &["--fallback", "lab/healthy"], vec![of("no", false), of("yes", true)]),
        ("gateway-timeout", &["--fallback", "lab/healthy"], vec![of("maybe", true), of("yes", true)]),
        ("connection-refused", &["--fallback", "lab/healthy"], vec![of("no", false), of("yes", true)]),
        ("no-first-byte-in-time", &["--fallback", "lab/healthy"], vec![of("maybe", true), of("yes", true)]),
    ] {
        let report = lab(scenario, &with(&[arguments, &["--json"]].concat())).ends_with(0).report();
        assert_eq!(costs(&report), expected, "{scenario}");
        let tokens: u64 = report["attempts"].as_array().unwrap().iter().map(|attempt| attempt["tokens"].as_u64().unwrap()).sum();
        let billed = expected.iter().filter(|(billed, _)| billed == "yes").count();
        assert_eq!((&report["recovery"]["tokens"], &report["recovery"]["billed_attempts"]), (&tokens.into(), &billed.into()), "{scenario}");
    }
}

#[test]
fn why_nothing_more_was_tried_stands_in_the_report_after_one_attempt_too() {
    for (scenario, arguments, stopped, words) in [
        ("key-invalid", &["--recover"][..], Some("useless"), "nothing that is allowed can change this cause"),
        ("key-invalid", &["--retry", "1"], Some("useless"), "the same request would fail the same way"),
        ("key-invalid", &[], None, ""),
        ("daily-limit-reached", &["--recover"], Some("asked-wait-too-long"), "asks to wait"),
        ("breaks-gzip-only", &["--recover"], Some("answer-is-whole"), "the answer is whole"),
        ("healthy", &["--recover"], None, ""),
    ] {
        let ran = lab(scenario, &with(&[arguments, &["--json"]].concat()));
        let report = ran.tells(words).report();
        assert_eq!((report["recovery"]["stopped"].as_str(), trail(&report).len()), (stopped, 1), "{scenario}");
    }
}
