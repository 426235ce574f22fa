//! The file itself: strict JSON in one spelling.
//!
//! ```json
//! {"format":"countersign/sealed-share/v1",
//!  "binding":{"treasury":"..","vault":"..","seat":1,"epoch":1},
//!  "seal":"device" | {"hardware":{"lids":[..]}} | {"recovery":{"needed":2,"lids":[..]}},
//!  "check":"..","nonce":"..","ciphertext":".."}
//! ```
//!
//! A lid is `{"piece":0,"officer":"..","key":"..","ephemeral":"..","ciphertext":".."}`: HPKE to the
//! officer's slot-82 key; `piece` is 0 where the lid holds the whole data key. From the data key
//! HKDF-SHA256 derives the AES-256-GCM key and `check`, which lets a wrong data key be refused and
//! fixes the one right key (GCM alone does not). The ciphertext's associated data is everything else
//! in the file, so that no part can be exchanged.

use std::fmt;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use domain::seal::{SecretBytes, ShareBinding};
use domain::{Canonical, Epoch, OfficerId, PublicKey, SeatId, TreasuryId, VaultId};
use hkdf::Hkdf;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::{FileError, OpenError, Opener, SealError};
use crate::hex_array::HexArray;
use crate::hpke::{self, HpkeError, Sealed, SharedSecret};
use crate::random::random;

const FORMAT: &str = "countersign/sealed-share/v1";
const LID_FORMAT: &str = "countersign/sealed-share/lid/v1";

/// Largest share that is sealed; far above any protocol's.
pub const MAX_SHARE: usize = 1 << 20;
/// Largest file that is parsed: a share in hexadecimal, and its lids.
pub const MAX_FILE: usize = 2 * MAX_SHARE + (64 << 10);
/// Most officers that can open a seat.
pub const MAX_OPENERS: usize = 32;

const KEY: usize = 32;
const TAG: usize = 16;
const LID: usize = KEY + TAG;

/// The key that encrypts one share, once.
pub(super) type DataKey = Zeroizing<[u8; KEY]>;

/// How a share file opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKind {
    /// By a secret in the OS keyring.
    Device,
    /// By any one of its officers.
    Hardware,
    /// By k of its officers together.
    Recovery,
}

impl fmt::Display for SealKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SealKind::Device => "device",
            SealKind::Hardware => "hardware",
            SealKind::Recovery => "recovery",
        })
    }
}

/// A share file, parsed. Holds nothing secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedFile {
    bytes: Vec<u8>,
    envelope: Envelope,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope {
    format: String,
    binding: Binding,
    seal: Seal,
    check: HexArray<KEY>,
    nonce: HexArray<12>,
    ciphertext: domain::roster::HexBytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Binding {
    treasury: TreasuryId,
    vault: VaultId,
    seat: SeatId,
    epoch: Epoch,
}

/// Who gets at the data key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Seal {
    Device,
    Hardware { lids: Vec<Lid> },
    Recovery { needed: u16, lids: Vec<Lid> },
}

/// What an officer's YubiKey opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Lid {
    pub piece: u8,
    officer: OfficerId,
    key: PublicKey,
    ephemeral: PublicKey,
    ciphertext: HexArray<LID>,
}

impl SealedFile {
    /// Reads a share file. Another version, an unknown field, a value out of bounds or another
    /// spelling is refused.
    pub fn parse(bytes: &[u8]) -> Result<Self, FileError> {
        if bytes.len() > MAX_FILE {
            return Err(FileError::TooLarge(bytes.len()));
        }
        let envelope: Envelope =
            serde_json::from_slice(bytes).map_err(|e| FileError::Malformed(e.to_string()))?;
        envelope
            .check_bounds()
            .map_err(|what| FileError::Malformed(what.to_owned()))?;
        let written =
            serde_json::to_vec(&envelope).map_err(|e| FileError::Malformed(e.to_string()))?;
        if written != bytes {
            return Err(FileError::NotCanonical);
        }
        Ok(Self {
            bytes: written,
            envelope,
        })
    }

    /// The file, byte by byte.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// SHA-256 of the file, which the journal records.
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// How it opens.
    pub fn kind(&self) -> SealKind {
        self.envelope.seal.kind()
    }

    /// Which share the file says it holds. Opening proves it.
    pub fn binding(&self) -> ShareBinding {
        self.envelope.binding.into()
    }

    /// Officers it was sealed to; none for a device seat.
    pub fn openers(&self) -> Vec<Opener> {
        let opener = |lid: &Lid| Opener {
            officer: lid.officer,
            key: lid.key,
        };
        self.envelope.seal.lids().iter().map(opener).collect()
    }

    /// Officers that must act together to open it.
    pub fn openers_needed(&self) -> u16 {
        self.envelope.seal.needed()
    }

    /// Names the data key in the keyring, and tells a wrong key from the right one.
    pub(super) fn check(&self) -> &[u8; KEY] {
        &self.envelope.check.0
    }

