//! The pool under a clock of its own: seconds pass when a test says so.

use super::*;
use crate::diagnosis::entry;

fn endpoint(name: &str) -> Endpoint {
    let plan = Plan::supposed(name);
    Endpoint { url: plan.target.url(), plan, model: None, price: None, is_reserve: false }
}

fn item() -> Item {
    Item { line: 1, custom_id: "a".into(), body: Vec::new(), model: None, max_tokens: None, tokens: 1 }
}

const fn at(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

struct Trial {
    pool: Pool,
    now: Duration,
    /// Leave that was given and has not come back, with the endpoint it is for.
    tickets: Vec<(usize, Ticket)>,
}

impl Trial {
    fn of(endpoints: impl IntoIterator<Item = Endpoint>, prefer: Prefer) -> Trial {
        Trial { pool: Pool::new(endpoints.into_iter().collect(), prefer), now: Duration::ZERO, tickets: Vec::new() }
    }

    fn choose(&mut self) -> Choice {
        self.choose_bound(None)
    }

    fn choose_bound(&mut self, bound: Option<usize>) -> Choice {
        let choice = self.pool.choose(&item(), bound, self.now);
        if let Choice::Send(index, ticket) = choice {
            self.tickets.push((index, ticket));
        }
        choice
    }

    fn ticket(&mut self, index: usize) -> Ticket {
        if let Some(at) = self.tickets.iter().position(|(known, _)| *known == index) {
            return self.tickets.remove(at).1;
        }
        match self.pool.records[index].pace.ask(1, self.now) {
            Permit::Go(ticket) => ticket,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn send(&mut self) -> usize {
        match self.choose() {
            Choice::Send(index, _) => index,
            other => panic!("{other:?}"),
        }
    }

    /// An answer from there after so many milliseconds.
    fn answer(&mut self, index: usize, took: u64) {
        self.now += at(took);
        let outcome = Outcome::Accepted { tokens: 1, limits: &[] };
        let ticket = self.ticket(index);
        self.pool.answered(index, ticket, &outcome, (Blame::None, entry("healthy").unwrap()), at(took), self.now);
    }

    fn fail(&mut self, index: usize, blame: Blame, code: &'static str) {
        let ticket = self.ticket(index);
        self.pool.answered(index, ticket, &Outcome::Other, (blame, entry(code).unwrap()), at(1), self.now);
    }

    /// Asks one item after the other, each endpoint taking its own time, and counts who was asked.
    fn share(&mut self, items: usize, took: &[u64]) -> Vec<u64> {
        for _ in 0..items {
            let index = self.send();
            self.answer(index, took[index]);
        }
        self.pool.records().map(|(_, asked, ..)| asked).collect()
    }
}

#[test]
fn one_that_recovers_after_its_rest_gets_work_again() {
    let mut trial = Trial::of([endpoint("a"), endpoint("b")], Prefer::Listed);
    for _ in 0..5 {
        assert_eq!(trial.send(), 0);
        trial.fail(0, Blame::Passing, "bad-gateway");
    }
    // Left alone: all goes to the other.
    for _ in 0..20 {
        assert_eq!(trial.send(), 1);
        trial.answer(1, 400);
    }
    trial.now = at(10_000);
    // One trial, and nobody else until its outcome is known.
    assert_eq!((trial.send(), trial.send()), (0, 1));
    trial.fail(0, Blame::Passing, "bad-gateway");
    trial.now = at(29_999);
    assert_eq!(trial.send(), 1);
    trial.now = at(30_000);
    assert_eq!(trial.send(), 0);
    trial.answer(0, 10);
    assert_eq!((trial.send(), trial.send()), (0, 0));
}

#[test]
fn one_alone_is_waited_for() {
    let mut trial = Trial::of([endpoint("a")], Prefer::Fastest);
    for _ in 0..5 {
        trial.send();
        trial.fail(0, Blame::Passing, "bad-gateway");
    }
    assert_eq!((trial.choose(), trial.pool.is_hopeless()), (Choice::NotBefore(at(10_000)), None));
    let rest = Rest { endpoint: "a".into(), code: "bad-gateway", until: at(10_000) };
    assert_eq!((trial.pool.rest(at(9_999)), trial.pool.rest(at(10_000))), (Some(rest), None));
}

#[test]
fn those_in_reserve_are_asked_when_nobody_else_is_to_be() {
    let mut trial = Trial::of([endpoint("a"), Endpoint { is_reserve: true, ..endpoint("b") }], Prefer::Fastest);
    assert_eq!(trial.send(), 0);
    // While nothing was heard, not all go at once.
    trial.now += at(50);
    assert_eq!(trial.send(), 0);
    trial.fail(0, Blame::Lasting, "key-invalid");
    assert_eq!((trial.send(), trial.pool.is_hopeless()), (1, None));
    trial.fail(1, Blame::Lasting, "quota-exhausted");
    assert_eq!(trial.pool.is_hopeless(), Some("key-invalid"));
}

#[test]
fn what_somebody_must_mend_is_hopeless_at_once_and_what_may_pass_after_some_trials() {
    for (has_answered, blame, code, trials) in [
        (false, Blame::Lasting, "key-invalid", 0),
        (true, Blame::Lasting, "quota-exhausted", 0),
        (false, Blame::Lasting, "connection-refused", 0),
        (true, Blame::Lasting, "connection-refused", 6),
        (false, Blame::Passing, "bad-gateway", 2),
        (true, Blame::Passing, "bad-gateway", 6),
    ] {
        let mut trial = Trial::of([endpoint("a")], Prefer::Fastest);
        if has_answered {
            trial.send();
            trial.answer(0, 10);
        }
        while !trial.pool.circuits().is_open("a") {
            trial.send();
            trial.fail(0, blame, code);
        }
        let mut failed = 0;
        while trial.pool.is_hopeless().is_none() {
            let Choice::NotBefore(at) = trial.choose() else { panic!("{code}") };
            trial.now = at;
            trial.send();
            trial.fail(0, blame, code);
            failed += 1;
        }
        assert_eq!((failed, trial.pool.is_hopeless()), (trials, Some(code)), "{has_answered}");
    }
}

#[test]
fn the_faster_one_gets_more_and_one_that_was_never_asked_is_tried() {
    let mut trial = Trial::of([endpoint("slow"), endpoint("fast")], Prefer::Fastest);
    let asked = trial.share(100, &[50, 5]);
    assert!(asked[0] >= 1 && asked[1] > 90, "{asked:?}");
}

#[test]
fn work_is_shared_by_how_fast_each_answers() {
    let mut trial = Trial::of([endpoint("slow"), endpoint("fast")], Prefer::Fastest);
    trial.share(10, &[300, 100]);
    let under_way: Vec<usize> = (0..8).map(|_| trial.send()).collect();
    assert_eq!(under_way.iter().filter(|index| **index == 1).count(), 6);
}

#[test]
fn one_that_was_slow_is_tried_again_after_a_while() {
    let mut trial = Trial::of([endpoint("a"), endpoint("b")], Prefer::Fastest);
    trial.share(20, &[2000, 100]);
    let before = trial.pool.records[0].asked;
    trial.share(2500, &[50, 100]);
    let after = trial.pool.records[0].asked;
    assert!(after - before > 400, "{before} {after}");
}

#[test]
fn how_well_it_answers_counts_as_well_as_how_fast() {
    let mut trial = Trial::of([endpoint("fails"), endpoint("works")], Prefer::Fastest);
    trial.share(4, &[100, 100]);
    for _ in 0..4 {
        trial.fail(0, Blame::None, "empty-answer");
    }
    let chosen: Vec<usize> = (0..4).map(|_| trial.send()).collect();
    assert!(chosen.iter().filter(|index| **index == 1).count() > 2, "{chosen:?}");
}

#[test]
fn the_cheapest_is_asked_and_one_without_a_price_comes_last() {
    let priced = |name: &str, price| Endpoint { price, ..endpoint(name) };
    let price = |input, output| Some(Price { input, output });
    let mut trial = Trial::of([priced("a", None), priced("b", price(1.0, 3.0)), priced("c", price(0.5, 3.5))], Prefer::Cheapest);
    assert_eq!(trial.share(10, &[10, 10, 10]), [0, 0, 10]);
    trial.fail(2, Blame::Lasting, "quota-exhausted");
    assert_eq!(trial.share(10, &[10, 10, 10]), [0, 10, 10]);
}

#[test]
fn an_item_goes_where_a_remedy_leads_unless_that_one_is_left_alone() {
    let mut trial = Trial::of([endpoint("a"), endpoint("b")], Prefer::Listed);
    assert!(matches!(trial.choose_bound(Some(1)), Choice::Send(1, _)));
    trial.fail(1, Blame::Lasting, "key-invalid");
    assert!(matches!(trial.choose_bound(Some(1)), Choice::Send(0, _)));
}
