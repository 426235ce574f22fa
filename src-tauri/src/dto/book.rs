//! The address book.

use serde::Serialize;
use specta::Type;

/// A payee.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Payee {
    /// Its name.
    pub name: String,
    /// Where it is paid.
    pub address: String,
    /// The same in groups of four.
    pub grouped: String,
    /// The network.
    pub network: String,
    /// The network, in words.
    pub network_words: String,
    /// Since when it is in the book.
    pub since: String,
    /// Payee lists of the policy that name it.
    pub lists: Vec<String>,
    /// Another payee with an address that looks like it.
    pub look_alike: Option<String>,
    /// Payouts to it that are final.
    pub paid_count: u32,
    /// When the last of them was.
    pub last_paid: Option<String>,
    /// An open proposal that would change it.
    pub pending: Option<String>,
}
