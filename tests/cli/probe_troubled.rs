//! `llmcheck probe` against servers that hang, flood, limit, refuse and break off: it keeps within its bounds, blames nobody for what is
//! not of the way, and whatever happens says what it knows.

use std::thread;

use serde_json::{Value, json};

use super::{probe, trigger};
use crate::program::{directory, finish, llmcheck, run, signal};
use crate::server::{Request, Server, api_error, good, limited, read_request, response, whole_stream};

/// What a good server answers this request with, as long as it says nothing of logprobs.
fn answered(request: &Request, text: &str) -> Vec<u8> {
    match request.line().starts_with("POST") {
        true if request.json()["stream"] == json!(true) => whole_stream(&[text]),
        true => good(text),
        false => response("200 OK", "", "{\"data\":[{\"id\":\"gpt-4o-mini\"}]}"),
    }
}

fn refused(status: &str, message: &str) -> Vec<u8> {
    response(status, "", api_error(message))
}

fn is_chinese(request: &Request) -> bool {
    !request.body.is_ascii()
}

/// The object that the whole experiment gives, and the exit code.
fn deep_at(server: &Server, arguments: &[&str]) -> (Option<i32>, Value) {
    let ran = probe(&[&["--base-url", &server.url(), "--deep", "--seed", "1", "--json"], arguments].concat());
    let object = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("no object: {}", ran.stderr));
    (ran.code, object)
}

#[test]
fn a_limit_is_waited_for_and_accuses_nobody() {
    let too_many = || response("429 Too Many Requests", "Retry-After: 1\r\n", api_error("Rate limit reached"));
    let server = Server::replying(move |number, request| if number == 2 || number == 8 { too_many() } else { answered(request, "ready") });
    let (code, object) = deep_at(&server, &[]);
    assert_eq!((code, trigger(&object), &object["experiment"]["ended"]), (Some(0), None, &json!("decided")));
}

#[test]
fn a_server_that_limits_for_long_is_not_waited_for() {
    let too_many = || response("429 Too Many Requests", "Retry-After: 900\r\n", api_error("Rate limit reached"));
    let server = Server::replying(move |number, request| if number > 5 { too_many() } else { answered(request, "ready") });
    let (code, object) = deep_at(&server, &["--lang", "zh"]);
    let experiment = &object["experiment"];
    assert_eq!((code, &experiment["ended"], &experiment["stopped_by"]["code"]), (Some(13), &json!("limited"), &json!("rate-limited")));
    assert_eq!(trigger(&object), None);
}

#[test]
fn a_key_that_is_refused_from_then_on_is_no_matter_of_how_it_is_asked() {
    let server = Server::replying(|number, request| match number {
        ..8 => answered(request, "ready"),
        _ => refused("401 Unauthorized", "Incorrect API key provided"),
    });
    let (code, object) = deep_at(&server, &[]);
    assert_eq!((code, trigger(&object), &object["experiment"]["ended"]), (Some(15), None, &json!("refused")));
    let ran = probe(&["--base-url", &server.url(), "--deep"]);
    assert!(!ran.stdout.contains("fails") && !ran.stdout.contains("\nok:"), "{}", ran.stdout);
}

#[test]
fn what_is_refused_for_one_kind_of_text_only_is_told_as_that() {
    let server =
        Server::replying(|_, request| if is_chinese(request) { refused("403 Forbidden", "forbidden") } else { answered(request, "ready") });
    let (code, object) = deep_at(&server, &[]);
    assert_eq!((code, trigger(&object)), (Some(15), Some(vec![vec!["chinese".to_string()]])));
}

#[test]
fn a_parameter_that_the_api_refuses_is_not_the_fault_of_the_way() {
    type Refuses = fn(&Value) -> Option<&'static str>;
    let kinds: [Refuses; 4] = [
        |asked| asked.get("logprobs").map(|_| "logprobs is not supported by this model"),
        |asked| (asked.get("logprobs").is_some() && asked["stream"] == json!(true)).then_some("logprobs is not supported with stream"),
        |asked| {
            asked.get("max_tokens").map(|_| "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.")
        },
        |asked| (asked["max_tokens"].as_u64() > Some(2048)).then_some("max_tokens is too large: 4096. At most 2048 are supported"),
    ];
    for refuses in kinds {
        let server = Server::replying(move |_, request| {
            let message = request.line().starts_with("POST").then(|| refuses(&request.json())).flatten();
            message.map_or_else(|| answered(request, &"long ".repeat(700)), |message| refused("400 Bad Request", message))
        });
        let (code, object) = deep_at(&server, &[]);
        assert_eq!((code, trigger(&object), &object["class"]), (Some(0), None, &json!("healthy")), "{object}");
    }
}

