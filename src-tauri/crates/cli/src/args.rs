//! The command line, as a treasurer reads it in `--help`.

mod propose;
mod values;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::{ChainId, Name, Network, Note};

pub use propose::{
    ProposeAsset, ProposeBatch, ProposeCancel, ProposeCommand, ProposePayee, ProposePayout,
    ProposeSweep, Proposer,
};
pub use values::{RecoverySeat, SeatOfficers, Wait};

/// The heading of the options that every command has.
const EVERYWHERE: &str = "Options of every command";

/// Countersign: a treasury wallet that a company runs wholly on its own machines.
///
/// Officers propose payouts, others approve them with a YubiKey touch, and only what the written
/// policy allows is signed by a quorum of seats and sent. Every act is an entry of a signed journal.
#[derive(Debug, Parser)]
#[command(
    name = "countersign",
    version,
    arg_required_else_help = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    /// The directory of this machine: journal, sealed seats, settings; else what COUNTERSIGN_HOME names,
    /// else `countersign` in the user's data directory, ~/.local/share on Linux
    #[arg(long, global = true, env = "COUNTERSIGN_HOME", hide_env = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub home: Option<PathBuf>,
    /// Print JSON for programs instead of text for people
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Read PINs from this file descriptor, one a line, in the order they are asked for; otherwise
    /// they are asked for at the terminal. A PIN is never an argument and never in the environment
    #[arg(long, global = true, value_name = "N", help_heading = EVERYWHERE)]
    pub pin_fd: Option<u32>,
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// All commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show and prepare the YubiKeys that are plugged in
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Make an officer's three keys on a YubiKey and check that the key vouches for them
    Enrol(Enrol),
    /// Found a treasury: every founding officer signs, with PIN and touch
    Found(Found),
    /// Vaults: order one, generate its key, show an address
    #[command(subcommand)]
    Vault(VaultCommand),
    /// The treasury at a glance: grade, balances, what waits for whom, limits, freezes
    Status,
    /// Propose something; others decide
    #[command(subcommand)]
    Propose(ProposeCommand),
    /// Approve a proposal with your YubiKey (PIN and touch)
    Approve(Decide),
    /// Decline a proposal with your YubiKey; one decline ends it
    Decline(Decline),
    /// Open a seat with your YubiKey for one approved payout, and sign it
    Release(Release),
    /// Raise the fee of a signed payout that waits too long for a block, within its approved cap
    ///
    /// The next version pays the same people the same amounts; only one of all versions can end up in
    /// the chain. Sealed seats are opened again with `release`, and then the new version is signed and
    /// sent.
    Bump {
        /// The payout's id, or its first digits; of a cancel that waits, the cancel's
        id: String,
    },
    /// Stop signing, with one touch and no PIN: all of it, one vault or one payout
    Freeze(Freeze),
    /// List proposals
    List(List),
    /// The address book: payees, their addresses, and since when each stands there
    Payees,
    /// Say in plain sentences what the policy in force means, or one in a file before anybody signs it
    Policy {
        /// A policy's file; without it the policy in force
        file: Option<PathBuf>,
    },
    /// Show one proposal whole: words to compare, what the policy demands, its way so far
    Show {
        /// The proposal's id, or its first digits
        id: String,
    },
    /// Do what can be done now and watch the chain; the headless co-signer
    Run(Run),
    /// The journal: verify and export it
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Write a backup: journal, public state and sealed seats; nothing in it is open
    Backup {
        /// The directory to write it to; must not exist
        to: PathBuf,
    },
    /// Restore a backup onto a new machine; the governance quorum lets the machine take over
    Restore(Restore),
    /// Settings of this machine
    #[command(subcommand)]
    Settings(SettingsCommand),
    /// Confirm, as an officer, that this machine's clock is right after it jumped
    ConfirmClock {
        /// The officer
        #[arg(long = "as", value_name = "OFFICER")]
        officer: Name,
    },
}

/// `keys`.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the YubiKeys plugged in, with firmware, tries left and whether they can be enrolled
    List,
    /// Replace the factory PIN, PUK and management key of a new YubiKey
    ///
    /// Asks only for what is to be changed, in this order: the PIN now set and the new PIN, the PUK
    /// now set and the new PUK; if the PIN stays, the PIN. A new YubiKey has PIN 123456 and PUK
    /// 12345678; Countersign knows them too, but never types them for you. The management key is
    /// replaced by a random one that the YubiKey keeps under the PIN.
    Prepare {
        /// The YubiKey's serial number
        #[arg(long)]
        serial: u32,
    },
}

