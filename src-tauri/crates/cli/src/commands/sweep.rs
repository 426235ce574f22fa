//! `propose sweep`: what lies on a vault's own addresses is collected in its main one.

use domain::{Asset, Subject, Symbol};
use driver::Driver;

use crate::args::ProposeSweep;
use crate::terminal::Terminal;
use wording::view::View;
use wording::{payees, subjects};

/// The sweep, as the node shows the vault's accounts now. What is not worth moving is told.
pub async fn subject(
    terminal: &Terminal,
    driver: &Driver,
    view: &View,
    what: &ProposeSweep,
) -> anyhow::Result<Subject> {
    let (_, vault) = subjects::vault(view, &what.vault)?;
    let known = payees::known(view.treasury(), vault.plan.network());
    let only = match &what.asset {
        None => None,
        Some(symbol) => Some(asset(&known, symbol)?),
    };
    let drafted = driver
        .draft_sweep(&what.vault, only, what.memo.clone())
        .await
        .map_err(|error| anyhow::anyhow!("{error}; nothing was proposed"))?;
    for (account, amount) in &drafted.left {
        terminal.out.explain(&format!(
            "Left where it is: {amount} on deposit account {account}, less than moving it costs"
        ));
    }
    Ok(Subject::Sweep(drafted.sweep))
}

fn asset(known: &[Asset], symbol: &Symbol) -> anyhow::Result<Asset> {
    let found = { known.iter() }.find(|asset| asset.symbol() == symbol.as_str());
    found.copied().ok_or_else(|| {
        anyhow::anyhow!("`{symbol}` is no coin that this vault can hold; nothing was proposed")
    })
}
