//! Backup and restore: the journal, public state and sealed shares; never anything open.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::entry::SignedBody;
use domain::proposal::Subject;
use domain::roster::{HexBytes, MachineChange};
use domain::{
    Act, Author, LinkId, Machine, MachineId, Name, NetworkClass, Proposal, ProposalId, Span,
};
use journal::{Journal, LinkSigner as _, Summary};
use keys::os_keyring::OsKeyring;
use keys::sealed::SealedFile;
use serde::{Deserialize, Serialize};
use treasury::{Treasury, VaultStage};

use crate::acts::{random, sign, words};
use crate::desk::{Desk, Purpose};
use crate::error::DriverError;
use crate::home::{
    BitcoinSettings, EvmSettings, Home, HomeError, Settings, create_private_dir, read_file,
    write_whole,
};
use crate::ledger::{JournalCrash, KeyringAnchors, MachineSigner};
use crate::machine::{Driver, Surroundings, officer, refuse_if_gone};

const JOURNAL: &str = "journal.jsonl";
const WALLETS: &str = "wallets.sqlite";
const SEATS: &str = "seats";
const NOTES: &str = "backup.toml";

/// What a backup says about itself; all of it public within the company.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Notes {
    version: u32,
    treasury: String,
    made: String,
    node: Option<String>,
}

/// What a backup holds.
#[derive(Debug, Clone)]
pub struct BackupReport {
    /// Where it is.
    pub path: PathBuf,
    /// Entries of the journal.
    pub entries: u64,
    /// Sealed shares, by vault and seat name.
    pub seats: Vec<String>,
}

/// The class of networks of a backup, before it is verified: only to know which card readers may be
/// used. One that can't be read counts as real money.
pub fn class_of_backup(folder: &Path) -> NetworkClass {
    #[derive(Deserialize)]
    struct Line {
        body: String,
    }
    let founding = || -> Option<NetworkClass> {
        let file = BufReader::new(fs::File::open(folder.join(JOURNAL)).ok()?);
        // After the header.
        let first = file.lines().nth(1)?.ok()?;
        let line: Line = serde_json::from_str(&first).ok()?;
        let body = SignedBody::parse(&STANDARD.decode(line.body).ok()?).ok()?;
        match &body.body().act {
            Act::Founded(founding) => Some(founding.class),
            _ => None,
        }
    };
    founding().unwrap_or(NetworkClass::Mainnet)
}

impl Driver {
    /// Writes a backup to a new directory.
    pub async fn backup(&self, to: &Path) -> Result<BackupReport, DriverError> {
        if to.exists() {
            return Err(DriverError::Backup(format!(
                "`{}` is there already; a backup never replaces anything",
                to.display()
            )));
        }
        // First, so that a journal that can't be read leaves no empty folder in the way.
        let ledger = self.ledger().await?;
        create_private_dir(to)?;
        let treasury = ledger.treasury()?;
        let now = ledger.now()?.wall;
        let summary: Summary = ledger
            .journal()
            .export(&to.join(JOURNAL), now)
            .await
            .map_err(backup_error)?;
        let mut seats = Vec::new();
        for (id, record) in &treasury.vaults {
            if !matches!(record.stage, VaultStage::Ready { .. }) {
                continue;
            }
            for seat in record.plan.seats() {
                // A device seat opens with this machine's keyring alone: elsewhere it is dead weight,
                // but it is sealed, and this machine may come back.
                let file = match self.sealed_file(*id, record, seat.id) {
                    Ok(file) => file,
                    Err(_) if treasury.active_machine(seat.machine).is_none() => continue,
                    Err(other) => return Err(other),
                };
                let path = to
                    .join(SEATS)
                    .join(id.to_string())
                    .join(format!("{}.sealed", seat.id));
                write_whole(&path, file.bytes())?;
                seats.push(format!("{} / {}", record.plan.name(), seat.name));
            }
        }
        if self.home.wallets().exists() {
            let bytes = read_file(&self.home.wallets())?;
            write_whole(&to.join(WALLETS), &bytes)?;
        }
        let notes = Notes {
            version: 1,
            treasury: treasury.founding.name.to_string(),
            made: now.to_string(),
            node: self
                .settings
                .bitcoin
                .as_ref()
                .map(|bitcoin| bitcoin.url.clone()),
        };
        let text = toml::to_string(&notes).map_err(backup_error)?;
        write_whole(&to.join(NOTES), text.as_bytes())?;
        Ok(BackupReport {
            path: to.to_owned(),
            entries: summary.entries,
            seats,
        })
    }

