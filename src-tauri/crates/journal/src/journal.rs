//! An open journal: reading, and the one way to append.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::entry::{EntryError, LinkDraft, SignedBody};
use domain::{Entry, EntryId, LinkId, Timestamp, TreasuryId};
use sqlx::Connection as _;
use sqlx::sqlite::SqliteConnection;
use tokio::sync::Mutex;

use crate::anchor::{Anchor, AnchorStore, AnchoredHead, Crash, KeeperError, LinkSigner};
use crate::chain::{BadEntry, Chain, Row, Why};
use crate::clock::ClockMark;
use crate::database;
use crate::fault::Fault;
use crate::lock::Lock;

/// The journal of one treasury on one machine. Made by [`Journal::create`], [`Journal::open`] and
/// [`Journal::restore`].
pub struct Journal {
    pub(crate) path: PathBuf,
    pub(crate) keepers: Keepers,
    pub(crate) fault: Option<Fault>,
    pub(crate) inner: Mutex<Inner>,
}

/// What the journal needs from outside its file.
#[derive(Clone)]
pub(crate) struct Keepers {
    pub(crate) anchors: Arc<dyn AnchorStore>,
    pub(crate) crash: Arc<dyn Crash>,
}

pub(crate) struct Inner {
    // Before the lock: fields drop in order, and the file is closed before others may open it.
    pub(crate) connection: SqliteConnection,
    pub(crate) chain: Chain,
    /// An append began whose outcome in file or keyring is not known to be complete.
    pub(crate) unfinished: bool,
    pub(crate) _lock: Lock,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal")
            .field("path", &self.path)
            .field("fault", &self.fault)
            .finish_non_exhaustive()
    }
}

/// The journal's last entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Its place, counted from 0.
    pub sequence: u64,
    /// Its link.
    pub link: LinkId,
    /// The later of its own time and the time it was first seen.
    pub time: Timestamp,
}

/// Why entries can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// An entry is not what it should be.
    #[error(transparent)]
    BadEntry(#[from] BadEntry),
    /// The file can't be read.
    #[error("the journal's file can't be read: {0}; nothing is decided without it, check the disk")]
    Database(#[from] sqlx::Error),
}

/// Why an entry was not appended, or how far it came.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The journal is faulted.
    #[error("not appended: {0}")]
    Faulted(Fault),
    /// An earlier append was cut short.
    #[error(
        "not appended: an earlier append was cut short, and the journal must be opened anew to see whether it is stored"
    )]
    NeedsReopen,
    /// The body is stored already; nothing is to be done.
    #[error("not appended: entry {0} is already in the journal, where it occurs once")]
    AlreadyThere(EntryId),
    /// Something else was appended since the caller looked.
    #[error(
        "not appended: the journal went on since this was decided; read the new entries and decide again"
    )]
    HeadMoved {
        /// The head that the caller saw.
        expected: Option<LinkId>,
        /// The head.
        actual: Option<LinkId>,
    },
    /// The clock is behind the journal.
    #[error(
        "not appended: the clock shows {now}, but the journal's last entry is of {head}; set this machine's clock right"
    )]
    ClockBehind {
        /// What the clock shows.
        now: Timestamp,
        /// The effective time of the last entry.
        head: Timestamp,
    },
    /// The author's clock is ahead; stored, the entry would hold up all others until then.
    #[error(
        "not appended: the entry is of {body}, but the clock here shows {now}; set the clock of whoever signed it right"
    )]
    FromTheFuture {
        /// The body's own time.
        body: Timestamp,
        /// What the clock shows.
        now: Timestamp,
    },
    /// It would not read back as a good entry.
    #[error("not appended: {0}")]
    Refused(Why),
    /// The machine's key did not sign.
    #[error("not appended: this machine's key did not sign the link: {0}; nothing is stored")]
    Signer(#[source] KeeperError),
    /// The machine's signature is none.
    #[error("not appended: the link can't be made: {0}; nothing is stored")]
    Link(#[from] EntryError),
    /// The file is not as this process left it.
    #[error(
        "not appended: another program wrote to the journal's file behind this one's back; close all and open the journal anew"
    )]
    OtherWriter,
    /// The disk refused; nothing is stored.
    #[error(
        "not appended, nothing is stored: the journal's file can't be written: {0}; check that the disk has room and can be written, then try again"
    )]
    NotStored(#[source] sqlx::Error),
    /// The disk failed in the middle.
    #[error(
        "it is not known whether the entry is stored: writing the journal's file failed at the end: {0}; check the disk and open the journal anew, which tells. Until then nothing is signed or sent"
    )]
    Unsure(#[source] sqlx::Error),
    /// Stored, but the keyring does not know.
    #[error(
        "entry {sequence} is stored, but the keyring did not take its anchor: {error}; unlock the keyring and open the journal anew before anything else"
    )]
    StoredNotAnchored {
        /// The place of the stored entry.
        sequence: u64,
        /// What the keyring said.
        #[source]
        error: KeeperError,
    },
}

