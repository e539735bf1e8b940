//! Performing an experiment: each setting that it wants is asked for, and it is told what came of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use super::super::Failure;
use super::super::check::{Checked, check, check_by};
use super::super::console::Console;
use super::super::interrupt::{is_stopped, pause};
use super::recordings::Recordings;
use crate::diagnosis::{AtFault, Class, Diagnosis, Severity};
use crate::evidence::Evidence;
use crate::exchange::recording::Opened;
use crate::exchange::{Caller, Place};
use crate::lang::{Lang, Text, text};
use crate::plan::Plan;
use crate::probe::experiment::{Experiment, Outcome};
use crate::probe::factor::{Level, Setting, Space};
use crate::probe::request::{Long, Requests};
use crate::resilience::wait;
use crate::sample::Sample;

/// An answer that was meant to be long and is not.
const TOO_SHORT: u64 = 8 * 1024;
/// How often a limit is waited for, and how long at most.
const MOST_WAITS: u32 = 3;
const LONGEST_WAIT: Duration = Duration::from_secs(65);
const USUAL_WAIT: Duration = Duration::from_secs(5);

/// One request of the experiment and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Trial {
    pub levels: Vec<Level>,
    pub class: Class,
    pub code: &'static str,
    pub failed: bool,
    pub status: Option<u16>,
    /// Of the content, decoded.
    pub bytes: u64,
    pub total_ms: Option<f64>,
    /// The file in the directory of recordings.
    pub recording: String,
}

/// Why no more was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Decided,
    OutOfRequests,
    /// The server limits requests, and waiting did not help.
    Limited,
    /// The key or the account is refused: no setting changes that.
    Refused,
    Interrupted,
}

/// An experiment that is over.
pub struct Driven {
    pub experiment: Experiment,
    pub trials: Vec<Trial>,
    pub ended: Ended,
    pub requests: u32,
    pub most_requests: u32,
    pub seed: u64,
    pub tokens: u64,
    /// Levels that could not be had.
    pub given_up: Vec<Level>,
    pub long: Long,
    pub longest: u64,
    /// What the first failure of each code was told as.
    pub told: BTreeMap<&'static str, Told>,
}

/// A verdict in the report's language.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    pub class: Class,
    pub title: String,
    pub at_fault: AtFault,
    pub advice: Vec<String>,
}

pub struct Driver<'a> {
    pub requests: Requests,
    pub recordings: &'a mut Recordings,
    pub console: &'a Console,
    pub most_requests: u32,
    pub seed: u64,
}

struct Run<'a, 'b> {
    driver: Driver<'b>,
    driven: Driven,
    bar: Option<ProgressBar>,
    places: BTreeMap<bool, Arc<Place>>,
    console: &'a Console,
}

impl Driver<'_> {
    /// Performs the experiment to its end.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn drive(self, space: Space) -> Result<Driven, Failure> {
        let console = self.console;
        let bar = bar(self.most_requests, console);
        let driven = Driven {
            experiment: Experiment::new(space, self.most_requests, self.seed),
            trials: Vec::new(),
            ended: Ended::Decided,
            requests: 0,
            most_requests: self.most_requests,
            seed: self.seed,
            tokens: 0,
            given_up: Vec::new(),
            long: self.requests.long,
            longest: 0,
            told: BTreeMap::new(),
        };
        let mut run = Run { driver: self, driven, bar, places: BTreeMap::new(), console };
        let ended = run.to_the_end();
        if let Some(bar) = &run.bar {
            bar.finish_and_clear();
        }
        run.driven.ended = ended?;
        run.driven.long = run.driver.requests.long;
        Ok(run.driven)
    }
}

impl Run<'_, '_> {
    fn to_the_end(&mut self) -> Result<Ended, Failure> {
        if let Some(ended) = self.find_what_is_long()? {
            return Ok(ended);
        }
        loop {
            if is_stopped() {
                return Ok(Ended::Interrupted);
            }
            let Some(setting) = self.driven.experiment.next() else {
                let is_over = self.driven.requests >= self.driver.most_requests;
                let is_decided = self.driven.experiment.explain().iter().all(|explanation| explanation.is_sure());
                return Ok(if is_over && !is_decided { Ended::OutOfRequests } else { Ended::Decided });
            };
            if let Some(ended) = self.ask(&setting)? {
                return Ok(ended);
            }
        }
    }

    /// The first long answer shows by which means answers can be made long.
    fn find_what_is_long(&mut self) -> Result<Option<Ended>, Failure> {
        let space = self.driven.experiment.space().clone();
        let setting = space.with(&space.usual(), Level::Long);
        if !space.has(&setting, Level::Long) {
            return Ok(None);
        }
        let levels: Vec<Level> = space.levels(&setting).collect();
        let Some(checked) = self.unlimited(None, &levels)? else {
            return Ok(Some(self.why_limited()));
        };
        let is_refused = checked.sample.class == Class::InvalidRequest;
        if is_refused || checked.sample.severity != Severity::Error && content_bytes(&checked) < TOO_SHORT {
            self.driver.requests.long = Long::Words;
            return Ok(None);
        }
        Ok(self.tell(setting, levels, &checked))
    }

