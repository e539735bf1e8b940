//! A recorded request, sent again: what goes out, where it goes, whose key goes along, and what is told of the difference.

use std::io::{BufRead as _, BufReader};
use std::process::Command;

use serde_json::{Value, json};

use crate::program::{Ran, directory, file, lab, llmcheck, run, run_with_input};
use crate::server::{Server, completion, cut, failing, good, response, whole_stream};

const KEY: &str = "sk-test-0123456789abcdefghij";

/// `llmcheck replay` of this recording.
fn replay(recording: &str, arguments: &[&str]) -> Command {
    llmcheck(["replay", recording].iter().chain(arguments))
}

/// A recording of `chat hi` in the lab.
fn of_lab(test: &str, scenario: &str, arguments: &[&str]) -> String {
    let path = directory(test).join("r.jsonl").to_str().unwrap().to_string();
    lab(scenario, &[&["--record", &path], arguments].concat());
    path
}

/// A recording of a chat with this server, with a key if one is given.
fn of_server(test: &str, server: &Server, key: Option<&str>, arguments: &[&str]) -> String {
    let path = directory(test).join("r.jsonl").to_str().unwrap().to_string();
    let mut command = llmcheck([&["chat", "--base-url", &server.url(), "--record", &path], arguments].concat());
    command.envs(key.map(|key| ("OPENAI_API_KEY", key)));
    run(command);
    path
}

/// A recording made by hand: this URL, and a request with a key in it that went there.
fn by_hand(test: &str, url: &str) -> String {
    let sent = "POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ********\r\nContent-Length: 2\r\n\r\n{}";
    let asked = json!({"llmcheck": "recording/1", "asked": {"url": url, "endpoint": "a", "method": "POST", "key": "sent"}});
    file(test, format!("{asked}\n[0,0,\">\",{}]\n[1,0,\"<\",\"HTTP/1.1 200 OK\\r\\n\\r\\n{{}}\"]\n", json!(sent)))
}

fn object(ran: &Ran) -> Value {
    let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(object["schema"], "llmcheck.replay/1");
    object
}

#[test]
fn a_recording_of_the_lab_is_replayed_in_the_lab() {
    let recording = of_lab("replay-lab", "cut-by-close", &[]);
    let ran = run(replay(&recording, &[]));
    ran.ends_with(11).prints("").tells("then  error[cut-by-close]").tells("now   error[cut-by-close]").tells("the same verdict as then");
    ran.tells("nothing differs but what does from request to request");
}

#[test]
fn another_scenario_shows_as_another_verdict_and_as_a_diff() {
    let recording = of_lab("replay-other", "healthy", &[]);
    let ran = run(replay(&recording, &["--lab", "healthy-chunked"]));
    ran.ends_with(0).tells("- Content-Length: ").tells("+ Transfer-Encoding: chunked").tells("the body was re-framed");
    let ran = run(replay(&recording, &["--lab", "cut-by-close", "--json"]));
    let object = object(ran.ends_with(11).is_silent());
    assert_eq!(
        (&object["recording"]["verdict"]["code"], &object["runs"][0]["verdict"]["code"]),
        (&json!("healthy"), &json!("cut-by-close"))
    );
    assert_eq!((&object["same_verdict"], &object["runs"][0]["same_verdict"]), (&json!(0), &json!(false)));
    run(replay(&recording, &["--lab", "healthi"])).ends_with(2).tells("did you mean \"healthy\"");
}

