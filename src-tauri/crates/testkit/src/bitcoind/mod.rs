//! A private regtest node. It has no wallet: coins come from a miner key kept here.

mod funds;

use crate::{
    leash::{Leash, wait_for},
    locked, programs,
};
use anyhow::{Context as _, Result};
use bdk_bitcoind_rpc::bitcoincore_rpc::{Auth, Client, RpcApi as _};
use bitcoin::{Address, BlockHash, Network, Transaction, Txid, consensus::encode};
use funds::Miner;
use rand::{Rng as _, RngCore as _, rngs::OsRng};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    ffi::OsStr,
    fs,
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// Enough for ten coinbases that can be spent.
const FIRST_BLOCKS: u64 = 110;
const READY: Duration = Duration::from_secs(60);
const ENDED: Duration = Duration::from_secs(30);

/// A running node, killed when dropped or when this process dies.
pub struct Bitcoind {
    directory: PathBuf,
    temporary: bool,
    port: u16,
    user: String,
    password: String,
    client: Client,
    process: Mutex<Option<Leash>>,
    miner: Miner,
    /// A block was invalidated: the next one must differ from it.
    reorganised: AtomicBool,
}

impl Bitcoind {
    /// Starts a node with a fresh chain of 110 blocks, in a directory that goes with it.
    pub fn start() -> Result<Self> {
        let mut node = Self::start_in(&programs::fresh_directory("bitcoind"))?;
        node.temporary = true;
        Ok(node)
    }

    /// Starts a node in `directory`, going on with the chain that is there.
    pub fn start_in(directory: &Path) -> Result<Self> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make `{}`", directory.display()))?;
        let directory = directory.canonicalize()?;
        let (user, password) = (format!("user{:08x}", OsRng.next_u32()), random_hex());
        // Another process may take the free port before the node does.
        let mut last = None;
        for _ in 0..3 {
            let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
            write_configuration(&directory, port, &user, &password)?;
            let auth = Auth::UserPass(user.clone(), password.clone());
            let node = Self {
                directory: directory.clone(),
                temporary: false,
                port,
                user: user.clone(),
                password: password.clone(),
                client: Client::new(&format!("http://127.0.0.1:{port}"), auth)?,
                process: Mutex::new(None),
                miner: Miner::new()?,
                reorganised: AtomicBool::new(false),
            };
            match node.resume_chain() {
                Ok(()) => return Ok(node),
                Err(error) => last = Some(error),
            }
        }
        Err(last.unwrap_or_else(|| anyhow::anyhow!("not tried")))
            .context("the node did not start, three times")
    }

    fn resume_chain(&self) -> Result<()> {
        self.start_again()?;
        let height = self.height()?;
        if height < FIRST_BLOCKS {
            self.mine(usize::try_from(FIRST_BLOCKS - height)?)?;
        }
        Ok(())
    }

    /// Where its RPC listens, without credentials.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port of its RPC.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The RPC user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The RPC password.
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Its data directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Calls any RPC method.
    pub fn call<T: DeserializeOwned>(&self, method: &str, arguments: &[Value]) -> Result<T> {
        self.client
            .call(method, arguments)
            .with_context(|| format!("node: {method}"))
    }

    /// The height of the best chain.
    pub fn height(&self) -> Result<u64> {
        self.call("getblockcount", &[])
    }

    /// The best block.
    pub fn tip(&self) -> Result<BlockHash> {
        self.call("getbestblockhash", &[])
    }

    /// Mines blocks, with whatever is in the mempool, for the miner.
    pub fn mine(&self, count: usize) -> Result<Vec<BlockHash>> {
        if count > 0 && self.reorganised.swap(false, Ordering::Relaxed) {
            let mut blocks = self.mine_to(&throwaway_address(), 1)?;
            blocks.extend(self.mine_to(self.miner.address(), count - 1)?);
            return Ok(blocks);
        }
        self.mine_to(self.miner.address(), count)
    }

    /// Mines blocks for `address`.
    pub fn mine_to(&self, address: &Address, count: usize) -> Result<Vec<BlockHash>> {
        self.call(
            "generatetoaddress",
            &[json!(count), json!(address.to_string())],
        )
    }

    /// Mines blocks without any transaction: what is in the mempool stays there.
    pub fn mine_empty(&self, count: usize) -> Result<Vec<BlockHash>> {
        (0..count).map(|_| self.mine_exactly(&[])).collect()
    }

    /// Mines one block with these transactions and no others. A transaction that conflicts with one
    /// in the mempool replaces it.
    pub fn mine_exactly(&self, transactions: &[Transaction]) -> Result<BlockHash> {
        let raw: Vec<String> = transactions.iter().map(encode::serialize_hex).collect();
        let block: Value = self.call(
            "generateblock",
            &[json!(throwaway_address().to_string()), json!(raw)],
        )?;
        let hash = block
            .get("hash")
            .and_then(Value::as_str)
            .context("no hash of the block")?;
        Ok(hash.parse()?)
    }

    /// Takes the best `count` blocks off the chain; their transactions go back to the mempool.
    pub fn invalidate(&self, count: u64) -> Result<()> {
        let first = self
            .height()?
            .checked_sub(count)
            .context("fewer blocks than that")?
            + 1;
        let block: BlockHash = self.call("getblockhash", &[json!(first)])?;
        self.reorganised.store(true, Ordering::Relaxed);
        self.call("invalidateblock", &[json!(block)])
    }

    /// Takes the best block off the chain.
    pub fn invalidate_tip(&self) -> Result<()> {
        self.invalidate(1)
    }

    /// Sends coins to `address` and mines a block.
    pub fn fund(&self, address: &str, sats: u64) -> Result<bitcoin::OutPoint> {
        let outpoint = self.send(address, sats)?;
        self.mine(1)?;
        Ok(outpoint)
    }

    /// Sends coins to `address`; they wait in the mempool.
    pub fn send(&self, address: &str, sats: u64) -> Result<bitcoin::OutPoint> {
        let outpoints = self.send_many(&[(address.to_owned(), sats)])?;
        outpoints.into_iter().next().context("no output")
    }

    /// Sends coins to many addresses in one transaction, which waits in the mempool. Outputs are in
    /// the order given.
    pub fn send_many(&self, payments: &[(String, u64)]) -> Result<Vec<bitcoin::OutPoint>> {
        let outputs = payments.iter().map(|(address, sats)| {
            let address = address
                .parse::<Address<_>>()?
                .require_network(Network::Regtest)?;
            Ok((address.script_pubkey(), bitcoin::Amount::from_sat(*sats)))
        });
        let transaction = self
            .miner
            .pay(self, &outputs.collect::<Result<Vec<_>>>()?)?;
        let raw = encode::serialize_hex(&transaction);
        let txid: Txid = self.call("sendrawtransaction", &[json!(raw)])?;
        Ok((0..)
            .take(payments.len())
            .map(|vout| bitcoin::OutPoint { txid, vout })
            .collect())
    }

    /// Starts the node again after it was stopped, on the same port and chain.
    pub fn start_again(&self) -> Result<()> {
        let configuration = format!("-conf={}", self.directory.join("bitcoin.conf").display());
        let data = format!("-datadir={}", self.directory.display());
        let program = programs::find("COUNTERSIGN_BITCOIND", "bitcoind")?;
        let mut leash = Leash::start(
            program.as_os_str(),
            &[OsStr::new(&configuration), OsStr::new(&data)],
            &[],
            Path::new("/dev/null"),
            &self.directory.join("output.log"),
        )?;
        wait_for("the node's RPC", READY, || {
            let said = || fs::read_to_string(self.directory.join("output.log")).unwrap_or_default();
            anyhow::ensure!(
                leash.is_alive(),
                "`{}` ended: {}",
                program.display(),
                said().trim()
            );
            // A block mined before the mempool is read back would leave out what waits there.
            let mempool: Result<Value> = self.call("getmempoolinfo", &[]);
            let read = mempool.is_ok_and(|info| info.get("loaded") == Some(&Value::Bool(true)));
            Ok(read.then_some(()))
        })?;
        *locked(&self.process) = Some(leash);
        Ok(())
    }

    /// Stops the node in an orderly way and waits until it is gone.
    pub fn stop(&self) -> Result<()> {
        let mut process = locked(&self.process);
        if let Some(mut leash) = process.take() {
            self.call::<Value>("stop", &[])?;
            leash.wait(ENDED);
        }
        Ok(())
    }

    /// Kills the node, as a power failure would.
    pub fn kill(&self) {
        drop(locked(&self.process).take());
    }

    /// Stops and starts it.
    pub fn restart(&self) -> Result<()> {
        self.stop()?;
        self.start_again()
    }

    /// Freezes the node: connections are accepted, and nothing is answered.
    pub fn pause(&self) -> Result<()> {
        self.signal("STOP")
    }

    /// Ends a pause.
    pub fn resume(&self) -> Result<()> {
        self.signal("CONT")
    }

    fn signal(&self, signal: &str) -> Result<()> {
        let pid = fs::read_to_string(self.directory.join("regtest/bitcoind.pid"))
            .context("the node does not run")?;
        let status = Command::new("kill")
            .args(["-s", signal, pid.trim()])
            .status()?;
        anyhow::ensure!(status.success(), "cannot signal the node: {status}");
        Ok(())
    }
}

