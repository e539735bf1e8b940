//! `llmcheck monitor`: what each check leaves in the log, when alerts open and close, who is told of them, and what goes on after a stop.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use crate::program::{Ran, directory, finish, llmcheck, run, signal};
use crate::relay::{Asked, Relay};
use crate::server::{api_error, good, response};

pub const KEY: &str = "sk-monitor-0123456789abcdef";

/// A line of the log: everything that may be in it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    pub schema: String,
    pub time: String,
    pub target: String,
    pub seq: u64,
    pub model: Option<String>,
    pub class: String,
    pub code: String,
    pub severity: String,
    pub at_fault: String,
    pub stream: bool,
    pub status: Option<u16>,
    pub first_byte_ms: Option<f64>,
    pub first_token_ms: Option<f64>,
    pub total_ms: Option<f64>,
    pub answer_tokens: Tokens,
    pub prompt_tokens: Option<u64>,
    pub characters: u64,
    pub billed_tokens: Tokens,
    pub opened: Vec<String>,
    pub closed: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    pub count: u64,
    pub is_estimate: bool,
}

impl Line {
    pub fn has_failed(&self) -> bool {
        self.severity == "error"
    }
}

#[track_caller]
pub fn lines(text: &str) -> Vec<Line> {
    assert!(text.is_empty() || text.ends_with('\n'), "half a line: {text}");
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// A directory with a configuration, and a monitor that lives in it.
pub struct Monitor {
    pub place: PathBuf,
    arguments: Vec<String>,
}

impl Monitor {
    /// Of these endpoints, every 10 ms.
    pub fn of(test: &str, endpoints: &[(&str, &Relay)]) -> Monitor {
        let place = directory(&format!("monitor-{test}"));
        let section =
            |(name, relay): &(&str, &Relay)| format!("[endpoints.{name}]\nbase_url = \"{}\"\napi_key_env = \"MONITOR_KEY\"\n", relay.url());
        fs::write(place.join("config.toml"), endpoints.iter().map(section).collect::<String>()).unwrap();
        let names = endpoints.iter().map(|(name, _)| name.to_string());
        let own = ["--config", "config.toml", "--interval", "10ms"].map(String::from);
        Monitor { place, arguments: names.chain(own).collect() }
    }

    pub fn with(mut self, arguments: &[&str]) -> Monitor {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    pub fn command(&self) -> Command {
        let mut command = llmcheck(["monitor"]);
        command.args(&self.arguments).current_dir(&self.place).env("MONITOR_KEY", KEY);
        command
    }

    #[track_caller]
    pub fn run(&self) -> Ran {
        run(self.command())
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    #[track_caller]
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// Starts it and waits until its stderr has these words; what else it says there is not read.
    fn start(&self, words: &str) -> (Child, String) {
        let mut child = self.command().spawn().unwrap();
        let mut reader = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains(words) {
            line.clear();
            assert_ne!(reader.read_line(&mut line).unwrap(), 0, "no {words:?} on stderr");
        }
        thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()));
        (child, line)
    }
}

pub fn failure() -> Vec<u8> {
    response("500 Internal Server Error", "", api_error("The server had an error").as_bytes())
}

pub fn refusal() -> Vec<u8> {
    let said = "Incorrect API key provided: sk-x. You can find your API key at https://platform.openai.com/account/api-keys.";
    response("401 Unauthorized", "", api_error(said).as_bytes())
}

/// Answers the n-th request, from 0 on, with what this says of it.
fn by_number(reply: impl Fn(usize) -> Vec<u8> + Send + Sync + 'static) -> Relay {
    Relay::replying(move |asked: &Asked| reply(asked.number))
}

fn well() -> Relay {
    by_number(|_| good("OK"))
}

fn failing_from(first: usize, last: usize) -> Relay {
    by_number(move |number| if (first..=last).contains(&number) { failure() } else { good("OK") })
}

/// What opened and closed, and at which check.
fn told(lines: &[Line]) -> Vec<String> {
    let of = |line: &Line, sign, rules: &[String]| rules.iter().map(|rule| format!("{} {sign}{rule}", line.seq)).collect::<Vec<_>>();
    lines.iter().flat_map(|line| [of(line, '+', &line.opened), of(line, '-', &line.closed)].concat()).collect()
}

#[test]
fn a_check_is_one_line_and_the_run_ends_well_when_the_bounds_held() {
    let relay = well();
    let ran = Monitor::of("well", &[("relay", &relay)]).with(&["--count", "3", "--json", "--log", "log"]).run();
    ran.ends_with(0).tells("watching relay: a check every 10ms ± 10 %, 360000 requests an hour, with 5760000 tokens of answers at most");
    ran.tells("relay: 0 of 3 checks failed; alerts: 0");
    let lines = lines(&ran.stdout);
    assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), [1, 2, 3]);
    for line in &lines {
        assert_eq!((line.schema.as_str(), line.target.as_str(), line.class.as_str()), ("llmcheck.check/1", "relay", "healthy"));
        assert!(line.first_byte_ms.unwrap() <= line.total_ms.unwrap() && line.time.ends_with('Z') && !line.stream);
        assert_eq!(
            (line.model.as_deref(), line.code.as_str(), line.severity.as_str(), line.status),
            (Some("gpt-4o-mini"), "healthy", "ok", Some(200))
        );
        assert_eq!((line.at_fault.as_str(), line.characters, line.first_token_ms), ("unknown", 2, None));
        let (answer, billed) = (&line.answer_tokens, &line.billed_tokens);
        assert_eq!((answer.is_estimate, billed.is_estimate), (false, false));
        assert_eq!(billed.count, answer.count + line.prompt_tokens.unwrap());
    }
    let asked = relay.requests();
    assert_eq!(
        (asked.len(), &asked[0].json()["max_tokens"], &asked[0].json()["messages"][0]["content"]),
        (3, &16.into(), &"Say OK.".into())
    );
}

