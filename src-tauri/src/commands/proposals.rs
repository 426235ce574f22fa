//! Proposals, listed and whole.

use std::collections::BTreeSet;

use domain::{Payout, ProposalId, SeatKind, Subject};
use policy::{Shortfall, Verdict};
use tauri::State;
use treasury::{Broadcasting, Decision, NotAuthorised, PayoutStage, ProposalRecord};
use wording::paper::Fields;
use wording::proposal::{
    Status, Then, fields as subject_fields, plan_fields, required, txid, waiting,
};
use wording::timeline::timeline;
use wording::unusual::unusual;
use wording::view::View;

use crate::app::App;
use crate::convert::{self, count, id as read_id, leg, money, time};
use crate::dto::{
    ApprovalView, CanDo, DeclineView, DemandState, LimitView, Milestone, Page, ProposalDetail,
    ProposalRow, Query, StatusWord, Written,
};
use crate::engine::Engine;
use crate::index::{Found, Row};
use crate::problem::{Answer, Code, Problem};
use crate::receipt;
use crate::seats::seat_states;

/// A page is no longer than this.
const LONGEST: u32 = 500;

/// Some proposals, filtered and sorted here.
#[tauri::command]
#[specta::specta]
pub async fn proposals(
    app: State<'_, App>,
    query: Query,
    after: Option<String>,
    limit: u32,
) -> Answer<Page> {
    let engine = app.engine()?;
    let index = engine.index();
    let found = index.find(&query, place(after)?, size(limit));
    Ok(page(&engine, &engine.view(), found))
}

/// The payouts of a batch, or the transfers of a sweep, in their order.
#[tauri::command]
#[specta::specta]
pub async fn batch_items(
    app: State<'_, App>,
    id: String,
    after: Option<String>,
    limit: u32,
) -> Answer<Page> {
    let engine = app.engine()?;
    let view = engine.view();
    let index = engine.index();
    let found = index.items(&view, read_id(&id)?, place(after)?, size(limit));
    Ok(page(&engine, &view, found))
}

fn place(after: Option<String>) -> Answer<usize> {
    after
        .map(|text| text.parse())
        .transpose()
        .map(Option::unwrap_or_default)
        .map_err(|_| Problem::input("after", "this is no place in a list"))
}

fn size(limit: u32) -> usize {
    usize::try_from(limit.clamp(1, LONGEST)).unwrap_or(1)
}

fn page(engine: &Engine, view: &View, found: Found<'_>) -> Page {
    Page {
        total: count(found.total),
        next: found.next.map(|next| next.to_string()),
        rows: found
            .rows
            .into_iter()
            .filter_map(|row| proposal_row(engine, view, row))
            .collect(),
    }
}

/// A row with what waits; a row at its end is told without asking the policy.
pub fn proposal_row(engine: &Engine, view: &View, row: &Row) -> Option<ProposalRow> {
    let treasury = view.treasury();
    let record = treasury.proposals.get(&row.id)?;
    let vault = row.vault.and_then(|id| treasury.vaults.get(&id));
    let (could_approve, demands) = if record.is_open() {
        standing(view, row.id)
    } else {
        (Vec::new(), Vec::new())
    };
    let seen = engine.confirmations(row.id);
    Some(ProposalRow {
        id: row.id.to_string(),
        kind: row.kind.to_owned(),
        status: row.status,
        is_final: row.is_final,
        summary: row.summary.clone(),
        vault: row.vault_name.clone(),
        network: vault.map(|vault| vault.plan.network().to_string()),
        payees: row.payees.clone(),
        total: row.total.map(money),
        memo: row.memo.clone(),
        initiator: view.name(record.initiator),
        proposed: time(record.proposed),
        ends: time(record.proposal.expires),
        approved_by: record
            .approved_by
            .iter()
            .map(|officer| view.name(*officer))
            .collect(),
        waiting: waiting(view, row.id, record),
        could_approve,
        could_release: could_release(view, row.id, record),
        demands,
        held: is_held(view, row.id, record),
        confirmations: seen.map(|(blocks, _)| blocks),
        needed: needed(view, record),
        items: count(record.items.len()),
    })
}

