//! What a YubiKey says about its keys, held against pinned roots. Pure: nothing is read, no clock.
//!
//! For each of the three slots the card signs a certificate with the key of its slot f9: only the
//! card can, and only for keys that were made on it. From f9 a chain of Yubico's certificates leads to
//! a root. Checked are: every signature up to a pinned root; that each issuer may be one (basic
//! constraints, path length, key usage); the attested public keys, which must be the roster's; the
//! slot in the subject; serial and firmware, the same in all three; PIN and touch policy, exactly.
//!
//! Validity periods are not held against a clock, as Yubico does not either: a key attests with the
//! dates of its f9 certificate, which was made once in the factory, and what counts is that the roots
//! are pinned. A period that ends before it begins is refused.
//!
//! Firmware below 5.7.0 leaks private ECDSA keys to who holds the YubiKey and has a laboratory
//! (EUCLEAK, CVE-2024-45678, Yubico's advisory YSA-2024-03): accepted only with a recorded waiver.

mod anchors;
mod certificate;

use domain::roster::HexBytes;
use domain::{Note, Officer, OfficerId, PublicKey};

pub use anchors::{AnchorError, TrustAnchors};

use crate::cards::{Firmware, Slot};
use certificate::{Certificate, Malformed, Statement};

/// The first firmware without EUCLEAK.
pub const EUCLEAK_FIXED: Firmware = Firmware([5, 7, 0]);

/// Which firmware is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirmwareRule {
    /// 5.7.0 or later, or older with the waiver that the roster records.
    OldWithWaiver,
    /// 5.7.0 or later, waiver or not.
    NewOnly,
}

/// What an attestation proved. Made only by [`verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attested {
    officer: OfficerId,
    serial: u32,
    firmware: Firmware,
    root: [u8; 32],
}

impl Attested {
    /// Whose keys were attested.
    pub const fn officer(&self) -> OfficerId {
        self.officer
    }

    /// The YubiKey's serial; it enrols once.
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// The YubiKey's firmware.
    pub const fn firmware(&self) -> Firmware {
        self.firmware
    }

    /// SHA-256 of the root it led to.
    pub const fn root(&self) -> &[u8; 32] {
        &self.root
    }
}

/// Why what a YubiKey attests is not enough. The officer is not enrolled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttestationError {
    /// A certificate can't be read.
    #[error("the certificate of {whose} can't be read ({why}); the officer is not enrolled")]
    Malformed {
        /// Whose certificate.
        whose: Whose,
        /// What is wrong with it.
        why: &'static str,
    },
    /// The chain has no certificate of slot f9, or too many certificates.
    #[error(
        "the attestation has {0} certificates from slot f9 on, where 1 to {max} are expected; the officer is not enrolled", max = MAX_CHAIN
    )]
    ChainLength(usize),
    /// No pinned root at the end.
    #[error(
        "this YubiKey's attestation leads to no root that this treasury trusts (its last issuer is `{issuer}`): it is no genuine YubiKey, or intermediate certificates are missing. the officer is not enrolled; see the guide for where the intermediates come from"
    )]
    UnknownRoot {
        /// Who signed the last certificate.
        issuer: String,
    },
    /// A link of the chain does not hold.
    #[error(
        "the certificate of {whose} was not signed by what it names as its issuer; the officer is not enrolled"
    )]
    Signature {
        /// Whose certificate.
        whose: Whose,
    },
    /// Signed by something that may not sign certificates.
    #[error("the certificate of {whose} may not sign what it signed; the officer is not enrolled")]
    NotAnIssuer {
        /// Whose certificate.
        whose: Whose,
    },
    /// Made for another slot.
    #[error(
        "the attestation given for slot {slot} is of another slot (`{subject}`); the officer is not enrolled"
    )]
    OtherSlot {
        /// The slot.
        slot: Slot,
        /// What it says.
        subject: String,
    },
    /// The roster has another key than the card attests.
    #[error(
        "the roster's key for slot {slot} is not the one that the YubiKey attests; the officer is not enrolled"
    )]
    OtherKey {
        /// The slot.
        slot: Slot,
    },
    /// One key in two slots.
    #[error(
        "two slots have the same key; an officer's three keys must differ. the officer is not enrolled"
    )]
    KeyTwice,
    /// Not one and the same YubiKey.
    #[error(
        "slot {slot} was attested by YubiKey {found}, the roster says {roster}: all three keys must be on one YubiKey. the officer is not enrolled"
    )]
    OtherSerial {
        /// The slot.
        slot: Slot,
        /// The serial attested.
        found: u32,
        /// The serial in the roster.
        roster: u32,
    },
    /// The roster says another firmware.
    #[error(
        "the YubiKey attests firmware {found} for slot {slot}, the roster says {roster}; the officer is not enrolled"
    )]
    OtherFirmware {
        /// The slot.
        slot: Slot,
        /// The firmware attested.
        found: Firmware,
        /// The firmware in the roster.
        roster: Firmware,
    },
    /// The key can be used with less than it should.
    #[error(
        "the key in slot {slot} asks for {found}, but must ask for {wanted}: another program could use it unseen. make new keys; the officer is not enrolled", found = policy(.found), wanted = policy(.wanted)
    )]
    WeakPolicy {
        /// The slot.
        slot: Slot,
        /// PIN and touch policy attested.
        found: [u8; 2],
        /// PIN and touch policy wanted.
        wanted: [u8; 2],
    },
    /// EUCLEAK.
    #[error(
        "this YubiKey has firmware {firmware}: before 5.7.0 its keys can be copied by who holds it for a while (EUCLEAK, CVE-2024-45678), and that can't be mended. take a newer YubiKey, or record why this one is accepted. the officer is not enrolled"
    )]
    OldFirmware {
        /// The firmware.
        firmware: Firmware,
    },
}

