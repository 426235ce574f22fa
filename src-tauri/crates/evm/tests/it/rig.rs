//! An anvil of its own for each test, and accounts that sign for it.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use alloy::consensus::{SignableTransaction, TxEip1559, TxEnvelope};
use alloy::eips::eip2718::Encodable2718;
use alloy::transports::http::reqwest;
use alloy_primitives::{Signature, TxKind, U256, keccak256};
use domain::{ChainId, Coin, EvmAddress, Symbol};
use evm::{Call, Candidate, FeeBounds, Fees, Node, NodeConfig, TxHash, Watched};
use k256::ecdsa::SigningKey;
use serde_json::{Value, json};

pub const CHAIN: u64 = 31_337;
pub const GWEI: u128 = 1_000_000_000;
const TOKEN_CODE: &str = include_str!("../../contract/TestToken.hex");

/// A running anvil that mines when it is told to; ends with the test.
pub struct Anvil {
    child: Child,
    pub url: String,
    http: reqwest::Client,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn chain() -> ChainId {
    ChainId::new(CHAIN).unwrap()
}

pub fn address(bytes: [u8; 20]) -> EvmAddress {
    EvmAddress::from_bytes(bytes, chain()).unwrap()
}

/// An address that nobody has the key of.
pub fn stranger(number: u32) -> EvmAddress {
    address(keccak256(number.to_be_bytes())[12..].try_into().unwrap())
}

pub fn ether(units: u64) -> U256 {
    U256::from(units) * U256::from(10u64.pow(18))
}

pub fn native() -> Coin {
    Coin::new(chain(), None, Symbol::new("ETH").unwrap(), 18).unwrap()
}

pub fn token_at(contract: EvmAddress, symbol: &str) -> Coin {
    Coin::new(chain(), Some(contract), Symbol::new(symbol).unwrap(), 6).unwrap()
}

pub fn at(url: &str) -> Node {
    let config = NodeConfig::new(url).unwrap();
    Node::connect(config.patience(Duration::from_secs(60)), chain()).unwrap()
}

impl Anvil {
    pub async fn start() -> Self {
        let program = std::env::var_os("COUNTERSIGN_ANVIL")
            .expect("set COUNTERSIGN_ANVIL to the anvil program; these tests run on a real node");
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new(&program)
            .args(["--port", &port.to_string(), "--silent", "--no-mining"])
            .args(["--chain-id", &CHAIN.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("COUNTERSIGN_ANVIL={program:?}: {error}"));
        let anvil = Self {
            child,
            url: format!("http://127.0.0.1:{port}"),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
        };
        for _ in 0..600 {
            if anvil.node().check_chain().await.is_ok() {
                return anvil;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("anvil does not answer within 30 s");
    }

    pub fn node(&self) -> Node {
        at(&self.url)
    }

    /// Asks anvil directly.
    pub async fn rpc(&self, method: &str, params: Value) -> Value {
        let body = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
        let sent = self.http.post(&self.url).body(body.to_string());
        let sent = sent.header("content-type", "application/json").send();
        let answer: Value =
            serde_json::from_slice(&sent.await.unwrap().bytes().await.unwrap()).unwrap();
        assert!(answer.get("error").is_none(), "{method}: {answer}");
        answer["result"].clone()
    }

    pub async fn mine(&self, blocks: u64) {
        self.rpc("anvil_mine", json!([format!("{blocks:#x}")]))
            .await;
    }

    pub async fn fund(&self, account: &EvmAddress, units: U256) {
        let params = json!([account.to_string(), units]);
        self.rpc("anvil_setBalance", params).await;
    }

    pub async fn place(&self, code: &str, contract: &EvmAddress) {
        let params = json!([contract.to_string(), format!("0x{}", code.trim())]);
        self.rpc("anvil_setCode", params).await;
    }

    /// The test token, with so many base units for an account.
    pub async fn token(&self, holders: &[(EvmAddress, u64)]) -> Coin {
        let contract = address([0x11; 20]);
        self.place(TOKEN_CODE, &contract).await;
        let minter = self.rpc("eth_accounts", json!([])).await[0].clone();
        for (holder, units) in holders {
            let data = format!(
                "0x40c10f19{:0>64}{units:064x}",
                hex::encode(holder.as_bytes())
            );
            let call = json!({"from": minter, "to": contract.to_string(), "data": data});
            self.rpc("eth_sendTransaction", json!([call])).await;
        }
        self.mine(1).await;
        token_at(contract, "TUSD")
    }

    /// A funded account.
    pub async fn account(&self, name: &str) -> Account {
        let account = Account::named(name);
        self.fund(&account.address, ether(1000)).await;
        account
    }
}

/// Stands in for the vault: signs digests.
pub struct Account {
    key: SigningKey,
    pub address: EvmAddress,
}

impl Account {
    pub fn named(name: &str) -> Self {
        let key = SigningKey::from_slice(keccak256(name).as_slice()).unwrap();
        let point = key.verifying_key().to_encoded_point(false);
        let point: &[u8; 64] = point.as_bytes()[1..].try_into().unwrap();
        let address = EvmAddress::of_public_key(point, chain()).unwrap();
        Self { key, address }
    }

    /// Signs the candidate's own bytes, which are read back as what they say.
    pub fn sign(&self, candidate: &Candidate) -> Vec<u8> {
        let digest = keccak256(candidate.unsigned().unwrap());
        let (signature, parity) = self
            .key
            .sign_prehash_recoverable(digest.as_slice())
            .unwrap();
        let signature = Signature::from_signature_and_parity(signature, parity.is_y_odd());
        let transaction = TxEip1559 {
            chain_id: candidate.chain.get(),
            nonce: candidate.nonce,
            gas_limit: candidate.gas_limit,
            max_fee_per_gas: candidate.fees.max_fee_per_gas,
            max_priority_fee_per_gas: candidate.fees.max_priority_fee_per_gas,
            to: TxKind::Call(candidate.call.to.as_bytes().into()),
            value: candidate.call.value,
            access_list: Default::default(),
            input: candidate.call.data.clone().into(),
        };
        assert_eq!(transaction.signature_hash(), digest);
        TxEnvelope::Eip1559(transaction.into_signed(signature)).encoded_2718()
    }

    pub fn watched(&self, candidate: &Candidate) -> (Vec<u8>, Watched) {
        let bytes = self.sign(candidate);
        let watched = Watched::of_signed(&bytes, chain()).unwrap();
        assert_eq!(
            (watched.from, watched.nonce),
            (self.address, candidate.nonce)
        );
        (bytes, watched)
    }
}

pub const fn fees(max_fee: u128, tip: u128) -> Fees {
    Fees {
        max_fee_per_gas: max_fee,
        max_priority_fee_per_gas: tip,
    }
}

/// A plain payment of some wei.
pub fn plain(nonce: u64, wei: u64) -> Candidate {
    Candidate {
        chain: chain(),
        nonce,
        fees: fees(20 * GWEI, GWEI),
        gas_limit: 21_000,
        call: Call::payment(&native(), &stranger(0), U256::from(wei)).unwrap(),
    }
}

/// A payment as the driver builds it: everything asked of the node.
pub async fn build(
    node: &Node,
    from: &Account,
    coin: &Coin,
    to: &EvmAddress,
    units: U256,
) -> Candidate {
    let call = Call::payment(coin, to, units).unwrap();
    let nonces = node.nonces(&from.address).await.unwrap();
    let bounds = FeeBounds::up_to(500 * GWEI);
    Candidate {
        chain: node.chain(),
        nonce: nonces.pending,
        fees: node.estimate_fees(bounds).await.unwrap(),
        gas_limit: node.gas_limit(&from.address, &call).await.unwrap(),
        call,
    }
}

/// Sends a signed payment and waits for nothing.
pub async fn sent(node: &Node, from: &Account, candidate: &Candidate) -> Watched {
    let (bytes, watched) = from.watched(candidate);
    let hash: TxHash = node.send(&bytes).await.unwrap();
    assert_eq!(hash, watched.hash);
    watched
}
