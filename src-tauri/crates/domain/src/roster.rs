//! Who belongs to a treasury: officers with their attested keys, and machines.

use serde::{Deserialize, Serialize};

use crate::canonical::Canonical;
use crate::id::{LinkId, MachineId, OfficerId, TreasuryId};
use crate::key::{PublicKey, Signature};
use crate::name::{Name, Note};

/// Bytes written as lower-case hexadecimal in JSON.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HexBytes(pub Vec<u8>);

impl TryFrom<String> for HexBytes {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        if text.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err("hexadecimal must be lower-case".to_owned());
        }
        hex::decode(&text).map(Self).map_err(|e| e.to_string())
    }
}

impl From<HexBytes> for String {
    fn from(bytes: HexBytes) -> String {
        hex::encode(bytes.0)
    }
}

/// An officer as enrolled: three keys of one YubiKey, attested by it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Officer {
    /// What colleagues call the officer.
    pub name: Name,
    /// Slot 9c, PIN and touch always: signs proposals, approvals, releases.
    pub sign: PublicKey,
    /// Slot 9e, touch always and no PIN: signs a freeze and nothing else.
    pub freeze: PublicKey,
    /// Slot 82, PIN and touch always: opens seats.
    pub open: PublicKey,
    /// The YubiKey's serial number; enrols once.
    pub serial: u32,
    /// The YubiKey's firmware: major, minor, patch.
    pub firmware: [u8; 3],
    /// What the key says about itself.
    pub attestation: Attestation,
    /// Why a key with old firmware is accepted, where it is.
    pub waiver: Option<Note>,
    /// Proof that the officer holds slot 9c: a signature over [`Officer::challenge`]. Founders give
    /// none, they sign the founding.
    pub possession: Option<Possession>,
}

/// A signature that proves possession of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Possession {
    /// 64 bytes `r || s`.
    pub signature: HexBytes,
}

/// Attestation certificates in DER: one a slot, and those that lead from it to a root.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attestation {
    /// For slot 9c.
    pub sign: HexBytes,
    /// For slot 9e.
    pub freeze: HexBytes,
    /// For slot 82.
    pub open: HexBytes,
    /// The key's own attestation certificate (slot f9), then intermediates up to below the root.
    pub chain: Vec<HexBytes>,
}

impl Officer {
    /// The officer's id: the hash of the slot 9c key.
    pub fn id(&self) -> OfficerId {
        self.sign.officer_id()
    }

    /// What a later officer signs with slot 9c to prove possession: typed, so that it is no body of
    /// an entry, and bound to the treasury and all three keys.
    pub fn challenge(&self, treasury: TreasuryId) -> [u8; 32] {
        Canonical::new("countersign/possession/v1")
            .bytes(treasury.as_bytes())
            .text(self.name.as_str())
            .bytes(self.sign.as_bytes())
            .bytes(self.freeze.as_bytes())
            .bytes(self.open.as_bytes())
            .number(self.serial.into())
            .finish()
    }

    /// Whether the possession proof is there and right.
    pub fn proves_possession(&self, treasury: TreasuryId) -> bool {
        self.possession.as_ref().is_some_and(|proof| {
            Signature::from_bytes(&proof.signature.0)
                .and_then(|signature| self.sign.verify(&self.challenge(treasury), &signature))
                .is_ok()
        })
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let waiver = self.waiver.as_ref().map_or("", Note::as_str);
        let start = into
            .text(self.name.as_str())
            .bytes(self.sign.as_bytes())
            .bytes(self.freeze.as_bytes())
            .bytes(self.open.as_bytes())
            .number(self.serial.into())
            .bytes(&self.firmware)
            .text(waiver)
            .bytes(&self.attestation.sign.0)
            .bytes(&self.attestation.freeze.0)
            .bytes(&self.attestation.open.0)
            .number(self.attestation.chain.len() as u64);
        self.attestation
            .chain
            .iter()
            .fold(start, |hash, certificate| hash.bytes(&certificate.0))
    }
}

/// A running Countersign, which signs links and what it does itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// What administrators call it.
    pub name: Name,
    /// P-256 key, kept in the OS keyring.
    pub key: PublicKey,
    /// Who can administer it: the grade counts people, not boxes.
    pub administrators: Vec<Name>,
}

impl Machine {
    /// The machine's id: the hash of its key.
    pub fn id(&self) -> MachineId {
        self.key.machine_id()
    }

    pub(crate) fn canonical(&self, into: Canonical) -> Canonical {
        let start = into
            .text(self.name.as_str())
            .bytes(self.key.as_bytes())
            .number(self.administrators.len() as u64);
        self.administrators
            .iter()
            .fold(start, |hash, name| hash.text(name.as_str()))
    }
}

/// A machine that takes over a restored journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineChange {
    /// The machine that takes over.
    pub machine: Machine,
    /// The machine that is lost and whose key is never trusted again.
    pub replaces: MachineId,
    /// The last link of the restored journal.
    pub head: LinkId,
}
