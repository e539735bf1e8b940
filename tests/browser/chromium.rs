//! A headless Chromium, spoken to over its debugging pipe: JSON messages that end with a zero byte, in on descriptor 3, out on 4.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// Longest time until an answer. It bounds failures only.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Chromium {
    child: Child,
    pipe: ChildStdin,
    messages: Receiver<Value>,
    count: u64,
    /// Events that came while an answer was awaited.
    events: Vec<Value>,
    profile: std::path::PathBuf,
}

impl Chromium {
    pub fn start() -> Chromium {
        let profile = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("chromium-{}", std::process::id()));
        // No name can be resolved: whatever a page would load from elsewhere fails, and is seen.
        let flags = "--headless --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars --no-first-run --remote-debugging-pipe --host-resolver-rules='MAP * ~NOTFOUND'";
        let line = format!("exec chromium {flags} --user-data-dir=\"$0\" 3<&0 4>&1 </dev/null >/dev/null 2>&1");
        let mut child = Command::new("sh")
            .args(["-c", &line])
            .arg(&profile)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a shell that starts chromium; .ci/run installs it");
        let pipe = child.stdin.take().unwrap();
        let messages = listen(child.stdout.take().unwrap());
        Chromium { child, pipe, messages, count: 0, events: Vec::new(), profile }
    }

    /// Opens a page and waits until it has loaded.
    pub fn open(&mut self, url: &str) -> Page<'_> {
        let target = self.call(None, "Target.createTarget", json!({ "url": "about:blank" }))["targetId"].clone();
        let attached = self.call(None, "Target.attachToTarget", json!({ "targetId": target, "flatten": true }));
        let session = attached["sessionId"].as_str().unwrap().to_string();
        let mut page = Page { browser: self, session, target, width: 0 };
        for domain in ["Page", "Network", "Log", "Runtime"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.browser.events.clear();
        page.call("Page.navigate", json!({ "url": url }));
        page.await_event("Page.loadEventFired");
        page
    }

    fn call(&mut self, session: Option<&str>, method: &str, parameters: Value) -> Value {
        self.count += 1;
        let id = self.count;
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        self.pipe.write_all(format!("{message}\0").as_bytes()).expect("chromium listens");
        loop {
            let message = self.next(method);
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn next(&mut self, what: &str) -> Value {
        self.messages
            .recv_timeout(PATIENCE)
            .unwrap_or_else(|error| panic!("chromium, {what}: {error}; is it installed? .ci/run installs it"))
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.profile);
    }
}

fn listen(out: ChildStdout) -> Receiver<Value> {
    let (sender, messages) = mpsc::channel();
    thread::spawn(move || {
        for message in BufReader::new(out).split(0) {
            let parsed = message.ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
            if parsed.is_none_or(|value| sender.send(value).is_err()) {
                return;
            }
        }
    });
    messages
}

/// On what a page is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Medium {
    Light,
    Dark,
    /// Printed by who prefers dark screens.
    DarkPaper,
}

/// A page of its own, closed on drop.
pub struct Page<'a> {
    browser: &'a mut Chromium,
    session: String,
    target: Value,
    width: u32,
}

impl Page<'_> {
    fn call(&mut self, method: &str, parameters: Value) -> Value {
        let session = self.session.clone();
        self.browser.call(Some(&session), method, parameters)
    }

    fn await_event(&mut self, method: &str) {
        while !self.browser.events.iter().any(|event| event["method"] == method) {
            let event = self.browser.next(method);
            self.browser.events.push(event);
        }
    }

    pub fn show(&mut self, medium: Medium, width: u32) {
        let scheme = if medium == Medium::Light { "light" } else { "dark" };
        let media = if medium == Medium::DarkPaper { "print" } else { "screen" };
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        self.call("Emulation.setEmulatedMedia", json!({ "media": media, "features": features }));
        self.call("Emulation.setDeviceMetricsOverride", json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false }));
        self.width = width;
    }

    /// The value of a JavaScript expression.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        let result = self.call("Runtime.evaluate", json!({ "expression": expression, "returnByValue": true }));
        assert!(result["exceptionDetails"].is_null(), "{result}");
        result["result"]["value"].clone()
    }

    /// The whole page as a PNG, at this scale.
    pub fn picture(&mut self, scale: f64) -> Vec<u8> {
        let height = self.evaluate("document.documentElement.scrollHeight").as_u64().unwrap().min(12_000);
        let clip = json!({ "x": 0, "y": 0, "width": self.width, "height": height, "scale": scale });
        let shot = self.call(
            "Page.captureScreenshot",
            json!({ "format": "png", "captureBeyondViewport": true, "optimizeForSpeed": true, "clip": clip }),
        );
        STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()
    }

    pub fn pdf(&mut self) -> Vec<u8> {
        let printed = self.call("Page.printToPDF", json!({ "printBackground": false, "preferCSSPageSize": false }));
        STANDARD.decode(printed["data"].as_str().unwrap()).unwrap()
    }

    /// All that was asked for since the page was opened.
    pub fn requests(&self) -> Vec<String> {
        let sent = self.browser.events.iter().filter(|event| event["method"] == "Network.requestWillBeSent");
        sent.map(|event| event["params"]["request"]["url"].as_str().unwrap_or("").to_string()).collect()
    }

    /// What the browser has to say about the page: blocked contents, errors, warnings.
    pub fn complaints(&self) -> Vec<String> {
        let is_complaint = |event: &&Value| {
            ["Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"].iter().any(|method| event["method"] == *method)
        };
        self.browser.events.iter().filter(is_complaint).map(|event| event["params"].to_string()).collect()
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            let target = self.target.clone();
            self.browser.call(None, "Target.closeTarget", json!({ "targetId": target }));
            self.browser.events.clear();
        }
    }
}
