//! The pieces of an answer that the model was asked to go on with, as a recording has them: attempts in their order, each with its remedy.

use super::model::Answer;
use crate::cli::Remedy;
use crate::diagnosis::Diagnosis;
use crate::evidence::Evidence;
use crate::resilience::join::{Joined, Piece};

/// What came of the question so far. A continuation goes on from `before`, and may have been tried again.
#[derive(Default)]
pub struct Pieces {
    before: Option<Joined>,
    text: String,
    is_whole: bool,
}

impl Pieces {
    /// Takes the next attempt.
    pub fn follow(&mut self, remedy: Option<Remedy>, evidence: &Evidence<'_>, diagnosis: &Diagnosis) {
        match remedy {
            // Another question.
            None => self.before = None,
            Some(Remedy::Continue) => self.before = Some(self.joined().unwrap_or_else(|| Joined::of(self.text.clone()))),
            Some(_) => {}
        }
        self.text = Answer::arrived(evidence, diagnosis);
        self.is_whole = diagnosis.is_healthy() || evidence.answer_is_whole();
    }

    /// The text of all pieces; none where there is one only.
    pub fn joined(&self) -> Option<Joined> {
        let mut joined = self.before.clone()?;
        joined.add(Piece { text: &self.text, is_whole: self.is_whole }, false);
        Some(joined)
    }
}
