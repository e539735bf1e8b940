//! One file for each subcommand; each reads as the program.

mod aim;
mod answer;
mod asking;
mod batch;
mod cache;
mod cached;
mod chat;
mod check;
mod compare;
mod console;
mod diagnose;
mod directory;
mod explain;
mod generate;
mod going_on;
mod handout;
mod interrupt;
mod lab;
mod live;
mod monitor;
mod parts;
mod prepare;
mod probe;
mod progress;
mod prompt;
mod recording;
mod replay;
mod steps;
mod summary;
mod target;
mod told;
mod typed;

use std::ffi::OsString;
use std::fmt;
use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::{Cli, Command};
use crate::config;
use console::Console;

/// Why a command could not do its work at all. What a server did is no failure: it has a verdict.
#[derive(Debug)]
enum Failure {
    /// The user has to correct something: exit code 2.
    Usage(anyhow::Error),
    /// llmcheck could not do its part: exit code 1.
    Internal(anyhow::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Failure::Usage(error) | Failure::Internal(error)) = self;
        write!(f, "{error:#}")
    }
}

/// Runs what was typed and says how it ended.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let error = with_hint(error, std::env::args_os());
            // Help and version go to stdout and are no failure; a closed stdout is nobody's fault.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    let console = Console::new(&cli.global, config::lang(cli.global.lang, &config::environment));
    let outcome = match cli.command {
        Command::Chat(args) => chat::run(&args, &console),
        Command::Batch(args) => batch::run(&args, &console),
        Command::Probe(args) => probe::run(&args, &console),
        Command::Replay(args) => replay::run(&args, &console),
        Command::Compare(args) => compare::run(&args, &console),
        Command::Monitor(args) => monitor::run(&args, &console),
        Command::Diagnose(args) => diagnose::run(&args, &console),
        Command::Explain(args) => explain::run(&args, &console),
        Command::Cache(args) => cache::run(&args, &console),
        Command::Lab(args) => lab::run(&args, &console),
        Command::Generate(args) => generate::run(&args, &console),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            console.failure(&failure.to_string());
            ExitCode::from(if matches!(failure, Failure::Usage(_)) { 2 } else { 1 })
        }
    }
}

/// Says where the value of a flag stands that may go without one: a word after it is a prompt, or one too many.
fn with_hint(mut error: clap::Error, typed: impl Iterator<Item = OsString>) -> clap::Error {
    const OPTIONAL: [&str; 2] = ["--cache", "--recover"];
    let (ErrorKind::UnknownArgument, Some(ContextValue::String(word))) = (error.kind(), error.get(ContextKind::InvalidArg)) else {
        return error;
    };
    let typed: Vec<String> = typed.map(|word| word.to_string_lossy().into_owned()).collect();
    let before = typed.iter().zip(typed.iter().skip(1)).find(|(_, next)| *next == word).map(|(flag, _)| flag.as_str());
    if let Some(flag) = before.filter(|flag| OPTIONAL.contains(flag)) {
        let hint = format!("to give {flag} a value, write {flag}={word}");
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![hint.into()]));
    }
    error
}
