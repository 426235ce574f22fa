//! What the demo tells of payouts that no block takes: one fee is raised on each chain, one payout is
//! cancelled.

use super::acts::text;
use super::evm::{FEE_CAP, FJORD, HELVETIA, is_out};
use super::story::{CONFIRMATIONS, Notes, PIN, Stage};
use crate::say;
use anyhow::Result;
use serde_json::{Value, json};

/// What the bumped payout pays, in wei.
const BUMPED_WEI: u128 = 2_000_000_000_000_000_000;

impl Stage {
    /// A Bitcoin payout waits; its fee is raised under the approvals that it has.
    pub(super) fn stuck_bitcoin(&mut self, notes: &mut Notes) -> Result<()> {
        say::step("A payout waits in the mempool: its fee is raised, under the approvals it has");
        let id = self.propose(&["Nordwind AS=0.02 BTC"], "invoice 1045")?;
        let (first, second) = self.raise(notes, &id, 0)?;
        let pool = self.node.call("getrawmempool", json!([]))?;
        let in_pool = |txid: &str| {
            let mut pool = pool.as_array().into_iter().flatten();
            pool.any(|one| one.as_str() == Some(txid))
        };
        anyhow::ensure!(
            in_pool(&second.1) && !in_pool(&first),
            "the second version did not take the first one's place: {pool}"
        );
        say::detail("the node's mempool holds the second one only: both spend the same coins");
        self.settle(&id, &second.0)
    }

    /// A payout of ether waits; its fee is raised, and it is paid once.
    pub(super) fn bumped_payout(&mut self, notes: &mut Notes, vault: &str) -> Result<()> {
        say::step("A payout of ether is stuck: its fee is raised, and Fjord Data is paid once");
        let before = (self.anvil.ether(FJORD)?, self.anvil.count(vault)?);
        let id = self.propose_evm("Fjord Data AS=2 ETH", "invoice 2078")?;
        let (first, second) = self.raise(notes, &id, 2)?;
        let hash = self.settle_evm(&id, &second.0, vault)?;
        let after = (self.anvil.ether(FJORD)?, self.anvil.count(vault)?);
        anyhow::ensure!(
            hash == second.1 && self.anvil.receipt(&first)?.is_none(),
            "the first version is in the chain"
        );
        anyhow::ensure!(
            after == (before.0 + BUMPED_WEI, before.1 + 1),
            "not paid once: {before:?} became {after:?}"
        );
        say::detail("paid once: 2 ETH came to Fjord Data; the first version is in no block");
        Ok(())
    }

    /// Approves and releases a payout that no block takes, raises its fee and releases it again. Gives
    /// the first version's transaction, and the second release with its transaction.
    fn raise(&self, notes: &mut Notes, id: &str, blocks: u32) -> Result<(String, (Value, String))> {
        let first = self.stuck(notes, id, blocks)?;
        let bumped = self.countersign.run(&["bump", id], &[])?;
        let released = self
            .countersign
            .run(&["release", id, "--as", "Alice"], &[PIN, PIN])?;
        is_out(&released)?;
        let second = self.transaction(id)?;
        anyhow::ensure!(first != second, "the bump changed nothing");
        say::detail(&format!(
            "bumped, signed again and sent: {second}, fee up to {} {asset} in place of {}",
            text(&bumped, "/fee")?,
            text(&bumped, "/fee_before")?,
            asset = text(&bumped, "/fee_asset")?,
        ));
        Ok((first, (released, second)))
    }

    /// Approves and releases a payout. Some blocks of the EVM chain come, and none takes it. Gives its
    /// transaction.
    fn stuck(&self, notes: &mut Notes, id: &str, blocks: u32) -> Result<String> {
        self.approve(id, &["Alice", "Bob"])?;
        let released = self
            .countersign
            .run(&["release", id, "--as", "Bob"], &[PIN, PIN])?;
        notes.payouts.push(id.to_owned());
        is_out(&released)?;
        if blocks > 0 {
            self.anvil.mine_empty(blocks)?;
        }
        let transaction = self.transaction(id)?;
        say::detail(&format!("sent, and in no block: {transaction}"));
        Ok(transaction)
    }

    fn transaction(&self, id: &str) -> Result<String> {
        text(&self.countersign.run(&["show", id], &[])?, "/txid")
    }

    /// A payout of tokens is stuck, and is not owed any more: governance cancels it.
    pub(super) fn cancelled_payout(&mut self, notes: &mut Notes, vault: &str) -> Result<()> {
        say::step("Another is stuck, and turns out not to be owed: governance cancels it");
        let before = (self.anvil.tokens(HELVETIA)?, self.anvil.tokens(vault)?);
        let id = self.propose_evm("Helvetia Cloud=900 USDC", "invoice 2079, billed twice")?;
        let first = self.stuck(notes, &id, 2)?;
        let words = [
            "propose",
            "cancel",
            &id,
            "--fee-cap",
            FEE_CAP,
            "--as",
            "Carol",
        ];
        let cancel = text(&self.countersign.run(&words, &[PIN])?, "/proposal")?;
        self.approve(&cancel, &["Alice", "Bob"])?;
        self.countersign
            .run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
        let second = self.transaction(&id)?;
        self.anvil.mine(CONFIRMATIONS)?;
        self.countersign
            .run(&["run", "--until-settled", "--every", "1"], &[])?;
        let shown = self.countersign.run(&["show", &id], &[])?;
        anyhow::ensure!(
            text(&shown, "/status")? == "cancelled",
            "the payout is not cancelled: {shown}"
        );
        say::detail("Carol proposed the cancel, Alice and Bob approved it, Bob released it");
        self.show_receipt(&second)?;
        let after = (self.anvil.tokens(HELVETIA)?, self.anvil.tokens(vault)?);
        anyhow::ensure!(
            after == before && self.anvil.receipt(&first)?.is_none(),
            "a cancelled payout was paid"
        );
        say::detail("nobody was paid: the vault sent nothing to itself, in the payout's place");
        Ok(())
    }
}
