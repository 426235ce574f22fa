//! A private EVM chain, with accounts that have funds and tokens to pay with.
//!
//! Its state is in its memory: it outlives every process of ours that uses it, and not itself.
//! Blocks come when asked for, unless [`Anvil::set_automine`] or [`Anvil::set_interval`] say
//! otherwise. Addresses and hashes are hexadecimal text with `0x`, as the chain gives them:
//! lower-case. Amounts are in the smallest unit.

mod history;
mod token;

pub use history::Sent;
pub use token::Kind;

use crate::{
    leash::{Leash, wait_for},
    locked, programs, rpc,
};
use anyhow::{Context as _, Result};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{ffi::OsStr, fs, path::PathBuf, sync::Mutex, time::Duration};

/// What the funded accounts are derived from; the whole world knows it.
pub const MNEMONIC: &str = "test test test test test test test test test test test junk";
/// The chain id of [`Anvil::start`].
pub const CHAIN_ID: u64 = 31_337;

/// In gas: one less than the cheapest transaction.
const LESS_THAN_ANY_TRANSACTION: u128 = 20_999;
/// Anvil's own limit of a block.
const BLOCK_GAS: u128 = 30_000_000;
const READY: Duration = Duration::from_secs(30);

/// A running chain, killed when dropped or when this process dies.
pub struct Anvil {
    directory: PathBuf,
    port: u16,
    chain_id: u64,
    accounts: Vec<String>,
    process: Mutex<Option<Leash>>,
}

impl Anvil {
    /// Starts a chain of its genesis block alone, where ten accounts have 10,000 coins each.
    pub fn start() -> Result<Self> {
        Self::start_chain(CHAIN_ID)
    }

