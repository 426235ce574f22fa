//! YubiKeys over PC/SC, several at once, each by its serial.
//!
//! A PIN is given to a card and used inside one exclusive transaction: SELECT, compare the slot's
//! public key with the enrolled one, VERIFY, use, reset, whatever happens in between. So no other
//! program can borrow the verified PIN or the touch, and a wrong card never sees a PIN.
//!
//! This is our own small layer over `pcsc`, not the crate `yubikey`: that one keeps the PIN in memory
//! it does not wipe, writes it to its TRACE log, opens every reader to find a key, and tells a missed
//! touch from a missing PIN by nothing. It serves as a second opinion in the tests. For the same reason
//! never run a production pcscd with `--apdu` or `--debug`: its log then has every PIN in it.
//!
//! Calls block until the card has answered, which may be as long as it blinks (15 s on real keys).

mod apdu;
mod error;
mod hold;
mod piv;
mod readers;

use std::fmt;
use std::time::Duration;

use domain::{PublicKey, Signature};

pub use error::CardError;
pub use hold::Cancel;
pub use readers::{Survey, Unreadable};

pub(crate) use apdu::{Command, Status, find, tlv};
pub(crate) use hold::Session;
pub(crate) use piv::{data, metadata, pin_status, slot, verify};

use crate::hpke::SharedSecret;
use crate::pin::Pin;
use hold::{After, Target, hold};
use readers::Readers;

/// How long another program may hold a card before we give up.
const PATIENCE: Duration = Duration::from_secs(5);

/// A slot that an officer's YubiKey uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Slot {
    /// 9c: signs proposals, approvals, releases.
    Sign,
    /// 9e: signs a freeze.
    Freeze,
    /// 82: opens seats.
    Open,
}

impl Slot {
    /// All three.
    pub const ALL: [Slot; 3] = [Slot::Sign, Slot::Freeze, Slot::Open];

    /// The slot's number in PIV.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Slot::Sign => 0x9C,
            Slot::Freeze => 0x9E,
            Slot::Open => 0x82,
        }
    }

    /// PIN and touch policy of an officer's key in this slot, in the card's numbers.
    pub(crate) const fn policy(self) -> [u8; 2] {
        const PIN_NEVER: u8 = 1;
        const PIN_ALWAYS: u8 = 3;
        const TOUCH_ALWAYS: u8 = 2;
        match self {
            Slot::Sign | Slot::Open => [PIN_ALWAYS, TOUCH_ALWAYS],
            Slot::Freeze => [PIN_NEVER, TOUCH_ALWAYS],
        }
    }
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:x}", self.number())
    }
}

/// A YubiKey's firmware: major, minor, patch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Firmware(pub [u8; 3]);

impl fmt::Display for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [major, minor, patch] = self.0;
        write!(f, "{major}.{minor}.{patch}")
    }
}

/// A YubiKey that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardInfo {
    /// The serial number printed on it.
    pub serial: u32,
    /// Its firmware.
    pub firmware: Firmware,
    /// The reader's name.
    pub reader: String,
}

/// Whether a PIN, PUK or management key is still the one that everybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// As it left the factory.
    Factory,
    /// Somebody changed it.
    Own,
}

/// What a key says about its PIN, PUK and management key. Nothing was tried to learn it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinStatus {
    /// Tries of the PIN until it blocks; 0: it is blocked.
    pub tries_left: u8,
    /// Tries after a right PIN.
    pub tries_total: u8,
    /// Tries of the PUK until it blocks.
    pub puk_tries_left: u8,
    /// The PIN.
    pub pin: Setting,
    /// The PUK.
    pub puk: Setting,
    /// The management key.
    pub management_key: Setting,
}

/// The YubiKeys of this machine. Cheap to clone; clones share what is known of the readers.
#[derive(Debug, Clone)]
pub struct Cards {
    readers: Readers,
    patience: Duration,
    cancel: Cancel,
}

