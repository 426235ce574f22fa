//! A payout from its plan to the chain: one anchor, at most one payment (rule 3).

use std::collections::{BTreeMap, BTreeSet};

use domain::act::{Abort, Release, Signed, SigningRun};
use domain::{Entry, EntryId, OfficerId, Payout, ProposalId, SeatId, SeatKind, Span, Timestamp};

use crate::batches::close_when_all_begun;
use crate::facts::{check_authorised, still_allowed};
use crate::governance::is_open;
use crate::illegal::IllegalEntry;
use crate::stage::{Broadcasting, EarlierVersion, PayoutStage, PlanBody, PlanRecord, RunRecord};
use crate::state::{Decision, ProposalRecord, Treasury};
use crate::versions::{self, Version};

/// A released share is wiped after this at the latest.
pub(crate) const LONGEST_RELEASE: Span = Span::from_secs(600);

pub(crate) fn plan(
    treasury: &mut Treasury,
    entry: &Entry,
    body: PlanBody,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let (id, cancels) = versions::target(treasury, body.proposal())?;
    let (record, payout) = known(treasury, id)?;
    if cancels.is_none() && record.stage().is_none() && !is_open(record) {
        return Err(IllegalEntry::NotOpen(id));
    }
    let version = versions::next(record, cancels)?;
    if body.version() != version {
        return Err(IllegalEntry::Plan(format!(
            "version {version} comes next, not {}",
            body.version()
        )));
    }
    hold_if_frozen(treasury, payout, id, cancels)?;
    may_begin(treasury, id, record, cancels, time)?;
    let plan = versions::examine(treasury, record, payout, cancels, body, entry)?;
    versions::check_reserved(treasury, id, &plan)?;
    versions::check_replaces(record, &plan)?;
    supersede(treasury, id, plan)
}

/// Whether a version may be planned and its signing begin. The first stands on the approvals and its
/// time; a bump on the authorization of the first start, and on today's denials and limits; a cancel on
/// what governance decided (rule 3).
fn may_begin(
    treasury: &Treasury,
    id: ProposalId,
    record: &ProposalRecord,
    cancels: Option<ProposalId>,
    time: Timestamp,
) -> Result<(), IllegalEntry> {
    match Version::of(record, cancels) {
        Version::First => {
            in_time(record, time)?;
            check_authorised(treasury, id, record, time)
        }
        Version::Bump => still_allowed(treasury, id, record, time),
        Version::Cancel(cancel) => {
            let record = treasury
                .proposals
                .get(&cancel)
                .ok_or_else(|| unknown("cancel", cancel.short()))?;
            in_time(record, time)?;
            check_authorised(treasury, cancel, record, time)
        }
    }
}

fn in_time(record: &ProposalRecord, time: Timestamp) -> Result<(), IllegalEntry> {
    if record.proposal.expires <= time {
        return Err(IllegalEntry::Plan("its time has passed".to_owned()));
    }
    Ok(())
}

/// The new plan takes the place of the present one. What began to be signed is remembered.
fn supersede(
    treasury: &mut Treasury,
    id: ProposalId,
    plan: PlanRecord,
) -> Result<(), IllegalEntry> {
    let record = treasury
        .proposals
        .get_mut(&id)
        .ok_or_else(|| unknown("payout", id.short()))?;
    let begun = match &record.decision {
        Decision::Payout(stage) => match stage.as_ref() {
            PayoutStage::Signed {
                plan,
                transaction,
                broadcast,
            } => Some(EarlierVersion {
                plan: plan.clone(),
                signed: Some((transaction.clone(), *broadcast)),
            }),
            PayoutStage::Aborted(plan, _) => Some(EarlierVersion {
                plan: plan.clone(),
                signed: None,
            }),
            PayoutStage::Planned(_)
            | PayoutStage::Signing(..)
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. }
            | PayoutStage::Replaced { .. } => None,
        },
        Decision::Open | Decision::Declined { .. } | Decision::Lapsed | Decision::Enacted(_) => {
            None
        }
    };
    record.earlier.extend(begun);
    record.decision = Decision::Payout(Box::new(PayoutStage::Planned(plan)));
    Ok(())
}

