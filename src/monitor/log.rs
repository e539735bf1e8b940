//! The line that a check leaves, `llmcheck.check/1`, a contract: keys are only ever added. And what the lines of an earlier run tell:
//! which number comes next, what the windows held and which alerts are open.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::threshold::{Rule, Seen};
use super::watch::{Change, Event, Hysteresis, Watch};
use crate::diagnosis::Class;
use crate::sample::Sample;

pub const SCHEMA: &str = "llmcheck.check/1";

/// How every line begins.
const BEGINNING: &[u8] = b"{\"schema\":\"llmcheck.check/1\",\"time\":\"";

/// A moment as it stands in lines and events: RFC 3339, in UTC.
pub fn time(milliseconds: i64) -> String {
    let moment = jiff::Timestamp::from_millisecond(milliseconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{moment:.3}")
}

/// One check.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    schema: &'static str,
    /// When it began.
    time: String,
    target: &'a str,
    /// Of this target, from 1 on, over all runs with this log.
    seq: u64,
    model: Option<&'a str>,
    #[serde(flatten)]
    sample: &'a Sample,
    /// Rules whose alert this check opened.
    opened: Vec<String>,
    closed: Vec<String>,
}

impl<'a> Line<'a> {
    pub fn new(target: &'a str, model: Option<&'a str>, seq: u64, at: i64, sample: &'a Sample, events: &[Event]) -> Line<'a> {
        let names = |change| events.iter().filter(|event| event.change == change).map(|event| event.rule.name()).collect();
        Line { schema: SCHEMA, time: time(at), target, seq, model, sample, opened: names(Change::Opened), closed: names(Change::Closed) }
    }

    /// With its line feed.
    ///
    /// # Errors
    /// When a number in it is none; the clock gives no such numbers.
    pub fn written(&self) -> Result<String> {
        Ok(serde_json::to_string(self)? + "\n")
    }
}

/// What is read back of a line.
#[derive(Deserialize)]
struct Written {
    schema: String,
    time: String,
    target: String,
    seq: u64,
    class: String,
    severity: String,
    first_byte_ms: Option<f64>,
    first_token_ms: Option<f64>,
    total_ms: Option<f64>,
    opened: Vec<String>,
    closed: Vec<String>,
}

impl Written {
    fn read(line: &[u8]) -> Option<Written> {
        serde_json::from_slice(line).ok().filter(|written: &Written| written.schema == SCHEMA)
    }

    /// None of a class that only a later version knows, or at a time that is none.
    fn seen(&self) -> Option<Seen> {
        Some(Seen {
            at: self.time.parse::<jiff::Timestamp>().ok()?.as_millisecond(),
            class: Class::ALL.into_iter().find(|class| class.name() == self.class)?,
            has_failed: self.severity == "error",
            first_byte_ms: self.first_byte_ms,
            first_token_ms: self.first_token_ms,
            total_ms: self.total_ms,
        })
    }
}

/// One target as its log left it.
#[derive(Debug)]
pub struct Past {
    pub target: String,
    /// The number of its last check, 0 where there was none.
    pub seq: u64,
    pub watch: Watch,
}

/// What is kept while a log is read: no more than the windows hold.
#[derive(Debug)]
pub struct Memory {
    pasts: Vec<Past>,
    lines: u64,
}

/// What stands behind the last line feed of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// A line that lacks its line feed only.
    Whole,
    /// The beginning of one: its check was never told of.
    Cut,
}

