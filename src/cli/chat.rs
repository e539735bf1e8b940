//! What can be typed after `llmcheck chat`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::time::Duration;

use clap::Args;

use super::{ConnectionArgs, RecoverArgs, ReportArgs, RequestArgs, RetryArgs, TargetArgs};

pub const HELP: &str = "\
Environment:
  OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_ORG_ID, OPENAI_PROJECT_ID   as the SDKs read them; LLMCHECK_… forms win
  LLMCHECK_MODEL, LLMCHECK_LANG                                       defaults for --model and --lang
  https_proxy, http_proxy, all_proxy, no_proxy                        as curl reads them
  CURL_CA_BUNDLE, SSL_CERT_FILE, SSL_CERT_DIR                         certificates to believe
  XDG_CACHE_HOME                                                      where --cache keeps answers, else ~/.cache
  NO_COLOR, CLICOLOR_FORCE                                            colour

Exit codes:
   0 healthy            10 length_mismatch   11 truncation        12 proxy_rewrite   13 rate_limit
  14 quota              15 auth              16 invalid_request   17 upstream_error  18 gateway_error
  19 timeout            20 stream_error      21 token_limit       22 content_filter  23 connect_error
  24 tls_error          25 not_an_api        26 unknown          130 interrupted
   1 llmcheck failed     2 wrong usage       (warnings exit 0 unless --strict)

Where stdin is not a terminal it is read to its end, also beside a prompt: in a loop or a service add </dev/null.";

#[derive(Debug, Args)]
pub struct ChatArgs {
    /// The prompt; `-` or nothing reads it from stdin, and piped input follows it after a blank line
    pub prompt: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,

    /// Send nothing: print the request as it would leave, what is wrong with it, and a curl command for it
    #[arg(long, help_heading = "Request", conflicts_with_all = ["record", "reports"])]
    pub dry_run: bool,

    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    #[command(flatten)]
    pub retry: RetryArgs,

    #[command(flatten)]
    pub recover: RecoverArgs,

    /// Ask the model up to N times to go on where an answer was cut or came to its token limit, and join the pieces
    #[arg(long = "continue", value_name = "N", default_value_t = 0, help_heading = "Recovery")]
    pub go_on: u32,

    #[command(flatten)]
    pub split: SplitArgs,

    #[command(flatten)]
    pub report: ReportArgs,

    /// An earlier healthy answer to the same request, if it is no older than TTL; else ask, and keep the answer [default TTL: 1d]
    #[arg(long, value_name = "TTL", help_heading = "Cache", value_parser = lifetime,
          num_args = 0..=1, require_equals = true, default_missing_value = "1d")]
    pub cache: Option<Duration>,

    /// Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network
    #[arg(long, value_name = "NAME", help_heading = "Lab", conflicts_with_all = ["base_url", "endpoint", "proxy", "cacert"])]
    pub lab: Option<String>,

    /// Reach the lab over TLS
    #[arg(long, help_heading = "Lab", requires = "lab")]
    pub lab_tls: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Long input")]
pub struct SplitArgs {
    /// Ask for a long text in parts of at most so many characters (4000, 20k), cut between paragraphs or sentences
    #[arg(long, value_name = "SIZE", value_parser = size, conflicts_with = "body")]
    pub split: Option<usize>,

    /// What to do with each part, in place of the prompt argument; {part} and {parts} are its number and how many there are
    #[arg(long, value_name = "TEXT")]
    pub split_prompt: Option<String>,

    /// Ask once more with this and all the answers, and print what comes of that
    #[arg(long, value_name = "TEXT")]
    pub reduce_prompt: Option<String>,
}

/// A number of characters: `4000`, `20k`, `1m`.
fn size(text: &str) -> Result<usize, String> {
    const SMALLEST: usize = 100;
    let (digits, factor) = match text.trim().to_ascii_lowercase() {
        text if text.ends_with('k') => (text[..text.len() - 1].to_string(), 1000),
        text if text.ends_with('m') => (text[..text.len() - 1].to_string(), 1_000_000),
        text => (text, 1),
    };
    let number = digits.parse::<usize>().ok().and_then(|number| number.checked_mul(factor));
    match number {
        Some(number) if number >= SMALLEST => Ok(number),
        Some(_) => Err(format!("parts of less than {SMALLEST} characters are of no use")),
        None => Err("write a number of characters, as in 4000 or 20k".into()),
    }
}

/// How old an answer may be.
fn lifetime(text: &str) -> Result<Duration, String> {
    let lifetime = humantime::parse_duration(text).map_err(|error| format!("{error}; write a unit, as in 90s, 12h or 7d"))?;
    if lifetime.is_zero() { Err("no answer is as young as that; without --cache the server is always asked".into()) } else { Ok(lifetime) }
}