#[test]
fn the_start_says_what_it_costs_where_all_prices_are_known() {
    let monitor = Monitor::of("cost", &[("relay", &well())]).with(&["--count", "1", "--interval", "1m"]);
    let configuration = monitor.read("config.toml") + "price = { input = 1.0, output = 100.0 }\n";
    fs::write(monitor.file("config.toml"), configuration).unwrap();
    monitor
        .run()
        .ends_with(0)
        .tells("60 requests an hour, with 960 tokens of answers at most, for 0.097 at most by the configured prices\n");
}

#[test]
fn the_log_has_what_json_prints() {
    let monitor = Monitor::of("same", &[("a", &well()), ("b", &failing_from(1, 2))]).with(&["--count", "4", "--json", "--log", "log"]);
    let ran = monitor.run();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_string).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&ran.stdout), sorted(&monitor.read("log")));
    assert_eq!(ran.stdout.lines().count(), 8);
}

#[test]
fn an_alert_opens_with_the_second_failure_and_closes_after_five_good_checks() {
    let monitor = Monitor::of("opens", &[("relay", &failing_from(5, 7))]).with(&["--count", "20", "--log", "log"]);
    let ran = monitor.run();
    ran.ends_with(17)
        .tells("alert: relay: 2 of 7 checks failed, more than 2 %; now provider-error")
        .tells("recovered: relay: error-rate, after");
    ran.tells("relay: 3 of 20 checks failed; alerts: 1\n").prints("");
    assert_eq!(told(&lines(&monitor.read("log"))), ["7 +error-rate", "13 -error-rate"]);
}

#[test]
fn one_failure_is_told_by_the_log_only() {
    let ran = Monitor::of("one", &[("relay", &failing_from(5, 5))]).with(&["--count", "30"]).run();
    ran.ends_with(0).tells("relay: 1 of 30 checks failed; alerts: 0");
    assert!(!ran.stderr.contains("alert: "), "{ran:?}");
}

#[test]
fn a_key_that_is_refused_alerts_at_once() {
    let relay = by_number(|number| if number == 0 { refusal() } else { good("OK") });
    let monitor = Monitor::of("at-once", &[("relay", &relay)]).with(&["--count", "8", "--log", "log"]);
    monitor.run().ends_with(15).tells("alert: relay: key-invalid (class:auth)").tells("recovered: relay: class:auth");
    assert_eq!(told(&lines(&monitor.read("log"))), ["1 +class:auth", "6 -class:auth"]);
}

