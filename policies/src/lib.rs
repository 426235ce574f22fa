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
//! not; one that names a payee but pays another address is refused. An unknown payee's entry has
//! age zero. `leg` is the amount of one leg, `total` the sum of all, both without the fee. Hours are
//! those of the evaluation, in UTC.
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
//! let forged = policy::Mandate { proposal: todo!(), grounds: todo!() };
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
//! cloned::<policy::Mandate>();
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

pub use authorise::{Approver, Authorised, Authorization, BatchAuthorization, Mandate, authorise};
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
