//! The frame around every page.

use serde::{Deserialize, Serialize};
use specta::Type;

/// What the app finds when it starts.
#[derive(Debug, Clone, Serialize, Type)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Start {
    /// No treasury is here: found one, or join.
    Fresh {
        /// Where it would be.
        home: String,
    },
    /// A treasury is here and its journal can be read.
    Ready,
    /// The journal is read by the program for the first time.
    Opening,
    /// It can't be used; why, and what to do.
    Broken {
        /// A whole sentence.
        why: String,
    },
}

/// What stands around every page. Read from the journal alone.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Frame {
    /// The treasury's name.
    pub name: String,
    /// Its id.
    pub treasury: String,
    /// How much it promises.
    pub grade: GradeWord,
    /// Why it is single-host, where it is.
    pub grade_reason: Option<String>,
    /// Whether real money is held.
    pub network_class: ClassWord,
    /// Freezes in force.
    pub frozen: Vec<Freeze>,
    /// Proposals that are not at their end.
    pub waiting: u32,
    /// This machine's name.
    pub machine: String,
    /// Entries of the journal.
    pub entries: u32,
    /// The last link's id.
    pub head: String,
    /// A machine that waits for the quorum to let it take over.
    pub candidate: Option<String>,
    /// Countersign's version.
    pub version: String,
    /// What the loop could not do at its last turn: node troubles, a held clock.
    pub troubles: Vec<String>,
    /// How this host falls short of what Countersign wants of it.
    pub weaknesses: Vec<String>,
}

/// How much a treasury promises.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum GradeWord {
    /// For evaluation and small amounts.
    SingleHost,
    /// Nobody reaches the threshold alone.
    Distributed,
}

/// Whether real money is held.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ClassWord {
    /// Real money.
    Mainnet,
    /// Test coins.
    Test,
}

/// A freeze in force.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Freeze {
    /// The entry that froze.
    pub id: String,
    /// What kind of thing stands still.
    pub scope: FreezeScope,
    /// What stands still, in words.
    pub what: String,
    /// Who froze.
    pub by: String,
    /// Why.
    pub reason: String,
    /// When.
    pub time: String,
    /// An open proposal that would lift it.
    pub thaw: Option<String>,
}

/// What kind of thing a freeze stops.
#[derive(Debug, Clone, Copy, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum FreezeScope {
    /// Everything.
    Treasury,
    /// One vault.
    Vault,
    /// One payout.
    Payout,
}

/// A YubiKey that is plugged in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct PluggedKey {
    /// Its serial number.
    pub serial: u32,
    /// Its firmware.
    pub firmware: String,
    /// Whose it is, once enrolled.
    pub officer: Option<String>,
    /// That officer's id.
    pub officer_id: Option<String>,
    /// How it stands.
    pub state: KeyState,
    /// Tries of its PIN until it blocks.
    pub tries_left: Option<u8>,
}

/// How a plugged-in key stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// An officer's, ready to be used.
    Ready,
    /// Nobody's yet.
    NotEnrolled,
    /// Its PIN is the factory's.
    NeedsPinChange,
    /// Its PIN is blocked.
    Locked,
    /// It does not answer.
    Unreadable,
}

/// Tables that changed: what was read of them is stale.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
pub struct Changed {
    /// Their names.
    pub tables: Vec<Table>,
}

/// What a window reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    /// The frame and how the app starts.
    Frame,
    /// Plugged-in keys.
    Keys,
    /// The nodes' health.
    Nodes,
    /// Proposals of every kind.
    Proposals,
    /// The address book.
    Payees,
    /// Vaults and what they hold.
    Vaults,
    /// The policy in force and its limits.
    Policy,
    /// Officers and machines.
    Officers,
    /// The journal.
    Journal,
    /// This machine's settings.
    Settings,
}

/// What happened by itself, to be told once.
#[derive(Debug, Clone, Serialize, Deserialize, Type, tauri_specta::Event)]
pub struct Happened {
    /// The event's name, such as `confirmed`.
    pub name: String,
    /// In words.
    pub words: String,
    /// The proposal that it is about.
    pub proposal: Option<String>,
}

impl Table {
    /// Everything that is folded from the journal.
    pub const OF_THE_JOURNAL: [Table; 7] = [
        Table::Frame,
        Table::Proposals,
        Table::Payees,
        Table::Vaults,
        Table::Policy,
        Table::Officers,
        Table::Journal,
    ];
}
