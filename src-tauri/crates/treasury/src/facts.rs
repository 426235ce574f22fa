//! What the policy is told, folded from the journal; and a replay that keeps first-seen times.

use std::collections::BTreeMap;

use domain::act::ChildPath;
use domain::{
    Act, Amount, Approval, Entry, EntryId, Name, OfficerId, Proposal, ProposalId, Timestamp,
};
use policy::{Authorised, Facts, PayeeFact, Reason, Request, Use, UseState, VaultFact, Verdict};

use crate::batches::judged_as;
use crate::fold::fold;
use crate::illegal::IllegalEntry;
use crate::judged::{Basis, Grounds, Judged, NotAuthorised};
use crate::stage::{PayoutStage, PlanBody, PlanRecord};
use crate::state::{Bundle, ProposalRecord, State, Treasury};

/// A state and when this machine first saw each entry.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    state: State,
    seen: BTreeMap<EntryId, Timestamp>,
    /// What each first `SigningStarted` stood on as this machine saw it, by plan.
    bases: BTreeMap<EntryId, Basis>,
    latest: Option<Timestamp>,
}

impl Replay {
    /// Replays entries in order; names the place and reason of the first that is illegal.
    pub fn of(entries: &[Entry]) -> Result<Self, (u64, IllegalEntry)> {
        Self::default().follow(entries)
    }

    /// Goes on with the entries that came since. On refusal nothing is left to go on with.
    pub fn follow(mut self, entries: &[Entry]) -> Result<Self, (u64, IllegalEntry)> {
        for entry in entries {
            let state = fold(std::mem::take(&mut self.state), entry)
                .map_err(|illegal| (entry.sequence(), illegal))?;
            self.take(state, entry);
        }
        Ok(self)
    }

    /// One entry more. On refusal the replay stays as it was.
    pub fn push(&mut self, entry: &Entry) -> Result<(), IllegalEntry> {
        let state = fold(self.state.clone(), entry)?;
        self.take(state, entry);
        Ok(())
    }

    fn take(&mut self, state: State, entry: &Entry) {
        self.state = state;
        self.seen.insert(entry.id(), entry.first_seen);
        self.latest = self.latest.max(Some(entry.effective_time()));
        if let Act::SigningStarted(run) = &entry.body.body().act
            && !self.bases.contains_key(&run.plan)
            && let Some(basis) = self.basis_of(run.plan, entry.effective_time())
        {
            self.bases.insert(run.plan, basis);
        }
    }

    fn basis_of(&self, plan: EntryId, now: Timestamp) -> Option<Basis> {
        let treasury = self.treasury()?;
        let id = treasury.payout_of_plan(plan)?;
        let versions = treasury.proposals.get(&id)?.versions();
        let cancels = { versions }
            .find(|version| version.entry == plan)
            .and_then(|version| version.cancels);
        let id = cancels.unwrap_or(id);
        let record = treasury.proposals.get(&id)?;
        if let Some(known) = self.basis_of_batch(treasury, record) {
            return Some(known.at(now));
        }
        let grounds = Grounds {
            adoption: treasury.adoption.entry,
            policy: treasury.adoption.policy.clone(),
            facts: self.facts(treasury, now),
            judged: self.judged(treasury, id)?,
        };
        Some(Basis::new(grounds, now))
    }

    /// The payouts of a batch that begin under one policy and the same approvals stand on one basis: what
    /// the first of them stood on, each at its own time. A cancel of one has approvals of its own.
    fn basis_of_batch(&self, treasury: &Treasury, record: &ProposalRecord) -> Option<&Basis> {
        let batch = record.batch?.batch;
        let approvals = self.approvals(treasury.proposals.get(&batch)?);
        let begun = treasury.items(batch).flat_map(|(_, item)| item.begun());
        let mut known = begun.filter_map(|plan| self.bases.get(&plan.entry));
        known.find(|basis| basis.is_under(treasury.adoption.entry, &approvals))
    }

    /// The state.
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The treasury, once founded.
    pub const fn treasury(&self) -> Option<&Treasury> {
        self.state.treasury()
    }

    /// The later of an entry's own time and the time this machine first saw it.
    fn effective(&self, entry: EntryId, own: Timestamp) -> Timestamp {
        self.seen.get(&entry).map_or(own, |seen| own.max(*seen))
    }

    /// What the policy is told at `now`.
    pub fn facts(&self, treasury: &Treasury, now: Timestamp) -> Facts {
        facts(treasury, now, &|entry, own| self.effective(entry, own))
    }

    /// The policy's verdict on a proposal at `now`.
    pub fn evaluate(&self, treasury: &Treasury, id: ProposalId, now: Timestamp) -> Option<Verdict> {
        let (id, record) = judged_as(treasury, id, treasury.proposals.get(&id)?);
        let request = self.request(id, record);
        Some(policy::evaluate(
            &treasury.adoption.policy,
            &self.facts(treasury, now),
            &request,
        ))
    }

