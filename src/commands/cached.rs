//! `--cache`: whether an answer is at hand, and whether a new one is worth keeping. A recording that was kept is judged again like any
//! other each time it is found; how it is stored is for `cache` to know.

use std::time::Duration;

use super::console::Console;
use super::live::Attempted;
use super::recording;
use crate::cache::{Cache, Hit, Key};
use crate::cli::ChatArgs;
use crate::config;
use crate::diagnosis::{Severity, diagnose};
use crate::evidence::Evidence;
use crate::exchange::source::Source;
use crate::import;
use crate::lang::{Lang, Text, text};
use crate::plan::Plan;
use crate::report::model::{CachedReport, Report};
use crate::secret::Mask;
use crate::wire::transcript::Transcript;

const NO_PLACE: Text =
    text("there is no cache: neither XDG_CACHE_HOME nor HOME is an absolute path", "没有缓存：XDG_CACHE_HOME 和 HOME 都不是绝对路径");
const NOT_KEPT: Text = text("the answer was not cached: {reason}", "回答未存入缓存：{reason}");

/// The cache, as far as this run goes.
pub struct Answers<'a> {
    cache: Cache,
    lab: Option<&'a str>,
    longest: Duration,
    mask: &'a Mask,
    console: &'a Console,
}

/// An earlier exchange that is as healthy now as it was then.
pub struct Earlier {
    pub transcript: Transcript,
    pub recording: Vec<u8>,
    pub cached: CachedReport,
}

impl<'a> Answers<'a> {
    /// None where no cache is wanted, or there is no place for it.
    pub fn to(args: &'a ChatArgs, mask: &'a Mask, console: &'a Console) -> Option<Answers<'a>> {
        let longest = args.cache?;
        let Some(cache) = Cache::open(&config::environment) else {
            console.note(NO_PLACE.get(console.lang));
            return None;
        };
        Some(Answers { cache, lab: args.lab.as_deref(), longest, mask, console })
    }

    /// The lab's port is another one in every run; the scenario, which is the endpoint's name there, stays.
    fn key(&self, plan: &Plan) -> Key {
        Key::of(plan, self.lab.and(plan.endpoint.strip_prefix("lab/")))
    }

    /// The earlier exchange with the same request. An entry that would not be kept today is no answer, and goes.
    pub fn find(&self, plan: &Plan) -> Option<Earlier> {
        let key = self.key(plan);
        let Hit { recording, stored, age } = self.cache.find(&key, self.longest)?;
        let earlier = replay(&recording).filter(|transcript| is_sound(transcript) && self.is_clean(transcript, &recording));
        let Some(transcript) = earlier else {
            self.cache.discard(&key);
            return None;
        };
        let cached = CachedReport { stored: format!("{stored:.3}"), age_seconds: age.as_secs() };
        Some(Earlier { transcript, recording, cached })
    }

    /// Keeps what was answered, if it is worth it. That it cannot be kept is told and changes nothing: the answer counts.
    pub fn keep(&self, plan: &Plan, attempted: &Attempted) {
        let Some(recording) = attempted.recording.as_ref().filter(|_| attempted.failure.is_none()) else {
            return;
        };
        let is_kept = is_sound(&attempted.transcript)
            && self.is_clean(&attempted.transcript, recording)
            && replay(recording).is_some_and(|again| recording::report(&again) == recording::report(&attempted.transcript));
        if !is_kept {
            return;
        }
        if let Err(error) = self.cache.store(&self.key(plan), recording) {
            let reason = format!("{}: {error}", self.cache.directory().display());
            self.console.note(&NOT_KEPT.fill(self.console.lang, |_| Some(reason.clone())));
        }
    }

    /// No secret of this run stands in it, in whatever form: who stored it may have had others.
    fn is_clean(&self, transcript: &Transcript, recording: &[u8]) -> bool {
        !self.mask.finds_any(recording) && !recording::holds_a_secret(transcript, self.mask)
    }
}

/// The one exchange of a recording, by the road that `llmcheck diagnose` takes. What that road covers, because it looks like a key, makes
/// another answer of it: such an answer is not kept.
fn replay(recording: &[u8]) -> Option<Transcript> {
    let mut transcripts = Vec::new();
    let source = import::read(recording, |transcript| transcripts.push(transcript)).ok()?;
    let transcript = transcripts.pop()?;
    (source == Source::Recording && transcripts.is_empty()).then_some(transcript)
}

/// Nothing at all is to be told of it, and the answer can be printed as a whole.
fn is_sound(transcript: &Transcript) -> bool {
    let evidence = Evidence::gather(transcript);
    let diagnosis = diagnose(&evidence);
    let report = Report::new(&evidence, &diagnosis, Vec::new(), Lang::En);
    report.verdict.severity == Severity::Ok
        && report.findings.is_empty()
        && evidence.answer_is_whole()
        && !report.answer.cut_off
        && evidence.stream().is_none_or(|stream| !stream.has_too_large)
}
