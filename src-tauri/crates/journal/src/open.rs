//! Making and opening a journal, and judging whether the file fits its anchor.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::LinkId;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::Mutex;

use crate::anchor::{Anchor, AnchorStore, AnchoredHead, Crash, KeeperError};
use crate::chain::{BadEntry, Chain, Row, Why};
use crate::database::{self, DatabaseError};
use crate::fault::Fault;
use crate::journal::{Inner, Journal, Keepers, ReadError};
use crate::lock::{self, Lock, LockError};

/// Why a journal can't be made or opened at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is a file already.
    #[error("`{}` is there already; a new journal never replaces a file", .0.display())]
    AlreadyThere(PathBuf),
    /// There is no file.
    #[error("there is no journal at `{}`; found a treasury, or restore a backup", .0.display())]
    Missing(PathBuf),
    /// Somebody else has it.
    #[error("the journal `{}` is in use by {holder}; only one program at a time may write it", path.display())]
    InUse {
        /// The journal.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The folder can't be used.
    #[error("the journal's folder can't be used: {0}; check that it exists and can be written")]
    Io(#[from] io::Error),
    /// SQLite can't open or write the file.
    #[error(
        "the journal's file can't be opened for writing: {0}; nothing is decided or signed without it, check the disk"
    )]
    Database(#[source] sqlx::Error),
    /// Another kind of file.
    #[error("`{}` is not a journal of Countersign", .0.display())]
    NotAJournal(PathBuf),
    /// A newer program wrote it.
    #[error(
        "the journal's file has schema version {0}, this program knows version 1; use the newer program that wrote it"
    )]
    NewerFormat(i64),
    /// SQLite does not work as safely as demanded.
    #[error(
        "sqlite runs with `{name}` = `{actual}` here, which could lose what was acknowledged; use a local disk, not a network share"
    )]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is.
        actual: String,
    },
    /// Tables or triggers are not as this program made them.
    #[error(
        "`{0}` in the journal's file is not as this program made it: somebody changed its tables or triggers; keep the file as evidence and restore the latest good backup"
    )]
    Schema(String),
    /// The keyring does not answer.
    #[error(
        "the keyring did not give or take the journal's anchor: {0}; unlock it and try again, nothing is lost"
    )]
    Anchor(#[source] KeeperError),
    /// A new journal where an old one was.
    #[error(
        "the keyring already holds the anchor of a journal that should be here; restore that journal instead of making a new one"
    )]
    StrayAnchor,
}

impl Journal {
    /// Makes an empty journal where none is and none was.
    pub async fn create(
        path: &Path,
        anchors: Arc<dyn AnchorStore>,
        crash: Arc<dyn Crash>,
    ) -> Result<Self, OpenError> {
        let keepers = Keepers { anchors, crash };
        let lock = lock(path)?;
        if path.try_exists()? {
            return Err(OpenError::AlreadyThere(path.to_owned()));
        }
        match keepers.load_anchor().await.map_err(OpenError::Anchor)? {
            None | Some(Anchor::Empty) => {}
            Some(Anchor::Head(_)) => return Err(OpenError::StrayAnchor),
        }
        let connection = database::create(path).await.map_err(at(path))?;
        sync_folder(path)?;
        keepers
            .store_anchor(Anchor::Empty)
            .await
            .map_err(OpenError::Anchor)?;
        Ok(assemble(
            path,
            keepers,
            connection,
            Chain::new(),
            None,
            lock,
        ))
    }

    /// Opens a journal and compares it with its anchor.
    ///
    /// A file that is damaged or does not fit its anchor opens faulted ([`Journal::fault`]): it can
    /// be read and exported, never appended to. One entry more than anchored is what a process leaves
    /// that ended between the two writes; if its signatures hold, it is anchored here.
    pub async fn open(
        path: &Path,
        anchors: Arc<dyn AnchorStore>,
        crash: Arc<dyn Crash>,
    ) -> Result<Self, OpenError> {
        let lock = lock(path)?;
        Self::open_locked(path, Keepers { anchors, crash }, lock).await
    }

    pub(crate) async fn open_locked(
        path: &Path,
        keepers: Keepers,
        lock: Lock,
    ) -> Result<Self, OpenError> {
        if !path.try_exists()? {
            return Err(OpenError::Missing(path.to_owned()));
        }
        let mut connection = database::open(path).await.map_err(at(path))?;
        let damage = database::damage(&mut connection).await.map(Fault::Damaged);
        let anchor = keepers.load_anchor().await.map_err(OpenError::Anchor)?;
        let mut journal = assemble(path, keepers, connection, Chain::new(), damage, lock);
        let mut walk = Walk::from_anchor(anchor);
        let inner = journal.inner.get_mut();
        let read = inner.walk(|row| walk.take(&row)).await;
        let judged = match read {
            Ok(()) => walk.judge(),
            Err(ReadError::BadEntry(bad)) => Err(Fault::BadEntry(bad)),
            Err(ReadError::Database(error)) => Err(Fault::BadEntry(
                walk.chain.bad(Why::Unreadable(error.to_string())),
            )),
        };
        inner.chain = walk.chain;
        match judged {
            _ if journal.fault.is_some() => {}
            Err(fault) => journal.fault = Some(fault),
            Ok(Fit::Anchored) => {}
            Ok(Fit::OneAhead) => {
                let anchor = inner.chain.anchor();
                let stored = journal.keepers.store_anchor(anchor).await;
                stored.map_err(OpenError::Anchor)?;
            }
        }
        Ok(journal)
    }
}

