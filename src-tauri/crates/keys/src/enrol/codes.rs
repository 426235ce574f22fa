//! Changing PIN and PUK.

use super::EnrolError;
use crate::cards::{CardError, Cards, Command, Session, Status};
use crate::pin::{Pin, Puk};

const CHANGE_REFERENCE: u8 = 0x24;
const RESET_RETRY: u8 = 0x2C;
const PIN: u8 = 0x80;
const PUK: u8 = 0x81;

/// Changes the PIN. A wrong current PIN uses a try.
pub fn change_pin(cards: &Cards, serial: u32, current: &Pin, new: &Pin) -> Result<(), EnrolError> {
    check("PIN", new.is_weak(), new.is(current))?;
    let (current, new) = (current.for_worker(), new.for_worker());
    cards.with(serial, move |session| {
        let change = Change {
            instruction: CHANGE_REFERENCE,
            reference: PIN,
            what: "PIN",
        };
        Ok(change.send(session, current.padded(), new.padded(), wrong_pin))
    })?
}

/// Changes the PUK. A wrong current PUK uses a try.
pub fn change_puk(cards: &Cards, serial: u32, current: &Puk, new: &Puk) -> Result<(), EnrolError> {
    check("PUK", new.is_weak(), new.is(current))?;
    let (current, new) = (current.for_worker(), new.for_worker());
    cards.with(serial, move |session| {
        let change = Change {
            instruction: CHANGE_REFERENCE,
            reference: PUK,
            what: "PUK",
        };
        Ok(change.send(session, current.padded(), new.padded(), wrong_puk))
    })?
}

/// Sets a new PIN with the PUK, when the PIN is blocked or forgotten. A wrong PUK uses a try.
pub fn unblock_pin(cards: &Cards, serial: u32, puk: &Puk, new: &Pin) -> Result<(), EnrolError> {
    check("PIN", new.is_weak(), false)?;
    let (puk, new) = (puk.for_worker(), new.for_worker());
    cards.with(serial, move |session| {
        let change = Change {
            instruction: RESET_RETRY,
            reference: PIN,
            what: "PIN",
        };
        Ok(change.send(session, puk.padded(), new.padded(), wrong_puk))
    })?
}

fn check(what: &'static str, weak: bool, same: bool) -> Result<(), EnrolError> {
    if weak {
        return Err(EnrolError::Weak { what });
    }
    if same {
        return Err(EnrolError::Same { what });
    }
    Ok(())
}

struct Change {
    instruction: u8,
    reference: u8,
    what: &'static str,
}

impl Change {
    fn send(
        &self,
        session: &Session<'_>,
        proof: &[u8; 8],
        new: &[u8; 8],
        wrong: fn(u32, u8) -> CardError,
    ) -> Result<(), EnrolError> {
        let (serial, step) = (session.serial, "change its PIN or PUK");
        let codes = zeroize::Zeroizing::new([*proof, *new].concat());
        let command = Command::new(self.instruction, 0, self.reference, &codes);
        let status = session.send(step, &command)?.status;
        match (status, status.tries_left()) {
            (Status::OK, _) => Ok(()),
            (Status::BLOCKED, _) => Err(wrong(serial, 0).into()),
            (_, Some(left)) => Err(wrong(serial, left).into()),
            (Status::CONDITIONS_NOT_SATISFIED | Status::WRONG_DATA, None) => {
                Err(EnrolError::TooSimpleForKey {
                    serial,
                    what: self.what,
                })
            }
            (other, None) => Err(session.refused(step, other).into()),
        }
    }
}

fn wrong_pin(serial: u32, tries_left: u8) -> CardError {
    match tries_left {
        0 => CardError::PinBlocked { serial },
        tries_left => CardError::WrongPin { serial, tries_left },
    }
}

fn wrong_puk(serial: u32, tries_left: u8) -> CardError {
    match tries_left {
        0 => CardError::PukBlocked { serial },
        tries_left => CardError::WrongPuk { serial, tries_left },
    }
}
