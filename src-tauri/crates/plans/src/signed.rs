//! Signed bytes held against the plan they claim to complete.

use bitcoin::consensus::encode::deserialize;
use bitcoin::secp256k1::{Message, Secp256k1, schnorr};
use bitcoin::{Transaction, Witness};
use domain::act::Planned;
use domain::{Amount, Payout};

use crate::evm::EvmMismatch;
use crate::inspect::{Purpose, examine};
use crate::mismatch::PlanMismatch;
use crate::sighash::key_path_sighashes;
use crate::vault::VaultView;

/// Signed bytes that do not complete their plan.
#[derive(Debug, thiserror::Error)]
pub enum NotSigned {
    /// The plan itself does not hold.
    #[error(transparent)]
    Plan(#[from] PlanMismatch),
    /// The plan of an EVM chain does not hold.
    #[error(transparent)]
    EvmPlan(#[from] EvmMismatch),
    /// Not a transaction, or bytes left over.
    #[error("the signed bytes are no transaction")]
    Malformed,
    /// Another transaction than the plan's.
    #[error("the signed transaction is another than the planned one")]
    OtherTransaction,
    /// A witness that is not one 64-byte BIP340 signature that verifies; on an EVM chain, a signature
    /// of another account, or with a high s.
    #[error("input {0} does not carry one valid signature in its one encoding")]
    Witness(usize),
}

/// Checks that `bytes` are the planned transaction with one valid key-path signature an input.
pub fn verify_signed(
    planned: &Planned,
    payout: &Payout,
    view: &VaultView,
    bytes: &[u8],
) -> Result<(), NotSigned> {
    verify(planned, &Purpose::Pay(payout), view, bytes)
}

/// The same for a transaction that cancels a payout of the vault.
pub fn verify_signed_cancel(
    planned: &Planned,
    fee_cap: Amount,
    view: &VaultView,
    bytes: &[u8],
) -> Result<(), NotSigned> {
    let vault = view.vault;
    verify(planned, &Purpose::Cancel { vault, fee_cap }, view, bytes)
}

fn verify(
    planned: &Planned,
    purpose: &Purpose<'_>,
    view: &VaultView,
    bytes: &[u8],
) -> Result<(), NotSigned> {
    let inspected = examine(planned, purpose, view, None)?;
    let signed: Transaction = deserialize(bytes).map_err(|_| NotSigned::Malformed)?;
    let mut bare = signed.clone();
    bare.input
        .iter_mut()
        .for_each(|input| input.witness = Witness::new());
    if bare != inspected.transaction {
        return Err(NotSigned::OtherTransaction);
    }
    let sighashes = key_path_sighashes(&inspected.transaction, &inspected.prevouts)?;
    let secp = Secp256k1::verification_only();
    let parts = signed.input.iter().zip(&planned.inputs).zip(sighashes);
    for (number, ((txin, input), sighash)) in (1..).zip(parts) {
        let key = inspected
            .keys
            .output_key_at(input.path)
            .map_err(PlanMismatch::from)?;
        let signature = match txin.witness.iter().collect::<Vec<_>>().as_slice() {
            [only] => {
                schnorr::Signature::from_slice(only).map_err(|_| NotSigned::Witness(number))?
            }
            _ => return Err(NotSigned::Witness(number)),
        };
        secp.verify_schnorr(&signature, &Message::from_digest(sighash), &key)
            .map_err(|_| NotSigned::Witness(number))?;
    }
    Ok(())
}
