//! The one file that knows ureq. `unversioned` may change with a minor version: it is imported here and nowhere else.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{Request, Uri};
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport};

use super::dial::dial;
use super::line::Session;
use super::recording::{Ending, How};
use super::tunnel::basic_credentials;
use super::watch::Watch;
use super::{Listen, Masks};
use crate::plan::{KeyUse, Method, Plan, ProxyKind};
use crate::secret::MaskedFlow;

const READ_SIZE: usize = 64 * 1024;

pub(super) fn perform<L: Listen + 'static>(plan: &Plan, masks: &Masks, listener: L, stop: &'static AtomicBool) -> Result<L> {
    let watch = Watch::start(plan.timeouts, stop);
    let mut session = Session::new(watch, listener, MaskedFlow::new(masks.sent.clone()), MaskedFlow::new(masks.received.clone()));

    if plan.key == KeyUse::Missing {
        session.end(Ending::new(How::NotSent));
        return Ok(session.listener);
    }
    let session = Arc::new(Mutex::new(session));
    let failure = Arc::new(Mutex::new(None));
    let asked = ask(plan, Dialer { session: session.clone(), plan: Arc::new(plan.clone()), failure: failure.clone() });
    let asked = lock(&failure).take().map_or(asked, Err);
    listen_to_the_end(&mut lock(&session));
    let ended = lock(&session).has_ended();
    match Arc::try_unwrap(session) {
        Ok(session) if ended => Ok(session.into_inner().unwrap_or_else(PoisonError::into_inner).listener),
        Ok(_) => Err(asked.err().unwrap_or_else(|| anyhow!("the exchange did not end"))),
        Err(_) => Err(anyhow!("the HTTP client kept the connection")),
    }
}

/// Lets ureq write the request for a server that is not there. The errors are those of a request that cannot be built.
pub(super) fn draft(plan: &Plan) -> Result<Vec<u8>> {
    let mut bytes = drafted(plan)?;
    Masks::of(plan).sent.cover(&mut bytes);
    Ok(bytes)
}

/// The same with its secrets.
pub(super) fn drafted(plan: &Plan) -> Result<Vec<u8>> {
    let drafted = Arc::new(Mutex::new(Drafted::default()));
    let outcome = ask(plan, Drafter { drafted: drafted.clone(), origin: origin_for_proxy(plan), https: plan.target.https });
    let drafted = std::mem::take(&mut *lock(&drafted));
    if !drafted.is_whole {
        return Err(outcome.err().unwrap_or_else(|| anyhow!("the HTTP client wrote no request")));
    }
    Ok(drafted.bytes)
}

/// What is to be put before the path. RFC 9112 section 3.2.2: to a proxy the target is named in full, which ureq does not do.
fn origin_for_proxy(plan: &Plan) -> Option<String> {
    let is_forwarded = !plan.target.https && plan.proxy.as_ref().is_some_and(|proxy| proxy.kind == ProxyKind::Http);
    is_forwarded.then(|| plan.target.origin())
}

/// Lets ureq connect through us, send the request and read the response head. All that matters of its outcome is known to the connector
/// already; its error speaks only when no connection was ever tried.
fn ask(plan: &Plan, connector: impl Connector) -> Result<()> {
    let config = Config::builder()
        .proxy(None)
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        // The plan's fields are all there are: one that the user removed must not come back.
        .accept(AutoHeaderValue::None)
        .accept_encoding(AutoHeaderValue::None)
        .user_agent(AutoHeaderValue::None)
        .max_response_header_size(READ_SIZE)
        .build();
    let agent = ureq::Agent::with_parts(config, connector, NoResolver);

    let mut request = Request::builder().method(plan.method.name()).uri(plan.target.url());
    for (name, value) in &plan.headers {
        request = request.header(name, value);
    }
    if let (Some(proxy), false) = (&plan.proxy, plan.target.https)
        && let (ProxyKind::Http, Some(credentials)) = (proxy.kind, basic_credentials(proxy))
    {
        request = request.header("Proxy-Authorization", credentials);
    }
    const UNBUILT: &str = "the request cannot be built";
    let outcome = match plan.method {
        Method::Post => agent.run(request.body(&plan.body[..]).context(UNBUILT)?),
        Method::Get => agent.run(request.body(()).context(UNBUILT)?),
    };
    outcome.map(drop).context("the request cannot be sent")
}

