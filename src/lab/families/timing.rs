//! Servers that take their time. Each scenario brings the bounds under which a client sees that soon.

use std::io;
use std::time::Duration;

use super::{Verdicts, answer_well, both, scenario};
use crate::lab::answer::{Answer, Part};
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lab::reply::chunk;
use crate::lab::{Reach, Scenario, ShortBounds, TlsPort};
use crate::lang::text;

const SOON: Option<Duration> = Some(Duration::from_millis(500));

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "no-connection-in-time",
        text("accepts the connection and never answers the TLS hello", "接受连接，但从不回应 TLS 握手"),
        timeout("no-connection-in-time"),
        answer_well,
    )
    .reached(Reach::TlsOnly(TlsPort::SilentAtHello))
    .within(ShortBounds { connect: SOON, ..ShortBounds::NONE }),
    scenario(
        "no-first-byte-in-time",
        text("reads the request and says nothing", "读完请求后一言不发"),
        timeout("no-first-byte-in-time"),
        |_| Ok(Ending::Silence),
    )
    .within(ShortBounds { first_byte: SOON, ..ShortBounds::NONE }),
    scenario(
        "stalled-in-body",
        text("falls silent in the middle of the answer", "回答到一半便沉默"),
        timeout("stalled-in-body"),
        |exchange| {
            if exchange.asked.stream {
                let events = exchange.answer().events(false);
                exchange.begin_chunks(events.iter().take(events.len() / 2).map(|event| &event.text))?;
            } else {
                let body = Answer::in_english(&exchange.asked).json();
                let bytes = exchange.ok().declaring(body.len(), &body.as_bytes()[..body.len() / 2]);
                exchange.send(bytes)?;
            }
            Ok(Ending::Silence)
        },
    )
    .within(ShortBounds { idle: SOON, ..ShortBounds::NONE }),
    scenario(
        "end-not-signalled",
        text("declares no length, sends the whole answer and keeps the connection", "不声明长度，发完整个回答后仍保持连接"),
        timeout("end-not-signalled"),
        |exchange| {
            let bytes = exchange.ok().followed_by(exchange.body());
            exchange.send(bytes)?;
            Ok(Ending::Silence)
        },
    )
    .within(ShortBounds { idle: SOON, ..ShortBounds::NONE }),
    scenario(
        "stalled-after-head",
        text("falls silent after the response head", "发完响应头便沉默"),
        timeout("stalled-in-body"),
        |exchange| {
            let reply = exchange.ok();
            let head = if exchange.asked.stream { reply.chunked_head() } else { reply.field("Content-Length", 702).head() };
            exchange.send(head)?;
            Ok(Ending::Silence)
        },
    )
    .within(ShortBounds { idle: SOON, ..ShortBounds::NONE }),
    scenario(
        "deadline-passed",
        text("goes on for 25 s, a few bytes every 50 ms", "每 50 毫秒发几个字节，持续 25 秒"),
        timeout("deadline-passed"),
        trickle_on,
    )
    .within(ShortBounds { total: Some(Duration::from_millis(1500)), ..ShortBounds::NONE }),
];

const fn timeout(code: &'static str) -> Verdicts {
    both("timeout", code)
}

fn trickle_on(exchange: &mut Exchange) -> io::Result<Ending> {
    const PIECES: usize = 500;
    let mut answer = exchange.answer();
    if exchange.asked.stream {
        let events = answer.events(false);
        let words = events.iter().filter(|event| event.part == Part::Content);
        exchange.begin_chunks(events.iter().take(1).map(|event| &event.text))?;
        for event in words.cycle().take(PIECES) {
            exchange.pause(50);
            exchange.send(chunk(&event.text))?;
        }
    } else {
        answer.content = Some("It takes its time. ".repeat(PIECES));
        let body = answer.json();
        let head = exchange.ok().field("Content-Length", body.len()).head();
        exchange.send(head)?;
        for piece in body.as_bytes().chunks(body.len().div_ceil(PIECES)) {
            exchange.pause(50);
            exchange.send(piece)?;
        }
    }
    Ok(Ending::Close)
}
