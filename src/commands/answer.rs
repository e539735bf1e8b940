//! The answer on stdout: all of it, or of one that was cut as much as arrived, with a mark on stderr that says so. What a stream let out
//! as it came is there already.

use super::Failure;
use super::console::{Console, Reader as Audience};
use super::going_on::Answered;
use super::told::Told;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::report::model::Report;
use crate::secret::Mask;

/// Prints what is not on stdout yet of an answer that is to be shown as far as it came, `lead` before it, and ends its line. That it could
/// not be written is kept with its exchange.
pub fn show(answered: &mut Answered, lead: &str, console: &Console, mask: &Mask) {
    let attempted = &mut answered.outcome.attempted;
    if attempted.failure.is_some() || attempted.audience == Audience::Gone {
        return;
    }
    let text = &answered.joined.text;
    let (there, rest) = text.split_at(answered.printed.unwrap_or(0).min(text.len()));
    let is_new = answered.printed.is_none();
    if is_new && rest.is_empty() {
        return;
    }
    let ends_line = if rest.is_empty() { answered.ended_line } else { rest.ends_with('\n') };
    let (lead, line_end) = (if is_new { lead } else { "" }, if ends_line { "" } else { "\n" });
    let shown = format!("{lead}{}{line_end}", mask.cover_after(there, rest));
    answered.printed = Some(text.len());
    answered.ended_line = true;
    if shown.is_empty() {
        return;
    }
    match console.print(&shown) {
        Ok(audience) => attempted.audience = audience,
        Err(failure) => attempted.failure = Some(failure),
    }
}

/// Prints the answer where nothing of it is on stdout yet. One that is not known to be all is not printed where the caller `holds_back`.
///
/// # Errors
/// When stdout cannot take it.
pub fn print(report: &Report, told: &Told, holds_back: bool, console: &Console, mask: &Mask) -> Result<Audience, Failure> {
    let attempted = &told.outcome.attempted;
    let evidence = Evidence::gather(&attempted.transcript);
    // Of a text that is too long to be kept only the beginning is at hand.
    let is_kept = told.is_of_several() || !attempted.has_printed && !report.answer.cut_off;
    let Some(text) = report.answer.text.as_deref().filter(|_| is_kept) else {
        return Ok(attempted.audience);
    };
    let shown = match () {
        () if !report.answer.partial && (told.is_of_several() || evidence.answer_is_whole()) => mask.cover_text(text),
        () if is_part(report, told, &evidence) && (told.is_of_several() || evidence.is_success()) && !holds_back => {
            mask.cover_cut_text(text)
        }
        () => return Ok(attempted.audience),
    };
    let line_end = if shown.ends_with('\n') { "" } else { "\n" };
    console.print(&format!("{shown}{line_end}"))
}

/// Says on stderr that what stands on stdout, or was held back from it, is only a part.
pub fn mark(report: &Report, told: &Told, holds_back: bool, console: &Console) {
    const PART: Text = text("the answer on stdout is only a part: {n} characters arrived", "stdout 上的回答只是一部分：收到了 {n} 个字符");
    const HELD_BACK: Text = text(
        "{n} characters of the answer arrived and were held back: to get them, leave out --atomic, or read answer.text of --json",
        "收到了回答的 {n} 个字符，保留未输出：要得到它们，请去掉 --atomic，或读取 --json 中的 answer.text",
    );
    let evidence = Evidence::gather(&told.outcome.attempted.transcript);
    // What is no success is no answer either, unless it was let out as it came.
    if !is_part(report, told, &evidence) || !(told.is_shown || told.is_of_several() || evidence.is_success()) {
        return;
    }
    let arrived = match (evidence.stream(), report.answer.part()) {
        (_, Some(arrived)) => arrived,
        (Some(stream), None) if told.is_shown => stream.characters,
        // Too long to be kept, and so neither printed nor held back.
        _ => return,
    };
    let words = if told.is_shown || !holds_back { PART } else { HELD_BACK };
    console.note(&words.fill(console.lang, |_| Some(arrived.to_string())));
}

/// There is text of an answer, and no sign that it is all.
fn is_part(report: &Report, told: &Told, evidence: &Evidence<'_>) -> bool {
    report.answer.partial && (told.is_of_several() || !evidence.answer_is_whole())
}

/// The report as one line of JSON, its secrets masked.
///
/// # Errors
/// When it cannot be written as JSON.
pub fn in_json(report: &Report, mask: &Mask) -> Result<String, Failure> {
    let mut covered = None;
    // At the end of a text the beginning of a secret shows, in the midst of JSON it does not.
    if let Some(text) = report.answer.text.as_deref().filter(|text| report.answer.partial && mask.finds_any_in_cut(text.as_bytes())) {
        covered.insert(report.clone()).answer.text = Some(mask.cover_cut_text(text).into_owned());
    }
    let json = serde_json::to_string(covered.as_ref().unwrap_or(report)).map_err(|error| Failure::Internal(error.into()))?;
    Ok(format!("{}\n", mask.cover_text(&json)))
}