impl Memory {
    pub fn new<'a>(targets: impl IntoIterator<Item = &'a str>, rules: &[Rule], hysteresis: Hysteresis) -> Memory {
        let past = |target: &str| Past { target: target.to_string(), seq: 0, watch: Watch::new(rules, hysteresis) };
        Memory { pasts: targets.into_iter().map(past).collect(), lines: 0 }
    }

    /// Takes in the next line. Checks of targets that are not watched now count for nothing.
    ///
    /// # Errors
    /// When it is no check.
    pub fn take(&mut self, line: &[u8]) -> Result<()> {
        self.lines += 1;
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        let Some(written) = Written::read(line) else {
            bail!("line {} is no check of a monitor; name another log", self.lines);
        };
        if let Some(past) = self.pasts.iter_mut().find(|past| past.target == written.target) {
            past.seq = past.seq.max(written.seq);
            if let Some(seen) = written.seen() {
                past.watch.recall(&seen, &written.opened, &written.closed);
            }
        }
        Ok(())
    }

    /// The same of what follows the last line feed: a kill may have cut it, and a loss of power may have left zeros in its place.
    ///
    /// # Errors
    /// When it is not even the beginning of a check.
    pub fn take_tail(&mut self, tail: &[u8]) -> Result<Tail> {
        if Written::read(tail).is_some() {
            return self.take(tail).map(|()| Tail::Whole);
        }
        let length = tail.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if !BEGINNING.starts_with(&tail[..length]) && !tail.starts_with(BEGINNING) {
            bail!("line {} is no check of a monitor; name another log", self.lines + 1);
        }
        Ok(Tail::Cut)
    }

    /// The targets in the order in which they were named.
    pub fn pasts(self) -> Vec<Past> {
        self.pasts
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use crate::diagnosis::{AtFault, Severity};
    use crate::monitor::Span;
    use crate::sample::Tokens;

    pub fn sample(class: Class, code: &'static str) -> Sample {
        Sample {
            class,
            code,
            severity: if class == Class::Healthy { Severity::Ok } else { Severity::Error },
            at_fault: AtFault::Unknown,
            stream: true,
            status: Some(200),
            first_byte_ms: Some(20.0),
            first_token_ms: Some(40.5),
            total_ms: Some(900.25),
            answer_tokens: Tokens { count: 7, is_estimate: false },
            prompt_tokens: Some(5),
            characters: 3,
            billed_tokens: Tokens { count: 12, is_estimate: false },
        }
    }

    const HYSTERESIS: Hysteresis = Hysteresis { span: Span::Checks(20), min_checks: 3, recover_after: 5 };
    const RULES: [Rule; 1] = [Rule::ErrorRate(0.02)];

    fn line(target: &str, seq: u64, class: Class, events: &[Event]) -> String {
        Line::new(target, Some("m"), seq, 1_764_264_000_000 + seq as i64, &sample(class, "healthy"), events).written().unwrap()
    }

    fn opened() -> Event {
        Event { change: Change::Opened, rule: RULES[0], value: 1.0, checks: 3, broken: 3, since: 0 }
    }

    #[test]
    fn a_line_is_this_and_nothing_else() {
        let expected = concat!(
            r#"{"schema":"llmcheck.check/1","time":"2025-11-27T17:20:00.003Z","target":"relay","seq":3,"model":"m","class":"auth","#,
            r#""code":"healthy","severity":"error","at_fault":"unknown","stream":true,"status":200,"first_byte_ms":20.0,"first_token_ms":40.5,"#,
            r#""total_ms":900.25,"answer_tokens":{"count":7,"is_estimate":false},"prompt_tokens":5,"characters":3,"#,
            r#""billed_tokens":{"count":12,"is_estimate":false},"opened":["error-rate"],"closed":[]}"#,
            "\n"
        );
        assert_eq!(line("relay", 3, Class::Auth, &[opened()]), expected);
        assert!(expected.as_bytes().starts_with(BEGINNING));
    }

    fn memory() -> Memory {
        Memory::new(["relay", "other"], &RULES, HYSTERESIS)
    }

    #[test]
    fn a_log_gives_the_numbers_and_the_open_alerts_back() {
        let mut memory = memory();
        for seq in 1..=3 {
            let events = if seq == 3 { vec![opened()] } else { Vec::new() };
            memory.take(line("relay", seq, Class::UpstreamError, &events).as_bytes()).unwrap();
            memory.take(line("gone", seq, Class::UpstreamError, &[]).as_bytes()).unwrap();
        }
        memory.take(b"\n").unwrap();
        let told: Vec<_> = memory
            .pasts()
            .into_iter()
            .map(|past| (past.target, past.seq, past.watch.is_alerting(), past.watch.failures().broken()))
            .collect();
        assert_eq!(told, [("relay".into(), 3, true, 3), ("other".into(), 0, false, 0)]);
    }

    #[test]
    fn a_last_line_is_completed_where_it_is_whole_and_cut_off_where_it_is_not() {
        let whole = line("relay", 9, Class::Healthy, &[]);
        let whole = whole.trim_end().as_bytes();
        let mut whole_memory = memory();
        assert_eq!(whole_memory.take_tail(whole).unwrap(), Tail::Whole);
        assert_eq!(whole_memory.pasts()[0].seq, 9);
        for cut in 0..whole.len() {
            let mut memory = memory();
            assert_eq!(memory.take_tail(&whole[..cut]).unwrap(), Tail::Cut, "cut at {cut}");
            assert_eq!(memory.take_tail(&[&whole[..cut], &[0; 9]].concat()).unwrap(), Tail::Cut, "zeros at {cut}");
            assert_eq!(memory.pasts()[0].seq, 0);
        }
    }

    #[test]
    fn what_is_no_log_of_ours_is_refused() {
        for foreign in ["{}", "hello", "{\"schema\":\"llmcheck.check/2\",\"time\":\"\"}", "[]"] {
            assert!(memory().take(foreign.as_bytes()).is_err() && memory().take_tail(foreign.as_bytes()).is_err(), "{foreign}");
        }
    }

    #[test]
    fn a_class_of_a_later_version_keeps_its_number() {
        let mut memory = memory();
        memory.take(line("relay", 4, Class::Auth, &[]).replace("\"auth\"", "\"new_class\"").as_bytes()).unwrap();
        assert_eq!(memory.pasts()[0].seq, 4);
    }
}
