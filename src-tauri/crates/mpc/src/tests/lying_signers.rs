//! Seats that lie while they sign: never a signature over anything else, and the verdict names the
//! liar where the protocol can.

use domain::id::SeatId;
use frost_secp256k1_tr as frost;
use k256::Scalar;
use k256::elliptic_curve::PrimeField;
use plans::InputDigest;

use super::harness::{
    Endings, HEADER, Packet, Raw, Vault, digests, packets, path, rng, run, run_in_order, seat,
    seats, signing_params,
};
use crate::{AbortClass, Bans, Fault, Scheme, Session, Step};

const COMMIT: u8 = 1;
const ECHO: u8 = 2;
const SIGN: u8 = 3;

/// Seats 1, 2 and 3 of 3-of-5 sign two inputs with seat 3 lying.
fn with_liar(lie: impl FnMut(Packet) -> Vec<Packet>) -> Endings<Raw> {
    let vault = Vault::generate(3, 5, 70);
    let ended = run(vault.signing(&[1, 2, 3], 1, |_| digests(2)), lie);
    let honest = [seat(1), seat(2)];
    assert!(
        honest.iter().all(|id| !ended[id].is_done()),
        "a signature was made on a lie"
    );
    ended
}

fn verdict(ended: &Endings<Raw>, at: u16) -> (Fault, Vec<SeatId>, AbortClass) {
    let abort = ended[&seat(at)].abort();
    (abort.fault().clone(), abort.culprits(), abort.class())
}

fn wrong_share(guilty: &[u16], input: usize) -> (Fault, Vec<SeatId>, AbortClass) {
    let guilty = seats(guilty.iter().copied());
    let fault = Fault::SignatureShare {
        seats: guilty.clone(),
        input,
    };
    (fault, guilty, AbortClass::Ban)
}

fn plus_one(bytes: &[u8]) -> Vec<u8> {
    let bytes: [u8; 32] = bytes.try_into().unwrap();
    (Scalar::from_repr(bytes.into()).unwrap() + Scalar::ONE)
        .to_bytes()
        .to_vec()
}

#[test]
fn a_wrong_share_names_the_seat_and_the_input() {
    let ended = with_liar(|packet| {
        if packet.is(3, SIGN) {
            let (one, two) = packet.body().split_at(32);
            let body = [one, &plus_one(two)].concat();
            return vec![packet.with_body(&body)];
        }
        vec![packet]
    });
    for at in [1, 2] {
        assert_eq!(verdict(&ended, at), wrong_share(&[3], 1));
    }
}

#[test]
fn every_wrong_share_is_found_not_only_the_first() {
    let vault = Vault::generate(3, 5, 70);
    let starts = vault.signing(&[1, 2, 3], 1, |_| digests(1));
    let ended = run(starts, |packet| {
        if packet.round() == SIGN && packet.from != seat(1) {
            let body = plus_one(packet.body());
            return vec![packet.with_body(&body)];
        }
        vec![packet]
    });
    assert_eq!(verdict(&ended, 1), wrong_share(&[2, 3], 0));
}

#[test]
fn a_share_outside_the_field_is_refused() {
    let ended = with_liar(|packet| {
        if packet.is(3, SIGN) {
            return vec![packet.with_body(&[0xff; 64])];
        }
        vec![packet]
    });
    let fault = Fault::Undecodable {
        seat: seat(3),
        round: SIGN,
    };
    assert_eq!(verdict(&ended, 1), (fault, seats([3]), AbortClass::Ban));
}

#[test]
fn a_share_taken_from_another_seat_names_the_thief() {
    let mut stolen = Vec::new();
    let ended = with_liar(|packet| {
        if packet.is(2, SIGN) {
            stolen = packet.body().to_vec();
        }
        if packet.is(3, SIGN) && !stolen.is_empty() {
            return vec![packet.with_body(&stolen)];
        }
        vec![packet]
    });
    assert_eq!(verdict(&ended, 1), wrong_share(&[3], 0));
}

#[test]
fn a_seat_that_decoded_other_bytes_is_noticed_before_anything_is_signed() {
    let vault = Vault::generate(3, 5, 70);
    let mut shares = 0;
    let other = |me: u16| match me {
        3 => digests(3)[1..].to_vec(),
        _ => digests(2),
    };
    let ended = run(vault.signing(&[1, 2, 3], 1, other), |packet| {
        shares += usize::from(packet.round() == SIGN);
        vec![packet]
    });
    let fault = Fault::DigestsDiffer { seats: seats([3]) };
    // It may be honest and lied to itself: nobody is banned for it.
    assert_eq!(verdict(&ended, 1), (fault, vec![], AbortClass::Retry));
    let fault = Fault::DigestsDiffer {
        seats: seats([1, 2]),
    };
    assert_eq!(verdict(&ended, 3), (fault, vec![], AbortClass::Retry));
    assert_eq!(shares, 0);
}

