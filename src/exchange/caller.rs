//! Many requests to one place, one after the other over one connection as long as the server keeps it open. The head that ureq writes
//! for the first of them serves all: the others differ from it by their length and their body only.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::dial::dial;
use super::line::{Idle, Keeping, Session};
use super::recording::{Ending, How};
use super::watch::Watch;
use super::{Listen, Masks, client};
use crate::plan::{KeyUse, Plan};
use crate::secret::MaskedFlow;

const READ_SIZE: usize = 64 * 1024;
/// How long each caller looks for surplus behind its first answer.
const PROOF: Duration = Duration::from_millis(50);

/// What all callers of one endpoint share.
pub struct Place {
    masks: Masks,
    /// Its server has sent more on a kept connection than belonged to the answer. Nobody can tell whose it is once the next request is
    /// under way: from then on no connection is kept.
    sends_more: AtomicBool,
}

impl Place {
    pub fn of(plan: &Plan) -> Place {
        Place { masks: Masks::of(plan), sends_more: AtomicBool::new(false) }
    }

    pub fn sends_more(&self) -> bool {
        self.sends_more.load(Ordering::Relaxed)
    }
}

/// A caller of one endpoint.
pub struct Caller {
    place: Arc<Place>,
    idle: Option<Idle>,
    /// A connection was looked at for long enough to know that nothing follows an answer.
    is_proven: bool,
    head: Option<Head>,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl Caller {
    pub fn new(place: Arc<Place>) -> Caller {
        Caller { place, idle: None, is_proven: false, head: None, buffer: vec![0; READ_SIZE], request: Vec::new() }
    }

    /// Sends the plan's request with this body and tells `listener` all that happens, as [`super::perform`] does. A connection that the
    /// server keeps open ends as `kept`, and carries the next request. All plans of one caller go to the same place.
    ///
    /// # Errors
    /// As for [`super::perform`].
    pub fn perform<L: Listen>(&mut self, plan: &Plan, body: &[u8], listener: L, stop: &'static AtomicBool) -> Result<L> {
        let watch = Watch::start(plan.timeouts, stop);
        let sends_more = self.place.sends_more();
        let closing = sends_more.then(|| closing(plan));
        let plan = closing.as_ref().unwrap_or(plan);
        let keeping = match (sends_more, self.is_proven) {
            (true, _) => Keeping::Never,
            (false, true) => Keeping::AtOnce,
            (false, false) => Keeping::After(PROOF),
        };
        let idle = self.idle.take().and_then(|idle| idle.if_usable(&self.place.sends_more));
        let masks = &self.place.masks;
        let (sent, received) = (MaskedFlow::new(masks.sent.clone()), MaskedFlow::new(masks.received.clone()));
        let mut session = Session::keeping(watch, listener, (sent, received), keeping, idle);
        if plan.key == KeyUse::Missing {
            session.end(Ending::new(How::NotSent));
        } else {
            if self.head.as_ref().is_none_or(|head| head.fields != plan.headers) {
                self.head = Some(Head::of(plan)?);
            }
            self.request.clear();
            self.head.iter().for_each(|head| head.write(body, &mut self.request));
            if dial(&mut session, plan)? {
                session.ready();
                // Whatever becomes of it, the peer may have something to say.
                let _ = session.send(&self.request);
                while session.receive(&mut self.buffer) > 0 {}
            }
        }
        if session.saw_more() {
            self.place.sends_more.store(true, Ordering::Relaxed);
        }
        let (listener, idle) = session.into_parts();
        self.is_proven |= idle.is_some();
        self.idle = idle.filter(|_| !self.place.sends_more());
        Ok(listener)
    }

    /// The server sends what belongs to no request: from now on each request to that place has a connection of its own.
    pub fn beware(&mut self) {
        self.place.sends_more.store(true, Ordering::Relaxed);
        self.idle = None;
    }
}

/// The plan of a request whose connection ends with it.
fn closing(plan: &Plan) -> Plan {
    let mut plan = plan.clone();
    plan.headers.push(("connection".into(), "close".into()));
    plan
}

/// A request's head without its length.
struct Head {
    /// The plan's fields for which it was written.
    fields: Vec<(String, String)>,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Head {
    fn of(plan: &Plan) -> Result<Head> {
        const NAME: &[u8] = b"\r\ncontent-length: ";
        let mut drafted = client::drafted(plan)?;
        let end = memchr::memmem::find(&drafted, b"\r\n\r\n").context("the HTTP client wrote no head")? + 4;
        drafted.truncate(end);
        let at = drafted.windows(NAME.len()).position(|bytes| bytes.eq_ignore_ascii_case(NAME));
        let start = at.context("the HTTP client wrote no Content-Length")? + NAME.len();
        let digits = drafted[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        let after = drafted.split_off(start + digits);
        drafted.truncate(start);
        Ok(Head { fields: plan.headers.clone(), before: drafted, after })
    }

    fn write(&self, body: &[u8], request: &mut Vec<u8>) {
        request.extend_from_slice(&self.before);
        request.extend_from_slice(body.len().to_string().as_bytes());
        request.extend_from_slice(&self.after);
        request.extend_from_slice(body);
    }
}