/// Reads a journal from its start and keeps what the anchor is compared with.
#[derive(Clone)]
pub(crate) struct Walk {
    pub(crate) chain: Chain,
    anchor: Option<Anchor>,
    at_anchor: Option<(LinkId, [u8; 32])>,
    every_signature: bool,
}

/// How a sound journal fits its anchor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fit {
    /// Exactly.
    Anchored,
    /// The last entry's anchor was not stored any more.
    OneAhead,
}

impl Walk {
    /// Checks signatures of entries beyond the anchor only: up to it, every stored byte is compared
    /// with what this machine anchored after it had checked them.
    pub(crate) fn from_anchor(anchor: Option<Anchor>) -> Self {
        Self {
            chain: Chain::new(),
            anchor,
            at_anchor: None,
            every_signature: false,
        }
    }

    /// Checks every signature: for entries that come from outside.
    pub(crate) fn from_outside(anchor: Option<Anchor>) -> Self {
        Self {
            every_signature: true,
            ..Self::from_anchor(anchor)
        }
    }

    fn anchored(&self) -> Option<&AnchoredHead> {
        match &self.anchor {
            Some(Anchor::Head(head)) => Some(head),
            Some(Anchor::Empty) | None => None,
        }
    }

    /// Takes the next row.
    pub(crate) fn take(&mut self, row: &Row) -> Result<(), BadEntry> {
        let entry = self.chain.read(row)?;
        let sequence = entry.sequence();
        let covered = self
            .anchored()
            .is_some_and(|head| sequence <= head.sequence);
        if self.every_signature || !covered {
            self.chain.verify(&entry)?;
        }
        self.chain.push(row, &entry);
        if self
            .anchored()
            .is_some_and(|head| head.sequence == sequence)
        {
            self.at_anchor = Some((entry.link.id(), *self.chain.rows()));
        }
        Ok(())
    }

    /// Compares the whole with the anchor.
    pub(crate) fn judge(&self) -> Result<Fit, Fault> {
        let entries = self.chain.next();
        let Some(anchor) = &self.anchor else {
            return match entries {
                0 => Ok(Fit::OneAhead),
                _ => Err(Fault::AnchorMissing { entries }),
            };
        };
        let covered = match anchor {
            Anchor::Empty => 0,
            Anchor::Head(head) => {
                self.judge_head(head)?;
                head.sequence.saturating_add(1)
            }
        };
        match entries.saturating_sub(covered) {
            0 => Ok(Fit::Anchored),
            1 => Ok(Fit::OneAhead),
            _ => Err(Fault::Unanchored {
                entries,
                anchored: covered,
            }),
        }
    }

    fn judge_head(&self, head: &AnchoredHead) -> Result<(), Fault> {
        let sequence = head.sequence;
        if self.chain.treasury().is_some_and(|id| id != head.treasury) {
            return Err(Fault::OtherTreasury);
        }
        let Some((link, rows)) = &self.at_anchor else {
            return Err(Fault::RolledBack {
                entries: self.chain.next(),
                anchored: sequence,
            });
        };
        if *link != head.link {
            return Err(Fault::Forked { sequence });
        }
        if head.rows.0 != rows {
            return Err(Fault::Altered { sequence });
        }
        Ok(())
    }
}

pub(crate) fn lock(path: &Path) -> Result<Lock, OpenError> {
    lock::take(path).map_err(|error| match error {
        LockError::Held(holder) => OpenError::InUse {
            path: path.to_owned(),
            holder,
        },
        LockError::Io(error) => OpenError::Io(error),
    })
}

/// Makes the names in the journal's folder durable. Windows does so itself.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        std::fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}

pub(crate) fn at(path: &Path) -> impl FnOnce(DatabaseError) -> OpenError + '_ {
    |error| match error {
        DatabaseError::Sqlite(error) => OpenError::Database(error),
        DatabaseError::Migrate(sqlx::migrate::MigrateError::Execute(error)) => {
            OpenError::Database(error)
        }
        DatabaseError::Migrate(error) => OpenError::Schema(error.to_string()),
        DatabaseError::NotAJournal => OpenError::NotAJournal(path.to_owned()),
        DatabaseError::Newer(version) => OpenError::NewerFormat(version),
        DatabaseError::Setting { name, actual } => OpenError::Setting { name, actual },
        DatabaseError::Schema(name) => OpenError::Schema(name),
    }
}

fn assemble(
    path: &Path,
    keepers: Keepers,
    connection: SqliteConnection,
    chain: Chain,
    fault: Option<Fault>,
    lock: Lock,
) -> Journal {
    Journal {
        path: path.to_owned(),
        keepers,
        fault,
        inner: Mutex::new(Inner {
            connection,
            chain,
            unfinished: false,
            _lock: lock,
        }),
    }
}
