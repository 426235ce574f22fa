//! The chain as the node sees it: its tip, and what an account has sent.

use alloy_primitives::{Address, B256};
use domain::EvmAddress;
use serde_json::{Value, json};

use crate::answer::{Block, Bytes, Count};
use crate::node::{Node, Question};
use crate::node_error::NodeError;

/// The newest block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u64,
    /// Its hash.
    pub hash: B256,
    /// When it was made, in seconds since 1970, by its maker. A node without peers does not know that it
    /// is behind; an old time shows it.
    pub time: u64,
}

/// How many transactions an account has sent, which is the nonce of its next one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nonces {
    /// In blocks.
    pub latest: u64,
    /// With those that wait in this node's pool.
    pub pending: u64,
}

/// A transaction of the account that no journal entry explains: somebody else can sign for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Foreign {
    /// The first nonce that was used and not by us.
    pub nonce: u64,
    /// Whether a block holds it; otherwise it waits in the node's pool.
    pub in_block: bool,
}

impl Nonces {
    /// Whether there is a transaction beyond those the journal knows, whose next nonce is `next`.
    pub const fn foreign(self, next: u64) -> Option<Foreign> {
        let in_block = self.latest > next;
        if in_block || self.pending > next {
            Some(Foreign {
                nonce: next,
                in_block,
            })
        } else {
            None
        }
    }
}

impl Node {
    /// Whether the node answers, is on the right chain and has caught up; to be asked at each start,
    /// and before each plan, signature and broadcast. Every other method asks it as well.
    pub async fn check_chain(&self) -> Result<Tip, NodeError> {
        let block: Block = self
            .ask("eth_getBlockByNumber", json!(["latest", false]))
            .await?;
        Ok(block.tip())
    }

    /// The account's nonces.
    pub async fn nonces(&self, account: &EvmAddress) -> Result<Nonces, NodeError> {
        self.own(account.chain())?;
        let count = |tag| Question::new("eth_getTransactionCount", json!([raw(account), tag]));
        let answers = self.ask_each(&[count("latest"), count("pending")]).await?;
        let mut answers = answers.into_iter();
        let Count(latest) = self.read_next("the nonce", &mut answers)?;
        let Count(pending) = self.read_next("the pending nonce", &mut answers)?;
        // The node may count between two blocks; the pool never has fewer than the chain.
        Ok(Nonces {
            latest,
            pending: pending.max(latest),
        })
    }

    /// Whether the account sent a transaction beyond those that the journal knows; `next` is the nonce
    /// after the last one that the journal has signed.
    pub async fn foreign(
        &self,
        account: &EvmAddress,
        next: u64,
    ) -> Result<Option<Foreign>, NodeError> {
        Ok(self.nonces(account).await?.foreign(next))
    }

    /// Whether the address is a contract: it may refuse a payment or do more than take it, and nobody
    /// may be able to pay from it.
    pub async fn has_code(&self, address: &EvmAddress) -> Result<bool, NodeError> {
        self.own(address.chain())?;
        let Bytes(code) = self
            .ask("eth_getCode", json!([raw(address), "latest"]))
            .await?;
        Ok(!code.is_empty())
    }

    /// The block at a height, if there is one.
    pub(crate) async fn block(&self, height: u64) -> Result<Option<Block>, NodeError> {
        let params = json!([quantity(height), false]);
        let block: Option<Block> = self.ask("eth_getBlockByNumber", params).await?;
        Ok(block.filter(|block| block.number == height))
    }
}

impl Block {
    pub(crate) const fn tip(&self) -> Tip {
        Tip {
            height: self.number,
            hash: self.hash,
            time: self.timestamp,
        }
    }
}

/// The address as alloy has it.
pub(crate) fn raw(address: &EvmAddress) -> Address {
    Address::from(*address.as_bytes())
}

/// A number in JSON-RPC.
pub(crate) fn quantity(number: u64) -> Value {
    Value::String(format!("{number:#x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_beyond_the_journal_is_foreign() {
        let nonces = |latest, pending| Nonces { latest, pending };
        assert_eq!(nonces(4, 4).foreign(4), None);
        assert_eq!(nonces(3, 4).foreign(4), None);
        let foreign = |in_block| Some(Foreign { nonce: 4, in_block });
        assert_eq!(nonces(4, 5).foreign(4), foreign(false));
        assert_eq!(nonces(7, 7).foreign(4), foreign(true));
    }
}
