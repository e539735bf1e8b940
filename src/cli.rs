//! What can be typed. No decision is made here: flags become settings in `config`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

mod batch;
mod chat;
mod compare;
mod monitor;
mod probe;
mod replay;

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use serde::{Deserialize, Serialize};

pub use batch::{BatchArgs, PreferChoice};
pub use chat::{ChatArgs, SplitArgs};
pub use compare::CompareArgs;
pub use monitor::{MonitorArgs, WindowChoice};
pub use probe::ProbeArgs;
pub use replay::ReplayArgs;

/// Says what went wrong between you and a chat-model API, who did it and what to do.
#[derive(Debug, Parser)]
#[command(name = "llmcheck", version, max_term_width = 100, propagate_version = true, args_override_self = true)]
#[command(after_help = "Try it without a key: llmcheck chat hello --lab length-counts-characters")]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,

    #[command(flatten)]
    pub global: Global,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct Global {
    /// The language of every word of a diagnosis
    #[arg(long, global = true, value_name = "LANG", default_value = "auto")]
    pub lang: LangChoice,

    /// Raw heads, timing and the source of each setting too
    #[arg(short, long, global = true, overrides_with = "quiet")]
    pub verbose: bool,

    /// Nothing on stderr but wrong usage
    #[arg(short, long, global = true, overrides_with = "verbose")]
    pub quiet: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LangChoice {
    Auto,
    En,
    Zh,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send one chat request; the answer on stdout, the diagnosis on stderr
    #[command(args_override_self = true, after_long_help = chat::HELP)]
    Chat(Box<ChatArgs>),
    /// Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on
    #[command(args_override_self = true, after_long_help = batch::HELP)]
    Batch(Box<BatchArgs>),
    /// Find the cause by experiment: each stage of the way to an endpoint, then what a failure depends on
    #[command(args_override_self = true, after_long_help = probe::HELP)]
    Probe(Box<ProbeArgs>),
    /// Send a recorded request again and compare the answers
    #[command(args_override_self = true, after_long_help = replay::HELP)]
    Replay(Box<ReplayArgs>),
    /// Measure several endpoints or models side by side, and say which is better if the data can tell
    #[command(args_override_self = true, after_long_help = compare::HELP,
              mut_arg("stream", |flag| flag.help("Ask for streams (the default)")),
              mut_arg("no_stream", |flag| flag.help("Ask for plain answers")),
              mut_arg("max_tokens", |flag| flag.help("Sent as max_tokens [default: 128]")))]
    Compare(Box<CompareArgs>),
    /// Watch endpoints: check at an interval, alert on thresholds, serve metrics
    #[command(args_override_self = true, after_long_help = monitor::HELP)]
    Monitor(Box<MonitorArgs>),
    /// Give the same diagnosis from a recording, a HAR, curl's output, a response or an error text
    #[command(args_override_self = true, after_long_help = DIAGNOSE_HELP)]
    Diagnose(DiagnoseArgs),
    /// Say what a diagnosis means
    Explain(ExplainArgs),
    /// The answers that `chat --cache` keeps
    Cache(CacheArgs),
    /// The built-in server that misbehaves on purpose
    Lab(LabArgs),
    /// Write shell completions, manual pages or the JSON Schema of reports
    Generate(GenerateArgs),
}

#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Request")]
pub struct RequestArgs {
    #[command(flatten)]
    pub shape: ShapeArgs,

    /// A JSON array of messages to send, before the prompt if there is one
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub messages: Option<PathBuf>,

    /// Of --messages, only what leads (system) and the last N turns; a turn begins with a user's message
    #[arg(long, value_name = "N", requires = "messages")]
    pub keep_turns: Option<usize>,

    /// Ask for a stream; its text is printed as it arrives
    #[arg(long, overrides_with = "no_stream")]
    pub stream: bool,

    /// Ask for a plain answer (the default)
    #[arg(long, overrides_with = "stream")]
    pub no_stream: bool,

    /// A whole request body, sent byte for byte
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath,
          conflicts_with_all = ["prompt", "model", "system", "messages", "keep_turns", "max_tokens", "max_completion_tokens", "temperature", "stream", "no_stream"])]
    pub body: Option<PathBuf>,
}

