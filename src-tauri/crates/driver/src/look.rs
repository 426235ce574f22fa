//! Looking without acting: where a transaction is, and what a journal holds that may be faulted.

use std::path::Path;

use bitcoin::Transaction;
use bitcoin::consensus::encode::deserialize;
use btc::{ChainStatus, WalletDb};
use domain::{Network, ProposalId};
use journal::{Fault, Summary};
use treasury::{Anchor, PayoutStage};

use crate::chain::{at_tip, bitcoin_error};
use crate::error::DriverError;
use crate::evm::evm_error;
use crate::ledger::patiently;
use crate::machine::Driver;

impl Driver {
    /// Where the transaction of a payout is, after reading the chain; none before it is signed. Other
    /// kinds of chains are told by [`Driver::turn`].
    pub async fn whereabouts(&self, id: ProposalId) -> Result<Option<ChainStatus>, DriverError> {
        let replay = self.view().await?;
        let Some(treasury) = replay.treasury() else {
            return Ok(None);
        };
        let Some((record, payout)) = treasury.payout(id) else {
            return Ok(None);
        };
        let Some(
            PayoutStage::Signed { transaction, .. } | PayoutStage::Confirmed { transaction, .. },
        ) = record.stage()
        else {
            return Ok(None);
        };
        let (Some(Anchor::Outpoint(anchor)), Some(vault)) =
            (record.anchor(), treasury.vaults.get(&payout.vault()))
        else {
            return Ok(None);
        };
        let transaction: Transaction = deserialize(transaction).map_err(bitcoin_error)?;
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, payout.vault(), vault, treasury).await?;
        at_tip(&wallet).await?;
        let status = wallet
            .status(anchor, &transaction)
            .await
            .map_err(bitcoin_error)?;
        db.close().await;
        Ok(Some(status))
    }

    /// Whether the node of a network answers, is on the right chain and has caught up; gives its height.
    pub async fn check_node(&self, network: Network) -> Result<u64, DriverError> {
        match network.chain_id() {
            Some(chain) => {
                let tip = self.nodes(chain)?.check_chain().await;
                Ok(tip.map_err(evm_error)?.height)
            }
            None => self.node(network)?.check().await.map_err(bitcoin_error),
        }
    }

    /// Writes the journal to a new file that anybody can verify. A faulted journal is exported as it
    /// is, and its fault is given beside it.
    pub async fn export(&self, to: &Path) -> Result<(Summary, Option<Fault>), DriverError> {
        let journal = patiently(&self.home.journal(), &self.keepers).await?;
        let now = self.now()?;
        let summary = journal
            .export(to, now)
            .await
            .map_err(|error| DriverError::Backup(error.to_string()))?;
        Ok((summary, journal.fault().cloned()))
    }
}
