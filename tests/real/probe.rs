//! `llmcheck probe` through middles that are real: nginx, Squid and mitmproxy, which cut, rewrite, store or refuse some of what passes.
//! The middle has to be named with just what makes it fail, the way past it shown to be clean, and a middle without a fault left in peace.

use std::fmt;
use std::time::Duration;

use assert_cmd::Command;
use llmcheck::lab::Lab;
use serde_json::Value;

use crate::nginx::proxy_to as nginx_to;
use crate::server::{Place, Server};
use crate::squid::squid;
use crate::upstream::{lab, node, port_of};

/// What was probed, as arguments, and what came of it.
struct Probed {
    arguments: Vec<String>,
    code: Option<i32>,
    object: Value,
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "llmcheck {}: exit {:?}", self.arguments.join(" "), self.code)?;
        writeln!(f, "  stages {}", self.object["stages"])?;
        let experiment = &self.object["experiment"];
        writeln!(f, "  {} requests, ended {}: {:#}", experiment["requests"], experiment["ended"], experiment["explanations"])?;
        for trial in experiment["trials"].as_array().into_iter().flatten() {
            writeln!(f, "  {} {} {}", trial["levels"], trial["code"], trial["bytes"])?;
        }
        Ok(())
    }
}

#[track_caller]
fn probe(arguments: &[String], seed: u64) -> Probed {
    let state = Place::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.env_clear().env("HOME", state.path()).timeout(Duration::from_secs(240));
    let seed = seed.to_string();
    let all: Vec<String> = ["probe", "--json", "--deep", "--seed", &seed, "--idle-timeout", "3s"]
        .map(String::from)
        .into_iter()
        .chain(arguments.to_vec())
        .collect();
    let output = command.args(&all).output().expect("llmcheck runs");
    let object = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("no object ({error}): {output:?}"));
    Probed { arguments: all, code: output.status.code(), object }
}

impl Probed {
    /// The only explanation is this trigger, for certain; past it, with the level `clean`, nothing failed.
    #[track_caller]
    fn blames(&self, trigger: &[&str], clean: &str, exit: i32) -> &Probed {
        let experiment = &self.object["experiment"];
        let explanations = experiment["explanations"].as_array().unwrap_or_else(|| panic!("{self}"));
        assert_eq!(explanations.len(), 1, "{self}");
        let one = &explanations[0];
        let claims = one["trigger"].as_array().into_iter().flatten();
        let levels =
            |claim: &Value| claim["levels"].as_array().unwrap().iter().map(|level| level.as_str().unwrap()).collect::<Vec<_>>().join("/");
        let found: Vec<String> = claims.map(levels).collect();
        assert_eq!(found, trigger, "{self}");
        assert_eq!((&one["sure"], self.code), (&Value::Bool(true), Some(exit)), "{self}");
        let trials = experiment["trials"].as_array().unwrap();
        let mut past = trials.iter().filter(|trial| trial["levels"].as_array().unwrap().iter().any(|level| level == clean)).peekable();
        assert!(past.peek().is_some() && past.all(|trial| trial["failed"] == false), "{self}");
        self
    }

    /// The sentence holds the name of the middle, and so does the line of who shows there.
    #[track_caller]
    fn names(&self, middle: &str, via: &str) {
        let one = &self.object["experiment"]["explanations"][0];
        let has = |key: &str, text: &str| one[key].as_str().unwrap_or_default().contains(text);
        assert!(has("sentence", middle) && has("via", via), "{self}");
    }

    #[track_caller]
    fn accuses_nobody(&self) {
        let explanations = &self.object["experiment"]["explanations"];
        assert_eq!((self.code, &explanations[0]["cause"]), (Some(0), &Value::from("nothing")), "{self}");
    }
}

fn words(all: &[&str]) -> Vec<String> {
    all.iter().map(ToString::to_string).collect()
}

/// Through this proxy to a scenario of the lab.
fn through(proxy: &Server, lab: &Lab, scenario: &str) -> Vec<String> {
    words(&["--base-url", &format!("{}/{scenario}/v1", lab.http_url()), "--proxy", &proxy.url()])
}

/// The relay beside what stands behind it. The place holds the configuration, and has to outlive the probe.
fn relay_beside(place: &Place, relay: &Server, upstream: &str, scenario: &str) -> Vec<String> {
    let text = format!(
        "[endpoints.relay]\nbase_url = \"{}/{scenario}/v1\"\n[endpoints.upstream]\nbase_url = \"{upstream}/{scenario}/v1\"\n",
        relay.url()
    );
    words(&["--config", &place.write("llmcheck.toml", &text), "--endpoint", "relay", "--against", "upstream"])
}

