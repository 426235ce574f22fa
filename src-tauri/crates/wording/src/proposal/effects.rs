//! What the exact bytes of a plan do, decoded here and now: what an officer reads before a seat opens.

use bitcoin::Transaction;
use bitcoin::consensus::encode::deserialize;
use domain::{Address, Amount, ChainId, Coin, EvmAddress, Network, Sats, U256};
use treasury::{PlanBody, PlanRecord, Treasury};

/// `transfer(address,uint256)` of ERC-20.
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// One payment that the bytes make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Whom it pays, as the bytes say; none where that is no address.
    pub to: Option<Address>,
    /// How much.
    pub amount: Amount,
    /// Back to the vault itself.
    pub is_change: bool,
}

/// What the bytes do, or why that can't be told; then nothing should be opened for them.
pub fn effects(
    treasury: &Treasury,
    network: Network,
    plan: &PlanRecord,
) -> Result<Vec<Effect>, String> {
    match (&plan.body, network) {
        (PlanBody::Bitcoin(planned), _) => {
            let transaction: Transaction = deserialize(&planned.transaction.0)
                .map_err(|error| format!("the transaction can't be read: {error}"))?;
            let network = network
                .to_bitcoin()
                .ok_or_else(|| "the vault is not on Bitcoin".to_owned())?;
            let change = planned.change.map(|change| change.output as usize);
            transaction
                .output
                .iter()
                .enumerate()
                .map(|(place, output)| {
                    let script = &output.script_pubkey;
                    let to = bitcoin::Address::from_script(script, network)
                        .ok()
                        .and_then(|address| {
                            Address::parse(&address.to_string(), plan_network(network)).ok()
                        });
                    let amount = Sats::new(output.value.to_sat())
                        .map_err(|error| format!("an output's amount: {error}"))?;
                    Ok(Effect {
                        to,
                        amount: Amount::Btc(amount),
                        is_change: change == Some(place),
                    })
                })
                .collect()
        }
        (PlanBody::Evm(planned), Network::Evm(chain)) => {
            let decoded = plans::decode_evm(&planned.transaction.0)
                .map_err(|error| format!("the transaction can't be read: {error}"))?;
            evm_effect(treasury, chain, &decoded.to, decoded.value, &decoded.data)
                .map(|effect| vec![effect])
        }
        (PlanBody::Evm(_), _) => Err("the vault is on no EVM chain".to_owned()),
    }
}

const fn plan_network(network: bitcoin::Network) -> Network {
    match network {
        bitcoin::Network::Bitcoin => Network::Bitcoin,
        bitcoin::Network::Testnet | bitcoin::Network::Testnet4 => Network::Testnet4,
        bitcoin::Network::Signet => Network::Signet,
        bitcoin::Network::Regtest => Network::Regtest,
    }
}

fn evm_effect(
    treasury: &Treasury,
    chain: ChainId,
    to: &[u8; 20],
    value: U256,
    data: &[u8],
) -> Result<Effect, String> {
    let coin = |wanted: Option<EvmAddress>| -> Option<Coin> {
        crate::payees::coins(treasury, chain).find(|coin| coin.contract() == wanted)
    };
    let address = |bytes: [u8; 20]| {
        EvmAddress::from_bytes(bytes, chain).map_err(|error| format!("whom it pays: {error}"))
    };
    let effect = |coin: Coin, to: EvmAddress, units: U256| Effect {
        to: Some(Address::Evm(to)),
        amount: Amount::Evm(coin, units),
        is_change: false,
    };
    if data.is_empty() {
        let native = coin(None).ok_or("the chain's own coin is not known")?;
        return Ok(effect(native, address(*to)?, value));
    }
    let token =
        coin(Some(address(*to)?)).ok_or("it calls a contract that is no token of this treasury")?;
    let call = data
        .strip_prefix(TRANSFER.as_slice())
        .filter(|words| words.len() == 64 && value.is_zero())
        .ok_or("it calls the token's contract for something that is no plain transfer")?;
    let (receiver, units) = call.split_at(32);
    let receiver: [u8; 20] = receiver
        .strip_prefix([0; 12].as_slice())
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or("the token's receiver is no address")?;
    Ok(effect(
        token,
        address(receiver)?,
        U256::from_be_slice(units),
    ))
}
