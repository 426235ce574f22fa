//! What can go wrong with a YubiKey, in words for the officer who holds it.

use super::{Firmware, Slot};
use crate::random::RandomError;

/// Why a YubiKey did not do what it was asked. Unless it says otherwise nothing was signed, opened or
/// changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// No card service.
    #[error(
        "the smart card service of this machine does not answer ({0}): no YubiKey can be reached. start it (on Linux: pcscd) and try again"
    )]
    NoService(String),
    /// The key is in no reader.
    #[error("YubiKey {serial} is not plugged in; plug it in and try again{}", others(.present))]
    NotPresent {
        /// The key that is wanted.
        serial: u32,
        /// Keys that are there.
        present: Vec<u32>,
    },
    /// A reader could not be looked into.
    #[error(
        "YubiKey {serial} was not found, and {reader} could not be asked: {why}. close other programs that use YubiKeys and try again"
    )]
    Unreadable {
        /// The key that is wanted.
        serial: u32,
        /// The reader that did not answer.
        reader: String,
        /// What it said.
        why: String,
    },
    /// Pulled out, or contact lost.
    #[error(
        "YubiKey {serial} was pulled out or lost contact before it had finished: what it was doing does not count. plug it in and start again"
    )]
    Removed {
        /// The key.
        serial: u32,
    },
    /// Another program has a transaction on it.
    #[error(
        "another program holds YubiKey {serial} and did not let go of it: nothing was sent to it, no PIN and no touch was used. close the other program (ssh, gpg, a browser, another Countersign) and try again"
    )]
    HeldByAnother {
        /// The key.
        serial: u32,
    },
    /// Another program reset it under us.
    #[error(
        "another program reset YubiKey {serial} in the middle: what it was doing does not count. close the other program and try again"
    )]
    ResetByAnother {
        /// The key.
        serial: u32,
    },
    /// The caller gave up waiting.
    #[error(
        "stopped waiting for YubiKey {serial}. if it still blinks, leave it alone until it stops: a touch does nothing any more"
    )]
    Cancelled {
        /// The key.
        serial: u32,
    },
    /// The PIN is wrong.
    #[error("wrong PIN for YubiKey {serial}: {}. nothing was signed", tries(*.tries_left))]
    WrongPin {
        /// The key.
        serial: u32,
        /// Tries until it blocks.
        tries_left: u8,
    },
    /// The PIN is blocked.
    #[error(
        "the PIN of YubiKey {serial} is blocked after too many wrong tries; nothing was signed. unblock it with the PUK, or let another officer act"
    )]
    PinBlocked {
        /// The key.
        serial: u32,
    },
    /// The PUK is wrong.
    #[error("wrong PUK for YubiKey {serial}: {}. nothing was changed", tries(*.tries_left))]
    WrongPuk {
        /// The key.
        serial: u32,
        /// Tries until it blocks.
        tries_left: u8,
    },
    /// The PUK is blocked.
    #[error(
        "the PUK of YubiKey {serial} is blocked after too many wrong tries: a blocked PIN can't be unblocked any more. replace the officer's key while the PIN still works"
    )]
    PukBlocked {
        /// The key.
        serial: u32,
    },
    /// Nobody touched it.
    #[error(
        "nobody touched YubiKey {serial} while it blinked: nothing was signed. try again and touch it when it blinks"
    )]
    NoTouch {
        /// The key.
        serial: u32,
    },
    /// It has another key in the slot.
    #[error(
        "YubiKey {serial} has another key in slot {slot} than the officer was enrolled with: it is the wrong YubiKey, or its key was replaced. no PIN was sent and nothing was signed; use the enrolled one, or replace the officer"
    )]
    WrongCard {
        /// The key.
        serial: u32,
        /// The slot.
        slot: Slot,
    },
    /// The slot is empty.
    #[error(
        "YubiKey {serial} has no key in slot {slot}: it was reset, or it is not enrolled. no PIN was sent and nothing was signed; use the enrolled one, or replace the officer"
    )]
    EmptySlot {
        /// The key.
        serial: u32,
        /// The slot.
        slot: Slot,
    },
    /// It can't say what is needed.
    #[error(
        "YubiKey {serial} has firmware {firmware}, which can't say whether its PIN and keys are in order (5.3.0 can); it was not used. take a newer one"
    )]
    TooOld {
        /// The key.
        serial: u32,
        /// Its firmware.
        firmware: Firmware,
    },
    /// It gave a signature that is not one.
    #[error(
        "YubiKey {serial} gave a signature that does not verify; it was thrown away. do not use this key again before somebody has looked at it"
    )]
    BadSignature {
        /// The key.
        serial: u32,
    },
    /// An answer that nothing accounts for.
    #[error(
        "YubiKey {serial} answered something unexpected while asked to {step} ({answer}); what it was doing does not count. pull it out, plug it in and try again"
    )]
    Unexpected {
        /// The key.
        serial: u32,
        /// What was asked.
        step: &'static str,
        /// What came.
        answer: String,
    },
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

fn others(present: &[u32]) -> String {
    if present.is_empty() {
        return " (no YubiKey is plugged in)".to_owned();
    }
    let list: Vec<String> = present.iter().map(u32::to_string).collect();
    format!(" (plugged in: {})", list.join(", "))
}

fn tries(left: u8) -> String {
    match left {
        0 => "no try is left, it is blocked".to_owned(),
        1 => "1 try is left, then it blocks".to_owned(),
        more => format!("{more} tries are left"),
    }
}
