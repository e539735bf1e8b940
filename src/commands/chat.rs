//! `llmcheck chat`: ask, listen, judge, do what helps, and report.

use std::fs::File;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::aim::{self, Aim, RunningLab};
use super::asking::{Asking, Question};
use super::console::{Console, Reader as Audience};
use super::handout::Handout;
use super::interrupt::stop_on_interrupt;
use super::live::Attempted;
use super::prompt::Prompt;
use super::typed::command_line;
use crate::cli::ChatArgs;
use crate::diagnosis::{Diagnosis, Severity};
use crate::evidence::Evidence;
use crate::report::human;
use crate::report::model::Report;
use crate::resilience::circuit::Circuits;
use crate::secret::Mask;

pub fn run(args: &ChatArgs, console: &Console) -> Result<u8, Failure> {
    let mut handout = Handout::to(&args.report.reports)?;
    let lab = args.lab.as_ref().map(|_| RunningLab::start()).transpose()?;
    let prompt = Prompt::read(args).map_err(Failure::Usage)?;
    // Not before: Ctrl-C while stdin is read ends llmcheck as it ends any program.
    stop_on_interrupt();
    let Aim { routes, first } = Aim::of_chat(args, prompt.text().as_deref(), lab.as_ref())?;
    first.notes.iter().for_each(|note| console.note(note.get(console.lang)));
    let record = args.report.record.as_deref().map(create_recording).transpose().map_err(Failure::Usage)?;
    let mask = Mask::of_responses(routes.iter().flat_map(|plan| &plan.secrets));
    let allowed = aim::allowed(&args.retry, &args.recover);
    let command = mask.cover_text(&command_line()).into_owned();
    let mut asking = Asking {
        console,
        allowed: &allowed,
        record: record.as_ref(),
        mask: &mask,
        command: &command,
        began: Instant::now(),
        circuits: Circuits::default(),
        attempts: Vec::new(),
    };
    let prints = args.request.stream && !args.report.atomic && !args.report.json;
    let question = Question { routes: &routes, first: 0, remedy: None, prints, is_splittable: false };
    let outcome = asking.ask(&question, &mut handout)?;

    let evidence = Evidence::gather(&outcome.attempted.transcript);
    let mut report = Report::new(&evidence, &outcome.diagnosis, asking.attempts, console.lang);
    report.settings = Some(first.settings.0);
    report.tell_stop(&outcome.reason);
    let finished = finish(args, console, &outcome.attempted, &evidence, &outcome.diagnosis, &report, &mask);
    handout.keep(report, outcome.attempted.transcript);
    let written = handout.write(&mask);
    finished.and_then(|code| written.map(|()| code))
}

/// Prints what is to be printed and gives the exit code.
fn finish(
    args: &ChatArgs,
    console: &Console,
    attempted: &Attempted,
    evidence: &Evidence<'_>,
    diagnosis: &Diagnosis,
    report: &Report,
    mask: &Mask,
) -> Result<u8, Failure> {
    let mut audience = attempted.audience;
    if args.report.json {
        let json = serde_json::to_string(report).map_err(|error| Failure::Internal(error.into()))?;
        audience = console.print(&format!("{}\n", mask.cover_text(&json)))?;
    } else if evidence.answer_is_whole()
        && !attempted.has_printed
        && let Some(text) = report.answer.text.as_deref().filter(|_| !report.answer.cut_off)
    {
        let line_end = if text.ends_with('\n') { "" } else { "\n" };
        audience = console.print(&format!("{}{line_end}", mask.cover_text(text)))?;
    }
    // What we could not write is no fault of the exchange, which was ended for that.
    if let (Audience::Gone, Some(failure)) = (audience, &attempted.failure) {
        return Err(Failure::Internal(anyhow!("{failure}")));
    }
    // Whoever closed stdout early has what they wanted: a stream that was stopped for that is no fault to be told.
    if audience == Audience::Gone && attempted.has_printed && attempted.failure.is_none() {
        return Ok(0);
    }
    if !args.report.json || console.verbose {
        let style = console.style();
        let page = match report.verdict.severity {
            Severity::Ok if console.stderr_is_terminal || console.verbose || report.recovered => human::line(report, style),
            Severity::Ok => String::new(),
            Severity::Warning | Severity::Error => human::page(report, &attempted.transcript, style),
        };
        console.tell(&mask.cover_text(&page));
    }
    match &attempted.failure {
        Some(failure) => Err(Failure::Internal(anyhow!("{failure}"))),
        None if report.answer.cut_off && (!attempted.has_printed || lost_text(evidence)) && !args.report.json => {
            Err(Failure::Internal(anyhow!(
                "the answer is too large to be held back, or one event of it to be read, and was not printed as a whole; use --stream without --atomic"
            )))
        }
        None => Ok(diagnosis.exit_code(args.report.strict)),
    }
}

/// An event was too large to be read, so that its text is missing from what was printed.
fn lost_text(evidence: &Evidence<'_>) -> bool {
    evidence.stream().is_some_and(|stream| stream.has_too_large)
}

/// A new file that only its owner can read.
fn create_recording(path: &Path) -> anyhow::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(path).with_context(|| format!("the recording {} cannot be created", path.display()))?;
    #[cfg(unix)]
    if file.metadata().is_ok_and(|metadata| metadata.is_file()) {
        use std::os::unix::fs::PermissionsExt as _;
        let _ = file.set_permissions(std::fs::Permissions::from_mode(0o600));
    }
    Ok(file)
}
