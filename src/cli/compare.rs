//! What can be typed after `llmcheck compare`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use clap::Args;

use super::{ConnectionArgs, RequestArgs};

pub const HELP: &str = "";

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// ENDPOINT of the configuration file, ENDPOINT:MODEL, :MODEL at the first one's or the default endpoint, or lab/NAME
    #[arg(value_name = "TARGET")]
    pub targets: Vec<String>,

    /// What is asked
    #[arg(long, value_name = "TEXT", help_heading = "Request")]
    pub prompt: Option<String>,

    #[command(flatten)]
    pub request: RequestArgs,

    /// The API's base URL, for targets that name no endpoint [default: https://api.openai.com/v1]
    #[arg(long, value_name = "URL", value_hint = clap::ValueHint::Url, help_heading = "Connection")]
    pub base_url: Option<String>,

    #[command(flatten)]
    pub connection: ConnectionArgs,
}
