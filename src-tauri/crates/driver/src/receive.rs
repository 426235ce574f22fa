//! Where a vault is paid, and what it holds.

use btc::{Balance, Cancel, SyncProgress, SyncReport, Unswept, WalletDb};
use domain::act::ChildPath;
use domain::{Address, Name, Network};

use crate::chain::bitcoin_error;
use crate::deposits::Deposits;
use crate::error::DriverError;
use crate::evm::account_at;
use crate::machine::{Driver, vault};

/// What a Bitcoin vault holds.
#[derive(Debug, Clone)]
pub struct BtcHoldings {
    /// In all.
    pub balance: Balance,
    /// Of it what lies on addresses other than the main one.
    pub unswept: Option<Unswept>,
    /// As of which block.
    pub report: SyncReport,
}

impl Driver {
    /// Where a vault is paid: on Bitcoin a fresh address; on an EVM chain the main account, or the
    /// deposit account of that number.
    pub async fn address(
        &self,
        name: &Name,
        deposit: Option<u32>,
    ) -> Result<(ChildPath, Address), DriverError> {
        let replay = self.view().await?;
        let treasury = replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("nothing is founded".to_owned()))?;
        let (id, record) = vault(treasury, name)?;
        if let Network::Evm(_) = record.plan.network() {
            let path = ChildPath::new(ChildPath::RECEIVE, deposit.unwrap_or_default())
                .map_err(|e| DriverError::NotNow(e.to_string()))?;
            let shown = account_at(id, record, path)?;
            Deposits::read(&self.home, id)?.show(&self.home, id, path.index())?;
            return Ok((path, shown.into()));
        }
        if deposit.is_some() {
            return Err(DriverError::NotNow(
                "on Bitcoin every address is shown once, in order: leave the number out".to_owned(),
            ));
        }
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, id, record, treasury).await?;
        let (path, address) = wallet.receive_address().await.map_err(bitcoin_error)?;
        db.close().await;
        Ok((path, address.into()))
    }

    /// What a Bitcoin vault holds, after reading the chain.
    pub async fn balance(
        &self,
        name: &Name,
        progress: &mut (dyn FnMut(SyncProgress) + Send),
        cancel: &Cancel,
    ) -> Result<BtcHoldings, DriverError> {
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
        let unswept = wallet.unswept().await.map_err(bitcoin_error)?;
        db.close().await;
        Ok(BtcHoldings {
            balance,
            unswept,
            report,
        })
    }
}
