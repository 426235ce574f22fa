//! The fold: one entry more, or the reason why not.

use domain::entry::{Author, SignedBody};
use domain::{Act, Entry, MachineId, OfficerId, Span, Subject};

use crate::illegal::IllegalEntry;
use crate::stage::PlanBody;
use crate::state::{State, Treasury};
use crate::{batches, enact, governance, payouts, roster, sightings, vaults};

/// A freeze may be older than the entry before it by this much: longer than any key blinks, too short
/// for one that was kept.
const OLDEST_FREEZE: Span = Span::from_secs(60);

/// Takes the next entry into the state, or refuses it and changes nothing that the caller keeps.
///
/// Holds rules 2 to 7 of the design at every replay. The time an entry was first seen is not used:
/// the same entries give the same state on every machine.
pub fn fold(state: State, entry: &Entry) -> Result<State, IllegalEntry> {
    let Some(mut treasury) = state.treasury else {
        return Ok(State {
            treasury: Some(roster::found(entry)?),
        });
    };
    check_place(&treasury, entry)?;
    check_link(&treasury, entry)?;
    let voice = check_author(&treasury, &entry.body)?;
    apply(&mut treasury, entry, voice)?;
    treasury.sequence = entry.sequence();
    treasury.head = entry.link.id();
    treasury.time = treasury.time.max(entry.body.body().time);
    treasury.entries.insert(entry.id());
    treasury.links.insert(entry.link.id());
    Ok(State {
        treasury: Some(treasury),
    })
}

/// Who speaks in an entry, checked against the roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    Officer(OfficerId),
    Machine(MachineId),
}

fn check_place(treasury: &Treasury, entry: &Entry) -> Result<(), IllegalEntry> {
    let link = entry.link.link();
    let expected = treasury.sequence.saturating_add(1);
    if link.sequence != expected {
        return Err(IllegalEntry::OutOfOrder {
            expected,
            actual: link.sequence,
        });
    }
    if link.previous != Some(treasury.head) || link.body != entry.id() || !entry.is_linked() {
        return Err(IllegalEntry::BrokenChain);
    }
    if treasury.entries.contains(&entry.id()) {
        return Err(IllegalEntry::Repeated);
    }
    let body = entry.body.body();
    if body.treasury != Some(treasury.id) {
        return Err(IllegalEntry::OtherTreasury);
    }
    // A freeze says which head it saw; what was written while its key waited for the touch does not
    // undo it.
    let overtaken =
        matches!(body.act, Act::Frozen(_)) && treasury.time.since(body.time) <= OLDEST_FREEZE;
    if body.time < treasury.time && !overtaken {
        return Err(IllegalEntry::ClockBehind {
            last: treasury.time,
            actual: body.time,
        });
    }
    Ok(())
}

/// A link is by a machine of the roster, or, for a restored journal, by the machine that the entry
/// itself proposes as the lost one's successor.
fn check_link(treasury: &Treasury, entry: &Entry) -> Result<(), IllegalEntry> {
    let signer = entry.link.machine().ok_or(IllegalEntry::BrokenChain)?;
    if let Some((machine, _)) = &treasury.candidate {
        if machine.id() != signer {
            return Err(IllegalEntry::UnknownMachine(signer));
        }
        return Ok(entry.link.envelope().verify(&machine.key)?);
    }
    if let Some(machine) = treasury.active_machine(signer) {
        return Ok(entry.link.envelope().verify(&machine.key)?);
    }
    match &entry.body.body().act {
        Act::Proposed(proposal) => match &proposal.subject {
            Subject::Machine(change) if change.machine.id() == signer => {
                Ok(entry.link.envelope().verify(&change.machine.key)?)
            }
            _ => Err(IllegalEntry::UnknownMachine(signer)),
        },
        _ => Err(IllegalEntry::UnknownMachine(signer)),
    }
}

fn check_author(treasury: &Treasury, body: &SignedBody) -> Result<Voice, IllegalEntry> {
    match body.body().author {
        Author::Founders => Err(IllegalEntry::Founding(
            "a treasury is founded once".to_owned(),
        )),
        Author::Officer(id) => {
            let officer = treasury
                .active_officer(id)
                .ok_or(IllegalEntry::UnknownOfficer(id))?;
            let by_freeze_key = body
                .envelope()
                .signers()
                .any(|key| key == officer.freeze.key_id());
            if by_freeze_key {
                if !matches!(body.body().act, Act::Frozen(_)) {
                    return Err(IllegalEntry::FreezeKeyMisused);
                }
                body.envelope().verify(&officer.freeze)?;
            } else {
                body.envelope().verify(&officer.sign)?;
            }
            Ok(Voice::Officer(id))
        }
        Author::Machine(id) => {
            let candidate = treasury.candidate.as_ref().map(|(machine, _)| machine);
            let machine = match candidate {
                Some(machine) if machine.id() == id => machine,
                Some(_) | None => treasury
                    .active_machine(id)
                    .filter(|_| treasury.lost_machine() != Some(id))
                    .ok_or(IllegalEntry::UnknownMachine(id))?,
            };
            body.envelope().verify(&machine.key)?;
            Ok(Voice::Machine(id))
        }
    }
}

