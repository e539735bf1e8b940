//! The request once more, as a curl command that a shell reads as it is meant. No key stands in it.

use std::path::Path;

use super::model::Report;
use super::{facts, sanitize};
use crate::plan::Roots;
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

/// What the command has to do.
pub struct Request<'a> {
    pub url: &'a str,
    pub proxy: Option<&'a str>,
    /// The proxy asks for a user and a password.
    pub proxy_user: bool,
    pub insecure: bool,
    /// The certificates to believe, where they are known.
    pub roots: Option<&'a Roots>,
    /// What was, or is to be, sent; none where only the connection is of interest.
    pub sent: Option<Sent<'a>>,
}

/// The fields and the body of a request.
pub struct Sent<'a> {
    pub headers: &'a [(String, String)],
    /// As much of it as is at hand.
    pub body: &'a [u8],
    pub body_bytes: u64,
    /// Where the whole body stands already.
    pub body_file: Option<&'a Path>,
}

impl<'a> Request<'a> {
    /// The request of a report, once more.
    pub fn again(report: &'a Report, transcript: &'a Transcript) -> Request<'a> {
        // A request to the proxy alone, a CONNECT, is not the one that was meant.
        let head = transcript.request().filter(|head| head.first_line.starts_with(&format!("{} ", report.request.method)));
        let sent = head.map(|head| {
            let start = head.span.end;
            let (_, body) = transcript.sent.slice(start..start + LONGEST_BODY as u64 + 1);
            let body_bytes = transcript.sent.length().saturating_sub(start);
            Sent { headers: &report.request.headers, body, body_bytes, body_file: None }
        });
        Request {
            url: &report.request.url,
            proxy: report.route.proxy.as_deref(),
            proxy_user: false,
            insecure: transcript.asked.insecure,
            roots: None,
            sent,
        }
    }
}

/// The command that sends this request.
pub fn command(request: &Request<'_>) -> Command {
    let mut command = Command { text: String::new(), variables: Vec::new(), body_file: None, is_connection_only: request.sent.is_none() };
    let mut arguments = vec!["curl --http1.1 --include --no-buffer".to_string()];
    arguments.push(match request.proxy {
        Some(proxy) => format!("--proxy {}", quoted(proxy)),
        None => "--noproxy '*'".into(),
    });
    if request.insecure {
        arguments.push("--insecure".into());
    }
    match request.roots {
        Some(Roots::File(path)) => arguments.push(format!("--cacert {}", quoted(&path.to_string_lossy()))),
        Some(Roots::Directory(path)) => arguments.push(format!("--capath {}", quoted(&path.to_string_lossy()))),
        Some(Roots::Pem(_) | Roots::System) | None => {}
    }
    // curl reads these as patterns.
    if request.url.contains(['[', ']', '{', '}']) {
        arguments.push("--globoff".into());
    }
    match &request.sent {
        None => arguments.push("--verbose".into()),
        Some(sent) => {
            arguments.extend(fields(sent, request.proxy_user, &mut command.variables));
            arguments.push(body(sent, &mut command.body_file));
        }
    }
    arguments.push(quoted(request.url));
    command.text = arguments.join(" \\\n  ");
    command
}

/// The fields in their order, those that curl makes itself left out, and those that it would add taken away.
fn fields(sent: &Sent<'_>, proxy_user: bool, variables: &mut Vec<String>) -> Vec<String> {
    const BY_CURL: [&str; 4] = ["host", "content-length", "proxy-authorization", "expect"];
    const ADDED: [&str; 3] = ["Accept", "User-Agent", "Content-Type"];
    let is_named = |name: &str| sent.headers.iter().any(|(known, _)| known.eq_ignore_ascii_case(name));
    let given = sent.headers.iter().filter(|(name, _)| !BY_CURL.iter().any(|own| name.eq_ignore_ascii_case(own)));
    let mut arguments: Vec<String> = given.map(|(name, value)| field(name, value, variables)).collect();
    arguments.extend(ADDED.iter().filter(|name| !is_named(name)).map(|name| format!("--header '{name}:'")));
    if sent.body_bytes > 1024 {
        arguments.push("--header 'Expect:'".into());
    }
    if proxy_user || is_named("proxy-authorization") {
        variables.push("PROXY_USER".into());
        arguments.push("--proxy-user \"$PROXY_USER\"".into());
    }
    // Coded bytes are for a file, not for a terminal.
    let offers_coding = |(name, value): &(String, String)| name.eq_ignore_ascii_case("accept-encoding") && value != "identity";
    if sent.headers.iter().any(offers_coding) {
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
    // Where the whole value is covered, the usual scheme is meant.
    let scheme = match value.split_once(' ') {
        _ if !name.eq_ignore_ascii_case("authorization") => String::new(),
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => format!("{scheme} "),
        _ => "Bearer ".to_string(),
    };
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

fn body(sent: &Sent<'_>, body_file: &mut Option<u64>) -> String {
    match std::str::from_utf8(sent.body) {
        // What would be shown as something else cannot be copied from here.
        Ok(text) if sent.body_bytes <= LONGEST_BODY as u64 && sanitize::for_terminal(text) == text => {
            format!("--data-raw {}", quoted(text))
        }
        _ => match sent.body_file {
            Some(path) => format!("--data-binary {}", quoted(&format!("@{}", path.display()))),
            None => {
                *body_file = Some(sent.body_bytes);
                "--data-binary @request-body.json".into()
            }
        },
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
        assert_eq!(field("authorization", "Basic ****", &mut variables), "--header \"authorization: Basic $OPENAI_API_KEY\"");
        assert_eq!(field("API-Key", "k", &mut variables), "--header \"API-Key: $OPENAI_API_KEY\"");
        assert_eq!(field("X-Auth$(id)", "k", &mut variables), "--header 'X-Auth$(id)'\": $FIELD_X_AUTH__ID_\"");
        assert_eq!(field("x", "a'b", &mut variables), r"--header 'x: a'\''b'");
        assert_eq!(variables, ["OPENAI_API_KEY", "FIELD_X_AUTH__ID_"]);
    }
}
