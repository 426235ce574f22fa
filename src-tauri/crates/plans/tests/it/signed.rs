//! Bytes that claim to be the signed plan.

use bitcoin::{Amount, Witness, consensus};
use plans::{NotSigned, PlanMismatch, order, verify_signed};

use crate::grant::grant;
use crate::support::{Drafted, Vault, honest, leg, payout, proposal, sats, vault};

struct Case {
    vault: Vault,
    payout: domain::Payout,
    draft: Drafted,
    signed: bitcoin::Transaction,
}

fn case() -> Case {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000)], 2_000);
    let draft = honest(&vault, &payout, &[20_000, 60_000], Some(49_000));
    let id = domain::EntryId::from_bytes([1; 32]);
    let authorization = grant(proposal(), &payout);
    let order = order(authorization, id, &draft.planned(), &vault.view, None).unwrap();
    let digests = order.digests().iter();
    let signatures: Vec<_> = digests
        .map(|input| vault.sign(input.path, input.sighash))
        .collect();
    let signed = order.finish(&signatures).unwrap();
    let signed = consensus::deserialize(signed.bytes()).unwrap();
    Case {
        vault,
        payout,
        draft,
        signed,
    }
}

impl Case {
    fn check(&self, bytes: &[u8]) -> Result<(), NotSigned> {
        let planned = self.draft.planned();
        verify_signed(&planned, &self.payout, &self.vault.view, bytes)
    }

    fn altered(&self, alter: impl FnOnce(&mut bitcoin::Transaction)) -> NotSigned {
        let mut signed = self.signed.clone();
        alter(&mut signed);
        self.check(&consensus::serialize(&signed)).unwrap_err()
    }
}

#[test]
fn the_signed_plan_itself_is_recognised() {
    let case = case();
    assert!(case.check(&consensus::serialize(&case.signed)).is_ok());
}

#[test]
fn signed_bytes_that_do_not_complete_the_plan_are_refused() {
    let case = case();
    let other = case.altered(|tx| tx.output[0].value = Amount::from_sat(29_999));
    assert!(matches!(other, NotSigned::OtherTransaction));
    let unsigned = case.check(&case.draft.planned().transaction.0).unwrap_err();
    assert!(matches!(unsigned, NotSigned::Witness(1)));
    let flipped = case.altered(|tx| {
        let mut signature = tx.input[1].witness[0].to_vec();
        signature[0] ^= 1;
        tx.input[1].witness = Witness::from_slice(&[signature]);
    });
    assert!(matches!(flipped, NotSigned::Witness(2)));
    // 65 bytes: a hash type other than the one that was agreed.
    let typed = case.altered(|tx| {
        let mut signature = tx.input[0].witness[0].to_vec();
        signature.push(1);
        tx.input[0].witness = Witness::from_slice(&[signature]);
    });
    assert!(matches!(typed, NotSigned::Witness(1)));
    let annexed = case.altered(|tx| tx.input[0].witness.push([0x50]));
    assert!(matches!(annexed, NotSigned::Witness(1)));
    let mut trailing = consensus::serialize(&case.signed);
    trailing.push(0);
    assert!(matches!(case.check(&trailing), Err(NotSigned::Malformed)));
}

#[test]
fn a_plan_that_does_not_hold_completes_nothing() {
    let mut case = case();
    case.draft.inputs[0].value = sats(1);
    let refused = case.check(&consensus::serialize(&case.signed)).unwrap_err();
    assert!(matches!(
        refused,
        NotSigned::Plan(PlanMismatch::NoFee { .. })
    ));
}