    /// The verdict, and where it is a demand, whether the approvals so far meet it.
    pub fn authorise(
        &self,
        treasury: &Treasury,
        id: ProposalId,
        now: Timestamp,
    ) -> Option<Result<Authorised, NotAuthorised>> {
        let judged = self.judged(treasury, id)?;
        let facts = self.facts(treasury, now);
        Some(judged.authorise(&treasury.adoption.policy, &facts))
    }

    /// The authorization of the first `SigningStarted`, earned again, and today's denials and limits:
    /// what a further session for the same bytes, and every bump, stands on (rule 3). Everything counts
    /// from when this machine saw it, so that a start dated back is no way round an expiry or a delay.
    pub(crate) fn authorise_again(
        &self,
        treasury: &Treasury,
        id: ProposalId,
        now: Timestamp,
    ) -> Option<Result<Authorised, NotAuthorised>> {
        let record = treasury.proposals.get(&id)?;
        let begun = record.begun().filter(|version| version.cancels.is_none());
        let plan = begun.min_by_key(|version| version.version())?.entry;
        let (id, record) = judged_as(treasury, id, record);
        let request = self.request(id, record);
        match recheck(treasury, self.facts(treasury, now), &request) {
            Ok(()) => self.bases.get(&plan).map(|basis| basis.authorise()),
            Err(reasons) => Some(Err(NotAuthorised::Refused(reasons))),
        }
    }

    /// What a further session of a cancel stands on: what governance had decided at its first.
    pub(crate) fn authorise_cancel_again(
        &self,
        plan: EntryId,
    ) -> Option<Result<Authorised, NotAuthorised>> {
        self.bases.get(&plan).map(|basis| basis.authorise())
    }

    /// The latest time the journal holds: of an entry, or of this machine's clock when it saw one. A
    /// clock that shows less was set back.
    pub(crate) const fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    fn judged(&self, treasury: &Treasury, id: ProposalId) -> Option<Judged> {
        let (id, record) = judged_as(treasury, id, treasury.proposals.get(&id)?);
        Some(Judged {
            id,
            proposal: record.proposal.clone(),
            initiator: record.initiator,
            proposed: self.effective(record.entry, record.proposed),
            approvals: self.approvals(record),
        })
    }

    fn approvals(&self, record: &ProposalRecord) -> Vec<Approval> {
        record
            .approvals
            .iter()
            .map(|(entry, approval)| match self.seen.get(entry) {
                Some(seen) => approval.seen_at(*seen),
                None => *approval,
            })
            .collect()
    }

    fn request<'a>(&self, id: ProposalId, record: &'a ProposalRecord) -> Request<'a> {
        Request {
            proposal: id,
            subject: &record.proposal,
            initiator: record.initiator,
            proposed: self.effective(record.entry, record.proposed),
        }
    }
}

/// In the fold entries count from their own time.
fn own_time(_: EntryId, own: Timestamp) -> Timestamp {
    own
}

/// The fold's own check at an entry's own time: the policy in force, the approvals that count.
pub(crate) fn check_authorised(
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    now: Timestamp,
) -> Result<(), IllegalEntry> {
    let (id, record) = judged_as(treasury, id, record);
    Judged::by_own_time(id, record)
        .authorise(&treasury.adoption.policy, &facts(treasury, now, &own_time))
        .map(drop)
        .map_err(|e| IllegalEntry::Policy(e.to_string()))
}

/// Whether a proposal's time is over: its own, or the one that the policy in force gives it.
pub(crate) fn has_ended(
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    now: Timestamp,
) -> bool {
    if record.proposal.expires <= now {
        return true;
    }
    let (id, record) = judged_as(treasury, id, record);
    let facts = facts(treasury, now, &own_time);
    match Judged::by_own_time(id, record).verdict(&treasury.adoption.policy, &facts) {
        Verdict::Requires(_) => false,
        Verdict::Refused(reasons) => reasons
            .iter()
            .any(|reason| matches!(reason, Reason::Expired { .. })),
    }
}

/// Whether the policy in force would let somebody propose something now.
pub(crate) fn policy_allows(
    treasury: &Treasury,
    proposal: &Proposal,
    initiator: OfficerId,
) -> Result<(), policy::Reasons> {
    let request = Request {
        proposal: ProposalId::from_bytes([0; 32]),
        subject: proposal,
        initiator,
        proposed: treasury.time,
    };
    match policy::evaluate(
        &treasury.adoption.policy,
        &facts(treasury, treasury.time, &own_time),
        &request,
    ) {
        Verdict::Refused(reasons) => Err(reasons),
        Verdict::Requires(_) => Ok(()),
    }
}

