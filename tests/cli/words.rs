//! Both languages: which one is spoken, and that every code has something to say in it.

use llmcheck::diagnosis::catalogue;

use crate::program::{Ran, lab, llmcheck, run};

fn has_chinese(text: &str) -> bool {
    text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c))
}

fn in_locale(variables: &[(&str, &str)], arguments: &[&str]) -> Ran {
    let mut command = llmcheck(["chat", "hi", "--lab", "cut-by-close"].iter().chain(arguments));
    command.envs(variables.iter().copied());
    run(command)
}

#[test]
fn chinese_is_spoken_when_the_flag_or_the_locale_asks() {
    for (variables, arguments) in [
        (&[][..], &["--lang", "zh"][..]),
        (&[("LC_ALL", "zh_CN.UTF-8")], &[]),
        (&[("LANG", "zh_TW.UTF-8")], &[]),
        (&[("LC_ALL", "en_US.UTF-8"), ("LLMCHECK_LANG", "zh")], &[]),
    ] {
        let ran = in_locale(variables, arguments);
        ran.ends_with(11).tells("错误[cut-by-close]").tells("建议：").tells("责任：").tells("账目：");
    }
}

#[test]
fn english_is_spoken_otherwise() {
    for (variables, arguments) in [
        (&[][..], &[][..]),
        (&[("LC_ALL", "zh_CN.UTF-8")], &["--lang", "en"]),
        (&[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")], &[]),
        (&[("LANG", "de_DE")], &[]),
    ] {
        let ran = in_locale(variables, arguments);
        assert!(ran.stderr.starts_with("error[cut-by-close]: ") && !has_chinese(&ran.stderr), "{}", ran.stderr);
    }
}

#[test]
fn a_chinese_report_has_chinese_words_and_english_keys() {
    let report = lab("length-counts-characters", &["--json", "--lang", "zh"]).report();
    assert_eq!((&report["lang"], &report["verdict"]["class"]), (&"zh".into(), &"length_mismatch".into()));
    let verdict = &report["verdict"];
    let advice = verdict["advice"].as_array().unwrap().iter();
    let labels =
        report["findings"].as_array().unwrap().iter().flat_map(|finding| finding["marks"].as_array().unwrap()).map(|mark| &mark["label"]);
    for words in [&verdict["title"], &verdict["summary"], &report["findings"][0]["title"]].into_iter().chain(advice).chain(labels) {
        assert!(has_chinese(words.as_str().unwrap()), "{words}");
    }
}

#[test]
fn notes_of_a_run_are_chinese_too() {
    let notes = lab("flaky-500-twice", &["--lang", "zh", "--retry", "2", "--retry-base", "1ms"]);
    assert!(notes.stderr.lines().all(has_chinese), "{}", notes.stderr);
}

#[test]
fn the_note_on_the_old_variable_is_chinese_too() {
    let mut command = llmcheck(["chat", "hi", "--lang", "zh"]);
    command.env("OPENAI_API_BASE", "http://127.0.0.1:1/v1");
    assert!(has_chinese(run(command).stderr.lines().next().unwrap()));
}

#[test]
fn the_code_that_only_a_batch_has_is_explained_too() {
    let [english, chinese] = ["en", "zh"].map(|lang| run(llmcheck(["explain", "stream-not-joined", "--lang", lang])));
    assert_eq!((english.code, chinese.code), (Some(0), Some(0)));
    assert!(english.stdout.starts_with("# stream-not-joined: the answer came as a stream"), "{}", english.stdout);
    assert!(chinese.stdout.contains("拼成一个 completion") && chinese.stdout.contains("计费"), "{}", chinese.stdout);
    assert!(english.stdout.contains("stream_error") && english.stdout.contains("billed"), "{}", english.stdout);
}

#[test]
fn every_code_is_explained_in_both_languages() {
    for entry in catalogue() {
        let [english, chinese] = ["en", "zh"].map(|lang| run(llmcheck(["explain", entry.code, "--lang", lang])));
        let heading = |ran: &Ran| ran.ends_with(0).stdout.starts_with(&format!("# {}: ", entry.code));
        assert!(heading(&english) && heading(&chinese), "{}", entry.code);
        assert!(english.stdout.len() > 400 && chinese.stdout.chars().count() > 200, "{}: short", entry.code);
        assert!(!has_chinese(english.stdout.lines().next().unwrap()) && has_chinese(&chinese.stdout), "{}", entry.code);
        assert!(!english.stdout.contains("{") || english.stdout.contains('`'), "{}: an open slot", entry.code);
    }
}

#[test]
fn the_list_of_codes_has_each_code_once_with_its_class_and_exit_code() {
    let english = run(llmcheck(["explain", "--list"]));
    assert_eq!(english.ends_with(0).stdout.lines().count(), catalogue().count());
    for entry in catalogue() {
        let words = [entry.class.exit_code().to_string(), entry.class.name().to_string(), entry.code.to_string()];
        assert!(english.stdout.lines().any(|line| line.split_whitespace().take(3).eq(words.iter())), "{words:?}");
    }
    let chinese = run(llmcheck(["explain", "--list", "--lang", "zh"]));
    assert!(chinese.stdout.lines().all(has_chinese));
}

#[test]
fn a_code_may_be_pasted_with_its_brackets() {
    let expected = run(llmcheck(["explain", "cut-by-close"])).stdout;
    for pasted in ["error[cut-by-close]", "error[cut-by-close]:", "warning[cut-by-close]", " cut-by-close "] {
        run(llmcheck(["explain", pasted])).ends_with(0).prints(&expected);
    }
}

#[test]
fn a_code_may_be_pasted_from_a_chinese_page() {
    let expected = run(llmcheck(["explain", "cut-by-close"])).stdout;
    run(llmcheck(["explain", "错误[cut-by-close]"])).ends_with(0).prints(&expected);
}

#[test]
fn the_lab_lists_at_least_forty_scenarios_in_both_languages() {
    let [english, chinese] = ["en", "zh"].map(|lang| run(llmcheck(["lab", "--list", "--lang", lang])));
    assert!(english.ends_with(0).stdout.lines().count() >= 40 && !has_chinese(&english.stdout));
    assert!(chinese.stdout.lines().all(has_chinese));
}
