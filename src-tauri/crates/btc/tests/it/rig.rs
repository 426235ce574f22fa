//! A node, a wallet on it, and a vault whose key the test knows.

use std::collections::BTreeSet;

use bitcoin::bip32::{ChildNumber, Xpriv, Xpub};
use bitcoin::hashes::Hash;
use bitcoin::key::TapTweak;
use bitcoin::secp256k1::{All, Message, Secp256k1};
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::{OutPoint, ScriptBuf, Transaction, TxOut, Witness, consensus};
use btc::{
    BuildError, Cancel, Candidate, Node, NodeAuth, NodeConfig, RpcPassword, SyncEnd, SyncReport,
    Wallet, WalletDb,
};
use domain::act::{ChildPath, PlannedInput, VaultKey};
use domain::roster::HexBytes;
use domain::{
    Amount, BtcAddress, Epoch, FeeRate, Leg, Network, Note, Payout, Sats, Timestamp, VaultId,
};
use plans::VaultView;
use testkit::bitcoind::Bitcoind;
use testkit::proxy::Proxy;

pub struct Vault {
    pub secp: Secp256k1<All>,
    pub root: Xpriv,
    pub view: VaultView,
}

pub fn vault(seed: u8) -> Vault {
    let secp = Secp256k1::new();
    let root = Xpriv::new_master(bitcoin::Network::Regtest, &[seed; 32]).unwrap();
    let public = Xpub::from_priv(&secp, &root);
    let view = VaultView {
        vault: VaultId::from_bytes([seed; 32]),
        network: Network::Regtest,
        key: VaultKey {
            epoch: Epoch::FIRST,
            threshold: 2,
            group: HexBytes(public.public_key.serialize().into()),
            chain_code: HexBytes(public.chain_code.to_bytes().into()),
            verifying_shares: Vec::new(),
        },
    };
    Vault { secp, root, view }
}

impl Vault {
    fn script(&self, path: ChildPath) -> ScriptBuf {
        self.view.keys().unwrap().script_at(path).unwrap()
    }

    /// Signs every input as the seats would together.
    pub fn sign(&self, tx: &Transaction, inputs: &[PlannedInput]) -> Transaction {
        let prevouts: Vec<TxOut> = inputs
            .iter()
            .map(|input| TxOut {
                value: bitcoin::Amount::from_sat(input.value.get()),
                script_pubkey: self.script(input.path),
            })
            .collect();
        let mut signed = tx.clone();
        let mut cache = SighashCache::new(tx);
        for (index, input) in inputs.iter().enumerate() {
            let all = Prevouts::All(&prevouts);
            let hash = cache
                .taproot_key_spend_signature_hash(index, &all, TapSighashType::Default)
                .unwrap();
            let steps = [input.path.keychain(), input.path.index()];
            let steps = steps.map(|index| ChildNumber::from_normal_idx(index).unwrap());
            let child = self.root.derive_priv(&self.secp, &steps).unwrap();
            let key = child.to_keypair(&self.secp).tap_tweak(&self.secp, None);
            let message = Message::from_digest(hash.to_byte_array());
            let signature = self
                .secp
                .sign_schnorr_no_aux_rand(&message, &key.to_keypair());
            signed.input[index].witness = Witness::from_slice(&[signature.serialize()]);
        }
        signed
    }

    pub fn sign_candidate(&self, candidate: &Candidate) -> Transaction {
        self.sign(&decoded(candidate), &candidate.inputs)
    }
}

pub fn decoded(candidate: &Candidate) -> Transaction {
    consensus::deserialize(&candidate.transaction.0).unwrap()
}

pub fn sats(amount: u64) -> Sats {
    Sats::new(amount).unwrap()
}

/// An address of somebody else.
pub fn stranger(seed: u8) -> BtcAddress {
    let path = ChildPath::new(ChildPath::RECEIVE, 0).unwrap();
    let keys = vault(seed ^ 0xa5).view.keys().unwrap();
    keys.address_at(path).unwrap()
}