    /// Refuses to go on with a file of another share or kind, before anybody is asked for a touch.
    pub(super) fn expect(&self, kind: SealKind, binding: &ShareBinding) -> Result<(), OpenError> {
        if self.binding() != *binding {
            return Err(OpenError::OtherShare {
                found: Box::new(self.binding()),
            });
        }
        if self.kind() != kind {
            return Err(OpenError::OtherKind {
                found: self.kind(),
                wanted: kind,
            });
        }
        Ok(())
    }

    /// The lid for this officer's key.
    pub(super) fn lid(&self, key: &PublicKey) -> Result<&Lid, OpenError> {
        let mut lids = self.envelope.seal.lids().iter();
        lids.find(|lid| lid.key == *key)
            .ok_or(OpenError::NotAnOpener)
    }

    /// Opens a lid with what the officer's card made of the ephemeral key.
    pub(super) fn open_lid(&self, lid: &Lid, agreed: &SharedSecret) -> Result<DataKey, HpkeError> {
        let sealed = Sealed {
            ephemeral: lid.ephemeral,
            ciphertext: lid.ciphertext.0.to_vec(),
        };
        let opener = Opener {
            officer: lid.officer,
            key: lid.key,
        };
        let (kind, needed) = (self.kind(), self.openers_needed());
        let bound = lid_data(
            &self.binding(),
            kind,
            needed,
            lid.piece,
            &opener,
            self.check(),
        );
        let opened = hpke::open(&sealed, &lid.key, agreed, LID_FORMAT.as_bytes(), &bound)?;
        let mut key = DataKey::default();
        if opened.expose().len() != KEY {
            return Err(HpkeError::Open);
        }
        key.copy_from_slice(opened.expose());
        Ok(key)
    }

    /// Decrypts the share.
    pub(super) fn decrypt(&self, data_key: &DataKey) -> Result<SecretBytes, OpenError> {
        let derived = derive(data_key).ok_or(OpenError::WrongKey)?;
        if derived.check != *self.check() {
            return Err(OpenError::WrongKey);
        }
        let cipher = Aes256Gcm::new(&(*derived.key).into());
        let aad = self.envelope.associated_data();
        let payload = Payload {
            msg: &self.envelope.ciphertext.0,
            aad: &aad,
        };
        let plaintext = cipher.decrypt(&self.envelope.nonce.0.into(), payload);
        plaintext
            .map(SecretBytes::new)
            .map_err(|_| OpenError::Damaged)
    }
}

impl Lid {
    /// What the officer's card must agree with.
    pub fn ephemeral(&self) -> &PublicKey {
        &self.ephemeral
    }
}

/// A data key on its way into a file.
pub(super) struct NewSeal<'a> {
    binding: &'a ShareBinding,
    data_key: DataKey,
    key: DataKey,
    check: [u8; KEY],
}

const NO_KEY: SealError = SealError::Internal("no key could be derived");

impl<'a> NewSeal<'a> {
    /// A fresh data key for a share of this length.
    pub fn new(binding: &'a ShareBinding, share: &SecretBytes) -> Result<Self, SealError> {
        let length = share.expose().len();
        if length == 0 || length > MAX_SHARE {
            return Err(SealError::Size(length));
        }
        let data_key: DataKey = random()?;
        let derived = derive(&data_key).ok_or(NO_KEY)?;
        Ok(Self {
            binding,
            data_key,
            check: derived.check,
            key: derived.key,
        })
    }

    pub fn data_key(&self) -> &DataKey {
        &self.data_key
    }

    pub fn check(&self) -> &[u8; KEY] {
        &self.check
    }

    /// Seals the data key, or a piece of it, to an officer.
    pub fn lid(
        &self,
        kind: SealKind,
        needed: u16,
        piece: u8,
        opener: &Opener,
        content: &DataKey,
    ) -> Result<Lid, SealError> {
        let bound = lid_data(self.binding, kind, needed, piece, opener, &self.check);
        let sealed = hpke::seal(
            &opener.key,
            LID_FORMAT.as_bytes(),
            &bound,
            content.as_slice(),
        )?;
        let ciphertext = sealed.ciphertext.as_slice().try_into();
        let ciphertext = ciphertext.map_err(|_| SealError::Internal("a lid has another length"))?;
        Ok(Lid {
            piece,
            officer: opener.officer,
            key: opener.key,
            ephemeral: sealed.ephemeral,
            ciphertext: HexArray(ciphertext),
        })
    }