/// `enrol`.
#[derive(Debug, Args)]
pub struct Enrol {
    /// What colleagues call the officer; the name policies use
    #[arg(long)]
    pub name: Name,
    /// The YubiKey's serial number
    #[arg(long)]
    pub serial: u32,
    /// Why a YubiKey with firmware before 5.7.0 is accepted (EUCLEAK, CVE-2024-45678)
    #[arg(long, value_name = "REASON")]
    pub waiver: Option<Note>,
    /// Replace keys that are in slots 9c, 9e and 82 already; what they protected is lost
    #[arg(long)]
    pub overwrite_keys: bool,
    /// Take the keys that are in slots 9c, 9e and 82 already; the YubiKey must have made them itself
    #[arg(long, conflicts_with = "overwrite_keys")]
    pub keep_keys: bool,
    /// Before the founding: trust YubiKeys attested by this root (DER or PEM) instead of Yubico's; test
    /// networks only; repeat for each
    #[arg(long, value_name = "FILE")]
    pub test_attestation_root: Vec<PathBuf>,
}

/// `found`.
#[derive(Debug, Args)]
pub struct Found {
    /// The company's treasury
    #[arg(long)]
    pub name: Name,
    /// Networks that it may have vaults on, for example bitcoin, regtest or eip155:1 (an EVM chain by its
    /// id); repeat for each. Real money and test networks are never mixed
    #[arg(long, required = true)]
    pub network: Vec<Network>,
    /// The first policy
    #[arg(long, value_name = "FILE")]
    pub policy: PathBuf,
    /// A founding officer, enrolled before; repeat for each
    #[arg(long = "officer", required = true, value_name = "NAME")]
    pub officers: Vec<Name>,
    /// What this machine is called
    #[arg(long, default_value = "host")]
    pub machine: Name,
    /// Who can administer this machine; the grade counts people, not boxes; repeat for each
    #[arg(long = "administrator", required = true, value_name = "NAME")]
    pub administrators: Vec<Name>,
    /// Trust YubiKeys attested by this root (DER or PEM) instead of Yubico's; test networks only
    #[arg(long, value_name = "FILE")]
    pub test_attestation_root: Vec<PathBuf>,
    /// Why real money on a single-host layout is accepted
    #[arg(long, value_name = "REASON")]
    pub waiver: Option<Note>,
}

/// `vault`.
#[derive(Debug, Subcommand)]
pub enum VaultCommand {
    /// Propose a vault; once the governance quorum approved it, generate its key
    Create(VaultCreate),
    /// Generate the key of an approved vault: officers open each sealed seat once to prove that it opens
    Keygen {
        /// The vault's name
        name: Name,
    },
    /// Show an address to receive at: on Bitcoin a fresh one, on an EVM chain the vault's account
    Address {
        /// The vault's name
        name: Name,
        /// On an EVM chain: the deposit account of this number, from 1, for one payer or invoice
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..0x8000_0000))]
        deposit: Option<u32>,
    },
    /// List vaults with their seats
    List,
}

/// `vault create`.
#[derive(Debug, Args)]
pub struct VaultCreate {
    /// The vault's name
    pub name: Name,
    /// The officer who proposes
    #[arg(long = "as", value_name = "OFFICER")]
    pub officer: Name,
    /// The network: bitcoin, testnet4, signet, regtest, or an EVM chain such as eip155:1
    #[arg(long)]
    pub network: Network,
    /// Seats that must sign together
    #[arg(long)]
    pub threshold: u16,
    /// Confirmations that inputs must have and that make a payout final
    #[arg(long, default_value_t = 6)]
    pub confirmations: u32,
    /// A seat sealed by this machine's keyring: its name; repeat for each
    #[arg(long = "device", value_name = "SEAT")]
    pub devices: Vec<Name>,
    /// A seat that any one of these officers opens: `SEAT=Alice,Bob`; repeat for each
    #[arg(long = "hardware", value_name = "SEAT=OFFICERS")]
    pub hardware: Vec<SeatOfficers>,
    /// A seat that K of these officers open together: `SEAT=2:Alice,Bob,Carol`; repeat for each
    #[arg(long = "recovery", value_name = "SEAT=K:OFFICERS")]
    pub recovery: Vec<RecoverySeat>,
    /// How long it can be decided
    #[arg(long, default_value = "14 d", value_name = "TIME")]
    pub expires_in: Wait,
}

/// `approve`.
#[derive(Debug, Args)]
pub struct Decide {
    /// The proposal's id, or its first digits
    pub id: String,
    /// The officer who decides
    #[arg(long = "as", value_name = "OFFICER")]
    pub officer: Name,
}

