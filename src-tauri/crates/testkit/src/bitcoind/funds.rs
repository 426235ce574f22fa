//! The miner's coins, spent without a wallet.

use super::Bitcoind;
use crate::locked;
use anyhow::{Context as _, Result};
use bitcoin::{
    Address, Amount, CompressedPublicKey, EcdsaSighashType, Network, OutPoint, PrivateKey,
    ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute, ecdsa,
    secp256k1::{All, Message, Secp256k1, SecretKey},
    sighash::SighashCache,
    transaction,
};
use serde_json::{Value, json};
use std::sync::Mutex;

const COINBASE_MATURITY: u64 = 100;
/// Less than this is left to the fee.
const SMALLEST_CHANGE: Amount = Amount::from_sat(10_000);
/// Two satoshi a virtual byte, on sizes rounded up.
const FEE_BASE: u64 = 2 * 12;
const FEE_INPUT: u64 = 2 * 69;
const FEE_OUTPUT: u64 = 2 * 43;

/// The key that mining pays.
pub struct Miner {
    curve: Secp256k1<All>,
    key: PrivateKey,
    public: CompressedPublicKey,
    address: Address,
    /// Change that is not in a block yet; a scan of the chain does not find it.
    change: Mutex<Vec<Coin>>,
}

#[derive(Clone, Copy)]
struct Coin {
    outpoint: OutPoint,
    value: Amount,
}

impl Miner {
    pub fn new() -> Result<Self> {
        let curve = Secp256k1::new();
        let key = PrivateKey::new(SecretKey::from_slice(&[0x42; 32])?, Network::Regtest);
        let public = CompressedPublicKey::from_private_key(&curve, &key)?;
        let address = Address::p2wpkh(&public, Network::Regtest);
        Ok(Self {
            curve,
            key,
            public,
            address,
            change: Mutex::new(Vec::new()),
        })
    }

    pub fn address(&self) -> &Address {
        &self.address
    }

    /// A signed transaction that makes these outputs, in this order, and change after them.
    pub fn pay(&self, node: &Bitcoind, outputs: &[(ScriptBuf, Amount)]) -> Result<Transaction> {
        // Held throughout: two threads must not choose the same coins.
        let mut change = locked(&self.change);
        let mut wanted = Amount::ZERO;
        for (_, amount) in outputs {
            wanted = wanted
                .checked_add(*amount)
                .context("more coins than there can be")?;
        }
        let (coins, total, fee) = self.choose(node, &change, wanted, outputs.len())?;
        let mut output: Vec<TxOut> = outputs
            .iter()
            .map(|(script_pubkey, value)| TxOut {
                value: *value,
                script_pubkey: script_pubkey.clone(),
            })
            .collect();
        let left = total
            .checked_sub(wanted)
            .and_then(|left| left.checked_sub(fee));
        let left = left.filter(|left| *left >= SMALLEST_CHANGE);
        if let Some(value) = left {
            output.push(TxOut {
                value,
                script_pubkey: self.address.script_pubkey(),
            });
        }
        let input = coins.iter().map(|coin| TxIn {
            previous_output: coin.outpoint,
            sequence: Sequence::ENABLE_RBF_NO_LOCKTIME,
            ..TxIn::default()
        });
        let mut transaction = Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: input.collect(),
            output,
        };
        self.sign(&mut transaction, &coins)?;
        change.retain(|coin| !coins.iter().any(|spent| spent.outpoint == coin.outpoint));
        if let Some(value) = left {
            let vout = u32::try_from(outputs.len())?;
            let outpoint = OutPoint {
                txid: transaction.compute_txid(),
                vout,
            };
            change.push(Coin { outpoint, value });
        }
        Ok(transaction)
    }

    fn choose(
        &self,
        node: &Bitcoind,
        change: &[Coin],
        wanted: Amount,
        outputs: usize,
    ) -> Result<(Vec<Coin>, Amount, Amount)> {
        let mut chosen = Vec::new();
        let mut total = Amount::ZERO;
        let mut fee =
            FEE_BASE.saturating_add(FEE_OUTPUT.saturating_mul(u64::try_from(outputs)? + 1));
        let in_blocks = self.coins_in_blocks(node)?;
        let fresh: Vec<Coin> = change
            .iter()
            .filter(|coin| {
                !in_blocks
                    .iter()
                    .any(|other| other.outpoint == coin.outpoint)
            })
            .copied()
            .collect();
        for coin in in_blocks.into_iter().chain(fresh) {
            if !is_unspent(node, coin.outpoint)? {
                continue;
            }
            chosen.push(coin);
            total = total
                .checked_add(coin.value)
                .context("more coins than there can be")?;
            fee = fee.saturating_add(FEE_INPUT);
            let needed = wanted
                .checked_add(Amount::from_sat(fee))
                .context("too many coins")?;
            if total >= needed {
                return Ok((chosen, total, Amount::from_sat(fee)));
            }
        }
        anyhow::bail!("the miner has {total}, not {wanted}: mine more blocks first")
    }

    fn coins_in_blocks(&self, node: &Bitcoind) -> Result<Vec<Coin>> {
        let what = json!([format!("addr({})", self.address)]);
        let found: Value = node.call("scantxoutset", &[json!("start"), what])?;
        let tip = found
            .get("height")
            .and_then(Value::as_u64)
            .context("no height")?;
        let mut coins = Vec::new();
        for coin in found
            .get("unspents")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let text = |name: &str| coin.get(name).and_then(Value::as_str);
            let number = |name: &str| coin.get(name).and_then(Value::as_u64);
            let height = number("height").context("no height of the coin")?;
            let is_coinbase = coin
                .get("coinbase")
                .and_then(Value::as_bool)
                .unwrap_or(true);
            if is_coinbase && tip < height.saturating_add(COINBASE_MATURITY) {
                continue;
            }
            let txid = text("txid").context("no id of the coin")?.parse()?;
            let vout = u32::try_from(number("vout").context("no index of the coin")?)?;
            let value = coin
                .get("amount")
                .and_then(Value::as_f64)
                .context("no amount")?;
            let outpoint = OutPoint { txid, vout };
            coins.push(Coin {
                outpoint,
                value: Amount::from_btc(value)?,
            });
        }
        Ok(coins)
    }

    fn sign(&self, transaction: &mut Transaction, coins: &[Coin]) -> Result<()> {
        let script = self.address.script_pubkey();
        let mut cache = SighashCache::new(&mut *transaction);
        let mut witnesses = Vec::new();
        for (index, coin) in coins.iter().enumerate() {
            let kind = EcdsaSighashType::All;
            let hash = cache.p2wpkh_signature_hash(index, &script, coin.value, kind)?;
            let signature = self.curve.sign_ecdsa(&Message::from(hash), &self.key.inner);
            let signature = ecdsa::Signature {
                signature,
                sighash_type: kind,
            };
            witnesses.push(Witness::p2wpkh(&signature, &self.public.0));
        }
        for (input, witness) in transaction.input.iter_mut().zip(witnesses) {
            input.witness = witness;
        }
        Ok(())
    }
}

/// Neither a block nor the mempool spends it.
fn is_unspent(node: &Bitcoind, outpoint: OutPoint) -> Result<bool> {
    let arguments = [json!(outpoint.txid), json!(outpoint.vout), json!(true)];
    Ok(node
        .call::<Option<Value>>("gettxout", &arguments)?
        .is_some())
}