#[test]
fn of_many_runs_it_is_told_how_often_the_fault_came_and_within_what_bounds() {
    let server = Server::in_turn([vec![failing(); 3], vec![good("ok")]].concat());
    let recording = of_server("replay-times", &server, None, &["hi"]);
    let ran = run(replay(&recording, &["--times", "5"]));
    ran.ends_with(0).tells("same fault 2 of 5: sporadic (95 % interval of its rate 12–77 %)").tells("now 5/5").tells("now, median of 5");
    ran.tells("so in 3 of 5 runs").tells("- HTTP/1.1 500 ");
    let ran = run(replay(&recording, &["--times", "5", "--lab", "cut-by-close"]));
    ran.ends_with(11).tells("same fault 0 of 5: gone, or rarer than 43 %").tells("most often now: cut-by-close");
    let recording = of_lab("replay-constant", "cut-by-close", &[]);
    run(replay(&recording, &["--times", "5"])).ends_with(11).tells("same fault 5 of 5: constant as far as 5 can tell");
    let object = object(&run(replay(&recording, &["--times", "3", "--json"])));
    assert_eq!((object["runs"].as_array().unwrap().len(), &object["same_verdict"]), (3, &json!(3)));
    assert!(object["interval"]["low"].as_f64().unwrap() > 0.4 && object["interval"]["high"] == 1.0, "{object}");
}

#[test]
fn verbose_shows_the_page_of_each_run() {
    let recording = of_lab("replay-verbose", "cut-by-close", &[]);
    let ran = run(replay(&recording, &["-v"]));
    ran.ends_with(11)
        .tells("--> response from 127.0.0.1")
        .tells("> POST http://127.0.0.1")
        .tells("< Content-Length:")
        .tells("the same verdict");
    run(replay(&recording, &["-q"])).ends_with(11).prints("").is_silent();
}

#[test]
fn what_is_to_be_typed_to_confirm_can_be_typed() {
    let server = Server::always(response("500 Oops", "", crate::server::api_error("The server had an error")));
    let recording = of_server("replay-confirm", &server, None, &["hi", "-m", "a b;c"]);
    let ran = run(replay(&recording, &["-v"]));
    ran.ends_with(17).tells("attempt 1").tells(&format!("confirm: llmcheck chat hello --base-url {} -m 'a b;c' --retry 3", server.url()));
}

#[test]
fn chinese_is_spoken_too() {
    let recording = of_lab("replay-zh", "flaky-500-twice", &[]);
    let ran = run(replay(&recording, &["--times", "5", "--lang", "zh"]));
    ran.ends_with(17).tells("当时      错误[").tells("5 次中 4 次出现同一故障：偶发（故障率 95 % 区间 38–96 %）").tells("首字节");
    let ran = run(replay(&recording, &["--lab", "healthy", "--lang", "zh"]));
    ran.ends_with(0).tells("判定不同：当时 provider-error，现在 healthy").tells("--- 当时").tells("+ 响应体：json");
}

#[test]
fn the_attempt_is_chosen_and_the_last_one_is_the_default() {
    let recording = of_lab("replay-attempt", "flaky-500-twice", &["--retry", "3", "--retry-base", "1ms"]);
    run(replay(&recording, &["--lab", "healthy"])).ends_with(0).tells("then  ok[healthy]");
    run(replay(&recording, &["--lab", "healthy", "--attempt", "2"])).ends_with(0).tells("then  error[");
    run(replay(&recording, &["--attempt", "9"])).ends_with(2).tells("there is no attempt 9 in it; it holds 3");
}

#[test]
fn body_and_fields_go_out_as_they_were_recorded() {
    let server = Server::always(good("ok"));
    let body = file("replay-body", "{\"model\" : \"m\",\"messages\":[{\"role\":\"user\",\"content\":\"\\u4f60 你\"}]}");
    let recording =
        of_server("replay-bytes", &server, None, &["--body", &body, "-H", "X-Mine: a", "-H", "User-Agent: other/1", "-H", "Accept:"]);
    run(replay(&recording, &["--record", "/dev/null"])).ends_with(0);
    let requests = server.requests();
    assert_eq!((requests.len(), &requests[0].body), (2, &requests[1].body));
    assert_eq!(
        (requests[1].field("x-mine"), requests[1].field("user-agent"), requests[1].field("accept")),
        (Some("a"), Some("other/1"), None)
    );
    assert_eq!(requests[0].line(), requests[1].line());
}

