//! Bitcoin at the edge: addresses, sync, build, broadcast and watch.
//!
//! A [`Wallet`] watches one vault through the company's own node. It holds no key and no right:
//! everything it builds is a candidate that `plans` checks again, and what it keeps in its database
//! can be deleted and is rebuilt from the vault's public key and the node.

mod build;
mod candidate;
mod chain;
mod fee;
mod mempool;
mod node;
mod node_error;
mod send;
mod store;
mod sync;
mod wallet;
mod watch;

pub use build::{BuildError, Joined};
pub use candidate::Candidate;
pub use fee::{FeeBounds, FeeError};
pub use node::{Node, NodeAuth, NodeConfig, NodeConfigError, RpcPassword};
pub use node_error::NodeError;
pub use send::{Acceptance, BroadcastError};
pub use store::{StoreError, WalletDb};
pub use sync::{Cancel, SyncEnd, SyncError, SyncProgress, SyncReport, Tip};
pub use wallet::{Balance, Unswept, Utxo, Wallet, WalletError};
pub use watch::{ChainStatus, OutgoingTx};
