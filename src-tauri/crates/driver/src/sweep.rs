//! Sweeps drafted: what lies on a vault's deposit accounts, or in its many coins, to its main address.

use std::collections::BTreeSet;

use btc::WalletDb;
use domain::act::ChildPath;
use domain::{
    Amount, Asset, ChainId, Coin, EvmAddress, Name, Network, Note, Sweep, Transfer, U256, VaultId,
};
use evm::{Call, FeeBounds, Nodes};
use plans::TRANSFER_GAS;
use treasury::{Treasury, VaultRecord};

use crate::chain::{at_tip, bitcoin_error};
use crate::deposits::Unswept;
use crate::error::DriverError;
use crate::evm::{account_at, evm_error};
use crate::machine::{Driver, vault};

/// A sweep, and what it leaves where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SweepDraft {
    /// What can be proposed.
    pub sweep: Sweep,
    /// Amounts that moving would cost more than they are, by account.
    pub left: Vec<(u32, Amount)>,
}

/// What a transfer may cost: twice what the chain asks now, so that it can be bumped.
#[derive(Debug, Clone, Copy)]
struct Price {
    native: Coin,
    per_gas: u128,
}

impl Price {
    fn cap(self, gas: u64) -> Amount {
        let wei = U256::from(self.per_gas).saturating_mul(U256::from(gas));
        Amount::Evm(self.native, wei)
    }
}

