//! Messages that are not what they should be: stray, forged, doubled, cut, blown up, random. The
//! same discipline holds for key generation and for signing.

use plans::InputDigest;
use proptest::prelude::*;

use super::harness::{
    Ended, Endings, HEADER, Packet, Raw, Vault, digests, honest, keygen, keygen_params, packets,
    rng, run, seat, seats,
};
use super::honest::spends;
use crate::keygen::{Keygen, KeygenParams};
use crate::{AbortClass, Bans, Fault, Session};

/// What seat 1 makes of a lie of seat 3, in key generation and in signing.
fn verdicts(lie: impl Fn(Packet) -> Vec<Packet> + Copy) -> [(Fault, AbortClass); 2] {
    fn at_first<S: Session>(ended: &Endings<S>) -> (Fault, AbortClass) {
        let abort = ended[&seat(1)].abort();
        let culprits = abort.culprits();
        assert!(
            culprits.is_empty() || culprits == seats([3]),
            "an honest seat was blamed"
        );
        (abort.fault().clone(), abort.class())
    }
    let made = run(keygen(2, 3, 60), lie);
    let vault = Vault::generate(2, 3, 60);
    let signed = run(vault.signing(&[1, 3], 1, |_| digests(2)), lie);
    [at_first(&made), at_first(&signed)]
}

fn both(lie: impl Fn(Packet) -> Vec<Packet> + Copy, fault: Fault, class: AbortClass) {
    assert_eq!(verdicts(lie), [(fault.clone(), class), (fault, class)]);
}

/// Changes every message of seat 3's first round.
fn first(change: impl Fn(Packet) -> Packet + Copy) -> impl Fn(Packet) -> Vec<Packet> + Copy {
    move |packet: Packet| {
        if packet.is(3, 1) {
            vec![change(packet)]
        } else {
            vec![packet]
        }
    }
}

fn set(place: usize, byte: u8) -> impl Fn(Packet) -> Packet + Copy {
    move |mut packet: Packet| {
        packet.bytes[place] = byte;
        packet
    }
}

#[test]
fn an_unknown_version_is_refused_and_nobody_banned_for_its_age() {
    let fault = Fault::UnknownVersion {
        seat: seat(3),
        version: 2,
    };
    both(first(set(0, 2)), fault, AbortClass::Retry);
}

#[test]
fn a_message_of_another_protocol_is_refused() {
    let fault = Fault::OtherProtocol { seat: seat(3) };
    both(first(set(1, 9)), fault.clone(), AbortClass::Retry);
    // Acceptance is neither key generation nor signing.
    both(first(set(2, 2)), fault, AbortClass::Retry);
}

#[test]
fn a_message_of_another_session_is_refused() {
    let fault = Fault::OtherSession { seat: seat(3) };
    for place in [8, 20, HEADER - 1] {
        let flip = move |packet: Packet| packet.flipped(place);
        both(first(flip), fault.clone(), AbortClass::Retry);
    }
}

#[test]
fn a_message_in_another_seats_name_names_the_impostor() {
    let fault = Fault::Impersonation {
        seat: seat(3),
        claimed: 2,
    };
    both(first(set(5, 2)), fault, AbortClass::Ban);
}

#[test]
fn a_message_for_another_seat_is_refused() {
    let fault = Fault::OtherRecipient { seat: seat(3) };
    both(first(set(7, 2)), fault.clone(), AbortClass::Retry);
    // A broadcast is to all: shown to one seat alone it is none.
    both(first(set(7, 1)), fault, AbortClass::Retry);
}

#[test]
fn a_round_that_does_not_exist_is_refused() {
    let ended = run(keygen(2, 3, 60), first(set(3, 6)));
    let fault = Fault::UnknownRound {
        seat: seat(3),
        round: 6,
    };
    assert_eq!(ended[&seat(1)].abort().fault(), &fault);
    let ended = run(keygen(2, 3, 60), first(set(3, 0)));
    let fault = Fault::UnknownRound {
        seat: seat(3),
        round: 0,
    };
    assert_eq!(ended[&seat(1)].abort().culprits(), seats([3]));
    assert_eq!(ended[&seat(1)].abort().fault(), &fault);
}