#[test]
fn no_class_alerts_at_once_where_none_is_to() {
    let relay = by_number(|number| if number == 0 { refusal() } else { good("OK") });
    Monitor::of("none", &[("relay", &relay)]).with(&["--count", "8", "--alert-on", "none"]).run().ends_with(0);
}

#[test]
fn slow_answers_break_a_bound_on_time_and_that_is_exit_code_1() {
    let relay = by_number(|_| {
        thread::sleep(Duration::from_millis(30));
        good("OK")
    });
    let monitor =
        Monitor::of("slow", &[("relay", &relay)]).with(&["--count", "4", "--max-p95", "20ms", "--max-first-byte", "1h", "--log", "log"]);
    monitor.run().ends_with(1).tells("alert: relay: the time of an answer is").tells("more than 20 ms");
    assert_eq!(told(&lines(&monitor.read("log"))), ["3 +p95"]);
}

#[test]
fn a_bound_on_the_first_token_asks_for_streams() {
    let ran = run(llmcheck(["monitor", "lab/healthy", "--interval", "10ms", "--count", "2", "--max-first-token", "1h", "--json"]));
    assert!(lines(&ran.ends_with(0).stdout).iter().all(|line| line.stream && line.first_token_ms.is_some()), "{ran:?}");
}

#[test]
fn a_bound_on_the_first_token_of_a_body_that_asks_for_no_stream_is_refused() {
    let body = crate::program::file("monitor-body", "{\"model\": \"m\", \"messages\": []}");
    let arguments = ["monitor", "lab/healthy", "--max-first-token", "1s", "--body", &body];
    run(llmcheck(arguments)).ends_with(2).tells("--max-first-token is for streams, and the body asks for none");
}

#[test]
fn an_endpoint_that_hangs_holds_up_no_other() {
    let hanging = by_number(|_| {
        thread::sleep(Duration::from_secs(20));
        Vec::new()
    });
    let quick = well();
    let monitor = Monitor::of("hangs", &[("hanging", &hanging), ("quick", &quick)]).with(&["--count", "10", "--json"]);
    let mut child = monitor.command().spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..10 {
        assert!(stdout.next().unwrap().unwrap().contains("\"target\":\"quick\""));
    }
    signal(child.id(), "INT");
    finish(child).ends_with(130).tells("hanging: 0 of 0 checks failed").tells("quick: 0 of 10 checks failed");
}

#[test]
fn checks_of_a_target_never_overlap_and_a_run_may_be_bounded_by_time() {
    let relay = by_number(|_| {
        thread::sleep(Duration::from_millis(60));
        good("OK")
    });
    let monitor = Monitor::of("for", &[("relay", &relay)]).with(&["--for", "200ms", "--interval", "1ms", "--json"]);
    let ran = monitor.run();
    let count = lines(&ran.ends_with(0).stdout).len();
    assert!((1..=4).contains(&count) && relay.count_of_requests() == count, "{ran:?}");
}

#[test]
fn the_command_is_told_of_alerts_and_recoveries_with_the_report() {
    let command = "cat >> events; echo \"$LLMCHECK_EVENT $LLMCHECK_TARGET $LLMCHECK_ALERT\" >> names";
    let monitor = Monitor::of("told", &[("relay", &failing_from(2, 4))]).with(&["--count", "12", "--on-alert", command]);
    monitor.run().ends_with(17);
    assert_eq!(monitor.read("names"), "alert relay error-rate\nrecovered relay error-rate\n");
    let events: Vec<Value> = monitor.read("events").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let keys = |event: &Value| event.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&events[0]), "bound broken checks event message report rule schema since target time value");
    assert_eq!(
        (&events[0]["schema"], &events[0]["event"], &events[0]["rule"]),
        (&"llmcheck.alert/1".into(), &"alert".into(), &"error-rate".into())
    );
    assert_eq!(
        (&events[0]["bound"], &events[0]["broken"], &events[0]["checks"], &events[0]["value"]),
        (&0.02.into(), &2.into(), &4.into(), &0.5.into())
    );
    assert_eq!(
        (&events[0]["report"]["schema"], &events[0]["report"]["verdict"]["code"]),
        (&"llmcheck.report/1".into(), &"provider-error".into())
    );
    assert_eq!((&events[1]["event"], &events[1]["report"]["verdict"]["code"]), (&"recovered".into(), &"healthy".into()));
    assert_eq!((&events[1]["since"], &events[0]["since"]), (&events[0]["time"], &events[0]["time"]));
}

