//! The journal.

use serde::{Deserialize, Serialize};
use specta::Type;

/// Which entries.
#[derive(Debug, Clone, Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct JournalQuery {
    /// Words that must occur in the entry.
    pub text: String,
    /// Kinds of entries; empty for all.
    pub names: Vec<String>,
    /// Only entries before this place: the next page, the newest being first.
    pub before: Option<u32>,
    /// At most so many.
    pub limit: u32,
}

/// Some entries, the newest first.
#[derive(Debug, Clone, Serialize, Type)]
pub struct JournalPage {
    /// The entries.
    pub rows: Vec<JournalRow>,
    /// How many fit in all.
    pub total: u32,
    /// The place to go on before; none at the end.
    pub next: Option<u32>,
}

/// An entry.
#[derive(Debug, Clone, Serialize, Type)]
pub struct JournalRow {
    /// Its place.
    pub sequence: u32,
    /// Its own time.
    pub time: String,
    /// When this machine first saw it.
    pub first_seen: String,
    /// Its kind.
    pub name: String,
    /// Who wrote it.
    pub author: String,
    /// Its id.
    pub id: String,
    /// The proposal that it is about.
    pub proposal: Option<String>,
    /// Its body as JSON, for reading.
    pub body: String,
}

/// What became of verifying the journal.
#[derive(Debug, Clone, Serialize, Type)]
pub struct JournalCheck {
    /// Whether everything fits.
    pub ok: bool,
    /// How many entries.
    pub entries: u32,
    /// The last link's id.
    pub head: String,
    /// What is wrong, where something is.
    pub trouble: Option<String>,
}
