//! `--continue`: the model is asked to go on where its answer was cut or came to its token limit, and the pieces are joined.

use super::Failure;
use super::asking::{Asking, Outcome, Question};
use super::console::Reader as Audience;
use super::handout::Handout;
use crate::cli::Remedy;
use crate::diagnosis::Class;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::report::model::Answer;
use crate::resilience::join::{Joined, Piece};

const GO_ON: &str = "Continue exactly where you stopped, even in the middle of a word. Do not repeat anything, and do not comment on it.";

/// An answer as far as it came, of one piece or several.
pub struct Answered {
    /// How the last exchange ended.
    pub outcome: Outcome,
    /// All that came, with what a cut left of it; nothing of a text that is longer than what is kept.
    pub joined: Joined,
    /// The model was asked to go on: the text is not that of the last exchange alone.
    pub is_of_several: bool,
    /// How much of it is on stdout, in bytes, if any is, and whether that ends a line.
    pub printed: Option<usize>,
    pub ended_line: bool,
}

impl Asking<'_> {
    /// Asks, and asks on up to `most` times.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask_on(&mut self, question: &Question<'_>, most: u32, handout: &mut Handout<'_>) -> Result<Answered, Failure> {
        let mut answered = Answered::of(self.ask(question, handout)?);
        for _ in 0..most {
            let Some(routes) = self.routes_on(question.routes, &mut answered) else { break };
            self.announce(&answered);
            let before = answered.joined.text.clone();
            let next = Question {
                routes: &routes,
                first: answered.outcome.route,
                remedy: Some(Remedy::Continue),
                // What goes on from something that is not there yet has to wait for it.
                prints: question.prints && answered.is_shown(),
                lead: "",
                before: Some(&before),
                is_splittable: false,
            };
            let outcome = self.ask(&next, handout)?;
            self.set_aside(std::mem::replace(&mut answered.outcome, outcome), handout);
            if !answered.take_piece() {
                break;
            }
        }
        if answered.outcome.split.is_none() {
            self.tell_stop(&answered.outcome);
        }
        Ok(answered)
    }

    /// The conversation with what was said so far, at every place where it may be asked; none where the answer is not to be gone on with.
    fn routes_on(&self, routes: &[Plan], answered: &mut Answered) -> Option<Vec<Plan>> {
        const NO_MESSAGES: Text = text("not asked to go on: the body holds no messages", "不再请模型续写：请求体中没有 messages");
        const KEY: Text =
            text("not asked to go on: the answer seems to be cut within your key", "不再请模型续写：回答似乎恰好断在你的 key 中间");
        answered.stopped_by()?;
        if let Some(reason) = self.bound_reached() {
            answered.outcome.reason = reason;
            return None;
        }
        let said = &answered.joined.text;
        let longer = routes.iter().map(|plan| plan.go_on(&[("assistant", said), ("user", GO_ON)])).collect();
        let why_not = match longer {
            None => NO_MESSAGES,
            Some(_) if self.mask.may_end_within(&self.mask.cover_cut_text(said)) => KEY,
            longer => return longer,
        };
        self.console.note(why_not.get(self.console.lang));
        None
    }

    fn announce(&self, answered: &Answered) {
        const NOTE: Text = text("{n} characters, then {code}; asking the model to go on", "收到 {n} 个字符后 {code}；请模型接着往下写");
        // On a terminal the note would stand in the midst of the answer's line.
        if answered.printed.is_some() && !answered.ended_line && self.console.stdout_is_terminal && self.console.stderr_is_terminal {
            self.console.tell("\n");
        }
        self.console.note(&NOTE.fill(self.console.lang, |slot| {
            Some(match slot {
                "n" => answered.joined.text.chars().count().to_string(),
                "code" => answered.stopped_by()?.to_string(),
                _ => return None,
            })
        }));
    }
}

impl Answered {
    fn of(outcome: Outcome) -> Answered {
        let joined = Joined::of(outcome.arrived());
        let printed = outcome.attempted.has_printed.then_some(joined.text.len());
        let ended_line = outcome.attempted.ended_line;
        Answered { outcome, joined, is_of_several: false, printed, ended_line }
    }

    /// Takes in what the last exchange brought; `false` if that is nothing.
    fn take_piece(&mut self) -> bool {
        let text = self.outcome.arrived();
        let piece = Piece { text: &text, is_whole: self.outcome.is_answered() };
        let is_longer = self.joined.add(piece, self.printed.is_some());
        self.is_of_several = true;
        if self.outcome.attempted.has_printed {
            self.printed = Some(self.joined.text.len());
            self.ended_line = self.outcome.attempted.ended_line;
        }
        is_longer
    }

    /// All of it is on stdout.
    fn is_shown(&self) -> bool {
        self.printed == Some(self.joined.text.len())
    }

    /// The code of what stopped it in its middle, a cut or its limit; none where there is nothing to go on from.
    fn stopped_by(&self) -> Option<&'static str> {
        const LIMIT: &str = "token-limit-reached";
        let Outcome { attempted, diagnosis, .. } = &self.outcome;
        let evidence = Evidence::gather(&attempted.transcript);
        if self.joined.text.is_empty() || evidence.calls_tools() || !self.outcome.can_write() {
            return None;
        }
        let entry = diagnosis.verdict.entry;
        let is_cut = Answer::of(&evidence, diagnosis).partial && entry.class != Class::Interrupted;
        let is_at_limit = diagnosis.findings.iter().any(|finding| finding.entry.code == LIMIT);
        if is_cut { Some(entry.code) } else { is_at_limit.then_some(LIMIT) }
    }
}

impl Outcome {
    /// The text that the exchange brought.
    fn arrived(&self) -> String {
        Answer::arrived(&Evidence::gather(&self.attempted.transcript), &self.diagnosis)
    }

    /// It is answered, whatever else is wrong.
    pub fn is_answered(&self) -> bool {
        self.diagnosis.is_healthy() || Evidence::gather(&self.attempted.transcript).answer_is_whole()
    }

    /// The text is longer than what is kept of it.
    pub fn is_cut_off(&self) -> bool {
        Answer::of(&Evidence::gather(&self.attempted.transcript), &self.diagnosis).cut_off
    }

    /// What goes on from it can be written.
    pub fn can_write(&self) -> bool {
        self.attempted.failure.is_none() && self.attempted.audience == Audience::Present
    }
}