#[test]
fn a_command_that_fails_is_told_and_holds_up_nothing() {
    let monitor = Monitor::of("command", &[("relay", &failing_from(2, 4))]);
    let monitor = monitor.with(&["--count", "12", "--on-alert", "echo no such channel >&2; exit 7"]);
    monitor.run().ends_with(17).tells("--on-alert failed: exit status: 7: no such channel").tells("3 of 12 checks failed");
}

#[test]
fn no_key_is_in_what_the_command_is_told_or_in_the_log() {
    let echo = Relay::replying(|asked| {
        response("401 Unauthorized", "", api_error(&format!("bad key {}", asked.request.field("authorization").unwrap())).as_bytes())
    });
    let monitor =
        Monitor::of("secret", &[("relay", &echo)]).with(&["--count", "2", "--on-alert", "cat > event", "--log", "log", "--json", "-v"]);
    let ran = monitor.run();
    assert!(echo.requests()[0].field("authorization").unwrap().contains(KEY));
    for text in [&monitor.read("event"), &monitor.read("log"), &ran.stdout, &ran.stderr] {
        assert!(!text.contains(KEY) && !text.is_empty(), "{text}");
    }
}

#[test]
fn the_same_log_goes_on_where_the_last_run_stopped() {
    let relay = failing_from(2, 9);
    let monitor = Monitor::of("goes-on", &[("relay", &relay)]).with(&[
        "--log",
        "log",
        "--on-alert",
        "echo \"$LLMCHECK_EVENT\" >> told",
        "--count",
        "6",
    ]);
    monitor.run().ends_with(17);
    // It was told already, and not again; but the bound has not held.
    let ran = monitor.run();
    ran.ends_with(17)
        .tells("going on from 6 checks in log")
        .tells("relay: the alert error-rate is open since")
        .tells("relay: 4 of 6 checks failed; alerts: 0, open now: error-rate");
    monitor.run().ends_with(1).tells("recovered: relay: error-rate");
    monitor.run().ends_with(0);
    let lines = lines(&monitor.read("log"));
    assert_eq!(lines.iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=24).collect::<Vec<_>>());
    assert_eq!(told(&lines), ["4 +error-rate", "15 -error-rate"]);
    assert_eq!(monitor.read("told"), "alert\nrecovered\n");
}

#[test]
fn a_line_that_a_kill_has_cut_is_taken_out_and_one_that_lacks_its_end_is_completed() {
    let monitor = Monitor::of("cut", &[("relay", &well())]).with(&["--log", "log", "--count", "2"]);
    monitor.run().ends_with(0);
    let whole = monitor.read("log");
    for (left, seqs) in [(&whole[..whole.len() - 1], 4), (&whole[..whole.len() - 2], 3), (&whole[..whole.find('\n').unwrap() + 9], 3)] {
        fs::write(monitor.file("log"), left).unwrap();
        monitor.run().ends_with(0);
        assert_eq!(lines(&monitor.read("log")).iter().map(|line| line.seq).collect::<Vec<_>>(), (1..=seqs).collect::<Vec<_>>());
    }
}

#[test]
fn a_file_that_is_something_else_is_left_alone() {
    let monitor = Monitor::of("foreign", &[("relay", &well())]).with(&["--log", "log", "--count", "1"]);
    for foreign in ["hello\n", "hello", "{\"schema\":\"llmcheck.report/1\"}\n"] {
        fs::write(monitor.file("log"), foreign).unwrap();
        monitor.run().ends_with(2).tells("the log log: line 1 is no check of a monitor; name another log");
        assert_eq!(monitor.read("log"), foreign);
    }
    Monitor::of("directory", &[("relay", &well())]).with(&["--log", ".", "--count", "1"]).run().ends_with(2).tells("must be a file");
}

