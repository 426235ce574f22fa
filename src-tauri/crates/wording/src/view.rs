//! What a command sees: the journal's meaning at one moment.

use std::sync::Arc;

use domain::act::Scope;
use domain::{
    ChainId, Entry, EntryId, MachineId, Network, NetworkClass, OfficerId, ProposalId, Timestamp,
};
use driver::{Driver, DriverError, Home};
use serde_json::{Value, json};
use treasury::{FreezeRecord, Grade, GradeReason, Replay, Treasury};

use crate::proposal;

/// A replayed journal, its entries, and the moment it was looked at. Cheap to clone.
#[derive(Debug, Clone)]
pub struct View {
    /// The replay, which judges.
    pub replay: Arc<Replay>,
    treasury: Arc<Treasury>,
    /// All entries, in order.
    pub entries: Arc<Vec<Entry>>,
    /// When.
    pub now: Timestamp,
    /// This machine.
    pub machine: MachineId,
    /// This machine's files.
    pub home: Home,
    /// Who speaks.
    pub voice: Voice,
}

/// Where what is said stands: what to do next is told in its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A terminal, where the loop is a command that somebody runs.
    Terminal,
    /// A window, whose program runs the loop by itself.
    Window,
}

impl Voice {
    /// What makes the treasury go on.
    pub const fn run(self) -> &'static str {
        match self {
            Voice::Terminal => "`countersign run`",
            Voice::Window => "the next turn, which comes by itself",
        }
    }

    /// The same, where it does something.
    pub const fn runner(self) -> &'static str {
        match self {
            Voice::Terminal => "`countersign run`",
            Voice::Window => "Countersign",
        }
    }
}

impl View {
    /// Opens the journal, replays it and closes it again.
    pub async fn of(driver: &Driver) -> Result<Self, DriverError> {
        Self::spoken(driver, Voice::Terminal).await
    }

    /// The same, for a place.
    pub async fn spoken(driver: &Driver, voice: Voice) -> Result<Self, DriverError> {
        let ledger = driver.ledger().await?;
        Ok(Self {
            replay: Arc::new(ledger.replay().clone()),
            treasury: Arc::new(ledger.treasury()?.clone()),
            entries: Arc::new(ledger.entries().to_vec()),
            now: driver.now()?,
            machine: driver.machine(),
            home: driver.home().clone(),
            voice,
        })
    }

    /// The same journal, looked at later.
    #[must_use]
    pub fn at(&self, now: Timestamp) -> Self {
        Self {
            now,
            ..self.clone()
        }
    }

    /// The treasury.
    pub fn treasury(&self) -> &Treasury {
        &self.treasury
    }

    /// What an officer is called.
    pub fn name(&self, officer: OfficerId) -> String {
        self.treasury.officer_name(officer)
    }

    /// Whether a freeze holds a payout still, or the cancel of one, which only later freezes hold.
    pub fn is_held(&self, id: ProposalId, cancels: Option<ProposalId>) -> bool {
        self.treasury
            .payout(id)
            .is_some_and(|(_, payout)| self.treasury.is_held(payout.vault(), id, cancels))
    }

    /// One line a freeze, to stand above everything else.
    pub fn frozen_lines(&self) -> Vec<String> {
        self.treasury
            .freezes
            .iter()
            .map(|(id, freeze)| format!("FROZEN  {}", self.freeze_words(*id, freeze)))
            .collect()
    }

    /// The same for programs.
    pub fn frozen_json(&self) -> Vec<Value> {
        self.treasury
            .freezes
            .iter()
            .map(|(id, freeze)| {
                json!({
                    "freeze": id.to_string(),
                    "scope": self.scope_words(&freeze.scope),
                    "by": self.frozen_by(freeze),
                    "reason": freeze.reason,
                    "time": freeze.time.to_string(),
                })
            })
            .collect()
    }

    fn freeze_words(&self, id: EntryId, freeze: &FreezeRecord) -> String {
        let reason = if freeze.reason.is_empty() {
            String::new()
        } else {
            format!(": {}", freeze.reason)
        };
        format!(
            "{}, by {} at {}{reason} (freeze {})",
            self.scope_words(&freeze.scope),
            self.frozen_by(freeze),
            freeze.time,
            id.short()
        )
    }

