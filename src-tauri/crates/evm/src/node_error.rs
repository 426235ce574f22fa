//! What can be wrong between this program and a node, and what it means for the money.

use domain::ChainId;

/// A question that the node did not answer, or not credibly. None of these moves money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NodeError {
    /// No connection.
    #[error(
        "the node at {url} does not answer ({reason}); nothing is lost: start the node or correct its address, then try again"
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
        "the node at {url} refuses the credentials; nothing was sent: correct them in the node's settings"
    )]
    Unauthorized {
        /// Where the node is.
        url: String,
    },
    /// A node of another chain.
    #[error(
        "the node at {url} is on chain {actual}, the vault lives on chain {expected}; nothing was sent: connect a node of chain {expected}"
    )]
    OtherChain {
        /// Where the node is.
        url: String,
        /// The vault's chain.
        expected: ChainId,
        /// What the node says of its chain.
        actual: u64,
    },
    /// The caller mixed up two chains.
    #[error(
        "something of chain {asked} was asked of the node at {url}, which serves chain {chain}; nothing was sent: this is a fault of the program"
    )]
    Misdirected {
        /// Where the node is.
        url: String,
        /// The node's chain.
        chain: ChainId,
        /// The chain of what was asked.
        asked: ChainId,
    },
    /// The node has not caught up with its network.
    #[error(
        "the node at {url} is still catching up: block {current} of {highest}; what it shows is old and nothing was sent: wait for it"
    )]
    Syncing {
        /// Where the node is.
        url: String,
        /// Blocks it has checked.
        current: u64,
        /// Blocks it knows of.
        highest: u64,
    },
    /// The node answered with an error.
    #[error(
        "the node at {url} refuses the question: {reason} (code {code}); nothing is concluded about the money: look at the node's settings, or try again"
    )]
    Refused {
        /// Where the node is.
        url: String,
        /// The JSON-RPC error code.
        code: i64,
        /// The node's reason.
        reason: String,
    },
    /// The answer makes no sense.
    #[error(
        "the answer of {url} is not an EVM node's ({reason}); nothing of it is used: check the address"
    )]
    Nonsense {
        /// Where the answer came from.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The node contradicts itself or arithmetic.
    #[error(
        "the node at {url} can't be believed: {what}; nothing of it is used and nothing is concluded about the money: look at the node, or connect another, before anything is paid"
    )]
    Lies {
        /// Where the node is.
        url: String,
        /// What it said.
        what: String,
    },
    /// Two nodes say different things.
    #[error(
        "the two nodes disagree about {what}: {first} or {second}; nothing is concluded about the money: find out which node is wrong before anything is paid"
    )]
    Disagree {
        /// What they were asked.
        what: String,
        /// The first node and what it says.
        first: String,
        /// The second node and what it says.
        second: String,
    },
    /// The chain changed while it was read.
    #[error("the chain was reorganised while it was read; nothing of it is used: try again")]
    Moved,
}
