//! `llmcheck lab`: the list of scenarios, and the server for other clients.

use anyhow::{Context as _, anyhow};

use super::Failure;
use super::console::{Console, Reader};
use super::interrupt::STOP;
use crate::cli::LabArgs;
use crate::lab::{Lab, scenarios};
use crate::lang::{Text, text};

const SERVING: Text =
    text("serving until Ctrl-C; `llmcheck lab --list` shows the NAMEs", "运行中，按 Ctrl-C 结束；NAME 见 `llmcheck lab --list`");

pub fn run(args: &LabArgs, console: &Console) -> Result<u8, Failure> {
    if args.list {
        console.print(&list(console))?;
        return Ok(0);
    }
    let lab = Lab::start(args.port).map_err(|error| {
        let port = args.port.map_or_else(|| "any port".to_string(), |port| format!("port {port}"));
        Failure::Internal(anyhow!("the lab cannot listen on {port} of 127.0.0.1: {error}"))
    })?;
    if let Some(path) = &args.ca_out {
        let written = std::fs::write(path, lab.authority_pem());
        written.with_context(|| format!("{} cannot be written", path.display())).map_err(Failure::Internal)?;
    }
    let text =
        format!("{http}/NAME/v1/chat/completions\n{https}/NAME/v1/chat/completions\n", http = lab.http_url(), https = lab.https_url());
    if console.print(&text)? == Reader::Gone {
        return Ok(0);
    }
    console.note(SERVING.get(console.lang));
    serve_until_stopped();
    Ok(0)
}

fn serve_until_stopped() {
    use std::sync::atomic::Ordering;
    // Without a handler Ctrl-C ends the process, which ends the lab as well.
    let _ = ctrlc::set_handler(|| STOP.store(true, Ordering::Relaxed));
    while !STOP.load(Ordering::Relaxed) {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
}

fn list(console: &Console) -> String {
    let code = |expected: Option<crate::lab::Expected>| expected.map_or("-", |expected| expected.code);
    let line = |scenario: &crate::lab::Scenario| {
        let (plain, stream) = (code(scenario.plain), code(scenario.stream));
        let shows = match (plain, stream) {
            (plain, "-") => format!("{plain} (plain)"),
            ("-", stream) => format!("{stream} (--stream)"),
            (plain, stream) if plain == stream => plain.to_string(),
            (plain, stream) => format!("{plain} | {stream}"),
        };
        let note = scenario.reach.note().map_or_else(String::new, |note| format!(" ({})", note.get(console.lang)));
        format!("{:36} {:46} {}{note}\n", scenario.name, shows, scenario.about.get(console.lang))
    };
    scenarios().map(line).collect()
}
