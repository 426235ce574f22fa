//! Counting approvals.

use std::collections::{BTreeMap, BTreeSet};

use domain::{
    Approval, Batch, EntryId, Name, OfficerId, Payout, PolicyHash, Proposal, ProposalId, Subject,
    Timestamp, Transfer, VaultId,
};

use crate::clearance::{Clearance, Rule, Ticket};
use crate::facts::Facts;
use crate::policy::OwnApproval;
use crate::quorum::Seating;
use crate::shortfall::{NotCounted, Shortfall, Uncounted};

/// The right to plan and sign one payout. Only [`authorise`] makes one.
#[derive(Debug)]
#[must_use]
pub struct Authorization {
    payout: Payout,
    grounds: Grounds,
}

/// The right to plan and sign every payout of a batch. It is used up by taking one payout out of it: each
/// is earned, planned and signed on its own. Only [`authorise`] makes one.
#[derive(Debug)]
#[must_use]
pub struct BatchAuthorization {
    batch: Batch,
    grounds: Grounds,
}

/// The right to make one transfer of a sweep, between two addresses of the vault itself. Only
/// [`Mandate::transfer`] makes one.
#[derive(Debug)]
#[must_use]
pub struct TransferAuthorization {
    vault: VaultId,
    transfer: Transfer,
    grounds: Grounds,
}

/// The right to put one change into force. Only [`authorise`] makes one; nobody else is paid by it.
#[derive(Debug)]
#[must_use]
pub struct Mandate {
    proposal: Proposal,
    grounds: Grounds,
}

/// What enough approvals give.
#[derive(Debug)]
#[must_use]
pub enum Authorised {
    /// A payout may be paid.
    Payout(Authorization),
    /// Every payout of a batch may be paid, each under an authorization of its own.
    Batch(BatchAuthorization),
    /// A change may be put into force.
    Change(Mandate),
}

/// An officer whose approval was counted, and for which group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Approver {
    /// The officer.
    pub officer: OfficerId,
    /// The officer's name.
    pub name: Name,
    /// The group of the step that the approval fills.
    pub group: Name,
}

#[derive(Debug)]
struct Grounds {
    proposal: ProposalId,
    expires: Timestamp,
    initiator: OfficerId,
    adoption: EntryId,
    policy: PolicyHash,
    rule: Rule,
    approvers: Vec<Approver>,
}

/// Counts approvals against what a clearance demands. The facts must be the very ones the clearance
/// was judged by: the same moment, adoption and policy.
///
/// An approval counts when it names this proposal, this adoption and this policy, has not ended, and
/// is by an active officer of a group asked, who is not the initiator unless the rule allows it; one
/// person counts once over all steps. The delay runs from the moment the quorum was complete: from the
/// effective time of the approval that completed it, among those that count today.
pub fn authorise(
    clearance: Clearance,
    approvals: &[Approval],
    facts: &Facts,
) -> Result<Authorised, Shortfall> {
    let ticket = &clearance.ticket;
    let same = facts.now == ticket.judged
        && facts.adoption == ticket.adoption
        && facts.policy == ticket.policy
        && facts.officers.contains_key(&ticket.initiator);
    if !same {
        return Err(Shortfall::Stale);
    }
    let (counted, not_counted) = count(&clearance, approvals, facts);
    let Some((complete, approvers)) = completed(&clearance, &counted) else {
        return Err(missing(&clearance, &counted, not_counted, facts));
    };
    let ready = complete.plus(clearance.quorum.delay);
    if facts.now < ready {
        return Err(Shortfall::Waiting { ready, not_counted });
    }
    Ok(grant(clearance, approvers))
}

/// A person's earliest approval that counts.
struct Counted {
    officer: OfficerId,
    since: Timestamp,
}

type People<'a> = BTreeMap<&'a Name, Counted>;