/// Reads what is left of the response, whatever ureq thinks of it.
fn listen_to_the_end<L: Listen>(session: &mut Session<L>) {
    if session.stream.is_some() {
        let mut buffer = vec![0; READ_SIZE];
        while session.receive(&mut buffer) > 0 {}
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Dialer<L> {
    session: Arc<Mutex<Session<L>>>,
    plan: Arc<Plan>,
    /// Why the plan itself cannot be performed.
    failure: Arc<Mutex<Option<anyhow::Error>>>,
}

impl<L: Listen + 'static> Connector for Dialer<L> {
    type Out = Tap<L>;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Tap<L>>, ureq::Error> {
        let connected = dial(&mut lock(&self.session), &self.plan);
        match connected {
            Ok(true) => {}
            Ok(false) => return Err(ureq::Error::ConnectionFailed),
            Err(error) => {
                *lock(&self.failure) = Some(error);
                return Err(ureq::Error::ConnectionFailed);
            }
        }
        Ok(Some(Tap {
            session: self.session.clone(),
            buffers: LazyBuffers::new(READ_SIZE, READ_SIZE),
            pending: Vec::new(),
            origin: origin_for_proxy(&self.plan),
            https: self.plan.target.https,
        }))
    }
}

impl<L> fmt::Debug for Dialer<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dialer")
    }
}

/// ureq's end of the line.
struct Tap<L> {
    session: Arc<Mutex<Session<L>>>,
    buffers: LazyBuffers,
    /// What ureq has written and is not sent yet: head and body go out together, as one segment where they fit. A simple server reads
    /// once, and what it has not read when it closes makes the kernel reset the connection.
    pending: Vec<u8>,
    /// To be put before the path of the request line, once.
    origin: Option<String>,
    https: bool,
}

impl<L> fmt::Debug for Tap<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl<L: Listen> Tap<L> {
    fn send_pending(&mut self) -> Result<(), ureq::Error> {
        let pending = std::mem::take(&mut self.pending);
        if pending.is_empty() { Ok(()) } else { lock(&self.session).send(&pending).map_err(ureq::Error::from) }
    }
}

impl<L: Listen + 'static> Transport for Tap<L> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        append(&mut self.pending, &self.buffers.output()[..amount], &mut self.origin);
        if self.pending.len() < READ_SIZE { Ok(()) } else { self.send_pending() }
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        self.send_pending()?;
        let space = self.buffers.input_append_buf();
        let length = if space.is_empty() { 0 } else { lock(&self.session).receive(space) };
        if length == 0 {
            return Err(ureq::Error::Io(io::ErrorKind::UnexpectedEof.into()));
        }
        self.buffers.input_appended(length);
        Ok(true)
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.https
    }
}

/// Adds what ureq has written, with the origin where it belongs, once.
fn append(pending: &mut Vec<u8>, output: &[u8], origin: &mut Option<String>) {
    let path = match origin.take() {
        Some(origin) => {
            let path = output.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
            pending.extend_from_slice(&output[..path]);
            pending.extend_from_slice(origin.as_bytes());
            path
        }
        None => 0,
    };
    pending.extend_from_slice(&output[path..]);
}

/// A request on paper.
#[derive(Debug, Default)]
struct Drafted {
    bytes: Vec<u8>,
    /// ureq has begun to wait for the answer.
    is_whole: bool,
}

/// Connects to nothing.
#[derive(Debug)]
struct Drafter {
    drafted: Arc<Mutex<Drafted>>,
    origin: Option<String>,
    https: bool,
}

impl Connector for Drafter {
    type Out = Paper;

    fn connect(&self, _: &ConnectionDetails, _: Option<()>) -> Result<Option<Paper>, ureq::Error> {
        let buffers = LazyBuffers::new(READ_SIZE, READ_SIZE);
        Ok(Some(Paper { drafted: self.drafted.clone(), buffers, origin: self.origin.clone(), https: self.https }))
    }
}

/// Keeps what ureq writes, and has nothing to be read.
#[derive(Debug)]
struct Paper {
    drafted: Arc<Mutex<Drafted>>,
    buffers: LazyBuffers,
    origin: Option<String>,
    https: bool,
}

impl Transport for Paper {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), ureq::Error> {
        append(&mut lock(&self.drafted).bytes, &self.buffers.output()[..amount], &mut self.origin);
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, ureq::Error> {
        lock(&self.drafted).is_whole = true;
        Err(ureq::Error::Io(io::ErrorKind::UnexpectedEof.into()))
    }

    fn is_open(&mut self) -> bool {
        false
    }

    fn is_tls(&self) -> bool {
        self.https
    }
}

/// ureq wants an address before it asks for a connection; the dialer finds the real ones.
#[derive(Debug)]
struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let placeholder = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        let mut addresses = ResolvedSocketAddrs::from_fn(|_| placeholder);
        addresses.push(placeholder);
        Ok(addresses)
    }
}
