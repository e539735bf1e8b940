//! The answer on stdout: all of it, or of one that was cut as much as arrived, with a mark on stderr that says so. What a stream let out
//! as it came is there already.

use super::Failure;
use super::console::{Console, Reader as Audience};
use super::live::Attempted;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::report::model::Report;
use crate::secret::Mask;

/// Prints what is not on stdout yet, and says where it is only a part. `holds_back` what is not known to be all.
pub fn print(
    report: &Report,
    evidence: &Evidence<'_>,
    attempted: &Attempted,
    holds_back: bool,
    console: &Console,
    mask: &Mask,
) -> Result<Audience, Failure> {
    const PART: Text = text("the answer on stdout is only a part: {n} characters arrived", "stdout 上的回答只是一部分：收到了 {n} 个字符");
    const HELD_BACK: Text = text(
        "{n} characters of the answer arrived and were held back: to get them, leave out --atomic, or read answer.text of --json",
        "收到了回答的 {n} 个字符，保留未输出：要得到它们，请去掉 --atomic，或读取 --json 中的 answer.text",
    );
    let answer = &report.answer;
    let Some(text) = answer.text.as_deref() else {
        return Ok(attempted.audience);
    };
    // Of a text that is too long to be kept only the beginning is at hand.
    let is_printable = !attempted.has_printed && !answer.cut_off;
    if evidence.answer_is_whole() {
        return if is_printable { console.print(&line(&mask.cover_text(text))) } else { Ok(attempted.audience) };
    }
    if !answer.partial || !(attempted.has_printed || evidence.is_success()) {
        return Ok(attempted.audience);
    }
    let mut audience = attempted.audience;
    if is_printable && !holds_back {
        audience = console.print(&line(&mask.cover_cut_text(text)))?;
    }
    // On what nobody reads there is no part of an answer.
    if audience == Audience::Present && (attempted.has_printed || is_printable) {
        let arrived = evidence.stream().filter(|_| answer.cut_off).map_or_else(|| text.chars().count() as u64, |stream| stream.characters);
        let words = if attempted.has_printed || !holds_back { PART } else { HELD_BACK };
        console.note(&words.fill(console.lang, |_| Some(arrived.to_string())));
    }
    Ok(audience)
}

/// The report as one line.
pub fn in_json(report: &Report, mask: &Mask) -> Result<String, Failure> {
    let mut covered = None;
    // At the end of a text the beginning of a secret shows, in the midst of JSON it does not.
    if let Some(text) = report.answer.text.as_deref().filter(|text| report.answer.partial && mask.finds_any_in_cut(text.as_bytes())) {
        covered.insert(report.clone()).answer.text = Some(mask.cover_cut_text(text).into_owned());
    }
    let json = serde_json::to_string(covered.as_ref().unwrap_or(report)).map_err(|error| Failure::Internal(error.into()))?;
    Ok(format!("{}\n", mask.cover_text(&json)))
}

fn line(text: &str) -> String {
    let line_end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{text}{line_end}")
}
