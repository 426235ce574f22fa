//! Where wallets keep what they saw: change sets in a SQLite file of their own.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use bdk_wallet::chain::Merge;
use bdk_wallet::{AsyncWalletPersister, ChangeSet};
use domain::id::VaultId;
use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

/// Rows of one vault after which they are merged into one when the wallet is opened.
const COMPACT_ABOVE: usize = 200;

/// The wallets' database: one file for all vaults, a cache that can be deleted.
#[derive(Debug, Clone)]
pub struct WalletDb {
    pool: SqlitePool,
    path: PathBuf,
}

/// A database that can't be used. No money hangs on it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file can't be opened, read or written.
    #[error(
        "the wallets' cache `{path}` can't be used ({source}); the money is safe: free space or rights, or delete the file and it is rebuilt from the node"
    )]
    Database {
        /// The file.
        path: PathBuf,
        /// What the database said.
        source: sqlx::Error,
    },
    /// Written by another version, or damaged.
    #[error(
        "the wallets' cache `{path}` is of another version or damaged ({reason}); the money is safe: delete the file and it is rebuilt from the node"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

impl WalletDb {
    /// Opens or creates the file.
    pub async fn open(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A change set lost in a power cut is seen again at the next sync.
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(Duration::from_secs(10));
        let pool = SqlitePoolOptions::new()
            .max_connections(2)
            .connect_with(options)
            .await
            .map_err(|source| StoreError::Database {
                path: path.to_owned(),
                source,
            })?;
        sqlx::migrate!("./migrations")
            .run(&pool)
            .await
            .map_err(|error| StoreError::Damaged {
                path: path.to_owned(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            pool,
            path: path.to_owned(),
        })
    }

    /// Closes the file; wallets that use it fail from here.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn store(&self, vault: VaultId) -> Store {
        Store {
            db: self.clone(),
            vault: vault.to_string(),
        }
    }
}

/// One vault's rows.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    db: WalletDb,
    vault: String,
}

impl Store {
    async fn load(&self) -> Result<ChangeSet, StoreError> {
        let rows: Vec<(String,)> =
            sqlx::query_as("SELECT body FROM wallet_changeset WHERE vault = ?1 ORDER BY seq")
                .bind(&self.vault)
                .fetch_all(&self.db.pool)
                .await
                .map_err(|error| self.fault(error))?;
        let mut all = ChangeSet::default();
        for (body,) in &rows {
            all.merge(self.read(body)?);
        }
        if rows.len() > COMPACT_ABOVE {
            self.compact(&all).await?;
        }
        Ok(all)
    }

    fn read(&self, body: &str) -> Result<ChangeSet, StoreError> {
        serde_json::from_str(body).map_err(|error| self.damaged(error.to_string()))
    }

    fn write(&self, changes: &ChangeSet) -> Result<String, StoreError> {
        serde_json::to_string(changes).map_err(|error| self.damaged(error.to_string()))
    }

    pub(crate) async fn append(&self, changes: &ChangeSet) -> Result<(), StoreError> {
        if changes.is_empty() {
            return Ok(());
        }
        sqlx::query(
            "INSERT INTO wallet_changeset (vault, seq, body) \
             SELECT ?1, coalesce(max(seq), 0) + 1, ?2 FROM wallet_changeset WHERE vault = ?1",
        )
        .bind(&self.vault)
        .bind(self.write(changes)?)
        .execute(&self.db.pool)
        .await
        .map_err(|error| self.fault(error))?;
        Ok(())
    }

    async fn compact(&self, all: &ChangeSet) -> Result<(), StoreError> {
        let body = self.write(all)?;
        let fault = |error| self.fault(error);
        let mut transaction = self.db.pool.begin().await.map_err(fault)?;
        sqlx::query("DELETE FROM wallet_changeset WHERE vault = ?1")
            .bind(&self.vault)
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        sqlx::query("INSERT INTO wallet_changeset (vault, seq, body) VALUES (?1, 1, ?2)")
            .bind(&self.vault)
            .bind(body)
            .execute(&mut *transaction)
            .await
            .map_err(fault)?;
        transaction.commit().await.map_err(fault)
    }

    fn fault(&self, source: sqlx::Error) -> StoreError {
        StoreError::Database {
            path: self.db.path.clone(),
            source,
        }
    }

    pub(crate) fn damaged(&self, reason: String) -> StoreError {
        StoreError::Damaged {
            path: self.db.path.clone(),
            reason: reason.chars().take(200).collect(),
        }
    }
}

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl AsyncWalletPersister for Store {
    type Error = StoreError;

    fn initialize<'a>(persister: &'a mut Self) -> Pending<'a, ChangeSet>
    where
        Self: 'a,
    {
        Box::pin(persister.load())
    }

    fn persist<'a>(persister: &'a mut Self, changes: &'a ChangeSet) -> Pending<'a, ()>
    where
        Self: 'a,
    {
        Box::pin(persister.append(changes))
    }
}
