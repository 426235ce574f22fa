//! The form of a case.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The contract of USDC on Ethereum.
const USDC: &str = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The rule that is attacked, in words.
    pub rule: String,
    /// The policy's text, or a file of `shipped/`.
    pub policy: String,
    #[serde(default)]
    pub now: Option<String>,
    #[serde(default = "usual_officers")]
    pub officers: Vec<String>,
    #[serde(default)]
    pub suspended: Vec<String>,
    #[serde(default = "usual_vaults")]
    pub vaults: BTreeMap<String, String>,
    #[serde(default = "usual_payees")]
    pub payees: Vec<PayeeRow>,
    #[serde(default)]
    pub uses: Vec<UseRow>,
    /// Coins by the words that this case uses for them; those not entered are in no registry.
    #[serde(default = "usual_coins")]
    pub coins: Vec<CoinRow>,
    #[serde(default)]
    pub payout: Option<PayoutRow>,
    #[serde(default)]
    pub batch: Option<BatchRow>,
    #[serde(default)]
    pub change: Option<ChangeRow>,
    #[serde(default)]
    pub approvals: Vec<ApprovalRow>,
    /// Play `recheck` instead: denials and limits alone.
    #[serde(default)]
    pub recheck: bool,
    /// Facts of a policy other than the one that is asked.
    #[serde(default)]
    pub other_policy_in_force: bool,
    pub expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayeeRow {
    pub name: String,
    /// A label; the name unless given.
    pub address: Option<String>,
    pub since: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegRow {
    pub payee: Option<String>,
    /// The label of an address; the payee's unless given.
    pub address: Option<String>,
    pub amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UseRow {
    pub proposal: String,
    #[serde(default = "main")]
    pub vault: String,
    pub initiator: String,
    pub legs: Vec<LegRow>,
    pub fee: String,
    pub at: String,
    pub state: StateRow,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
pub enum StateRow {
    Reserved,
    Settled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayoutRow {
    #[serde(default = "main")]
    pub vault: String,
    pub initiator: String,
    pub legs: Vec<LegRow>,
    /// 0.001 BTC or 0.01 ETH unless given.
    pub fee_cap: Option<String>,
    pub proposed: Option<String>,
    pub expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchRow {
    #[serde(default = "ether")]
    pub vault: String,
    pub initiator: String,
    pub payouts: Vec<ItemRow>,
    pub proposed: Option<String>,
    pub expires: Option<String>,
}

/// A transfer of a sweep: to the main account unless said otherwise.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferRow {
    pub from: u32,
    #[serde(default)]
    pub to: u32,
    pub amount: String,
    #[serde(default = "usual_gas")]
    pub fee_cap: String,
}

/// A payout of a batch.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemRow {
    pub payee: Option<String>,
    pub address: Option<String>,
    pub amount: String,
    #[serde(default = "usual_gas")]
    pub fee_cap: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoinRow {
    pub word: String,
    /// The word, unless given.
    pub symbol: Option<String>,
    pub chain: u64,
    pub contract: Option<String>,
    pub decimals: u8,
    #[serde(default = "yes")]
    pub entered: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRow {
    pub initiator: String,
    pub policy: Option<String>,
    pub suspend: Option<String>,
    pub add: Option<String>,
    pub enter: Option<PayeeRow>,
    pub thaw: Option<String>,
    /// The word of a coin.
    pub asset: Option<String>,
    pub sweep: Option<Vec<TransferRow>>,
    /// The fee cap of a cancel.
    pub cancel: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRow {
    pub by: String,
    #[serde(default = "half_an_hour_ago")]
    pub at: String,
    #[serde(default = "in_an_hour")]
    pub expires: String,
    /// Another proposal, adoption or policy than the ones that count.
    pub proposal: Option<String>,
    pub adoption: Option<String>,
    pub policy: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    pub verdict: String,
    pub rule: Option<String>,
    #[serde(default)]
    pub codes: Vec<String>,
    #[serde(default)]
    pub reasons: Vec<String>,
    #[serde(default)]
    pub approvers: Vec<String>,
}

pub fn usual_officers() -> Vec<String> {
    ["Alice", "Bob", "Carol", "Dora", "Erin"]
        .map(str::to_owned)
        .to_vec()
}

pub fn usual_vaults() -> BTreeMap<String, String> {
    BTreeMap::from([
        (main(), "regtest".to_owned()),
        (ether(), "eip155:1".to_owned()),
    ])
}

pub fn usual_payees() -> Vec<PayeeRow> {
    let payee = |name: &str, address: Option<&str>| PayeeRow {
        name: name.to_owned(),
        address: address.map(str::to_owned),
        since: "-30 d".to_owned(),
    };
    vec![
        payee("Hetzner", None),
        payee("City Power", None),
        payee("Node Host", Some("Node Host on eip155:1")),
        payee("Auditor", Some("Auditor on eip155:1")),
    ]
}

pub fn usual_coins() -> Vec<CoinRow> {
    let coin = |word: &str, contract: Option<&str>, decimals| CoinRow {
        word: word.to_owned(),
        symbol: None,
        chain: 1,
        contract: contract.map(str::to_owned),
        decimals,
        entered: true,
    };
    vec![coin("ETH", None, 18), coin("USDC", Some(USDC), 6)]
}

pub fn yes() -> bool {
    true
}

pub fn ether() -> String {
    "Ether".to_owned()
}

pub fn usual_gas() -> String {
    "0.01 ETH".to_owned()
}

pub fn main() -> String {
    "Main".to_owned()
}

pub fn half_an_hour_ago() -> String {
    "-30 min".to_owned()
}

pub fn in_an_hour() -> String {
    "+1 h".to_owned()
}
