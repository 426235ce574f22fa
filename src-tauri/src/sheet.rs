//! What the approval sheet shows: read from the journal here, from nothing that another window said but
//! which proposal it is about.

use domain::act::Scope;
use domain::{
    Amount, EntryId, OfficerId, Payout, PlansHash, ProposalId, SeatKind, Subject, VaultId,
};
use serde::Serialize;
use specta::Type;
use treasury::{PayoutStage, PlanRecord, ProposalRecord};
use wording::paper::Fields;
use wording::proposal::{
    Effect, Status, Then, effects, fields as subject_fields, summary, sums, waiting,
};
use wording::unusual::{notes, unusual};
use wording::view::{View, network_words};

use crate::commands::frame_class;
use crate::commands::proposals::{Judged, approvals, known};
use crate::convert::{self, groups, vault_name};
use crate::dto::{ClassWord, Field, PluggedKey};
use crate::index::memo;
use crate::problem::{Answer, sentence};

/// What the sheet is open for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// To approve or decline a proposal.
    Decide(ProposalId),
    /// To open seats for its exact transactions.
    Release(ProposalId),
    /// To freeze.
    Freeze(Scope),
}

/// The same, for the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Approve or decline.
    Decide,
    /// Open seats.
    Release,
    /// Freeze.
    Freeze,
}

/// Everything that an officer reads before a touch.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Sheet {
    /// What for.
    pub mode: Mode,
    /// The proposal; acts name it, so that nothing else is approved than what was read.
    pub id: String,
    /// What it is decided under: the adoption of the policy, or the exact transactions. Acts name it too.
    pub under: String,
    /// The treasury's name.
    pub treasury: String,
    /// Whether it is real money.
    pub class: ClassWord,
    /// Freezes in force.
    pub frozen: Vec<String>,
    /// What it is, such as `payout`.
    pub kind: String,
    /// In one line.
    pub summary: String,
    /// Who proposed it, and when.
    pub proposed: String,
    /// The vault, with its network.
    pub from: Option<String>,
    /// Every payment.
    pub payments: Vec<SheetPayment>,
    /// What is paid in all, of each asset.
    pub totals: Vec<String>,
    /// The most that the network fee may be; of many payouts, of each.
    pub fee: Option<String>,
    /// What it is for.
    pub memo: String,
    /// What a change of governance changes.
    pub changes: Vec<Field>,
    /// At a release: what the exact bytes do, transaction by transaction.
    pub transactions: Vec<SheetTransaction>,
    /// What is unusual.
    pub unusual: Vec<String>,
    /// What the policy demands.
    pub demands: Option<String>,
    /// Who has approved.
    pub approved: Vec<String>,
    /// What it waits for.
    pub waits: Option<String>,
    /// How it stands under each limit.
    pub limits: Vec<String>,
    /// Why it is refused as things are.
    pub refused: Vec<String>,
    /// When its time ends.
    pub expires: Option<String>,
    /// The fingerprint.
    pub words: Vec<String>,
    /// Officers, those with a key here first.
    pub officers: Vec<SheetOfficer>,
    /// At a release: the sealed seats.
    pub seats: Vec<SheetSeat>,
    /// At a release: how many more must be opened.
    pub seats_missing: u32,
    /// Why nothing can be done now.
    pub obstacle: Option<String>,
}

/// One payment.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SheetPayment {
    /// A decimal number.
    pub amount: String,
    /// Of what.
    pub asset: String,
    /// The payee's name in the address book.
    pub payee: Option<String>,
    /// The address in groups of four.
    pub groups: Vec<String>,
    /// What is unusual about the payee.
    pub notes: Vec<String>,
    /// What for, where each payment has its own.
    pub memo: String,
}

/// One exact transaction.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SheetTransaction {
    /// `Version 2, fee at most 0.002 ETH`.
    pub title: String,
    /// What it pays.
    pub pays: Vec<SheetPayment>,
    /// Its id, or the hash of the bytes to be signed.
    pub id: String,
}

/// An officer who could act.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SheetOfficer {
    /// The name.
    pub name: String,
    /// The YubiKey.
    pub serial: u32,
    /// Whether that key is plugged in here.
    pub plugged: bool,
    /// Whether the officer's approval would count.
    pub may: bool,
    /// Why not.
    pub why_not: Option<String>,
}

/// A sealed seat.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SheetSeat {
    /// Its name.
    pub name: String,
    /// Who opens it, in words.
    pub words: String,
    /// Officers who can.
    pub officers: Vec<String>,
    /// How many of them together.
    pub takes: u32,
    /// Whether it is open now.
    pub open: bool,
}

/// What is known of opened seats: whether one is open.
pub type IsOpen<'a> = &'a dyn Fn(VaultId, domain::SeatId) -> bool;