fn count<'a>(
    clearance: &Clearance,
    approvals: &[Approval],
    facts: &'a Facts,
) -> (People<'a>, Vec<NotCounted>) {
    let mut counted: People<'a> = BTreeMap::new();
    let mut not_counted = Vec::new();
    for approval in approvals {
        let officer = approval.officer();
        match counts(clearance, approval, facts) {
            Ok(name) => {
                let since = approval.effective();
                let best = counted.entry(name).or_insert(Counted { officer, since });
                best.since = best.since.min(since);
            }
            Err(because) => {
                let name = facts.person(&officer).cloned();
                not_counted.push(NotCounted {
                    officer,
                    name,
                    because,
                });
            }
        }
    }
    (counted, not_counted)
}

fn counts<'a>(
    clearance: &Clearance,
    approval: &Approval,
    facts: &'a Facts,
) -> Result<&'a Name, Uncounted> {
    let ticket = &clearance.ticket;
    if approval.proposal() != ticket.proposal {
        return Err(Uncounted::OtherProposal);
    }
    if approval.adoption() != ticket.adoption {
        return Err(Uncounted::OtherAdoption);
    }
    if approval.policy() != ticket.policy {
        return Err(Uncounted::OtherPolicy);
    }
    if approval.expires() <= facts.now {
        return Err(Uncounted::Expired(approval.expires()));
    }
    let Some(name) = facts.officers.get(&approval.officer()) else {
        return Err(Uncounted::Inactive);
    };
    let own = approval.officer() == ticket.initiator || *name == ticket.initiator_name;
    if own && clearance.quorum.own == OwnApproval::DoesNotCount {
        return Err(Uncounted::Initiator);
    }
    if !clearance.quorum.members().contains(name) {
        return Err(Uncounted::NotAsked);
    }
    Ok(name)
}

/// When the quorum was complete and who filled it: the shortest run of approvals, by time, that does.
fn completed(clearance: &Clearance, counted: &People<'_>) -> Option<(Timestamp, Vec<Approver>)> {
    let moments: BTreeSet<Timestamp> = counted.values().map(|one| one.since).collect();
    moments.into_iter().find_map(|moment| {
        let people = counted
            .iter()
            .filter(|(_, one)| one.since <= moment)
            .map(|(name, _)| *name)
            .collect();
        let seating = Seating::of(&clearance.quorum.demands, &people);
        let approver = |(name, group): (&Name, &Name)| {
            let officer = counted.get(name)?.officer;
            Some(Approver {
                officer,
                name: name.clone(),
                group: group.clone(),
            })
        };
        seating
            .is_complete()
            .then(|| (moment, seating.seated().filter_map(approver).collect()))
    })
}

fn missing(
    clearance: &Clearance,
    counted: &People<'_>,
    not_counted: Vec<NotCounted>,
    facts: &Facts,
) -> Shortfall {
    let demands = &clearance.quorum.demands;
    let people: BTreeSet<&Name> = counted.keys().copied().collect();
    let seating = Seating::of(demands, &people);
    let helps = |name: &&Name| {
        let own = **name == clearance.ticket.initiator_name;
        let with: BTreeSet<&Name> = people.iter().copied().chain([*name]).collect();
        !(own && clearance.quorum.own == OwnApproval::DoesNotCount)
            && Seating::of(demands, &with).len() > seating.len()
    };
    let could_approve = facts.active().into_iter().filter(helps).cloned().collect();
    Shortfall::Approvals {
        missing: seating.missing(),
        could_approve,
        not_counted,
    }
}

fn grant(clearance: Clearance, approvers: Vec<Approver>) -> Authorised {
    let Clearance {
        ticket, rule, ends, ..
    } = clearance;
    let Ticket {
        proposal,
        subject,
        initiator,
        adoption,
        policy,
        ..
    } = *ticket;
    let grounds = Grounds {
        proposal,
        expires: ends,
        initiator,
        adoption,
        policy,
        rule,
        approvers,
    };
    match subject.subject {
        Subject::Payout(payout) => Authorised::Payout(Authorization { payout, grounds }),
        Subject::Batch(batch) => Authorised::Batch(BatchAuthorization { batch, grounds }),
        Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_)
        | Subject::Sweep(_)
        | Subject::Cancel(_) => Authorised::Change(Mandate {
            proposal: subject,
            grounds,
        }),
    }
}

