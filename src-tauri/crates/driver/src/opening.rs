//! Officers open sealed shares with their keys' slot 82.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::act::{BatchRelease, Release};
use domain::seal::{SecretBytes, ShareBinding};
use domain::{Act, Author, Name, Officer, PlansHash, ProposalId, Seat, SeatKind, Span, Subject};
use keys::CardError;
use keys::hpke::SharedSecret;
use keys::sealed::{OpenError, Piece, SealedFile, combine_each, open_hardware, open_piece};
use mpc::KeyShare;
use treasury::{Decision, IllegalEntry, PayoutStage, PlanRecord, Treasury};

use crate::acts::{known, overtaken, sign, words};
use crate::crash::CrashPoint;
use crate::desk::{Desk, DeskError, Purpose};
use crate::error::DriverError;
use crate::machine::{Driver, OpenShare, officer};
use crate::seats::{binding, share};

/// An opened share lives no longer than this.
const RELEASE_LASTS: Span = Span::from_secs(600);

impl Driver {
    /// Officers open one seat for the plan of one payout: each signs a `Released` entry, then opens
    /// the share or a piece of it. The share stays in memory until it has signed or the release ends.
    pub async fn release(
        &mut self,
        id: ProposalId,
        seat: Option<&Name>,
        by: &[Name],
        desk: &mut dyn Desk,
    ) -> Result<Name, DriverError> {
        let found = self.seat_to_release(id, seat, by).await?;
        let purpose = Purpose(format!(
            "open seat {} to sign {}",
            found.seat.name,
            words(id)
        ));
        let mut until = None;
        for who in &found.officers {
            let mut tries = 0;
            let expires = loop {
                let outcome = self.write_release(&found, who, &purpose, desk).await;
                if !overtaken(&outcome, &mut tries) {
                    break outcome?;
                }
            };
            self.keepers.crash.reach(CrashPoint::ReleaseAppended);
            until = Some(until.map_or(expires, |until: domain::Timestamp| until.min(expires)));
        }
        let record = found
            .treasury
            .vaults
            .get(&found.vault)
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        let file = self.sealed_file(found.vault, record, found.seat.id)?;
        let plain = match &found.seat.kind {
            SeatKind::Device => {
                return Err(share(
                    found.seat.name.as_str(),
                    "a device seat needs no release",
                ));
            }
            SeatKind::Hardware { .. } => match found.officers.first() {
                Some(who) => open_by_one(&file, &found.binding, &found.seat, who, &purpose, desk)?,
                None => return Err(share(found.seat.name.as_str(), "no officer was named")),
            },
            SeatKind::Recovery { .. } => {
                let mut all = open_by_pieces(
                    &file,
                    &found.binding,
                    &found.seat,
                    &found.officers,
                    &purpose,
                    desk,
                )?;
                all.pop()
                    .ok_or_else(|| share(found.seat.name.as_str(), "no pieces were opened"))?
            }
        };
        let key = record
            .key()
            .ok_or_else(|| share(found.seat.name.as_str(), "the vault has no key"))?;
        let open = KeyShare::open(&found.binding, plain, key)
            .map_err(|e| share(found.seat.name.as_str(), e))?;
        if let Some(until) = until {
            self.open_shares.insert(
                (found.vault, found.seat.id),
                OpenShare {
                    share: Arc::new(open),
                    until,
                },
            );
        }
        self.keepers.crash.reach(CrashPoint::SeatOpened);
        Ok(found.seat.name)
    }

    /// One officer's `Released` entry; gives when it ends.
    async fn write_release(
        &self,
        found: &Found,
        who: &Officer,
        purpose: &Purpose,
        desk: &mut dyn Desk,
    ) -> Result<domain::Timestamp, DriverError> {
        let ledger = self.ledger().await?;
        let expires = ledger.now()?.wall.plus(RELEASE_LASTS);
        let act = match found.plans {
            Released::Plan(plan) => Act::Released(Release {
                plan,
                seat: found.seat.id,
                expires,
            }),
            Released::Batch(batch, plans) => Act::BatchReleased(BatchRelease {
                batch,
                plans,
                seat: found.seat.id,
                expires,
            }),
        };
        let draft = ledger.draft(Author::Officer(who.id()), act)?;
        drop(ledger);
        let body = sign(draft, who, purpose, desk)?;
        self.ledger().await?.append(body).await?;
        Ok(expires)
    }

