//! `llmcheck explain`: what a code means, at length.

use std::io::{BufReader, Read as _};

use anyhow::anyhow;

use super::Failure;
use super::console::Console;
use crate::batch;
use crate::cli::ExplainArgs;
use crate::diagnosis::{Class, Entry, catalogue, diagnose, entry};
use crate::evidence::Evidence;
use crate::import;
use crate::report::sanitize;
use crate::spelling;

pub fn run(args: &ExplainArgs, console: &Console) -> Result<u8, Failure> {
    let text = match &args.code {
        None => list(console),
        Some(dash) if dash == "-" => {
            let mut text = String::new();
            let input = std::io::stdin().lock().take(import::LARGEST);
            BufReader::new(input).read_to_string(&mut text).map_err(|error| Failure::Usage(anyhow!("stdin cannot be read: {error}")))?;
            explanation_of_text(&text, console)?
        }
        // Codes have no blanks; what programs say has.
        Some(text) if text.trim().contains(char::is_whitespace) && named(text).and_then(entry).is_none() => {
            explanation_of_text(text, console)?
        }
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

/// The code in a headline that was pasted from a page: `error[CODE]: …`, `错误[CODE]：…`.
fn named(text: &str) -> Option<&str> {
    Some(text.split_once('[')?.1.split_once(']')?.0)
}

fn explanation(code: &str, console: &Console) -> Result<String, Failure> {
    let code = named(code).unwrap_or(code).trim();
    // Only a line of a batch has it: the exchange has another verdict.
    if code == batch::UNJOINED {
        let facts = (Class::StreamError, false);
        return Ok(at_length(code, batch::UNJOINED_TITLE.get(console.lang), facts, batch::UNJOINED_EXPLAINED.get(console.lang)));
    }
    let Some(entry) = entry(code) else {
        let hint = spelling::hint(code, catalogue().map(|entry| entry.code).chain([batch::UNJOINED]));
        return Err(Failure::Usage(anyhow!("there is no code {code:?}{hint} (`llmcheck explain --list` shows all)")));
    };
    Ok(entry_at_length(entry, console))
}

fn entry_at_length(entry: &Entry, console: &Console) -> String {
    at_length(entry.code, &title(entry, console), (entry.class, entry.retryable), entry.explain.get(console.lang))
}

fn at_length(code: &str, title: &str, (class, is_retryable): (Class, bool), explained: &str) -> String {
    let facts = format!("{} · {} · {}", class.name(), class.exit_code(), if is_retryable { "retry" } else { "no retry" });
    format!("# {code}: {title}\n\n{facts}\n\n{explained}")
}

/// What a pasted text stands for, and that at length.
fn explanation_of_text(text: &str, console: &Console) -> Result<String, Failure> {
    let mut told = None;
    let outcome = import::read(text.as_bytes(), |transcript| {
        let diagnosis = diagnose(&Evidence::gather(&transcript));
        told = Some(diagnosis.verdict);
    });
    outcome.map_err(Failure::Usage)?;
    let verdict = told.ok_or_else(|| Failure::Usage(anyhow!("there is nothing in it to explain")))?;
    let said = verdict.say(verdict.entry.title, console.lang);
    let text = format!("{}: {said}\n\n{}", verdict.entry.code, entry_at_length(verdict.entry, console));
    Ok(sanitize::for_terminal(&text).into_owned())
}