/// Whose approval would count, and how much of each demand is given.
fn standing(view: &View, id: ProposalId) -> (Vec<String>, Vec<DemandState>) {
    let Some(Verdict::Requires(clearance)) = view.replay.evaluate(view.treasury(), id, view.now)
    else {
        return (Vec::new(), Vec::new());
    };
    let authorised = view.replay.authorise(view.treasury(), id, view.now);
    let (missing, could) = match authorised {
        Some(Err(NotAuthorised::Short(Shortfall::Approvals {
            missing,
            could_approve,
            ..
        }))) => (
            Some(missing),
            could_approve.iter().map(ToString::to_string).collect(),
        ),
        Some(Err(NotAuthorised::Short(Shortfall::Waiting { .. })) | Ok(_)) => {
            (Some(Vec::new()), Vec::new())
        }
        Some(Err(NotAuthorised::Short(Shortfall::Stale) | NotAuthorised::Refused(_))) | None => {
            (None, Vec::new())
        }
    };
    let demands = clearance
        .demands()
        .iter()
        .map(|demand| {
            let lacking = missing.as_ref().map(|missing| {
                missing
                    .iter()
                    .find(|one| one.group() == demand.group())
                    .map_or(0, |one| one.count().get())
            });
            DemandState {
                group: demand.group().to_string(),
                count: demand.count().get().into(),
                given: lacking.map(|lacking| demand.count().get().saturating_sub(lacking).into()),
            }
        })
        .collect();
    (could, demands)
}

/// Officers who can open a seat that it waits for.
fn could_release(view: &View, id: ProposalId, record: &ProposalRecord) -> Vec<String> {
    let treasury = view.treasury();
    let vault = record.proposal.subject.payouts().first().map(Payout::vault);
    let Some(vault) = vault.and_then(|vault| treasury.vaults.get(&vault)) else {
        return Vec::new();
    };
    if is_held(view, id, record) || !is_to_release(view, id, record) {
        return Vec::new();
    }
    let openers: BTreeSet<_> = vault
        .plan
        .seats()
        .iter()
        .flat_map(|seat| seat.kind.officers())
        .filter(|officer| treasury.active_officer(**officer).is_some())
        .map(|officer| view.name(*officer))
        .collect();
    openers.into_iter().collect()
}

