//! `llmcheck chat`: ask, listen, judge, do what helps, and report.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::aim::{self, Aim, RunningLab};
use super::answer;
use super::asking::{Asking, Question};
use super::cached::Answers;
use super::console::{Console, Reader as Audience};
use super::going_on::Answered;
use super::handout::Handout;
use super::interrupt::stop_on_interrupt;
use super::parts::{self, Parts};
use super::prepare;
use super::prompt::Prompt;
use super::typed::command_line;
use crate::cli::ChatArgs;
use crate::diagnosis::Severity;

use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::report::human;
use crate::report::model::{Part, Report};
use crate::resilience::circuit::Circuits;
use crate::secret::Mask;

pub fn run(args: &ChatArgs, console: &Console) -> Result<u8, Failure> {
    let mut handout = Handout::to(&args.report.reports)?;
    let lab = args.lab.as_ref().map(|_| RunningLab::start()).transpose()?;
    let prompt = Prompt::read(args).map_err(Failure::Usage)?;
    // Not before: Ctrl-C while stdin is read ends llmcheck as it ends any program.
    stop_on_interrupt();
    let Aim { routes, first } = Aim::of_chat(args, prompt.text().as_deref(), lab.as_ref())?;
    first.notes.iter().for_each(|note| console.note(&note.say(console.lang)));
    let preflight = prepare::look(&first.plan, &first.settings, console);
    if args.request.dry_run {
        return prepare::dry_run(args, &first.plan, preflight, console);
    }
    let record = args.report.record.as_deref().map(create_recording).transpose().map_err(Failure::Usage)?;
    let mask = Mask::of_responses(routes.iter().flat_map(|plan| &plan.secrets));
    let allowed = Arc::new(aim::allowed(&args.retry, &args.recover, if args.recover.recover.is_some() { 2 } else { 0 }));
    let command = mask.cover_text(&command_line()).into_owned();
    let mut asking = Asking {
        console,
        allowed,
        record: record.as_ref(),
        answers: Answers::to(args, &mask, console),
        mask: &mask,
        command: &command,
        began: Instant::now(),
        circuits: Circuits::default(),
        attempts: Vec::new(),
    };
    let told = ask(args, &prompt, &routes, &mut asking, &mut handout)?;

    let outcome = &told.last.outcome;
    let evidence = Evidence::gather(&outcome.attempted.transcript);
    let mut report = Report::new(&evidence, &outcome.diagnosis, std::mem::take(&mut asking.attempts), console.lang);
    report.settings = Some(first.settings.0);
    report.preflight = preflight;
    report.cached.clone_from(&outcome.cached);
    report.parts.clone_from(&told.parts);
    report.tell_stop(&outcome.reason);
    if let Some(text) = &told.text {
        report.answer.text = Some(text.clone());
        report.answer.seams.clone_from(&told.last.seams);
        report.answer.partial = !(told.is_whole && evidence.answer_is_whole());
    }
    let finished = finish(args, console, &told, &evidence, &report, &mask);
    if !told.last.seams.is_empty() && told.parts.is_empty() {
        console.note(&seams(&told.last.seams, console));
    }
    handout.keep(report, told.last.outcome.attempted.transcript);
    let written = handout.write(&mask);
    finished.and_then(|code| written.map(|()| code))
}

fn seams(seams: &[u64], console: &Console) -> String {
    const SEAMS: Text = text("the answer was joined behind character {places}", "回答由多段拼接而成，接缝在第 {places} 个字符之后");
    let places = seams.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    SEAMS.fill(console.lang, |_| Some(places.clone()))
}

/// What came of the question, or of its parts.
struct Told {
    /// The last exchange.
    last: Answered,
    parts: Vec<Part>,
    /// The answer, where it is of several exchanges.
    text: Option<String>,
    is_whole: bool,
    /// All of it is on stdout.
    is_shown: bool,
}

/// Asks for all of it, or part by part where that was asked for, or where nothing else helps.
fn ask(args: &ChatArgs, prompt: &Prompt, routes: &[Plan], asking: &mut Asking<'_>, handout: &mut Handout<'_>) -> Result<Told, Failure> {
    let shows = !args.report.atomic && !args.report.json;
    let prints = args.request.stream && shows;
    let (instruction, text) = prompt.instruction_and_text();
    let size = match (args.split.split, text) {
        (Some(_), None) => return Err(Failure::Usage(anyhow!("there is no text to split; give it as an argument or pipe it in"))),
        (size, _) => size,
    };
    let size = match size {
        Some(size) => size,
        None => {
            let is_splittable = text.is_some_and(parts::is_splittable) && args.request.body.is_none();
            let question = Question { routes, first: 0, remedy: None, prints, before: None, is_splittable };
            let mut last = asking.ask_on(&question, args.recover.go_on, handout)?;
            match last.outcome.split {
                Some(size) => size,
                None => {
                    // What came as a stream may have gone on as a plain answer.
                    if last.printed.is_some() {
                        show_part(&mut last, true, asking.console, asking.mask)?;
                    }
                    let is_shown = last.printed.is_some();
                    let text = last.joined.clone();
                    return Ok(Told { last, parts: Vec::new(), text, is_whole: true, is_shown });
                }
            }
        }
    };
    let parts =
        Parts { args: &args.split, instruction, text: text.unwrap_or_default(), size, routes, shows, prints, go_on: args.recover.go_on };
    let (console, mask) = (asking.console, asking.mask);
    let told = parts.ask(asking, handout, |answered, is_first| show_part(answered, is_first, console, mask))?;
    Ok(Told { last: told.last, parts: told.parts, text: Some(told.text), is_whole: told.is_whole, is_shown: told.is_shown })
}

/// The answer to one of several parts, a blank line between two of them. One that came as a stream is there already.
fn show_part(answered: &mut Answered, is_first: bool, console: &Console, mask: &Mask) -> Result<(), Failure> {
    let text = answered.text();
    let rest = text.get(answered.printed.unwrap_or(0)..).unwrap_or_default();
    let between = if is_first || answered.printed.is_some() { "" } else { "\n" };
    if !rest.is_empty() {
        let shown = mask.cover_cut_text(rest);
        answered.outcome.attempted.audience = console.print(&format!("{between}{shown}"))?;
        answered.ended_line = rest.ends_with('\n');
        answered.printed = Some(text.len());
    }
    end_line(answered, console)
}

fn end_line(answered: &mut Answered, console: &Console) -> Result<(), Failure> {
    if answered.printed.is_some() && !answered.ended_line && answered.outcome.attempted.audience == Audience::Present {
        answered.outcome.attempted.audience = console.print("\n")?;
        answered.ended_line = true;
    }
    Ok(())
}

/// Prints what is to be printed and gives the exit code.
fn finish(args: &ChatArgs, console: &Console, told: &Told, evidence: &Evidence<'_>, report: &Report, mask: &Mask) -> Result<u8, Failure> {
    let (attempted, diagnosis) = (&told.last.outcome.attempted, &told.last.outcome.diagnosis);
    let audience = match args.report.json {
        true => console.print(&answer::in_json(report, mask)?)?,
        false if told.is_shown => attempted.audience,
        false => answer::print(report, evidence, attempted, args.report.atomic, console, mask)?,
    };
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
    if !args.report.json && audience == Audience::Present {
        answer::mark(report, evidence, told.is_shown, args.report.atomic, console);
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
