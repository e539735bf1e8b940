//! The lab as a running server: its ports, its threads, and where to aim a client for each scenario.
//! Starting it binds two loopback ports and nothing more; certificates and further ports come when a scenario needs them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use rustls::ServerConfig;

use super::certificates::{Certificates, Leaf};
use super::conversation::converse;
use super::link::{Ending, LIFETIME, Link};
use super::memory::Memory;
use super::{ProxyPort, Reach, Scenario, ShortBounds, TlsPort, proxy};

const MOST_CONNECTIONS: usize = 256;

/// A running lab on loopback. Dropping it closes its ports; connections that are still open end by themselves.
pub struct Lab {
    shared: Arc<Shared>,
    http: SocketAddr,
    https: SocketAddr,
    /// Ports that only some scenarios need, opened when one of them is aimed at.
    further: Mutex<HashMap<Role, SocketAddr>>,
}

/// Where to aim a client for one scenario.
#[derive(Clone, Debug)]
pub struct Target {
    /// Such as `http://127.0.0.1:40123/json-cut/v1`.
    pub base_url: String,
    pub proxy: Option<String>,
    /// Of the name in the URL, where it is known to nobody else.
    pub addresses: Vec<IpAddr>,
    /// PEM of the authority that the client must trust; none when the point is that it does not.
    pub authority: Option<String>,
    /// Bounds that make scenarios about time quick.
    pub bounds: ShortBounds,
}

impl Lab {
    /// Opens the HTTP port (any when none is given) and the HTTPS port (the next one when it is free).
    pub fn start(port: Option<u16>) -> io::Result<Lab> {
        let listen = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let http = listen(port.unwrap_or(0))?;
        let https = match port.and_then(|port| port.checked_add(1)) {
            Some(next) => listen(next).or_else(|_| listen(0))?,
            None => listen(0)?,
        };
        let own = [http.local_addr()?, https.local_addr()?];
        let shared = Arc::new(Shared {
            own,
            memories: Mutex::default(),
            certificates: OnceLock::new(),
            configs: Mutex::default(),
            open_connections: Mutex::default(),
            connection_closed: Condvar::new(),
            stopping: AtomicBool::new(false),
        });
        // The lab exists before its threads do, so that a thread that cannot start leaves none behind.
        let lab = Lab { shared, http: own[0], https: own[1], further: Mutex::default() };
        lab.listen(http, Role::Http)?;
        lab.listen(https, Role::Tls(TlsPort::Good))?;
        Ok(lab)
    }

    pub fn http_url(&self) -> String {
        format!("http://{}", self.http)
    }

    pub fn https_url(&self) -> String {
        format!("https://{}", self.https)
    }

    /// The authority behind the good certificate.
    pub fn authority_pem(&self) -> &str {
        &self.shared.certificates().authority_pem
    }

    /// Where to aim a client for this scenario; `tls` counts where the scenario leaves the choice.
    pub fn target(&self, scenario: &Scenario, tls: bool) -> io::Result<Target> {
        let scheme = if tls { "https" } else { "http" };
        let own_url = || if tls { self.https_url() } else { self.http_url() };
        let mut proxy = None;
        let mut addresses = Vec::new();
        let origin = match scenario.reach {
            Reach::Http => own_url(),
            Reach::TlsOnly(kind) => format!("https://{}", self.further_port(Role::Tls(kind))?),
            Reach::PlainPortOverTls => format!("https://{}", self.http),
            Reach::TlsPortOverPlain => format!("http://{}", self.https),
            Reach::Refused => format!("{scheme}://{}", closed_port()?),
            // RFC 6761 section 6.4: this name never resolves.
            Reach::UnknownName => format!("{scheme}://api.llmcheck-lab.invalid"),
            Reach::CuttingProxy => {
                proxy = Some(format!("http://{}", self.further_port(Role::Proxy(ProxyPort::Cuts))?));
                self.http_url()
            }
            Reach::BothFamilies => {
                addresses.push(Ipv4Addr::LOCALHOST.into());
                // Where the machine has no IPv6 the better half of it is left.
                addresses.extend(self.listen_on_ipv6().is_ok().then_some(IpAddr::from(Ipv6Addr::LOCALHOST)));
                format!("http://two-families.llmcheck-lab.invalid:{}", self.http.port())
            }
            Reach::Proxy(kind) => {
                let address = if kind == ProxyPort::Unreachable { closed_port()? } else { self.further_port(Role::Proxy(kind))? };
                proxy = Some(format!("http://{address}"));
                // Only for https is a tunnel asked for.
                if kind == ProxyPort::RefusesTunnel { self.https_url() } else { own_url() }
            }
        };
        let trusted = origin.starts_with("https:") && scenario.reach.is_from_trusted_authority();
        Ok(Target {
            base_url: format!("{origin}/{}/v1", scenario.name),
            proxy,
            addresses,
            authority: trusted.then(|| self.authority_pem().to_owned()),
            bounds: scenario.bounds,
        })
    }

    fn further_port(&self, role: Role) -> io::Result<SocketAddr> {
        if role == Role::Tls(TlsPort::Good) {
            return Ok(self.https);
        }
        let mut further = lock(&self.further);
        if let Some(&address) = further.get(&role) {
            return Ok(address);
        }
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = listener.local_addr()?;
        self.listen(listener, role)?;
        further.insert(role, address);
        Ok(address)
    }

