//! A plan's bytes compared with the payout that was approved.

use domain::act::{ChildPath, PlannedEvm};
use domain::id::VaultId;
use domain::{Amount, ChainId, EvmAddress, Leg, Payout, U256};

use super::decode::{EvmTransaction, decode_evm};
use super::effects::EvmEffects;
use super::mismatch::EvmMismatch;
use super::{MAX_GAS, MAX_GAS_PRICE, NonceAnchor, TRANSFER_GAS};
use crate::vault::{VaultKeys, VaultView};

/// Selector of ERC-20's `transfer(address,uint256)`: the first bytes of its Keccak-256 (EIP-20).
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// A plan that passed, with what signing needs of it.
pub(crate) struct InspectedEvm {
    pub effects: EvmEffects,
    pub keys: VaultKeys,
}

/// What the transaction is for.
pub(crate) enum Purpose<'a> {
    /// It pays a payout's leg.
    Pay(&'a Payout),
    /// It takes the nonce of a payout and pays nobody.
    Cancel { vault: VaultId, fee_cap: Amount },
}

/// Decodes a plan's transaction and compares all its effects with the payout: chain, account,
/// recipient, value and calldata exactly, gas and fee within the cap. `anchor` is the account and nonce
/// that every version of the payout must take, once they are fixed.
pub fn inspect_evm(
    planned: &PlannedEvm,
    payout: &Payout,
    view: &VaultView,
    anchor: Option<NonceAnchor>,
) -> Result<EvmEffects, EvmMismatch> {
    examine_evm(planned, &Purpose::Pay(payout), view, anchor).map(|inspected| inspected.effects)
}

/// Decodes the transaction that cancels a payout of a vault: it takes the payout's nonce, pays the
/// account itself nothing, and costs at most `fee_cap`.
pub fn inspect_evm_cancel(
    planned: &PlannedEvm,
    vault: VaultId,
    fee_cap: Amount,
    view: &VaultView,
    anchor: NonceAnchor,
) -> Result<EvmEffects, EvmMismatch> {
    let purpose = Purpose::Cancel { vault, fee_cap };
    examine_evm(planned, &purpose, view, Some(anchor)).map(|inspected| inspected.effects)
}

pub(crate) fn examine_evm(
    planned: &PlannedEvm,
    purpose: &Purpose<'_>,
    view: &VaultView,
    anchor: Option<NonceAnchor>,
) -> Result<InspectedEvm, EvmMismatch> {
    let chain = view.network.chain_id().ok_or(EvmMismatch::OtherNetwork)?;
    check_vault(purpose, view)?;
    check_account(planned, purpose)?;
    let keys = view.keys()?;
    let account = keys.account_at(planned.account)?;
    let transaction = decode_evm(&planned.transaction.0)?;
    if transaction.chain_id != chain.get() {
        return Err(EvmMismatch::OtherChain {
            found: transaction.chain_id,
            expected: chain,
        });
    }
    let taken = NonceAnchor {
        account,
        nonce: transaction.nonce,
    };
    if let Some(expected) = anchor.filter(|anchor| *anchor != taken) {
        return Err(EvmMismatch::OtherAnchor {
            found: taken,
            expected,
        });
    }
    let leg = check_payment(purpose, &transaction, account, chain)?;
    let highest_fee = check_fee(&transaction, cap_of(purpose, chain)?)?;
    let effects = EvmEffects {
        leg,
        anchor: taken,
        fees: transaction.fees,
        gas_limit: transaction.gas_limit,
        highest_fee,
    };
    Ok(InspectedEvm { effects, keys })
}

fn check_vault(purpose: &Purpose<'_>, view: &VaultView) -> Result<(), EvmMismatch> {
    let vault = match purpose {
        Purpose::Pay(payout) => payout.vault(),
        Purpose::Cancel { vault, .. } => *vault,
    };
    if vault == view.vault {
        return Ok(());
    }
    Err(EvmMismatch::OtherVault {
        payout: vault,
        vault: view.vault,
    })
}

/// A payout is paid by its own account; a cancel by whichever account has the nonce, as the anchor says.
fn check_account(planned: &PlannedEvm, purpose: &Purpose<'_>) -> Result<(), EvmMismatch> {
    let found = planned.account;
    match purpose {
        Purpose::Pay(payout)
            if found.keychain() != ChildPath::RECEIVE || found.index() != payout.account() =>
        {
            Err(EvmMismatch::OtherAccount {
                found,
                expected: payout.account(),
            })
        }
        Purpose::Pay(_) | Purpose::Cancel { .. } => Ok(()),
    }
}

