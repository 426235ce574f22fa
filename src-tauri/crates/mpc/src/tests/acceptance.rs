//! Sealed shares prove themselves before an address is shown.

use std::collections::BTreeMap;

use domain::act::ChildPath;
use domain::seal::SecretBytes;
use plans::InputDigest;

use super::harness::{
    Endings, Packet, Start, TREASURY, Vault, honest, path, rng, run, seat, seats, session_id,
    subsets,
};
use super::honest::spends;
use crate::acceptance::{Acceptance, Accepted, NotAccepted, Trial, TrialShare, quorums};
use crate::{Ban, Bans, Fault, OpenError, Refused};

fn reopen<'t>(vault: &'t Vault, me: u16) -> TrialShare<'t> {
    let bytes = vault.sealed[&seat(me)].1.clone();
    vault.trials[&seat(me)]
        .open(SecretBytes::new(bytes))
        .unwrap()
}

pub fn accepting(vault: &Vault, quorum: &[u16], session: u8) -> Vec<Start<Acceptance>> {
    let members = seats(quorum.iter().copied());
    let start = |me: &u16| {
        let share = reopen(vault, *me);
        let mut rng = rng(u64::from(session) * 77 + u64::from(*me));
        let bans = Bans::default();
        let made = Acceptance::start(session_id(session), &members, &share, &bans, &mut rng);
        let (session, send) = made.unwrap();
        (seat(*me), session, send)
    };
    quorum.iter().map(start).collect()
}

/// Every quorum signs; each seat collects what it saw or can verify.
pub fn accept_all(vault: &Vault, t: u16, n: u16) -> BTreeMap<u16, Vec<Accepted>> {
    let mut seen: BTreeMap<u16, Vec<Accepted>> = (1..=n).map(|id| (id, Vec::new())).collect();
    for (session, quorum) in (1..).zip(subsets(t, n)) {
        let mut done = honest(accepting(vault, &quorum, session));
        let signature = done.values().next().unwrap().signature();
        for (id, list) in &mut seen {
            let own = done.remove(&seat(*id));
            let others = || {
                let trial = &vault.trials[&seat(*id)];
                trial
                    .witness(&seats(quorum.iter().copied()), signature)
                    .unwrap()
            };
            list.push(own.unwrap_or_else(others));
        }
    }
    seen
}

#[test]
fn a_vault_is_ready_when_every_quorum_has_signed() {
    for (t, n) in [(2, 3), (3, 5)] {
        let mut vault = Vault::generate(t, n, 100 + u64::from(n));
        for (id, accepted) in accept_all(&vault, t, n) {
            let trial: Trial = vault.trials.remove(&seat(id)).unwrap();
            let proven = trial.finish(accepted).unwrap();
            assert_eq!(proven.key, vault.key);
            let wanted: Vec<Vec<u16>> = subsets(t, n);
            assert_eq!(proven.accepted_by.len(), wanted.len());
        }
    }
}

#[test]
fn one_quorum_missing_and_no_address_is_shown() {
    let mut vault = Vault::generate(2, 3, 103);
    let mut accepted = accept_all(&vault, 2, 3).remove(&1).unwrap();
    let missing = accepted.pop().unwrap();
    let numbers = missing.quorum().iter().map(|id| id.get()).collect();
    let trial = vault.trials.remove(&seat(1)).unwrap();
    assert_eq!(trial.finish(accepted), Err(NotAccepted::Missing(numbers)));
}

#[test]
fn an_acceptance_of_another_key_counts_for_nothing() {
    let mut vault = Vault::generate(2, 3, 103);
    let other = Vault::generate(2, 3, 104);
    let foreign = accept_all(&other, 2, 3).remove(&1).unwrap();
    let signature = foreign[0].signature();
    let trial = &vault.trials[&seat(1)];
    let witnessed = trial.witness(foreign[0].quorum(), signature);
    assert_eq!(witnessed.map(drop), Err(NotAccepted::Signature));
    let trial = vault.trials.remove(&seat(1)).unwrap();
    assert_eq!(trial.finish(foreign), Err(NotAccepted::OtherKey));
}

#[test]
fn a_signature_of_one_quorum_does_not_stand_for_another() {
    let vault = Vault::generate(2, 3, 103);
    let done = honest(accepting(&vault, &[1, 2], 1));
    let signature = done[&seat(1)].signature();
    let trial = &vault.trials[&seat(3)];
    assert!(trial.witness(&seats([1, 2]), signature).is_ok());
    let other = trial.witness(&seats([1, 3]), signature);
    assert_eq!(other.map(drop), Err(NotAccepted::Signature));
    let mut wrong = signature;
    wrong[63] ^= 1;
    let flipped = trial.witness(&seats([1, 2]), wrong);
    assert_eq!(flipped.map(drop), Err(NotAccepted::Signature));
}

