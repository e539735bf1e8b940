//! `--split`: a long input asked for part by part, the answers one after the other, or joined into one by a last question.

use super::Failure;
use super::asking::{Asking, Question};
use super::going_on::Answered;
use super::handout::Handout;
use super::interrupt::is_stopped;
use crate::cli::SplitArgs;
use crate::evidence::Evidence;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::report::model::Part;
use crate::resilience::split::split;

/// A text that is shorter than this is no long input: whatever is too large, it is something else.
const SHORTEST: usize = 400;

pub fn is_splittable(text: &str) -> bool {
    text.chars().nth(SHORTEST).is_some()
}

/// How often parts are made smaller because one of them was still too large.
const MOST_HALVINGS: u32 = 5;

/// A long input, and how its parts are asked.
pub struct Parts<'a> {
    pub args: &'a SplitArgs,
    /// What to do with each part.
    pub instruction: Option<&'a str>,
    pub text: &'a str,
    /// Characters in a part.
    pub size: usize,
    /// As each part is put, but for its text.
    pub routes: &'a [Plan],
    /// Answers are shown one by one, and as they come where they come as a stream.
    pub shows: bool,
    pub prints: bool,
    pub go_on: u32,
}

/// What came of it.
pub struct Told {
    /// The last exchange.
    pub last: Answered,
    pub parts: Vec<Part>,
    /// The answers, or the one that they were joined into.
    pub text: String,
    /// Every part was answered, and the answers were joined if they were to be.
    pub is_whole: bool,
    /// The text is on stdout.
    pub is_shown: bool,
}

impl Parts<'_> {
    /// Asks for one part after the other, up to the first that fails. `show` prints an answer.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(
        &self,
        asking: &mut Asking<'_>,
        handout: &mut Handout<'_>,
        mut show: impl FnMut(&mut Answered, bool) -> Result<(), Failure>,
    ) -> Result<Told, Failure> {
        let shows = self.shows && self.args.reduce_prompt.is_none();
        let mut parts = Vec::new();
        let mut answers: Vec<String> = Vec::new();
        let mut rest = self.text;
        let (mut size, mut halvings) = (self.size, 0);
        loop {
            let ranges = split(rest, size);
            let first = ranges.first().map_or(rest, |range| &rest[range.clone()]);
            let numbers = (answers.len() + 1, answers.len() + ranges.len().max(1));
            asking.console.note(&progress(numbers, first, asking));
            let instruction = self.args.split_prompt.as_deref().or(self.instruction);
            let message = with_text(instruction, numbers, first);
            if shows && self.prints && !answers.is_empty() {
                asking.console.print("\n")?;
            }
            let (mut answered, part) = self.put(asking, handout, &message, first, shows && self.prints)?;
            if let Some(smaller) = answered.outcome.split.filter(|_| halvings < MOST_HALVINGS) {
                halvings += 1;
                size = smaller.min(size / 2).max(100);
                continue;
            }
            parts.push(part);
            let text = answered.text();
            if shows {
                show(&mut answered, answers.is_empty())?;
            }
            answers.push(text);
            rest = &rest[first.len()..];
            let is_good = is_good(&answered);
            if rest.is_empty() || !is_good || is_stopped() {
                let is_whole = is_good && rest.is_empty();
                let told = Told { last: answered, parts, text: answers.join("\n\n"), is_whole, is_shown: shows };
                return match &self.args.reduce_prompt {
                    Some(prompt) if is_whole => self.reduce(asking, handout, prompt, answers, told),
                    _ => Ok(told),
                };
            }
        }
    }

    /// Joins the answers, as many at a time as fit, until one is left.
    fn reduce(
        &self,
        asking: &mut Asking<'_>,
        handout: &mut Handout<'_>,
        prompt: &str,
        mut answers: Vec<String>,
        mut told: Told,
    ) -> Result<Told, Failure> {
        const REDUCING: Text = text("joining {n} answers into {m}", "将 {n} 个回答合并为 {m} 个");
        loop {
            let groups = grouped(&answers, self.size);
            let slots = [("n", answers.len().to_string()), ("m", groups.len().to_string())];
            let value = |slot: &str| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone());
            asking.console.note(&REDUCING.fill(asking.console.lang, value));
            let mut joined = Vec::new();
            for group in groups {
                let message = with_text(Some(prompt), (1, 1), &group);
                let (answered, part) = self.put(asking, handout, &message, &group, false)?;
                told.parts.push(Part { reduces: true, ..part });
                joined.push(answered.text());
                told.is_whole = is_good(&answered);
                told.last = answered;
                if !told.is_whole || is_stopped() {
                    told.text = joined.pop().unwrap_or_default();
                    return Ok(told);
                }
            }
            answers = joined;
            if answers.len() == 1 {
                told.text = answers.swap_remove(0);
                return Ok(told);
            }
        }
    }

    fn put(
        &self,
        asking: &mut Asking<'_>,
        handout: &mut Handout<'_>,
        message: &str,
        part: &str,
        prints: bool,
    ) -> Result<(Answered, Part), Failure> {
        let ask_for = |plan: &Plan| {
            let mut plan = plan.clone();
            plan.edit(|body| body.ask_instead(message));
            plan
        };
        let routes: Vec<Plan> = self.routes.iter().map(ask_for).collect();
        let before = asking.attempts.len();
        let question = Question { routes: &routes, first: 0, remedy: None, prints, before: None, is_splittable: is_splittable(part) };
        let answered = asking.ask_on(&question, self.go_on, handout)?;
        let entry = answered.outcome.diagnosis.verdict.entry;
        let told = Part {
            characters: part.chars().count() as u64,
            class: entry.class,
            code: entry.code,
            attempts: asking.attempts.len() - before,
            reduces: false,
        };
        Ok((answered, told))
    }
}

