//! `llmcheck diagnose`: the same verdict from a recording.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::console::Console;
use crate::cli::DiagnoseArgs;
use crate::diagnosis::{Severity, diagnose};
use crate::evidence::Evidence;
use crate::exchange::recording::{Line, Lines};
use crate::report::human;
use crate::report::model::{Attempt, Report};
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

pub fn run(args: &DiagnoseArgs, console: &Console) -> Result<u8, Failure> {
    let transcripts = if args.recording == Path::new("-") {
        read(std::io::stdin().lock())
    } else {
        let file =
            File::open(&args.recording).with_context(|| format!("{} cannot be read", args.recording.display())).map_err(Failure::Usage)?;
        read(BufReader::new(file)).with_context(|| args.recording.display().to_string())
    };
    let transcripts = transcripts.map_err(Failure::Usage)?;
    let mut attempts = Vec::new();
    for transcript in &transcripts {
        let evidence = Evidence::gather(transcript);
        attempts.push(Attempt::of(transcript, &diagnose(&evidence)));
    }
    let Some(last) = transcripts.last() else {
        return Err(Failure::Usage(anyhow!("there is no recording in it: its first line must be {{\"llmcheck\":\"recording/1\",…}}")));
    };
    let evidence = Evidence::gather(last);
    let diagnosis = diagnose(&evidence);
    let report = Report::new(&evidence, &diagnosis, attempts, console.lang);
    if args.json {
        let json = serde_json::to_string(&report).map_err(|error| Failure::Internal(error.into()))?;
        console.print(&format!("{json}\n"))?;
    }
    if !args.json || console.verbose {
        let page = match report.verdict.severity {
            Severity::Ok => human::line(&report, console.style()),
            Severity::Warning | Severity::Error => human::page(&report, last, console.style()),
        };
        console.tell(&page);
    }
    Ok(diagnosis.exit_code(args.strict))
}

/// The transcript of every attempt in the recording.
fn read(input: impl BufRead) -> anyhow::Result<Vec<Transcript>> {
    let mut transcripts = Vec::new();
    let mut reader: Option<Reader> = None;
    for line in Lines::new(input) {
        match line? {
            Line::Asked(asked) => transcripts.extend(reader.replace(Reader::new(*asked)).map(Reader::finish)),
            Line::Event(event) => {
                let reader = reader.as_mut().context("an event stands before the first line {\"llmcheck\":\"recording/1\",…}")?;
                reader.hear(&event);
                // Nobody prints it here; left alone it would grow with the stream.
                reader.take_fresh_text();
            }
        }
    }
    transcripts.extend(reader.map(Reader::finish));
    Ok(transcripts)
}
