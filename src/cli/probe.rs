//! What can be typed after `llmcheck probe`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use clap::Args;

use super::{ConnectionArgs, ShapeArgs, TargetArgs};

pub const HELP: &str = "";

#[derive(Debug, Args)]
pub struct ProbeArgs {
    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub shape: ShapeArgs,

    #[command(flatten)]
    pub connection: ConnectionArgs,

    /// Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network
    #[arg(long, value_name = "NAME", help_heading = "Lab", conflicts_with_all = ["base_url", "endpoint", "proxy", "cacert"])]
    pub lab: Option<String>,
}
