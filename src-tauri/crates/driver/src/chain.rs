//! The Bitcoin side of the driver: wallets, plans, broadcasts, and what the chain shows.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::consensus::encode::deserialize;
use bitcoin::hashes::Hash as _;
use bitcoin::{Transaction, Txid};
use btc::{
    Acceptance, Balance, BroadcastError, Cancel, ChainStatus, FeeBounds, Node, NodeAuth,
    NodeConfig, RpcPassword, SyncEnd, SyncProgress, SyncReport, Wallet, WalletDb,
};
use domain::act::{ChildPath, Confirmation, Freeze, Scope, Sighting};
use domain::roster::HexBytes;
use domain::{Act, BtcAddress, FeeRate, Name, Network, ProposalId, VaultId};
use treasury::{Broadcasting, Decision, PayoutStage, Treasury, VaultRecord};

use crate::crash::CrashPoint;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::machine::{Driver, vault};
use crate::seats::note;

/// The node answers within this or counts as down.
const NODE_PATIENCE: Duration = Duration::from_secs(20);
/// Payouts confirm within about an hour at this many blocks.
const TARGET_BLOCKS: u16 = 6;
/// Never below the usual relay minimum.
const FLOOR: FeeRate = FeeRate::from_sat_per_vb(1);

/// What happened in a turn, for the person who watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A proposal's time passed.
    Lapsed(ProposalId),
    /// A change is in force.
    Enacted(ProposalId),
    /// A payout's transaction is fixed.
    Planned(ProposalId),
    /// A payout can't be planned yet.
    NotPlanned(ProposalId, String),
    /// Seats signed.
    Signed(ProposalId, Txid),
    /// Seats did not sign.
    NotSigned(ProposalId, String),
    /// A session or key generation that was cut off is closed.
    Closed(String),
    /// The node took the transaction.
    Broadcast(ProposalId, Txid),
    /// The node did not take it.
    NotBroadcast(ProposalId, String),
    /// On its way: blocks on it so far, and how many are needed.
    Confirming(ProposalId, u32, u32),
    /// Final.
    Confirmed(ProposalId, Txid, u32),
    /// Its block left the chain.
    Reorged(ProposalId),
    /// The node no longer knows it; the same bytes go out again.
    Dropped(ProposalId),
    /// Another transaction took its anchor.
    Replaced(ProposalId, String),
    /// The machine froze the treasury.
    Froze(String),
    /// The node can't be asked.
    NodeTrouble(String),
}

impl Driver {
    fn node(&self, network: Network) -> Result<Node, DriverError> {
        let settings = self.settings.bitcoin.as_ref().ok_or_else(|| {
            DriverError::Bitcoin("no Bitcoin node is set; set the company's own with `countersign settings bitcoin URL`".to_owned())
        })?;
        let auth = match (&settings.user, &settings.password, &settings.cookie) {
            (_, _, Some(cookie)) => NodeAuth::CookieFile(cookie.clone()),
            (Some(user), Some(password), None) => NodeAuth::UserPass {
                user: user.clone(),
                password: RpcPassword::new(password.clone()),
            },
            (_, _, None) => {
                return Err(DriverError::Bitcoin(
                    "the node's settings name neither a cookie file nor user and password"
                        .to_owned(),
                ));
            }
        };
        let config = NodeConfig::new(settings.url.clone(), auth).map_err(bitcoin_error)?;
        Ok(Node::new(config.patience(NODE_PATIENCE), network))
    }

    /// A vault's wallet; asks the node nothing yet.
    pub(crate) async fn wallet(
        &self,
        db: &WalletDb,
        id: VaultId,
        record: &VaultRecord,
        treasury: &Treasury,
    ) -> Result<Wallet, DriverError> {
        let view = record.view(id).ok_or_else(|| not_ready(record))?;
        let birthday = treasury
            .proposals
            .get(&ProposalId::from_bytes(*id.as_bytes()))
            .map_or(treasury.time, |p| p.proposed);
        let node = self.node(record.plan.network())?;
        Wallet::open(db, node, view, birthday)
            .await
            .map_err(bitcoin_error)
    }