pub(crate) fn release(
    treasury: &mut Treasury,
    entry: &Entry,
    release: Release,
    by: OfficerId,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let refuse = |why: &str| IllegalEntry::Release(why.to_owned());
    if release.expires <= time || release.expires > time.plus(LONGEST_RELEASE) {
        return Err(refuse("it ends within ten minutes"));
    }
    let id = by_plan(treasury, release.plan)?;
    let (record, payout) = known(treasury, id)?;
    let mut stage = stage_of(record, id)?.clone();
    hold_if_frozen(treasury, payout, id, stage.plan().cancels)?;
    let seat = treasury
        .vaults
        .get(&payout.vault())
        .and_then(|vault| vault.plan.seat(release.seat))
        .ok_or_else(|| refuse("the vault has no such seat"))?;
    if !seat.kind.officers().contains(&by) {
        return Err(refuse("this officer's key does not open that seat"));
    }
    match &mut stage {
        PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _)
            if plan.entry == release.plan =>
        {
            plan.releases.insert(entry.id(), (by, release));
        }
        PayoutStage::Planned(_) | PayoutStage::Aborted(..) => {
            return Err(refuse("that plan was replaced"));
        }
        PayoutStage::Signing(..) => return Err(refuse("the plan is being signed")),
        PayoutStage::Signed { .. }
        | PayoutStage::Confirmed { .. }
        | PayoutStage::Reverted { .. }
        | PayoutStage::Replaced { .. } => {
            return Err(refuse("the payout is signed or at its end"));
        }
    }
    set(treasury, id, stage)
}

pub(crate) fn start(
    treasury: &mut Treasury,
    entry: &Entry,
    run: &SigningRun,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let id = by_plan(treasury, run.plan)?;
    let (record, payout) = known(treasury, id)?;
    let PayoutStage::Planned(plan) = stage_of(record, id)? else {
        return Err(IllegalEntry::Signing(
            "signing of this version started before".to_owned(),
        ));
    };
    hold_if_frozen(treasury, payout, id, plan.cancels)?;
    may_begin(treasury, id, record, plan.cancels, time)?;
    versions::check_turn(treasury, id, plan)?;
    check_run(treasury, payout, plan, run, time)?;
    let plan = plan.clone();
    // Until here a decline, its time or a new policy could still end the cancel, as with a payout.
    if let Some(cancel) = { plan.cancels }.and_then(|cancel| treasury.proposals.get_mut(&cancel)) {
        cancel.decision = Decision::Enacted(entry.id());
    }
    begin(treasury, id, plan, run, 1)?;
    close_when_all_begun(treasury, entry, id);
    Ok(())
}

pub(crate) fn retry(
    treasury: &mut Treasury,
    entry: &Entry,
    run: &SigningRun,
) -> Result<(), IllegalEntry> {
    let time = entry.body.body().time;
    let id = by_plan(treasury, run.plan)?;
    let (record, payout) = known(treasury, id)?;
    let PayoutStage::Aborted(plan, last) = stage_of(record, id)? else {
        return Err(IllegalEntry::Signing(
            "only an aborted session is tried again".to_owned(),
        ));
    };
    hold_if_frozen(treasury, payout, id, plan.cancels)?;
    if plan.cancels.is_none() {
        still_allowed(treasury, id, record, time)?;
    }
    check_run(treasury, payout, plan, run, time)?;
    let (plan, attempt) = (plan.clone(), last.attempt.saturating_add(1));
    begin(treasury, id, plan, run, attempt)
}

fn begin(
    treasury: &mut Treasury,
    id: ProposalId,
    mut plan: PlanRecord,
    run: &SigningRun,
    attempt: u32,
) -> Result<(), IllegalEntry> {
    // Releases are used up by the session: a retry needs new ones.
    let releases = std::mem::take(&mut plan.releases);
    treasury.sessions.insert(run.session);
    let record = RunRecord {
        run: run.clone(),
        attempt,
        releases,
        fault: None,
    };
    set(treasury, id, PayoutStage::Signing(plan, record))
}

