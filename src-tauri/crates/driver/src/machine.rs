//! One machine's treasury: opened, looked at, and acted on.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Name, SeatId, Timestamp, VaultId};
use journal::Anchor;
use keys::attestation::TrustAnchors;
use keys::os_keyring::OsKeyring;
use mpc::KeyShare;
use treasury::{Hands, Replay, Treasury};

use crate::clock::{Clock, SystemClock};
use crate::crash::{Crash, NoCrash};
use crate::error::DriverError;
use crate::home::{Home, HomeError, Settings};
use crate::ledger::{Keepers, KeyringAnchors, Ledger, MachineSigner};
use crate::seats::Table;

/// What the driver is given from outside; tests give their own.
#[derive(Clone)]
pub struct Surroundings {
    /// The clocks.
    pub clock: Arc<dyn Clock>,
    /// Where the process may be killed.
    pub crash: Arc<dyn Crash>,
}

impl Default for Surroundings {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            crash: Arc::new(NoCrash),
        }
    }
}

/// The driver of one machine: one loop that appends, acts, and appends the outcome.
///
/// The journal is open only while something is done: a freeze from another terminal gets in between.
pub struct Driver {
    pub(crate) home: Home,
    pub(crate) settings: Settings,
    pub(crate) keepers: Keepers,
    /// Shares that officers have opened, in memory only, each until its release ends.
    pub(crate) open_shares: BTreeMap<(VaultId, SeatId), OpenShare>,
    /// Where this machine's seats meet to sign.
    pub(crate) table: Table,
}

/// A share in the open.
pub(crate) struct OpenShare {
    pub share: Arc<KeyShare>,
    pub until: Timestamp,
}

impl Driver {
    /// Opens the treasury of a home.
    pub fn open(home: Home, surroundings: Surroundings) -> Result<Self, DriverError> {
        let settings = home.settings()?;
        if !home.is_founded() {
            refuse_if_gone(&home)?;
            return Err(HomeError::Empty(home.root().to_owned()).into());
        }
        let keyring = OsKeyring::open(&settings.keyring)?;
        let machine = Arc::new(MachineSigner::new(keyring.machine_key()?)?);
        Ok(Self::assemble(
            home,
            settings,
            keyring,
            machine,
            surroundings,
        ))
    }

    pub(crate) fn assemble(
        home: Home,
        settings: Settings,
        keyring: OsKeyring,
        machine: Arc<MachineSigner>,
        surroundings: Surroundings,
    ) -> Self {
        let Surroundings { clock, crash } = surroundings;
        let keepers = Keepers {
            keyring,
            machine,
            clock,
            crash,
        };
        Self {
            home,
            settings,
            keepers,
            open_shares: BTreeMap::new(),
            table: Table::default(),
        }
    }

    /// The home directory.
    pub const fn home(&self) -> &Home {
        &self.home
    }

    /// The settings.
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Reads the settings again, after somebody changed them.
    pub fn read_settings(&mut self) -> Result<(), DriverError> {
        self.settings = self.home.settings()?;
        Ok(())
    }

    /// This machine in the roster.
    pub fn machine(&self) -> domain::MachineId {
        self.keepers.machine.id()
    }

    /// The journal, open for as long as the value lives.
    pub async fn ledger(&self) -> Result<Ledger, DriverError> {
        Ledger::open(&self.home.journal(), self.keepers.clone()).await
    }

    /// What the journal means now; the journal is closed again.
    pub async fn view(&self) -> Result<Replay, DriverError> {
        Ok(self.ledger().await?.replay().clone())
    }

    /// The wall clock.
    pub fn now(&self) -> Result<Timestamp, DriverError> {
        Ok(self.keepers.clock.now()?.wall)
    }

    /// Attestation anchors of a treasury: its founding's roots and the folder of further certificates.
    pub fn anchors(&self, treasury: &Treasury) -> Result<TrustAnchors, DriverError> {
        crate::found::anchors(
            &treasury.founding,
            self.settings.attestation_certificates.as_deref(),
        )
    }

    /// Seats whose shares this machine can use at this moment.
    pub(crate) fn hands(&self, treasury: &Treasury, now: Timestamp) -> Hands {
        let mut hands = Hands::default();
        for (id, vault) in &treasury.vaults {
            let here = vault
                .plan
                .seats()
                .iter()
                .filter(|seat| self.has_device_share(treasury, *id, vault, seat))
                .map(|seat| seat.id);
            hands.0.entry(*id).or_default().extend(here);
        }
        for ((vault, seat), open) in &self.open_shares {
            if open.until > now {
                hands.0.entry(*vault).or_default().insert(*seat);
            }
        }
        hands
    }

    /// Whether officers have opened a seat and its release lasts.
    pub fn is_opened(&self, vault: VaultId, seat: SeatId, now: Timestamp) -> bool {
        self.open_shares
            .get(&(vault, seat))
            .is_some_and(|open| open.until > now)
    }

    /// Wipes shares whose release has ended.
    pub(crate) fn wipe_ended(&mut self, now: Timestamp) {
        self.open_shares.retain(|_, open| open.until > now);
    }
}

/// A home without a journal whose keyring holds the anchor of one: it was deleted, and founding in
/// its place would forget the keyring's name and with it the device seats.
pub(crate) fn refuse_if_gone(home: &Home) -> Result<(), DriverError> {
    let Ok(settings) = home.settings() else {
        return Ok(());
    };
    if home.is_founded() || settings.keyring.is_empty() {
        return Ok(());
    }
    let anchors = KeyringAnchors(OsKeyring::open(&settings.keyring)?);
    match journal::AnchorStore::load(&anchors) {
        Ok(None | Some(Anchor::Empty)) => Ok(()),
        // An anchor that can't be read is one all the same.
        Ok(Some(Anchor::Head(_))) | Err(_) => {
            Err(HomeError::JournalGone(home.root().to_owned()).into())
        }
    }
}

/// An officer by name, or an error that lists who there is.
pub(crate) fn officer<'a>(
    treasury: &'a Treasury,
    name: &Name,
) -> Result<&'a domain::Officer, DriverError> {
    treasury.officer_named(name).ok_or_else(|| {
        let known: Vec<&str> = treasury
            .officers
            .values()
            .filter(|record| record.active)
            .map(|record| record.officer.name.as_str())
            .collect();
        DriverError::Unknown {
            what: "active officer",
            which: name.to_string(),
            hint: format!("; there are {}", known.join(", ")),
        }
    })
}

/// A vault by name, or an error that lists what there is.
pub(crate) fn vault<'a>(
    treasury: &'a Treasury,
    name: &Name,
) -> Result<(VaultId, &'a treasury::VaultRecord), DriverError> {
    treasury.vault_named(name).ok_or_else(|| {
        let known: Vec<&str> = treasury
            .vaults
            .values()
            .map(|vault| vault.plan.name().as_str())
            .collect();
        let hint = if known.is_empty() {
            "; there is none yet".to_owned()
        } else {
            format!("; there are {}", known.join(", "))
        };
        DriverError::Unknown {
            what: "vault",
            which: name.to_string(),
            hint,
        }
    })
}
