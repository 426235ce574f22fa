//! One card, held: a PC/SC transaction that no other program gets into, on a thread of its own.
//!
//! PC/SC calls can't be called back: `SCardConnect` waits while another program has a transaction,
//! and a command waits for the touch. So each runs on its own thread, with its own context (a context
//! does one call at a time), and whoever asked waits beside it: for the transaction as long as its
//! patience lasts, for the answer until it comes or the wait is called off. A thread that is left
//! behind throws away what it gets.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pcsc::{Disposition, Error as Pcsc, Protocols, ShareMode};
use zeroize::Zeroizing;

use super::CardError;
use super::apdu::{Answer, Command, Status};

/// How often a waiting caller looks whether the wait was called off.
const LOOK: Duration = Duration::from_millis(50);

/// Calls a wait off. Clones call off the same waits.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Nothing is called off yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls off every wait that was started with this, and those to come. Nothing more is sent to the
    /// card; a command that waits for a touch can't be taken back, but what it gives is thrown away.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    /// Whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// What becomes of the card when the transaction ends, whether the work went well or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    /// Its PIN and touch are forgotten.
    Reset,
    /// It is left as it was found: we only asked who it is.
    Leave,
}

impl After {
    const fn disposition(self) -> Disposition {
        match self {
            After::Reset => Disposition::ResetCard,
            After::Leave => Disposition::LeaveCard,
        }
    }
}

/// Which card, and how long to wait for it.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub reader: CString,
    pub serial: u32,
    pub patience: Duration,
    pub cancel: Cancel,
    pub after: After,
}

const WAITING: u8 = 0;
const BEGUN: u8 = 1;
const LEFT: u8 = 2;

/// Runs `work` in one transaction. Ends it as `target.after` says on every way out.
pub(super) fn hold<T: Send + 'static>(
    target: Target,
    work: impl Fn(&Session<'_>) -> Result<T, CardError> + Send + 'static,
) -> Result<T, CardError> {
    if target.cancel.is_cancelled() {
        return Err(CardError::Cancelled {
            serial: target.serial,
        });
    }
    let stage = Arc::new(AtomicU8::new(WAITING));
    let (done, outcome) = channel();
    let (worker, theirs) = (target.clone(), Arc::clone(&stage));
    let spawned = std::thread::Builder::new()
        .name(format!("yubikey-{}", target.serial))
        .spawn(move || run(&worker, &theirs, work, &done));
    if spawned.is_err() {
        let answer = "the system gives no thread".to_owned();
        return Err(CardError::Unexpected {
            serial: target.serial,
            step: "start",
            answer,
        });
    }
    wait(&target, &stage, &outcome)
}

fn wait<T>(
    target: &Target,
    stage: &AtomicU8,
    outcome: &Receiver<Result<T, CardError>>,
) -> Result<T, CardError> {
    let serial = target.serial;
    let deadline = Instant::now() + target.patience;
    loop {
        match outcome.recv_timeout(LOOK) {
            Ok(result) => return result,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let answer = "its thread ended".to_owned();
                return Err(CardError::Unexpected {
                    serial,
                    step: "answer",
                    answer,
                });
            }
        }
        if target.cancel.is_cancelled() {
            stage.store(LEFT, Ordering::SeqCst);
            return Err(CardError::Cancelled { serial });
        }
        let leave = || stage.compare_exchange(WAITING, LEFT, Ordering::SeqCst, Ordering::SeqCst);
        if Instant::now() >= deadline && leave().is_ok() {
            return Err(CardError::HeldByAnother { serial });
        }
    }
}

