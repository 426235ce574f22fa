//! What the chain itself says was paid, so that a test counts payments there and not in our journal.

use super::{Anvil, quantity, token};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

/// A transaction in a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Its hash.
    pub hash: String,
    /// The block's height.
    pub block: u64,
    /// Its place in the row of its sender's transactions.
    pub nonce: u64,
    /// The receiver or the contract; none when it makes a contract.
    pub to: Option<String>,
    /// The coins that it moves, in wei.
    pub wei: u128,
    /// What it says to a contract, as hexadecimal text.
    pub input: String,
    /// False when it was reverted: it is in the block, its fee is paid, and nothing else happened.
    pub succeeded: bool,
}

impl Sent {
    /// Receiver and amount, where this is an ERC-20 `transfer`.
    pub fn token_transfer(&self) -> Option<(String, u128)> {
        token::read_transfer(&self.input)
    }
}

impl Anvil {
    /// Every transaction of `address` in the best chain, oldest first.
    pub fn transactions_from(&self, address: &str) -> Result<Vec<Sent>> {
        let mut sent = Vec::new();
        for height in 0..=self.block_number()? {
            let block: Value = self.call(
                "eth_getBlockByNumber",
                &[json!(format!("{height:#x}")), json!(true)],
            )?;
            let transactions = block.get("transactions").and_then(Value::as_array);
            for transaction in transactions.into_iter().flatten() {
                let from = text(transaction, "from")?;
                if from.eq_ignore_ascii_case(address) {
                    sent.push(self.sent(height, transaction)?);
                }
            }
        }
        Ok(sent)
    }

    fn sent(&self, block: u64, transaction: &Value) -> Result<Sent> {
        let hash = text(transaction, "hash")?.to_owned();
        let number = |name: &str| quantity(transaction.get(name).unwrap_or(&Value::Null));
        Ok(Sent {
            block,
            nonce: u64::try_from(number("nonce")?)?,
            to: transaction
                .get("to")
                .and_then(Value::as_str)
                .map(str::to_owned),
            wei: number("value")?,
            input: text(transaction, "input")?.to_owned(),
            succeeded: self
                .succeeded(&hash)?
                .context("no receipt of a mined transaction")?,
            hash,
        })
    }

    /// Whether a transaction did what it says; none while it is in no block.
    pub fn succeeded(&self, hash: &str) -> Result<Option<bool>> {
        let receipt = self.receipt(hash)?;
        receipt
            .map(|receipt| Ok(text(&receipt, "status")? == "0x1"))
            .transpose()
    }

    /// The hashes of the transactions of `address` that wait in the pool, by nonce.
    pub fn waiting_from(&self, address: &str) -> Result<Vec<String>> {
        let pool: Value = self.call("txpool_content", &[])?;
        let mut waiting = Vec::new();
        for part in ["pending", "queued"] {
            let senders = pool.get(part).and_then(Value::as_object);
            for (sender, transactions) in senders.into_iter().flatten() {
                if !sender.eq_ignore_ascii_case(address) {
                    continue;
                }
                for transaction in transactions
                    .as_object()
                    .into_iter()
                    .flat_map(|t| t.values())
                {
                    let nonce = quantity(transaction.get("nonce").context("no nonce")?)?;
                    waiting.push((nonce, text(transaction, "hash")?.to_owned()));
                }
            }
        }
        waiting.sort();
        Ok(waiting.into_iter().map(|(_, hash)| hash).collect())
    }
}

fn text<'a>(value: &'a Value, name: &str) -> Result<&'a str> {
    let found = value.get(name).and_then(Value::as_str);
    found.with_context(|| format!("no `{name}` in `{value}`"))
}
