//! A relay that lies: what the broker between machines could do, for tests of those who must not
//! trust it.

use std::fmt;

use domain::{SeatId, SessionId};
use zeroize::Zeroizing;

/// A message on its way. The relay may do anything to it but say that another seat sent it: between
/// machines the seats' own encryption takes that power away as well.
#[derive(Clone)]
pub struct Letter {
    session: SessionId,
    from: SeatId,
    to: SeatId,
    bytes: Zeroizing<Vec<u8>>,
}

impl Letter {
    pub(crate) const fn new(
        session: SessionId,
        from: SeatId,
        to: SeatId,
        bytes: Zeroizing<Vec<u8>>,
    ) -> Self {
        Self {
            session,
            from,
            to,
            bytes,
        }
    }

    /// The session it was sent in.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Who sent it.
    pub const fn from(&self) -> SeatId {
        self.from
    }

    /// Who gets it.
    pub const fn to(&self) -> SeatId {
        self.to
    }

    /// What it says.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The same letter with other bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: Vec<u8>) -> Self {
        self.bytes = bytes.into();
        self
    }

    /// The same letter, delivered in another session.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session = session;
        self
    }

    /// The same letter, delivered to another seat.
    #[must_use]
    pub const fn to_seat(mut self, to: SeatId) -> Self {
        self.to = to;
        self
    }

    pub(crate) fn into_bytes(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("session", &self.session)
            .field("from", &self.from)
            .field("to", &self.to)
            .field("bytes", &format_args!("<redacted>"))
            .finish()
    }
}

/// What a lying relay does: takes each letter and gives those that are delivered in its place.
pub struct Tamper(Box<Passing>);

type Passing = dyn FnMut(Letter) -> Vec<Letter> + Send;

impl Tamper {
    /// Any lie.
    pub fn new(passing: impl FnMut(Letter) -> Vec<Letter> + Send + 'static) -> Self {
        Self(Box::new(passing))
    }

    /// Loses the letters that `which` names.
    pub fn drop(mut which: impl FnMut(&Letter) -> bool + Send + 'static) -> Self {
        Self::new(move |letter| if which(&letter) { vec![] } else { vec![letter] })
    }

    /// Delivers the letters that `which` names twice.
    pub fn duplicate(mut which: impl FnMut(&Letter) -> bool + Send + 'static) -> Self {
        Self::new(move |letter| {
            if which(&letter) {
                vec![letter.clone(), letter]
            } else {
                vec![letter]
            }
        })
    }

    /// Changes the bytes of the letters that `which` names.
    pub fn corrupt(
        mut which: impl FnMut(&Letter) -> bool + Send + 'static,
        mut change: impl FnMut(&mut Vec<u8>) + Send + 'static,
    ) -> Self {
        Self::new(move |mut letter| {
            if which(&letter) {
                change(&mut letter.bytes);
            }
            vec![letter]
        })
    }

    /// Holds each letter that `which` names back until the next one has gone by.
    pub fn reorder(mut which: impl FnMut(&Letter) -> bool + Send + 'static) -> Self {
        let mut held: Option<Letter> = None;
        Self::new(move |letter| {
            if held.is_none() && which(&letter) {
                held = Some(letter);
                return vec![];
            }
            std::iter::once(letter).chain(held.take()).collect()
        })
    }

    /// Keeps the letters that `which` names, and delivers them once more, between the same seats, in
    /// the first session that is not theirs.
    pub fn replay(mut which: impl FnMut(&Letter) -> bool + Send + 'static) -> Self {
        let mut kept: Vec<Letter> = Vec::new();
        Self::new(move |letter| {
            let (old, rest) = std::mem::take(&mut kept)
                .into_iter()
                .partition(|old| old.session != letter.session);
            kept = rest;
            if which(&letter) {
                kept.push(letter.clone());
            }
            let session = letter.session;
            let old: Vec<Letter> = old;
            old.into_iter()
                .map(|old| old.in_session(session))
                .chain([letter])
                .collect()
        })
    }

    pub(crate) fn pass(&mut self, letter: Letter) -> Vec<Letter> {
        (self.0)(letter)
    }
}
