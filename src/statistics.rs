//! What samples can tell: intervals, quantiles and the odds of chance. Numbers in, numbers out; what they mean is said elsewhere.

/// The standard normal quantile for a two-sided confidence of 95 %.
pub const Z95: f64 = 1.959_963_984_540_054;

/// A range within 0..=1 that holds the true rate with the confidence asked for.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, schemars::JsonSchema)]
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
    first_of(most, |trials| {
        let interval = wilson((rate * trials as f64).round() as u64, trials, z);
        interval.high < bound || interval.low > bound
    })
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

/// The logarithm of the odds of exactly `hits` where `all_hits` are spread over `trials` and `others`: the hypergeometric distribution.
fn log_spread(hits: u64, trials: u64, all_hits: u64, others: u64) -> f64 {
    log_choose(trials, hits) + log_choose(others, all_hits - hits) - log_choose(trials + others, all_hits)
}

/// How likely chance alone would spread the hits over both sides at least as unlikely as was seen: Fisher's exact test, two-sided. 1 where
/// either side is empty.
pub fn fisher_two_sided(hits: u64, trials: u64, other_hits: u64, other_trials: u64) -> f64 {
    if trials == 0 || other_trials == 0 {
        return 1.0;
    }
    let all_hits = hits + other_hits;
    let least = all_hits.saturating_sub(other_trials);
    // Each of the odds from the one before: binomial coefficients anew for each would take very long for many trials.
    let mut log = log_spread(least, trials, all_hits, other_trials);
    let mut logs = vec![log];
    for first in least..trials.min(all_hits) {
        let (left, lacking) = ((trials - first) * (all_hits - first), (first + 1) * (other_trials + first + 1 - all_hits));
        log += (left as f64).ln() - (lacking as f64).ln();
        logs.push(log);
    }
    let seen = logs[(hits - least) as usize];
    // Equal odds differ by rounding.
    logs.iter().filter(|log| **log <= seen + 1e-7).map(|log| log.exp()).sum::<f64>().min(1.0)
}

/// The interval of the difference of two rates, the first less the second: Newcombe's hybrid of two Wilson intervals (R. G. Newcombe,
/// Statistics in Medicine 17, 1998, method 10). Two intervals may overlap and the rates still differ; this says so.
pub fn newcombe(hits: u64, trials: u64, other_hits: u64, other_trials: u64, z: f64) -> Interval {
    let rate = |hits: u64, trials: u64| if trials == 0 { 0.5 } else { hits as f64 / trials as f64 };
    let (first, second) = (rate(hits, trials), rate(other_hits, other_trials));
    let (one, other) = (wilson(hits, trials, z), wilson(other_hits, other_trials, z));
    let difference = first - second;
    Interval {
        low: (difference - (first - one.low).hypot(other.high - second)).max(-1.0),
        high: (difference + (one.high - first).hypot(second - other.low)).min(1.0),
    }
}

/// On which side of a bound a rate lies, as far as its trials can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    Under,
    Open,
    Over,
}

/// The side of `bound` on which Wilson's interval of 95 % lies. Near 0 that interval's low end is too high, so that one hit in eight would
/// prove more than 2 %: over it is only what the exact binomial odds deny as well, and never for the sake of a single hit.
pub fn side_of(hits: u64, trials: u64, bound: f64) -> Side {
    let interval = wilson(hits, trials, Z95);
    match () {
        () if interval.high < bound => Side::Under,
        () if interval.low > bound && hits > 1 && at_least(hits, trials, bound) <= 0.025 => Side::Over,
        () => Side::Open,
    }
}

/// The odds of at least so many hits at this rate.
pub fn at_least(hits: u64, trials: u64, rate: f64) -> f64 {
    if hits == 0 || rate >= 1.0 {
        return 1.0;
    }
    if rate <= 0.0 {
        return 0.0;
    }
    let mut log = trials as f64 * (1.0 - rate).ln();
    let mut fewer = 0.0;
    for done in 0..hits {
        fewer += log.exp();
        log += ((trials - done) as f64 / (done + 1) as f64).ln() + (rate / (1.0 - rate)).ln();
    }
    (1.0 - fewer).max(0.0)
}