#[test]
fn the_digest_is_computed_from_the_seats_own_outcome() {
    let vault = Vault::generate(2, 3, 103);
    let quorum = seats([1, 2]);
    let done = honest(accepting(&vault, &[1, 2], 1));
    let signature = done[&seat(1)].signature();
    // The same key, from another run: the transcript is part of what is accepted.
    let share = vault.open(3);
    let other = Trial::new(*share.binding(), share.group.clone(), [9; 32]);
    let witnessed = other.witness(&quorum, signature);
    assert_eq!(witnessed.map(drop), Err(NotAccepted::Signature));
    assert!(vault.trials[&seat(3)].witness(&quorum, signature).is_ok());
}

#[test]
fn the_acceptance_signature_is_on_the_acceptance_path_and_on_no_address() {
    let vault = Vault::generate(2, 3, 103);
    let done = honest(accepting(&vault, &[1, 2], 1));
    let signature = done[&seat(1)].signature();
    for keychain in [ChildPath::RECEIVE, ChildPath::CHANGE] {
        let digest = InputDigest {
            path: path(keychain, 0),
            sighash: [0; 32],
        };
        assert!(!spends(&vault.key, &digest, &signature));
    }
}

#[test]
fn a_damaged_or_foreign_share_does_not_come_to_trial() {
    let vault = Vault::generate(2, 3, 103);
    let open = |bytes: Vec<u8>| {
        vault.trials[&seat(1)]
            .open(SecretBytes::new(bytes))
            .map(drop)
    };
    let mut damaged = vault.sealed[&seat(1)].1.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert_eq!(open(damaged), Err(OpenError::WrongShare));
    let foreign = vault.sealed[&seat(2)].1.clone();
    assert_eq!(open(foreign), Err(OpenError::OtherBinding));
    let other = Vault::generate(2, 3, 104).sealed[&seat(1)].1.clone();
    assert_eq!(open(other), Err(OpenError::OtherKey));
}

#[test]
fn seats_of_different_key_generations_do_not_accept_together() {
    let (one, two) = (Vault::generate(2, 3, 103), Vault::generate(2, 3, 104));
    let mut starts = accepting(&one, &[1, 2], 1);
    starts.pop();
    starts.extend(accepting(&two, &[1, 2], 1).pop());
    let ended: Endings<Acceptance> = run(starts, |packet| vec![packet]);
    let fault = ended[&seat(1)].abort().fault();
    assert_eq!(fault, &Fault::OtherSession { seat: seat(2) });
}

#[test]
fn a_wrong_share_in_acceptance_names_the_seat() {
    let vault = Vault::generate(2, 3, 103);
    let ended = run(accepting(&vault, &[1, 3], 1), |packet: Packet| {
        if packet.is(3, 3) {
            return vec![packet.with_body(&[1; 32])];
        }
        vec![packet]
    });
    assert_eq!(ended[&seat(1)].abort().culprits(), seats([3]));
    assert!(!ended[&seat(1)].is_done());
}

#[test]
fn acceptance_refuses_wrong_quorums_and_banned_seats() {
    let vault = Vault::generate(2, 3, 103);
    let share = reopen(&vault, 1);
    let start = |quorum: &[u16], bans: &Bans| {
        let members = seats(quorum.iter().copied());
        Acceptance::start(session_id(1), &members, &share, bans, &mut rng(1)).map(drop)
    };
    let none = Bans::default();
    let count = Err(Refused::SignerCount {
        given: 3,
        threshold: 2,
    });
    assert_eq!(start(&[1, 2, 3], &none), count);
    assert_eq!(start(&[2, 3], &none), Err(Refused::NotAMember(seat(1))));
    let binding = vault.trials[&seat(1)].binding();
    assert_eq!(binding.treasury, TREASURY);
    let ban = Ban {
        vault: binding.vault,
        epoch: binding.epoch,
        seat: seat(2),
    };
    let bans = Bans::from_facts([ban]);
    assert_eq!(start(&[1, 2], &bans), Err(Refused::Banned(seat(2))));
}

#[test]
fn the_covering_set_is_every_quorum_where_that_is_few() {
    for (t, n, wanted) in [(2, 2, 1), (2, 3, 3), (3, 5, 10), (3, 6, 20), (2, 6, 15)] {
        let set = quorums(t, &seats(1..=n));
        let all: Vec<_> = subsets(t, n).into_iter().map(seats).collect();
        assert_eq!(set.len(), wanted);
        assert!(all.iter().all(|quorum| set.contains(quorum)));
    }
}

#[test]
fn the_covering_set_covers_every_seat_where_quorums_are_many() {
    for (t, n) in [(4, 7), (2, 7), (8, 15), (14, 15), (2, 15)] {
        let set = quorums(t, &seats(1..=n));
        assert!(set.len() <= usize::from(n).max(20));
        for quorum in &set {
            assert_eq!(quorum.len(), usize::from(t));
            assert!(quorum.is_sorted_by(|one, next| one < next));
        }
        let covered = |id: u16| set.iter().filter(|q| q.contains(&seat(id))).count();
        assert!((1..=n).all(|id| covered(id) >= usize::from(t)));
    }
}
