//! Pasted texts and their verdicts: exceptions, log lines and API errors as people paste them, and texts that tell of no fault. The
//! files below `tests/texts` hold each text under the code of its verdict; values are those that its finding must hold.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use llmcheck::diagnosis::{Diagnosis, diagnose, entry};
use llmcheck::evidence::Evidence;
use llmcheck::exchange::source::Source;
use llmcheck::import;
use llmcheck::lang::Lang;
use serde::Deserialize;

/// One pasted text.
#[derive(Deserialize)]
struct Case {
    text: String,
    #[serde(default)]
    values: BTreeMap<String, toml::Value>,
}

/// Texts by the code of their verdict.
type Cases = BTreeMap<String, Vec<Case>>;

const FILES: [(&str, &str); 6] = [
    ("clients", include_str!("texts/clients.toml")),
    ("servers", include_str!("texts/servers.toml")),
    ("apis", include_str!("texts/apis.toml")),
    ("pastes", include_str!("texts/pastes.toml")),
    ("tracebacks", include_str!("texts/tracebacks.toml")),
    ("healthy", include_str!("texts/healthy.toml")),
];

fn cases() -> impl Iterator<Item = (&'static str, String, Case)> {
    FILES.into_iter().flat_map(|(file, text)| {
        let cases: Cases = toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        cases.into_iter().flat_map(move |(code, cases)| cases.into_iter().map(move |case| (file, code.clone(), case)))
    })
}

/// Gives the diagnosis of the text to `tell`.
fn told<T>(text: &str, tell: impl FnOnce(&Diagnosis) -> T) -> T {
    let mut transcripts = Vec::new();
    let source = import::read(text.as_bytes(), |transcript| transcripts.push(transcript)).unwrap();
    assert_eq!(source, Source::Text, "{text}");
    tell(&diagnose(&Evidence::gather(&transcripts[0])))
}

#[test]
fn every_text_has_its_verdict_with_its_values() {
    let mut by_class: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let mut wrong = String::new();
    for (file, code, case) in cases() {
        let expected = entry(&code).unwrap_or_else(|| panic!("{file}: no code {code}"));
        told(&case.text, |diagnosis| {
            let verdict = &diagnosis.verdict;
            *by_class.entry((expected.class.name(), verdict.entry.class.name())).or_default() += 1;
            if verdict.entry.code != code {
                writeln!(wrong, "{file}: {code} expected, {} told: {}", verdict.entry.code, case.text).unwrap();
                return;
            }
            for (name, value) in &case.values {
                let value: serde_json::Value = value.clone().try_into().unwrap();
                let found = verdict.values.iter().find(|(known, _)| known == name).map(|(_, value)| value);
                if found != Some(&value) {
                    writeln!(wrong, "{file}: {name} = {value} expected, {found:?} told: {}", case.text).unwrap();
                }
            }
        });
    }
    for ((expected, told), count) in &by_class {
        println!("{expected:16} told as {told:16} {count:4}");
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_verdict_of_a_text_says_where_it_stands() {
    for (_, code, case) in cases().filter(|(_, code, _)| code != "nothing-recognised") {
        told(&case.text, |diagnosis| assert!(!diagnosis.verdict.marks.is_empty(), "{code}: {}", case.text));
    }
}

#[test]
fn every_title_reads_in_both_languages() {
    for (_, code, case) in cases() {
        told(&case.text, |diagnosis| {
            for lang in [Lang::En, Lang::Zh] {
                let title = diagnosis.verdict.say(diagnosis.verdict.entry.title, lang);
                assert!(!title.contains(['{', '\n']), "{code}: {title}");
            }
        });
    }
}
