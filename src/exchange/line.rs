//! The tapped line: a connection whose every byte, both ways and after TLS, is told to the listener with its time.

use std::borrow::Cow;
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rustls::ClientConnection;

use super::recording::{Ending, Event, How, Kind, Opened};
use super::watch::Watch;
use super::{Listen, Next};
use crate::secret::MaskedFlow;

/// Timers and listeners are never quite punctual.
const TOLERANCE: Duration = Duration::from_millis(20);
/// Arrivals that are told later than this are told with a warning.
const WORTH_TELLING: Duration = Duration::from_millis(100);

/// An exchange in progress: its clock, its listener, and the connection once there is one.
pub(super) struct Session<L> {
    pub watch: Watch,
    pub listener: L,
    pub sent: MaskedFlow,
    pub received: MaskedFlow,
    pub stream: Option<Stream>,
    /// Whether the connection is to stay open for another exchange.
    keeping: Keeping,
    /// More came than belonged to the message, when it was about to be kept.
    saw_more: bool,
    /// It was open before this one.
    is_reused: bool,
    connection: u32,
    next: Next,
    ended: bool,
    /// When we turned from the socket to the listener.
    turned_away: Option<Instant>,
    /// For how long we could not read.
    held_up: Duration,
}

/// A TCP connection, plain or under TLS.
pub(super) struct Stream {
    tcp: TcpStream,
    address: String,
    tls: Option<Box<ClientConnection>>,
    /// The timeout that is set on the socket, to spare the system call when it stays the same.
    slice: Duration,
}

impl Stream {
    pub fn new(tcp: TcpStream, address: String) -> Stream {
        Stream { tcp, address, tls: None, slice: Duration::ZERO }
    }

    /// What is there already, without waiting for more; `WouldBlock` where nothing is.
    fn read_ready(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.tls {
            None => Ready(&self.tcp).read(buffer),
            Some(tls) => read_tls_from(tls, &mut Ready(&self.tcp), buffer),
        }
    }

    /// What comes within this time; `WouldBlock` or `TimedOut` where nothing does.
    fn read_within(&mut self, patience: Duration, buffer: &mut [u8]) -> io::Result<usize> {
        self.set_slice(patience)?;
        loop {
            let read = match &mut self.tls {
                None => self.tcp.read(buffer),
                Some(tls) => read_tls_from(tls, &mut self.tcp, buffer),
            };
            if !matches!(&read, Err(error) if error.kind() == ErrorKind::Interrupted) {
                return read;
            }
        }
    }

    fn set_slice(&mut self, slice: Duration) -> io::Result<()> {
        if self.slice != slice {
            self.tcp.set_read_timeout(Some(slice))?;
            self.tcp.set_write_timeout(Some(slice))?;
            self.slice = slice;
        }
        Ok(())
    }
}

/// A connection read without waiting. Where a read has no word for that, the whole socket is told so for as long.
struct Ready<'a>(&'a TcpStream);

impl io::Read for Ready<'_> {
    #[cfg(unix)]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(rustix::net::recv(self.0, buffer, rustix::net::RecvFlags::DONTWAIT)?.0)
    }

    #[cfg(not(unix))]
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.set_nonblocking(true)?;
        let read = self.0.read(buffer);
        self.0.set_nonblocking(false)?;
        read
    }
}

fn read_tls_from(tls: &mut ClientConnection, tcp: &mut impl io::Read, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            outcome => return outcome,
        }
        if tls.read_tls(tcp)? == 0 {
            return Ok(0);
        }
        tls.process_new_packets().map_err(io::Error::other)?;
    }
}

/// Whether a connection stays open behind a complete message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keeping {
    Never,
    AtOnce,
    /// Once nothing has come for so long.
    After(Duration),
}

/// A connection that is open and carries nothing, for the next request to the same place.
pub(super) struct Idle(Stream);

impl Idle {
    /// Nothing came over it since its last exchange, neither the end nor what nobody asked for: that would be taken for the answer to
    /// the next request.
    pub fn if_usable(mut self, sends_more: &AtomicBool) -> Option<Idle> {
        let read = self.0.read_ready(&mut [0; 1]);
        if matches!(read, Ok(length) if length > 0) {
            sends_more.store(true, Ordering::Relaxed);
        }
        matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock).then_some(self)
    }
}

