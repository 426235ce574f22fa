//! Entries of the journal: a signed body, and a signed link that chains it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::act::Act;
use crate::dsse::{self, BODY_TYPE, Envelope, EnvelopeError, LINK_TYPE};
use crate::id::{EntryId, LinkId, MachineId, OfficerId, TreasuryId};
use crate::key::{KeyId, PublicKey, Signature};
use crate::time::Timestamp;

/// The one version of bodies and links that this program reads and writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u32", into = "u32")]
pub struct FormatVersion;

impl TryFrom<u32> for FormatVersion {
    type Error = String;
    fn try_from(version: u32) -> Result<Self, String> {
        if version == 1 {
            return Ok(Self);
        }
        Err(format!(
            "version {version} is unknown to this program, which reads version 1; a newer program wrote it"
        ))
    }
}

impl From<FormatVersion> for u32 {
    fn from(_: FormatVersion) -> u32 {
        1
    }
}

/// Who says what a body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Author {
    /// All founding officers together; only of the founding.
    Founders,
    /// An officer, with a YubiKey.
    Officer(OfficerId),
    /// A machine.
    Machine(MachineId),
}

/// What an entry says, before and after it is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// Format version.
    pub version: FormatVersion,
    /// The treasury; none in the founding, whose id it is.
    pub treasury: Option<TreasuryId>,
    /// When the author says it was, by the author's clock.
    pub time: Timestamp,
    /// Who says so.
    pub author: Author,
    /// What happened.
    pub act: Act,
}

/// Why bytes are no entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The envelope is not one.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The payload is not strict JSON of a body or link.
    #[error("not {what} this program reads: {reason}")]
    Malformed {
        /// `a body` or `a link`.
        what: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// The founding has one signature a founder, every other body one.
    #[error("{0}")]
    Signers(&'static str),
}

/// A body's exact bytes, waiting for signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    payload: Vec<u8>,
    body: Body,
    digest: [u8; 32],
}

impl Draft {
    /// Fixes the bytes of a body.
    pub fn new(body: Body) -> Result<Self, EntryError> {
        let payload = serde_json::to_vec(&body).map_err(|e| EntryError::Malformed {
            what: "a body",
            reason: e.to_string(),
        })?;
        let digest = dsse::digest(BODY_TYPE, &payload);
        Ok(Self {
            payload,
            body,
            digest,
        })
    }

    /// What is to be signed: also the entry's id.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// What it says.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Puts signatures to it. They are checked against the keys given here, so that a card's mistake
    /// is found before anything is stored.
    pub fn sign(self, signatures: &[(PublicKey, Signature)]) -> Result<SignedBody, EntryError> {
        let named: Vec<(KeyId, Signature)> = signatures
            .iter()
            .map(|(key, signature)| (key.key_id(), *signature))
            .collect();
        let envelope = Envelope::assemble(BODY_TYPE, &self.payload, &named)?;
        for (key, _) in signatures {
            envelope.verify(key)?;
        }
        SignedBody::from_envelope(envelope)
    }
}

/// A body in its envelope. Well-formed; whether its signers had the right is for the fold to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedBody {
    envelope: Envelope,
    body: Body,
}

impl SignedBody {
    /// Reads stored bytes anew, strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        Self::from_envelope(Envelope::parse(BODY_TYPE, bytes)?)
    }

    fn from_envelope(envelope: Envelope) -> Result<Self, EntryError> {
        let body: Body = read("a body", envelope.payload())?;
        check_signers(&body, envelope.signers().len()).map_err(EntryError::Signers)?;
        Ok(Self { envelope, body })
    }

    /// The entry's id.
    pub fn id(&self) -> EntryId {
        EntryId::from_bytes(*self.envelope.digest())
    }

    /// What it says.
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// The envelope, with its bytes and signatures.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }
}

/// What chains an entry to the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// Format version.
    pub version: FormatVersion,
    /// 0 for the founding, then one more each.
    pub sequence: u64,
    /// The link before; none at the founding.
    pub previous: Option<LinkId>,
    /// The body.
    pub body: EntryId,
    /// Hash of the body's signatures, so that none can be taken away or swapped.
    pub signatures: LinkedSignatures,
}

/// [`Envelope::signatures_hash`] of the body, as lower-case hexadecimal in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkedSignatures(LinkId);

impl LinkedSignatures {
    /// The hash of a body's signatures.
    pub fn of(body: &SignedBody) -> Self {
        Self(LinkId::from_bytes(body.envelope.signatures_hash()))
    }
}

