//! Rule 2 on the real stack, with a relay that lies between the seats: no signature comes of it, the
//! journal says why, and only whoever provably lied is banned.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::act::Abort;
use domain::{Act, ProposalId, SeatId, VaultId};
use relay::{Hub, Letter, Tamper};
use treasury::PayoutStage;

use crate::Event;
use crate::common::{Acme, name};

const DEVICE: SeatId = seat(1);
const HARDWARE: SeatId = seat(2);

const fn seat(number: u16) -> SeatId {
    match SeatId::new(number) {
        Ok(seat) => seat,
        Err(_) => panic!("seats count from 1"),
    }
}

type Lie = Arc<dyn Fn(Letter, usize) -> Vec<Letter> + Send + Sync>;

/// Every session's letters pass through the lie, which is told how many the sender sent before.
fn lying(acme: &mut Acme, lie: Lie) {
    acme.driver.table.patience = Duration::from_secs(3);
    acme.driver.table.hub = Box::new(move || {
        let lie = lie.clone();
        let mut sent: Vec<SeatId> = Vec::new();
        Hub::with_tamper(Tamper::new(move |letter| {
            let before = sent.iter().filter(|seat| **seat == letter.from()).count();
            sent.push(letter.from());
            lie(letter, before)
        }))
    });
}

/// Signs under the lie, with the hardware seat freshly opened: what was told, and the entry.
async fn signs(acme: &mut Acme, id: ProposalId, lie: Lie) -> (String, Abort) {
    lying(acme, lie);
    acme.release(id, &["Alice"]).await.unwrap();
    let events = acme.turn().await;
    let [Event::NotSigned(of, why)] = events.as_slice() else {
        panic!("{events:?}");
    };
    assert_eq!(*of, id);
    assert!(matches!(
        acme.stage(id).await,
        Some(PayoutStage::Aborted(..))
    ));
    assert!(acme.mempool().is_empty(), "nothing was sent");
    assert!(
        acme.driver.open_shares.is_empty(),
        "the share is wiped after an abort, too"
    );
    (why.clone(), last_abort(acme).await)
}

/// Changes the last byte of one letter of the hardware seat.
fn changes_last_byte(number: usize) -> Lie {
    Arc::new(move |letter, before| {
        if letter.from() != HARDWARE || before != number {
            return vec![letter];
        }
        let mut bytes = letter.bytes().to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        vec![letter.with_bytes(bytes)]
    })
}

async fn last_abort(acme: &Acme) -> Abort {
    let ledger = acme.driver.ledger().await.unwrap();
    let entries = ledger.journal().entries(0).await.unwrap();
    match &entries.last().unwrap().body.body().act {
        Act::SigningAborted(abort) => abort.clone(),
        other => panic!("{other:?}"),
    }
}

async fn is_banned(acme: &Acme, vault: VaultId, seat: SeatId) -> bool {
    let replay = acme.driver.view().await.unwrap();
    replay.treasury().unwrap().is_banned(vault, seat)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rule_2_no_lie_between_seats_makes_a_signature_and_only_the_proven_liar_is_banned() {
    let mut acme = Acme::with_vault().await;
    acme.fund("1").await;
    let id = acme.approved_payout(&["0.1"]).await;
    acme.turn().await;
    let replay = acme.driver.view().await.unwrap();
    let (vault, _) = replay
        .treasury()
        .unwrap()
        .vault_named(&name("Main"))
        .unwrap();
    let kept: Arc<Mutex<Vec<Letter>>> = Arc::default();

    // Nothing arrives.
    let keep = kept.clone();
    let (why, abort) = signs(
        &mut acme,
        id,
        Arc::new(move |letter, _| {
            keep.lock().unwrap().push(letter);
            Vec::new()
        }),
    )
    .await;
    assert!(
        why.starts_with("seats [") && why.ends_with("] did not answer in time"),
        "{why}"
    );
    assert_eq!(abort.culprits, []);

    // Letters of the session before, in place of this one's.
    let old = kept.clone();
    let (why, abort) = signs(
        &mut acme,
        id,
        Arc::new(move |letter, before| {
            let old = old.lock().unwrap();
            let again = old
                .iter()
                .find(|old| old.from() == letter.from() && before == 0);
            vec![again.map_or(letter.clone(), |old| {
                old.clone().in_session(letter.session())
            })]
        }),
    )
    .await;
    assert!(why.ends_with("sent a message of another session"), "{why}");
    assert_eq!(abort.culprits, []);

    // Cut short, by anybody on the way.
    let (why, abort) = signs(
        &mut acme,
        id,
        Arc::new(|letter, _| {
            let short = letter.bytes()[..5].to_vec();
            vec![letter.with_bytes(short)]
        }),
    )
    .await;
    assert!(why.ends_with("sent 5 bytes, which is no message"), "{why}");
    assert_eq!(abort.culprits, []);

    // Not the same to everybody: noticed, and it could be anybody's lie.
    let (why, abort) = signs(&mut acme, id, changes_last_byte(1)).await;
    assert!(why.ends_with("somebody told them apart"), "{why}");
    assert_eq!(abort.culprits, []);

    // A share of the signature that is none: whose it is, is proven.
    let (why, abort) = signs(&mut acme, id, changes_last_byte(2)).await;
    assert!(why.contains("share"), "{why}");
    assert_eq!(abort.culprits, [HARDWARE]);
    assert!(is_banned(&acme, vault, HARDWARE).await);
    assert!(!is_banned(&acme, vault, DEVICE).await);

    // Banned, it takes no part whoever opens it; the others go on, once, with every letter twice.
    acme.release(id, &["Bob"]).await.unwrap();
    assert_eq!(acme.turn().await, []);
    lying(
        &mut acme,
        Arc::new(|letter, _| vec![letter.clone(), letter]),
    );
    acme.release(id, &["Bob", "Carol"]).await.unwrap();
    let events = acme.turn().await;
    assert!(
        matches!(events.as_slice(), [Event::Signed(..), Event::Broadcast(..)]),
        "{events:?}"
    );
    assert_eq!(acme.payments(id).await, 1);
}
