//! The demo's policy: the shipped one of two of three, with its examples for EVM chains put to use.

use super::{anvil::TOKEN, evm::CHAIN};
use crate::cache;
use anyhow::{Context as _, Result};
use std::path::{Path, PathBuf};

/// What the shipped examples name, before the demo's own chain and token take its place.
const MAINNET: &str = "eip155:1\"";
const MAINNET_USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";
/// An example that the demo has no use for: a second chain.
const OTHER_CHAIN: &str = "#USDC-BASE";

/// Writes it.
pub(super) fn write(directory: &Path) -> Result<PathBuf> {
    let shipped = cache::repository()?.join("policies/shipped/two-of-three-startup.toml");
    let text = std::fs::read_to_string(&shipped)
        .with_context(|| format!("cannot read {}", shipped.display()))?;
    let policy = directory.join("policy.toml");
    std::fs::write(&policy, room_for_a_batch(&with_examples(&text)?)?)?;
    Ok(policy)
}

/// A table of twenty payouts alone would use up the day's count.
fn room_for_a_batch(text: &str) -> Result<String> {
    let more = text.replacen("count = 20", "count = 100", 1);
    anyhow::ensure!(more != text, "the shipped policy has no count of 20");
    Ok(more)
}

/// "A line that begins with # and no space is an example: take the # away to use it."
fn with_examples(text: &str) -> Result<String> {
    let lines = text.lines().filter(|line| !line.starts_with(OTHER_CHAIN));
    let used = lines.map(|line| match line.strip_prefix('#') {
        Some(example) if !example.starts_with(' ') => example,
        Some(_) | None => line,
    });
    let used = used.collect::<Vec<_>>().join("\n") + "\n";
    anyhow::ensure!(
        used.contains(MAINNET) && used.contains(MAINNET_USDC),
        "the shipped policy has no examples for an EVM chain"
    );
    Ok(used
        .replace(MAINNET, &format!("{CHAIN}\""))
        .replace(MAINNET_USDC, TOKEN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_put_to_use_and_explanations_stay() {
        let text = format!(
            "# Why.\n#[assets]\n#ETH = {{ chain = \"{MAINNET}, decimals = 18 }}\n#USDC = {{ contract = \"{MAINNET_USDC}\" }}\n{OTHER_CHAIN} = {{}}\n"
        );
        let used = with_examples(&text).unwrap();
        let expected = format!(
            "# Why.\n[assets]\nETH = {{ chain = \"{CHAIN}\", decimals = 18 }}\nUSDC = {{ contract = \"{TOKEN}\" }}\n"
        );
        assert_eq!(used, expected);
        assert!(with_examples("version = 1\n").is_err());
    }
}
