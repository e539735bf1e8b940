//! A circuit for each endpoint: one that keeps failing for reasons of its own is left alone for a while, then tried once.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::diagnosis::{Class, Diagnosis};

/// Failures in a row that open a circuit, where each of them may pass.
const PATIENCE: u32 = 5;
const FIRST_REST: Duration = Duration::from_secs(10);
const LONGEST_REST: Duration = Duration::from_secs(300);

/// What a failure says of the endpoint, whatever was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The endpoint works; the fault, if any, is of this request.
    None,
    /// It may work again at any time.
    Passing,
    /// It will fail in the same way until somebody acts.
    Lasting,
}

impl Blame {
    pub fn of(diagnosis: &Diagnosis) -> Blame {
        let entry = diagnosis.verdict.entry;
        match entry.class {
            Class::Auth if entry.code == "access-denied" => Blame::None,
            Class::Auth | Class::Quota | Class::TlsError | Class::NotAnApi => Blame::Lasting,
            Class::ConnectError if matches!(entry.code, "closed-before-response" | "reset-before-response") => Blame::Passing,
            Class::ConnectError => Blame::Lasting,
            Class::GatewayError | Class::Timeout => Blame::Passing,
            Class::UpstreamError if matches!(entry.code, "relay-no-channel" | "empty-answer" | "no-choices") => Blame::None,
            Class::UpstreamError | Class::LengthMismatch | Class::Truncation | Class::StreamError => Blame::Passing,
            Class::ProxyRewrite if !diagnosis.is_healthy() => Blame::Passing,
            _ => Blame::None,
        }
    }
}

/// Whether an endpoint may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permit {
    Yes,
    /// Once, to see whether it works again; nobody else until the outcome is known.
    Trial,
    /// Not before this time.
    NotBefore(Duration),
    /// Another trial is under way.
    Waiting,
}

#[derive(Clone, Debug, Default)]
struct Circuit {
    failures: u32,
    /// How long the next rest is, and when it ends.
    rest: Duration,
    opened_until: Option<Duration>,
    on_trial: bool,
    /// Trials in a row that failed.
    failed_trials: u32,
}

/// The circuits of one run. Times are measured from its start.
#[derive(Clone, Debug, Default)]
pub struct Circuits(BTreeMap<String, Circuit>);

impl Circuits {
    /// Whether this endpoint may be asked at `now`; asking for a permit takes a trial that is due.
    pub fn permit(&mut self, endpoint: &str, now: Duration) -> Permit {
        let Some(circuit) = self.0.get_mut(endpoint) else {
            return Permit::Yes;
        };
        match circuit.opened_until {
            None => Permit::Yes,
            Some(_) if circuit.on_trial => Permit::Waiting,
            Some(until) if now < until => Permit::NotBefore(until),
            Some(_) => {
                circuit.on_trial = true;
                Permit::Trial
            }
        }
    }

    pub fn is_open(&self, endpoint: &str) -> bool {
        self.rests_until(endpoint).is_some()
    }

    /// When the next trial is due, of an endpoint that is left alone.
    pub fn rests_until(&self, endpoint: &str) -> Option<Duration> {
        self.0.get(endpoint)?.opened_until
    }

    /// How many trials in a row have failed.
    pub fn failed_trials(&self, endpoint: &str) -> u32 {
        self.0.get(endpoint).map_or(0, |circuit| circuit.failed_trials)
    }

    /// Takes the outcome of an exchange; says whether the circuit opened by it.
    pub fn report(&mut self, endpoint: &str, blame: Blame, now: Duration) -> bool {
        if blame == Blame::None {
            // A request that was answered, if only by a refusal, shows that the endpoint works.
            self.0.remove(endpoint);
            return false;
        }
        let circuit = self.0.entry(endpoint.to_string()).or_default();
        circuit.failures += 1;
        let was_open = circuit.opened_until.is_some();
        // What was under way when the circuit opened is no further failure of a trial.
        if was_open && !circuit.on_trial {
            return false;
        }
        circuit.failed_trials += u32::from(was_open);
        if was_open || blame == Blame::Lasting || circuit.failures >= PATIENCE {
            circuit.rest = if circuit.rest.is_zero() { FIRST_REST } else { (circuit.rest * 2).min(LONGEST_REST) };
            circuit.opened_until = Some(now + circuit.rest);
            circuit.on_trial = false;
            return !was_open;
        }
        false
    }

