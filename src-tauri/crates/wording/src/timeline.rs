//! The way of one proposal through the journal, and what the policy demanded when it was decided.

use std::collections::BTreeMap;

use domain::act::Scope;
use domain::{Act, Author, Entry, EntryId, OfficerId, ProposalId, SessionId, Subject, Timestamp};
use treasury::{Replay, Treasury, proposal_id};

use crate::view::View;

/// One event on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Milestone {
    /// By the entry's own time.
    pub time: Timestamp,
    /// What happened, in words.
    pub what: String,
    /// The entry's kind, such as `approved`.
    pub kind: &'static str,
    /// Who did it, where it was an officer.
    pub by: Option<OfficerId>,
    /// The entry's place in the journal.
    pub sequence: u64,
}

/// Everything that the journal says about a proposal, in order.
pub fn timeline(view: &View, id: ProposalId) -> Vec<Milestone> {
    let mut trail = Trail::new(view.treasury(), id);
    view.entries
        .iter()
        .filter_map(|entry| {
            let cancels = trail.about(entry)?;
            Some(Milestone {
                time: entry.body.body().time,
                what: words(view, id, entry, cancels),
                kind: entry.body.body().act.name(),
                by: match entry.body.body().author {
                    Author::Officer(officer) => Some(officer),
                    Author::Founders | Author::Machine(_) => None,
                },
                sequence: entry.sequence(),
            })
        })
        .collect()
}

/// The treasury as it was when a proposal was decided, and that moment: just before signing started,
/// or the change came into force, or it was declined. None while it is open.
pub fn decided(view: &View, id: ProposalId) -> Option<(Replay, Timestamp)> {
    let mut trail = Trail::new(view.treasury(), id);
    let place = view.entries.iter().position(|entry| {
        trail.about(entry).is_some()
            && match &entry.body.body().act {
                Act::Enacted { .. }
                | Act::SigningStarted(_)
                | Act::Declined(_)
                | Act::Lapsed { .. } => true,
                // A cancel is decided when its transaction is fixed.
                Act::Planned(planned) => planned.proposal == id && trail.is_cancel(id),
                Act::PlannedEvm(planned) => planned.proposal == id && trail.is_cancel(id),
                _ => false,
            }
    })?;
    let (before, rest) = view.entries.split_at_checked(place)?;
    let time = rest.first()?.body.body().time;
    Some((Replay::of(before).ok()?, time))
}

/// Follows a proposal through plans and sessions.
struct Trail<'a> {
    treasury: &'a Treasury,
    id: ProposalId,
    plans: BTreeMap<EntryId, ProposalId>,
    sessions: BTreeMap<SessionId, ProposalId>,
}

/// Whether an entry is about a transaction that cancels a payout.
type Cancels = bool;

impl<'a> Trail<'a> {
    const fn new(treasury: &'a Treasury, id: ProposalId) -> Self {
        Self {
            treasury,
            id,
            plans: BTreeMap::new(),
            sessions: BTreeMap::new(),
        }
    }

    /// The payout that a cancel cancels.
    fn cancelled_by(&self, id: ProposalId) -> Option<ProposalId> {
        match &self.treasury.proposals.get(&id)?.proposal.subject {
            Subject::Cancel(cancel) => Some(cancel.payout),
            _ => None,
        }
    }

    fn is_cancel(&self, id: ProposalId) -> bool {
        self.cancelled_by(id).is_some()
    }

    /// Whether an entry is about the proposal; a cancel's entries are about its payout, too. Entries
    /// must come in the journal's order.
    fn about(&mut self, entry: &Entry) -> Option<Cancels> {
        let about = self.proposal_of(entry)?;
        let cancelled = self.cancelled_by(about);
        (about == self.id || cancelled == Some(self.id)).then_some(cancelled.is_some())
    }

