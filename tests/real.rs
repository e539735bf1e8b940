//! llmcheck against real server software: nginx, Apache, HAProxy, Squid, Varnish, mitmproxy, Node and Python's servers make the faults,
//! and the good answers that must not be called faults; Prometheus scrapes what is watched. `.ci/run` installs them; run it with
//! `cargo test --test real -- --ignored`.

#![cfg(unix)]

#[path = "real/ask.rs"]
mod ask;
#[path = "real/server.rs"]
mod server;
#[path = "real/upstream.rs"]
mod upstream;

#[path = "real/apache.rs"]
mod apache;
#[path = "real/haproxy.rs"]
mod haproxy;
#[path = "real/limits.rs"]
mod limits;
#[path = "real/nginx.rs"]
mod nginx;
#[path = "real/node.rs"]
mod node;
#[path = "real/probe.rs"]
mod probe;
#[path = "real/prometheus.rs"]
mod prometheus;
#[path = "real/python.rs"]
mod python;
#[path = "real/schema.rs"]
mod schema;
#[path = "real/squid.rs"]
mod squid;
#[path = "real/tls.rs"]
mod tls;
#[path = "real/varnish.rs"]
mod varnish;