/// What the sheet shows.
pub fn sheet(
    view: &View,
    shown: &Shown,
    keys: &[PluggedKey],
    is_open: IsOpen<'_>,
) -> Answer<Sheet> {
    match shown {
        Shown::Decide(id) => decide(view, *id, keys),
        Shown::Release(id) => release(view, *id, keys, is_open),
        Shown::Freeze(scope) => Ok(freeze(view, scope, keys)),
    }
}

fn blank(view: &View, mode: Mode) -> Sheet {
    let treasury = view.treasury();
    Sheet {
        mode,
        id: String::new(),
        under: String::new(),
        treasury: treasury.founding.name.to_string(),
        class: frame_class(treasury.founding.class),
        frozen: view.frozen_lines(),
        kind: String::new(),
        summary: String::new(),
        proposed: String::new(),
        from: None,
        payments: Vec::new(),
        totals: Vec::new(),
        fee: None,
        memo: String::new(),
        changes: Vec::new(),
        transactions: Vec::new(),
        unusual: Vec::new(),
        demands: None,
        approved: Vec::new(),
        waits: None,
        limits: Vec::new(),
        refused: Vec::new(),
        expires: None,
        words: Vec::new(),
        officers: Vec::new(),
        seats: Vec::new(),
        seats_missing: 0,
        obstacle: None,
    }
}

/// What is proposed and how it stands: the same for deciding and for releasing.
fn about(view: &View, id: ProposalId, record: &ProposalRecord, mode: Mode) -> Sheet {
    let treasury = view.treasury();
    let subject = &record.proposal.subject;
    let payouts = subject.payouts();
    let then = Then::of(view, id);
    let judged = Judged::of(view, id, &then, false);
    let mut changes = Fields::default();
    if payouts.is_empty() {
        subject_fields(view, then.treasury(view), subject, &mut changes);
    }
    let legs = payouts.iter().flat_map(Payout::legs);
    Sheet {
        id: id.to_string(),
        kind: subject.kind().to_owned(),
        summary: summary(treasury, subject),
        proposed: format!("{}, {}", view.name(record.initiator), record.proposed),
        from: payouts.first().map(|payout| from(view, payout.vault())),
        payments: payments(view, id, payouts),
        totals: sums(legs.map(|leg| leg.amount))
            .into_iter()
            .map(|(asset, sum)| {
                sum.map_or_else(
                    || format!("more {asset} than can be counted"),
                    |sum| sum.to_string(),
                )
            })
            .collect(),
        fee: fee(payouts),
        memo: memo(subject),
        changes: convert::fields(&changes),
        unusual: unusual(view, Some(id), subject, &judged.uses)
            .iter()
            .map(|words| sentence(words))
            .collect(),
        demands: judged.sentence,
        approved: approvals(view, id, &then)
            .into_iter()
            .map(|approval| approval.officer)
            .collect(),
        waits: waiting(view, id, record),
        limits: judged.uses.iter().map(ToString::to_string).collect(),
        refused: judged.refused.into_iter().map(|one| one.words).collect(),
        expires: Some(record.proposal.expires.to_string()),
        words: domain::words::fingerprint(id)
            .into_iter()
            .map(str::to_owned)
            .collect(),
        ..blank(view, mode)
    }
}

fn from(view: &View, vault: VaultId) -> String {
    let treasury = view.treasury();
    match treasury.vaults.get(&vault) {
        Some(record) => format!(
            "{}, {}",
            record.plan.name(),
            network_words(record.plan.network())
        ),
        None => vault_name(treasury, vault),
    }
}

fn payments(view: &View, id: ProposalId, payouts: &[Payout]) -> Vec<SheetPayment> {
    let many = payouts.len() > 1;
    let legs = payouts
        .iter()
        .flat_map(|payout| payout.legs().iter().map(move |leg| (payout, leg)));
    legs.zip(notes(view, Some(id), payouts))
        .map(|((payout, leg), notes)| SheetPayment {
            amount: leg.amount.to_decimal(),
            asset: leg.amount.asset().to_string(),
            payee: leg.payee.as_ref().map(ToString::to_string),
            groups: groups(&leg.address),
            notes: notes.into_iter().map(str::to_owned).collect(),
            memo: if many {
                payout.memo().to_string()
            } else {
                String::new()
            },
        })
        .collect()
}

fn fee(payouts: &[Payout]) -> Option<String> {
    let highest = payouts
        .iter()
        .map(Payout::fee_cap)
        .max_by_key(|cap: &Amount| cap.units())?;
    Some(if payouts.len() > 1 {
        format!("at most {highest} for each payout")
    } else {
        format!("at most {highest}")
    })
}

