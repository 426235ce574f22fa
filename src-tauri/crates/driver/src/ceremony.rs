//! Key generation: made together, sealed apart, opened once to prove it, and only then shown.

use std::time::Duration;

use domain::act::{KeygenRun, SealedShare, VaultReady};
use domain::roster::HexBytes;
use domain::seal::SecretBytes;
use domain::{
    Act, Epoch, Name, Network, Officer, OfficerId, Seat, SeatId, SeatKind, SessionId, VaultId,
};
use keys::sealed::{DeviceSealer, HardwareSealer, Opener, RecoverySealer, SealedFile, open_device};
use mpc::acceptance::{Acceptance, Accepted, Proven, Trial, TrialShare};
use mpc::keygen::{Keygen, KeygenParams};
use mpc::{Bans, FreshShare, Scheme};
use rand_core::OsRng;
use relay::{Hub, Relay as _};
use treasury::{Treasury, VaultRecord, VaultStage};

use crate::acts::random;
use crate::crash::CrashPoint;
use crate::desk::{Desk, Purpose};
use crate::error::DriverError;
use crate::home::{read_file, write_whole};
use crate::machine::{Driver, vault};
use crate::opening::{open_by_one, open_by_pieces};
use crate::seats::{bans, note, share};
use crate::session::{RunError, Says, run};

/// Key generation among seats of one machine that takes longer is stuck.
const PATIENCE: Duration = Duration::from_secs(120);

impl Driver {
    /// Generates the key of an ordered vault. Officers open each sealed share once; quorums of the
    /// opened shares sign; then the vault is ready.
    pub async fn keygen(&self, name: &Name, desk: &mut dyn Desk) -> Result<VaultId, DriverError> {
        let mut ledger = self.ledger().await?;
        let treasury = ledger.treasury()?.clone();
        let (id, record) = vault(&treasury, name)?;
        let record = record.clone();
        match record.stage {
            VaultStage::Ordered => {}
            VaultStage::Generating(session) => {
                ledger.record(Act::KeygenAborted(cut_off(session))).await?;
            }
            VaultStage::Ready { .. } => {
                return Err(DriverError::NotNow(format!(
                    "vault {name} has its key already"
                )));
            }
        }
        self.check_seats_are_here(&treasury, &record)?;
        let session = SessionId::from_bytes(random()?);
        let started = KeygenRun {
            vault: id,
            epoch: Epoch::FIRST,
            session,
        };
        ledger.record(Act::KeygenStarted(started)).await?;
        self.keepers.crash.reach(CrashPoint::KeygenStarted);
        drop(ledger);
        match self.generate(&treasury, id, &record, session, desk).await {
            Ok(ready) => {
                self.keepers.crash.reach(CrashPoint::SharesSealed);
                self.ledger()
                    .await?
                    .record(Act::VaultReady(Box::new(ready)))
                    .await?;
                self.keepers.crash.reach(CrashPoint::VaultReadyAppended);
                Ok(id)
            }
            Err(Failure {
                error, culprits, ..
            }) => {
                // The ban is durable before anything else happens.
                let abort = domain::act::Abort {
                    session,
                    fault: note(&error.to_string()),
                    culprits,
                };
                self.ledger()
                    .await?
                    .record(Act::KeygenAborted(abort))
                    .await?;
                Err(error)
            }
        }
    }

    fn check_seats_are_here(
        &self,
        treasury: &Treasury,
        record: &VaultRecord,
    ) -> Result<(), DriverError> {
        let elsewhere = record
            .plan
            .seats()
            .iter()
            .find(|s| treasury.machine_today(s.machine) != self.machine());
        match elsewhere {
            None => Ok(()),
            Some(seat) => Err(DriverError::NotNow(format!(
                "seat {} belongs to another machine; all seats of a vault are on one machine in this version",
                seat.name
            ))),
        }
    }

    async fn generate(
        &self,
        treasury: &Treasury,
        id: VaultId,
        record: &VaultRecord,
        session: SessionId,
        desk: &mut dyn Desk,
    ) -> Result<VaultReady, Failure> {
        let shares = share_key(treasury, id, record, session).await?;
        self.keepers.crash.reach(CrashPoint::KeyShared);
        let mut trials = Vec::new();
        let mut sealed = Vec::new();
        let mut files = Vec::new();
        for ((fresh, trial), seat) in shares.into_iter().zip(record.plan.seats()) {
            let file = self.seal(treasury, id, seat, fresh)?;
            sealed.push(SealedShare {
                seat: seat.id,
                sha256: HexBytes(file.sha256().to_vec()),
            });
            files.push(file);
            trials.push((seat.clone(), trial));
        }
        let mut opened = Vec::new();
        for ((seat, trial), file) in trials.iter().zip(&files) {
            opened.push((
                seat.id,
                self.open_every_way(treasury, seat, trial, file, desk)?,
            ));
        }
        let signatures = sign_by_quorums(&trials, opened, &bans(treasury)).await?;
        let proven = agree_on_key(trials, &signatures)?;
        Ok(VaultReady {
            vault: id,
            session,
            key: proven.key,
            sealed,
            accepted_by: proven.accepted_by,
        })
    }

