//! What is planned next: a payout's first version, a bump of it, or the transaction that cancels it.

use bitcoin::Transaction;
use bitcoin::consensus::encode::deserialize;
use domain::{Amount, FeeRate, Network, Payout, ProposalId, Subject};
use treasury::{Anchor, Bundle, PlanBody, PlanRecord, ProposalRecord, Treasury, VaultRecord};

use crate::crash::CrashPoint;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::machine::Driver;

impl Driver {
    /// Builds, checks and records the plan of an approved payout, or of an approved cancel of one.
    pub(crate) async fn plan(
        &self,
        ledger: &mut Ledger,
        proposal: ProposalId,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?.clone();
        let draft = Draft::of(&treasury, proposal)?;
        self.plan_draft(ledger, &treasury, &draft).await
    }

    /// Plans a further version of a payout that is signed or was being signed, at a higher fee: the same
    /// legs, within the approved cap. It stands on the approvals that the first version had.
    pub async fn bump(&self, id: ProposalId) -> Result<(), DriverError> {
        let mut ledger = self.ledger().await?;
        let treasury = ledger.treasury()?.clone();
        let draft = Draft::of(&treasury, id)?;
        if draft.anchor.is_none() {
            return Err(DriverError::NotNow(
                "no version of it was signed yet, so there is nothing to raise the fee of"
                    .to_owned(),
            ));
        }
        self.plan_draft(&mut ledger, &treasury, &draft).await
    }

    async fn plan_draft(
        &self,
        ledger: &mut Ledger,
        treasury: &Treasury,
        draft: &Draft<'_>,
    ) -> Result<(), DriverError> {
        let act = match draft.vault.plan.network() {
            Network::Evm(chain) => self.draft_evm(treasury, draft, chain).await?,
            Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
                self.draft_bitcoin(treasury, draft).await?
            }
        };
        self.keepers.crash.reach(CrashPoint::PlanBuilt);
        ledger.record(act).await?;
        self.keepers.crash.reach(CrashPoint::PlanAppended);
        Ok(())
    }
}

/// What is to be planned: a payout's next version, or the transaction that cancels one.
pub(crate) struct Draft<'a> {
    /// The payout.
    pub id: ProposalId,
    pub record: &'a ProposalRecord,
    pub payout: &'a Payout,
    pub vault: &'a VaultRecord,
    /// The cancel, and the most that it may cost.
    pub cancel: Option<(ProposalId, Amount)>,
    pub anchor: Option<Anchor>,
    pub version: u32,
}

impl<'a> Draft<'a> {
    fn of(treasury: &'a Treasury, proposal: ProposalId) -> Result<Self, DriverError> {
        let missing = || DriverError::NotNow("there is no such payout".to_owned());
        let named = treasury.proposals.get(&proposal).ok_or_else(missing)?;
        let (id, cancel) = match &named.proposal.subject {
            Subject::Cancel(cancel) => (cancel.payout, Some((proposal, cancel.fee_cap))),
            _ => (proposal, None),
        };
        let (record, payout) = treasury.payout(id).ok_or_else(missing)?;
        let vault = treasury
            .vaults
            .get(&payout.vault())
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        let highest = record.versions().map(PlanRecord::version).max();
        Ok(Self {
            id,
            record,
            payout,
            vault,
            cancel,
            anchor: record.anchor(),
            version: highest.unwrap_or_default().saturating_add(1),
        })
    }

    /// Planned payouts of the same batch or sweep that come before this one and take a nonce of its account.
    pub fn ahead(&self, treasury: &Treasury) -> u64 {
        let Some(place) = self.record.batch else {
            return 0;
        };
        let before = treasury
            .items(place.batch)
            .take_while(|(id, _)| *id != self.id);
        let same = |item: &ProposalRecord| {
            let payout = item.proposal.subject.payout();
            payout.is_some_and(|payout| payout.account() == self.payout.account())
        };
        before
            .filter(|(_, item)| item.is_open() && item.stage().is_some() && same(item))
            .count() as u64
    }

    /// Whether it moves money within the vault only.
    pub fn is_transfer(&self) -> bool {
        let place = self.record.batch;
        place.is_some_and(|place| place.bundle == Bundle::Sweep)
    }

    /// The most that the version may cost.
    pub fn fee_cap(&self) -> Amount {
        self.cancel
            .map_or_else(|| self.payout.fee_cap(), |(_, cap)| cap)
    }

    /// What the plan's entry names.
    pub fn names(&self) -> ProposalId {
        self.cancel.map_or(self.id, |(cancel, _)| cancel)
    }

    /// The least fee rate that replaces what may be out: what nodes ask on top (BIP125's rule 4, 1
    /// sat/vB for the new one's own size), with room for a size that differs.
    pub fn floor(&self) -> FeeRate {
        let rate = |plan: &PlanRecord| match (&plan.body, plan.fee) {
            (PlanBody::Bitcoin(planned), Amount::Btc(fee)) => {
                let size = deserialize::<Transaction>(&planned.transaction.0)
                    .map(|tx| signed_size(&tx))
                    .unwrap_or(1);
                FeeRate::from_sat_per_kvb(fee.get().saturating_mul(1000).div_ceil(size.max(1)))
            }
            (PlanBody::Bitcoin(_) | PlanBody::Evm(_), _) => FeeRate::from_sat_per_kvb(0),
        };
        let before = self.record.begun().map(rate).max();
        before.map_or(FeeRate::from_sat_per_kvb(0), |rate| {
            FeeRate::from_sat_per_kvb(rate.sat_per_kvb().saturating_add(2000))
        })
    }
}

/// Virtual bytes with one key-path signature an input.
fn signed_size(transaction: &Transaction) -> u64 {
    let witnesses = (transaction.input.len() as u64).saturating_mul(66);
    transaction
        .weight()
        .to_wu()
        .saturating_add(2)
        .saturating_add(witnesses)
        .div_ceil(4)
}
