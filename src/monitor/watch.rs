//! One target under watch: which alerts are open. An alert is a target and a rule; it opens on evidence, closes after a run of checks
//! without fault, and what led to it does not open it again.

use super::threshold::{Rule, Seen};
use super::window::{Mark, Span, Window};
use crate::statistics::{Z95, wilson};

/// One bad check is no rate, whatever the interval of one in three says.
const FEWEST_BROKEN: u64 = 2;

/// When an alert opens and closes.
#[derive(Clone, Copy, Debug)]
pub struct Hysteresis {
    pub span: Span,
    /// A rate is judged of no fewer checks.
    pub min_checks: u64,
    /// So many checks in a row without fault close an alert.
    pub recover_after: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Opened,
    Closed,
}

/// An alert that opened or closed.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub change: Change,
    pub rule: Rule,
    /// The share of failures, or the 95th percentile in milliseconds; of a class the share of its verdicts.
    pub value: f64,
    /// Of the window in which it was judged.
    pub checks: u64,
    pub broken: u64,
    /// When it opened, in milliseconds since 1970.
    pub since: i64,
}

#[derive(Clone, Debug)]
pub struct Watch {
    hysteresis: Hysteresis,
    guards: Vec<Guard>,
    /// Whether checks failed, whatever the rules are.
    failures: Window,
}

/// A rule and what it has seen.
#[derive(Clone, Debug)]
struct Guard {
    rule: Rule,
    window: Window,
    opened: Option<i64>,
    fine_in_a_row: u64,
}

impl Watch {
    pub fn new(rules: &[Rule], hysteresis: Hysteresis) -> Watch {
        let window = || Window::new(hysteresis.span);
        let guard = |rule: &Rule| Guard { rule: *rule, window: window(), opened: None, fine_in_a_row: 0 };
        Watch { hysteresis, guards: rules.iter().map(guard).collect(), failures: window() }
    }

    /// Takes a check in and says what it changed.
    pub fn see(&mut self, seen: &Seen) -> Vec<Event> {
        let hysteresis = self.hysteresis;
        self.count(seen);
        self.guards.iter_mut().filter_map(|guard| guard.take(seen).then(|| guard.judge(seen.at, hysteresis)).flatten()).collect()
    }

    /// Takes in a check of an earlier run, and the alerts that were told of it: those are not judged anew.
    pub fn recall(&mut self, seen: &Seen, opened: &[String], closed: &[String]) {
        self.count(seen);
        for guard in &mut self.guards {
            guard.take(seen);
            let name = guard.rule.name();
            if opened.contains(&name) {
                guard.opened = Some(seen.at);
            }
            if closed.contains(&name) {
                guard.close();
            }
        }
    }

    fn count(&mut self, seen: &Seen) {
        self.failures.push(Mark { at: seen.at, is_broken: seen.has_failed, value: 0.0 });
    }

    /// Each rule, and since when its alert is open.
    pub fn alerts(&self) -> impl Iterator<Item = (Rule, Option<i64>)> {
        self.guards.iter().map(|guard| (guard.rule, guard.opened))
    }

    pub fn is_alerting(&self) -> bool {
        self.guards.iter().any(|guard| guard.opened.is_some())
    }

    /// The window of failures, which no recovery clears.
    pub fn failures(&self) -> &Window {
        &self.failures
    }
}

impl Guard {
    /// Whether the check tells anything of this rule.
    fn take(&mut self, seen: &Seen) -> bool {
        let Some((value, is_broken)) = self.rule.measure(seen) else {
            return false;
        };
        self.window.push(Mark { at: seen.at, is_broken, value });
        self.fine_in_a_row = if is_broken { 0 } else { self.fine_in_a_row + 1 };
        true
    }

