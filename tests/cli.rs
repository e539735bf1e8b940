//! The program as its users meet it: what can be typed, what stands on stdout and stderr, which exit code ends it, what it writes to
//! disk, and what it never shows. Every run has an environment of its own; every server is on loopback, on a free port.

#[path = "cli/program.rs"]
mod program;
#[path = "cli/relay.rs"]
mod relay;
#[path = "cli/server.rs"]
mod server;

#[path = "cli/answer.rs"]
mod answer;
#[path = "cli/batch.rs"]
mod batch;
#[path = "cli/batch_endpoints.rs"]
mod batch_endpoints;
#[path = "cli/batch_kept.rs"]
mod batch_kept;
#[path = "cli/batch_kill.rs"]
mod batch_kill;
#[path = "cli/batch_limits.rs"]
mod batch_limits;
#[path = "cli/batch_refused.rs"]
mod batch_refused;
#[path = "cli/batch_resume.rs"]
mod batch_resume;
#[path = "cli/batch_told.rs"]
mod batch_told;
#[path = "cli/bounds.rs"]
mod bounds;
#[path = "cli/cache.rs"]
mod cache;
#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/crowd.rs"]
mod crowd;
#[path = "cli/going_on.rs"]
mod going_on;
#[path = "cli/handed_on.rs"]
mod handed_on;
#[path = "cli/kept.rs"]
mod kept;
#[path = "cli/long_input.rs"]
mod long_input;
#[path = "cli/monitor.rs"]
mod monitor;
#[path = "cli/monitor_kill.rs"]
mod monitor_kill;
#[path = "cli/monitor_rules.rs"]
mod monitor_rules;
#[path = "cli/monitor_soak.rs"]
mod monitor_soak;
#[path = "cli/partial.rs"]
mod partial;
#[path = "cli/parts.rs"]
mod parts;
#[path = "cli/pieces.rs"]
mod pieces;
#[path = "cli/prepare.rs"]
mod prepare;
#[path = "cli/probe.rs"]
mod probe;
#[path = "cli/proxies.rs"]
mod proxies;
#[path = "cli/recover.rs"]
mod recover;
#[path = "cli/replay.rs"]
mod replay;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/request.rs"]
mod request;
#[path = "cli/retries.rs"]
mod retries;
#[path = "cli/secrets.rs"]
mod secrets;
#[path = "cli/settings.rs"]
mod settings;
#[path = "cli/stop.rs"]
mod stop;
#[path = "cli/terminal.rs"]
mod terminal;
#[path = "cli/trouble.rs"]
mod trouble;
#[path = "cli/words.rs"]
mod words;