#[test]
fn a_limit_that_thinking_used_up_is_not_the_fault_of_the_way() {
    let server = Server::replying(|_, request| {
        if !request.line().starts_with("POST") || request.json()["max_tokens"].as_u64() > Some(1000) {
            return answered(request, "ready");
        }
        match request.json()["stream"] == json!(true) {
            true => String::from_utf8(whole_stream(&[""])).unwrap().replace("\"stop\"", "\"length\"").into_bytes(),
            false => limited(""),
        }
    });
    let (code, object) = deep_at(&server, &[]);
    assert_eq!((code, trigger(&object)), (Some(0), None), "{object}");
}

#[test]
fn what_could_not_be_tried_is_said() {
    let server = Server::replying(|_, request| answered(request, "ready"));
    for (lang, not_long, ascii) in
        [("en", "no answer was long", "answers Chinese in ASCII"), ("zh", "没有得到较长的回答", "用 ASCII 回答中文")]
    {
        let ran = probe(&["--base-url", &server.url(), "--deep", "--lang", lang]);
        assert!(ran.stdout.contains(not_long) && ran.stdout.contains(ascii), "{}", ran.stdout);
    }
}

/// Hears requests and answers those that `is_answered` wants.
fn hanging(is_answered: fn(&Request) -> bool) -> Server {
    Server::serving(move |_, stream| {
        let request = read_request(stream)?;
        if is_answered(&request) {
            let _ = std::io::Write::write_all(stream, &answered(&request, "ready"));
        } else {
            let _ = std::io::copy(stream, &mut std::io::sink());
        }
        Some(request)
    })
}

#[test]
fn a_server_that_hangs_holds_nobody_up_for_longer_than_is_announced() {
    let (code, object) = deep_at(&hanging(|_| false), &["--max-time", "1s"]);
    assert_eq!((code, &object["out_of_time"]), (Some(19), &json!(true)), "{object}");
    let server = hanging(|request| !is_chinese(request));
    let ran = probe(&["--base-url", &server.url(), "--deep", "--max-time", "2s"]);
    assert!(ran.stderr.contains("at most (--max-requests, --max-time)"), "{}", ran.stderr);
    assert!(ran.stdout.contains("--max-time is over") && !ran.stdout.contains("fails only"), "{}", ran.stdout);
}

#[test]
fn what_brings_more_than_any_answer_is_not_recorded() {
    let endless = vec![b'x'; 33 << 20];
    let server = Server::replying(move |_, request| match request.line().starts_with("POST") && request.json()["stream"] != json!(true) {
        true => response("200 OK", "", &endless),
        false => answered(request, "ready"),
    });
    let place = directory("probe-endless");
    probe(&["--base-url", &server.url(), "--shallow", "--record", place.to_str().unwrap()]);
    let length = |name: &str| std::fs::metadata(place.join(name)).unwrap().len();
    assert_eq!((length("chat.jsonl"), length("stream.jsonl") > 0), (0, true));
}

#[test]
#[cfg(unix)]
fn a_disk_that_is_full_costs_the_recordings_and_not_the_probe() {
    let state = directory("probe-full-disk");
    let mut command = std::process::Command::new("sh");
    // Files grow to some kilobytes; what would be more fails to be written.
    command.args(["-c", "trap '' 25; ulimit -f 16; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_llmcheck")]);
    command.args(["probe", "--lab", "healthy", "--deep", "--seed", "1"]).env_clear().envs([crate::program::path()]);
    command.env("XDG_STATE_HOME", &state).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let ran = run(command);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("no failure in ") && ran.stdout.contains("not everything could be recorded"), "{}", ran.stdout);
}

#[test]
fn without_a_place_for_recordings_there_are_none() {
    let ran = run(llmcheck(["probe", "--lab", "healthy", "--json"]));
    let object: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.code, &object["recordings"]), (Some(0), &Value::Null));
}

