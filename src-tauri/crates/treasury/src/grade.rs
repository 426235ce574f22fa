//! How much one place or person could do alone.

use std::collections::BTreeSet;

use domain::{Name, OfficerId, SeatId, SeatKind, VaultPlan};

use crate::state::Treasury;

/// What a vault's layout promises. See `docs/THREATS.md`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grade {
    /// Some machine, administrator or officer alone could open enough seats to sign.
    SingleHost(GradeReason),
    /// None could.
    Distributed,
}

/// Who could open enough seats alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GradeReason {
    /// All on one machine.
    #[error("{seats} of the {threshold} seats needed are used on one machine, {machine}")]
    Machine {
        /// The machine.
        machine: String,
        /// Seats used on it.
        seats: usize,
        /// Seats needed.
        threshold: u16,
    },
    /// All under one administrator.
    #[error("{seats} of the {threshold} seats needed are under one administrator, {administrator}")]
    Administrator {
        /// The administrator.
        administrator: Name,
        /// Seats on that person's machines.
        seats: usize,
        /// Seats needed.
        threshold: u16,
    },
    /// All within one officer's reach.
    #[error("{seats} of the {threshold} seats needed can be opened by one officer, {officer}")]
    Officer {
        /// The officer.
        officer: String,
        /// Seats that officer can open.
        seats: usize,
        /// Seats needed.
        threshold: u16,
    },
}

impl Grade {
    /// Whether one place or person reaches the threshold.
    pub const fn is_single_host(&self) -> bool {
        matches!(self, Grade::SingleHost(_))
    }

    /// `single-host` or `distributed`.
    pub const fn name(&self) -> &'static str {
        match self {
            Grade::SingleHost(_) => "single-host",
            Grade::Distributed => "distributed",
        }
    }
}

impl Treasury {
    /// The treasury's grade: the worst of its vaults; with none yet, what its machines allow.
    pub fn grade(&self) -> Grade {
        let worst = self
            .vaults
            .values()
            .map(|vault| of_plan(self, &vault.plan))
            .find(Grade::is_single_host);
        match worst {
            Some(grade) => grade,
            None => self.grade_of_machines(),
        }
    }
}

impl Treasury {
    /// Before there is a vault: all seats of the smallest one would be on the only machine. One that
    /// took the place of a lost machine makes no second one of it.
    fn grade_of_machines(&self) -> Grade {
        let mut present = self.machines.values().filter(|m| m.replaced_by.is_none());
        match (present.next(), present.next()) {
            (Some(only), None) => Grade::SingleHost(GradeReason::Machine {
                machine: only.machine.name.to_string(),
                seats: 2,
                threshold: 2,
            }),
            (Some(_), Some(_)) | (None, _) => Grade::Distributed,
        }
    }
}

/// The grade of one vault's layout. Every place where shares were ever open counts, key generation
/// included: that is each seat's machine.
pub(crate) fn of_plan(treasury: &Treasury, plan: &VaultPlan) -> Grade {
    let threshold = plan.threshold();
    let enough = |seats: usize| seats >= usize::from(threshold);
    for (id, standing) in &treasury.machines {
        let seats = plan
            .seats()
            .iter()
            .filter(|seat| seat.machine == *id)
            .count();
        if enough(seats) {
            let machine = standing.machine.name.to_string();
            return Grade::SingleHost(GradeReason::Machine {
                machine,
                seats,
                threshold,
            });
        }
    }
    let administrators: BTreeSet<&Name> = treasury
        .machines
        .values()
        .flat_map(|m| &m.machine.administrators)
        .collect();
    for administrator in administrators {
        let seats = administered(treasury, plan, administrator).len();
        if enough(seats) {
            let administrator = administrator.clone();
            return Grade::SingleHost(GradeReason::Administrator {
                administrator,
                seats,
                threshold,
            });
        }
    }
    for (id, record) in &treasury.officers {
        let mut seats = administered(treasury, plan, &record.officer.name);
        seats.extend(opened_alone(plan, *id));
        if enough(seats.len()) {
            let officer = record.officer.name.to_string();
            return Grade::SingleHost(GradeReason::Officer {
                officer,
                seats: seats.len(),
                threshold,
            });
        }
    }
    Grade::Distributed
}

/// Device seats on machines that a person administers.
fn administered(treasury: &Treasury, plan: &VaultPlan, administrator: &Name) -> BTreeSet<SeatId> {
    plan.seats()
        .iter()
        .filter(|seat| matches!(seat.kind, SeatKind::Device))
        .filter(|seat| {
            treasury
                .machines
                .get(&seat.machine)
                .is_some_and(|m| m.machine.administrators.contains(administrator))
        })
        .map(|seat| seat.id)
        .collect()
}

/// Hardware seats that an officer opens alone.
fn opened_alone(plan: &VaultPlan, officer: OfficerId) -> impl Iterator<Item = SeatId> + '_ {
    plan.seats()
        .iter()
        .filter(move |seat| match &seat.kind {
            SeatKind::Device => false,
            SeatKind::Hardware { officers } => officers.contains(&officer),
            SeatKind::Recovery { .. } => false,
        })
        .map(|seat| seat.id)
}