impl Driver {
    /// Drafts a sweep of a vault, for an officer to propose. On an EVM chain of everything on its
    /// deposit accounts, or of one asset; the main account sends gas ahead where a token's account has
    /// too little. On Bitcoin of its oldest coins, as many as are signed at once.
    pub async fn draft_sweep(
        &self,
        name: &Name,
        only: Option<Asset>,
        memo: Note,
    ) -> Result<SweepDraft, DriverError> {
        let replay = self.view().await?;
        let treasury = replay
            .treasury()
            .ok_or_else(|| DriverError::NotNow("nothing is founded".to_owned()))?;
        let (id, record) = vault(treasury, name)?;
        let draft = match record.plan.network() {
            Network::Evm(chain) => {
                let unswept = self.unswept_deposits(name).await?;
                let chosen = { unswept.iter() }
                    .filter(|one| only.is_none_or(|asset| one.amount.asset() == asset))
                    .cloned()
                    .collect();
                self.evm_transfers(treasury, (id, record), chain, &unswept, chosen)
                    .await?
            }
            Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
                let joined = self.joined(treasury, id, record).await?;
                (vec![joined], Vec::new())
            }
        };
        let (transfers, left) = draft;
        if transfers.is_empty() {
            let why = if left.is_empty() {
                "nothing lies on its deposit accounts"
            } else {
                "what lies on its deposit accounts is less than moving it costs"
            };
            return Err(DriverError::NotNow(format!(
                "there is nothing to collect for vault {name}: {why}"
            )));
        }
        let sweep = Sweep::new(id, transfers, memo);
        let sweep = sweep.map_err(|e| DriverError::NotNow(e.to_string()))?;
        Ok(SweepDraft { sweep, left })
    }

    async fn joined(
        &self,
        treasury: &Treasury,
        id: VaultId,
        record: &VaultRecord,
    ) -> Result<Transfer, DriverError> {
        let db = WalletDb::open(&self.home.wallets())
            .await
            .map_err(bitcoin_error)?;
        let wallet = self.wallet(&db, id, record, treasury).await?;
        at_tip(&wallet).await?;
        let rate = self
            .fee_rate(&wallet, domain::FeeRate::from_sat_per_kvb(0))
            .await?;
        let reserved = treasury.reserved_outpoints(None);
        let joined = wallet
            .joined(rate, &reserved, record.plan.confirmations())
            .await
            .map_err(bitcoin_error)?;
        db.close().await;
        let joined = joined.ok_or_else(|| {
            DriverError::NotNow(format!(
                "vault {} has fewer than two coins that are worth joining",
                record.plan.name()
            ))
        })?;
        Ok(Transfer {
            from: 0,
            to: 0,
            amount: Amount::Btc(joined.amount),
            fee_cap: Amount::Btc(joined.fee_cap),
        })
    }

    async fn evm_transfers(
        &self,
        treasury: &Treasury,
        (id, record): (VaultId, &VaultRecord),
        chain: ChainId,
        unswept: &[Unswept],
        chosen: Vec<Unswept>,
    ) -> Result<(Vec<Transfer>, Vec<(u32, Amount)>), DriverError> {
        let native = { treasury.assets.iter().copied() }
            .find(|coin| coin.chain() == chain && coin.is_native())
            .ok_or_else(|| {
                DriverError::NotNow(format!(
                    "the own coin of chain {chain}, in which fees are paid, is not known yet; enter it with `countersign propose asset`"
                ))
            })?;
        let nodes = self.nodes(chain)?;
        let price = self.price(&nodes, chain, native).await?;
        let main = account_at(id, record, path(0)?)?;
        let accounts: BTreeSet<u32> = chosen.iter().map(|one| one.account).collect();
        let (mut gas, mut collected, mut left) = (Vec::new(), Vec::new(), Vec::new());
        for account in accounts {
            let holder = account_at(id, record, path(account)?)?;
            let of = |one: &&Unswept| one.account == account;
            let mut tokens = Vec::new();
            for one in chosen.iter().filter(of) {
                if one.amount.asset() != Asset::Evm(native) {
                    let gas = token_gas(&nodes, &holder, &main, one.amount).await?;
                    tokens.push((one.amount, price.cap(gas)));
                }
            }
            let held = { unswept.iter().filter(of) }
                .find(|one| one.amount.asset() == Asset::Evm(native))
                .map_or(Amount::zero(Asset::Evm(native)), |one| one.amount);
            let wanted = chosen.iter().filter(of).any(|one| one.amount == held);
            // What one sweep can't hold is for another; an account goes with all it has.
            let sizes = [gas.len(), collected.len(), tokens.len(), 2];
            if sizes.into_iter().fold(0, usize::saturating_add) > Sweep::MAX {
                break;
            }
            let account = Account {
                account,
                held,
                wanted,
            };
            account.transfers(&tokens, price, &mut gas, &mut collected, &mut left)?;
        }
        gas.extend(collected);
        Ok((gas, left))
    }

    /// Twice what a transaction should offer for its gas.
    async fn price(
        &self,
        nodes: &Nodes,
        chain: ChainId,
        native: Coin,
    ) -> Result<Price, DriverError> {
        let highest = self.highest_gas_price(chain)?;
        let market = { nodes.first.estimate_fees(FeeBounds::up_to(highest)) }
            .await
            .map_err(evm_error)?;
        let per_gas = market.max_fee_per_gas.saturating_mul(2).min(highest);
        Ok(Price { native, per_gas })
    }
}

/// One deposit account, with what it holds of the chain's own coin and whether that is collected.
struct Account {
    account: u32,
    held: Amount,
    wanted: bool,
}

impl Account {
    /// Tokens pay their fees from what the account holds, if it holds enough; otherwise the main account
    /// sends what is missing ahead. What is left of the chain's own coin is collected where that is worth
    /// its fee.
    fn transfers(
        &self,
        tokens: &[(Amount, Amount)],
        price: Price,
        gas: &mut Vec<Transfer>,
        collected: &mut Vec<Transfer>,
        left: &mut Vec<(u32, Amount)>,
    ) -> Result<(), DriverError> {
        let sum = |a: Amount, b: Amount| a.plus(b).map_err(evm_error);
        let nothing = Amount::zero(self.held.asset());
        let fees = { tokens.iter() }.try_fold(nothing, |all, (_, cap)| sum(all, *cap))?;
        let plain = price.cap(TRANSFER_GAS);
        if let Some(missing) = fees.minus(self.held).ok().filter(|it| !it.is_zero()) {
            gas.push(Transfer {
                from: 0,
                to: self.account,
                amount: missing,
                fee_cap: plain,
            });
        }
        collected.extend(tokens.iter().map(|(amount, fee_cap)| Transfer {
            from: self.account,
            to: 0,
            amount: *amount,
            fee_cap: *fee_cap,
        }));
        if !self.wanted || self.held.is_zero() {
            return Ok(());
        }
        let rest = self.held.minus(sum(fees, plain)?).unwrap_or(nothing);
        if rest > plain {
            collected.push(Transfer {
                from: self.account,
                to: 0,
                amount: rest,
                fee_cap: plain,
            });
        } else {
            left.push((self.account, self.held));
        }
        Ok(())
    }
}

