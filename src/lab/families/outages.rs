//! Endpoints that are well and ill by turns, for who watches over a time: outages of some length and lone failures between them, drawn
//! at random but the same ones whenever the lab starts.

use std::io;

use super::recovery::draw;
use super::upstream::SERVER_HAD_AN_ERROR;
use super::{HEALTHY, answer_well, scenario};
use crate::lab::Scenario;
use crate::lab::exchange::Exchange;
use crate::lab::link::Ending;
use crate::lang::text;

/// Requests that an outage lasts, and the shortest time between two.
const OUTAGE: u32 = 15;
/// Nothing fails among the first ones.
const WELL_AT_FIRST: u32 = 30;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario(
        "outages-500",
        text("works for a while, then answers 500 for a while, and so on", "正常一段时间，再一段时间返回 500，如此交替"),
        HEALTHY,
        |exchange| fail_with(exchange, "outages-500", |exchange| exchange.refuse("500 Internal Server Error", &[], SERVER_HAD_AN_ERROR)),
    ),
    scenario(
        "outages-502",
        text("works for a while, then nginx answers 502 for a while, and so on", "正常一段时间，再一段时间由 nginx 返回 502，如此交替"),
        HEALTHY,
        |exchange| {
            fail_with(exchange, "outages-502", |exchange| {
                exchange.say("502 Bad Gateway", &[("Server", "nginx/1.22.1")], "text/html", super::nginx_page!("502 Bad Gateway"))
            })
        },
    ),
    scenario(
        "outages-reset",
        text("works for a while, then resets connections for a while, and so on", "正常一段时间，再一段时间重置连接，如此交替"),
        HEALTHY,
        |exchange| fail_with(exchange, "outages-reset", |_| Ok(Ending::Reset)),
    ),
];

fn fail_with(exchange: &mut Exchange, name: &str, fail: impl Fn(&mut Exchange) -> io::Result<Ending>) -> io::Result<Ending> {
    if is_ill(name, exchange.earlier) { fail(exchange) } else { answer_well(exchange) }
}

/// One stretch in four is an outage, and one request in fifty fails alone.
fn is_ill(name: &str, visit: u32) -> bool {
    let (stretch, alone) = (draw(name, visit / OUTAGE), draw(&format!("{name} alone"), visit));
    visit >= WELL_AT_FIRST && (stretch.is_multiple_of(4) || alone.is_multiple_of(50))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_well_at_first_and_most_of_the_time_and_ill_for_long() {
        for scenario in SCENARIOS {
            let ill = (0..3000).filter(|visit| is_ill(scenario.name, *visit)).count();
            assert!((500..1100).contains(&ill), "{}: {ill}", scenario.name);
            assert!(!(0..WELL_AT_FIRST).any(|visit| is_ill(scenario.name, visit)));
            let begin = (0..).step_by(OUTAGE as usize).find(|begin| is_ill(scenario.name, *begin) && is_ill(scenario.name, begin + 1));
            assert!((begin.unwrap()..begin.unwrap() + OUTAGE).all(|visit| is_ill(scenario.name, visit)), "{}", scenario.name);
        }
    }
}
