//! Small loopback servers for what the lab does not do: every byte of their answers is the test's.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A request as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub head: String,
    pub body: Vec<u8>,
}

impl Request {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn line(&self) -> &str {
        self.head.lines().next().unwrap_or("")
    }

    /// The value of a field, by its name in lower case.
    pub fn field(&self, name: &str) -> Option<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).next()
    }
}

/// A server whose connections are served one after the other, as long as the test process lives.
pub struct Server {
    pub address: SocketAddr,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Gives each connection to `act`, with its number from 0.
    pub fn serving(act: impl Fn(usize, &mut TcpStream) -> Option<Request> + Send + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server { address: listener.local_addr().unwrap(), requests: Arc::default() };
        let requests = server.requests.clone();
        thread::spawn(move || {
            for (number, stream) in listener.incoming().flatten().enumerate() {
                let mut stream = stream;
                let request = act(number, &mut stream);
                requests.lock().unwrap().extend(request);
                // What the client sees is an orderly end, whatever it has not read or sent yet.
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        });
        server
    }

    /// Answers every request with what `reply` makes of it, and closes.
    pub fn replying(reply: impl Fn(usize, &Request) -> Vec<u8> + Send + 'static) -> Server {
        Server::serving(move |number, stream| {
            let request = read_request(stream)?;
            let _ = stream.write_all(&reply(number, &request));
            Some(request)
        })
    }

    /// Answers every request with the same bytes.
    pub fn always(bytes: impl Into<Vec<u8>>) -> Server {
        let bytes = bytes.into();
        Server::replying(move |_, _| bytes.clone())
    }

    /// Answers the first request with the first of these, and so on; the last one stays.
    pub fn in_turn(replies: Vec<Vec<u8>>) -> Server {
        Server::replying(move |number, _| replies[number.min(replies.len() - 1)].clone())
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// The only request that came.
    #[track_caller]
    pub fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1);
        requests.into_iter().next().unwrap()
    }
}

/// A request with its body; none if the client left before it was whole.
pub fn read_request(stream: &mut TcpStream) -> Option<Request> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            let request = Request { head, body: bytes[end + 4..].to_vec() };
            let length = request.field("content-length").map_or(0, |length| length.parse().unwrap());
            if request.body.len() >= length {
                return Some(request);
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return None,
        }
    }
}

/// A complete answer of the chat API with this text.
pub fn completion(text: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    })
    .to_string()
}

/// An error of the API with this message.
pub fn api_error(message: &str) -> String {
    json!({"error": {"message": message, "type": "invalid_request_error", "param": null, "code": null}}).to_string()
}

/// A response with this status, fields (each ending with CRLF) and body, its length declared truly.
pub fn response(status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    declaring(body.as_ref().len(), status, fields, body)
}

/// The same with a length of its own.
pub fn declaring(length: usize, status: &str, fields: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {length}\r\nConnection: close\r\n\r\n");
    [head.as_bytes(), body.as_ref()].concat()
}

/// A good plain answer with this text.
pub fn good(text: &str) -> Vec<u8> {
    response("200 OK", "", completion(text))
}

/// An answer of the API that says that the server failed.
pub fn failing() -> Vec<u8> {
    response("500 Internal Server Error", "", api_error("The server had an error"))
}

/// A plain answer with this text that breaks off behind it.
pub fn cut(text: &str) -> Vec<u8> {
    let body = completion(&format!("{text}~~~"));
    declaring(body.len(), "200 OK", "", &body[..body.find("~~~").unwrap()])
}

/// An answer that came to its token limit.
pub fn limited(text: &str) -> Vec<u8> {
    response("200 OK", "", completion(text).replace(r#""finish_reason":"stop""#, r#""finish_reason":"length""#))
}

/// The head of a stream that ends when the connection does.
pub const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";

/// One event of a stream with a piece of text.
pub fn delta(text: &str) -> String {
    let choices = json!([{"index": 0, "delta": {"content": text}, "finish_reason": null}]);
    format!(
        "data: {}\n\n",
        json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini", "choices": choices})
    )
}

/// A stream of these pieces that is not finished.
pub fn cut_stream(pieces: &[&str]) -> Vec<u8> {
    let events: String = pieces.iter().map(|piece| delta(piece)).collect();
    format!("{STREAM_HEAD}{events}").into_bytes()
}

/// How a stream ends.
pub const STREAM_END: &str = concat!(
    r#"data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini","#,
    r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
    "\n\ndata: [DONE]\n\n"
);

/// A complete stream of these pieces.
pub fn whole_stream(pieces: &[&str]) -> Vec<u8> {
    [&cut_stream(pieces)[..], STREAM_END.as_bytes()].concat()
}