fn check_run(
    treasury: &Treasury,
    payout: &Payout,
    plan: &PlanRecord,
    run: &SigningRun,
    time: Timestamp,
) -> Result<(), IllegalEntry> {
    let refuse = |why: String| IllegalEntry::Signing(why);
    if plan.entry != run.plan {
        return Err(refuse("that plan was replaced".to_owned()));
    }
    if treasury.sessions.contains(&run.session) {
        return Err(refuse("the session was used before".to_owned()));
    }
    let vault = treasury
        .vaults
        .get(&payout.vault())
        .ok_or_else(|| unknown("vault", payout.vault().short()))?;
    let seats: BTreeSet<SeatId> = run.seats.iter().copied().collect();
    if seats.len() != usize::from(vault.plan.threshold()) || seats.len() != run.seats.len() {
        return Err(refuse(format!(
            "exactly {} different seats sign",
            vault.plan.threshold()
        )));
    }
    for id in seats {
        let seat = vault
            .plan
            .seat(id)
            .ok_or_else(|| refuse(format!("the vault has no seat {id}")))?;
        if treasury.is_banned(payout.vault(), id) {
            return Err(refuse(format!(
                "seat {id} broke the protocol before and is banned"
            )));
        }
        match &seat.kind {
            SeatKind::Device => {
                if treasury.active_machine(seat.machine).is_none() {
                    return Err(refuse(format!("seat {id} was lost with its machine")));
                }
            }
            SeatKind::Hardware { .. } | SeatKind::Recovery { .. } => {
                let given = plan.live_releases(id, time).len();
                if given < usize::from(seat.kind.openers()) {
                    let needed = seat.kind.openers();
                    return Err(refuse(format!(
                        "seat {id} needs {needed} releases, {given} are in force"
                    )));
                }
            }
        }
    }
    Ok(())
}

pub(crate) fn abort(treasury: &mut Treasury, abort: &Abort) -> Result<(), IllegalEntry> {
    let found = treasury
        .proposals
        .iter()
        .find_map(|(id, record)| match &record.decision {
            Decision::Payout(stage) => match stage.as_ref() {
                PayoutStage::Signing(plan, run) if run.run.session == abort.session => {
                    Some((*id, plan.clone(), run.clone()))
                }
                _ => None,
            },
            _ => None,
        });
    let Some((id, plan, mut run)) = found else {
        return Err(unknown("running session", abort.session.short()));
    };
    if let Some(stranger) = abort
        .culprits
        .iter()
        .find(|seat| !run.run.seats.contains(seat))
    {
        return Err(IllegalEntry::Signing(format!(
            "seat {stranger} took no part in the session"
        )));
    }
    run.fault = Some(abort.fault.to_string());
    let (_, payout) = known(treasury, id)?;
    let vault = payout.vault();
    if let Some(epoch) = treasury
        .vaults
        .get(&vault)
        .and_then(|v| v.key())
        .map(|key| key.epoch)
    {
        treasury
            .bans
            .extend(abort.culprits.iter().map(|seat| (vault, epoch, *seat)));
    }
    set(treasury, id, PayoutStage::Aborted(plan, run))
}

pub(crate) fn signed(treasury: &mut Treasury, signed: &Signed) -> Result<(), IllegalEntry> {
    let id = by_plan(treasury, signed.plan)?;
    let (record, payout) = known(treasury, id)?;
    let PayoutStage::Signing(plan, run) = stage_of(record, id)? else {
        return Err(IllegalEntry::Signing(
            "no session of this payout runs".to_owned(),
        ));
    };
    if run.run.session != signed.session || plan.entry != signed.plan {
        return Err(IllegalEntry::Signing("it is by another session".to_owned()));
    }
    let bytes = &signed.transaction.0;
    let transaction = versions::verify_signed(treasury, payout, plan, bytes)?;
    let stage = PayoutStage::Signed {
        plan: PlanRecord {
            transaction,
            ..plan.clone()
        },
        transaction: bytes.clone(),
        broadcast: Broadcasting::NotYet,
    };
    set(treasury, id, stage)
}

/// While frozen only a cancel that was proposed, and so approved, after the freeze goes on (rule 7).
pub(crate) fn hold_if_frozen(
    treasury: &Treasury,
    payout: &Payout,
    id: ProposalId,
    cancels: Option<ProposalId>,
) -> Result<(), IllegalEntry> {
    if treasury.is_held(payout.vault(), id, cancels) {
        Err(IllegalEntry::Frozen)
    } else {
        Ok(())
    }
}

