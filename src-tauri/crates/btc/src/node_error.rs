//! What can be wrong between this program and a node, and what it means for the money.

use std::path::PathBuf;

use bdk_bitcoind_rpc::bitcoincore_rpc::{self as rpc, jsonrpc};
use domain::Network;
use jsonrpc::simple_http;

/// A question that the node did not answer. None of these moves money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No connection.
    #[error(
        "the node at {url} does not answer ({reason}); nothing was sent and nothing is lost: start the node or correct its address, then try again"
    )]
    Unreachable {
        /// Where the node should be.
        url: String,
        /// What the connection said.
        reason: String,
    },
    /// Connected, but no answer in time.
    #[error("the node at {url} did not answer within {seconds} s; it may be busy: try again")]
    TimedOut {
        /// Where the node is.
        url: String,
        /// How long was waited.
        seconds: u64,
    },
    /// The credentials are wrong.
    #[error(
        "the node at {url} refuses the user name and password; nothing was sent: correct them in the node's settings"
    )]
    Unauthorized {
        /// Where the node is.
        url: String,
    },
    /// The cookie file can't be read.
    #[error(
        "the node's cookie file `{path}` can't be read ({reason}); is the node running, and may this user read the file? nothing was sent"
    )]
    Cookie {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A node of another network.
    #[error(
        "the node at {url} is on {found}, the vault lives on {expected}; nothing was sent: connect a node of {expected}"
    )]
    WrongChain {
        /// Where the node is.
        url: String,
        /// The vault's network.
        expected: Network,
        /// What the node says of its chain.
        found: String,
    },
    /// The node is still starting.
    #[error("the node at {url} is starting ({message}); nothing was sent: wait for it")]
    Starting {
        /// Where the node is.
        url: String,
        /// What the node says.
        message: String,
    },
    /// The node has not caught up with its network.
    #[error(
        "the node at {url} is still catching up: block {blocks} of {headers}; what it shows is old and nothing was sent: wait for it"
    )]
    Syncing {
        /// Where the node is.
        url: String,
        /// Blocks it has checked.
        blocks: u64,
        /// Blocks it knows of.
        headers: u64,
    },
    /// The node answered with an error.
    #[error("the node at {url} refuses: {reason} (code {code})")]
    Refused {
        /// Where the node is.
        url: String,
        /// Bitcoin Core's error code.
        code: i32,
        /// The node's reason.
        reason: String,
    },
    /// The answer makes no sense.
    #[error(
        "the answer of {url} is not a Bitcoin node's ({reason}); nothing of it is used: check the address"
    )]
    Nonsense {
        /// Where the answer came from.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The program is ending.
    #[error("the question to the node was given up because the program is ending")]
    Ended,
}

/// `RPC_IN_WARMUP`.
const WARMING_UP: i32 = -28;
/// `RPC_INVALID_ADDRESS_OR_KEY`: also "no such block or transaction".
const NOT_FOUND: i32 = -5;

impl NodeError {
    /// The node answered that it knows no such thing.
    pub(crate) const fn is_not_found(&self) -> bool {
        matches!(
            self,
            NodeError::Refused {
                code: NOT_FOUND,
                ..
            }
        )
    }

    pub(crate) fn classify(url: &str, seconds: u64, error: rpc::Error) -> Self {
        match error {
            rpc::Error::JsonRpc(jsonrpc::Error::Rpc(answer)) if answer.code == WARMING_UP => {
                NodeError::Starting {
                    url: url.to_owned(),
                    message: answer.message,
                }
            }
            rpc::Error::JsonRpc(jsonrpc::Error::Rpc(answer)) => NodeError::Refused {
                url: url.to_owned(),
                code: answer.code,
                reason: answer.message,
            },
            rpc::Error::JsonRpc(jsonrpc::Error::Transport(cause)) => {
                match cause.downcast_ref::<simple_http::Error>() {
                    Some(cause) => transport(url, seconds, cause),
                    None => unreachable(url, cause.to_string()),
                }
            }
            other => nonsense(url, other.to_string()),
        }
    }
}

fn transport(url: &str, seconds: u64, cause: &simple_http::Error) -> NodeError {
    use std::io::ErrorKind;
    let timed_out = |kind| matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock);
    match cause {
        simple_http::Error::SocketError(error) if timed_out(error.kind()) => NodeError::TimedOut {
            url: url.to_owned(),
            seconds,
        },
        simple_http::Error::Json(error) if error.io_error_kind().is_some_and(timed_out) => {
            NodeError::TimedOut {
                url: url.to_owned(),
                seconds,
            }
        }
        simple_http::Error::SocketError(error) => unreachable(url, error.to_string()),
        // The line closed before an answer.
        simple_http::Error::HttpResponseTooShort { .. }
        | simple_http::Error::IncompleteResponse { .. } => {
            unreachable(url, "the connection was closed".to_owned())
        }
        simple_http::Error::HttpErrorCode(401 | 403) => NodeError::Unauthorized {
            url: url.to_owned(),
        },
        other => nonsense(url, other.to_string()),
    }
}

fn unreachable(url: &str, reason: String) -> NodeError {
    NodeError::Unreachable {
        url: url.to_owned(),
        reason,
    }
}

pub(crate) fn nonsense(url: &str, reason: String) -> NodeError {
    NodeError::Nonsense {
        url: url.to_owned(),
        reason: reason.chars().take(200).collect(),
    }
}