#[test]
fn what_flags_ask_otherwise_changes_that_and_nothing_else() {
    let server = Server::replying(|_, request| if request.json()["stream"] == true { whole_stream(&["o", "k"]) } else { good("ok") });
    let recording = of_server("replay-vary", &server, None, &["hi", "--temperature", "0.5"]);
    let ran = run(replay(&recording, &["--model", "other", "--stream", "--accept-encoding", "identity"]));
    ran.ends_with(0).tells("- body: json").tells("+ body: stream");
    let sent = server.requests()[1].clone();
    assert_eq!((&sent.json()["model"], &sent.json()["stream"], &sent.json()["temperature"]), (&json!("other"), &json!(true), &json!(0.5)));
    assert_eq!((sent.field("accept-encoding"), sent.field("accept")), (Some("identity"), Some("text/event-stream")));
    let odd = file("replay-odd", "[1]");
    let recording = of_server("replay-no-object", &server, None, &["--body", &odd]);
    run(replay(&recording, &["--model", "m"])).ends_with(2).tells("the body is no JSON object");
}

#[test]
fn the_key_goes_to_no_host_that_only_the_recording_names() {
    let stranger = Server::always(good("ok"));
    let recording = of_server("replay-stranger", &stranger, Some(KEY), &["hi"]);
    let replayed = |arguments: &[&str]| {
        let mut command = replay(&recording, arguments);
        command.envs([("OPENAI_API_KEY", KEY), ("OPENAI_ORG_ID", "org-mine")]);
        run(command)
    };
    let ran = replayed(&[]);
    ran.ends_with(2).prints("").tells(&stranger.address.to_string()).tells("--send-key").tells("--base-url").tells("--endpoint");
    assert_eq!(stranger.requests().len(), 1);
    replayed(&["--send-key"]).ends_with(0);
    let key_file = file("replay-key-file", KEY);
    replayed(&["--api-key-file", &key_file]).ends_with(2);
    assert_eq!(stranger.requests().len(), 2);
    assert_eq!(stranger.requests()[1].field("authorization"), Some(format!("Bearer {KEY}").as_str()));
    replayed(&["--base-url", &stranger.url()]).ends_with(0);
    assert_eq!(stranger.requests().len(), 3);
}

#[test]
fn what_was_asked_without_a_key_is_asked_without_one_again() {
    let stranger = Server::always(good("ok"));
    let recording = of_server("replay-keyless", &stranger, None, &["hi"]);
    let key_file = file("replay-keyless-file", KEY);
    let mut command = replay(&recording, &["--api-key-file", &key_file]);
    command.envs([("OPENAI_API_KEY", KEY), ("LLMCHECK_API_KEY", KEY), ("OPENAI_ORG_ID", "org-mine"), ("OPENAI_PROJECT_ID", "proj-mine")]);
    run(command).ends_with(0).tells("sent without a key to");
    let head = stranger.requests()[1].head.to_lowercase();
    assert!(!head.contains("authorization") && !head.contains(KEY) && !head.contains("mine"), "{head}");
}

#[test]
fn the_key_goes_where_the_environment_or_the_configuration_send_it() {
    let server = Server::always(good("ok"));
    let recording = of_server("replay-own", &server, Some("sk-of-somebody-else-0123456789"), &["hi"]);
    let mut command = replay(&recording, &[]);
    command.envs([("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", &server.url())]);
    run(command).ends_with(0);
    let config = file("replay-own-config", format!("[endpoints.relay]\nbase_url = \"{}\"\napi_key_env = \"RELAY_KEY\"\n", server.url()));
    let mut command = replay(&recording, &["--config", &config]);
    command.envs([("OPENAI_API_KEY", KEY), ("RELAY_KEY", "sk-relay-0123456789")]);
    run(command).ends_with(0);
    let keys: Vec<String> = server.requests().iter().map(|request| request.field("authorization").unwrap().to_string()).collect();
    assert_eq!(keys, ["Bearer sk-of-somebody-else-0123456789", &format!("Bearer {KEY}"), "Bearer sk-relay-0123456789"]);
    let two = format!("[endpoints.a]\nbase_url = \"{0}\"\n[endpoints.b]\nbase_url = \"{0}\"\n", server.url());
    run(replay(&recording, &["--config", &file("replay-two", two)])).ends_with(2).tells("host of the endpoints a, b");
}

