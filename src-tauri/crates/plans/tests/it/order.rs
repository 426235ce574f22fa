//! The right to sign comes of an authorization and the plan's own bytes, and of nothing else.

use crate::grant::grant;
use crate::support::{Drafted, Vault, honest, leg, outpoint, payout, proposal, vault};
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{Message, Secp256k1};
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::{Amount, TxOut};
use domain::{EntryId, ProposalId};
use plans::{FinishError, PlanMismatch, SigningOrder, TxRef, order};

fn plan_id() -> EntryId {
    EntryId::from_bytes([0x55; 32])
}

fn case() -> (Vault, domain::Payout, Drafted) {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000), leg(2, 20_000)], 2_000);
    let draft = honest(&vault, &payout, &[40_000, 60_000, 700], Some(49_000));
    (vault, payout, draft)
}

fn ordered(vault: &Vault, payout: &domain::Payout, draft: &Drafted) -> SigningOrder {
    let authorization = grant(proposal(), payout);
    order(
        authorization,
        plan_id(),
        &draft.planned(),
        &vault.view,
        None,
    )
    .unwrap()
}

fn sign(vault: &Vault, order: &SigningOrder) -> Vec<[u8; 64]> {
    let digests = order.digests().iter();
    digests
        .map(|input| vault.sign(input.path, input.sighash))
        .collect()
}

#[test]
fn the_digests_are_recomputed_from_bytes_and_own_keys() {
    let (vault, payout, draft) = case();
    let order = ordered(&vault, &payout, &draft);
    let prevouts: Vec<TxOut> = draft
        .inputs
        .iter()
        .map(|input| TxOut {
            value: Amount::from_sat(input.value.get()),
            script_pubkey: vault.script(input.path),
        })
        .collect();
    let mut cache = SighashCache::new(&draft.tx);
    for (index, input) in order.digests().iter().enumerate() {
        let all = Prevouts::All(&prevouts);
        let hash = cache
            .taproot_key_spend_signature_hash(index, &all, TapSighashType::Default)
            .unwrap();
        assert_eq!(input.sighash, hash.to_byte_array());
        assert_eq!(input.path, draft.inputs[index].path);
    }
    assert_eq!(order.digests().len(), 3);
    assert_eq!((order.plan(), order.proposal()), (plan_id(), proposal()));
    assert_eq!((order.version(), order.vault()), (1, vault.view.vault));
    assert_eq!(order.epoch(), vault.view.key.epoch);
    assert_eq!(order.effects().unwrap().fee().get(), 1_700);
}

#[test]
fn a_signed_plan_has_one_64_byte_witness_an_input() {
    let (vault, payout, draft) = case();
    let order = ordered(&vault, &payout, &draft);
    let (signatures, size) = (sign(&vault, &order), order.effects().unwrap().size());
    let signed = order.finish(&signatures).unwrap();
    assert_eq!(signed.plan(), plan_id());
    let tx: bitcoin::Transaction = bitcoin::consensus::deserialize(signed.bytes()).unwrap();
    assert_eq!(signed.transaction(), TxRef::Bitcoin(tx.compute_txid()));
    assert_eq!(tx.compute_txid(), draft.tx.compute_txid());
    assert_eq!(tx.vsize() as u64, size.get());
    for (input, signature) in tx.input.iter().zip(&signatures) {
        assert_eq!(input.witness.to_vec(), [signature.to_vec()]);
    }
}

/// What is given to the network is checked as the network checks it: under the output keys in the
/// scripts spent.
#[test]
fn signatures_verify_under_the_scripts_spent() {
    let (vault, payout, draft) = case();
    let order = ordered(&vault, &payout, &draft);
    let secp = Secp256k1::verification_only();
    for (input, signature) in order.digests().iter().zip(sign(&vault, &order)) {
        let script = vault.script(input.path);
        let key = bitcoin::XOnlyPublicKey::from_slice(&script.as_bytes()[2..]).unwrap();
        let signature = bitcoin::secp256k1::schnorr::Signature::from_slice(&signature).unwrap();
        let message = Message::from_digest(input.sighash);
        assert_eq!(secp.verify_schnorr(&signature, &message, &key), Ok(()));
    }
}

#[test]
fn a_wrong_missing_or_swapped_signature_finishes_nothing() {
    let (vault, payout, draft) = case();
    let fresh = || ordered(&vault, &payout, &draft);
    let good = sign(&vault, &fresh());
    let few = fresh().finish(&good[..2]).unwrap_err();
    let expected = FinishError::Count {
        given: 2,
        wanted: 3,
    };
    assert_eq!(few, expected);
    let mut bad = good.clone();
    bad[1][63] ^= 1;
    assert_eq!(fresh().finish(&bad).unwrap_err(), FinishError::Invalid(1));
    let mut swapped = good.clone();
    swapped.swap(0, 2);
    assert_eq!(
        fresh().finish(&swapped).unwrap_err(),
        FinishError::Invalid(0)
    );
    let other = crate::support::vault(2);
    let foreign = sign(&other, &fresh());
    assert_eq!(
        fresh().finish(&foreign).unwrap_err(),
        FinishError::Invalid(0)
    );
}

#[test]
fn an_authorization_of_another_proposal_orders_nothing() {
    let (vault, payout, draft) = case();
    let other = ProposalId::from_bytes([0x78; 32]);
    let authorization = grant(other, &payout);
    let refused = order(
        authorization,
        plan_id(),
        &draft.planned(),
        &vault.view,
        None,
    );
    let expected = PlanMismatch::OtherProposal {
        plan: proposal(),
        authorized: other,
    };
    assert_eq!(refused.unwrap_err(), expected);
}

#[test]
fn the_authorizations_own_payout_is_what_counts() {
    let (vault, _, draft) = case();
    let approved = payout(&vault, vec![leg(1, 30_000), leg(2, 19_999)], 2_000);
    let authorization = grant(proposal(), &approved);
    let refused = order(
        authorization,
        plan_id(),
        &draft.planned(),
        &vault.view,
        None,
    );
    assert!(matches!(
        refused.unwrap_err(),
        PlanMismatch::OtherAmount {
            leg: 2,
            found: 20_000,
            ..
        }
    ));
}

#[test]
fn a_plan_without_the_anchor_orders_nothing() {
    let (vault, payout, draft) = case();
    let anchor = outpoint(9, 9);
    let authorization = grant(proposal(), &payout);
    let refused = order(
        authorization,
        plan_id(),
        &draft.planned(),
        &vault.view,
        Some(anchor),
    );
    assert_eq!(refused.unwrap_err(), PlanMismatch::MissingAnchor(anchor));
}

/// BIP341 commits to amounts and scripts: a builder that lies about what a coin holds gets signatures
/// that the network refuses, not money.
#[test]
fn a_lie_about_a_coin_makes_other_digests() {
    let (vault, payout, draft) = case();
    let honest = ordered(&vault, &payout, &draft);
    let mut lied = draft.clone();
    lied.inputs[2].value = crate::support::sats(701);
    let lied = ordered(&vault, &payout, &lied);
    for (a, b) in honest.digests().iter().zip(lied.digests()) {
        assert_ne!(a.sighash, b.sighash);
    }
}
