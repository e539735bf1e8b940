//! `llmcheck generate`: completions and manual pages from the definition of the command line.

use std::path::Path;

use anyhow::Context as _;
use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use super::Failure;
use super::console::Console;
use crate::cli::{Cli, GenerateArgs, Generated};

pub fn run(args: &GenerateArgs, _: &Console) -> Result<u8, Failure> {
    let written = std::fs::create_dir_all(&args.out).with_context(|| format!("{} cannot be created", args.out.display())).and_then(|()| {
        match args.what {
            Generated::Completions => completions(&args.out),
            Generated::Man => man(&args.out),
        }
    });
    written.map_err(Failure::Internal)?;
    Ok(0)
}

fn completions(out: &Path) -> anyhow::Result<()> {
    for shell in Shell::value_variants() {
        clap_complete::generate_to(*shell, &mut Cli::command(), "llmcheck", out).with_context(|| format!("the completions for {shell}"))?;
    }
    Ok(())
}

fn man(out: &Path) -> anyhow::Result<()> {
    // The date would make every day's pages differ from those checked in.
    clap_mangen::generate_to(Cli::command().disable_help_subcommand(true), out).context("the manual pages")
}
