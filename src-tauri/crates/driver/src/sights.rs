//! What a look at the chain tells of the versions of a payout.

use bitcoin::hashes::Hash as _;
use btc::ChainStatus;
use domain::act::{Confirmation, Sighting};
use domain::roster::HexBytes;
use domain::{Act, ProposalId};
use plans::TxRef;
use treasury::{Broadcasting, PayoutStage, PlanRecord, ProposalRecord};

use crate::chain::{Event, reversed};
use crate::crash::CrashPoint;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::machine::Driver;

impl Driver {
    /// Records what was seen of one version; says whether the payout's stage changed by it.
    pub(crate) async fn note_sight(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
        one: &Sight<'_>,
        seen: Seen,
        needed: u32,
        events: &mut Vec<Event>,
    ) -> Result<bool, DriverError> {
        let plan = one.plan;
        let act = match seen {
            Seen::Nothing => return Ok(false),
            Seen::Confirming(confirmations) => {
                events.push(Event::Confirming(id, confirmations, needed));
                return Ok(false);
            }
            Seen::Final(place) => {
                self.keepers.crash.reach(CrashPoint::ConfirmationSeen);
                events.push(if plan.cancels.is_some() {
                    Event::Cancelled(id, plan.transaction, place.height)
                } else {
                    Event::Confirmed(id, plan.transaction, place.height)
                });
                Act::Confirmed(place)
            }
            Seen::Reverted(place) => {
                self.keepers.crash.reach(CrashPoint::ConfirmationSeen);
                events.push(Event::Reverted(id, plan.transaction, place.height));
                Act::Reverted(place)
            }
            Seen::Reorged => {
                events.push(Event::Reorged(id));
                Act::Reorged(sighting(plan))
            }
            Seen::Dropped => {
                events.push(Event::Dropped(id));
                Act::Dropped(sighting(plan))
            }
            Seen::Replaced(by, shown) => {
                events.push(Event::Replaced(id, shown));
                let Sighting { plan, txid } = sighting(plan);
                Act::Replaced {
                    plan,
                    txid,
                    by: HexBytes(by),
                }
            }
        };
        ledger.record(act).await?;
        Ok(true)
    }
}

/// A version whose transaction can be in the chain, or whose anchor can be taken by another.
pub(crate) struct Sight<'a> {
    pub plan: &'a PlanRecord,
    pub bytes: &'a [u8],
    /// Whether this machine holds a signature of it.
    pub signed: bool,
    /// Whether it is the present version.
    pub present: bool,
}

/// What a look at one version tells.
pub(crate) enum Seen {
    Nothing,
    Confirming(u32),
    Final(Confirmation),
    Reverted(Confirmation),
    Reorged,
    Dropped,
    Replaced(Vec<u8>, String),
}

/// The versions to look for, the present one first.
pub(crate) fn sights(record: &ProposalRecord) -> Vec<Sight<'_>> {
    let present = match record.stage() {
        Some(
            PayoutStage::Signed {
                plan, transaction, ..
            }
            | PayoutStage::Confirmed {
                plan, transaction, ..
            }
            | PayoutStage::Reverted {
                plan, transaction, ..
            },
        ) => Some((plan, transaction.as_slice(), true)),
        // Not signed here; but its anchor can be spent by another.
        Some(PayoutStage::Aborted(plan, _)) => Some((plan, plan.body.transaction(), false)),
        // Being signed, or at its end: nothing is looked for.
        Some(PayoutStage::Signing(..) | PayoutStage::Replaced { .. }) => return Vec::new(),
        Some(PayoutStage::Planned(_)) | None => None,
    };
    let settled = record.stage().is_some_and(PayoutStage::is_final);
    let earlier = record.earlier.iter().filter(|_| !settled);
    let earlier = earlier.filter_map(|one| {
        let (bytes, _) = one.signed.as_ref()?;
        Some((&one.plan, bytes.as_slice(), true))
    });
    let first = present.map(|found| (found, true));
    first
        .into_iter()
        .chain(earlier.map(|found| (found, false)))
        .map(|((plan, bytes, signed), present)| Sight {
            plan,
            bytes,
            signed,
            present,
        })
        .collect()
}

impl Sight<'_> {
    /// What the status of a Bitcoin transaction means for the payout.
    pub fn seen(&self, record: &ProposalRecord, status: ChainStatus, needed: u32) -> Seen {
        let place = |hash: &bitcoin::BlockHash, height| {
            let Sighting { plan, txid } = sighting(self.plan);
            Confirmation {
                plan,
                txid,
                block: HexBytes(reversed(hash.to_byte_array())),
                height,
            }
        };
        let stage = record.stage();
        match (stage, status) {
            (
                Some(PayoutStage::Confirmed { place, .. }),
                ChainStatus::InBlock {
                    hash,
                    confirmations,
                    ..
                },
            ) if place.block.0 == reversed(hash.to_byte_array()) && confirmations > 0 => {
                Seen::Nothing
            }
            (Some(PayoutStage::Confirmed { .. }), _) => Seen::Reorged,
            (
                _,
                ChainStatus::InBlock {
                    height,
                    hash,
                    confirmations,
                },
            ) if self.signed && confirmations >= needed => Seen::Final(place(&hash, height)),
            (_, ChainStatus::InBlock { confirmations, .. }) if self.signed => {
                Seen::Confirming(confirmations)
            }
            (_, ChainStatus::Conflicted { by, confirmations })
                if self.present
                    && confirmations >= needed
                    && record
                        .versions()
                        .all(|one| one.transaction != TxRef::Bitcoin(by)) =>
            {
                Seen::Replaced(reversed(by.to_byte_array()), by.to_string())
            }
            (
                Some(PayoutStage::Signed {
                    broadcast: Broadcasting::Out,
                    ..
                }),
                ChainStatus::Unseen,
            ) if self.present => Seen::Dropped,
            (_, ChainStatus::Mempool) if self.signed => Seen::Confirming(0),
            (
                _,
                ChainStatus::InBlock { .. }
                | ChainStatus::Mempool
                | ChainStatus::Unseen
                | ChainStatus::Conflicted { .. },
            ) => Seen::Nothing,
        }
    }
}

/// A version and its transaction, as an entry names them.
pub(crate) fn sighting(plan: &PlanRecord) -> Sighting {
    Sighting {
        plan: plan.entry,
        txid: HexBytes(plan.transaction.bytes().to_vec()),
    }
}
