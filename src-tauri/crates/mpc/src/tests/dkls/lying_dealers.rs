//! Key generation with a seat that lies.

use dkls23::utilities::proofs::DLogProof;
use domain::act::VaultKey;

use super::super::harness::{Ended, Endings, HEADER, Packet, keygen_of, run, seat, seats};
use crate::keygen::Keygen;
use crate::{AbortClass, Fault, Scheme};

const SEED: u64 = 3;

/// What seat n - 1 makes of one flipped bit in what seat n sends to it in one round. Whatever that
/// is, seats that finish have the same key with the same chain code, and nobody honest is blamed.
fn flipped_of(n: u16, round: u8, place: usize) -> Fault {
    let ended = run(keygen_of(Scheme::Dkls23, 2, n, SEED), |packet: Packet| {
        if packet.is(n, round) && packet.to == seat(n - 1) {
            return vec![packet.flipped(HEADER + place)];
        }
        vec![packet]
    });
    let fault = ended[&seat(n - 1)].abort().fault().clone();
    let mut keys: Vec<VaultKey> = Vec::new();
    for (id, end) in ended {
        match end {
            Ended::Done((share, _)) => keys.push(share.group.vault_key()),
            Ended::Aborted(abort) => {
                let culprits = abort.culprits();
                let fair = culprits.is_empty() || (id != seat(n) && culprits == seats([n]));
                assert!(fair, "round {round}: seat {id} says {abort}");
            }
            Ended::Waiting(_) => {}
        }
    }
    assert!(keys.iter().all(|key| *key == keys[0]));
    fault
}

fn flipped(round: u8, place: usize) -> Fault {
    flipped_of(3, round, place)
}

#[test]
fn what_is_told_apart_ends_the_run_before_a_seed_leaves() {
    let differs = |fault: Fault| matches!(fault, Fault::EchoDiffers { .. });
    // The random number; the commitment to another seat's seed.
    assert!(differs(flipped(1, 0)));
    assert!(differs(flipped(3, 32)));
    assert!(differs(flipped(5, 0)));
    let revealed = Fault::RevealDiffers { seat: seat(3) };
    assert_eq!(flipped(3, 0), revealed);
    assert_eq!(flipped(4, 0), revealed);
    assert_eq!(flipped(4, 1_000), revealed);
}

#[test]
fn a_wrong_piece_makes_no_key_and_nobody_can_tell_whose_it_was() {
    assert_eq!(flipped(2, 31), Fault::NoCommonKey);
    let undecodable = |packet: Packet| {
        if packet.is(3, 2) {
            return vec![packet.with_body(&[0xff; 32])];
        }
        vec![packet]
    };
    let ended = run(keygen_of(Scheme::Dkls23, 2, 3, SEED), undecodable);
    assert_eq!(ended[&seat(1)].abort().culprits(), seats([3]));
}

#[test]
fn wrong_seeds_base_transfers_and_outcomes_name_the_seat() {
    // The seed; the proof of the transfers' sender; the last of the encryption proofs.
    let seed = Fault::RevealDiffers { seat: seat(2) };
    assert_eq!(flipped_of(2, 6, 10), seed);
    let guilty = |fault: Fault| {
        let transfer = Fault::ObliviousTransfer { seat: seat(2) };
        let bytes = Fault::Undecodable {
            seat: seat(2),
            round: 6,
        };
        assert!(fault == transfer || fault == bytes, "{fault}");
    };
    guilty(flipped_of(2, 6, 4_000));
    guilty(flipped_of(2, 6, 143_000));
    let outcome = Fault::OutcomeDiffers { seats: seats([2]) };
    assert_eq!(flipped_of(2, 7, 0), outcome);
}

/// Seat 2 says nothing of its own in `rounds`, but what seat 1 says.
fn parrot(rounds: &[u8]) -> Endings<Keygen> {
    run(keygen_of(Scheme::Dkls23, 2, 2, SEED), |packet: Packet| {
        if !rounds.contains(&packet.round()) {
            return vec![packet];
        }
        if packet.from == seat(2) {
            return Vec::new();
        }
        let mut copy = packet.clone().in_the_name_of(2);
        copy.to = seat(1);
        vec![packet, copy]
    })
}

/// In 2-of-2 the library takes a replayed proof: the key would then be one that seat 1 holds alone.
#[test]
fn a_replayed_commitment_or_proof_names_the_parrot() {
    for rounds in [&[3, 4][..], &[4]] {
        let ended = parrot(rounds);
        let abort = ended[&seat(1)].abort();
        assert_eq!(abort.fault(), &Fault::RevealDiffers { seat: seat(2) });
        assert_eq!(abort.class(), AbortClass::Ban);
        assert!(!ended[&seat(2)].is_done());
    }
}

#[test]
fn equal_points_and_equal_commitments_are_refused_with_valid_proofs_too() {
    use dkls23::protocols::PartyIndex;
    use dkls23::protocols::dkg::ProofCommitment;
    let number = k256_dkls::Scalar::from(7_u64);
    let other = k256_dkls::Scalar::from(8_u64);
    let make = |index: u8, number| {
        let made = DLogProof::prove_commit(number, b"session").unwrap();
        ProofCommitment {
            index: PartyIndex::new(index).unwrap(),
            proof: made.0,
            commitment: made.1,
        }
    };
    let check = |one: &ProofCommitment<_>, two: &ProofCommitment<_>| {
        let proofs = [(seat(1), one.clone()), (seat(2), two.clone())].into();
        crate::dkls::keygen::distinct(seat(3), &proofs)
    };
    let (one, two, three) = (make(1, &number), make(2, &number), make(2, &other));
    let equal = Fault::EqualContributions {
        first: seat(1),
        second: seat(2),
        me: seat(3),
    };
    assert_eq!(check(&one, &three), Ok(()));
    assert_eq!(check(&one, &two), Err(equal.clone()));
    let mut copied = three.clone();
    copied.commitment = one.commitment;
    assert_eq!(check(&one, &copied), Err(equal.clone()));
    let mut copied = three;
    copied.proof.rand_commitments[5] = one.proof.rand_commitments[9];
    assert_eq!(check(&one, &copied), Err(equal));
}
