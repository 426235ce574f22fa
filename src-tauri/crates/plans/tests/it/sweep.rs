//! Sweeps: what governance decided moves money to the vault's own address, and nowhere else.

use alloy::primitives::TxKind;
use domain::act::PlannedEvm;
use domain::{Amount, Batch, EntryId, EvmAddress, Network, Transfer, U256};
use plans::{
    EvmMismatch, NonceAnchor, PlanMismatch, SigningOrder, VaultView, order_evm_transfer,
    order_transfer, unsigned_hash,
};
use policy::TransferAuthorization;

use crate::evm_support::*;
use crate::grant::grant_transfer;
use crate::support::*;

fn plan_id() -> EntryId {
    EntryId::from_bytes([0x55; 32])
}

fn main_account() -> EvmAddress {
    let keys = the_vault().view.keys().unwrap();
    keys.account_at(receive(0)).unwrap()
}

/// The honest transaction that collects what a case would pay from account 3, with the transfer.
fn collected(mut case: Case) -> (Transfer, Case) {
    let amount = case.payout.legs()[0].amount;
    case.payout = payout_of(
        amount.asset().coin().unwrap(),
        main_account(),
        amount.units(),
        case.payout.fee_cap().units(),
    );
    if amount.asset().coin().unwrap().is_native() {
        case.tx.to = TxKind::Call(raw(main_account()));
    } else {
        case.tx.input = transfer(main_account(), amount.units()).into();
    }
    let transfer = Transfer {
        from: 3,
        to: 0,
        amount,
        fee_cap: case.payout.fee_cap(),
    };
    (transfer, case)
}

fn right_to(transfers: Vec<Transfer>) -> TransferAuthorization {
    let view = the_vault().view;
    grant_transfer(proposal(), view.vault, view.network, transfers)
}

fn planned(case: &Case) -> PlannedEvm {
    PlannedEvm {
        proposal: Batch::item_id(proposal(), 0),
        ..case.planned()
    }
}

fn ordered(
    transfer: Transfer,
    planned: &PlannedEvm,
    view: &VaultView,
    anchor: Option<NonceAnchor>,
) -> Result<SigningOrder, EvmMismatch> {
    order_evm_transfer(right_to(vec![transfer]), plan_id(), planned, view, anchor)
}

#[test]
fn a_coin_and_a_token_are_collected_in_the_main_account() {
    let view = the_vault().view;
    for (transfer, case) in [collected(Case::ether()), collected(Case::token())] {
        let planned = planned(&case);
        let order = ordered(transfer, &planned, &view, Some(case.anchor())).unwrap();
        let leg = order.evm_effects().unwrap().leg().unwrap();
        assert_eq!(leg.address.evm(), Some(&main_account()));
        assert_eq!(leg.amount, transfer.amount);
        assert_eq!(order.proposal(), planned.proposal);
        let signature = sign_ecdsa(&the_vault(), case.path, unsigned_hash(&planned));
        assert!(order.finish(&[signature]).is_ok());
    }
}

#[test]
fn a_sweep_to_anybody_else_is_refused() {
    let view = the_vault().view;
    let refused = |transfer: Transfer, case: &Case| {
        ordered(transfer, &planned(case), &view, Some(case.anchor())).unwrap_err()
    };
    let strangers = {
        let keys = the_vault().view.keys().unwrap();
        let others = evm_vault(2).view.keys().unwrap();
        let change = domain::act::ChildPath::new(1, 0).unwrap();
        [
            payee(),
            keys.account_at(receive(4)).unwrap(),
            keys.account_at(change).unwrap(),
            others.account_at(receive(0)).unwrap(),
        ]
    };
    for stranger in strangers {
        let (moved, mut case) = collected(Case::ether());
        case.tx.to = TxKind::Call(raw(stranger));
        assert!(matches!(
            refused(moved, &case),
            EvmMismatch::OtherPayee { .. }
        ));
        let (moved, mut case) = collected(Case::token());
        case.tx.input = transfer(stranger, moved.amount.units()).into();
        assert!(matches!(
            refused(moved, &case),
            EvmMismatch::OtherCall { .. }
        ));
    }
}

