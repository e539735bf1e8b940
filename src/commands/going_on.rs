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
use crate::resilience::join::Joiner;

const GO_ON: &str = "Continue exactly where you stopped, even in the middle of a word. Do not repeat anything, and do not comment on it.";

/// An answer as far as it came, of one piece or several.
pub struct Answered {
    /// How the last exchange ended.
    pub outcome: Outcome,
    /// All pieces joined; none where there is only one.
    pub joined: Option<String>,
    /// Where they meet, in characters.
    pub seams: Vec<u64>,
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
        let outcome = self.ask(question, handout)?;
        let mut text = arrived(&outcome);
        let printed = outcome.attempted.has_printed.then_some(text.len());
        let ended_line = outcome.attempted.ended_line;
        let mut answered = Answered { outcome, joined: None, seams: Vec::new(), printed, ended_line };
        for _ in 0..most {
            if !may_go_on(&answered.outcome, &text) {
                break;
            }
            // On a terminal the note would stand in the midst of the answer's line.
            if answered.printed.is_some() && !answered.ended_line && self.console.stdout_is_terminal && self.console.stderr_is_terminal {
                self.console.tell("\n");
            }
            self.console.note(&note(&answered.outcome, &text, self));
            let routes = going_on(question.routes, &answered.outcome, &text);
            let next = Question {
                routes: &routes,
                first: answered.outcome.route,
                remedy: Some(Remedy::Continue),
                before: Some(&text),
                is_splittable: false,
                ..*question
            };
            let outcome = self.ask(&next, handout)?;
            let piece = arrived(&outcome);
            let has_printed = outcome.attempted.has_printed;
            if has_printed {
                answered.ended_line = outcome.attempted.ended_line;
            }
            answered.outcome = outcome;
            let (longer, seam) = join(&text, &piece, answered.printed.is_some());
            let is_longer = longer.len() > text.len() || seam.is_none() && longer != text;
            answered.seams.extend(seam.filter(|_| is_longer));
            text = longer;
            answered.joined = Some(text.clone());
            if has_printed {
                answered.printed = Some(text.len());
            }
            if !is_longer {
                break;
            }
        }
        Ok(answered)
    }
}

impl Answered {
    /// All that came of the answer; nothing of one that is longer than what is kept.
    pub fn text(&self) -> String {
        self.joined.clone().unwrap_or_else(|| arrived(&self.outcome))
    }
}

/// The text that an exchange brought, with what a cut left of it.
fn arrived(outcome: &Outcome) -> String {
    let evidence = Evidence::gather(&outcome.attempted.transcript);
    let answer = Answer::of(&evidence, &outcome.diagnosis);
    answer.text.filter(|_| !answer.cut_off && evidence.is_success()).unwrap_or_default()
}

/// It stopped in its middle, for a cut or for its limit, and there is something to go on from.
fn may_go_on(outcome: &Outcome, text: &str) -> bool {
    let evidence = Evidence::gather(&outcome.attempted.transcript);
    let entry = outcome.diagnosis.verdict.entry;
    let is_at_limit = entry.code == "token-limit-reached";
    let is_cut = Answer::of(&evidence, &outcome.diagnosis).partial && entry.class != Class::Interrupted;
    let calls_tools = evidence.reply.as_ref().is_some_and(|reply| reply.tool_calls > 0);
    let can_write = outcome.attempted.failure.is_none() && outcome.attempted.audience == Audience::Present;
    // A continuation that brought nothing, of whatever cause, would bring nothing again.
    !text.is_empty() && (is_at_limit || is_cut) && !calls_tools && can_write && outcome.cached.is_none()
}

/// The conversation with what was said so far, at every place where it may be asked; where it was answered, in the way that answered.
fn going_on(routes: &[Plan], outcome: &Outcome, text: &str) -> Vec<Plan> {
    let add = |mut plan: Plan| {
        plan.edit(|body| body.add_messages(&[("assistant", text), ("user", GO_ON)]));
        plan
    };
    let asked = |(index, plan): (usize, &Plan)| if index == outcome.route { plan.vary(&outcome.variation) } else { plan.clone() };
    routes.iter().enumerate().map(asked).map(add).collect()
}

/// The pieces as one text, and where they meet. A model that began anew has said it all again: what is shown already stays before it.
fn join(text: &str, piece: &str, is_shown: bool) -> (String, Option<u64>) {
    let mut joiner = Joiner::new(text);
    let more = joiner.push(piece) + &joiner.finish();
    match (joiner.restarted(), is_shown) {
        (false, _) => (format!("{text}{more}"), Some(text.chars().count() as u64)),
        (true, false) => (more, None),
        (true, true) => (format!("{text}\n{more}"), Some(text.chars().count() as u64)),
    }
}

fn note(outcome: &Outcome, text: &str, asking: &Asking<'_>) -> String {
    const NOTE: Text = self::text("{n} characters, then {code}; asking the model to go on", "收到 {n} 个字符后 {code}；请模型接着往下写");
    NOTE.fill(asking.console.lang, |slot| {
        Some(match slot {
            "n" => text.chars().count().to_string(),
            "code" => outcome.diagnosis.verdict.entry.code.to_string(),
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_repeated_is_dropped_and_the_seam_is_where_the_first_piece_ends() {
        assert_eq!(join("The quick brown fox ju", "quick brown fox jumps", false), ("The quick brown fox jumps".into(), Some(22)));
        assert_eq!(join("one ", "two", false), ("one two".into(), Some(4)));
    }

    #[test]
    fn an_answer_that_begins_anew_takes_the_place_of_its_first_part_unless_that_is_shown() {
        let (first, anew) =
            ("Once upon a time there was a fox who lived in a wood", "Once upon a time there was a fox who lived in a den.");
        assert_eq!(join(first, anew, false), (anew.into(), None));
        assert_eq!(join(first, anew, true), (format!("{first}\n{anew}"), Some(52)));
    }
}
