//! One request, read tolerantly: a lab that is about bad servers must not be a difficult one itself.
//! What the chat API was asked for is picked out of the body; everything else in it is ignored.

use std::io;

use serde_json::Value;

use super::link::Link;

const LONGEST_HEAD: usize = 64 * 1024;
const LONGEST_BODY: usize = 8 * 1024 * 1024;

pub(in crate::lab) struct Request {
    pub(in crate::lab) method: String,
    /// Without query, and without `http://host` where a proxy was addressed.
    pub(in crate::lab) path: String,
    fields: Vec<(String, String)>,
    pub(in crate::lab) body: Vec<u8>,
}

impl Request {
    /// The next request of a connection, or nothing when the client has left. What is no HTTP is `InvalidData`, what is more than the
    /// lab takes is `FileTooLarge`.
    pub(in crate::lab) fn read(link: &mut Link) -> io::Result<Option<Request>> {
        let Some(head) = read_head(link)? else {
            return Ok(None);
        };
        let mut request = parse_head(&head);
        if request.field("Expect").is_some_and(|value| value.eq_ignore_ascii_case("100-continue")) {
            link.send(b"HTTP/1.1 100 Continue\r\n\r\n")?;
        }
        request.body = match request.field("Transfer-Encoding") {
            Some(coding) if coding.to_ascii_lowercase().contains("chunked") => read_chunked(link)?,
            _ => {
                let declared = request.field("Content-Length").and_then(|value| value.parse().ok()).unwrap_or(0);
                read_exactly(link, declared)?
            }
        };
        Ok(Some(request))
    }

    /// The value of the first field of this name.
    pub(in crate::lab) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub(in crate::lab) fn wants_close(&self) -> bool {
        self.field("Connection").is_some_and(|value| value.to_ascii_lowercase().contains("close"))
    }

    /// Whether the client said that it can decode this content coding.
    pub(in crate::lab) fn accepts(&self, coding: &str) -> bool {
        let accepted = self.field("Accept-Encoding").unwrap_or_default();
        accepted.split(',').any(|entry| {
            let (name, weight) = entry.split_once(';').unwrap_or((entry, ""));
            name.trim().eq_ignore_ascii_case(coding) && weight.replace(' ', "") != "q=0"
        })
    }
}

/// What the chat API was asked for.
#[derive(Clone, Debug)]
pub(in crate::lab) struct Asked {
    pub(in crate::lab) model: String,
    pub(in crate::lab) stream: bool,
    pub(in crate::lab) include_usage: bool,
    pub(in crate::lab) max_tokens: Option<usize>,
    /// For each token, how many likely ones are to be told beside it; none where nothing is to be told of tokens.
    pub(in crate::lab) top_logprobs: Option<usize>,
    /// The text of the last message of the user.
    pub(in crate::lab) prompt: String,
    /// All messages, in order.
    pub(in crate::lab) messages: Vec<Message>,
}

#[derive(Clone, Debug)]
pub(in crate::lab) struct Message {
    pub(in crate::lab) role: String,
    pub(in crate::lab) text: String,
}

impl Asked {
    /// Nothing when the body is no JSON. An empty body asks for the defaults, so that a bare `curl -X POST` shows something.
    pub(in crate::lab) fn from_body(body: &[u8]) -> Option<Asked> {
        let asked: Value = if body.is_empty() { Value::Null } else { serde_json::from_slice(body).ok()? };
        let limit = [&asked["max_completion_tokens"], &asked["max_tokens"]].into_iter().find_map(Value::as_u64);
        let messages: Vec<Message> = asked["messages"].as_array().into_iter().flatten().map(Message::from_json).collect();
        Some(Asked {
            model: asked["model"].as_str().unwrap_or("gpt-4o-mini").into(),
            stream: asked["stream"].as_bool().unwrap_or(false),
            include_usage: asked["stream_options"]["include_usage"].as_bool().unwrap_or(false),
            top_logprobs: asked["logprobs"]
                .as_bool()
                .filter(|wants| *wants)
                .map(|_| asked["top_logprobs"].as_u64().unwrap_or(0).min(20) as usize),
            max_tokens: limit.and_then(|limit| usize::try_from(limit).ok()),
            prompt: messages.iter().rfind(|message| message.role == "user").map_or_else(String::new, |message| message.text.clone()),
            messages,
        })
    }
}

impl Message {
    fn from_json(message: &Value) -> Message {
        let text = match &message["content"] {
            Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
            content => content.as_str().unwrap_or_default().to_owned(),
        };
        Message { role: message["role"].as_str().unwrap_or_default().into(), text }
    }
}

fn read_head(link: &mut Link) -> io::Result<Option<String>> {
    loop {
        if let Some(end) = head_end(&link.incoming) {
            let head = link.incoming.drain(..end).collect::<Vec<_>>();
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
        let is_text = link.incoming.first().is_none_or(|byte| byte.is_ascii_alphabetic() || byte.is_ascii_whitespace());
        if !is_text || link.incoming.len() > LONGEST_HEAD {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if !link.receive()? {
            return Ok(None);
        }
    }
}

fn head_end(bytes: &[u8]) -> Option<usize> {
    let crlf = bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4);
    let lf = bytes.windows(2).position(|window| window == b"\n\n").map(|at| at + 2);
    crlf.into_iter().chain(lf).min()
}

fn parse_head(head: &str) -> Request {
    let mut lines = head.lines();
    let mut start = lines.next().unwrap_or_default().split_whitespace();
    let method = start.next().unwrap_or_default().to_owned();
    let target = start.next().unwrap_or_default();
    let fields = lines.filter_map(|line| line.split_once(':')).map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()));
    Request { path: path_of(&method, target), method, fields: fields.collect(), body: Vec::new() }
}

fn path_of(method: &str, target: &str) -> String {
    if method == "CONNECT" {
        return target.to_owned();
    }
    let origin_form = match target.split_once("://") {
        Some((_, rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        None => target,
    };
    origin_form.split('?').next().unwrap_or_default().to_owned()
}

fn read_exactly(link: &mut Link, count: usize) -> io::Result<Vec<u8>> {
    if count > LONGEST_BODY {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    while link.incoming.len() < count {
        if !link.receive()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(link.incoming.drain(..count).collect())
}

fn read_chunked(link: &mut Link) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(link)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| io::ErrorKind::InvalidData)?;
        if size == 0 {
            // Trailer fields, up to the empty line.
            while !read_line(link)?.is_empty() {}
            return Ok(body);
        }
        body.extend(read_exactly(link, size)?);
        if body.len() > LONGEST_BODY {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        read_line(link)?;
    }
}

fn read_line(link: &mut Link) -> io::Result<String> {
    loop {
        if let Some(end) = link.incoming.iter().position(|&byte| byte == b'\n') {
            let line = link.incoming.drain(..=end).collect::<Vec<_>>();
            return Ok(String::from_utf8_lossy(&line).trim_end().to_owned());
        }
        if link.incoming.len() > LONGEST_HEAD || !link.receive()? {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}
