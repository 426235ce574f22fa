//! Vaults as ordered: seats, threshold, network.

use serde::{Deserialize, Serialize};

use crate::address::Network;
use crate::canonical::Canonical;
use crate::id::{MachineId, OfficerId, SeatId};
use crate::name::Name;

/// Counts the sharings of one key: 1 after key generation, one more after each refresh or reshare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct Epoch(u32);

/// A number that counts no sharing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("sharings of a key are counted from 1, there is no sharing 0")]
pub struct EpochError;

impl TryFrom<u32> for Epoch {
    type Error = EpochError;
    fn try_from(number: u32) -> Result<Self, EpochError> {
        if number == 0 {
            return Err(EpochError);
        }
        Ok(Self(number))
    }
}

impl From<Epoch> for u32 {
    fn from(epoch: Epoch) -> u32 {
        epoch.0
    }
}

impl Epoch {
    /// The sharing made by key generation.
    pub const FIRST: Epoch = Epoch(1);

    /// The number, from 1.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// What seals a seat's share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SeatKind {
    /// A secret in the keyring of the machine that hosts it.
    Device,
    /// The slot-82 key of any one of at least two officers.
    Hardware {
        /// Who can open it.
        officers: Vec<OfficerId>,
    },
    /// k of these officers' slot-82 keys together; the file is kept offline.
    Recovery {
        /// Who holds a piece.
        officers: Vec<OfficerId>,
        /// How many of them are needed.
        pieces: u16,
    },
}

impl SeatKind {
    /// `device`, `hardware` or `recovery`.
    pub const fn name(&self) -> &'static str {
        match self {
            SeatKind::Device => "device",
            SeatKind::Hardware { .. } => "hardware",
            SeatKind::Recovery { .. } => "recovery",
        }
    }

    /// Officers whose keys open it.
    pub fn officers(&self) -> &[OfficerId] {
        match self {
            SeatKind::Device => &[],
            SeatKind::Hardware { officers } | SeatKind::Recovery { officers, .. } => officers,
        }
    }

    /// Officers needed to open it; a device seat needs none.
    pub const fn openers(&self) -> u16 {
        match self {
            SeatKind::Device => 0,
            SeatKind::Hardware { .. } => 1,
            SeatKind::Recovery { pieces, .. } => *pieces,
        }
    }
}

/// One seat of a vault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seat {
    /// Its number, from 1, in order.
    pub id: SeatId,
    /// What it is called.
    pub name: Name,
    /// The machine on which its share is used.
    pub machine: MachineId,
    /// What seals its share.
    pub kind: SeatKind,
}

/// A vault as proposed: checked once, at the door.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "PlanOnWire", into = "PlanOnWire")]
pub struct VaultPlan {
    name: Name,
    network: Network,
    confirmations: u32,
    threshold: u16,
    seats: Vec<Seat>,
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanOnWire {
    name: Name,
    network: Network,
    confirmations: u32,
    threshold: u16,
    seats: Vec<Seat>,
}

/// Why a vault can't be laid out so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultPlanError {
    /// Fewer than 2 or more than n.
    #[error(
        "a threshold of {threshold} over {seats} seats: at least 2 and at most all seats must sign together"
    )]
    Threshold {
        /// Seats that must sign together.
        threshold: u16,
        /// Seats there are.
        seats: usize,
    },
    /// Numbers with a gap, doubled or out of order.
    #[error("seats must be numbered 1, 2, 3 and so on")]
    Numbers,
    /// A hardware seat that one lost key would close for ever.
    #[error(
        "seat {0}: a hardware seat needs at least two officers who can open it, or one lost key closes it"
    )]
    OneOpener(SeatId),
    /// k below 2 or above m.
    #[error(
        "seat {seat}: {pieces} of {officers} pieces; a recovery seat needs at least 2 of its pieces and at most all"
    )]
    Pieces {
        /// The seat.
        seat: SeatId,
        /// Pieces needed.
        pieces: u16,
        /// Pieces there are.
        officers: usize,
    },
    /// One officer twice on a seat.
    #[error("seat {0} names an officer twice")]
    OfficerTwice(SeatId),
    /// No confirmation asked for, or absurdly many.
    #[error("between 1 and 1008 confirmations can be asked for, not {0}")]
    Confirmations(u32),
}

