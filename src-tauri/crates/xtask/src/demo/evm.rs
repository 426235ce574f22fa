//! What the demo tells of an EVM chain: assets, a vault of ether and tokens, payouts, refusals.

use super::acts::{list, text};
use super::anvil::{CHAIN_ID, TOKEN, number};
use super::story::{CONFIRMATIONS, Notes, PIN, Stage};
use crate::say;
use anyhow::{Context as _, Result};
use serde_json::Value;

/// The chain, in the words of CAIP-2.
pub(super) const CHAIN: &str = "eip155:31337";
/// Payees: addresses that nobody has the key of.
pub(super) const FJORD: &str = "0xddFe214509A7eb21e4F0fa9fB1eD3303ADdAb310";
pub(super) const HELVETIA: &str = "0x7B518d5EA1bCB4B5d246FA1d89280Acea33784D0";
const STRANGER: &str = "0xAe69A1aA8f722595810DDDa6874Fc378c460ed5B";
/// Fjord's address with its last letter but two in the other case.
const MISTYPED: &str = "0xddFe214509A7eb21e4F0fa9fB1eD3303ADdaB310";
/// Most of a payout's fee.
pub(super) const FEE_CAP: &str = "0.02 ETH";
const WEI_DECIMALS: usize = 18;
const TOKEN_DECIMALS: usize = 6;
const FUNDS_WEI: u128 = 12_500_000_000_000_000_000;
const FUNDS_TOKENS: u128 = 40_000_000_000;

impl Stage {
    /// The chapter before the disaster; gives the vault's address.
    pub(super) fn evm_chapter(&mut self, notes: &mut Notes) -> Result<String> {
        self.assets()?;
        let vault = self.tokens_vault()?;
        self.evm_payees()?;
        say::step("Ether is paid, then USDC: each a transaction of its own, signed by two seats");
        self.pay(notes, &vault, "Fjord Data AS=1.25 ETH", "a deposit")?;
        self.pay(notes, &vault, "Helvetia Cloud=1500 USDC", "invoice 2077")?;
        self.batch(notes, &vault)?;
        self.sweep(notes, &vault)?;
        self.evm_refusals(notes)?;
        self.bumped_payout(notes, &vault)?;
        self.cancelled_payout(notes, &vault)?;
        Ok(vault)
    }

    fn assets(&self) -> Result<()> {
        say::step(
            "Ether and USDC enter the registry of assets: nothing of them is read from a node",
        );
        let chain = CHAIN_ID.to_string();
        let ether = ["ETH", "--chain", &chain, "--decimals", "18"];
        let token = [
            "USDC",
            "--chain",
            &chain,
            "--contract",
            TOKEN,
            "--decimals",
            "6",
        ];
        for (asset, says) in [
            (
                &ether[..],
                "ETH   the chain's own coin, 18 decimal places".to_owned(),
            ),
            (
                &token[..],
                format!("USDC  contract {TOKEN}, 6 decimal places"),
            ),
        ] {
            let words = [&["propose", "asset"], asset, &["--as", "Carol"]].concat();
            let proposed = self.countersign.run(&words, &[PIN])?;
            self.approve(&text(&proposed, "/proposal")?, &["Alice", "Bob"])?;
            say::detail(&says);
        }
        Ok(())
    }

    fn tokens_vault(&self) -> Result<String> {
        say::step("A second vault, for the EVM chain: again 2 of 3 seats, now with a DKLs23 key");
        let confirmations = CONFIRMATIONS.to_string();
        let words = [
            "vault",
            "create",
            "Tokens",
            "--as",
            "Alice",
            "--network",
            CHAIN,
            "--threshold",
            "2",
            "--confirmations",
            &confirmations,
            "--device",
            "host",
            "--hardware",
            "safe=Alice,Bob",
            "--recovery",
            "recovery=2:Alice,Bob,Carol",
        ];
        let ordered = self.countersign.run(&words, &[PIN])?;
        self.approve(&text(&ordered, "/proposal")?, &["Alice", "Bob"])?;
        self.countersign
            .run(&["vault", "keygen", "Tokens"], &[PIN; 5])?;
        let shown = self.countersign.run(&["vault", "address", "Tokens"], &[])?;
        let address = text(&shown, "/address")?;
        self.anvil.give(&address, FUNDS_WEI)?;
        self.anvil.mint(&address, FUNDS_TOKENS)?;
        say::detail(&format!("address {address}"));
        say::detail(&format!("the node shows {}", self.holds(&address)?));
        Ok(address)
    }

    fn evm_payees(&self) -> Result<()> {
        for (name, address) in [("Fjord Data AS", FJORD), ("Helvetia Cloud", HELVETIA)] {
            let words = [
                "propose",
                "payee",
                name,
                address,
                "--network",
                CHAIN,
                "--as",
                "Carol",
            ];
            let proposed = self.countersign.run(&words, &[PIN])?;
            self.approve(&text(&proposed, "/proposal")?, &["Alice", "Bob"])?;
            say::detail(&format!("payee {name:<14} {address}"));
        }
        Ok(())
    }

    /// Proposes a payout of the EVM vault.
    pub(super) fn propose_evm(&self, leg: &str, memo: &str) -> Result<String> {
        self.propose_from("Tokens", &[leg], memo, &["--fee-cap", FEE_CAP])
    }