impl Journal {
    /// Where its file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Why nothing may be appended, if so. A faulted journal is read and exported only.
    pub const fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The last entry that read well; none in an empty journal.
    pub async fn head(&self) -> Option<Head> {
        let inner = self.inner.lock().await;
        Some(Head {
            sequence: inner.chain.next().checked_sub(1)?,
            link: inner.chain.head()?,
            time: inner.chain.latest()?,
        })
    }

    /// The treasury, once it is founded.
    pub async fn treasury(&self) -> Option<TreasuryId> {
        self.inner.lock().await.chain.treasury()
    }

    /// Appends a signed body: links it, stores both durably, anchors the new head.
    ///
    /// On return the entry is on disk and anchored. `expected_head` is the head on which the caller
    /// decided; `now` is what this machine's clock shows and becomes the time first seen. Do not
    /// cancel: an append that was cut short makes the journal refuse until it is opened anew.
    pub async fn append(
        &self,
        body: SignedBody,
        expected_head: Option<LinkId>,
        now: Timestamp,
        signer: &dyn LinkSigner,
    ) -> Result<Entry, AppendError> {
        if let Some(fault) = &self.fault {
            return Err(AppendError::Faulted(fault.clone()));
        }
        let mut inner = self.inner.lock().await;
        if inner.unfinished {
            return Err(AppendError::NeedsReopen);
        }
        check(&inner.chain, &body, expected_head, now)?;
        let row = draw_up(&inner.chain, &body, now, signer)?;
        let entry = read_back(&inner.chain, &row)?;
        inner.unfinished = true;
        match inner.store(&row, self.keepers.crash.as_ref()).await {
            Ok(()) => {}
            Err(Unstored::Clean(error)) => {
                inner.unfinished = false;
                return Err(error);
            }
            Err(Unstored::Unsure(error)) => return Err(AppendError::Unsure(error)),
        }
        inner.chain.push(&row, &entry);
        let anchored = self.keepers.store_anchor(inner.chain.anchor()).await;
        anchored.map_err(|error| AppendError::StoredNotAnchored {
            sequence: entry.sequence(),
            error,
        })?;
        self.keepers.crash.reach("journal.anchored");
        inner.unfinished = false;
        Ok(entry)
    }

    /// All entries from a place on, each parsed strictly from its stored bytes and checked against
    /// the one before.
    pub async fn entries(&self, from: u64) -> Result<Vec<Entry>, ReadError> {
        let mut inner = self.inner.lock().await;
        let mut chain = Chain::new();
        let mut entries = Vec::new();
        inner
            .walk(|row| {
                let entry = chain.read(&row)?;
                chain.push(&row, &entry);
                if entry.sequence() >= from {
                    entries.push(entry);
                }
                Ok(())
            })
            .await?;
        Ok(entries)
    }

    /// Reads everything anew and checks every signature by the keys that the entries name.
    pub async fn verify(&self) -> Result<Option<Head>, ReadError> {
        let mut chain = Chain::new();
        let mut inner = self.inner.lock().await;
        inner
            .walk(|row| {
                let entry = chain.read(&row)?;
                chain.verify(&entry)?;
                chain.push(&row, &entry);
                Ok(())
            })
            .await?;
        drop(inner);
        Ok(self.head().await)
    }

    /// The latest stored reading of the clocks.
    pub async fn clock_mark(&self) -> Result<Option<ClockMark>, ReadError> {
        let mut inner = self.inner.lock().await;
        Ok(database::clock_mark(&mut inner.connection).await?)
    }

    /// Stores a reading of the clocks in place of the one before.
    pub async fn mark_clock(&self, mark: &ClockMark) -> Result<(), ReadError> {
        let mut inner = self.inner.lock().await;
        Ok(database::set_clock_mark(&mut inner.connection, mark).await?)
    }

    /// Closes the file in good order and lets others open it.
    pub async fn close(self) -> Result<(), ReadError> {
        let Inner {
            connection, _lock, ..
        } = self.inner.into_inner();
        connection.close().await?;
        Ok(())
    }
}

