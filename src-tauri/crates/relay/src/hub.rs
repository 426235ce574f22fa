//! The relay inside one machine: mailboxes in memory.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{SeatId, SessionId};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use crate::tamper::{Letter, Tamper};
use crate::{Closed, JoinError, MAX_MESSAGE, MAX_WAITING, Message, Port, Relay, SendError};

/// The relay of one machine. Clones are the same relay.
#[derive(Clone, Default)]
pub struct Hub {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    mailboxes: BTreeMap<(SessionId, SeatId), Mailbox>,
    ended: BTreeSet<SessionId>,
    tamper: Option<Tamper>,
}

/// What waits for one seat in one session. It exists before the seat joins, since another may be
/// quicker to send.
#[derive(Default)]
struct Mailbox {
    waiting: VecDeque<Message>,
    arrived: Arc<Notify>,
    seat: Seat,
}

#[derive(Default, PartialEq, Eq)]
enum Seat {
    #[default]
    Expected,
    Joined,
    Left,
}

/// A seat's place in a session of a [`Hub`]. The hub stamps the seat on all that it sends.
pub struct HubPort {
    hub: Hub,
    session: SessionId,
    seat: SeatId,
    arrived: Arc<Notify>,
}

impl Hub {
    /// An honest relay.
    pub fn new() -> Self {
        Self::default()
    }

    /// A lying relay, for tests: every message passes through `tamper`.
    pub fn with_tamper(tamper: Tamper) -> Self {
        let state = State {
            tamper: Some(tamper),
            ..State::default()
        };
        Self {
            state: Arc::new(Mutex::new(state)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that can panic runs while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay for Hub {
    type Port = HubPort;

    fn join(&self, session: SessionId, seat: SeatId) -> Result<HubPort, JoinError> {
        let mut state = self.state();
        if state.ended.contains(&session) {
            return Err(JoinError::Closed);
        }
        let mailbox = state.mailboxes.entry((session, seat)).or_default();
        if mailbox.seat != Seat::Expected {
            return Err(JoinError::Taken(seat));
        }
        mailbox.seat = Seat::Joined;
        Ok(HubPort {
            hub: self.clone(),
            session,
            seat,
            arrived: Arc::clone(&mailbox.arrived),
        })
    }

    fn close(&self, session: SessionId) {
        let mut state = self.state();
        state.ended.insert(session);
        state.mailboxes.retain(|(of, _), mailbox| {
            if *of == session {
                mailbox.arrived.notify_one();
            }
            *of != session
        });
    }
}

impl Port for HubPort {
    fn seat(&self) -> SeatId {
        self.seat
    }

    async fn send(
        &self,
        to: SeatId,
        bytes: impl Into<Zeroizing<Vec<u8>>> + Send,
    ) -> Result<(), SendError> {
        let bytes = bytes.into();
        if bytes.len() > MAX_MESSAGE {
            return Err(SendError::TooLarge(bytes.len()));
        }
        if to == self.seat {
            return Err(SendError::ToItself(to));
        }
        let mut state = self.hub.state();
        state.admit(self.session, self.seat, to)?;
        let letter = Letter::new(self.session, self.seat, to, bytes);
        match &mut state.tamper {
            None => state.deliver(letter),
            Some(tamper) => {
                let letters = tamper.pass(letter);
                for letter in letters {
                    // A lying relay's own letters vanish where an honest one's would be refused.
                    if state
                        .admit(letter.session(), letter.from(), letter.to())
                        .is_ok()
                    {
                        state.deliver(letter);
                    }
                }
            }
        }
        Ok(())
    }

    async fn recv(&mut self) -> Result<Message, Closed> {
        loop {
            {
                let mut state = self.hub.state();
                let mailbox = state
                    .mailboxes
                    .get_mut(&(self.session, self.seat))
                    .ok_or(Closed)?;
                if let Some(message) = mailbox.waiting.pop_front() {
                    return Ok(message);
                }
            }
            // One permit is kept when nobody waits yet, so nothing that arrives here is missed.
            self.arrived.notified().await;
        }
    }
}

impl Drop for HubPort {
    fn drop(&mut self) {
        let mut state = self.hub.state();
        if let Some(mailbox) = state.mailboxes.get_mut(&(self.session, self.seat)) {
            mailbox.seat = Seat::Left;
            mailbox.waiting.clear();
        }
    }
}

impl State {
    fn admit(&mut self, session: SessionId, from: SeatId, to: SeatId) -> Result<(), SendError> {
        if self.ended.contains(&session) {
            return Err(Closed.into());
        }
        let mailbox = self.mailboxes.entry((session, to)).or_default();
        if mailbox.seat == Seat::Left {
            return Err(SendError::Left(to));
        }
        let waiting = mailbox.waiting.iter().filter(|m| m.from == from).count();
        if waiting >= MAX_WAITING {
            return Err(SendError::Full(to));
        }
        Ok(())
    }

    fn deliver(&mut self, letter: Letter) {
        let mailbox = self
            .mailboxes
            .entry((letter.session(), letter.to()))
            .or_default();
        mailbox.waiting.push_back(Message {
            from: letter.from(),
            bytes: letter.into_bytes(),
        });
        mailbox.arrived.notify_one();
    }
}
