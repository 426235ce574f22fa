//! BIP341 digests, recomputed from the bytes.

use bitcoin::hashes::Hash;
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::{Transaction, TxOut};

use crate::mismatch::PlanMismatch;

/// The digest that each input's key-path signature is over (BIP341 `SigMsg(0x00, 0)`, SIGHASH_DEFAULT):
/// it commits to all inputs, to the amount and script of each output spent, and to all outputs.
pub(crate) fn key_path_sighashes(
    transaction: &Transaction,
    prevouts: &[TxOut],
) -> Result<Vec<[u8; 32]>, PlanMismatch> {
    let mut cache = SighashCache::new(transaction);
    let all = Prevouts::All(prevouts);
    (0..transaction.input.len())
        .map(|index| {
            cache
                .taproot_key_spend_signature_hash(index, &all, TapSighashType::Default)
                .map(|hash| hash.to_byte_array())
                .map_err(|_| PlanMismatch::Sighash(index.saturating_add(1)))
        })
        .collect()
}

#[cfg(test)]
mod tests;
