//! What is checked in is what `llmcheck generate` makes now.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn files(directory: &Path) -> BTreeMap<String, String> {
    let read = |item: std::io::Result<fs::DirEntry>| {
        let path = item.unwrap().path();
        (path.file_name().unwrap().to_str().unwrap().to_string(), fs::read_to_string(&path).unwrap())
    };
    fs::read_dir(directory).unwrap().map(read).collect()
}

fn is_fresh(what: &str, checked_in: &str) {
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("generated-{what}"));
    let _ = fs::remove_dir_all(&out);
    let status = Command::new(env!("CARGO_BIN_EXE_llmcheck")).args(["generate", what, "--out"]).arg(&out).status().unwrap();
    assert!(status.success());
    let (made, kept) = (files(&out), files(Path::new(checked_in)));
    assert_eq!(made.keys().collect::<Vec<_>>(), kept.keys().collect::<Vec<_>>());
    for (name, text) in made {
        assert!(kept[&name] == text, "{checked_in}/{name} is stale: run `cargo run -- generate {what} --out {checked_in}`");
    }
}

#[test]
fn the_completions_are_fresh() {
    is_fresh("completions", "completions");
}

#[test]
fn the_manual_pages_are_fresh() {
    is_fresh("man", "man");
}