#[test]
fn too_short_for_a_header_is_no_message() {
    let cut = |mut packet: Packet| {
        packet.bytes.truncate(HEADER - 1);
        packet
    };
    let fault = Fault::Truncated {
        seat: seat(3),
        got: HEADER - 1,
    };
    let lie = move |packet: Packet| {
        if packet.from == seat(3) && packet.bytes.len() >= HEADER && packet.round() == 1 {
            return vec![cut(packet)];
        }
        vec![packet]
    };
    both(lie, fault, AbortClass::Retry);
}

#[test]
fn truncated_and_oversized_bodies_name_their_sender() {
    for wrong in [0, 31, 33, 1_000_000] {
        let swell = move |packet: Packet| packet.with_body(&vec![0; wrong]);
        for (fault, class) in verdicts(first(swell)) {
            assert!(matches!(fault, Fault::Length { round: 1, got, .. } if got == wrong));
            assert_eq!(class, AbortClass::Ban);
        }
    }
}

#[test]
fn a_second_different_message_names_its_sender() {
    let second = |packet: Packet| {
        if packet.is(3, 1) {
            let other = packet.clone().flipped(HEADER);
            return vec![packet, other];
        }
        vec![packet]
    };
    let fault = Fault::Equivocation {
        seat: seat(3),
        round: 1,
    };
    both(second, fault, AbortClass::Ban);
}

#[test]
fn a_second_face_long_after_the_round_is_noticed_too() {
    let mut kept = None;
    let ended = run(keygen(2, 3, 60), |packet| {
        if packet.is(3, 1) && packet.to == seat(1) {
            kept = Some(packet.clone().flipped(HEADER));
        }
        if packet.is(3, 3) && packet.to == seat(1) {
            return vec![kept.take().unwrap(), packet];
        }
        vec![packet]
    });
    let fault = Fault::Equivocation {
        seat: seat(3),
        round: 1,
    };
    assert_eq!(ended[&seat(1)].abort().fault(), &fault);
}

#[test]
fn a_flood_ends_at_its_second_message() {
    // Bodies of the right length for a round that is far away: one is kept, the next is one too
    // many. So the space that a seat can take is bounded by the number of rounds.
    let flood = |packet: Packet| {
        if packet.is(3, 1) {
            let many = (0..10_000_u32).map(|number| {
                let mut flood = packet.clone();
                flood.bytes[3] = 5;
                flood.bytes[HEADER..HEADER + 4].copy_from_slice(&number.to_be_bytes());
                flood
            });
            return many.collect();
        }
        vec![packet]
    };
    let ended = run(keygen(2, 3, 60), flood);
    let fault = Fault::Equivocation {
        seat: seat(3),
        round: 5,
    };
    assert_eq!(ended[&seat(1)].abort().fault(), &fault);
}

#[test]
fn a_stranger_stops_nothing() {
    // Seat 2 is no signer; else it could stop every session of the others.
    let vault = Vault::generate(2, 3, 61);
    let mut strange = 0;
    let signed = run(vault.signing(&[1, 3], 1, |_| digests(1)), |packet| {
        let garbage = Packet {
            from: seat(2),
            to: packet.to,
            bytes: vec![0xff; 7],
        };
        strange += 1;
        vec![garbage, packet.clone().in_the_name_of(2), packet]
    });
    assert!(strange > 0);
    assert!(signed.values().all(|end| end.is_done()));
}

#[test]
fn messages_recorded_in_one_session_are_worth_nothing_in_the_next() {
    let vault = Vault::generate(2, 3, 62);
    let mut recorded = Vec::new();
    run(vault.signing(&[1, 3], 1, |_| digests(1)), |packet| {
        recorded.push(packet.clone());
        vec![packet]
    });
    let replay = |packet: Packet| {
        let old = recorded.iter().find(|old| {
            old.from == packet.from && old.to == packet.to && old.round() == packet.round()
        });
        if packet.from == seat(3) {
            return old.cloned().into_iter().collect();
        }
        vec![packet]
    };
    let signed = run(vault.signing(&[1, 3], 2, |_| digests(1)), replay);
    let abort = signed[&seat(1)].abort();
    assert_eq!(abort.fault(), &Fault::OtherSession { seat: seat(3) });
    assert_eq!(abort.class(), AbortClass::Retry);
}