#[test]
fn the_same_digest_on_another_path_is_another_message() {
    let vault = Vault::generate(2, 3, 71);
    let of = |me: u16| {
        let digest = InputDigest {
            path: path(0, me.into()),
            sighash: [1; 32],
        };
        vec![digest]
    };
    let ended = run(vault.signing(&[1, 2], 1, of), |packet| vec![packet]);
    assert!(matches!(verdict(&ended, 1).0, Fault::DigestsDiffer { .. }));
}

/// What changes in the messages of a run with the digests that are signed: the hash in round 1, the
/// tag from round 2 on, and the echo.
fn digest_marks(vault: &Vault, digests: &[InputDigest]) -> [Vec<u8>; 3] {
    let (mut hash, mut tag, mut echo) = (Vec::new(), Vec::new(), Vec::new());
    run(
        vault.signing(&[1, 2, 3], 1, |_| digests.to_vec()),
        |packet| {
            match packet.round() {
                COMMIT => hash = packet.body()[..32].to_vec(),
                ECHO => (tag, echo) = (packet.bytes[8..HEADER].to_vec(), packet.body().to_vec()),
                _ => {}
            }
            vec![packet]
        },
    );
    [hash, tag, echo]
}

fn marked(mut packet: Packet, [hash, tag, echo]: &[Vec<u8>; 3]) -> Packet {
    match packet.round() {
        COMMIT => packet.bytes[HEADER..HEADER + 32].copy_from_slice(hash),
        _ => packet.bytes[8..HEADER].copy_from_slice(tag),
    }
    if packet.round() == ECHO {
        return packet.with_body(echo);
    }
    packet
}

/// Seat 3 signs another digest and hides it perfectly: whatever it sends or sees is translated, so
/// that only its shares are for something else.
#[test]
fn a_share_for_another_digest_never_makes_a_signature() {
    let vault = Vault::generate(3, 5, 70);
    let other = vec![InputDigest {
        sighash: [0xee; 32],
        ..digests(1)[0]
    }];
    let right = digest_marks(&vault, &digests(1));
    let wrong = digest_marks(&vault, &other);
    assert!(right.iter().zip(&wrong).all(|(one, two)| one != two));
    let of = |me: u16| if me == 3 { other.clone() } else { digests(1) };
    let mut shares = 0;
    let ended = run(vault.signing(&[1, 2, 3], 1, of), |packet| {
        shares += usize::from(packet.round() == SIGN);
        match (packet.from.get(), packet.to.get()) {
            (3, _) => vec![marked(packet, &right)],
            (_, 3) => vec![marked(packet, &wrong)],
            _ => vec![packet],
        }
    });
    assert_eq!(shares, 6, "the lie was to hold until every share was out");
    assert_eq!(verdict(&ended, 1), wrong_share(&[3], 0));
    assert_eq!(verdict(&ended, 2), wrong_share(&[3], 0));
    // Nor does the liar get what it wanted.
    assert_eq!(verdict(&ended, 3), wrong_share(&[1, 2], 0));
}

/// A second face of seat 3, shown to seat 2 alone.
#[test]
fn a_signer_with_two_faces_is_noticed_at_the_echo() {
    let vault = Vault::generate(3, 5, 70);
    let params = signing_params(3, &[1, 2, 3], 1);
    let share = vault.open(3);
    let bans = Bans::default();
    let started = Raw::start(&params, &digests(2), &share, &bans, &mut rng(4321));
    let (session, send) = started.unwrap();
    let mut twin = Some(session);
    let mut first = packets(seat(3), &seats([1, 2, 3]), send);
    let mut shares = 0;
    let ended = with_liar(|packet| {
        shares += usize::from(packet.round() == SIGN && packet.from != seat(3));
        if packet.from == seat(3) && packet.to == seat(2) {
            return first.drain(..).filter(|p| p.to == seat(2)).collect();
        }
        let mut out = Vec::new();
        if packet.to == seat(3)
            && let Some(session) = twin.take()
            && let Ok(Step::Waiting { session, send }) =
                session.handle(packet.from, &packet.bytes, &mut rng(1))
        {
            twin = Some(session);
            let sent = packets(seat(3), &seats([1, 2, 3]), send);
            out.extend(sent.into_iter().filter(|p| p.to == seat(2)));
        }
        out.push(packet);
        out
    });
    let fault = Fault::EchoDiffers { seats: seats([2]) };
    assert_eq!(verdict(&ended, 1), (fault, vec![], AbortClass::Retry));
    assert_eq!(shares, 0, "a share left a seat before the echo matched");
}

