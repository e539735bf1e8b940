//! What can be bounded, and whether a check keeps within it. How many that do not make an alert is said in `watch`.

use crate::diagnosis::Class;
use crate::sample::Sample;

/// The share of checks that may take longer than a bound on time: the bound is one on the 95th percentile.
pub const SLOW_SHARE: f64 = 0.05;

/// What a rule looks at, of a check just made or of one read back from a log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// When it began, in milliseconds since 1970.
    pub at: i64,
    pub class: Class,
    pub has_failed: bool,
    pub first_byte_ms: Option<f64>,
    pub first_token_ms: Option<f64>,
    pub total_ms: Option<f64>,
}

impl Seen {
    pub fn of(sample: &Sample, at: i64) -> Seen {
        Seen {
            at,
            class: sample.class,
            has_failed: sample.has_failed(),
            first_byte_ms: sample.first_byte_ms,
            first_token_ms: sample.first_token_ms,
            total_ms: sample.total_ms,
        }
    }
}

/// One bound; bounds on time are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// A verdict that alerts at once.
    Class(Class),
    ErrorRate(f64),
    FirstByte(f64),
    FirstToken(f64),
    /// Of the whole exchange.
    P95(f64),
}

impl Rule {
    /// The name under which it stands in logs, metrics and events.
    pub fn name(self) -> String {
        match self {
            Rule::Class(class) => format!("class:{}", class.name()),
            Rule::ErrorRate(_) => "error-rate".into(),
            Rule::FirstByte(_) => "first-byte".into(),
            Rule::FirstToken(_) => "first-token".into(),
            Rule::P95(_) => "p95".into(),
        }
    }

    /// None where the verdict itself is the alert.
    pub fn bound(self) -> Option<f64> {
        match self {
            Rule::Class(_) => None,
            Rule::ErrorRate(bound) | Rule::FirstByte(bound) | Rule::FirstToken(bound) | Rule::P95(bound) => Some(bound),
        }
    }

    pub fn is_of_time(self) -> bool {
        matches!(self, Rule::FirstByte(_) | Rule::FirstToken(_) | Rule::P95(_))
    }

    /// The share of broken checks that it puts up with.
    pub fn allowed_share(self) -> f64 {
        match self {
            Rule::Class(_) => 0.0,
            Rule::ErrorRate(bound) => bound,
            Rule::FirstByte(_) | Rule::FirstToken(_) | Rule::P95(_) => SLOW_SHARE,
        }
    }

    /// What this check measured and whether that is on the wrong side; none where it tells nothing of this rule: how long a failure took
    /// says nothing of how long answers take.
    pub fn measure(self, seen: &Seen) -> Option<(f64, bool)> {
        let of_time = |time: Option<f64>, bound: f64| time.filter(|_| !seen.has_failed).map(|time| (time, time > bound));
        let if_true = |is_true: bool| Some((if is_true { 1.0 } else { 0.0 }, is_true));
        match self {
            Rule::Class(class) => if_true(seen.class == class),
            Rule::ErrorRate(_) => if_true(seen.has_failed),
            Rule::FirstByte(bound) => of_time(seen.first_byte_ms, bound),
            Rule::FirstToken(bound) => of_time(seen.first_token_ms, bound),
            Rule::P95(bound) => of_time(seen.total_ms, bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Seen =
        Seen { at: 0, class: Class::Healthy, has_failed: false, first_byte_ms: Some(100.0), first_token_ms: None, total_ms: Some(900.0) };
    const ILL: Seen = Seen { class: Class::GatewayError, has_failed: true, ..WELL };

    #[test]
    fn a_rule_looks_at_its_own_number() {
        for (rule, seen, measured) in [
            (Rule::ErrorRate(0.02), WELL, Some((0.0, false))),
            (Rule::ErrorRate(0.02), ILL, Some((1.0, true))),
            (Rule::Class(Class::Auth), ILL, Some((0.0, false))),
            (Rule::Class(Class::GatewayError), ILL, Some((1.0, true))),
            (Rule::FirstByte(100.0), WELL, Some((100.0, false))),
            (Rule::P95(800.0), WELL, Some((900.0, true))),
        ] {
            assert_eq!(rule.measure(&seen), measured, "{rule:?} {seen:?}");
        }
    }

    #[test]
    fn a_failure_tells_nothing_of_how_long_answers_take() {
        assert_eq!(Rule::P95(800.0).measure(&ILL), None);
        assert_eq!(Rule::FirstToken(100.0).measure(&WELL), None);
    }

    #[test]
    fn a_warning_of_a_class_that_alerts_alerts_too() {
        let cut = Seen { class: Class::TokenLimit, ..WELL };
        assert_eq!(Rule::Class(Class::TokenLimit).measure(&cut), Some((1.0, true)));
        assert_eq!(Rule::ErrorRate(0.02).measure(&cut), Some((0.0, false)));
    }
}
