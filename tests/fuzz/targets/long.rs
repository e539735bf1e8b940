//! A long exchange of few different bytes, live and as a file: work that grows with the square of a length takes more processor time
//! than it may, and memory that grows with what should only be counted more than `run` allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::import;
use llmcheck_fuzz::{Script, judge, processor_time};

const LEAST: usize = 256 * 1024;
/// Instrumented as it is, 16 s for a MiB; without, a tenth of that and less.
const MOST_SECONDS: f64 = 4.0;

fn assert_quick(what: &str, act: impl FnOnce()) {
    let before = processor_time();
    act();
    let spent = processor_time() - before;
    assert!(spent < MOST_SECONDS, "{what} takes {spent:.1} s");
}

fuzz_target!(|input: &[u8]| {
    let Some(script) = Script::from_input(input, LEAST) else {
        return;
    };
    assert_quick("the exchange", || {
        judge(&script.transcript(script.cuts));
    });
    assert_quick("the file", || {
        let _ = import::read(&script.received[..], |transcript| {
            judge(&transcript);
        });
    });
});
