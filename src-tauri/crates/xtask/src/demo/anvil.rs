//! The demo's EVM chain: a private one whose blocks are made on demand, with one token on it.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

pub(super) const CHAIN_ID: u64 = 31_337;
/// Where the first contract of anvil's first account always lies.
pub(super) const TOKEN: &str = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
/// The tests' token, compiled; its source lies beside it.
const COMPILED: &str = include_str!("../../../testkit/token/Token.bytecode.json");
/// What the contract is asked: the first four bytes of the Keccak-256 of each signature.
const MINT: &str = "40c10f19";
const BALANCE_OF: &str = "70a08231";
/// More than making the token needs.
const GAS: &str = "0x2dc6c0";
/// In gas: one less than the cheapest transaction, and anvil's own limit.
const LESS_THAN_ANY_TRANSACTION: u128 = 20_999;
const BLOCK_GAS: u128 = 30_000_000;

/// A running chain; ends with this process.
pub struct Anvil {
    child: Child,
    port: u16,
}

impl Anvil {
    /// Starts it and waits until it answers.
    pub fn start(program: &Path, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            .arg(program)
            .args(["--silent", "--no-mining", "--host", "127.0.0.1"])
            .args(["--port", &port.to_string()])
            .args(["--chain-id", &CHAIN_ID.to_string()])
            .env("HOME", directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let anvil = Self { child, port };
        let deadline = Instant::now() + Duration::from_secs(60);
        while anvil.call("eth_chainId", json!([])).is_err() {
            anyhow::ensure!(Instant::now() < deadline, "the EVM chain does not answer");
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(anvil)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes the token; it always lies at [`TOKEN`].
    pub fn deploy(&self, symbol: &str, decimals: u8) -> Result<()> {
        let compiled: Value = serde_json::from_str(COMPILED)?;
        let code = compiled
            .pointer("/contracts/TestToken")
            .and_then(Value::as_str)
            .context("the token is not among the compiled contracts")?;
        let code = format!("{code}{}", constructor(symbol, decimals));
        let making = json!({"from": self.rich()?, "data": code, "gas": GAS});
        let receipt = self.done(&self.call("eth_sendTransaction", json!([making]))?)?;
        let made = receipt.get("contractAddress").and_then(Value::as_str);
        anyhow::ensure!(
            made.is_some_and(|made| made.eq_ignore_ascii_case(TOKEN)),
            "the token is at {made:?}"
        );
        Ok(())
    }

    /// Makes tokens for `to`, in a block.
    pub fn mint(&self, to: &str, units: u128) -> Result<()> {
        let data = format!("0x{MINT}{}{units:064x}", word(to));
        let call = json!({"from": self.rich()?, "to": TOKEN, "data": data, "gas": GAS});
        self.done(&self.call("eth_sendTransaction", json!([call]))?)
            .map(drop)
    }

    /// Sends ether to `to`, in a block.
    pub fn give(&self, to: &str, wei: u128) -> Result<()> {
        let payment = json!({"from": self.rich()?, "to": to, "value": format!("{wei:#x}")});
        self.done(&self.call("eth_sendTransaction", json!([payment]))?)
            .map(drop)
    }

    /// Mines blocks; what waits is in the first of them.
    pub fn mine(&self, blocks: u32) -> Result<()> {
        self.call("anvil_mine", json!([format!("{blocks:#x}")]))
            .map(drop)
    }

    /// Mines blocks that take nothing of what waits.
    pub fn mine_empty(&self, blocks: u32) -> Result<()> {
        let limit = |gas: u128| self.call("evm_setBlockGasLimit", json!([format!("{gas:#x}")]));
        limit(LESS_THAN_ANY_TRANSACTION)?;
        let mined = self.mine(blocks);
        limit(BLOCK_GAS)?;
        mined
    }

    /// Wei of an account.
    pub fn ether(&self, of: &str) -> Result<u128> {
        number(&self.call("eth_getBalance", json!([of, "latest"]))?)
    }

    /// Units of the token of an account.
    pub fn tokens(&self, of: &str) -> Result<u128> {
        let question = json!({"to": TOKEN, "data": format!("0x{BALANCE_OF}{}", word(of))});
        number(&self.call("eth_call", json!([question, "latest"]))?)
    }

    /// How many transactions of an account are in blocks.
    pub fn count(&self, of: &str) -> Result<u128> {
        number(&self.call("eth_getTransactionCount", json!([of, "latest"]))?)
    }

    /// The receipt of a transaction; none while it is in no block.
    pub fn receipt(&self, hash: &str) -> Result<Option<Value>> {
        let receipt = self.call("eth_getTransactionReceipt", json!([hash]))?;
        Ok(Some(receipt).filter(|receipt| !receipt.is_null()))
    }

    /// The receipt of a transaction that is in a block after this, and did what it says.
    fn done(&self, hash: &Value) -> Result<Value> {
        let hash = hash.as_str().context("no hash of a transaction")?;
        self.mine(1)?;
        let receipt = self.receipt(hash)?.context("it is in no block")?;
        let status = receipt.get("status").and_then(Value::as_str);
        anyhow::ensure!(status == Some("0x1"), "{hash} did not succeed");
        Ok(receipt)
    }

    /// An account that the chain starts with and signs for.
    fn rich(&self) -> Result<Value> {
        let accounts = self.call("eth_accounts", json!([]))?;
        accounts.get(0).cloned().context("no accounts")
    }

    /// One JSON-RPC call.
    fn call(&self, method: &str, params: Value) -> Result<Value> {
        let body =
            json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).to_string();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("the chain sent no answer")?;
        let answer: Value = serde_json::from_str(body.trim())
            .with_context(|| format!("the chain said {body:?}"))?;
        match (answer.get("error"), answer.get("result")) {
            (None | Some(Value::Null), Some(result)) => Ok(result.clone()),
            (error, _) => anyhow::bail!("the chain refuses {method}: {error:?}"),
        }
    }
}

impl Drop for Anvil {
    fn drop(&mut self) {
        // Its state is in its memory: nothing is lost that was to be kept.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A number from hexadecimal text, also of a whole 256-bit word.
pub(super) fn number(value: &Value) -> Result<u128> {
    let digits = value.as_str().and_then(|text| text.strip_prefix("0x"));
    let digits = digits.with_context(|| format!("{value} is no number"))?;
    let digits = digits.trim_start_matches('0');
    if digits.is_empty() {
        return Ok(0);
    }
    u128::from_str_radix(digits, 16).with_context(|| format!("{value} is no number"))
}

/// Name, symbol and decimals in the contract ABI's words; the symbol is the name as well.
fn constructor(symbol: &str, decimals: u8) -> String {
    let digits: String = symbol.bytes().map(|byte| format!("{byte:02x}")).collect();
    let text = format!("{:064x}{digits:0<64}", symbol.len());
    // Where the two texts begin: after these three words, and two words later.
    format!("{:064x}{:064x}{decimals:064x}{text}{text}", 0x60, 0xa0)
}

/// An address as a word of the contract ABI.
fn word(address: &str) -> String {
    let digits = address.trim_start_matches("0x").to_ascii_lowercase();
    format!("{digits:0>64}")
}
