//! A whole exchange of arbitrary bytes: it is judged and printed, all that must hold does, and the verdict does not depend on how the
//! bytes were cut into reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::wire::coding::Progress;
use llmcheck_fuzz::judge::codes;
use llmcheck_fuzz::{Script, judge};

fuzz_target!(|input: &[u8]| {
    let Some(script) = Script::from_input(input, 0) else {
        return;
    };
    let transcript = script.transcript(script.cuts);
    let found = judge(&transcript);
    // How much comes out of a coding before a fault is the decoder's own affair.
    let is_faulty = transcript.response.is_some_and(|response| matches!(response.content.progress(), Some(Progress::Faulty(_))));
    if script.cuts != 0 && !script.has_pauses() && !is_faulty {
        assert_eq!(found, codes(&script.transcript(0)), "in pieces (left) and as a whole (right)");
    }
});