#[test]
fn an_endpoint_is_known_by_its_name_and_asked_where_it_is_now() {
    let (then, now) = (Server::always(good("ok")), Server::always(good("ok")));
    let config = |server: &Server| format!("[endpoints.relay]\nbase_url = \"{}\"\napi_key_env = \"RELAY_KEY\"\n", server.url());
    let path = directory("replay-moved").join("r.jsonl").to_str().unwrap().to_string();
    let first = file("replay-moved-first", config(&then));
    let mut command = llmcheck(["chat", "hi", "--endpoint", "relay", "--config", &first, "--record", &path]);
    command.env("RELAY_KEY", KEY);
    run(command).ends_with(0);
    let mut command = replay(&path, &["--config", &file("replay-moved-second", config(&now))]);
    command.env("RELAY_KEY", "sk-relay-0123456789");
    run(command).ends_with(0).tells("the endpoint relay was at").tells(&now.address.to_string());
    assert_eq!((then.requests().len(), now.request().field("authorization")), (1, Some("Bearer sk-relay-0123456789")));
}

#[test]
fn a_host_that_only_looks_like_the_users_own_gets_no_key() {
    for (number, url) in [
        "http://api.openai.com/v1/chat/completions",
        "https://api.openai.com:8443/v1/chat/completions",
        "https://api.openai.com.evil.example/v1/chat/completions",
        "https://api.openai.com@evil.example/v1/chat/completions",
        "https://evil.example/?https://api.openai.com/v1/chat/completions",
        "ftp://api.openai.com/v1",
        "",
    ]
    .iter()
    .enumerate()
    {
        let mut command = replay(&by_hand(&format!("replay-lookalike-{number}"), url), &["--timeout", "2s"]);
        command.env("OPENAI_API_KEY", KEY);
        run(command).ends_with(2).prints("");
    }
}

#[test]
fn nothing_but_a_question_is_asked_in_the_users_name_unasked() {
    let server = Server::always(good("ok"));
    let recording = by_hand("replay-order", &format!("{}/organization/admin_api_keys", server.url()));
    let replayed = |arguments: &[&str]| {
        let mut command = replay(&recording, arguments);
        command.envs([("OPENAI_API_KEY", KEY), ("OPENAI_BASE_URL", &server.url())]);
        run(command)
    };
    replayed(&[]).ends_with(2).prints("").tells("/organization/admin_api_keys").tells("--send-key");
    assert!(server.requests().is_empty());
    replayed(&["--send-key"]);
    assert_eq!(server.request().line(), "POST /v1/organization/admin_api_keys HTTP/1.1");
}

