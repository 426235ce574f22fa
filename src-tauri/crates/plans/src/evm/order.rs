//! What may be signed on an EVM chain, and what was.

use alloy_primitives::keccak256;
use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId, Signature};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1};
use domain::act::PlannedEvm;
use domain::id::EntryId;
use domain::{Amount, Note, Payout, Subject};
use policy::{Authorization, Mandate, TransferAuthorization};

use super::NonceAnchor;
use super::effects::EvmEffects;
use super::inspect::{InspectedEvm, Purpose, examine_evm};
use super::mismatch::EvmMismatch;
use crate::order::{FinishError, InputDigest, SigningOrder, TxRef, Work};
use crate::signed::NotSigned;
use crate::vault::VaultView;

/// An EVM transaction about to be signed.
#[derive(Debug)]
pub(crate) struct EvmWork {
    /// `0x02` and the list of the nine fields.
    pub unsigned: Vec<u8>,
    /// The account's public key.
    pub key: PublicKey,
    pub effects: EvmEffects,
}

/// Checks a plan against what was approved and, if it does exactly that, gives the right to sign it:
/// [`crate::order()`] for an EVM chain.
pub fn order_evm(
    authorization: Authorization,
    plan: EntryId,
    planned: &PlannedEvm,
    view: &VaultView,
    anchor: Option<NonceAnchor>,
) -> Result<SigningOrder, EvmMismatch> {
    check_proposal(planned, authorization.proposal())?;
    let purpose = Purpose::Pay(authorization.payout());
    let inspected = examine_evm(planned, &purpose, view, anchor)?;
    assemble(plan, planned, view, inspected)
}

/// The right to sign one transfer of a sweep: [`crate::order_transfer()`] for an EVM chain.
pub fn order_evm_transfer(
    authorization: TransferAuthorization,
    plan: EntryId,
    planned: &PlannedEvm,
    view: &VaultView,
    anchor: Option<NonceAnchor>,
) -> Result<SigningOrder, EvmMismatch> {
    check_proposal(planned, authorization.proposal())?;
    let (vault, transfer) = (authorization.vault(), authorization.transfer());
    let payout = view
        .payout_of(vault, transfer, Note::EMPTY)
        .map_err(Box::new)?;
    let inspected = examine_evm(planned, &Purpose::Pay(&payout), view, anchor)?;
    assemble(plan, planned, view, inspected)
}

/// The right to sign the transaction that cancels a payout of this vault, from what governance decided.
/// `anchor` is the cancelled payout's.
pub fn order_evm_cancel(
    mandate: Mandate,
    plan: EntryId,
    planned: &PlannedEvm,
    view: &VaultView,
    anchor: NonceAnchor,
) -> Result<SigningOrder, EvmMismatch> {
    check_proposal(planned, mandate.proposal())?;
    let Subject::Cancel(cancel) = mandate.subject() else {
        return Err(EvmMismatch::NoCancel);
    };
    let purpose = Purpose::Cancel {
        vault: view.vault,
        fee_cap: cancel.fee_cap,
    };
    let inspected = examine_evm(planned, &purpose, view, Some(anchor))?;
    assemble(plan, planned, view, inspected)
}

fn check_proposal(planned: &PlannedEvm, authorized: domain::ProposalId) -> Result<(), EvmMismatch> {
    if planned.proposal == authorized {
        return Ok(());
    }
    Err(EvmMismatch::OtherProposal {
        plan: planned.proposal,
        authorized,
    })
}

fn assemble(
    plan: EntryId,
    planned: &PlannedEvm,
    view: &VaultView,
    inspected: InspectedEvm,
) -> Result<SigningOrder, EvmMismatch> {
    let InspectedEvm { effects, keys } = inspected;
    let unsigned = planned.transaction.0.clone();
    Ok(SigningOrder {
        plan,
        proposal: planned.proposal,
        version: planned.version,
        vault: view.vault,
        epoch: view.key.epoch,
        inputs: vec![InputDigest {
            path: planned.account,
            sighash: unsigned_hash(planned),
        }],
        work: Work::Evm(EvmWork {
            unsigned,
            key: keys.child_key_at(planned.account)?,
            effects,
        }),
    })
}

impl EvmWork {
    /// Puts the signature to the transaction, after libsecp256k1 has verified it under the account's
    /// key and found it low (EIP-2). Which of the two parities it has is found by recovering the key.
    pub fn finish(&self, signatures: &[[u8; 64]]) -> Result<(Vec<u8>, TxRef), FinishError> {
        let [signature] = signatures else {
            return Err(FinishError::Count {
                given: signatures.len(),
                wanted: 1,
            });
        };
        let digest = keccak256(&self.unsigned).0;
        let parity = parity_of(&self.key, &digest, signature).ok_or(FinishError::Invalid(0))?;
        let signed =
            with_signature(&self.unsigned, parity, signature).ok_or(FinishError::Invalid(0))?;
        let hash = TxRef::Evm(keccak256(&signed).0);
        Ok((signed, hash))
    }
}

/// The parity of a valid low-s signature: the recovered key is the account's.
fn parity_of(key: &PublicKey, digest: &[u8; 32], signature: &[u8; 64]) -> Option<u8> {
    let secp = Secp256k1::verification_only();
    let message = Message::from_digest(*digest);
    let plain = Signature::from_compact(signature).ok()?;
    // libsecp256k1 takes low s only.
    secp.verify_ecdsa(&message, &plain, key).ok()?;
    [(0_u8, 0_i32), (1, 1)]
        .into_iter()
        .find_map(|(parity, id)| {
            let id = RecoveryId::from_i32(id).ok()?;
            let recoverable = RecoverableSignature::from_compact(signature, id).ok()?;
            let recovered = secp.recover_ecdsa(&message, &recoverable).ok()?;
            (recovered == *key).then_some(parity)
        })
}

