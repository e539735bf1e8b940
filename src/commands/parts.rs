//! `--split`: a long input asked for part by part, the answers one after the other, or joined into one by a last question.

use std::collections::VecDeque;
use std::ops::Range;

use anyhow::anyhow;

use super::Failure;
use super::answer;
use super::asking::{Asking, Outcome, Question};
use super::going_on::Answered;
use super::handout::Handout;
use super::prompt::Prompt;
use super::steps;
use super::told::Told;
use crate::cli::{ChatArgs, Remedy, SplitArgs};
use crate::diagnosis::Severity;
use crate::lang::{Text, text};
use crate::plan::Plan;
use crate::report::model::Part;
use crate::resilience::join::Joined;
use crate::resilience::recovery::Reason;
use crate::resilience::split::split;

/// A text that is shorter than this is no long input: whatever is too large, it is something else.
const SHORTEST: usize = 400;
/// Smaller parts are of no use.
const SMALLEST_PART: usize = 100;
/// How often parts are made smaller because one of them was still too large.
const MOST_HALVINGS: u32 = 5;

/// A text that can be asked for in parts, and what is to be done with it.
#[derive(Clone, Copy)]
pub struct LongInput<'a> {
    args: &'a SplitArgs,
    /// The prompt, where the text came beside it.
    instruction: Option<&'a str>,
    text: &'a str,
}

impl<'a> LongInput<'a> {
    /// None where there is no text, but a body or a conversation.
    ///
    /// # Errors
    /// When the flags ask for what cannot be.
    pub fn of(args: &'a ChatArgs, prompt: &'a Prompt) -> Result<Option<LongInput<'a>>, Failure> {
        let SplitArgs { split, split_prompt, reduce_prompt } = &args.split;
        let may_recover = args.recover.recover.as_ref().is_some_and(|named| named.is_empty() || named.contains(&Remedy::Split));
        if (split_prompt.is_some() || reduce_prompt.is_some()) && split.is_none() && !may_recover {
            return Err(Failure::Usage(anyhow!("--split-prompt and --reduce-prompt are for parts: add --split SIZE, or --recover")));
        }
        let (instruction, text) = prompt.instruction_and_text();
        let text = text.filter(|text| args.request.body.is_none() && !text.trim().is_empty());
        if split.is_some() && text.is_none() {
            return Err(Failure::Usage(anyhow!("there is no text to split; give it as an argument or pipe it in")));
        }
        Ok(text.map(|text| LongInput { args: &args.split, instruction, text }))
    }

    /// It is long, and there is a place to cut it at.
    pub fn is_splittable(&self) -> bool {
        is_splittable(self.text)
    }

    /// The size of parts that are certainly smaller than all of it.
    pub fn smaller(&self, size: usize) -> usize {
        smaller(self.text, size)
    }

    /// The request for the first part, and how many there are.
    pub fn first_request(&self, plan: &Plan, size: usize) -> (Plan, usize) {
        let parts = cut(self.text, 0, size);
        let first = parts.front().cloned().unwrap_or_default();
        (asking_for(plan, &self.message((1, parts.len()), &self.text[first])), parts.len())
    }

    fn message(&self, (part, parts): (usize, usize), text: &str) -> String {
        let numbered = |prompt: &String| prompt.replace("{parts}", &parts.to_string()).replace("{part}", &part.to_string());
        let instruction = self.args.split_prompt.as_ref().map(numbered).or(self.instruction.map(str::to_string));
        with_text(instruction.as_deref(), text)
    }
}

/// How the parts are asked.
pub struct Manner<'a> {
    /// As the question is put to each endpoint and model, but for the text.
    pub routes: &'a [Plan],
    /// Answers are shown one by one, and as they come where they come as a stream.
    pub shows: bool,
    pub prints: bool,
    /// How often the model may be asked to go on with an answer.
    pub go_on: u32,
    /// The input as a whole was too large.
    pub is_remedy: bool,
}

/// A long input on its way.
pub struct Parts<'a, 'b, 'c> {
    input: LongInput<'a>,
    manner: Manner<'a>,
    asking: &'a mut Asking<'b>,
    handout: &'a mut Handout<'c>,
    /// Which route answered last: the next part is asked there first.
    route: usize,
    attempts_before: usize,
    parts: Vec<Part>,
    answers: Vec<String>,
    seams: Vec<u64>,
    has_shown: bool,
    reported: Option<Outcome>,
    unasked: Option<(usize, Reason)>,
}

impl<'a, 'b, 'c> Parts<'a, 'b, 'c> {
    pub fn new(input: LongInput<'a>, manner: Manner<'a>, asking: &'a mut Asking<'b>, handout: &'a mut Handout<'c>) -> Self {
        Parts {
            input,
            manner,
            asking,
            handout,
            route: 0,
            attempts_before: 0,
            parts: Vec::new(),
            answers: Vec::new(),
            seams: Vec::new(),
            has_shown: false,
            reported: None,
            unasked: None,
        }
    }

