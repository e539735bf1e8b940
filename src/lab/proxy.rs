//! The proxies that stand in front of the lab: one that works, and those that do not.
//! The working one opens tunnels to the lab's own ports only, so that nobody can reach anything else through it.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::thread;

use super::ProxyPort;
use super::conversation;
use super::link::{Ending, Link};
use super::reply::Reply;
use super::request::Request;
use super::server::Shared;

const CREDENTIALS_WANTED: &str = concat!(
    "<html><head><title>407 Proxy Authentication Required</title></head><body><h1>Access to requested resource disallowed by ",
    "administrator or you need valid username/password to use this resource</h1></body></html>"
);

/// Bytes of a response that the cutting proxy passes on: its head, and some of the shortest body.
const PASSED_ON: usize = 420;

const DENIED: &str = concat!(
    "<html><head><title>ERROR: The requested URL could not be retrieved</title></head><body><h1>ERROR</h1>",
    "<h2>The requested URL could not be retrieved</h2><p>Access Denied.</p></body></html>"
);

/// Serves one connection to a proxy port.
pub(in crate::lab) fn attend(kind: ProxyPort, mut link: Link, shared: &Shared) -> io::Result<()> {
    let Some(request) = Request::read(&mut link)? else {
        return Ok(());
    };
    let ending = match kind {
        ProxyPort::Works if request.method == "CONNECT" => return tunnel(link, &request.path, shared),
        ProxyPort::Works => conversation::respond(&mut link, &request, shared)?,
        ProxyPort::Cuts => {
            link.send_at_most(PASSED_ON);
            conversation::respond(&mut link, &request, shared)?;
            Ending::Close
        }
        ProxyPort::RefusesTunnel => {
            let reply = Reply::new("403 Forbidden").fields(&[("Server", "squid/5.7"), ("X-Squid-Error", "ERR_ACCESS_DENIED 0")]);
            link.send(&reply.field("Content-Type", "text/html").whole(DENIED))?;
            Ending::Close
        }
        ProxyPort::WantsCredentials => {
            let reply = Reply::new("407 Proxy Authentication Required").field("Proxy-Authenticate", r#"Basic realm="llmcheck lab proxy""#);
            link.send(&reply.field("Content-Type", "text/html").whole(CREDENTIALS_WANTED))?;
            Ending::Close
        }
        ProxyPort::Unreachable => Ending::Reset,
    };
    link.end(ending);
    Ok(())
}

fn tunnel(mut link: Link, authority: &str, shared: &Shared) -> io::Result<()> {
    let Some(target) = authority.parse::<SocketAddr>().ok().filter(|address| shared.is_own(address)) else {
        link.send(&Reply::new("403 Forbidden").whole("this proxy leads to the lab only\n"))?;
        link.end(Ending::Close);
        return Ok(());
    };
    let server = TcpStream::connect(target)?;
    server.set_nodelay(true)?;
    link.send(b"HTTP/1.1 200 Connection established\r\n\r\n")?;
    let client = link.into_stream()?;
    let (upward_from, upward_to) = (client.try_clone()?, server.try_clone()?);
    let upward = thread::Builder::new().spawn(move || pump(upward_from, upward_to))?;
    pump(server, client);
    // A pump cannot panic, and a lost one would only be a closed connection.
    let _ = upward.join();
    Ok(())
}

/// Copies until the end of one direction, and passes that end on.
fn pump(mut from: TcpStream, mut to: TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}
