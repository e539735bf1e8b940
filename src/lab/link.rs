//! One accepted connection, plain or TLS: what arrives, what is sent, and exactly how it ends.
//! It knows nothing of HTTP.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ServerConfig, ServerConnection};

/// However a client behaves, its connection is over this long after the last request that it brought to its end.
pub(in crate::lab) const LIFETIME: Duration = Duration::from_secs(120);

/// How long an ended connection is still read, so that its end arrives as a FIN and not as a reset.
const DRAIN: Duration = Duration::from_secs(1);

/// Time for the bytes already sent to be delivered, because a reset may overtake and discard them.
const DELIVERY: Duration = Duration::from_millis(60);

/// What becomes of the connection after a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::lab) enum Ending {
    /// An orderly end: close_notify over TLS, then FIN.
    Close,
    /// FIN; over TLS without the close_notify before it.
    CloseWithoutNotify,
    /// RST.
    Reset,
    /// Open for the next request, unless the client asked for the end.
    Reuse,
    /// Open, without another byte, until the client leaves.
    Silence,
    /// Open for this long whatever the client asked for, then an orderly end.
    StayOpen(Duration),
}

pub(in crate::lab) struct Link {
    socket: LateSocket,
    tls: Option<Box<ServerConnection>>,
    /// Bytes that arrived, after decryption, and were not used yet.
    pub(in crate::lab) incoming: Vec<u8>,
    /// Exchanges that this connection has carried.
    pub(in crate::lab) carried: u32,
    /// Bytes that may still leave; what is more is thrown away.
    passes: usize,
}

impl Link {
    pub(in crate::lab) fn plain(stream: TcpStream) -> Link {
        Link { socket: LateSocket::new(stream), tls: None, incoming: Vec::new(), carried: 0, passes: usize::MAX }
    }

    /// The handshake happens with the first read.
    pub(in crate::lab) fn tls(stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<Link> {
        let session = ServerConnection::new(config).map_err(io::Error::other)?;
        Ok(Link { tls: Some(Box::new(session)), ..Link::plain(stream) })
    }

    /// Waits for more bytes and appends them to `incoming`. False: the client has ended its side.
    pub(in crate::lab) fn receive(&mut self) -> io::Result<bool> {
        let mut piece = [0; 16 * 1024];
        let count = match &mut self.tls {
            None => self.socket.read(&mut piece),
            Some(session) => rustls::Stream::new(session.as_mut(), &mut self.socket).read(&mut piece),
        };
        match count {
            Ok(count) => {
                self.incoming.extend_from_slice(&piece[..count]);
                Ok(count > 0)
            }
            // Clients may leave without close_notify; for a server that is an end like any other.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Sends these bytes, and returns when the kernel has all of them.
    pub(in crate::lab) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let bytes = &bytes[..bytes.len().min(self.passes)];
        self.passes -= bytes.len();
        match &mut self.tls {
            None => self.socket.write_all(bytes),
            Some(session) => {
                let mut stream = rustls::Stream::new(session.as_mut(), &mut self.socket);
                stream.write_all(bytes)?;
                stream.flush()
            }
        }
    }

    pub(in crate::lab) fn end(mut self, ending: Ending) {
        match ending {
            Ending::Close | Ending::Reuse => self.close(true),
            Ending::CloseWithoutNotify => self.close(false),
            Ending::Reset => {
                thread::sleep(DELIVERY);
                self.socket.reset();
            }
            Ending::Silence => self.wait_for_departure(LIFETIME),
            Ending::StayOpen(time) => {
                self.wait_for_departure(time);
                self.close(true);
            }
        }
    }

    pub(in crate::lab) fn is_over_ipv6(&self) -> bool {
        self.socket.stream.local_addr().is_ok_and(|address| address.is_ipv6())
    }

    /// From now on only so many bytes leave.
    pub(in crate::lab) fn send_at_most(&mut self, bytes: usize) {
        self.passes = bytes;
    }

    /// Gives the connection another lifetime, for another request.
    pub(in crate::lab) fn renew(&mut self) {
        self.carried += 1;
        self.socket.deadline = Instant::now() + LIFETIME;
    }

    /// The bare socket of a plain link, everything that arrived taken out of it.
    pub(in crate::lab) fn into_stream(mut self) -> io::Result<TcpStream> {
        self.socket.take_shown()?;
        Ok(self.socket.stream)
    }

    // Errors are of no interest from here on: the connection ends either way.
    fn close(&mut self, notify: bool) {
        if let Some(session) = self.tls.as_mut().filter(|_| notify) {
            session.send_close_notify();
            let _ = session.write_tls(&mut self.socket);
        }
        let _ = self.socket.stream.shutdown(Shutdown::Write);
        self.wait_for_departure(DRAIN);
    }

    fn wait_for_departure(&mut self, time: Duration) {
        self.socket.deadline = self.socket.deadline.min(Instant::now() + time);
        let mut ignored = [0; 4096];
        while matches!(self.socket.read(&mut ignored), Ok(count) if count > 0) {}
    }
}

/// A socket that looks at arriving bytes first and takes them out of the kernel only before the next look.
///
/// So after any request something is still unread, and closing then sends RST instead of FIN (RFC 2525 section 2.17; Linux and Windows
/// do, macOS only when more arrives). That is the one way to a reset in stable std, where `set_linger` is missing (rust#88494).
struct LateSocket {
    stream: TcpStream,
    shown: usize,
    deadline: Instant,
}

impl LateSocket {
    fn new(stream: TcpStream) -> LateSocket {
        LateSocket { stream, shown: 0, deadline: Instant::now() + LIFETIME }
    }

    fn take_shown(&mut self) -> io::Result<()> {
        let mut taken = [0; 4096];
        while self.shown > 0 {
            let wanted = self.shown.min(taken.len());
            let count = self.stream.read(&mut taken[..wanted])?;
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.shown -= count;
        }
        Ok(())
    }

    fn reset(self) {
        debug_assert!(self.shown > 0, "nothing is unread, so this close would be a FIN");
        drop(self.stream);
    }

    fn remaining(&self) -> io::Result<Duration> {
        let remaining = self.deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() { Err(io::ErrorKind::TimedOut.into()) } else { Ok(remaining) }
    }
}

impl Read for LateSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.take_shown()?;
        self.stream.set_read_timeout(Some(self.remaining()?))?;
        self.shown = self.stream.peek(buffer)?;
        Ok(self.shown)
    }
}

impl Write for LateSocket {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.remaining()?))?;
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
