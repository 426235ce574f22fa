//! Sessions that do not start.

use domain::act::ChildPath;
use domain::id::{SeatId, TreasuryId, VaultId};
use domain::vault::Epoch;
use plans::InputDigest;

use super::harness::{
    Raw, TREASURY, VAULT, Vault, digests, keygen_params, path, rng, run, seat, seats,
    signing_params,
};
use crate::keygen::{Keygen, KeygenParams};
use crate::signing::SigningParams;
use crate::{Ban, Bans, Refused};

fn keygen(params: KeygenParams, bans: &Bans) -> Result<(), Refused> {
    Keygen::start(params, bans, &mut rng(1)).map(drop)
}

fn sign(vault: &Vault, params: &SigningParams, digests: &[InputDigest]) -> Result<(), Refused> {
    let share = vault.open(1);
    Raw::start(params, digests, &share, &Bans::default(), &mut rng(1)).map(drop)
}

fn banned(numbers: &[u16]) -> Bans {
    Bans::from_facts(numbers.iter().map(|number| Ban {
        vault: VAULT,
        epoch: Epoch::FIRST,
        seat: seat(*number),
    }))
}

#[test]
fn thresholds_below_two_or_above_all_are_refused() {
    for (t, n) in [(0, 3), (1, 3), (4, 3), (2, 1), (2, 0), (u16::MAX, 3)] {
        let refused = keygen(keygen_params(1, t, n), &Bans::default());
        let seats = usize::from(n);
        assert_eq!(
            refused,
            Err(Refused::Threshold {
                threshold: t,
                seats
            })
        );
    }
}

#[test]
fn seats_out_of_order_doubled_or_without_this_one_are_refused() {
    let of = |numbers: &[u16]| {
        let seats = seats(numbers.iter().copied());
        keygen(
            KeygenParams {
                seats,
                ..keygen_params(1, 2, 3)
            },
            &Bans::default(),
        )
    };
    assert_eq!(of(&[2, 1, 3]), Err(Refused::SeatOrder));
    assert_eq!(of(&[1, 1, 2]), Err(Refused::SeatOrder));
    assert_eq!(of(&[2, 3, 4]), Err(Refused::NotAMember(seat(1))));
    assert_eq!(of(&[1, 2, 4]), Ok(()));
}

#[test]
fn a_banned_seat_takes_part_in_nothing_of_that_sharing() {
    let bans = banned(&[3]);
    let refused = Err(Refused::Banned(seat(3)));
    assert_eq!(keygen(keygen_params(1, 2, 3), &bans), refused);
    // Nor does a banned seat start for itself.
    assert_eq!(keygen(keygen_params(3, 2, 3), &bans), refused);
    let vault = Vault::generate(2, 3, 80);
    let share = vault.open(1);
    let start = |quorum: &[u16], bans: &Bans| {
        let params = signing_params(1, quorum, 1);
        Raw::start(&params, &digests(1), &share, bans, &mut rng(1)).map(drop)
    };
    assert_eq!(start(&[1, 3], &bans), refused);
    assert_eq!(start(&[1, 2], &bans), Ok(()));
    let elsewhere = Bans::from_facts([
        Ban {
            vault: VaultId::from_bytes([0; 32]),
            epoch: Epoch::FIRST,
            seat: seat(3),
        },
        Ban {
            vault: VAULT,
            epoch: serde_json::from_str("2").unwrap(),
            seat: seat(3),
        },
    ]);
    assert_eq!(start(&[1, 3], &elsewhere), Ok(()));
}

#[test]
fn the_bans_of_an_abort_keep_the_liar_out_of_the_next_run() {
    let vault = Vault::generate(2, 3, 80);
    let ended = run(vault.signing(&[1, 3], 1, |_| digests(1)), |packet| {
        if packet.is(3, 3) {
            return vec![packet.with_body(&[1; 32])];
        }
        vec![packet]
    });
    let facts = ended[&seat(1)].abort().bans(VAULT, Epoch::FIRST);
    assert_eq!(facts.len(), 1);
    let bans = Bans::from_facts(facts);
    let (params, share) = (signing_params(1, &[1, 3], 2), vault.open(1));
    let again = Raw::start(&params, &digests(1), &share, &bans, &mut rng(1)).map(drop);
    assert_eq!(again, Err(Refused::Banned(seat(3))));
}

