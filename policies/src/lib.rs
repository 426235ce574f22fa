//! The spending policy: a pure decision over a payout and the facts of the journal.
//!
//! [`Policy::parse`] reads the rules, [`evaluate`] judges a proposal under them, and [`authorise`]
//! counts approvals. Every answer carries its reasons: a refusal says which statement, with which
//! numbers, and when it passes; a clearance says what it demands, which lanes were passed over and
//! why, and how much of each limit is left.
//!
//! # How a payout is judged
//!
//! - A **deny** refuses a payout of which *any* leg is in its scope. All are checked.
//! - A **limit** counts, over a rolling window, the legs in its scope of this payout and of every
//!   other that is reserved (however old) or settled within the window, and the fees of those
//!   payouts: the fee cap while unsettled, the fee paid once settled. A use settled at `t` counts up
//!   to, and no longer at, `t` + window. All are checked.
//! - A **lane** takes a payout of which *every* leg is in its scope. Lanes are tried in order, the
//!   first that takes it says what approvals it needs; no lane, no payout.
//!
//! A scope is a product of sets and intervals, empty ones being errors. Who is paid is decided by
//! address: a leg that pays an address of the address book pays that payee, whether it says so or
//! not; one that names a payee but pays another address is refused. An account of one EVM chain is
//! another address than the same on another chain. An unknown payee's entry has age zero. `leg` is the
//! amount of one leg, `total` the sum of all, both without the fee. Hours are those of the evaluation,
//! in UTC.
//!
//! # Assets
//!
//! `[assets]` says what a policy's words for coins and tokens mean; `BTC` is known without:
//!
//! ```toml
//! [assets]
//! ETH = { chain = "eip155:1", decimals = 18 }
//! USDC = { chain = "eip155:1", contract = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48", decimals = 6 }
//! USDC-BASE = { chain = "eip155:8453", contract = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", decimals = 6, symbol = "USDC" }
//! ```
//!
//! What can be paid is decided by the registry alone, [`Facts::assets`]: a payout of an asset, or with a
//! fee in one, that is not exactly in it is refused. A policy and the registry may never say two things
//! of one asset, or rules would miss it: neither a policy nor an asset that would make them is let in,
//! and while they do, nothing of that asset is paid.
//!
//! An amount in a condition is of one asset and narrows its scope to payouts of it. An amount in a limit
//! counts what leaves of its asset: legs in scope, and the fees of their payouts where they are paid in
//! it, so that a limit of ether over all payouts counts the gas of tokens. A payout that adds nothing to
//! it is none of its business.
//!
//! # Batches
//!
//! A batch is judged as one. Every payout of it is held to the denials, and one that is denied refuses
//! all. A `total` is the sum over all its payouts of the same asset, so nothing gets smaller for being
//! split. Limits count all its payouts together, each with its fee cap; a lane takes it only if it takes
//! every leg of every payout. Sweeps and cancels are changes, for governance to decide: they name no
//! payee and end at the vault itself. Their fees count all the same, and so does that of a payout that
//! reverted: under limits that do not ask who is paid, and never as one of a `count`.
//!
//! # What can't be forged
//!
//! A [`Clearance`] or an [`Authorization`] is only ever earned, never copied, stored or read back:
//!
//! ```compile_fail,E0451
//! let forged = policy::Clearance {
//!     ticket: todo!(), rule: todo!(), quorum: todo!(),
//!     ends: todo!(), limits: todo!(), passed_over: todo!(),
//! };
//! ```
//! ```compile_fail,E0451
//! let forged = policy::Authorization { payout: todo!(), grounds: todo!() };
//! ```
//! ```compile_fail,E0451
//! let forged = policy::BatchAuthorization { batch: todo!(), grounds: todo!() };
//! ```
//! ```compile_fail,E0451
//! let forged = policy::Mandate { proposal: todo!(), grounds: todo!() };
//! ```
//! ```compile_fail,E0451
//! let forged = policy::TransferAuthorization { vault: todo!(), transfer: todo!(), grounds: todo!() };
//! ```
//! ```compile_fail,E0277
//! fn cloned<T: Clone>() {}
//! cloned::<policy::Clearance>();
//! ```
//! ```compile_fail,E0277
//! fn cloned<T: Clone>() {}
//! cloned::<policy::Authorization>();
//! ```
//! ```compile_fail,E0277
//! fn cloned<T: Clone>() {}
//! cloned::<policy::BatchAuthorization>();
//! ```
//! ```compile_fail,E0277
//! fn cloned<T: Clone>() {}
//! cloned::<policy::Mandate>();
//! ```
//! ```compile_fail,E0277
//! fn cloned<T: Clone>() {}
//! cloned::<policy::TransferAuthorization>();
//! ```
//! ```compile_fail,E0277
//! fn read_back<T: serde::de::DeserializeOwned>() {}
//! read_back::<policy::Clearance>();
//! ```
//! ```compile_fail,E0277
//! fn read_back<T: serde::de::DeserializeOwned>() {}
//! read_back::<policy::Authorization>();
//! ```
//! ```compile_fail,E0277
//! fn read_back<T: serde::de::DeserializeOwned>() {}
//! read_back::<policy::BatchAuthorization>();
//! ```
//! ```compile_fail,E0277
//! fn stored<T: serde::Serialize>() {}
//! stored::<policy::Authorization>();
//! ```
//!
//! A clearance is used up by counting approvals, and a governance mandate is no payment:
//!
//! ```compile_fail,E0382
//! fn twice(clearance: policy::Clearance, facts: &policy::Facts) {
//!     let _ = policy::authorise(clearance, &[], facts);
//!     let _ = policy::authorise(clearance, &[], facts);
//! }
//! ```
//! ```compile_fail,E0308
//! fn pay(_: policy::Authorization) {}
//! fn confuse(mandate: policy::Mandate) { pay(mandate) }
//! ```
//!
//! The right to a batch is no right to a payout, and is used up by taking one payout out of it:
//!
//! ```compile_fail,E0308
//! fn pay(_: policy::Authorization) {}
//! fn confuse(batch: policy::BatchAuthorization) { pay(batch) }
//! ```
//! ```compile_fail,E0382
//! fn twice(batch: policy::BatchAuthorization) {
//!     let _ = batch.item(0);
//!     let _ = batch.item(0);
//! }
//! ```
//!
//! A sweep moves money within the vault only, and the right to it pays nobody:
//!
//! ```compile_fail,E0308
//! fn pay(_: policy::Authorization) {}
//! fn confuse(transfer: policy::TransferAuthorization) { pay(transfer) }
//! ```
//! ```compile_fail,E0382
//! fn twice(sweep: policy::Mandate) {
//!     let _ = sweep.transfer(0);
//!     let _ = sweep.transfer(0);
//! }
//! ```

mod assets;
mod authorise;
mod clearance;
mod describe;
mod error;
mod evaluate;
mod facts;
mod fault;
mod govern;
mod limits;
mod policy;
mod quorum;
mod read;
mod reason;
mod scope;
mod set;
mod shortfall;
mod view;
mod words;

pub use authorise::{
    Approver, Authorised, Authorization, BatchAuthorization, Mandate, TransferAuthorization,
    authorise,
};
pub use clearance::{Clearance, Rule, Verdict};
pub use describe::{Description, describe};
pub use error::{PolicyError, Position, Problem};
pub use evaluate::{evaluate, recheck};
pub use facts::{Facts, PayeeFact, Request, Use, UseState, VaultFact};
pub use fault::FactFault;
pub use limits::{Bucket, Frees, LimitUse, Sum, Tally};
pub use policy::{Demand, GovernanceKind, Headcount, OwnApproval, Policy};
pub use reason::{Deadline, DeniedLeg, PassedOver, Reason, Reasons};
pub use scope::{Aspect, Bundle, LegNumber, Mismatch};
pub use shortfall::{NotCounted, Shortfall, Uncounted};
