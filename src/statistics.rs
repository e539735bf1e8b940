//! What samples can tell: intervals, quantiles and the odds of chance. Numbers in, numbers out; what they mean is said elsewhere.

/// The standard normal quantile for a two-sided confidence of 95 %.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A range within 0..=1 that holds the true rate with the confidence asked for.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
}

/// Wilson's score interval of a rate of `hits` in `trials` (E. B. Wilson, 1927); 0..=1 where nothing was tried. Unlike the textbook's
/// interval it says something sensible of 0 in 3.
pub fn wilson(hits: u64, trials: u64, z: f64) -> Interval {
    if trials == 0 {
        return Interval { low: 0.0, high: 1.0 };
    }
    let (n, rate) = (trials as f64, hits as f64 / trials as f64);
    let centre = (rate + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (rate * (1.0 - rate) / n + z * z / (4.0 * n * n)).sqrt();
    // At the ends the formula gives 0 and 1 but for rounding.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits == trials { 1.0 } else { (centre + half).min(1.0) };
    Interval { low, high }
}

/// How many trials in all it would take until Wilson's interval of this rate lies wholly on one side of `bound`; none where that would
/// take more than `most`, as it does where the rate is the bound.
pub fn trials_to_decide(rate: f64, bound: f64, z: f64, most: u64) -> Option<u64> {
    let decides = |trials: u64| {
        let interval = wilson((rate * trials as f64).round() as u64, trials, z);
        interval.high < bound || interval.low > bound
    };
    if !decides(most) {
        return None;
    }
    // The interval narrows with the trials, but for the rounding of the hits: near enough for a forecast.
    let (mut undecided, mut decided) = (0, most);
    while decided - undecided > 1 {
        let middle = undecided + (decided - undecided) / 2;
        if decides(middle) { decided = middle } else { undecided = middle }
    }
    Some(decided)
}

/// The value below which this share of the sorted values lies, between two of them in proportion (type 7 of Hyndman and Fan, 1996, as
/// R and NumPy have it); none of no values.
pub fn quantile(sorted: &[f64], share: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = last as f64 * share.clamp(0.0, 1.0);
    let below = sorted[place as usize];
    let above = sorted[(place as usize + 1).min(last)];
    Some(below + (above - below) * place.fract())
}

/// How likely chance alone would put at least as many of all hits on the first side as were seen there: Fisher's exact test, one-sided,
/// of `hits` in `trials` against `other_hits` in `other_trials`. 1 where either side is empty.
pub fn fisher(hits: u64, trials: u64, other_hits: u64, other_trials: u64) -> f64 {
    if trials == 0 || other_trials == 0 {
        return 1.0;
    }
    let (all_hits, all) = (hits + other_hits, trials + other_trials);
    let ways = |first: u64| log_choose(trials, first) + log_choose(other_trials, all_hits - first) - log_choose(all, all_hits);
    (hits..=trials.min(all_hits)).filter(|first| all_hits - first <= other_trials).map(|first| ways(first).exp()).sum::<f64>().min(1.0)
}

/// The logarithm of the binomial coefficient.
fn log_choose(all: u64, chosen: u64) -> f64 {
    let chosen = chosen.min(all - chosen);
    (1..=chosen).map(|step| ((all - chosen + step) as f64 / step as f64).ln()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64, tolerance: f64) -> bool {
        (a - b).abs() <= tolerance
    }

    #[test]
    fn wilson_gives_the_published_intervals() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (hits, trials, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let interval = wilson(hits, trials, Z95);
            assert!(near(interval.low, low, 5e-5) && near(interval.high, high, 5e-5), "{hits}/{trials}: {interval:?}");
        }
        assert_eq!(wilson(0, 0, Z95), Interval { low: 0.0, high: 1.0 });
        assert_eq!((wilson(0, 7, Z95).low, wilson(7, 7, Z95).high), (0.0, 1.0));
    }

    #[test]
    fn wilson_holds_the_true_rate_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(20_261_127);
        for (rate, trials) in [(0.02, 200), (0.1, 50), (0.3, 30), (0.5, 20), (0.9, 60)] {
            let rounds = 20_000;
            let held = (0..rounds)
                .filter(|_| {
                    let hits = (0..trials).filter(|_| random.f64() < rate).count() as u64;
                    let interval = wilson(hits, trials, Z95);
                    interval.low <= rate && rate <= interval.high
                })
                .count();
            let coverage = held as f64 / f64::from(rounds);
            // Hits are whole numbers, so that the coverage swings around 95 % (Brown, Cai and DasGupta, 2001).
            assert!((0.92..0.985).contains(&coverage), "{rate} in {trials}: {coverage}");
        }
    }

    #[test]
    fn quantiles_are_those_of_numpy() {
        let values = [1.0, 2.0, 4.0, 8.0, 16.0];
        // numpy.quantile([1, 2, 4, 8, 16], [0, .25, .5, .9, .95, 1])
        for (share, expected) in [(0.0, 1.0), (0.25, 2.0), (0.5, 4.0), (0.9, 12.8), (0.95, 14.4), (1.0, 16.0)] {
            assert!(near(quantile(&values, share).unwrap(), expected, 1e-12), "{share}");
        }
        assert_eq!((quantile(&[], 0.5), quantile(&[3.0], 0.99)), (None, Some(3.0)));
    }

    #[test]
    fn fisher_gives_the_known_odds() {
        // scipy.stats.fisher_exact(table, alternative="greater"); the first is the lady tasting tea.
        for (a, b, c, d, expected) in [(3, 4, 1, 4, 0.242_857), (6, 6, 0, 14, 1.0 / 38_760.0), (8, 10, 1, 6, 0.024_475), (0, 5, 0, 5, 1.0)]
        {
            let odds = fisher(a, b, c, d);
            assert!(near(odds, expected, 1e-6), "{a}/{b} against {c}/{d}: {odds}");
        }
        assert_eq!(fisher(3, 3, 0, 0), 1.0);
    }

    #[test]
    fn the_forecast_is_the_number_of_trials_that_decides() {
        // No failure in 189 is the first to exclude 2 %: z² / (n + z²) < 0.02.
        assert_eq!(trials_to_decide(0.0, 0.02, Z95, 10_000), Some(189));
        assert_eq!(trials_to_decide(1.0, 0.02, Z95, 10_000), Some(1));
        assert_eq!(trials_to_decide(0.02, 0.02, Z95, 10_000), None);
    }
}