    fn judge(&mut self, now: i64, hysteresis: Hysteresis) -> Option<Event> {
        match self.opened {
            None if self.is_beyond(hysteresis.min_checks) => {
                self.opened = Some(now);
                Some(self.event(Change::Opened, now))
            }
            Some(since) if self.fine_in_a_row >= hysteresis.recover_after.max(1) => {
                let event = self.event(Change::Closed, since);
                self.close();
                Some(event)
            }
            _ => None,
        }
    }

    /// The window shows with 95 % confidence that more checks are broken than the rule puts up with. No alert opens with a check that is
    /// fine, though older ones that were fine have just left the window.
    fn is_beyond(&self, min_checks: u64) -> bool {
        if self.fine_in_a_row > 0 || self.window.checks() == 0 {
            return false;
        }
        let (broken, checks) = (self.window.broken(), self.window.checks());
        let is_class = matches!(self.rule, Rule::Class(_));
        is_class || checks >= min_checks && broken >= FEWEST_BROKEN && wilson(broken, checks, Z95).low > self.rule.allowed_share()
    }

    fn event(&self, change: Change, since: i64) -> Event {
        let value = if self.rule.is_of_time() { self.window.quantile(0.95) } else { self.window.share() };
        Event { change, rule: self.rule, value, checks: self.window.checks(), broken: self.window.broken(), since }
    }

