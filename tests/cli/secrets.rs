//! No key is ever printed or recorded, whatever a server does with it.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::program::{directory, file, llmcheck, run};
use crate::server::{STREAM_END, STREAM_HEAD, Server, api_error, completion, good, read_request, response, whole_stream};

/// With the two characters that encodings treat apart.
const KEY: &str = "sk-proj-Zm9v/YmFy+Qx7Lp2Vt9Kd4Rn8Ws1";

/// A piece of this length is enough to say that a key leaked.
const TELLING: usize = 10;

/// The forms in which a reader would know the key again.
fn forms() -> Vec<String> {
    let component = KEY.replace('/', "%2F").replace('+', "%2B");
    let inside = |before: &str| {
        // Neighbours change the first and the last characters of the key's part.
        let encoded = STANDARD.encode(format!("{before}{KEY}~~~"));
        encoded[(before.len() * 4).div_ceil(3)..][..40].to_string()
    };
    let mut forms = vec![
        KEY.to_string(),
        KEY.replace('/', "\\/"),
        KEY.replace('/', "\\\\/"),
        component.to_lowercase().replace("zm9v", "Zm9v"),
        component,
    ];
    forms.extend(["", "B", "Be"].map(inside));
    forms
}

/// The first piece of the key, in any form, that stands in this text.
fn leaked(text: &str) -> Option<String> {
    let pieces = forms()
        .into_iter()
        .flat_map(|form| (0..=form.len() - TELLING).map(move |at| form[at..at + TELLING].to_string()).collect::<Vec<_>>());
    pieces.into_iter().find(|piece| text.contains(piece.as_str()))
}

/// What is shown and recorded by every way of asking this server, each with its name.
fn shown(server: &Server, test: &str, more: &[&str]) -> Vec<(&'static str, String)> {
    let recording = directory(test).join("r.jsonl").to_str().unwrap().to_string();
    let key = file(&format!("{test}-key"), format!("{KEY}\n"));
    let ask = |arguments: &[&str]| {
        let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key].iter().chain(arguments).chain(more)));
        ran.stdout + &ran.stderr
    };
    let cache = directory(&format!("{test}-cache"));
    let ask_twice = || {
        let runs = [(); 2].map(|()| {
            let arguments = ["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--cache", "-v", "--json"];
            let mut command = llmcheck(arguments.iter().chain(more));
            command.env("XDG_CACHE_HOME", &cache);
            let ran = run(command);
            ran.stdout + &ran.stderr
        });
        runs.concat()
    };
    let diagnose = |arguments: &[&str]| {
        let ran = run(llmcheck(["diagnose", &recording].iter().chain(arguments)));
        ran.stdout + &ran.stderr
    };
    vec![
        ("the page", ask(&[])),
        ("-v", ask(&["-v"])),
        ("--json", ask(&["--json"])),
        ("--json -v, recorded", ask(&["--json", "-v", "--record", &recording])),
        ("--cache", ask_twice()),
        ("the cache", cached(&cache)),
        ("the recording", std::fs::read_to_string(&recording).unwrap()),
        ("diagnose", diagnose(&["-v"])),
        ("diagnose --json", diagnose(&["--json"])),
    ]
}

/// All that lies in this cache.
fn cached(place: &std::path::Path) -> String {
    let items = std::fs::read_dir(place.join("llmcheck").join("answers")).into_iter().flatten();
    items.map(|item| std::fs::read_to_string(item.unwrap().path()).unwrap()).collect()
}

