//! A payout made into a transaction: coins chosen, change returned, fee within the cap.

use std::collections::BTreeSet;

use bdk_wallet::chain::ChainPosition;
use bdk_wallet::coin_selection::{
    BranchAndBoundCoinSelection, CoinSelectionAlgorithm, LargestFirstCoinSelection,
    OldestFirstCoinSelection,
};
use bdk_wallet::{KeychainKind, LocalOutput, Utxo as BdkUtxo, WeightedUtxo};
use bitcoin::secp256k1::rand::thread_rng;
use bitcoin::{OutPoint, ScriptBuf, Transaction, TxIn, TxOut, Txid, Weight, absolute, transaction};
use domain::act::{ChildPath, ChildPathError, PlannedChange};
use domain::{Amount, FeeRate, Leg, Payout, Sats};
use plans::{PlanMismatch, VaultKeyError};

use crate::candidate::{Candidate, output};
use crate::wallet::{State, Utxo, Wallet, WalletError, child_path};

/// A key-path witness: count, length, 64 bytes of signature.
const WITNESS_WEIGHT: u64 = 66;
/// Segwit marker and flag.
const SEGWIT_WEIGHT: u64 = 2;
/// An output with a Taproot script: amount, length, 34 bytes.
const CHANGE_SIZE: u64 = 8 + 1 + 34;

/// Why no transaction was built. Nothing was sent or reserved.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Too little that may be spent.
    #[error(
        "vault funds do not suffice: {needed} are needed with the fee, {available} can be spent; {reserved} are reserved by other payouts, {young} are not confirmed often enough yet; nothing was built"
    )]
    Insufficient {
        /// What the legs and the fee take.
        needed: Sats,
        /// What may be spent.
        available: Sats,
        /// What other payouts hold.
        reserved: Sats,
        /// What still waits for confirmations.
        young: Sats,
    },
    /// The fee is over the payout's cap.
    #[error(
        "the network fee would be {needed}, the payout's cap is {cap}; nothing was built: wait for lower fees, or propose the payout with a higher cap"
    )]
    FeeOverCap {
        /// What the fee would be.
        needed: Sats,
        /// What was approved.
        cap: Sats,
    },
    /// The anchor can't be spent any more.
    #[error(
        "{0}, which every version of this payout must spend, can't be spent now (not confirmed often enough, or spent by another transaction); nothing was built: look at the payout's status"
    )]
    Anchor(OutPoint),
    /// More inputs than are signed at once.
    #[error("{coins} coins would be needed, at most {max} are signed at once; nothing was built: consolidate small coins first, or pay less at once", max = plans::limits::MAX_INPUTS)]
    TooManyCoins {
        /// Coins needed.
        coins: usize,
    },
    /// The payout's own check fails.
    #[error(
        "the built transaction does not pass its own check, which is a fault of this program; nothing was sent: {0}"
    )]
    Check(#[from] PlanMismatch),
    /// Sums out of range.
    #[error("the payout's amounts are out of range; nothing was built")]
    Sum,
    /// The wallet.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The vault's key.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// No path of a vault.
    #[error(transparent)]
    Path(#[from] ChildPathError),
}

/// Which coins are spent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coins {
    /// As few as pay the legs.
    Fewest,
    /// The oldest, one after the other.
    Oldest,
}

/// What joining a vault's coins into one would move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joined {
    /// How many coins.
    pub coins: usize,
    /// What arrives at least.
    pub amount: Sats,
    /// The most that the fee may be: twice what it is at the rate, so that it can be bumped.
    pub fee_cap: Sats,
}

/// The coins that may be spent, and what else there is.
struct Purse {
    required: Vec<LocalOutput>,
    optional: Vec<LocalOutput>,
    available: Sats,
    reserved: Sats,
    young: Sats,
}