#[test]
fn a_sweep_of_more_from_elsewhere_or_for_another_is_refused() {
    let view = the_vault().view;
    let (transfer, honest) = collected(Case::ether());
    let anchor = Some(honest.anchor());
    let mut more = honest.clone();
    more.tx.value += U256::from(1);
    assert!(ordered(transfer, &planned(&more), &view, anchor).is_err());
    let mut dearer = honest.clone();
    dearer.tx.max_fee_per_gas *= 4;
    assert!(matches!(
        ordered(transfer, &planned(&dearer), &view, anchor).unwrap_err(),
        EvmMismatch::FeeOverCap { .. }
    ));
    let elsewhere = Transfer {
        from: 4,
        ..transfer
    };
    assert!(matches!(
        ordered(elsewhere, &planned(&honest), &view, anchor).unwrap_err(),
        EvmMismatch::OtherAccount { .. }
    ));
    let mut nonce = honest.clone();
    nonce.tx.nonce += 1;
    assert!(matches!(
        ordered(transfer, &planned(&nonce), &view, anchor).unwrap_err(),
        EvmMismatch::OtherAnchor { .. }
    ));
    // Named by the sweep itself, or by another place of it.
    for named in [proposal(), Batch::item_id(proposal(), 1)] {
        let other = PlannedEvm {
            proposal: named,
            ..planned(&honest)
        };
        assert!(matches!(
            ordered(transfer, &other, &view, anchor).unwrap_err(),
            EvmMismatch::OtherProposal { .. }
        ));
    }
    let mut of_another = evm_vault(2).view;
    of_another.vault = domain::VaultId::from_bytes([0x77; 32]);
    assert!(matches!(
        ordered(transfer, &planned(&honest), &of_another, None).unwrap_err(),
        EvmMismatch::OtherVault { .. }
    ));
}

#[test]
fn gas_goes_to_the_account_that_needs_it() {
    let vault = the_vault();
    let keys = vault.view.keys().unwrap();
    let (token, _) = collected(Case::token());
    let gas = Transfer {
        from: 0,
        to: 3,
        amount: Amount::Evm(ether(), U256::from(5)),
        fee_cap: token.fee_cap,
    };
    let deposit = keys.account_at(receive(3)).unwrap();
    let mut case = Case::ether();
    case.path = receive(0);
    case.tx.value = U256::from(5);
    let order = |case: &Case| {
        let right = right_to(vec![gas, token]);
        order_evm_transfer(right, plan_id(), &planned(case), &vault.view, None)
    };
    case.tx.to = TxKind::Call(raw(deposit));
    assert!(order(&case).is_ok());
    for stranger in [
        keys.account_at(receive(4)).unwrap(),
        main_account(),
        payee(),
    ] {
        case.tx.to = TxKind::Call(raw(stranger));
        assert!(matches!(
            order(&case).unwrap_err(),
            EvmMismatch::OtherPayee { .. }
        ));
    }
}

#[test]
fn coins_of_bitcoin_are_joined_at_the_main_address() {
    let vault = vault(1);
    let keys = vault.view.keys().unwrap();
    let main = keys.address_at(receive(0)).unwrap();
    let transfer = Transfer {
        from: 0,
        to: 0,
        amount: Amount::Btc(sats(98_000)),
        fee_cap: Amount::Btc(sats(2_000)),
    };
    let to_main = domain::Leg {
        payee: None,
        address: main.into(),
        amount: transfer.amount,
    };
    let own = payout(&vault, vec![to_main], 2_000);
    let order = |payout: &domain::Payout| {
        let drafted = honest(&vault, payout, &[60_000, 40_000], Some(1_000));
        let mut planned = drafted.planned();
        planned.proposal = Batch::item_id(proposal(), 0);
        let right = grant_transfer(
            proposal(),
            vault.view.vault,
            Network::Regtest,
            vec![transfer],
        );
        order_transfer(right, plan_id(), &planned, &vault.view, None)
    };
    let ordered = order(&own).unwrap();
    assert_eq!(ordered.digests().len(), 2);
    assert_eq!(ordered.effects().unwrap().fee(), sats(1_000));
    let stolen = payout(&vault, vec![leg(1, 98_000)], 2_000);
    assert!(matches!(
        order(&stolen).unwrap_err(),
        PlanMismatch::OtherPayee { .. }
    ));
}
