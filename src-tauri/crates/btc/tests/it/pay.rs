//! Building, signing and sending on a real node.

use std::collections::BTreeSet;

use bitcoin::{OutPoint, Psbt};
use btc::{Acceptance, BuildError, ChainStatus, FeeBounds, FeeError};
use domain::{Amount, FeeRate, ProposalId};
use plans::inspect;

use crate::rig::{RATE, Rig, decoded, payout, sats};

fn proposal() -> ProposalId {
    ProposalId::from_bytes([9; 32])
}

#[tokio::test]
async fn a_payout_goes_from_coins_to_n_confirmations() {
    let rig = Rig::start().await;
    rig.fund(&[600_000, 500_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000), (2, 350_000)], 10_000);
    let candidate = rig.build(&payout).await.unwrap();
    let planned = candidate.planned(proposal(), 1);
    let effects = inspect(&planned, &payout, &rig.vault.view, None).unwrap();
    assert_eq!(effects.legs(), payout.legs());
    assert_eq!(effects.fee_rate(), RATE, "exactly the rate asked for");

    let signed = rig.vault.sign_candidate(&candidate);
    assert_eq!(
        rig.wallet.test_accept(&signed).await.unwrap(),
        Acceptance::Accepted
    );
    for input in &signed.input {
        assert_eq!(input.witness.len(), 1);
        assert_eq!(input.witness[0].len(), 64);
    }
    let anchor = effects.spends()[0];
    let status = || rig.wallet.status(anchor, &signed);
    assert_eq!(status().await.unwrap(), ChainStatus::Unseen);
    let txid = rig.wallet.broadcast(&signed).await.unwrap();
    assert_eq!(txid, effects.txid());
    assert_eq!(status().await.unwrap(), ChainStatus::Mempool);
    let balance = rig.wallet.balance().await.unwrap();
    assert_eq!(balance.returning, effects.change().unwrap().amount);
    assert_eq!(balance.confirmed, sats(0));

    let block = rig.bitcoind.mine(1).unwrap()[0];
    let height = u32::try_from(rig.bitcoind.height().unwrap()).unwrap();
    let in_block = |confirmations| ChainStatus::InBlock {
        height,
        hash: block,
        confirmations,
    };
    // Before the block is read, the node's own set of outputs tells.
    assert_eq!(status().await.unwrap(), in_block(1));
    rig.sync().await;
    assert_eq!(status().await.unwrap(), in_block(1));
    rig.bitcoind.mine(5).unwrap();
    rig.sync().await;
    assert_eq!(status().await.unwrap(), in_block(6));
    let outgoing = rig.wallet.outgoing().await;
    assert_eq!(outgoing.len(), 1);
    assert_eq!((outgoing[0].txid, outgoing[0].height), (txid, Some(height)));
    assert_eq!(outgoing[0].spends, effects.spends());
    // The node itself shows the outputs.
    for (vout, leg) in (0..).zip(payout.legs()) {
        let arguments = [txid.to_string().into(), serde_json::Value::from(vout)];
        let output: serde_json::Value = rig.bitcoind.call("gettxout", &arguments).unwrap();
        assert_eq!(output["scriptPubKey"]["address"], leg.address.to_string());
    }
}

#[tokio::test]
async fn sending_the_same_bytes_again_is_no_error_and_no_second_payment() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let (_, signed) = rig.pay(&payout).await;
    let again = rig.wallet.broadcast(&signed).await.unwrap();
    assert_eq!(again, signed.compute_txid());
    assert_eq!(
        rig.wallet.test_accept(&signed).await.unwrap(),
        Acceptance::Known
    );
    rig.bitcoind.mine(1).unwrap();
    let again = rig.wallet.broadcast(&signed).await.unwrap();
    assert_eq!(again, signed.compute_txid());
    rig.sync().await;
    assert_eq!(rig.wallet.outgoing().await.len(), 1);
    let left = 600_000 - 400_000;
    let balance = rig.wallet.balance().await.unwrap();
    assert!(balance.confirmed < sats(left) && balance.confirmed > sats(left - 10_000));
}