fn check_payment(
    purpose: &Purpose<'_>,
    transaction: &EvmTransaction,
    account: EvmAddress,
    chain: ChainId,
) -> Result<Option<Leg>, EvmMismatch> {
    let payout = match purpose {
        Purpose::Pay(payout) => payout,
        Purpose::Cancel { .. } => {
            native(transaction, account, U256::ZERO)?;
            return Ok(None);
        }
    };
    let [leg] = payout.legs() else {
        return Err(EvmMismatch::OtherNetwork);
    };
    let to = leg.address.evm().ok_or(EvmMismatch::OtherNetwork)?;
    let Amount::Evm(coin, units) = leg.amount else {
        return Err(EvmMismatch::OtherNetwork);
    };
    if coin.chain() != chain || to.chain() != chain {
        return Err(EvmMismatch::OtherNetwork);
    }
    match coin.contract() {
        None => native(transaction, *to, units)?,
        Some(contract) => token(transaction, contract, *to, leg.amount)?,
    }
    Ok(Some(leg.clone()))
}

/// A transfer of the chain's own coin: no calldata.
fn native(transaction: &EvmTransaction, to: EvmAddress, units: U256) -> Result<(), EvmMismatch> {
    goes_to(transaction, to)?;
    moves(transaction, units)?;
    match transaction.data.len() {
        0 => Ok(()),
        bytes => Err(EvmMismatch::Data(bytes)),
    }
}

/// A call of the token's `transfer`, these 68 bytes exactly, without any of the chain's own coin.
fn token(
    transaction: &EvmTransaction,
    contract: EvmAddress,
    to: EvmAddress,
    amount: Amount,
) -> Result<(), EvmMismatch> {
    goes_to(transaction, contract)?;
    moves(transaction, U256::ZERO)?;
    let mut call = Vec::with_capacity(68);
    call.extend(TRANSFER);
    call.extend([0; 12]);
    call.extend(to.as_bytes());
    call.extend(amount.units().to_be_bytes::<32>());
    if transaction.data == call {
        return Ok(());
    }
    Err(EvmMismatch::OtherCall { expected: amount })
}

fn goes_to(transaction: &EvmTransaction, expected: EvmAddress) -> Result<(), EvmMismatch> {
    if transaction.to == *expected.as_bytes() {
        return Ok(());
    }
    let found = EvmAddress::from_bytes(transaction.to, expected.chain());
    Err(EvmMismatch::OtherPayee {
        found: found.map_or_else(
            |_| "an address nobody has".to_owned(),
            |address| address.to_string(),
        ),
        expected,
    })
}

fn moves(transaction: &EvmTransaction, expected: U256) -> Result<(), EvmMismatch> {
    if transaction.value == expected {
        return Ok(());
    }
    Err(EvmMismatch::OtherValue {
        found: transaction.value,
        expected,
    })
}

/// What the fee may be at most, in the coin that this chain takes for gas: units of another would be
/// compared as if they were wei.
fn cap_of(purpose: &Purpose<'_>, chain: ChainId) -> Result<Amount, EvmMismatch> {
    let cap = match purpose {
        Purpose::Pay(payout) => payout.fee_cap(),
        Purpose::Cancel { fee_cap, .. } => *fee_cap,
    };
    match cap.asset().coin() {
        Some(coin) if coin.is_native() && coin.chain() == chain => Ok(cap),
        Some(_) | None => Err(EvmMismatch::CapAsset(cap)),
    }
}

fn check_fee(transaction: &EvmTransaction, cap: Amount) -> Result<U256, EvmMismatch> {
    let (gas, fees) = (transaction.gas_limit, transaction.fees);
    if !(TRANSFER_GAS..=MAX_GAS).contains(&gas) {
        return Err(EvmMismatch::Gas(gas));
    }
    if fees.max_fee_per_gas > MAX_GAS_PRICE || fees.max_priority_fee_per_gas > fees.max_fee_per_gas
    {
        return Err(EvmMismatch::GasPrice(fees.max_fee_per_gas));
    }
    // Below 2^44 * 2^19: no overflow.
    let fee = U256::from(gas).saturating_mul(U256::from(fees.max_fee_per_gas));
    if fee > cap.units() {
        let cap = Box::new(cap);
        return Err(EvmMismatch::FeeOverCap { fee, cap });
    }
    Ok(fee)
}
