//! llmcheck sends a chat request to an OpenAI-compatible API, keeps every byte that crosses the wire, and says what happened, who did it,
//! how sure it is and what to do next.
//!
//! Data flows one way, and a module uses only those before it in this list; `tests/layering.rs` holds that:
//!
//! - [`lang`]: English and Chinese, and a text in both.
//! - [`spelling`]: the right spelling of a name that is not known.
//! - [`statistics`]: what samples can tell: intervals, quantiles, the odds of chance.
//! - [`secret`]: keys that cannot be printed, and the mask over everything that is shown or kept.
//! - [`lab`]: the loopback server that misbehaves on purpose; it knows nothing of the rest.
//! - [`cli`]: what can be typed; no decisions.
//! - [`api`]: the chat API's shapes: request, reply, error envelopes, waits that a response asks for.
//! - [`testimony`]: what programs and people say of an exchange whose bytes are not at hand.
//! - [`plan`]: one request, ready to be sent.
//! - [`exchange`]: performs a plan and tells every event on the wire; never interprets. Its recording is the root of all that follows.
//! - [`wire`]: from events to a transcript: heads, framing, content codings, JSON, event streams, counts. Cannot fail.
//! - [`import`]: evidence that others collected becomes transcripts: HAR, curl's output, raw responses, error texts.
//! - [`products`]: proxies, CDNs, firewalls and relays by the signs that are theirs.
//! - [`config`]: flags, environment and file become a plan.
//! - [`cache`]: answers at hand: recordings, found by the request that was sent.
//! - [`preflight`]: what is wrong with a plan before it is sent.
//! - [`evidence`]: every fact that a rule may look at.
//! - [`diagnosis`]: the catalogue; an entry is its words in both languages and the function that judges.
//! - [`resilience`]: whether to try again, and when.
//! - [`sample`]: what one exchange counts for among many.
//! - [`difference`]: what differs between two exchanges of the same request.
//! - [`report`]: the model of a report, and its printers.
//! - [`probe`]: finding a cause by experiment: what can be varied, what the answers tell, what is asked next.
//! - [`batch`]: many requests from a file, paced, shared among endpoints, and written down so that a killed run goes on.
//! - [`compare`]: several places asked the same in turn: how each stands, and which to use if the data can tell.
//! - [`monitor`]: when checks make an alert, the log that keeps them, and the metrics that others scrape.
//! - [`commands`]: one file for each subcommand; each reads as the program.
//!
//! Everything after `exchange` but `config`, `cache` and `commands` is a pure function of the recording: no clock, socket or environment
//! is read there, so that a live exchange and its recording give the same report.

pub mod api;
pub mod batch;
pub mod cache;
pub mod cli;
pub mod commands;
pub mod compare;
pub mod config;
pub mod diagnosis;
pub mod difference;
pub mod evidence;
pub mod exchange;
pub mod import;
pub mod lab;
pub mod lang;
pub mod monitor;
pub mod plan;
pub mod preflight;
pub mod probe;
pub mod products;
pub mod report;
pub mod resilience;
pub mod sample;
pub mod secret;
pub mod spelling;
pub mod statistics;
pub mod testimony;
pub mod wire;
