//! What can stand in the way of an enrolment.

use crate::cards::{CardError, Slot};

/// Why a YubiKey was not enrolled or changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnrolError {
    /// The YubiKey did not do its part.
    #[error(transparent)]
    Card(#[from] CardError),
    /// Its PIN is known to everybody.
    #[error(
        "YubiKey {serial} still has the factory PIN, which everybody knows: it was not enrolled and nothing was changed. give it a PIN of its own first"
    )]
    FactoryPin {
        /// The key.
        serial: u32,
    },
    /// Its PUK is known to everybody.
    #[error(
        "YubiKey {serial} still has the factory PUK, with which anybody can set a new PIN: it was not enrolled and nothing was changed. give it a PUK of its own first"
    )]
    FactoryPuk {
        /// The key.
        serial: u32,
    },
    /// Its management key is known to everybody.
    #[error(
        "YubiKey {serial} still has the factory management key, with which anybody can replace its keys: it was not enrolled and nothing was changed. protect the management key first"
    )]
    FactoryManagementKey {
        /// The key.
        serial: u32,
    },
    /// The management key is neither the factory's nor kept under the PIN.
    #[error(
        "the management key of YubiKey {serial} was changed and is not kept under its PIN, so no keys can be made on it; nothing was changed. whoever set it up can put it under the PIN (`ykman piv access change-management-key --protect`), or reset the PIV application, which destroys all keys in it"
    )]
    ManagementKeyElsewhere {
        /// The key.
        serial: u32,
    },
    /// There are keys already.
    #[error(
        "YubiKey {serial} already has {}: nothing was changed. making new keys destroys them, and what was sealed to them can't be opened with this YubiKey any more; say so if that is wanted", list(.slots)
    )]
    Occupied {
        /// The key.
        serial: u32,
        /// Slots with a key.
        slots: Vec<Slot>,
    },
    /// A key that came from outside.
    #[error(
        "the key in slot {slot} of YubiKey {serial} was not made on it, so copies of it can exist: it can't be an officer's. enrol with new keys"
    )]
    Imported {
        /// The key.
        serial: u32,
        /// The slot.
        slot: Slot,
    },
    /// It can't attest.
    #[error(
        "YubiKey {serial} does not attest the key in slot {slot} ({answer}): where that key comes from can't be shown, so it can't be an officer's. take another YubiKey"
    )]
    NoAttestation {
        /// The key.
        serial: u32,
        /// The slot.
        slot: Slot,
        /// What it said.
        answer: String,
    },
    /// The new PIN or PUK is a bad one.
    #[error(
        "the new {what} is the factory's or one character again and again: nothing was changed. choose another"
    )]
    Weak {
        /// `PIN` or `PUK`.
        what: &'static str,
    },
    /// The new one is the old one.
    #[error("the new {what} is the same as the old one; nothing was changed")]
    Same {
        /// `PIN` or `PUK`.
        what: &'static str,
    },
    /// The key has rules of its own.
    #[error(
        "YubiKey {serial} does not accept the new {what}: it wants a less simple one. nothing was changed; choose another"
    )]
    TooSimpleForKey {
        /// The key.
        serial: u32,
        /// `PIN` or `PUK`.
        what: &'static str,
    },
}

fn list(slots: &[Slot]) -> String {
    let list: Vec<String> = slots.iter().map(Slot::to_string).collect();
    match list.as_slice() {
        [one] => format!("a key in slot {one}"),
        more => format!("keys in slots {}", more.join(", ")),
    }
}