    fn proposal_of(&mut self, entry: &Entry) -> Option<ProposalId> {
        match &entry.body.body().act {
            Act::Proposed(_) => proposal_id(self.treasury, entry),
            Act::Approved(approving) => Some(approving.proposal),
            Act::Declined(declining) => Some(declining.proposal),
            Act::Lapsed { proposal } | Act::Enacted { proposal } => Some(*proposal),
            Act::Planned(planned) => {
                self.plans.insert(entry.id(), planned.proposal);
                Some(planned.proposal)
            }
            Act::PlannedEvm(planned) => {
                self.plans.insert(entry.id(), planned.proposal);
                Some(planned.proposal)
            }
            Act::SigningStarted(run) | Act::SigningRetried(run) => {
                let about = self.plans.get(&run.plan).copied();
                if let Some(about) = about {
                    self.sessions.insert(run.session, about);
                }
                about
            }
            Act::SigningAborted(abort) => self.sessions.get(&abort.session).copied(),
            Act::Released(release) => self.plans.get(&release.plan).copied(),
            Act::Signed(signed) => self.plans.get(&signed.plan).copied(),
            Act::Broadcast(sighting) | Act::Reorged(sighting) | Act::Dropped(sighting) => {
                self.plans.get(&sighting.plan).copied()
            }
            Act::Confirmed(confirmation) | Act::Reverted(confirmation) => {
                self.plans.get(&confirmation.plan).copied()
            }
            Act::Replaced { plan, .. } => self.plans.get(plan).copied(),
            Act::Frozen(freeze) => match freeze.scope {
                Scope::Payout(payout) => Some(payout),
                Scope::Vault(_) | Scope::Treasury => None,
            },
            Act::Founded(_)
            | Act::KeygenStarted(_)
            | Act::KeygenAborted(_)
            | Act::VaultReady(_)
            | Act::BatchReleased(_)
            | Act::ClockConfirmed { .. } => None,
        }
    }
}

/// An entry in words.
fn words(view: &View, shown: ProposalId, entry: &Entry, cancels: Cancels) -> String {
    let text = plain_words(view, entry, cancels);
    let is_own_decision = matches!(
        entry.body.body().act,
        Act::Proposed(_)
            | Act::Approved(_)
            | Act::Declined(_)
            | Act::Lapsed { .. }
            | Act::Enacted { .. }
    );
    let of_another = view.treasury().payout(shown).is_some() && cancels && is_own_decision;
    if of_another {
        format!("a cancel: {text}")
    } else {
        text
    }
}

fn plain_words(view: &View, entry: &Entry, cancels: Cancels) -> String {
    let body = entry.body.body();
    let who = match body.author {
        Author::Founders => "the founders".to_owned(),
        Author::Officer(id) => view.name(id),
        Author::Machine(_) => "this machine".to_owned(),
    };
    match &body.act {
        Act::Proposed(_) => format!("proposed by {who}"),
        Act::Approved(_) => format!("approved by {who}"),
        Act::Declined(declining) => with(format!("declined by {who}"), declining.reason.as_str()),
        Act::Lapsed { .. } => "its time passed".to_owned(),
        Act::Enacted { .. } => "put into force".to_owned(),
        Act::Planned(planned) => fixed(planned.version, cancels),
        Act::PlannedEvm(planned) => fixed(planned.version, cancels),
        Act::Released(release) => format!("seat {} opened by {who}", seat(view, release)),
        Act::SigningStarted(_) => "signing started".to_owned(),
        Act::SigningRetried(_) => "signing started again, the same bytes".to_owned(),
        Act::SigningAborted(abort) => with("not signed".to_owned(), abort.fault.as_str()),
        Act::Signed(_) => "signed by the seats".to_owned(),
        Act::Broadcast(_) => "handed to the node".to_owned(),
        Act::Confirmed(seen) if cancels => {
            format!(
                "cancelled: confirmed in block {} that nobody is paid",
                seen.height
            )
        }
        Act::Reverted(seen) => format!(
            "reverted in block {}: nobody was paid, only the fee is gone",
            seen.height
        ),
        Act::Confirmed(seen) => format!("confirmed in block {}", seen.height),
        Act::Reorged(_) => "its block left the chain".to_owned(),
        Act::Dropped(_) => "the node no longer knew it".to_owned(),
        Act::Replaced { by, .. } => format!(
            "another transaction took its place: {}",
            String::from(by.clone())
        ),
        Act::Frozen(freeze) => with(format!("frozen by {who}"), freeze.reason.as_str()),
        Act::Founded(_)
        | Act::KeygenStarted(_)
        | Act::KeygenAborted(_)
        | Act::VaultReady(_)
        | Act::BatchReleased(_)
        | Act::ClockConfirmed { .. } => body.act.name().to_owned(),
    }
}

fn fixed(version: u32, cancels: Cancels) -> String {
    let what = if cancels {
        "cancelling transaction"
    } else {
        "transaction"
    };
    format!("{what} fixed (version {version})")
}

fn with(what: String, reason: &str) -> String {
    if reason.is_empty() {
        what
    } else {
        format!("{what}: {reason}")
    }
}

/// The name of the seat that a release opens.
fn seat(view: &View, release: &domain::act::Release) -> String {
    view.treasury()
        .payout_of_plan(release.plan)
        .and_then(|id| view.treasury().payout(id))
        .and_then(|(_, payout)| view.treasury().vaults.get(&payout.vault()))
        .and_then(|vault| vault.plan.seat(release.seat))
        .map_or_else(|| release.seat.to_string(), |seat| seat.name.to_string())
}