#[test]
#[ignore = "needs nginx"]
fn nginx_that_cannot_store_cuts_long_answers() {
    let (lab, place) = (lab(), Place::new());
    let store = Place::new();
    // As where the directory is not its own, or the disk is full: what a slow client leaves goes nowhere, and the answer ends there.
    // A read takes a buffer, however little it brings: there are more of them than a short stream has events, and all together hold less
    // than a long answer.
    let directives = format!("proxy_temp_path {}/gone; proxy_buffers 100 512; proxy_busy_buffers_size 4k; limit_rate 96k;", store.path());
    let nginx = nginx_to(port_of(&lab), &directives);
    std::fs::remove_dir_all(store.directory.join("gone")).expect("nginx made it");
    probe(&relay_beside(&place, &nginx, &lab.http_url(), "healthy"), 1).blames(&["long", "here"], "there", 11).names("relay", "nginx");
}

#[test]
#[ignore = "needs nginx"]
fn nginx_that_rewrites_is_told_from_what_stands_behind_it() {
    let (lab, place) = (lab(), Place::new());
    let nginx = nginx_to(port_of(&lab), "sub_filter llmchecklab LLMCHECKLAB; sub_filter_types application/json text/event-stream;");
    let arguments = relay_beside(&place, &nginx, &lab.http_url(), "healthy-digest");
    probe(&arguments, 1).blames(&["here"], "there", 12).names("relay", "nginx");
}

#[test]
#[ignore = "needs nginx"]
fn nginx_that_breaks_streams_only_is_told_with_that() {
    let (lab, place) = (lab(), Place::new());
    let nginx = nginx_to(
        port_of(&lab),
        "sub_filter '[DONE]' '<script src=\"http://10.10.34.34/a.js\"></script>'; sub_filter_types text/event-stream;",
    );
    let arguments = relay_beside(&place, &nginx, &lab.http_url(), "healthy");
    probe(&arguments, 1).blames(&["stream", "here"], "there", 20).names("relay", "nginx");
}

#[test]
#[ignore = "needs squid"]
fn squid_that_forbids_large_answers_is_named() {
    let (lab, squid) = (lab(), squid("", "reply_body_max_size 16 KB"));
    let url = squid.url();
    probe(&through(&squid, &lab, "healthy"), 1).blames(&["long", "proxied"], "direct", 11).names(&url, "Squid");
}

#[test]
#[ignore = "needs squid"]
fn squid_that_denies_a_kind_of_request_is_named() {
    let lab = lab();
    let squid = squid("", "acl coded req_header Accept-Encoding (gzip|br)\nhttp_access deny coded");
    let url = squid.url();
    probe(&through(&squid, &lab, "healthy"), 1).blames(&["gzip/brotli", "proxied"], "direct", 12).names(&url, "Squid");
}

#[test]
#[ignore = "needs squid"]
fn squid_that_denies_everything_is_named() {
    let (lab, squid) = (lab(), squid("", "http_access deny all"));
    let url = squid.url();
    probe(&through(&squid, &lab, "healthy"), 1).blames(&["proxied"], "direct", 12).names(&url, "Squid");
}

/// What every script for mitmproxy begins with.
const SCRIPT: &str = "from mitmproxy import http\n\
    def chat(flow):\n    return flow.request.path.endswith('/chat/completions')\n\
    def text(flow):\n    return flow.response.get_content(strict=False) or b''\n\
    def is_stream(flow):\n    return 'event-stream' in flow.response.headers.get('content-type', '')\n\
    def cut(flow):\n    flow.response.raw_content = flow.response.raw_content[:len(flow.response.raw_content) // 2]\n";

/// mitmproxy with this script behind the usual beginning. Its own authority is in the place, beside that of the lab: both in one file.
fn mitmproxy(place: &Place, lab: &Lab, script: &str) -> (Server, String) {
    let (authority, file) = (place.write("lab.pem", lab.authority_pem()), place.write("script.py", &format!("{SCRIPT}{script}")));
    let own = Place::new();
    let port = own.port.to_string();
    let settings = ["confdir=".to_string() + &place.path(), format!("ssl_verify_upstream_trusted_ca={authority}")];
    let arguments = ["-q", "--listen-host", "127.0.0.1", "-p", &port, "-s", &file, "--set", &settings[0], "--set", &settings[1]];
    let server = Server::start(own, "mitmdump", &arguments);
    let read = |name: &str| std::fs::read_to_string(place.directory.join(name)).expect("an authority");
    let both = place.write("both.pem", &(read("lab.pem") + &read("mitmproxy-ca-cert.pem")));
    (server, both)
}