impl Chain {
    /// What the keyring is to hold for this chain.
    pub(crate) fn anchor(&self) -> Anchor {
        match (self.next().checked_sub(1), self.head(), self.treasury()) {
            (Some(sequence), Some(link), Some(treasury)) => Anchor::Head(AnchoredHead {
                sequence,
                link,
                treasury,
                rows: domain::roster::HexBytes(self.rows().to_vec()),
            }),
            _ => Anchor::Empty,
        }
    }
}

impl Keepers {
    pub(crate) async fn load_anchor(&self) -> Result<Option<Anchor>, KeeperError> {
        let anchors = Arc::clone(&self.anchors);
        tokio::task::spawn_blocking(move || anchors.load()).await?
    }

    pub(crate) async fn store_anchor(&self, anchor: Anchor) -> Result<(), KeeperError> {
        let anchors = Arc::clone(&self.anchors);
        tokio::task::spawn_blocking(move || anchors.store(&anchor)).await?
    }
}

/// How an entry was not stored.
enum Unstored {
    /// Certainly not.
    Clean(AppendError),
    /// Perhaps it was.
    Unsure(sqlx::Error),
}

impl From<sqlx::Error> for Unstored {
    fn from(error: sqlx::Error) -> Self {
        Self::Clean(AppendError::NotStored(error))
    }
}

impl Inner {
    /// Writes one row in one transaction, durably.
    async fn store(&mut self, row: &Row, crash: &dyn Crash) -> Result<(), Unstored> {
        let mut transaction = self.connection.begin_with("BEGIN IMMEDIATE").await?;
        let (entries, last) = database::extent(&mut transaction).await?;
        let head = self.chain.head().map(|link| link.as_bytes().to_vec());
        if entries != row.sequence || last != head {
            return Err(Unstored::Clean(AppendError::OtherWriter));
        }
        database::insert(&mut transaction, row).await?;
        crash.reach("journal.before_commit");
        transaction.commit().await.map_err(Unstored::Unsure)?;
        crash.reach("journal.committed");
        Ok(())
    }

    /// Gives each row in order.
    pub(crate) async fn walk(
        &mut self,
        mut take: impl FnMut(Row) -> Result<(), BadEntry>,
    ) -> Result<(), ReadError> {
        // From the least number there is, so that no row hides in front.
        let mut from = i64::MIN;
        loop {
            let page = database::rows(&mut self.connection, from).await?;
            let Some(last) = page.last().map(|row| row.sequence) else {
                return Ok(());
            };
            page.into_iter().try_for_each(&mut take)?;
            from = last.saturating_add(1);
        }
    }
}

fn check(
    chain: &Chain,
    body: &SignedBody,
    expected_head: Option<LinkId>,
    now: Timestamp,
) -> Result<(), AppendError> {
    if chain.contains(body.id()) {
        return Err(AppendError::AlreadyThere(body.id()));
    }
    if chain.head() != expected_head {
        return Err(AppendError::HeadMoved {
            expected: expected_head,
            actual: chain.head(),
        });
    }
    if let Some(head) = chain.latest().filter(|head| now < *head) {
        return Err(AppendError::ClockBehind { now, head });
    }
    let time = body.body().time;
    if time > now {
        return Err(AppendError::FromTheFuture { body: time, now });
    }
    Ok(())
}

/// What is written is what would be read: a new row goes through the reader first.
fn read_back(chain: &Chain, row: &Row) -> Result<Entry, AppendError> {
    let entry = chain
        .read(row)
        .map_err(|bad| AppendError::Refused(bad.why))?;
    chain
        .verify(&entry)
        .map_err(|bad| AppendError::Refused(bad.why))?;
    Ok(entry)
}

/// The row for a body, linked and signed.
fn draw_up(
    chain: &Chain,
    body: &SignedBody,
    now: Timestamp,
    signer: &dyn LinkSigner,
) -> Result<Row, AppendError> {
    let draft = LinkDraft::new(chain.next(), chain.head(), body)?;
    let signature = signer.sign(draft.digest()).map_err(AppendError::Signer)?;
    let link = draft.sign(&signer.public_key(), signature)?;
    Ok(Row {
        sequence: i64::try_from(chain.next()).unwrap_or(i64::MAX),
        body: body.envelope().as_bytes().to_vec(),
        link: link.envelope().as_bytes().to_vec(),
        first_seen: i64::try_from(now.as_millis()).unwrap_or(i64::MAX),
        ids: Some((body.id().as_bytes().to_vec(), link.id().as_bytes().to_vec())),
    })
}