impl<L: Listen> Session<L> {
    /// An exchange that ends with its connection.
    pub fn new(watch: Watch, listener: L, sent: MaskedFlow, received: MaskedFlow) -> Session<L> {
        Session {
            watch,
            listener,
            sent,
            received,
            stream: None,
            keeping: Keeping::Never,
            saw_more: false,
            is_reused: false,
            connection: 0,
            next: Next::More,
            ended: false,
            turned_away: None,
            held_up: Duration::ZERO,
        }
    }

    /// One whose connection may go on, and may have been open before.
    pub fn keeping(watch: Watch, listener: L, masks: (MaskedFlow, MaskedFlow), keeping: Keeping, idle: Option<Idle>) -> Session<L> {
        Session { keeping, stream: idle.map(|idle| idle.0), ..Session::new(watch, listener, masks.0, masks.1) }
    }

    pub fn saw_more(&self) -> bool {
        self.saw_more
    }

    /// The listener, and the connection if it goes on.
    pub fn into_parts(self) -> (L, Option<Idle>) {
        let is_kept = self.keeping != Keeping::Never && self.next == Next::Keep;
        (self.listener, self.stream.filter(|_| is_kept).map(Idle))
    }

    /// Goes on with the connection that is open already, if there is one. Once: where it fails, another is opened.
    pub fn reuse(&mut self) -> bool {
        let Some(stream) = self.stream.as_ref().filter(|_| !self.is_reused) else {
            return false;
        };
        let address = stream.address.clone();
        self.is_reused = true;
        self.opened(Opened::Reused { address });
        self.watch.connected();
        true
    }

    /// Tells that the request is about to be sent.
    pub fn ready(&mut self) {
        self.listener.ready();
    }

    pub fn has_ended(&self) -> bool {
        self.ended
    }

    pub fn opened(&mut self, opened: Opened) {
        self.tell(Kind::Open(opened));
    }

    /// What follows belongs to a connection inside the present one.
    pub fn enter_tunnel(&mut self) {
        self.flush_masks();
        self.connection += 1;
    }

    /// Tells the end, once.
    pub fn end(&mut self, ending: Ending) {
        if !self.ended {
            self.flush_masks();
            self.tell(Kind::End(ending));
            self.ended = true;
        }
    }

    fn tell(&mut self, kind: Kind<'_>) {
        let is_end = matches!(kind, Kind::End(_));
        let next = self.listener.hear(&Event { at: self.watch.now(), connection: self.connection, kind });
        // After the end nothing is expected; what was, says whether the connection goes on.
        if !is_end {
            self.next = next;
        }
    }

    /// What the masks held back is no whole secret: nothing more can complete it.
    fn flush_masks(&mut self) {
        let (sent, received) = (self.sent.finish(), self.received.finish());
        if !sent.is_empty() {
            self.tell(Kind::Sent(Cow::Owned(sent)));
        }
        if !received.is_empty() {
            self.tell(Kind::Received(Cow::Owned(received)));
        }
    }