#[test]
#[ignore = "needs mitmproxy"]
fn mitmproxy_that_cuts_long_answers_is_named() {
    let (lab, place) = (lab(), Place::new());
    let (proxy, _) = mitmproxy(&place, &lab, "def response(flow):\n    if chat(flow) and len(text(flow)) > 20000: cut(flow)\n");
    probe(&through(&proxy, &lab, "healthy"), 1).blames(&["long", "proxied"], "direct", 11);
}

#[test]
#[ignore = "needs mitmproxy"]
fn mitmproxy_that_opens_tls_and_cuts_chinese_is_named() {
    let (lab, place) = (lab(), Place::new());
    let script = "def response(flow):\n    if chat(flow) and not is_stream(flow) and any(b > 127 for b in text(flow)): cut(flow)\n";
    let (proxy, authority) = mitmproxy(&place, &lab, script);
    let base = format!("{}/healthy/v1", lab.https_url());
    let url = proxy.url();
    let probed = probe(&words(&["--base-url", &base, "--proxy", &url, "--cacert", &authority]), 1);
    probed.blames(&["plain", "chinese", "proxied"], "direct", 11).names(&url, "mitmproxy");
}

#[test]
#[ignore = "needs mitmproxy"]
fn mitmproxy_that_rewrites_is_named() {
    let (lab, place) = (lab(), Place::new());
    let script = "def response(flow):\n    if chat(flow): flow.response.content = text(flow).replace(b'fp_', b'FP_')\n";
    let (proxy, _) = mitmproxy(&place, &lab, script);
    probe(&through(&proxy, &lab, "healthy-digest"), 1).blames(&["proxied"], "direct", 12);
}

#[test]
#[ignore = "needs mitmproxy and node"]
fn mitmproxy_that_stores_streams_is_named() {
    let (lab, place, node) = (lab(), Place::new(), node());
    let (proxy, _) = mitmproxy(&place, &lab, "");
    let base = format!("{}/model/v1", node.url());
    let probed = probe(&words(&["--base-url", &base, "--proxy", &proxy.url()]), 1);
    probed.blames(&["stream", "proxied"], "direct", 12);
}

#[test]
#[ignore = "needs mitmproxy: pages of a filter in place of answers"]
fn mitmproxy_that_answers_for_the_api_is_named() {
    let (lab, place) = (lab(), Place::new());
    let script = "def request(flow):\n    if chat(flow) and b'\\xe8\\xaf\\xb7' in (flow.request.raw_content or b''):\n        \
                  flow.response = http.Response.make(403, b'<html><title>blocked by the web filter</title></html>', {'Content-Type': 'text/html'})\n";
    let (proxy, _) = mitmproxy(&place, &lab, script);
    probe(&through(&proxy, &lab, "healthy"), 1).blames(&["chinese", "proxied"], "direct", 12);
}

/// Ten runs, each with its own luck.
#[track_caller]
fn in_peace(arguments: &[String]) {
    for seed in 0..10 {
        probe(arguments, seed).accuses_nobody();
    }
}

#[test]
#[ignore = "needs nginx"]
fn a_good_nginx_is_left_in_peace() {
    let (lab, place) = (lab(), Place::new());
    let nginx = nginx_to(port_of(&lab), "gzip on; gzip_min_length 1; gzip_types application/json text/event-stream;");
    in_peace(&relay_beside(&place, &nginx, &lab.http_url(), "healthy"));
}

#[test]
#[ignore = "needs squid"]
fn a_good_squid_is_left_in_peace() {
    let (lab, squid) = (lab(), squid("", ""));
    in_peace(&through(&squid, &lab, "healthy"));
}

#[test]
#[ignore = "needs mitmproxy"]
fn a_good_mitmproxy_is_left_in_peace() {
    let (lab, place) = (lab(), Place::new());
    let (proxy, authority) = mitmproxy(&place, &lab, "");
    in_peace(&through(&proxy, &lab, "healthy"));
    let base = format!("{}/healthy/v1", lab.https_url());
    in_peace(&words(&["--base-url", &base, "--proxy", &proxy.url(), "--cacert", &authority]));
}
