//! One node, or two that must agree.

use std::time::Duration;

use alloy_primitives::TxHash;
use domain::EvmAddress;

use crate::chain::{Foreign, Nonces, Tip};
use crate::node::Node;
use crate::node_error::NodeError;
use crate::proven::Watched;
use crate::send::SendError;
use crate::watch::ChainStatus;

/// Times that two nodes are asked before they count as in disagreement: one may have a block first.
const ASKS: u32 = 4;

/// Between two times.
const PAUSE: Duration = Duration::from_millis(500);

/// The company's node, and a second one where it has two: of another maker and another
/// administrator, so that one lying or broken node is noticed.
#[derive(Debug, Clone)]
pub struct Nodes {
    /// The one that is asked everything.
    pub first: Node,
    /// The one that must agree where the answer decides about money.
    pub second: Option<Node>,
}

impl Nodes {
    /// Both answer, are on the right chain and have caught up. The first one's newest block.
    pub async fn check_chain(&self) -> Result<Tip, NodeError> {
        let tip = self.first.check_chain().await?;
        if let Some(second) = &self.second {
            self.first.own(second.chain())?;
            second.check_chain().await?;
        }
        Ok(tip)
    }

    /// The account's nonces, the same on both nodes as far as blocks go. What waits may differ: the
    /// higher one counts.
    pub async fn agreed_nonce(&self, account: &EvmAddress) -> Result<Nonces, NodeError> {
        let Some(second) = &self.second else {
            return self.first.nonces(account).await;
        };
        let mut said = None;
        for ask in 0..ASKS {
            if ask > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let one = self.first.nonces(account).await?;
            let two = second.nonces(account).await?;
            if one.latest == two.latest {
                let pending = one.pending.max(two.pending);
                return Ok(Nonces { pending, ..one });
            }
            said = Some((one.latest, two.latest));
        }
        let (one, two) = said.unwrap_or_default();
        Err(self.disagree(format!("the next nonce of {account}"), one, two, second))
    }

    /// Whether the account sent a transaction beyond those that the journal knows, as either node says.
    pub async fn foreign(
        &self,
        account: &EvmAddress,
        next: u64,
    ) -> Result<Option<Foreign>, NodeError> {
        let one = self.first.foreign(account, next).await?;
        let two = match &self.second {
            Some(second) => second.foreign(account, next).await?,
            None => None,
        };
        Ok(match (one, two) {
            (Some(one), Some(two)) => Some(Foreign {
                in_block: one.in_block || two.in_block,
                ..one
            }),
            (one, two) => one.or(two),
        })
    }

    /// Where a transaction is, as far as both nodes say so: the less final of two answers that fit
    /// together.
    pub async fn status(&self, transaction: &Watched) -> Result<ChainStatus, NodeError> {
        let looked = self.look_many(std::slice::from_ref(transaction)).await?;
        let status = looked.into_iter().next();
        status.ok_or_else(|| self.first.nonsense("no status"))
    }

    /// Where each of many transactions is, in their order, as far as both nodes say so.
    pub async fn look_many(&self, transactions: &[Watched]) -> Result<Vec<ChainStatus>, NodeError> {
        let Some(second) = &self.second else {
            return self.first.look_many(transactions).await;
        };
        let mut said = None;
        for ask in 0..ASKS {
            if ask > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            let one = self.first.look_many(transactions).await?;
            let two = second.look_many(transactions).await?;
            let both = transactions.iter().zip(one.into_iter().zip(two));
            let mut agreed = Vec::with_capacity(transactions.len());
            let mut apart = None;
            for (transaction, (one, two)) in both {
                match agree(one, two) {
                    Some(status) => agreed.push(status),
                    None => apart = Some((transaction.hash, one, two)),
                }
            }
            if apart.is_none() {
                return Ok(agreed);
            }
            said = apart;
        }
        Err(match said {
            Some((hash, one, two)) => self.disagree(
                format!("transaction {hash}"),
                words(one),
                words(two),
                second,
            ),
            None => self.first.nonsense("no status"),
        })
    }

    /// Sends signed bytes to the first node; where that one did not take them for certain, to the
    /// second as well. The same bytes can be sent to both: they pay once.
    pub async fn send(&self, raw: &[u8]) -> Result<TxHash, SendError> {
        let sent = self.first.send(raw).await;
        match (&sent, &self.second) {
            (Err(SendError::NotSent(_) | SendError::Unknown { .. }), Some(second)) => {
                let second = second.send(raw).await;
                match (sent, second) {
                    // It may be on its way through the first: only the second's taking it is better news.
                    (Err(first @ SendError::Unknown { .. }), Err(_)) => Err(first),
                    (_, second) => second,
                }
            }
            (Ok(_) | Err(_), _) => sent,
        }
    }

