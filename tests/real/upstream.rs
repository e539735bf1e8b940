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

/// Whatever the proxy does with good answers, it must not be called a fault.
#[track_caller]
pub fn expect_no_false_alarm(proxy: &Server) {
    let framings = ["healthy", "healthy-chunked", "healthy-close-delimited", "healthy-gzip", "healthy-comments"];
    for scenario in framings {
        for prompt in ["hi", "你好"] {
            ask_for(scenario, proxy).saying(prompt).expect_healthy();
            ask_for(scenario, proxy).saying(prompt).stream().expect_healthy();
        }
    }
}

/// Node with the handlers of `upstream.js`.
pub fn node() -> Server {
    let place = Place::new();
    let port = place.port.to_string();
    Server::start(place, "node", &[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/real/upstream.js"), &port])
}
