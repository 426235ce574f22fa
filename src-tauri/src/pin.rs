//! The PIN window's half: one act at a time asks for secrets, and only that window may answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use domain::Officer;
use driver::{DeskError, Prompt, Purpose};
use keys::{Cancel, CardError, Pin, PinStatus, Puk};
use serde::Serialize;
use specta::Type;
use tauri::AppHandle;
use zeroize::Zeroizing;

use crate::problem::{Answer, Code, Problem};
use crate::windows;

/// What the PIN window shows.
#[derive(Debug, Clone, Serialize, Type)]
pub struct PinRequest {
    /// Its number: an answer to another is not taken.
    pub number: u32,
    /// What is wanted.
    pub kind: Wanted,
    /// Whose key.
    pub holder: String,
    /// Which key.
    pub serial: u32,
    /// For what.
    pub purpose: String,
    /// Tries until it blocks.
    pub tries_left: Option<u8>,
    /// Which of how many in this act, where that is known.
    pub place: Option<(u32, u32)>,
}

/// What is wanted of the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// The PIN.
    Pin,
    /// A new PIN, typed twice.
    NewPin,
    /// The PUK.
    Puk,
    /// A new PUK, typed twice.
    NewPuk,
    /// A touch.
    Touch,
    /// Nothing: the key works.
    Patience,
}

impl Wanted {
    const fn is_secret(self) -> bool {
        match self {
            Wanted::Pin | Wanted::NewPin | Wanted::Puk | Wanted::NewPuk => true,
            Wanted::Touch | Wanted::Patience => false,
        }
    }
}

type Typed = Option<Zeroizing<String>>;

struct Pending {
    request: PinRequest,
    /// Gone once it was answered.
    answer: Option<mpsc::Sender<Typed>>,
}

/// Where an act waits for the person at the PIN window.
pub struct PinRoom {
    handle: AppHandle,
    numbers: AtomicU32,
    pending: Mutex<Option<Pending>>,
    /// Calls off the act that is in the room.
    act: Mutex<Option<Cancel>>,
}

impl PinRoom {
    /// An empty room.
    pub fn new(handle: AppHandle) -> Arc<Self> {
        Arc::new(Self {
            handle,
            numbers: AtomicU32::new(0),
            pending: Mutex::new(None),
            act: Mutex::new(None),
        })
    }

    /// Takes the room for one act; another has to wait until it is over.
    pub fn enter(self: &Arc<Self>) -> Answer<Visit> {
        let mut act = held(&self.act);
        if act.is_some() {
            return Err(Problem::new(
                Code::Busy,
                "another act waits for a PIN or a touch; nothing was done",
            )
            .remedy("finish it in the PIN window, or cancel it there"));
        }
        let cancel = Cancel::new();
        *act = Some(cancel.clone());
        Ok(Visit {
            room: self.clone(),
            cancel,
        })
    }

    /// What the window shows now.
    pub fn request(&self) -> Option<PinRequest> {
        held(&self.pending)
            .as_ref()
            .map(|pending| pending.request.clone())
    }

    /// What was typed, for the request of that number.
    pub fn answer(&self, number: u32, typed: Zeroizing<String>) -> Answer<()> {
        let mut pending = held(&self.pending);
        let sender = pending
            .as_mut()
            .filter(|pending| pending.request.number == number)
            .and_then(|pending| pending.answer.take());
        let taken = sender.is_some_and(|sender| sender.send(Some(typed)).is_ok());
        if !taken {
            return Err(Problem::new(
                Code::NotNow,
                "nothing asks for that any more: what was typed was thrown away",
            ));
        }
        Ok(())
    }

    /// The person gives up: what waits for a secret or a touch ends without it.
    pub fn give_up(&self) {
        if let Some(cancel) = held(&self.act).as_ref() {
            cancel.cancel();
        }
        let sender = held(&self.pending)
            .as_mut()
            .and_then(|pending| pending.answer.take());
        if let Some(sender) = sender {
            // The act may have ended by itself.
            let _ = sender.send(None);
        }
    }

    fn show(&self, request: PinRequest, answer: Option<mpsc::Sender<Typed>>) {
        *held(&self.pending) = Some(Pending { request, answer });
        windows::show_pin(&self.handle);
    }

    fn leave(&self) {
        *held(&self.pending) = None;
        *held(&self.act) = None;
        windows::close_pin(&self.handle);
    }
}

/// One act's time in the room. The window closes when it is over, however it ends.
pub struct Visit {
    room: Arc<PinRoom>,
    cancel: Cancel,
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.room.leave();
    }
}

/// Whose key, and which.
#[derive(Debug, Clone)]
pub struct Holder {
    /// The person's name.
    pub name: String,
    /// The key.
    pub serial: u32,
}

