//! What can be typed after `llmcheck probe`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueHint};

use super::{ConnectionArgs, ShapeArgs, TargetArgs, duration};

pub const HELP: &str = "\
First each stage of the way: the name, TCP to each address, TLS, HTTP, the list of models, the key, a minimal chat,
a minimal stream. Then, where a chat failed or with --deep, an experiment: the same request asked in other ways
(stream or not, content codings, short and long answers, ASCII and Chinese, small and large max_tokens, kept
connections, past the proxy, IPv4 and IPv6), each next one chosen by what it would tell, until what the failures
depend on is known. How many requests and tokens that may take, and how long, is said beforehand, and asked for on
a terminal; where there is none, the experiment needs --yes, but for servers on this computer.

  llmcheck probe                                    the endpoint that chat would ask
  llmcheck probe --endpoint relay --deep --yes      the whole experiment, without a question
  llmcheck probe --endpoint relay --against direct  what the relay does that the other one does not
  llmcheck probe --lab breaks-plain-chinese         try it without a key

The exit code is that of the failures' class, 0 when all is well.";

#[derive(Debug, Args)]
pub struct ProbeArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    /// Ask this endpoint of the configuration file too, in the same ways, and show what differs
    #[arg(long, value_name = "NAME[:MODEL]", help_heading = "Experiment")]
    pub against: Option<String>,

    /// Make the experiment although nothing has failed
    #[arg(long, help_heading = "Experiment")]
    pub deep: bool,

    /// The stages only
    #[arg(long, conflicts_with = "deep", help_heading = "Experiment")]
    pub shallow: bool,

    /// The most requests to send, those of the stages among them
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(4..=1000), help_heading = "Experiment")]
    pub max_requests: u32,

    /// The longest to go on, the stages included
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration, help_heading = "Experiment")]
    pub max_time: Duration,

    /// Do not ask before the experiment
    #[arg(short, long, help_heading = "Experiment")]
    pub yes: bool,

    /// The experiment's luck, to repeat it
    #[arg(long, value_name = "NUMBER", help_heading = "Experiment")]
    pub seed: Option<u64>,

    #[command(flatten)]
    pub shape: ShapeArgs,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// One object with all of it on stdout in place of the page
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Where the recordings of all requests go [default: llmcheck/probes in $XDG_STATE_HOME or ~/.local/state; the newest 20 stay]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, help_heading = "Output")]
    pub record: Option<PathBuf>,

    /// Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network
    #[arg(long, value_name = "NAME", help_heading = "Lab", conflicts_with_all = ["base_url", "endpoint", "proxy", "cacert"])]
    pub lab: Option<String>,

    /// Reach the lab over TLS
    #[arg(long, help_heading = "Lab", requires = "lab")]
    pub lab_tls: bool,
}
