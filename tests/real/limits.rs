//! `llmcheck batch` before limits of nginx: once a limit is known nothing more is refused, and nearly all that it allows gets through.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

use crate::server::{Place, Server};
use crate::upstream::{lab, port_of};

/// A limit that tells nothing is watched for no longer, in seconds; a fast one is known sooner.
const FIRST_WINDOW: f64 = 5.0;
const FIRST_WINDOW_OF_FAST: f64 = 3.0;

const KEY: &str = "sk-master-0123456789abcdef";

/// nginx that lets so many a second through to this port, and the log of statuses and times that it writes.
fn limiting(port: &str, rate: u32, limit: &str, status: &str) -> (Server, PathBuf) {
    let place = Place::new();
    let log = place.directory.join("times");
    let configuration = format!(
        "daemon off; master_process off; pid nginx.pid; error_log stderr;
        events {{ worker_connections 256; }}
        http {{
            log_format times '$status $msec'; access_log {} times;
            client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
            limit_req_zone $server_port zone=one:32k rate={rate}r/s;
            server {{
                listen 127.0.0.1:{};
                location / {{ limit_req zone=one {limit}; {status} proxy_pass http://127.0.0.1:{port}; }}
            }}
        }}",
        log.display(),
        place.port
    );
    let (file, prefix) = (place.write("nginx.conf", &configuration), place.path());
    (Server::start(place, "nginx", &["-e", "stderr", "-p", &prefix, "-c", &file]), log)
}

/// Asks so many prompts, all of which are answered.
#[track_caller]
fn batch(server: &Server, prompts: u32, jobs: &str) -> Value {
    batch_of("llmcheck-lab", &format!("{}/healthy/v1", server.url()), prompts, jobs)
}

#[track_caller]
fn batch_of(model: &str, base_url: &str, prompts: u32, jobs: &str) -> Value {
    let place = Place::new();
    let lines = (0..prompts).fold(String::new(), |mut lines, number| {
        let _ = writeln!(lines, "say {number}");
        lines
    });
    let (input, output) = (place.write("prompts", &lines), place.directory.join("answers.jsonl"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).env("OPENAI_API_KEY", KEY).timeout(Duration::from_secs(150));
    command.args(["batch", &input, "--plain", "--json", "-j", jobs, "-m", model, "--base-url", base_url, "-o"]);
    let ran = command.arg(output).output().expect("llmcheck runs");
    let summary: Value = serde_json::from_slice(&ran.stdout).unwrap_or_else(|error| panic!("{error}: {ran:?}"));
    assert_eq!(summary["answered"], prompts, "{summary}");
    summary
}

#[track_caller]
fn expect_paced(rate: u32, limit: &str, status: &str, jobs: &str) {
    let lab = lab();
    let (server, log) = limiting(&port_of(&lab), rate, limit, status);
    let summary = batch(&server, rate * 12, jobs);
    let log = fs::read_to_string(log).expect("the log");
    let lines: Vec<(&str, f64)> =
        log.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a, b.parse().expect("a time"))).collect();
    let first = if rate >= 50 { FIRST_WINDOW_OF_FAST } else { FIRST_WINDOW };
    let known = lines.first().expect("a line").1 + first;
    let after: Vec<&(&str, f64)> = lines.iter().filter(|(_, at)| *at > known).collect();
    let refused = after.iter().filter(|(status, _)| *status != "200").count();
    let lasted = after.last().expect("an answer").1 - known;
    let share = (after.len() - refused) as f64 / lasted / f64::from(rate);
    println!("{rate}r/s {limit}: {refused} of {} refusals late, {:.1} %", summary["refusals"], share * 100.0);
    assert_eq!(refused, 0, "{rate} {limit}: {summary}");
    assert!(share >= 0.9, "{rate} {limit}: {share}: {summary}");
}

#[test]
#[ignore = "needs nginx, and a minute"]
fn a_limit_of_nginx_is_kept_once_it_is_known() {
    for (limit, jobs) in [("", "8"), ("burst=5 nodelay", "8"), ("burst=20 nodelay", "8"), ("burst=5", "16"), ("burst=20", "32")] {
        expect_paced(10, limit, "limit_req_status 429;", jobs);
    }
}

/// 503 is what nginx refuses with unless it is told otherwise.
#[test]
#[ignore = "needs nginx"]
fn a_limit_that_answers_503_is_kept_too() {
    expect_paced(10, "burst=5 nodelay", "", "8");
}

#[test]
#[ignore = "needs nginx, and a minute"]
fn a_faster_limit_of_nginx_is_kept_too() {
    for (limit, jobs) in [("burst=5 nodelay", "16"), ("burst=20 nodelay", "16"), ("burst=20", "32")] {
        expect_paced(50, limit, "limit_req_status 429;", jobs);
    }
}

/// Without a burst whatever arrives a millisecond early is refused: what the machine holds up must not make the next one early.
/// Whoever is held up for longer than the margin of a millisecond, and is answered late only after the next one went, still does: with two
/// busy cores about one run in six has one or two refusals.
#[test]
#[ignore = "needs nginx, and a machine that is not overloaded"]
fn a_fast_limit_of_nginx_without_a_burst_is_kept_too() {
    expect_paced(50, "", "limit_req_status 429;", "8");
}

/// LiteLLM with a limit of one model, which needs no database: a minute by its clock, with no more than the limit in its words and, however
/// much of the minute is over, a minute to wait.
#[test]
#[ignore = "needs litellm, and two minutes"]
fn a_limit_of_litellm_refuses_none_but_those_under_way_when_it_is_met() {
    let (lab, place) = (lab(), Place::new());
    let configuration = format!(
        "model_list:
  - model_name: limited
    litellm_params: {{model: openai/gpt-4o-mini, api_base: \"http://127.0.0.1:{}/healthy/v1\", api_key: sk-upstream, rpm: 40}}
litellm_settings: {{num_retries: 0, request_timeout: 10, telemetry: false}}
router_settings: {{num_retries: 0, disable_cooldowns: true, optional_pre_call_checks: [\"enforce_model_rate_limits\"]}}
general_settings: {{master_key: {KEY}}}
",
        port_of(&lab)
    );
    let (file, port) = (place.write("config.yaml", &configuration), place.port.to_string());
    let server = Server::start(place, "litellm", &["--config", &file, "--port", &port, "--host", "127.0.0.1"]);
    let summary = batch_of("limited", &format!("{}/v1", server.url()), 64, "8");
    assert!(summary["refusals"].as_u64().expect("a number") <= 8, "{summary}");
}
