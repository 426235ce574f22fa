//! What may be signed, and what was.

use bitcoin::OutPoint;
use domain::act::{ChildPath, Planned};
use domain::id::{EntryId, ProposalId, VaultId};
use domain::vault::Epoch;
use domain::{Note, Subject};
use policy::{Authorization, Mandate, TransferAuthorization};

use crate::effects::Effects;
use crate::evm::{EvmEffects, EvmWork};
use crate::inspect::{Inspected, Purpose, examine};
use crate::mismatch::PlanMismatch;
use crate::sighash::key_path_sighashes;
use crate::vault::VaultView;

/// One input's message and the child key that must sign it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputDigest {
    /// The child key below the vault's root.
    pub path: ChildPath,
    /// BIP341 key-path sighash (SIGHASH_DEFAULT), or on an EVM chain Keccak-256 of the unsigned
    /// transaction (EIP-1559); recomputed by this seat from the transaction's bytes.
    pub sighash: [u8; 32],
}

/// The right to sign one exact transaction. Made only by [`order`], from an authorization; can't be
/// copied, stored or read back, so after a restart it is earned again.
///
/// ```compile_fail,E0451
/// let forged = plans::SigningOrder { plan: todo!(), inputs: todo!() };
/// ```
/// ```compile_fail,E0277
/// fn cloned<T: Clone>() {}
/// cloned::<plans::SigningOrder>();
/// ```
/// ```compile_fail,E0277
/// fn stored<T: serde::Serialize>() {}
/// stored::<plans::SigningOrder>();
/// ```
/// ```compile_fail,E0277
/// fn read_back<T: serde::de::DeserializeOwned>() {}
/// read_back::<plans::SigningOrder>();
/// ```
///
/// An authorization is used up by it, and it is used up by signing:
///
/// ```compile_fail,E0382
/// fn twice(
///     authorization: policy::Authorization,
///     plan: domain::EntryId,
///     planned: &domain::act::Planned,
///     view: &plans::VaultView,
/// ) {
///     let _ = plans::order(authorization, plan, planned, view, None);
///     let _ = plans::order(authorization, plan, planned, view, None);
/// }
/// ```
/// ```compile_fail,E0382
/// fn twice(order: plans::SigningOrder) {
///     let _ = order.finish(&[]);
///     let _ = order.finish(&[]);
/// }
/// ```
#[derive(Debug)]
pub struct SigningOrder {
    pub(crate) plan: EntryId,
    pub(crate) proposal: ProposalId,
    pub(crate) version: u32,
    pub(crate) vault: VaultId,
    pub(crate) epoch: Epoch,
    pub(crate) inputs: Vec<InputDigest>,
    pub(crate) work: Work,
}

/// What is signed, by family of chains.
#[derive(Debug)]
pub(crate) enum Work {
    Bitcoin {
        transaction: bitcoin::Transaction,
        output_keys: Vec<bitcoin::secp256k1::XOnlyPublicKey>,
        effects: Effects,
    },
    Evm(EvmWork),
}

/// A transaction of one chain, by its id or hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TxRef {
    /// Of Bitcoin.
    Bitcoin(bitcoin::Txid),
    /// Of an EVM chain: Keccak-256 of the signed bytes.
    Evm([u8; 32]),
}

impl TxRef {
    /// The 32 bytes in the order people read: what entries of the journal hold.
    pub fn bytes(&self) -> [u8; 32] {
        match self {
            TxRef::Bitcoin(txid) => {
                let mut bytes = bitcoin::hashes::Hash::to_byte_array(*txid);
                bytes.reverse();
                bytes
            }
            TxRef::Evm(hash) => *hash,
        }
    }
}

impl std::fmt::Display for TxRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TxRef::Bitcoin(txid) => txid.fmt(f),
            TxRef::Evm(hash) => alloy_primitives::B256::from(*hash).fmt(f),
        }
    }
}