/// What every request has, whether it is the only one or one of many.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Request")]
pub struct ShapeArgs {
    /// The model [default: gpt-4o-mini]
    #[arg(short, long, value_name = "NAME")]
    pub model: Option<String>,

    /// A system message before the prompt
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,

    /// Sent as max_tokens
    #[arg(long, value_name = "N")]
    pub max_tokens: Option<u64>,

    /// Sent as max_completion_tokens, for models that want that
    #[arg(long, value_name = "N", conflicts_with = "max_tokens")]
    pub max_completion_tokens: Option<u64>,

    /// Sent as temperature
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub temperature: Option<f64>,

    /// A header field, in place of one of the same name; `Name:` removes it (repeatable)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,

    /// What may be compressed, and how [default: what we can decode]
    #[arg(long, value_name = "CODINGS")]
    pub accept_encoding: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct TargetArgs {
    /// The API's base URL [default: https://api.openai.com/v1]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub base_url: Option<String>,

    /// An endpoint of the configuration file
    #[arg(long, value_name = "NAME", conflicts_with = "base_url")]
    pub endpoint: Option<String>,
}

/// How to get to an endpoint, whichever it is.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectionArgs {
    /// The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// A file whose first line is the API key
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub api_key_file: Option<PathBuf>,

    /// An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url, overrides_with = "no_proxy")]
    pub proxy: Option<String>,

    /// No proxy, whatever the environment says
    #[arg(long, overrides_with = "proxy")]
    pub no_proxy: bool,

    /// Connect over IPv4 only
    #[arg(short = '4', long, overrides_with = "ipv6")]
    pub ipv4: bool,

    /// Connect over IPv6 only
    #[arg(short = '6', long, overrides_with = "ipv4")]
    pub ipv6: bool,

    /// Take these addresses for a host instead of looking its name up, as curl does (repeatable)
    #[arg(long, value_name = "HOST:PORT:ADDRESS[,…]", value_parser = known_host)]
    pub resolve: Vec<KnownHost>,

    /// Believe the certificates of this PEM file instead of the system's
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub cacert: Option<PathBuf>,

    /// Believe every certificate: never with a real key
    #[arg(long)]
    pub insecure: bool,

    /// Bound on name, TCP and TLS [default: 10s]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub connect_timeout: Option<Duration>,

    /// Bound on the wait for the first response byte [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub first_byte_timeout: Option<Duration>,

    /// Bound on the silence between two bytes [default: 2m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub idle_timeout: Option<Duration>,

    /// Bound on all of it [default: 10m]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub timeout: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Retry")]
pub struct RetryArgs {
    /// Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]
    #[arg(long, value_name = "N")]
    pub retry: Option<u32>,

    /// The first backoff's bound; each next one is twice that
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "1s")]
    pub retry_base: Duration,

    /// The longest backoff
    #[arg(long, value_name = "DURATION", value_parser = duration, default_value = "30s")]
    pub retry_cap: Duration,

    /// No attempt begins later than this after the first one
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub retry_max_time: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Recovery")]
pub struct RecoverArgs {
    /// Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named
    #[arg(long, value_name = "REMEDY,…", num_args = 0.., require_equals = true, value_delimiter = ',')]
    pub recover: Option<Vec<Remedy>>,

    /// Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)
    #[arg(long, value_name = "ENDPOINT[:MODEL]")]
    pub fallback: Vec<String>,

    /// No attempt begins once all together have cost this many tokens
    #[arg(long, value_name = "N")]
    pub max_cost_tokens: Option<u64>,
}