/// Whether a freeze holds it.
fn is_held(view: &View, id: ProposalId, record: &ProposalRecord) -> bool {
    let treasury = view.treasury();
    if Status::of(record).is_final() {
        return false;
    }
    match &record.proposal.subject {
        Subject::Batch(batch) => !treasury.freezes_over(batch.vault(), Some(id)).is_empty(),
        Subject::Sweep(sweep) => !treasury.freezes_over(sweep.vault(), Some(id)).is_empty(),
        Subject::Cancel(cancel) => view.is_held(cancel.payout, Some(id)),
        Subject::Payout(_) => {
            let cancels = record.stage().and_then(|stage| stage.plan().cancels);
            !is_out(record) && view.is_held(id, cancels)
        }
        Subject::Policy(_)
        | Subject::Officer(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Machine(_)
        | Subject::Asset(_) => false,
    }
}

fn is_out(record: &ProposalRecord) -> bool {
    matches!(
        record.stage(),
        Some(PayoutStage::Signed {
            broadcast: Broadcasting::Out | Broadcasting::Dropped,
            ..
        })
    )
}

fn needed(view: &View, record: &ProposalRecord) -> Option<u32> {
    let payout = record.proposal.subject.payout()?;
    let vault = view.treasury().vaults.get(&payout.vault())?;
    Some(vault.plan.confirmations())
}

/// One proposal whole.
#[tauri::command]
#[specta::specta]
pub async fn proposal(app: State<'_, App>, id: String) -> Answer<ProposalDetail> {
    let engine = app.engine()?;
    let view = engine.view();
    let id = read_id(&id)?;
    let record = known(&view, id)?;
    let index = engine.index();
    let row = index
        .row(id)
        .and_then(|row| proposal_row(&engine, &view, row))
        .ok_or_else(|| unknown(id))?;
    Ok(detail(&view, id, record, row))
}

/// A proposal of a view.
pub fn known(view: &View, id: ProposalId) -> Answer<&ProposalRecord> {
    view.treasury()
        .proposals
        .get(&id)
        .ok_or_else(|| unknown(id))
}

fn unknown(id: ProposalId) -> Problem {
    Problem::new(
        Code::Unknown,
        format!("there is no proposal {}", id.short()),
    )
}

fn detail(
    view: &View,
    id: ProposalId,
    record: &ProposalRecord,
    row: ProposalRow,
) -> ProposalDetail {
    let subject = &record.proposal.subject;
    let then = Then::of(view, id);
    let judged = Judged::of(view, id, &then, Status::of(record).is_final());
    let payout = subject.payout();
    let stage = record.stage();
    let mut content = Fields::default();
    subject_fields(view, then.treasury(view), subject, &mut content);
    let mut plan = Fields::default();
    if let (Some(payout), Some(stage)) = (payout, stage) {
        plan_fields(view.treasury(), record, payout, stage, &mut plan);
    }
    let unusual = if record.is_open() {
        unusual(view, Some(id), subject, &judged.uses)
    } else {
        Vec::new()
    };
    ProposalDetail {
        words: domain::words::fingerprint(id)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        phrase: Status::of(record).phrase().to_owned(),
        legs: payout
            .map(|payout| payout.legs().iter().map(leg).collect())
            .unwrap_or_default(),
        fee_cap: payout.map(|payout| money(payout.fee_cap())),
        fee: stage.map(|stage| money(stage.plan().fee)),
        txid: stage.and_then(txid),
        nonce: stage.and_then(|stage| stage.plan().nonce().map(|anchor| anchor.nonce.to_string())),
        account: payout.map_or(0, Payout::account),
        rule: judged.rule,
        sentence: judged.sentence,
        ends: judged.ends,
        limits: judged.limits,
        refused: judged.refused,
        approvals: approvals(view, id, &then),
        declined: match &record.decision {
            Decision::Declined { by, reason } => Some(DeclineView {
                by: view.name(*by),
                reason: reason.clone(),
            }),
            Decision::Open | Decision::Lapsed | Decision::Enacted(_) | Decision::Payout(_) => None,
        },
        expires: time(record.proposal.expires),
        way: way(view, id),
        plan: convert::fields(&plan),
        fields: convert::fields(&content),
        batch: record.batch.map(|place| place.batch.to_string()),
        unusual,
        can: can(view, id, record, &row),
        seats: seats_of(view, subject),
        row,
    }
}

/// What the policy says, or said when it was decided.
pub struct Judged {
    /// The rule.
    pub rule: Option<String>,
    /// In one sentence.
    pub sentence: Option<String>,
    /// When its time ends.
    pub ends: Option<String>,
    /// The limits, for the windows.
    pub limits: Vec<LimitView>,
    /// The same, for what is computed from them.
    pub uses: Vec<policy::LimitUse>,
    /// Why it is refused.
    pub refused: Vec<crate::dto::RefusalView>,
}

impl Judged {
    /// Of a proposal; the limits of one at its end are not told.
    pub fn of(view: &View, id: ProposalId, then: &Then, is_final: bool) -> Self {
        match then.verdict(view, id) {
            Some(Verdict::Requires(clearance)) => {
                let words = required(&clearance);
                let uses = if is_final {
                    Vec::new()
                } else {
                    clearance.limits().to_vec()
                };
                Self {
                    rule: words.rule,
                    sentence: words.sentence,
                    ends: words.ends.map(time),
                    limits: uses.iter().map(convert::limit).collect(),
                    uses,
                    refused: Vec::new(),
                }
            }
            Some(Verdict::Refused(reasons)) => Self {
                refused: reasons.iter().map(convert::refusal).collect(),
                ..Self::nothing()
            },
            None => Self::nothing(),
        }
    }

    const fn nothing() -> Self {
        Self {
            rule: None,
            sentence: None,
            ends: None,
            limits: Vec::new(),
            uses: Vec::new(),
            refused: Vec::new(),
        }
    }
}

/// Approvals that count, or counted when it was decided.
pub fn approvals(view: &View, id: ProposalId, then: &Then) -> Vec<ApprovalView> {
    then.approvals(view, id)
        .into_iter()
        .map(|approval| ApprovalView {
            officer: view.name(approval.officer()),
            serial: view
                .treasury()
                .officers
                .get(&approval.officer())
                .map(|record| record.officer.serial),
            time: time(approval.effective()),
        })
        .collect()
}

fn way(view: &View, id: ProposalId) -> Vec<Milestone> {
    timeline(view, id)
        .into_iter()
        .map(|milestone| Milestone {
            time: time(milestone.time),
            kind: milestone.kind.to_owned(),
            what: milestone.what,
            by: milestone.by.map(|officer| view.name(officer)),
            sequence: count(milestone.sequence),
        })
        .collect()
}

fn seats_of(view: &View, subject: &Subject) -> Vec<crate::dto::SeatState> {
    subject
        .payouts()
        .first()
        .map(Payout::vault)
        .and_then(|id| view.treasury().vaults.get(&id).map(|vault| (id, vault)))
        .map(|(id, vault)| seat_states(view, Some(id), &vault.plan))
        .unwrap_or_default()
}

fn can(view: &View, id: ProposalId, record: &ProposalRecord, row: &ProposalRow) -> Vec<CanDo> {
    let mut can = Vec::new();
    if record.is_open() && !row.could_approve.is_empty() {
        can.push(CanDo::Approve);
    }
    if record.is_open() {
        can.push(CanDo::Decline);
    }
    if !row.held && is_to_release(view, id, record) {
        can.push(CanDo::Release);
    }
    let is_payment = !record.proposal.subject.payouts().is_empty();
    if is_payment && !row.is_final && !row.held {
        can.push(CanDo::Freeze);
    }
    if record.proposal.subject.payout().is_some() && !record.is_open() && !row.is_final {
        if matches!(row.status, StatusWord::Broadcast | StatusWord::Signed) {
            can.push(CanDo::Bump);
        }
        if row.status != StatusWord::Cancelling {
            can.push(CanDo::Cancel);
        }
    }
    can
}

/// Whether officers have to open seats for its exact transaction.
pub fn is_to_release(view: &View, id: ProposalId, record: &ProposalRecord) -> bool {
    let treasury = view.treasury();
    let waits = match (&record.proposal.subject, record.stage()) {
        (Subject::Batch(_) | Subject::Sweep(_), _) => !treasury.plans_to_release(id).is_empty(),
        (_, Some(PayoutStage::Planned(_) | PayoutStage::Aborted(..))) => true,
        (_, _) => false,
    };
    let vault = record.proposal.subject.payouts().first().map(Payout::vault);
    let sealed = vault
        .and_then(|id| treasury.vaults.get(&id))
        .is_some_and(|vault| {
            let devices = vault
                .plan
                .seats()
                .iter()
                .filter(|seat| matches!(seat.kind, SeatKind::Device))
                .count();
            devices < usize::from(vault.plan.threshold())
        });
    let authorised = match record.stage() {
        Some(PayoutStage::Planned(plan)) if plan.cancels.is_none() => {
            matches!(view.replay.authorise(treasury, id, view.now), Some(Ok(_)))
        }
        _ => true,
    };
    waits && sealed && authorised
}

/// Every limit of the policy, with what is used of it.
#[tauri::command]
#[specta::specta]
pub async fn limits(app: State<'_, App>) -> Answer<Vec<LimitView>> {
    let view = app.engine()?.view();
    Ok(wording::limits::uses(&view)
        .iter()
        .map(convert::standing)
        .collect())
}

/// Writes what the journal says about a proposal to a file that anybody can verify.
#[tauri::command]
#[specta::specta]
pub async fn export_receipt(app: State<'_, App>, id: String) -> Answer<Written> {
    let engine = app.engine()?;
    let view = engine.view();
    let id = read_id(&id)?;
    known(&view, id)?;
    receipt::write(&view, id)
}