impl Visit {
    /// Calls off waits for keys when the person gives up.
    pub const fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The PIN, after saying for what and how many tries are left.
    pub fn pin(
        &self,
        holder: &Holder,
        purpose: &str,
        status: &PinStatus,
        place: Option<(u32, u32)>,
    ) -> Result<Pin, DeskError> {
        let serial = holder.serial;
        if status.tries_left == 0 {
            return Err(CardError::PinBlocked { serial }.into());
        }
        let typed = self.ask(Wanted::Pin, holder, purpose, Some(status.tries_left), place)?;
        Pin::new(typed.as_str().to_owned()).map_err(|error| DeskError::Other(error.to_string()))
    }

    /// A new PIN.
    pub fn new_pin(&self, holder: &Holder, purpose: &str) -> Result<Pin, DeskError> {
        let typed = self.ask(Wanted::NewPin, holder, purpose, None, None)?;
        Pin::new(typed.as_str().to_owned()).map_err(|error| DeskError::Other(error.to_string()))
    }

    /// The PUK that is set.
    pub fn puk(&self, holder: &Holder, purpose: &str, tries: u8) -> Result<Puk, DeskError> {
        let typed = self.ask(Wanted::Puk, holder, purpose, Some(tries), None)?;
        Puk::new(typed.as_str().to_owned()).map_err(|error| DeskError::Other(error.to_string()))
    }

    /// A new PUK.
    pub fn new_puk(&self, holder: &Holder, purpose: &str) -> Result<Puk, DeskError> {
        let typed = self.ask(Wanted::NewPuk, holder, purpose, None, None)?;
        Puk::new(typed.as_str().to_owned()).map_err(|error| DeskError::Other(error.to_string()))
    }

    /// Says that the key blinks and waits for a touch.
    pub fn touch(&self, holder: &Holder, purpose: &str, place: Option<(u32, u32)>) {
        self.say(Wanted::Touch, holder, purpose, place);
    }

    /// Says that the key works by itself.
    pub fn patience(&self, holder: &Holder, purpose: &str) {
        self.say(Wanted::Patience, holder, purpose, None);
    }

    fn say(&self, kind: Wanted, holder: &Holder, purpose: &str, place: Option<(u32, u32)>) {
        self.room
            .show(self.request(kind, holder, purpose, None, place), None);
    }

    fn ask(
        &self,
        kind: Wanted,
        holder: &Holder,
        purpose: &str,
        tries_left: Option<u8>,
        place: Option<(u32, u32)>,
    ) -> Result<Zeroizing<String>, DeskError> {
        debug_assert!(kind.is_secret(), "only secrets are answered");
        let given_up = || DeskError::Cancelled("you gave up at the PIN window".to_owned());
        if self.cancel.is_cancelled() {
            return Err(given_up());
        }
        let (sender, answer) = mpsc::channel();
        let request = self.request(kind, holder, purpose, tries_left, place);
        self.room.show(request, Some(sender));
        match answer.recv() {
            Ok(Some(typed)) => Ok(typed),
            Ok(None) | Err(mpsc::RecvError) => Err(given_up()),
        }
    }

    fn request(
        &self,
        kind: Wanted,
        holder: &Holder,
        purpose: &str,
        tries_left: Option<u8>,
        place: Option<(u32, u32)>,
    ) -> PinRequest {
        PinRequest {
            number: self.room.numbers.fetch_add(1, Ordering::Relaxed),
            kind,
            holder: holder.name.clone(),
            serial: holder.serial,
            purpose: purpose.to_owned(),
            tries_left,
            place,
        }
    }
}

/// Told which opening of how many it is, and whose.
type Told = Box<dyn Fn(u32, u32, &Officer) + Send>;

/// Asks officers at the PIN window, and counts where it is known how often.
pub struct AtWindow {
    visit: Arc<Visit>,
    /// Which of how many.
    place: Option<(u32, u32)>,
    /// Told before each secret or touch.
    told: Option<Told>,
}

impl AtWindow {
    /// Without counting.
    pub const fn new(visit: Arc<Visit>) -> Self {
        Self {
            visit,
            place: None,
            told: None,
        }
    }

    /// So many times, telling each.
    pub fn counting(
        visit: Arc<Visit>,
        of: u32,
        told: impl Fn(u32, u32, &Officer) + Send + 'static,
    ) -> Self {
        Self {
            visit,
            place: Some((0, of)),
            told: Some(Box::new(told)),
        }
    }
}

impl Prompt for AtWindow {
    fn pin(
        &mut self,
        officer: &Officer,
        purpose: &Purpose,
        status: &PinStatus,
    ) -> Result<Pin, DeskError> {
        if let Some((done, of)) = &mut self.place {
            *done = done.saturating_add(1);
            if let Some(told) = &self.told {
                told(*done, *of, officer);
            }
        }
        self.visit
            .pin(&holder(officer), &purpose.0, status, self.place)
    }

    fn touch(&mut self, officer: &Officer, purpose: &Purpose) {
        self.visit.touch(&holder(officer), &purpose.0, self.place);
    }
}

/// An officer as a holder of a key.
pub fn holder(officer: &Officer) -> Holder {
    Holder {
        name: officer.name.to_string(),
        serial: officer.serial,
    }
}

/// A lock that another thread broke by panicking holds whole values all the same.
pub fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