    /// The http port, at IPv6's loopback address too.
    fn listen_on_ipv6(&self) -> io::Result<()> {
        if let Entry::Vacant(place) = lock(&self.further).entry(Role::HttpOverIpv6) {
            let listener = TcpListener::bind((Ipv6Addr::LOCALHOST, self.http.port()))?;
            let address = listener.local_addr()?;
            self.listen(listener, Role::HttpOverIpv6)?;
            place.insert(address);
        }
        Ok(())
    }

    fn listen(&self, listener: TcpListener, role: Role) -> io::Result<()> {
        let shared = Arc::clone(&self.shared);
        thread::Builder::new().name("lab port".into()).spawn(move || accept(&listener, role, &shared))?;
        Ok(())
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        let further = lock(&self.further);
        for address in [self.http, self.https].iter().chain(further.values()) {
            // Wakes the thread that waits in accept. Where this fails, the port is closed already.
            let _ = TcpStream::connect_timeout(address, Duration::from_millis(100));
        }
    }
}

/// What a port of the lab speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Role {
    Http,
    HttpOverIpv6,
    Proxy(ProxyPort),
    Tls(TlsPort),
}

/// What all connections of one lab know.
pub(in crate::lab) struct Shared {
    own: [SocketAddr; 2],
    memories: Mutex<HashMap<&'static str, Memory>>,
    certificates: OnceLock<Certificates>,
    configs: Mutex<HashMap<TlsPort, Arc<ServerConfig>>>,
    open_connections: Mutex<usize>,
    connection_closed: Condvar,
    stopping: AtomicBool,
}

impl Shared {
    /// Looks at what is remembered of this scenario, and changes it, while no other connection does.
    pub(in crate::lab) fn remember<T>(&self, scenario: &'static str, change: impl FnOnce(&mut Memory) -> T) -> T {
        change(lock(&self.memories).entry(scenario).or_default())
    }

    /// Whether this is one of the lab's two main ports.
    pub(in crate::lab) fn is_own(&self, address: &SocketAddr) -> bool {
        self.own.contains(address)
    }

    fn certificates(&self) -> &Certificates {
        // Fails only where the system has no randomness, and then no TLS could work at all.
        self.certificates.get_or_init(|| Certificates::generate().expect("the system has randomness for a key"))
    }

    fn tls_config(&self, port: TlsPort, leaf: Leaf) -> io::Result<Arc<ServerConfig>> {
        let mut configs = lock(&self.configs);
        if let Some(config) = configs.get(&port) {
            return Ok(Arc::clone(config));
        }
        let config = self.certificates().server_config(leaf).map_err(io::Error::other)?;
        configs.insert(port, Arc::clone(&config));
        Ok(config)
    }
}

fn accept(listener: &TcpListener, role: Role, shared: &Arc<Shared>) {
    while !shared.stopping.load(Ordering::SeqCst) {
        let Ok((stream, _)) = listener.accept() else {
            // The process is out of file descriptors, or the client has left already.
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let slot = Slot::take(shared);
        // Where no thread can start, the slot and the connection are dropped with the closure.
        let _ = thread::Builder::new().name("lab connection".into()).spawn(move || {
            // An error here is a client that left or cannot agree: it has seen more of it than the lab could tell.
            let _ = serve(stream, role, &slot.0);
        });
    }
}

fn serve(stream: TcpStream, role: Role, shared: &Shared) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match role {
        Role::Http | Role::HttpOverIpv6 => converse(Link::plain(stream), shared),
        Role::Proxy(kind) => {
            // A tunnel copies without the link's deadline, so the socket itself must not wait for ever.
            stream.set_read_timeout(Some(LIFETIME))?;
            proxy::attend(kind, Link::plain(stream), shared)?;
        }
        Role::Tls(port) => match port.leaf() {
            Some(leaf) => converse(Link::tls(stream, shared.tls_config(port, leaf)?)?, shared),
            None => refuse_handshake(port, Link::plain(stream))?,
        },
    }
    Ok(())
}

/// TLS record: alert, fatal, handshake_failure (RFC 8446 section 6).
const HANDSHAKE_FAILURE: &[u8] = &[0x15, 3, 3, 0, 2, 2, 40];

fn refuse_handshake(port: TlsPort, mut link: Link) -> io::Result<()> {
    link.receive()?;
    let ending = match port {
        TlsPort::AlertAtHello => {
            link.send(HANDSHAKE_FAILURE)?;
            Ending::Close
        }
        TlsPort::ResetAtHello => Ending::Reset,
        TlsPort::SilentAtHello => Ending::Silence,
        _ => Ending::Close,
    };
    link.end(ending);
    Ok(())
}

/// An address where nobody listens: a port that was free a moment ago, which the system will not hand out again soon.
fn closed_port() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// The right to one connection, given back when dropped.
struct Slot(Arc<Shared>);

impl Slot {
    /// Waits while the lab has as many connections as it may have.
    fn take(shared: &Arc<Shared>) -> Slot {
        let open = lock(&shared.open_connections);
        let mut open = shared.connection_closed.wait_while(open, |open| *open >= MOST_CONNECTIONS).unwrap_or_else(PoisonError::into_inner);
        *open += 1;
        Slot(Arc::clone(shared))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        *lock(&self.0.open_connections) -= 1;
        self.0.connection_closed.notify_one();
    }
}

/// What these locks guard is whole after every statement, so a thread that panicked with one held has done no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
