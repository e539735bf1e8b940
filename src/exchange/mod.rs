//! Performs one plan and tells a listener every event on the wire. It never interprets what a server says: when the message is
//! complete, and whether anything is wrong with it, is for the listener to know.
//!
//! ureq resolves nothing and connects nowhere by itself: our connector hands it a tapped line, ureq writes the request and reads the
//! response head, and from there on the line is read directly, so that what ureq would skip, decode or call complete is seen as it is.

mod caller;
mod client;
mod dial;
mod line;
pub mod recording;
pub mod source;
mod tls;
mod tunnel;
mod watch;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;

use crate::plan::Plan;
use crate::secret::{Mask, MaskedFlow};
pub use caller::{Caller, Place};
use dial::dial;
use line::Session;
use recording::{Ending, Event, How};
use watch::Watch;

/// Who hears the events of an exchange, in order, as they happen.
pub trait Listen: Send {
    /// A caller's connection is open, and the request is about to be sent over it: the listener may take its time.
    fn ready(&mut self) {}

    fn hear(&mut self, event: &Event<'_>) -> Next;
}

/// What the listener expects after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More of the message.
    More,
    /// The content is whole, but its framing has not said so: a short silence is an end.
    Settle,
    /// The message is complete; only what should not be there can still come.
    Linger,
    /// The message is complete, and the server lets the connection carry another request.
    Keep,
    /// Nothing: nobody is interested any more.
    Stop,
}

/// Sends the plan's request and tells `listener` all that happens, up to exactly one `end` of the last connection. `stop` ends it early.
///
/// # Errors
/// When llmcheck itself cannot perform the plan: an unreadable certificate file, a field that HTTP does not allow. What the network or
/// the server does is never an error: the listener has heard it.
pub fn perform<L: Listen + 'static>(plan: &Plan, listener: L, stop: &'static AtomicBool) -> Result<L> {
    client::perform(plan, &Masks::of(plan), listener, stop)
}

/// Goes as far as a connection over which the plan's request could be sent, and closes it: the end is then `unused`.
///
/// # Errors
/// As for [`perform`].
pub fn reach<L: Listen>(plan: &Plan, listener: L, stop: &'static AtomicBool) -> Result<L> {
    let masks = Masks::of(plan);
    let (sent, received) = (MaskedFlow::new(masks.sent), MaskedFlow::new(masks.received));
    let mut session = Session::new(Watch::start(plan.timeouts, stop), listener, sent, received);
    if dial(&mut session, plan)? {
        session.end(Ending::new(How::Unused));
    }
    Ok(session.listener)
}

/// What must not be told of what is sent and received.
pub struct Masks {
    sent: Arc<Mask>,
    received: Arc<Mask>,
}

impl Masks {
    pub fn of(plan: &Plan) -> Masks {
        let sensitive = plan.headers.iter().filter(|(name, _)| is_sensitive(name)).map(|(_, value)| value.clone());
        let proxy_credentials = plan.proxy.as_ref().and_then(tunnel::basic_credentials);
        Masks {
            sent: Arc::new(Mask::of_requests(&plan.secrets, sensitive.chain(proxy_credentials))),
            received: Arc::new(Mask::of_responses(&plan.secrets)),
        }
    }
}

/// The request as it would leave, head and body, without any connection. Secrets are covered with `*`, byte for byte.
///
/// # Errors
/// When the request cannot be built: a field that HTTP does not allow.
pub fn draft(plan: &Plan) -> Result<Vec<u8>> {
    client::draft(plan)
}

/// Field names whose values are credentials.
pub fn is_sensitive(name: &str) -> bool {
    const PARTS: [&str; 7] = ["auth", "api-key", "apikey", "cookie", "password", "secret", "token"];
    let name = name.to_ascii_lowercase();
    PARTS.iter().any(|part| name.contains(part)) || name.ends_with("-key")
}