    async fn seat_to_release(
        &self,
        id: ProposalId,
        seat: Option<&Name>,
        by: &[Name],
    ) -> Result<Found, DriverError> {
        let ledger = self.ledger().await?;
        let treasury = ledger.treasury()?;
        let (id, cancels, vault, plans) = what_to_release(treasury, id)?;
        let vault_record = treasury
            .vaults
            .get(&vault)
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        let officers: Vec<Officer> = by
            .iter()
            .map(|name| officer(treasury, name).cloned())
            .collect::<Result<_, _>>()?;
        // Told before anybody touches a key.
        if treasury.is_held(vault, id, cancels) {
            return Err(IllegalEntry::Frozen.into());
        }
        let people: BTreeSet<_> = officers.iter().map(Officer::id).collect();
        if people.len() != officers.len() {
            return Err(DriverError::NotNow(
                "an officer is named twice: each piece is another person's".to_owned(),
            ));
        }
        let fits = |s: &&Seat| {
            seat.is_none_or(|name| s.name == *name)
                && !matches!(s.kind, SeatKind::Device)
                && officers
                    .iter()
                    .all(|who| s.kind.officers().contains(&who.id()))
                && (seat.is_some() || usize::from(s.kind.openers()) == officers.len())
        };
        let mut fitting = vault_record.plan.seats().iter().filter(fits);
        let seat = match (fitting.next(), fitting.next()) {
            (Some(seat), None) => seat.clone(),
            (Some(_), Some(_)) => {
                return Err(DriverError::NotNow(
                    "these officers open more than one seat: name it with --seat".to_owned(),
                ));
            }
            (None, _) => {
                return Err(DriverError::NotNow(format!(
                    "these officers open no seat of vault {} together; `countersign vault list` shows who opens what",
                    vault_record.plan.name()
                )));
            }
        };
        if officers.len() < usize::from(seat.kind.openers()) {
            let needed = seat.kind.openers();
            return Err(DriverError::NotNow(format!(
                "seat {} takes {needed} officers, {} were named",
                seat.name,
                officers.len()
            )));
        }
        let binding = binding(treasury, vault, vault_record, seat.id)
            .ok_or_else(|| DriverError::NotNow("the vault has no key yet".to_owned()))?;
        Ok(Found {
            treasury: treasury.clone(),
            vault,
            seat,
            officers,
            plans,
            binding,
        })
    }
}

struct Found {
    treasury: Treasury,
    vault: domain::VaultId,
    seat: Seat,
    officers: Vec<Officer>,
    plans: Released,
    binding: ShareBinding,
}

/// What a seat is opened for.
#[derive(Debug, Clone, Copy)]
enum Released {
    Plan(domain::EntryId),
    Batch(ProposalId, PlansHash),
}

/// The payout, the cancel that is signed for it, the vault and the plans: of a payout, of the payout that a
/// cancel is for, or of a batch or sweep.
fn what_to_release(
    treasury: &Treasury,
    id: ProposalId,
) -> Result<(ProposalId, Option<ProposalId>, domain::VaultId, Released), DriverError> {
    // A cancel is a version of its payout: its plan is the one that is opened for, and no other.
    let (id, cancels) = match &known(treasury, id)?.proposal.subject {
        Subject::Cancel(cancel) => (cancel.payout, Some(id)),
        Subject::Batch(batch) => {
            let plans = Released::Batch(id, plans_of_batch(treasury, id)?);
            return Ok((id, None, batch.vault(), plans));
        }
        Subject::Sweep(sweep) => {
            let plans = Released::Batch(id, plans_of_sweep(treasury, id)?);
            return Ok((id, None, sweep.vault(), plans));
        }
        _ => (id, None),
    };
    let record = known(treasury, id)?;
    let payout = record.proposal.subject.payout().ok_or_else(|| {
        DriverError::NotNow("only a payout, a batch, a sweep or a cancel is released".to_owned())
    })?;
    let plan = plan_to_release(record, treasury, cancels)?;
    let plans = Released::Plan(plan.entry);
    Ok((id, plan.cancels, payout.vault(), plans))
}

fn plans_of_batch(treasury: &Treasury, id: ProposalId) -> Result<PlansHash, DriverError> {
    let plans = treasury.plans_to_release(id);
    let mut open = treasury.items(id).filter(|(_, item)| item.is_open());
    if plans.is_empty() || open.any(|(_, item)| item.stage().is_none()) {
        return Err(DriverError::NotNow(
            "not every payout of the batch is planned, or all are signed; `countersign show` says what is missing"
                .to_owned(),
        ));
    }
    Ok(PlansHash::of(plans.iter().map(|(_, plan)| *plan)))
}