    /// Seals a share, writes it, and takes it from the disk again: what is tried is what is kept.
    fn seal(
        &self,
        treasury: &Treasury,
        vault: VaultId,
        seat: &Seat,
        fresh: FreshShare,
    ) -> Result<SealedFile, DriverError> {
        let failed = |e: &dyn std::fmt::Display| share(seat.name.as_str(), e);
        let openers: Vec<Opener> = openers(treasury, seat.kind.officers())
            .iter()
            .map(Opener::of)
            .collect();
        let file = match &seat.kind {
            SeatKind::Device => fresh
                .seal(&mut DeviceSealer::new(&self.keepers.keyring))
                .map_err(|e| failed(&e))?,
            SeatKind::Hardware { .. } => {
                let mut sealer = HardwareSealer::new(openers).map_err(|e| failed(&e))?;
                fresh.seal(&mut sealer).map_err(|e| failed(&e))?
            }
            SeatKind::Recovery { pieces, .. } => {
                let mut sealer = RecoverySealer::new(openers, *pieces).map_err(|e| failed(&e))?;
                fresh.seal(&mut sealer).map_err(|e| failed(&e))?
            }
        };
        let path = self.home.seat(vault, seat.id);
        write_whole(&path, file.bytes())?;
        let kept = SealedFile::parse(&read_file(&path)?).map_err(|e| failed(&e))?;
        if kept.sha256() != file.sha256() {
            return Err(share(
                seat.name.as_str(),
                "what was written does not read back the same: check the disk",
            ));
        }
        Ok(kept)
    }

    /// Opens a sealed share by every way there is: each officer's envelope, each recovery piece.
    fn open_every_way<'trial>(
        &self,
        treasury: &Treasury,
        seat: &Seat,
        trial: &'trial Trial,
        file: &SealedFile,
        desk: &mut dyn Desk,
    ) -> Result<TrialShare<'trial>, DriverError> {
        let binding = trial.binding();
        let failed = |e: &dyn std::fmt::Display| share(seat.name.as_str(), e);
        let check = |plain: SecretBytes| trial.open(plain).map_err(|e| failed(&e));
        let mut last = None;
        match &seat.kind {
            SeatKind::Device => {
                let plain = open_device(file, binding, &self.keepers.keyring);
                last = Some(check(plain.map_err(|e| failed(&e))?)?);
            }
            SeatKind::Hardware { officers } => {
                for officer in openers(treasury, officers) {
                    let plain = open_by_one(file, binding, seat, &officer, &proof(seat), desk)?;
                    last = Some(check(plain)?);
                }
            }
            SeatKind::Recovery { officers, .. } => {
                let all = openers(treasury, officers);
                for plain in open_by_pieces(file, binding, seat, &all, &proof(seat), desk)? {
                    last = Some(check(plain)?);
                }
            }
        }
        last.ok_or_else(|| failed(&"nobody can open it"))
    }
}

/// What ended a key generation, and the seats that provably broke the protocol.
struct Failure {
    error: DriverError,
    culprits: Vec<SeatId>,
    says: Says,
}

impl From<DriverError> for Failure {
    fn from(error: DriverError) -> Self {
        Self {
            error,
            culprits: Vec::new(),
            says: Says::Reason,
        }
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        Self {
            culprits: error.culprits(),
            says: error.says(),
            error: failed(error),
        }
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(error: tokio::task::JoinError) -> Self {
        DriverError::from(error).into()
    }
}

fn proof(seat: &Seat) -> Purpose {
    Purpose(format!("prove that your key opens seat {}", seat.name))
}

fn openers(treasury: &Treasury, officers: &[OfficerId]) -> Vec<Officer> {
    officers
        .iter()
        .filter_map(|id| treasury.active_officer(*id))
        .cloned()
        .collect()
}

fn cut_off(session: SessionId) -> domain::act::Abort {
    domain::act::Abort {
        session,
        fault: note("cut off before it was done"),
        culprits: Vec::new(),
    }
}

/// Schnorr signatures on Bitcoin, ECDSA on EVM chains: one key is never shared under both.
const fn scheme_of(record: &VaultRecord) -> Scheme {
    match record.plan.network() {
        Network::Evm(_) => Scheme::Dkls23,
        Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
            Scheme::FrostTaproot
        }
    }
}