/// Whose certificate an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// A slot's key.
    Slot(Slot),
    /// The card's own, in slot f9.
    Device,
    /// The n-th between f9 and the root, from 1.
    Intermediate(usize),
    /// A pinned root.
    Root,
}

impl std::fmt::Display for Whose {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Whose::Slot(slot) => write!(f, "slot {slot}"),
            Whose::Device => f.write_str("the YubiKey itself (slot f9)"),
            Whose::Intermediate(number) => write!(f, "intermediate {number}"),
            Whose::Root => f.write_str("the root"),
        }
    }
}

/// More than Yubico's longest: f9, PIV attestation, intermediate.
const MAX_CHAIN: usize = 4;

/// Checks everything that the officer's YubiKey attests.
pub fn verify(
    officer: &Officer,
    anchors: &TrustAnchors,
    rule: FirmwareRule,
) -> Result<Attested, AttestationError> {
    let device = verify_chain(&officer.attestation.chain, anchors)?;
    let keys = [officer.sign, officer.freeze, officer.open];
    let [sign, freeze, open] = &keys;
    if sign == freeze || sign == open || freeze == open {
        return Err(AttestationError::KeyTwice);
    }
    let certificates = [
        &officer.attestation.sign,
        &officer.attestation.freeze,
        &officer.attestation.open,
    ];
    for ((slot, key), HexBytes(der)) in Slot::ALL.into_iter().zip(&keys).zip(certificates) {
        verify_slot(slot, key, der, &device.certificate, officer)?;
    }
    let firmware = Firmware(officer.firmware);
    check_firmware(firmware, officer.waiver.as_ref(), rule)?;
    let (id, serial, root) = (officer.id(), officer.serial, device.root);
    Ok(Attested {
        officer: id,
        serial,
        firmware,
        root,
    })
}

struct Device {
    certificate: Certificate,
    root: [u8; 32],
}

/// f9, then intermediates, then a pinned root.
fn verify_chain(chain: &[HexBytes], anchors: &TrustAnchors) -> Result<Device, AttestationError> {
    if chain.is_empty() || chain.len() > MAX_CHAIN {
        return Err(AttestationError::ChainLength(chain.len()));
    }
    let mut parsed = Vec::new();
    for (place, HexBytes(der)) in chain.iter().enumerate() {
        parsed.push((in_chain(place), read(in_chain(place), der)?));
    }
    // How many certificates lie below: f9 has only the slots' under it.
    for (below, (whose, certificate)) in parsed.iter().enumerate() {
        if !certificate.may_issue(below) {
            return Err(AttestationError::NotAnIssuer { whose: *whose });
        }
        if let Some((_, issuer)) = parsed.get(below + 1)
            && !issuer.issued(certificate)
        {
            return Err(AttestationError::Signature { whose: *whose });
        }
    }
    let below = parsed.len();
    let (whose, last) = parsed.last().ok_or(AttestationError::ChainLength(0))?;
    let root = verify_root(*whose, last, below, anchors)?;
    let (_, certificate) = parsed
        .into_iter()
        .next()
        .ok_or(AttestationError::ChainLength(0))?;
    Ok(Device { certificate, root })
}

