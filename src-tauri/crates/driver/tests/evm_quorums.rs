//! Every set of t seats of an EVM vault signs a payout that a real chain takes, and fewer never do.

#![cfg(test)]

#[expect(dead_code, reason = "each test file uses its own part")]
mod common;

use std::time::Instant;

use alloy::eips::eip2718::Encodable2718;
use alloy::rpc::types::Transaction;
use alloy_primitives::keccak256;
use bitcoin::secp256k1::{self, Message, Secp256k1};
use common::evm::{ETHER, Tokens, out, payee};
use common::{Acme, hardware, name, recovery};
use domain::act::SigningRun;
use domain::{Act, Name, OfficerId, ProposalId, Seat, SeatId, SeatKind, SessionId};
use driver::{DriverError, Event};
use k256::ecdsa::signature::hazmat::PrehashVerifier;
use plans::TxRef;
use treasury::{IllegalEntry, PlanBody};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_two_of_three_seats_sign_and_one_does_not() {
    let mut tokens = Tokens::found().await;
    let quorums = subsets(&seats(&tokens).await, 2);
    assert_eq!(quorums.len(), 3);
    quorums_sign(&mut tokens, &quorums).await;
}

/// In the long run all ten; else two that share one seat and have all five.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_three_of_five_seats_sign_and_two_do_not() {
    let clock = Instant::now();
    let mut tokens = Tokens::found_of(3, five_seats).await;
    println!("founded after {:.1} s", clock.elapsed().as_secs_f32());
    let mut quorums = subsets(&seats(&tokens).await, 3);
    assert_eq!(quorums.len(), 10);
    if std::env::var_os("COUNTERSIGN_LONG").is_none() {
        quorums = vec![quorums[0].clone(), quorums[9].clone()];
    }
    quorums_sign(&mut tokens, &quorums).await;
}

fn five_seats(officers: &[OfficerId]) -> Vec<(&'static str, SeatKind)> {
    vec![
        ("host", SeatKind::Device),
        ("safe", hardware(&officers[..2])),
        ("office", hardware(&officers[1..])),
        ("bank", hardware(&[officers[2], officers[0]])),
        ("recovery", recovery(officers)),
    ]
}

async fn seats(tokens: &Tokens) -> Vec<Seat> {
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    let (_, vault) = treasury.vault_named(&name("Tokens")).unwrap();
    vault.plan.seats().to_vec()
}

/// Every set of so many seats.
fn subsets(seats: &[Seat], size: u32) -> Vec<Vec<Seat>> {
    let sets = (0..1_u32 << seats.len()).filter(|set| set.count_ones() == size);
    let members = |set: u32| {
        let seats = seats.iter().enumerate();
        let members = seats.filter(|(at, _)| set >> at & 1 == 1);
        members.map(|(_, seat)| seat.clone()).collect()
    };
    sets.map(members).collect()
}

/// Each quorum signs one payout, after one seat less did not.
async fn quorums_sign(tokens: &mut Tokens, quorums: &[Vec<Seat>]) {
    for (nonce, quorum) in (0..).zip(quorums) {
        let clock = Instant::now();
        let seats: Vec<SeatId> = quorum.iter().map(|seat| seat.id).collect();
        let to = payee();
        let id = tokens.approved(to, "0.05 ETH").await;
        assert_eq!(tokens.turn().await, [Event::Planned(id)]);

        // The device seat is always in hand: with it, one seat less than t.
        let fewer = seats.len() - 1;
        let mut shut = quorum.iter().filter(|seat| seat.kind != SeatKind::Device);
        for seat in shut.by_ref().take(fewer - 1) {
            open(tokens, id, seat).await;
        }
        assert_eq!(tokens.turn().await, [], "{seats:?}: {fewer} seats in hand");
        for seat in shut {
            open(tokens, id, seat).await;
        }
        for left_out in &seats {
            let seats = seats.iter().copied().filter(|seat| seat != left_out);
            refused(tokens, id, seats.collect()).await;
        }

        let sent = out(&tokens.turn().await);
        assert_eq!(signers(tokens).await, seats);
        tokens.anvil.mine(2).unwrap();
        let events = tokens.turn().await;
        assert!(
            matches!(events.as_slice(), [Event::Confirmed(done, was, _)] if (*done, *was) == (id, sent)),
            "{events:?}"
        );
        tokens.node_shows(sent, to, ETHER / 20, nonce);
        signature_verifies(tokens, id, sent).await;
        assert_eq!((tokens.paid(to), tokens.balance(to)), (1, ETHER / 20));
        let took = clock.elapsed().as_secs_f32();
        println!("seats {seats:?} signed {sent}, {took:.1} s in all");
    }
    assert_eq!(tokens.mined().len(), quorums.len());
}

