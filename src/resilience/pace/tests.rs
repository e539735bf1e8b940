//! The pace against servers of every kind, in a simulation: time, latency and chance are made up, so that minutes pass in no time and
//! each run is the same.

mod servers;
mod simulation;

use servers::*;
use simulation::{Ran, Simulation};

const fn s(seconds: f64) -> f64 {
    seconds
}

/// After its first window nothing is refused, and at least nine tenths of what is allowed get through.
#[track_caller]
fn expect_paced(name: &str, ran: &Ran, allowed: f64) {
    let share = ran.per_second / allowed;
    println!("{name}: {} refusals before, {} after; {:.1} % of {allowed}/s", ran.refused_before, ran.refused_after, share * 100.0);
    assert_eq!(ran.refused_after, 0, "{name}: {ran:?}");
    assert!(share >= 0.9, "{name}: {share} of {allowed}: {ran:?}");
}

/// From one request at a time to many, from near and from far.
const CLIENTS: [(usize, f64, f64); 5] = [(4, 0.005, 0.02), (16, 0.005, 0.1), (16, 0.05, 0.5), (64, 0.005, 0.5), (64, 0.3, 0.9)];

fn each(first: f64, lasts: f64, allowed: f64, name: &str, server: impl Fn() -> Box<dyn Server>) {
    for (workers, shortest, longest) in CLIENTS {
        let most = workers as f64 / ((shortest + longest) / 2.0);
        for seed in 0..3 {
            let simulation = Simulation { workers, latency: (shortest, longest), first, lasts, seed, ..Simulation::default() };
            let ran = simulation.run(server());
            let name = format!("{name}, {workers} workers, {shortest}-{longest} s, seed {seed}");
            // Where the workers are too few for the limit, they are all that may be expected.
            expect_paced(&name, &ran, allowed.min(most));
        }
    }
}

#[test]
fn a_bucket_that_tells_all() {
    each(3.0, 60.0, 20.0, "20/s, 20 at once", || Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFull)));
    each(3.0, 60.0, 10.0, "600/min, 600 at once", || Box::new(Bucket::new(10.0, 600.0).telling(Telling::UntilFull)));
}

