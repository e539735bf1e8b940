//! Secrets in a flow of arbitrary bytes are overwritten however it is cut into reads, and nothing else is.
#![no_main]

use libfuzzer_sys::fuzz_target;
use llmcheck::secret::{Mask, MaskedFlow, Secret};
use llmcheck_fuzz::pieces::{cuts, pieces};

fuzz_target!(|input: &[u8]| {
    let Some((cuts, rest)) = cuts(input) else {
        return;
    };
    let Some((&length, rest)) = rest.split_first() else {
        return;
    };
    let (secret, flow) = rest.split_at(rest.len().min(length.into()));
    // A secret of asterisks is in its own mask.
    let Some(secret) = std::str::from_utf8(secret).ok().filter(|secret| !secret.contains('*')) else {
        return;
    };
    // The flow may hold the secret wherever the input has a zero.
    let flow = flow.split(|byte| *byte == 0).collect::<Vec<_>>().join(secret.as_bytes());
    let mask = || Mask::of_responses([&Secret::new(secret.to_string())]);

    let mut masked = MaskedFlow::new(mask());
    let mut passed = Vec::new();
    for piece in pieces(&flow, cuts) {
        passed.extend_from_slice(&masked.pass(&mut piece.to_vec()));
    }
    passed.extend_from_slice(&masked.finish());

    assert_eq!(passed.len(), flow.len());
    assert!(!mask().finds_any(&passed), "a secret passed");
    assert!(passed.iter().zip(&flow).all(|(shown, byte)| shown == byte || *shown == b'*'), "another byte was changed");
    // As much of a secret as tells, at the end of a flow that was cut, is covered too.
    if !mask().finds_any_in_cut(&flow) {
        assert_eq!(passed, flow);
    }
});