fn apply(treasury: &mut Treasury, entry: &Entry, voice: Voice) -> Result<(), IllegalEntry> {
    let act = &entry.body.body().act;
    hold_for_candidate(treasury, act)?;
    match (act, voice) {
        (Act::Founded(_), _) => Err(IllegalEntry::Founding(
            "a treasury is founded once".to_owned(),
        )),
        (Act::Proposed(proposal), Voice::Officer(by)) => {
            governance::propose(treasury, entry, proposal, by)
        }
        (Act::Approved(_), Voice::Officer(by)) => governance::approve(treasury, entry, by),
        (Act::Declined(decline), Voice::Officer(by)) => governance::decline(treasury, decline, by),
        (Act::Released(release), Voice::Officer(by)) => {
            payouts::release(treasury, entry, *release, by)
        }
        (Act::Frozen(freeze), Voice::Officer(by)) => {
            governance::freeze(treasury, entry, freeze, Some(by))
        }
        (Act::Frozen(freeze), Voice::Machine(_)) => {
            governance::freeze(treasury, entry, freeze, None)
        }
        (Act::ClockConfirmed { .. }, Voice::Officer(_)) => Ok(()),
        (Act::Lapsed { proposal }, Voice::Machine(_)) => {
            governance::lapse(treasury, entry, *proposal)
        }
        (Act::Enacted { proposal }, Voice::Machine(_)) => enact::enact(treasury, entry, *proposal),
        (Act::KeygenStarted(run), Voice::Machine(_)) => vaults::keygen_started(treasury, run),
        (Act::KeygenAborted(abort), Voice::Machine(_)) => vaults::keygen_aborted(treasury, abort),
        (Act::VaultReady(ready), Voice::Machine(_)) => vaults::ready(treasury, ready),
        (Act::Planned(planned), Voice::Machine(_)) => {
            payouts::plan(treasury, entry, PlanBody::Bitcoin(planned.as_ref().clone()))
        }
        (Act::PlannedEvm(planned), Voice::Machine(_)) => {
            payouts::plan(treasury, entry, PlanBody::Evm(planned.as_ref().clone()))
        }
        (Act::BatchReleased(release), Voice::Officer(by)) => {
            batches::release(treasury, entry, *release, by)
        }
        (Act::SigningStarted(run), Voice::Machine(_)) => payouts::start(treasury, entry, run),
        (Act::SigningRetried(run), Voice::Machine(_)) => payouts::retry(treasury, entry, run),
        (Act::SigningAborted(abort), Voice::Machine(_)) => payouts::abort(treasury, abort),
        (Act::Signed(signed), Voice::Machine(_)) => payouts::signed(treasury, signed),
        (Act::Broadcast(sighting), Voice::Machine(_)) => sightings::broadcast(treasury, sighting),
        (Act::Confirmed(place), Voice::Machine(_)) => sightings::confirmed(treasury, entry, place),
        (Act::Reverted(place), Voice::Machine(_)) => sightings::reverted(treasury, entry, place),
        (Act::Reorged(sighting), Voice::Machine(_)) => sightings::reorged(treasury, sighting),
        (Act::Dropped(sighting), Voice::Machine(_)) => sightings::dropped(treasury, sighting),
        (Act::Replaced { plan, txid, by }, Voice::Machine(_)) => {
            sightings::replaced(treasury, *plan, &txid.0, &by.0)
        }
        (
            Act::Proposed(_)
            | Act::Approved(_)
            | Act::Declined(_)
            | Act::Released(_)
            | Act::BatchReleased(_)
            | Act::ClockConfirmed { .. },
            Voice::Machine(_),
        ) => Err(IllegalEntry::WrongAuthor {
            act: act.name(),
            author: "a machine",
        }),
        (
            Act::Lapsed { .. }
            | Act::Enacted { .. }
            | Act::KeygenStarted(_)
            | Act::KeygenAborted(_)
            | Act::VaultReady(_)
            | Act::Planned(_)
            | Act::PlannedEvm(_)
            | Act::SigningStarted(_)
            | Act::SigningRetried(_)
            | Act::SigningAborted(_)
            | Act::Signed(_)
            | Act::Broadcast(_)
            | Act::Confirmed(_)
            | Act::Reverted(_)
            | Act::Reorged(_)
            | Act::Dropped(_)
            | Act::Replaced { .. },
            Voice::Officer(_),
        ) => Err(IllegalEntry::WrongAuthor {
            act: act.name(),
            author: "an officer",
        }),
    }
}

/// While a restored journal waits, only its own acceptance, and a freeze, can be written.
fn hold_for_candidate(treasury: &Treasury, act: &Act) -> Result<(), IllegalEntry> {
    let Some((_, pending)) = &treasury.candidate else {
        return Ok(());
    };
    let concerns = match act {
        Act::Approved(approving) => approving.proposal == *pending,
        Act::Declined(declining) => declining.proposal == *pending,
        Act::Lapsed { proposal } | Act::Enacted { proposal } => proposal == pending,
        Act::Frozen(_) | Act::ClockConfirmed { .. } => true,
        Act::Founded(_)
        | Act::Proposed(_)
        | Act::KeygenStarted(_)
        | Act::KeygenAborted(_)
        | Act::VaultReady(_)
        | Act::Planned(_)
        | Act::PlannedEvm(_)
        | Act::Released(_)
        | Act::BatchReleased(_)
        | Act::SigningStarted(_)
        | Act::SigningRetried(_)
        | Act::SigningAborted(_)
        | Act::Signed(_)
        | Act::Broadcast(_)
        | Act::Confirmed(_)
        | Act::Reverted(_)
        | Act::Reorged(_)
        | Act::Dropped(_)
        | Act::Replaced { .. } => false,
    };
    if concerns {
        Ok(())
    } else {
        Err(IllegalEntry::CandidatePending)
    }
}
