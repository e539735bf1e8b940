//! Reports as llmcheck writes them, of its own lab and of an answer made for the test.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// A report in a file of its own.
pub struct Made {
    pub name: String,
    path: PathBuf,
}

impl Made {
    /// Of one exchange with a lab scenario.
    pub fn of_lab(scenario: &str, arguments: &[&str]) -> Made {
        Made::run(scenario, &[&["--lab", scenario], arguments].concat())
    }

    /// Of one exchange with a server that answers with these bytes and closes.
    pub fn of_answer(name: &str, answer: Vec<u8>) -> Made {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let (mut client, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 4096];
            while !request.ends_with(b"}") {
                let length = client.read(&mut piece).unwrap();
                request.extend_from_slice(&piece[..length]);
            }
            client.write_all(&answer).unwrap();
        });
        let made = Made::run(name, &["--base-url", &url]);
        server.join().unwrap();
        made
    }

    /// Of a comparison of these targets.
    pub fn of_comparison(name: &str, arguments: &[&str]) -> Made {
        Made::by(name, &["compare"], arguments)
    }

    fn run(name: &str, arguments: &[&str]) -> Made {
        Made::by(name, &["chat", "你好"], arguments)
    }

    fn by(name: &str, command: &[&str], arguments: &[&str]) -> Made {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&directory).unwrap();
        let made = Made { name: name.to_string(), path: directory.join(format!("{name}.html")) };
        let output = Command::new(env!("CARGO_BIN_EXE_llmcheck"))
            .args(command)
            .arg("--report")
            .arg(&made.path)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(made.path.exists(), "{output:?}");
        made
    }

    pub fn url(&self) -> String {
        format!("file://{}", self.path.display())
    }

    pub fn beside(&self, extension: &str) -> PathBuf {
        self.path.with_extension(extension)
    }
}

/// An error answer full of what pages, terminals and readers would act on.
pub fn hostile() -> Vec<u8> {
    let message =
        "<script>window.pwned=1</script><img src=x onerror='pwned=1'>\\u202e\\u0000\\u001b[31m`${alert(1)}` --> ]]> </pre></svg> @all";
    let body = format!("{{\"error\":{{\"message\":\"{message}\",\"type\":\"<b>server_error</b>\",\"code\":\"x\"}}}}");
    let fields = "X-Evil: \"><img src=x onerror=pwned=1>\r\nServer: <iframe src=//evil.example></iframe>\r\nVia: 1.1 a\u{202e}b\x1b[2J\x07\r\nx-ratelimit-limit-requests: '><svg/onload=pwned=1>\r\nSet-Cookie: session=secret\r\n";
    format!("HTTP/1.1 500 <u>\"'& Oops\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}
