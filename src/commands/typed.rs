//! What was typed, as it can be typed again.

use crate::report::curl::quoted;

/// The command line, quoted so that a shell gives the same again.
pub fn command_line() -> String {
    let typed = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    let request = without_output(typed);
    std::iter::once("llmcheck".to_string()).chain(request.iter().map(|argument| quoted(argument))).collect::<Vec<_>>().join(" ")
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
