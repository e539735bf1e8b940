//! A server for scrapers: GET /metrics and /healthz, one request a connection, each bounded in bytes and in time. It serves a page that
//! was made elsewhere and knows nothing of checks.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Context as _;

use crate::monitor::metrics::CONTENT_TYPE;

const LONGEST: Duration = Duration::from_secs(5);
const LARGEST_HEAD: usize = 16 * 1024;
/// Scrapers are few; whoever opens more is none.
const MOST_CONNECTIONS: usize = 32;

/// Makes the page of metrics anew for each scrape.
pub type Page = Arc<dyn Fn() -> String + Send + Sync>;

/// Serves until the process ends, and says where.
///
/// # Errors
/// When nothing can listen there.
pub fn serve(address: &str, page: Page) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address).with_context(|| match address.to_socket_addrs() {
        Ok(_) => format!("nothing can listen at {address}; name another address or port"),
        Err(_) => format!("nothing can listen at {address:?}; write it as in 127.0.0.1:9464"),
    })?;
    let bound = listener.local_addr()?;
    let open = Arc::new(AtomicUsize::new(0));
    thread::Builder::new().name("metrics".into()).spawn(move || {
        for stream in listener.incoming() {
            let Ok(stream) = stream else {
                // Out of file descriptors, or the client has left already.
                thread::sleep(Duration::from_millis(50));
                continue;
            };
            if open.fetch_add(1, Ordering::SeqCst) >= MOST_CONNECTIONS {
                open.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            let (page, own) = (Arc::clone(&page), Arc::clone(&open));
            let spawned = thread::Builder::new().spawn(move || {
                // A client that leaves is no fault of ours.
                let _ = answer(stream, &page);
                own.fetch_sub(1, Ordering::SeqCst);
            });
            if spawned.is_err() {
                open.fetch_sub(1, Ordering::SeqCst);
            }
        }
    })?;
    Ok(bound)
}

fn answer(mut stream: TcpStream, page: &Page) -> std::io::Result<()> {
    stream.set_write_timeout(Some(LONGEST))?;
    let head = head(&mut stream)?;
    stream.write_all(&response(&head, &**page))?;
    stream.shutdown(std::net::Shutdown::Write)?;
    // What is still unread would reset the connection under the response.
    let until = Instant::now() + LONGEST;
    let mut rest = [0; 1024];
    while Instant::now() < until && stream.read(&mut rest)? > 0 {}
    Ok(())
}

/// The request's head, or what came of it within the bounds.
fn head(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let until = Instant::now() + LONGEST;
    let (mut head, mut piece) = (Vec::new(), [0; 2048]);
    while head.len() < LARGEST_HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") && !head.windows(2).any(|end| end == b"\n\n") {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut piece) {
            Ok(0) => break,
            Ok(count) => head.extend_from_slice(&piece[..count]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(head)
}

fn response(head: &[u8], page: &dyn Fn() -> String) -> Vec<u8> {
    const PLAIN: &str = "text/plain; charset=utf-8";
    let line = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let (method, path) = match words[..] {
        [method, target, version] if version.starts_with("HTTP/1.") => (method, target.split('?').next().unwrap_or_default()),
        _ => ("", ""),
    };
    let (status, media_type, body) = match (method, path) {
        ("", _) => ("400 Bad Request", PLAIN, "this is no request\n".to_string()),
        ("GET" | "HEAD", "/metrics") => ("200 OK", CONTENT_TYPE, page()),
        ("GET" | "HEAD", "/healthz") => ("200 OK", PLAIN, "ok\n".to_string()),
        ("GET" | "HEAD", _) => ("404 Not Found", PLAIN, "here are /metrics and /healthz\n".to_string()),
        _ => ("405 Method Not Allowed", PLAIN, "GET and HEAD only\n".to_string()),
    };
    let allow = if status.starts_with("405") { "Allow: GET, HEAD\r\n" } else { "" };
    let length = body.len();
    let fields = format!("Content-Type: {media_type}\r\n{allow}Content-Length: {length}\r\nConnection: close\r\n");
    let body = if method == "HEAD" { "" } else { &body };
    format!("HTTP/1.1 {status}\r\n{fields}\r\n{body}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(head: &str) -> String {
        String::from_utf8(response(head.as_bytes(), &|| "up 1\n".into())).unwrap()
    }

    #[test]
    fn a_scraper_gets_its_page_and_everybody_else_a_word() {
        for (head, status, ending) in [
            ("GET /metrics HTTP/1.1\r\n\r\n", "200 OK", "\r\n\r\nup 1\n"),
            ("GET /metrics?x=1 HTTP/1.0\r\n\r\n", "200 OK", "\r\n\r\nup 1\n"),
            ("HEAD /metrics HTTP/1.1\r\n\r\n", "200 OK", "\r\n\r\n"),
            ("GET /healthz HTTP/1.1\n\n", "200 OK", "ok\n"),
            ("GET / HTTP/1.1\r\n\r\n", "404 Not Found", "/healthz\n"),
            ("POST /metrics HTTP/1.1\r\n\r\n", "405 Method Not Allowed", "only\n"),
            ("GET /metrics\r\n\r\n", "400 Bad Request", "no request\n"),
            ("\u{16}\u{3}\u{1}", "400 Bad Request", "no request\n"),
            ("", "400 Bad Request", "no request\n"),
        ] {
            let said = said(head);
            assert!(said.starts_with(&format!("HTTP/1.1 {status}\r\n")) && said.ends_with(ending), "{head:?}: {said}");
        }
    }

    #[test]
    fn the_page_says_its_format_and_its_length() {
        let said = said("HEAD /metrics HTTP/1.1\r\n\r\n");
        assert!(said.contains("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") && said.contains("Content-Length: 5\r\n"));
    }
}
