//! Makes a YubiKey an officer's: its own PIN, PUK and management key, three keys made on it, and what
//! it attests about them.
//!
//! Factory values are seen in the key's metadata and never tried. A key is provisioned in one
//! transaction; until the officer stands in the journal nothing depends on it, so an enrolment that
//! broke off is done again.

mod codes;
mod error;
mod management;
mod provision;

use domain::roster::{Attestation, HexBytes, Possession};
use domain::{Name, Note, Officer, PublicKey, TreasuryId};

pub use codes::{change_pin, change_puk, unblock_pin};
pub use error::EnrolError;
pub use management::protect_management_key;

use crate::attestation::{self, AttestationError, FirmwareRule, TrustAnchors};
use crate::cards::{self, CardError, Cards, Firmware, PinStatus, Setting, Slot};
use crate::pin::Pin;

/// What stands between a YubiKey and its enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The key.
    pub serial: u32,
    /// Its firmware.
    pub firmware: Firmware,
    /// Tries left and factory values.
    pub codes: PinStatus,
    /// Slots that hold a key already.
    pub occupied: Vec<Slot>,
}

/// One thing to be settled before, or by saying so at, an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// [`change_pin`] settles it.
    FactoryPin,
    /// [`change_puk`] settles it.
    FactoryPuk,
    /// [`protect_management_key`] settles it, once the PIN is the officer's own.
    FactoryManagementKey,
    /// [`unblock_pin`] settles it.
    PinBlocked,
    /// Only another YubiKey settles it, or a recorded waiver (EUCLEAK, CVE-2024-45678).
    OldFirmware,
    /// There is a key in a slot: [`ExistingKeys::ReplaceForGood`] destroys it, [`read`] takes it as it
    /// is.
    Occupied(Slot),
}

impl Readiness {
    /// What stands in the way, in the order in which it is best settled.
    pub fn obstacles(&self) -> Vec<Obstacle> {
        let factory = |setting, obstacle| (setting == Setting::Factory).then_some(obstacle);
        let blocked = (self.codes.tries_left == 0).then_some(Obstacle::PinBlocked);
        let old = (self.firmware < attestation::EUCLEAK_FIXED).then_some(Obstacle::OldFirmware);
        [
            old,
            blocked,
            factory(self.codes.pin, Obstacle::FactoryPin),
            factory(self.codes.puk, Obstacle::FactoryPuk),
            factory(self.codes.management_key, Obstacle::FactoryManagementKey),
        ]
        .into_iter()
        .flatten()
        .chain(self.occupied.iter().map(|slot| Obstacle::Occupied(*slot)))
        .collect()
    }
}

/// Looks at a key; changes and tries nothing.
pub fn inspect(cards: &Cards, serial: u32) -> Result<Readiness, CardError> {
    cards.with_firmware(serial, move |session, firmware| {
        let codes = cards::pin_status(session)?;
        let occupied = provision::occupied(session)?;
        Ok(Readiness {
            serial,
            firmware,
            codes,
            occupied,
        })
    })
}

/// What to do with keys that are in the slots already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExistingKeys {
    /// Refuse to enrol.
    Refuse,
    /// Destroy them. What was sealed to them can never be opened again with this YubiKey.
    ReplaceForGood,
}

/// A provisioned YubiKey, not yet an officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// The key.
    pub serial: u32,
    /// Its firmware.
    pub firmware: Firmware,
    /// Slot 9c.
    pub sign: PublicKey,
    /// Slot 9e.
    pub freeze: PublicKey,
    /// Slot 82.
    pub open: PublicKey,
    certificates: Certificates,
}

/// In DER, as the key gave them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Certificates {
    pub sign: Vec<u8>,
    pub freeze: Vec<u8>,
    pub open: Vec<u8>,
    pub device: Vec<u8>,
}

impl std::fmt::Debug for Certificates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("four certificates")
    }
}

impl Enrolment {
    /// The officer as the roster will have it, once everything the key attests was checked against
    /// `anchors`. A waiver is needed for firmware with EUCLEAK and refused for any other.
    pub fn officer(
        &self,
        name: Name,
        waiver: Option<Note>,
        anchors: &TrustAnchors,
    ) -> Result<Officer, AttestationError> {
        let hex = |der: &Vec<u8>| HexBytes(der.clone());
        let mut chain = vec![hex(&self.certificates.device)];
        chain.extend(
            anchors
                .intermediates_for(&self.certificates.device)?
                .into_iter()
                .map(HexBytes),
        );
        let officer = Officer {
            name,
            sign: self.sign,
            freeze: self.freeze,
            open: self.open,
            serial: self.serial,
            firmware: self.firmware.0,
            attestation: Attestation {
                sign: hex(&self.certificates.sign),
                freeze: hex(&self.certificates.freeze),
                open: hex(&self.certificates.open),
                chain,
            },
            waiver,
            possession: None,
        };
        attestation::verify(&officer, anchors, FirmwareRule::OldWithWaiver)?;
        Ok(officer)
    }
}

/// Makes three keys on a YubiKey and reads what it attests. Needs the officer's own PIN, PUK and
/// management key; no touch.
pub fn enrol(
    cards: &Cards,
    serial: u32,
    pin: &Pin,
    existing: ExistingKeys,
) -> Result<Enrolment, EnrolError> {
    let pin = pin.for_worker();
    cards.with_firmware(serial, move |session, firmware| {
        Ok(provision::enrol(session, firmware, &pin, existing))
    })?
}

/// Reads an enrolment from a YubiKey that was provisioned before. Needs no PIN and changes nothing; a
/// key that was not made on the card is refused.
pub fn read(cards: &Cards, serial: u32) -> Result<Enrolment, EnrolError> {
    cards.with_firmware(serial, move |session, firmware| {
        Ok(provision::refuse_factory_codes(session)
            .and_then(|()| provision::read(session, firmware)))
    })?
}

/// Signs the challenge that proves possession of slot 9c, for an officer who joins later: PIN and
/// touch.
pub fn prove_possession(
    cards: &Cards,
    officer: &Officer,
    treasury: TreasuryId,
    pin: &Pin,
) -> Result<Possession, CardError> {
    let challenge = officer.challenge(treasury);
    let signature = cards.sign(officer.serial, &officer.sign, pin, &challenge)?;
    Ok(Possession {
        signature: HexBytes(signature.as_bytes().to_vec()),
    })
}