#[track_caller]
fn hides(test: &str, server: &Server, more: &[&str]) {
    let leaks = shown(server, test, more).into_iter().filter_map(|(place, text)| Some(format!("{place}: {}", leaked(&text)?)));
    let leaks: Vec<String> = leaks.collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
    let sent = server.requests();
    assert!(sent.iter().all(|request| request.field("authorization") == Some(&format!("Bearer {KEY}"))), "the key was not sent");
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_key_that_a_good_answer_repeats_is_hidden() {
    hides("answer", &Server::always(good(&format!("your key is {KEY}, is it not?"))), &[]);
}

#[test]
fn a_key_that_an_error_repeats_is_hidden() {
    hides("error", &Server::always(response("401 Unauthorized", "", api_error(&format!("Incorrect API key provided: {KEY}.")))), &[]);
}

#[test]
fn a_key_in_base64_is_hidden() {
    let encoded = [STANDARD.encode(format!("Bearer {KEY}")), URL_SAFE_NO_PAD.encode(KEY), STANDARD.encode(format!("a:{KEY}"))].join(" ");
    hides("base64", &Server::always(good(&encoded)), &[]);
}

#[test]
fn a_key_in_a_url_is_hidden_with_every_character_encoded() {
    let all: String =
        KEY.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect();
    hides("url-all", &Server::always(good(&format!("https://a/?key={all}"))), &[]);
}

#[test]
fn a_key_in_a_url_is_hidden_as_javascript_encodes_it() {
    let component = KEY.replace('/', "%2F").replace('+', "%2B");
    hides("url-component", &Server::always(good(&format!("https://a/?key={component}"))), &[]);
}

#[test]
fn a_key_in_a_url_is_hidden_in_lower_case_escapes() {
    let component = KEY.replace('/', "%2f").replace('+', "%2b");
    hides("url-lower", &Server::always(good(&format!("https://a/?key={component}"))), &[]);
}

#[test]
fn a_key_in_a_header_is_hidden() {
    let fields = format!("X-Debug: got {KEY}\r\nSet-Cookie: auth={}\r\n", STANDARD.encode(KEY));
    hides("header", &Server::always(response("200 OK", &fields, completion("ok"))), &[]);
}

#[test]
fn a_key_in_a_broken_answer_is_hidden() {
    hides("broken", &Server::always(format!("HTTP/1.1 200 {KEY}\r\nContent-Length: x{KEY}\r\n\r\n{{\"{KEY}")), &[]);
    hides("not-http", &Server::always(format!("SSH-2.0-{KEY}\r\n")), &[]);
}

#[test]
fn a_key_as_php_writes_json_is_hidden() {
    let body = completion(&format!("your key is {KEY}")).replace(KEY, &KEY.replace('/', "\\/"));
    hides("php", &Server::always(response("200 OK", "", body)), &[]);
}

#[test]
fn a_key_in_json_escapes_is_hidden() {
    let escaped: String = KEY.chars().map(|c| format!("\\u{:04x}", c as u32)).collect();
    let body = api_error("Incorrect API key: KEY").replace("KEY", &escaped);
    hides("escapes", &Server::always(response("401 Unauthorized", "", body)), &[]);
}

#[test]
fn a_key_inside_a_gzip_body_is_hidden() {
    let body = gzip(&completion(&format!("your key is {KEY}")));
    hides("gzip", &Server::always(response("200 OK", "Content-Encoding: gzip\r\n", body)), &[]);
}

#[test]
fn an_answer_with_a_key_that_cannot_be_masked_on_the_wire_is_not_cached() {
    let body = gzip(&completion(&format!("your key is {KEY}")));
    let server = Server::always(response("200 OK", "Content-Encoding: gzip\r\n", body));
    let (cache, key) = (directory("gzip-not-cached"), file("gzip-not-cached-key", KEY));
    for _ in 0..2 {
        let mut command = llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--cache"]);
        command.env("XDG_CACHE_HOME", &cache);
        run(command).ends_with(0).prints(&format!("your key is {}\n", "*".repeat(KEY.len())));
    }
    assert_eq!((server.requests().len(), cached(&cache)), (2, String::new()));
}

#[test]
fn a_key_inside_a_gzip_error_is_hidden() {
    let body = gzip(&api_error(&format!("Incorrect API key provided: {KEY}")));
    hides("gzip-error", &Server::always(response("401 Unauthorized", "Content-Encoding: gzip\r\n", body)), &[]);
}

#[test]
fn a_key_inside_a_gzip_stream_is_hidden() {
    let events = String::from_utf8(whole_stream(&["key: ", KEY, "!"])).unwrap();
    let body = gzip(events.strip_prefix(STREAM_HEAD).unwrap());
    let head = STREAM_HEAD.replace("\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n");
    hides("gzip-stream", &Server::always([head.as_bytes(), &body].concat()), &["--stream"]);
}

#[test]
fn a_key_split_over_two_segments_is_hidden() {
    let body = completion(&format!("your key is {KEY}"));
    let cut = body.find(KEY).unwrap() + 9;
    let server = Server::serving(move |_, stream| {
        let request = read_request(stream);
        stream.set_nodelay(true).unwrap();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body.as_bytes()[..cut]].concat()).unwrap();
        // Its own segment in any case, its own read in most.
        std::thread::yield_now();
        stream.write_all(&body.as_bytes()[cut..]).unwrap();
        request
    });
    hides("segments", &server, &[]);
}

