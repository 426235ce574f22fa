//! From what a person wrote to who is paid: a name of the address book, or an address.

use domain::act::ChildPath;
use domain::payout::Leg;
use domain::{BtcAddress, Name, Network, VaultId};
use treasury::{Treasury, VaultRecord};

use crate::args::PayLeg;

/// Addresses of a vault that are looked through for one that pays itself.
const LOOKED_THROUGH: u32 = 1000;

/// Reads the legs of a payout from a vault.
pub fn legs(
    treasury: &Treasury,
    id: VaultId,
    vault: &VaultRecord,
    written: &[PayLeg],
) -> anyhow::Result<Vec<Leg>> {
    let legs = written
        .iter()
        .map(|leg| read(treasury, vault.plan.network(), leg))
        .collect::<anyhow::Result<Vec<Leg>>>()?;
    refuse_own(id, vault, &legs)?;
    Ok(legs)
}

fn read(treasury: &Treasury, network: Network, written: &PayLeg) -> anyhow::Result<Leg> {
    let amount = written.amount;
    let by_name = Name::new(written.to.as_str())
        .ok()
        .and_then(|name| treasury.payees.get(&name).map(|payee| (name, payee)));
    if let Some((name, payee)) = by_name {
        if payee.address.network() != network {
            anyhow::bail!(
                "payee `{name}` has an address on {}, the vault is on {network}; nothing was proposed",
                payee.address.network()
            );
        }
        return Ok(Leg {
            payee: Some(name),
            address: payee.address.clone(),
            amount,
        });
    }
    let address = address(treasury, network, &written.to)?;
    let payee = treasury
        .payees
        .iter()
        .find(|(_, payee)| payee.address == address)
        .map(|(name, _)| name.clone());
    Ok(Leg {
        payee,
        address,
        amount,
    })
}

fn address(treasury: &Treasury, network: Network, text: &str) -> anyhow::Result<BtcAddress> {
    BtcAddress::parse(text, network).map_err(|error| {
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
fn refuse_own(id: VaultId, vault: &VaultRecord, legs: &[Leg]) -> anyhow::Result<()> {
    let Some(view) = vault.view(id) else {
        return Ok(());
    };
    let keys = view.keys()?;
    for keychain in [ChildPath::RECEIVE, ChildPath::CHANGE] {
        for index in 0..LOOKED_THROUGH {
            // BIP32 has gaps that are never met: an index without a key has no address either.
            let Ok(script) = ChildPath::new(keychain, index)
                .map_err(anyhow::Error::from)
                .and_then(|path| Ok(keys.script_at(path)?))
            else {
                continue;
            };
            if let Some(own) = legs
                .iter()
                .find(|leg| leg.address.script_pubkey() == script.as_script())
            {
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
