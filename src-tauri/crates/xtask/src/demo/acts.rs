//! What the story does again and again: propose, approve, wait until a payout is final.

use super::report::{Leg, Payout};
use super::story::{CONFIRMATIONS, MEYER, NORDWIND, PIN, Stage};
use crate::say;
use anyhow::{Context as _, Result};
use serde_json::Value;

impl Stage {
    pub(super) fn propose(&self, legs: &[&str], memo: &str) -> Result<String> {
        self.propose_from("Operations", legs, memo, &[])
    }

    /// Carol proposes a payout of a vault; `more` are further words.
    pub(super) fn propose_from(
        &self,
        vault: &str,
        legs: &[&str],
        memo: &str,
        more: &[&str],
    ) -> Result<String> {
        let mut words = vec![
            "propose", "payout", "--vault", vault, "--memo", memo, "--as", "Carol",
        ];
        for leg in legs {
            words.extend(["--pay", leg]);
        }
        words.extend(more);
        let proposed = self.countersign.run(&words, &[PIN])?;
        let id = text(&proposed, "/proposal")?;
        say::detail(&format!("Carol proposes {} ({memo})", legs.join(", ")));
        say::detail(&format!(
            "the policy demands {}",
            list(&proposed, "/demands")
        ));
        say::detail(&format!(
            "words to compare: {}",
            list(&proposed, "/words").replace(", ", " ")
        ));
        Ok(id)
    }

    pub(super) fn approve(&self, id: &str, officers: &[&str]) -> Result<()> {
        for officer in officers {
            self.countersign
                .run(&["approve", id, "--as", officer], &[PIN])?;
        }
        Ok(())
    }

    /// Mines until a payout is final, and shows what the node shows.
    pub(super) fn settle(&self, id: &str, released: &Value) -> Result<()> {
        let status = text(released, "/status")?;
        anyhow::ensure!(
            status == "broadcast",
            "the payout is {status} after its release: {released}"
        );
        self.node.mine(CONFIRMATIONS)?;
        self.countersign
            .run(&["run", "--until-settled", "--every", "1"], &[])?;
        let shown = self.countersign.run(&["show", id], &[])?;
        anyhow::ensure!(
            text(&shown, "/status")? == "confirmed",
            "the payout is not confirmed: {shown}"
        );
        let txid = text(&shown, "/txid")?;
        say::detail(&format!("approved by {}", list(&shown, "/approved_by")));
        say::detail(&format!("transaction {txid}"));
        for (address, amount) in self.node.outputs(&txid, CONFIRMATIONS)? {
            let whose = match address.as_str() {
                MEYER => "Meyer GmbH",
                NORDWIND => "Nordwind AS",
                _ => "change, back to the vault",
            };
            say::detail(&format!(
                "  the node shows {amount} BTC to {address} ({whose})"
            ));
        }
        say::detail(&format!(
            "confirmed: {CONFIRMATIONS} of {CONFIRMATIONS} blocks"
        ));
        Ok(())
    }

    /// The payouts of batches: what was demanded of a batch, and who approved it, goes for each.
    pub(super) fn describe_batched(&self, batched: &[(String, String)]) -> Result<Vec<Payout>> {
        let describe = |(batch, item): &(String, String)| {
            let whole = self.countersign.run(&["show", batch], &[])?;
            Ok(Payout {
                demanded: strings(&whole, "/demands"),
                approved_by: strings(&whole, "/approved_by"),
                ..self.describe(item)?
            })
        };
        batched.iter().map(describe).collect()
    }

    pub(super) fn describe(&self, id: &str) -> Result<Payout> {
        let shown = self.countersign.run(&["show", id], &[])?;
        let legs = shown
            .pointer("/payout/legs")
            .and_then(Value::as_array)
            .context("no legs")?;
        let legs = legs
            .iter()
            .map(|leg| {
                Ok(Leg {
                    to: text(leg, "/to")?,
                    amount: text(leg, "/amount")?,
                    asset: text(leg, "/asset")?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Payout {
            id: id.to_owned(),
            chain: namespaced(&text(&shown, "/payout/chain")?),
            status: text(&shown, "/status")?,
            tx: shown
                .pointer("/txid")
                .and_then(Value::as_str)
                .map(str::to_owned),
            legs,
            demanded: strings(&shown, "/demands"),
            approved_by: strings(&shown, "/approved_by"),
        })
    }
}

pub(super) fn text(value: &Value, place: &str) -> Result<String> {
    let found = value.pointer(place).and_then(Value::as_str);
    found
        .map(str::to_owned)
        .with_context(|| format!("countersign gave no {place} in {value}"))
}

fn strings(value: &Value, place: &str) -> Vec<String> {
    let all = value.pointer(place).and_then(Value::as_array);
    all.map(|all| {
        all.iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect()
    })
    .unwrap_or_default()
}

/// A chain with the name of its family before it, as the report has it: `bitcoin:regtest`, `eip155:1`.
fn namespaced(chain: &str) -> String {
    if chain.contains(':') {
        chain.to_owned()
    } else {
        format!("bitcoin:{chain}")
    }
}

pub(super) fn list(value: &Value, place: &str) -> String {
    strings(value, place).join(", ")
}
