//! A rolling window: the checks that count together, by their number or by their time. It is moved by checks alone, never by a clock.

use std::collections::VecDeque;
use std::time::Duration;

use crate::statistics::quantile;

/// A window by time keeps no more than this, so that its memory is bounded however short the interval is.
const MOST_MARKS: usize = 10_000;

/// How far a window reaches back from the latest check.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Span {
    Checks(usize),
    Time(Duration),
}

/// One check under one rule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mark {
    /// Milliseconds since 1970.
    pub at: i64,
    /// It is on the wrong side of the bound.
    pub is_broken: bool,
    /// What was measured.
    pub value: f64,
}

#[derive(Clone, Debug)]
pub struct Window {
    span: Span,
    marks: VecDeque<Mark>,
}

impl Window {
    pub fn new(span: Span) -> Window {
        Window { span, marks: VecDeque::new() }
    }

    pub fn push(&mut self, mark: Mark) {
        self.marks.push_back(mark);
        let most = match self.span {
            Span::Checks(most) => most.max(1),
            Span::Time(time) => {
                let span = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
                // So far in the future it was a clock that was wrong and has been set back since.
                while self.marks.front().is_some_and(|first| first.at.abs_diff(mark.at) > span) {
                    self.marks.pop_front();
                }
                MOST_MARKS
            }
        };
        while self.marks.len() > most {
            self.marks.pop_front();
        }
    }

    pub fn clear(&mut self) {
        self.marks.clear();
    }

    pub fn checks(&self) -> u64 {
        self.marks.len() as u64
    }

    pub fn broken(&self) -> u64 {
        self.marks.iter().filter(|mark| mark.is_broken).count() as u64
    }

    /// Whether each check was broken, the oldest first.
    pub fn trail(&self) -> impl Iterator<Item = bool> {
        self.marks.iter().map(|mark| mark.is_broken)
    }

    /// The share of broken ones, 0 where there are none at all.
    pub fn share(&self) -> f64 {
        if self.marks.is_empty() { 0.0 } else { self.broken() as f64 / self.checks() as f64 }
    }

    /// The value below which this share of the values lies, 0 where there are none.
    pub fn quantile(&self, share: f64) -> f64 {
        let mut values: Vec<f64> = self.marks.iter().map(|mark| mark.value).collect();
        values.sort_by(f64::total_cmp);
        quantile(&values, share).unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: i64, is_broken: bool) -> Mark {
        Mark { at, is_broken, value: at as f64 }
    }

    #[test]
    fn a_window_of_checks_forgets_the_oldest() {
        let mut window = Window::new(Span::Checks(3));
        for (at, is_broken) in [(1, true), (2, true), (3, false), (4, false)] {
            window.push(mark(at, is_broken));
        }
        assert_eq!((window.checks(), window.broken(), window.trail().collect::<Vec<_>>()), (3, 1, vec![true, false, false]));
        assert_eq!((window.share(), window.quantile(0.5), window.quantile(1.0)), (1.0 / 3.0, 3.0, 4.0));
    }

    #[test]
    fn a_window_of_time_forgets_what_is_older_than_that() {
        let mut window = Window::new(Span::Time(Duration::from_millis(100)));
        for at in [0, 50, 100, 151] {
            window.push(mark(at, true));
        }
        assert_eq!(window.checks(), 2);
    }

    #[test]
    fn a_clock_that_is_set_back_leaves_no_check_in_the_window_for_ever() {
        let mut window = Window::new(Span::Time(Duration::from_millis(100)));
        [0, 50, 1_000_000, 1_000_050].into_iter().for_each(|at| window.push(mark(at, true)));
        assert_eq!(window.checks(), 2);
        [100, 150, 290].into_iter().for_each(|at| window.push(mark(at, false)));
        assert_eq!((window.checks(), window.broken()), (1, 0));
    }

    #[test]
    fn neither_grows_without_bound() {
        for span in [Span::Checks(0), Span::Checks(5), Span::Time(Duration::MAX)] {
            let mut window = Window::new(span);
            (0..25_000).for_each(|at| window.push(mark(at, true)));
            assert!(window.checks() <= MOST_MARKS as u64);
        }
    }

    #[test]
    fn nothing_seen_is_nothing_broken() {
        let window = Window::new(Span::Checks(3));
        assert_eq!((window.share(), window.quantile(0.95)), (0.0, 0.0));
    }
}
