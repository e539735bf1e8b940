//! Which target to use. Only one that is better than every other one is recommended, and none that fails too often; else the answer is
//! between which the data cannot tell, and how many rounds would.

use serde::Serialize;

use super::contrast::Pair;
use super::standing::Standing;
use crate::statistics::Side;

#[derive(Clone, Debug, PartialEq, Serialize, schemars::JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Recommendation {
    /// Better than each of the others.
    Target { target: String },
    /// These may all be the best. Those of `over` fail too often, and yet it is not shown that the others are better. `more_rounds` is a
    /// forecast of when the data will tell; none where that is not to be expected.
    Undecided { among: Vec<String>, over: Vec<String>, more_rounds: Option<u64> },
    /// Nothing to compare with: judged by the bound alone.
    Alone { target: String, side: Side },
    /// Each of them fails more often than it may.
    AllOver,
    /// None of them answered once.
    NoAnswer,
    /// Nothing was measured.
    Nothing,
}

pub fn recommend(targets: &[Standing], pairs: &[Pair]) -> Recommendation {
    if targets.iter().all(|standing| standing.requests == 0) {
        return Recommendation::Nothing;
    }
    if let [alone] = targets {
        return Recommendation::Alone { target: alone.target.clone(), side: alone.side };
    }
    let eligible: Vec<&Standing> = targets.iter().filter(|standing| standing.is_eligible()).collect();
    if eligible.is_empty() {
        let has_answers = targets.iter().any(|standing| standing.answered() > 0);
        let are_over = targets.iter().all(|standing| standing.side == Side::Over);
        return if has_answers || are_over { Recommendation::AllOver } else { Recommendation::NoAnswer };
    }
    let beats = |one: &Standing, other: &Standing| {
        let is_both = |pair: &&Pair| [&pair.first, &pair.second].iter().all(|name| **name == one.target || **name == other.target);
        let better = pairs.iter().find(is_both).and_then(|pair| pair.better.as_ref());
        better.is_some_and(|better| better.target == one.target)
    };
    let others = |one: &Standing| targets.iter().filter(|other| other.target != one.target).collect::<Vec<_>>();
    if let Some(best) = eligible.iter().find(|one| others(one).iter().all(|other| beats(one, other))) {
        return Recommendation::Target { target: best.target.clone() };
    }
    let is_beaten = |one: &Standing| others(one).iter().any(|other| beats(other, one));
    let mut among: Vec<&Standing> = eligible.iter().copied().filter(|one| !is_beaten(one)).collect();
    // Better by one thing than who is better by another: that proves nothing of the third.
    if let [leader] = among[..] {
        among.extend(eligible.iter().copied().filter(|other| other.target != leader.target && !beats(leader, other)));
    }
    if among.is_empty() {
        among = eligible;
    }
    let is_open = |over: &&Standing| over.side == Side::Over && among.iter().any(|one| !beats(one, over));
    let over: Vec<&Standing> = targets.iter().filter(is_open).collect();
    undecided(&among, &over, pairs)
}

fn undecided(among: &[&Standing], over: &[&Standing], pairs: &[Pair]) -> Recommendation {
    let is_of = |standings: &[&Standing], name: &str| standings.iter().any(|standing| standing.target == name);
    let is_open = |pair: &&Pair| {
        let (first, second) = (is_of(among, &pair.first), is_of(among, &pair.second));
        let is_meant = if first { second || is_of(over, &pair.second) } else { second && is_of(over, &pair.first) };
        is_meant && pair.better.is_none()
    };
    let open: Vec<&Pair> = pairs.iter().filter(is_open).collect();
    // All of them have to be told apart: where one pair never will, there is nothing to wait for.
    let longest = open.iter().map(|pair| pair.more_rounds).collect::<Option<Vec<u64>>>().and_then(|rounds| rounds.into_iter().max());
    let names = |standings: &[&Standing]| standings.iter().map(|standing| standing.target.clone()).collect();
    Recommendation::Undecided { among: names(among), over: names(over), more_rounds: longest }
}
