//! What stands behind the proxies of these tests: the lab inside this process, and Node.

use llmcheck::lab::Lab;

use crate::ask::{Ask, ask};
use crate::server::{Place, Server};

/// The lab of llmcheck as an upstream. Its scenarios are chosen by the first part of the path.
pub fn lab() -> Lab {
    Lab::start(None).expect("the lab starts")
}

/// The lab's port, as configurations want it.
pub fn port_of(lab: &Lab) -> String {
    lab.http_url().rsplit(':').next().expect("a port").to_owned()
}

/// Asks a proxy before the lab for one of the lab's scenarios.
pub fn ask_for(scenario: &str, proxy: &Server) -> Ask {
    ask(format!("{}/{scenario}/v1", proxy.url()))
}

/// Good answers, each in another framing.
pub const FRAMINGS: [&str; 4] = ["healthy", "healthy-chunked", "healthy-close-delimited", "healthy-gzip"];

/// Whatever the proxy does with these good answers, it must not be called a fault.
#[track_caller]
pub fn expect_no_false_alarm(proxy: &Server, scenarios: &[&str]) {
    for scenario in scenarios {
        for prompt in ["hi", "你好"] {
            ask_for(scenario, proxy).saying(prompt).expect_healthy();
            ask_for(scenario, proxy).saying(prompt).stream().expect_healthy();
        }
    }
    for scenario in ["healthy-comments", "healthy-long-event", "healthy-no-done"] {
        ask_for(scenario, proxy).stream().expect_healthy();
    }
}

/// A digest of the upstream fits the content, whether or not the proxy compresses it on its way.
#[track_caller]
pub fn expect_digest_to_hold(proxy: &Server) {
    ask_for("healthy-digest", proxy).expect_healthy();
    ask_for("healthy-digest", proxy).stream().expect_healthy();
}

/// Whatever the proxy does with cut answers, they must show. `undeclared` is how it frames what had neither length nor chunks.
#[track_caller]
pub fn expect_cuts_to_show(proxy: &Server, undeclared: &str) {
    let plain: [(&str, &[&str]); 3] = [
        ("cut-by-close", &["cut-by-close", "json-cut"]),
        ("chunks-without-end", &["chunks-without-end", "json-cut"]),
        ("json-cut", &["json-cut"]),
    ];
    for (scenario, codes) in plain {
        ask_for(scenario, proxy).expect("truncation", codes);
    }
    let streamed: [(&str, &[&str]); 4] = [
        ("cut-by-close", &["cut-by-close", "event-cut"]),
        ("chunks-without-end", &["chunks-without-end", "stream-without-finish"]),
        ("stream-without-finish", &["stream-without-finish"]),
        ("done-without-finish", &["done-without-finish"]),
    ];
    for (scenario, codes) in streamed {
        ask_for(scenario, proxy).stream().expect("truncation", codes);
    }
    ask_for("json-cut-undeclared", proxy).expect("truncation", &["json-cut"]).framed(undeclared, "fin");
    let silently = if undeclared == "close" { "stream-closed-without-finish" } else { "stream-without-finish" };
    ask_for("stream-closed-without-finish", proxy).stream().expect("truncation", &[silently]).framed(undeclared, "fin");
}

/// Node with the handlers of `upstream.js`.
pub fn node() -> Server {
    let place = Place::new();
    let port = place.port.to_string();
    Server::start(place, "node", &[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/upstream.js"), &port])
}
