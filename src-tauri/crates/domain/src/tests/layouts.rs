//! Payouts and vaults that can't be, and names that deceive.

use super::samples::*;
use crate::payout::{MAX_LEGS, PayoutError};
use crate::vault::VaultPlanError;
use crate::*;

fn pay(legs: Vec<Leg>, cap: u64) -> Result<Payout, PayoutError> {
    Payout::new(VaultId::from_bytes([2; 32]), legs, sats(cap), note(""))
}

#[test]
fn payouts_that_can_not_be_paid_are_refused() {
    let good = || leg(None, REGTEST, 1000);
    assert!(pay(vec![good()], 1).is_ok());
    assert_eq!(pay(vec![], 1).unwrap_err(), PayoutError::NoLegs);
    assert_eq!(pay(vec![good()], 0).unwrap_err(), PayoutError::NoFee);
    assert!(pay(vec![good(); MAX_LEGS], 1).is_ok());
    assert_eq!(
        pay(vec![good(); MAX_LEGS + 1], 1).unwrap_err(),
        PayoutError::TooManyLegs(MAX_LEGS + 1)
    );
    let dust = pay(vec![good(), leg(None, REGTEST, 545)], 1).unwrap_err();
    assert_eq!(
        dust.to_string(),
        "leg 2 pays 0.00000545 BTC: less than 0.00000546 BTC is dust that the network does not carry"
    );
    let most = leg(None, REGTEST, Sats::MAX.get());
    assert!(matches!(
        pay(vec![most, good()], 1),
        Err(PayoutError::Amount(_))
    ));
    let total = pay(vec![good(), good()], 1).unwrap().total().unwrap();
    assert_eq!(total, Amount::Btc(sats(2000)));
}

fn lay_out(threshold: u16, seats: Vec<Seat>) -> Result<VaultPlan, VaultPlanError> {
    VaultPlan::new(name("Main"), Network::Regtest, 6, threshold, seats)
}

/// The good seats with another kind for one of them.
fn with_kind(index: usize, kind: SeatKind) -> Vec<Seat> {
    let mut seats = seats();
    seats[index].kind = kind;
    seats
}

#[test]
fn vaults_that_one_share_could_open_or_none_are_refused() {
    assert!(lay_out(2, seats()).is_ok());
    assert!(lay_out(3, seats()).is_ok());
    for threshold in [0, 1, 4] {
        let error = lay_out(threshold, seats()).unwrap_err();
        assert_eq!(
            error,
            VaultPlanError::Threshold {
                threshold,
                seats: 3
            }
        );
    }
    assert!(lay_out(2, vec![]).is_err());
    for confirmations in [0, 1009] {
        let plan = VaultPlan::new(name("Main"), Network::Regtest, confirmations, 2, seats());
        assert_eq!(
            plan.unwrap_err(),
            VaultPlanError::Confirmations(confirmations)
        );
    }
}

#[test]
fn seats_are_numbered_in_order_without_a_gap() {
    let mut reversed = seats();
    reversed.reverse();
    let gap: Vec<Seat> = seats().into_iter().skip(1).collect();
    let mut twice = seats();
    twice[1].id = seat(1);
    for seats in [reversed, gap, twice] {
        assert_eq!(lay_out(2, seats).unwrap_err(), VaultPlanError::Numbers);
    }
}

#[test]
fn seats_that_one_officer_could_lose_or_take_are_refused() {
    let (ada, bob) = (officer(0x11).id(), officer(0x21).id());
    let hardware = |officers| SeatKind::Hardware { officers };
    let recovery = |officers, pieces| SeatKind::Recovery { officers, pieces };
    for officers in [vec![], vec![ada]] {
        let error = lay_out(2, with_kind(1, hardware(officers))).unwrap_err();
        assert_eq!(error, VaultPlanError::OneOpener(seat(2)));
    }
    for kind in [hardware(vec![ada, ada]), recovery(vec![ada, bob, ada], 2)] {
        let error = lay_out(2, with_kind(1, kind)).unwrap_err();
        assert_eq!(error, VaultPlanError::OfficerTwice(seat(2)));
    }
    for (officers, pieces) in [
        (vec![ada, bob], 0),
        (vec![ada, bob], 1),
        (vec![ada, bob], 3),
        (vec![], 2),
    ] {
        let error = lay_out(2, with_kind(2, recovery(officers, pieces))).unwrap_err();
        assert!(
            matches!(error, VaultPlanError::Pieces { pieces: p, .. } if p == pieces),
            "{error}"
        );
    }
}

#[test]
fn child_paths_stay_below_the_vault_and_unhardened() {
    use crate::act::ChildPath;
    assert!(ChildPath::new(ChildPath::ACCEPTANCE, 0x7FFF_FFFF).is_ok());
    assert!(ChildPath::new(3, 0).is_err());
    assert!(ChildPath::new(0, 0x8000_0000).is_err());
}

#[test]
fn texts_that_hide_or_reorder_what_is_read_are_refused() {
    let hiding = [
        '\u{0}',
        '\n',
        '\r',
        '\t',
        '\u{7F}',
        '\u{85}',
        '\u{A0}',
        '\u{AD}',
        '\u{200B}',
        '\u{200D}',
        '\u{200E}',
        '\u{202A}',
        '\u{202E}',
        '\u{2028}',
        '\u{2060}',
        '\u{2066}',
        '\u{2069}',
        '\u{2800}',
        '\u{3000}',
        '\u{3164}',
        '\u{FE0F}',
        '\u{FEFF}',
        '\u{FFA0}',
        '\u{E0001}',
        '\u{E0100}',
    ];
    for c in hiding {
        assert!(
            Name::new(format!("Ac{c}me")).is_err(),
            "U+{:04X}",
            u32::from(c)
        );
        assert!(
            Note::new(format!("Ac{c}me")).is_err(),
            "U+{:04X}",
            u32::from(c)
        );
    }
    assert!(Note::new("").is_ok());
    assert!(Note::new("x".repeat(280)).is_ok());
    assert!(Note::new("x".repeat(281)).is_err());
    assert!(Note::new(" x").is_err());
    // Lengths count characters, not bytes.
    assert!(Name::new("ü".repeat(64)).is_ok());
    assert_eq!(
        name("Ünal & Søn 株式会社").to_string(),
        "Ünal & Søn 株式会社"
    );
}