/// The nine fields and then parity, r and s (EIP-1559).
fn with_signature(unsigned: &[u8], parity: u8, signature: &[u8; 64]) -> Option<Vec<u8>> {
    let (kind, list) = unsigned.split_first()?;
    let fields = list_payload(list)?;
    let (r, s) = signature.split_first_chunk::<32>()?;
    let mut payload = fields.to_vec();
    payload.push(if parity == 0 { 0x80 } else { parity });
    put_number(&mut payload, r);
    put_number(&mut payload, s);
    let mut bytes = vec![*kind];
    put_list_header(&mut bytes, payload.len())?;
    bytes.extend(payload);
    Some(bytes)
}

/// What a list holds; the list was decoded strictly before.
fn list_payload(list: &[u8]) -> Option<&[u8]> {
    match list.split_first()? {
        (0xc0..=0xf7, rest) => Some(rest),
        (first @ 0xf8..=0xff, rest) => rest.get(usize::from(first.checked_sub(0xf7)?)..),
        (0x00..=0xbf, _) => None,
    }
}

fn put_number(into: &mut Vec<u8>, number: &[u8]) {
    let digits: Vec<u8> = number
        .iter()
        .copied()
        .skip_while(|byte| *byte == 0)
        .collect();
    match digits.as_slice() {
        [single] if *single < 0x80 => into.push(*single),
        digits => {
            // At most 32 bytes.
            into.push(0x80_u8.saturating_add(u8::try_from(digits.len()).unwrap_or(u8::MAX)));
            into.extend(digits);
        }
    }
}

fn put_list_header(into: &mut Vec<u8>, length: usize) -> Option<()> {
    if length <= 55 {
        into.push(0xc0_u8.checked_add(u8::try_from(length).ok()?)?);
        return Some(());
    }
    let digits: Vec<u8> = (length as u64)
        .to_be_bytes()
        .into_iter()
        .skip_while(|byte| *byte == 0)
        .collect();
    into.push(0xf7_u8.checked_add(u8::try_from(digits.len()).ok()?)?);
    into.extend(digits);
    Some(())
}

/// Keccak-256 of the unsigned transaction: what is signed (EIP-1559), and what a plan is known by until
/// it is.
pub fn unsigned_hash(planned: &PlannedEvm) -> [u8; 32] {
    keccak256(&planned.transaction.0).0
}

/// What signed bytes of an EVM chain are held against.
pub enum EvmPurpose<'a> {
    /// A payout.
    Pay(&'a Payout),
    /// A cancel of this vault within this fee.
    Cancel(Amount),
}

/// Checks that `bytes` are the planned transaction with one valid signature of the account, and gives
/// its hash.
pub fn verify_signed_evm(
    planned: &PlannedEvm,
    purpose: &EvmPurpose<'_>,
    view: &VaultView,
    anchor: NonceAnchor,
    bytes: &[u8],
) -> Result<TxRef, NotSigned> {
    let purpose = match purpose {
        EvmPurpose::Pay(payout) => Purpose::Pay(payout),
        EvmPurpose::Cancel(fee_cap) => Purpose::Cancel {
            vault: view.vault,
            fee_cap: *fee_cap,
        },
    };
    let inspected = examine_evm(planned, &purpose, view, Some(anchor))?;
    let unsigned = &planned.transaction.0;
    let (r, s) = trailing_signature(unsigned, bytes).ok_or(NotSigned::OtherTransaction)?;
    let mut signature = [0; 64];
    let digits = r.iter().chain(&s);
    for (to, from) in signature.iter_mut().zip(digits) {
        *to = *from;
    }
    let key = inspected
        .keys
        .child_key_at(planned.account)
        .map_err(EvmMismatch::from)?;
    let digest = keccak256(unsigned).0;
    let parity = parity_of(&key, &digest, &signature).ok_or(NotSigned::Witness(1))?;
    // One encoding: what these parts give must be these very bytes.
    if with_signature(unsigned, parity, &signature).as_deref() != Some(bytes) {
        return Err(NotSigned::Witness(1));
    }
    Ok(TxRef::Evm(keccak256(bytes).0))
}

/// r and s at the end of signed bytes whose fields are those of `unsigned`.
fn trailing_signature(unsigned: &[u8], bytes: &[u8]) -> Option<([u8; 32], [u8; 32])> {
    let fields = list_payload(unsigned.get(1..)?)?;
    let signed = list_payload(bytes.get(1..)?)?;
    let rest = signed.strip_prefix(fields)?;
    let (_parity, rest) = rest.split_first()?;
    let (r, rest) = take_number(rest)?;
    let (s, rest) = take_number(rest)?;
    rest.is_empty().then_some((r, s))
}

fn take_number(bytes: &[u8]) -> Option<([u8; 32], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let (digits, rest) = match first {
        0x00..=0x7f => (bytes.get(..1)?, rest),
        0x80..=0xa0 => rest.split_at_checked(usize::from(first.checked_sub(0x80)?))?,
        0xa1..=0xff => return None,
    };
    let mut number = [0; 32];
    for (to, from) in number.iter_mut().rev().zip(digits.iter().rev()) {
        *to = *from;
    }
    Some((number, rest))
}

#[cfg(test)]
mod tests;