/// A link's exact bytes, waiting for the machine's signature.
#[derive(Debug, Clone)]
pub struct LinkDraft {
    payload: Vec<u8>,
    digest: [u8; 32],
}

impl LinkDraft {
    /// Chains a body at a place.
    pub fn new(
        sequence: u64,
        previous: Option<LinkId>,
        body: &SignedBody,
    ) -> Result<Self, EntryError> {
        let link = Link {
            version: FormatVersion,
            sequence,
            previous,
            body: body.id(),
            signatures: LinkedSignatures::of(body),
        };
        let payload = serde_json::to_vec(&link).map_err(|e| EntryError::Malformed {
            what: "a link",
            reason: e.to_string(),
        })?;
        let digest = dsse::digest(LINK_TYPE, &payload);
        Ok(Self { payload, digest })
    }

    /// What the machine signs: also the link's id.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Puts the machine's signature to it.
    pub fn sign(self, machine: &PublicKey, signature: Signature) -> Result<SignedLink, EntryError> {
        let envelope =
            Envelope::assemble(LINK_TYPE, &self.payload, &[(machine.key_id(), signature)])?;
        envelope.verify(machine)?;
        SignedLink::from_envelope(envelope)
    }
}

/// A link in its envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedLink {
    envelope: Envelope,
    link: Link,
}

impl SignedLink {
    /// Reads stored bytes anew, strictly.
    pub fn parse(bytes: &[u8]) -> Result<Self, EntryError> {
        Self::from_envelope(Envelope::parse(LINK_TYPE, bytes)?)
    }

    fn from_envelope(envelope: Envelope) -> Result<Self, EntryError> {
        let link = read("a link", envelope.payload())?;
        if envelope.signers().len() != 1 {
            return Err(EntryError::Signers(
                "a link carries one signature, of a machine",
            ));
        }
        Ok(Self { envelope, link })
    }

    /// The link's id.
    pub fn id(&self) -> LinkId {
        LinkId::from_bytes(*self.envelope.digest())
    }

    /// What it says.
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// The envelope, with its bytes and signature.
    pub const fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The machine that claims to have signed.
    pub fn machine(&self) -> Option<MachineId> {
        self.envelope
            .signers()
            .next()
            .map(|key| MachineId::from_bytes(*key.as_bytes()))
    }
}

/// One row of the journal, read and well-formed: body, link, and when this machine first saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was signed.
    pub body: SignedBody,
    /// Its place in the chain.
    pub link: SignedLink,
    /// When this machine first saw it: stored beside the entry, used for delays and windows, never by
    /// the fold.
    pub first_seen: Timestamp,
}

impl Entry {
    /// The entry's id.
    pub fn id(&self) -> EntryId {
        self.body.id()
    }

    /// Whether the link names exactly this body with exactly these signatures.
    pub fn is_linked(&self) -> bool {
        let link = self.link.link();
        link.body == self.body.id() && link.signatures == LinkedSignatures::of(&self.body)
    }

    /// Its place, from 0.
    pub const fn sequence(&self) -> u64 {
        self.link.link.sequence
    }

    /// The later of the entry's own time and the time this machine first saw it: what delays and
    /// windows count from.
    pub fn effective_time(&self) -> Timestamp {
        self.body.body().time.max(self.first_seen)
    }
}

/// Reads a payload in its one spelling: fields in order, none left out, no white space. Whoever
/// re-spells a payload changes its id, and no two readers can differ on what it says.
fn read<T: Serialize + DeserializeOwned>(
    what: &'static str,
    payload: &[u8],
) -> Result<T, EntryError> {
    dsse::read_one_spelling(payload).map_err(|reason| EntryError::Malformed { what, reason })
}

fn check_signers(body: &Body, signers: usize) -> Result<(), &'static str> {
    let founders = match (&body.act, body.author) {
        (Act::Founded(founding), Author::Founders) if body.treasury.is_none() => {
            Some(founding.officers.len())
        }
        (Act::Founded(_), _) | (_, Author::Founders) => {
            return Err("the founding, and nothing else, is by all founders and names no treasury");
        }
        (_, Author::Officer(_) | Author::Machine(_)) => None,
    };
    match founders {
        Some(founders) if signers != founders => {
            Err("a founding carries one signature of each founding officer")
        }
        Some(_) => Ok(()),
        None if body.treasury.is_none() => Err("every body but the founding names its treasury"),
        None if signers != 1 => Err("every body but the founding carries one signature"),
        None => Ok(()),
    }
}