    /// Restores a backup into an empty home and proposes that this machine takes over. Until the
    /// governance quorum has approved, nothing else can be written.
    pub async fn restore(
        home: Home,
        from: &Path,
        plan: RestorePlan,
        surroundings: Surroundings,
        desk: &mut dyn Desk,
    ) -> Result<(Self, ProposalId), DriverError> {
        if home.is_founded() {
            return Err(HomeError::Taken(home.root().to_owned()).into());
        }
        refuse_if_gone(&home)?;
        check_notes(from)?;
        create_private_dir(home.root())?;
        let namespace = format!("treasury-{}", hex::encode(random::<8>()?));
        let keyring = OsKeyring::open(&namespace)?;
        let machine = Arc::new(MachineSigner::new(keyring.create_machine_key()?)?);
        let anchors = Arc::new(KeyringAnchors(keyring.clone()));
        let crash = Arc::new(JournalCrash(surroundings.crash.clone()));
        let journal = Journal::restore(&home.journal(), &from.join(JOURNAL), anchors, crash)
            .await
            .map_err(backup_error)?;
        drop(journal);
        let earlier = home.settings().ok();
        let settings = Settings {
            keyring: namespace,
            machine: plan.machine.clone(),
            bitcoin: plan.bitcoin.clone(),
            evm: plan.evm.clone(),
            attestation_certificates: plan.attestation_certificates.clone(),
        };
        home.set_settings(&settings)?;
        let driver = Self::assemble(home, settings, keyring, machine, surroundings);
        let proposed = driver.take_over(from, &plan, desk).await;
        if proposed.is_err() {
            // Nothing was written that the world knows of: the next try starts from an empty home.
            let _ = fs::remove_file(driver.home.journal());
            let _ = driver.home.put_settings_back(earlier.as_ref());
        }
        Ok((driver, proposed?))
    }

    async fn take_over(
        &self,
        from: &Path,
        plan: &RestorePlan,
        desk: &mut dyn Desk,
    ) -> Result<ProposalId, DriverError> {
        let ledger = self.ledger().await?;
        let treasury = ledger.treasury()?.clone();
        let head: LinkId = treasury.head;
        copy_seats(from, &self.home, &treasury)?;
        let who = officer(&treasury, &plan.officer)?.clone();
        let now = ledger.now()?.wall;
        let change = MachineChange {
            machine: Machine {
                name: plan.machine.clone(),
                key: self.keepers.machine.public_key(),
                administrators: plan.administrators.clone(),
            },
            replaces: lost_machine(&treasury)?,
            head,
        };
        let proposal = Proposal {
            subject: Subject::Machine(change),
            expires: now.plus(plan.expires_in),
            nonce: HexBytes(random::<16>()?.to_vec()),
        };
        let draft = ledger.draft(
            Author::Officer(who.id()),
            Act::Proposed(Box::new(proposal.clone())),
        )?;
        drop(ledger);
        let id = proposal.id(treasury.id, who.id(), draft.body().time);
        let purpose = Purpose(format!(
            "propose that {} takes over ({})",
            plan.machine,
            words(id)
        ));
        let body = sign(draft, &who, &purpose, desk)?;
        self.ledger().await?.append(body).await?;
        Ok(id)
    }
}

/// What a restore needs from people.
#[derive(Debug, Clone)]
pub struct RestorePlan {
    /// The officer who proposes.
    pub officer: Name,
    /// This machine's name.
    pub machine: Name,
    /// Who administers it.
    pub administrators: Vec<Name>,
    /// How long the quorum can decide.
    pub expires_in: Span,
    /// The node, if it is known already.
    pub bitcoin: Option<BitcoinSettings>,
    /// The nodes of EVM chains, as far as they are known already.
    pub evm: Vec<EvmSettings>,
    /// Further attestation certificates.
    pub attestation_certificates: Option<PathBuf>,
}

fn check_notes(from: &Path) -> Result<(), DriverError> {
    let bytes = read_file(&from.join(NOTES))?;
    let text = String::from_utf8(bytes).map_err(backup_error)?;
    let notes: Notes = toml::from_str(&text).map_err(backup_error)?;
    if notes.version != 1 {
        return Err(DriverError::Backup(format!(
            "the backup has version {}, this program reads version 1",
            notes.version
        )));
    }
    Ok(())
}

/// Sealed shares are taken only when they are the files that the journal names.
fn copy_seats(from: &Path, home: &Home, treasury: &Treasury) -> Result<(), DriverError> {
    for (id, record) in &treasury.vaults {
        let VaultStage::Ready { sealed, .. } = &record.stage else {
            continue;
        };
        for (seat, hash) in sealed {
            let path = from
                .join(SEATS)
                .join(id.to_string())
                .join(format!("{seat}.sealed"));
            if !path.exists() {
                continue;
            }
            let bytes = read_file(&path)?;
            let file = SealedFile::parse(&bytes).map_err(backup_error)?;
            if file.sha256().as_slice() != hash.as_slice() {
                return Err(DriverError::Backup(format!(
                    "`{}` is not the sealed share that the journal names: the backup was damaged or swapped",
                    path.display()
                )));
            }
            write_whole(&home.seat(*id, *seat), &bytes)?;
        }
    }
    let wallets = from.join(WALLETS);
    if wallets.exists() {
        write_whole(&home.wallets(), &read_file(&wallets)?)?;
    }
    Ok(())
}

/// The machine that is lost: the one that still counts, as long as there is just one.
fn lost_machine(treasury: &Treasury) -> Result<MachineId, DriverError> {
    let mut active = treasury
        .machines
        .iter()
        .filter(|(_, standing)| standing.replaced_by.is_none());
    match (active.next(), active.next()) {
        (Some((id, _)), None) => Ok(*id),
        _ => Err(DriverError::Backup(
            "which machine is lost can't be told".to_owned(),
        )),
    }
}

fn backup_error(error: impl std::fmt::Display) -> DriverError {
    DriverError::Backup(error.to_string())
}
