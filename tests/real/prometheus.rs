//! What `llmcheck monitor` gives to Prometheus, by Prometheus itself: promtool checks the metrics and the example files beside this one,
//! a real server scrapes and judges them, and node_exporter collects the file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{Place, Server, free_port};

const FIXTURES: &str = "tests/real/prometheus";
const LONGEST: Duration = Duration::from_secs(30);

/// Two endpoints of the lab: one is well, one refuses the key.
const TARGETS: [&str; 2] = ["lab/healthy", "lab/key-invalid"];

fn monitor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
    command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).arg("monitor").args(TARGETS).args(["--quiet", "--stream"]).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    command
}

/// The metrics after some checks.
fn page(place: &Place) -> String {
    let file = place.directory.join("llmcheck.prom");
    let status = monitor(&["--interval", "10ms", "--count", "4", "--max-p95", "1h", "--metrics-file"]).arg(&file).status().unwrap();
    assert_eq!(status.code(), Some(15));
    fs::read_to_string(file).unwrap()
}

/// The names of ours that stand in a text, without what a histogram adds to its own.
fn names(text: &str) -> BTreeSet<String> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c: char| !is_of_name(c)).filter(|word| word.starts_with("llmcheck_"));
    let base = |word: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word).to_string();
    words.map(base).collect()
}

/// Everything that the dashboard asks Prometheus.
fn dashboard_queries() -> Vec<String> {
    let dashboard: Value = serde_json::from_str(&fs::read_to_string(format!("{FIXTURES}/dashboard.json")).unwrap()).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let queries =
        panels.iter().flat_map(|panel| panel["targets"].as_array().unwrap()).map(|target| target["expr"].as_str().unwrap().to_string());
    queries.collect()
}

#[test]
fn every_metric_of_the_dashboard_and_of_the_rules_is_exposed_and_the_dashboard_shows_all() {
    let page = page(&Place::new());
    let exposed: BTreeSet<String> =
        page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).map(str::to_string).collect();
    let dashboard = names(&dashboard_queries().concat());
    let rules = names(&fs::read_to_string(format!("{FIXTURES}/alerts.yml")).unwrap());
    assert_eq!(dashboard.union(&rules).filter(|name| !exposed.contains(*name)).collect::<Vec<_>>(), Vec::<&String>::new());
    assert_eq!(exposed.difference(&dashboard).collect::<Vec<_>>(), ["llmcheck_build_info"]);
}

#[track_caller]
fn promtool(arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("promtool")
        .args(arguments)
        .current_dir(FIXTURES)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    said
}

#[test]
#[ignore = "needs Prometheus"]
fn promtool_has_nothing_to_say_of_the_metrics() {
    assert_eq!(promtool(&["check", "metrics"], &page(&Place::new())), "");
}

#[test]
#[ignore = "needs Prometheus"]
fn promtool_finds_the_example_files_good_and_the_rules_alert_when_they_should() {
    promtool(&["check", "config", "prometheus.yml"], "");
    promtool(&["check", "rules", "alerts.yml"], "");
    promtool(&["test", "rules", "alerts_test.yml"], "");
}

