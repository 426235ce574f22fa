//! Transaction bytes, decoded on their own and checked against what was approved.
//!
//! Every seat runs this for itself, over the bytes in its own journal, before it gives a share of a
//! signature. What comes out, a [`SigningOrder`], is the only thing `mpc` signs.

mod order;

pub use order::{FinishError, InputDigest, SignedPlan, SigningOrder};
