//! What can be typed after `llmcheck monitor`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::{ConnectionArgs, RequestArgs, duration};

pub const HELP: &str = "\
  llmcheck monitor relay official:gpt-4o-mini --interval 1m --max-p95 8s --log checks.jsonl
  llmcheck monitor relay --listen 127.0.0.1:9464                 for Prometheus; or --metrics-file for node_exporter
  llmcheck monitor relay --count 10 --interval 5s && ./deploy    the exit code says whether the bounds held
  llmcheck monitor lab/healthy lab/outages-500 --interval 200ms  to see it at work: no key, no network

When an alert opens. Each bound is judged over the latest --window checks of a target: it is broken when these show with
95 % confidence (the low end of Wilson's interval) that too many are bad, and by no fewer than two of them. Too many is
more than --max-error-rate of failures, or more than 5 % of answers slower than a bound on time: those are bounds on the
95th percentile. With the usual settings the second failure within 20 checks opens an alert, and so does the third slow
answer. A verdict of --alert-on opens one at once: those named by default do not pass by themselves.

When it closes. After --recover-after checks in a row that are fine under its rule. What led to it counts no more then.
Between the two it is told once, however many checks are bad. A warning is no failure: an answer cut by --max-tokens is fine.

--on-alert CMD is run by the shell for every alert and every recovery, one after the other, for 30 s at most, while checks
go on. On its stdin is one JSON object, llmcheck.alert/1: event (\"alert\" or \"recovered\"), time, target, rule, value,
bound, checks, broken, since, message, and the report of the check that decided. In its environment are LLMCHECK_EVENT,
LLMCHECK_TARGET, LLMCHECK_ALERT (the rule) and LLMCHECK_MESSAGE.

--log FILE gets one JSON line for each check, llmcheck.check/1. A monitor that was killed goes on with the same log: numbers
go on, windows are full, and alerts that were open are open still. They are not told again. logrotate may rename it or
copy and truncate it.

The request is short, and its answer at most 16 tokens if nothing else is said. A check takes no longer than a minute, or
an interval where that is longer, if --timeout does not say otherwise.

With --count or --for the exit code is 0 when no alert was open at any time, else that of the class of most failures, or 1
where only a bound on time was broken; 130 after Ctrl-C, always.";

#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// ENDPOINT of the configuration file, ENDPOINT:MODEL, :MODEL at the first one's or the default endpoint, or lab/NAME
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,

    /// From one check of a target to the next
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1m", help_heading = "Schedule")]
    pub interval: Duration,

    /// How far an interval may be off at random, so that many monitors do not ask at once
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "10%", help_heading = "Schedule")]
    pub jitter: f64,

    /// End after N checks of each target
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "Schedule")]
    pub count: Option<u64>,

    /// Begin no check later than this
    #[arg(long = "for", value_name = "DURATION", value_parser = duration, help_heading = "Schedule")]
    pub lasting: Option<Duration>,

    /// Alert where more checks fail than this; 100% never does
    #[arg(long, value_name = "PERCENT", value_parser = percent, default_value = "2%", help_heading = "Bounds")]
    pub max_error_rate: f64,

    /// Alert where the 95th percentile of the whole answer's time is beyond this
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Bounds")]
    pub max_p95: Option<Duration>,

    /// The same of the time to the first token; asks for streams
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Bounds", conflicts_with = "no_stream")]
    pub max_first_token: Option<Duration>,

    /// The same of the time to the first byte
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Bounds")]
    pub max_first_byte: Option<Duration>,

    /// Classes of verdicts that alert at once; none for no class
    #[arg(
        long,
        value_name = "CLASS,…",
        value_delimiter = ',',
        default_value = "auth,quota,invalid_request,tls_error",
        help_heading = "Bounds"
    )]
    pub alert_on: Vec<String>,

    /// The checks that count together: a number of them, or those of a time such as 30m
    #[arg(long, value_name = "N|DURATION", value_parser = window, default_value = "20", help_heading = "Bounds")]
    pub window: WindowChoice,

    /// Judge no rate of fewer checks than this
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Bounds")]
    pub min_checks: u32,

    /// Checks in a row without fault that close an alert
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..), help_heading = "Bounds")]
    pub recover_after: u32,

    /// Run this for each alert and each recovery, with the event as JSON on its stdin
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString, help_heading = "Output")]
    pub on_alert: Option<String>,

    /// Append a JSON line for each check, and go on from what is there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub log: Option<PathBuf>,

    /// Keep metrics in this file for node_exporter's textfile collector: it must end in .prom for that
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub metrics_file: Option<PathBuf>,

    /// Serve /metrics and /healthz over http, such as at 127.0.0.1:9464
    #[arg(long, value_name = "ADDRESS:PORT", help_heading = "Output")]
    pub listen: Option<String>,

    /// The line of each check on stdout
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// What is asked [default: Say OK.]
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,

    /// The API's base URL, for targets that name no endpoint [default: https://api.openai.com/v1]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Connection")]
    pub base_url: Option<String>,

    #[command(flatten)]
    pub connection: ConnectionArgs,
}

/// How far back the checks go that count together.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WindowChoice {
    Checks(usize),
    Time(Duration),
}

/// `2%` as a share; a bare number is refused, because 0.5 could be meant either way.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.trim().strip_suffix('%').ok_or("write a percent sign, as in 2% or 0.5%")?;
    match number.trim().parse::<f64>() {
        Ok(percent) if (0.0..=100.0).contains(&percent) => Ok(percent / 100.0),
        _ => Err("it must be a number from 0% to 100%".into()),
    }
}

fn window(text: &str) -> Result<WindowChoice, String> {
    const MOST: usize = 10_000;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return duration(text).map(WindowChoice::Time);
    }
    match text.parse() {
        Ok(checks) if (1..=MOST).contains(&checks) => Ok(WindowChoice::Checks(checks)),
        _ => Err(format!("write a number of checks from 1 to {MOST}, or a time as in 30m")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_says_that_it_is_one() {
        assert_eq!(["2%", "0.5 %", "100%", "0%"].map(|text| percent(text).unwrap()), [0.02, 0.005, 1.0, 0.0]);
        for wrong in ["2", "0.02", "-1%", "101%", "NaN%", "inf%", "%", ""] {
            assert!(percent(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_window_is_of_checks_or_of_time() {
        assert_eq!(window("20"), Ok(WindowChoice::Checks(20)));
        assert_eq!(window("30m"), Ok(WindowChoice::Time(Duration::from_secs(1800))));
        for wrong in ["0", "10001", "", "-3", "1.5", "many", "0s"] {
            assert!(window(wrong).is_err(), "{wrong}");
        }
    }
}