/// A transaction with every signature in place and checked. Made only by [`SigningOrder::finish`].
///
/// ```compile_fail,E0451
/// let forged = plans::SignedPlan { plan: todo!(), bytes: todo!() };
/// ```
/// ```compile_fail,E0277
/// fn cloned<T: Clone>() {}
/// cloned::<plans::SignedPlan>();
/// ```
/// ```compile_fail,E0277
/// fn stored<T: serde::Serialize>() {}
/// stored::<plans::SignedPlan>();
/// ```
/// ```compile_fail,E0277
/// fn read_back<T: serde::de::DeserializeOwned>() {}
/// read_back::<plans::SignedPlan>();
/// ```
#[derive(Debug)]
pub struct SignedPlan {
    plan: EntryId,
    bytes: Vec<u8>,
    transaction: TxRef,
}

/// Signatures that do not complete the order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FinishError {
    /// Not one signature for each input.
    #[error("{given} signatures for {wanted} inputs")]
    Count {
        /// Signatures given.
        given: usize,
        /// Inputs to sign.
        wanted: usize,
    },
    /// A signature that does not verify under its key (libsecp256k1; BIP340, or ECDSA with low s).
    #[error("the signature of input {0} does not verify")]
    Invalid(usize),
}

/// Checks a plan against what was approved and, if it does exactly that, gives the right to sign it.
/// The payout compared with is the authorization's own, never one that comes beside it. `plan` is the
/// id of the journal entry that holds the plan; `anchor` the outpoint that every version of the payout
/// must spend, once it is fixed.
pub fn order(
    authorization: Authorization,
    plan: EntryId,
    planned: &Planned,
    view: &VaultView,
    anchor: Option<OutPoint>,
) -> Result<SigningOrder, PlanMismatch> {
    let purpose = Purpose::Pay(authorization.payout());
    assemble(
        authorization.proposal(),
        &purpose,
        plan,
        planned,
        view,
        anchor,
    )
}

/// The right to sign one transfer of a sweep, to an address of the vault itself that is derived here.
/// `anchor` as for [`order`].
pub fn order_transfer(
    authorization: TransferAuthorization,
    plan: EntryId,
    planned: &Planned,
    view: &VaultView,
    anchor: Option<OutPoint>,
) -> Result<SigningOrder, PlanMismatch> {
    let (vault, transfer) = (authorization.vault(), authorization.transfer());
    let payout = view
        .payout_of(vault, transfer, Note::EMPTY)
        .map_err(Box::new)?;
    assemble(
        authorization.proposal(),
        &Purpose::Pay(&payout),
        plan,
        planned,
        view,
        anchor,
    )
}

/// The right to sign the transaction that cancels a payout of this vault, from what governance decided.
/// `anchor` is the cancelled payout's.
pub fn order_cancel(
    mandate: Mandate,
    plan: EntryId,
    planned: &Planned,
    view: &VaultView,
    anchor: OutPoint,
) -> Result<SigningOrder, PlanMismatch> {
    let Subject::Cancel(cancel) = mandate.subject() else {
        return Err(PlanMismatch::NoCancel);
    };
    let purpose = Purpose::Cancel {
        vault: view.vault,
        fee_cap: cancel.fee_cap,
    };
    assemble(
        mandate.proposal(),
        &purpose,
        plan,
        planned,
        view,
        Some(anchor),
    )
}

/// Inspects a plan under what was approved and readies each input's digest, recomputed here.
fn assemble(
    proposal: ProposalId,
    purpose: &Purpose<'_>,
    plan: EntryId,
    planned: &Planned,
    view: &VaultView,
    anchor: Option<OutPoint>,
) -> Result<SigningOrder, PlanMismatch> {
    if planned.proposal != proposal {
        return Err(PlanMismatch::OtherProposal {
            plan: planned.proposal,
            authorized: proposal,
        });
    }
    let Inspected {
        effects,
        transaction,
        keys,
        prevouts,
    } = examine(planned, purpose, view, anchor)?;
    let sighashes = key_path_sighashes(&transaction, &prevouts)?;
    let paths = planned.inputs.iter().map(|input| input.path);
    let output_keys = paths.clone().map(|path| keys.output_key_at(path));
    Ok(SigningOrder {
        plan,
        proposal,
        version: planned.version,
        vault: view.vault,
        epoch: view.key.epoch,
        inputs: paths
            .clone()
            .zip(sighashes)
            .map(|(path, sighash)| InputDigest { path, sighash })
            .collect(),
        work: Work::Bitcoin {
            transaction,
            output_keys: output_keys.collect::<Result<_, _>>()?,
            effects,
        },
    })
}

