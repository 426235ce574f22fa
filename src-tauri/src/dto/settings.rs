//! This machine's settings, and its nodes' health.

use serde::{Deserialize, Serialize};
use specta::Type;

/// This machine's settings.
#[derive(Debug, Clone, Serialize, Type)]
pub struct SettingsView {
    /// Its name in the roster.
    pub machine: String,
    /// Its files.
    pub home: String,
    /// The Bitcoin node.
    pub bitcoin: Option<BitcoinNode>,
    /// The nodes of EVM chains.
    pub evm: Vec<EvmNode>,
    /// The folder of further attestation certificates.
    pub certificates: Option<String>,
    /// Networks that the treasury is on.
    pub networks: Vec<NetworkView>,
}

/// A network of the treasury.
#[derive(Debug, Clone, Serialize, Type)]
pub struct NetworkView {
    /// As written.
    pub network: String,
    /// In words.
    pub words: String,
    /// The chain's number, for EVM chains.
    pub chain_id: Option<String>,
}

/// The Bitcoin node. The password is never shown.
#[derive(Debug, Clone, Serialize, Type)]
pub struct BitcoinNode {
    /// Its address.
    pub url: String,
    /// The user.
    pub user: Option<String>,
    /// The cookie file.
    pub cookie: Option<String>,
    /// A rate above it is never chosen, in sat/vB.
    pub highest_fee_rate: String,
}

/// A node of an EVM chain. The token, and paths that may hold one, are never shown.
#[derive(Debug, Clone, Serialize, Type)]
pub struct EvmNode {
    /// The chain's number.
    pub chain_id: String,
    /// Host and port.
    pub place: String,
    /// The second node's.
    pub second: Option<String>,
    /// Whether a token is set.
    pub bearer: bool,
    /// A price above it is never chosen, in gwei.
    pub highest_gas_price: String,
}

/// The Bitcoin node as typed.
#[derive(Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct BitcoinNodeDraft {
    /// Its address.
    pub url: String,
    /// The user; none with a cookie file.
    pub user: Option<String>,
    /// The password; none to keep the one that is set.
    pub password: Option<String>,
    /// The cookie file.
    pub cookie: Option<String>,
    /// A rate above it is never chosen, in sat/vB.
    pub highest_fee_rate: u32,
}

/// A node of an EVM chain as typed.
#[derive(Deserialize, Type)]
#[serde(deny_unknown_fields)]
pub struct EvmNodeDraft {
    /// The chain's number.
    pub chain_id: String,
    /// Its address; none to keep the one that is set.
    pub url: Option<String>,
    /// A second node; empty for none, none to keep the one that is set.
    pub second: Option<String>,
    /// A token; empty for none, none to keep the one that is set.
    pub bearer: Option<String>,
    /// A price above it is never chosen, in gwei.
    pub highest_gas_price: u32,
}

/// How a node stands, as last seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Type)]
pub struct NodeHealth {
    /// The network.
    pub network: String,
    /// In words.
    pub network_words: String,
    /// Host and port.
    pub place: Option<String>,
    /// How it stands.
    pub state: NodeState,
    /// Its last block.
    pub height: Option<u32>,
    /// When it was asked.
    pub seen: Option<String>,
    /// What is wrong.
    pub trouble: Option<String>,
}

/// How a node stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    /// It answers.
    Answers,
    /// It does not.
    Trouble,
    /// None is set.
    NotSet,
    /// It was not asked yet.
    NotAsked,
}

/// What a test of a connection found.
#[derive(Debug, Clone, Serialize, Type)]
pub struct NodeTest {
    /// Whether it can be used.
    pub ok: bool,
    /// In words.
    pub words: String,
    /// Its last block.
    pub height: Option<u32>,
    /// How long it took.
    pub milliseconds: u32,
}

/// A file that was written.
#[derive(Debug, Clone, Serialize, Type)]
pub struct Written {
    /// Where it is.
    pub path: String,
    /// What it is, in words.
    pub words: String,
}
