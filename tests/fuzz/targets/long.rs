//! A long exchange of few different bytes: work that grows with the square of a length shows as a timeout, and memory that grows with
//! what should only be counted shows too.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck_fuzz::{Script, judge};

const LEAST: usize = 512 * 1024;

fuzz_target!(|input: &[u8]| {
    if let Some(script) = Script::from_input(input, LEAST) {
        judge(&script.transcript(script.cuts));
    }
});
