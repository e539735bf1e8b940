//! Whose turn it is. Over as many rounds as there are targets each of them is asked once in every place, in an order that is drawn anew
//! after that: neither the place in the round nor what goes before it favours anyone, and drift hits all alike.

/// The order of the targets in each round.
pub struct Order {
    targets: usize,
    random: fastrand::Rng,
    /// The order of this block of rounds, to be turned by one place each round.
    drawn: Vec<usize>,
    turned: usize,
}

impl Order {
    pub fn new(targets: usize, seed: u64) -> Order {
        Order { targets, random: fastrand::Rng::with_seed(seed), drawn: Vec::new(), turned: 0 }
    }

    /// The targets in the order of the next round.
    pub fn next_round(&mut self) -> Vec<usize> {
        if self.turned == 0 {
            self.drawn = (0..self.targets).collect();
            self.random.shuffle(&mut self.drawn);
        }
        let mut order = self.drawn.clone();
        order.rotate_left(self.turned);
        self.turned = (self.turned + 1) % self.targets.max(1);
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_asked_in_every_place_equally_often() {
        for targets in 1..6 {
            let mut order = Order::new(targets, 7);
            let mut seen = vec![vec![0; targets]; targets];
            for _ in 0..targets * 10 {
                let round = order.next_round();
                let mut sorted = round.clone();
                sorted.sort_unstable();
                assert_eq!(sorted, (0..targets).collect::<Vec<_>>());
                round.into_iter().enumerate().for_each(|(place, target)| seen[target][place] += 1);
            }
            assert!(seen.iter().flatten().all(|count| *count == 10), "{seen:?}");
        }
        assert_eq!(Order::new(0, 7).next_round(), Vec::<usize>::new());
    }

    #[test]
    fn the_seed_gives_the_order() {
        let rounds = |seed: u64| {
            let mut order = Order::new(5, seed);
            (0..20).map(|_| order.next_round()).collect::<Vec<_>>()
        };
        assert_eq!(rounds(1), rounds(1));
        assert_ne!(rounds(1), rounds(2));
    }
}
