//! One exchange among many: performed without a word on the terminal, judged and measured.

use std::fs::File;

use super::Failure;
use super::console::Console;
use super::live::{self, Attempted, Wishes};
use crate::diagnosis::{Diagnosis, diagnose};
use crate::evidence::Evidence;
use crate::exchange::Caller;
use crate::exchange::recording::Asked;
use crate::plan::Plan;
use crate::sample::Sample;
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

/// How an exchange went.
pub struct Checked {
    pub transcript: Transcript,
    pub diagnosis: Diagnosis,
    pub sample: Sample,
}

/// Performs the plan once; its recording goes to `record`.
///
/// # Errors
/// When llmcheck cannot do its part: a plan that cannot be performed, a recording that cannot be written.
pub fn check(plan: &Plan, attempt: u32, command: Option<&str>, record: Option<&File>, console: &Console) -> Result<Checked, Failure> {
    check_by(None, plan, attempt, command, record, console)
}

/// The same by a caller who may keep its connection.
///
/// # Errors
/// As for [`check`].
pub fn check_by(
    caller: Option<&mut Caller>,
    plan: &Plan,
    attempt: u32,
    command: Option<&str>,
    record: Option<&File>,
    console: &Console,
) -> Result<Checked, Failure> {
    let (checked, failure) = check_recording(caller, plan, attempt, command, (record, None), console)?;
    failure.map_or(Ok(checked), Err)
}

/// The same where a recording that cannot be written is no end: it is told beside what came. Beside the file stands how many bytes it may
/// be given.
///
/// # Errors
/// When the plan cannot be performed, or nothing at all can be written to the recording.
pub fn check_recording(
    caller: Option<&mut Caller>,
    plan: &Plan,
    attempt: u32,
    command: Option<&str>,
    (record, most): (Option<&File>, Option<u64>),
    console: &Console,
) -> Result<(Checked, Option<Failure>), Failure> {
    let wishes = Wishes { record, most, keep: false, print: false, lead: "", before: None };
    let silent = Console { quiet: true, ..*console };
    let Attempted { transcript, failure, .. } = live::attempt_by(caller, plan, asked(plan, attempt, command), wishes, &silent)?;
    let evidence = Evidence::gather(&transcript);
    let diagnosis = diagnose(&evidence);
    let sample = Sample::of(&evidence, &diagnosis);
    Ok((Checked { transcript, diagnosis, sample }, failure))
}

/// What a recording of this plan says was asked.
pub fn asked(plan: &Plan, attempt: u32, command: Option<&str>) -> Asked {
    Asked {
        started: format!("{:.3}", jiff::Timestamp::now()),
        attempt,
        endpoint: plan.endpoint.clone(),
        method: plan.method.name().into(),
        url: Mask::of_responses(&plan.secrets).cover_text(&plan.target.url()).into_owned(),
        model: plan.model.clone(),
        stream: plan.stream,
        max_tokens: plan.max_tokens,
        key: plan.key,
        command: command.map(str::to_string),
        proxy: plan.proxy.as_ref().map(|proxy| proxy.url()),
        insecure: plan.trust.insecure,
        timeouts: plan.timeouts,
        ..Asked::default()
    }
}