    /// Encrypts the share and writes the file.
    pub fn finish(self, seal: Seal, share: &SecretBytes) -> Result<SealedFile, SealError> {
        let nonce = random::<12>()?;
        let mut envelope = Envelope {
            format: FORMAT.to_owned(),
            binding: (*self.binding).into(),
            seal,
            check: HexArray(self.check),
            nonce: HexArray(*nonce),
            ciphertext: domain::roster::HexBytes(Vec::new()),
        };
        let cipher = Aes256Gcm::new(&(*self.key).into());
        let aad = envelope.associated_data();
        let payload = Payload {
            msg: share.expose(),
            aad: &aad,
        };
        let ciphertext = cipher.encrypt(&(*nonce).into(), payload);
        envelope.ciphertext.0 = ciphertext.map_err(|_| SealError::Internal("encryption failed"))?;
        let written = serde_json::to_vec(&envelope);
        let bytes = written.map_err(|_| SealError::Internal("the file has no JSON form"))?;
        SealedFile::parse(&bytes).map_err(|_| SealError::Internal("the file does not read back"))
    }
}

impl Seal {
    const fn kind(&self) -> SealKind {
        match self {
            Seal::Device => SealKind::Device,
            Seal::Hardware { .. } => SealKind::Hardware,
            Seal::Recovery { .. } => SealKind::Recovery,
        }
    }

    fn lids(&self) -> &[Lid] {
        match self {
            Seal::Device => &[],
            Seal::Hardware { lids } | Seal::Recovery { lids, .. } => lids,
        }
    }

    const fn needed(&self) -> u16 {
        match self {
            Seal::Device => 0,
            Seal::Hardware { .. } => 1,
            Seal::Recovery { needed, .. } => *needed,
        }
    }
}

impl Envelope {
    fn check_bounds(&self) -> Result<(), &'static str> {
        if self.format != FORMAT {
            return Err("its format is not countersign/sealed-share/v1");
        }
        let length = self.ciphertext.0.len();
        if length <= TAG || length > MAX_SHARE + TAG {
            return Err("its ciphertext is too short or too long");
        }
        let lids = self.seal.lids();
        let pieces_right = match &self.seal {
            Seal::Device => true,
            Seal::Hardware { lids } => lids.len() >= 2 && lids.iter().all(|lid| lid.piece == 0),
            Seal::Recovery { needed, lids } => {
                *needed >= 2
                    && usize::from(*needed) <= lids.len()
                    && lids
                        .iter()
                        .zip(1_u8..)
                        .all(|(lid, piece)| lid.piece == piece)
            }
        };
        if !pieces_right || lids.len() > MAX_OPENERS {
            return Err("its officers or pieces are too few, too many or out of order");
        }
        if super::hardware::named_twice(&self.openers()).is_some() {
            return Err("it names an officer or a key twice");
        }
        Ok(())
    }

    fn openers(&self) -> Vec<Opener> {
        let opener = |lid: &Lid| Opener {
            officer: lid.officer,
            key: lid.key,
        };
        self.seal.lids().iter().map(opener).collect()
    }

    /// Everything but the ciphertext.
    fn associated_data(&self) -> Vec<u8> {
        let start = Canonical::new(FORMAT)
            .bytes(&ShareBinding::from(self.binding).associated_data())
            .text(&self.seal.kind().to_string())
            .number(self.seal.needed().into())
            .bytes(&self.check.0)
            .bytes(&self.nonce.0)
            .number(self.seal.lids().len() as u64);
        let all = self.seal.lids().iter().fold(start, |data, lid| {
            data.number(lid.piece.into())
                .bytes(lid.officer.as_bytes())
                .bytes(lid.key.as_bytes())
                .bytes(lid.ephemeral.as_bytes())
                .bytes(&lid.ciphertext.0)
        });
        all.into_bytes()
    }
}

fn lid_data(
    binding: &ShareBinding,
    kind: SealKind,
    needed: u16,
    piece: u8,
    opener: &Opener,
    check: &[u8; KEY],
) -> Vec<u8> {
    Canonical::new(LID_FORMAT)
        .bytes(&binding.associated_data())
        .text(&kind.to_string())
        .number(needed.into())
        .number(piece.into())
        .bytes(opener.officer.as_bytes())
        .bytes(opener.key.as_bytes())
        .bytes(check)
        .into_bytes()
}

struct Derived {
    key: DataKey,
    check: [u8; KEY],
}

/// HKDF-SHA256 (RFC 5869) without salt: the data key is uniform already.
fn derive(data_key: &DataKey) -> Option<Derived> {
    let kdf = Hkdf::<Sha256>::new(None, data_key.as_slice());
    let (mut key, mut check) = (DataKey::default(), [0; KEY]);
    kdf.expand(b"countersign/sealed-share/v1/key", key.as_mut_slice())
        .ok()?;
    kdf.expand(b"countersign/sealed-share/v1/check", &mut check)
        .ok()?;
    Some(Derived { key, check })
}

impl From<ShareBinding> for Binding {
    fn from(binding: ShareBinding) -> Self {
        let ShareBinding {
            treasury,
            vault,
            seat,
            epoch,
        } = binding;
        Self {
            treasury,
            vault,
            seat,
            epoch,
        }
    }
}

impl From<Binding> for ShareBinding {
    fn from(binding: Binding) -> Self {
        let Binding {
            treasury,
            vault,
            seat,
            epoch,
        } = binding;
        Self {
            treasury,
            vault,
            seat,
            epoch,
        }
    }
}