impl Drop for Bitcoind {
    fn drop(&mut self) {
        self.kill();
        if self.temporary {
            let _ = fs::remove_dir_all(&self.directory);
        }
    }
}

impl std::fmt::Debug for Bitcoind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bitcoind")
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

fn write_configuration(directory: &Path, port: u16, user: &str, password: &str) -> Result<()> {
    let path = directory.join("bitcoin.conf");
    fs::write(
        &path,
        format!(
            "regtest=1\n[regtest]\nserver=1\nrpcbind=127.0.0.1\nrpcallowip=127.0.0.1\n\
             rpcport={port}\nrpcuser={user}\nrpcpassword={password}\nrpcthreads=8\n\
             connect=0\nlisten=0\ndnsseed=0\nacceptnonstdtxn=0\ntxindex=0\nblockfilterindex=0\n\
             dbcache=16\npar=1\nprinttoconsole=0\n"
        ),
    )?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn random_hex() -> String {
    hex::encode(OsRng.r#gen::<[u8; 32]>())
}

/// An address whose key nobody has, so that a block differs from every other.
fn throwaway_address() -> Address {
    loop {
        // Not every 33 bytes are a point of the curve; half of them are.
        let mut bytes = [0x02; 33];
        OsRng.fill_bytes(bytes.split_at_mut(1).1);
        if let Ok(key) = bitcoin::CompressedPublicKey::from_slice(&bytes) {
            return Address::p2wpkh(&key, Network::Regtest);
        }
    }
}
