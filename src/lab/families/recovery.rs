//! Faults that go away: a client that tries again in the right way gets its answer. Each begins anew once it has worked.

use super::limits::OVER_THE_LIMIT;
use super::upstream::SERVER_HAD_AN_ERROR;
use super::{HEALTHY, answer_well, scenario};
use crate::lab::Scenario;
use crate::lab::link::Ending;
use crate::lang::text;

pub(super) const SCENARIOS: &[Scenario] = &[
    scenario("flaky-500-twice", text("fails twice with 500, then works", "前两次返回 500，之后正常"), HEALTHY, |exchange| {
        if exchange.earlier % 3 == 2 {
            return answer_well(exchange);
        }
        exchange.refuse("500 Internal Server Error", &[], SERVER_HAD_AN_ERROR)
    }),
    scenario(
        "flaky-429-retry-after",
        text("asks once for 1 s of patience, then works", "先要求等待 1 秒，之后正常"),
        HEALTHY,
        |exchange| {
            if exchange.earlier % 2 == 1 {
                return answer_well(exchange);
            }
            exchange.refuse("429 Too Many Requests", &[("Retry-After", "1")], OVER_THE_LIMIT)
        },
    ),
    scenario(
        "flaky-reset-once",
        text("resets the connection once, then works", "先重置一次连接，之后正常"),
        HEALTHY,
        |exchange| {
            if exchange.earlier % 2 == 1 { answer_well(exchange) } else { Ok(Ending::Reset) }
        },
    ),
];
