//! One chat request under one scenario: what the scenario may look at, and how it speaks.
//! The honest ways are here; each dishonest way is in its scenario, where a reader looks for it.

use std::io;
use std::thread;
use std::time::Duration;

use super::answer::{self, Answer};
use super::link::{Ending, Link};
use super::memory::Memory;
use super::reply::{self, Reply};
use super::request::{Asked, Request};
use super::server::Shared;

pub(in crate::lab) struct Exchange<'a> {
    pub(in crate::lab) link: &'a mut Link,
    pub(in crate::lab) request: &'a Request,
    pub(in crate::lab) asked: Asked,
    /// How many times this lab was asked for this scenario before.
    pub(in crate::lab) earlier: u32,
    /// Fields that every good answer and every refusal of this exchange bears.
    pub(in crate::lab) fields: Vec<(&'static str, String)>,
    scenario: &'static str,
    shared: &'a Shared,
}

impl<'a> Exchange<'a> {
    /// A visit to this scenario, counted from now on.
    pub(in crate::lab) fn begin(
        scenario: &'static str,
        link: &'a mut Link,
        request: &'a Request,
        asked: Asked,
        shared: &'a Shared,
    ) -> Exchange<'a> {
        let earlier = shared.remember(scenario, Memory::count_visit);
        Exchange { link, request, asked, earlier, fields: Vec::new(), scenario, shared }
    }

    /// Looks at what the lab remembers of this scenario, and changes it, while no other connection does.
    pub(in crate::lab) fn remember<T>(&self, change: impl FnOnce(&mut Memory) -> T) -> T {
        self.shared.remember(self.scenario, change)
    }

    pub(in crate::lab) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.link.send(bytes.as_ref())
    }

    pub(in crate::lab) fn pause(&self, milliseconds: u64) {
        thread::sleep(Duration::from_millis(milliseconds));
    }

    pub(in crate::lab) fn answer(&self) -> Answer {
        Answer::to(&self.asked)
    }

    /// The head of a good answer, in the form that was asked for; its framing is still open.
    pub(in crate::lab) fn ok(&self) -> Reply {
        self.ok_as(if self.asked.stream { "text/event-stream; charset=utf-8" } else { "application/json" })
    }

    pub(in crate::lab) fn ok_as(&self, media_type: &str) -> Reply {
        self.with_connection(Reply::new("200 OK").field("Content-Type", media_type).field("X-Request-Id", request_id()))
    }

    /// A body with this answer, in the form that was asked for.
    pub(in crate::lab) fn body_of(&self, answer: &Answer) -> String {
        if self.asked.stream { answer::joined(&answer.events(self.asked.include_usage)) } else { answer.json() }
    }

    pub(in crate::lab) fn body(&self) -> String {
        self.body_of(&self.answer())
    }

    /// Answers as a good server does: JSON with its length, or a chunked stream with one event per chunk.
    pub(in crate::lab) fn give(&mut self, answer: &Answer) -> io::Result<Ending> {
        if !self.asked.stream {
            let bytes = self.ok().whole(answer.json());
            self.send(bytes)?;
            return Ok(Ending::Reuse);
        }
        let texts = answer.events(self.asked.include_usage).into_iter().map(|event| event.text);
        self.give_chunks(texts)
    }

    /// A good answer in chunks, each of which leaves at once.
    pub(in crate::lab) fn give_chunks(&mut self, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> io::Result<Ending> {
        self.begin_chunks(pieces)?;
        self.send(reply::LAST_CHUNK)?;
        Ok(Ending::Reuse)
    }

    /// The same without the last chunk.
    pub(in crate::lab) fn begin_chunks(&mut self, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> io::Result<()> {
        let head = self.ok().chunked_head();
        self.send(head)?;
        pieces.into_iter().try_for_each(|piece| self.send(reply::chunk(piece)))
    }

    /// An error in the API's own words: JSON in which `{model}` and `{request_id}` are filled in.
    pub(in crate::lab) fn refuse(&mut self, status: &str, fields: &[(&str, &str)], json: &str) -> io::Result<Ending> {
        let model = answer::quoted(&self.asked.model);
        // Inside a JSON string already: escaped, and without the quotes around it.
        let body = json.replace("{model}", &model[1..model.len() - 1]).replace("{request_id}", &relay_request_id());
        self.say(status, fields, "application/json", &body)
    }

    /// A page in somebody else's words.
    pub(in crate::lab) fn say(&mut self, status: &str, fields: &[(&str, &str)], media_type: &str, body: &str) -> io::Result<Ending> {
        let reply = Reply::new(status).fields(fields).field("Content-Type", media_type);
        let bytes = self.with_connection(reply).whole(body);
        self.send(bytes)?;
        Ok(Ending::Reuse)
    }

    fn with_connection(&self, reply: Reply) -> Reply {
        let reply = self.fields.iter().fold(reply, |reply, (name, value)| reply.field(name, value));
        if self.request.wants_close() { reply.field("Connection", "close") } else { reply }
    }
}

fn request_id() -> String {
    format!("req_{}{}", answer::random_word(), answer::random_word())
}

/// The id that relays of the one-api family append to messages: fourteen digits of time, nine of nanoseconds, eight at random.
fn relay_request_id() -> String {
    format!("20241123053114{:09}{}", 563_674_066, &answer::random_word()[..8])
}
