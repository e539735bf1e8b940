//! What others collected, in any form: whatever can be read can be judged.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck_fuzz::judge;

fuzz_target!(|bytes: &[u8]| {
    let _ = llmcheck::import::read(bytes, |transcript| {
        judge(&transcript);
    });
});