#[test]
fn a_key_split_over_two_chunks_is_hidden() {
    let body = completion(&format!("your key is {KEY}"));
    let cut = body.find(KEY).unwrap() + 9;
    let chunks: String = [&body[..cut], &body[cut..], ""].map(|piece| format!("{:x}\r\n{piece}\r\n", piece.len())).concat();
    hides(
        "chunks",
        &Server::always(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")),
        &[],
    );
}

#[test]
fn a_key_split_over_two_events_is_never_shown_whole() {
    let server = Server::always(whole_stream(&["key: ", &KEY[..9], &KEY[9..], "!"]));
    for (place, text) in shown(&server, "events", &["--stream"]) {
        assert!(!text.contains(KEY), "{place}");
    }
}

#[test]
fn a_key_in_an_error_event_of_a_stream_is_hidden() {
    let error = format!("data: {}\n\n{STREAM_END}", api_error(&format!("bad key {KEY}")));
    hides("error-event", &Server::always(format!("{STREAM_HEAD}{error}")), &["--stream"]);
}

#[test]
fn a_key_that_the_lab_echoes_is_hidden() {
    let recording = directory("lab-echo").join("r.jsonl").to_str().unwrap().to_string();
    let ran = run(llmcheck(["chat", "hi", "--lab", "echoes-key", "--json", "-v", "--record", &recording]));
    let all = ran.stdout + &ran.stderr + &std::fs::read_to_string(&recording).unwrap();
    assert!(!all.contains("lab-key-0123456789abcdef"), "{all}");
}

#[test]
fn a_proxy_password_is_hidden() {
    let server =
        Server::always(response("407 Proxy Authentication Required", "Proxy-Authenticate: Basic\r\n", "who is user:Tr0ub4dor&3horse?"));
    let proxy = format!("http://user:Tr0ub4dor&3horse@{}", server.address);
    let recording = directory("proxy-password").join("r.jsonl").to_str().unwrap().to_string();
    let arguments = ["chat", "hi", "--base-url", "http://127.0.0.1:1/v1", "--proxy", &proxy, "-v", "--json", "--record", &recording];
    let ran = run(llmcheck(arguments));
    let all = ran.stdout + &ran.stderr + &std::fs::read_to_string(&recording).unwrap();
    assert!(!all.contains("Tr0ub4dor") && !all.contains(&STANDARD.encode("user:Tr0ub4dor&3horse")), "{all}");
    assert_eq!(server.request().field("proxy-authorization"), Some(&*format!("Basic {}", STANDARD.encode("user:Tr0ub4dor&3horse"))));
}

#[test]
fn a_hidden_key_makes_no_digest_wrong() {
    use md5::{Digest as _, Md5};
    let body = completion(&format!("your key is {KEY}"));
    let server = Server::always(response("200 OK", &format!("Content-MD5: {}\r\n", STANDARD.encode(Md5::digest(&body))), &body));
    let key = file("digest-key", KEY);
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--json"]));
    assert_eq!(ran.verdict(), ("healthy".into(), "healthy".into(), 0));
}

#[test]
fn a_hidden_key_makes_no_checksum_wrong() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::none());
    encoder.write_all(completion(&format!("your key is {KEY}")).as_bytes()).unwrap();
    let server = Server::always(response("200 OK", "Content-Encoding: gzip\r\n", encoder.finish().unwrap()));
    let key = file("checksum-key", KEY);
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "--api-key-file", &key, "--json"]));
    assert_eq!(ran.verdict(), ("healthy".into(), "healthy".into(), 0));
}

