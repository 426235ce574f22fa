//! Where a transaction is, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use alloy_primitives::{B256, TxHash, U256};
use domain::EvmAddress;
use serde_json::{Value, json};

use crate::answer::{Block, Count, Receipt};
use crate::chain::{quantity, raw};
use crate::node::{Node, Question};
use crate::node_error::NodeError;
use crate::proven::{Proven, Watched};

/// Transactions looked at together.
const TOGETHER: usize = 100;

/// Looks before a contradiction counts as one: a block may arrive between two questions.
const LOOKS: u32 = 3;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(300);

/// Where a signed transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainStatus {
    /// The node does not know it and its nonce is free: the same bytes may be sent again.
    Unseen,
    /// It waits for a block.
    Pending,
    /// A block holds it.
    InBlock {
        /// The block's height.
        height: u64,
        /// The block.
        block_hash: B256,
        /// Blocks on it, its own counted.
        confirmations: u64,
        /// Whether it did what it says; otherwise it was reverted, its fee paid and nothing else.
        success: bool,
        /// What it cost, in wei, with what an OP-stack chain takes for the chain below.
        fee_paid: U256,
    },
    /// Another transaction of the account holds its nonce: it can never be in a block of this chain.
    Taken {
        /// The other transaction, proven by its hash and signature. None if it was not found: then
        /// nothing may be released and nothing paid again; it has to be looked for by a person.
        by: Option<TxHash>,
        /// Blocks on it, its own counted; at least so many if it was not found.
        confirmations: u64,
    },
}

impl Node {
    /// Where a transaction is. Everything that a receipt says is held against the block that it names
    /// and the transaction itself; a receipt that does not fit is [`NodeError::Lies`].
    pub async fn status(&self, transaction: &Watched) -> Result<ChainStatus, NodeError> {
        let looked = self.look_many(std::slice::from_ref(transaction)).await?;
        looked
            .into_iter()
            .next()
            .ok_or_else(|| self.nonsense("no status"))
    }

    /// Where each of many transactions is, in their order.
    pub async fn look_many(&self, transactions: &[Watched]) -> Result<Vec<ChainStatus>, NodeError> {
        for transaction in transactions {
            self.own(transaction.from.chain())?;
        }
        let mut found = BTreeMap::new();
        for part in transactions.chunks(TOGETHER) {
            self.look(part.iter().copied().collect(), &mut found)
                .await?;
        }
        let all: Option<Vec<ChainStatus>> = transactions
            .iter()
            .map(|transaction| found.get(transaction).copied())
            .collect();
        all.ok_or_else(|| self.nonsense("a status is missing"))
    }

    async fn look(
        &self,
        mut open: BTreeSet<Watched>,
        found: &mut BTreeMap<Watched, ChainStatus>,
    ) -> Result<(), NodeError> {
        let mut doubt = String::new();
        for look in 0..LOOKS {
            if look > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            for (transaction, verdict) in self.look_once(&open).await? {
                match verdict {
                    Verdict::Status(status) => {
                        open.remove(&transaction);
                        found.insert(transaction, status);
                    }
                    Verdict::Doubt(what) => doubt = what,
                }
            }
            if open.is_empty() {
                return Ok(());
            }
        }
        Err(self.lies(doubt))
    }

    async fn look_once(
        &self,
        open: &BTreeSet<Watched>,
    ) -> Result<Vec<(Watched, Verdict)>, NodeError> {
        let (seen, head) = self.see(open).await?;
        let blocks = self.blocks_of(&seen).await?;
        let mut verdicts = Vec::with_capacity(seen.len());
        for (transaction, seen) in seen {
            let verdict = match judge(&transaction, &seen, head, &blocks) {
                Ok(Some(status)) => Verdict::Status(status),
                Ok(None) => self.taken(&transaction, head).await?,
                Err(what) => Verdict::Doubt(what),
            };
            verdicts.push((transaction, verdict));
        }
        Ok(verdicts)
    }

    /// Asks for the transactions and receipts, then for the accounts' nonces, then for the head: what
    /// is asked later is never older.
    async fn see(
        &self,
        open: &BTreeSet<Watched>,
    ) -> Result<(Vec<(Watched, Seen)>, u64), NodeError> {
        let accounts: BTreeSet<EvmAddress> = open.iter().map(|one| one.from).collect();
        let mut questions = Vec::new();
        for one in open {
            questions.push(Question::new("eth_getTransactionByHash", json!([one.hash])));
            questions.push(Question::new(
                "eth_getTransactionReceipt",
                json!([one.hash]),
            ));
        }
        for account in &accounts {
            let params = json!([raw(account), "latest"]);
            questions.push(Question::new("eth_getTransactionCount", params));
        }
        questions.push(Question::new(
            "eth_getBlockByNumber",
            json!(["latest", false]),
        ));
        let mut answers = self.ask_each(&questions).await?.into_iter();
        let mut given = Vec::with_capacity(open.len());
        for one in open {
            let transaction: Option<Value> = self.read_next("a transaction", &mut answers)?;
            let receipt: Option<Receipt> = self.read_next("a receipt", &mut answers)?;
            given.push((*one, transaction, receipt));
        }
        let mut nonces = BTreeMap::new();
        for account in accounts {
            let Count(nonce) = self.read_next("a nonce", &mut answers)?;
            nonces.insert(account, nonce);
        }
        let head: Block = self.read_next("the newest block", &mut answers)?;
        let seen = given.into_iter().map(|(one, transaction, receipt)| {
            let seen = Seen {
                transaction: transaction.map(|value| Proven::read(&value, one.hash)),
                receipt,
                next_nonce: nonces.get(&one.from).copied().unwrap_or_default(),
            };
            (one, seen)
        });
        Ok((seen.collect(), head.number))
    }