    /// Asks for one part after the other, up to the first that fails, and then for all answers to be joined, if they are to be.
    ///
    /// # Errors
    /// When llmcheck cannot do its part.
    pub fn ask(mut self, mut size: usize) -> Result<Told, Failure> {
        let shows = self.manner.shows && self.input.args.reduce_prompt.is_none();
        let mut remedy = self.manner.is_remedy.then_some(Remedy::Split);
        let mut halvings = 0;
        let mut ranges = cut(self.input.text, 0, size);
        while let Some(range) = ranges.pop_front() {
            if self.is_at_bound(ranges.len() + 1) {
                break;
            }
            let numbers = (self.parts.len() + 1, self.parts.len() + 1 + ranges.len());
            let part = &self.input.text[range.clone()];
            self.asking.console.note(&progress(numbers, part, self.asking));
            let may_split = halvings < MOST_HALVINGS && is_splittable(part);
            let answered = self.put(&self.input.message(numbers, part), remedy, shows && self.manner.prints, may_split)?;
            remedy = None;
            if let Some(smaller) = answered.outcome.split {
                size = self::smaller(part, smaller.min(size / 2));
                halvings += 1;
                remedy = Some(Remedy::Split);
                ranges = cut(self.input.text, range.start, size);
                let Outcome { diagnosis, attempts, .. } = &answered.outcome;
                self.asking.console.note(&steps::split(diagnosis, *attempts, size, self.asking.console));
                self.asking.set_aside(answered.outcome, self.handout);
                continue;
            }
            self.count(part, &answered.outcome, false);
            if !self.take_answer(answered, shows) {
                self.unasked = (!ranges.is_empty()).then_some((ranges.len(), Reason::Over));
                return self.told(shows);
            }
        }
        match &self.input.args.reduce_prompt {
            Some(prompt) if self.unasked.is_none() && !self.answers.is_empty() => self.reduce(prompt, size),
            _ => self.told(shows),
        }
    }

    /// Joins the answers, as many at a time as fit, until one is left. Where that fails, they stand as they are.
    fn reduce(mut self, prompt: &str, size: usize) -> Result<Told, Failure> {
        const REDUCING: Text = text("joining {n} answers into {m}", "将 {n} 个回答合并为 {m} 个");
        loop {
            let groups = grouped(&self.answers, size);
            let slots = [("n", self.answers.len().to_string()), ("m", groups.len().to_string())];
            let value = |slot: &str| slots.iter().find(|(name, _)| *name == slot).map(|(_, value)| value.clone());
            self.asking.console.note(&REDUCING.fill(self.asking.console.lang, value));
            let is_last = groups.len() == 1;
            let mut answers = Vec::new();
            for (index, group) in groups.iter().enumerate() {
                if self.is_at_bound(groups.len() - index) {
                    return self.told(false);
                }
                let prints = is_last && self.manner.prints;
                let answered = self.put(&with_text(Some(prompt), group), None, prints, false)?;
                self.count(group, &answered.outcome, true);
                let brings_text = answered.outcome.is_answered() && !answered.joined.text.is_empty();
                if is_last && (brings_text || answered.printed.is_some()) {
                    (self.answers, self.seams) = (Vec::new(), Vec::new());
                    let shows = self.manner.shows;
                    self.take_answer(answered, shows);
                    return self.told(shows);
                }
                if !(brings_text && answered.outcome.can_write()) {
                    self.tell_failed_reduction();
                    self.weigh(answered.outcome, true);
                    return self.told(false);
                }
                answers.push(answered.joined.text);
                self.weigh(answered.outcome, false);
            }
            (self.answers, self.seams) = (answers, Vec::new());
        }
    }

    fn tell_failed_reduction(&self) {
        const APART: Text = text(
            "the answers to the parts could not be joined into one, and are given one after the other",
            "各段的回答未能合并为一个，改为依次给出",
        );
        self.asking.console.note(APART.get(self.asking.console.lang));
    }

    /// No further attempt may begin, though so many parts are left.
    fn is_at_bound(&mut self, left: usize) -> bool {
        let reached = if self.parts.is_empty() { None } else { self.asking.bound_reached() };
        self.unasked = reached.map(|reason| (left, reason));
        self.unasked.is_some()
    }

    fn put(&mut self, message: &str, remedy: Option<Remedy>, prints: bool, is_splittable: bool) -> Result<Answered, Failure> {
        let routes: Vec<Plan> = self.manner.routes.iter().map(|plan| asking_for(plan, message)).collect();
        let lead = if self.has_shown { "\n" } else { "" };
        let question = Question { routes: &routes, first: self.route, remedy, prints, lead, before: None, is_splittable };
        self.asking.ask_on(&question, self.manner.go_on, self.handout)
    }

    fn count(&mut self, text: &str, outcome: &Outcome, reduces: bool) {
        let entry = outcome.diagnosis.verdict.entry;
        let attempts = self.asking.attempts.len() - self.attempts_before;
        self.attempts_before = self.asking.attempts.len();
        let (characters, cached) = (text.chars().count() as u64, outcome.cached.is_some());
        self.parts.push(Part { characters, class: entry.class, code: entry.code, attempts, reduces, cached });
    }

