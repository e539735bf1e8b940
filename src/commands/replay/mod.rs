//! `llmcheck replay`: a recorded request is sent again, and what comes is compared with what came then.

mod place;
mod recorded;
mod request;
mod told;
mod words;

use std::path::Path;

use anyhow::anyhow;

use crate::cli::ReplayArgs;
use crate::commands::check::check;
use crate::commands::console::Console;
use crate::commands::interrupt::{is_stopped, stop_on_interrupt};
use crate::commands::typed::command_line;
use crate::commands::{Failure, recording};
use crate::diagnosis::Class;
use crate::evidence::Evidence;
use crate::secret::Mask;
use place::Aimed;
use recorded::Recorded;
use told::{Comparison, Run};

/// As a shell gives it for a run that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

pub fn run(args: &ReplayArgs, console: &Console) -> Result<u8, Failure> {
    let recorded = Recorded::read(&args.recording, args.attempt, console).map_err(Failure::Usage)?;
    stop_on_interrupt();
    let Aimed { plan, notes, lab: _lab } = place::aim(args, &recorded)?;
    notes.iter().for_each(|note| console.note(&note.say(console.lang)));
    keep_apart(args)?;
    let record = args.record.as_deref().map(recording::create).transpose().map_err(Failure::Usage)?;
    let mask = Mask::of_responses(&plan.secrets);
    let command = mask.cover_text(&command_line()).into_owned();
    let then = Evidence::gather(&recorded.transcript);
    let mut comparison = Comparison::new(&then, &recorded, &plan, console);
    comparison.begin(args, &mask);
    for number in 1..=args.times {
        let checked = check(&plan, number, Some(&command), record.as_ref(), console)?;
        // What Ctrl-C ended is no other verdict.
        if is_stopped() && checked.diagnosis.verdict.entry.class == Class::Interrupted {
            break;
        }
        if console.verbose {
            console.tell(&mask.cover_text(&told::page(&checked, console)));
        }
        comparison.add(Run::of(&then, &checked, args.strict, console.lang), args, &mask);
        if is_stopped() {
            break;
        }
    }
    comparison.finish(args, &mask)?;
    Ok(if is_stopped() { INTERRUPTED } else { comparison.exit_code() })
}

/// The new recording must not take the place of the one that is replayed.
fn keep_apart(args: &ReplayArgs) -> Result<(), Failure> {
    let real = |path: &Path| path.canonicalize().ok();
    match &args.record {
        Some(record) if real(record).is_some_and(|record| Some(record) == real(&args.recording)) => {
            Err(Failure::Usage(anyhow!("--record {} would overwrite the recording that is replayed; name another file", record.display())))
        }
        _ => Ok(()),
    }
}