/// Every seat runs its part as a task of its own.
async fn share_key(
    treasury: &Treasury,
    vault: VaultId,
    record: &VaultRecord,
    session: SessionId,
) -> Result<Vec<(FreshShare, Trial)>, Failure> {
    let hub = Hub::new();
    let bans = bans(treasury);
    let seats: Vec<SeatId> = record.plan.seats().iter().map(|seat| seat.id).collect();
    let mut tasks = Vec::new();
    for me in &seats {
        let params = KeygenParams {
            scheme: scheme_of(record),
            session,
            treasury: treasury.id,
            vault,
            epoch: Epoch::FIRST,
            threshold: record.plan.threshold(),
            seats: seats.clone(),
            me: *me,
        };
        let (keygen, first) = Keygen::start(params, &bans, &mut OsRng).map_err(failed)?;
        let mut port = hub.join(session, *me).map_err(failed)?;
        let others = others(&seats, *me);
        tasks.push(tokio::spawn(async move {
            run(keygen, first, &others, &mut port, PATIENCE).await
        }));
    }
    let shares = gather(&hub, session, tasks).await;
    hub.close(session);
    shares
}

/// Waits for all seats. Once one has failed nobody waits for it any longer; the failure that says most is
/// kept.
async fn gather<T>(
    hub: &Hub,
    session: SessionId,
    tasks: Vec<tokio::task::JoinHandle<Result<T, RunError>>>,
) -> Result<Vec<T>, Failure> {
    let mut done = Vec::new();
    let mut failure: Option<Failure> = None;
    for task in tasks {
        let outcome = match task.await {
            Ok(outcome) => outcome.map_err(Failure::from),
            Err(died) => Err(died.into()),
        };
        match outcome {
            Ok(output) => done.push(output),
            Err(next) => {
                hub.close(session);
                if failure.as_ref().is_none_or(|f| next.says > f.says) {
                    failure = Some(next);
                }
            }
        }
    }
    failure.map_or(Ok(done), Err)
}

fn others(seats: &[SeatId], me: SeatId) -> Vec<SeatId> {
    seats.iter().copied().filter(|seat| *seat != me).collect()
}

fn failed(error: impl std::fmt::Display) -> DriverError {
    DriverError::Ceremony(error.to_string())
}

/// Quorums of the opened shares sign, which ends the shares' time in the open.
async fn sign_by_quorums(
    trials: &[(Seat, Trial)],
    shares: Vec<(SeatId, TrialShare<'_>)>,
    bans: &Bans,
) -> Result<Vec<Accepted>, Failure> {
    let quorums = trials.first().map(|(_, trial)| trial.quorums());
    let mut signatures = Vec::new();
    for quorum in quorums.unwrap_or_default() {
        let session = SessionId::from_bytes(random()?);
        let hub = Hub::new();
        let mut runs = Vec::new();
        for (me, share) in shares.iter().filter(|(seat, _)| quorum.contains(seat)) {
            let (acceptance, first) =
                Acceptance::start(session, &quorum, share, bans, &mut OsRng).map_err(failed)?;
            let mut port = hub.join(session, *me).map_err(failed)?;
            let others = others(&quorum, *me);
            runs.push(tokio::spawn(async move {
                run(acceptance, first, &others, &mut port, PATIENCE).await
            }));
        }
        signatures.extend(gather(&hub, session, runs).await?);
    }
    Ok(signatures)
}

/// Every seat checks every signature by the key that it computed itself, and all keys are one.
fn agree_on_key(
    trials: Vec<(Seat, Trial)>,
    signatures: &[Accepted],
) -> Result<Proven, DriverError> {
    let mut proven: Option<Proven> = None;
    for (_, trial) in trials {
        let accepted: Result<Vec<Accepted>, _> = signatures
            .iter()
            .map(|one| trial.witness(one.quorum(), one.signature()))
            .collect();
        let own = trial.finish(accepted.map_err(failed)?).map_err(failed)?;
        match &proven {
            Some(known) if *known != own => {
                return Err(failed("the seats came to different keys"));
            }
            Some(_) | None => proven = Some(own),
        }
    }
    proven.ok_or_else(|| failed("there are no seats"))
}
