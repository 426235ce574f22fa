//! Honest seats: keys come into being, prove themselves, and every quorum signs.

use rand_core::RngCore;

use super::super::acceptance::accept_all;
use super::super::harness::{
    Packet, Start, Vault, digests, honest, params_of, path, rng, run, run_in_order, seat, seats,
    subsets,
};
use super::{VAULT, all_valid, generate, valid};
use crate::keygen::{Keygen, KeygenParams};
use crate::{Bans, Scheme};

/// Acceptance by every quorum, then signatures by every quorum.
fn every_quorum_signs(t: u16, n: u16) {
    let mut vault = generate(t, n);
    let seen = accept_all(&vault, t, n);
    for (id, accepted) in seen {
        assert_eq!(vault.open(id).scheme(), Scheme::Dkls23);
        let trial = vault.trials.remove(&seat(id)).unwrap();
        let proven = trial.finish(accepted).unwrap();
        assert_eq!(proven.key, vault.key);
        assert_eq!(proven.accepted_by.len(), subsets(t, n).len());
    }
    for (number, quorum) in (1..).zip(subsets(t, n)) {
        let signed = honest(vault.signing(&quorum, number, |_| digests(3)));
        assert_eq!(signed.len(), usize::from(t));
        all_valid(&vault.key, &digests(3), &signed);
        // All seats put the same signatures together.
        assert!(signed.values().all(|one| *one == signed[&seat(quorum[0])]));
    }
}

#[test]
fn every_two_of_three_sign_for_the_key_that_bitcoin_derives() {
    every_quorum_signs(2, 3);
}

#[test]
fn every_three_of_five_sign_for_the_key_that_bitcoin_derives() {
    every_quorum_signs(3, 5);
}

#[test]
fn seats_need_not_be_numbered_without_gaps() {
    let start = |me: u16| -> Start<Keygen> {
        let params = KeygenParams {
            seats: seats([2, 5]),
            ..params_of(Scheme::Dkls23, me, 2, 2)
        };
        let made = Keygen::start(params, &Bans::default(), &mut rng(me.into())).unwrap();
        (seat(me), made.0, made.1)
    };
    let vault = Vault::of(honest([2, 5].map(start).into()));
    let signed = honest(vault.signing(&[2, 5], 1, |_| digests(1)));
    all_valid(&vault.key, &digests(1), &signed);
}

#[test]
fn a_signature_is_for_its_own_digest_and_path_alone() {
    let [one, two] = [digests(2)[0], digests(2)[1]];
    let signed = honest(VAULT.signing(&[1, 3], 1, |_| vec![one, two]));
    let signatures = &signed[&seat(1)];
    assert!(valid(&VAULT.key, &one, &signatures[0]));
    assert!(!valid(&VAULT.key, &two, &signatures[0]));
    let moved = plans::InputDigest {
        path: path(1, 999),
        ..one
    };
    assert!(!valid(&VAULT.key, &moved, &signatures[0]));
    // The same twice, in one session and in two with one id: no nonce is used again.
    let again = honest(VAULT.signing(&[1, 3], 1, |_| vec![one, one]));
    let [first, second] = [again[&seat(1)][0], again[&seat(1)][1]];
    assert_ne!(first[..32], second[..32]);
    assert_ne!(first[..32], signatures[0][..32]);
    all_valid(&VAULT.key, &[one, one], &again);
}

#[test]
fn messages_may_arrive_twice_and_in_any_order() {
    let twice = |packet: Packet| vec![packet.clone(), packet];
    let signed = run(VAULT.signing(&[2, 3], 1, |_| digests(1)), twice);
    assert!(signed.values().all(|end| end.is_done()));
    for seed in 0..8 {
        let mut order = rng(seed);
        let pick = |length: usize| order.next_u64() as usize % length;
        let starts = VAULT.signing(&[1, 2], 1, |_| digests(2));
        let signed = run_in_order(starts, |packet| vec![packet], pick);
        let signed = signed.into_iter().map(|(id, end)| (id, end.done()));
        all_valid(&VAULT.key, &digests(2), &signed.collect());
    }
}
