//! Asking a server with llmcheck, and what its report must say.
//! The exit codes stand here once more, on purpose: they are a contract.

use std::time::Duration;

use assert_cmd::Command;
use serde_json::Value;

/// A question to be asked; `expect` asks it.
pub struct Ask {
    arguments: Vec<String>,
}

/// Asks «hi» at this base URL, without a stream.
pub fn ask(base_url: impl Into<String>) -> Ask {
    Ask { arguments: ["chat", "hi", "--json", "--retry", "0", "--base-url", &base_url.into()].map(String::from).into() }
}

impl Ask {
    pub fn saying(mut self, prompt: &str) -> Ask {
        self.arguments[1] = prompt.into();
        self
    }

    pub fn stream(self) -> Ask {
        self.with(&["--stream"])
    }

    pub fn with(mut self, arguments: &[&str]) -> Ask {
        self.arguments.extend(arguments.iter().map(ToString::to_string));
        self
    }

    /// Expects a healthy answer, with text and without any finding.
    #[track_caller]
    pub fn expect_healthy(self) -> Report {
        let report = self.run("healthy");
        assert_eq!(report.findings(), Vec::<&str>::new(), "{report}");
        assert_eq!(report.word("/verdict/code"), "healthy", "{report}");
        assert!(!report.word("/answer/text").is_empty(), "{report}");
        report
    }

    /// Expects the verdict `codes[0]` of this class, and as findings exactly `codes`.
    #[track_caller]
    pub fn expect(self, class: &str, codes: &[&str]) -> Report {
        let report = self.run(class);
        let mut expected = codes.to_vec();
        expected.sort_unstable();
        assert_eq!(report.findings(), expected, "{report}");
        assert_eq!(report.word("/verdict/code"), codes[0], "{report}");
        report
    }

    #[track_caller]
    fn run(self, class: &str) -> Report {
        let mut command = Command::new(env!("CARGO_BIN_EXE_llmcheck"));
        // No proxy, no key, no configuration: only what the test says.
        command.env_clear().env("HOME", env!("CARGO_TARGET_TMPDIR")).timeout(Duration::from_secs(20));
        let output = command.args(&self.arguments).output().expect("llmcheck runs");
        let said = String::from_utf8_lossy(&output.stderr);
        let json = serde_json::from_slice(&output.stdout);
        let report = Report { json: json.unwrap_or_else(|error| panic!("no report ({error}): {output:?}")), arguments: self.arguments };
        assert_eq!(report.word("/verdict/class"), class, "{report}\n{said}");
        assert_eq!(output.status.code(), Some(exit_code(class)), "{report}\n{said}");
        report
    }
}

/// llmcheck's report on one exchange.
pub struct Report {
    json: Value,
    arguments: Vec<String>,
}

impl Report {
    /// The codes of all findings, sorted.
    fn findings(&self) -> Vec<&str> {
        let findings = self.json["findings"].as_array().expect("findings");
        let mut codes: Vec<&str> = findings.iter().map(|finding| finding["code"].as_str().expect("a code")).collect();
        codes.sort_unstable();
        codes
    }

    /// The text at a JSON pointer.
    pub fn word(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// Expects how the body was framed and how the connection ended.
    #[track_caller]
    pub fn framed(&self, framing: &str, end: &str) {
        assert_eq!((self.word("/ledger/framing"), self.word("/ledger/end")), (framing, end), "{self}");
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (verdict, head, ledger) = (&self.json["verdict"], &self.json["response"], &self.json["ledger"]);
        writeln!(f, "llmcheck {}", self.arguments.join(" "))?;
        writeln!(f, "  {}/{}: {}", self.word("/verdict/class"), self.word("/verdict/code"), verdict["title"])?;
        writeln!(f, "  findings {:?}", self.findings())?;
        writeln!(f, "  response {} {} {}", head["version"], head["status"], head["headers"])?;
        write!(f, "  ledger {ledger}")
    }
}

fn exit_code(class: &str) -> i32 {
    match class {
        "healthy" => 0,
        "length_mismatch" => 10,
        "truncation" => 11,
        "proxy_rewrite" => 12,
        "rate_limit" => 13,
        "invalid_request" => 16,
        "gateway_error" => 18,
        "timeout" => 19,
        "stream_error" => 20,
        "connect_error" => 23,
        "tls_error" => 24,
        "not_an_api" => 25,
        other => panic!("no test expects {other}"),
    }
}