fn run<T>(
    target: &Target,
    stage: &AtomicU8,
    work: impl Fn(&Session<'_>) -> Result<T, CardError>,
    done: &Sender<Result<T, CardError>>,
) {
    let result = held(target, stage, work);
    // Nobody listens any more when the wait was called off: what came of it is wiped here.
    let _ = done.send(result);
}

fn held<T>(
    target: &Target,
    stage: &AtomicU8,
    work: impl Fn(&Session<'_>) -> Result<T, CardError>,
) -> Result<T, CardError> {
    let serial = target.serial;
    let failed = |step| move |error| explain(serial, step, error);
    let Some(_turn) = Turn::wait(&target.reader, stage) else {
        return Err(CardError::HeldByAnother { serial });
    };
    let context = pcsc::Context::establish(pcsc::Scope::User).map_err(failed("connect"))?;
    for last in (0..TRIES).map(|tried| tried + 1 == TRIES) {
        let mut card = connect(&context, target)?;
        let transaction = match card.transaction() {
            Err(error) if !last && was_reset(error) => continue,
            begun => begun.map_err(failed("begin"))?,
        };
        let begun = stage.compare_exchange(WAITING, BEGUN, Ordering::SeqCst, Ordering::SeqCst);
        if begun.is_err() {
            let _ = transaction.end(Disposition::LeaveCard);
            let _ = card.disconnect(Disposition::LeaveCard);
            return Err(CardError::HeldByAnother { serial });
        }
        let mut answer = [0; pcsc::MAX_BUFFER_SIZE];
        let reached = transaction.transmit(SELECT_PIV, &mut answer).map(drop);
        if reached.is_err_and(|error| !last && was_reset(error)) {
            let _ = transaction.end(Disposition::LeaveCard);
            let _ = card.disconnect(Disposition::LeaveCard);
            stage.store(WAITING, Ordering::SeqCst);
            std::thread::sleep(LOOK);
            continue;
        }
        let (after, again, result) = {
            let session = Session {
                transaction: Ending {
                    transaction: Some(transaction),
                    after: target.after,
                },
                serial,
                cancel: &target.cancel,
                acted: Cell::new(false),
            };
            let result = work(&session);
            let reset = matches!(result, Err(CardError::ResetByAnother { .. }));
            let again = reset && !session.acted.get() && !last;
            (session.transaction.end(), again, result)
        };
        let _ = card.disconnect(after);
        if again {
            stage.store(WAITING, Ordering::SeqCst);
            std::thread::sleep(LOOK);
            continue;
        }
        return result;
    }
    Err(CardError::ResetByAnother { serial })
}

/// Readers that a thread of this program is at.
static BUSY: Mutex<BTreeSet<CString>> = Mutex::new(BTreeSet::new());

/// One thread's turn at a reader. Within this program only one connects at a time: when one connection
/// closes while another opens, pcscd (1.9.9, and others of that line) can take the card for unused and
/// cut its power under the second one.
struct Turn(CString);

impl Turn {
    /// Waits for the turn; none when nobody waits for the outcome any more.
    fn wait(reader: &CStr, stage: &AtomicU8) -> Option<Self> {
        loop {
            let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
            if busy.insert(reader.to_owned()) {
                return Some(Self(reader.to_owned()));
            }
            drop(busy);
            if stage.load(Ordering::SeqCst) != WAITING {
                return None;
            }
            std::thread::sleep(LOOK / 10);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut busy = BUSY.lock().unwrap_or_else(PoisonError::into_inner);
        busy.remove(&self.0);
    }
}

/// Another program may reset the card under us. As long as nothing was changed on it and no touch was
/// asked for, we connect and begin anew.
const TRIES: u8 = 10;
/// Harmless, and what every use of the applet begins with.
const SELECT_PIV: &[u8] = &[0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];

const fn was_reset(error: Pcsc) -> bool {
    matches!(error, Pcsc::ResetCard | Pcsc::ProtoMismatch)
}

/// Connects, trying again while another program has the reader for itself.
fn connect(context: &pcsc::Context, target: &Target) -> Result<pcsc::Card, CardError> {
    let deadline = Instant::now() + target.patience;
    let reader: &CStr = &target.reader;
    loop {
        match context.connect(reader, ShareMode::Shared, Protocols::ANY) {
            Ok(card) => return Ok(card),
            Err(Pcsc::SharingViolation)
                if Instant::now() < deadline && !target.cancel.is_cancelled() =>
            {
                std::thread::sleep(LOOK);
            }
            Err(error) => return Err(explain(target.serial, "connect", error)),
        }
    }
}

/// A transaction that ends in the right way even when the work panics.
struct Ending<'tx> {
    transaction: Option<pcsc::Transaction<'tx>>,
    after: After,
}

impl Ending<'_> {
    /// Ends it; gives how the connection is to be closed: gently when the card was reset, else so
    /// that it is reset then.
    fn end(mut self) -> Disposition {
        self.finish()
    }

    fn finish(&mut self) -> Disposition {
        let disposition = self.after.disposition();
        match self
            .transaction
            .take()
            .map(|transaction| transaction.end(disposition))
        {
            Some(Ok(())) | None => Disposition::LeaveCard,
            Some(Err(_)) => disposition,
        }
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A card in a transaction.
pub struct Session<'tx> {
    transaction: Ending<'tx>,
    pub serial: u32,
    cancel: &'tx Cancel,
    /// A command was sent that changes the card or uses a key: not to be done twice unasked.
    acted: Cell<bool>,
}

impl Session<'_> {
    /// Sends a command and collects its whole answer.
    pub fn send(&self, step: &'static str, command: &Command) -> Result<Answer, CardError> {
        const LONGEST_ANSWER: usize = 16 << 10;
        const GET_RESPONSE: &[u8] = &[0x00, 0xC0, 0x00, 0x00, 0x00];
        let mut data = Zeroizing::new(Vec::with_capacity(LONGEST_ANSWER));
        let mut status = Status::OK;
        if command.acts() {
            self.acted.set(true);
        }
        for block in command.blocks() {
            if status != Status::OK {
                return Ok(Answer { data, status });
            }
            status = self.exchange(step, &block, &mut data)?;
        }
        while status.more() {
            if data.len() + pcsc::MAX_BUFFER_SIZE > LONGEST_ANSWER {
                return Err(self.unexpected(step, "an endless answer"));
            }
            status = self.exchange(step, GET_RESPONSE, &mut data)?;
        }
        Ok(Answer { data, status })
    }

    fn exchange(
        &self,
        step: &'static str,
        block: &[u8],
        data: &mut Vec<u8>,
    ) -> Result<Status, CardError> {
        if self.cancel.is_cancelled() {
            return Err(CardError::Cancelled {
                serial: self.serial,
            });
        }
        let Some(transaction) = &self.transaction.transaction else {
            return Err(self.unexpected(step, "no transaction"));
        };
        let mut buffer = Zeroizing::new([0; pcsc::MAX_BUFFER_SIZE]);
        let answer = transaction
            .transmit(block, buffer.as_mut_slice())
            .map_err(|error| explain(self.serial, step, error))?;
        // Not even a status word: contact was lost while the card was at it.
        let (part, status) = answer.split_last_chunk().ok_or(CardError::Removed {
            serial: self.serial,
        })?;
        data.extend(part);
        Ok(Status(u16::from_be_bytes(*status)))
    }

    /// An error for an answer that nothing accounts for.
    pub fn unexpected(&self, step: &'static str, answer: &str) -> CardError {
        CardError::Unexpected {
            serial: self.serial,
            step,
            answer: answer.to_owned(),
        }
    }

    /// The same for a status word.
    pub fn refused(&self, step: &'static str, status: Status) -> CardError {
        self.unexpected(step, &format!("status {:04x}", status.0))
    }
}

/// PC/SC's errors in our words.
pub(super) fn explain(serial: u32, step: &'static str, error: Pcsc) -> CardError {
    match error {
        Pcsc::RemovedCard
        | Pcsc::NoSmartcard
        | Pcsc::ReaderUnavailable
        | Pcsc::UnknownReader
        | Pcsc::UnpoweredCard
        | Pcsc::UnresponsiveCard
        | Pcsc::NotTransacted
        | Pcsc::CommError => CardError::Removed { serial },
        // How Windows reports a touch that did not come, while a key is used.
        Pcsc::CommDataLost if step == super::piv::USE => CardError::NoTouch { serial },
        // After a loss of power no protocol is agreed on any more.
        Pcsc::ResetCard | Pcsc::ProtoMismatch => CardError::ResetByAnother { serial },
        Pcsc::SharingViolation => CardError::HeldByAnother { serial },
        Pcsc::NoService | Pcsc::ServiceStopped | Pcsc::Shutdown => {
            CardError::NoService(error.to_string())
        }
        other => CardError::Unexpected {
            serial,
            step,
            answer: other.to_string(),
        },
    }
}
