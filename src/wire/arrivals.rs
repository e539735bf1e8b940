//! When bytes came: a histogram of bounded size over a flow of any length, and its longest silence.

/// Buckets are merged in pairs when there are more than this.
const MOST_BUCKETS: usize = 256;
const FIRST_WIDTH: u64 = 1000;

#[derive(Clone, Debug, PartialEq)]
pub struct Arrivals {
    /// Microseconds that a bucket spans.
    width: u64,
    /// Bucket number and bytes, only where there are any.
    buckets: Vec<(u64, u64)>,
    last: Option<u64>,
    /// When the longest silence between two arrivals began, and how long it was, in microseconds.
    pub longest_silence: Option<(u64, u64)>,
    /// How many reads brought something.
    pub reads: u64,
}

impl Default for Arrivals {
    fn default() -> Arrivals {
        Arrivals { width: FIRST_WIDTH, buckets: Vec::new(), last: None, longest_silence: None, reads: 0 }
    }
}

impl Arrivals {
    pub fn add(&mut self, at: u64, bytes: u64) {
        if let Some(last) = self.last {
            let silence = at.saturating_sub(last);
            if self.longest_silence.is_none_or(|(_, longest)| silence > longest) {
                self.longest_silence = Some((last, silence));
            }
        }
        self.last = Some(at);
        self.reads += 1;
        let number = at / self.width;
        match self.buckets.last_mut() {
            Some((last, sum)) if *last >= number => *sum += bytes,
            _ => self.buckets.push((number, bytes)),
        }
        while self.buckets.len() > MOST_BUCKETS {
            self.width *= 2;
            let mut merged: Vec<(u64, u64)> = Vec::with_capacity(MOST_BUCKETS);
            for (number, bytes) in self.buckets.drain(..) {
                match merged.last_mut() {
                    Some((last, sum)) if *last == number / 2 => *sum += bytes,
                    _ => merged.push((number / 2, bytes)),
                }
            }
            self.buckets = merged;
        }
    }

    /// Start in milliseconds and bytes of every bucket that is not empty.
    pub fn histogram(&self) -> Vec<(f64, u64)> {
        self.buckets.iter().map(|(number, bytes)| ((number * self.width) as f64 / 1000.0, *bytes)).collect()
    }

    /// Milliseconds that a bucket spans.
    pub fn width_ms(&self) -> f64 {
        self.width as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_is_lost_and_the_histogram_stays_small() {
        let mut arrivals = Arrivals::default();
        for n in 0..100_000u64 {
            arrivals.add(n * 700, 3);
        }
        arrivals.add(200_000_000, 1);
        let histogram = arrivals.histogram();
        assert!(histogram.len() <= MOST_BUCKETS);
        assert_eq!(histogram.iter().map(|(_, bytes)| bytes).sum::<u64>(), 300_001);
        assert_eq!(arrivals.longest_silence, Some((69_999_300, 130_000_700)));
        assert!(histogram.is_sorted_by(|a, b| a.0 < b.0));
    }
}
