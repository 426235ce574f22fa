//! A vault whose whole key the test knows, payouts from it, and honest plans for them.

use bitcoin::bip32::{ChildNumber, Xpriv, Xpub};
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{All, Keypair, Secp256k1};
use bitcoin::{OutPoint, ScriptBuf, Transaction, TxIn, TxOut, Txid, consensus};
use domain::act::{ChildPath, Planned, PlannedChange, PlannedInput, VaultKey};
use domain::roster::HexBytes;
use domain::{Amount, BtcAddress, Epoch, Leg, Network, Note, Payout, ProposalId, Sats, VaultId};
use plans::VaultView;

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
    /// The tweaked key of a child, from the private side and by another road than `plans`.
    pub fn keypair(&self, path: ChildPath) -> Keypair {
        let steps = [path.keychain(), path.index()];
        let steps = steps.map(|index| ChildNumber::from_normal_idx(index).unwrap());
        let child = self.root.derive_priv(&self.secp, &steps).unwrap();
        let internal = child.to_keypair(&self.secp);
        let tweak = bitcoin::TapTweakHash::from_key_and_tweak(internal.x_only_public_key().0, None);
        let tweaked = internal.add_xonly_tweak(&self.secp, &tweak.to_scalar());
        tweaked.unwrap()
    }

    pub fn script(&self, path: ChildPath) -> ScriptBuf {
        let key = self.keypair(path).x_only_public_key().0;
        let mut bytes = vec![0x51, 0x20];
        bytes.extend(key.serialize());
        ScriptBuf::from_bytes(bytes)
    }

    pub fn sign(&self, path: ChildPath, digest: [u8; 32]) -> [u8; 64] {
        let message = bitcoin::secp256k1::Message::from_digest(digest);
        let signature = self
            .secp
            .sign_schnorr_no_aux_rand(&message, &self.keypair(path));
        signature.serialize()
    }
}

pub fn sats(amount: u64) -> Sats {
    Sats::new(amount).unwrap()
}

/// How many satoshi an amount of bitcoin is.
pub fn satoshi(amount: Amount) -> u64 {
    match amount {
        Amount::Btc(sats) => sats.get(),
        Amount::Evm(..) => panic!("not bitcoin"),
    }
}

pub fn receive(index: u32) -> ChildPath {
    ChildPath::new(ChildPath::RECEIVE, index).unwrap()
}

pub fn change(index: u32) -> ChildPath {
    ChildPath::new(ChildPath::CHANGE, index).unwrap()
}

/// An address of somebody else.
pub fn stranger(seed: u8) -> BtcAddress {
    let other = vault(seed ^ 0xa5);
    let keys = other.view.keys().unwrap();
    keys.address_at(receive(0)).unwrap()
}

pub fn leg(seed: u8, amount: u64) -> Leg {
    Leg {
        payee: None,
        address: stranger(seed).into(),
        amount: Amount::Btc(sats(amount)),
    }
}

pub fn payout(vault: &Vault, legs: Vec<Leg>, fee_cap: u64) -> Payout {
    let memo = Note::new("").unwrap();
    Payout::new(vault.view.vault, legs, sats(fee_cap), memo).unwrap()
}

pub fn outpoint(seed: u8, vout: u32) -> OutPoint {
    let txid = Txid::from_byte_array([seed; 32]);
    OutPoint { txid, vout }
}

pub fn proposal() -> ProposalId {
    ProposalId::from_bytes([0x77; 32])
}

/// A plan in the making: the transaction beside its claims, so that a lie can be told in either.
#[derive(Clone, Debug)]
pub struct Drafted {
    pub tx: Transaction,
    pub inputs: Vec<PlannedInput>,
    pub change: Option<PlannedChange>,
}

impl Drafted {
    pub fn planned(&self) -> Planned {
        Planned {
            proposal: proposal(),
            version: 1,
            transaction: HexBytes(consensus::serialize(&self.tx)),
            inputs: self.inputs.clone(),
            change: self.change,
        }
    }
}

pub fn txin(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        sequence: bitcoin::Sequence::from_consensus(0xffff_fffd),
        ..TxIn::default()
    }
}

/// An honest plan: pays the legs from coins of these values, returns `rest` to the vault.
pub fn honest(vault: &Vault, payout: &Payout, coins: &[u64], rest: Option<u64>) -> Drafted {
    let mut output: Vec<TxOut> = payout
        .legs()
        .iter()
        .map(|leg| TxOut {
            value: bitcoin::Amount::from_sat(satoshi(leg.amount)),
            script_pubkey: leg.address.btc().unwrap().script_pubkey().to_owned(),
        })
        .collect();
    let place = u32::try_from(output.len()).unwrap();
    output.extend(rest.map(|rest| TxOut {
        value: bitcoin::Amount::from_sat(rest),
        script_pubkey: vault.script(change(7)),
    }));
    let numbers = 0_u8..;
    Drafted {
        tx: Transaction {
            version: bitcoin::transaction::Version(2),
            lock_time: bitcoin::absolute::LockTime::from_consensus(0),
            input: numbers
                .clone()
                .zip(coins)
                .map(|(number, _)| txin(outpoint(number + 1, number.into())))
                .collect(),
            output,
        },
        inputs: numbers
            .zip(coins)
            .map(|(number, value)| PlannedInput {
                value: sats(*value),
                path: if number % 2 == 0 {
                    receive(number.into())
                } else {
                    change(number.into())
                },
            })
            .collect(),
        change: rest.map(|_| PlannedChange {
            output: place,
            path: change(7),
        }),
    }
}
