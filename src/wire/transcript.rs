//! The facts of one exchange as its bytes tell them: what rules are written against. No rule stands here.

use std::cell::OnceCell;

use serde::Serialize;

use super::arrivals::Arrivals;
use super::content::{Checkpoint, Content};
use super::digest::Promised;
use super::framing::Body;
use super::head::{self, Head};
use super::kept::Kept;
use crate::exchange::recording::{Asked, Ending, Opened, TlsFacts};
use crate::testimony::Testimony;

/// One exchange, read to its end.
#[derive(Debug, Default)]
pub struct Transcript {
    pub asked: Asked,
    /// The steps to the connection, in order.
    pub opened: Vec<Opened>,
    pub tls: Option<TlsFacts>,
    request: OnceCell<Option<Head>>,
    /// The flow of what was sent on the last connection.
    pub sent: Kept,
    /// 1xx heads before the final one.
    pub interim: Vec<Head>,
    pub response: Option<Response>,
    /// The flow of what was received on the last connection.
    pub received: Kept,
    /// Bytes came, and they are no HTTP response.
    pub is_not_http: bool,
    pub ending: Option<Ending>,
    pub times: Times,
    pub arrivals: Arrivals,
    /// Milliseconds for which we ourselves could not read: so much later than it came something may be told.
    pub held_up: u64,
    /// What somebody says of the exchange, beside its bytes or in place of them.
    pub testimony: Option<Testimony>,
}

impl Transcript {
    /// The head of the last request, once it was sent as a whole. Of a healthy exchange hardly anybody asks for it.
    pub fn request(&self) -> Option<&Head> {
        let head = || {
            let sent = self.sent.beginning();
            head::end_of_head(sent).map(|end| Head::parse(&sent[..end], 0))
        };
        self.request.get_or_init(head).as_ref()
    }

    /// The text that tells of the exchange, as a flow that places can be shown in.
    pub fn said(&self) -> Kept {
        let mut said = Kept::default();
        said.push(self.testimony.as_ref().map_or(&[], |testimony| testimony.text.as_bytes()));
        said
    }
}

/// A response whose head was complete.
#[derive(Debug)]
pub struct Response {
    pub head: Head,
    pub body: Body,
    pub content: Content,
    pub digests: Vec<Promised>,
    /// A run of asterisks stands in the body: it may be a masked secret, and then no digest or checksum can fit.
    pub may_be_masked: bool,
    /// The content at the moment when the declared length was reached.
    pub at_declared: Option<Checkpoint>,
}

/// Milliseconds after the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, schemars::JsonSchema)]
pub struct Times {
    pub resolved: Option<f64>,
    pub connected: Option<f64>,
    pub tls: Option<f64>,
    pub sent: Option<f64>,
    pub first_byte: Option<f64>,
    pub head: Option<f64>,
    pub first_token: Option<f64>,
    pub last_byte: Option<f64>,
    pub total: Option<f64>,
}

/// Microseconds as milliseconds.
pub fn milliseconds(microseconds: u64) -> f64 {
    microseconds as f64 / 1000.0
}