/// The transfers of a sweep go each on its own: those that wait now are released, later ones later.
fn plans_of_sweep(treasury: &Treasury, id: ProposalId) -> Result<PlansHash, DriverError> {
    let plans = treasury.plans_to_release(id);
    if plans.is_empty() {
        return Err(DriverError::NotNow(
            "no transfer of the sweep waits for a signature; `countersign show` says what is missing"
                .to_owned(),
        ));
    }
    Ok(PlansHash::of(plans.iter().map(|(_, plan)| *plan)))
}

/// The plan that waits for releases. Where a cancel was named, it has to be the plan of that one: nobody
/// opens a seat for a payment in the belief that it stops one.
fn plan_to_release<'a>(
    record: &'a treasury::ProposalRecord,
    treasury: &Treasury,
    cancels: Option<ProposalId>,
) -> Result<&'a PlanRecord, DriverError> {
    let why = match &record.decision {
        Decision::Payout(stage) if cancels.is_some() && stage.plan().cancels != cancels => {
            "no plan of this cancel waits; `countersign show` says what is missing".to_owned()
        }
        Decision::Payout(stage) => match stage.as_ref() {
            PayoutStage::Planned(plan) | PayoutStage::Aborted(plan, _) => return Ok(plan),
            PayoutStage::Signing(..) => "it is being signed".to_owned(),
            PayoutStage::Signed { .. }
            | PayoutStage::Confirmed { .. }
            | PayoutStage::Reverted { .. } => "it is signed already".to_owned(),
            PayoutStage::Replaced { .. } => "another transaction took its place".to_owned(),
        },
        Decision::Open => {
            "it is not approved and planned yet; `countersign show` says what is missing".to_owned()
        }
        Decision::Declined { by, .. } => format!("{} declined it", treasury.officer_name(*by)),
        Decision::Lapsed => "its time has passed".to_owned(),
        Decision::Enacted(_) => "it is in force".to_owned(),
    };
    Err(DriverError::NotNow(format!(
        "there is nothing to release: {why}"
    )))
}

/// One officer opens a hardware seat.
pub(crate) fn open_by_one(
    file: &SealedFile,
    binding: &ShareBinding,
    seat: &Seat,
    who: &Officer,
    purpose: &Purpose,
    desk: &mut dyn Desk,
) -> Result<SecretBytes, DriverError> {
    let mut problem = None;
    let opened = open_hardware(file, binding, &who.open, |sender| {
        agree(who, purpose, sender, desk, &mut problem)
    });
    finish(opened, seat, who, problem)
}

/// Officers open their pieces, and the pieces are put together: in sets of k that use every piece,
/// so that each piece given has proven itself.
pub(crate) fn open_by_pieces(
    file: &SealedFile,
    binding: &ShareBinding,
    seat: &Seat,
    officers: &[Officer],
    purpose: &Purpose,
    desk: &mut dyn Desk,
) -> Result<Vec<SecretBytes>, DriverError> {
    let mut pieces: Vec<Piece> = Vec::new();
    for who in officers {
        let mut problem = None;
        let opened = open_piece(file, binding, &who.open, |sender| {
            agree(who, purpose, sender, desk, &mut problem)
        });
        pieces.push(finish(opened, seat, who, problem)?);
    }
    combine_each(file, binding, pieces).map_err(|e| share(seat.name.as_str(), e))
}

/// The card's part of opening. The reason of a refusal is kept aside, since only cards have errors
/// of a card's type.
pub(crate) fn agree(
    who: &Officer,
    purpose: &Purpose,
    sender: &domain::PublicKey,
    desk: &mut dyn Desk,
    problem: &mut Option<DeskError>,
) -> Result<SharedSecret, CardError> {
    tokio::task::block_in_place(|| desk.agree(who, purpose, sender)).map_err(|error| {
        *problem = Some(error);
        CardError::Cancelled { serial: who.serial }
    })
}

fn finish<T>(
    opened: Result<T, OpenError>,
    seat: &Seat,
    who: &Officer,
    problem: Option<DeskError>,
) -> Result<T, DriverError> {
    match (opened, problem) {
        (Ok(opened), _) => Ok(opened),
        (Err(_), Some(problem)) => Err(crate::acts::failed(who, problem)),
        (Err(error), None) => Err(share(seat.name.as_str(), error)),
    }
}
