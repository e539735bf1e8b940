//! Many requests to one place, one after the other over one connection as long as the server keeps it open. The head that ureq writes
//! for the first of them serves all: the others differ from it by their length and their body only.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::{Context as _, Result};

use super::dial::dial;
use super::line::{Fate, Idle, Session};
use super::recording::{Ending, How};
use super::watch::Watch;
use super::{Listen, Masks, client};
use crate::plan::{KeyUse, Plan};
use crate::secret::MaskedFlow;

const READ_SIZE: usize = 64 * 1024;

/// A caller of one endpoint.
pub struct Caller {
    masks: Arc<Masks>,
    idle: Option<Idle>,
    /// No connection carries a second request.
    is_wary: bool,
    head: Option<Head>,
    buffer: Vec<u8>,
    request: Vec<u8>,
}

impl Caller {
    pub fn new(masks: Arc<Masks>) -> Caller {
        Caller { masks, idle: None, is_wary: false, head: None, buffer: vec![0; READ_SIZE], request: Vec::new() }
    }

    /// Sends the plan's request with this body and tells `listener` all that happens, as [`super::perform`] does. A connection that the
    /// server keeps open ends as `kept`, and carries the next request. All plans of one caller go to the same place.
    ///
    /// # Errors
    /// As for [`super::perform`].
    pub fn perform<L: Listen>(&mut self, plan: &Plan, body: &[u8], listener: L, stop: &'static AtomicBool) -> Result<L> {
        let watch = Watch::start(plan.timeouts, stop);
        let idle = self.usable();
        let (sent, received) = (MaskedFlow::new(self.masks.sent.clone()), MaskedFlow::new(self.masks.received.clone()));
        let mut session = Session::keeping(watch, listener, sent, received, idle);
        if plan.key == KeyUse::Missing {
            session.end(Ending::new(How::NotSent));
        } else {
            if self.head.as_ref().is_none_or(|head| head.fields != plan.headers) {
                self.head = Some(Head::of(plan)?);
            }
            self.request.clear();
            self.head.iter().for_each(|head| head.write(body, &mut self.request));
            if dial(&mut session, plan)? {
                // Whatever becomes of it, the peer may have something to say.
                let _ = session.send(&self.request);
                while session.receive(&mut self.buffer) > 0 {}
            }
        }
        let (listener, idle) = session.into_parts();
        self.idle = idle.filter(|_| !self.is_wary);
        Ok(listener)
    }

    /// The server sends what belongs to no request: from now on each request has a connection of its own.
    pub fn beware(&mut self) {
        self.is_wary = true;
        self.idle = None;
    }

    fn usable(&mut self) -> Option<Idle> {
        match self.idle.take()?.fate() {
            Fate::Usable(idle) => return Some(idle),
            Fate::Over => {}
            Fate::Spoilt => self.beware(),
        }
        None
    }
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