/// The pinned root that signed the last certificate of a chain; gives its fingerprint.
fn verify_root(
    whose: Whose,
    last: &Certificate,
    below: usize,
    anchors: &TrustAnchors,
) -> Result<[u8; 32], AttestationError> {
    match anchors.issuer_of(last) {
        Some(root) if !root.may_issue(below) => {
            Err(AttestationError::NotAnIssuer { whose: Whose::Root })
        }
        Some(root) if !root.issued(last) => Err(AttestationError::Signature { whose }),
        Some(root) => Ok(root.sha256()),
        None => Err(AttestationError::UnknownRoot {
            issuer: last.issuer(),
        }),
    }
}

const fn in_chain(place: usize) -> Whose {
    match place {
        0 => Whose::Device,
        number => Whose::Intermediate(number),
    }
}

fn read(whose: Whose, der: &[u8]) -> Result<Certificate, AttestationError> {
    Certificate::parse(der).map_err(|Malformed(why)| AttestationError::Malformed { whose, why })
}

fn verify_slot(
    slot: Slot,
    key: &PublicKey,
    der: &[u8],
    device: &Certificate,
    officer: &Officer,
) -> Result<(), AttestationError> {
    let whose = Whose::Slot(slot);
    let certificate = read(whose, der)?;
    if !device.issued(&certificate) {
        return Err(AttestationError::Signature { whose });
    }
    let subject = certificate.subject();
    if subject != format!("CN=YubiKey PIV Attestation {slot}") {
        return Err(AttestationError::OtherSlot { slot, subject });
    }
    let malformed = |Malformed(why)| AttestationError::Malformed { whose, why };
    let statement = certificate.statement().map_err(malformed)?;
    if certificate.p256_key().map_err(malformed)? != *key {
        return Err(AttestationError::OtherKey { slot });
    }
    check_statement(slot, statement, officer)
}

/// What the card states must be what the roster says, and what the slot is for.
fn check_statement(
    slot: Slot,
    statement: Statement,
    officer: &Officer,
) -> Result<(), AttestationError> {
    if statement.serial != officer.serial {
        let (found, roster) = (statement.serial, officer.serial);
        return Err(AttestationError::OtherSerial {
            slot,
            found,
            roster,
        });
    }
    let roster = Firmware(officer.firmware);
    if statement.firmware != roster {
        let found = statement.firmware;
        return Err(AttestationError::OtherFirmware {
            slot,
            found,
            roster,
        });
    }
    if statement.policy != slot.policy() {
        let (found, wanted) = (statement.policy, slot.policy());
        return Err(AttestationError::WeakPolicy {
            slot,
            found,
            wanted,
        });
    }
    Ok(())
}

fn check_firmware(
    firmware: Firmware,
    waiver: Option<&Note>,
    rule: FirmwareRule,
) -> Result<(), AttestationError> {
    let waived = match rule {
        FirmwareRule::OldWithWaiver => waiver.is_some_and(|note| !note.as_str().is_empty()),
        FirmwareRule::NewOnly => false,
    };
    if firmware >= EUCLEAK_FIXED || waived {
        Ok(())
    } else {
        Err(AttestationError::OldFirmware { firmware })
    }
}

/// PIN and touch policy in words; numbers as Yubico's documentation has them.
fn policy([pin, touch]: &[u8; 2]) -> String {
    let pin = match pin {
        1 => "no PIN",
        2 => "the PIN once",
        3 => "the PIN always",
        4 | 5 => "a fingerprint",
        _ => "an unknown PIN policy",
    };
    let touch = match touch {
        1 => "no touch",
        2 => "a touch always",
        3 => "a touch now and then",
        _ => "an unknown touch policy",
    };
    format!("{pin} and {touch}")
}

#[cfg(test)]
#[path = "attestation/tests.rs"]
mod tests;
