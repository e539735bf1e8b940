//! `llmcheck chat`: ask, listen, judge, do what helps, and report.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;

use super::aim::{self, Aim, RunningLab};
use super::asking::{Asking, Question};
use super::cached::Answers;
use super::console::{Console, Reader as Audience};
use super::handout::Handout;
use super::interrupt::stop_on_interrupt;
use super::parts::{LongInput, Manner, Parts};
use super::prompt::Prompt;
use super::told::Told;
use super::typed::command_line;
use super::{Failure, answer, directory, prepare, recording, steps};
use crate::cli::ChatArgs;
use crate::diagnosis::Severity;
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::report::human;
use crate::report::model::Report;
use crate::resilience::circuit::Circuits;
use crate::resilience::recovery::Reason;
use crate::secret::Mask;

pub fn run(args: &ChatArgs, console: &Console) -> Result<u8, Failure> {
    let mut handout = Handout::to(&args.report.reports)?;
    let lab = args.lab.as_ref().map(|_| RunningLab::start()).transpose()?;
    let prompt = Prompt::read(args).map_err(Failure::Usage)?;
    let input = LongInput::of(args, &prompt)?;
    // Not before: Ctrl-C while stdin is read ends llmcheck as it ends any program.
    stop_on_interrupt();
    let Aim { routes, first } = Aim::of_chat(args, prompt.text().as_deref(), lab.as_ref())?;
    first.notes.iter().for_each(|note| console.note(&note.say(console.lang)));
    let first_part = input.zip(args.split.split).map(|(input, size)| input.first_request(&first.plan, size));
    let (plan, parts) = first_part.map_or((first.plan, None), |(plan, parts)| (plan, Some(parts)));
    let preflight = prepare::look(&plan, &first.settings, console);
    if args.dry_run {
        return prepare::dry_run(args, &plan, parts, preflight, console);
    }
    args.report.record.as_deref().map_or(Ok(()), |path| directory::expect(path, "the recording"))?;
    let record = args.report.record.as_deref().map(recording::create).transpose().map_err(Failure::Usage)?;
    let mask = Mask::of_responses(routes.iter().flat_map(|plan| &plan.secrets));
    let command = mask.cover_text(&command_line()).into_owned();
    let mut asking = Asking {
        console,
        allowed: Arc::new(aim::allowed(&args.retry, &args.recover, if args.recover.recover.is_some() { 2 } else { 0 })),
        record: record.as_ref(),
        answers: Answers::to(args, &mask, console),
        mask: &mask,
        command: &command,
        began: Instant::now(),
        circuits: Circuits::default(),
        learned: BTreeMap::new(),
        halves: Vec::new(),
        attempts: Vec::new(),
        cached: Vec::new(),
    };
    let told = ask(args, input, &routes, &mut asking, &mut handout)?;
    let mask = Mask::of_responses(routes.iter().flat_map(|plan| &plan.secrets).chain(&asking.halves));
    let report = Report { settings: Some(first.settings.0), preflight, ..told.report(&asking) };
    let finished = finish(args, console, &told, &report, &mask);
    handout.keep(report, told.outcome.attempted.transcript);
    let written = handout.write(&mask);
    finished.and_then(|code| written.map(|()| code))
}

/// Asks for all of it, or part by part where that was asked for, or where nothing else helps.
fn ask(
    args: &ChatArgs,
    input: Option<LongInput<'_>>,
    routes: &[Plan],
    asking: &mut Asking<'_>,
    handout: &mut Handout<'_>,
) -> Result<Told, Failure> {
    let shows = !args.report.atomic && !args.report.json;
    let (prints, go_on) = (args.request.stream && shows, args.go_on);
    let manner = Manner { routes, shows, prints, go_on, is_remedy: false };
    if let (Some(input), Some(size)) = (input, args.split.split) {
        return Parts::new(input, manner, asking, handout).ask(size);
    }
    let splittable = input.filter(LongInput::is_splittable);
    let is_splittable = splittable.is_some();
    let question = Question { routes, first: 0, remedy: None, prints, lead: "", before: None, is_splittable };
    let mut answered = asking.ask_on(&question, go_on, handout)?;
    if let (Some(input), Some(size)) = (splittable, answered.outcome.split) {
        let size = input.smaller(size);
        let outcome = answered.outcome;
        asking.console.note(&steps::split(&outcome.diagnosis, outcome.attempts, size, asking.console));
        asking.set_aside(outcome, handout);
        return Parts::new(input, Manner { is_remedy: true, ..manner }, asking, handout).ask(size);
    }
    // What came as a stream may have gone on as a plain answer.
    if answered.printed.is_some() {
        answer::show(&mut answered, "", asking.console, asking.mask);
    }
    Ok(Told::of_one(answered))
}

/// Prints what is to be printed and gives the exit code.
fn finish(args: &ChatArgs, console: &Console, told: &Told, report: &Report, mask: &Mask) -> Result<u8, Failure> {
    let attempted = &told.outcome.attempted;
    let audience = match args.report.json {
        true => console.print(&answer::in_json(report, mask)?)?,
        false if told.is_shown => attempted.audience,
        false => answer::print(report, told, args.report.atomic, console, mask)?,
    };
    // What we could not write is no fault of the exchange, which was ended for that.
    if let (Audience::Gone, Some(failure)) = (audience, &attempted.failure) {
        return Err(Failure::Internal(anyhow!("{failure}")));
    }
    // Whoever closed stdout early has what they wanted: a stream that was stopped for that is no fault to be told.
    if audience == Audience::Gone && told.is_shown && attempted.failure.is_none() {
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
        answer::mark(report, told, args.report.atomic, console);
    }
    failure(args, told, report).map_or(Ok(told.outcome.diagnosis.exit_code(args.report.strict)), |failure| Err(Failure::Internal(failure)))
}

/// What llmcheck did not bring about, whatever became of the exchange.
fn failure(args: &ChatArgs, told: &Told, report: &Report) -> Option<anyhow::Error> {
    let attempted = &told.outcome.attempted;
    let evidence = Evidence::gather(&attempted.transcript);
    // An event was too large to be read, so that its text is missing from what was printed.
    let has_lost_text = evidence.stream().is_some_and(|stream| stream.has_too_large);
    match (&attempted.failure, &told.unasked) {
        (Some(failure), _) => Some(anyhow!("{failure}")),
        (None, Some((left, Reason::OutOfTokens))) => Some(anyhow!("{left} more requests were not made: --max-cost-tokens allows no more")),
        (None, Some((left, Reason::OutOfTime))) => Some(anyhow!("{left} more requests were not made: --retry-max-time is over")),
        _ if report.answer.cut_off && (!attempted.has_printed || has_lost_text) && !args.report.json => Some(anyhow!(
            "the answer is too large to be held back, or one event of it to be read, and was not printed as a whole; use --stream without --atomic"
        )),
        _ => None,
    }
}
