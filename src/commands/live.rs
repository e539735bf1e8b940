//! One live attempt: the events of an exchange recorded, read, and its text printed as it comes.

use std::fs::File;
use std::io::Seek as _;
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Failure;
use super::console::{Console, Reader as Audience};
use super::interrupt::STOP;
use super::recording::{self, Halves, Kept};
use crate::evidence::Evidence;
use crate::exchange::recording::{Asked, Event, Recorder};
use crate::exchange::{self, Caller, Listen, Next};
use crate::plan::Plan;
use crate::resilience::join::Joiner;
use crate::secret::{Mask, MaskedFlow, Secret};
use crate::wire::content::Form;
use crate::wire::reader::Reader;
use crate::wire::transcript::Transcript;

/// How one attempt went.
pub struct Attempted {
    pub transcript: Transcript,
    /// Text of the answer is on stdout.
    pub has_printed: bool,
    /// The last text printed ended with a line feed.
    pub ended_line: bool,
    /// Nobody reads stdout any more.
    pub audience: Audience,
    /// stdout or the recording could not be written.
    pub failure: Option<Failure>,
    /// The recording, where it was to be kept, is no larger than an entry of the cache and holds no secret.
    pub recording: Option<Vec<u8>>,
    /// Halves of a secret, each to be masked as one itself.
    pub halves: Vec<Secret>,
}

/// What is done with what comes, beside reading it.
#[derive(Clone, Copy)]
pub struct Wishes<'a> {
    pub record: Option<&'a File>,
    /// What brings more bytes than this is not recorded: the recording is taken back.
    pub most: Option<u64>,
    /// The recording is given back as well.
    pub keep: bool,
    /// A stream's text is let out as it arrives.
    pub print: bool,
    /// What is printed before the first text.
    pub lead: &'static str,
    /// The text that the answer goes on from: what it repeats of that is not printed again.
    pub before: Option<&'a str>,
}

/// Performs the plan once, over a connection of its own.
///
/// # Errors
/// When llmcheck cannot do its part: the plan cannot be performed, or the recording cannot be written.
pub fn attempt(plan: &Plan, asked: Asked, wishes: Wishes<'_>, console: &Console) -> Result<Attempted, Failure> {
    attempt_by(None, plan, asked, wishes, console)
}

/// The same by a caller who may keep its connection.
///
/// # Errors
/// As for [`attempt`].
pub fn attempt_by(
    caller: Option<&mut Caller>,
    plan: &Plan,
    asked: Asked,
    wishes: Wishes<'_>,
    console: &Console,
) -> Result<Attempted, Failure> {
    let Wishes { record, most, keep, print, lead, before } = wishes;
    let mask = Mask::of_responses(&plan.secrets);
    let recorded_before = record.and_then(|mut file| file.stream_position().ok());
    let recorder = match record {
        Some(file) => Some(file.try_clone().and_then(|file| Recorder::begin(file, &asked)).map_err(recording::failure)?),
        None => None,
    };
    let kept = if keep { Recorder::begin(Kept::default(), &asked).ok() } else { None };
    let live = Live {
        reader: Reader::new(asked),
        recorder,
        most,
        is_over: false,
        kept,
        // Under a content coding a key may come that the mask on the wire cannot see.
        text: MaskedFlow::after(mask.clone(), before.unwrap_or_default()),
        print,
        lead,
        joiner: before.map(Joiner::new),
        has_spoken: false,
        console: *console,
        spinner: spinner(console),
        has_printed: false,
        ended_line: true,
        audience: Audience::Present,
        failure: None,
    };
    let performed = match caller {
        None => exchange::perform(plan, live, &STOP),
        Some(caller) => caller.perform(plan, &plan.body, live, &STOP),
    };
    let mut live = performed.map_err(Failure::Usage)?;
    let mut transcript = std::mem::take(&mut live.reader).finish();
    live.finish(&mut transcript);
    if live.is_over {
        live.take_back(record.zip(recorded_before));
    }
    let Live { kept, has_printed, ended_line, audience, mut failure, .. } = live;
    let mut recording = kept.map(|kept| kept.into_inner().bytes);
    let halves = Halves::of(&transcript, before.unwrap_or_default(), &mask);
    let is_recorded = recorded_before.is_some() || recording.is_some();
    let is_unmasked = |transcript| halves.begun.is_some() || recording::holds_a_secret(transcript, &mask);
    if halves.rest.is_some() || is_recorded && is_unmasked(&transcript) {
        recording = None;
        if let (Some(file), Some(length)) = (record, recorded_before) {
            failure = failure.or(recording::withdraw(file, length).err());
            let words = if halves.rest.is_some() { recording::WITHDRAWN_AT_SEAM } else { recording::WITHDRAWN };
            console.note(words.get(console.lang));
        }
    }
    let halves: Vec<Secret> = [halves.begun, halves.rest].into_iter().flatten().collect();
    // An excerpt that ends within one would show what is left of it.
    let mask = Mask::of_responses(&halves);
    transcript.received.overwrite(|bytes| mask.cover(bytes));
    Ok(Attempted { transcript, has_printed, ended_line, audience, failure, recording, halves })
}

