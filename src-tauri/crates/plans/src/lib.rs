//! Transaction bytes, decoded on their own and checked against what was approved.
//!
//! Every seat runs this for itself, over the bytes in its own journal, before it gives a share of a
//! signature. What comes out, a [`SigningOrder`], is the only thing `mpc` signs.

mod decode;
mod effects;
mod inspect;
pub mod limits;
mod mismatch;
mod order;
mod sighash;
mod signed;
mod vault;

pub use decode::{LOCK_TIME, SEQUENCE, decode};
pub use effects::{Change, Effects, VirtualSize};
pub use inspect::inspect;
pub use mismatch::PlanMismatch;
pub use order::{FinishError, InputDigest, SignedPlan, SigningOrder, order};
pub use signed::{NotSigned, verify_signed};
pub use vault::{Keychain, VaultKeyError, VaultKeys, VaultView};
