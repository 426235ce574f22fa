//! Many coins joined into one at the vault's main address, on a real node.

use std::collections::BTreeSet;

use btc::{Acceptance, BuildError};
use domain::act::ChildPath;
use domain::{Amount, FeeRate, Leg, Note, Payout, ProposalId};
use plans::inspect;

use crate::rig::{RATE, Rig, decoded, sats};

/// A payout to the main address of what `joined` says.
fn to_main(rig: &Rig, joined: btc::Joined) -> Payout {
    let path = ChildPath::new(ChildPath::RECEIVE, 0).unwrap();
    let main = rig.vault.view.keys().unwrap().address_at(path).unwrap();
    let leg = Leg {
        payee: None,
        address: main.into(),
        amount: Amount::Btc(joined.amount),
    };
    Payout::new(rig.vault.view.vault, vec![leg], joined.fee_cap, Note::EMPTY).unwrap()
}

#[tokio::test]
async fn the_coins_that_were_counted_are_joined_whatever_came_since() {
    let rig = Rig::start().await;
    let none = BTreeSet::new();
    // The first goes to the main address: it is where it should be.
    let coins = rig.fund(&[90_000, 20_000, 30_000, 40_000, 9_000]).await;
    let before = rig.wallet.unswept().await.unwrap().unwrap();
    assert_eq!((before.coins, before.total), (4, sats(99_000)));
    let reserved = BTreeSet::from([coins[3]]);
    let joined = rig.wallet.joined(RATE, &reserved, 1).await.unwrap();
    let joined = joined.unwrap();
    assert_eq!(joined.coins, 4);
    assert_eq!(joined.amount.get() + joined.fee_cap.get(), 149_000);

    // A large deposit arrives before it is planned, and stays out of it.
    let late = rig.fund(&[500_000]).await;
    let payout = to_main(&rig, joined);
    let candidate = rig
        .wallet
        .build_joined(&payout, RATE, &reserved, None, 1)
        .await
        .unwrap();
    let planned = candidate.planned(ProposalId::from_bytes([9; 32]), 1);
    let effects = inspect(&planned, &payout, &rig.vault.view, None).unwrap();
    assert_eq!(effects.spends().len(), 4);
    assert!(!effects.spends().contains(&late[0]) && !effects.spends().contains(&coins[3]));
    assert!(effects.fee() <= joined.fee_cap);

    let signed = rig.vault.sign_candidate(&candidate);
    let taken = rig.wallet.test_accept(&signed).await.unwrap();
    assert_eq!(taken, Acceptance::Accepted);
    rig.wallet.broadcast(&signed).await.unwrap();

    // A dearer version spends the same coins, within the cap.
    let dearer = FeeRate::from_sat_per_vb(8);
    let anchor = Some(effects.spends()[0]);
    let bump = rig
        .wallet
        .build_joined(&payout, dearer, &reserved, anchor, 1)
        .await
        .unwrap();
    assert_eq!(decoded(&bump).input.len(), 4);
    let bumped = rig.vault.sign_candidate(&bump);
    rig.wallet.broadcast(&bumped).await.unwrap();
    let over = FeeRate::from_sat_per_vb(20);
    let refused = { rig.wallet.build_joined(&payout, over, &reserved, anchor, 1) }.await;
    assert!(
        matches!(
            refused,
            Err(BuildError::FeeOverCap { .. } | BuildError::Insufficient { .. })
        ),
        "{refused:?}"
    );

    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let after = rig.wallet.unswept().await.unwrap().unwrap();
    assert_eq!((after.coins, after.total), (2, sats(540_000)));
    assert!(after.since >= before.since);
    let balance = rig.wallet.balance().await.unwrap();
    assert!(balance.confirmed > sats(685_000) && balance.confirmed < sats(689_000));
    let left = rig.wallet.joined(RATE, &none, 1).await.unwrap();
    assert!(left.is_some(), "the rest can be joined as well");
}

#[tokio::test]
async fn nothing_is_joined_that_is_not_worth_its_fee() {
    let rig = Rig::start().await;
    let none = BTreeSet::new();
    let joined = async || rig.wallet.joined(RATE, &none, 1).await.unwrap();
    assert_eq!(joined().await, None, "an empty vault");
    assert_eq!(rig.wallet.unswept().await.unwrap(), None);
    rig.fund(&[90_000]).await;
    assert_eq!(joined().await, None, "one coin is joined already");
    let rig = Rig::start().await;
    rig.fund(&[900, 900]).await;
    let joined = rig.wallet.joined(RATE, &none, 1).await.unwrap();
    assert_eq!(joined, None, "dust costs more than it is");
}