/// How many trials in all it would take until the side of `bound` is known, if the rate stays as it is; none where that would take more
/// than `most`.
pub fn trials_to_place(rate: f64, bound: f64, most: u64) -> Option<u64> {
    first_of(most, |trials| side_of((rate * trials as f64).round() as u64, trials, bound) != Side::Open)
}

/// How many trials on each side it would take until the difference of two rates is known, if they stay as they are; none where that would
/// take more than `most`.
pub fn trials_to_part(rate: f64, other: f64, z: f64, most: u64) -> Option<u64> {
    let hits = |rate: f64, trials: u64| (rate * trials as f64).round() as u64;
    first_of(most, |trials| {
        let interval = newcombe(hits(rate, trials), trials, hits(other, trials), trials, z);
        interval.low > 0.0 || interval.high < 0.0
    })
}

/// The first number from which on `is_enough` holds. It is supposed to hold for all after the first, which the rounding of hits makes
/// true only nearly: enough for a forecast.
fn first_of(most: u64, is_enough: impl Fn(u64) -> bool) -> Option<u64> {
    if !is_enough(most) {
        return None;
    }
    let (mut little, mut enough) = (0, most);
    while enough - little > 1 {
        let middle = little + (enough - little) / 2;
        if is_enough(middle) { enough = middle } else { little = middle }
    }
    Some(enough)
}

/// What Mann and Whitney's test (1947) says of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ranked {
    /// In how many of all pairs the first side's value is the larger; ties count half.
    pub larger: f64,
    /// Standard errors from what chance would give: positive where the first side's values are larger.
    pub z: f64,
    /// The odds of chance, two-sided.
    pub odds: f64,
}

/// Compares the values of two sides by their ranks, which asks nothing of how they are distributed: the normal approximation, corrected
/// for ties and for continuity as R and SciPy do. None where either side is empty.
pub fn mann_whitney(first: &[f64], second: &[f64]) -> Option<Ranked> {
    if first.is_empty() || second.is_empty() {
        return None;
    }
    let mut all: Vec<(f64, bool)> = first.iter().map(|value| (*value, true)).chain(second.iter().map(|value| (*value, false))).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (n, m, mut rank_sum, mut ties, mut before) = (first.len() as f64, second.len() as f64, 0.0, 0.0, 0);
    for tied in all.chunk_by(|a, b| a.0 == b.0) {
        let count = tied.len() as f64;
        let rank = before as f64 + (count + 1.0) / 2.0;
        rank_sum += rank * tied.iter().filter(|(_, is_first)| *is_first).count() as f64;
        ties += count.powi(3) - count;
        before += tied.len();
    }
    let larger = rank_sum - n * (n + 1.0) / 2.0;
    let whole = n + m;
    let spread = (n * m / 12.0 * (whole + 1.0 - ties / (whole * (whole - 1.0)).max(1.0))).max(0.0).sqrt();
    let off = larger - n * m / 2.0;
    let z = if spread > 0.0 { off.signum() * (off.abs() - 0.5).max(0.0) / spread } else { 0.0 };
    Some(Ranked { larger: larger / (n * m), z, odds: two_sided(z) })
}

/// The odds of so many standard errors or more, on either side.
pub fn two_sided(z: f64) -> f64 {
    complement(z.abs() / std::f64::consts::SQRT_2).min(1.0)
}

/// The two-sided standard normal quantile: as many standard errors as chance exceeds with these odds.
pub fn z_of(odds: f64) -> f64 {
    let (mut low, mut high) = (0.0, 40.0);
    while high - low > 1e-9 {
        let middle = (low + high) / 2.0;
        if two_sided(middle) > odds { low = middle } else { high = middle }
    }
    high
}

/// The complementary error function from 0 on, within 1.2e-7 of its value (Press et al., Numerical Recipes, section 6.2).
fn complement(x: f64) -> f64 {
    const TERMS: [f64; 10] = [
        -1.265_512_23,
        1.000_023_68,
        0.374_091_96,
        0.096_784_18,
        -0.186_288_06,
        0.278_868_07,
        -1.135_203_98,
        1.488_515_87,
        -0.822_152_23,
        0.170_872_77,
    ];
    let t = 1.0 / (1.0 + x / 2.0);
    t * (TERMS.iter().rev().fold(0.0, |sum, term| sum * t + term) - x * x).exp()
}

