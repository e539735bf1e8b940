//! Figures as people read them, the same in every printer.

use super::standing::{Spread, Standing};
use crate::lang::{Lang, Text, text};
use crate::statistics::Interval;

pub const NONE: &str = "–";

/// A share as percent: of small ones a digit more.
pub fn percent(share: f64) -> String {
    let percent = share * 100.0;
    // Near either end a tenth counts: 99.7 is not all.
    let digits = if (9.95..=99.0).contains(&percent) { 0 } else { 1 };
    format!("{} %", format!("{percent:.digits$}").trim_end_matches(".0"))
}

/// `0.5–16 %`
pub fn interval(interval: Interval) -> String {
    format!("{}–{}", percent(interval.low).trim_end_matches(" %"), percent(interval.high))
}

/// The success's interval from that of failures.
pub fn success_interval(standing: &Standing) -> String {
    let failures = standing.error_rate_interval;
    interval(Interval { low: 1.0 - failures.high, high: 1.0 - failures.low })
}

pub fn milliseconds(milliseconds: f64) -> String {
    milliseconds_of(&[milliseconds])
}

/// Several with one unit, `12 / 15 / 40 ms`.
pub fn milliseconds_of(all: &[f64]) -> String {
    let largest = all.iter().copied().fold(0.0, f64::max);
    let (factor, digits, unit) = match largest {
        short if short < 10.0 => (1.0, 1, "ms"),
        medium if medium < 10_000.0 => (1.0, 0, "ms"),
        _ => (1e-3, 1, "s"),
    };
    let numbers: Vec<String> = all.iter().map(|one| format!("{:.digits$}", one * factor)).collect();
    format!("{} {unit}", numbers.join(" / "))
}

/// p50, p95 and p99 where they are known.
pub fn times(spread: Option<Spread>) -> String {
    spread.map_or_else(|| NONE.into(), |spread| milliseconds_of(&[spread.p50, spread.p95, spread.p99]))
}

/// A number whose size is not known beforehand, such as money.
pub fn number(value: f64) -> String {
    let digits = match value.abs() {
        large if large >= 100.0 => 0,
        medium if medium >= 10.0 => 1,
        small if small >= 0.1 || small == 0.0 => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}

/// A forecast is no more exact than two digits, and rather too high.
pub fn about(rounds: u64) -> u64 {
    let step = 10_u64.pow(rounds.max(1).ilog10().saturating_sub(1));
    rounds.div_ceil(step) * step
}

/// An answer's length: the median of its characters and tokens.
pub fn length(standing: &Standing, lang: Lang) -> String {
    const LENGTH: Text = text("{characters} chars, {about}{tokens} tokens", "{characters} 字符，{about}{tokens} token");
    let (Some(characters), Some(tokens)) = (standing.answer_characters, standing.answer_tokens) else {
        return NONE.into();
    };
    LENGTH.fill(lang, |slot| {
        Some(match slot {
            "characters" => format!("{:.0}", characters.p50),
            "tokens" => format!("{:.0}", tokens.p50),
            _ => if standing.tokens_are_estimated { "≈" } else { "" }.into(),
        })
    })
}

pub fn rate(spread: Option<Spread>) -> String {
    spread.map_or_else(|| NONE.into(), |spread| number(spread.p50))
}

pub fn cost(standing: &Standing) -> String {
    standing.cost_per_1000.map_or_else(|| NONE.into(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_as_many_digits_as_they_mean() {
        assert_eq!(
            [0.0, 0.02, 0.005, 0.0601, 0.0999, 0.5, 0.9972, 1.0].map(percent),
            ["0 %", "2 %", "0.5 %", "6 %", "10 %", "50 %", "99.7 %", "100 %"]
        );
        assert_eq!(interval(Interval { low: 0.0, high: 0.1611 }), "0–16 %");
        assert_eq!([3.21, 320.4, 12_345.0].map(milliseconds), ["3.2 ms", "320 ms", "12.3 s"]);
        assert_eq!(milliseconds_of(&[900.0, 10_400.0]), "0.9 / 10.4 s");
        assert_eq!([0.0, 0.00123, 0.456, 45.67, 456.7].map(number), ["0.00", "0.0012", "0.46", "45.7", "457"]);
        assert_eq!([0, 1, 9, 12, 169, 1_234].map(about), [0, 1, 9, 12, 170, 1_300]);
    }
}