impl Wallet {
    /// Builds an unsigned transaction that pays the payout's legs in order and returns the change to
    /// the vault, from coins with at least `min_confirmations`, none of them in `exclude` (reserved by
    /// others). With an `anchor`, spends it in any case; coins held only by an earlier, unconfirmed
    /// version of the same payout, which spends the anchor too, count as free.
    pub async fn build(
        &self,
        payout: &Payout,
        rate: FeeRate,
        exclude: &BTreeSet<OutPoint>,
        anchor: Option<OutPoint>,
        min_confirmations: u32,
    ) -> Result<Candidate, BuildError> {
        let spent = (exclude, anchor, min_confirmations);
        self.build_from(payout, Coins::Fewest, rate, spent).await
    }

    /// The same, but from the oldest coins: what was counted by [`Wallet::joined`] is spent, whatever
    /// came since.
    pub async fn build_joined(
        &self,
        payout: &Payout,
        rate: FeeRate,
        exclude: &BTreeSet<OutPoint>,
        anchor: Option<OutPoint>,
        min_confirmations: u32,
    ) -> Result<Candidate, BuildError> {
        let spent = (exclude, anchor, min_confirmations);
        self.build_from(payout, Coins::Oldest, rate, spent).await
    }

    async fn build_from(
        &self,
        payout: &Payout,
        order: Coins,
        rate: FeeRate,
        (exclude, anchor, min_confirmations): (&BTreeSet<OutPoint>, Option<OutPoint>, u32),
    ) -> Result<Candidate, BuildError> {
        let mut state = self.state.lock().await;
        let purse = state.purse(exclude, anchor, min_confirmations.max(1))?;
        let cap = bitcoin_only(payout.fee_cap())?;
        let candidate = self.candidate(&mut state, &purse, payout.legs(), order, rate, cap)?;
        // A build that fails its own inspection would be refused by every seat later; say so now.
        let nobody = domain::ProposalId::from_bytes([0; 32]);
        plans::inspect(&candidate.planned(nobody, 1), payout, &self.view, anchor)?;
        state.keep_change(candidate.change).await?;
        Ok(candidate)
    }

    /// Builds an unsigned transaction that spends the anchor of a payout, pays nobody, and returns what
    /// it holds to the vault: no version of the payout can confirm beside it.
    pub async fn build_cancel(
        &self,
        cap: Amount,
        rate: FeeRate,
        anchor: OutPoint,
        min_confirmations: u32,
    ) -> Result<Candidate, BuildError> {
        let mut state = self.state.lock().await;
        let mut purse = state.purse(&BTreeSet::new(), Some(anchor), min_confirmations.max(1))?;
        purse.optional.clear();
        let most = bitcoin_only(cap)?;
        let candidate = self.candidate(&mut state, &purse, &[], Coins::Fewest, rate, most)?;
        let nobody = domain::ProposalId::from_bytes([0; 32]);
        let planned = candidate.planned(nobody, 1);
        plans::inspect_cancel(&planned, self.view.vault, cap, &self.view, anchor)?;
        state.keep_change(candidate.change).await?;
        Ok(candidate)
    }

    /// What joining the vault's coins into one at an address of its own would move, as many as are
    /// signed at once: the oldest first. None where there are fewer than two that it is worth for.
    pub async fn joined(
        &self,
        rate: FeeRate,
        exclude: &BTreeSet<OutPoint>,
        min_confirmations: u32,
    ) -> Result<Option<Joined>, BuildError> {
        let state = self.state.lock().await;
        let purse = state.purse(exclude, None, min_confirmations.max(1))?;
        let coins = oldest(&purse).optional;
        let script = self
            .keys
            .script_at(ChildPath::new(ChildPath::RECEIVE, 0)?)?;
        let draft = Draft {
            outputs: vec![output(script.clone(), 0)],
            order: Coins::Oldest,
            cap: Sats::MAX,
            rate,
            change_path: ChildPath::new(ChildPath::CHANGE, 0)?,
            change_script: script,
        };
        let values = coins
            .iter()
            .map(|coin| Sats::new(coin.txout.value.to_sat()));
        let sum = { values }.try_fold(Sats::ZERO, |sum, value| sum.plus(value?));
        let sum = sum.map_err(|_| BuildError::Sum)?;
        let fee = draft.fee_for_weight(draft.weight(coins.len(), Some(&draft.change_script)))?;
        let fee_cap = fee.plus(fee).map_err(|_| BuildError::Sum)?;
        let amount = sum.minus(fee_cap).unwrap_or(Sats::ZERO);
        let worth = coins.len() >= 2 && amount >= Sats::DUST && amount > fee_cap;
        Ok(worth.then_some(Joined {
            coins: coins.len(),
            amount,
            fee_cap,
        }))
    }