#[test]
fn a_wrong_echo_stops_the_run_before_any_share_is_sent() {
    let mut shares = 0;
    let ended = with_liar(|packet| {
        shares += usize::from(packet.round() == SIGN && packet.from != seat(3));
        if packet.is(3, ECHO) {
            return vec![packet.flipped(HEADER)];
        }
        vec![packet]
    });
    let fault = Fault::EchoDiffers { seats: seats([3]) };
    assert_eq!(verdict(&ended, 2), (fault, vec![], AbortClass::Retry));
    assert_eq!(shares, 0);
}

/// Seat 3 commits to seat 1's nonces and echoes whatever the others echo; it can't sign with them.
#[test]
fn a_replayed_nonce_commitment_of_another_seat_names_the_copier() {
    let vault = Vault::generate(2, 3, 72);
    let (mut commitments, mut echo) = (Vec::new(), Vec::new());
    let lie = |packet: Packet| match (packet.from.get(), packet.round()) {
        (1, COMMIT) => {
            commitments = packet.body().to_vec();
            vec![packet]
        }
        (1, ECHO) => {
            // The session that lends seat 3 its form does not hear of it, else it would stop.
            echo = packet.body().to_vec();
            vec![]
        }
        (3, COMMIT) => vec![packet.with_body(&commitments)],
        (3, ECHO) => {
            let forged = packet.with_body(&echo);
            let mut share = forged.clone().with_body(&[1; 32]);
            share.bytes[3] = SIGN;
            vec![forged, share]
        }
        _ => vec![packet],
    };
    let starts = vault.signing(&[1, 3], 1, |_| digests(1));
    let ended = run_in_order(starts, lie, |length| length - 1);
    assert_eq!(verdict(&ended, 1), wrong_share(&[3], 0));
}

#[test]
fn a_nonce_used_twice_is_refused_before_it_gives_the_share_away() {
    let ended = with_liar(|packet| {
        if packet.is(3, COMMIT) {
            let mut body = packet.body().to_vec();
            let first = body[32..32 + 66].to_vec();
            body[32 + 66..].copy_from_slice(&first);
            return vec![packet.with_body(&body)];
        }
        vec![packet]
    });
    let fault = Fault::RepeatedNonce { seat: seat(3) };
    assert_eq!(verdict(&ended, 1), (fault, seats([3]), AbortClass::Ban));
}

#[test]
fn commitments_that_are_no_points_are_refused() {
    for lead in [0, 4, 5, 7] {
        let ended = with_liar(|packet| {
            if packet.is(3, COMMIT) {
                let mut body = packet.body().to_vec();
                body[32] = lead;
                return vec![packet.with_body(&body)];
            }
            vec![packet]
        });
        let fault = Fault::Undecodable {
            seat: seat(3),
            round: COMMIT,
        };
        assert_eq!(verdict(&ended, 1), (fault, seats([3]), AbortClass::Ban));
    }
}

/// RFC 9591, section 5.3: below the threshold interpolation gives another value, whatever the
/// library is told about the threshold.
#[test]
fn fewer_than_t_shares_never_add_up_to_a_signature() {
    let vault = Vault::generate(3, 5, 73);
    let secp = bitcoin::secp256k1::Secp256k1::verification_only();
    let (mut nonces, mut keys) = (Vec::new(), Vec::new());
    let mut commitments = std::collections::BTreeMap::new();
    let group = crate::group::Group::parse(Scheme::FrostTaproot, &vault.key).unwrap();
    let child = group.child(&secp, path(0, 1)).unwrap();
    for number in [1, 2] {
        let share = vault.open(number);
        let package = super::harness::number(&share)
            .child(seat(number), &child, 2)
            .unwrap();
        let (nonce, commitment) = frost::round1::commit(package.signing_share(), &mut rng(5));
        commitments.insert(*package.identifier(), commitment);
        nonces.push(nonce);
        keys.push(package);
    }
    let package = frost::SigningPackage::new(commitments, &[7; 32]);
    let shares = nonces.iter().zip(&keys).map(|(nonce, keys)| {
        let share = frost::round2::sign_with_tweak(&package, nonce, keys, None).unwrap();
        (*keys.identifier(), share)
    });
    let shares = shares.collect();
    let all = group.public_keys(&child, &group.seats()).unwrap();
    let public = frost::keys::PublicKeyPackage::new(
        all.verifying_shares().clone(),
        *all.verifying_key(),
        None,
    );
    let made = frost::aggregate_with_tweak(&package, &shares, &public, None);
    assert_eq!(made, Err(frost::Error::InvalidSignature));
}
