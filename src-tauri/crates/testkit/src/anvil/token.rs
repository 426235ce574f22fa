//! Tokens to pay with: well-behaved and not. Their source and how it was compiled are in `token/`.

use super::{Anvil, quantity};
use anyhow::{Context as _, Result};
use serde_json::{Value, json};

const COMPILED: &str = include_str!("../../token/Token.bytecode.json");

/// The first four bytes of the Keccak-256 of each signature.
const TRANSFER: &str = "a9059cbb";
const MINT: &str = "40c10f19";
const BALANCE_OF: &str = "70a08231";
/// More than any of these contracts needs. A given limit lets a transaction in that will fail.
const GAS: &str = "0x2dc6c0";

/// How a token behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// As ERC-20 says; a transfer of more than there is reverts.
    Plain,
    /// A transfer of more than there is returns `false`, and its transaction succeeds.
    SaysFalse,
    /// One percent of each transfer stays with the token: less arrives than was sent.
    TakesFee,
    /// A transfer returns nothing, not even `true`, as some large tokens have it.
    SaysNothing,
}

impl Kind {
    fn contract(self) -> &'static str {
        match self {
            Self::Plain => "TestToken",
            Self::SaysFalse => "FalseToken",
            Self::TakesFee => "FeeToken",
            Self::SaysNothing => "MuteToken",
        }
    }
}

impl Anvil {
    /// Makes a token called `symbol` and mines a block, with whatever else waits. Nobody has any of
    /// it yet. Gives its address.
    pub fn deploy_token(&self, kind: Kind, symbol: &str, decimals: u8) -> Result<String> {
        let code = bytecode(kind)? + &constructor(symbol, decimals)?;
        let from = self.account(0)?;
        let making = json!({ "from": from, "data": code, "gas": GAS });
        let receipt = self.mined(&self.call::<String>("eth_sendTransaction", &[making])?)?;
        let address = receipt.get("contractAddress").and_then(Value::as_str);
        Ok(address.context("no contract was made")?.to_owned())
    }

    /// Makes `amount` more of a token, for `to`, and mines a block, with whatever else waits.
    pub fn mint_token(&self, token: &str, to: &str, amount: u128) -> Result<()> {
        let hash = self.tell(self.account(0)?, token, MINT, to, amount)?;
        self.mined(&hash).map(|_| ())
    }

    /// Sends tokens from one of the ten accounts; the transaction waits in the pool, also one that
    /// will fail. Gives its hash.
    pub fn send_token(&self, token: &str, from: &str, to: &str, amount: u128) -> Result<String> {
        self.tell(from, token, TRANSFER, to, amount)
    }

    /// How much of a token `address` has.
    pub fn token_balance(&self, token: &str, address: &str) -> Result<u128> {
        let data = format!("0x{BALANCE_OF}{}", word(address)?);
        let question = json!({ "to": token, "data": data });
        let answer: Value = self.call("eth_call", &[question, json!("latest")])?;
        quantity(&answer).with_context(|| format!("`{token}` is no token"))
    }

    fn tell(&self, from: &str, token: &str, what: &str, who: &str, amount: u128) -> Result<String> {
        let data = format!("0x{what}{}{amount:064x}", word(who)?);
        let transaction = json!({ "from": from, "to": token, "data": data, "gas": GAS });
        self.call("eth_sendTransaction", &[transaction])
    }

    /// The receipt of a transaction that is in a block after this, and did what it says.
    fn mined(&self, hash: &str) -> Result<Value> {
        if self.receipt(hash)?.is_none() {
            self.mine(1)?;
        }
        anyhow::ensure!(
            self.succeeded(hash)? == Some(true),
            "`{hash}` did not succeed"
        );
        self.receipt(hash)?.context("no receipt")
    }
}

/// Receiver and amount of an ERC-20 `transfer`, from what was said to the contract.
pub fn read_transfer(input: &str) -> Option<(String, u128)> {
    let words = input.strip_prefix("0x")?.strip_prefix(TRANSFER)?;
    let (receiver, amount) = words.split_at_checked(64).filter(|(_, a)| a.len() == 64)?;
    let address = receiver.strip_prefix(&"0".repeat(24))?;
    let amount = u128::from_str_radix(amount, 16).ok()?;
    Some((format!("0x{address}"), amount))
}

fn bytecode(kind: Kind) -> Result<String> {
    let compiled: Value = serde_json::from_str(COMPILED)?;
    let code = compiled
        .get("contracts")
        .and_then(|contracts| contracts.get(kind.contract()));
    let code = code.and_then(Value::as_str);
    Ok(code.context("not among the compiled contracts")?.to_owned())
}

/// Name, symbol and decimals in the contract ABI's words; the symbol is the name as well.
fn constructor(symbol: &str, decimals: u8) -> Result<String> {
    anyhow::ensure!(symbol.len() <= 32, "`{symbol}` is longer than 32 bytes");
    let text = format!("{:064x}{:0<64}", symbol.len(), hex::encode(symbol));
    // Where the two texts begin: after these three words, and two words later.
    Ok(format!(
        "{:064x}{:064x}{decimals:064x}{text}{text}",
        0x60, 0xa0
    ))
}

/// An address as a word of the contract ABI.
fn word(address: &str) -> Result<String> {
    let digits = address.strip_prefix("0x").unwrap_or(address);
    let digits = digits.to_ascii_lowercase();
    let is_address = digits.len() == 40 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    anyhow::ensure!(is_address, "`{address}` is no address");
    Ok(format!("{digits:0>64}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bitcoin::hashes::{Hash as _, sha256};

    #[test]
    fn the_bytecode_was_compiled_from_the_source_beside_it() {
        let source = include_bytes!("../../token/Token.sol");
        let compiled: Value = serde_json::from_str(COMPILED).unwrap();
        assert_eq!(
            compiled["source_sha256"],
            sha256::Hash::hash(source).to_string(),
            "Token.sol has changed: compile it again, as token/README.md says"
        );
        for kind in [
            Kind::Plain,
            Kind::SaysFalse,
            Kind::TakesFee,
            Kind::SaysNothing,
        ] {
            assert!(hex::decode(bytecode(kind).unwrap().trim_start_matches("0x")).is_ok());
        }
    }

    #[test]
    fn a_transfer_is_read_as_it_was_written() {
        let to = "0x00000000000000000000000000000000000000aa";
        let input = format!("0x{TRANSFER}{}{:064x}", word(to).unwrap(), 7);
        assert_eq!(read_transfer(&input), Some((to.to_owned(), 7)));
        assert_eq!(read_transfer(&input.replacen(TRANSFER, MINT, 1)), None);
        assert_eq!(read_transfer(&format!("{input}00")), None);
        assert_eq!(read_transfer("0x"), None);
    }
}