/// As many of the seat's officers as it takes open it.
async fn open(tokens: &mut Tokens, id: ProposalId, seat: &Seat) {
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    let officers = seat.kind.officers().iter();
    let names = officers.map(|who| name(&treasury.officer_name(*who)));
    let by: Vec<Name> = names.take(seat.kind.openers().into()).collect();
    let Acme { driver, desk, .. } = &mut tokens.acme;
    driver
        .release(id, Some(&seat.name), &by, desk)
        .await
        .unwrap();
}

/// The journal takes no session of these seats, though all of them are open.
async fn refused(tokens: &Tokens, id: ProposalId, seats: Vec<SeatId>) {
    let run = SigningRun {
        plan: tokens.stage(id).await.unwrap().plan().entry,
        session: SessionId::from_bytes([7; 32]),
        seats,
    };
    let mut ledger = tokens.driver.ledger().await.unwrap();
    let outcome = ledger.record(Act::SigningStarted(run)).await;
    assert!(
        matches!(&outcome, Err(DriverError::Illegal(IllegalEntry::Signing(why))) if why.ends_with("different seats sign")),
        "{outcome:?}"
    );
}

/// The seats of the last session.
async fn signers(tokens: &Tokens) -> Vec<SeatId> {
    let ledger = tokens.driver.ledger().await.unwrap();
    let mut entries = ledger.entries().iter().rev();
    let run = entries.find_map(|entry| match &entry.body.body().act {
        Act::SigningStarted(run) => Some(run.seats.clone()),
        _ => None,
    });
    run.unwrap()
}

/// The signature that the node shows verifies under the account's key, by k256 and by libsecp256k1, which
/// both refuse a high s.
async fn signature_verifies(tokens: &Tokens, id: ProposalId, sent: TxRef) {
    let shown: Transaction = serde_json::from_value(tokens.shown(sent)).unwrap();
    let transaction = shown.inner.inner();
    let hash = keccak256(transaction.encoded_2718()).0;
    assert_eq!(TxRef::Evm(hash), sent, "these are the bytes that were sent");
    let digest = transaction.signature_hash().0;
    let signature = &transaction.signature().as_bytes()[..64];

    let key = account_key(tokens, id).await;
    let [_, point @ ..] = key.serialize_uncompressed();
    assert_eq!(keccak256(point)[12..], *tokens.account.as_bytes());
    let parsed = secp256k1::ecdsa::Signature::from_compact(signature).unwrap();
    Secp256k1::verification_only()
        .verify_ecdsa(&Message::from_digest(digest), &parsed, &key)
        .unwrap();
    let key = k256::ecdsa::VerifyingKey::from_sec1_bytes(&key.serialize()).unwrap();
    let parsed = k256::ecdsa::Signature::from_slice(signature).unwrap();
    key.verify_prehash(&digest, &parsed).unwrap();
}

/// The public key of the account that pays, by the journal.
async fn account_key(tokens: &Tokens, id: ProposalId) -> secp256k1::PublicKey {
    let replay = tokens.driver.view().await.unwrap();
    let treasury = replay.treasury().unwrap();
    let (vault, record) = treasury.vault_named(&name("Tokens")).unwrap();
    let stage = tokens.stage(id).await.unwrap();
    let PlanBody::Evm(plan) = &stage.plan().body else {
        panic!("{stage:?}");
    };
    let keys = record.view(vault).unwrap().keys().unwrap();
    keys.child_key_at(plan.account).unwrap()
}