/// The odds of several tests, corrected for their number so that all that lie below a level may be believed together at that level (S.
/// Holm, 1979), in the order given.
pub fn holm(odds: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..odds.len()).collect();
    order.sort_by(|a, b| odds[*a].total_cmp(&odds[*b]));
    let (mut corrected, mut largest) = (vec![1.0; odds.len()], 0.0_f64);
    for (place, index) in order.into_iter().enumerate() {
        largest = largest.max(odds[index] * (odds.len() - place) as f64).min(1.0);
        corrected[index] = largest;
    }
    corrected
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

    #[test]
    fn newcombe_gives_the_published_intervals() {
        // R. G. Newcombe, Statistics in Medicine 17 (1998), 873–890, table II, method 10.
        for (a, n, b, m, low, high) in [
            (56, 70, 48, 80, 0.0524, 0.3339),
            (9, 10, 3, 10, 0.1705, 0.8090),
            (6, 7, 2, 7, 0.0582, 0.8062),
            (5, 56, 0, 29, -0.0381, 0.1926),
            (0, 10, 0, 20, -0.1611, 0.2775),
            (0, 10, 0, 10, -0.2775, 0.2775),
            (10, 10, 0, 20, 0.6791, 1.0),
            (10, 10, 0, 10, 0.6075, 1.0),
        ] {
            let interval = newcombe(a, n, b, m, Z95);
            assert!(near(interval.low, low, 5e-5) && near(interval.high, high, 5e-5), "{a}/{n} - {b}/{m}: {interval:?}");
        }
        assert_eq!(newcombe(0, 0, 0, 0, Z95), Interval { low: -0.5_f64.hypot(0.5), high: 0.5_f64.hypot(0.5) });
    }

    #[test]
    fn newcombe_holds_the_true_difference_as_often_as_it_says() {
        let mut random = fastrand::Rng::with_seed(19_980_415);
        for (rate, other, trials) in [(0.02, 0.02, 100), (0.02, 0.1, 60), (0.3, 0.5, 30), (0.5, 0.5, 20)] {
            let rounds = 10_000;
            let hits = |random: &mut fastrand::Rng, rate: f64| (0..trials).filter(|_| random.f64() < rate).count() as u64;
            let held = (0..rounds)
                .filter(|_| {
                    let interval = newcombe(hits(&mut random, rate), trials, hits(&mut random, other), trials, Z95);
                    interval.low <= rate - other && rate - other <= interval.high
                })
                .count();
            let coverage = held as f64 / f64::from(rounds);
            assert!((0.93..=1.0).contains(&coverage), "{rate} and {other} in {trials}: {coverage}");
        }
    }

    #[test]
    fn fisher_two_sided_gives_the_known_odds() {
        // scipy.stats.fisher_exact(table): the lady tasting tea, and the example of its page.
        for (a, b, c, d, expected) in [(3, 4, 1, 4, 0.485_714), (8, 10, 1, 6, 0.034_965), (0, 5, 0, 5, 1.0), (6, 6, 0, 14, 1.0 / 38_760.0)]
        {
            let odds = fisher_two_sided(a, b, c, d);
            assert!(near(odds, expected, 1e-6), "{a}/{b} against {c}/{d}: {odds}");
            assert!(near(odds, fisher_two_sided(c, d, a, b), 1e-9));
        }
        assert!(fisher_two_sided(20, 1000, 900, 5000) < 1e-30);
    }

    #[test]
    fn mann_whitney_gives_the_known_odds() {
        // scipy.stats.mannwhitneyu, the example of its page with method="asymptotic".
        let ranked = mann_whitney(&[19.0, 22.0, 16.0, 29.0, 24.0], &[20.0, 11.0, 17.0, 12.0]).unwrap();
        assert!(near(ranked.larger * 20.0, 17.0, 1e-9) && near(ranked.odds, 0.111_346_886, 1e-7), "{ranked:?}");
        // R: wilcox.test(Ozone ~ Month, data = airquality, subset = Month %in% c(5, 8)), with ties: W = 127.5, p-value = 0.0001208.
        let may = [41, 36, 12, 18, 28, 23, 19, 8, 7, 16, 11, 14, 18, 14, 34, 6, 30, 11, 1, 11, 4, 32, 23, 45, 115, 37].map(f64::from);
        let august =
            [39, 9, 16, 78, 35, 66, 122, 89, 110, 44, 28, 65, 22, 59, 23, 31, 44, 21, 9, 45, 168, 73, 76, 118, 84, 85].map(f64::from);
        let ranked = mann_whitney(&may, &august).unwrap();
        assert!(near(ranked.larger * 676.0, 127.5, 1e-9) && near(ranked.odds, 0.000_120_8, 5e-8) && ranked.z < 0.0, "{ranked:?}");
        assert_eq!(mann_whitney(&[1.0, 1.0], &[1.0]).unwrap().odds, 1.0);
        assert_eq!(mann_whitney(&[], &[1.0]), None);
    }

    #[test]
    fn mann_whitney_takes_chance_for_a_difference_no_more_often_than_it_says() {
        let mut random = fastrand::Rng::with_seed(1_947);
        for (count, step) in [(20, 1e-6), (20, 0.5), (60, 1e-6)] {
            // A long tail, as latencies have; steps make ties.
            let mut draw = || (0..count).map(|_| ((-(1.0 - random.f64()).ln()) / step).round()).collect::<Vec<f64>>();
            let rounds = 4_000;
            let found = (0..rounds).filter(|_| mann_whitney(&draw(), &draw()).unwrap().odds < 0.05).count();
            let share = found as f64 / f64::from(rounds);
            assert!((0.03..0.06).contains(&share), "{count} by {step}: {share}");
        }
    }

    #[test]
    fn holm_gives_what_r_gives() {
        // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
        let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
        assert!(corrected.iter().zip([0.03, 0.06, 0.06, 0.02]).all(|(one, other)| near(*one, other, 1e-12)), "{corrected:?}");
        assert_eq!((holm(&[]), holm(&[0.7, 0.8])), (vec![], vec![1.0, 1.0]));
    }

    #[test]
    fn the_normal_quantile_is_the_known_one() {
        assert!(near(z_of(0.05), Z95, 1e-5) && near(z_of(0.01), 2.575_829, 1e-5) && near(two_sided(1.0), 0.317_310_5, 1e-6));
    }

    #[test]
    fn a_rate_is_over_its_bound_when_chance_cannot_be_meant() {
        for (hits, trials, side) in [
            (0, 0, Side::Open),
            (0, 3, Side::Open),
            (1, 3, Side::Open),
            (1, 8, Side::Open),
            (2, 20, Side::Open),
            (3, 20, Side::Over),
            (20, 20, Side::Over),
            (0, 188, Side::Open),
            (0, 189, Side::Under),
            (40, 2_000, Side::Open),
        ] {
            assert_eq!(side_of(hits, trials, 0.02), side, "{hits} in {trials}");
        }
    }

    #[test]
    fn a_rate_at_its_bound_is_rarely_taken_to_be_elsewhere() {
        let mut random = fastrand::Rng::with_seed(2_007);
        for trials in [5, 8, 20, 50, 200, 500] {
            let rounds = 8_000;
            let over = (0..rounds)
                .filter(|_| side_of((0..trials).filter(|_| random.f64() < 0.02).count() as u64, trials, 0.02) == Side::Over)
                .count();
            assert!(over as f64 / f64::from(rounds) < 0.03, "{over} of {rounds} at {trials}");
        }
    }

    #[test]
    fn forecasts_are_the_first_numbers_that_decide() {
        assert_eq!(trials_to_place(0.0, 0.02, 10_000), Some(189));
        assert_eq!(trials_to_place(0.02, 0.02, 10_000), None);
        assert!((20..=40).contains(&trials_to_place(0.1, 0.02, 10_000).unwrap()));
        assert_eq!(trials_to_part(0.1, 0.1, Z95, 10_000), None);
        let trials = trials_to_part(0.0, 0.1, Z95, 10_000).unwrap();
        assert!((30..=80).contains(&trials), "{trials}");
    }
}