#[test]
fn a_body_in_which_a_secret_was_masked_is_not_sent() {
    let server = Server::always(good("ok"));
    let recording = of_server("replay-masked", &server, Some(KEY), &[&format!("is {KEY} a good key?")]);
    let mut command = replay(&recording, &["--base-url", &server.url()]);
    command.env("OPENAI_API_KEY", KEY);
    run(command).ends_with(2).tells("a secret was masked in the request's body");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn what_holds_no_request_is_refused_in_clear_words() {
    for (test, content, words) in [
        ("replay-text", &b"Connection reset by peer"[..], "it shows no request"),
        ("replay-response", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", "it shows no request"),
        ("replay-empty", b"", "it is empty"),
        ("replay-binary", &[0, 159, 146, 150, 0, 1, 2, 3], "it shows no request"),
        ("replay-begun", b"{\"llmcheck\":\"recording/1\",\"asked\":{\"url\":\"http://127.0.0.1:1/v1\"}}\n", "no connection came about then"),
        ("replay-damaged", b"{\"llmcheck\":\"recording/1\",\"asked\":{}}\n[0,0,\"?\"]\n[0,0,\">\",\"\"]\n", "line 2"),
        ("replay-later", b"{\"llmcheck\":\"recording/9\",\"asked\":{}}\n", "recording/9"),
        (
            "replay-curl",
            b"* Connected to a (127.0.0.1) port 1\n> POST /v1/chat/completions HTTP/1.1\n> Host: a\n> Content-Length: 9\n> \n< HTTP/1.1 200 OK\n< \n{}",
            "it does not show the request's body",
        ),
    ] {
        let ran = run(replay(&file(test, content), &[]));
        ran.ends_with(2).prints("").tells(words);
    }
    run(replay("/nowhere/r.jsonl", &[])).ends_with(2).tells("/nowhere/r.jsonl cannot be read");
    let recording = of_lab("replay-refused", "connection-refused", &[]);
    run(replay(&recording, &[])).ends_with(2).tells("no connection came about then").tells("llmcheck chat hi --lab connection-refused");
}

#[test]
fn a_recording_that_was_cut_is_replayed_if_its_request_is_whole() {
    let recording = of_lab("replay-cut", "healthy", &[]);
    let text = std::fs::read_to_string(&recording).unwrap();
    let answer = text.find(",\"<\",").unwrap();
    let ran = run(replay(&file("replay-cut-answer", &text[..answer + 20]), &[]));
    ran.tells("the recording's last line is cut").tells("now   ok[healthy]").ends_with(0);
    let request = text.find(",\">\",").unwrap();
    run(replay(&file("replay-cut-request", &text[..request + 20]), &[])).ends_with(2).tells("no connection came about");
    let half = text[..answer].replacen("\\\"content\\\":\\\"hi\\\"", "", 1);
    run(replay(&file("replay-cut-body", half), &[])).ends_with(2).tells("the request in it is cut");
}

#[test]
fn stdin_is_read_and_the_recording_is_not_overwritten() {
    let recording = of_lab("replay-stdin", "cut-by-close", &[]);
    let text = std::fs::read(&recording).unwrap();
    run_with_input(replay("-", &[]), &text).ends_with(11).tells("now   error[cut-by-close]");
    run(replay(&recording, &["--record", &recording])).ends_with(2).tells("would overwrite");
    assert_eq!(std::fs::read(&recording).unwrap(), text);
    let again = directory("replay-again").join("again.jsonl").to_str().unwrap().to_string();
    run(replay(&recording, &["--times", "2", "--record", &again])).ends_with(11);
    run(replay(&again, &["--attempt", "2"])).ends_with(11).tells("the same verdict as then");
}

#[test]
fn a_har_with_its_request_is_replayed() {
    let server = Server::always(good("now"));
    let har = json!({"log": {"version": "1.2", "creator": {"name": "t", "version": "1"}, "entries": [{
        "startedDateTime": "2026-11-23T10:00:00Z", "time": 5, "timings": {"send": 1, "wait": 2, "receive": 2}, "cache": {},
        "request": {"method": "POST", "url": format!("{}/chat/completions", server.url()), "httpVersion": "HTTP/2", "cookies": [],
            "headers": [{"name": ":authority", "value": "a"}, {"name": "X-Mine", "value": "b"}, {"name": "Cookie", "value": "session=0123456789"}],
            "queryString": [], "headersSize": -1, "bodySize": -1,
            "postData": {"mimeType": "application/json", "text": "{\"model\":\"m\",\"messages\":[]}"}},
        "response": {"status": 200, "statusText": "OK", "httpVersion": "HTTP/2", "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
            "headers": [{"name": "content-type", "value": "application/json"}],
            "content": {"size": 10, "mimeType": "application/json", "text": completion("then")}},
    }]}});
    let path = file("replay-har", har.to_string());
    // Whether a browser sent a key is not known, so that it counts as one.
    run(replay(&path, &[])).ends_with(2).tells("--send-key");
    let mut command = replay(&path, &["--base-url", &server.url()]);
    command.env("OPENAI_API_KEY", KEY);
    run(command).ends_with(0).tells("the same verdict as then");
    let sent = server.request();
    assert_eq!((sent.json(), sent.field("x-mine"), sent.field("cookie")), (json!({"model": "m", "messages": []}), Some("b"), None));
}

#[test]
fn a_get_is_sent_again_as_a_get_and_follows_to_another_base() {
    let models = response("200 OK", "", json!({"object": "list", "data": []}).to_string());
    let (server, other) = (Server::always(models.clone()), Server::always(models));
    let sent = "GET /v1/models?limit=2 HTTP/1.1\r\nHost: a\r\n\r\n";
    let asked = json!({"llmcheck": "recording/1", "asked": {"url": format!("{}/models?limit=2", server.url()), "method": "GET"}});
    let recording = file("replay-get", format!("{asked}\n[0,0,\">\",{}]\n[1,0,\"<\",\"HTTP/1.1 200 OK\\r\\n\\r\\n{{}}\"]\n", json!(sent)));
    run(replay(&recording, &[]));
    run(replay(&recording, &["--base-url", &format!("http://{}/relay/v1", other.address)]));
    assert_eq!(
        (server.request().line(), other.request().line()),
        ("GET /v1/models?limit=2 HTTP/1.1", "GET /relay/v1/models?limit=2 HTTP/1.1")
    );
}

#[test]
fn a_live_lab_is_asked_again_at_its_address() {
    let mut child = llmcheck(["lab", "--serve"]).spawn().unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    while !line.contains("http://") {
        assert!(stdout.read_line(&mut line).unwrap() > 0, "{line}");
    }
    let origin = line[line.find("http://").unwrap()..].split(['/', ' ', '\n']).nth(2).unwrap().to_string();
    let path = directory("replay-live").join("r.jsonl").to_str().unwrap().to_string();
    let base = |scenario: &str| format!("http://{origin}/{scenario}/v1");
    run(llmcheck(["chat", "hi", "--base-url", &base("length-counts-characters"), "--record", &path])).ends_with(10);
    let same = run(replay(&path, &[]));
    let other = run(replay(&path, &["--base-url", &base("healthy-chinese")]));
    child.kill().unwrap();
    child.wait().unwrap();
    same.ends_with(10).tells("now   error[length-counts-characters]");
    other.ends_with(0).tells("another verdict: length-counts-characters then, healthy now");
}

#[test]
fn what_a_server_writes_cannot_reach_the_terminal_as_a_control_and_no_key_is_shown() {
    let server = Server::replying(|number, request| {
        let key = request.field("authorization").unwrap_or("none").to_string();
        let fields = if number == 0 { String::new() } else { format!("X-Evil: \u{1b}[31m{key}\r\n") };
        response("200 OK", &fields, completion("ok"))
    });
    let recording = of_server("replay-evil", &server, Some(KEY), &["hi"]);
    for extra in [&[][..], &["--json"]] {
        let mut command = replay(&recording, &[&["--base-url", &server.url()], extra].concat());
        command.env("OPENAI_API_KEY", KEY);
        let ran = run(command);
        let all = format!("{}{}", ran.stdout, ran.stderr);
        assert!(ran.code == Some(0) && all.contains("X-Evil") && !all.contains('\u{1b}') && !all.contains(KEY), "{all}");
    }
}

#[test]
fn a_stream_that_was_cut_and_comes_whole_now_and_a_server_that_fails_now_are_told() {
    let server = Server::in_turn(vec![cut("half"), good("whole"), failing()]);
    let recording = of_server("replay-now-whole", &server, None, &["hi"]);
    run(replay(&recording, &[])).ends_with(0).tells("then  error[").tells("now   ok[healthy]");
    run(replay(&recording, &[])).ends_with(17).tells("- HTTP/1.1 200 OK").tells("+ HTTP/1.1 500 Internal Server Error");
    let server = Server::in_turn(vec![whole_stream(&["a"]), whole_stream(&["b", "c"])]);
    let recording = of_server("replay-stream", &server, None, &["hi", "--stream"]);
    run(replay(&recording, &[])).ends_with(0).tells("first token").tells("nothing differs");
}

#[test]
fn an_answer_that_is_whole_now_differs_from_one_that_was_cut() {
    let recording = of_lab("replay-whole", "cut-by-close", &[]);
    let ran = run(replay(&recording, &["--lab", "healthy"]));
    ran.ends_with(0).tells("- body came: cut\n+ body came: complete\n");
    assert!(!ran.stderr.contains("nothing differs"), "{ran:?}");
}

#[cfg(unix)]
#[test]
fn what_was_recorded_is_said_at_once_and_an_interrupt_leaves_nothing_to_compare() {
    let server = Server::serving(|number, stream| {
        let request = crate::server::read_request(stream)?;
        if number == 0 {
            std::io::Write::write_all(stream, &good("ok")).unwrap();
        } else {
            let _ = std::io::Read::read(stream, &mut [0]);
        }
        Some(request)
    });
    let recording = of_server("replay-first", &server, None, &["hi"]);
    let mut child = replay(&recording, &["--times", "2"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.any(|line| line.starts_with("then     ok[healthy]")));
    crate::program::signal(child.id(), "INT");
    assert!(lines.any(|line| line.contains("stopped before an answer was complete")));
    crate::program::finish(child).ends_with(130);
}

#[test]
fn of_an_attempt_without_a_request_it_is_said_which_one_it_is() {
    let asked =
        |attempt| json!({"llmcheck": "recording/1", "asked": {"url": "http://127.0.0.1:1/v1/chat/completions", "attempt": attempt}});
    let sent = json!("POST /v1/chat/completions HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}");
    let recording = file("replay-unsent", format!("{}\n[0,0,\">\",{sent}]\n{}\n", asked(1), asked(2)));
    run(replay(&recording, &[])).ends_with(2).tells("attempt 2 of 2 (--attempt K takes another): no connection came about then");
    run(replay(&recording, &["--attempt", "1"])).ends_with(23);
}

#[test]
fn numbers_out_of_reason_are_wrong_usage() {
    let recording = of_lab("replay-usage", "healthy", &[]);
    for arguments in [&["--times", "0"][..], &["--times", "1001"], &["--attempt", "0"], &["--send-key", "--endpoint", "a"], &["--lab-tls"]]
    {
        run(replay(&recording, arguments)).ends_with(2).prints("");
    }
}

#[cfg(unix)]
#[test]
fn an_interrupt_ends_the_series_and_is_no_verdict_of_it() {
    use std::io::{Read as _, Write as _};

    use crate::program::{finish, signal};
    use crate::server::read_request;

    let (sender, stalls) = std::sync::mpsc::channel();
    let server = Server::serving(move |number, stream| {
        let request = read_request(stream)?;
        if number < 3 {
            stream.write_all(&good("ok")).unwrap();
        } else {
            let _ = sender.send(());
            let _ = stream.read(&mut [0]);
        }
        Some(request)
    });
    let recording = of_server("replay-interrupt", &server, None, &["hi"]);
    let child = replay(&recording, &["--times", "50", "--json"]).spawn().unwrap();
    stalls.recv().unwrap();
    signal(child.id(), "INT");
    let ran = finish(child);
    let object = object(ran.ends_with(130));
    assert_eq!((object["runs"].as_array().unwrap().len(), &object["same_verdict"]), (2, &json!(2)));
}

#[test]
fn a_field_in_which_a_secret_was_masked_is_left_out_and_named() {
    let server = Server::always(good("ok"));
    let path = directory("replay-left-out").join("r.jsonl").to_str().unwrap().to_string();
    let mut command = llmcheck(["chat", "hi", "--base-url", &server.url(), "-H", &format!("X-Trace: of {KEY}"), "--record", &path]);
    command.env("OPENAI_API_KEY", KEY);
    run(command).ends_with(0);
    let mut command = replay(&path, &["--base-url", &server.url()]);
    command.env("OPENAI_API_KEY", KEY);
    run(command).ends_with(0).tells("left out, because a secret is masked in it: x-trace");
    assert_eq!(server.requests()[1].field("x-trace"), None);
}
