//! What was typed, as it can be typed again.

use crate::report::curl::quoted;

/// The command line, quoted so that a shell gives the same again.
pub fn command_line() -> String {
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let request = without_output(typed);
    std::iter::once("llmcheck".to_string()).chain(request.iter().map(|argument| quoted(argument))).collect::<Vec<_>>().join(" ")
}

/// The `chat` that asks as the `probe` did which was typed, with these flags added.
pub fn as_chat(flags: &str) -> String {
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let mut kept = of_chat(without_output(typed));
    if flags.starts_with("--endpoint ") {
        // Another endpoint has an address of its own.
        kept = without_value("--base-url", kept);
    }
    let flags = flags.split(' ').filter(|flag| !flag.is_empty()).map(str::to_string);
    let words = ["llmcheck", "chat", "hello"].map(str::to_string).into_iter().chain(kept).chain(flags);
    words.map(|word| quoted(&word)).collect::<Vec<_>>().join(" ")
}

fn without_value(flag: &str, typed: Vec<String>) -> Vec<String> {
    let mut kept = Vec::new();
    let mut typed = typed.into_iter();
    while let Some(argument) = typed.next() {
        match argument.strip_prefix(flag) {
            Some("") => drop(typed.next()),
            Some(rest) if rest.starts_with('=') => {}
            _ => kept.push(argument),
        }
    }
    kept
}

/// Of what was typed after `probe` what `chat` knows too.
fn of_chat(typed: Vec<String>) -> Vec<String> {
    const FLAGS: [&str; 4] = ["--deep", "--shallow", "--yes", "-y"];
    const VALUES: [&str; 4] = ["--against", "--max-requests", "--max-time", "--seed"];
    let mut kept = Vec::new();
    let mut typed = typed.into_iter();
    while let Some(argument) = typed.next() {
        let is_value = VALUES.iter().any(|flag| argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
        if is_value {
            if !argument.contains('=') {
                typed.next();
            }
        } else if argument != "probe" && !FLAGS.contains(&argument.as_str()) {
            kept.push(argument);
        }
    }
    kept
}

/// What was typed without the flags that only say where to write: typed again, they would write over the evidence. Without the cache too:
/// who types it again wants to see it happen.
fn without_output(typed: impl Iterator<Item = String>) -> Vec<String> {
    const FILES: [&str; 2] = ["--record", "--report"];
    const FLAGS: [&str; 6] = ["--json", "--verbose", "--quiet", "-v", "-q", "-vq"];
    let mut request = Vec::new();
    let mut typed = typed.peekable();
    while let Some(argument) = typed.next() {
        let is_cache = argument == "--cache" || argument.starts_with("--cache=");
        let is_file = FILES.iter().any(|flag| argument.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('=')));
        match argument.as_str() {
            // What follows is no flag, whatever it looks like.
            "--" => {
                request.push(argument);
                request.extend(typed);
                break;
            }
            _ if is_file => {
                if !argument.contains('=') {
                    typed.next();
                }
            }
            flag if FLAGS.contains(&flag) || is_cache => {}
            _ => request.push(argument),
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_string).collect()
    }

    #[test]
    fn a_probe_is_a_chat_without_what_only_a_probe_knows() {
        let typed = "--lang zh probe --deep -y --against direct --seed=3 --max-requests 40 --base-url http://a/v1 -m gpt-4o";
        assert_eq!(of_chat(words(typed)), words("--lang zh --base-url http://a/v1 -m gpt-4o"));
    }

    #[test]
    fn a_flag_goes_with_its_value_however_it_is_written() {
        for typed in ["-m x --base-url http://a/v1 -v", "-m x --base-url=http://a/v1 -v"] {
            assert_eq!(without_value("--base-url", words(typed)), words("-m x -v"));
        }
    }

    #[test]
    fn what_is_written_to_is_not_written_to_again() {
        assert_eq!(
            without_output(words("chat hi --record a.jsonl --json --report=b.html --cache=1h -m x").into_iter()),
            words("chat hi -m x")
        );
    }
}
