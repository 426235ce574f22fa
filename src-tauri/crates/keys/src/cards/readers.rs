//! Which YubiKey is in which reader, without disturbing one that is at work.
//!
//! A reader is looked into once for each card put in: PC/SC counts insertions and removals, and as
//! long as the count stands the answer does. So a card that waits for a touch is never opened, and
//! others are found meanwhile.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pcsc::State;

use super::hold::{After, Cancel, Target, explain, hold};
use super::{CardError, CardInfo, piv};

/// How long a card may be held by another program before it is listed as unreadable.
const LISTING_PATIENCE: Duration = Duration::from_secs(5);

/// Readers whose name says that they are no YubiKey are other people's cards: never opened.
const YUBIKEY: &str = "yubikey";

/// All YubiKeys, and the readers that could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Survey {
    /// Keys that answered, by serial.
    pub cards: Vec<CardInfo>,
    /// Readers with a key that did not, and why.
    pub unreadable: Vec<Unreadable>,
}

/// A reader whose YubiKey did not answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The reader's name.
    pub reader: String,
    /// What happened.
    pub why: String,
}

/// What is known of the readers; shared by all who use cards.
#[derive(Debug, Clone, Default)]
pub(super) struct Readers {
    known: Arc<Mutex<BTreeMap<CString, Known>>>,
}

#[derive(Debug, Clone)]
struct Known {
    insertions: u32,
    card: CardInfo,
}

impl Readers {
    /// Looks at all readers; opens only those whose card is not known yet.
    pub fn survey(&self, cancel: &Cancel) -> Result<Survey, CardError> {
        let present = present()?;
        self.forget_others(&present);
        let mut survey = Survey::default();
        for (reader, insertions) in present {
            match self.look(&reader, insertions, cancel) {
                Ok(card) => survey.cards.push(card),
                Err(error @ (CardError::NoService(_) | CardError::Cancelled { .. })) => {
                    return Err(error);
                }
                Err(error) => {
                    survey.unreadable.push(Unreadable {
                        reader: text(&reader),
                        why: why(&error),
                    });
                }
            }
        }
        survey.cards.sort_by_key(|card| card.serial);
        Ok(survey)
    }

    /// The reader that a key is in. Readers are opened only while it is not found.
    pub fn locate(&self, serial: u32, cancel: &Cancel) -> Result<CString, CardError> {
        let readers = present()?;
        self.forget_others(&readers);
        let known = |(reader, insertions): &&(CString, u32)| {
            self.known(reader, *insertions)
                .is_some_and(|card| card.serial == serial)
        };
        if let Some((reader, _)) = readers.iter().find(known) {
            return Ok(reader.clone());
        }
        let (mut others, mut unreadable) = (Vec::new(), None);
        for (reader, insertions) in &readers {
            match self.look(reader, *insertions, cancel) {
                Ok(card) if card.serial == serial => return Ok(reader.clone()),
                Ok(card) => others.push(card.serial),
                Err(error @ (CardError::NoService(_) | CardError::Cancelled { .. })) => {
                    return Err(error);
                }
                Err(error) => unreadable = Some((text(reader), why(&error))),
            }
        }
        others.sort_unstable();
        Err(match unreadable {
            Some((reader, why)) => CardError::Unreadable {
                serial,
                reader,
                why,
            },
            None => CardError::NotPresent {
                serial,
                present: others,
            },
        })
    }

    /// Looks anew next time: the card there is not the one that was known.
    pub fn forget(&self, reader: &CStr) {
        self.change(|known| {
            known.remove(reader);
        });
    }

    fn look(&self, reader: &CStr, insertions: u32, cancel: &Cancel) -> Result<CardInfo, CardError> {
        if let Some(card) = self.known(reader, insertions) {
            return Ok(card);
        }
        let target = Target {
            reader: reader.to_owned(),
            serial: 0,
            patience: LISTING_PATIENCE,
            cancel: cancel.clone(),
            after: After::Leave,
        };
        let (serial, firmware) = hold(target, piv::identify)?;
        let card = CardInfo {
            serial,
            firmware,
            reader: text(reader),
        };
        let new = Known {
            insertions,
            card: card.clone(),
        };
        self.change(|known| known.insert(reader.to_owned(), new));
        Ok(card)
    }

    /// The card in a reader, unless another was put in since.
    fn known(&self, reader: &CStr, insertions: u32) -> Option<CardInfo> {
        let known = self.change(|known| known.get(reader).cloned());
        known
            .filter(|known| known.insertions == insertions)
            .map(|known| known.card)
    }

    fn forget_others(&self, present: &[(CString, u32)]) {
        self.change(|known| {
            known.retain(|reader, _| present.iter().any(|(name, _)| name == reader))
        });
    }

    fn change<T>(&self, how: impl FnOnce(&mut BTreeMap<CString, Known>) -> T) -> T {
        how(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Readers that have a YubiKey in them, and how often cards came and went.
fn present() -> Result<Vec<(CString, u32)>, CardError> {
    let failed = |error| explain(0, "list readers", error);
    let context = pcsc::Context::establish(pcsc::Scope::User).map_err(failed)?;
    let names = match context.list_readers_owned() {
        Ok(names) => names,
        Err(pcsc::Error::NoReadersAvailable) => Vec::new(),
        Err(error) => return Err(failed(error)),
    };
    let yubikeys = names
        .into_iter()
        .filter(|name| text(name).to_lowercase().contains(YUBIKEY));
    let mut states: Vec<_> = yubikeys
        .map(|name| pcsc::ReaderState::new(name, State::UNAWARE))
        .collect();
    if states.is_empty() {
        return Ok(Vec::new());
    }
    match context.get_status_change(Duration::ZERO, &mut states) {
        Ok(()) | Err(pcsc::Error::Timeout) => {}
        // A reader went away between the two calls.
        Err(pcsc::Error::UnknownReader) => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    }
    let with_card = states
        .iter()
        .filter(|state| state.event_state().contains(State::PRESENT));
    Ok(with_card
        .map(|state| (state.name().to_owned(), state.event_count()))
        .collect())
}

fn text(reader: &CStr) -> String {
    reader.to_string_lossy().into_owned()
}

/// Of a key whose serial is not known, so not the whole message.
fn why(error: &CardError) -> String {
    match error {
        CardError::HeldByAnother { .. } => "another program holds it".to_owned(),
        CardError::Removed { .. } => "it was pulled out".to_owned(),
        CardError::ResetByAnother { .. } => "another program reset it".to_owned(),
        CardError::Unexpected { answer, .. } => {
            format!("it does not answer as a YubiKey 5 does ({answer})")
        }
        other => other.to_string(),
    }
}
