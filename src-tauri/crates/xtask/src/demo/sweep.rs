//! What the demo tells of a sweep: three customers paid in at accounts of their own, and it is collected.

use super::acts::{list, text};
use super::report::{Payout, Sweep};
use super::story::{CONFIRMATIONS, Notes, PIN, Stage};
use crate::say;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// Deposit accounts, and what customers pay in there: wei and units of USDC.
const DEPOSITS: [(u32, u128, u128); 3] = [
    (1, 750_000_000_000_000_000, 0),
    (2, 0, 320_000_000),
    (3, 1_000_000_000_000_000_000, 80_500_000),
];

impl Stage {
    /// Deposits, a sweep of them under two releases, and what the node shows.
    pub(super) fn sweep(&self, notes: &mut Notes, vault: &str) -> Result<()> {
        say::step("Three customers paid in, each at a deposit account of its own");
        for (account, wei, tokens) in DEPOSITS {
            let number = account.to_string();
            let words = ["vault", "address", "Tokens", "--deposit", &number];
            let address = text(&self.countersign.run(&words, &[])?, "/address")?;
            if wei > 0 {
                self.anvil.give(&address, wei)?;
            }
            if tokens > 0 {
                self.anvil.mint(&address, tokens)?;
            }
            say::detail(&format!(
                "account {account} {address} {}",
                self.holds(&address)?
            ));
        }
        say::step("A sweep collects it in the main account: nobody else can be paid by one");
        let words = [
            "propose",
            "sweep",
            "--vault",
            "Tokens",
            "--memo",
            "deposits of May",
            "--as",
            "Carol",
        ];
        let proposed = self.countersign.run(&words, &[PIN])?;
        let id = text(&proposed, "/proposal")?;
        say::detail(&format!("Carol proposes {}", text(&proposed, "/summary")?));
        self.approve(&id, &["Alice", "Bob"])?;
        for (who, says) in [
            (
                "Bob",
                "released by Bob: ether, and gas for account 2, which has none",
            ),
            (
                "Alice",
                "released by Alice: the USDC of account 2, whose gas has arrived",
            ),
        ] {
            self.countersign
                .run(&["release", &id, "--as", who], &[PIN, PIN])?;
            self.anvil.mine(CONFIRMATIONS)?;
            self.countersign
                .run(&["run", "--until-settled", "--every", "1"], &[])?;
            say::detail(says);
        }
        let shown = self.countersign.run(&["show", &id], &[])?;
        let items = shown
            .pointer("/items")
            .and_then(Value::as_array)
            .context("the sweep shows no transfers")?;
        for item in items {
            let status = text(item, "/status")?;
            anyhow::ensure!(status == "confirmed", "a transfer of the sweep is {status}");
            say::detail(&format!("  confirmed: {}", text(item, "/summary")?));
            notes.swept.push((id.clone(), text(item, "/id")?));
        }
        anyhow::ensure!(
            items.len() == 5,
            "{} transfers, of four deposits and one of gas",
            items.len()
        );
        say::detail(&format!("approved by {}", list(&shown, "/approved_by")));
        say::detail(&format!("  {:<14} has {}", "the vault", self.holds(vault)?));
        Ok(())
    }

    /// Transfers of sweeps as payouts, each with the account that it left.
    pub(super) fn describe_swept(&self, swept: &[(String, String)]) -> Result<Vec<Sweep>> {
        let described = self.describe_batched(swept)?.into_iter();
        described.map(|transfer| self.sweep_of(transfer)).collect()
    }

    fn sweep_of(&self, transfer: Payout) -> Result<Sweep> {
        let hash = transfer.tx.as_deref().context("it has no transaction")?;
        let receipt = self.anvil.receipt(hash)?.context("it is in no block")?;
        Ok(Sweep {
            from: text(&receipt, "/from")?,
            transfer,
        })
    }
}