    /// A fresh address of a vault.
    pub async fn address(&self, name: &Name) -> Result<(ChildPath, BtcAddress), DriverError> {
        let replay = self.view().await?;
        let treasury = replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("nothing is founded".to_owned()))?;
        let (id, record) = vault(treasury, name)?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, id, record, treasury).await?;
        let address = wallet.receive_address().await.map_err(bitcoin_error)?;
        db.close().await;
        Ok(address)
    }

    /// What a vault holds, after reading the chain.
    pub async fn balance(
        &self,
        name: &Name,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
        cancel: &Cancel,
    ) -> Result<(Balance, SyncReport), DriverError> {
        let replay = self.view().await?;
        let treasury = replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("nothing is founded".to_owned()))?;
        let (id, record) = vault(treasury, name)?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, id, record, treasury).await?;
        let report = wallet.sync(progress, cancel).await.map_err(bitcoin_error)?;
        let balance = wallet.balance().await.map_err(bitcoin_error)?;
        db.close().await;
        Ok((balance, report))
    }

    /// Builds, checks and records the plan of an approved payout.
    pub(crate) async fn plan(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?.clone();
        let (record, payout) = treasury
            .payout(id)
            .ok_or_else(|| DriverError::NotNow("there is no such payout".to_owned()))?;
        let vault_record = treasury
            .vaults
            .get(&payout.vault())
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self
            .wallet(&db, payout.vault(), vault_record, &treasury)
            .await?;
        at_tip(&wallet).await?;
        let highest = self
            .settings
            .bitcoin
            .as_ref()
            .map_or(500, |b| b.highest_fee_rate);
        let bounds = FeeBounds {
            target: TARGET_BLOCKS,
            floor: FLOOR,
            cap: FeeRate::from_sat_per_vb(highest),
        };
        let rate = wallet.estimate_fee(bounds).await.map_err(bitcoin_error)?;
        let reserved = treasury.reserved_outpoints(Some(id));
        let candidate = wallet
            .build(
                payout,
                rate,
                &reserved,
                None,
                vault_record.plan.confirmations(),
            )
            .await
            .map_err(bitcoin_error)?;
        db.close().await;
        self.keepers.crash.reach(CrashPoint::PlanBuilt);
        let version = match &record.decision {
            Decision::Payout(stage) => stage.plan().planned.version.saturating_add(1),
            Decision::Open
            | Decision::Declined { .. }
            | Decision::Lapsed
            | Decision::Enacted(_) => 1,
        };
        ledger
            .record(Act::Planned(Box::new(candidate.planned(id, version))))
            .await?;
        self.keepers.crash.reach(CrashPoint::PlanAppended);
        Ok(())
    }

    /// Hands signed bytes to the node, after the node agreed that it would take them.
    pub(crate) async fn broadcast(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
    ) -> Result<Txid, DriverError> {
        let treasury = ledger.treasury()?.clone();
        let (record, payout) = treasury
            .payout(id)
            .ok_or_else(|| DriverError::NotNow("there is no such payout".to_owned()))?;
        let Decision::Payout(stage) = &record.decision else {
            return Err(DriverError::NotNow("it is not signed".to_owned()));
        };
        let PayoutStage::Signed {
            plan, transaction, ..
        } = stage.as_ref()
        else {
            return Err(DriverError::NotNow("it is not signed, or final".to_owned()));
        };
        let vault_record = treasury
            .vaults
            .get(&payout.vault())
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        let transaction: Transaction = deserialize(transaction).map_err(bitcoin_error)?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self
            .wallet(&db, payout.vault(), vault_record, &treasury)
            .await?;
        if let Acceptance::Refused { reason } = wallet
            .test_accept(&transaction)
            .await
            .map_err(bitcoin_error)?
        {
            return Err(DriverError::Bitcoin(format!(
                "the node would not take transaction {} ({reason}); it was not sent and no money moved, but the signed bytes stay valid: look at the plan's inputs before anything new is paid",
                plan.txid
            )));
        }
        let txid = match wallet.broadcast(&transaction).await {
            // The cache could not note it, but it is out: the journal says so.
            Ok(txid) | Err(BroadcastError::Noting { txid, .. }) => txid,
            Err(other) => return Err(bitcoin_error(other)),
        };
        db.close().await;
        self.keepers.crash.reach(CrashPoint::Sent);
        let sighting = Sighting {
            plan: plan.entry,
            txid: HexBytes(plan.txid_bytes().to_vec()),
        };
        ledger.record(Act::Broadcast(sighting)).await?;
        self.keepers.crash.reach(CrashPoint::BroadcastAppended);
        Ok(txid)
    }

    /// Reads the chain for every ready vault and records what it shows.
    pub(crate) async fn watch(
        &self,
        ledger: &mut Ledger,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?.clone();
        if treasury.candidate.is_some() || self.settings.bitcoin.is_none() {
            return Ok(());
        }
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        for (id, record) in treasury
            .vaults
            .iter()
            .filter(|(_, record)| record.key().is_some())
        {
            let wallet = self.wallet(&db, *id, record, &treasury).await?;
            if let Err(trouble) = at_tip(&wallet).await {
                events.push(Event::NodeTrouble(trouble.to_string()));
                continue;
            }
            self.freeze_if_foreign(ledger, &treasury, *id, &wallet, events)
                .await?;
            for (payout, proposal) in &treasury.proposals {
                let ours = proposal
                    .proposal
                    .subject
                    .payout()
                    .is_some_and(|p| p.vault() == *id);
                if let (true, Decision::Payout(stage)) = (ours, &proposal.decision) {
                    self.look(ledger, *payout, stage, record, &wallet, events)
                        .await?;
                }
            }
        }
        db.close().await;
        Ok(())
    }

    /// Every transaction that spends the vault's coins has a `Signed` entry; one that has not was made
    /// by somebody else, or by a journal newer than this one. Freeze, and say so.
    async fn freeze_if_foreign(
        &self,
        ledger: &mut Ledger,
        treasury: &Treasury,
        id: VaultId,
        wallet: &Wallet,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let signed: BTreeSet<Txid> = treasury.signed_txids();
        for outgoing in wallet.outgoing().await {
            if signed.contains(&outgoing.txid) {
                continue;
            }
            let reason = note(&format!(
                "transaction {} spends the vault's coins, but this journal did not sign it",
                outgoing.txid
            ));
            if treasury.alarms.contains(reason.as_str()) {
                continue;
            }
            let freeze = Freeze {
                scope: Scope::Vault(id),
                head: ledger.treasury()?.head,
                reason: reason.clone(),
            };
            ledger.record(Act::Frozen(freeze)).await?;
            events.push(Event::Froze(reason.to_string()));
        }
        Ok(())
    }

    async fn look(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
        stage: &PayoutStage,
        vault: &VaultRecord,
        wallet: &Wallet,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let (plan, bytes) = match stage {
            PayoutStage::Signed {
                plan, transaction, ..
            }
            | PayoutStage::Confirmed {
                plan, transaction, ..
            } => (plan, transaction),
            // Not signed here; but its anchor can be spent by another.
            PayoutStage::Aborted(plan, _) => (plan, &plan.planned.transaction.0),
            PayoutStage::Planned(_) | PayoutStage::Signing(..) | PayoutStage::Replaced { .. } => {
                return Ok(());
            }
        };
        let Some(anchor) = plan.spends.first() else {
            return Ok(());
        };
        let transaction: Transaction = deserialize(bytes).map_err(bitcoin_error)?;
        let status = match wallet.status(*anchor, &transaction).await {
            Ok(status) => status,
            Err(trouble) => {
                events.push(Event::NodeTrouble(trouble.to_string()));
                return Ok(());
            }
        };
        let needed = vault.plan.confirmations();
        let sighting = || Sighting {
            plan: plan.entry,
            txid: HexBytes(plan.txid_bytes().to_vec()),
        };
        let act = match (stage, status) {
            (
                PayoutStage::Confirmed { place, .. },
                ChainStatus::InBlock {
                    hash,
                    confirmations,
                    ..
                },
            ) if place.block.0 == reversed(hash.to_byte_array()) && confirmations > 0 => {
                return Ok(());
            }
            (PayoutStage::Confirmed { .. }, _) => {
                events.push(Event::Reorged(id));
                Act::Reorged(sighting())
            }
            (
                PayoutStage::Aborted(..),
                ChainStatus::InBlock { .. } | ChainStatus::Mempool | ChainStatus::Unseen,
            ) => return Ok(()),
            (
                _,
                ChainStatus::InBlock {
                    height,
                    hash,
                    confirmations,
                },
            ) if confirmations >= needed => {
                self.keepers.crash.reach(CrashPoint::ConfirmationSeen);
                events.push(Event::Confirmed(id, plan.txid, height));
                let Sighting { plan, txid } = sighting();
                Act::Confirmed(Confirmation {
                    plan,
                    txid,
                    block: HexBytes(reversed(hash.to_byte_array())),
                    height,
                })
            }
            (_, ChainStatus::InBlock { confirmations, .. }) => {
                events.push(Event::Confirming(id, confirmations, needed));
                return Ok(());
            }
            (_, ChainStatus::Conflicted { by, confirmations }) if confirmations >= needed => {
                events.push(Event::Replaced(id, by.to_string()));
                let Sighting { plan, txid } = sighting();
                Act::Replaced {
                    plan,
                    txid,
                    by: HexBytes(reversed(by.to_byte_array())),
                }
            }
            (
                PayoutStage::Signed {
                    broadcast: Broadcasting::Out,
                    ..
                },
                ChainStatus::Unseen,
            ) => {
                events.push(Event::Dropped(id));
                Act::Dropped(sighting())
            }
            (_, ChainStatus::Mempool) => {
                events.push(Event::Confirming(id, 0, needed));
                return Ok(());
            }
            (_, ChainStatus::Unseen | ChainStatus::Conflicted { .. }) => return Ok(()),
        };
        ledger.record(act).await?;
        Ok(())
    }
}

/// Transaction and block ids as people read them.
fn reversed(mut bytes: [u8; 32]) -> Vec<u8> {
    bytes.reverse();
    bytes.to_vec()
}

/// Reads the chain to its tip: nothing is decided on a stale view.
pub(crate) async fn at_tip(wallet: &Wallet) -> Result<(), DriverError> {
    let report = wallet
        .sync(&mut |_| {}, &Cancel::new())
        .await
        .map_err(bitcoin_error)?;
    match report.end {
        SyncEnd::AtTip => Ok(()),
        SyncEnd::TipMoving | SyncEnd::Cancelled => Err(DriverError::Bitcoin(
            "the chain moved while it was read; try again".to_owned(),
        )),
    }
}

pub(crate) fn bitcoin_error(error: impl std::fmt::Display) -> DriverError {
    DriverError::Bitcoin(error.to_string())
}

fn not_ready(record: &VaultRecord) -> DriverError {
    DriverError::NotNow(format!(
        "vault {} has no key yet; generate it with `countersign vault keygen`",
        record.plan.name()
    ))
}