/// A server that takes its time.
fn slow() -> Server {
    Server::replying(|_, request| {
        thread::sleep(std::time::Duration::from_millis(50));
        answered(request, "ready")
    })
}

#[test]
#[cfg(unix)]
fn an_interrupted_experiment_tells_what_is_known_and_its_recordings_are_whole() {
    let (server, place) = (slow(), directory("probe-interrupted"));
    let arguments = ["probe", "--base-url", &server.url(), "--deep", "--json", "--record", place.to_str().unwrap()];
    let child = llmcheck(arguments).spawn().unwrap();
    while server.requests().len() < 7 {
        thread::yield_now();
    }
    signal(child.id(), "INT");
    let ran = finish(child);
    let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
    assert_eq!((ran.code, &object["experiment"]["ended"]), (Some(130), &json!("interrupted")));
    assert!(!object["experiment"]["trials"].as_array().unwrap().is_empty());
    let files = std::fs::read_dir(place).unwrap().map(|entry| entry.unwrap().path());
    for file in files.filter(|file| !file.ends_with("models.jsonl")) {
        let judged = run(llmcheck(["diagnose".as_ref(), file.as_os_str()]));
        assert!(matches!(judged.code, Some(0 | 130)), "{judged:?}");
    }
}

#[test]
fn who_has_read_enough_is_not_experimented_for() {
    let server = slow();
    let mut child = llmcheck(["probe", "--base-url", &server.url(), "--deep"]).spawn().unwrap();
    drop(child.stdout.take());
    let ran = finish(child);
    assert!(server.requests().len() <= 1 && !ran.stderr.contains("experiment"), "{ran:?}");
}

#[test]
fn whatever_a_server_does_the_object_is_one_and_no_control_byte_is_shown() {
    let escaping = "{\"error\":{\"message\":\"\\u001b[2J\\u0007\"}}";
    let answers = [
        Vec::new(),
        b"\x00\xff\x1b[31m garbage".to_vec(),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n".to_vec(),
        response("500 Internal Server Error", "Server: \x1b[31mred\r\nVia: 1.1 \x1b[2J\r\n", escaping),
        response("200 OK", "", "[".repeat(100_000)),
    ];
    for answer in answers {
        let server = Server::always(answer);
        for lang in ["en", "zh"] {
            let ran = probe(&["--base-url", &server.url(), "--deep", "--lang", lang, "--json"]);
            let object: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|_| panic!("{ran:?}"));
            assert_eq!(object["exit_code"].as_i64(), ran.code.map(i64::from));
            assert_ne!(ran.code, Some(0), "{object}");
            let page = probe(&["--base-url", &server.url(), "--deep", "--lang", lang]);
            assert!(!page.stdout.contains('\x1b') && !page.stdout.contains("fails only"), "{}", page.stdout);
        }
    }
}

#[test]
fn who_shows_in_the_failures_of_a_way_is_told() {
    let origin = Server::replying(|_, request| answered(request, "ready"));
    let gate = Server::replying(|_, request| match request.line().starts_with("POST") {
        true => response("502 Bad Gateway", "Via: 1.1 gate (squid/5.7)\r\n", "<html>no</html>"),
        false => answered(request, ""),
    });
    let proxy = format!("http://{}", gate.address);
    let (_, object) = deep_at(&origin, &["--proxy", &proxy]);
    assert_eq!(trigger(&object), Some(vec![vec!["proxied".to_string()]]));
    assert_eq!(object["experiment"]["explanations"][0]["via"], "Squid (Via: 1.1 gate (squid/5.7))");
    let page = probe(&["--base-url", &origin.url(), "--deep", "--seed", "1", "--proxy", &proxy]);
    assert!(page.stdout.contains("   = via: Squid (Via: 1.1 gate (squid/5.7))\n"), "{}", page.stdout);
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_colours_are_colours() {
    let command = format!("{} probe --lab healthy --lang en", env!("CARGO_BIN_EXE_llmcheck"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env_clear().envs([crate::program::path()]).env("TERM", "xterm");
    let Ok(output) = script.stdin(std::process::Stdio::null()).output() else {
        return; // There is no terminal to be had here.
    };
    let page = String::from_utf8_lossy(&output.stdout);
    assert!(page.contains("\x1b[32mok") && !page.contains('\u{241b}'), "{page}");
}