    /// Shows an answer, if it is to be, and keeps it; `false` if no other may follow.
    fn take_answer(&mut self, mut answered: Answered, shows: bool) -> bool {
        if shows {
            let lead = if self.has_shown { "\n" } else { "" };
            answer::show(&mut answered, lead, self.asking.console, self.asking.mask);
            self.has_shown |= answered.printed.is_some();
        }
        let Answered { outcome, joined, printed, .. } = answered;
        if !joined.text.is_empty() {
            let before: usize = self.answers.iter().map(|answer| answer.chars().count() + BETWEEN.len()).sum();
            self.seams.extend(joined.seams.iter().map(|seam| before as u64 + seam));
            self.answers.push(joined.text);
        }
        self.route = outcome.route;
        // What is too long to be kept is there only if it was let out as it came.
        let is_there = printed.is_some() || !outcome.is_cut_off();
        let goes_on = outcome.is_answered() && outcome.can_write() && is_there;
        self.weigh(outcome, !goes_on);
        goes_on
    }

    /// Keeps the exchange that is to be reported: the one that ended it all, or the first of the worst, or the last where all went well.
    fn weigh(&mut self, outcome: Outcome, is_end: bool) {
        let severity = |outcome: &Outcome| outcome.diagnosis.verdict.entry.severity;
        let other = match self.reported.take() {
            Some(known) if !is_end && severity(&known) > Severity::Ok && severity(&known) >= severity(&outcome) => {
                self.reported = Some(known);
                Some(outcome)
            }
            known => {
                self.reported = Some(outcome);
                known
            }
        };
        if let Some(other) = other {
            self.asking.set_aside(other, self.handout);
        }
    }

    fn told(self, is_shown: bool) -> Result<Told, Failure> {
        let Parts { answers, seams, parts, unasked, reported, has_shown, .. } = self;
        let outcome = reported.ok_or_else(|| Failure::Internal(anyhow!("there was no part to ask for")))?;
        let joined = Some(Joined { text: answers.join(BETWEEN), seams });
        Ok(Told { outcome, joined, parts, unasked, is_shown: is_shown && has_shown })
    }
}

/// What stands between the answers to two parts.
const BETWEEN: &str = "\n\n";

/// The text from here on in parts of this size, less those that are blank.
fn cut(text: &str, from: usize, size: usize) -> VecDeque<Range<usize>> {
    let ranges = split(&text[from..], size).into_iter().map(|range| from + range.start..from + range.end);
    ranges.filter(|range| !text[range.clone()].trim().is_empty()).collect()
}

fn is_splittable(text: &str) -> bool {
    let characters = text.chars().count();
    characters > SHORTEST && cut(text, 0, characters / 2).len() > 1
}

fn smaller(text: &str, size: usize) -> usize {
    size.min(text.chars().count() / 2).max(SMALLEST_PART)
}

fn asking_for(plan: &Plan, message: &str) -> Plan {
    let mut plan = plan.clone();
    plan.edit(|body| body.ask_instead(message));
    plan
}

fn with_text(instruction: Option<&str>, text: &str) -> String {
    let text = text.trim_end_matches(['\n', '\r']);
    match instruction {
        Some(instruction) => format!("{instruction}\n\n{text}"),
        None => text.to_string(),
    }
}

/// Answers in groups that are no longer than `size` together, and of two at least, so that they become fewer.
fn grouped(answers: &[String], size: usize) -> Vec<String> {
    let mut groups: Vec<(usize, String)> = Vec::new();
    for answer in answers {
        match groups.last_mut() {
            Some((count, group)) if *count < 2 || group.chars().count() + answer.chars().count() + BETWEEN.len() <= size => {
                *count += 1;
                group.push_str(BETWEEN);
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
    fn only_a_split_prompt_knows_the_number_of_its_part() {
        let message = |split_prompt: Option<&str>, instruction| {
            let args = SplitArgs { split: None, split_prompt: split_prompt.map(str::to_string), reduce_prompt: None };
            LongInput { args: &args, instruction, text: "" }.message((2, 3), "{part}\n")
        };
        assert_eq!(message(Some("Part {part} of {parts}:"), Some("Ignored")), "Part 2 of 3:\n\n{part}");
        assert_eq!(message(None, Some("What is {part}?")), "What is {part}?\n\n{part}");
        assert_eq!(message(None, None), "{part}");
    }

    #[test]
    fn a_part_is_never_blank_and_what_has_no_place_to_cut_is_not_splittable() {
        let text = format!("one.{}two.", "\n".repeat(300));
        let parts: Vec<&str> = cut(&text, 0, 100).into_iter().map(|range| text[range].trim()).collect();
        assert_eq!(parts, ["one.", "two."]);
        let fence = format!("```\n{}```\n", "code\n".repeat(200));
        assert!(!is_splittable(&fence) && is_splittable(&format!("Before.\n\n{fence}")));
        assert!(!is_splittable(&"short. ".repeat(50)) && is_splittable(&"long. ".repeat(100)));
    }
}
