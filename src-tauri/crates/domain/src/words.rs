//! A proposal's fingerprint as twelve words, for comparing between screens.

use crate::id::ProposalId;

/// Words in a fingerprint.
pub const WORDS: usize = 12;

/// The first 132 bits of a proposal's digest as twelve words of the BIP39 English list, 11 bits each.
/// They are a fingerprint, not a seed.
pub fn fingerprint(proposal: ProposalId) -> [&'static str; WORDS] {
    let list = bip39::Language::English.word_list();
    let bytes = proposal.as_bytes();
    std::array::from_fn(|word| {
        let index = (0..11).fold(0_usize, |index, bit| {
            let place = word * 11 + bit;
            let byte = bytes.get(place / 8).copied().unwrap_or_default();
            index << 1 | usize::from(byte >> (7 - place % 8) & 1)
        });
        list.get(index).copied().unwrap_or_default()
    })
}
