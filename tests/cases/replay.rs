//! Plays a recording back over a real socket: the same bytes in the same pieces, and the same end.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use llmcheck::exchange::recording::{Asked, Event, How, Kind};

/// The longest pause between two pieces where no verdict depends on it.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// Time for what was sent to be read, because a reset may overtake and discard it.
const DELIVERY: Duration = Duration::from_millis(60);

/// However the client behaves, its connection is over after this.
const LIFETIME: Duration = Duration::from_secs(20);

/// The server's side of one exchange.
pub struct Play {
    pub asked: Asked,
    /// Each with the pause before it.
    pieces: Vec<(Duration, Vec<u8>)>,
    end: (Duration, How),
}

impl Play {
    /// What the server did in this recording; nothing where no request reached it, or where a tunnel makes two exchanges of one.
    pub fn of(asked: &Asked, events: &[Event<'_>], keeps_times: bool) -> Option<Play> {
        let mut pieces = Vec::new();
        let mut end = None;
        let mut last = events.iter().find(|event| matches!(event.kind, Kind::Sent(_)))?.at;
        for event in events.iter().filter(|event| event.connection == events[0].connection) {
            let pause = Duration::from_micros(event.at.saturating_sub(last));
            let pause = if keeps_times { pause } else { pause.min(LONGEST_PAUSE) };
            match &event.kind {
                Kind::Received(bytes) => pieces.push((pause, bytes.to_vec())),
                Kind::End(ending) => end = Some((pause, ending.how)),
                Kind::Open(_) | Kind::Sent(_) => continue,
            }
            last = event.at;
        }
        let is_one = events.iter().all(|event| event.connection == events[0].connection);
        let end = end.filter(|(_, how)| is_one && !how.is_before_request())?;
        Some(Play { asked: asked.clone(), pieces, end })
    }

    /// Plays to the first who connects to the returned port.
    pub fn start(self) -> io::Result<u16> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        thread::spawn(move || {
            // Whatever goes wrong here, the client's verdict shows it.
            let _ = listener.accept().and_then(|(stream, _)| self.play(stream));
        });
        Ok(port)
    }

    fn play(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(LIFETIME))?;
        read_all_but_one(&mut stream)?;
        for (pause, bytes) in &self.pieces {
            thread::sleep(*pause);
            stream.write_all(bytes)?;
        }
        thread::sleep(self.end.0);
        match self.end.1 {
            // The byte left unread turns this close into a reset (RFC 2525 section 2.17); std has no stable SO_LINGER.
            How::Reset => {
                thread::sleep(DELIVERY);
                return Ok(());
            }
            How::Fin | How::TlsClose => stream.shutdown(Shutdown::Write)?,
            // Silence, until the client's own bound ends it.
            _ => {}
        }
        io::copy(&mut stream, &mut io::sink()).map(drop)
    }
}

/// Reads a request but for its last byte.
fn read_all_but_one(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0].to_ascii_lowercase());
    }
    let head = String::from_utf8_lossy(&head);
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")).and_then(|value| value.trim().parse().ok());
    stream.read_exact(&mut vec![0; length.unwrap_or(1_usize).saturating_sub(1)])
}
