//! From what a person wrote to who is paid what: a name of the address book or an address, and an
//! amount of something that the vault's chain knows.

use domain::act::ChildPath;
use domain::amount::AmountError;
use domain::payout::Leg;
use domain::{Address, Amount, Asset, ChainId, Coin, Name, Network, VaultId};
use treasury::{Treasury, VaultRecord};

use crate::written::{AmountText, PayLeg};

/// Addresses of a vault that are looked through for one that pays itself.
const LOOKED_THROUGH: u32 = 1000;

/// The most that a payout of bitcoin may cost, unless somebody says otherwise.
const BITCOIN_FEE_CAP: &str = "0.0005";

/// The same on an EVM chain, in its own coin. A transfer of a token takes some 65,000 gas: this is enough
/// for it at 300 gwei, which is a dear day on Ethereum.
const EVM_FEE_CAP: &str = "0.02";

/// Reads the legs of a payout from a vault.
pub fn legs(
    treasury: &Treasury,
    id: VaultId,
    vault: &VaultRecord,
    written: &[PayLeg],
) -> anyhow::Result<Vec<Leg>> {
    let network = vault.plan.network();
    if network.chain_id().is_some() && written.len() > 1 {
        anyhow::bail!(
            "vault {} is on {network}, where one transaction pays one payee, and {} legs were written: propose each as a payout of its own; nothing was proposed",
            vault.plan.name(),
            written.len()
        );
    }
    let legs = written
        .iter()
        .map(|leg| read(treasury, network, leg))
        .collect::<anyhow::Result<Vec<Leg>>>()?;
    refuse_own(id, vault, &legs)?;
    Ok(legs)
}

/// The most that the network fee may be: as written, or what is usual on the network.
pub fn fee_cap(
    treasury: &Treasury,
    network: Network,
    written: Option<&AmountText>,
) -> anyhow::Result<Amount> {
    let asset = fee_asset(treasury, network)?;
    match written {
        Some(written) => fee_amount(asset, network, written),
        None => {
            let usual = match asset {
                Asset::Btc => BITCOIN_FEE_CAP,
                Asset::Evm(_) => EVM_FEE_CAP,
            };
            Amount::from_decimal(usual, asset).map_err(|_| {
                anyhow::anyhow!("{asset} has so few decimal places that there is no usual fee cap: give --fee-cap; nothing was proposed")
            })
        }
    }
}

/// A fee cap in the one asset that fees are paid in.
pub fn fee_amount(asset: Asset, network: Network, written: &AmountText) -> anyhow::Result<Amount> {
    written.read(&[asset]).map_err(|error| match error {
        AmountError::UnknownAsset(symbol) => anyhow::anyhow!(
            "the fee cap is written in {symbol}, but fees on {network} are paid in {asset}; nothing was proposed"
        ),
        other => anyhow::anyhow!("the fee cap: {other}; nothing was proposed"),
    })
}

fn fee_asset(treasury: &Treasury, network: Network) -> anyhow::Result<Asset> {
    let Some(chain) = network.chain_id() else {
        return Ok(Asset::Btc);
    };
    coins(treasury, chain)
        .find(Coin::is_native)
        .map(Asset::Evm)
        .ok_or_else(|| {
            anyhow::anyhow!(
                "fees on {network} are paid in the chain's own coin, which governance has not entered yet: {}; nothing was proposed",
                how_to_enter(chain)
            )
        })
}

/// The coins and tokens of a chain that governance entered.
pub fn coins(treasury: &Treasury, chain: ChainId) -> impl Iterator<Item = Coin> {
    { treasury.assets.iter().copied() }.filter(move |coin| coin.chain() == chain)
}

/// How the chain's own coin becomes known.
fn how_to_enter(chain: ChainId) -> String {
    format!(
        "for example `countersign propose asset ETH --chain {chain} --decimals 18 --as OFFICER`"
    )
}

/// What a vault on this network can pay.
pub fn known(treasury: &Treasury, network: Network) -> Vec<Asset> {
    match network.chain_id() {
        None => vec![Asset::Btc],
        Some(chain) => coins(treasury, chain).map(Asset::Evm).collect(),
    }
}