pub fn payout(vault: &Vault, legs: &[(u8, u64)], fee_cap: u64) -> Payout {
    let legs = legs.iter().map(|(seed, amount)| Leg {
        payee: None,
        address: stranger(*seed).into(),
        amount: Amount::Btc(sats(*amount)),
    });
    let memo = Note::new("").unwrap();
    Payout::new(vault.view.vault, legs.collect(), sats(fee_cap), memo).unwrap()
}

pub fn auth(node: &Bitcoind) -> NodeAuth {
    NodeAuth::UserPass {
        user: node.user().to_owned(),
        password: RpcPassword::new(node.password().to_owned()),
    }
}

/// A time before every block of these chains.
pub fn birthday() -> Timestamp {
    Timestamp::EARLIEST
}

pub const RATE: FeeRate = FeeRate::from_sat_per_vb(5);

/// A node behind a proxy, and a wallet that speaks to the proxy.
pub struct Rig {
    pub wallet: Wallet,
    pub vault: Vault,
    pub db: WalletDb,
    pub proxy: Proxy,
    pub bitcoind: Bitcoind,
    pub home: tempfile::TempDir,
}

impl Rig {
    pub async fn start() -> Self {
        Self::with_birthday(birthday()).await
    }

    pub async fn with_birthday(birthday: Timestamp) -> Self {
        let bitcoind = Bitcoind::start().unwrap();
        let proxy = Proxy::start(bitcoind.port()).unwrap();
        let home = tempfile::tempdir().unwrap();
        let db = WalletDb::open(&home.path().join("wallets.sqlite"))
            .await
            .unwrap();
        let vault = vault(1);
        let node = node_at(proxy.url(), auth(&bitcoind));
        let wallet = Wallet::open(&db, node, vault.view.clone(), birthday)
            .await
            .unwrap();
        Self {
            wallet,
            vault,
            db,
            proxy,
            bitcoind,
            home,
        }
    }

    /// The same wallet as after a restart of the program.
    pub async fn reopened(&self) -> Wallet {
        let node = node_at(self.proxy.url(), auth(&self.bitcoind));
        let view = self.vault.view.clone();
        Wallet::open(&self.db, node, view, birthday())
            .await
            .unwrap()
    }

    pub async fn sync(&self) -> SyncReport {
        let report = self.wallet.sync(&mut |_| {}, &Cancel::new()).await.unwrap();
        assert_eq!(report.end, SyncEnd::AtTip);
        assert_eq!(report.tip.hash, self.bitcoind.tip().unwrap());
        report
    }

    /// Coins of these values, each in its own block and on its own address, and known to the wallet.
    pub async fn fund(&self, coins: &[u64]) -> Vec<OutPoint> {
        let mut outpoints = Vec::new();
        for coin in coins {
            let (_, address) = self.wallet.receive_address().await.unwrap();
            outpoints.push(self.bitcoind.fund(address.as_str(), *coin).unwrap());
        }
        self.sync().await;
        outpoints
    }

    pub async fn build(&self, payout: &Payout) -> Result<Candidate, BuildError> {
        self.wallet
            .build(payout, RATE, &BTreeSet::new(), None, 1)
            .await
    }

    /// Builds, signs and sends; gives the candidate and the signed transaction.
    pub async fn pay(&self, payout: &Payout) -> (Candidate, Transaction) {
        let candidate = self.build(payout).await.unwrap();
        let signed = self.vault.sign_candidate(&candidate);
        let txid = self.wallet.broadcast(&signed).await.unwrap();
        assert_eq!(txid, signed.compute_txid());
        (candidate, signed)
    }
}

pub fn node_at(url: String, auth: NodeAuth) -> Node {
    Node::new(NodeConfig::new(url, auth).unwrap(), Network::Regtest)
}
