//! A loopback server for many clients at once, which counts what it was asked and what it has answered to the last byte.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::server::{Request, completion, read_request};

/// A request, and how many came before it.
#[derive(Clone, Debug)]
pub struct Asked {
    pub prompt: String,
    /// Earlier ones with this prompt.
    pub earlier: u32,
    /// Earlier ones of all.
    pub number: usize,
    pub request: Request,
}

/// An answer, and what follows it unasked after a pause.
type Reply = (Vec<u8>, Duration, Vec<u8>);

#[derive(Default)]
struct Seen {
    asked: BTreeMap<String, u32>,
    answered: BTreeMap<String, u32>,
    requests: Vec<Request>,
}

#[derive(Clone)]
pub struct Relay {
    pub address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

impl Relay {
    /// Answers every request with what `reply` makes of it; the connection stays open unless that says otherwise.
    pub fn replying(reply: impl Fn(&Asked) -> Vec<u8> + Send + Sync + 'static) -> Relay {
        Relay::adding(move |asked| (reply(asked), Duration::ZERO, Vec::new()))
    }

    /// The same, and sends what nobody asked for.
    pub fn adding(reply: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let relay = Relay { address: listener.local_addr().unwrap(), seen: Arc::default() };
        let (own, reply) = (relay.clone(), Arc::new(reply));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (own, reply) = (own.clone(), reply.clone());
                thread::spawn(move || own.serve(stream, &*reply));
            }
        });
        relay
    }

    /// Repeats the prompt.
    pub fn echoing() -> Relay {
        Relay::replying(|asked| kept(&asked.prompt))
    }

    fn serve(&self, mut stream: TcpStream, reply: &dyn Fn(&Asked) -> Reply) {
        let _ = stream.set_nodelay(true);
        while let Some(request) = read_request(&mut stream) {
            let asked = self.count(request);
            let (bytes, pause, surplus) = reply(&asked);
            if stream.write_all(&bytes).is_err() {
                return;
            }
            *self.seen.lock().unwrap().answered.entry(asked.prompt).or_default() += 1;
            if String::from_utf8_lossy(&bytes[..bytes.len().min(500)]).contains("Connection: close") {
                let _ = stream.shutdown(std::net::Shutdown::Write);
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
                return;
            }
            thread::sleep(pause);
            if stream.write_all(&surplus).is_err() {
                return;
            }
        }
    }

    fn count(&self, request: Request) -> Asked {
        let prompt = request.json()["messages"][0]["content"].as_str().unwrap_or_default().to_string();
        let mut seen = self.seen.lock().unwrap();
        let number = seen.requests.len();
        seen.requests.push(request.clone());
        let count = seen.asked.entry(prompt.clone()).or_default();
        *count += 1;
        Asked { prompt, earlier: *count - 1, number, request }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn requests(&self) -> Vec<Request> {
        self.seen.lock().unwrap().requests.clone()
    }

    /// How often each prompt was asked.
    pub fn asked(&self) -> BTreeMap<String, u32> {
        self.seen.lock().unwrap().asked.clone()
    }

    /// How often each was answered, whatever with.
    pub fn answered(&self) -> BTreeMap<String, u32> {
        self.seen.lock().unwrap().answered.clone()
    }

    /// How many requests came in all.
    pub fn count_of_requests(&self) -> usize {
        self.seen.lock().unwrap().requests.len()
    }
}

/// A response that leaves the connection open.
pub fn kept_response(status: &str, fields: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{fields}Content-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// A good plain answer with this text, on a connection that stays open.
pub fn kept(text: &str) -> Vec<u8> {
    kept_response("200 OK", "", completion(text).as_bytes())
}
