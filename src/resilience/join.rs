//! Joins what a model says when it is asked to continue to what is there already: what it repeats is dropped, and nothing else is.
//! Text is held back only until that is decided, so that a stream still flows.

/// Bytes at the end of the text before in which a repetition may begin.
const LONGEST_OVERLAP: usize = 4096;
/// Characters that are repeated on purpose and not by chance.
const ENOUGH: usize = 12;
/// The same of Chinese, Japanese and Korean characters.
const ENOUGH_CJK: usize = 4;
/// Letters of an unfinished word that the continuation may begin with again.
const ENOUGH_LETTERS: usize = 2;
/// Characters by which a continuation is known that begins the whole text again.
const RESTART: usize = 40;

/// An answer of several pieces, each of which goes on from those before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Joined {
    pub text: String,
    /// Where the pieces meet, in characters.
    pub seams: Vec<u64>,
}

/// A continuation as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    pub text: &'a str,
    /// It came to its end.
    pub is_whole: bool,
}

impl Joined {
    pub fn of(text: String) -> Joined {
        Joined { text, seams: Vec::new() }
    }

    /// Puts the piece behind what is there; `false` if it brings nothing. A model that began anew says it all again: that takes the place
    /// of what is there, unless it comes less far, or some of what is there `is_shown` already.
    pub fn add(&mut self, piece: Piece<'_>, is_shown: bool) -> bool {
        let mut joiner = Joiner::new(&self.text);
        let more = joiner.push(piece.text) + &joiner.finish();
        let seam = self.text.chars().count() as u64;
        match () {
            () if more.is_empty() => return false,
            () if !joiner.restarted() => self.text.push_str(&more),
            () if is_shown => self.text = format!("{}\n{more}", self.text),
            () if piece.is_whole || more.len() > self.text.len() => {
                *self = Joined::of(more);
                return true;
            }
            () => return false,
        }
        self.seams.push(seam);
        true
    }
}

/// Takes a continuation in pieces and gives back what belongs behind the text before it.
///
/// The continuation may repeat the end of that text, behind white space or an ellipsis of its own: at least twelve characters, or four of
/// Chinese, Japanese or Korean, with a letter or a digit among them; or else the unfinished last word, when it goes on with it at once.
/// It may also begin the whole text again, and then all of that is a repetition.
///
/// When it begins again and says something else before it has come to the end, it is no continuation: [`Joiner::restarted`] becomes true,
/// and what [`Joiner::push`] and [`Joiner::finish`] return is the new text from its first word. Whoever has shown nothing yet puts it in
/// place of the text before; whoever has cannot join the two.
pub struct Joiner {
    before: String,
    /// What arrived and was not given back yet.
    held: String,
    stage: Stage,
    overlap: usize,
    common: usize,
    restarted: bool,
}

enum Stage {
    /// White space and perhaps an ellipsis, so far.
    Lead,
    Comparison(Comparison),
    Decided,
}

impl Joiner {
    pub fn new(before: &str) -> Joiner {
        Joiner { before: before.into(), held: String::new(), stage: Stage::Lead, overlap: 0, common: 0, restarted: false }
    }

    /// Takes the next piece of the continuation and returns the text that is decided by now.
    pub fn push(&mut self, piece: &str) -> String {
        if matches!(self.stage, Stage::Decided) {
            return piece.into();
        }
        self.held += piece;
        if matches!(self.stage, Stage::Lead) {
            match lead_of(&self.held) {
                Some(lead) => self.stage = Stage::Comparison(Comparison::of(&self.before, lead)),
                None if self.held.len() > LONGEST_OVERLAP => return self.give(0),
                None => return String::new(),
            }
        }
        let Stage::Comparison(comparison) = &mut self.stage else { return String::new() };
        while comparison.is_open()
            && let Some(next) = self.held[comparison.lead + comparison.compared..].chars().next()
        {
            comparison.compare(&self.before, &self.held[..comparison.lead], next);
        }
        if comparison.is_open() { String::new() } else { self.decide() }
    }

    /// Ends the continuation and returns what was still held back.
    pub fn finish(&mut self) -> String {
        match &mut self.stage {
            Stage::Comparison(comparison) => {
                comparison.end(&self.before);
                self.decide()
            }
            Stage::Lead => self.give(0),
            Stage::Decided => String::new(),
        }
    }

    /// Bytes at the end of the text before that the continuation repeats; 0 until that is decided.
    pub fn overlap(&self) -> usize {
        self.overlap
    }

    /// Whether the continuation begins the whole text again and is not the same.
    pub fn restarted(&self) -> bool {
        self.restarted
    }