/// What can be done about a failure, in the order of what it costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Remedy {
    /// Wait as long as the response asks, then try again
    Wait,
    /// Try again after a backoff
    Retry,
    /// Ask for a stream instead of a plain answer, or the other way round
    Stream,
    /// Offer no content coding
    Identity,
    /// Ask for a shorter answer
    MaxTokens,
    /// Ask for the input part by part
    Split,
    /// The next endpoint of --fallback
    Endpoint,
    /// The next model of --fallback at the same endpoint
    Model,
    /// Ask the model to go on where the answer stopped
    #[value(skip)]
    Continue,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct ReportArgs {
    /// One report object on stdout in place of the answer
    #[arg(long)]
    pub json: bool,

    /// Hold the answer back until it is known to be complete
    #[arg(long)]
    pub atomic: bool,

    /// Exit codes for warnings too
    #[arg(long)]
    pub strict: bool,

    /// Write a report to hand on, as .html or .md; may be repeated
    #[arg(long = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub reports: Vec<PathBuf>,

    /// Record every event on the wire, secrets masked
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub record: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct DiagnoseArgs {
    /// What is to be judged, each file by itself; `-` or nothing reads stdin
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,

    /// One report object a line on stdout in place of the page
    #[arg(long)]
    pub json: bool,

    /// Exit codes for warnings too
    #[arg(long)]
    pub strict: bool,

    /// Write a report to hand on, as .html or .md; may be repeated
    #[arg(long = "report", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub reports: Vec<PathBuf>,
}

const DIAGNOSE_HELP: &str = "\
What it reads is recognised by itself:
  recordings made with --record      HAR 1.2 (browsers, mitmproxy)      curl -v, curl -i, curl --trace, --trace-ascii
  a raw HTTP response                an event stream or JSON body       a pasted exception or log line

  curl -v … 2>&1 | llmcheck diagnose
  pbpaste | llmcheck diagnose
  llmcheck diagnose --json *.jsonl | jq .verdict.code

With several exchanges the exit code is that of the first which is not well; 2 if a file could not be read.";

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The code of a diagnosis, as in error[CODE], or an error text; `-` reads it from stdin
    #[arg(value_name = "CODE|TEXT", required_unless_present = "list")]
    pub code: Option<String>,

    /// All codes, a line each
    #[arg(long, conflicts_with = "code")]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    pub command: CacheCommand,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub enum CacheCommand {
    /// Remove all of them
    Clear,
    /// Say where they are, how many and how large
    Info,
}

#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("what").required(true).args(["list", "serve"])))]
pub struct LabArgs {
    /// All scenarios, a line each
    #[arg(long)]
    pub list: bool,

    /// Serve them on 127.0.0.1 until Ctrl-C; the path chooses: /NAME/v1/chat/completions
    #[arg(long)]
    pub serve: bool,

    /// The port for http; https takes the next one [default: any free one]
    #[arg(long, value_name = "PORT", requires = "serve")]
    pub port: Option<u16>,

    /// Write the lab's certificate authority here, for clients that are to trust it
    #[arg(long, value_name = "FILE", requires = "serve", value_hint = ValueHint::FilePath)]
    pub ca_out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct GenerateArgs {
    pub what: Generated,

    /// Where to write the files; a report's schema goes to stdout without it
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Generated {
    /// For bash, zsh, fish, powershell and elvish
    Completions,
    /// A manual page for each subcommand
    Man,
    /// The JSON Schema of a report; with --out those of a comparison and of a probe too
    Schema,
}

/// Addresses of a host that are not looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownHost {
    pub host: String,
    pub port: u16,
    pub addresses: Vec<IpAddr>,
}

/// As curl's --resolve takes it; an IPv6 address may stand in brackets.
fn known_host(text: &str) -> Result<KnownHost, String> {
    const HOW: &str = "write it as api.example.com:443:192.0.2.1";
    let mut parts = text.splitn(3, ':');
    let (Some(host), Some(port), Some(addresses)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(HOW.into());
    };
    let port = port.parse().map_err(|_| format!("{port:?} is no port; {HOW}"))?;
    let address = |text: &str| {
        let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
        bare.parse().map_err(|_| format!("{text:?} is no address; {HOW}"))
    };
    let addresses = addresses.split(',').map(address).collect::<Result<_, String>>()?;
    Ok(KnownHost { host: host.to_ascii_lowercase(), port, addresses })
}

/// A duration as humantime reads it; a bare number is refused, because its unit would be a guess.
fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| format!("{error}; write a unit, as in 90s, 1500ms or 5m"))?;
    if duration.is_zero() { Err("a bound of nothing would end everything at once".into()) } else { Ok(duration) }
}
