use std::collections::{BTreeMap, HashSet};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use super::*;

/// What a client saw of one exchange, to the end of the connection.
struct Seen {
    head: String,
    body: Vec<u8>,
    end: std::io::Result<()>,
}

impl Seen {
    fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    fn declared(&self) -> usize {
        self.field("Content-Length").unwrap().parse().unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

fn request(scenario: &str, stream: bool, prompt: &str) -> String {
    let body = serde_json::json!({"model": "gpt-4o-mini", "stream": stream, "messages": [{"role": "user", "content": prompt}]}).to_string();
    let fields = "Host: lab\r\nAuthorization: Bearer sk-lab-0123456789\r\nAccept-Encoding: gzip\r\nConnection: close";
    format!("POST /{scenario}/v1/chat/completions HTTP/1.1\r\n{fields}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

fn address(url: &str) -> &str {
    url.split("://").nth(1).unwrap().split('/').next().unwrap()
}

fn connect(url: &str) -> TcpStream {
    let stream = TcpStream::connect(address(url)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn watch(mut stream: impl Read + Write, request: &str) -> Seen {
    stream.write_all(request.as_bytes()).unwrap();
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(|_| ());
    let split = bytes.windows(4).position(|window| window == b"\r\n\r\n").map_or(bytes.len(), |at| at + 4);
    let body = bytes.split_off(split);
    Seen { head: String::from_utf8(bytes).unwrap(), body, end }
}

fn ask(lab: &Lab, scenario: &str, stream: bool) -> Seen {
    watch(connect(&lab.http_url()), &request(scenario, stream, "Say something short"))
}

fn ask_over_tls(target: &Target, scenario: &str) -> Seen {
    let mut roots = RootCertStore::empty();
    if let Some(pem) = &target.authority {
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    }
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let session = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1").unwrap()).unwrap();
    let mut stream = StreamOwned::new(session, connect(&target.base_url));
    if let Err(error) = stream.write_all(request(scenario, false, "Say something short").as_bytes()).and_then(|()| stream.flush()) {
        return Seen { head: String::new(), body: Vec::new(), end: Err(error) };
    }
    watch(stream, "")
}

#[test]
fn names_are_unique_and_kebab_case() {
    let mut seen = HashSet::new();
    for scenario in scenarios() {
        assert!(seen.insert(scenario.name), "{} stands twice", scenario.name);
        let kebab =
            scenario.name.split('-').all(|word| !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert!(kebab, "{}", scenario.name);
    }
}

#[test]
fn every_scenario_says_what_it_does_in_both_languages() {
    for Scenario { name, about, .. } in scenarios() {
        for line in [about.en, about.zh] {
            assert!(!line.is_empty() && !line.contains('\n') && !line.ends_with(['.', '。']), "{name}: {line}");
        }
        assert!(about.en.is_ascii() && about.zh.chars().any(|c| ('\u{4E00}'..='\u{9FFF}').contains(&c)), "{name}");
    }
}

#[test]
fn every_scenario_expects_something() {
    for scenario in scenarios() {
        assert!(scenario.plain.is_some() || scenario.stream.is_some(), "{}", scenario.name);
    }
}

#[test]
fn a_code_has_one_class_and_a_scenario_with_its_name() {
    let mut classes = BTreeMap::new();
    for expected in scenarios().flat_map(|scenario| [scenario.plain, scenario.stream]).flatten() {
        assert_eq!(*classes.entry(expected.code).or_insert(expected.class), expected.class, "{}", expected.code);
        let namesake = find(expected.code).unwrap_or_else(|| panic!("no scenario is named {}", expected.code));
        assert!([namesake.plain, namesake.stream].contains(&Some(expected)), "{}", expected.code);
    }
}

#[test]
fn a_good_answer_declares_what_it_sends() {
    let lab = Lab::start(None).unwrap();
    let seen = ask(&lab, "healthy", false);
    assert!(seen.head.starts_with("HTTP/1.1 200 OK\r\n"));
    assert_eq!(seen.declared(), seen.body.len());
    let answer: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert_eq!(answer["model"], "gpt-4o-mini");
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(answer["choices"][0]["message"]["content"].as_str().unwrap().contains("Say something short"));
    assert!(seen.end.is_ok());
}

#[test]
fn a_good_stream_has_every_part_in_order() {
    let lab = Lab::start(None).unwrap();
    let seen = ask(&lab, "healthy", true);
    assert_eq!(seen.field("Transfer-Encoding"), Some("chunked"));
    let text = seen.text();
    let places =
        [r#""role":"assistant""#, "Say", r#""finish_reason":"stop""#, "data: [DONE]", "\r\n0\r\n\r\n"].map(|part| text.find(part).unwrap());
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn the_answer_ends_at_max_tokens() {
    let asked = request::Asked::from_body(br#"{"max_tokens": 3, "messages": [{"role": "user", "content": "hi"}]}"#).unwrap();
    let answer = answer::Answer::to(&asked);
    assert_eq!((answer.content.as_deref(), answer.finish_reason), (Some("You asked \"hi\":"), "length"));
}

#[test]
fn a_chinese_prompt_is_answered_in_chinese() {
    let lab = Lab::start(None).unwrap();
    let seen = watch(connect(&lab.http_url()), &request("healthy", false, "你好"));
    assert!(seen.text().contains("你问的是“你好”"));
}

#[test]
fn surplus_bytes_are_sent_in_full() {
    let lab = Lab::start(None).unwrap();
    let seen = ask(&lab, "body-longer-than-declared", false);
    assert_eq!(seen.body.len() - seen.declared(), 41);
    assert!(serde_json::from_slice::<serde_json::Value>(&seen.body).is_ok());
    assert!(seen.end.is_ok());
}

#[test]
fn wrong_ways_of_counting_are_exact() {
    let lab = Lab::start(None).unwrap();
    let characters = ask(&lab, "length-counts-characters", false);
    assert_eq!(characters.declared(), characters.text().chars().count());
    assert!(characters.declared() < characters.body.len());
    let units = ask(&lab, "length-counts-utf16-units", false);
    assert_eq!(units.declared(), units.text().encode_utf16().count());
    assert_ne!(units.declared(), units.text().chars().count());
    let indented = ask(&lab, "length-counts-other-serialization", false);
    assert_eq!(indented.declared(), spelling::indented(indented.text()).len());
}

#[test]
fn a_clipped_body_lacks_its_last_braces_only() {
    let lab = Lab::start(None).unwrap();
    let seen = ask(&lab, "body-clipped-to-declared", false);
    assert_eq!(seen.declared(), seen.body.len());
    let whole = seen.text().to_owned() + "}}";
    assert!(serde_json::from_str::<serde_json::Value>(&whole).is_ok());
    assert_eq!(whole.chars().count(), seen.declared());
}

#[test]
fn a_cut_by_close_ends_with_fin() {
    let lab = Lab::start(None).unwrap();
    for stream in [false, true] {
        let seen = ask(&lab, "cut-by-close", stream);
        assert!(seen.body.len() < seen.declared() && !seen.body.len().is_multiple_of(32 * 1024));
        assert!(seen.end.is_ok());
    }
}

#[test]
fn a_cut_by_reset_delivers_its_bytes_and_ends_with_rst() {
    let lab = Lab::start(None).unwrap();
    for stream in [false, true] {
        for scenario in ["cut-by-reset", "cut-by-reset-in-chunks", "cut-by-reset-undeclared"] {
            let seen = ask(&lab, scenario, stream);
            assert!(seen.body.len() > 100, "{scenario}");
            assert_eq!(seen.end.unwrap_err().kind(), ErrorKind::ConnectionReset, "{scenario}");
        }
    }
}

#[test]
fn a_reset_is_a_reset_over_tls_too() {
    let lab = Lab::start(None).unwrap();
    let target = lab.target(find("cut-by-reset").unwrap(), true).unwrap();
    let seen = ask_over_tls(&target, "cut-by-reset");
    assert!(seen.body.len() > 100);
    assert_eq!(seen.end.unwrap_err().kind(), ErrorKind::ConnectionReset);
}

#[test]
fn close_notify_comes_or_is_missing_as_the_scenario_says() {
    let lab = Lab::start(None).unwrap();
    for (name, missing) in [("cut-by-close", false), ("cut-without-tls-close", true), ("healthy-tls-no-close-notify", true)] {
        let target = lab.target(find(name).unwrap(), true).unwrap();
        let seen = ask_over_tls(&target, name);
        assert!(seen.body.len() > 100);
        assert_eq!(seen.end.map_err(|error| error.kind()).err(), missing.then_some(ErrorKind::UnexpectedEof), "{name}");
    }
}

#[test]
fn connections_are_kept_for_clients_that_do_not_ask_for_their_end() {
    let lab = Lab::start(None).unwrap();
    let mut stream = connect(&lab.http_url());
    for _ in 0..2 {
        stream.write_all(b"GET /healthy/v1/models HTTP/1.1\r\nHost: lab\r\n\r\n").unwrap();
        let mut bytes = [0; 4096];
        let count = stream.read(&mut bytes).unwrap();
        assert!(bytes[..count].starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn an_unknown_scenario_is_named_in_the_shape_of_the_api() {
    let lab = Lab::start(None).unwrap();
    let seen = ask(&lab, "no-such-thing", false);
    assert!(seen.head.starts_with("HTTP/1.1 404 "));
    let error: serde_json::Value = serde_json::from_slice(&seen.body).unwrap();
    assert!(error["error"]["message"].as_str().unwrap().contains("llmcheck lab --list"));
}

#[test]
fn starting_takes_no_time() {
    let fastest = (0..20).map(|_| {
        let start = Instant::now();
        let lab = Lab::start(None).unwrap();
        let took = start.elapsed();
        drop(lab);
        took
    });
    assert!(fastest.min().unwrap() < Duration::from_millis(1));
}

/// What a client would say that trusts what the target says it must trust.
fn tls_failure(lab: &Lab, name: &str) -> String {
    let target = lab.target(find(name).unwrap(), true).unwrap();
    ask_over_tls(&target, name).end.unwrap_err().to_string()
}

#[test]
fn every_wrong_certificate_is_wrong_in_its_own_way() {
    let lab = Lab::start(None).unwrap();
    for (name, words) in [
        ("certificate-expired", "certificate expired"),
        ("certificate-not-yet-valid", "not valid yet"),
        ("certificate-rejected", "usage"),
        ("certificate-self-signed", "UnknownIssuer"),
        ("issuer-unknown", "UnknownIssuer"),
        ("name-mismatch", "not valid for name"),
        ("tls-handshake-failed", "HandshakeFailure"),
        ("tls-intercepted", "UnknownIssuer"),
    ] {
        let failure = tls_failure(&lab, name);
        assert!(failure.contains(words), "{name}: {failure}");
    }
}

#[test]
fn flaky_scenarios_fail_as_often_as_they_say() {
    let lab = Lab::start(None).unwrap();
    let statuses = |name| [(); 4].map(|()| ask(&lab, name, false).head.get(9..12).unwrap_or("none").to_owned());
    assert_eq!(statuses("flaky-500-twice"), ["500", "500", "200", "500"]);
    assert_eq!(statuses("flaky-429-retry-after"), ["429", "200", "429", "200"]);
    assert_eq!(statuses("flaky-reset-once"), ["none", "200", "none", "200"]);
    assert_eq!(statuses("fails-three-times"), ["500", "500", "500", "200"]);
}

#[test]
fn the_working_proxy_leads_to_the_lab_and_nowhere_else() {
    let lab = Lab::start(None).unwrap();
    let target = lab.target(find("healthy-through-proxy").unwrap(), false).unwrap();
    let proxy = target.proxy.unwrap();
    let tunnelled = format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", address(&target.base_url));
    let mut stream = connect(&proxy);
    stream.write_all(tunnelled.as_bytes()).unwrap();
    let mut established = [0; 39];
    stream.read_exact(&mut established).unwrap();
    assert!(established.starts_with(b"HTTP/1.1 200 "));
    assert!(watch(stream, &request("healthy", false, "hi")).head.starts_with("HTTP/1.1 200 OK"));
    let elsewhere = watch(connect(&proxy), "CONNECT 192.0.2.1:443 HTTP/1.1\r\n\r\n");
    assert!(elsewhere.head.starts_with("HTTP/1.1 403 "));
}

#[test]
fn json_bodies_of_the_api_parse_where_they_should() {
    let lab = Lab::start(None).unwrap();
    let errors = ["rate_limit", "quota", "auth", "invalid_request", "upstream_error"];
    for scenario in scenarios().filter(|scenario| scenario.plain.is_some_and(|expected| errors.contains(&expected.class))) {
        let seen = ask(&lab, scenario.name, false);
        let is_json = seen.field("Content-Type") == Some("application/json") && !seen.body.is_empty();
        if is_json && scenario.name != "json-malformed" {
            serde_json::from_slice::<serde_json::Value>(&seen.body).unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
            assert!(!seen.text().contains("{model}") && !seen.text().contains("{request_id}"), "{}", scenario.name);
        }
    }
}

#[test]
fn declared_lengths_are_right_outside_the_families_about_lengths() {
    let lab = Lab::start(None).unwrap();
    let is_about_lengths = |expected: Expected| ["length_mismatch", "truncation", "timeout"].contains(&expected.class);
    let check = |scenario: &Scenario, stream| {
        let seen = ask(&lab, scenario.name, stream);
        if let Some(declared) = seen.field("Content-Length") {
            assert_eq!(declared, seen.body.len().to_string(), "{}", scenario.name);
        }
    };
    std::thread::scope(|scope| {
        for scenario in scenarios().filter(|scenario| scenario.reach == Reach::Http && scenario.name != "huge-stream") {
            for (expected, stream) in [(scenario.plain, false), (scenario.stream, true)] {
                if expected.is_some_and(|expected| !is_about_lengths(expected)) {
                    scope.spawn(move || check(scenario, stream));
                }
            }
        }
    });
}

#[test]
fn the_plain_port_answers_tls_in_plain_http() {
    let lab = Lab::start(None).unwrap();
    let target = lab.target(find("plain-http-on-tls-port").unwrap(), true).unwrap();
    let seen = watch(connect(&target.base_url), "\u{16}\u{3}\u{1}");
    assert!(seen.head.starts_with("HTTP/1.1 400 Bad Request\r\n"));
}

/// The status, the text that a client can read, and why the answer says that it ended.
fn converse_with(lab: &Lab, scenario: &str, body: serde_json::Value) -> (String, String, Option<String>) {
    let body = body.to_string();
    let head = format!("POST /{scenario}/v1/chat/completions HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n");
    let seen = watch(connect(&lab.http_url()), &format!("{head}Content-Length: {}\r\n\r\n{body}", body.len()));
    let status = seen.head.get(9..12).unwrap_or("none").to_owned();
    let documents: Vec<String> = match seen.field("Content-Type") {
        Some(kind) if kind.starts_with("text/event-stream") => {
            seen.text().lines().filter_map(|line| line.strip_prefix("data: ")).map(str::to_owned).collect()
        }
        // A cut JSON is read as far as it goes.
        _ => [r#""}}]}"#, ""].map(|end| seen.text().to_owned() + end).into(),
    };
    let mut said = (status, String::new(), None);
    for document in documents.iter().filter_map(|text| serde_json::from_str::<serde_json::Value>(text).ok()) {
        let choice = &document["choices"][0];
        said.1 += choice["delta"]["content"].as_str().or(choice["message"]["content"].as_str()).unwrap_or_default();
        said.2 = choice["finish_reason"].as_str().map(str::to_owned).or(said.2);
    }
    said
}

fn user(text: &str) -> serde_json::Value {
    serde_json::json!({"role": "user", "content": text})
}

fn assistant(text: &str) -> serde_json::Value {
    serde_json::json!({"role": "assistant", "content": text})
}

fn whole_text(prompt: &str) -> String {
    let body = serde_json::json!({"messages": [user(prompt)]}).to_string();
    answer::Answer::to(&request::Asked::from_body(body.as_bytes()).unwrap()).content.unwrap()
}

/// Continues until the answer says that it is complete; joins by the longest repetition.
fn continued(lab: &Lab, scenario: &str, prompt: &str, stream: bool, max_tokens: Option<u32>, follow_up: bool) -> (String, usize) {
    let mut text = String::new();
    for round in 0..12 {
        let mut messages = vec![user(prompt)];
        if !text.is_empty() {
            messages.push(assistant(&text));
        }
        if follow_up && !text.is_empty() {
            messages.push(user("continue"));
        }
        let mut body = serde_json::json!({"stream": stream, "messages": messages});
        body["max_tokens"] = max_tokens.into();
        let (status, piece, finish) = converse_with(lab, scenario, body);
        assert_eq!(status, "200");
        let repeated = piece.char_indices().map(|(at, _)| at).rev().find(|&at| text.ends_with(&piece[..at])).unwrap_or(0);
        text += &piece[repeated..];
        if finish.as_deref() == Some("stop") {
            return (text, round);
        }
    }
    panic!("{scenario} does not come to an end: {text}");
}

#[test]
fn cut_answers_are_whole_after_two_or_three_continuations() {
    let lab = Lab::start(None).unwrap();
    for prompt in ["hi", "你好，请介绍一下自己"] {
        for (stream, follow_up) in [(false, false), (false, true), (true, false), (true, true)] {
            let (text, rounds) = continued(&lab, "cuts-long-answers", prompt, stream, None, follow_up);
            assert_eq!((text, (2..=3).contains(&rounds)), (whole_text(prompt), true), "{prompt} {stream} {follow_up}");
        }
    }
}

#[test]
fn answers_that_stop_at_max_tokens_go_on_with_the_next_word() {
    let lab = Lab::start(None).unwrap();
    let (text, rounds) = continued(&lab, "continues-at-limit", "hi", false, Some(15), true);
    assert_eq!((text, rounds), (whole_text("hi"), 2));
}

#[test]
fn a_restarted_answer_is_the_whole_one() {
    let lab = Lab::start(None).unwrap();
    for stream in [false, true] {
        let first = converse_with(&lab, "restarts-when-continued", serde_json::json!({"stream": stream, "messages": [user("hi")]}));
        assert!(whole_text("hi").starts_with(&first.1) && first.1.len() > 40 && first.2.is_none());
        let messages = [user("hi"), assistant(&first.1), user("continue")];
        let second = converse_with(&lab, "restarts-when-continued", serde_json::json!({"stream": stream, "messages": messages}));
        assert_eq!((second.1, second.2.as_deref()), (whole_text("hi"), Some("stop")));
    }
}

#[test]
fn limits_refuse_what_is_above_them_and_say_so_on_every_answer() {
    let lab = Lab::start(None).unwrap();
    let first = ask(&lab, "limits-both", false);
    for (name, value) in [
        ("x-ratelimit-limit-requests", "20"),
        ("x-ratelimit-remaining-requests", "19"),
        ("x-ratelimit-reset-requests", "50ms"),
        ("x-ratelimit-limit-tokens", "2000"),
    ] {
        assert_eq!(first.field(name), Some(value), "{name}");
    }
    for (scenario, fields) in [
        ("limits-requests", ["retry-after-ms", "Retry-After", "x-ratelimit-remaining-requests"].as_slice()),
        ("limits-tokens", &["retry-after-ms", "Retry-After", "x-ratelimit-remaining-tokens"]),
        ("limits-without-fields", &[]),
        ("limits-by-window", &["retry-after"]),
    ] {
        let refused = (0..500).map(|_| ask(&lab, scenario, false)).find(|seen| seen.head.starts_with("HTTP/1.1 429"));
        let refused = refused.unwrap_or_else(|| panic!("{scenario} refuses nothing"));
        for name in ["retry-after-ms", "Retry-After", "retry-after", "x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens"] {
            assert_eq!(refused.field(name).is_some(), fields.contains(&name), "{scenario} {name}");
        }
        serde_json::from_slice::<serde_json::Value>(&refused.body).unwrap();
        assert!(!["{model}", "{wait}", "{numbers}", "{ends}"].iter().any(|blank| refused.text().contains(blank)), "{}", refused.text());
    }
}

#[test]
fn a_request_larger_than_the_whole_limit_is_told_so() {
    let lab = Lab::start(None).unwrap();
    let (status, ..) = converse_with(&lab, "limits-tokens", serde_json::json!({"max_tokens": 4096, "messages": [user("hi")]}));
    let (after, ..) = converse_with(&lab, "limits-tokens", serde_json::json!({"max_tokens": 1900, "messages": [user("hi")]}));
    assert_eq!((status.as_str(), after.as_str()), ("429", "200"));
}

#[test]
fn what_depends_on_the_request_does() {
    let lab = Lab::start(None).unwrap();
    let long = "a".repeat(2001);
    let large = "b".repeat(4096);
    let status = |scenario: &str, body: serde_json::Value| converse_with(&lab, scenario, body).0;
    let hi = || serde_json::json!({"messages": [user("hi")]});
    for (scenario, body, expected) in [
        ("refuses-long-prompts", hi(), "200"),
        ("refuses-long-prompts", serde_json::json!({"messages": [user(&long[1..])]}), "200"),
        ("refuses-long-prompts", serde_json::json!({"messages": [user(&long)]}), "400"),
        ("refuses-large-bodies", serde_json::json!({"messages": [user(&large)]}), "413"),
        ("breaks-long-answers", hi(), "504"),
        ("breaks-long-answers", serde_json::json!({"messages": [user("hi")], "max_tokens": 40}), "200"),
        ("breaks-gzip-only", hi(), "200"),
        ("model-down", hi(), "404"),
        ("model-down", serde_json::json!({"model": "gpt-4o", "messages": [user("hi")]}), "200"),
        ("fails-first-of-each-prompt", hi(), "500"),
        ("fails-first-of-each-prompt", serde_json::json!({"messages": [user("ho")]}), "500"),
        ("fails-first-of-each-prompt", hi(), "200"),
    ] {
        assert_eq!(status(scenario, body.clone()), expected, "{scenario} {body}");
    }
}