    /// A whole payout: proposed, approved, released, final.
    fn pay(&self, notes: &mut Notes, vault: &str, leg: &str, memo: &str) -> Result<()> {
        let id = self.propose_evm(leg, memo)?;
        self.approve(&id, &["Alice", "Bob"])?;
        let released = self
            .countersign
            .run(&["release", &id, "--as", "Bob"], &[PIN, PIN])?;
        notes.payouts.push(id.clone());
        self.settle_evm(&id, &released, vault).map(drop)
    }

    /// Mines until a payout is final, and shows what the node shows. Gives the transaction's hash.
    pub(super) fn settle_evm(&self, id: &str, released: &Value, vault: &str) -> Result<String> {
        is_out(released)?;
        self.anvil.mine(CONFIRMATIONS)?;
        self.countersign
            .run(&["run", "--until-settled", "--every", "1"], &[])?;
        let shown = self.countersign.run(&["show", id], &[])?;
        anyhow::ensure!(
            text(&shown, "/status")? == "confirmed",
            "the payout is not confirmed: {shown}"
        );
        say::detail(&format!("approved by {}", list(&shown, "/approved_by")));
        let hash = text(&shown, "/txid")?;
        self.show_receipt(&hash)?;
        for (name, address) in [("Fjord Data AS", FJORD), ("Helvetia Cloud", HELVETIA)] {
            say::detail(&format!("  {name:<14} has {}", self.holds(address)?));
        }
        say::detail(&format!("  {:<14} has {}", "the vault", self.holds(vault)?));
        say::detail(&format!(
            "confirmed: {CONFIRMATIONS} of {CONFIRMATIONS} blocks"
        ));
        Ok(hash)
    }

    /// What the node says of a transaction in a block; it must have done what it says.
    pub(super) fn show_receipt(&self, hash: &str) -> Result<()> {
        let receipt = self
            .anvil
            .receipt(hash)?
            .with_context(|| format!("transaction {hash} is in no block"))?;
        let of = |name: &str| number(receipt.get(name).unwrap_or(&Value::Null));
        anyhow::ensure!(of("status")? == 1, "transaction {hash} did nothing");
        let fee = of("gasUsed")? * of("effectiveGasPrice")?;
        say::detail(&format!("transaction {hash}"));
        say::detail(&format!(
            "  the node's receipt: done, block {}, fee {} ETH",
            of("blockNumber")?,
            decimal(fee, WEI_DECIMALS)
        ));
        Ok(())
    }

    /// What an account has, as the node shows it.
    pub(super) fn holds(&self, address: &str) -> Result<String> {
        let ether = decimal(self.anvil.ether(address)?, WEI_DECIMALS);
        let tokens = decimal(self.anvil.tokens(address)?, TOKEN_DECIMALS);
        Ok(format!("{ether} ETH and {tokens} USDC"))
    }

    fn evm_refusals(&self, notes: &mut Notes) -> Result<()> {
        say::step(
            "The policy's lines for tokens hold; a mistyped address and an unknown token are seen",
        );
        for (what, leg) in [
            (
                "1 ETH to an address with a wrong checksum",
                format!("{MISTYPED}=1 ETH"),
            ),
            (
                "100 DAI, which is not in the registry of assets",
                "Fjord Data AS=100 DAI".to_owned(),
            ),
            (
                "3000 USDC to an address that is not in the address book",
                format!("{STRANGER}=3000 USDC"),
            ),
        ] {
            let payout = ["--vault", "Tokens", "--pay", &leg, "--fee-cap", FEE_CAP];
            self.refused_from(notes, what, &payout)?;
        }
        Ok(())
    }

    /// The shares of the EVM vault came back with the backup as well.
    pub(super) fn evm_after_the_disaster(&self, notes: &mut Notes, vault: &str) -> Result<()> {
        say::step("The same for USDC: the EVM vault's seats open on the new machine, too");
        let id = self.propose_evm("Helvetia Cloud=2500 USDC", "invoice 2091")?;
        self.approve(&id, &["Alice", "Bob"])?;
        let words = [
            "release",
            &id,
            "--as",
            "Alice",
            "--seat",
            "safe",
            "--and",
            "recovery=Bob,Carol",
        ];
        let released = self.countersign.run(&words, &[PIN; 6])?;
        notes.payouts.push(id.clone());
        self.settle_evm(&id, &released, vault).map(drop)
    }
}

/// After a release the transaction must be with the node.
pub(super) fn is_out(released: &Value) -> Result<()> {
    let status = text(released, "/status")?;
    anyhow::ensure!(
        status == "broadcast",
        "it is {status} after its release: {released}"
    );
    Ok(())
}

/// Smallest units as a decimal number.
fn decimal(units: u128, places: usize) -> String {
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, rest) = digits.split_at(digits.len() - places);
    match rest.trim_end_matches('0') {
        "" => whole.to_owned(),
        rest => format!("{whole}.{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_shown_as_people_write_them() {
        for (units, places, shown) in [
            (0, 18, "0"),
            (1, 18, "0.000000000000000001"),
            (1_250_000_000_000_000_000, 18, "1.25"),
            (1_500_000_000, 6, "1500"),
            (10_000_001, 6, "10.000001"),
        ] {
            assert_eq!(decimal(units, places), shown);
        }
    }

    #[test]
    fn the_mistyped_address_differs_in_case_only() {
        assert!(MISTYPED != FJORD && MISTYPED.eq_ignore_ascii_case(FJORD));
    }
}
