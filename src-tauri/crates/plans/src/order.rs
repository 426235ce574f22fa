//! What may be signed, and what was.

use bitcoin::OutPoint;
use domain::Payout;
use domain::act::{ChildPath, Planned};
use domain::id::{EntryId, ProposalId, VaultId};
use domain::vault::Epoch;
use policy::Authorization;

use crate::effects::Effects;
use crate::inspect::{Inspected, examine};
use crate::mismatch::PlanMismatch;
use crate::sighash::key_path_sighashes;
use crate::vault::VaultView;

/// One input's message: the BIP341 key-path sighash and the child key that must sign it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InputDigest {
    /// The child key below the vault's root.
    pub path: ChildPath,
    /// BIP341 sighash (SIGHASH_DEFAULT), recomputed by this seat from the transaction's bytes.
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
    plan: EntryId,
    proposal: ProposalId,
    version: u32,
    vault: VaultId,
    epoch: Epoch,
    transaction: bitcoin::Transaction,
    inputs: Vec<InputDigest>,
    output_keys: Vec<bitcoin::secp256k1::XOnlyPublicKey>,
    effects: Effects,
}

/// A transaction with every witness in place and checked. Made only by [`SigningOrder::finish`].
///
/// ```compile_fail,E0451
/// let forged = plans::SignedPlan { plan: todo!(), transaction: todo!() };
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
    transaction: bitcoin::Transaction,
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
    /// A signature that does not verify under its input's output key (libsecp256k1, BIP340).
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
    let proposal = authorization.proposal();
    assemble(
        proposal,
        authorization.payout(),
        plan,
        planned,
        view,
        anchor,
    )
}

/// Inspects a plan under what was approved and readies each input's digest, recomputed here.
fn assemble(
    proposal: ProposalId,
    payout: &Payout,
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
    } = examine(planned, payout, view, anchor)?;
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
        output_keys: output_keys.collect::<Result<_, _>>()?,
        transaction,
        effects,
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

    /// What the transaction does, as this seat decoded it.
    pub const fn effects(&self) -> &Effects {
        &self.effects
    }

    /// Puts one BIP340 signature to each input, after checking each with libsecp256k1 under the
    /// input's output key.
    pub fn finish(self, signatures: &[[u8; 64]]) -> Result<SignedPlan, FinishError> {
        use bitcoin::secp256k1::{Message, Secp256k1, schnorr};
        if signatures.len() != self.inputs.len() {
            return Err(FinishError::Count {
                given: signatures.len(),
                wanted: self.inputs.len(),
            });
        }
        let secp = Secp256k1::verification_only();
        let mut transaction = self.transaction;
        let parts = self
            .inputs
            .iter()
            .zip(&self.output_keys)
            .zip(signatures)
            .zip(&mut transaction.input);
        for (index, (((input, key), signature), txin)) in parts.enumerate() {
            let invalid = |_| FinishError::Invalid(index);
            let parsed = schnorr::Signature::from_slice(signature).map_err(invalid)?;
            secp.verify_schnorr(&parsed, &Message::from_digest(input.sighash), key)
                .map_err(invalid)?;
            txin.witness = bitcoin::Witness::from_slice(&[signature.as_slice()]);
        }
        Ok(SignedPlan {
            plan: self.plan,
            transaction,
        })
    }
}

impl SignedPlan {
    /// The plan that was signed.
    pub const fn plan(&self) -> EntryId {
        self.plan
    }

    /// The transaction with its witnesses.
    pub const fn transaction(&self) -> &bitcoin::Transaction {
        &self.transaction
    }
}
