//! Every report against the schema that `generate schema` prints, by Python's jsonschema.

use std::path::PathBuf;
use std::process::{Command, Stdio};

const CHECK: &str = "
import json, sys
from jsonschema import Draft202012Validator
schema = json.load(open(sys.argv[1]))
Draft202012Validator.check_schema(schema)
validator = Draft202012Validator(schema)
reports = [json.loads(line) for line in sys.stdin]
errors = [f'{report[\"verdict\"][\"code\"]}: {error.json_path}: {error.message}' for report in reports for error in validator.iter_errors(report)]
print(len(reports), *errors[:20], sep='\\n')
sys.exit(bool(errors))
";

#[test]
#[ignore = "needs Python with jsonschema"]
fn every_case_gives_a_report_of_the_schema_in_both_languages() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let schema = Command::new(env!("CARGO_BIN_EXE_llmcheck")).args(["generate", "schema", "--out"]).arg(&directory).output().unwrap();
    assert!(schema.status.success());
    let recordings: Vec<PathBuf> = recordings();
    assert!(recordings.len() >= 150);
    for lang in ["en", "zh"] {
        let reports =
            Command::new(env!("CARGO_BIN_EXE_llmcheck")).args(["diagnose", "--json", "--lang", lang]).args(&recordings).output().unwrap();
        let path = directory.join(format!("reports-{lang}.jsonl"));
        std::fs::write(&path, reports.stdout).unwrap();
        let check = Command::new("/opt/llmcheck-real/bin/python")
            .args(["-c", CHECK])
            .arg(directory.join("llmcheck.report.1.schema.json"))
            .stdin(std::fs::File::open(&path).unwrap())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&check.stdout).into_owned();
        assert!(check.status.success(), "{said}{}", String::from_utf8_lossy(&check.stderr));
        assert_eq!(said.trim(), recordings.len().to_string());
    }
}

#[test]
#[ignore = "needs Python with jsonschema"]
fn answers_of_several_exchanges_give_reports_of_the_schema() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let schema = Command::new(env!("CARGO_BIN_EXE_llmcheck")).args(["generate", "schema", "--out"]).arg(&directory).output().unwrap();
    assert!(schema.status.success());
    let long = "A sentence of some length, to be split. ".repeat(80);
    let mut reports = Vec::new();
    for arguments in [
        &["hello", "--lab", "cuts-long-answers", "--continue", "9"][..],
        &["hello", "--lab", "cuts-long-answers", "--continue", "1", "--stream"],
        &[&long, "--lab", "refuses-long-prompts", "--recover"],
        &[&long, "--lab", "cuts-long-answers", "--split", "1k", "--continue", "9"],
        &[&long, "--lab", "healthy", "--split", "1k", "--reduce-prompt", "Join:"],
        &[&long, "--lab", "fails-three-times", "--split", "1k"],
    ] {
        let chat = Command::new(env!("CARGO_BIN_EXE_llmcheck")).args(["chat", "--json"]).args(arguments).stdin(Stdio::null()).output();
        reports.extend(chat.unwrap().stdout);
    }
    let path = directory.join("reports-of-several.jsonl");
    std::fs::write(&path, reports).unwrap();
    let check = Command::new("/opt/llmcheck-real/bin/python")
        .args(["-c", CHECK])
        .arg(directory.join("llmcheck.report.1.schema.json"))
        .stdin(std::fs::File::open(&path).unwrap())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(check.status.success() && said.trim() == "6", "{said}{}", String::from_utf8_lossy(&check.stderr));
}

fn recordings() -> Vec<PathBuf> {
    let cases = std::fs::read_dir("tests/cases").unwrap().flat_map(|code| std::fs::read_dir(code.unwrap().path()).into_iter().flatten());
    let recordings = cases.map(|case| case.unwrap().path().join("recording.jsonl"));
    recordings.filter(|path| path.exists()).collect()
}
