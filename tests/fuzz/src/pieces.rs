//! Where one read ends and the next begins. The bytes of a response mean the same however the network cut them.

/// All of `bytes` in order, cut as `cuts` says: 0 not at all, less than 256 by that size, any other at irregular places.
pub fn pieces(mut bytes: &[u8], cuts: u16) -> Vec<&[u8]> {
    match cuts {
        0 => return vec![bytes],
        1..256 => return bytes.chunks(cuts.into()).collect(),
        _ => {}
    }
    let mut pieces = Vec::new();
    let mut state = u32::from(cuts);
    while !bytes.is_empty() {
        // xorshift, Marsaglia 2003; most pieces small, some large.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let size = 1 + state as usize % (1 << (state >> 28));
        let (piece, rest) = bytes.split_at(size.min(bytes.len()));
        pieces.push(piece);
        bytes = rest;
    }
    pieces
}

/// The cuts that the first two bytes of an input choose, and the rest.
pub fn cuts(bytes: &[u8]) -> Option<(u16, &[u8])> {
    let (cuts, rest) = bytes.split_first_chunk::<2>()?;
    Some((u16::from_le_bytes(*cuts), rest))
}
