//! Whatever every entry of the catalogue must have, a loop checks.

use std::collections::HashSet;

use super::*;
use crate::lab::scenarios;

/// All short texts of an entry.
fn texts(entry: &Entry) -> Vec<Text> {
    let labels = entry.labels.iter().map(|(_, words)| *words);
    [entry.title, entry.summary].into_iter().chain(entry.advice.iter().copied()).chain(labels).collect()
}

fn slots(text: &str) -> HashSet<&str> {
    text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(slot, _)| slot).collect()
}

#[test]
fn codes_are_unique_and_kebab_case() {
    let mut seen = HashSet::new();
    for entry in catalogue() {
        assert!(seen.insert(entry.code), "{} twice", entry.code);
        let is_kebab =
            entry.code.split('-').all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()));
        assert!(is_kebab, "{}", entry.code);
    }
}

#[test]
fn every_class_has_a_code() {
    for class in Class::ALL {
        assert!(catalogue().any(|entry| entry.class == class), "{}", class.name());
    }
}

#[test]
fn titles_begin_small_and_have_no_full_stop() {
    for entry in catalogue() {
        let (en, zh) = (entry.title.en, entry.title.zh);
        let first = en.split(' ').next().unwrap();
        // Names such as HTTP or Content-Length keep their letters.
        let is_name = first.chars().filter(|c| c.is_uppercase()).count() > 1 || first.contains('-') || first.starts_with("Content");
        assert!(!first.starts_with(char::is_uppercase) || is_name, "{}: {en}", entry.code);
        assert!(!en.ends_with('.') && !zh.ends_with('。'), "{}", entry.code);
    }
}

#[test]
fn both_languages_have_the_same_slots_and_differ() {
    for entry in catalogue() {
        for words in texts(entry) {
            assert_eq!(slots(words.en), slots(words.zh), "{}: {}", entry.code, words.en);
            assert!(!words.en.is_empty() && !words.zh.is_empty() && words.en != words.zh, "{}: {}", entry.code, words.en);
            assert!(words.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{}: {}", entry.code, words.zh);
        }
    }
}

#[test]
fn every_consequence_names_codes_of_the_catalogue_and_none_follows_itself() {
    for one in catalogue() {
        for code in one.follows {
            let cause = entry(code).unwrap_or_else(|| panic!("{} follows {code}, which is no code", one.code));
            assert!(!cause.follows.contains(&one.code), "{} and {code} follow each other", one.code);
        }
    }
}

#[test]
fn every_explanation_has_its_sections_in_both_languages() {
    const EN: [&str; 6] = ["What llmcheck saw", "What it means", "Usual causes", "What to do", "How to confirm", "References"];
    const ZH: [&str; 6] = ["看到了什么", "这意味着什么", "常见原因", "怎么办", "如何确认", "参考"];
    for entry in catalogue() {
        for (text, expected) in [(entry.explain.en, EN), (entry.explain.zh, ZH)] {
            let headings: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
            assert_eq!(headings, expected, "{}", entry.code);
            assert!(text.split("## ").skip(1).all(|section| section.lines().skip(1).any(|line| !line.trim().is_empty())), "{}", entry.code);
        }
    }
}

#[test]
fn every_explanation_file_belongs_to_a_code() {
    for file in std::fs::read_dir("src/diagnosis/explain").unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let code = name.trim_end_matches(".md").trim_end_matches(".en").trim_end_matches(".zh");
        assert!(entry(code).is_some(), "{name}");
    }
}

#[test]
fn every_code_is_shown_by_a_lab_scenario_or_is_known_not_to_be() {
    /// A loopback network has no missing routes; an unknown failure cannot be made on purpose; the user is no server; and what only
    /// words can tell has no bytes; what a capture leaves out was sent all the same.
    const NOT_BY_A_SERVER: [&str; 7] = [
        "host-unreachable",
        "undiagnosed-failure",
        "interrupted-by-user",
        "reader-gone",
        "cause-hidden-by-client",
        "nothing-recognised",
        "body-not-shown",
    ];
    let shown: HashSet<&str> =
        scenarios().flat_map(|scenario| [scenario.plain, scenario.stream]).flatten().map(|expected| expected.code).collect();
    let missing: Vec<&str> =
        catalogue().map(|entry| entry.code).filter(|code| !shown.contains(code) && !NOT_BY_A_SERVER.contains(code)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_advice_names_only_flags_that_exist() {
    use clap::CommandFactory as _;
    let command = crate::cli::Cli::command();
    let known: HashSet<String> = command
        .get_subcommands()
        .flat_map(|command| command.get_arguments())
        .chain(command.get_arguments())
        .filter_map(|argument| argument.get_long().map(|long| format!("--{long}")))
        .collect();
    for entry in catalogue() {
        let short = texts(entry).into_iter().flat_map(|words| [words.en, words.zh]).chain([entry.confirm]);
        for text in short {
            for flag in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').filter(|word| word.starts_with("--") && word.len() > 2)
            {
                assert!(known.contains(flag), "{}: {flag}", entry.code);
            }
        }
    }
}

#[test]
fn a_server_text_becomes_one_clean_line() {
    assert_eq!(excerpt("a\r\n\u{1b}[31mb\tc"), "a [31mb c");
    assert_eq!(excerpt(&"x".repeat(500)).chars().count(), 241);
}
