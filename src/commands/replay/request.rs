//! The request in a recording as it can be sent again: its method, its fields but for credentials, its body byte for byte.

use anyhow::{Context as _, Result, bail};

use crate::exchange::is_sensitive;
use crate::exchange::recording::{Asked, Kind, Line, Lines};
use crate::exchange::source::Source;
use crate::plan::{KeyUse, Method};
use crate::wire::framing::{Body, Framing, Piece, Promise};
use crate::wire::head::{Head, end_of_head};

/// As many asterisks in a row are a secret that was masked.
const MASKED: &str = "********";

/// A field's value of so many, and nothing else, is one too.
const SHORTEST_MASKED: usize = 4;

/// What was sent.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    /// As recorded, without those that belong to a connection or to an account.
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// A credential was sent.
    pub had_key: bool,
    /// The fields that are left out because a secret was masked in them.
    pub left_out: Vec<String>,
}

impl Request {
    /// # Errors
    /// When it cannot be sent again, and why.
    pub fn read(sent: &[u8], asked: &Asked) -> Result<Request> {
        let Some(end) = end_of_head(sent) else { bail!("{}", unsent(sent, asked)) };
        let head = Head::parse(&sent[..end], 0);
        let method = match head.first_line.split(' ').next().unwrap_or("") {
            "POST" => Method::Post,
            "GET" => Method::Get,
            "CONNECT" => bail!("it ends at the proxy: the request itself was not sent, so that its body is not known{}", typed(asked)),
            other => bail!("its request is {other:?}; only POST and GET can be sent again"),
        };
        let body = match method {
            Method::Get => Vec::new(),
            Method::Post => body(&head, &sent[end..], asked.source)?,
        };
        if memchr::memmem::find(&body, MASKED.as_bytes()).is_some() {
            bail!(
                "a secret was masked in the request's body, and what was there is not known: it cannot be sent again; ask anew with `llmcheck chat --body FILE`"
            );
        }
        let had_key =
            head.fields.iter().any(|field| is_sensitive(&field.name)) || asked.key == KeyUse::Sent && asked.source != Source::Recording;
        let of_request = head.fields.into_iter().filter(|field| is_of_request(&field.name));
        let fields = of_request.map(|field| (field.name, field.value));
        let (masked, fields): (Vec<_>, Vec<_>) = fields.partition(|(_, value)| is_masked(value));
        Ok(Request { method, fields, body, had_key, left_out: masked.into_iter().map(|(name, _)| name).collect() })
    }
}

/// A part of the text is a secret that was masked.
pub fn is_masked(text: &str) -> bool {
    text.contains(MASKED) || text.len() >= SHORTEST_MASKED && text.bytes().all(|byte| byte == b'*')
}

/// The field is neither of the connection nor of the account.
fn is_of_request(name: &str) -> bool {
    const OTHERS: [&str; 12] = [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "openai-organization",
        "openai-project",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    // A HAR of HTTP/2 has the parts of the first line among the fields.
    !name.starts_with(':') && !is_sensitive(name) && !OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other))
}

fn body(head: &Head, bytes: &[u8], source: Source) -> Result<Vec<u8>> {
    let promise = Promise::of(head);
    // What is shown of a request by others is its body, however it was framed.
    if source != Source::Recording && (promise.framing != Framing::ContentLength || bytes.is_empty()) {
        if bytes.is_empty() {
            bail!("it does not show the request's body, so that it cannot be sent again; --record, a HAR and curl --trace show it");
        }
        return Ok(bytes.to_vec());
    }
    let declared = promise.declared();
    let (mut body, mut payload) = (Body::new(promise, 0), Vec::new());
    body.cut(bytes, 0, |piece, _, bytes| {
        if piece == Piece::Payload {
            payload.extend_from_slice(bytes);
        }
    });
    if !body.is_complete() && body.promise.framing != Framing::Close {
        let all = declared.map_or_else(String::new, |declared| format!(" of {declared}"));
        bail!("the request in it is cut: {}{all} bytes of its body are there; it cannot be sent again", payload.len());
    }
    payload.truncate(declared.and_then(|declared| usize::try_from(declared).ok()).unwrap_or(payload.len()));
    Ok(payload)
}