    fn candidate(
        &self,
        state: &mut State,
        purse: &Purse,
        legs: &[Leg],
        order: Coins,
        rate: FeeRate,
        cap: Sats,
    ) -> Result<Candidate, BuildError> {
        let change_path = state.change_path()?;
        let draft = Draft {
            outputs: legs.iter().map(paid).collect::<Result<_, _>>()?,
            order,
            cap,
            rate,
            change_path,
            change_script: self.keys.script_at(change_path)?,
        };
        let (coins, sum) = draft.select(state, purse)?;
        let (transaction, change) = draft.assemble(&coins, sum)?;
        Ok(Candidate::new(&transaction, &coins, change, &self.keys)?)
    }
}

/// The output that pays a leg.
fn paid(leg: &Leg) -> Result<TxOut, BuildError> {
    let amount = bitcoin_only(leg.amount)?;
    let address = leg.address.btc().ok_or(PlanMismatch::NotBitcoin)?;
    Ok(output(address.script_pubkey().to_owned(), amount.get()))
}

fn bitcoin_only(amount: Amount) -> Result<Sats, BuildError> {
    match amount {
        Amount::Btc(sats) => Ok(sats),
        Amount::Evm(..) => Err(PlanMismatch::NotBitcoin.into()),
    }
}

impl State {
    /// Notes that a change address was used.
    async fn keep_change(&mut self, change: Option<PlannedChange>) -> Result<(), WalletError> {
        if let Some(change) = change {
            let index = change.path.index();
            self.wallet.mark_used(KeychainKind::Internal, index);
        }
        self.persist().await
    }

    /// The first change address that nothing has used; it is noted as shown before it is used.
    fn change_path(&mut self) -> Result<ChildPath, WalletError> {
        let next = self.wallet.next_unused_address(KeychainKind::Internal);
        child_path(KeychainKind::Internal, next.index)
    }

    fn purse(
        &self,
        exclude: &BTreeSet<OutPoint>,
        anchor: Option<OutPoint>,
        min_confirmations: u32,
    ) -> Result<Purse, BuildError> {
        let mut purse = Purse {
            required: Vec::new(),
            optional: Vec::new(),
            available: Sats::ZERO,
            reserved: Sats::ZERO,
            young: Sats::ZERO,
        };
        let replaceable = self.replaceable(anchor);
        for output in self.wallet.list_output() {
            if output.is_spent && !replaceable.contains(&output.outpoint) {
                continue;
            }
            let coin = self.coin(&output)?;
            let pile = if coin.confirmations < min_confirmations || !self.is_ripe(&coin) {
                &mut purse.young
            } else if anchor == Some(coin.outpoint) {
                purse.required.push(output);
                &mut purse.available
            } else if exclude.contains(&coin.outpoint) {
                &mut purse.reserved
            } else {
                purse.optional.push(output);
                &mut purse.available
            };
            *pile = pile.plus(coin.value).map_err(|_| BuildError::Sum)?;
        }
        match anchor {
            Some(anchor) if purse.required.is_empty() => Err(BuildError::Anchor(anchor)),
            Some(_) | None => Ok(purse),
        }
    }