#[tokio::test]
async fn a_payout_that_is_mined_and_spent_on_still_counts_as_sent() {
    let rig = Rig::start().await;
    rig.fund(&[600_000]).await;
    // All to one payee and no change; the payee (whose key the test knows) spends it on.
    let first = payout(&rig.vault, &[(3, 599_000)], 1_000);
    let candidate = rig.build(&first).await.unwrap();
    assert_eq!(candidate.change, None);
    let signed = rig.vault.sign_candidate(&candidate);
    let txid = rig.wallet.broadcast(&signed).await.unwrap();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let payee = crate::rig::vault(3 ^ 0xa5);
    let mut onward = decoded(&candidate);
    onward.input[0].previous_output = OutPoint { txid, vout: 0 };
    onward.output[0].value = bitcoin::Amount::from_sat(598_000);
    let spent = domain::act::PlannedInput {
        value: sats(599_000),
        path: domain::act::ChildPath::new(0, 0).unwrap(),
    };
    let onward = payee.sign(&onward, &[spent]);
    rig.bitcoind.mine_exactly(&[onward]).unwrap();
    rig.sync().await;
    // The node speaks of missing inputs now; the wallet knows the block.
    assert_eq!(rig.wallet.broadcast(&signed).await.unwrap(), txid);
}

#[tokio::test]
async fn the_psbt_says_the_same_as_the_plan() {
    let rig = Rig::start().await;
    rig.fund(&[600_000, 500_000]).await;
    let payout = payout(&rig.vault, &[(1, 900_000)], 10_000);
    let candidate = rig.build(&payout).await.unwrap();
    let psbt = Psbt::deserialize(&candidate.psbt).unwrap();
    assert_eq!(psbt.unsigned_tx, decoded(&candidate));
    let planned = candidate.planned(proposal(), 1);
    let effects = inspect(&planned, &payout, &rig.vault.view, None).unwrap();
    assert_eq!(psbt.fee().unwrap().to_sat(), effects.fee().get());
    let keys = rig.vault.view.keys().unwrap();
    for (input, described) in psbt.inputs.iter().zip(&candidate.inputs) {
        let internal = keys.internal_key_at(described.path).unwrap();
        assert_eq!(input.tap_internal_key, Some(internal));
        assert_eq!(input.tap_key_origins.len(), 1);
    }
    let change = candidate.change.unwrap();
    let output = &psbt.outputs[change.output as usize];
    assert_eq!(
        output.tap_internal_key,
        Some(keys.internal_key_at(change.path).unwrap())
    );
}