async fn token_gas(
    nodes: &Nodes,
    holder: &EvmAddress,
    main: &EvmAddress,
    amount: Amount,
) -> Result<u64, DriverError> {
    let Amount::Evm(coin, units) = amount else {
        return Err(DriverError::Evm("bitcoin lies on no EVM chain".to_owned()));
    };
    let call = Call::payment(&coin, main, units).map_err(evm_error)?;
    nodes
        .first
        .gas_limit(holder, &call)
        .await
        .map_err(evm_error)
}

fn path(account: u32) -> Result<ChildPath, DriverError> {
    ChildPath::new(ChildPath::RECEIVE, account).map_err(evm_error)
}

#[cfg(test)]
mod tests {
    use domain::Symbol;

    use super::*;

    fn coin(contract: Option<u8>) -> Coin {
        let chain = ChainId::new(31_337).unwrap();
        let contract = contract.map(|byte| EvmAddress::from_bytes([byte; 20], chain).unwrap());
        let symbol = if contract.is_some() { "USDC" } else { "ETH" };
        Coin::new(chain, contract, Symbol::new(symbol).unwrap(), 6).unwrap()
    }

    fn eth(wei: u64) -> Amount {
        Amount::Evm(coin(None), U256::from(wei))
    }

    /// A plain transfer costs 21,000, a token's 50,000.
    fn drafted(held: u64, wanted: bool, tokens: usize) -> (Vec<Transfer>, Vec<Transfer>, usize) {
        let price = Price {
            native: coin(None),
            per_gas: 1,
        };
        let tokens: Vec<(Amount, Amount)> = (1..=tokens)
            .map(|n| {
                let byte = u8::try_from(n).unwrap();
                (
                    Amount::Evm(coin(Some(byte)), U256::from(7)),
                    price.cap(50_000),
                )
            })
            .collect();
        let (mut gas, mut collected, mut left) = (Vec::new(), Vec::new(), Vec::new());
        let account = Account {
            account: 3,
            held: eth(held),
            wanted,
        };
        account
            .transfers(&tokens, price, &mut gas, &mut collected, &mut left)
            .unwrap();
        (gas, collected, left.len())
    }

    #[test]
    fn what_an_account_holds_pays_its_fees_first() {
        let (gas, collected, left) = drafted(200_000, true, 2);
        assert_eq!((gas.len(), collected.len(), left), (0, 3, 0));
        assert_eq!(collected[2].amount, eth(200_000 - 100_000 - 21_000));
        let (gas, collected, left) = drafted(200_000, false, 2);
        assert_eq!((gas.len(), collected.len(), left), (0, 2, 0));
    }

    #[test]
    fn what_is_missing_for_a_tokens_fee_is_sent_ahead() {
        let (gas, collected, left) = drafted(30_000, true, 2);
        assert_eq!((gas.len(), collected.len(), left), (1, 2, 1));
        assert_eq!((gas[0].to, gas[0].amount), (3, eth(70_000)));
        let (gas, ..) = drafted(0, false, 1);
        assert_eq!(gas[0].amount, eth(50_000));
    }

    #[test]
    fn what_moving_would_cost_more_than_it_is_stays() {
        for (held, moved) in [(42_000, 0), (42_001, 1), (1, 0), (0, 0)] {
            let (gas, collected, left) = drafted(held, true, 0);
            assert_eq!((gas.len(), collected.len()), (0, moved), "{held}");
            assert_eq!(left, usize::from(moved == 0 && held > 0), "{held}");
        }
        // Enough for the token's fee, too little to be collected beside it.
        let (gas, collected, left) = drafted(60_000, true, 1);
        assert_eq!((gas.len(), collected.len(), left), (0, 1, 1));
    }
}