    /// Starts such a chain with another id.
    pub fn start_chain(chain_id: u64) -> Result<Self> {
        let directory = programs::fresh_directory("anvil");
        fs::create_dir_all(&directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let mut anvil = Self {
            directory,
            port: 0,
            chain_id,
            accounts: Vec::new(),
            process: Mutex::new(None),
        };
        anvil.launch()?;
        anvil.accounts = anvil.call("eth_accounts", &[])?;
        Ok(anvil)
    }

    fn launch(&mut self) -> Result<()> {
        let program = programs::find("COUNTERSIGN_ANVIL", "anvil")?;
        let log = self.directory.join("output.log");
        let chain_id = self.chain_id.to_string();
        // It chooses a free port itself and says which: nobody can take the port in between.
        let words = ["--host", "127.0.0.1", "--port", "0", "--no-mining"]
            .into_iter()
            .chain(["--chain-id", &chain_id, "--mnemonic", MNEMONIC])
            .map(OsStr::new);
        let mut leash = Leash::start(
            program.as_os_str(),
            &words.collect::<Vec<_>>(),
            &[("HOME", self.directory.as_os_str())],
            "/dev/null".as_ref(),
            &log,
        )?;
        self.port = wait_for("the chain's RPC", READY, || {
            let said = fs::read_to_string(&log).unwrap_or_default();
            let program = program.display();
            anyhow::ensure!(leash.is_alive(), "`{program}` ended: {}", said.trim());
            Ok(port(&said))
        })?;
        *locked(&self.process) = Some(leash);
        self.call("anvil_setLoggingEnabled", &[json!(false)])
    }

    /// Where its RPC listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of its RPC, for a [`crate::proxy::Proxy`] or [`crate::lying_rpc::LyingRpc`].
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it was started with.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The ten funded accounts, for which the chain itself signs. The first one makes the tokens.
    pub fn accounts(&self) -> &[String] {
        &self.accounts
    }

    /// One of the ten.
    pub fn account(&self, index: usize) -> Result<&str> {
        let account = self.accounts.get(index);
        account.map(String::as_str).context("no such account")
    }

    /// Kills the chain; nothing brings it back.
    pub fn kill(&self) {
        drop(locked(&self.process).take());
    }

    /// Calls any RPC method. A refusal is a [`crate::lying_rpc::RpcError`] inside the error.
    pub fn call<T: DeserializeOwned>(&self, method: &str, arguments: &[Value]) -> Result<T> {
        let said = || format!("chain: {method}");
        let result = rpc::call(self.port, method, arguments).with_context(said)?;
        serde_json::from_value(result).with_context(said)
    }

    /// Calls a method that answers with a number.
    fn number(&self, method: &str, arguments: &[Value]) -> Result<u128> {
        quantity(&self.call::<Value>(method, arguments)?)
            .with_context(|| format!("chain: {method}"))
    }

    /// The height of the best block.
    pub fn block_number(&self) -> Result<u64> {
        Ok(u64::try_from(self.number("eth_blockNumber", &[])?)?)
    }

    /// Mines blocks; what waits in the pool is in the first of them.
    pub fn mine(&self, count: u64) -> Result<()> {
        self.call("anvil_mine", &[hexadecimal(count.into())])
    }

    /// Whether each transaction is mined as it comes: shortly after the answer to its sender, not
    /// before it.
    pub fn set_automine(&self, automine: bool) -> Result<()> {
        self.call("evm_setAutomine", &[json!(automine)])
    }

    /// Mines a block each so many seconds; with 0, only when asked to.
    pub fn set_interval(&self, seconds: u64) -> Result<()> {
        self.call("evm_setIntervalMining", &[json!(seconds)])
    }

    /// Mines blocks without any transaction: what is in the pool stays there.
    pub fn mine_empty(&self, count: u64) -> Result<()> {
        let limit = |gas| self.call::<bool>("evm_setBlockGasLimit", &[hexadecimal(gas)]);
        limit(LESS_THAN_ANY_TRANSACTION)?;
        let mined = self.mine(count);
        limit(BLOCK_GAS)?;
        mined
    }

    /// Sets the base fee of the next block. This chain throws a transaction that offers less out of
    /// its pool when it mines; public nodes keep it waiting, as [`Self::mine_empty`] does.
    pub fn set_base_fee(&self, wei: u128) -> Result<()> {
        self.call("anvil_setNextBlockBaseFeePerGas", &[hexadecimal(wei)])
    }

    /// The coins of `address`, in wei.
    pub fn balance(&self, address: &str) -> Result<u128> {
        self.number("eth_getBalance", &[json!(address), json!("latest")])
    }

    /// Makes `wei` the coins of `address`, without a transaction or a block.
    pub fn fund(&self, address: &str, wei: u128) -> Result<()> {
        self.call("anvil_setBalance", &[json!(address), hexadecimal(wei)])
    }

    /// How many transactions of `address` are in blocks.
    pub fn nonce(&self, address: &str) -> Result<u64> {
        self.nonce_at(address, "latest")
    }

    /// The same, with those that wait in the pool in an unbroken row.
    pub fn pending_nonce(&self, address: &str) -> Result<u64> {
        self.nonce_at(address, "pending")
    }

    fn nonce_at(&self, address: &str, block: &str) -> Result<u64> {
        let nonce = self.number("eth_getTransactionCount", &[json!(address), json!(block)])?;
        Ok(u64::try_from(nonce)?)
    }

    /// The code at `address`; `0x` where there is none.
    pub fn code(&self, address: &str) -> Result<String> {
        self.call("eth_getCode", &[json!(address), json!("latest")])
    }

    /// Sends a signed transaction, as hexadecimal text; it waits in the pool. Gives its hash.
    pub fn send_raw(&self, transaction: &str) -> Result<String> {
        self.call("eth_sendRawTransaction", &[json!(transaction)])
    }

    /// Sends coins from one of the ten accounts, or from one made so by [`Self::impersonate`]. The
    /// transaction waits in the pool. Gives its hash.
    pub fn send(&self, from: &str, to: &str, wei: u128) -> Result<String> {
        let payment = json!({ "from": from, "to": to, "value": hexadecimal(wei) });
        self.call("eth_sendTransaction", &[payment])
    }

    /// Lets anyone send from `address` without its key: a spend that the treasury did not make.
    pub fn impersonate(&self, address: &str) -> Result<()> {
        self.call("anvil_impersonateAccount", &[json!(address)])
    }

    /// A transaction in a block or in the pool, as the chain describes it.
    pub fn transaction(&self, hash: &str) -> Result<Option<Value>> {
        self.call("eth_getTransactionByHash", &[json!(hash)])
    }

    /// The receipt of a transaction in a block, as the chain describes it.
    pub fn receipt(&self, hash: &str) -> Result<Option<Value>> {
        self.call("eth_getTransactionReceipt", &[json!(hash)])
    }

    /// Removes a transaction from the pool, as nodes do when the pool is full.
    pub fn drop_transaction(&self, hash: &str) -> Result<()> {
        let dropped: Option<String> = self.call("anvil_dropTransaction", &[json!(hash)])?;
        anyhow::ensure!(dropped.is_some(), "`{hash}` is not in the pool");
        Ok(())
    }

    /// Replaces the best `depth` blocks by as many empty ones. Their transactions are in no block
    /// and not in the pool: they are gone until somebody sends them again.
    pub fn reorg(&self, depth: u64) -> Result<()> {
        self.reorg_with(depth, &[])
    }

    /// The same, where the first of the new blocks holds these signed transactions.
    pub fn reorg_with(&self, depth: u64, transactions: &[String]) -> Result<()> {
        let pairs: Vec<Value> = transactions.iter().map(|raw| json!([raw, 0])).collect();
        self.call("anvil_reorg", &[json!(depth), json!(pairs)])
    }

    /// Takes the best `depth` blocks off and puts none in their place.
    pub fn rollback(&self, depth: u64) -> Result<()> {
        self.call("anvil_rollback", &[json!(depth)])
    }

    /// Remembers the whole state, for [`Self::revert`].
    pub fn snapshot(&self) -> Result<String> {
        self.call("evm_snapshot", &[])
    }

    /// Goes back to a snapshot, which is used up by that.
    pub fn revert(&self, snapshot: &str) -> Result<()> {
        let done: bool = self.call("evm_revert", &[json!(snapshot)])?;
        anyhow::ensure!(done, "there is no snapshot `{snapshot}`");
        Ok(())
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl std::fmt::Debug for Anvil {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Anvil")
            .field("port", &self.port)
            .field("chain_id", &self.chain_id)
            .finish_non_exhaustive()
    }
}

/// The port in the last line that it says before it serves.
fn port(said: &str) -> Option<u16> {
    let (_, rest) = said.split_once("Listening on 127.0.0.1:")?;
    let (port, _) = rest.split_once('\n')?;
    port.trim().parse().ok()
}

fn hexadecimal(number: u128) -> Value {
    json!(format!("{number:#x}"))
}

/// A number from hexadecimal text, also of a whole 256-bit word.
fn quantity(value: &Value) -> Result<u128> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let digits = digits.with_context(|| format!("`{value}` is no hexadecimal number"))?;
    u128::from_str_radix(digits, 16)
        .with_context(|| format!("`0x{digits}` is no number of at most 128 bits"))
}
