//! The demo's Bitcoin node: a private chain whose blocks are made on demand.

use anyhow::{Context as _, Result};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// Where the demo mines to when it does not mine to the vault.
const NOBODY: &str = "bcrt1qx3uaw9cfjvy3xxtkmvw7rrtv79yz4yf4hnvhvk";

/// A running regtest node; ends with this process.
pub struct Node {
    child: Child,
    pub port: u16,
    pub user: String,
    pub password: String,
}

impl Node {
    /// Starts it and waits until it answers.
    pub fn start(program: &Path, directory: &Path) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let (user, password) = ("demo".to_owned(), random_text()?);
        let child = Command::new("setpriv")
            .args(["--pdeathsig", "TERM", "--"])
            .arg(program)
            .args([
                "-regtest",
                "-server=1",
                "-listen=0",
                "-dnsseed=0",
                "-natpmp=0",
                "-printtoconsole=0",
            ])
            .args([
                "-acceptnonstdtxn=0",
                "-rpcbind=127.0.0.1",
                "-rpcallowip=127.0.0.1",
            ])
            .args([
                format!("-rpcport={port}"),
                format!("-rpcuser={user}"),
                format!("-rpcpassword={password}"),
            ])
            .arg(format!("-datadir={}", directory.display()))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {}", program.display()))?;
        let node = Self {
            child,
            port,
            user,
            password,
        };
        let deadline = Instant::now() + Duration::from_secs(60);
        while node.call("getblockcount", json!([])).is_err() {
            anyhow::ensure!(
                Instant::now() < deadline,
                "the Bitcoin node does not answer"
            );
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(node)
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Mines blocks that pay an address.
    pub fn mine_to(&self, address: &str, blocks: u32) -> Result<()> {
        self.call("generatetoaddress", json!([blocks, address]))
            .map(drop)
    }

    /// Mines blocks that pay nobody of the treasury.
    pub fn mine(&self, blocks: u32) -> Result<()> {
        self.mine_to(NOBODY, blocks)
    }

    /// What a transaction's outputs pay, as the node shows it: address and amount.
    pub fn outputs(&self, txid: &str, confirmations: u32) -> Result<Vec<(String, String)>> {
        let height = self
            .call("getblockcount", json!([]))?
            .as_u64()
            .context("no height")?;
        let inside = height.saturating_sub(u64::from(confirmations.saturating_sub(1)));
        let block = self.call("getblockhash", json!([inside]))?;
        let shown = self.call("getrawtransaction", json!([txid, 1, block]))?;
        let outputs = shown
            .get("vout")
            .and_then(Value::as_array)
            .context("no outputs")?;
        Ok(outputs
            .iter()
            .map(|output| {
                let address = output
                    .pointer("/scriptPubKey/address")
                    .and_then(Value::as_str)
                    .unwrap_or("?");
                let value = output
                    .get("value")
                    .map(ToString::to_string)
                    .unwrap_or_default();
                (address.to_owned(), value)
            })
            .collect())
    }

    /// One JSON-RPC call.
    pub fn call(&self, method: &str, params: Value) -> Result<Value> {
        let body =
            json!({"jsonrpc": "1.0", "id": "demo", "method": method, "params": params}).to_string();
        let login = STANDARD.encode(format!("{}:{}", self.user, self.password));
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        write!(
            stream,
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let (_, body) = answer
            .split_once("\r\n\r\n")
            .context("the node sent no answer")?;
        let answer: Value =
            serde_json::from_str(body.trim()).with_context(|| format!("the node said {body:?}"))?;
        match (answer.get("error"), answer.get("result")) {
            (None | Some(Value::Null), Some(result)) => Ok(result.clone()),
            (error, _) => anyhow::bail!("the node refuses {method}: {error:?}"),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.call("stop", json!([]));
        let deadline = Instant::now() + Duration::from_secs(20);
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > deadline {
                let _ = self.child.kill();
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

fn random_text() -> Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
