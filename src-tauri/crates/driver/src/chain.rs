//! The Bitcoin side of the driver: wallets, plans, broadcasts, and what the chain shows.

use std::collections::BTreeSet;
use std::time::Duration;

use bitcoin::Transaction;
use bitcoin::consensus::encode::deserialize;
use btc::{
    Acceptance, BroadcastError, Cancel, FeeBounds, Node, NodeAuth, NodeConfig, RpcPassword,
    SyncEnd, Wallet, WalletDb,
};
use domain::act::{Freeze, Scope};
use domain::{Act, FeeRate, Network, Note, ProposalId, VaultId};
use plans::TxRef;
use treasury::{Anchor, PayoutStage, PlanRecord, ProposalRecord, Treasury, VaultRecord};

use crate::crash::CrashPoint;
use crate::draft::Draft;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::machine::Driver;
use crate::seats::note;
use crate::sights::{sighting, sights};

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
    Signed(ProposalId, TxRef),
    /// Seats did not sign.
    NotSigned(ProposalId, String),
    /// A session or key generation that was cut off is closed.
    Closed(String),
    /// The node took the transaction.
    Broadcast(ProposalId, TxRef),
    /// The node did not take it.
    NotBroadcast(ProposalId, String),
    /// On its way: blocks on it so far, and how many are needed.
    Confirming(ProposalId, u32, u32),
    /// Final.
    Confirmed(ProposalId, TxRef, u32),
    /// Final, but it did nothing: only its fee is gone.
    Reverted(ProposalId, TxRef, u32),
    /// Final: the transaction that cancels the payout. Nobody was paid.
    Cancelled(ProposalId, TxRef, u32),
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
    pub(crate) fn node(&self, network: Network) -> Result<Node, DriverError> {
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

    pub(crate) async fn draft_bitcoin(
        &self,
        treasury: &Treasury,
        draft: &Draft<'_>,
    ) -> Result<Act, DriverError> {
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self
            .wallet(&db, draft.payout.vault(), draft.vault, treasury)
            .await?;
        at_tip(&wallet).await?;
        let rate = self.fee_rate(&wallet, draft.floor()).await?;
        let anchor = match draft.anchor {
            Some(Anchor::Outpoint(outpoint)) => Some(outpoint),
            Some(Anchor::Nonce(_)) | None => None,
        };
        let confirmations = draft.vault.plan.confirmations();
        let candidate = match (draft.cancel, anchor) {
            (Some((_, cap)), Some(anchor)) => {
                wallet.build_cancel(cap, rate, anchor, confirmations).await
            }
            (Some(_), None) => {
                return Err(DriverError::NotNow("there is nothing to cancel".to_owned()));
            }
            (None, anchor) => {
                let reserved = treasury.reserved_outpoints(Some(draft.id));
                let payout = draft.payout;
                if draft.is_transfer() {
                    { wallet.build_joined(payout, rate, &reserved, anchor, confirmations) }.await
                } else {
                    { wallet.build(payout, rate, &reserved, anchor, confirmations) }.await
                }
            }
        }
        .map_err(bitcoin_error)?;
        db.close().await;
        let planned = candidate.planned(draft.names(), draft.version);
        Ok(Act::Planned(Box::new(planned)))
    }

    /// What transactions pay now for their size, and at least the floor.
    pub(crate) async fn fee_rate(
        &self,
        wallet: &Wallet,
        floor: FeeRate,
    ) -> Result<FeeRate, DriverError> {
        let settings = self.settings.bitcoin.as_ref();
        let highest = settings.map_or(500, |b| b.highest_fee_rate);
        let bounds = FeeBounds {
            target: TARGET_BLOCKS,
            floor: FLOOR.max(floor),
            cap: FeeRate::from_sat_per_vb(highest),
        };
        wallet.estimate_fee(bounds).await.map_err(bitcoin_error)
    }

    /// Hands signed bytes to the node.
    pub(crate) async fn broadcast(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
    ) -> Result<TxRef, DriverError> {
        let treasury = ledger.treasury()?.clone();
        let (record, payout) = treasury
            .payout(id)
            .ok_or_else(|| DriverError::NotNow("there is no such payout".to_owned()))?;
        let Some(PayoutStage::Signed {
            plan, transaction, ..
        }) = record.stage()
        else {
            return Err(DriverError::NotNow("it is not signed, or final".to_owned()));
        };
        let vault_record = treasury
            .vaults
            .get(&payout.vault())
            .ok_or_else(|| DriverError::NotNow("the vault is gone".to_owned()))?;
        match vault_record.plan.network() {
            Network::Evm(chain) => self.send_evm(chain, plan, transaction).await?,
            Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
                self.send_bitcoin(&treasury, payout.vault(), vault_record, plan, transaction)
                    .await?;
            }
        }
        self.keepers.crash.reach(CrashPoint::Sent);
        ledger.record(Act::Broadcast(sighting(plan))).await?;
        self.keepers.crash.reach(CrashPoint::BroadcastAppended);
        Ok(plan.transaction)
    }

    /// Sends after the node agreed that it would take the transaction.
    async fn send_bitcoin(
        &self,
        treasury: &Treasury,
        vault: VaultId,
        record: &VaultRecord,
        plan: &PlanRecord,
        transaction: &[u8],
    ) -> Result<(), DriverError> {
        let transaction: Transaction = deserialize(transaction).map_err(bitcoin_error)?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, vault, record, treasury).await?;
        if let Acceptance::Refused { reason } = wallet
            .test_accept(&transaction)
            .await
            .map_err(bitcoin_error)?
        {
            return Err(DriverError::Bitcoin(format!(
                "the node would not take transaction {} ({reason}); it was not sent and no money moved, but the signed bytes stay valid: look at the plan's inputs before anything new is paid",
                plan.transaction
            )));
        }
        match wallet.broadcast(&transaction).await {
            // The cache could not note it, but it is out: the journal says so.
            Ok(_) | Err(BroadcastError::Noting { .. }) => {}
            Err(other) => return Err(bitcoin_error(other)),
        }
        db.close().await;
        Ok(())
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
        for (id, record) in treasury.vaults.iter().filter(|(_, record)| {
            record.key().is_some() && record.plan.network().to_bitcoin().is_some()
        }) {
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
                if ours {
                    self.look(ledger, *payout, proposal, record, &wallet, events)
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
        let signed: BTreeSet<TxRef> = treasury.signed_transactions();
        for outgoing in wallet.outgoing().await {
            if signed.contains(&TxRef::Bitcoin(outgoing.txid)) {
                continue;
            }
            let reason = note(&format!(
                "transaction {} spends the vault's coins, but this journal did not sign it",
                outgoing.txid
            ));
            self.freeze_vault(ledger, id, &reason, events).await?;
        }
        Ok(())
    }

    /// Freezes a vault for what this machine saw, once for each sight.
    pub(crate) async fn freeze_vault(
        &self,
        ledger: &mut Ledger,
        id: VaultId,
        reason: &Note,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?;
        if treasury.alarms.contains(reason.as_str()) {
            return Ok(());
        }
        let freeze = Freeze {
            scope: Scope::Vault(id),
            head: treasury.head,
            reason: reason.clone(),
        };
        ledger.record(Act::Frozen(freeze)).await?;
        events.push(Event::Froze(reason.to_string()));
        Ok(())
    }

    /// Looks where each version of a payout is that could be in the chain.
    async fn look(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
        record: &ProposalRecord,
        vault: &VaultRecord,
        wallet: &Wallet,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let Some(Anchor::Outpoint(anchor)) = record.anchor() else {
            return Ok(());
        };
        for one in sights(record) {
            let transaction: Transaction = deserialize(one.bytes).map_err(bitcoin_error)?;
            let status = match wallet.status(anchor, &transaction).await {
                Ok(status) => status,
                Err(trouble) => {
                    events.push(Event::NodeTrouble(trouble.to_string()));
                    return Ok(());
                }
            };
            let needed = vault.plan.confirmations();
            let seen = one.seen(record, status, needed);
            if self
                .note_sight(ledger, id, &one, seen, needed, events)
                .await?
            {
                break;
            }
        }
        Ok(())
    }
}

/// Transaction and block ids as people read them.
pub(crate) fn reversed(mut bytes: [u8; 32]) -> Vec<u8> {
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

pub(crate) fn not_ready(record: &VaultRecord) -> DriverError {
    DriverError::NotNow(format!(
        "vault {} has no key yet; generate it with `countersign vault keygen`",
        record.plan.name()
    ))
}