    /// Bytes at the beginning of the text before, its leading white space included, that a restarted text repeats.
    pub fn common(&self) -> usize {
        self.common
    }

    fn decide(&mut self) -> String {
        let Stage::Comparison(comparison) = &self.stage else { return String::new() };
        let Comparison { lead, start, best, repeated, common, .. } = *comparison;
        if common > best {
            self.restarted = true;
            self.common = start + common;
            return self.give(0);
        }
        self.overlap = repeated;
        self.give(if best > 0 { lead + best } else { 0 })
    }

    /// Everything that is held from here on.
    fn give(&mut self, from: usize) -> String {
        self.stage = Stage::Decided;
        std::mem::take(&mut self.held).split_off(from)
    }
}

/// What the beginning of a continuation may still turn out to repeat.
struct Comparison {
    /// Bytes of the continuation before what is compared.
    lead: usize,
    compared: usize,
    /// Where the first word of the text before is.
    start: usize,
    /// Places near the end of the text before where it goes on like what was compared.
    places: Vec<usize>,
    /// Whether it begins like what was compared.
    is_from_start: bool,
    /// Where its unfinished last word begins.
    last_word: Option<usize>,
    /// Whether what was compared is that word, so that it depends on the next character whether it counts.
    is_last_word: bool,
    /// Bytes of the continuation, behind its lead, that are the longest repetition so far.
    best: usize,
    /// Bytes of the text before that this repeats, with what the lead has of them.
    repeated: usize,
    /// Bytes that it has in common with the beginning, where they are enough for a restart and it has left it.
    common: usize,
}

impl Comparison {
    fn of(before: &str, lead: usize) -> Comparison {
        let start = before.len() - before.trim_start().len();
        let places = before.char_indices().map(|(at, _)| at).skip_while(|at| at + LONGEST_OVERLAP < before.len());
        Comparison {
            lead,
            compared: 0,
            start,
            places: places.collect(),
            is_from_start: start < before.len(),
            last_word: last_word(before),
            is_last_word: false,
            best: 0,
            repeated: 0,
            common: 0,
        }
    }

    fn is_open(&self) -> bool {
        !self.places.is_empty() || self.is_from_start || self.is_last_word
    }

    fn compare(&mut self, before: &str, lead: &str, next: char) {
        if self.is_last_word && is_of_word(next) {
            (self.best, self.repeated) = (self.compared, self.compared);
        }
        self.is_last_word = false;
        let compared = self.compared;
        self.places.retain(|place| before[place + compared..].starts_with(next));
        let start = self.start;
        if self.is_from_start && !before[start + compared..].starts_with(next) {
            self.is_from_start = false;
            self.common = Some(compared).filter(|&common| is_restart(&before[start..start + common])).unwrap_or(0);
        }
        self.compared += next.len_utf8();
        let complete = before.len().checked_sub(self.compared);
        if self.is_from_start && complete == Some(start) {
            self.is_from_start = false;
            self.take(before, lead, start);
        }
        // They are in order, and only the last of them can have come to the end.
        if let Some(place) = self.places.pop_if(|place| Some(*place) == complete) {
            self.take(before, lead, place);
        }
    }

    /// Looks at a repetition of everything from this place on.
    fn take(&mut self, before: &str, lead: &str, place: usize) {
        let of_lead = common_end(&before[..place], lead);
        if counts(&before[place - of_lead..]) {
            (self.best, self.repeated) = (self.compared, before.len() - place + of_lead);
        } else if Some(place) == self.last_word {
            // Behind a blank it could be another word: "so" and " some".
            self.is_last_word = lead.is_empty() || !lead.trim().is_empty();
        }
    }

    /// No further character comes.
    fn end(&mut self, before: &str) {
        if self.is_from_start && is_restart(&before[self.start..self.start + self.compared]) {
            // It begins again and ends early: all of it is there already.
            (self.best, self.repeated) = (self.compared, before.len());
        }
    }
}

/// The length of the white space and the ellipsis before the first word; none while they may go on.
fn lead_of(text: &str) -> Option<usize> {
    let words = text.trim_start();
    if words.is_empty() || words == "." || words == ".." {
        return None;
    }
    let rest = ["…", "..."].iter().find_map(|ellipsis| words.strip_prefix(ellipsis)).unwrap_or(words).trim_start();
    (!rest.is_empty()).then_some(text.len() - rest.len())
}

fn is_restart(common: &str) -> bool {
    common.chars().nth(RESTART - 1).is_some()
}

/// Whether so much is repeated on purpose.
fn counts(repeated: &str) -> bool {
    let is_long = repeated.chars().nth(ENOUGH - 1).is_some() || repeated.chars().filter(|&each| is_cjk(each)).count() >= ENOUGH_CJK;
    // A rule of dashes is no words.
    is_long && repeated.chars().any(char::is_alphanumeric)
}

