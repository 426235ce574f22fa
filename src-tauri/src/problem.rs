//! What went wrong, for a window: a code to tell it apart, a sentence, what to do.

use driver::{DeskError, DriverError, HomeError};
use keys::CardError;
use serde::Serialize;
use specta::Type;
use treasury::IllegalEntry;

/// Why a command did nothing, or not all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct Problem {
    /// Which kind it is.
    pub code: Code,
    /// What happened and what it means for the money, in whole sentences.
    pub message: String,
    /// What to do next.
    pub remedy: Option<String>,
    /// The input that it is about.
    pub field: Option<String>,
}

/// Kinds of problems that a window tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    /// No treasury is here.
    NotFounded,
    /// The journal or the settings can't be used.
    Broken,
    /// The clock is behind the journal or jumped ahead.
    Clock,
    /// The OS keyring is locked or away.
    Keyring,
    /// What was typed can't be read.
    Input,
    /// There is no such thing.
    Unknown,
    /// The policy refuses it.
    Refused,
    /// A rule of the treasury forbids it now.
    NotNow,
    /// It is frozen.
    Frozen,
    /// The person gave up.
    Cancelled,
    /// A YubiKey is not plugged in, or does not answer.
    KeyAway,
    /// The PIN was wrong.
    WrongPin,
    /// The PIN is blocked.
    PinBlocked,
    /// Nobody touched the key.
    NoTouch,
    /// Another trouble with a YubiKey.
    Key,
    /// A node does not answer or answers wrongly.
    Node,
    /// Signing or key generation ended without a result.
    Signing,
    /// A file can't be read or written.
    File,
    /// Another act waits for the person.
    Busy,
    /// A fault of Countersign.
    Fault,
}

/// What commands give.
pub type Answer<T> = Result<T, Problem>;

impl Problem {
    /// A problem.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: sentence(&message.into()),
            remedy: None,
            field: None,
        }
    }

    /// With what to do next.
    #[must_use]
    pub fn remedy(mut self, remedy: &str) -> Self {
        self.remedy = Some(sentence(remedy));
        self
    }

    /// About an input.
    #[must_use]
    pub fn field(mut self, field: &str) -> Self {
        self.field = Some(field.to_owned());
        self
    }

    /// What was typed can't be read.
    pub fn input(field: &str, why: impl std::fmt::Display) -> Self {
        Self::new(Code::Input, why.to_string()).field(field)
    }

    /// What was asked for can't be proposed as it is.
    pub fn draft(why: &anyhow::Error) -> Self {
        Self::new(Code::Input, why.to_string())
    }

    /// A task of this program died.
    pub fn task(error: &impl std::fmt::Display) -> Self {
        Self::new(
            Code::Fault,
            format!("a task of this program ended by itself ({error}); nothing was done that is not in the journal"),
        )
        .remedy("try again; if it comes back, start Countersign anew and keep what it said")
    }
}

/// Each sentence begins like one: messages of the layers below are written to follow something.
pub fn sentence(text: &str) -> String {
    let mut begins = true;
    let mut stopped = false;
    text.chars()
        .map(|character| {
            let first = begins && character.is_alphabetic();
            begins = (begins && character.is_whitespace()) || (stopped && character == ' ');
            stopped = character == '.';
            if first && character.is_ascii_lowercase() {
                character.to_ascii_uppercase()
            } else {
                character
            }
        })
        .collect()
}

