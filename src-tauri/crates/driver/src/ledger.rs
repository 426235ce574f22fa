//! The journal and its meaning, held together: nothing is appended that the fold would refuse.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::entry::{Draft, FormatVersion, LinkDraft, SignedBody};
use domain::{Act, Author, Body, Entry, MachineId, PublicKey, Signature, Span, Timestamp};
use journal::{Anchor, AnchorStore, ClockMark, Journal, KeeperError, LinkSigner, OpenError};
use keys::os_keyring::{KeyringError, MachineKey, OsKeyring};
use treasury::{Replay, Treasury};

use crate::clock::{Clock, ClockError, Moment};
use crate::crash::{Crash, CrashPoint};
use crate::error::DriverError;

/// How long another `countersign` may hold the journal before this one gives up.
const PATIENCE: Duration = Duration::from_secs(30);
/// A wall clock that runs this much ahead of the boot clock since the last entry has jumped.
const LARGEST_DRIFT: Span = Span::from_secs(600);

/// What a ledger needs from the machine.
#[derive(Clone)]
pub(crate) struct Keepers {
    pub keyring: OsKeyring,
    pub machine: Arc<MachineSigner>,
    pub clock: Arc<dyn Clock>,
    pub crash: Arc<dyn Crash>,
}

/// The machine's own key, as the journal and the driver use it.
pub struct MachineSigner {
    key: MachineKey,
    public: PublicKey,
}

impl MachineSigner {
    /// Takes the key from the keyring.
    pub fn new(key: MachineKey) -> Result<Self, KeyringError> {
        let public = key.public()?;
        Ok(Self { key, public })
    }

    /// The machine.
    pub fn id(&self) -> MachineId {
        self.public.machine_id()
    }
}

impl LinkSigner for MachineSigner {
    fn public_key(&self) -> PublicKey {
        self.public
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, KeeperError> {
        Ok(self.key.sign(digest)?)
    }
}

/// The journal's head, anchored in the OS keyring.
pub(crate) struct KeyringAnchors(pub OsKeyring);

const ANCHOR: &str = "journal";

impl AnchorStore for KeyringAnchors {
    fn load(&self) -> Result<Option<Anchor>, KeeperError> {
        match self.0.anchor(ANCHOR)? {
            None => Ok(None),
            Some(bytes) => Ok(Some(Anchor::parse(&String::from_utf8(bytes)?)?)),
        }
    }

    fn store(&self, anchor: &Anchor) -> Result<(), KeeperError> {
        Ok(self.0.set_anchor(ANCHOR, anchor.to_text()?.as_bytes())?)
    }
}

/// Hands the journal's own crash points to the driver's.
pub(crate) struct JournalCrash(pub Arc<dyn Crash>);

impl journal::Crash for JournalCrash {
    fn reach(&self, point: &'static str) {
        if point == "journal.committed" {
            self.0.reach(CrashPoint::AfterAppend);
        }
    }
}

/// An open journal with its replay.
pub struct Ledger {
    journal: Journal,
    entries: Vec<Entry>,
    replay: Replay,
    keepers: Keepers,
    /// The latest time the journal holds, of an entry or of when this machine saw it.
    latest: Option<Timestamp>,
    jumped: Option<Span>,
}

impl Ledger {
    /// Opens the journal, waiting a while for another program, and replays it. A faulted journal, a
    /// journal with an illegal entry and a jumped clock are errors or held: nothing can be appended.
    pub(crate) async fn open(path: &Path, keepers: Keepers) -> Result<Self, DriverError> {
        let journal = patiently(path, &keepers).await?;
        if let Some(fault) = journal.fault() {
            return Err(DriverError::Fault(fault.clone()));
        }
        let entries = journal.entries(0).await?;
        let replay = Replay::of(&entries)
            .map_err(|(sequence, illegal)| DriverError::IllegalJournal { sequence, illegal })?;
        let latest = entries.iter().map(Entry::effective_time).max();
        let mut ledger = Self {
            journal,
            entries,
            replay,
            keepers,
            latest,
            jumped: None,
        };
        ledger.jumped = ledger.clock_jump().await?;
        Ok(ledger)
    }

    /// A new journal whose first entry is the founding. One that the fold would refuse makes no file:
    /// the next try finds an empty home.
    pub(crate) async fn create(
        path: &Path,
        keepers: Keepers,
        founding: SignedBody,
    ) -> Result<Self, DriverError> {
        let entry = would_be(&keepers, None, founding.clone(), &keepers.clock.now()?)?;
        Replay::default().push(&entry)?;
        let anchors = Arc::new(KeyringAnchors(keepers.keyring.clone()));
        let crash = Arc::new(JournalCrash(keepers.crash.clone()));
        let journal = Journal::create(path, anchors, crash).await?;
        let mut ledger = Self {
            journal,
            entries: Vec::new(),
            replay: Replay::default(),
            keepers,
            latest: None,
            jumped: None,
        };
        ledger.append(founding).await?;
        Ok(ledger)
    }

    /// What the journal means.
    pub const fn replay(&self) -> &Replay {
        &self.replay
    }

    /// Every entry, in order: what a seat replays.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The journal itself.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }

    /// The treasury.
    pub fn treasury(&self) -> Result<&Treasury, DriverError> {
        self.replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("the journal is empty".to_owned()))
    }

