//! What crosses to the windows: plain values. Money is a decimal string in units of its asset, ids are
//! whole hexadecimal, times are RFC 3339 in UTC.

mod book;
mod draft;
mod founding;
mod frame;
mod journal;
mod officers;
mod policy;
mod proposals;
mod settings;
mod vaults;

pub use book::*;
pub use draft::*;
pub use founding::*;
pub use frame::*;
pub use journal::*;
pub use officers::*;
pub use policy::*;
pub use proposals::*;
pub use settings::*;
pub use vaults::*;

use serde::{Deserialize, Serialize};
use specta::Type;

/// An amount of an asset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Type)]
pub struct Money {
    /// Decimal, in units of the asset, such as `0.50000000`.
    pub value: String,
    /// Its symbol.
    pub asset: String,
    /// Decimal places that the asset has.
    pub places: u8,
}

/// An asset that a vault's chain knows.
#[derive(Debug, Clone, Serialize, Type)]
pub struct AssetInfo {
    /// Its symbol.
    pub symbol: String,
    /// Its decimal places.
    pub places: u8,
    /// Its contract, for a token.
    pub contract: Option<String>,
}

/// A label and its value; a value may have several lines.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Field {
    /// What it is.
    pub label: String,
    /// What it says.
    pub value: String,
}
