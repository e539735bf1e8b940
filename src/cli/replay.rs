//! What can be typed after `llmcheck replay`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::ConnectionArgs;

pub const HELP: &str = "\
It is sent to where it went: the endpoint of that name in the configuration, else the URL in the recording. Secrets are
masked in a recording; the key is today's. It goes to the recording's host only where your own settings name that host:
a recording from somebody else may name any. Otherwise say where with --endpoint or --base-url, or --send-key.

  llmcheck chat hi --lab cut-by-close --record r.jsonl;  llmcheck replay r.jsonl
  llmcheck replay r.jsonl --times 10              the same fault each time, or now and then?
  llmcheck replay r.jsonl --no-proxy              without the proxy that is suspected
  llmcheck replay r.jsonl --endpoint other --json | jq .difference

A HAR or the output of curl --trace can be sent again too, where it shows the request's body.
The exit code is that of the most frequent verdict, the later one of two.";

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A recording made with --record; `-` reads it from stdin
    #[arg(value_name = "RECORDING", value_hint = ValueHint::FilePath)]
    pub recording: PathBuf,

    /// Which attempt in it, counted from 1 [default: the last one]
    #[arg(long, value_name = "K", value_parser = clap::value_parser!(u32).range(1..))]
    pub attempt: Option<u32>,

    /// How many times it is sent, one after the other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub times: u32,

    /// Another model
    #[arg(short, long, value_name = "NAME", help_heading = "Request")]
    pub model: Option<String>,

    /// Ask for a stream, whatever was asked for then
    #[arg(long, overrides_with = "no_stream", help_heading = "Request")]
    pub stream: bool,

    /// Ask for a plain answer, whatever was asked for then
    #[arg(long, overrides_with = "stream", help_heading = "Request")]
    pub no_stream: bool,

    /// What may be compressed, and how, in place of what was offered then
    #[arg(long, value_name = "CODINGS", help_heading = "Request")]
    pub accept_encoding: Option<String>,

    /// Another base URL than the one in the recording
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, help_heading = "Connection")]
    pub base_url: Option<String>,

    /// An endpoint of the configuration file in place of the recorded one
    #[arg(long, value_name = "NAME", help_heading = "Connection", conflicts_with = "base_url")]
    pub endpoint: Option<String>,

    /// Send your key to the URL that the recording names, also where none of your settings names its host
    #[arg(long, help_heading = "Connection", conflicts_with_all = ["base_url", "endpoint", "lab"])]
    pub send_key: bool,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// One object on stdout in place of the comparison
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    /// Exit codes for warnings too
    #[arg(long, help_heading = "Output")]
    pub strict: bool,

    /// Record every event on the wire, secrets masked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Output")]
    pub record: Option<PathBuf>,

    /// Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network
    #[arg(long, value_name = "NAME", help_heading = "Lab", conflicts_with_all = ["base_url", "endpoint", "proxy", "cacert"])]
    pub lab: Option<String>,

    /// Reach the lab over TLS
    #[arg(long, help_heading = "Lab", requires = "lab")]
    pub lab_tls: bool,
}