/// `decline`.
#[derive(Debug, Args)]
pub struct Decline {
    /// The proposal, and who decides
    #[command(flatten)]
    pub decide: Decide,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: Note,
}

/// `release`.
#[derive(Debug, Args)]
pub struct Release {
    /// The payout's id, or its first digits; of a cancel, either
    pub id: String,
    /// The officer who opens the seat; for a recovery seat as many as it needs, separated by commas
    #[arg(
        long = "as",
        value_name = "OFFICERS",
        required = true,
        value_delimiter = ','
    )]
    pub officers: Vec<Name>,
    /// The seat's name; needed only when these officers open more than one
    #[arg(long)]
    pub seat: Option<Name>,
    /// A further seat to open in the same signing: `SEAT=Alice,Bob`
    #[arg(long = "and", value_name = "SEAT=OFFICERS")]
    pub more: Vec<SeatOfficers>,
}

/// `freeze`.
#[derive(Debug, Args)]
pub struct Freeze {
    /// The officer who freezes, with one touch
    #[arg(long = "as", value_name = "OFFICER")]
    pub officer: Name,
    /// Freeze this vault only
    #[arg(long, conflicts_with = "payout")]
    pub vault: Option<Name>,
    /// Freeze this payout only
    #[arg(long, value_name = "ID")]
    pub payout: Option<String>,
    /// Why
    #[arg(long, default_value = "", hide_default_value = true)]
    pub reason: Note,
}

/// `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Only what still waits for somebody
    #[arg(long)]
    pub open: bool,
}

/// `run`.
#[derive(Debug, Args)]
pub struct Run {
    /// Stop when nothing is under way any more: every payout that can go on is final
    #[arg(long)]
    pub until_settled: bool,
    /// Seconds between two looks at the chain
    #[arg(long, default_value_t = 10, value_name = "SECONDS")]
    pub every: u64,
}

/// `journal`.
#[derive(Debug, Subcommand)]
pub enum JournalCommand {
    /// Check every entry of this machine's journal, or of an exported file
    Verify {
        /// An export; without it this machine's journal
        file: Option<PathBuf>,
    },
    /// Write the journal to a file that anybody can verify
    Export {
        /// The file to write; must not exist
        to: PathBuf,
    },
}

/// `restore`.
#[derive(Debug, Args)]
pub struct Restore {
    /// The backup's directory
    pub from: PathBuf,
    /// The officer who proposes that this machine takes over
    #[arg(long = "as", value_name = "OFFICER")]
    pub officer: Name,
    /// What this machine is called
    #[arg(long)]
    pub machine: Name,
    /// Who can administer this machine; repeat for each
    #[arg(long = "administrator", required = true, value_name = "NAME")]
    pub administrators: Vec<Name>,
    /// How long the quorum can decide
    #[arg(long, default_value = "7 d", value_name = "TIME")]
    pub expires_in: Wait,
}

/// `settings`.
#[derive(Debug, Subcommand)]
pub enum SettingsCommand {
    /// Show the settings; the password is never shown
    Show,
    /// Use this Bitcoin node; the password is read from --pin-fd or asked for
    Bitcoin {
        /// For example `http://127.0.0.1:8332`
        url: String,
        /// RPC user
        #[arg(long, conflicts_with = "cookie", required_unless_present = "cookie")]
        user: Option<String>,
        /// The node's cookie file, instead of user and password
        #[arg(long, value_name = "FILE")]
        cookie: Option<PathBuf>,
        /// A fee rate above this is never chosen, in sat/vB
        #[arg(long, default_value_t = 500, value_name = "RATE")]
        highest_fee_rate: u64,
    },
    /// Use this node of an EVM chain, in place of the one set for that chain before
    Evm {
        /// The chain's id, for example 1 for Ethereum
        #[arg(value_parser = values::chain_id)]
        chain_id: ChainId,
        /// For example `http://127.0.0.1:8545`
        url: String,
        /// A second node, best of another maker, that must agree on chain and nonces
        #[arg(long, value_name = "URL")]
        second: Option<String>,
        /// The node asks for a token; it is read from --pin-fd or asked for, and never shown
        #[arg(long)]
        bearer: bool,
        /// A price for gas above this is never chosen, in gwei
        #[arg(long, default_value_t = 500, value_name = "GWEI")]
        highest_gas_price: u64,
    },
    /// Look for further attestation certificates in this folder
    AttestationCertificates {
        /// The folder
        folder: PathBuf,
    },
}