impl Authorization {
    /// What may be paid.
    pub const fn payout(&self) -> &Payout {
        &self.payout
    }
}

impl BatchAuthorization {
    /// What may be paid, in order.
    pub fn payouts(&self) -> &[Payout] {
        self.batch.payouts()
    }

    /// The right to the one payout at a place, counted from 0. Its proposal is the payout's own id in the
    /// batch, [`Batch::item_id`].
    pub fn item(self, place: u32) -> Option<Authorization> {
        let payout = self.batch.payouts().get(usize::try_from(place).ok()?)?;
        Some(Authorization {
            payout: payout.clone(),
            grounds: Grounds {
                proposal: Batch::item_id(self.grounds.proposal, place),
                ..self.grounds
            },
        })
    }
}

impl TransferAuthorization {
    /// The vault within which money may be moved.
    pub const fn vault(&self) -> VaultId {
        self.vault
    }

    /// What may be moved.
    pub const fn transfer(&self) -> &Transfer {
        &self.transfer
    }
}

impl Mandate {
    /// What may be put into force.
    pub const fn subject(&self) -> &Subject {
        &self.proposal.subject
    }

    /// The right to the one transfer of a sweep at a place, counted from 0. Its proposal is the transfer's
    /// own id, as of a payout in a batch.
    pub fn transfer(self, place: u32) -> Option<TransferAuthorization> {
        let Subject::Sweep(sweep) = &self.proposal.subject else {
            return None;
        };
        let transfer = *sweep.transfers().get(usize::try_from(place).ok()?)?;
        Some(TransferAuthorization {
            vault: sweep.vault(),
            transfer,
            grounds: Grounds {
                proposal: Batch::item_id(self.grounds.proposal, place),
                ..self.grounds
            },
        })
    }
}

impl Authorised {
    /// The authorization, if it is for one payout.
    pub fn into_payout(self) -> Option<Authorization> {
        match self {
            Authorised::Payout(authorization) => Some(authorization),
            Authorised::Batch(_) | Authorised::Change(_) => None,
        }
    }

    /// The authorization, if it is for a batch.
    pub fn into_batch(self) -> Option<BatchAuthorization> {
        match self {
            Authorised::Batch(authorization) => Some(authorization),
            Authorised::Payout(_) | Authorised::Change(_) => None,
        }
    }

    /// The payouts that may be paid, in order; none of a change, and a sweep is one.
    pub fn payouts(&self) -> &[Payout] {
        match self {
            Authorised::Payout(authorization) => std::slice::from_ref(&authorization.payout),
            Authorised::Batch(authorization) => authorization.payouts(),
            Authorised::Change(_) => &[],
        }
    }

    /// The mandate, if it is for a change.
    pub fn into_change(self) -> Option<Mandate> {
        match self {
            Authorised::Change(mandate) => Some(mandate),
            Authorised::Payout(_) | Authorised::Batch(_) => None,
        }
    }
}

macro_rules! grounds {
    ($name:ident) => {
        impl $name {
            /// The proposal; of a payout taken out of a batch, its own id there.
            pub const fn proposal(&self) -> ProposalId {
                self.grounds.proposal
            }

            /// When its time ends; gates the first signature only.
            pub const fn expires(&self) -> Timestamp {
                self.grounds.expires
            }

            /// Who proposed.
            pub const fn initiator(&self) -> OfficerId {
                self.grounds.initiator
            }

            /// The adoption that approvals were given under.
            pub const fn adoption(&self) -> EntryId {
                self.grounds.adoption
            }

            /// The policy.
            pub const fn policy(&self) -> PolicyHash {
                self.grounds.policy
            }

            /// The lane or governance that was met.
            pub const fn rule(&self) -> &Rule {
                &self.grounds.rule
            }

            /// Whose approvals met it: one officer a place.
            pub fn approvers(&self) -> &[Approver] {
                &self.grounds.approvers
            }
        }
    };
}

grounds!(Authorization);
grounds!(BatchAuthorization);
grounds!(TransferAuthorization);
grounds!(Mandate);