impl Cards {
    /// Connects to the machine's card service and makes sure that it answers.
    pub fn connect() -> Result<Self, CardError> {
        pcsc::Context::establish(pcsc::Scope::User)
            .map_err(|error| hold::explain(0, "connect", error))?;
        let (readers, cancel) = (Readers::default(), Cancel::new());
        Ok(Self {
            readers,
            patience: PATIENCE,
            cancel,
        })
    }

    /// The same cards, with waits that `cancel` calls off.
    #[must_use]
    pub fn cancellable(&self, cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            ..self.clone()
        }
    }

    /// The same cards, with another patience towards programs that hold one.
    #[must_use]
    pub fn with_patience(&self, patience: Duration) -> Self {
        Self {
            patience,
            ..self.clone()
        }
    }

    /// YubiKeys that are plugged in and answer, by serial. One that is at work for us is listed
    /// without being disturbed.
    pub fn list(&self) -> Result<Vec<CardInfo>, CardError> {
        Ok(self.survey()?.cards)
    }

    /// The same, and the readers that could not be asked.
    pub fn survey(&self) -> Result<Survey, CardError> {
        self.readers.survey(&self.cancel)
    }

    /// Tries left and factory values. To be shown before a PIN is asked for; uses no try.
    pub fn pin_status(&self, serial: u32) -> Result<PinStatus, CardError> {
        self.with(serial, piv::pin_status)
    }

    /// Signs a digest with slot 9c: PIN and touch. The signature is low-s and was verified.
    pub fn sign(
        &self,
        serial: u32,
        expected: &PublicKey,
        pin: &Pin,
        digest: &[u8; 32],
    ) -> Result<Signature, CardError> {
        let (expected, pin, digest) = (*expected, pin.for_worker(), *digest);
        self.with(serial, move |session| {
            piv::expect_key(session, Slot::Sign, &expected)?;
            piv::verify(session, &pin)?;
            piv::sign(session, Slot::Sign, &expected, &digest)
        })
    }

    /// Signs a freeze with slot 9e: one touch, no PIN.
    pub fn sign_freeze(
        &self,
        serial: u32,
        expected: &PublicKey,
        digest: &[u8; 32],
    ) -> Result<Signature, CardError> {
        let (expected, digest) = (*expected, *digest);
        self.with(serial, move |session| {
            piv::expect_key(session, Slot::Freeze, &expected)?;
            piv::sign(session, Slot::Freeze, &expected, &digest)
        })
    }

    /// ECDH of slot 82 with `peer`: PIN and touch. Opens what was sealed to `expected`.
    pub fn agree(
        &self,
        serial: u32,
        expected: &PublicKey,
        pin: &Pin,
        peer: &PublicKey,
    ) -> Result<SharedSecret, CardError> {
        let (expected, pin, peer) = (*expected, pin.for_worker(), *peer);
        self.with(serial, move |session| {
            piv::expect_key(session, Slot::Open, &expected)?;
            piv::verify(session, &pin)?;
            piv::agree(session, Slot::Open, &peer)
        })
    }

    /// Runs `work` on the key in one transaction that ends with a reset.
    pub(crate) fn with<T: Send + 'static>(
        &self,
        serial: u32,
        work: impl Fn(&Session<'_>) -> Result<T, CardError> + Send + 'static,
    ) -> Result<T, CardError> {
        self.with_firmware(serial, move |session, _| work(session))
    }

    /// The same, for work that depends on the firmware.
    pub(crate) fn with_firmware<T: Send + 'static>(
        &self,
        serial: u32,
        work: impl Fn(&Session<'_>, Firmware) -> Result<T, CardError> + Send + 'static,
    ) -> Result<T, CardError> {
        let reader = self.readers.locate(serial, &self.cancel)?;
        let target = Target {
            reader: reader.clone(),
            serial,
            patience: self.patience,
            cancel: self.cancel.clone(),
            after: After::Reset,
        };
        let result = hold(target, move |session| {
            let firmware = piv::begin(session)?;
            work(session, firmware)
        });
        if let Err(CardError::NotPresent { .. } | CardError::Removed { .. }) = result {
            self.readers.forget(&reader);
        }
        result
    }
}
