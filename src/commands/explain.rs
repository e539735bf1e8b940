//! `llmcheck explain`: what a code means, at length.

use anyhow::anyhow;

use super::Failure;
use super::console::Console;
use crate::cli::ExplainArgs;
use crate::diagnosis::{catalogue, entry};

pub fn run(args: &ExplainArgs, console: &Console) -> Result<u8, Failure> {
    let text = match &args.code {
        None => list(console),
        Some(code) => explanation(code, console)?,
    };
    console.print(&text)?;
    Ok(0)
}

fn list(console: &Console) -> String {
    let line = |entry: &crate::diagnosis::Entry| {
        format!("{:3} {:16} {:34} {}\n", entry.class.exit_code(), entry.class.name(), entry.code, entry.title.get(console.lang))
    };
    catalogue().map(line).collect()
}

fn explanation(code: &str, console: &Console) -> Result<String, Failure> {
    let code = code.trim().trim_start_matches("error[").trim_start_matches("warning[").trim_end_matches([']', ':']);
    let Some(entry) = entry(code) else {
        let similarity = |known: &&crate::diagnosis::Entry| strsim::jaro_winkler(&code.to_lowercase(), known.code);
        let nearest = catalogue().max_by(|a, b| similarity(a).total_cmp(&similarity(b))).map_or("", |entry| entry.code);
        return Err(Failure::Usage(anyhow!("there is no code {code:?}; did you mean {nearest:?}? `llmcheck explain --list` shows all")));
    };
    let facts = format!("{} · {} · {}", entry.class.name(), entry.class.exit_code(), if entry.retryable { "retry" } else { "no retry" });
    Ok(format!("# {}: {}\n\n{facts}\n\n{}", entry.code, entry.title.get(console.lang), entry.explain.get(console.lang)))
}
