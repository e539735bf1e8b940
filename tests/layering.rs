//! One direction only: a module uses those before it in the map of `lib.rs`, never those after it.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules in the order of the map.
fn map() -> Vec<String> {
    let text = fs::read_to_string("src/lib.rs").unwrap();
    let entries = text.lines().filter_map(|line| line.strip_prefix("//! - [`"));
    entries.map(|rest| rest.split('`').next().unwrap().to_string()).collect()
}

fn sources(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for item in fs::read_dir(directory).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The module of `src` that a file belongs to.
fn module(path: &Path) -> String {
    let first = path.strip_prefix("src").unwrap().components().next().unwrap();
    first.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_string()
}

#[test]
fn the_map_names_every_module_once() {
    let mut mapped = map();
    let mut present: Vec<String> =
        sources(Path::new("src")).iter().map(|path| module(path)).filter(|name| name != "lib" && name != "main").collect();
    mapped.sort();
    present.sort();
    present.dedup();
    assert_eq!(mapped, present);
}

#[test]
fn no_module_uses_a_later_one() {
    let map = map();
    let rank = |name: &str| map.iter().position(|known| known == name);
    let mut wrong = Vec::new();
    for path in sources(Path::new("src")) {
        let Some(own) = rank(&module(&path)) else { continue };
        let text = fs::read_to_string(&path).unwrap();
        // Tests may look around freely.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let is_test_file = path.file_stem().is_some_and(|stem| stem == "tests");
        for (number, line) in code.lines().enumerate().filter(|(_, line)| !is_test_file && !line.trim_start().starts_with("//")) {
            for used in line.split("crate::").skip(1) {
                let name: String = used.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if rank(&name).is_some_and(|used| used > own) {
                    wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "uses of later modules:\n{}", wrong.join("\n"));
}
