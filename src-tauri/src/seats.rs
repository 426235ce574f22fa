//! How seats stand.

use domain::{Seat, SeatKind, VaultId, VaultPlan};
use wording::proposal::seat_words;
use wording::view::View;

use crate::dto::{SeatKindWord, SeatStanding, SeatState};

/// The seats of a vault; one that is only proposed has no id.
pub fn seat_states(view: &View, vault: Option<VaultId>, plan: &VaultPlan) -> Vec<SeatState> {
    plan.seats()
        .iter()
        .map(|seat| seat_state(view, vault, seat))
        .collect()
}

fn seat_state(view: &View, vault: Option<VaultId>, seat: &Seat) -> SeatState {
    let treasury = view.treasury();
    let machine = treasury.machines.get(&treasury.machine_today(seat.machine));
    SeatState {
        number: seat.id.get().into(),
        name: seat.name.to_string(),
        kind: kind(&seat.kind),
        opened_by: seat
            .kind
            .officers()
            .iter()
            .filter(|officer| treasury.active_officer(**officer).is_some())
            .map(|officer| view.name(*officer))
            .collect(),
        openers: seat.kind.openers().into(),
        machine: machine.map_or_else(
            || seat.machine.short(),
            |standing| standing.machine.name.to_string(),
        ),
        state: standing(view, vault, seat),
        words: seat_words(treasury, seat),
    }
}

fn standing(view: &View, vault: Option<VaultId>, seat: &Seat) -> SeatStanding {
    let Some(vault) = vault else {
        return SeatStanding::Missing;
    };
    if view.treasury().is_banned(vault, seat.id) {
        return SeatStanding::Banned;
    }
    if !view.home.seat(vault, seat.id).exists() {
        return SeatStanding::Missing;
    }
    match seat.kind {
        SeatKind::Device => SeatStanding::Ready,
        SeatKind::Hardware { .. } | SeatKind::Recovery { .. } => SeatStanding::Sealed,
    }
}

const fn kind(kind: &SeatKind) -> SeatKindWord {
    match kind {
        SeatKind::Device => SeatKindWord::Device,
        SeatKind::Hardware { .. } => SeatKindWord::Hardware,
        SeatKind::Recovery { .. } => SeatKindWord::Recovery,
    }
}
