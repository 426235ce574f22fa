//! A small treasury with fixed keys, whose journal has every way in which signers join.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use domain::act::{Act, Approving, Declining, Founding, Freeze, Scope};
use domain::entry::{Body, Draft, FormatVersion, SignedBody};
use domain::proposal::{OfficerChange, PolicyChange, Subject};
use domain::roster::{Attestation, HexBytes, Machine, MachineChange, Officer};
use domain::{
    Author, Entry, EntryId, LinkId, Name, Network, NetworkClass, Note, PolicyHash, Proposal,
    ProposalId, PublicKey, Signature, Span, Timestamp, TreasuryId,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;

use crate::{Anchor, AnchorStore, Journal, KeeperError, LinkSigner, NoCrash};

/// A P-256 key that signs deterministically (RFC 6979).
#[derive(Clone)]
pub(super) struct Key(SigningKey);

impl Key {
    pub(super) fn new(seed: u8) -> Self {
        Self(SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    pub(super) fn public(&self) -> PublicKey {
        PublicKey::from_sec1(&self.0.verifying_key().to_sec1_point(true).to_bytes()).unwrap()
    }

    pub(super) fn raw(&self, digest: &[u8; 32]) -> p256::ecdsa::Signature {
        let signature: p256::ecdsa::Signature = self.0.sign_prehash(digest).unwrap();
        signature.normalize_s()
    }

    pub(super) fn sign(&self, digest: &[u8; 32]) -> Signature {
        Signature::from_bytes(&self.raw(digest).to_bytes()).unwrap()
    }
}

impl LinkSigner for Key {
    fn public_key(&self) -> PublicKey {
        self.public()
    }

    fn sign(&self, digest: &[u8; 32]) -> Result<Signature, KeeperError> {
        Ok(Key::sign(self, digest))
    }
}

/// An anchor store in memory, which keeps text as a keyring does and can refuse.
#[derive(Default)]
pub(super) struct Anchors {
    text: Mutex<Option<String>>,
    pub(super) refuses: Mutex<bool>,
}

impl Anchors {
    pub(super) fn get(&self) -> Option<String> {
        self.text.lock().unwrap().clone()
    }

    pub(super) fn set(&self, text: Option<String>) {
        *self.text.lock().unwrap() = text;
    }
}

impl AnchorStore for Anchors {
    fn load(&self) -> Result<Option<Anchor>, KeeperError> {
        let text = self.text.lock().unwrap();
        Ok(text.as_deref().map(Anchor::parse).transpose()?)
    }

    fn store(&self, anchor: &Anchor) -> Result<(), KeeperError> {
        if *self.refuses.lock().unwrap() {
            return Err("the keyring is locked".into());
        }
        *self.text.lock().unwrap() = Some(anchor.to_text()?);
        Ok(())
    }
}

/// An anchor store in a file, for tests that end their process.
pub(super) struct FileAnchors(pub(super) PathBuf);

impl AnchorStore for FileAnchors {
    fn load(&self) -> Result<Option<Anchor>, KeeperError> {
        match std::fs::read_to_string(&self.0) {
            Ok(text) => Ok(Some(Anchor::parse(&text)?)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn store(&self, anchor: &Anchor) -> Result<(), KeeperError> {
        Ok(std::fs::write(&self.0, anchor.to_text()?)?)
    }
}

pub(super) fn seconds(number: u64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000)
        .unwrap()
        .plus(Span::from_secs(number))
}

/// Keys of officer 1 to 4: slot 9c, 9e, 82.
pub(super) fn officer_key(number: u8) -> Key {
    Key::new(number * 16 + 1)
}

pub(super) fn freeze_key(number: u8) -> Key {
    Key::new(number * 16 + 2)
}

/// Machine 1, and machine 2 that takes over.
pub(super) fn machine_key(number: u8) -> Key {
    Key::new(0xE0 + number)
}

pub(super) fn officer(number: u8) -> Officer {
    Officer {
        name: Name::new(format!("Officer {number}")).unwrap(),
        sign: officer_key(number).public(),
        freeze: freeze_key(number).public(),
        open: Key::new(number * 16 + 3).public(),
        serial: 1000 + u32::from(number),
        firmware: [5, 7, 4],
        attestation: Attestation {
            sign: HexBytes(vec![number, 1]),
            freeze: HexBytes(vec![number, 2]),
            open: HexBytes(vec![number, 3]),
            chain: vec![HexBytes(vec![number, 4])],
        },
        waiver: None,
        possession: None,
    }
}

pub(super) fn machine(number: u8) -> Machine {
    Machine {
        name: Name::new(format!("Machine {number}")).unwrap(),
        key: machine_key(number).public(),
        administrators: vec![Name::new("Ada").unwrap()],
    }
}

pub(super) fn founding() -> SignedBody {
    let draft = Draft::new(Body {
        version: FormatVersion,
        treasury: None,
        time: seconds(0),
        author: Author::Founders,
        act: Act::Founded(Box::new(Founding {
            name: Name::new("Acme Treasury").unwrap(),
            class: NetworkClass::Test,
            networks: vec![Network::Regtest],
            officers: (1..=3).map(officer).collect(),
            machines: vec![machine(1)],
            attestation_roots: vec![HexBytes(vec![0x30])],
            test_roots: true,
            policy: "version = 1\n".to_owned(),
            waiver: None,
            nonce: HexBytes(vec![7; 32]),
        })),
    })
    .unwrap();
    let digest = *draft.digest();
    let signatures: Vec<(PublicKey, Signature)> = (1..=3)
        .map(officer_key)
        .map(|key| (key.public(), key.sign(&digest)))
        .collect();
    draft.sign(&signatures).unwrap()
}

pub(super) fn treasury() -> TreasuryId {
    TreasuryId::from_bytes(*founding().id().as_bytes())
}

pub(super) fn signed(author: Author, time: Timestamp, act: Act, key: &Key) -> SignedBody {
    let draft = Draft::new(Body {
        version: FormatVersion,
        treasury: Some(treasury()),
        time,
        author,
        act,
    })
    .unwrap();
    let signature = key.sign(draft.digest());
    draft.sign(&[(key.public(), signature)]).unwrap()
}

pub(super) fn by_officer(number: u8, time: u64, act: Act) -> SignedBody {
    let key = officer_key(number);
    let author = Author::Officer(key.public().officer_id());
    signed(author, seconds(time), act, &key)
}

pub(super) fn by_machine(number: u8, time: u64, act: Act) -> SignedBody {
    let key = machine_key(number);
    let author = Author::Machine(key.public().machine_id());
    signed(author, seconds(time), act, &key)
}

pub(super) fn proposal(subject: Subject, nonce: u8) -> Proposal {
    Proposal {
        subject,
        expires: seconds(86_400),
        nonce: HexBytes(vec![nonce; 16]),
    }
}

pub(super) fn policy_proposal(nonce: u8) -> Proposal {
    let text = "version = 1 # another\n".to_owned();
    proposal(Subject::Policy(PolicyChange { text }), nonce)
}

pub(super) fn proposed(number: u8, time: u64, proposal: &Proposal) -> (SignedBody, ProposalId) {
    let initiator = officer_key(number).public().officer_id();
    let id = proposal.id(treasury(), initiator, seconds(time));
    let act = Act::Proposed(Box::new(proposal.clone()));
    (by_officer(number, time, act), id)
}

fn approved(number: u8, time: u64, proposal: ProposalId) -> SignedBody {
    let act = Act::Approved(Approving {
        proposal,
        adoption: EntryId::from_bytes(*treasury().as_bytes()),
        policy: PolicyHash::from_bytes([5; 32]),
        expires: seconds(90_000),
    });
    by_officer(number, time, act)
}

fn frozen(number: u8, time: u64, head: LinkId) -> SignedBody {
    let author = Author::Officer(officer_key(number).public().officer_id());
    let act = Act::Frozen(Freeze {
        scope: Scope::Treasury,
        head,
        reason: Note::new("odd screen").unwrap(),
    });
    signed(author, seconds(time), act, &freeze_key(number))
}

/// A journal in its own folder, with its anchor.
pub(super) struct Home {
    pub(super) folder: TempDir,
    pub(super) anchors: Arc<Anchors>,
}

impl Home {
    pub(super) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            anchors: Arc::default(),
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("journal.db")
    }

    pub(super) async fn create(&self) -> Journal {
        Journal::create(&self.path(), self.anchors.clone(), Arc::new(NoCrash))
            .await
            .unwrap()
    }

    pub(super) async fn open(&self) -> Journal {
        self.try_open().await.unwrap()
    }

    pub(super) async fn try_open(&self) -> Result<Journal, crate::OpenError> {
        Journal::open(&self.path(), self.anchors.clone(), Arc::new(NoCrash)).await
    }

    /// Opens, and says why the journal is faulted.
    pub(super) async fn fault(&self) -> String {
        let journal = self.open().await;
        let fault = journal.fault().map(ToString::to_string);
        journal.close().await.unwrap();
        fault.unwrap_or_else(|| "sound".to_owned())
    }

    /// A home with [`fill`]ed journal, closed.
    pub(super) async fn filled() -> Self {
        let home = Self::new();
        let journal = home.create().await;
        fill(&journal).await;
        journal.close().await.unwrap();
        home
    }
}

pub(super) async fn append_by(
    journal: &Journal,
    body: SignedBody,
    at: u64,
    signer: u8,
) -> Result<Entry, crate::AppendError> {
    let head = journal.head().await.map(|head| head.link);
    let key = machine_key(signer);
    journal.append(body, head, seconds(at), &key).await
}

/// Founding; an officer joins and declines something; a freeze by slot 9e; a new machine takes over.
pub(super) async fn fill(journal: &Journal) {
    append_by(journal, founding(), 1, 1).await.unwrap();
    let add = Subject::Officer(OfficerChange::Add(Box::new(officer(4))));
    let (body, joins) = proposed(1, 2, &proposal(add, 1));
    append_by(journal, body, 3, 1).await.unwrap();
    append_by(journal, approved(2, 4, joins), 5, 1)
        .await
        .unwrap();
    let enacted = by_machine(1, 6, Act::Enacted { proposal: joins });
    append_by(journal, enacted, 7, 1).await.unwrap();
    let (body, other) = proposed(1, 8, &policy_proposal(2));
    append_by(journal, body, 9, 1).await.unwrap();
    let decline = Act::Declined(Declining {
        proposal: other,
        reason: Note::new("no \"reason\" / Grund: größer").unwrap(),
    });
    append_by(journal, by_officer(4, 10, decline), 11, 1)
        .await
        .unwrap();
    let head = journal.head().await.unwrap().link;
    append_by(journal, frozen(3, 12, head), 13, 1)
        .await
        .unwrap();
    let head = journal.head().await.unwrap().link;
    let takes_over = Subject::Machine(MachineChange {
        machine: machine(2),
        replaces: machine(1).id(),
        head,
    });
    let (body, takes_over) = proposed(2, 14, &proposal(takes_over, 3));
    append_by(journal, body, 15, 2).await.unwrap();
    append_by(journal, approved(3, 16, takes_over), 17, 2)
        .await
        .unwrap();
    let enacted = Act::Enacted {
        proposal: takes_over,
    };
    append_by(journal, by_machine(2, 18, enacted), 19, 2)
        .await
        .unwrap();
}

/// Entries that [`fill`] makes.
pub(super) const FILLED: u64 = 10;

/// A body that may follow [`fill`].
pub(super) fn next_body(time: u64) -> SignedBody {
    proposed(1, time, &policy_proposal(time.to_le_bytes()[0])).0
}

/// A connection behind the journal's back.
pub(super) async fn raw(path: &Path) -> SqliteConnection {
    SqliteConnectOptions::new()
        .filename(path)
        .connect()
        .await
        .unwrap()
}

/// Runs SQL on a closed journal's file with the triggers out of the way, then puts them back as they
/// were: what somebody does who can write the file.
pub(super) async fn attack(path: &Path, sql: &str) {
    use sqlx::{AssertSqlSafe, Connection as _};
    let mut connection = raw(path).await;
    let triggers: Vec<(String, String)> =
        sqlx::query_as("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
            .fetch_all(&mut connection)
            .await
            .unwrap();
    assert_eq!(triggers.len(), 3);
    for (name, _) in &triggers {
        run(&mut connection, &format!("DROP TRIGGER {name}")).await;
    }
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))
        .execute(&mut connection)
        .await
        .unwrap();
    for (_, sql) in &triggers {
        run(&mut connection, sql).await;
    }
    connection.close().await.unwrap();
}

async fn run(connection: &mut SqliteConnection, sql: &str) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()))
        .execute(connection)
        .await
        .unwrap();
}
