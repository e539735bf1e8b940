//! A long exchange of few different bytes: work that grows with the square of a length takes more processor time than it may, and memory
//! that grows with what should only be counted more than `run` allows.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck_fuzz::{Script, judge, processor_time};

const LEAST: usize = 256 * 1024;
/// Instrumented, and cut into single bytes, such an exchange takes a twentieth of this.
const MOST_SECONDS: f64 = 4.0;

fuzz_target!(|input: &[u8]| {
    if let Some(script) = Script::from_input(input, LEAST) {
        let before = processor_time();
        judge(&script.transcript(script.cuts));
        let spent = processor_time() - before;
        assert!(spent < MOST_SECONDS, "{spent:.1} s");
    }
});