#[test]
fn the_session_is_bound_to_everything_that_was_agreed() {
    let start = |params: KeygenParams| {
        let (_, send) = Keygen::start(params, &Bans::default(), &mut rng(1)).unwrap();
        packets(seat(1), &seats([1, 2]), send)[0].bytes[8..HEADER].to_vec()
    };
    let base = || keygen_params(1, 2, 3);
    let byte = [9; 32];
    let (session, treasury) = (
        domain::SessionId::from_bytes(byte),
        domain::TreasuryId::from_bytes(byte),
    );
    let vault = domain::VaultId::from_bytes(byte);
    let epoch = serde_json::from_str("2").unwrap();
    let tags = [
        start(base()),
        start(KeygenParams { session, ..base() }),
        start(KeygenParams { treasury, ..base() }),
        start(KeygenParams { vault, ..base() }),
        start(KeygenParams { epoch, ..base() }),
        start(keygen_params(1, 3, 3)),
        start(keygen_params(1, 2, 4)),
        start(KeygenParams {
            seats: seats([1, 2, 4]),
            ..base()
        }),
    ];
    let distinct: std::collections::BTreeSet<_> = tags.iter().collect();
    assert_eq!(distinct.len(), tags.len());
}

fn lie_once(nth: usize, lie: impl Fn(Packet) -> Packet) -> impl FnMut(Packet) -> Vec<Packet> {
    let mut count = 0;
    move |packet: Packet| {
        count += 1;
        vec![if count == nth + 1 {
            lie(packet)
        } else {
            packet
        }]
    }
}

fn only_right_signatures(vault: &Vault, ended: Endings<Raw>, digests: &[InputDigest]) {
    for end in ended.into_values() {
        if let Ended::Done(signatures) = end {
            for (digest, signature) in digests.iter().zip(&signatures) {
                assert!(spends(&vault.key, digest, signature));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_bit_flipped_anywhere_never_yields_two_keys(nth in 0..30_usize, place in any::<usize>(), bit in 0..8_u8) {
        let flip = |mut packet: Packet| {
            let place = place % packet.bytes.len();
            packet.bytes[place] ^= 1 << bit;
            packet
        };
        let right = honest(keygen(2, 3, 63))[&seat(1)].0.group.vault_key();
        let mut noticed = false;
        for end in run(keygen(2, 3, 63), lie_once(nth, flip)).into_values() {
            match end {
                Ended::Done((share, _)) => prop_assert_eq!(share.group.vault_key(), right.clone()),
                // One bit makes an echo of a hash sent in round 1: then its seat is waited for.
                Ended::Aborted(_) | Ended::Waiting(_) => noticed = true,
            }
        }
        prop_assert!(noticed, "a flipped bit went unnoticed");
    }

    #[test]
    fn random_bytes_never_yield_a_wrong_signature(nth in 0..6_usize, bytes in prop::collection::vec(any::<u8>(), 0..300), keep in any::<bool>()) {
        let vault = Vault::generate(2, 3, 64);
        let garble = |packet: Packet| {
            if keep {
                // The header stays right, so that the body is looked at.
                let length = packet.body().len();
                let body: Vec<u8> = bytes.iter().copied().cycle().take(if bytes.is_empty() { 0 } else { length }).collect();
                packet.with_body(&body)
            } else {
                Packet { bytes: bytes.clone(), ..packet }
            }
        };
        let starts = vault.signing(&[1, 2], 1, |_| digests(2));
        let ended = run(starts, lie_once(nth, garble));
        prop_assert!(ended.values().any(|end| matches!(end, Ended::Aborted(_))));
        only_right_signatures(&vault, ended, &digests(2));
    }
}