fn decide(view: &View, id: ProposalId, keys: &[PluggedKey]) -> Answer<Sheet> {
    let record = known(view, id)?;
    let mut sheet = about(view, id, record, Mode::Decide);
    sheet.under = under_policy(view);
    let approved: Vec<OfficerId> = record
        .approvals
        .values()
        .map(domain::Approval::officer)
        .collect();
    let could = could_approve(view, id);
    sheet.officers = officers(view, keys, |officer, name| {
        if approved.contains(&officer) {
            return Err("has approved it already; one person counts once".to_owned());
        }
        if could.iter().any(|one| one == name) {
            return Ok(());
        }
        Err("the policy does not ask for this officer's approval".to_owned())
    });
    if !record.is_open() {
        sheet.obstacle = Some(format!(
            "It is {}: there is nothing left to approve or decline",
            Status::of(record).phrase()
        ));
    }
    Ok(sheet)
}

/// Whose approval would count now.
fn could_approve(view: &View, id: ProposalId) -> Vec<String> {
    match view.replay.authorise(view.treasury(), id, view.now) {
        Some(Err(treasury::NotAuthorised::Short(policy::Shortfall::Approvals {
            could_approve,
            ..
        }))) => could_approve.iter().map(ToString::to_string).collect(),
        _ => Vec::new(),
    }
}

/// The adoption under which an approval given now would count.
pub fn under_policy(view: &View) -> String {
    view.treasury().adoption.entry.to_string()
}

/// The plans that a release would name, in order, each with the payout it is of.
fn plans<'a>(
    view: &'a View,
    id: ProposalId,
    record: &'a ProposalRecord,
) -> Vec<(ProposalId, &'a PlanRecord)> {
    let treasury = view.treasury();
    let ids: Vec<ProposalId> = match &record.proposal.subject {
        Subject::Batch(_) | Subject::Sweep(_) => treasury
            .plans_to_release(id)
            .into_iter()
            .map(|(item, _)| item)
            .collect(),
        Subject::Cancel(cancel) => vec![cancel.payout],
        _ => vec![id],
    };
    ids.into_iter()
        .filter_map(|id| {
            let stage = treasury.proposals.get(&id)?.stage()?;
            match stage {
                PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _) => Some((id, plan)),
                PayoutStage::Signing(..)
                | PayoutStage::Signed { .. }
                | PayoutStage::Confirmed { .. }
                | PayoutStage::Reverted { .. }
                | PayoutStage::Replaced { .. } => None,
            }
        })
        .collect()
}

/// The exact transactions, as one id.
pub fn under_plans(view: &View, id: ProposalId) -> String {
    let Some(record) = view.treasury().proposals.get(&id) else {
        return String::new();
    };
    let entries: Vec<EntryId> = plans(view, id, record)
        .into_iter()
        .map(|(_, plan)| plan.entry)
        .collect();
    PlansHash::of(entries.into_iter()).to_string()
}

fn release(view: &View, id: ProposalId, keys: &[PluggedKey], is_open: IsOpen<'_>) -> Answer<Sheet> {
    let record = known(view, id)?;
    let mut sheet = about(view, id, record, Mode::Release);
    sheet.under = under_plans(view, id);
    let plans = plans(view, id, record);
    for (of, plan) in &plans {
        match transaction(view, *of, plan) {
            Ok(transaction) => sheet.transactions.push(transaction),
            Err(why) => sheet.obstacle = Some(why),
        }
    }
    let vault = plans
        .first()
        .and_then(|(of, _)| view.treasury().payout(*of))
        .map(|(_, payout)| payout.vault());
    match vault {
        None => sheet.obstacle = Some("There is nothing to open seats for now".to_owned()),
        Some(vault) => seats(view, vault, is_open, &mut sheet),
    }
    if plans
        .iter()
        .any(|(of, plan)| view.is_held(*of, plan.cancels))
    {
        sheet.obstacle = Some(
            "It is frozen: nothing is signed, so no seat is opened. A thaw needs the governance quorum"
                .to_owned(),
        );
    }
    let openers: Vec<String> = sheet
        .seats
        .iter()
        .flat_map(|seat| seat.officers.clone())
        .collect();
    sheet.officers = officers(view, keys, |_, name| {
        if openers.iter().any(|one| one == name) {
            Ok(())
        } else {
            Err("opens no seat of this vault".to_owned())
        }
    });
    Ok(sheet)
}