    fn ask(&mut self, setting: &Setting) -> Result<Option<Ended>, Failure> {
        let space = self.driven.experiment.space().clone();
        let levels: Vec<Level> = space.levels(setting).collect();
        let is_kept = levels.contains(&Level::Kept) || levels.contains(&Level::Second);
        if !is_kept {
            let Some(checked) = self.unlimited(None, &levels)? else {
                return Ok(Some(self.why_limited()));
            };
            return Ok(self.tell(setting.clone(), levels, &checked));
        }
        let place =
            self.places.entry(levels.contains(&Level::There)).or_insert_with(|| Arc::new(Place::of(&self.driver.requests.plan(&levels))));
        let mut caller = Caller::new(place.clone());
        let first = space.with(setting, Level::Kept);
        let first_levels: Vec<Level> = space.levels(&first).collect();
        let Some(checked) = self.unlimited(Some(&mut caller), &first_levels)? else {
            return Ok(Some(self.why_limited()));
        };
        let was_well = !checked.sample.has_failed();
        if let Some(ended) = self.tell(first, first_levels, &checked) {
            return Ok(Some(ended));
        }
        if !levels.contains(&Level::Second) || is_stopped() {
            return Ok(None);
        }
        let Some(checked) = self.unlimited(Some(&mut caller), &levels)? else {
            return Ok(Some(self.why_limited()));
        };
        let is_reused = checked.transcript.opened.iter().any(|opened| matches!(opened, Opened::Reused { .. }));
        if is_reused {
            return Ok(self.tell(setting.clone(), levels, &checked));
        }
        // A connection that broke is not kept; one that was closed in order behind a good answer never is.
        if was_well {
            self.driven.experiment.give_up(Level::Second);
            self.driven.given_up.push(Level::Second);
        }
        Ok(None)
    }

    /// One request, again after a wait where the server limits them; none where it goes on limiting.
    fn unlimited(&mut self, mut caller: Option<&mut Caller>, levels: &[Level]) -> Result<Option<Checked>, Failure> {
        let plan = self.driver.requests.plan(levels);
        for waits in 0.. {
            if is_stopped() || self.driven.requests >= self.driver.most_requests {
                return Ok(None);
            }
            let checked = self.once(caller.as_deref_mut(), &plan, levels)?;
            if checked.sample.class != Class::RateLimit {
                return Ok(Some(checked));
            }
            let asked_for = wait::asked_for(&Evidence::gather(&checked.transcript));
            let wait = asked_for.map_or(USUAL_WAIT * (waits + 1), |wait| wait.duration);
            if waits == MOST_WAITS || wait > LONGEST_WAIT {
                return Ok(None);
            }
            pause(wait);
        }
        Ok(None)
    }

    fn once(&mut self, caller: Option<&mut Caller>, plan: &Plan, levels: &[Level]) -> Result<Checked, Failure> {
        if let Some(bar) = &self.bar {
            let words: Vec<&str> = levels.iter().map(|level| level.word().get(self.console.lang)).collect();
            bar.set_message(words.join(" · "));
        }
        self.driven.requests += 1;
        self.driven.experiment.spend(1);
        let file = self.driver.recordings.file(&file_name(levels))?;
        let checked = match caller {
            Some(caller) => check_by(Some(caller), plan, self.driven.requests, None, file, self.console)?,
            None => check(plan, self.driven.requests, None, file, self.console)?,
        };
        self.driven.tokens += checked.sample.billed_tokens.count;
        if let Some(bar) = &self.bar {
            bar.inc(1);
        }
        Ok(checked)
    }

    fn why_limited(&self) -> Ended {
        match () {
            () if is_stopped() => Ended::Interrupted,
            () if self.driven.requests >= self.driver.most_requests => Ended::OutOfRequests,
            () => Ended::Limited,
        }
    }

    /// Tells the experiment what came, unless that ends it.
    fn tell(&mut self, setting: Setting, levels: Vec<Level>, checked: &Checked) -> Option<Ended> {
        let sample: &Sample = &checked.sample;
        if sample.class == Class::Interrupted {
            return Some(Ended::Interrupted);
        }
        let failure = sample.has_failed().then_some(sample.code);
        if failure.is_some() {
            let told = || Told::of(&checked.diagnosis, self.console.lang);
            self.driven.told.entry(sample.code).or_insert_with(told);
        }
        let bytes = content_bytes(checked);
        if levels.contains(&Level::Long) {
            self.driven.longest = self.driven.longest.max(bytes);
        }
        self.driven.trials.push(Trial {
            recording: format!("{}.jsonl", file_name(&levels)),
            levels,
            class: sample.class,
            code: sample.code,
            failed: sample.has_failed(),
            status: sample.status,
            bytes,
            total_ms: sample.total_ms,
        });
        self.driven.experiment.tell(Outcome { setting, failure });
        matches!(sample.class, Class::Auth | Class::Quota).then_some(Ended::Refused)
    }
}

impl Told {
    pub fn of(diagnosis: &Diagnosis, lang: Lang) -> Told {
        let verdict = &diagnosis.verdict;
        Told {
            class: verdict.entry.class,
            title: verdict.say(verdict.entry.title, lang),
            at_fault: verdict.at_fault,
            advice: verdict.entry.advice.iter().map(|advice| verdict.say(*advice, lang)).collect(),
        }
    }
}

fn content_bytes(checked: &Checked) -> u64 {
    checked.transcript.response.as_ref().map_or(0, |response| response.content.decoded)
}

fn file_name(levels: &[Level]) -> String {
    let name = |level: &Level| serde_json::to_value(level).ok().and_then(|value| value.as_str().map(str::to_string)).unwrap_or_default();
    levels.iter().map(name).collect::<Vec<_>>().join("-")
}

fn bar(most: u32, console: &Console) -> Option<ProgressBar> {
    const WORDS: Text = text("experiment {pos} of at most {len} {msg}", "实验 {pos}，最多 {len} {msg}");
    if !console.stderr_is_terminal || console.quiet {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(u64::from(most)), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(&format!("{{spinner}} {}", WORDS.get(console.lang))).ok()?);
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}