/// The text that only the end of the stream has shown: of an event that lacked its empty line, or one that was cut.
fn last_words(transcript: &mut Transcript) -> String {
    let form = transcript.response.as_mut().map(|response| &mut response.content.form);
    let Some(Form::Stream(stream)) = form else {
        return String::new();
    };
    let late = stream.take_fresh();
    if stream.halves().next().is_none() {
        return late;
    }
    let evidence = Evidence::gather(transcript);
    let half = evidence.salvaged.as_deref().filter(|_| evidence.is_success());
    late + half.unwrap_or_default()
}

/// A spinner with the time and the bytes so far, on a terminal only, and only for who has to wait: a quick answer needs none.
fn spinner(console: &Console) -> Option<ProgressBar> {
    const PATIENCE: Duration = Duration::from_millis(300);
    if !console.stderr_is_terminal || console.quiet {
        return None;
    }
    let spinner = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    if let Ok(style) = ProgressStyle::with_template("{spinner} {elapsed} {bytes}") {
        spinner.set_style(style);
    }
    let shown = spinner.clone();
    thread::spawn(move || {
        thread::sleep(PATIENCE);
        if !shown.is_finished() {
            shown.set_draw_target(ProgressDrawTarget::stderr());
            shown.enable_steady_tick(Duration::from_millis(120));
        }
    });
    Some(spinner)
}

struct Live {
    reader: Reader,
    recorder: Option<Recorder<File>>,
    most: Option<u64>,
    /// More has come than is recorded.
    is_over: bool,
    kept: Option<Recorder<Kept>>,
    text: MaskedFlow,
    print: bool,
    lead: &'static str,
    joiner: Option<Joiner>,
    /// Text of the answer has come, of which the mask may still hold some back.
    has_spoken: bool,
    console: Console,
    spinner: Option<ProgressBar>,
    has_printed: bool,
    ended_line: bool,
    audience: Audience,
    failure: Option<Failure>,
}

impl Listen for Live {
    fn hear(&mut self, event: &Event<'_>) -> Next {
        if let Some(recorder) = &mut self.recorder
            && let Err(error) = recorder.write(event)
        {
            self.recorder = None;
            self.failure.get_or_insert(recording::failure(error));
        }
        if let Some(kept) = &mut self.kept
            && kept.write(event).is_err()
        {
            self.kept = None;
        }
        let next = self.reader.hear(event);
        if self.most.is_some_and(|most| self.reader.received() > most) {
            self.is_over |= self.recorder.take().is_some();
        }
        if let Some(spinner) = &self.spinner {
            spinner.set_position(self.reader.received());
        }
        if let Some(fresh) = self.reader.take_fresh_text()
            && self.print
        {
            self.say(fresh);
        }
        if self.audience == Audience::Gone { Next::Stop } else { next }
    }
}

/// What is to be printed of a continuation. One that begins the answer anew begins on a line of its own.
fn joined(joiner: &mut Joiner, take: impl FnOnce(&mut Joiner) -> String) -> String {
    let had_begun_anew = joiner.restarted();
    let text = take(joiner);
    if joiner.restarted() && !had_begun_anew { format!("\n{text}") } else { text }
}

impl Live {
    fn say(&mut self, text: String) {
        self.has_spoken = true;
        let text = match &mut self.joiner {
            Some(joiner) => joined(joiner, |joiner| joiner.push(&text)),
            None => text,
        };
        self.let_out(text);
    }

    fn let_out(&mut self, text: String) {
        let mut bytes = text.into_bytes();
        let shown = self.text.pass(&mut bytes).into_owned();
        self.show(&shown);
    }

    fn show(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.audience == Audience::Gone || self.failure.is_some() {
            return;
        }
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
        let text = String::from_utf8_lossy(bytes);
        let lead = std::mem::take(&mut self.lead);
        self.has_printed = true;
        self.ended_line = text.ends_with('\n');
        match self.console.print(&format!("{lead}{text}")) {
            Ok(audience) => self.audience = audience,
            Err(failure) => {
                self.failure.get_or_insert(failure);
                self.audience = Audience::Gone;
            }
        }
    }

    /// What is recorded of an exchange that is too large, in this file from here on.
    fn take_back(&mut self, recorded: Option<(&File, u64)>) {
        if let Some((file, length)) = recorded {
            let failure = recording::withdraw(file, length).err();
            self.failure = self.failure.take().or(failure);
            self.console.note(recording::TOO_LARGE.get(self.console.lang));
        }
    }

    fn finish(&mut self, transcript: &mut Transcript) {
        // Were it the first to be printed, there could be no other attempt for its sake.
        if self.print && self.has_spoken {
            self.say(last_words(transcript));
        }
        if let Some(mut joiner) = self.joiner.take().filter(|_| self.print) {
            self.let_out(joined(&mut joiner, Joiner::finish));
        }
        let rest = self.text.finish();
        if self.print {
            self.show(&rest);
        }
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }
}
