//! A whole exchange of arbitrary bytes: it is judged and printed, all that must hold does, and the verdict does not depend on how the
//! bytes were cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck_fuzz::judge::codes;
use llmcheck_fuzz::{Script, judge};

fuzz_target!(|input: &[u8]| {
    let Some(script) = Script::from_input(input, 0) else {
        return;
    };
    let found = judge(&script.transcript(script.cuts));
    if script.cuts != 0 && !script.has_pauses() {
        assert_eq!(found, codes(&script.transcript(0)), "in pieces (left) and as a whole (right)");
    }
});