    fn close(&mut self) {
        self.opened = None;
        self.window.clear();
        self.fine_in_a_row = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::Class;

    const USUAL: Hysteresis = Hysteresis { span: Span::Checks(20), min_checks: 3, recover_after: 5 };

    /// `.` is a good answer in 100 ms, `s` one in 9 s, `x` a failure, `a` one of the key.
    fn seen(at: i64, what: char) -> Seen {
        let class = match what {
            'x' => Class::UpstreamError,
            'a' => Class::Auth,
            _ => Class::Healthy,
        };
        let total_ms = Some(if what == 's' { 9000.0 } else { 100.0 });
        Seen { at, class, has_failed: class != Class::Healthy, first_byte_ms: None, first_token_ms: None, total_ms }
    }

    /// What happens at which check.
    fn told(rules: &[Rule], hysteresis: Hysteresis, checks: &str) -> Vec<String> {
        let mut watch = Watch::new(rules, hysteresis);
        let see = |(at, what)| watch.see(&seen(at as i64, what)).into_iter().map(move |event| format!("{at} {}", named(&event)));
        checks.chars().enumerate().flat_map(see).collect::<Vec<_>>()
    }

    fn named(event: &Event) -> String {
        format!("{}{}", if event.change == Change::Opened { '+' } else { '-' }, event.rule.name())
    }

    const RATE: &[Rule] = &[Rule::ErrorRate(0.02)];

    #[test]
    fn one_failure_is_no_rate_and_the_second_in_the_window_is() {
        assert_eq!(told(RATE, USUAL, "x......................"), [""; 0]);
        assert_eq!(told(RATE, USUAL, "....x.....x"), ["10 +error-rate"]);
        // The first has left the window.
        assert_eq!(told(RATE, USUAL, "x...................x"), [""; 0]);
    }

    #[test]
    fn no_rate_is_judged_of_fewer_checks_than_asked_for() {
        assert_eq!(told(RATE, USUAL, "xx"), [""; 0]);
        assert_eq!(told(RATE, USUAL, "xxx"), ["2 +error-rate"]);
        assert_eq!(told(RATE, Hysteresis { min_checks: 6, ..USUAL }, "xxxxxx"), ["5 +error-rate"]);
    }

    #[test]
    fn an_alert_is_told_once_and_closes_after_a_run_without_fault() {
        assert_eq!(told(RATE, USUAL, "xxxxxxxx....x....."), ["2 +error-rate", "17 -error-rate"]);
    }

    #[test]
    fn what_led_to_an_alert_does_not_open_it_again() {
        assert_eq!(told(RATE, USUAL, "xxx.....x...........x"), ["2 +error-rate", "7 -error-rate", "20 +error-rate"]);
    }

    #[test]
    fn an_alert_opens_with_a_broken_check_only() {
        assert_eq!(told(RATE, USUAL, "xx....."), [""; 0]);
        assert_eq!(told(RATE, USUAL, "xx.x"), ["3 +error-rate"]);
    }

    #[test]
    fn a_class_alerts_at_once_and_its_alert_is_its_own() {
        let rules = [Rule::Class(Class::Auth), Rule::ErrorRate(0.02)];
        assert_eq!(told(&rules, USUAL, ".a"), ["1 +class:auth"]);
        assert_eq!(told(&rules, USUAL, "aaa....."), ["0 +class:auth", "2 +error-rate", "7 -class:auth", "7 -error-rate"]);
        // Another failure is no sign that the key is well, but neither is it one that it is not.
        assert_eq!(told(&rules, USUAL, "axxxxx"), ["0 +class:auth", "2 +error-rate", "5 -class:auth"]);
    }

    #[test]
    fn a_bound_on_time_is_one_on_the_95th_percentile() {
        let rules = [Rule::P95(5000.0)];
        assert_eq!(told(&rules, USUAL, "....................s"), [""; 0]);
        assert_eq!(told(&rules, USUAL, "....................ss"), [""; 0]);
        assert_eq!(told(&rules, USUAL, "....................sss"), ["22 +p95"]);
        assert_eq!(told(&rules, USUAL, "sss....."), ["2 +p95", "7 -p95"]);
        // Failures neither close it nor keep it open.
        assert_eq!(told(&rules, USUAL, "sss..xxxx..."), ["2 +p95", "11 -p95"]);
    }

    #[test]
    fn the_event_says_what_was_measured() {
        let mut watch = Watch::new(&[Rule::ErrorRate(0.02)], USUAL);
        let events: Vec<Event> = ".x.x".chars().enumerate().flat_map(|(at, what)| watch.see(&seen(at as i64, what))).collect();
        assert_eq!(events, [Event { change: Change::Opened, rule: RATE[0], value: 0.5, checks: 4, broken: 2, since: 3 }]);
        assert!(watch.is_alerting() && watch.failures().broken() == 2);
    }

    #[test]
    fn a_watch_that_recalls_goes_on_as_if_it_had_never_stopped() {
        let rules = [Rule::Class(Class::Auth), Rule::ErrorRate(0.02), Rule::P95(5000.0)];
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..200 {
            let checks: Vec<Seen> = (0..120)
                .map(|at| {
                    let kinds = if (at / 20) % 2 == 0 { "......." } else { "...xxsa" };
                    seen(at, kinds.chars().nth(random.usize(..7)).unwrap())
                })
                .collect();
            let stop = random.usize(..120);
            let (mut through, mut stopped, mut again) = (Watch::new(&rules, USUAL), Watch::new(&rules, USUAL), Watch::new(&rules, USUAL));
            for check in &checks[..stop] {
                through.see(check);
                let events = stopped.see(check);
                let of = |change| events.iter().filter(|event| event.change == change).map(|event| event.rule.name()).collect::<Vec<_>>();
                again.recall(check, &of(Change::Opened), &of(Change::Closed));
            }
            for check in &checks[stop..] {
                assert_eq!(through.see(check), again.see(check));
            }
        }
    }

    #[test]
    fn what_was_told_counts_and_not_what_other_bounds_would_have_told() {
        let mut watch = Watch::new(&[Rule::ErrorRate(0.5)], USUAL);
        watch.recall(&seen(0, 'x'), &["error-rate".into(), "p95".into()], &[]);
        assert!(watch.is_alerting());
        let closed: Vec<Event> = (1..6).flat_map(|at| watch.see(&seen(at, '.'))).collect();
        assert_eq!(closed.len(), 1);
        assert_eq!((closed[0].change, closed[0].since), (Change::Closed, 0));
    }
}
