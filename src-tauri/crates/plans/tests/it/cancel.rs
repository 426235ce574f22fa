//! Cancels: they pay nobody, take the anchor, and stand on what governance decided.

use alloy::primitives::TxKind;
use bitcoin::{TxOut, Witness, consensus};
use domain::act::Planned;
use domain::{Amount, ChainId, Coin, EntryId, ProposalId, Symbol, U256, VaultId};
use plans::{
    EvmMismatch, EvmPurpose, NonceAnchor, NotSigned, PlanMismatch, inspect_cancel,
    inspect_evm_cancel, order_cancel, order_evm_cancel, unsigned_hash, verify_signed_cancel,
    verify_signed_evm,
};

use crate::evm_support::*;
use crate::grant::{grant_asset, grant_cancel};
use crate::support::*;

fn plan_id() -> EntryId {
    EntryId::from_bytes([0x55; 32])
}

/// A coin of 60,000, all but 1,000 of which returns to the vault.
fn honest_cancel(vault: &Vault) -> Drafted {
    let payout = payout(vault, vec![leg(1, 30_000)], 2_000);
    let mut draft = honest(vault, &payout, &[60_000], Some(59_000));
    draft.tx.output.remove(0);
    draft.change.as_mut().unwrap().output = 0;
    draft
}

fn cap(amount: u64) -> Amount {
    Amount::Btc(sats(amount))
}

fn check(planned: &Planned) -> Result<plans::Effects, PlanMismatch> {
    let view = vault(1).view;
    inspect_cancel(planned, view.vault, cap(1_000), &view, outpoint(1, 0))
}

#[test]
fn an_honest_cancel_of_bitcoin_passes_and_is_signed() {
    let vault = vault(1);
    let planned = honest_cancel(&vault).planned();
    let effects = check(&planned).unwrap();
    assert_eq!((effects.legs().len(), effects.fee()), (0, sats(1_000)));
    assert_eq!(effects.change().unwrap().amount, sats(59_000));
    assert_eq!(effects.spends(), [outpoint(1, 0)]);
    let mandate = grant_cancel(proposal(), cap(1_000));
    let order = order_cancel(mandate, plan_id(), &planned, &vault.view, outpoint(1, 0)).unwrap();
    let [input] = order.digests() else {
        panic!("one digest");
    };
    let signature = vault.sign(input.path, input.sighash);
    let signed = order.finish(&[signature]).unwrap();
    let verify = |bytes: &[u8]| verify_signed_cancel(&planned, cap(1_000), &vault.view, bytes);
    assert!(verify(signed.bytes()).is_ok());
    let mut tx: bitcoin::Transaction = consensus::deserialize(signed.bytes()).unwrap();
    tx.input[0].witness = Witness::from_slice(&[[7_u8; 64]]);
    let refused = verify(&consensus::serialize(&tx));
    assert!(matches!(refused, Err(NotSigned::Witness(1))));
    let short = verify_signed_cancel(&planned, cap(999), &vault.view, signed.bytes());
    assert!(matches!(
        short,
        Err(NotSigned::Plan(PlanMismatch::FeeOverCap { .. }))
    ));
}