/// Whether a credential in this field, which the server repeats, is hidden, also in the command to confirm with.
#[track_caller]
fn hides_header(field: &str) {
    let server = Server::always(response("401 Unauthorized", "", api_error(&format!("not {KEY}"))));
    let ran = run(llmcheck(["chat", "hi", "--base-url", &server.url(), "-H", &format!("{field}{KEY}"), "-v", "--json"]));
    assert_eq!(leaked(&(ran.stdout + &ran.stderr)), None);
}

#[test]
fn a_credential_typed_as_a_header_is_hidden() {
    hides_header("Authorization: Bearer ");
    hides_header("authorization:");
    hides_header("X-API-Key: ");
    hides_header("api-key: ");
}

#[test]
fn a_credential_typed_as_a_cookie_is_hidden() {
    hides_header("Cookie: session=");
}

#[test]
fn a_credential_typed_under_a_name_that_speaks_of_one_is_hidden() {
    hides_header("X-Auth-Token: ");
    hides_header("cf-aig-authorization: Bearer ");
    hides_header("Helicone-Auth: Bearer ");
}

#[test]
fn a_key_in_the_base_url_is_hidden() {
    let server = Server::always(response("401 Unauthorized", "", api_error("no")));
    let recording = directory("url-key").join("r.jsonl").to_str().unwrap().to_string();
    let key = KEY.replace(['/', '+'], "x");
    let url = format!("{}?key={key}", server.url());
    let ran = run(llmcheck(["chat", "hi", "--base-url", &url, "-v", "--json", "--record", &recording]));
    let all = ran.stdout + &ran.stderr + &std::fs::read_to_string(&recording).unwrap();
    assert!(!all.contains(&key), "{all}");
    assert!(server.request().line().contains(&key));
}

#[test]
fn no_key_is_taken_from_argv() {
    for arguments in [&["--api-key", KEY][..], &["--key", KEY], &["-k", KEY], &[&format!("--api-key={KEY}")]] {
        let ran = run(llmcheck(["chat", "hi", "--lab", "healthy"].iter().chain(arguments)));
        ran.ends_with(2).prints("");
    }
}

#[test]
fn a_key_from_a_command_or_variable_of_the_configuration_is_hidden_too() {
    let server = Server::always(good(&format!("your key is {KEY}")));
    for source in [format!("api_key_command = \"echo {KEY}\""), "api_key_env = \"MY_KEY\"".to_string()] {
        let config = file("key-of-config", format!("[endpoints.a]\nbase_url = \"{}\"\n{source}\n", server.url()));
        let mut command = llmcheck(["chat", "hi", "--config", &config, "--endpoint", "a", "-v", "--json"]);
        command.env("MY_KEY", KEY);
        let ran = run(command);
        assert_eq!(leaked(&(ran.stdout + &ran.stderr)), None, "{source}");
    }
    assert!(server.requests().iter().all(|request| request.field("authorization") == Some(&format!("Bearer {KEY}"))));
}

#[test]
fn a_bad_key_is_refused_without_being_shown() {
    let mut command = llmcheck(["chat", "hi", "--base-url", "http://127.0.0.1:1/v1", "--json"]);
    command.env("OPENAI_API_KEY", format!("{KEY} and more"));
    let ran = run(command);
    assert_eq!(leaked(&ran.ends_with(2).tells("OPENAI_API_KEY").stderr), None);
}

#[test]
fn the_test_of_these_tests_sees_every_form() {
    for form in forms() {
        assert!(leaked(&json!(form).to_string()).is_some() && leaked(&"*".repeat(40)).is_none());
    }
}