    /// Sends all of `bytes` and tells them. An error means that the peer takes no more; it may still have something to say.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.write(bytes);
        let (taken, outcome) = match written {
            Ok(()) => (bytes.len(), Ok(())),
            Err((taken, error)) => (taken, Err(error)),
        };
        let mut copy = bytes[..taken].to_vec();
        let at = self.watch.now();
        let shown = self.sent.pass(&mut copy);
        if !shown.is_empty() {
            self.next = self.listener.hear(&Event { at, connection: self.connection, kind: Kind::Sent(shown) });
        }
        outcome
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), (usize, io::Error)> {
        const TLS_RECORD: usize = 16 * 1024;
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            let stream = self.stream.as_mut().ok_or_else(|| (taken, io::Error::from(ErrorKind::NotConnected)))?;
            if let Some(tls) = &mut stream.tls {
                let record = &rest[..rest.len().min(TLS_RECORD)];
                tls.writer().write_all(record).map_err(|error| (taken, error))?;
                let length = record.len();
                self.flush_tls().map_err(|error| (taken, error))?;
                taken += length;
            } else {
                taken += self.patiently(|stream| stream.tcp.write(rest)).map_err(|error| (taken, error))?;
            }
        }
        Ok(())
    }

    /// Gives TLS records that are ready to the network.
    fn flush_tls(&mut self) -> io::Result<()> {
        loop {
            self.patiently(|stream| match &mut stream.tls {
                Some(tls) if tls.wants_write() => tls.write_tls(&mut stream.tcp),
                _ => Ok(0),
            })?;
            let done = self.stream.as_ref().and_then(|stream| stream.tls.as_ref()).is_none_or(|tls| !tls.wants_write());
            if done {
                return Ok(());
            }
        }
    }

    /// Repeats a socket call whose slice of time is over until it does something or a bound has passed, which ends the exchange.
    fn patiently<T>(&mut self, mut call: impl FnMut(&mut Stream) -> io::Result<T>) -> io::Result<T> {
        loop {
            let slice = match self.watch.check() {
                Ok(slice) => slice,
                Err(how) => {
                    if let Some(late) = self.last_look(how, &mut call) {
                        return late;
                    }
                    self.end(Ending::new(how));
                    return Err(ErrorKind::TimedOut.into());
                }
            };
            let Some(stream) = self.stream.as_mut() else {
                return Err(ErrorKind::NotConnected.into());
            };
            let began = Instant::now();
            let outcome = stream.set_slice(slice).and_then(|()| call(stream));
            // No call waits longer than its slice: what is over it we were not running.
            self.held_up += began.elapsed().saturating_sub(slice + TOLERANCE);
            match outcome {
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {}
                other => return other,
            }
        }
    }

    /// Silence is claimed only of a socket that is looked at when its time is over: a run that was suspended would find it over, and what
    /// came meanwhile unread.
    fn last_look<T>(&mut self, how: How, call: &mut impl FnMut(&mut Stream) -> io::Result<T>) -> Option<io::Result<T>> {
        const LOOK: Duration = Duration::from_millis(1);
        let stream = self.stream.as_mut().filter(|_| matches!(how, How::Idle | How::FirstByteTimeout))?;
        let outcome = stream.set_slice(LOOK).and_then(|()| call(stream));
        let is_silent = |error: &io::Error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted);
        (!outcome.as_ref().is_err_and(is_silent)).then_some(outcome)
    }

    /// Waits for the next bytes, tells them, and says how many there are; 0 when the exchange has ended, which is told too.
    pub fn receive(&mut self, buffer: &mut [u8]) -> usize {
        if self.ended {
            return 0;
        }
        if self.next == Next::Stop {
            self.end(Ending::new(How::Cancelled));
            return 0;
        }
        self.held_up += self.turned_away.take().map_or(Duration::ZERO, |since| since.elapsed().saturating_sub(TOLERANCE));
        if self.keeping != Keeping::Never && self.next == Next::Keep {
            return self.keep(buffer);
        }
        let is_tls = self.stream.as_ref().is_some_and(|stream| stream.tls.is_some());
        let outcome = if is_tls { self.read_tls(buffer) } else { self.patiently(|stream| stream.tcp.read(buffer)) };
        match outcome {
            Ok(0) => self.end(Ending::new(if is_tls { How::TlsClose } else { How::Fin })),
            Ok(length) => {
                self.heard(&mut buffer[..length]);
                return length;
            }
            Err(error) if self.ended => drop(error),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => self.end(Ending::new(How::TlsCut)),
            Err(error) => self.end(Ending::because(How::Reset, error.to_string())),
        }
        0
    }

    /// Ends the exchange and keeps the connection, unless more comes than belongs to the message, or its end. Where nothing is waited
    /// for, nothing is looked for either: [`Idle::if_usable`] does, right before the next request, and sees all that came until then.
    fn keep(&mut self, buffer: &mut [u8]) -> usize {
        let read = match (self.keeping, self.stream.as_mut()) {
            (Keeping::After(patience), Some(stream)) => stream.read_within(patience, buffer),
            _ => Err(ErrorKind::WouldBlock.into()),
        };
        match read {
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                self.end(Ending::new(How::Kept));
                0
            }
            Ok(length) if length > 0 => {
                (self.keeping, self.saw_more) = (Keeping::Never, true);
                self.heard(&mut buffer[..length]);
                length
            }
            // It ended: the next read says how.
            _ => {
                self.keeping = Keeping::Never;
                self.receive(buffer)
            }
        }
    }

    fn heard(&mut self, bytes: &mut [u8]) {
        self.turned_away = Some(Instant::now());
        if self.held_up >= WORTH_TELLING {
            let milliseconds = std::mem::take(&mut self.held_up).as_millis() as u64;
            self.opened(Opened::HeldUp { milliseconds });
        }
        let sent = self.sent.finish();
        if !sent.is_empty() {
            self.tell(Kind::Sent(Cow::Owned(sent)));
        }
        let at = self.watch.now();
        let shown = self.received.pass(bytes);
        if !shown.is_empty() {
            self.next = self.listener.hear(&Event { at, connection: self.connection, kind: Kind::Received(shown) });
        }
        self.watch.received(self.next);
    }

    fn read_tls(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let ready = self.stream.as_mut().and_then(|stream| stream.tls.as_mut()).map(|tls| tls.reader().read(buffer));
            match ready {
                Some(Err(error)) if error.kind() == ErrorKind::WouldBlock => {}
                Some(outcome) => return outcome,
                None => return Err(ErrorKind::NotConnected.into()),
            }
            self.patiently(|stream| match &mut stream.tls {
                Some(tls) => tls.read_tls(&mut stream.tcp),
                None => Ok(0),
            })?;
            if let Some(tls) = self.stream.as_mut().and_then(|stream| stream.tls.as_mut()) {
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            // An answer to the peer's key update, for instance. If it cannot be sent, the next read says why.
            let _ = self.flush_tls();
        }
    }

    /// Performs the TLS handshake on the present connection. On failure the exchange has ended, and the end says why.
    pub fn shake_hands(&mut self, mut handshake: super::tls::Handshake) -> Result<(), ()> {
        let mut first_bytes = Vec::new();
        let outcome = self.run_handshake(&mut handshake.connection, &mut first_bytes);
        let facts = handshake.facts();
        if facts.chain > 0 || facts.version.is_some() {
            self.opened(Opened::Tls(facts));
        }
        match outcome {
            Ok(()) => {
                if let Some(stream) = &mut self.stream {
                    stream.tls = Some(Box::new(handshake.connection));
                }
                Ok(())
            }
            Err(ending) => {
                self.end(ending);
                Err(())
            }
        }
    }

    fn run_handshake(&mut self, tls: &mut ClientConnection, first_bytes: &mut Vec<u8>) -> Result<(), Ending> {
        let lost = |error: io::Error| Ending::because(How::HandshakeFailed, format!("the connection was lost in the handshake: {error}"));
        while tls.is_handshaking() {
            while tls.wants_write() {
                self.patiently(|stream| tls.write_tls(&mut stream.tcp)).map_err(lost)?;
            }
            let received =
                self.patiently(|stream| tls.read_tls(&mut Remembering { inner: &mut stream.tcp, first: first_bytes })).map_err(lost)?;
            if received == 0 {
                return Err(Ending::because(How::HandshakeFailed, "the peer closed the connection in the handshake"));
            }
            if let Err(error) = tls.process_new_packets() {
                // The alert tells the peer why; whether it hears it changes nothing for us.
                let _ = self.patiently(|stream| tls.write_tls(&mut stream.tcp));
                return Err(super::tls::failure(&error, first_bytes));
            }
        }
        while tls.wants_write() {
            self.patiently(|stream| tls.write_tls(&mut stream.tcp)).map_err(lost)?;
        }
        Ok(())
    }
}

/// Keeps the first bytes that were read: they tell another protocol from broken TLS.
struct Remembering<'a> {
    inner: &'a mut TcpStream,
    first: &'a mut Vec<u8>,
}

impl io::Read for Remembering<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        const ENOUGH: usize = 64;
        let length = self.inner.read(buffer)?;
        let wanted = ENOUGH.saturating_sub(self.first.len()).min(length);
        self.first.extend_from_slice(&buffer[..wanted]);
        Ok(length)
    }
}