    /// Who froze.
    pub fn frozen_by(&self, freeze: &FreezeRecord) -> String {
        freeze
            .officer
            .map_or_else(|| "a machine".to_owned(), |officer| self.name(officer))
    }

    /// What a freeze stops, in words.
    pub fn scope_words(&self, scope: &Scope) -> String {
        match scope {
            Scope::Treasury => "the whole treasury".to_owned(),
            Scope::Vault(id) => {
                let vault = self.treasury.vaults.get(id);
                let name = vault.map_or_else(|| id.short(), |v| v.plan.name().to_string());
                format!("vault {name}")
            }
            Scope::Payout(id) => {
                let record = self.treasury.proposals.get(id);
                let what = record
                    .map(|r| proposal::summary(&self.treasury, &r.proposal.subject))
                    .unwrap_or_default();
                format!("payout {} ({what})", id.short())
            }
        }
    }
}

/// A network's name, with what everybody must know about it.
pub fn network_words(network: Network) -> String {
    let network_name = match network.chain_id().and_then(chain_name) {
        Some(name) => format!("{name}, {network}"),
        None => network.to_string(),
    };
    match network.class() {
        NetworkClass::Mainnet => format!("{network_name} (real money)"),
        NetworkClass::Test => format!("{network_name} (test coins)"),
    }
}

/// What people call a chain, where it is one of the best known.
const fn chain_name(chain: ChainId) -> Option<&'static str> {
    Some(match chain.get() {
        1 => "Ethereum",
        10 => "OP Mainnet",
        56 => "BNB Smart Chain",
        100 => "Gnosis",
        137 => "Polygon",
        8453 => "Base",
        42_161 => "Arbitrum One",
        43_114 => "Avalanche",
        59_144 => "Linea",
        84_532 => "Base Sepolia",
        17_000 => "Holesky",
        560_048 => "Hoodi",
        421_614 => "Arbitrum Sepolia",
        11_155_111 => "Sepolia",
        11_155_420 => "OP Sepolia",
        1337 | 31_337 => "a private chain",
        _ => return None,
    })
}

/// `mainnet` or `test`.
pub const fn class_word(class: NetworkClass) -> &'static str {
    match class {
        NetworkClass::Mainnet => "mainnet",
        NetworkClass::Test => "test",
    }
}

/// The treasury's grade with its warning.
pub fn grade_words(treasury: &Treasury) -> String {
    match treasury.grade() {
        Grade::Distributed => {
            "distributed: no machine, administrator or officer alone can sign".to_owned()
        }
        Grade::SingleHost(reason) => format!(
            "SINGLE-HOST, for evaluation and small amounts: {}",
            reason_words(treasury, &reason)
        ),
    }
}

/// The reason of a single-host grade, for programs.
pub fn grade_reason(treasury: &Treasury) -> Option<String> {
    match treasury.grade() {
        Grade::Distributed => None,
        Grade::SingleHost(reason) => Some(reason_words(treasury, &reason)),
    }
}

fn reason_words(treasury: &Treasury, reason: &GradeReason) -> String {
    let enough = |seats: &usize, threshold: &u16| match threshold {
        threshold if usize::from(*threshold) == *seats => format!("{seats} seats, enough to sign,"),
        threshold => format!("{seats} seats, of which {threshold} are enough to sign,"),
    };
    match reason {
        GradeReason::Machine { machine, .. } if treasury.vaults.is_empty() => {
            format!("all seats will be used on one machine, {machine}")
        }
        GradeReason::Machine {
            machine,
            seats,
            threshold,
        } => {
            format!(
                "{} are used on one machine, {machine}",
                enough(seats, threshold)
            )
        }
        GradeReason::Administrator {
            administrator,
            seats,
            threshold,
        } => format!(
            "{} are under one administrator, {administrator}",
            enough(seats, threshold)
        ),
        GradeReason::Officer {
            officer,
            seats,
            threshold,
        } => {
            format!(
                "{} can be opened by one officer, {officer}",
                enough(seats, threshold)
            )
        }
    }
}
