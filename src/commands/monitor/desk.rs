//! Where the checks of all targets come together: each is numbered, judged, counted and written down before anything is told of it.

use std::collections::BTreeMap;

use super::super::Failure;
use super::journal::{Journal, Turn};
use crate::diagnosis::Class;
use crate::monitor::log::Past;
use crate::monitor::{Change, Event, Line, Meter, Rule, Seen, Watch, metrics};
use crate::sample::Sample;

pub struct Desk {
    pub stations: Vec<Station>,
    journal: Option<Journal>,
    failures: BTreeMap<u8, (Class, u64)>,
    /// An alert of such a rule was open at some time in this run.
    broke: Broke,
}

#[derive(Clone, Copy, Debug, Default)]
struct Broke {
    time: bool,
    other: bool,
}

/// One target.
pub struct Station {
    pub name: String,
    model: Option<String>,
    seq: u64,
    pub watch: Watch,
    meter: Meter,
    pub last: Option<Last>,
    /// Of this run.
    pub checks: u64,
    pub failed: u64,
    pub alerts: u64,
}

/// The latest check.
#[derive(Clone, Debug)]
pub struct Last {
    pub code: &'static str,
    pub has_failed: bool,
    pub first_token_ms: Option<f64>,
    pub total_ms: Option<f64>,
}

/// A check that was taken in.
pub struct Taken {
    pub line: String,
    pub events: Vec<Event>,
    pub turn: Option<Turn>,
}

impl Desk {
    pub fn new(pasts: Vec<Past>, models: Vec<Option<String>>, rules: &[Rule], journal: Option<Journal>) -> Desk {
        let mut broke = Broke::default();
        let station = |(past, model): (Past, Option<String>)| {
            past.watch.alerts().filter(|(_, since)| since.is_some()).for_each(|(rule, _)| broke.note(rule));
            let meter = Meter::new(&past.target, model.as_deref(), rules, &past.watch);
            Station { name: past.target, model, seq: past.seq, watch: past.watch, meter, last: None, checks: 0, failed: 0, alerts: 0 }
        };
        let stations = pasts.into_iter().zip(models).map(station).collect();
        Desk { stations, journal, failures: BTreeMap::new(), broke }
    }

    /// # Errors
    /// When its line cannot be put into words.
    pub fn take(&mut self, place: usize, at: i64, sample: &Sample) -> Result<Taken, Failure> {
        let station = &mut self.stations[place];
        station.seq += 1;
        station.checks += 1;
        let events = station.watch.see(&Seen::of(sample, at));
        station.meter.count(sample, at, &events, &station.watch);
        let (first_token_ms, total_ms) = (sample.first_token_ms, sample.total_ms);
        station.last = Some(Last { code: sample.code, has_failed: sample.has_failed(), first_token_ms, total_ms });
        if sample.has_failed() {
            station.failed += 1;
            self.failures.entry(sample.class.exit_code()).or_insert((sample.class, 0)).1 += 1;
        }
        for event in events.iter().filter(|event| event.change == Change::Opened) {
            station.alerts += 1;
            self.broke.note(event.rule);
        }
        let line = Line::new(&station.name, station.model.as_deref(), station.seq, at, sample, &events);
        let line = line.written().map_err(Failure::Internal)?;
        let turn = self.journal.as_mut().and_then(|journal| journal.append(&line));
        Ok(Taken { line, events, turn })
    }

    pub fn metrics(&self) -> String {
        metrics::exposition(self.stations.iter().map(|station| &station.meter))
    }

    /// The checks of earlier runs.
    pub fn checks_before(&self) -> u64 {
        self.stations.iter().map(|station| station.seq - station.checks).sum()
    }

    pub fn has_held(&self) -> bool {
        !self.broke.time && !self.broke.other
    }

    /// What says whether the bounds held.
    pub fn exit_code(&self) -> u8 {
        if self.has_held() {
            return 0;
        }
        let most = self.failures.values().map(|(_, count)| *count).max();
        let class = self.failures.values().find(|(_, count)| Some(*count) == most).map(|(class, _)| *class);
        class.filter(|_| self.broke.other).map_or(1, |class| class.exit_code().max(1))
    }

    /// The log, to be synced without holding anybody up; none where there is none.
    pub fn log_handle(&self) -> Option<std::fs::File> {
        self.journal.as_ref().and_then(|journal| journal.handle().ok())
    }

    /// # Errors
    /// When the log lacks lines.
    pub fn finish_log(&mut self) -> Result<(), Failure> {
        self.journal.take().map_or(Ok(()), Journal::finish)
    }
}

impl Broke {
    fn note(&mut self, rule: Rule) {
        if rule.is_of_time() { self.time = true } else { self.other = true }
    }
}
