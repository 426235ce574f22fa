//! What the tests' officers type at their YubiKeys.
//!
//! `cargo xtask test` searches the whole log of the tests for these, so every test types these and
//! no others, and they are unlike anything that a hash or an amount could spell.

/// Every officer's PIN.
pub const PIN: &str = "7Qx!93mZ";
/// Every officer's PUK.
pub const PUK: &str = "P5k?81wL";
/// A PIN to change to.
pub const NEW_PIN: &str = "Vw4#62bR";
/// A PUK to change to.
pub const NEW_PUK: &str = "Hd8=57tY";

/// All of them.
pub const SECRETS: [&str; 4] = [PIN, PUK, NEW_PIN, NEW_PUK];