#[test]
fn a_cancel_of_bitcoin_that_does_anything_else_is_refused() {
    let vault = vault(1);
    let lie = |tell: &dyn Fn(&mut Drafted)| {
        let mut draft = honest_cancel(&vault);
        tell(&mut draft);
        check(&draft.planned()).unwrap_err()
    };
    let payee = TxOut {
        value: bitcoin::Amount::from_sat(30_000),
        script_pubkey: stranger(1).script_pubkey().to_owned(),
    };
    // It pays the leg after all: before the change, behind it, or instead of it.
    let before = lie(&|draft| {
        draft.tx.output[0].value -= payee.value;
        draft.tx.output.insert(0, payee.clone());
    });
    assert!(matches!(before, PlanMismatch::UnclaimedOutput { .. }));
    let placed = lie(&|draft| {
        draft.tx.output[0].value -= payee.value;
        draft.tx.output.insert(0, payee.clone());
        draft.change.as_mut().unwrap().output = 1;
    });
    assert!(matches!(placed, PlanMismatch::ChangePlace { .. }));
    let behind = lie(&|draft| {
        draft.tx.output[0].value -= payee.value;
        draft.tx.output.push(payee.clone());
    });
    assert!(matches!(behind, PlanMismatch::UnclaimedOutput { .. }));
    let foreign = lie(&|draft| draft.tx.output[0].script_pubkey = payee.script_pubkey.clone());
    assert!(matches!(foreign, PlanMismatch::ForeignChange { .. }));
    let unclaimed = lie(&|draft| draft.change = None);
    assert!(matches!(unclaimed, PlanMismatch::UnclaimedOutput { .. }));
    let to_receive = lie(&|draft| {
        draft.tx.output[0].script_pubkey = vault.script(receive(7));
        draft.change.as_mut().unwrap().path = receive(7);
    });
    assert!(matches!(to_receive, PlanMismatch::ChangeKeychain(_)));
    // All of it to the miner.
    let nothing = lie(&|draft| {
        draft.tx.output.clear();
        draft.change = None;
    });
    assert!(matches!(
        nothing,
        PlanMismatch::ChangeMissing | PlanMismatch::Undecodable(_)
    ));
    let claimed = lie(&|draft| draft.tx.output.clear());
    assert!(matches!(
        claimed,
        PlanMismatch::ChangeMissing | PlanMismatch::Undecodable(_)
    ));
    let anchor = lie(&|draft| draft.tx.input[0].previous_output = outpoint(9, 9));
    assert_eq!(anchor, PlanMismatch::MissingAnchor(outpoint(1, 0)));
    let fee = lie(&|draft| draft.tx.output[0].value = bitcoin::Amount::from_sat(58_999));
    let expected = PlanMismatch::FeeOverCap {
        fee: sats(1_001),
        cap: sats(1_000),
    };
    assert_eq!(fee, expected);
    let none = lie(&|draft| draft.tx.output[0].value = bitcoin::Amount::from_sat(60_000));
    assert!(matches!(none, PlanMismatch::NoFee { .. }));
}

#[test]
fn a_cancel_of_bitcoin_stands_on_its_own_mandate() {
    let vault = vault(1);
    let planned = honest_cancel(&vault).planned();
    let anchor = outpoint(1, 0);
    let order = |mandate, view| order_cancel(mandate, plan_id(), &planned, view, anchor);
    let asset = order(grant_asset(proposal(), ether()), &vault.view);
    assert_eq!(asset.unwrap_err(), PlanMismatch::NoCancel);
    let other = ProposalId::from_bytes([0x78; 32]);
    let refused = order(grant_cancel(other, cap(1_000)), &vault.view);
    let expected = PlanMismatch::OtherProposal {
        plan: proposal(),
        authorized: other,
    };
    assert_eq!(refused.unwrap_err(), expected);
    let ether_cap = Amount::Evm(ether(), U256::MAX);
    let refused = order(grant_cancel(proposal(), ether_cap), &vault.view);
    assert_eq!(refused.unwrap_err(), PlanMismatch::NotBitcoin);
    let evm = the_vault().view;
    let refused = order(grant_cancel(proposal(), cap(1_000)), &evm);
    assert_eq!(refused.unwrap_err(), PlanMismatch::NotBitcoin);
    let stranger = VaultId::from_bytes([9; 32]);
    let refused = inspect_cancel(&planned, stranger, cap(1_000), &vault.view, anchor);
    assert!(matches!(refused, Err(PlanMismatch::OtherVault { .. })));
}

/// What the account pays itself, at the payout's nonce.
fn evm_cancel() -> Case {
    let mut case = Case::ether();
    case.tx.to = TxKind::Call(raw(case.anchor().account));
    case.tx.value = U256::ZERO;
    case
}

fn wei(units: U256) -> Amount {
    Amount::Evm(ether(), units)
}

fn fee() -> U256 {
    U256::from(21_000) * U256::from(GAS_PRICE)
}

fn check_evm(case: &Case, cap: Amount) -> Result<plans::EvmEffects, EvmMismatch> {
    let (view, planned) = (the_vault().view, case.planned());
    inspect_evm_cancel(&planned, view.vault, cap, &view, case.anchor())
}

#[test]
fn an_honest_cancel_on_an_evm_chain_passes_and_is_signed() {
    let case = evm_cancel();
    let effects = check_evm(&case, wei(fee())).unwrap();
    assert_eq!((effects.leg(), effects.highest_fee()), (None, fee()));
    let (view, planned) = (the_vault().view, case.planned());
    let mandate = grant_cancel(proposal(), wei(fee()));
    let order = order_evm_cancel(mandate, plan_id(), &planned, &view, case.anchor()).unwrap();
    let signature = sign_ecdsa(&the_vault(), case.path, unsigned_hash(&planned));
    let signed = order.finish(&[signature]).unwrap();
    let verify = |cap| {
        let purpose = EvmPurpose::Cancel(cap);
        verify_signed_evm(&planned, &purpose, &view, case.anchor(), signed.bytes())
    };
    assert_eq!(verify(wei(fee())).unwrap(), signed.transaction());
    let short = verify(wei(fee() - U256::from(1)));
    assert!(matches!(
        short,
        Err(NotSigned::EvmPlan(EvmMismatch::FeeOverCap { .. }))
    ));
    // The signed cancel is no payment of the payout.
    let purpose = EvmPurpose::Pay(&case.payout);
    let paid = verify_signed_evm(&planned, &purpose, &view, case.anchor(), signed.bytes());
    assert!(matches!(paid, Err(NotSigned::EvmPlan(_))));
}

