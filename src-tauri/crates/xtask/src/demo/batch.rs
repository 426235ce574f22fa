//! What the demo tells of a batch: a table of twenty payouts, one approval, one release.

use super::acts::{list, text};
use super::evm::{FEE_CAP, FJORD, HELVETIA};
use super::story::{CONFIRMATIONS, Notes, PIN, Stage};
use crate::say;
use anyhow::{Context as _, Result};
use serde_json::Value;

const LINES: usize = 20;

impl Stage {
    /// Twenty payouts from a table, after one whose bad lines are told.
    pub(super) fn batch(&self, notes: &mut Notes, vault: &str) -> Result<()> {
        say::step("Twenty payouts come as a table: one proposal, one approval each, one release");
        let file = self.directory.join("freelancers.csv");
        std::fs::write(&file, table(LINES, "USDC"))?;
        let file = file.to_string_lossy().into_owned();
        self.bad_table(notes)?;
        let words = [
            "propose",
            "batch",
            &file,
            "--vault",
            "Tokens",
            "--fee-cap",
            FEE_CAP,
            "--memo",
            "freelancers, May",
            "--as",
            "Carol",
        ];
        let proposed = self.countersign.run(&words, &[PIN])?;
        let id = text(&proposed, "/proposal")?;
        say::detail(&format!("Carol proposes {}", text(&proposed, "/summary")?));
        say::detail(&format!(
            "words to compare: {}",
            list(&proposed, "/words").replace(", ", " ")
        ));
        self.approve(&id, &["Alice", "Bob"])?;
        self.countersign
            .run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
        self.anvil.mine(CONFIRMATIONS)?;
        self.countersign
            .run(&["run", "--until-settled", "--every", "1"], &[])?;
        let shown = self.countersign.run(&["show", &id], &[])?;
        let items = shown
            .pointer("/items")
            .and_then(Value::as_array)
            .context("the batch shows no payouts")?;
        for item in items {
            let status = text(item, "/status")?;
            anyhow::ensure!(status == "confirmed", "a payout of the batch is {status}");
            notes.batched.push((id.clone(), text(item, "/id")?));
        }
        anyhow::ensure!(items.len() == LINES, "{} payouts in the batch", items.len());
        say::detail(&format!(
            "{LINES} of {LINES} confirmed, approved by {}, released once by Bob",
            list(&shown, "/approved_by")
        ));
        for (name, address) in [("Fjord Data AS", FJORD), ("Helvetia Cloud", HELVETIA)] {
            say::detail(&format!("  {name:<14} has {}", self.holds(address)?));
        }
        say::detail(&format!("  {:<14} has {}", "the vault", self.holds(vault)?));
        Ok(())
    }

    fn bad_table(&self, notes: &mut Notes) -> Result<()> {
        let file = self.directory.join("with-mistakes.csv");
        let text = format!("{}Nobody we know,10,USDC,?\n", table(2, "USDT"));
        std::fs::write(&file, text)?;
        let file = file.to_string_lossy().into_owned();
        let words = [
            "propose", "batch", &file, "--vault", "Tokens", "--as", "Carol",
        ];
        match self.countersign.attempt(&words, &[PIN])? {
            Ok(_) => anyhow::bail!("a table with mistakes was proposed"),
            Err(refused) => {
                say::detail("refused: a table with mistakes");
                for line in refused.0.lines() {
                    say::detail(&format!("         {line}"));
                }
                notes.refuse("a table with mistakes", refused.0);
                Ok(())
            }
        }
    }
}

/// Lines that pay the two payees by turns.
fn table(lines: usize, asset: &str) -> String {
    let line = |number: usize| {
        let payee = if number.is_multiple_of(2) {
            "Helvetia Cloud"
        } else {
            "Fjord Data AS"
        };
        format!("{payee},{}.5,{asset},work {number}\n", 100 + number)
    };
    let lines: String = (1..=lines).map(line).collect();
    format!("payee,amount,asset,memo\n{lines}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_table_names_its_columns_and_pays_by_turns() {
        assert_eq!(
            super::table(2, "USDC"),
            "payee,amount,asset,memo\nFjord Data AS,101.5,USDC,work 1\nHelvetia Cloud,102.5,USDC,work 2\n"
        );
    }
}
