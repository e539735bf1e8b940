//! What can be typed after `llmcheck batch`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::{ConnectionArgs, RecoverArgs, RetryArgs, ShapeArgs};

pub const HELP: &str = "\
INPUT has a request a line, as for OpenAI's Batch API, and OUTPUT gets a line for each that was answered:
  {\"custom_id\":\"a\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":…,\"messages\":[…]}}
Those that failed stand in OUTPUT.errors.jsonl beside it (out.jsonl: out.errors.jsonl), anew in every run.

The same command again, after Ctrl-C, a crash or failures, asks what has no answer yet and nothing else.
The first Ctrl-C lets what is under way come to its end; the second stops at once.

Each request is tried again up to 3 times, if --retry does not say otherwise; an endpoint that keeps failing is
left alone for a while, and when none is left the run ends. --retry-max-time and --max-cost-tokens bound the whole
run: once they are reached no other request begins.

The exit code is 0 when every request is answered, else that of the class of most failures, or 1; 130 after Ctrl-C.";

#[derive(Debug, Args)]
pub struct BatchArgs {
    /// The requests, one a line
    #[arg(value_hint = ValueHint::FilePath)]
    pub input: PathBuf,

    /// Where the answers go; what is answered there already is not asked again
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: PathBuf,

    /// Each line is a prompt, not a JSON request
    #[arg(long)]
    pub plain: bool,

    /// Requests at the same time
    #[arg(short = 'j', long = "jobs", value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: u16,

    #[command(flatten)]
    pub shape: ShapeArgs,

    /// The API's base URL [default: https://api.openai.com/v1]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Connection", conflicts_with = "endpoints")]
    pub base_url: Option<String>,

    /// An endpoint of the configuration file, and a MODEL in place of the one that requests name; several share the work (repeatable)
    #[arg(long = "endpoint", value_name = "NAME[:MODEL]", help_heading = "Connection")]
    pub endpoints: Vec<String>,

    /// Which of several endpoints is asked
    #[arg(long, value_name = "HOW", default_value = "fastest", help_heading = "Connection")]
    pub prefer: PreferChoice,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    #[command(flatten)]
    pub retry: RetryArgs,

    #[command(flatten)]
    pub recover: RecoverArgs,

    /// A summary as one JSON object on stdout
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Answers with warnings count as failures
    #[arg(long, help_heading = "Output")]
    pub strict: bool,

    /// Ask the built-in server that misbehaves on purpose: no key, no network (repeatable)
    #[arg(long, value_name = "NAME", help_heading = "Lab", conflicts_with_all = ["base_url", "endpoints", "proxy", "cacert"])]
    pub lab: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PreferChoice {
    /// The one that answers soonest, failures and queues counted in
    Fastest,
    /// The one whose `price` in the configuration is lowest, while it can take more
    Cheapest,
    /// The first that was named, while it can take more
    Listed,
}
