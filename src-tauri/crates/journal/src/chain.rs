//! The chain as read so far: pure, and the one judge of whether a stored row is its next entry.

use std::collections::BTreeSet;

use domain::act::Act;
use domain::dsse::EnvelopeError;
use domain::entry::{EntryError, LinkedSignatures, SignedBody, SignedLink};
use domain::{Canonical, Entry, EntryId, LinkId, Timestamp, TreasuryId};

use crate::keys::Keys;

/// One row as stored, not believed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) sequence: i64,
    pub(crate) body: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) first_seen: i64,
    /// The ids in the columns beside the bytes; an export has none.
    pub(crate) ids: Option<(Vec<u8>, Vec<u8>)>,
}

/// The first entry that is not what it should be, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {sequence} of the journal is bad: {why}")]
pub struct BadEntry {
    /// The place of the bad entry, counted from 0.
    pub sequence: u64,
    /// Why it is bad.
    pub why: Why,
}

/// Why an entry is bad.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// Rows are missing, doubled or out of order.
    #[error("a row numbered {0} stands in its place: rows were dropped, doubled or reordered")]
    Place(i64),
    /// Fewer rows than announced.
    #[error("it is missing: the end was cut off")]
    Missing,
    /// The row can't be read from the file.
    #[error("its row can't be read: {0}")]
    Unreadable(String),
    /// The body is no strict body.
    #[error("its body: {0}")]
    Body(EntryError),
    /// The link is no strict link.
    #[error("its link: {0}")]
    Link(EntryError),
    /// The id column is not the id of the bytes.
    #[error("the {0} id stored beside it is not the hash of its bytes")]
    Id(&'static str),
    /// The link was made for another place.
    #[error("its link was signed for place {0}")]
    LinkPlace(u64),
    /// The link follows another one.
    #[error("its link does not follow the link of the entry before")]
    Previous,
    /// The link chains another body.
    #[error("its link was signed for another body")]
    OtherBody,
    /// Signatures were taken away, added or swapped since the link was signed.
    #[error("its body's signatures are not those that its link was signed over")]
    SwappedSignatures,
    /// One body twice.
    #[error("its body is already in the journal; an entry occurs once")]
    Twice,
    /// Not of this treasury, or a founding in the wrong place.
    #[error(
        "it is not of this treasury: the first entry is the founding, and all others name its id"
    )]
    Treasury,
    /// A time no clock shows, or earlier than the entry before.
    #[error("its time of first sight is impossible or earlier than the entry before")]
    FirstSeen,
    /// A signer that no entry introduced.
    #[error("{0} that signed it is not known at this place of the journal")]
    UnknownSigner(&'static str),
    /// A signature that does not verify.
    #[error("the signature of its {part} is wrong: {error}")]
    Signature {
        /// `body` or `link`.
        part: &'static str,
        /// What the check said.
        error: EnvelopeError,
    },
}

/// What is known after the rows read so far.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    next: u64,
    head: Option<LinkId>,
    treasury: Option<TreasuryId>,
    latest: Option<Timestamp>,
    ids: BTreeSet<EntryId>,
    rows: [u8; 32],
    keys: Keys,
}

impl Chain {
    /// Before the first entry.
    pub(crate) fn new() -> Self {
        Self {
            next: 0,
            head: None,
            treasury: None,
            latest: None,
            ids: BTreeSet::new(),
            rows: Canonical::new("countersign/rows/v1").finish(),
            keys: Keys::default(),
        }
    }

    pub(crate) const fn next(&self) -> u64 {
        self.next
    }

    pub(crate) const fn head(&self) -> Option<LinkId> {
        self.head
    }

    pub(crate) const fn treasury(&self) -> Option<TreasuryId> {
        self.treasury
    }

    /// The effective time of the last entry.
    pub(crate) const fn latest(&self) -> Option<Timestamp> {
        self.latest
    }

    /// Running hash over all rows as stored.
    pub(crate) const fn rows(&self) -> &[u8; 32] {
        &self.rows
    }

    pub(crate) fn contains(&self, id: EntryId) -> bool {
        self.ids.contains(&id)
    }

    /// Names a fault of the row that comes next.
    pub(crate) const fn bad(&self, why: Why) -> BadEntry {
        BadEntry {
            sequence: self.next,
            why,
        }
    }

    /// Parses the next row strictly from its bytes and checks everything but signatures.
    pub(crate) fn read(&self, row: &Row) -> Result<Entry, BadEntry> {
        self.read_row(row).map_err(|why| self.bad(why))
    }

    fn read_row(&self, row: &Row) -> Result<Entry, Why> {
        if u64::try_from(row.sequence) != Ok(self.next) {
            return Err(Why::Place(row.sequence));
        }
        let body = SignedBody::parse(&row.body).map_err(Why::Body)?;
        let link = SignedLink::parse(&row.link).map_err(Why::Link)?;
        if let Some((entry_id, link_id)) = &row.ids {
            if entry_id != body.id().as_bytes() {
                return Err(Why::Id("entry"));
            }
            if link_id != link.id().as_bytes() {
                return Err(Why::Id("link"));
            }
        }
        self.check_link(&body, &link)?;
        self.check_treasury(&body)?;
        if self.ids.contains(&body.id()) {
            return Err(Why::Twice);
        }
        let first_seen = u64::try_from(row.first_seen)
            .ok()
            .and_then(|millis| Timestamp::from_millis(millis).ok())
            .ok_or(Why::FirstSeen)?;
        if self.latest.is_some_and(|latest| first_seen < latest) {
            return Err(Why::FirstSeen);
        }
        Ok(Entry {
            body,
            link,
            first_seen,
        })
    }

    fn check_link(&self, body: &SignedBody, link: &SignedLink) -> Result<(), Why> {
        let said = link.link();
        if said.sequence != self.next {
            return Err(Why::LinkPlace(said.sequence));
        }
        if said.previous != self.head {
            return Err(Why::Previous);
        }
        if said.body != body.id() {
            return Err(Why::OtherBody);
        }
        if said.signatures != LinkedSignatures::of(body) {
            return Err(Why::SwappedSignatures);
        }
        Ok(())
    }

    fn check_treasury(&self, body: &SignedBody) -> Result<(), Why> {
        let founding = matches!(body.body().act, Act::Founded(_));
        if founding == (self.next == 0) && body.body().treasury == self.treasury {
            return Ok(());
        }
        Err(Why::Treasury)
    }

    /// Checks the signatures of an entry that [`Chain::read`] gave, by the keys known at its place.
    pub(crate) fn verify(&self, entry: &Entry) -> Result<(), BadEntry> {
        self.keys.verify(entry).map_err(|why| self.bad(why))
    }

    /// Takes the entry that [`Chain::read`] gave for `row` as the head.
    pub(crate) fn push(&mut self, row: &Row, entry: &Entry) {
        if self.treasury.is_none() {
            self.treasury = Some(TreasuryId::from_bytes(*entry.id().as_bytes()));
        }
        if let Some(treasury) = self.treasury {
            self.keys.learn(treasury, entry.body.body());
        }
        self.next = self.next.saturating_add(1);
        self.head = Some(entry.link.id());
        self.latest = Some(entry.effective_time());
        self.ids.insert(entry.id());
        self.rows = self.rows_with(row);
    }

    fn rows_with(&self, row: &Row) -> [u8; 32] {
        Canonical::new("countersign/rows/v1")
            .bytes(&self.rows)
            .bytes(&row.body)
            .bytes(&row.link)
            .bytes(&row.first_seen.to_be_bytes())
            .finish()
    }
}