pub(crate) fn unknown(what: &'static str, which: String) -> IllegalEntry {
    IllegalEntry::Unknown { what, which }
}

pub(crate) fn known(
    treasury: &Treasury,
    id: ProposalId,
) -> Result<(&ProposalRecord, &Payout), IllegalEntry> {
    treasury
        .payout(id)
        .ok_or_else(|| unknown("payout", id.short()))
}

pub(crate) fn by_plan(treasury: &Treasury, plan: EntryId) -> Result<ProposalId, IllegalEntry> {
    treasury
        .payout_of_plan(plan)
        .ok_or_else(|| unknown("plan", plan.short()))
}

pub(crate) fn stage_of(
    record: &ProposalRecord,
    id: ProposalId,
) -> Result<&PayoutStage, IllegalEntry> {
    record
        .stage()
        .ok_or_else(|| unknown("plan of payout", id.short()))
}

pub(crate) fn set(
    treasury: &mut Treasury,
    id: ProposalId,
    stage: PayoutStage,
) -> Result<(), IllegalEntry> {
    let record = treasury
        .proposals
        .get_mut(&id)
        .ok_or_else(|| unknown("payout", id.short()))?;
    record.decision = Decision::Payout(Box::new(stage));
    Ok(())
}

impl PlanRecord {
    /// Officers whose release of a seat is in force at `now`.
    pub fn live_releases(&self, seat: SeatId, now: Timestamp) -> BTreeSet<OfficerId> {
        live(&self.releases, seat, now)
    }
}

impl RunRecord {
    /// Officers whose release of a seat, used by this session, is in force at `now`.
    pub fn live_releases(&self, seat: SeatId, now: Timestamp) -> BTreeSet<OfficerId> {
        live(&self.releases, seat, now)
    }
}

fn live(
    releases: &BTreeMap<EntryId, (OfficerId, Release)>,
    seat: SeatId,
    now: Timestamp,
) -> BTreeSet<OfficerId> {
    releases
        .values()
        .filter(|(_, release)| release.seat == seat && release.expires > now)
        .map(|(officer, _)| *officer)
        .collect()
}

impl Treasury {
    /// The payout one of whose versions an entry is.
    pub fn payout_of_plan(&self, plan: EntryId) -> Option<ProposalId> {
        self.proposals
            .iter()
            .find(|(_, record)| {
                let present = record
                    .stage()
                    .is_some_and(|stage| stage.plan().entry == plan);
                present || record.earlier.iter().any(|one| one.plan.entry == plan)
            })
            .map(|(id, _)| *id)
    }

    /// Whether a freeze holds a payout, or the cancel of one: a cancel is held by later freezes only.
    pub fn is_held(
        &self,
        vault: domain::VaultId,
        payout: ProposalId,
        cancels: Option<ProposalId>,
    ) -> bool {
        let asked = cancels
            .and_then(|cancel| self.proposals.get(&cancel))
            .map(|cancel| cancel.sequence);
        // A freeze of a batch holds each payout of it.
        let batch = self.proposals.get(&payout).and_then(|record| record.batch);
        let of_batch = batch.map(|place| self.freezes_over(vault, Some(place.batch)));
        self.freezes_over(vault, Some(payout))
            .iter()
            .chain(of_batch.iter().flatten())
            .filter_map(|id| self.freezes.get(id))
            .any(|freeze| asked.is_none_or(|asked| freeze.sequence > asked))
    }

    /// Whether a seat broke the protocol in the vault's present sharing.
    pub fn is_banned(&self, vault: domain::VaultId, seat: SeatId) -> bool {
        self.vaults
            .get(&vault)
            .and_then(|v| v.key())
            .is_some_and(|key| self.bans.contains(&(vault, key.epoch, seat)))
    }
}

impl ProposalRecord {
    /// How far the payout is, from its first plan on.
    pub fn stage(&self) -> Option<&PayoutStage> {
        match &self.decision {
            Decision::Payout(stage) => Some(stage),
            Decision::Open
            | Decision::Declined { .. }
            | Decision::Lapsed
            | Decision::Enacted(_) => None,
        }
    }

    /// Whether no version of it ever began to be signed, and it is not decided.
    pub fn is_open(&self) -> bool {
        is_open(self)
    }
}
