//! What can be typed after `llmcheck compare`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::{ConnectionArgs, RequestArgs, duration};

pub const HELP: &str = "\
  llmcheck compare relay-a relay-b                   two endpoints of the configuration file
  llmcheck compare openai:gpt-4o-mini :gpt-4.1-mini  two models at one endpoint
  llmcheck compare relay --rounds 200                one endpoint, judged by the bound alone
  llmcheck compare lab/healthy lab/fails-one-in-ten  without a key

Every round asks each target once, over a new connection, in an order that changes, so that drift hits all alike. Answers are
streamed unless --no-stream is given: without a stream there is no time to the first token. Nothing is asked again: a failure counts.

It recommends a target only if it is better than each of the others beyond chance: it fails less often (Fisher's exact test), or else
its answers are complete sooner, by 10 % and 20 ms at least (Mann and Whitney's test), or else it costs less. All odds are
corrected together for the number of tests (Holm, 5 %). Else it says how many rounds would tell. A target whose share of failures
lies over --max-error-rate, judged on Wilson's interval at 95 % and the exact odds, is never recommended. Warnings are no failures.

Exit codes: 0 if one target at least answered and is not proven to be over the bound; else that of the most frequent class of
failure (see `llmcheck chat --help`); 130 if stopped by Ctrl-C, which shows what there is.";

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// ENDPOINT of the configuration file, ENDPOINT:MODEL, :MODEL at the first one's or the default endpoint, or lab/NAME
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,

    /// How many times each target is asked
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=100_000), help_heading = "Comparison")]
    pub rounds: u64,

    /// Ask so many targets of a round at the same time; 1 asks one after the other, so that they do not disturb each other
    #[arg(short, long = "jobs", value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64), help_heading = "Comparison")]
    pub jobs: u16,

    /// Wait so long between two rounds, where there are rate limits
    #[arg(long, value_name = "DURATION", value_parser = duration, help_heading = "Comparison")]
    pub pause: Option<Duration>,

    /// The share of failures that is too much, as in 2% or 0.02
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "2%", help_heading = "Comparison")]
    pub max_error_rate: f64,

    /// What is asked [default: three sentences about the sea; after --messages nothing]
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,

    /// The API's base URL, for targets that name no endpoint [default: https://api.openai.com/v1]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Connection")]
    pub base_url: Option<String>,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// One object on stdout in place of the table
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Write a report to hand on, as .html or .md; may be repeated
    #[arg(long = "report", value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub reports: Vec<PathBuf>,

    /// Keep every event on the wire in this directory, a file for each target, secrets masked
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub record: Option<PathBuf>,
}

/// `2%`, or a number within 0..=1. A bare 2 could be meant as either.
fn share(text: &str) -> Result<f64, String> {
    let (number, factor) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 0.01),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().map_err(|_| format!("{text:?} is no share; write 2% or 0.02"))? * factor;
    if (0.0..=1.0).contains(&share) { Ok(share) } else { Err(format!("{text:?} is no share of 0 to 100 %; write 2% or 0.02")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_as_percent_or_as_a_part_of_one() {
        assert_eq!([share("2%"), share("0.02"), share(" 100 %"), share("0")], [Ok(0.02), Ok(0.02), Ok(1.0), Ok(0.0)]);
        assert!(["2", "-1%", "101%", "x", "", "nan", "inf"].iter().all(|text| share(text).is_err()));
    }
}