/// Today's denials and limits, without the payout's own reservation.
pub(crate) fn still_allowed(
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    now: Timestamp,
) -> Result<(), IllegalEntry> {
    let (id, record) = judged_as(treasury, id, record);
    let request = Request {
        proposal: id,
        subject: &record.proposal,
        initiator: record.initiator,
        proposed: record.proposed,
    };
    recheck(treasury, facts(treasury, now, &own_time), &request)
        .map_err(|reasons| IllegalEntry::Policy(reasons.to_string()))
}

/// That the initiator was an officer was judged at the first start. One suspended since stays the
/// payout's initiator: what has started can't be declined and must be able to end.
fn recheck(
    treasury: &Treasury,
    mut facts: Facts,
    request: &Request<'_>,
) -> Result<(), policy::Reasons> {
    if let Some(name) = facts.former.get(&request.initiator) {
        facts.officers.insert(request.initiator, name.clone());
    }
    policy::recheck(&treasury.adoption.policy, &facts, request).map(drop)
}

fn facts(
    treasury: &Treasury,
    now: Timestamp,
    effective: &dyn Fn(EntryId, Timestamp) -> Timestamp,
) -> Facts {
    Facts {
        now,
        adoption: treasury.adoption.entry,
        policy: treasury.adoption.policy.hash(),
        officers: named(treasury, true),
        former: named(treasury, false),
        vaults: treasury
            .vaults
            .iter()
            .map(|(id, vault)| {
                (
                    *id,
                    VaultFact {
                        name: vault.plan.name().clone(),
                        network: vault.plan.network(),
                    },
                )
            })
            .collect(),
        payees: treasury
            .payees
            .iter()
            .map(|(name, payee)| {
                let since = effective(payee.entry, payee.since);
                (
                    name.clone(),
                    PayeeFact {
                        address: payee.address.clone(),
                        since,
                    },
                )
            })
            .collect(),
        assets: treasury.assets.clone(),
        uses: treasury
            .proposals
            .iter()
            .filter_map(|(id, record)| usage(*id, record, effective))
            .collect(),
    }
}

fn named(treasury: &Treasury, active: bool) -> BTreeMap<OfficerId, Name> {
    treasury
        .officers
        .iter()
        .filter(|(_, record)| record.active == active)
        .map(|(id, record)| (*id, record.officer.name.clone()))
        .collect()
}

/// What a payout uses of the limits: from its plan until it is settled its fee cap counts, then its
/// fee. A payout that never happens uses nothing.
fn usage(
    id: ProposalId,
    record: &ProposalRecord,
    effective: &dyn Fn(EntryId, Timestamp) -> Timestamp,
) -> Option<Use> {
    let payout = record.proposal.subject.payout()?;
    // What a sweep moves stays in the vault: it uses its fees only.
    let stays = record.batch.map(|place| place.bundle) == Some(Bundle::Sweep);
    let legs = || {
        if stays {
            Vec::new()
        } else {
            payout.legs().to_vec()
        }
    };
    let (state, at, fee, legs) = match record.stage()? {
        PayoutStage::Replaced { .. } => return None,
        PayoutStage::Confirmed {
            plan, entry, time, ..
        } => {
            let paid = if plan.cancels.is_some() {
                Vec::new()
            } else {
                legs()
            };
            (UseState::Settled, effective(*entry, *time), plan.fee, paid)
        }
        PayoutStage::Reverted {
            plan, entry, time, ..
        } => (
            UseState::Settled,
            effective(*entry, *time),
            plan.fee,
            Vec::new(),
        ),
        PayoutStage::Planned(_)
        | PayoutStage::Signing(..)
        | PayoutStage::Aborted(..)
        | PayoutStage::Signed { .. } => {
            let first = record.versions().min_by_key(|plan| plan.version())?;
            // A cancel has a cap of its own, which can be above the payout's.
            let fees = record.versions().map(|plan| plan.fee);
            (
                UseState::Reserved,
                effective(first.entry, first.time),
                fees.fold(payout.fee_cap(), Amount::max),
                legs(),
            )
        }
    };
    Some(Use {
        // All payouts of a batch count as the batch's own.
        proposal: record.batch.map_or(id, |place| place.batch),
        vault: payout.vault(),
        initiator: record.initiator,
        legs,
        fee,
        at,
        state,
    })
}

impl PlanRecord {
    /// The child keys that sign, in the transaction's order.
    pub fn paths(&self) -> Vec<ChildPath> {
        match &self.body {
            PlanBody::Bitcoin(planned) => planned.inputs.iter().map(|input| input.path).collect(),
            PlanBody::Evm(planned) => vec![planned.account],
        }
    }
}
