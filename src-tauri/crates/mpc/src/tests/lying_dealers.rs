//! Seats that lie while the key is made: no seat gets a key, and the verdict names the liar where
//! the protocol can.

use std::collections::BTreeMap;

use domain::Canonical;
use domain::id::SeatId;
use k256::Scalar;
use k256::elliptic_curve::PrimeField;

use super::harness::{
    Endings, HEADER, Packet, Start, keygen, keygen_params, packets, rng, run, seat, seats,
};
use crate::binding::Tag;
use crate::keygen::Keygen;
use crate::{AbortClass, Bans, Fault, Session, Step};

const COMMIT: u8 = 1;
const REVEAL: u8 = 2;
const ECHO: u8 = 3;
const DEAL: u8 = 4;
const CONFIRM: u8 = 5;

/// Runs 2-of-3 with seat 3 lying; what seats 1 and 2 came to.
fn with_liar(lie: impl FnMut(Packet) -> Vec<Packet>) -> Endings<Keygen> {
    let ended = run(keygen(2, 3, 50), lie);
    let honest = [seat(1), seat(2)];
    assert!(
        honest.iter().all(|id| !ended[id].is_done()),
        "a key was made on a lie"
    );
    ended
}

fn verdict(ended: &Endings<Keygen>, at: u16) -> (Fault, Vec<SeatId>, AbortClass) {
    let abort = ended[&seat(at)].abort();
    (abort.fault().clone(), abort.culprits(), abort.class())
}

fn banned(fault: Fault) -> (Fault, Vec<SeatId>, AbortClass) {
    (fault, vec![seat(3)], AbortClass::Ban)
}

/// The messages of seat `from` in an honest run with the same randomness: what a liar that sees
/// the future would know.
fn foreseen(from: u16, round: u8) -> Vec<u8> {
    let mut found = None;
    run(keygen(2, 3, 50), |packet| {
        if packet.is(from, round) {
            found = Some(packet.body().to_vec());
        }
        vec![packet]
    });
    found.unwrap()
}

fn commitment(tag: &Tag, id: u16, contribution: &[u8]) -> [u8; 32] {
    Canonical::new("countersign/keygen-commitment/v1")
        .bytes(tag)
        .number(id.into())
        .bytes(contribution)
        .finish()
}

/// Seat 3 commits to `contribution` and reveals it.
fn contributing(contribution: Vec<u8>) -> impl FnMut(Packet) -> Vec<Packet> {
    move |packet: Packet| {
        let tag: Tag = packet.bytes[8..HEADER].try_into().unwrap();
        if packet.is(3, COMMIT) {
            return vec![packet.with_body(&commitment(&tag, 3, &contribution))];
        }
        if packet.is(3, REVEAL) {
            return vec![packet.with_body(&contribution)];
        }
        vec![packet]
    }
}

/// A second face of seat 3, shown to seat 2 alone.
struct Twin {
    session: Option<Keygen>,
    first: Vec<Packet>,
}

impl Twin {
    fn new() -> Self {
        let params = keygen_params(3, 2, 3);
        let (session, send) = Keygen::start(params, &Bans::default(), &mut rng(1234)).unwrap();
        Self {
            session: Some(session),
            first: packets(seat(3), &seats(1..=3), send),
        }
    }

    fn pass(&mut self, packet: Packet) -> Vec<Packet> {
        if packet.from == seat(3) && packet.to == seat(2) {
            return self.first.drain(..).filter(|p| p.to == seat(2)).collect();
        }
        let mut out = Vec::new();
        if packet.to == seat(3)
            && let Some(session) = self.session.take()
            && let Ok(Step::Waiting { session, send }) =
                session.handle(packet.from, &packet.bytes, &mut rng(1))
        {
            self.session = Some(session);
            let sent = packets(seat(3), &seats(1..=3), send);
            out.extend(sent.into_iter().filter(|p| p.to == seat(2)));
        }
        out.push(packet);
        out
    }
}