    /// The coins that are spent, but only by unconfirmed transactions that spend the anchor as well:
    /// the new version replaces them.
    fn replaceable(&self, anchor: Option<OutPoint>) -> BTreeSet<OutPoint> {
        let Some(anchor) = anchor else {
            return BTreeSet::new();
        };
        let graph = self.wallet.tx_graph();
        let positions = self.positions();
        let counts = |txid: &&Txid| positions.contains_key(*txid);
        let earlier_version = |txid: &Txid| {
            let waits = positions
                .get(txid)
                .is_some_and(ChainPosition::is_unconfirmed);
            waits && graph.outspends(anchor).contains(txid)
        };
        let coins = self
            .wallet
            .spk_index()
            .outpoints()
            .iter()
            .map(|(_, coin)| *coin);
        coins
            .filter(|coin| {
                graph
                    .outspends(*coin)
                    .iter()
                    .filter(counts)
                    .all(earlier_version)
            })
            .collect()
    }
}

struct Draft {
    outputs: Vec<TxOut>,
    order: Coins,
    cap: Sats,
    rate: FeeRate,
    change_path: ChildPath,
    change_script: ScriptBuf,
}

impl Draft {
    /// The coins to spend, in the transaction's order, and what they hold.
    fn select(&self, state: &State, purse: &Purse) -> Result<(Vec<Utxo>, Sats), BuildError> {
        if self.order == Coins::Oldest {
            let chosen = self.choose(state, &oldest(purse), &OldestFirstCoinSelection)?;
            self.fee(chosen.0.len(), chosen.1)?;
            return Ok(chosen);
        }
        // First a set without change, then the fewest coins, which cost the least.
        let exact = BranchAndBoundCoinSelection::new(CHANGE_SIZE, LargestFirstCoinSelection);
        let chosen = self.choose(state, purse, &exact)?;
        match self.fee(chosen.0.len(), chosen.1) {
            Ok(_) => Ok(chosen),
            Err(BuildError::FeeOverCap { .. }) => {
                let fewest = self.choose(state, purse, &LargestFirstCoinSelection)?;
                self.fee(fewest.0.len(), fewest.1)?;
                Ok(fewest)
            }
            Err(error) => Err(error),
        }
    }

    fn choose(
        &self,
        state: &State,
        purse: &Purse,
        algorithm: &impl CoinSelectionAlgorithm,
    ) -> Result<(Vec<Utxo>, Sats), BuildError> {
        let base = self.fee_for_weight(self.weight(0, None))?;
        let target = self.total()?.plus(base).map_err(|_| BuildError::Sum)?;
        // bdk counts per 1000 weight units; rounded up, so that the choice always covers the fee.
        let rate = bitcoin::FeeRate::from_sat_per_kwu(self.rate.sat_per_kvb().div_ceil(4));
        let chosen = algorithm
            .coin_select(
                weighted(&purse.required),
                weighted(&purse.optional),
                rate,
                bitcoin::Amount::from_sat(target.get()),
                &self.change_script,
                &mut thread_rng(),
            )
            .map_err(|short| BuildError::Insufficient {
                needed: Sats::new(short.needed.to_sat()).unwrap_or(Sats::MAX),
                available: purse.available,
                reserved: purse.reserved,
                young: purse.young,
            })?;
        if chosen.selected.len() > plans::limits::MAX_INPUTS {
            return Err(BuildError::TooManyCoins {
                coins: chosen.selected.len(),
            });
        }
        in_order(state, &chosen.selected)
    }

    /// What is returned and what the miner gets. Change too small to be worth anything goes to the
    /// fee.
    fn fee(&self, coins: usize, sum: Sats) -> Result<(Sats, Option<Sats>), BuildError> {
        let cap = self.cap;
        let rest = sum.minus(self.total()?).map_err(|_| BuildError::Sum)?;
        let with_change = self.fee_for_weight(self.weight(coins, Some(&self.change_script)))?;
        let change = rest.minus(with_change).ok();
        let (fee, change) = match change.filter(|change| *change >= plans::limits::CHANGE_DUST) {
            Some(change) => (with_change, Some(change)),
            None => (rest, None),
        };
        if fee > cap {
            return Err(BuildError::FeeOverCap { needed: fee, cap });
        }
        Ok((fee, change))
    }

