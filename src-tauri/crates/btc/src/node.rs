//! The company's own node, asked over JSON-RPC.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bdk_bitcoind_rpc::bitcoincore_rpc::{self as rpc, Client, RpcApi, jsonrpc};
use bitcoin::constants::genesis_block;
use domain::Network;
use jsonrpc::simple_http::SimpleHttpTransport;
use serde::Deserialize;
use zeroize::Zeroizing;

use crate::node_error::{NodeError, nonsense};

/// How long one answer may take, unless told otherwise.
const PATIENCE: Duration = Duration::from_secs(15);

/// Headers that a node may be ahead of its blocks and still count as caught up: a block being
/// checked, or a short fork.
const HEADERS_AHEAD: u64 = 3;

/// The password of the node's RPC user. Wiped when dropped, never printed.
pub struct RpcPassword(Zeroizing<String>);

impl RpcPassword {
    /// Takes a password.
    pub fn new(password: String) -> Self {
        Self(Zeroizing::new(password))
    }
}

impl fmt::Debug for RpcPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// How this program proves itself to the node.
#[derive(Debug)]
pub enum NodeAuth {
    /// A user of the node's `rpcauth`.
    UserPass {
        /// The user's name.
        user: String,
        /// The user's password.
        password: RpcPassword,
    },
    /// The file that the node writes anew at each start; read again for each connection.
    CookieFile(PathBuf),
}

/// Where the node is and how to speak to it.
#[derive(Debug)]
pub struct NodeConfig {
    url: String,
    auth: NodeAuth,
    patience: Duration,
}

/// An address at which no node can be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeConfigError {
    /// Another scheme.
    #[error(
        "a node's address starts with http://, for example http://127.0.0.1:8332; a node on another \
         machine is reached through a tunnel of your own"
    )]
    Scheme,
    /// A password in the address, where it would be shown.
    #[error(
        "the node's address holds a user name or password; they belong in their own fields, where they are not shown"
    )]
    Credentials,
}

impl NodeConfig {
    /// A node at `url`.
    pub fn new(url: impl Into<String>, auth: NodeAuth) -> Result<Self, NodeConfigError> {
        let url = url.into();
        let rest = url.strip_prefix("http://").ok_or(NodeConfigError::Scheme)?;
        if rest.contains('@') {
            return Err(NodeConfigError::Credentials);
        }
        Ok(Self {
            url,
            auth,
            patience: PATIENCE,
        })
    }

    /// The same with another limit for one answer.
    #[must_use]
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }
}

/// A node that is asked for one network. Clones ask the same node.
#[derive(Debug, Clone)]
pub struct Node {
    config: Arc<NodeConfig>,
    network: Network,
}

#[derive(Deserialize)]
struct ChainInfo {
    chain: String,
    blocks: u64,
    headers: u64,
    initialblockdownload: bool,
}

impl Node {
    /// Speaks to nobody yet: a treasury opens and shows what it knows while its node is down.
    pub fn new(config: NodeConfig, network: Network) -> Self {
        Self {
            config: Arc::new(config),
            network,
        }
    }

    /// The network that the node must be on.
    pub const fn network(&self) -> Network {
        self.network
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.config.url
    }

    /// Whether the node answers, is on the right chain and has caught up; gives how many blocks it has.
    pub async fn check(&self) -> Result<u64, NodeError> {
        let (info, genesis) = self
            .call(|client| {
                let info: ChainInfo = client.call("getblockchaininfo", &[])?;
                Ok((info, client.get_block_hash(0)?))
            })
            .await?;
        let network = self.network.to_bitcoin();
        let expected = network.map(|network| genesis_block(network).block_hash());
        if Some(info.chain.as_str()) != chain_name(self.network) || Some(genesis) != expected {
            return Err(NodeError::WrongChain {
                url: self.url().to_owned(),
                expected: self.network,
                found: info.chain.chars().take(20).collect(),
            });
        }
        // A private chain is as old as its last block, which says nothing.
        let loading = info.initialblockdownload && self.network != Network::Regtest;
        if loading || info.headers > info.blocks.saturating_add(HEADERS_AHEAD) {
            return Err(NodeError::Syncing {
                url: self.url().to_owned(),
                blocks: info.blocks,
                headers: info.headers,
            });
        }
        Ok(info.blocks)
    }

    /// Asks on a thread that may block.
    pub(crate) async fn call<T: Send + 'static>(
        &self,
        ask: impl FnOnce(&Client) -> Result<T, rpc::Error> + Send + 'static,
    ) -> Result<T, NodeError> {
        let node = self.clone();
        self.block(move || {
            let client = node.client()?;
            ask(&client).map_err(|error| node.classify(error))
        })
        .await
    }

    /// Runs work that may block.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, NodeError> + Send + 'static,
    ) -> Result<T, NodeError> {
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| NodeError::Ended)?
    }

    /// A connection of its own; blocks while the host's name is looked up.
    pub(crate) fn client(&self) -> Result<Client, NodeError> {
        let bad =
            |error: jsonrpc::simple_http::Error| self.classify(rpc::Error::JsonRpc(error.into()));
        let builder = SimpleHttpTransport::builder()
            .timeout(self.config.patience)
            .url(self.url())
            .map_err(bad)?;
        let transport = match &self.config.auth {
            NodeAuth::UserPass { user, password } => builder.auth(user, Some(&*password.0)),
            NodeAuth::CookieFile(path) => builder.cookie_auth(read_cookie(path)?.as_str()),
        };
        let client = jsonrpc::client::Client::with_transport(transport.build());
        Ok(Client::from_jsonrpc(client))
    }

    pub(crate) fn classify(&self, error: rpc::Error) -> NodeError {
        NodeError::classify(self.url(), self.config.patience.as_secs(), error)
    }

    pub(crate) fn nonsense(&self, reason: impl fmt::Display) -> NodeError {
        nonsense(self.url(), reason.to_string())
    }
}

fn read_cookie(path: &Path) -> Result<Zeroizing<String>, NodeError> {
    let text = std::fs::read_to_string(path).map_err(|error| NodeError::Cookie {
        path: path.to_owned(),
        reason: error.to_string(),
    })?;
    let text = Zeroizing::new(text);
    Ok(Zeroizing::new(text.trim().to_owned()))
}

/// What `getblockchaininfo` calls it; no node of Bitcoin is on an EVM chain.
const fn chain_name(network: Network) -> Option<&'static str> {
    match network {
        Network::Bitcoin => Some("main"),
        Network::Testnet4 => Some("testnet4"),
        Network::Signet => Some("signet"),
        Network::Regtest => Some("regtest"),
        Network::Evm(_) => None,
    }
}