fn last_word(before: &str) -> Option<usize> {
    let word = &before[before.trim_end_matches(is_of_word).len()..];
    (word.chars().filter(|letter| letter.is_alphabetic()).count() >= ENOUGH_LETTERS).then_some(before.len() - word.len())
}

fn is_of_word(character: char) -> bool {
    character.is_alphanumeric() && !is_cjk(character)
}

/// The length of what both end with.
fn common_end(left: &str, right: &str) -> usize {
    let pairs = left.chars().rev().zip(right.chars().rev());
    pairs.take_while(|(left, right)| left == right).map(|(each, _)| each.len_utf8()).sum()
}

/// Han, kana and hangul, without their punctuation.
fn is_cjk(character: char) -> bool {
    matches!(character, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a joiner returns for this continuation, in pieces of so many characters, and itself.
    fn continued(before: &str, continuation: &str, piece: usize) -> (String, Joiner) {
        let mut joiner = Joiner::new(before);
        let characters: Vec<char> = continuation.chars().collect();
        let mut text: String = characters.chunks(piece).map(|piece| joiner.push(&piece.iter().collect::<String>())).collect();
        text += &joiner.finish();
        (text, joiner)
    }

    const STORY: &str = "Once upon a time there was a small server that lived on a loopback address. Every night";

    #[test]
    fn what_is_repeated_is_dropped_and_nothing_else() {
        for (before, continuation, expected, overlap) in [
            ("", "all of it", "all of it", 0),
            ("the quick brown fox", " jumps over", " jumps over", 0),
            ("the quick brown fox", "quick brown fox jumps", " jumps", 15),
            ("the quick brown fox", "\n\nquick brown fox jumps", " jumps", 15),
            ("the quick brown fox", "...quick brown fox jumps", " jumps", 15),
            ("the quick brown fox", "… quick brown fox jumps", " jumps", 16),
            ("the quick brown fox", "brown fox jumps", "brown fox jumps", 0),
            ("the quick brown fo", " brown fox jumps", " brown fox jumps", 0),
            ("this is an exam", "example of it", "ple of it", 4),
            ("this is an exam", "...example of it", "ple of it", 4),
            ("this is an exam", "exam of it", "exam of it", 0),
            ("I think so", " some people", " some people", 0),
            ("a", "abc", "abc", 0),
            ("and so...", "... it goes", "... it goes", 0),
            ("|------------", "------------|", "------------|", 0),
            ("我们今天去北京的路上", "北京的路上遇到了雨", "遇到了雨", 15),
            ("我们今天谢谢", "谢谢你", "谢谢你", 0),
            (STORY, STORY, "", STORY.len()),
            ("Once upon a time", "Once upon a time, it was", ", it was", 16),
        ] {
            for piece in [1, 3, 1000] {
                let (text, joiner) = continued(before, continuation, piece);
                assert_eq!((text.as_str(), joiner.overlap()), (expected, overlap), "{before:?} and {continuation:?}");
                assert!(!joiner.restarted());
            }
        }
    }

    #[test]
    fn a_continuation_that_begins_again_is_joined_or_told() {
        let whole = format!("{STORY} it answered the same question.");
        let (text, joiner) = continued(STORY, &whole, 5);
        assert_eq!((text.as_str(), joiner.overlap(), joiner.restarted()), (" it answered the same question.", STORY.len(), false));
        let other = STORY.replace("loopback", "distant");
        let (text, joiner) = continued(STORY, &other, 5);
        assert_eq!((text.as_str(), joiner.overlap(), joiner.restarted()), (other.as_str(), 0, true));
        assert_eq!(&STORY[joiner.common()..][..8], "loopback");
        let (text, joiner) = continued(STORY, &STORY[..60], 5);
        assert_eq!((text.as_str(), joiner.overlap(), joiner.restarted()), ("", STORY.len(), false));
        let (text, joiner) = continued(STORY, &STORY[..30], 5);
        assert_eq!((text.as_str(), joiner.overlap(), joiner.restarted()), (&STORY[..30], 0, false));
    }

    #[test]
    fn pieces_are_one_text_and_the_seams_are_where_they_meet() {
        let piece = |text| Piece { text, is_whole: true };
        let mut joined = Joined::of("好, the quick brown fox ju".into());
        assert!(joined.add(piece("quick brown fox jumps"), false) && joined.add(piece(" over"), true));
        assert!(!joined.add(piece(""), false) && !joined.add(piece("fox jumps over"), false));
        assert_eq!(joined, Joined { text: "好, the quick brown fox jumps over".into(), seams: vec![25, 28] });
    }

    #[test]
    fn an_answer_that_begins_anew_takes_the_place_of_the_first_unless_that_is_shown_or_came_farther() {
        let anew = STORY.replace("loopback", "distant");
        let add = |text, is_whole, is_shown| {
            let mut joined = Joined { text: STORY.into(), seams: vec![7] };
            let brings_something = joined.add(Piece { text, is_whole }, is_shown);
            (brings_something, joined)
        };
        let unchanged = Joined { text: STORY.into(), seams: vec![7] };
        assert_eq!(add(&anew, true, false), (true, Joined::of(anew.clone())));
        assert_eq!(add(&anew, false, false), (false, unchanged.clone()));
        let longer = anew.clone() + " and longer";
        assert_eq!(add(&longer, false, false), (true, Joined::of(longer.clone())));
        let both = Joined { text: format!("{STORY}\n{anew}"), seams: vec![7, STORY.chars().count() as u64] };
        assert_eq!(add(&anew, false, true), (true, both));
    }

    #[test]
    fn text_flows_as_soon_as_it_is_no_repetition() {
        let mut joiner = Joiner::new(STORY);
        assert_eq!(["\n", " it", " answered", "."].map(|piece| joiner.push(piece)), ["", "\n it", " answered", "."]);
        let mut joiner = Joiner::new(STORY);
        assert_eq!(["address.", " Every", " night", " it", " came"].map(|piece| joiner.push(piece)), ["", "", "", " it", " came"]);
    }

    #[test]
    fn little_is_held_back_whatever_comes() {
        for (before, piece, most) in [
            ("x".to_owned() + &"a".repeat(20_000), "a", LONGEST_OVERLAP),
            ("x".to_owned() + &"ab".repeat(20_000), "ba", LONGEST_OVERLAP),
            ("x".to_owned() + &"好".repeat(20_000), "好", LONGEST_OVERLAP),
            (" ".repeat(20_000), " ", LONGEST_OVERLAP),
            ("a".repeat(20_000), "a", 20_000),
        ] {
            let mut joiner = Joiner::new(&before);
            for _ in 0..20_001 {
                joiner.push(piece);
                assert!(joiner.held.len() <= most, "{piece:?}: {}", joiner.held.len());
            }
            assert!(joiner.held.is_empty(), "{piece:?}");
        }
    }

    fn words() -> impl Strategy<Value = String> {
        let word = prop_oneof!["[a-z]{1,9}[ ,.]", "[a-z]{2,6}\n", "[\u{4E00}-\u{9FA5}]{1,4}[，。]?", "[a-z]+ [0-9]{1,4} "];
        prop::collection::vec(word, 20..80).prop_map(|words| words.concat())
    }

    fn at(text: &str, share: f64) -> usize {
        let places: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        places[(share * (places.len() - 1) as f64) as usize]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn a_text_that_was_cut_and_continued_with_a_repetition_is_whole(
            text in words(), cut in 0.3..0.9, back in 0.0..1.0, lead in "(|\n| |\\.\\.\\.|… )", piece in 1..30usize,
        ) {
            let cut = at(&text, cut);
            let from = at(&text[..cut], back);
            prop_assume!(counts(text[from..cut].trim_start()) && !text[from..].starts_with(char::is_whitespace));
            let (rest, joiner) = continued(&text[..cut], &format!("{lead}{}", &text[from..]), piece);
            prop_assert_eq!(text[..cut].to_owned() + &rest, text.as_str());
            prop_assert!(joiner.overlap() >= cut - from && !joiner.restarted());
        }

        #[test]
        fn without_a_repetition_nothing_is_lost(text in words(), cut in 0.1..0.9, piece in 1..30usize) {
            let (before, after) = text.split_at(at(&text, cut));
            let is_repetition = |(place, _)| after.trim_start().starts_with(&before[place..]);
            prop_assume!(!before.char_indices().any(is_repetition));
            let (rest, _) = continued(before, after, piece);
            prop_assert_eq!(rest, after);
        }

        #[test]
        fn only_what_is_there_already_is_dropped(before in "[ab .…\n]{0,60}", after in "[ab .…\n]{0,80}", piece in 1..9usize) {
            let (rest, joiner) = continued(&before, &after, piece);
            prop_assert!(after.ends_with(&rest));
            let dropped = &after[..after.len() - rest.len()];
            if joiner.overlap() == 0 {
                prop_assert_eq!(dropped, "");
            } else {
                let words = dropped.trim_start_matches([' ', '\n', '.', '…']);
                prop_assert!(before.ends_with(words) || before.trim_start().starts_with(words), "{dropped:?}");
            }
        }
    }
}
