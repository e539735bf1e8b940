//! The request once more, as a curl command that a shell reads as it is meant. No key stands in it.

use super::model::Report;
use super::{facts, sanitize};
use crate::wire::transcript::Transcript;

/// A longer body is not put into a command.
const LONGEST_BODY: usize = 8 * 1024;

/// A command and what has to be known to use it.
pub struct Command {
    pub text: String,
    /// Shell variables that it needs, in the order of their use.
    pub variables: Vec<String>,
    /// The length of a body that is too long, or of no use, on a command line; the command reads `request-body.json`.
    pub body_file: Option<u64>,
    /// The request was never sent: the command opens the connection only.
    pub is_connection_only: bool,
}

/// The command that sends the same request.
pub fn command(report: &Report, transcript: &Transcript) -> Command {
    let request = transcript.request.as_ref().filter(|head| head.first_line.starts_with(&format!("{} ", report.request.method)));
    let mut command = Command { text: String::new(), variables: Vec::new(), body_file: None, is_connection_only: request.is_none() };
    let mut arguments = vec!["curl --http1.1 --include --no-buffer".to_string()];
    arguments.push(match &report.route.proxy {
        Some(proxy) => format!("--proxy {}", quoted(proxy)),
        None => "--noproxy '*'".into(),
    });
    if transcript.asked.insecure {
        arguments.push("--insecure".into());
    }
    // curl reads these as patterns.
    if report.request.url.contains(['[', ']', '{', '}']) {
        arguments.push("--globoff".into());
    }
    match request {
        None => arguments.push("--verbose".into()),
        Some(_) => {
            arguments.extend(fields(report, &mut command.variables));
            arguments.push(body(transcript, &mut command.body_file));
        }
    }
    arguments.push(quoted(&report.request.url));
    command.text = arguments.join(" \\\n  ");
    command
}

/// The recorded fields in their order, those that curl makes itself left out, and those that it would add taken away.
fn fields(report: &Report, variables: &mut Vec<String>) -> Vec<String> {
    const BY_CURL: [&str; 4] = ["host", "content-length", "proxy-authorization", "expect"];
    const ADDED: [&str; 3] = ["Accept", "User-Agent", "Content-Type"];
    let is_named = |name: &str| report.request.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let recorded = report.request.headers.iter().filter(|(name, _)| !BY_CURL.iter().any(|own| name.eq_ignore_ascii_case(own)));
    let mut arguments: Vec<String> = recorded.map(|(name, value)| field(name, value, variables)).collect();
    arguments.extend(ADDED.iter().filter(|name| !is_named(name)).map(|name| format!("--header '{name}:'")));
    if report.request.body_bytes > 1024 {
        arguments.push("--header 'Expect:'".into());
    }
    if is_named("proxy-authorization") {
        variables.push("PROXY_USER".into());
        arguments.push("--proxy-user \"$PROXY_USER\"".into());
    }
    // Coded bytes are for a file, not for a terminal.
    let offers_coding = |(name, value): &(String, String)| name.eq_ignore_ascii_case("accept-encoding") && value != "identity";
    if report.request.headers.iter().any(offers_coding) {
        arguments.push("--output response.bin".into());
    }
    arguments
}

fn field(name: &str, value: &str, variables: &mut Vec<String>) -> String {
    if !facts::is_credential(name, value) {
        // A field without a value needs a semicolon, or curl takes it for one to be left out.
        return if value.is_empty() {
            format!("--header {}", quoted(&format!("{name};")))
        } else {
            format!("--header {}", quoted(&format!("{name}: {value}")))
        };
    }
    let is_key = ["authorization", "api-key", "x-api-key"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let variable = if is_key { "OPENAI_API_KEY".to_string() } else { variable(name) };
    let scheme = if name.eq_ignore_ascii_case("authorization") { "Bearer " } else { "" };
    if !variables.contains(&variable) {
        variables.push(variable.clone());
    }
    if name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return format!("--header \"{name}: {scheme}${variable}\"");
    }
    format!("--header {}\": {scheme}${variable}\"", quoted(name))
}

/// A field's name as a shell variable.
fn variable(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    format!("FIELD_{}", name.chars().map(plain).collect::<String>())
}

fn body(transcript: &Transcript, body_file: &mut Option<u64>) -> String {
    let start = transcript.request.as_ref().map_or(0, |head| head.span.end);
    let length = transcript.sent.length().saturating_sub(start);
    let (_, bytes) = transcript.sent.slice(start..start + LONGEST_BODY as u64 + 1);
    match std::str::from_utf8(bytes) {
        // What would be shown as something else cannot be copied from here.
        Ok(text) if length <= LONGEST_BODY as u64 && sanitize::for_terminal(text) == text => format!("--data-raw {}", quoted(text)),
        _ => {
            *body_file = Some(length);
            "--data-binary @request-body.json".into()
        }
    }
}

/// A word that a POSIX shell reads back as this text.
pub fn quoted(word: &str) -> String {
    let is_plain = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte));
    if is_plain { word.to_string() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_back_every_word() {
        for word in ["plain", "", "a b", "it's", "$HOME `id` \\", "a\nb", "!x", "你好", "*?[a]", "~", "-n", "'"] {
            let output = std::process::Command::new("sh").args(["-c", &format!("printf %s {}", quoted(word))]).output().unwrap();
            // printf itself reads a leading dash.
            if !word.starts_with('-') {
                assert_eq!(String::from_utf8(output.stdout).unwrap(), word);
            }
        }
    }

    #[test]
    fn a_credential_becomes_a_variable_and_the_name_of_a_field_stays_a_word() {
        let mut variables = Vec::new();
        assert_eq!(field("authorization", "********", &mut variables), "--header \"authorization: Bearer $OPENAI_API_KEY\"");
        assert_eq!(field("API-Key", "k", &mut variables), "--header \"API-Key: $OPENAI_API_KEY\"");
        assert_eq!(field("X-Auth$(id)", "k", &mut variables), "--header 'X-Auth$(id)'\": $FIELD_X_AUTH__ID_\"");
        assert_eq!(field("x", "a'b", &mut variables), r"--header 'x: a'\''b'");
        assert_eq!(variables, ["OPENAI_API_KEY", "FIELD_X_AUTH__ID_"]);
    }
}