#[test]
fn two_monitors_do_not_write_to_one_log() {
    let monitor = Monitor::of("two", &[("relay", &well())]).with(&["--log", "log"]);
    let (child, _) = monitor.start("watching");
    monitor.run().ends_with(1).tells("is being written by another monitor");
    signal(child.id(), "INT");
    finish(child).ends_with(130);
}

#[test]
fn a_log_that_is_copied_and_truncated_goes_on_from_its_beginning() {
    let monitor = Monitor::of("rotated", &[("relay", &well())]).with(&["--log", "log"]);
    let (child, _) = monitor.start("watching");
    let log = monitor.file("log");
    let wait = || while fs::metadata(&log).map_or(0, |metadata| metadata.len()) < 1000 {};
    wait();
    fs::OpenOptions::new().write(true).open(&log).unwrap().set_len(0).unwrap();
    wait();
    signal(child.id(), "INT");
    finish(child).ends_with(130);
    let seqs: Vec<u64> = lines(&monitor.read("log")).iter().map(|line| line.seq).collect();
    assert!(seqs[0] > 1 && seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
}

#[test]
fn a_log_that_is_renamed_or_removed_goes_on_under_its_name() {
    let monitor = Monitor::of("renamed", &[("relay", &well())]).with(&["--log", "log"]);
    let (child, _) = monitor.start("watching");
    let log = monitor.file("log");
    let wait = || while fs::metadata(&log).map_or(0, |metadata| metadata.len()) < 1000 {};
    wait();
    fs::rename(&log, monitor.file("log.1")).unwrap();
    wait();
    let before = fs::metadata(monitor.file("log.1")).unwrap().len();
    fs::remove_file(&log).unwrap();
    wait();
    signal(child.id(), "INT");
    finish(child).ends_with(130);
    let (first, last) = (lines(&monitor.read("log.1")), lines(&monitor.read("log")));
    assert_eq!((first[0].seq, fs::metadata(monitor.file("log.1")).unwrap().len()), (1, before));
    assert!(last[0].seq > first.last().unwrap().seq && last.windows(2).all(|pair| pair[1].seq == pair[0].seq + 1), "{last:?}");
}

#[test]
fn checks_are_kept_for_a_log_in_whose_place_something_else_stands() {
    let monitor = Monitor::of("displaced", &[("relay", &well())]).with(&["--log", "log"]);
    let mut child = monitor.command().spawn().unwrap();
    let mut told = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let log = monitor.file("log");
    while fs::metadata(&log).map_or(0, |metadata| metadata.len()) == 0 {}
    fs::rename(&log, monitor.file("log.1")).unwrap();
    // It may have been made anew already.
    while fs::create_dir(&log).is_err() {
        let _ = fs::remove_file(&log);
    }
    assert!(told.any(|line| line.contains("the log cannot be written: ")));
    fs::remove_dir(&log).unwrap();
    assert!(told.any(|line| line.contains("the log is written again")));
    signal(child.id(), "INT");
    assert!(told.any(|line| line.contains("checks failed; alerts: 0")));
    finish(child).ends_with(130);
    let seqs: Vec<u64> = lines(&monitor.read("log")).iter().map(|line| line.seq).collect();
    assert!(seqs.windows(2).all(|pair| pair[1] == pair[0] + 1), "{seqs:?}");
}

#[test]
fn a_disk_that_is_full_is_told_and_is_no_reason_to_stop_watching() {
    if !std::path::Path::new("/dev/full").exists() {
        return;
    }
    // No file is larger than this shell allows, in blocks of 512 bytes; the signal is ignored, so that the write fails instead.
    let monitor = Monitor::of("full", &[("relay", &failing_from(6, 8))]).with(&["--log", "log", "--count", "18"]);
    let own = monitor.command();
    let typed: Vec<String> =
        std::iter::once(own.get_program()).chain(own.get_args()).map(|word| format!("'{}'", word.to_str().unwrap())).collect();
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f 4; exec {}", typed.join(" "))]).current_dir(&monitor.place).env("MONITOR_KEY", KEY);
    shell.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let ran = run(shell);
    ran.ends_with(1).tells("the log cannot be written: ").tells("alert: relay").tells("recovered: relay").tells("checks are missing");
    assert_eq!(ran.stderr.matches("cannot be written:").count(), 1, "{ran:?}");
    assert!(lines(&monitor.read("log")).iter().enumerate().all(|(place, line)| line.seq == place as u64 + 1));
}

#[test]
fn the_metrics_file_is_replaced_as_a_whole() {
    let monitor = Monitor::of("metrics", &[("relay", &failing_from(0, 0))]).with(&["--metrics-file", "llmcheck.prom", "--count", "3"]);
    monitor.run().ends_with(0);
    let page = monitor.read("llmcheck.prom");
    for line in [
        "llmcheck_checks_total{target=\"relay\",model=\"gpt-4o-mini\",class=\"healthy\",code=\"healthy\",severity=\"ok\"} 2",
        "llmcheck_checks_total{target=\"relay\",model=\"gpt-4o-mini\",class=\"upstream_error\",code=\"provider-error\",severity=\"error\"} 1",
        "llmcheck_up{target=\"relay\",model=\"gpt-4o-mini\"} 1",
        "llmcheck_alert_firing{target=\"relay\",rule=\"error-rate\"} 0",
    ] {
        assert!(page.contains(&format!("{line}\n")), "{line} is not in\n{page}");
    }
    let mut files: Vec<String> =
        fs::read_dir(&monitor.place).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    assert_eq!(files, ["config.toml", "llmcheck.prom"]);
    Monitor::of("nowhere", &[("relay", &well())])
        .with(&["--metrics-file", "no/where.prom"])
        .run()
        .ends_with(2)
        .tells("no/where.prom cannot be written");
}

#[test]
fn the_metrics_take_the_place_of_a_file_of_metrics_and_of_nothing_else() {
    use std::os::unix::fs::FileTypeExt as _;
    let monitor = Monitor::of("places", &[("relay", &well())]).with(&["--count", "1", "--log", "log"]);
    let run_with = |metrics: &str| {
        let mut command = monitor.command();
        command.args(["--metrics-file", metrics]);
        run(command)
    };
    let place = &monitor.place;
    assert!(Command::new("mkfifo").arg(place.join("fifo")).status().unwrap().success());
    run_with("fifo").ends_with(2).tells("the metrics file fifo must be a file");
    assert!(fs::metadata(place.join("fifo")).unwrap().file_type().is_fifo());
    run_with(".").ends_with(2).tells("must be a file");
    run_with("./log").ends_with(2).tells("the metrics would overwrite the log");
    assert_eq!(monitor.read("log"), "");
    // A link leads to where they are kept.
    fs::write(place.join("real.prom"), "").unwrap();
    std::os::unix::fs::symlink("real.prom", place.join("link.prom")).unwrap();
    run_with("link.prom").ends_with(0);
    assert!(monitor.read("real.prom").contains("llmcheck_up"));
    assert!(fs::symlink_metadata(place.join("link.prom")).unwrap().is_symlink());
}

#[test]
fn no_key_is_in_the_name_of_a_target_or_of_a_model() {
    let monitor = Monitor::of("key-in-name", &[(KEY, &failing_from(0, 9))]);
    let monitor =
        monitor.with(&["--count", "3", "--model", KEY, "--log", "log", "--metrics-file", "m", "--on-alert", "cat > told; env >> told"]);
    let ran = monitor.run();
    ran.ends_with(17).tells("alert: ****");
    let told: String = monitor.read("told").lines().filter(|line| !line.starts_with("MONITOR_KEY=")).collect();
    for text in [&ran.stderr, &monitor.read("log"), &monitor.read("m"), &told] {
        assert!(!text.is_empty() && !text.contains(&KEY[..16]), "{text}");
    }
}

fn got(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut said = String::new();
    stream.read_to_string(&mut said).unwrap();
    said
}

#[test]
fn a_scraper_is_served_whatever_others_do() {
    let monitor = Monitor::of("listen", &[("relay", &well())]).with(&["--listen", "127.0.0.1:0"]);
    let (child, line) = monitor.start("metrics at");
    let address = line.split("http://").nth(1).unwrap().split('/').next().unwrap().to_string();
    let _silent: Vec<TcpStream> = (0..8).map(|_| TcpStream::connect(&address).unwrap()).collect();
    assert!(got(&address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("\r\n\r\nok\n"));
    while !got(&address, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").contains("\nllmcheck_up{target=\"relay\",model=\"gpt-4o-mini\"} 1\n") {
    }
    assert!(got(&address, &format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(100_000))).starts_with("HTTP/1.1 4"));
    signal(child.id(), "TERM");
    finish(child).ends_with(130);
}

#[test]
fn what_is_no_address_is_said() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let ran = Monitor::of("taken", &[("relay", &well())]).with(&["--listen", &address]).run();
    ran.ends_with(2).tells(&format!("nothing can listen at {address}; name another address or port"));
    Monitor::of("address", &[("relay", &well())]).with(&["--listen", "9464"]).run().ends_with(2).tells("nothing can listen at \"9464\"");
}

#[test]
fn an_interrupt_ends_it_with_a_summary_and_leaves_no_line_of_the_check_under_way() {
    let relay = by_number(|number| {
        thread::sleep(Duration::from_secs(if number < 2 { 0 } else { 20 }));
        good("OK")
    });
    let monitor = Monitor::of("interrupt", &[("relay", &relay)]).with(&["--log", "log"]);
    let child = monitor.command().spawn().unwrap();
    while relay.count_of_requests() < 3 {
        thread::yield_now();
    }
    signal(child.id(), "INT");
    finish(child).ends_with(130).tells("relay: 0 of 2 checks failed; alerts: 0");
    assert_eq!(lines(&monitor.read("log")).len(), 2);
}

#[test]
fn it_ends_when_nobody_reads_its_lines() {
    let mut child = Monitor::of("unread", &[("relay", &well())]).with(&["--json"]).command().spawn().unwrap();
    drop(child.stdout.take());
    finish(child).ends_with(0);
}

#[test]
fn what_cannot_be_meant_is_refused() {
    for (arguments, words) in [
        (&["--alert-on", "atuh"][..], "there is no class \"atuh\"; did you mean \"auth\"?"),
        (&["--max-error-rate", "0.02"], "write a percent sign"),
        (&["--window", "0"], "from 1 to 10000"),
        (&["--interval", "60"], "write a unit"),
        (&["--max-first-token", "5s", "--no-stream"], "cannot be used with"),
        (&["lab/healthy"], "named twice"),
        (&["lab/heathy"], "did you mean \"healthy\"?"),
    ] {
        run(llmcheck(["monitor", "lab/healthy"].iter().chain(arguments))).ends_with(2).tells(words);
    }
}

#[test]
fn quiet_says_nothing_and_chinese_says_it_in_chinese() {
    let monitor = |test| Monitor::of(test, &[("relay", &failing_from(0, 2))]).with(&["--count", "8"]);
    monitor("quiet").with(&["--quiet"]).run().ends_with(17).is_silent().prints("");
    let ran = monitor("chinese").with(&["--lang", "zh"]).run();
    ran.tells("正在监测 relay：每 10ms ± 10% 检查一次").tells("告警：relay：3 次检查有 3 次失败，超过 2%").tells("恢复：relay：error-rate");
}

#[test]
fn a_terminal_has_a_line_for_each_target_that_stays_in_its_place() {
    let arguments = ["monitor", "lab/healthy", "lab/outages-500", "--interval", "50ms", "--for", "2s"];
    let Some(shown) = crate::terminal::on_terminal(&arguments, &[("COLUMNS", "100")]) else { return };
    assert!(shown.contains("\u{1b}[2A") && shown.contains("lab/outages-500  token-limit-reached"), "{shown}");
    let last = shown.rsplit("\u{1b}[J").next().unwrap();
    assert!(last.contains("lab/healthy: 0 of") && !last.contains('✓'), "{last}");
}