    fn assemble(
        &self,
        coins: &[Utxo],
        sum: Sats,
    ) -> Result<(Transaction, Option<PlannedChange>), BuildError> {
        let (_, change) = self.fee(coins.len(), sum)?;
        let mut transaction = self.skeleton();
        transaction.input = coins
            .iter()
            .map(|coin| TxIn {
                previous_output: coin.outpoint,
                sequence: plans::SEQUENCE,
                ..TxIn::default()
            })
            .collect();
        let place = u32::try_from(transaction.output.len()).map_err(|_| BuildError::Sum)?;
        let planned = change.map(|amount| {
            let script = self.change_script.clone();
            transaction.output.push(output(script, amount.get()));
            PlannedChange {
                output: place,
                path: self.change_path,
            }
        });
        Ok((transaction, planned))
    }

    /// The transaction with its legs only.
    fn skeleton(&self) -> Transaction {
        Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: Vec::new(),
            output: self.outputs.clone(),
        }
    }

    /// The weight with so many signed inputs.
    fn weight(&self, coins: usize, change: Option<&ScriptBuf>) -> u64 {
        let mut skeleton = self.skeleton();
        skeleton
            .output
            .extend(change.map(|script| output(script.clone(), 0)));
        skeleton.input = vec![TxIn::default(); coins];
        let witnesses = WITNESS_WEIGHT.saturating_mul(coins as u64);
        let bare = (skeleton.base_size() as u64).saturating_mul(4);
        bare.saturating_add(SEGWIT_WEIGHT).saturating_add(witnesses)
    }

    fn fee_for_weight(&self, weight: u64) -> Result<Sats, BuildError> {
        let fee = self.rate.fee_for(weight.div_ceil(4));
        fee.map_err(|_| BuildError::Sum)
    }

    fn total(&self) -> Result<Sats, BuildError> {
        let values = self.outputs.iter().map(|output| output.value.to_sat());
        let sum = values.map(Sats::new).try_fold(Sats::ZERO, |sum, value| {
            value.and_then(|value| sum.plus(value))
        });
        sum.map_err(|_| BuildError::Sum)
    }
}

/// The oldest coins, as many as are signed at once: the same ones whenever it is asked.
fn oldest(purse: &Purse) -> Purse {
    let mut optional = purse.optional.clone();
    optional.sort_by_key(|coin| (coin.chain_position, coin.outpoint));
    let room = plans::limits::MAX_INPUTS.saturating_sub(purse.required.len());
    optional.truncate(room);
    Purse {
        required: purse.required.clone(),
        optional,
        ..*purse
    }
}

fn weighted(outputs: &[LocalOutput]) -> Vec<WeightedUtxo> {
    let weigh = |output: &LocalOutput| WeightedUtxo {
        satisfaction_weight: Weight::from_wu(WITNESS_WEIGHT),
        utxo: BdkUtxo::Local(output.clone()),
    };
    outputs.iter().map(weigh).collect()
}

/// The chosen coins by outpoint, so that their order tells nothing, and what they hold.
fn in_order(state: &State, chosen: &[BdkUtxo]) -> Result<(Vec<Utxo>, Sats), BuildError> {
    let mut coins = Vec::new();
    for utxo in chosen {
        if let BdkUtxo::Local(output) = utxo {
            coins.push(state.coin(output)?);
        }
    }
    coins.sort_by_key(|coin| coin.outpoint);
    let sum = Sats::sum(coins.iter().map(|coin| coin.value)).map_err(|_| BuildError::Sum)?;
    Ok((coins, sum))
}
