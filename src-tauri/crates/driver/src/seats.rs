//! Seats of this machine: their shares, and signing with them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::act::{Abort, SigningRun};
use domain::seal::ShareBinding;
use domain::{Entry, Note, Seat, SeatId, SeatKind, Timestamp, VaultId};
use keys::sealed::{SealedFile, open_device};
use mpc::signing::{Signing, SigningParams};
use mpc::{Ban, Bans, KeyShare};
use plans::SignedPlan;
use rand_core::OsRng;
use relay::{Hub, Relay as _};
use tokio::task::JoinSet;
use treasury::{IllegalEntry, Replay, Treasury, VaultRecord, VaultStage, order_for_seat};

use crate::clock::Clock;
use crate::error::DriverError;
use crate::home::read_file;
use crate::machine::Driver;
use crate::session::{Says, run};

/// A signing session among seats of one machine that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the seats of one machine meet to sign. The product's relay is honest and in memory; the
/// tests give one that lies, and wait less for it.
pub(crate) struct Table {
    pub hub: Box<dyn Fn() -> Hub + Send + Sync>,
    pub patience: Duration,
    pub memories: Memories,
}

/// What each seat has replayed of the journal, so that it need not begin anew for each payout of a
/// batch. It is the seat's own: it grew from entries alone.
#[derive(Clone, Default)]
pub(crate) struct Memories(Arc<Mutex<BTreeMap<(VaultId, SeatId), Replay>>>);

impl Memories {
    /// The seat's replay of these entries: what it remembers and what came since, or all of them where
    /// what it remembers is not how they begin.
    fn recall(
        &self,
        vault: VaultId,
        seat: SeatId,
        entries: &[Entry],
    ) -> Result<Replay, (u64, IllegalEntry)> {
        let known = self.lock().remove(&(vault, seat));
        let rest = known
            .as_ref()
            .and_then(Replay::treasury)
            .and_then(|treasury| {
                let last = usize::try_from(treasury.sequence).ok()?;
                let (seen, rest) = entries.split_at_checked(last.checked_add(1)?)?;
                (seen.last()?.link.id() == treasury.head).then_some(rest)
            });
        match (known, rest) {
            (Some(known), Some(rest)) => known.follow(rest),
            (_, _) => Replay::of(entries),
        }
    }

    fn keep(&self, vault: VaultId, seat: SeatId, replay: Replay) {
        self.lock().insert((vault, seat), replay);
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(VaultId, SeatId), Replay>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self {
            hub: Box::new(Hub::new),
            patience: PATIENCE,
            memories: Memories::default(),
        }
    }
}

/// What a share is bound to.
pub(crate) fn binding(
    treasury: &Treasury,
    vault: VaultId,
    record: &VaultRecord,
    seat: SeatId,
) -> Option<ShareBinding> {
    let key = record.key()?;
    Some(ShareBinding {
        treasury: treasury.id,
        vault,
        seat,
        epoch: key.epoch,
    })
}

/// All bans, for `mpc`.
pub(crate) fn bans(treasury: &Treasury) -> Bans {
    Bans::from_facts(treasury.bans.iter().map(|(vault, epoch, seat)| Ban {
        vault: *vault,
        epoch: *epoch,
        seat: *seat,
    }))
}

impl Driver {
    /// A seat's sealed share, which must be the very file that the journal names.
    pub(crate) fn sealed_file(
        &self,
        vault: VaultId,
        record: &VaultRecord,
        seat: SeatId,
    ) -> Result<SealedFile, DriverError> {
        let name = seat_name(record, seat);
        let bytes = read_file(&self.home.seat(vault, seat)).map_err(|e| share(&name, e))?;
        let file = SealedFile::parse(&bytes).map_err(|e| share(&name, e))?;
        let VaultStage::Ready { sealed, .. } = &record.stage else {
            return Err(share(&name, "the vault has no key yet"));
        };
        if sealed.get(&seat).map(Vec::as_slice) != Some(file.sha256().as_slice()) {
            return Err(share(
                &name,
                "the sealed file is not the one that the journal names: it was damaged or swapped; use its backup",
            ));
        }
        Ok(file)
    }

    /// Whether a device seat's file is here and this machine hosts the seat.
    pub(crate) fn has_device_share(
        &self,
        treasury: &Treasury,
        vault: VaultId,
        record: &VaultRecord,
        seat: &Seat,
    ) -> bool {
        matches!(seat.kind, SeatKind::Device)
            && treasury.active_machine(seat.machine).is_some()
            && seat.machine == self.machine()
            && self.sealed_file(vault, record, seat.id).is_ok()
    }

    /// The share of a seat: opened before by officers, or a device seat's by the keyring.
    fn share_for(
        &self,
        treasury: &Treasury,
        vault: VaultId,
        seat: SeatId,
        now: Timestamp,
    ) -> Result<Arc<KeyShare>, DriverError> {
        if let Some(open) = self
            .open_shares
            .get(&(vault, seat))
            .filter(|open| open.until > now)
        {
            return Ok(open.share.clone());
        }
        let record = treasury
            .vaults
            .get(&vault)
            .ok_or_else(|| share("?", "there is no such vault"))?;
        let name = seat_name(record, seat);
        let (Some(key), Some(binding)) = (record.key(), binding(treasury, vault, record, seat))
        else {
            return Err(share(&name, "the vault has no key yet"));
        };
        let file = self.sealed_file(vault, record, seat)?;
        let plain =
            open_device(&file, &binding, &self.keepers.keyring).map_err(|e| share(&name, e))?;
        KeyShare::open(&binding, plain, key)
            .map(Arc::new)
            .map_err(|e| share(&name, e))
    }