/// It is answered, and the next one may be asked.
fn is_good(answered: &Answered) -> bool {
    let outcome = &answered.outcome;
    let evidence = Evidence::gather(&outcome.attempted.transcript);
    outcome.attempted.failure.is_none() && (outcome.diagnosis.is_healthy() || evidence.answer_is_whole())
}

fn with_text(instruction: Option<&str>, (part, parts): (usize, usize), text: &str) -> String {
    let text = text.trim_end_matches(['\n', '\r']);
    match instruction {
        Some(instruction) => {
            let instruction = instruction.replace("{part}", &part.to_string()).replace("{parts}", &parts.to_string());
            format!("{instruction}\n\n{text}")
        }
        None => text.to_string(),
    }
}

/// Answers in groups that are no longer than `size` together, and of two at least, so that they become fewer.
fn grouped(answers: &[String], size: usize) -> Vec<String> {
    let mut groups: Vec<(usize, String)> = Vec::new();
    for answer in answers {
        match groups.last_mut() {
            Some((count, group)) if *count < 2 || group.chars().count() + answer.chars().count() + 2 <= size => {
                *count += 1;
                group.push_str("\n\n");
                group.push_str(answer);
            }
            _ => groups.push((1, answer.clone())),
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

fn progress((part, parts): (usize, usize), text: &str, asking: &Asking<'_>) -> String {
    const PROGRESS: Text = self::text("part {part} of {parts}: {n} characters", "第 {part} 段，共 {parts} 段：{n} 个字符");
    PROGRESS.fill(asking.console.lang, |slot| {
        Some(match slot {
            "part" => part.to_string(),
            "parts" => parts.to_string(),
            "n" => text.chars().count().to_string(),
            _ => return None,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_joined_as_many_as_fit_and_always_become_fewer() {
        let answers = |lengths: &[usize]| lengths.iter().map(|length| "a".repeat(*length)).collect::<Vec<_>>();
        let sizes = |lengths: &[usize], size| grouped(&answers(lengths), size).iter().map(String::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[10, 10, 10], 100), [34]);
        assert_eq!(sizes(&[10, 10, 10], 25), [22, 10]);
        assert_eq!(sizes(&[50, 50, 50, 50], 10), [102, 102]);
        assert_eq!(sizes(&[50], 10), [50]);
    }

    #[test]
    fn an_instruction_knows_the_number_of_its_part() {
        assert_eq!(with_text(Some("Part {part} of {parts}:"), (2, 3), "text\n"), "Part 2 of 3:\n\ntext");
        assert_eq!(with_text(None, (1, 1), "{part}\n"), "{part}");
    }
}
