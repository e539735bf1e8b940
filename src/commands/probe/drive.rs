//! Performing an experiment: each setting that it wants is asked for, and it is told what came of that.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use schemars::JsonSchema;
use serde::Serialize;

use super::super::Failure;
use super::super::check::Checked;
use super::super::console::Console;
use super::super::interrupt::{HAS_BAR, is_stopped};
use super::ask::{Asker, Came};
use crate::diagnosis::{AtFault, Class, Finding};
use crate::evidence::Evidence;
use crate::exchange::recording::Opened;
use crate::exchange::{Caller, Place};
use crate::lang::{Lang, Text, text};
use crate::probe::belief::Cause;
use crate::probe::experiment::{Experiment, Explanation, Outcome};
use crate::probe::factor::{Factor, Level, Setting, Space};
use crate::probe::fault::{self, Refused};
use crate::probe::middle;
use crate::probe::request::{Long, Requests};

/// An answer that was meant to be long and is not.
const TOO_SHORT: u64 = 8 * 1024;
/// So often a refusal is held against the usual request before it is believed to depend on how it is asked.
const ENOUGH_CHECKED: u32 = 2;

/// One request of the experiment and what came of it.
#[derive(Clone, Debug, Serialize, JsonSchema)]
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    Decided,
    OutOfRequests,
    OutOfTime,
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
    /// What ended it, where a refusal did: no failure of any setting.
    pub stopper: Option<(&'static str, Told)>,
    /// Levels that could not be had.
    pub given_up: Vec<Level>,
    pub long: Long,
    pub longest: u64,
    /// Some answer had text that is not ASCII.
    pub has_chinese: bool,
    /// What the first failure of each code was told as.
    pub told: BTreeMap<&'static str, Told>,
    /// Who answered in the first failure of each code, where anybody showed.
    pub who: BTreeMap<&'static str, String>,
}

/// A verdict in the report's language.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Told {
    pub class: Class,
    pub title: String,
    pub at_fault: AtFault,
    pub advice: Vec<String>,
}

pub struct Driver<'a, 'b> {
    pub requests: Requests,
    pub asker: &'a mut Asker<'b>,
    pub most_requests: u32,
    pub seed: u64,
    /// A chat went well before the experiment.
    pub has_succeeded: bool,
}

struct Run<'a, 'b> {
    driver: Driver<'a, 'b>,
    driven: Driven,
    bar: Option<ProgressBar>,
    places: BTreeMap<bool, Arc<Place>>,
    console: &'b Console,
    /// How often refusals were held against the usual request.
    checked: u32,
}

/// What came of a setting.
enum Asked {
    Answer(Box<Checked>),
    /// One of its levels is not to be had: there is no such setting any more.
    Dropped,
    Ended(Ended),
}

impl Driver<'_, '_> {
    /// Performs the experiment to its end.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn drive(self, space: Space) -> Result<Driven, Failure> {
        let console = self.asker.console;
        let bar = bar(self.most_requests, console);
        let driven = Driven {
            experiment: Experiment::new(space, self.most_requests, self.seed),
            trials: Vec::new(),
            ended: Ended::Decided,
            requests: 0,
            most_requests: self.most_requests,
            seed: self.seed,
            tokens: 0,
            stopper: None,
            given_up: Vec::new(),
            long: self.requests.long,
            longest: 0,
            has_chinese: false,
            told: BTreeMap::new(),
            who: BTreeMap::new(),
        };
        let mut run = Run { driver: self, driven, bar, places: BTreeMap::new(), console, checked: 0 };
        let ended = run.ask_all();
        if let Some(bar) = &run.bar {
            HAS_BAR.store(false, Ordering::Relaxed);
            bar.finish_and_clear();
        }
        run.driven.ended = ended?;
        run.driven.long = run.driver.requests.long;
        Ok(run.driven)
    }
}

