//! EVM chains at the edge: balances, nonces, fees, gas, candidates, broadcast and watch.
//!
//! A [`Node`] asks the company's own node for one chain. It holds no key and no right: everything it
//! builds is a candidate that `plans` checks again, and what a node says is a claim. Of it, what can be
//! checked is checked: a transaction by its own hash and signature, a receipt against its block. The
//! rest (balances, nonces, whether a block counts) rests on the node; [`Nodes`] asks a second one.
//!
//! The JSON-RPC layer is small and ours, over alloy's HTTP client and types, without providers and
//! fillers: every question travels in one batch with the node's chain id, so that no answer of another
//! chain is ever used; no redirect is followed and no proxy asked; an answer has a ceiling; and no
//! error shows a credential.
//!
//! All methods are plain futures: dropping one gives the question up.

mod answer;
mod balance;
mod call;
mod candidate;
mod chain;
mod config;
mod fee;
mod gas;
mod node;
mod node_error;
mod nodes;
mod proven;
mod send;
mod taken;
mod watch;

pub use alloy_primitives::TxHash;
pub use balance::Balances;
pub use call::{Call, CallError, erc20_transfer};
pub use candidate::{Candidate, CandidateError};
pub use chain::{Foreign, Nonces, Tip};
pub use config::{NodeAuth, NodeConfig, NodeConfigError, NodeSecret};
pub use fee::{FeeBounds, FeeError, Fees, bumped};
pub use gas::{GAS_CEILING, GasError};
pub use node::Node;
pub use node_error::NodeError;
pub use nodes::Nodes;
pub use proven::{SignedError, Watched};
pub use send::SendError;
pub use watch::ChainStatus;