    /// The blocks that the receipts name.
    async fn blocks_of(&self, seen: &[(Watched, Seen)]) -> Result<BTreeMap<u64, Block>, NodeError> {
        let receipts = seen.iter().filter_map(|(_, seen)| seen.receipt.as_ref());
        let heights: BTreeSet<u64> = receipts.map(|receipt| receipt.block_number).collect();
        if heights.is_empty() {
            return Ok(BTreeMap::new());
        }
        let questions: Vec<Question> = heights
            .iter()
            .map(|height| Question::new("eth_getBlockByNumber", json!([quantity(*height), false])))
            .collect();
        let mut answers = self.ask_each(&questions).await?.into_iter();
        let mut blocks = BTreeMap::new();
        for height in heights {
            let block: Option<Block> = self.read_next("a block", &mut answers)?;
            if let Some(block) = block.filter(|block| block.number == height) {
                blocks.insert(height, block);
            }
        }
        Ok(blocks)
    }
}

/// What one look gave.
pub(crate) enum Verdict {
    Status(ChainStatus),
    /// Answers that do not fit together.
    Doubt(String),
}

/// What a node says of one transaction.
struct Seen {
    /// Read and proven, or what is wrong with it.
    transaction: Option<Result<Proven, String>>,
    receipt: Option<Receipt>,
    next_nonce: u64,
}

/// The status, none if another transaction seems to hold the nonce, or what does not fit.
fn judge(
    watched: &Watched,
    seen: &Seen,
    head: u64,
    blocks: &BTreeMap<u64, Block>,
) -> Result<Option<ChainStatus>, String> {
    let hash = watched.hash;
    let transaction = seen.transaction.clone().transpose()?;
    if let Some(transaction) = &transaction
        && (transaction.from != raw(&watched.from) || transaction.nonce != watched.nonce)
    {
        return Err(format!("transaction {hash} is of another account or nonce"));
    }
    if let Some(receipt) = &seen.receipt {
        let Some(transaction) = transaction else {
            return Err(format!("there is a receipt for {hash}, but no transaction"));
        };
        let block = blocks.get(&receipt.block_number);
        let status = mined(watched, &transaction, receipt, head, block)?;
        if seen.next_nonce <= watched.nonce {
            return Err(format!("{hash} is in a block, but its nonce is still free"));
        }
        return Ok(Some(status));
    }
    if transaction.is_some_and(|transaction| transaction.block.is_some()) {
        return Err(format!("{hash} is in a block, but has no receipt"));
    }
    if seen.next_nonce > watched.nonce {
        return Ok(None);
    }
    Ok(Some(match transaction {
        Some(_) => ChainStatus::Pending,
        None => ChainStatus::Unseen,
    }))
}

/// Holds a receipt against the transaction and the block.
fn mined(
    watched: &Watched,
    transaction: &Proven,
    receipt: &Receipt,
    head: u64,
    block: Option<&Block>,
) -> Result<ChainStatus, String> {
    let hash = watched.hash;
    let height = receipt.block_number;
    let wrong = |what: &str| Err(format!("the receipt for {hash} {what}"));
    if receipt.transaction_hash != hash {
        return wrong("is for another transaction");
    }
    if receipt.from != transaction.from {
        return wrong("names another sender");
    }
    if transaction.block != Some(receipt.block_hash) {
        return wrong("and the transaction name different blocks");
    }
    let Some(block) = block else {
        return wrong("names a block that is not there");
    };
    if block.hash != receipt.block_hash {
        return wrong("names a block that is not the one at its height");
    }
    let place = usize::try_from(receipt.transaction_index).ok();
    if place.and_then(|place| block.transactions.get(place)) != Some(&hash) {
        return wrong("names a block that does not hold it there");
    }
    let Some(above) = head.checked_sub(height) else {
        return wrong("names a block above the newest");
    };
    if receipt.gas_used > transaction.gas_limit {
        return wrong("counts more gas than the transaction allows");
    }
    if receipt.effective_gas_price > transaction.max_fee_per_gas {
        return wrong("names a higher price than the transaction offers");
    }
    let success = match receipt.status {
        0 => false,
        1 => true,
        _ => return wrong("has neither status 0 nor 1"),
    };
    let paid = U256::from(receipt.gas_used).checked_mul(U256::from(receipt.effective_gas_price));
    let below = receipt.l1_fee.unwrap_or_default();
    let Some(fee_paid) = paid.and_then(|paid| paid.checked_add(below)) else {
        return wrong("names a fee beyond counting");
    };
    Ok(ChainStatus::InBlock {
        height,
        block_hash: block.hash,
        confirmations: above.saturating_add(1),
        success,
        fee_paid,
    })
}
