//! `llmcheck explain`: what a code means, at length.

use anyhow::anyhow;

use super::Failure;
use super::console::Console;
use crate::cli::ExplainArgs;
use crate::diagnosis::{Entry, catalogue, entry};
use crate::spelling;

pub fn run(args: &ExplainArgs, console: &Console) -> Result<u8, Failure> {
    let text = match &args.code {
        None => list(console),
        Some(code) => explanation(code, console)?,
    };
    console.print(&text)?;
    Ok(0)
}

fn list(console: &Console) -> String {
    let line =
        |entry: &Entry| format!("{:3} {:16} {:34} {}\n", entry.class.exit_code(), entry.class.name(), entry.code, title(entry, console));
    catalogue().map(line).collect()
}

/// The title without an exchange: its numbers are left open.
fn title(entry: &Entry, console: &Console) -> String {
    entry.title.fill(console.lang, |_| Some("…".into()))
}

fn explanation(code: &str, console: &Console) -> Result<String, Failure> {
    // As it is pasted from a page: error[CODE], 错误[CODE].
    let code = code.split_once('[').map_or(code, |(_, rest)| rest).split(']').next().unwrap_or(code).trim();
    let Some(entry) = entry(code) else {
        let hint = spelling::hint(code, catalogue().map(|entry| entry.code));
        return Err(Failure::Usage(anyhow!("there is no code {code:?}{hint} (`llmcheck explain --list` shows all)")));
    };
    let facts = format!("{} · {} · {}", entry.class.name(), entry.class.exit_code(), if entry.retryable { "retry" } else { "no retry" });
    Ok(format!("# {}: {}\n\n{facts}\n\n{}", entry.code, title(entry, console), entry.explain.get(console.lang)))
}