#[test]
fn exactly_t_signers_and_no_other_number() {
    let vault = Vault::generate(3, 5, 81);
    for quorum in [&[1][..], &[1, 2], &[1, 2, 3, 4], &[1, 2, 3, 4, 5]] {
        let given = quorum.len();
        let refused = Err(Refused::SignerCount {
            given,
            threshold: 3,
        });
        assert_eq!(
            sign(&vault, &signing_params(1, quorum, 1), &digests(1)),
            refused
        );
    }
    assert_eq!(
        sign(&vault, &signing_params(1, &[1, 3, 5], 1), &digests(1)),
        Ok(())
    );
}

#[test]
fn signers_the_vault_does_not_have_are_refused() {
    let vault = Vault::generate(2, 3, 80);
    let unknown = sign(&vault, &signing_params(1, &[1, 9], 1), &digests(1));
    assert_eq!(unknown, Err(Refused::UnknownSeat(seat(9))));
    let order = sign(&vault, &signing_params(1, &[3, 1], 1), &digests(1));
    assert_eq!(order, Err(Refused::SeatOrder));
    let absent = sign(&vault, &signing_params(1, &[2, 3], 1), &digests(1));
    assert_eq!(absent, Err(Refused::NotAMember(seat(1))));
}

#[test]
fn a_share_of_something_else_signs_nothing_here() {
    let vault = Vault::generate(2, 3, 80);
    let base = || signing_params(1, &[1, 2], 1);
    let byte = [9; 32];
    let others = [
        SigningParams {
            treasury: TreasuryId::from_bytes(byte),
            ..base()
        },
        SigningParams {
            vault: VaultId::from_bytes(byte),
            ..base()
        },
        SigningParams {
            epoch: serde_json::from_str("2").unwrap(),
            ..base()
        },
        SigningParams {
            me: seat(2),
            ..base()
        },
    ];
    for params in others {
        assert_eq!(sign(&vault, &params, &digests(1)), Err(Refused::OtherShare));
    }
    assert_eq!((base().treasury, base().vault), (TREASURY, VAULT));
}

#[test]
fn nothing_is_signed_on_the_acceptance_path() {
    let vault = Vault::generate(2, 3, 80);
    let accepting = InputDigest {
        path: path(ChildPath::ACCEPTANCE, 0),
        sighash: [1; 32],
    };
    let all = [digests(1)[0], accepting];
    let refused = sign(&vault, &signing_params(1, &[1, 2], 1), &all);
    assert_eq!(refused, Err(Refused::AcceptancePath(1)));
}

#[test]
fn no_inputs_and_too_many_are_refused() {
    let vault = Vault::generate(2, 3, 80);
    let params = signing_params(1, &[1, 2], 1);
    assert_eq!(sign(&vault, &params, &[]), Err(Refused::InputCount(0)));
    let many = vec![digests(1)[0]; crate::run::MAX_INPUTS + 1];
    assert_eq!(
        sign(&vault, &params, &many),
        Err(Refused::InputCount(many.len()))
    );
}

/// A generator that always gives the same bytes.
struct Stuck;

impl rand_core::RngCore for Stuck {
    fn next_u32(&mut self) -> u32 {
        7
    }
    fn next_u64(&mut self) -> u64 {
        7
    }
    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), rand_core::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl rand_core::CryptoRng for Stuck {}

#[test]
fn randomness_that_repeats_itself_makes_no_nonces() {
    let vault = Vault::generate(2, 3, 80);
    let (params, share) = (signing_params(1, &[1, 2], 1), vault.open(1));
    let refused = Raw::start(&params, &digests(1), &share, &Bans::default(), &mut Stuck);
    assert_eq!(refused.map(drop), Err(Refused::Randomness));
}

#[test]
fn seat_lists_of_refusals_read_naturally() {
    let seats: Vec<SeatId> = seats([3]);
    let text = Refused::Banned(seats[0]).to_string();
    assert_eq!(
        text,
        "seat 3 is banned from this sharing of the key: reshare without it"
    );
}