    /// A trial that came to nothing: it was stopped before its outcome was known.
    pub fn give_back(&mut self, endpoint: &str) {
        if let Some(circuit) = self.0.get_mut(endpoint) {
            circuit.on_trial = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn failures_in_a_row_open_a_circuit_and_a_success_between_them_does_not_let_it_come_to_that() {
        let mut circuits = Circuits::default();
        for _ in 0..PATIENCE - 1 {
            assert!(!circuits.report("a", Blame::Passing, at(0)));
        }
        circuits.report("a", Blame::None, at(0));
        for _ in 0..PATIENCE - 1 {
            assert!(!circuits.report("a", Blame::Passing, at(0)));
        }
        assert_eq!(circuits.permit("a", at(0)), Permit::Yes);
        assert!(circuits.report("a", Blame::Passing, at(0)));
        assert_eq!(circuits.permit("a", at(1)), Permit::NotBefore(FIRST_REST));
        assert_eq!(circuits.permit("b", at(1)), Permit::Yes);
    }

    #[test]
    fn what_is_of_the_request_is_not_blamed_on_the_endpoint() {
        for (blame, codes) in [
            (Blame::None, &["healthy", "requests-per-minute", "model-not-found", "context-too-long", "access-denied", "empty-answer"][..]),
            (Blame::Passing, &["provider-error", "gateway-timeout", "cut-by-close", "no-first-byte-in-time", "closed-before-response"]),
            (Blame::Lasting, &["key-invalid", "quota-exhausted", "certificate-expired", "connection-refused", "web-page-not-api"]),
        ] {
            codes.iter().for_each(|code| assert_eq!(Blame::of(&Diagnosis::supposed(code)), blame, "{code}"));
        }
    }

    #[test]
    fn after_its_rest_one_trial_decides() {
        let mut circuits = Circuits::default();
        assert!(circuits.report("a", Blame::Lasting, at(0)));
        // Exchanges that were under way fail too, and prolong nothing.
        assert!(!circuits.report("a", Blame::Lasting, at(9)));
        assert_eq!(circuits.permit("a", at(10)), Permit::Trial);
        assert_eq!(circuits.permit("a", at(10)), Permit::Waiting);
        circuits.report("a", Blame::Passing, at(11));
        assert_eq!(circuits.permit("a", at(30)), Permit::NotBefore(at(31)));
        assert_eq!(circuits.permit("a", at(31)), Permit::Trial);
        circuits.report("a", Blame::None, at(32));
        assert_eq!((circuits.permit("a", at(32)), circuits.is_open("a")), (Permit::Yes, false));
    }

    #[test]
    fn a_trial_that_was_stopped_can_be_taken_again() {
        let mut circuits = Circuits::default();
        circuits.report("a", Blame::Lasting, at(0));
        assert_eq!(circuits.permit("a", at(20)), Permit::Trial);
        circuits.give_back("a");
        assert_eq!(circuits.permit("a", at(20)), Permit::Trial);
    }

    #[test]
    fn a_rest_doubles_up_to_its_bound() {
        let mut circuits = Circuits::default();
        let mut now = at(0);
        circuits.report("a", Blame::Lasting, now);
        for expected in [10, 20, 40, 80, 160, 300, 300] {
            let Permit::NotBefore(until) = circuits.permit("a", now) else { panic!("open") };
            assert_eq!(until - now, at(expected));
            now = until;
            assert_eq!(circuits.permit("a", now), Permit::Trial);
            circuits.report("a", Blame::Passing, now);
        }
    }
}