impl From<DriverError> for Problem {
    fn from(error: DriverError) -> Self {
        let text = error.to_string();
        match &error {
            DriverError::Home(home) => of_home(home),
            DriverError::Clock(_) => Self::new(Code::Clock, text),
            DriverError::ClockJumped(span) => Self::new(
                Code::Clock,
                format!("this machine's clock jumped {span} ahead of its running time: nothing is signed until an officer confirms that it is right"),
            )
            .remedy("look at the clock, and confirm it with a YubiKey"),
            DriverError::Keyring(_) => Self::new(Code::Keyring, text)
                .remedy("unlock the keyring of this computer and try again"),
            DriverError::OpenJournal(_)
            | DriverError::Fault(_)
            | DriverError::ReadJournal(_)
            | DriverError::IllegalJournal { .. } => Self::new(Code::Broken, text),
            DriverError::Illegal(IllegalEntry::Frozen) => Self::new(Code::Frozen, text)
                .remedy("propose a thaw; the governance quorum decides on it"),
            DriverError::Illegal(IllegalEntry::ClockBehind { .. }) => {
                Self::new(Code::Clock, text)
            }
            DriverError::Illegal(_) | DriverError::NotNow(_) => Self::new(Code::NotNow, text),
            DriverError::Append(_) | DriverError::Entry(_) => Self::new(Code::Fault, text),
            DriverError::Unknown { .. } => Self::new(Code::Unknown, text),
            DriverError::Refused(_) => Self::new(Code::Refused, text),
            DriverError::Desk { officer, problem } => of_desk(problem, Some(officer.as_str())),
            DriverError::Bitcoin(_) | DriverError::Evm(_) => Self::new(Code::Node, text)
                .remedy("look at the node's settings and test the connection"),
            DriverError::Share { .. }
            | DriverError::Ceremony(_)
            | DriverError::Signing(_) => Self::new(Code::Signing, text),
            DriverError::Backup(_) => Self::new(Code::File, text),
            DriverError::Task(_) | DriverError::Random(_) => Self::new(Code::Fault, text),
        }
    }
}

fn of_home(error: &HomeError) -> Problem {
    let text = error.to_string();
    match error {
        HomeError::Empty(_) => {
            Problem::new(Code::NotFounded, "there is no treasury on this machine yet")
                .remedy("found one, or restore a backup with `countersign restore`")
        }
        HomeError::Io { .. } => Problem::new(Code::File, text),
        HomeError::Settings { .. } | HomeError::JournalGone(_) | HomeError::Taken(_) => {
            Problem::new(Code::Broken, text)
        }
    }
}

/// A trouble with a YubiKey, or the person with it.
pub fn of_desk(error: &DeskError, officer: Option<&str>) -> Problem {
    match error {
        DeskError::Cancelled(_) => Problem::new(Code::Cancelled, "you gave up; nothing was signed"),
        DeskError::Card(card) => of_card(card),
        DeskError::Other(why) => {
            let who = officer.map(|name| format!("{name}: ")).unwrap_or_default();
            Problem::new(Code::Key, format!("{who}{why}"))
        }
    }
}

/// A trouble with a YubiKey.
pub fn of_card(error: &CardError) -> Problem {
    let code = match error {
        CardError::NoService(_)
        | CardError::NotPresent { .. }
        | CardError::Unreadable { .. }
        | CardError::Removed { .. } => Code::KeyAway,
        CardError::WrongPin { .. } => Code::WrongPin,
        CardError::PinBlocked { .. } => Code::PinBlocked,
        CardError::Cancelled { .. } => Code::Cancelled,
        CardError::NoTouch { .. } => Code::NoTouch,
        CardError::HeldByAnother { .. }
        | CardError::ResetByAnother { .. }
        | CardError::WrongPuk { .. }
        | CardError::PukBlocked { .. }
        | CardError::WrongCard { .. }
        | CardError::EmptySlot { .. }
        | CardError::TooOld { .. }
        | CardError::BadSignature { .. }
        | CardError::Unexpected { .. }
        | CardError::Random(_) => Code::Key,
    };
    Problem::new(code, error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_sentences() {
        for (text, told) in [
            (
                "wrong PIN: 2 tries are left. nothing was signed",
                "Wrong PIN: 2 tries are left. Nothing was signed",
            ),
            (
                "0.5 BTC is more than 1.5 of it",
                "0.5 BTC is more than 1.5 of it",
            ),
            (" then", " Then"),
            ("`x` is no name", "`x` is no name"),
            ("ünlaut", "ünlaut"),
            ("", ""),
        ] {
            assert_eq!(sentence(text), told);
        }
    }
}
