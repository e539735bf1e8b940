//! Of what an answer was put together: the parts of a long input, and the pieces of an answer that the model was asked to go on with.

use super::model::{Part, Report};
use crate::lang::{Lang, Text, text};

/// More runs of like parts are not read by anyone.
const MOST_RUNS: usize = 20;

/// Where the pieces meet; nothing where there is one piece.
pub fn seams(report: &Report, lang: Lang) -> Option<String> {
    const SEAM: Text = text("the pieces meet behind character {places}", "两段在第 {places} 个字符之后相接");
    const SEAMS: Text = text("the pieces meet behind characters {places}", "各段在第 {places} 个字符之后相接");
    let seams = &report.answer.seams;
    let places: Vec<String> = seams.iter().map(u64::to_string).collect();
    let words = if seams.len() == 1 { SEAM } else { SEAMS };
    (!seams.is_empty()).then(|| words.fill(lang, |_| Some(places.join(if lang == Lang::Zh { "、" } else { ", " }))))
}

/// What came of each part, like ones that follow each other as one: `1–3 healthy · 4 provider-error`.
pub fn parts(report: &Report, lang: Lang) -> Option<String> {
    if report.parts.is_empty() {
        return None;
    }
    let mut number = 0;
    let runs = report.parts.chunk_by(|one, next| (one.code, one.reduces) == (next.code, next.reduces));
    let mut told: Vec<String> = runs
        .map(|run| {
            let first = number + 1;
            number += run.len();
            told(run, first, lang)
        })
        .collect();
    if told.len() > MOST_RUNS {
        told.truncate(MOST_RUNS);
        told.push("…".into());
    }
    Some(told.join(" · "))
}

fn told(run: &[Part], first: usize, lang: Lang) -> String {
    const JOINING: Text = text("joining", "合并");
    let code = run.first().map_or("", |part| part.code);
    let last = first + run.len() - 1;
    match run {
        [part] if part.reduces => format!("{} {code}", JOINING.get(lang)),
        [part, ..] if part.reduces => format!("{} ×{} {code}", JOINING.get(lang), run.len()),
        [_] => format!("{first} {code}"),
        _ => format!("{first}–{last} {code}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::{diagnose, entry};
    use crate::evidence::Evidence;
    use crate::exchange::recording::Asked;
    use crate::wire::reader::Reader;

    fn report(parts: &[(&str, bool)], seams: &[u64]) -> Report {
        let transcript = Reader::new(Asked::default()).finish();
        let evidence = Evidence::gather(&transcript);
        let mut report = Report::new(&evidence, &diagnose(&evidence), Vec::new(), Lang::En);
        let part = |&(code, reduces): &(&str, bool)| {
            let entry = entry(code).unwrap();
            Part { characters: 9, class: entry.class, code: entry.code, attempts: 1, reduces, cached: false }
        };
        report.parts = parts.iter().map(part).collect();
        report.answer.seams = seams.to_vec();
        report
    }

    #[test]
    fn like_parts_are_told_as_one() {
        let well = ("healthy", false);
        for (of, expected) in [
            (&[][..], None),
            (&[well], Some("1 healthy")),
            (&[well, well, ("token-limit-reached", false), well], Some("1–2 healthy · 3 token-limit-reached · 4 healthy")),
            (&[well, well, ("healthy", true), ("healthy", true)], Some("1–2 healthy · joining ×2 healthy")),
            (&[well, well, ("healthy", true)], Some("1–2 healthy · joining healthy")),
        ] {
            assert_eq!(parts(&report(of, &[]), Lang::En).as_deref(), expected);
        }
        assert_eq!(parts(&report(&[well, ("healthy", true)], &[]), Lang::Zh).as_deref(), Some("1 healthy · 合并 healthy"));
        let many: Vec<(&str, bool)> = (0..100).map(|n| (if n % 2 == 0 { "healthy" } else { "empty-answer" }, false)).collect();
        assert!(parts(&report(&many, &[]), Lang::En).is_some_and(|told| told.ends_with("20 empty-answer · …")));
    }

    #[test]
    fn seams_are_told_in_characters() {
        assert_eq!(seams(&report(&[], &[]), Lang::En), None);
        assert_eq!(seams(&report(&[], &[7]), Lang::En).as_deref(), Some("the pieces meet behind character 7"));
        assert_eq!(seams(&report(&[], &[7, 12]), Lang::Zh).as_deref(), Some("各段在第 7、12 个字符之后相接"));
    }
}
