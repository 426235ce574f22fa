//! Who took a nonce.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::answer::{Count, FullBlock, Sender};
use crate::chain::{quantity, raw};
use crate::node::Node;
use crate::node_error::NodeError;
use crate::proven::{Proven, Watched};
use crate::watch::{ChainStatus, Verdict};

/// Blocks below the head in which the other transaction is looked for: a full node keeps the state of
/// so many. It is more than any treasury waits for.
const WINDOW: u64 = 127;

impl Node {
    /// The account has passed the nonce and the transaction has no receipt: finds the block in which
    /// that happened, by the account's nonce at each height, and there the transaction that did it.
    pub(crate) async fn taken(&self, watched: &Watched, head: u64) -> Result<Verdict, NodeError> {
        if !self.passed(watched, head).await?.unwrap_or(false) {
            let what = format!(
                "the account is said to be beyond nonce {}, but not at block {head}",
                watched.nonce
            );
            return Ok(Verdict::Doubt(what));
        }
        let oldest = head.saturating_sub(WINDOW);
        if self.passed(watched, oldest).await? == Some(true) {
            return Ok(taken(None, head, oldest));
        }
        // Not passed at `before`, or not known; passed at `at`.
        let (mut before, mut at) = (oldest, head);
        while at.saturating_sub(before) > 1 {
            let middle = before.midpoint(at);
            match self.passed(watched, middle).await? {
                Some(true) => at = middle,
                Some(false) | None => before = middle,
            }
        }
        let params = json!([quantity(at), true]);
        let block: Option<FullBlock> = self.ask("eth_getBlockByNumber", params).await?;
        let Some(block) = block.filter(|block| block.number == at) else {
            return Ok(Verdict::Doubt(format!("block {at} is not there")));
        };
        Ok(match find(watched, &block.transactions) {
            Some((sender, _)) if sender.hash == watched.hash => Verdict::Doubt(format!(
                "block {at} holds {}, but there is no receipt for it",
                watched.hash
            )),
            Some((sender, value)) => {
                let proven = Proven::read(value, sender.hash).ok();
                let proven =
                    proven.filter(|it| it.from == raw(&watched.from) && it.nonce == watched.nonce);
                taken(proven.map(|_| sender.hash), head, at)
            }
            None => taken(None, head, at),
        })
    }

    /// Whether the account was beyond the nonce at a height; none if the node keeps no state of it.
    async fn passed(&self, watched: &Watched, height: u64) -> Result<Option<bool>, NodeError> {
        let params = json!([raw(&watched.from), quantity(height)]);
        match self.ask("eth_getTransactionCount", params).await {
            Ok(Count(next)) => Ok(Some(next > watched.nonce)),
            Err(NodeError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

const fn taken(by: Option<crate::TxHash>, head: u64, at: u64) -> Verdict {
    Verdict::Status(ChainStatus::Taken {
        by,
        confirmations: head.saturating_sub(at).saturating_add(1),
    })
}

/// The transaction itself, whatever the node says of it, else the one that is said to have its nonce.
fn find<'a>(watched: &Watched, transactions: &'a [Value]) -> Option<(Sender, &'a Value)> {
    let all = || {
        let read = |value| Some((Sender::deserialize(value).ok()?, value));
        transactions.iter().filter_map(read)
    };
    let from = raw(&watched.from);
    all()
        .find(|(sender, _)| sender.hash == watched.hash)
        .or_else(|| all().find(|(it, _)| it.from == from && it.nonce == watched.nonce))
}