fn amount(treasury: &Treasury, network: Network, written: &AmountText) -> anyhow::Result<Amount> {
    let known = known(treasury, network);
    written.read(&known).map_err(|error| match error {
        AmountError::UnknownAsset(symbol) => unknown(&known, network, &symbol),
        other => anyhow::anyhow!("{other}; nothing was proposed"),
    })
}

fn unknown(known: &[Asset], network: Network, symbol: &str) -> anyhow::Error {
    let symbols: Vec<String> = known.iter().map(ToString::to_string).collect();
    let there = match (network.chain_id(), symbols.as_slice()) {
        (Some(chain), []) => format!(
            "governance has entered no coin of this chain yet: {}",
            how_to_enter(chain)
        ),
        (Some(_), _) => format!(
            "known there: {}. Another is entered with `countersign propose asset`",
            symbols.join(", ")
        ),
        (None, _) => format!("known there: {}", symbols.join(", ")),
    };
    anyhow::anyhow!(
        "`{symbol}` is nothing that the vault can pay on {network}; {there}. Nothing was proposed"
    )
}

fn read(treasury: &Treasury, network: Network, written: &PayLeg) -> anyhow::Result<Leg> {
    let amount = amount(treasury, network, &written.amount)?;
    let (payee, address) = payee(treasury, network, &written.to)?;
    Ok(Leg {
        payee,
        address,
        amount,
    })
}

/// Who is paid, by the name in the address book or by an address, which may be in the book as well.
pub fn payee(
    treasury: &Treasury,
    network: Network,
    written: &str,
) -> anyhow::Result<(Option<Name>, Address)> {
    let by_name = Name::new(written)
        .ok()
        .and_then(|name| treasury.payees.get(&name).map(|payee| (name, payee)));
    if let Some((name, payee)) = by_name {
        if payee.address.network() != network {
            anyhow::bail!(
                "payee `{name}` has an address on {}, the vault is on {network}; nothing was proposed",
                payee.address.network()
            );
        }
        return Ok((Some(name), payee.address.clone()));
    }
    let address = address(treasury, network, written)?;
    let payee = treasury
        .payees
        .iter()
        .find(|(_, payee)| payee.address == address)
        .map(|(name, _)| name.clone());
    Ok((payee, address))
}

fn address(treasury: &Treasury, network: Network, text: &str) -> anyhow::Result<Address> {
    Address::parse(text, network).map_err(|error| {
        if looks_like_an_address(text) {
            return anyhow::anyhow!("{error}; nothing was proposed");
        }
        let known: Vec<&str> = treasury.payees.keys().map(Name::as_str).collect();
        let there = if known.is_empty() {
            "the address book is empty".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        anyhow::anyhow!(
            "there is no payee `{text}` in the address book, and it is no address ({there}); nothing was proposed"
        )
    })
}

/// Long, one word, letters and digits: meant as an address, whatever is wrong with it.
fn looks_like_an_address(text: &str) -> bool {
    const SHORTEST: usize = 25;
    text.len() >= SHORTEST && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// Paying oneself only costs a fee; whoever writes it has taken the wrong line.
pub fn refuse_own(id: VaultId, vault: &VaultRecord, legs: &[Leg]) -> anyhow::Result<()> {
    let Some(view) = vault.view(id) else {
        return Ok(());
    };
    let keys = view.keys()?;
    for keychain in [ChildPath::RECEIVE, ChildPath::CHANGE] {
        for index in 0..LOOKED_THROUGH {
            // BIP32 has gaps that are never met: an index without a key has no address either.
            let Ok(address) = ChildPath::new(keychain, index)
                .map_err(anyhow::Error::from)
                .and_then(|path| Ok(keys.paid_at(path)?))
            else {
                continue;
            };
            if let Some(own) = legs.iter().find(|leg| leg.address == address) {
                anyhow::bail!(
                    "{} is an address of vault {} itself: the payout would only cost a fee; nothing was proposed",
                    own.address,
                    vault.plan.name()
                );
            }
        }
    }
    Ok(())
}
