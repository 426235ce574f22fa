//! A built transaction: what the journal's `Planned` entry needs, and a PSBT for other tools.

use bitcoin::bip32::{ChildNumber, DerivationPath};
use bitcoin::{Psbt, ScriptBuf, Transaction, TxOut, consensus};
use domain::act::{ChildPath, Planned, PlannedChange, PlannedInput};
use domain::id::ProposalId;
use domain::roster::HexBytes;
use plans::{VaultKeyError, VaultKeys};

use crate::wallet::Utxo;

/// A transaction that nobody has checked but its builder. It becomes a plan in the journal, and each
/// seat checks it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The unsigned transaction, consensus-encoded.
    pub transaction: HexBytes,
    /// What each input spends.
    pub inputs: Vec<PlannedInput>,
    /// The change, if there is any.
    pub change: Option<PlannedChange>,
    /// The same as a PSBT (BIP174, BIP371), for showing it in other tools.
    pub psbt: Vec<u8>,
}

impl Candidate {
    /// The plan's fields for one version of a payout.
    pub fn planned(&self, proposal: ProposalId, version: u32) -> Planned {
        Planned {
            proposal,
            version,
            transaction: self.transaction.clone(),
            inputs: self.inputs.clone(),
            change: self.change,
        }
    }

    pub(crate) fn new(
        transaction: &Transaction,
        coins: &[Utxo],
        change: Option<PlannedChange>,
        keys: &VaultKeys,
    ) -> Result<Self, VaultKeyError> {
        Ok(Self {
            transaction: HexBytes(consensus::serialize(transaction)),
            inputs: coins
                .iter()
                .map(|coin| PlannedInput {
                    value: coin.value,
                    path: coin.path,
                })
                .collect(),
            change,
            psbt: psbt(transaction, coins, change, keys)?,
        })
    }
}

fn psbt(
    transaction: &Transaction,
    coins: &[Utxo],
    change: Option<PlannedChange>,
    keys: &VaultKeys,
) -> Result<Vec<u8>, VaultKeyError> {
    // Fails only for a transaction with scripts or witnesses, which the inspection that every build
    // goes through refuses right after.
    let Ok(mut psbt) = Psbt::from_unsigned_tx(transaction.clone()) else {
        return Ok(Vec::new());
    };
    for (input, coin) in psbt.inputs.iter_mut().zip(coins) {
        let internal = keys.internal_key_at(coin.path)?;
        input.witness_utxo = Some(TxOut {
            value: bitcoin::Amount::from_sat(coin.value.get()),
            script_pubkey: keys.script_at(coin.path)?,
        });
        input.tap_internal_key = Some(internal);
        let source = (keys.xpub().fingerprint(), steps(coin.path));
        input.tap_key_origins.insert(internal, (Vec::new(), source));
    }
    if let Some(change) = change
        && let Some(output) = usize::try_from(change.output)
            .ok()
            .and_then(|place| psbt.outputs.get_mut(place))
    {
        let internal = keys.internal_key_at(change.path)?;
        output.tap_internal_key = Some(internal);
        let source = (keys.xpub().fingerprint(), steps(change.path));
        output
            .tap_key_origins
            .insert(internal, (Vec::new(), source));
    }
    Ok(psbt.serialize())
}

fn steps(path: ChildPath) -> DerivationPath {
    let step = |index| ChildNumber::Normal { index };
    DerivationPath::from(vec![step(path.keychain()), step(path.index())])
}

/// The output of a leg or of the change.
pub(crate) fn output(script_pubkey: ScriptBuf, value: u64) -> TxOut {
    TxOut {
        value: bitcoin::Amount::from_sat(value),
        script_pubkey,
    }
}