/// What one plan's bytes do. A payment of it that is not as it was approved is an obstacle: no seat
/// would sign it either.
fn transaction(view: &View, of: ProposalId, plan: &PlanRecord) -> Result<SheetTransaction, String> {
    let treasury = view.treasury();
    let (_, payout) = treasury
        .payout(of)
        .ok_or_else(|| "Its payout is gone".to_owned())?;
    let network = treasury
        .vaults
        .get(&payout.vault())
        .map(|vault| vault.plan.network())
        .ok_or_else(|| "Its vault is gone".to_owned())?;
    let done = effects(treasury, network, plan).map_err(|why| sentence(&why))?;
    if plan.cancels.is_none() && !is_as_approved(payout, &done) {
        return Err(
            "THE BYTES PAY SOMETHING ELSE THAN WHAT WAS APPROVED. Open no seat, and freeze the treasury"
                .to_owned(),
        );
    }
    let at_most = if plan.nonce().is_some() {
        "at most "
    } else {
        ""
    };
    let what = if plan.cancels.is_some() {
        ", pays nobody: it takes the payout's place"
    } else {
        ""
    };
    Ok(SheetTransaction {
        title: format!(
            "Version {}, fee {at_most}{}{what}",
            plan.version(),
            plan.fee
        ),
        id: plan.transaction.to_string(),
        pays: done
            .iter()
            .map(|effect| effect_payment(view, payout, effect))
            .collect(),
    })
}

fn is_as_approved(payout: &Payout, done: &[Effect]) -> bool {
    let paid: Vec<&Effect> = done.iter().filter(|effect| !effect.is_change).collect();
    paid.len() == payout.legs().len()
        && paid.iter().zip(payout.legs()).all(|(effect, leg)| {
            effect.to.as_ref() == Some(&leg.address) && effect.amount == leg.amount
        })
}

fn effect_payment(view: &View, payout: &Payout, effect: &Effect) -> SheetPayment {
    let payee = effect.to.as_ref().and_then(|to| {
        payout
            .legs()
            .iter()
            .find(|leg| leg.address == *to)
            .and_then(|leg| leg.payee.as_ref())
    });
    SheetPayment {
        amount: effect.amount.to_decimal(),
        asset: effect.amount.asset().to_string(),
        payee: if effect.is_change {
            Some(format!(
                "back to {}",
                vault_name(view.treasury(), payout.vault())
            ))
        } else {
            payee.map(ToString::to_string)
        },
        groups: effect
            .to
            .as_ref()
            .map_or_else(|| vec!["no".to_owned(), "address".to_owned()], groups),
        notes: Vec::new(),
        memo: String::new(),
    }
}

fn seats(view: &View, id: VaultId, is_open: IsOpen<'_>, sheet: &mut Sheet) {
    let treasury = view.treasury();
    let Some(vault) = treasury.vaults.get(&id) else {
        return;
    };
    let usable = |seat: &&domain::Seat| !treasury.is_banned(id, seat.id);
    let mut ready = 0_usize;
    for seat in vault.plan.seats().iter().filter(usable) {
        let open = is_open(id, seat.id);
        let device = matches!(seat.kind, SeatKind::Device);
        if open || (device && view.home.seat(id, seat.id).exists()) {
            ready = ready.saturating_add(1);
        }
        if device {
            continue;
        }
        sheet.seats.push(SheetSeat {
            name: seat.name.to_string(),
            words: wording::proposal::seat_words(treasury, seat),
            officers: seat
                .kind
                .officers()
                .iter()
                .filter(|officer| treasury.active_officer(**officer).is_some())
                .map(|officer| view.name(*officer))
                .collect(),
            takes: seat.kind.openers().into(),
            open,
        });
    }
    let threshold = usize::from(vault.plan.threshold());
    sheet.seats_missing = convert::count(threshold.saturating_sub(ready));
}

fn freeze(view: &View, scope: &Scope, keys: &[PluggedKey]) -> Sheet {
    Sheet {
        kind: "freeze".to_owned(),
        summary: view.scope_words(scope),
        officers: officers(view, keys, |_, _| Ok(())),
        ..blank(view, Mode::Freeze)
    }
}

/// Active officers, those with a key here first, then those who may act.
fn officers(
    view: &View,
    keys: &[PluggedKey],
    may: impl Fn(OfficerId, &str) -> Result<(), String>,
) -> Vec<SheetOfficer> {
    let mut officers: Vec<SheetOfficer> = view
        .treasury()
        .officers
        .iter()
        .filter(|(_, record)| record.active)
        .map(|(id, record)| {
            let name = record.officer.name.to_string();
            let judged = may(*id, &name);
            SheetOfficer {
                serial: record.officer.serial,
                plugged: keys.iter().any(|key| key.serial == record.officer.serial),
                may: judged.is_ok(),
                why_not: judged.err(),
                name,
            }
        })
        .collect();
    officers.sort_by(|a, b| (!a.plugged, !a.may, &a.name).cmp(&(!b.plugged, !b.may, &b.name)));
    officers
}