    /// This moment, refused when it is before the journal's last entry.
    pub fn now(&self) -> Result<Moment, DriverError> {
        let moment = self.keepers.clock.now()?;
        match self.latest.filter(|last| moment.wall < *last) {
            Some(last) => Err(ClockError::Behind {
                now: moment.wall,
                last,
            }
            .into()),
            None => Ok(moment),
        }
    }

    /// The moment that an act is dated by. A freeze acts whatever the clock says: where the clock was
    /// set back, it is dated like the journal's last entry.
    fn moment_for(&self, act: &Act) -> Result<Moment, DriverError> {
        if !matches!(act, Act::Frozen(_)) {
            return self.now();
        }
        let mut moment = self.keepers.clock.now()?;
        moment.wall = self
            .latest
            .map_or(moment.wall, |last| last.max(moment.wall));
        Ok(moment)
    }

    /// The body for an act, by an author, at this moment.
    pub(crate) fn draft(&self, author: Author, act: Act) -> Result<Draft, DriverError> {
        let treasury = self.treasury()?;
        let time = self.moment_for(&act)?.wall;
        Ok(Draft::new(Body {
            version: FormatVersion,
            treasury: Some(treasury.id),
            time,
            author,
            act,
        })?)
    }

    /// Signs an act by the machine and appends it.
    pub async fn record(&mut self, act: Act) -> Result<Entry, DriverError> {
        let signer = self.keepers.machine.clone();
        let draft = self.draft(Author::Machine(signer.id()), act)?;
        let signature = signer.key.sign(draft.digest())?;
        let body = draft.sign(&[(signer.public, signature)])?;
        self.append(body).await
    }

    /// Appends a signed body, after the fold has accepted it.
    pub async fn append(&mut self, body: SignedBody) -> Result<Entry, DriverError> {
        if let Some(jump) = self
            .jumped
            .filter(|_| !may_pass_a_jumped_clock(&body.body().act))
        {
            return Err(DriverError::ClockJumped(jump));
        }
        let moment = self.moment_for(&body.body().act)?;
        let expected = self.replay.treasury().map(|treasury| treasury.head);
        let entry = would_be(&self.keepers, self.replay.treasury(), body.clone(), &moment)?;
        let mut next = self.replay.clone();
        next.push(&entry)?;
        self.keepers.crash.reach(CrashPoint::BeforeAppend);
        let signer = self.keepers.machine.as_ref();
        let stored = self
            .journal
            .append(body, expected, moment.wall, signer)
            .await?;
        if stored.link.id() != entry.link.id() {
            next = self.replay.clone();
            next.push(&stored)?;
        }
        let confirmed = matches!(stored.body.body().act, Act::ClockConfirmed { .. });
        self.replay = next;
        self.entries.push(stored.clone());
        self.latest = self.latest.max(Some(stored.effective_time()));
        // A clock that was set back tells nothing that a later jump could be measured by.
        let sound = self.now().is_ok() && self.jumped.is_none();
        if sound || confirmed {
            self.jumped = None;
            self.journal.mark_clock(&mark(&moment)).await?;
        }
        Ok(stored)
    }

    async fn clock_jump(&self) -> Result<Option<Span>, DriverError> {
        let Some(earlier) = self.journal.clock_mark().await? else {
            return Ok(None);
        };
        let ahead = mark(&self.keepers.clock.now()?).ahead_since(&earlier);
        Ok(ahead.filter(|ahead| *ahead > LARGEST_DRIFT))
    }

    /// How far the clock jumped, while an officer has not confirmed it.
    pub const fn clock_held(&self) -> Option<Span> {
        self.jumped
    }
}

/// The entry as the journal will write it, for the fold to judge first.
fn would_be(
    keepers: &Keepers,
    treasury: Option<&Treasury>,
    body: SignedBody,
    moment: &Moment,
) -> Result<Entry, DriverError> {
    let (sequence, previous) = match treasury {
        Some(treasury) => (treasury.sequence.saturating_add(1), Some(treasury.head)),
        None => (0, None),
    };
    let draft = LinkDraft::new(sequence, previous, &body)?;
    let signer = &keepers.machine;
    let signature = signer.key.sign(draft.digest())?;
    let link = draft.sign(&signer.public, signature)?;
    Ok(Entry {
        body,
        link,
        first_seen: moment.wall,
    })
}

/// A freeze acts whatever the clock says; the confirmation is what ends the hold.
const fn may_pass_a_jumped_clock(act: &Act) -> bool {
    matches!(act, Act::Frozen(_) | Act::ClockConfirmed { .. })
}

fn mark(moment: &Moment) -> ClockMark {
    ClockMark {
        boot_id: moment.boot.clone(),
        since_boot: Span::from_millis(moment.since_boot),
        wall: moment.wall,
    }
}

pub(crate) async fn patiently(path: &Path, keepers: &Keepers) -> Result<Journal, DriverError> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let anchors = Arc::new(KeyringAnchors(keepers.keyring.clone()));
        let crash = Arc::new(JournalCrash(keepers.crash.clone()));
        match Journal::open(path, anchors, crash).await {
            Err(OpenError::InUse { .. }) if tokio::time::Instant::now() < deadline => {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            other => return Ok(other?),
        }
    }
}
