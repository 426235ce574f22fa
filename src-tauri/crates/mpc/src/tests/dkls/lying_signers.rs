//! Signing with a seat that lies, and sessions that do not start.

use domain::act::ChildPath;
use domain::vault::Epoch;
use plans::InputDigest;

use super::super::harness::{
    Ended, Endings, HEADER, Packet, Raw, VAULT as ID, digests, path, rng, run, seat, seats,
    signing_params,
};
use super::VAULT;
use crate::dkls::signing::MAX_DIGESTS;
use crate::{AbortClass, Bans, Fault, Refused, Session};

/// What becomes of one flipped bit in what seat 3 sends in one round.
fn flipped(round: u8, place: usize) -> Endings<Raw> {
    run(
        VAULT.signing(&[1, 3], 1, |_| digests(1)),
        |packet: Packet| {
            if packet.is(3, round) {
                return vec![packet.flipped(HEADER + place)];
            }
            vec![packet]
        },
    )
}

fn fault(round: u8, place: usize) -> (Fault, AbortClass) {
    let ended = flipped(round, place);
    let abort = ended[&seat(1)].abort();
    assert!(abort.culprits().is_empty() || abort.culprits() == seats([3]));
    (abort.fault().clone(), abort.class())
}

#[test]
fn a_flipped_bit_anywhere_makes_no_signature_and_blames_no_honest_seat() {
    let lengths = [64, 32 + 26_753, 55_387, 66];
    for (round, length) in (1..).zip(lengths) {
        let step = (length / 40).max(3);
        for place in (0..length).step_by(step).chain([length - 1]) {
            // Which checks that nobody honest is blamed, and that there is no signature.
            let _ = fault(round, place);
        }
    }
}

#[test]
fn what_a_seat_can_be_proven_to_have_done_names_it() {
    let theft = Fault::ObliviousTransfer { seat: seat(3) };
    let reveal = Fault::RevealDiffers { seat: seat(3) };
    let bytes = |round| Fault::Undecodable {
        seat: seat(3),
        round,
    };
    // After the echo: sender, receiver, binding, commitment, nonce, and the transfers.
    assert_eq!(fault(2, 32), (bytes(2), AbortClass::Ban));
    assert_eq!(fault(2, 33), (bytes(2), AbortClass::Ban));
    assert_eq!(fault(2, 34).1, AbortClass::Retry);
    assert_eq!(fault(2, 10_000), (theft.clone(), AbortClass::Ban));
    assert_eq!(fault(3, 30_000), (theft, AbortClass::Ban));
    // A commitment that is opened to something else, as the other seat finds a round later.
    assert_eq!(fault(2, 70), (reveal, AbortClass::Ban));
    // A wrong share of the signature could be anybody's: the library has no share's check.
    let whole = Fault::Signature { input: 0 };
    assert_eq!(fault(4, 20), (whole, AbortClass::Retry));
}

#[test]
fn a_seat_with_another_digest_or_another_session_is_noticed_and_not_banned() {
    let other = |me: u16| {
        let mut digests = digests(1);
        digests[0].sighash[0] ^= u8::from(me == 3);
        digests
    };
    let ended = run(VAULT.signing(&[1, 3], 1, other), |packet| vec![packet]);
    let abort = ended[&seat(1)].abort();
    assert_eq!(abort.fault(), &Fault::DigestsDiffer { seats: seats([3]) });
    assert_eq!(abort.class(), AbortClass::Retry);
    // A stale session.
    let mut starts = VAULT.signing(&[1, 3], 1, |_| digests(1));
    starts.pop();
    starts.extend(VAULT.signing(&[1, 3], 2, |_| digests(1)).pop());
    let ended = run(starts, |packet| vec![packet]);
    let abort = ended[&seat(1)].abort();
    assert_eq!(abort.fault(), &Fault::OtherSession { seat: seat(3) });
    assert_eq!(abort.class(), AbortClass::Retry);
}

/// A recorded run is of no use for another with the same id and the same digests.
#[test]
fn messages_of_a_run_with_the_same_id_fit_no_other() {
    let mut recorded = Vec::new();
    run(VAULT.signing(&[1, 3], 1, |_| digests(1)), |packet| {
        recorded.push(packet.clone());
        vec![packet]
    });
    for round in [2, 3, 4] {
        let ended = run(VAULT.signing(&[1, 3], 1, |_| digests(1)), |packet| {
            let old = recorded.iter().find(|old| old.is(3, round));
            match old {
                Some(old) if packet.is(3, round) => vec![old.clone()],
                _ => vec![packet],
            }
        });
        let wanted = match round {
            // Found a round later: the products answer other transfers.
            2 | 3 => Fault::OtherSession { seat: seat(3) },
            _ => Fault::Signature { input: 0 },
        };
        assert_eq!(ended[&seat(1)].abort().fault(), &wanted);
    }
}

#[test]
fn a_ban_keeps_the_liar_out_of_the_next_run() {
    let ended = flipped(2, 10_000);
    let facts = ended[&seat(1)].abort().bans(ID, Epoch::FIRST);
    assert_eq!(facts.len(), 1);
    let bans = Bans::from_facts(facts);
    let start = |quorum: &[u16]| {
        let (params, share) = (signing_params(1, quorum, 2), VAULT.open(1));
        Raw::start(&params, &digests(1), &share, &bans, &mut rng(1)).map(drop)
    };
    assert_eq!(start(&[1, 3]), Err(Refused::Banned(seat(3))));
    assert_eq!(start(&[1, 2]), Ok(()));
}

#[test]
fn fewer_than_t_never_sign() {
    for round in 1..=4 {
        let ended = run(
            VAULT.signing(&[1, 3], 1, |_| digests(1)),
            |packet: Packet| {
                if packet.is(3, round) {
                    return Vec::new();
                }
                vec![packet]
            },
        );
        match &ended[&seat(1)] {
            Ended::Waiting(session) => assert_eq!(session.waiting_for(), seats([3])),
            _ => panic!("seat 1 should wait"),
        }
    }
}

#[test]
fn exactly_t_signers_and_not_more_digests_than_fit() {
    let start = |quorum: &[u16], digests: &[InputDigest]| {
        let (params, share) = (signing_params(1, quorum, 2), VAULT.open(1));
        Raw::start(&params, digests, &share, &Bans::default(), &mut rng(1)).map(drop)
    };
    for quorum in [&[1][..], &[1, 2, 3]] {
        let refused = Refused::SignerCount {
            given: quorum.len(),
            threshold: 2,
        };
        assert_eq!(start(quorum, &digests(1)), Err(refused));
    }
    let given = MAX_DIGESTS + 1;
    let refused = Refused::TooManyDigests {
        given,
        max: MAX_DIGESTS,
    };
    let many = vec![digests(1)[0]; given];
    assert_eq!(start(&[1, 2], &many), Err(refused));
    assert_eq!(start(&[1, 2], &[]), Err(Refused::InputCount(0)));
    let accepting = InputDigest {
        path: path(ChildPath::ACCEPTANCE, 0),
        sighash: [1; 32],
    };
    let refused = Err(Refused::AcceptancePath(0));
    assert_eq!(start(&[1, 2], &[accepting]), refused);
}
