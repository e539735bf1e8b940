//! The scenarios, one file per family. A family's table says what each of them does and what llmcheck should say to it.

use std::io;

use super::exchange::Exchange;
use super::link::Ending;
use super::{Expected, Reach, Scenario, ShortBounds};
use crate::lang::Text;

/// The page that nginx writes for this status and reason.
macro_rules! nginx_page {
    ($status:literal) => {
        concat!(
            "<html>\r\n<head><title>",
            $status,
            "</title></head>\r\n<body>\r\n<center><h1>",
            $status,
            "</h1></center>\r\n<hr><center>nginx/1.22.1</center>\r\n</body>\r\n</html>\r\n"
        )
    };
}
use nginx_page;

mod budget;
mod continuation;
mod gateway;
mod healthy;
mod hidden;
mod length;
mod limits;
mod lookalikes;
mod native;
mod outages;
mod reach;
mod recovery;
mod refusal;
mod rewrite;
mod stranger;
mod stream;
mod timing;
mod truncation;
mod upstream;

/// Good answers first, then the faults in the order of their exit codes.
pub(in crate::lab) const ALL: &[&[Scenario]] = &[
    healthy::SCENARIOS,
    lookalikes::SCENARIOS,
    recovery::SCENARIOS,
    hidden::SCENARIOS,
    outages::SCENARIOS,
    continuation::SCENARIOS,
    budget::SCENARIOS,
    length::SCENARIOS,
    truncation::SCENARIOS,
    rewrite::SCENARIOS,
    limits::SCENARIOS,
    refusal::SCENARIOS,
    upstream::SCENARIOS,
    gateway::SCENARIOS,
    timing::SCENARIOS,
    stream::SCENARIOS,
    reach::SCENARIOS,
    stranger::SCENARIOS,
    native::SCENARIOS,
];

/// What llmcheck should say to a plain answer and to a stream.
struct Verdicts {
    plain: Option<Expected>,
    stream: Option<Expected>,
}

const HEALTHY: Verdicts = both("healthy", "healthy");

const fn both(class: &'static str, code: &'static str) -> Verdicts {
    Verdicts { plain: Some(Expected { class, code }), stream: Some(Expected { class, code }) }
}

const fn plain_only(class: &'static str, code: &'static str) -> Verdicts {
    Verdicts { stream: None, ..both(class, code) }
}

/// Good as a plain answer, at fault as a stream.
const fn healthy_unless_streamed(class: &'static str, code: &'static str) -> Verdicts {
    Verdicts { plain: HEALTHY.plain, ..both(class, code) }
}

/// Good as a stream, at fault as a plain answer.
const fn healthy_if_streamed(class: &'static str, code: &'static str) -> Verdicts {
    Verdicts { stream: HEALTHY.stream, ..both(class, code) }
}

const fn stream_only(class: &'static str, code: &'static str) -> Verdicts {
    Verdicts { plain: None, ..both(class, code) }
}

/// A scenario that http and https show alike, and in which time plays no part.
const fn scenario(name: &'static str, about: Text, verdicts: Verdicts, act: fn(&mut Exchange) -> io::Result<Ending>) -> Scenario {
    let Verdicts { plain, stream } = verdicts;
    Scenario { name, about, plain, stream, reach: Reach::Http, bounds: ShortBounds::NONE, act }
}

impl Scenario {
    const fn reached(self, reach: Reach) -> Scenario {
        Scenario { reach, ..self }
    }

    const fn within(self, bounds: ShortBounds) -> Scenario {
        Scenario { bounds, ..self }
    }
}

/// What a server does that has no fault: the act of scenarios whose fault lies before it.
fn answer_well(exchange: &mut Exchange) -> io::Result<Ending> {
    exchange.give(&exchange.answer())
}