#[test]
fn a_cancel_on_an_evm_chain_that_does_anything_else_is_refused() {
    let cap = wei(fee());
    let lie = |tell: &dyn Fn(&mut Case)| {
        let mut case = evm_cancel();
        tell(&mut case);
        check_evm(&case, cap).unwrap_err()
    };
    let other = lie(&|case| case.tx.to = TxKind::Call(raw(payee())));
    assert!(matches!(other, EvmMismatch::OtherPayee { .. }));
    let value = lie(&|case| case.tx.value = U256::from(1));
    assert!(matches!(value, EvmMismatch::OtherValue { .. }));
    let data = lie(&|case| case.tx.input = vec![0].into());
    assert_eq!(data, EvmMismatch::Data(1));
    let paid = lie(&|case| case.tx = Case::ether().tx);
    assert!(matches!(paid, EvmMismatch::OtherPayee { .. }));
    let token = lie(&|case| case.tx = Case::token().tx);
    assert!(matches!(token, EvmMismatch::OtherPayee { .. }));
    let nonce = lie(&|case| case.tx.nonce += 1);
    assert!(matches!(nonce, EvmMismatch::OtherAnchor { .. }));
    let chain = lie(&|case| case.tx.chain_id = 1);
    assert!(matches!(chain, EvmMismatch::OtherChain { .. }));
    let dear = lie(&|case| case.tx.max_fee_per_gas += 1);
    assert!(matches!(dear, EvmMismatch::FeeOverCap { .. }));
    // Another account of the vault, that pays itself.
    let account = lie(&|case| {
        let keys = the_vault().view.keys().unwrap();
        case.path = receive(4);
        case.tx.to = TxKind::Call(raw(keys.account_at(receive(4)).unwrap()));
    });
    assert!(matches!(account, EvmMismatch::OtherAnchor { .. }));
}

#[test]
fn a_cancels_cap_is_in_the_coin_that_pays_for_gas() {
    let elsewhere = ChainId::new(1).unwrap();
    let there = Coin::new(elsewhere, None, Symbol::new("ETH").unwrap(), 18).unwrap();
    for cap in [
        Amount::Evm(usd(), U256::MAX),
        Amount::Evm(there, U256::MAX),
        cap(2_000_000_000_000_000),
    ] {
        let refused = check_evm(&evm_cancel(), cap);
        assert_eq!(refused, Err(EvmMismatch::CapAsset(cap)));
    }
}

#[test]
fn a_cancel_on_an_evm_chain_stands_on_its_own_mandate() {
    let case = evm_cancel();
    let (view, planned, anchor) = (the_vault().view, case.planned(), case.anchor());
    let order = |mandate, view| order_evm_cancel(mandate, plan_id(), &planned, view, anchor);
    let asset = order(grant_asset(proposal(), ether()), &view);
    assert_eq!(asset.unwrap_err(), EvmMismatch::NoCancel);
    let other = ProposalId::from_bytes([0x78; 32]);
    let refused = order(grant_cancel(other, wei(fee())), &view);
    assert!(matches!(
        refused.unwrap_err(),
        EvmMismatch::OtherProposal { .. }
    ));
    let refused = order(grant_cancel(proposal(), wei(fee())), &vault(1).view);
    assert_eq!(refused.unwrap_err(), EvmMismatch::OtherNetwork);
    let later = NonceAnchor {
        nonce: anchor.nonce + 1,
        ..anchor
    };
    let mandate = grant_cancel(proposal(), wei(fee()));
    let refused = order_evm_cancel(mandate, plan_id(), &planned, &view, later);
    assert!(matches!(
        refused.unwrap_err(),
        EvmMismatch::OtherAnchor { .. }
    ));
    let stranger = VaultId::from_bytes([9; 32]);
    let refused = inspect_evm_cancel(&planned, stranger, wei(fee()), &view, anchor);
    assert!(matches!(refused, Err(EvmMismatch::OtherVault { .. })));
}
