//! `llmcheck generate`: completions and manual pages from the definition of the command line, the JSON Schema from that of the report.

use std::path::Path;

use anyhow::{Context as _, anyhow};
use clap::{CommandFactory as _, ValueEnum as _};
use clap_complete::Shell;

use super::Failure;
use super::console::Console;
use super::probe::object::Object;
use crate::cli::{Cli, GenerateArgs, Generated};
use crate::compare::Comparison;
use crate::report::model::Report;

pub fn run(args: &GenerateArgs, console: &Console) -> Result<u8, Failure> {
    let Some(out) = &args.out else {
        return match args.what {
            Generated::Schema => console.print(&schema().map_err(Failure::Internal)?).map(|_| 0),
            Generated::Completions | Generated::Man => Err(Failure::Usage(anyhow!("name a directory for the files with --out DIR"))),
        };
    };
    let written =
        std::fs::create_dir_all(out).with_context(|| format!("{} cannot be created", out.display())).and_then(|()| match args.what {
            Generated::Completions => completions(out),
            Generated::Man => man(out),
            Generated::Schema => {
                let schemas = [(SCHEMA_FILE, schema()?), (COMPARISON_FILE, comparison()?), (PROBE_FILE, probe()?)];
                schemas
                    .iter()
                    .try_for_each(|(name, text)| std::fs::write(out.join(name), text).with_context(|| format!("{name} cannot be written")))
            }
        });
    written.map_err(Failure::Internal)?;
    Ok(0)
}

const SCHEMA_FILE: &str = "llmcheck.report.1.schema.json";
const COMPARISON_FILE: &str = "llmcheck.compare.1.schema.json";
const PROBE_FILE: &str = "llmcheck.probe.1.schema.json";

/// The JSON Schema (draft 2020-12) of what `--json` prints.
fn schema() -> anyhow::Result<String> {
    let schema = schemars::schema_for!(Report);
    Ok(serde_json::to_string_pretty(&schema)? + "\n")
}

/// The same of `compare --json`.
fn comparison() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Comparison))? + "\n")
}

/// The same of `probe --json`.
fn probe() -> anyhow::Result<String> {
    Ok(serde_json::to_string_pretty(&schemars::schema_for!(Object))? + "\n")
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
