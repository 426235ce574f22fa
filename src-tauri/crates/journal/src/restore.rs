//! A new journal from an export.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::entry::{SignedBody, SignedLink};
use sqlx::Connection as _;

use crate::anchor::{Anchor, AnchorStore, Crash, KeeperError};
use crate::chain::Row;
use crate::database;
use crate::export::{VerifyError, read_export};
use crate::fault::Fault;
use crate::journal::{Journal, Keepers};
use crate::open::{OpenError, Walk, at, lock, sync_folder};

/// Why an export was not restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The export is not good.
    #[error("nothing was restored: {0}")]
    Export(#[from] VerifyError),
    /// The export has no entry.
    #[error("nothing was restored: the export is of an empty journal")]
    Empty,
    /// This machine has seen more, or other, than the export holds.
    #[error(
        "nothing was restored: this machine's keyring knows a journal that the export does not hold: {0}"
    )]
    Anchored(Fault),
    /// The file can't be made.
    #[error("nothing was restored: {0}")]
    Open(#[from] OpenError),
    /// Files can't be moved or removed.
    #[error("nothing was restored: {0}")]
    Io(#[from] io::Error),
    /// The new file can't be written.
    #[error("nothing was restored: the journal's file can't be written: {0}; check the disk")]
    Database(#[from] sqlx::Error),
    /// The keyring does not answer.
    #[error(
        "nothing was restored: the keyring did not give or take the anchor: {0}; unlock it and try again"
    )]
    Anchor(#[source] KeeperError),
}

impl Journal {
    /// Makes a journal from an export, where none is. Every signature is checked first; the times of
    /// first sight are kept. An export that lacks what this machine's keyring has anchored is refused:
    /// restoring it would forget payments.
    pub async fn restore(
        path: &Path,
        export: &Path,
        anchors: Arc<dyn AnchorStore>,
        crash: Arc<dyn Crash>,
    ) -> Result<Self, RestoreError> {
        let keepers = Keepers { anchors, crash };
        let lock = lock(path)?;
        if path.try_exists()? {
            return Err(OpenError::AlreadyThere(path.to_owned()).into());
        }
        let known = keepers.load_anchor().await.map_err(RestoreError::Anchor)?;
        let source = export.to_owned();
        let (rows, anchor) = tokio::task::spawn_blocking(move || read(&source, known))
            .await
            .map_err(io::Error::other)??;
        // Built beside its place and moved there when whole and anchored: a crash before leaves no
        // journal, and the same restore can be tried again.
        let building = beside(path);
        remove_leftovers(&building)?;
        write(&building, &rows).await?;
        keepers
            .store_anchor(anchor)
            .await
            .map_err(RestoreError::Anchor)?;
        keepers.crash.reach("journal.restore_anchored");
        std::fs::rename(&building, path)?;
        sync_folder(path)?;
        Ok(Self::open_locked(path, keepers, lock).await?)
    }
}

/// Reads and judges the export.
fn read(export: &Path, known: Option<Anchor>) -> Result<(Vec<Row>, Anchor), RestoreError> {
    let file = File::open(export).map_err(VerifyError::Io)?;
    let has_anchor = known.is_some();
    let mut walk = Walk::from_outside(known);
    let mut rows = Vec::new();
    read_export(BufReader::new(file), &mut walk, |row| rows.push(row))?;
    if rows.is_empty() {
        return Err(RestoreError::Empty);
    }
    match walk.judge() {
        // An export may be any number of entries ahead of what this machine knew, and a new machine
        // knows nothing.
        Ok(_) | Err(Fault::Unanchored { .. }) => {}
        Err(Fault::AnchorMissing { .. }) if !has_anchor => {}
        Err(fault) => return Err(RestoreError::Anchored(fault)),
    }
    Ok((rows, walk.chain.anchor()))
}

async fn write(path: &Path, rows: &[Row]) -> Result<(), RestoreError> {
    let mut connection = database::create(path).await.map_err(at(path))?;
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    for row in rows {
        database::insert(&mut transaction, &with_ids(row)?).await?;
    }
    transaction.commit().await?;
    // Closing moves the write-ahead log into the file, which then stands alone.
    connection.close().await?;
    // Opened for writing, since Windows syncs nothing else.
    File::options().write(true).open(path)?.sync_all()?;
    Ok(())
}

fn with_ids(row: &Row) -> Result<Row, RestoreError> {
    let unreadable = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    };
    let body = SignedBody::parse(&row.body).map_err(|e| unreadable(&e))?;
    let link = SignedLink::parse(&row.link).map_err(|e| unreadable(&e))?;
    Ok(Row {
        ids: Some((body.id().as_bytes().to_vec(), link.id().as_bytes().to_vec())),
        ..row.clone()
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".restoring");
    name.into()
}

fn remove_leftovers(building: &Path) -> io::Result<()> {
    for suffix in ["", "-wal", "-shm"] {
        let mut name = building.as_os_str().to_owned();
        name.push(suffix);
        match std::fs::remove_file(PathBuf::from(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}