/// Ended on drop.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The body of a response; HTTP/1.0, so that it has no chunks.
fn fetched(port: u16, target: &str) -> String {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.write_all(format!("GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n").as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{said}")).1.to_string()
}

/// What Prometheus answers to a query.
fn queried(port: u16, query: &str) -> Vec<Value> {
    let encoded: String =
        query.bytes().map(|byte| if byte.is_ascii_alphanumeric() { (byte as char).to_string() } else { format!("%{byte:02X}") }).collect();
    let answer: Value = serde_json::from_str(&fetched(port, &format!("/api/v1/query?query={encoded}"))).unwrap();
    assert_eq!(answer["status"], "success", "{query}: {answer}");
    answer["data"]["result"].as_array().unwrap().clone()
}

#[track_caller]
fn wait_for(port: u16, query: &str, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    let until = Instant::now() + LONGEST;
    loop {
        let found = queried(port, query);
        if is_there(&found) {
            return found;
        }
        assert!(Instant::now() < until, "{query}: {found:?}");
        thread::sleep(Duration::from_millis(100));
    }
}

/// The example files as they are, but at this port and in a hurry.
fn configured(place: &Place, scraped: u16) -> String {
    let text = fs::read_to_string(Path::new(FIXTURES).join("prometheus.yml")).unwrap();
    assert!(text.contains(":9464") && text.contains(": 15s"));
    place.write("alerts.yml", &fs::read_to_string(Path::new(FIXTURES).join("alerts.yml")).unwrap());
    place.write("prometheus.yml", &text.replace(":9464", &format!(":{scraped}")).replace(": 15s", ": 200ms"))
}

#[test]
#[ignore = "needs Prometheus"]
fn a_real_prometheus_scrapes_and_alerts_and_answers_all_that_the_dashboard_asks() {
    let port = free_port();
    let _monitor = Running(monitor(&["--interval", "50ms", "--max-p95", "1h", "--listen", &format!("127.0.0.1:{port}")]).spawn().unwrap());
    let place = Place::new();
    let file = configured(&place, port);
    let arguments = [
        format!("--config.file={file}"),
        format!("--storage.tsdb.path={}/data", place.path()),
        format!("--web.listen-address=127.0.0.1:{}", place.port),
    ];
    let prometheus = Server::start(place, "prometheus", &arguments.each_ref().map(String::as_str));
    let until = Instant::now() + LONGEST;
    while !fetched(prometheus.port(), "/-/ready").contains("is Ready") {
        assert!(Instant::now() < until, "Prometheus does not get ready");
        thread::sleep(Duration::from_millis(50));
    }
    let up = wait_for(prometheus.port(), "llmcheck_up", |found| found.len() == 2);
    let value = |of: &str| up.iter().find(|series| series["metric"]["target"] == of).unwrap()["value"][1].clone();
    assert_eq!((value("lab/healthy"), value("lab/key-invalid")), ("1".into(), "0".into()));
    wait_for(prometheus.port(), "up{job=\"llmcheck\"} == 1", |found| !found.is_empty());
    // The exposition is whole: what a histogram counts is what was checked.
    let counted = "sum(llmcheck_duration_seconds_count{target=\"lab/healthy\"}) - sum(llmcheck_checks_total{target=\"lab/healthy\"})";
    wait_for(prometheus.port(), counted, |found| found.len() == 1 && found[0]["value"][1] == "0");
    let firing = "ALERTS{alertname=\"LLMAlertFiring\",alertstate=\"firing\",rule=\"class:auth\"}";
    assert_eq!(wait_for(prometheus.port(), firing, |found| !found.is_empty())[0]["metric"]["target"], "lab/key-invalid");
    for query in dashboard_queries() {
        let asked = query.replace("$target", ".*").replace("$__rate_interval", "1m");
        wait_for(prometheus.port(), &asked, |found| !found.is_empty() || query.contains("> 0"));
    }
    let targets: Value = serde_json::from_str(&fetched(prometheus.port(), "/api/v1/targets")).unwrap();
    assert_eq!(
        (&targets["data"]["activeTargets"][0]["health"], &targets["data"]["activeTargets"][0]["lastError"]),
        (&"up".into(), &"".into())
    );
}

#[test]
#[ignore = "needs node_exporter"]
fn a_real_node_exporter_collects_the_file() {
    let place = Place::new();
    page(&place);
    let file: PathBuf = place.directory.join("llmcheck.prom");
    assert!(file.is_file());
    let directory = format!("--collector.textfile.directory={}", place.path());
    let address = format!("--web.listen-address=127.0.0.1:{}", place.port);
    let exporter =
        Server::start(place, "prometheus-node-exporter", &["--collector.disable-defaults", "--collector.textfile", &directory, &address]);
    let page = fetched(exporter.port(), "/metrics");
    assert!(page.contains("node_textfile_scrape_error 0\n"), "{page}");
    assert!(page.contains("llmcheck_up{model=\"gpt-4o-mini\",target=\"lab/healthy\"} 1\n"), "{page}");
}
