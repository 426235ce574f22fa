//! The right to sign on an EVM chain, and bytes that claim to be the signed plan.

use alloy::consensus::TxEnvelope;
use alloy::consensus::transaction::SignerRecoverable;
use alloy::eips::eip2718::Decodable2718;
use alloy::primitives::keccak256;
use domain::act::PlannedEvm;
use domain::{EntryId, ProposalId, U256};
use plans::{
    EvmMismatch, EvmPurpose, FinishError, NotSigned, SignedPlan, SigningOrder, TxRef, order_evm,
    unsigned_hash, verify_signed_evm,
};

use crate::evm_support::*;
use crate::grant::grant;
use crate::support::{proposal, receive, vault};

fn plan_id() -> EntryId {
    EntryId::from_bytes([0x55; 32])
}

fn ordered(case: &Case) -> SigningOrder {
    let authorization = grant(proposal(), &case.payout);
    let (planned, view) = (case.planned(), the_vault().view);
    order_evm(authorization, plan_id(), &planned, &view, None).unwrap()
}

fn signature(case: &Case) -> [u8; 64] {
    sign_ecdsa(&the_vault(), case.path, unsigned_hash(&case.planned()))
}

fn signed(case: &Case) -> SignedPlan {
    ordered(case).finish(&[signature(case)]).unwrap()
}

/// The same signature with n - s: as valid to a lax verifier.
pub fn twin(signature: &[u8; 64]) -> [u8; 64] {
    const ORDER: &str = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    let order = U256::from_str_radix(ORDER, 16).unwrap();
    let s = U256::from_be_slice(&signature[32..]);
    let mut twin = *signature;
    twin[32..].copy_from_slice(&(order - s).to_be_bytes::<32>());
    twin
}

fn verify(case: &Case, planned: &PlannedEvm, bytes: &[u8]) -> Result<TxRef, NotSigned> {
    let purpose = EvmPurpose::Pay(&case.payout);
    verify_signed_evm(planned, &purpose, &the_vault().view, case.anchor(), bytes)
}

#[test]
fn the_digest_is_the_one_that_alloy_signs() {
    use alloy::consensus::SignableTransaction;
    for case in [Case::ether(), Case::token()] {
        let order = ordered(&case);
        let [input] = order.digests() else {
            panic!("one digest");
        };
        assert_eq!(input.sighash, case.tx.signature_hash().0);
        assert_eq!(input.path, case.path);
        assert_eq!((order.plan(), order.proposal()), (plan_id(), proposal()));
        assert_eq!(order.vault(), the_vault().view.vault);
        assert!(order.effects().is_none());
        let effects = order.evm_effects().unwrap();
        assert_eq!(effects.leg(), case.payout.legs().first());
    }
}

/// Many nonces, so that both parities and short r and s come up.
#[test]
fn signed_bytes_are_what_alloy_decodes_with_the_accounts_signature() {
    let mut parities = [0, 0];
    for nonce in 0..300 {
        let mut case = if nonce % 2 == 0 {
            Case::ether()
        } else {
            Case::token()
        };
        case.tx.nonce = nonce;
        let plan = signed(&case);
        let mut rest = plan.bytes();
        let envelope = TxEnvelope::decode_2718(&mut rest).unwrap();
        assert!(rest.is_empty());
        let TxEnvelope::Eip1559(found) = &envelope else {
            panic!("another type");
        };
        assert_eq!(found.tx(), &case.tx);
        assert_eq!(
            envelope.recover_signer().unwrap(),
            raw(case.anchor().account)
        );
        assert_eq!(plan.transaction(), TxRef::Evm(envelope.tx_hash().0));
        assert_eq!(keccak256(plan.bytes()), *envelope.tx_hash());
        assert_eq!(plan.transaction().bytes(), envelope.tx_hash().0);
        assert_eq!(
            plan.transaction().to_string(),
            envelope.tx_hash().to_string()
        );
        assert!(found.signature().normalize_s().is_none());
        parities[usize::from(found.signature().v())] += 1;
    }
    assert!(parities[0] > 50 && parities[1] > 50, "{parities:?}");
}

#[test]
fn a_signature_that_is_not_the_accounts_finishes_nothing() {
    let case = Case::ether();
    let good = signature(&case);
    let finish = |signatures: &[[u8; 64]]| ordered(&case).finish(signatures).unwrap_err();
    for given in [0, 2] {
        let refused = finish(&vec![good; given]);
        assert_eq!(refused, FinishError::Count { given, wanted: 1 });
    }
    let digest = unsigned_hash(&case.planned());
    let (vault, other_vault) = (the_vault(), evm_vault(2));
    let mut other_bytes = case.clone();
    other_bytes.tx.nonce += 1;
    let mut swapped = [0; 64];
    swapped[..32].copy_from_slice(&good[32..]);
    swapped[32..].copy_from_slice(&good[..32]);
    for wrong in [
        sign_ecdsa(&vault, receive(4), digest),
        sign_ecdsa(&other_vault, case.path, digest),
        sign_ecdsa(&vault, case.path, [7; 32]),
        signature(&other_bytes),
        twin(&good),
        swapped,
        [0; 64],
        [0xff; 64],
        // BIP340 by the same key's Taproot form.
        vault.sign(case.path, digest),
    ] {
        assert_eq!(finish(&[wrong]), FinishError::Invalid(0));
    }
    for place in 0..64 {
        let mut flipped = good;
        flipped[place] ^= 1;
        assert_eq!(finish(&[flipped]), FinishError::Invalid(0));
    }
    assert!(ordered(&case).finish(&[good]).is_ok());
}

