//! The directory of one machine, and its settings.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use domain::{ChainId, Name, SeatId, VaultId};
use serde::{Deserialize, Serialize};

/// Where a machine keeps what it has: the journal, the wallets' cache, sealed shares, settings.
#[derive(Debug, Clone)]
pub struct Home {
    root: PathBuf,
}

/// The home can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A file operation failed.
    #[error("{}: {source}; nothing was changed", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The settings can't be read.
    #[error("{}: {reason}; mend the file, nothing was changed", path.display())]
    Settings {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Nothing is founded here.
    #[error("there is no treasury in {}; found one with `countersign found`, or restore a backup with `countersign restore`", .0.display())]
    Empty(PathBuf),
    /// A treasury was here.
    #[error("the journal that belongs in {} is gone: the keyring knows that there was one. Nothing is signed, and nothing new is founded in its place: find the file, or restore the latest backup into another directory", .0.display())]
    JournalGone(PathBuf),
    /// Something is here already.
    #[error("{} holds a treasury already; choose another directory with --home", .0.display())]
    Taken(PathBuf),
}

/// `countersign.toml`: what this machine needs to know that is nobody else's business.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Names this installation's secrets in the OS keyring.
    pub keyring: String,
    /// This machine's name in the roster.
    pub machine: Name,
    /// The company's own Bitcoin node.
    pub bitcoin: Option<BitcoinSettings>,
    /// The company's own nodes of EVM chains.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evm: Vec<EvmSettings>,
    /// Folder with further attestation certificates (PEM or DER) that an administrator filled.
    pub attestation_certificates: Option<PathBuf>,
}

/// How to reach the node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BitcoinSettings {
    /// For example `http://127.0.0.1:8332`.
    pub url: String,
    /// RPC user; with `password`, or neither with `cookie`.
    pub user: Option<String>,
    /// RPC password.
    pub password: Option<String>,
    /// The node's cookie file.
    pub cookie: Option<PathBuf>,
    /// A fee rate above this is never chosen, in sat/vB.
    #[serde(default = "highest_fee_rate")]
    pub highest_fee_rate: u64,
}

/// How to reach the node of an EVM chain.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvmSettings {
    /// The chain.
    pub chain_id: ChainId,
    /// For example `http://127.0.0.1:8545`.
    pub url: String,
    /// A second node, of another maker, that must agree on chain and nonces.
    pub second: Option<String>,
    /// A token that the first node asks for.
    pub bearer: Option<String>,
    /// A price for gas above this is never chosen, in gwei.
    #[serde(default = "highest_gas_price")]
    pub highest_gas_price: u64,
}

impl EvmSettings {
    /// The highest price for gas, in wei.
    pub fn highest_gas_price_wei(&self) -> u128 {
        u128::from(self.highest_gas_price).saturating_mul(1_000_000_000)
    }
}

impl std::fmt::Debug for EvmSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EvmSettings")
            .field("chain_id", &self.chain_id)
            .field("url", &self.url)
            .field("second", &self.second)
            .field("bearer", &self.bearer.as_ref().map(|_| "<redacted>"))
            .field("highest_gas_price", &self.highest_gas_price)
            .finish()
    }
}

const fn highest_gas_price() -> u64 {
    500
}

const fn highest_fee_rate() -> u64 {
    500
}

impl Home {
    /// A home at a directory, which need not exist yet.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The journal's database.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal.sqlite")
    }

    /// The wallets' cache: rebuilt from the node when lost.
    pub fn wallets(&self) -> PathBuf {
        self.root.join("wallets.sqlite")
    }

    /// Enrolled officers that wait for the founding or a proposal.
    pub fn enrolments(&self) -> PathBuf {
        self.root.join("enrolments")
    }

    /// All sealed shares.
    pub fn seats(&self) -> PathBuf {
        self.root.join("seats")
    }

    /// One seat's sealed share.
    pub fn seat(&self, vault: VaultId, seat: SeatId) -> PathBuf {
        self.seats()
            .join(vault.to_string())
            .join(format!("{seat}.sealed"))
    }

    fn settings_file(&self) -> PathBuf {
        self.root.join("countersign.toml")
    }

    /// Reads the settings.
    pub fn settings(&self) -> Result<Settings, HomeError> {
        let path = self.settings_file();
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {
                return Err(HomeError::Empty(self.root.clone()));
            }
            Err(source) => return Err(HomeError::Io { path, source }),
        };
        toml::from_str(&text).map_err(|e| HomeError::Settings {
            path,
            reason: e.to_string(),
        })
    }

    /// Writes the settings, whole or not at all.
    pub fn set_settings(&self, settings: &Settings) -> Result<(), HomeError> {
        let path = self.settings_file();
        let text = toml::to_string_pretty(settings).map_err(|e| HomeError::Settings {
            path: path.clone(),
            reason: e.to_string(),
        })?;
        write_whole(&path, text.as_bytes())
    }

    /// Takes the settings back to what they were.
    pub(crate) fn put_settings_back(&self, earlier: Option<&Settings>) -> Result<(), HomeError> {
        let path = self.settings_file();
        match earlier {
            Some(earlier) => self.set_settings(earlier),
            None => fs::remove_file(&path).map_err(|source| HomeError::Io { path, source }),
        }
    }

    /// Whether a journal is here.
    pub fn is_founded(&self) -> bool {
        self.journal().exists()
    }
}

/// Writes a file so that it is there whole or not at all, readable by its owner alone, and durable.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let fail = |source| HomeError::Io {
        path: path.to_owned(),
        source,
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    create_private_dir(folder)?;
    let name = path
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let beside = folder.join(format!(".{name}.new"));
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside).map_err(fail)?;
    file.write_all(bytes).map_err(fail)?;
    file.sync_all().map_err(fail)?;
    fs::rename(&beside, path).map_err(fail)?;
    fs::File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(fail)
}

/// Creates a directory that only its owner can enter.
pub fn create_private_dir(path: &Path) -> Result<(), HomeError> {
    let fail = |source| HomeError::Io {
        path: path.to_owned(),
        source,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(fail)
}

/// Reads a file with its path in the error.
pub fn read_file(path: &Path) -> Result<Vec<u8>, HomeError> {
    fs::read(path).map_err(|source| HomeError::Io {
        path: path.to_owned(),
        source,
    })
}