    /// Lets the seats of a started session sign. Each gets the journal's entries and nothing else: it
    /// replays them, judges for itself, and signs what it decoded itself.
    pub(crate) async fn sign(
        &self,
        entries: &[Entry],
        treasury: &Treasury,
        vault: VaultId,
        run: &SigningRun,
        now: Timestamp,
    ) -> Result<Vec<SignedPlan>, SigningFailure> {
        let hub = (self.table.hub)();
        let patience = self.table.patience;
        let mut seated = Vec::new();
        // Every share first: a seat that can't take part leaves none waiting for it.
        for seat in &run.seats {
            let share = self
                .share_for(treasury, vault, *seat, now)
                .map_err(SigningFailure::from_driver)?;
            let port = hub
                .join(run.session, *seat)
                .map_err(|e| SigningFailure::plain(&e))?;
            seated.push((*seat, share, port));
        }
        let mut tasks = JoinSet::new();
        for (seat, share, port) in seated {
            let (clock, run) = (self.keepers.clock.clone(), run.clone());
            let memories = &self.table.memories;
            let replay = tokio::task::block_in_place(|| memories.recall(vault, seat, entries))
                .map_err(|(at, e)| refusal(seat, &format!("entry {at}: {e}")))?;
            let memory = (memories.clone(), vault, replay);
            tasks.spawn(one_seat(memory, clock, run, seat, share, port, patience));
        }
        let mut signed = Vec::new();
        let mut failure: Option<SigningFailure> = None;
        while let Some(outcome) = tasks.join_next().await {
            match outcome.unwrap_or_else(|died| Err(SigningFailure::plain(&died))) {
                Ok(plan) => signed.push(plan),
                Err(error) => {
                    // Nobody waits for a seat that has gone.
                    hub.close(run.session);
                    failure = Some(match failure {
                        None => error,
                        Some(first) => first.and(error),
                    });
                }
            }
        }
        hub.close(run.session);
        match failure {
            Some(failure) => Err(failure),
            None => Ok(signed),
        }
    }
}

/// Why no signature came of a session.
#[derive(Debug, Clone)]
pub(crate) struct SigningFailure {
    pub fault: String,
    pub culprits: Vec<SeatId>,
    pub says: Says,
}

impl SigningFailure {
    fn plain(error: &dyn std::fmt::Display) -> Self {
        Self {
            fault: error.to_string(),
            culprits: Vec::new(),
            says: Says::Reason,
        }
    }

    fn from_driver(error: DriverError) -> Self {
        Self::plain(&error)
    }

    /// Keeps the fault that says most, whichever seat was heard first: one that names somebody, then any
    /// reason of a seat's own; joins the names.
    fn and(mut self, other: Self) -> Self {
        if other.says > self.says {
            self.fault = other.fault;
            self.says = other.says;
        }
        self.culprits.extend(other.culprits);
        self.culprits.sort();
        self.culprits.dedup();
        self
    }

    /// The entry that closes the session.
    pub fn into_abort(self, session: domain::SessionId) -> Abort {
        Abort {
            session,
            fault: note(&self.fault),
            culprits: self.culprits,
        }
    }
}

/// A text shortened to what an entry holds, on one line.
pub(crate) fn note(text: &str) -> Note {
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(Note::MAX)
        .collect();
    Note::new(line.trim()).unwrap_or_else(|_| {
        Note::new("a fault whose text can't be shown").unwrap_or_else(|_| empty())
    })
}

fn empty() -> Note {
    // An empty note is always allowed.
    Note::new("").unwrap_or_else(|_| empty())
}

fn refusal(seat: SeatId, why: &dyn std::fmt::Display) -> SigningFailure {
    SigningFailure::plain(&format!("seat {seat} refuses: {why}"))
}

async fn one_seat(
    (memories, vault, replay): (Memories, VaultId, Replay),
    clock: Arc<dyn Clock>,
    started: SigningRun,
    me: SeatId,
    share: Arc<KeyShare>,
    mut port: relay::HubPort,
    patience: Duration,
) -> Result<SignedPlan, SigningFailure> {
    let refused = |e: &dyn std::fmt::Display| refusal(me, e);
    let now = clock.now().map_err(|e| refused(&e))?.wall;
    let order = order_for_seat(&replay, started.session, me, now).map_err(|e| refused(&e))?;
    let treasury = replay
        .treasury()
        .ok_or_else(|| refused(&"its journal is empty"))?;
    let params = SigningParams {
        session: started.session,
        treasury: treasury.id,
        vault: order.vault(),
        epoch: order.epoch(),
        seats: started.seats.clone(),
        me,
    };
    let (session, first) = Signing::start(params, order, &share, &bans(treasury), &mut OsRng)
        .map_err(|e| refused(&e))?;
    memories.keep(vault, me, replay);
    let others: Vec<SeatId> = started
        .seats
        .iter()
        .copied()
        .filter(|seat| *seat != me)
        .collect();
    run(session, first, &others, &mut port, patience)
        .await
        .map_err(|error| SigningFailure {
            culprits: error.culprits(),
            fault: error.to_string(),
            says: error.says(),
        })
}

pub(crate) fn share(seat: &str, problem: impl std::fmt::Display) -> DriverError {
    DriverError::Share {
        seat: seat.to_owned(),
        problem: problem.to_string(),
    }
}

pub(crate) fn seat_name(record: &VaultRecord, seat: SeatId) -> String {
    record
        .plan
        .seat(seat)
        .map_or_else(|| seat.to_string(), |seat| seat.name.to_string())
}
