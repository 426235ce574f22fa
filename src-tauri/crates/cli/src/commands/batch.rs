//! `propose batch`: a table of payouts, decided as one.

use domain::{Amount, Batch, Network, Payout, Subject};

use crate::args::ProposeBatch;
use crate::payees;
use crate::table::{self, Row};
use crate::view::View;

/// What the table proposes: on an EVM chain a batch, on Bitcoin one payout with a leg for each line. A bad
/// line is named with its reason, and then nothing is proposed at all.
pub fn subject(view: &View, what: &ProposeBatch) -> anyhow::Result<Subject> {
    let treasury = view.treasury();
    let (id, vault) = super::vault::named(view, &what.vault)?;
    let network = vault.plan.network();
    let bytes = std::fs::read(&what.file).map_err(|error| {
        anyhow::anyhow!("{}: {error}; nothing was proposed", what.file.display())
    })?;
    let known = payees::known(treasury, network);
    let find = |text: &str| {
        payees::payee(treasury, network, text).map_err(|error| without_ending(&error.to_string()))
    };
    let rows = table::rows(&bytes, &known, &find).map_err(|bad| {
        let lines: Vec<String> = bad.iter().map(|line| format!("\n  {line}")).collect();
        anyhow::anyhow!(
            "{}: nothing was proposed, mend these lines first:{}",
            what.file.display(),
            lines.concat()
        )
    })?;
    let legs: Vec<domain::Leg> = rows.iter().map(|row| row.leg.clone()).collect();
    payees::refuse_own(id, vault, &legs)?;
    let fee_cap = payees::fee_cap(treasury, network, what.fee_cap.as_ref())?;
    match network {
        Network::Evm(_) => {
            let payouts = rows.iter().map(|row| payout(id, row, fee_cap));
            let payouts = payouts.collect::<anyhow::Result<Vec<_>>>()?;
            let batch = Batch::new(id, payouts, what.memo.clone());
            Ok(Subject::Batch(batch.map_err(nothing)?))
        }
        Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
            if let Some(row) = rows.iter().find(|row| !row.memo.as_str().is_empty()) {
                anyhow::bail!(
                    "line {}: on Bitcoin all lines are legs of one payout, which has one memo: give it with --memo and leave the column empty; nothing was proposed",
                    row.line
                );
            }
            let payout = Payout::new(id, legs, fee_cap, what.memo.clone());
            Ok(Subject::Payout(payout.map_err(nothing)?))
        }
    }
}

fn payout(vault: domain::VaultId, row: &Row, fee_cap: Amount) -> anyhow::Result<Payout> {
    Payout::new(vault, vec![row.leg.clone()], fee_cap, row.memo.clone())
        .map_err(|error| anyhow::anyhow!("line {}: {error}; nothing was proposed", row.line))
}

fn nothing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow::anyhow!("{error}; nothing was proposed")
}

/// The table says at its end, once for all lines, that nothing was proposed.
fn without_ending(text: &str) -> String {
    text.trim_end_matches("; nothing was proposed").to_owned()
}