#[test]
fn a_dealer_with_two_faces_is_noticed_at_the_echo() {
    let mut twin = Twin::new();
    let ended = with_liar(|packet| twin.pass(packet));
    let (fault, culprits, class) = verdict(&ended, 1);
    assert_eq!(fault, Fault::EchoDiffers { seats: seats([2]) });
    // From the echo alone it could be seat 2 that lies: nobody is banned for it.
    assert_eq!((culprits, class), (vec![], AbortClass::Retry));
    let (fault, culprits, _) = verdict(&ended, 2);
    assert!(matches!(fault, Fault::EchoDiffers { .. }) && culprits.is_empty());
}

#[test]
fn a_replayed_commitment_of_another_seat_opens_to_nothing() {
    let mut hash = Vec::new();
    let contribution = foreseen(2, REVEAL);
    let ended = with_liar(|packet| {
        if packet.is(2, COMMIT) {
            hash = packet.body().to_vec();
        } else if packet.is(3, COMMIT) {
            return vec![packet.with_body(&hash)];
        } else if packet.is(3, REVEAL) {
            return vec![packet.with_body(&contribution)];
        }
        vec![packet]
    });
    assert_eq!(
        verdict(&ended, 1),
        banned(Fault::RevealDiffers { seat: seat(3) })
    );
    assert_eq!(
        verdict(&ended, 2),
        banned(Fault::RevealDiffers { seat: seat(3) })
    );
}

#[test]
fn another_seats_contribution_can_not_be_proven_even_if_it_was_foreseen() {
    let ended = with_liar(contributing(foreseen(2, REVEAL)));
    assert_eq!(
        verdict(&ended, 1),
        banned(Fault::ProofOfKnowledge { seat: seat(3) })
    );
}

#[test]
fn a_contribution_chosen_after_seeing_the_others_is_refused() {
    let late = foreseen(3, REVEAL);
    let mut other = late.clone();
    // Swaps the two points of the commitment: valid bytes, but not what was committed to.
    other[..33].copy_from_slice(&late[33..66]);
    other[33..66].copy_from_slice(&late[..33]);
    let ended = with_liar(|packet| {
        if packet.is(3, REVEAL) {
            return vec![packet.with_body(&other)];
        }
        vec![packet]
    });
    assert_eq!(
        verdict(&ended, 2),
        banned(Fault::RevealDiffers { seat: seat(3) })
    );
}

#[test]
fn a_bad_proof_of_knowledge_names_the_dealer() {
    let mut contribution = foreseen(3, REVEAL);
    let last = contribution.len() - 1;
    contribution[last] ^= 1;
    let ended = with_liar(contributing(contribution));
    for at in [1, 2] {
        assert_eq!(
            verdict(&ended, at),
            banned(Fault::ProofOfKnowledge { seat: seat(3) })
        );
    }
}

#[test]
fn two_seats_with_one_secret_are_both_named() {
    let starts: Vec<Start<Keygen>> = (1..=3)
        .map(|me| {
            // Seats 2 and 3 draw the same randomness.
            let mut rng = rng(if me == 1 { 1 } else { 2 });
            let params = keygen_params(me, 2, 3);
            let (session, send) = Keygen::start(params, &Bans::default(), &mut rng).unwrap();
            (seat(me), session, send)
        })
        .collect();
    let ended = run(starts, |packet| vec![packet]);
    let culprits = |at: u16| ended[&seat(at)].abort().culprits();
    assert!(matches!(
        ended[&seat(1)].abort().fault(),
        Fault::EqualContributions { .. }
    ));
    assert_eq!(culprits(1), seats([2, 3]));
    // A seat does not accuse itself.
    assert_eq!(culprits(2), seats([3]));
    assert_eq!(culprits(3), seats([2]));
}

#[test]
fn points_in_another_encoding_are_refused() {
    // 0x05 is SEC1's compact form: the library reads it, and it hides an equal point.
    let mut contribution = foreseen(3, REVEAL);
    contribution[0] = 5;
    let ended = with_liar(contributing(contribution));
    let fault = Fault::Undecodable {
        seat: seat(3),
        round: REVEAL,
    };
    assert_eq!(verdict(&ended, 1), banned(fault));
}