#[test]
fn an_order_comes_of_its_own_authorization_only() {
    let case = Case::token();
    let view = the_vault().view;
    let other = ProposalId::from_bytes([0x78; 32]);
    let granted = grant(other, &case.payout);
    let refused = order_evm(granted, plan_id(), &case.planned(), &view, None);
    let expected = EvmMismatch::OtherProposal {
        plan: proposal(),
        authorized: other,
    };
    assert_eq!(refused.unwrap_err(), expected);
    // What was approved counts, not what the plan pays.
    let units = case.payout.legs()[0].amount.units() - U256::from(1);
    let approved = payout_of(usd(), payee(), units, case.payout.fee_cap().units());
    let granted = grant(proposal(), &approved);
    let refused = order_evm(granted, plan_id(), &case.planned(), &view, None);
    assert!(matches!(
        refused.unwrap_err(),
        EvmMismatch::OtherCall { .. }
    ));
    let mut anchor = case.anchor();
    anchor.nonce += 1;
    let granted = grant(proposal(), &case.payout);
    let refused = order_evm(granted, plan_id(), &case.planned(), &view, Some(anchor));
    assert!(matches!(
        refused.unwrap_err(),
        EvmMismatch::OtherAnchor { .. }
    ));
    let granted = grant(proposal(), &case.payout);
    let bitcoin = vault(1).view;
    let refused = order_evm(granted, plan_id(), &case.planned(), &bitcoin, None);
    assert_eq!(refused.unwrap_err(), EvmMismatch::OtherNetwork);
}

#[test]
fn the_signed_plan_itself_is_recognised() {
    for case in [Case::ether(), Case::token()] {
        let plan = signed(&case);
        let found = verify(&case, &case.planned(), plan.bytes()).unwrap();
        assert_eq!(found, plan.transaction());
    }
}

#[test]
fn signed_bytes_altered_anywhere_are_refused() {
    for case in [Case::ether(), Case::token()] {
        let (good, planned) = (signed(&case).bytes().to_vec(), case.planned());
        for place in 0..good.len() {
            for mask in [1, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[place] ^= mask;
                assert!(verify(&case, &planned, &bytes).is_err(), "{place} {mask}");
            }
            assert!(verify(&case, &planned, &good[..place]).is_err());
            let mut longer = good.clone();
            longer.insert(place, 0);
            assert!(verify(&case, &planned, &longer).is_err(), "{place}");
        }
        let trailing = [&good[..], &[0]].concat();
        assert!(verify(&case, &planned, &trailing).is_err());
        let unsigned = verify(&case, &planned, &case.bytes());
        assert!(matches!(unsigned, Err(NotSigned::OtherTransaction)));
    }
}

/// The nine fields with parity, r and s, as anybody would encode them.
fn with_parts(case: &Case, parity: Vec<u8>, r: &[u8], s: &[u8]) -> Vec<u8> {
    let mut items = fields(&case.tx);
    items.extend([parity, rlp_text(r), rlp_text(s)]);
    typed(2, rlp_list(&items))
}

#[test]
fn other_forms_of_the_signature_are_refused() {
    let case = Case::ether();
    let (good, planned) = (signed(&case), case.planned());
    let mut bytes = good.bytes();
    let envelope = TxEnvelope::decode_2718(&mut bytes).unwrap();
    let odd = u8::from(envelope.signature().v());
    let parity = |odd: u8| if odd == 0 { vec![0x80] } else { vec![odd] };
    let signature = signature(&case);
    let (r, s) = signature.split_at(32);
    let again = with_parts(&case, parity(odd), r, s);
    assert_eq!(again, good.bytes());
    let high = twin(&signature);
    for (parity, r, s) in [
        (parity(1 - odd), r, s),
        (parity(odd), &high[..32], &high[32..]),
        (parity(1 - odd), &high[..32], &high[32..]),
        (vec![0x00], r, s),
        (vec![27 + odd], r, s),
        (vec![2 + odd], r, s),
        (parity(odd), &[&[0][..], r].concat()[..], s),
        (parity(odd), r, &[&[0][..], s].concat()[..]),
        (parity(odd), s, r),
        (parity(odd), r, &[][..]),
        (parity(odd), &[][..], s),
    ] {
        let refused = verify(&case, &planned, &with_parts(&case, parity, r, s));
        assert!(refused.is_err());
    }
    // Another valid signature, of another transaction.
    let mut other = case.clone();
    other.tx.max_priority_fee_per_gas -= 1;
    let refused = verify(&case, &planned, signed(&other).bytes());
    assert!(matches!(refused, Err(NotSigned::OtherTransaction)));
}

#[test]
fn a_plan_that_does_not_hold_completes_nothing() {
    let case = Case::ether();
    let bytes = signed(&case).bytes().to_vec();
    let mut other = case.clone();
    other.payout = payout_of(ether(), account_of([0xac; 20]), case.tx.value, U256::MAX);
    let refused = verify(&other, &case.planned(), &bytes).unwrap_err();
    assert!(matches!(
        refused,
        NotSigned::EvmPlan(EvmMismatch::OtherPayee { .. })
    ));
}