    fn disagree(
        &self,
        what: String,
        one: impl std::fmt::Display,
        two: impl std::fmt::Display,
        second: &Node,
    ) -> NodeError {
        NodeError::Disagree {
            what,
            first: format!("{one} by {}", self.first.place()),
            second: format!("{two} by {}", second.place()),
        }
    }
}

/// What both answers bear out; none if they contradict each other.
fn agree(one: ChainStatus, two: ChainStatus) -> Option<ChainStatus> {
    use ChainStatus::{InBlock, Pending, Taken, Unseen};
    match (one, two) {
        (
            InBlock {
                confirmations: a, ..
            },
            InBlock {
                confirmations: b, ..
            },
        ) => {
            let with = |status, least| match status {
                InBlock {
                    height,
                    block_hash,
                    success,
                    fee_paid,
                    ..
                } => InBlock {
                    height,
                    block_hash,
                    confirmations: least,
                    success,
                    fee_paid,
                },
                other @ (Unseen | Pending | Taken { .. }) => other,
            };
            let least = a.min(b);
            (with(one, least) == with(two, least)).then(|| with(one, least))
        }
        (
            Taken {
                by: a,
                confirmations: n,
            },
            Taken {
                by: b,
                confirmations: m,
            },
        ) => {
            // What only one could find, only one has proven; it is proven by itself.
            let same = a.is_none() || b.is_none() || a == b;
            same.then(|| Taken {
                by: a.or(b),
                confirmations: n.min(m),
            })
        }
        (InBlock { .. }, Taken { .. }) | (Taken { .. }, InBlock { .. }) => None,
        // One of the two has a block that the other has not seen yet.
        (InBlock { .. } | Taken { .. }, less @ (Unseen | Pending))
        | (less @ (Unseen | Pending), InBlock { .. } | Taken { .. }) => Some(less),
        (Pending, Pending | Unseen) | (Unseen, Pending) => Some(Pending),
        (Unseen, Unseen) => Some(Unseen),
    }
}

fn words(status: ChainStatus) -> String {
    match status {
        ChainStatus::Unseen => "unseen".to_owned(),
        ChainStatus::Pending => "waiting".to_owned(),
        ChainStatus::InBlock {
            height,
            block_hash,
            success,
            ..
        } => {
            let end = if success { "done" } else { "reverted" };
            format!("{end} in block {height} ({block_hash})")
        }
        ChainStatus::Taken { by: Some(by), .. } => format!("its nonce taken by {by}"),
        ChainStatus::Taken { by: None, .. } => "its nonce taken".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{B256, U256};

    const fn in_block(byte: u8, confirmations: u64, success: bool) -> ChainStatus {
        ChainStatus::InBlock {
            height: 9,
            block_hash: B256::repeat_byte(byte),
            confirmations,
            success,
            fee_paid: U256::ZERO,
        }
    }

    const fn taken(by: Option<u8>, confirmations: u64) -> ChainStatus {
        let by = match by {
            Some(byte) => Some(B256::repeat_byte(byte)),
            None => None,
        };
        ChainStatus::Taken { by, confirmations }
    }

    #[test]
    fn two_answers_give_what_both_bear_out() {
        use ChainStatus::{Pending, Unseen};
        for (one, two, agreed) in [
            (Unseen, Unseen, Some(Unseen)),
            (Unseen, Pending, Some(Pending)),
            (Pending, Pending, Some(Pending)),
            (
                in_block(1, 5, true),
                in_block(1, 4, true),
                Some(in_block(1, 4, true)),
            ),
            (in_block(1, 5, true), in_block(1, 5, false), None),
            (in_block(1, 5, true), in_block(2, 5, true), None),
            (in_block(1, 5, true), Pending, Some(Pending)),
            (in_block(1, 5, true), Unseen, Some(Unseen)),
            (in_block(1, 5, true), taken(Some(3), 5), None),
            (in_block(1, 5, true), taken(None, 5), None),
            (
                taken(Some(3), 5),
                taken(Some(3), 7),
                Some(taken(Some(3), 5)),
            ),
            (taken(Some(3), 5), taken(Some(4), 5), None),
            (taken(Some(3), 5), taken(None, 5), Some(taken(Some(3), 5))),
            (taken(None, 5), Pending, Some(Pending)),
            (taken(Some(3), 5), Unseen, Some(Unseen)),
        ] {
            assert_eq!(agree(one, two), agreed, "{one:?} {two:?}");
            assert_eq!(agree(two, one), agreed, "{two:?} {one:?}");
        }
    }
}