#[test]
fn a_piece_of_the_share_that_does_not_fit_names_the_dealer() {
    let ended = with_liar(|packet| {
        if packet.is(3, DEAL) && packet.to == seat(1) {
            let bytes: [u8; 32] = packet.body().try_into().unwrap();
            let wrong = Scalar::from_repr(bytes.into()).unwrap() + Scalar::ONE;
            return vec![packet.with_body(&wrong.to_bytes())];
        }
        vec![packet]
    });
    assert_eq!(
        verdict(&ended, 1),
        banned(Fault::SecretShare { seat: seat(3) })
    );
    // Seat 2 was dealt a right piece and waits for seat 1, which confirms nothing.
    let super::harness::Ended::Waiting(session) = &ended[&seat(2)] else {
        panic!("seat 2 should wait");
    };
    assert_eq!(session.waiting_for(), seats([1]));
}

#[test]
fn the_piece_meant_for_another_seat_does_not_fit() {
    let mut pieces: BTreeMap<SeatId, Packet> = BTreeMap::new();
    let ended = with_liar(|packet| {
        if packet.is(3, DEAL) {
            pieces.insert(packet.to, packet.clone());
            if packet.to == seat(1) {
                return vec![];
            }
            let to_first = pieces[&seat(1)].clone();
            return vec![to_first.with_body(packet.body()), packet];
        }
        vec![packet]
    });
    assert_eq!(
        verdict(&ended, 1),
        banned(Fault::SecretShare { seat: seat(3) })
    );
}

#[test]
fn a_piece_addressed_to_another_seat_is_not_looked_at() {
    // A relay may have lost its way: nobody is banned for a piece that was not meant for this seat.
    let ended = with_liar(|mut packet| {
        if packet.is(3, DEAL) && packet.to == seat(1) {
            packet.bytes[7] = 2;
        }
        vec![packet]
    });
    let fault = Fault::OtherRecipient { seat: seat(3) };
    assert_eq!(verdict(&ended, 1), (fault, vec![], AbortClass::Retry));
}

#[test]
fn a_piece_outside_the_field_is_refused() {
    let ended = with_liar(|packet| {
        if packet.is(3, DEAL) {
            return vec![packet.with_body(&[0xff; 32])];
        }
        vec![packet]
    });
    let fault = Fault::Undecodable {
        seat: seat(3),
        round: DEAL,
    };
    assert_eq!(verdict(&ended, 2), banned(fault));
}

#[test]
fn a_wrong_echo_stops_the_run_before_any_secret_is_sent() {
    let mut secrets = 0;
    let ended = with_liar(|packet| {
        if packet.round() == DEAL && packet.from != seat(3) {
            secrets += 1;
        }
        if packet.is(3, ECHO) {
            return vec![packet.flipped(HEADER)];
        }
        vec![packet]
    });
    let fault = Fault::EchoDiffers { seats: seats([3]) };
    assert_eq!(
        verdict(&ended, 1),
        (fault.clone(), vec![], AbortClass::Retry)
    );
    assert_eq!(verdict(&ended, 2), (fault, vec![], AbortClass::Retry));
    assert_eq!(secrets, 0);
}

#[test]
fn another_outcome_after_the_same_echo_names_the_liar() {
    let ended = with_liar(|packet| {
        if packet.is(3, CONFIRM) {
            return vec![packet.flipped(HEADER + 31)];
        }
        vec![packet]
    });
    let fault = Fault::OutcomeDiffers { seats: seats([3]) };
    assert_eq!(verdict(&ended, 1), banned(fault));
}

#[test]
fn a_silent_dealer_yields_no_key() {
    for round in [COMMIT, REVEAL, ECHO, DEAL, CONFIRM] {
        with_liar(|packet| {
            if packet.is(3, round) {
                vec![]
            } else {
                vec![packet]
            }
        });
    }
}