#[test]
fn sweep() {
    let filter = std::env::var("SWEEP").unwrap_or_default();
    type Make = fn() -> Box<dyn Server>;
    let cases: Vec<(&str, f64, f64, f64, Make)> = vec![
        ("bucket 20/s b20 told", 3.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFull))),
        ("bucket 10/s b600 told", 60.0, 60.0, 10.0, || Box::new(Bucket::new(10.0, 600.0).telling(Telling::UntilFull))),
        ("bucket 5/s b5 told", 3.0, 60.0, 5.0, || Box::new(Bucket::new(5.0, 5.0).telling(Telling::UntilFull))),
        ("bucket 20/s b20 told in seconds", 3.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 20.0).telling(Telling::UntilFullInSeconds))),
        ("window 60/60 told s", 60.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::UntilFullInSeconds))),
        ("window 600/60 told s", 60.0, 240.0, 10.0, || Box::new(Window::new(600.0, 60.0, Some(23.4), Telling::UntilFullInSeconds))),
        ("window 20/2 told ms", 4.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, None, Telling::UntilFull))),
        ("window 100/10 told s", 10.0, 100.0, 10.0, || Box::new(Window::new(100.0, 10.0, Some(3.3), Telling::UntilFullInSeconds))),
        ("sliding 60/60 told s", 60.0, 240.0, 1.0, || Box::new(Sliding::new(60, 60.0, Telling::UntilFullInSeconds))),
        ("sliding 20/2 told ms", 4.0, 60.0, 10.0, || Box::new(Sliding::new(20, 2.0, Telling::UntilFull))),
        ("window 20/2 ra opens", 5.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, None, Telling::RetryAfter))),
        ("window 20/2 ra clock", 10.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, Some(0.7), Telling::RetryAfter))),
        ("window 60/60 ra clock", 121.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::RetryAfter))),
        ("window 600/60 ra clock", 121.0, 240.0, 10.0, || Box::new(Window::new(600.0, 60.0, Some(23.4), Telling::RetryAfter))),
        ("window 60/60 ra whole", 125.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::WholeWindow))),
        ("window 20/1 ra whole", 10.0, 60.0, 20.0, || Box::new(Window::new(20.0, 1.0, Some(0.4), Telling::WholeWindow))),
        ("sliding 60/60 ra", 125.0, 240.0, 1.0, || Box::new(Sliding::new(60, 60.0, Telling::RetryAfter))),
        ("sliding 20/2 silent", 10.0, 60.0, 10.0, || Box::new(Sliding::new(20, 2.0, Telling::Nothing))),
        ("window 60/60 silent", 125.0, 240.0, 1.0, || Box::new(Window::new(60.0, 60.0, Some(23.4), Telling::Nothing))),
        ("window 20/2 silent", 10.0, 60.0, 10.0, || Box::new(Window::new(20.0, 2.0, Some(0.7), Telling::Nothing))),
        ("leaky 10/s b0", 10.0, 60.0, 10.0, || Box::new(Leaky::new(10.0, 0.0, false))),
        ("leaky 10/s b5 nodelay", 10.0, 60.0, 10.0, || Box::new(Leaky::new(10.0, 5.0, false))),
        ("leaky 10/s b20 nodelay", 10.0, 60.0, 10.0, || Box::new(Leaky::new(10.0, 20.0, false))),
        ("leaky 10/s b5 delay", 10.0, 60.0, 10.0, || Box::new(Leaky::new(10.0, 5.0, true))),
        ("leaky 10/s b20 delay", 10.0, 60.0, 10.0, || Box::new(Leaky::new(10.0, 20.0, true))),
        ("leaky 50/s b0", 10.0, 60.0, 50.0, || Box::new(Leaky::new(50.0, 0.0, false))),
        ("leaky 50/s b5 nodelay", 10.0, 60.0, 50.0, || Box::new(Leaky::new(50.0, 5.0, false))),
        ("leaky 50/s b20 delay", 10.0, 60.0, 50.0, || Box::new(Leaky::new(50.0, 20.0, true))),
        ("leaky 1/s b0", 20.0, 100.0, 1.0, || Box::new(Leaky::new(1.0, 0.0, false))),
        ("leaky 200/s b20", 10.0, 60.0, 200.0, || Box::new(Leaky::new(200.0, 20.0, false))),
        ("bucket 20/s b5 silent", 10.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 5.0))),
        ("bucket 20/s b5 ra 1", 10.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 5.0).telling(Telling::RetryAfter))),
        ("bucket 20/s b20 remaining", 10.0, 60.0, 20.0, || Box::new(Bucket::new(20.0, 20.0).telling(Telling::Remaining))),
    ];
    for (name, first, lasts, allowed, make) in cases {
        if !name.contains(&filter) {
            continue;
        }
        for (workers, shortest, longest) in CLIENTS {
            let most = workers as f64 / ((shortest + longest) / 2.0 + 0.0023);
            let mut line = format!("{name:32} {workers:2} {shortest}-{longest}:");
            for seed in 0..3 {
                let simulation = Simulation { workers, latency: (shortest, longest), first, lasts, seed, ..Simulation::default() };
                let ran = simulation.run(make());
                let share = ran.per_second / allowed.min(most);
                let bad = if ran.refused_after > 0 || share < 0.9 { "!" } else { " " };
                line +=
                    &format!("  {:3}/{:<2} {:5.1}%{bad}{:<5.1}", ran.refused_before, ran.refused_after, share * 100.0, ran.last_refusal);
            }
            println!("{line}");
        }
    }
}

#[test]
fn trace() {
    let simulation =
        Simulation { workers: 16, latency: (0.05, 0.5), first: 10.0, lasts: 20.0, seed: 1, trace: true, ..Simulation::default() };
    simulation.run(Box::new(Window::new(20.0, 1.0, Some(0.4), Telling::WholeWindow)));
}