#[tokio::test]
async fn coins_that_others_reserved_are_left_alone() {
    let rig = Rig::start().await;
    let coins = rig.fund(&[600_000, 500_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    for reserved in &coins {
        let exclude = BTreeSet::from([*reserved]);
        let built = rig
            .wallet
            .build(&payout, RATE, &exclude, None, 1)
            .await
            .unwrap();
        let spends: Vec<OutPoint> = decoded(&built)
            .input
            .iter()
            .map(|input| input.previous_output)
            .collect();
        assert!(!spends.contains(reserved) && !spends.is_empty());
    }
    let all: BTreeSet<OutPoint> = coins.into_iter().collect();
    let refused = rig
        .wallet
        .build(&payout, RATE, &all, None, 1)
        .await
        .unwrap_err();
    let BuildError::Insufficient {
        available,
        reserved,
        ..
    } = refused
    else {
        panic!("{refused}");
    };
    assert_eq!((available, reserved), (sats(0), sats(1_100_000)));
}

#[tokio::test]
async fn insufficient_funds_say_what_there_is() {
    let rig = Rig::start().await;
    let coins = rig.fund(&[300_000, 200_000]).await;
    let (_, address) = rig.wallet.receive_address().await.unwrap();
    rig.bitcoind.send(address.as_str(), 250_000).unwrap();
    rig.sync().await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let exclude = BTreeSet::from([coins[1]]);
    let refused = rig
        .wallet
        .build(&payout, RATE, &exclude, None, 1)
        .await
        .unwrap_err();
    let text = refused.to_string();
    let BuildError::Insufficient {
        needed,
        available,
        reserved,
        young,
    } = refused
    else {
        panic!("{text}");
    };
    assert_eq!(
        (available, reserved, young),
        (sats(300_000), sats(200_000), sats(250_000))
    );
    assert!(needed > sats(400_000));
    assert!(text.contains("0.003 BTC can be spent"), "{text}");
    // Coins of one confirmation do not do where the vault asks for two.
    let refused = rig
        .wallet
        .build(&payout, RATE, &BTreeSet::new(), None, 3)
        .await;
    assert!(matches!(refused, Err(BuildError::Insufficient { .. })));
}

#[tokio::test]
async fn a_fee_over_the_cap_builds_nothing_and_says_both() {
    let rig = Rig::start().await;
    rig.fund(&[300_000, 200_000]).await;
    // 10.5 + 2 * 57.5 + 2 * 43 = 211.5 virtual bytes at 5 sat/vB: 1,060.
    let needs = |cap| payout(&rig.vault, &[(1, 400_000)], cap);
    let refused = rig.build(&needs(1_059)).await.unwrap_err();
    let BuildError::FeeOverCap { needed, cap } = refused else {
        panic!("{refused}");
    };
    assert_eq!((needed, cap), (sats(1_060), sats(1_059)));
    let built = rig.build(&needs(1_060)).await.unwrap();
    let signed = rig.vault.sign_candidate(&built);
    assert_eq!(signed.vsize(), 212);
    assert_eq!(
        rig.wallet.test_accept(&signed).await.unwrap(),
        Acceptance::Accepted
    );
}

#[tokio::test]
async fn change_too_small_to_be_worth_it_goes_to_the_fee() {
    let rig = Rig::start().await;
    rig.fund(&[300_000]).await;
    // 111 virtual bytes without change at 5 sat/vB: 555; 400 would be left, less than dust.
    let payout = payout(&rig.vault, &[(1, 299_045)], 10_000);
    let built = rig.build(&payout).await.unwrap();
    assert_eq!(built.change, None);
    let planned = built.planned(proposal(), 1);
    let effects = inspect(&planned, &payout, &rig.vault.view, None).unwrap();
    assert_eq!(effects.fee(), sats(955));
}

#[tokio::test]
async fn a_thousand_legs_are_built_signed_and_carried() {
    let rig = Rig::start().await;
    rig.fund(&[40_000_000, 40_000_000]).await;
    let legs: Vec<(u8, u64)> = (0..1000_u64)
        .map(|leg| (u8::try_from(leg % 100).unwrap(), 50_000 + leg))
        .collect();
    let payout = payout(&rig.vault, &legs, 1_000_000);
    let candidate = rig.build(&payout).await.unwrap();
    let signed = rig.vault.sign_candidate(&candidate);
    assert_eq!(signed.output.len(), 1001);
    for (output, leg) in signed.output.iter().zip(payout.legs()) {
        let Amount::Btc(amount) = leg.amount else {
            panic!("not bitcoin");
        };
        assert_eq!(output.value.to_sat(), amount.get());
        assert_eq!(
            output.script_pubkey.as_script(),
            leg.address.btc().unwrap().script_pubkey()
        );
    }
    assert_eq!(
        rig.wallet.test_accept(&signed).await.unwrap(),
        Acceptance::Accepted
    );
}

/// Rule 3: a later version spends the anchor and the coins of the earlier one, whatever others hold.
#[tokio::test]
async fn a_later_version_spends_the_anchor_and_replaces_the_earlier_one() {
    let rig = Rig::start().await;
    rig.fund(&[300_000, 200_000, 100_000]).await;
    let payout = payout(&rig.vault, &[(1, 400_000)], 10_000);
    let (_, sent) = rig.pay(&payout).await;
    let anchor = sent.input[0].previous_output;
    rig.sync().await;

    let dearer = FeeRate::from_sat_per_vb(20);
    let none = BTreeSet::new();
    let second = rig
        .wallet
        .build(&payout, dearer, &none, Some(anchor), 1)
        .await
        .unwrap();
    let planned = second.planned(proposal(), 2);
    let effects = inspect(&planned, &payout, &rig.vault.view, Some(anchor)).unwrap();
    assert!(effects.spends().contains(&anchor));
    assert_eq!(effects.fee_rate(), dearer);
    let bump = rig.vault.sign_candidate(&second);
    assert_eq!(
        rig.wallet.test_accept(&bump).await.unwrap(),
        Acceptance::Accepted
    );
    rig.wallet.broadcast(&bump).await.unwrap();
    rig.sync().await;
    let by = bump.compute_txid();
    let lost = rig.wallet.status(anchor, &sent).await.unwrap();
    assert_eq!(
        lost,
        ChainStatus::Conflicted {
            by,
            confirmations: 0
        }
    );
    rig.bitcoind.mine(2).unwrap();
    rig.sync().await;
    let lost = rig.wallet.status(anchor, &sent).await.unwrap();
    assert_eq!(
        lost,
        ChainStatus::Conflicted {
            by,
            confirmations: 2
        }
    );
    let won = rig.wallet.status(anchor, &bump).await.unwrap();
    assert!(matches!(
        won,
        ChainStatus::InBlock {
            confirmations: 2,
            ..
        }
    ));
    // Both stay listed as outgoing: both were signed.
    assert_eq!(rig.wallet.outgoing().await.len(), 2);
}

#[tokio::test]
async fn an_anchor_that_is_gone_builds_nothing() {
    let rig = Rig::start().await;
    rig.fund(&[300_000, 200_000]).await;
    let payout = payout(&rig.vault, &[(1, 250_000)], 10_000);
    let (_, sent) = rig.pay(&payout).await;
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let anchor = sent.input[0].previous_output;
    let none = BTreeSet::new();
    let refused = rig
        .wallet
        .build(&payout, RATE, &none, Some(anchor), 1)
        .await;
    assert!(matches!(refused, Err(BuildError::Anchor(gone)) if gone == anchor));
    let never = OutPoint { vout: 77, ..anchor };
    let refused = rig.wallet.build(&payout, RATE, &none, Some(never), 1).await;
    assert!(matches!(refused, Err(BuildError::Anchor(gone)) if gone == never));
}

#[tokio::test]
async fn each_plan_returns_its_change_to_an_address_of_its_own() {
    let rig = Rig::start().await;
    rig.fund(&[300_000, 300_000]).await;
    let payout = payout(&rig.vault, &[(1, 100_000)], 10_000);
    let first = rig.build(&payout).await.unwrap().change.unwrap();
    let second = rig.build(&payout).await.unwrap().change.unwrap();
    assert_ne!(first.path, second.path);
}

#[tokio::test]
async fn a_fee_rate_has_a_floor_and_a_cap() {
    let rig = Rig::start().await;
    let rate = FeeRate::from_sat_per_kvb;
    let estimate = |floor, cap| {
        rig.wallet.estimate_fee(FeeBounds {
            target: 6,
            floor: rate(floor),
            cap: rate(cap),
        })
    };
    // A private chain has no estimate: the floor, or what the node relays at all.
    assert_eq!(estimate(3_000, 9_000).await, Ok(rate(3_000)));
    let relayed = estimate(0, 9_000).await.unwrap();
    assert!(relayed >= rate(100) && relayed <= rate(1_000), "{relayed}");
    let refused = estimate(3_000, 2_999).await.unwrap_err();
    let expected = FeeError::CapTooLow {
        least: rate(3_000),
        cap: rate(2_999),
    };
    assert_eq!(refused, expected);
}

/// Rule 3: a cancel spends the anchor, pays nobody, and keeps a dearer fee than what it replaces.
#[tokio::test]
async fn a_cancel_spends_the_anchor_pays_the_vault_and_takes_the_place_of_the_payout() {
    let rig = Rig::start().await;
    rig.fund(&[300_000, 200_000]).await;
    let payout = payout(&rig.vault, &[(1, 250_000)], 10_000);
    let (_, sent) = rig.pay(&payout).await;
    rig.sync().await;
    let anchor = sent.input[0].previous_output;
    let cap = Amount::Btc(sats(20_000));
    let dearer = FeeRate::from_sat_per_vb(30);
    let built = rig.wallet.build_cancel(cap, dearer, anchor, 1).await;
    let built = built.unwrap();
    let planned = built.planned(proposal(), 1);
    let vault = rig.vault.view.vault;
    let effects = plans::inspect_cancel(&planned, vault, cap, &rig.vault.view, anchor).unwrap();
    assert_eq!(effects.spends(), [anchor]);
    assert_eq!((effects.legs(), effects.fee_rate()), (&[][..], dearer));
    let signed = rig.vault.sign_candidate(&built);
    assert_eq!(signed.output.len(), 1);
    rig.wallet.broadcast(&signed).await.unwrap();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let lost = rig.wallet.status(anchor, &sent).await.unwrap();
    let by = signed.compute_txid();
    let expected = ChainStatus::Conflicted {
        by,
        confirmations: 1,
    };
    assert_eq!(lost, expected);
}

#[tokio::test]
async fn a_cancel_over_its_cap_or_of_a_spent_anchor_builds_nothing() {
    let rig = Rig::start().await;
    rig.fund(&[300_000]).await;
    let payout = payout(&rig.vault, &[(1, 250_000)], 10_000);
    let (_, sent) = rig.pay(&payout).await;
    rig.sync().await;
    let anchor = sent.input[0].previous_output;
    // 10.5 + 57.5 + 43 = 111 virtual bytes at 5 sat/vB: 555.
    let build = |cap| rig.wallet.build_cancel(cap, RATE, anchor, 1);
    assert!(build(Amount::Btc(sats(555))).await.is_ok());
    let refused = build(Amount::Btc(sats(554))).await;
    assert!(
        matches!(refused, Err(BuildError::FeeOverCap { needed, .. }) if needed == sats(555)),
        "{refused:?}"
    );
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let gone = build(Amount::Btc(sats(10_000))).await;
    assert!(matches!(gone, Err(BuildError::Anchor(coin)) if coin == anchor));
}