impl SigningOrder {
    /// The plan that is signed.
    pub const fn plan(&self) -> EntryId {
        self.plan
    }

    /// The payout it pays.
    pub const fn proposal(&self) -> ProposalId {
        self.proposal
    }

    /// The version of the payout.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The vault that pays.
    pub const fn vault(&self) -> VaultId {
        self.vault
    }

    /// The sharing of its key.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What each input's child key must sign, in the transaction's order. All that `mpc` sees.
    pub fn digests(&self) -> &[InputDigest] {
        &self.inputs
    }

    /// What a transaction of Bitcoin does, as this seat decoded it.
    pub const fn effects(&self) -> Option<&Effects> {
        match &self.work {
            Work::Bitcoin { effects, .. } => Some(effects),
            Work::Evm(_) => None,
        }
    }

    /// What a transaction of an EVM chain does, as this seat decoded it.
    pub const fn evm_effects(&self) -> Option<&EvmEffects> {
        match &self.work {
            Work::Bitcoin { .. } => None,
            Work::Evm(work) => Some(&work.effects),
        }
    }

    /// Puts one signature to each input, after checking each with libsecp256k1: BIP340 under the
    /// input's output key, or ECDSA with low s under the account's.
    pub fn finish(self, signatures: &[[u8; 64]]) -> Result<SignedPlan, FinishError> {
        let (bytes, transaction) = match self.work {
            Work::Bitcoin {
                transaction,
                output_keys,
                ..
            } => finish_bitcoin(transaction, &self.inputs, &output_keys, signatures)?,
            Work::Evm(work) => work.finish(signatures)?,
        };
        Ok(SignedPlan {
            plan: self.plan,
            bytes,
            transaction,
        })
    }
}

fn finish_bitcoin(
    mut transaction: bitcoin::Transaction,
    inputs: &[InputDigest],
    output_keys: &[bitcoin::secp256k1::XOnlyPublicKey],
    signatures: &[[u8; 64]],
) -> Result<(Vec<u8>, TxRef), FinishError> {
    use bitcoin::secp256k1::{Message, Secp256k1, schnorr};
    if signatures.len() != inputs.len() {
        return Err(FinishError::Count {
            given: signatures.len(),
            wanted: inputs.len(),
        });
    }
    let secp = Secp256k1::verification_only();
    let parts = inputs
        .iter()
        .zip(output_keys)
        .zip(signatures)
        .zip(&mut transaction.input);
    for (index, (((input, key), signature), txin)) in parts.enumerate() {
        let invalid = |_| FinishError::Invalid(index);
        let parsed = schnorr::Signature::from_slice(signature).map_err(invalid)?;
        secp.verify_schnorr(&parsed, &Message::from_digest(input.sighash), key)
            .map_err(invalid)?;
        txin.witness = bitcoin::Witness::from_slice(&[signature.as_slice()]);
    }
    let bytes = bitcoin::consensus::serialize(&transaction);
    Ok((bytes, TxRef::Bitcoin(transaction.compute_txid())))
}

impl SignedPlan {
    /// The plan that was signed.
    pub const fn plan(&self) -> EntryId {
        self.plan
    }

    /// The signed transaction: consensus-encoded with its witnesses, or EIP-2718 bytes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which transaction it is.
    pub const fn transaction(&self) -> TxRef {
        self.transaction
    }
}
