//! What can be typed after `llmcheck replay`.

// The comments below are help texts, written for a terminal and not for rustdoc.
#![allow(rustdoc::bare_urls, rustdoc::broken_intra_doc_links)]

use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::{ConnectionArgs, TargetArgs};

pub const HELP: &str = "";

#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// A recording made with --record; `-` reads it from stdin
    #[arg(value_name = "RECORDING", value_hint = ValueHint::FilePath)]
    pub recording: PathBuf,

    #[command(flatten)]
    pub target: TargetArgs,

    #[command(flatten)]
    pub connection: ConnectionArgs,
}