impl VaultPlan {
    /// Checks and builds a plan. Seats are numbered from 1 in order.
    pub fn new(
        name: Name,
        network: Network,
        confirmations: u32,
        threshold: u16,
        seats: Vec<Seat>,
    ) -> Result<Self, VaultPlanError> {
        if threshold < 2 || usize::from(threshold) > seats.len() {
            return Err(VaultPlanError::Threshold {
                threshold,
                seats: seats.len(),
            });
        }
        if !(1..=1008).contains(&confirmations) {
            return Err(VaultPlanError::Confirmations(confirmations));
        }
        if seats
            .iter()
            .zip(1_u16..)
            .any(|(seat, number)| seat.id.get() != number)
        {
            return Err(VaultPlanError::Numbers);
        }
        seats.iter().try_for_each(check_seat)?;
        Ok(Self {
            name,
            network,
            confirmations,
            threshold,
            seats,
        })
    }

    /// The vault's name, unique in the treasury.
    pub const fn name(&self) -> &Name {
        &self.name
    }

    /// The chain it lives on.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Confirmations that inputs must have and that make a payout final.
    pub const fn confirmations(&self) -> u32 {
        self.confirmations
    }

    /// t: seats that must sign together.
    pub const fn threshold(&self) -> u16 {
        self.threshold
    }

    /// All n seats, in order of their numbers.
    pub fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// A seat by its number.
    pub fn seat(&self, id: SeatId) -> Option<&Seat> {
        self.seats.iter().find(|seat| seat.id == id)
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into
            .text(self.name.as_str())
            .text(&self.network.to_string())
            .number(self.confirmations.into())
            .number(self.threshold.into())
            .number(self.seats.len() as u64);
        self.seats.iter().fold(start, |hash, seat| {
            let hash = hash
                .number(seat.id.get().into())
                .text(seat.name.as_str())
                .bytes(seat.machine.as_bytes())
                .text(seat.kind.name())
                .number(seat.kind.openers().into())
                .number(seat.kind.officers().len() as u64);
            seat.kind
                .officers()
                .iter()
                .fold(hash, |hash, officer| hash.bytes(officer.as_bytes()))
        })
    }
}

fn check_seat(seat: &Seat) -> Result<(), VaultPlanError> {
    let officers = seat.kind.officers();
    let mut sorted = officers.to_vec();
    sorted.sort();
    sorted.dedup();
    if sorted.len() != officers.len() {
        return Err(VaultPlanError::OfficerTwice(seat.id));
    }
    match &seat.kind {
        SeatKind::Device => Ok(()),
        SeatKind::Hardware { officers } if officers.len() < 2 => {
            Err(VaultPlanError::OneOpener(seat.id))
        }
        SeatKind::Hardware { .. } => Ok(()),
        SeatKind::Recovery { officers, pieces } => {
            if *pieces < 2 || usize::from(*pieces) > officers.len() {
                let officers = officers.len();
                return Err(VaultPlanError::Pieces {
                    seat: seat.id,
                    pieces: *pieces,
                    officers,
                });
            }
            Ok(())
        }
    }
}

impl TryFrom<PlanOnWire> for VaultPlan {
    type Error = VaultPlanError;
    fn try_from(wire: PlanOnWire) -> Result<Self, VaultPlanError> {
        VaultPlan::new(
            wire.name,
            wire.network,
            wire.confirmations,
            wire.threshold,
            wire.seats,
        )
    }
}

impl From<VaultPlan> for PlanOnWire {
    fn from(plan: VaultPlan) -> Self {
        let VaultPlan {
            name,
            network,
            confirmations,
            threshold,
            seats,
        } = plan;
        Self {
            name,
            network,
            confirmations,
            threshold,
            seats,
        }
    }
}
