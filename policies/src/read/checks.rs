//! Statements that make sense one by one but not together.

use super::reader::{Fault, Field, Read};
use super::statements::Placed;
use crate::error::Problem;
use crate::policy::{Deny, Lane, Quorum};
use crate::scope::Scope;
use crate::set::Finite;

/// A quorum that everybody in its groups together can't meet.
pub(super) fn possible(steps: &Field<'_>, quorum: &Quorum) -> Read<()> {
    let missing = quorum.unreachable_by(&quorum.members(), None);
    if missing.is_empty() {
        return Ok(());
    }
    steps.fault(Problem::Impossible {
        missing,
        initiator: None,
    })
}

/// A lane whose initiators are all needed as approvers, which none of them can be.
pub(super) fn initiators(steps: &Field<'_>, quorum: &Quorum, scope: &Scope) -> Read<()> {
    let Finite::Only(initiators) = &scope.initiators.set else {
        return Ok(());
    };
    let members = quorum.members();
    let mut last = None;
    for initiator in initiators {
        let missing = quorum.unreachable_by(&members, Some(initiator));
        if missing.is_empty() {
            return Ok(());
        }
        last = Some((missing, initiator.clone()));
    }
    match last {
        None => Ok(()),
        Some((missing, initiator)) => steps.fault(Problem::Impossible {
            missing,
            initiator: Some(initiator),
        }),
    }
}

/// Lanes that no payout ever takes: hidden by a lane above, or denied as a whole.
pub(super) fn lanes(lanes: &[Placed<Lane>], denials: &[Placed<Deny>]) -> Read<()> {
    let mut above: Vec<&Lane> = Vec::new();
    for (at, lane) in lanes {
        if let Some(by) = above.iter().find(|by| by.scope.covers(&lane.scope)) {
            let problem = Problem::Hidden {
                lane: lane.name.clone(),
                by: by.name.clone(),
            };
            return Err(Fault {
                at: *at,
                problem: problem.into(),
            });
        }
        if let Some((_, by)) = denials.iter().find(|(_, by)| by.scope.covers(&lane.scope)) {
            let problem = Problem::Denied {
                lane: lane.name.clone(),
                by: by.name.clone(),
            };
            return Err(Fault {
                at: *at,
                problem: problem.into(),
            });
        }
        above.push(lane);
    }
    Ok(())
}
