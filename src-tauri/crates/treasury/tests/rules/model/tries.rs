//! What people and machines try.

use domain::SeatId;
use proptest::prelude::*;

use crate::fixture::*;

/// One thing that somebody tries. Numbers pick among what there is.
#[derive(Debug, Clone, Copy)]
pub enum Try {
    /// A payout, and whether the two others approve at once.
    Payout(u8, bool),
    /// Coins to be joined, likewise.
    Sweep(u8, bool),
    Govern(u8, bool),
    Approve(u8, u8),
    Decline(u8, u8),
    Lapse(u8),
    Enact(u8),
    Plan(u8, u8, u8),
    Release(u8, u8, u8),
    Start(u8, u8),
    Retry(u8, u8),
    Abort(u8, bool),
    Sign(u8),
    Chain(u8, u8),
    Freeze(u8, u8),
    /// What the machine would do next.
    Follow,
    /// People do for a payout what it waits for.
    Help(u8),
    Wait(u8),
    /// The author's clock is behind by so much.
    Behind(u8),
    /// An entry again that is there already.
    Again(u8),
    Crash,
}

pub fn tries() -> impl Strategy<Value = Try> {
    use Try::*;
    let n = any::<u8>;
    prop_oneof![
        6 => (n(), any::<bool>()).prop_map(|(a, b)| Payout(a, b)),
        2 => (n(), any::<bool>()).prop_map(|(a, b)| Sweep(a, b)),
        3 => (n(), any::<bool>()).prop_map(|(a, b)| Govern(a, b)),
        4 => (n(), n()).prop_map(|(a, b)| Approve(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Decline(a, b)),
        1 => n().prop_map(Lapse),
        1 => n().prop_map(Enact),
        2 => (n(), n(), n()).prop_map(|(a, b, c)| Plan(a, b, c)),
        6 => (n(), n(), n()).prop_map(|(a, b, c)| Release(a, b, c)),
        2 => (n(), n()).prop_map(|(a, b)| Start(a, b)),
        2 => (n(), n()).prop_map(|(a, b)| Retry(a, b)),
        2 => (n(), any::<bool>()).prop_map(|(a, b)| Abort(a, b)),
        4 => n().prop_map(Sign),
        5 => (n(), n()).prop_map(|(a, b)| Chain(a, b)),
        1 => (n(), n()).prop_map(|(a, b)| Freeze(a, b)),
        10 => Just(Follow),
        20 => n().prop_map(Help),
        2 => n().prop_map(Wait),
        1 => n().prop_map(Behind),
        1 => n().prop_map(Again),
        1 => Just(Crash),
    ]
}

pub fn picked<T: Copy>(all: &[T], number: u8) -> Option<T> {
    let index = usize::from(number).checked_rem(all.len())?;
    all.get(index).copied()
}

pub fn someone(number: u8) -> Person {
    [ALICE, BOB, CAROL, DORA][usize::from(number) % 4]
}

pub fn some_seats(number: u8) -> Vec<SeatId> {
    let pairs = [
        vec![DEVICE, HARDWARE],
        vec![DEVICE, RECOVERY],
        vec![HARDWARE, RECOVERY],
        vec![DEVICE],
    ];
    pairs[usize::from(number) % 4].clone()
}