impl Run<'_, '_> {
    fn ask_all(&mut self) -> Result<Ended, Failure> {
        if let Some(ended) = self.find_what_is_long()? {
            return Ok(ended);
        }
        loop {
            let Some(setting) = self.driven.experiment.next_setting() else {
                let is_over = self.driven.requests >= self.driver.most_requests;
                let is_decided = self.driven.experiment.explain().iter().all(|explanation| explanation.is_sure());
                return Ok(if is_over && !is_decided { Ended::OutOfRequests } else { Ended::Decided });
            };
            if let Some(ended) = self.driver.asker.is_over() {
                return Ok(ended);
            }
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
        let checked = match self.perform(None, &levels)? {
            Asked::Answer(checked) => checked,
            Asked::Dropped => return Ok(None),
            Asked::Ended(ended) => return Ok(Some(ended)),
        };
        let is_refused = checked.sample.class == Class::InvalidRequest;
        if is_refused || !checked.sample.has_failed() && content_bytes(&checked) < TOO_SHORT {
            self.driver.requests.long = Long::Words;
            return Ok(None);
        }
        self.tell(setting, levels, &checked)
    }

    fn ask(&mut self, setting: &Setting) -> Result<Option<Ended>, Failure> {
        let space = self.driven.experiment.space().clone();
        let levels: Vec<Level> = space.levels(setting).collect();
        let is_kept = levels.contains(&Level::Kept) || levels.contains(&Level::Second);
        if !is_kept {
            return match self.perform(None, &levels)? {
                Asked::Answer(checked) => self.tell(setting.clone(), levels, &checked),
                Asked::Dropped => Ok(None),
                Asked::Ended(ended) => Ok(Some(ended)),
            };
        }
        let place =
            self.places.entry(levels.contains(&Level::There)).or_insert_with(|| Arc::new(Place::of(&self.driver.requests.plan(&levels))));
        let mut caller = Caller::new(place.clone());
        let first = space.with(setting, Level::Kept);
        let first_levels: Vec<Level> = space.levels(&first).collect();
        let checked = match self.perform(Some(&mut caller), &first_levels)? {
            Asked::Answer(checked) => checked,
            Asked::Dropped => return Ok(None),
            Asked::Ended(ended) => return Ok(Some(ended)),
        };
        let was_well = !checked.sample.has_failed();
        if let Some(ended) = self.tell(first, first_levels, &checked)? {
            return Ok(Some(ended));
        }
        if !levels.contains(&Level::Second) || is_stopped() {
            return Ok(None);
        }
        let checked = match self.perform(Some(&mut caller), &levels)? {
            Asked::Answer(checked) => checked,
            Asked::Dropped => return Ok(None),
            Asked::Ended(ended) => return Ok(Some(ended)),
        };
        let is_reused = checked.transcript.opened.iter().any(|opened| matches!(opened, Opened::Reused { .. }));
        if is_reused {
            return self.tell(setting.clone(), levels, &checked);
        }
        // A connection that broke is not kept; one that was closed in order behind a good answer never is.
        if was_well {
            self.give_up(Level::Second);
        }
        Ok(None)
    }

    fn give_up(&mut self, level: Level) {
        self.driven.experiment.give_up(level);
        self.driven.given_up.push(level);
    }

    /// One request. A parameter that the API refuses is asked for otherwise, or not at all any more.
    fn perform(&mut self, mut caller: Option<&mut Caller>, levels: &[Level]) -> Result<Asked, Failure> {
        loop {
            let checked = match self.once(caller.as_deref_mut(), levels)? {
                Came::Answer(checked) => checked,
                Came::Ended(ended, refusal) => {
                    self.driven.stopper = refusal.filter(|_| ended == Ended::Limited).map(|checked| {
                        let verdict = &checked.diagnosis.verdict;
                        (verdict.entry.code, Told::of(verdict, self.console.lang))
                    });
                    return Ok(Asked::Ended(ended));
                }
            };
            let requests = &mut self.driver.requests;
            match fault::refused(&checked.diagnosis, &Evidence::gather(&checked.transcript)) {
                Some(Refused::Logprobs) if levels.contains(&Level::Long) && requests.long == Long::Logprobs => requests.long = Long::Words,
                Some(Refused::MaxTokens) if requests.rename_limit(levels) => {}
                Some(Refused::Limit) if levels.contains(&Level::LargeLimit) => {
                    self.give_up(Level::LargeLimit);
                    return Ok(Asked::Dropped);
                }
                _ => return Ok(Asked::Answer(checked)),
            }
        }
    }

    fn once(&mut self, caller: Option<&mut Caller>, levels: &[Level]) -> Result<Came, Failure> {
        if let Some(bar) = &self.bar {
            let words: Vec<&str> = levels.iter().map(|level| level.word().get(self.console.lang)).collect();
            bar.set_message(words.join(" · "));
        }
        let plan = self.driver.requests.plan(levels);
        let before = self.driver.asker.requests;
        let came = self.driver.asker.ask(caller, &plan, &file_name(levels))?;
        let spent = self.driver.asker.requests - before;
        self.driven.requests += spent;
        self.driven.experiment.spend(spent);
        if let Came::Answer(checked) = &came {
            self.driven.tokens += checked.sample.billed_tokens.count;
        }
        if let Some(bar) = &self.bar {
            bar.inc(u64::from(spent));
        }
        Ok(came)
    }

    /// Tells the experiment what came, unless that ends it.
    fn tell(&mut self, setting: Setting, levels: Vec<Level>, checked: &Checked) -> Result<Option<Ended>, Failure> {
        let is_refused = matches!(checked.sample.class, Class::Auth | Class::Quota);
        if is_refused && let Some(ended) = self.is_refused_altogether(&setting, checked)? {
            return Ok(Some(ended));
        }
        self.note(setting, levels, checked);
        Ok(None)
    }

    /// A key that was good and is refused may be no good any more, or something may refuse just this: the usual request shows which.
    fn is_refused_altogether(&mut self, setting: &Setting, checked: &Checked) -> Result<Option<Ended>, Failure> {
        let verdict = &checked.diagnosis.verdict;
        let stopper = (verdict.entry.code, Told::of(verdict, self.console.lang));
        let space = self.driven.experiment.space().clone();
        let usual = space.usual();
        if !self.driver.has_succeeded || *setting == usual {
            self.driven.stopper = Some(stopper);
            return Ok(Some(Ended::Refused));
        }
        if self.checked == ENOUGH_CHECKED {
            return Ok(None);
        }
        self.checked += 1;
        let levels: Vec<Level> = space.levels(&usual).collect();
        let again = match self.perform(None, &levels)? {
            Asked::Answer(checked) => checked,
            Asked::Dropped => return Ok(None),
            Asked::Ended(ended) => return Ok(Some(ended)),
        };
        if matches!(again.sample.class, Class::Auth | Class::Quota) {
            self.driven.stopper = Some(stopper);
            return Ok(Some(Ended::Refused));
        }
        self.note(usual, levels, &again);
        Ok(None)
    }

    fn note(&mut self, setting: Setting, levels: Vec<Level>, checked: &Checked) {
        let evidence = Evidence::gather(&checked.transcript);
        let fault = fault::of(&checked.diagnosis, &evidence);
        if let Some(finding) = fault {
            let code = finding.entry.code;
            self.driven.told.entry(code).or_insert_with(|| Told::of(finding, self.console.lang));
            let issuer = checked.transcript.tls.as_ref().and_then(|tls| tls.issuer.as_deref());
            if let (false, Some(who)) = (self.driven.who.contains_key(code), middle::who(evidence.head(), issuer)) {
                self.driven.who.insert(code, who);
            }
        }
        let bytes = content_bytes(checked);
        if levels.contains(&Level::Long) {
            self.driven.longest = self.driven.longest.max(bytes);
        }
        self.driven.has_chinese |= evidence.reply.as_ref().is_some_and(|reply| !reply.text.is_ascii());
        self.driver.has_succeeded |= fault.is_none();
        let verdict = fault.unwrap_or(&checked.diagnosis.verdict);
        self.driven.trials.push(Trial {
            recording: format!("{}.jsonl", file_name(&levels)),
            levels,
            class: verdict.entry.class,
            code: verdict.entry.code,
            failed: fault.is_some(),
            status: checked.sample.status,
            bytes,
            total_ms: checked.sample.total_ms,
        });
        self.driven.experiment.tell(Outcome { setting, failure: fault.map(|finding| finding.entry.code) });
    }
}

impl Driven {
    /// Who shows in the failures of this explanation, where it is the way or the endpoint that they depend on.
    pub fn via(&self, explanation: &Explanation) -> Option<&str> {
        let Cause::Trigger(trigger) = &explanation.cause else { return None };
        let is_of_way = trigger.0.iter().any(|claim| matches!(claim.factor, Factor::Way | Factor::Place));
        explanation.codes.iter().filter(|_| is_of_way).find_map(|(code, _)| self.who.get(code)).map(String::as_str)
    }
}

impl Told {
    pub fn of(finding: &Finding, lang: Lang) -> Told {
        Told {
            class: finding.entry.class,
            title: finding.say(finding.entry.title, lang),
            at_fault: finding.at_fault,
            advice: finding.entry.advice.iter().map(|advice| finding.say(*advice, lang)).collect(),
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
    const WORDS: Text = text("experiment {pos} of at most {len} {wide_msg}", "实验 {pos}，最多 {len} {wide_msg}");
    if !console.stderr_is_terminal || console.quiet {
        return None;
    }
    let bar = ProgressBar::with_draw_target(Some(u64::from(most)), ProgressDrawTarget::stderr());
    bar.set_style(ProgressStyle::with_template(&format!("{{spinner}} {}", WORDS.get(console.lang))).ok()?);
    bar.enable_steady_tick(Duration::from_millis(120));
    HAS_BAR.store(true, Ordering::Relaxed);
    Some(bar)
}