/// Why there is no request.
fn unsent(sent: &[u8], asked: &Asked) -> String {
    match (sent.is_empty(), asked.source) {
        (false, _) => "the request in it is cut within its head; it cannot be sent again".into(),
        (true, Source::Recording) if asked.key == KeyUse::Missing => {
            format!("nothing was sent then, for want of a key, so that there is no request in it{}", typed(asked))
        }
        (true, Source::Recording) => {
            format!("no connection came about then: the request was not sent, so that its body is not known{}", typed(asked))
        }
        (true, _) => "it shows no request that could be sent again; a recording made with --record does, a HAR and curl --trace too".into(),
    }
}

fn typed(asked: &Asked) -> String {
    asked.command.as_ref().map_or_else(String::new, |command| format!("; what was typed then: {command}"))
}

/// What was sent on the last connection of the attempt of that number in a recording, byte for byte. An import covers what looks like a
/// secret to it, which a body that is to be sent must not suffer.
///
/// # Errors
/// When the recording cannot be read.
pub fn sent(recording: &[u8], number: usize) -> Result<Vec<u8>> {
    let (mut attempt, mut connection, mut sent) = (0, 0, Vec::new());
    let mut has_answer = false;
    for line in Lines::new(recording) {
        let event = match line.context("it cannot be read again")? {
            Line::Asked(_) if attempt == number => break,
            Line::Asked(_) => {
                attempt += 1;
                (connection, has_answer) = (0, false);
                sent.clear();
                continue;
            }
            Line::Event(event) => event,
        };
        match event.kind {
            Kind::Sent(bytes) if attempt == number => {
                // A tunnel that is through is another connection, or goes on by the same number.
                if event.connection != connection || has_answer && sent.starts_with(b"CONNECT ") {
                    sent.clear();
                    has_answer = false;
                }
                connection = event.connection;
                sent.extend_from_slice(&bytes);
            }
            Kind::Received(_) => has_answer = true,
            _ => {}
        }
    }
    Ok(sent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sent: &str) -> Result<Request> {
        Request::read(sent.as_bytes(), &Asked::default())
    }

    #[test]
    fn what_belongs_to_the_connection_or_the_account_stays_behind() {
        let request = read(
            "POST /v1 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ****\r\nCookie: ****\r\nX-Mine: b\r\nOpenAI-Organization: o\r\nX-Short: ****\r\nConnection: close\r\nContent-Length: 2\r\nUser-Agent: curl\r\n\r\n{}",
        )
        .unwrap();
        let fields: Vec<&str> = request.fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!((fields, &request.body[..], request.had_key), (vec!["X-Mine", "User-Agent"], &b"{}"[..], true));
    }

    #[test]
    fn a_request_that_cannot_be_sent_again_says_why() {
        for (sent, words) in [
            ("", "no connection came about"),
            ("POST / HT", "cut within its head"),
            ("CONNECT a:443 HTTP/1.1\r\n\r\n", "ends at the proxy"),
            ("DELETE / HTTP/1.1\r\n\r\n", "only POST and GET"),
            ("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n{}", "2 of 5 bytes"),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n", "2 bytes of its body"),
            ("POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n**********", "masked"),
        ] {
            let error = format!("{:#}", read(sent).unwrap_err());
            assert!(error.contains(words), "{sent:?}: {error}");
        }
        let chunked = read("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n").unwrap();
        assert_eq!(chunked.body, b"{}");
        assert_eq!(read("GET /v1/models HTTP/1.1\r\n\r\n").unwrap().method, Method::Get);
    }

    #[test]
    fn the_bytes_are_those_of_the_attempt_and_of_its_last_connection() {
        let recording = concat!(
            "{\"llmcheck\":\"recording/1\",\"asked\":{}}\n[0,0,\">\",\"first\"]\n",
            "{\"llmcheck\":\"recording/1\",\"asked\":{}}\n[0,0,\">\",\"CONNECT a \"]\n[0,0,\"<\",\"HTTP/1.1 200\"]\n",
            "[0,1,\">\",\"token=sk-\"]\n[0,1,\">\",\"0123456789abcdef\"]\n",
        );
        assert_eq!(sent(recording.as_bytes(), 1).unwrap(), b"first");
        assert_eq!(sent(recording.as_bytes(), 2).unwrap(), b"token=sk-0123456789abcdef");
    }
}
