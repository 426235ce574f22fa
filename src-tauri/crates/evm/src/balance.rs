//! Balances of many addresses at one block.

use alloy::sol_types::SolValue;
use alloy_primitives::{Address, Bytes as RawBytes, U256, address};
use domain::{Coin, EvmAddress};
use serde_json::{Value, json};

use crate::answer::{Block, Bytes, Quantity};
use crate::chain::{Tip, quantity, raw};
use crate::node::{Node, Question};
use crate::node_error::NodeError;

/// The helper's runtime code; `contract/README.md` tells how it is made.
const HELPER: &str = include_str!("../contract/Balances.hex");

/// Where the helper stands for the length of a call: the last 20 bytes of Keccak-256 of
/// `countersign balances`. Nothing is there.
const HELPER_ADDRESS: Address = address!("0x0c8b2cd15f4632de332795e5582c5a2766e7a8dd");

/// The first four bytes of Keccak-256 of `balances(address[],address[])`.
const BALANCES: [u8; 4] = [0xf0, 0x00, 0x2e, 0xa9];

/// The first four bytes of Keccak-256 of `balanceOf(address)`.
const BALANCE_OF: [u8; 4] = [0x70, 0xa0, 0x82, 0x31];

/// Balances read in one call: far below the gas that a node allows a call by default.
const TOGETHER: usize = 500;

/// Reads before a chain that is reorganised meanwhile is given up.
const READS: u32 = 3;

/// Balances of many addresses, all at one block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Balances {
    /// The block.
    pub block: Tip,
    /// Each address and coin with its balance in base units, in the order of the addresses, then of
    /// the coins.
    pub rows: Vec<(EvmAddress, Coin, U256)>,
    /// Where the token's contract gave no answer: not zero, but unknown.
    pub unanswered: Vec<(EvmAddress, Coin)>,
}

type Pair = (EvmAddress, Coin);

/// The balance of each pair; none where the token gives no answer.
type Units = Vec<Option<U256>>;

impl Node {
    /// What an account would hold of the chain's own coin once every transaction that waits is in a block,
    /// in wei. Nodes without such a view answer for the newest block.
    pub async fn spendable(&self, account: &EvmAddress) -> Result<U256, NodeError> {
        self.own(account.chain())?;
        let Quantity(wei) = self
            .ask("eth_getBalance", json!([raw(account), "pending"]))
            .await?;
        Ok(wei)
    }

    /// The balances of all addresses in all coins at the newest block. Nodes that take a state
    /// override read 500 at a time by a helper's code that is placed for the call; others are asked
    /// one by one, in batches.
    pub async fn balances(
        &self,
        addresses: &[EvmAddress],
        coins: &[Coin],
    ) -> Result<Balances, NodeError> {
        for chain in addresses.iter().map(EvmAddress::chain) {
            self.own(chain)?;
        }
        for chain in coins.iter().map(Coin::chain) {
            self.own(chain)?;
        }
        let each = addresses
            .iter()
            .map(|holder| coins.iter().map(|coin| (*holder, *coin)));
        let pairs: Vec<Pair> = each.flatten().collect();
        for _ in 0..READS {
            let block = self.check_chain().await?;
            let units = self.units_at(block.height, &pairs).await?;
            // The height was asked for, so another block may have come to stand there.
            let same: Option<Block> = self.block(block.height).await?;
            if same.is_some_and(|same| same.hash == block.hash) {
                return Ok(Balances::new(block, pairs, units));
            }
        }
        Err(NodeError::Moved)
    }

    async fn units_at(&self, height: u64, pairs: &[Pair]) -> Result<Units, NodeError> {
        let mut all = Vec::with_capacity(pairs.len());
        let mut overrides = true;
        for part in pairs.chunks(TOGETHER) {
            let together = if overrides {
                self.together(height, part).await?
            } else {
                None
            };
            match together {
                Some(units) => all.extend(units),
                None => {
                    overrides = false;
                    all.extend(self.one_by_one(height, part).await?);
                }
            }
        }
        Ok(all)
    }

    /// By the helper's code; none if the node does not take it.
    async fn together(&self, height: u64, pairs: &[Pair]) -> Result<Option<Units>, NodeError> {
        let contract = |coin: &Coin| coin.contract().map_or(Address::ZERO, |it| raw(&it));
        let coins: Vec<Address> = pairs.iter().map(|(_, coin)| contract(coin)).collect();
        let holders: Vec<Address> = pairs.iter().map(|(holder, _)| raw(holder)).collect();
        let arguments = (coins, holders).abi_encode_params();
        let call = json!({"to": HELPER_ADDRESS, "data": data(BALANCES, &arguments)});
        let code = format!("0x{}", HELPER.trim());
        let mut overrides = serde_json::Map::new();
        overrides.insert(HELPER_ADDRESS.to_string(), json!({"code": code}));
        let params = json!([call, quantity(height), overrides]);
        let answers = self.ask_each(&[Question::new("eth_call", params)]).await?;
        let answer: Result<Bytes, NodeError> =
            self.read_next("the balances", &mut answers.into_iter());
        match answer {
            Ok(Bytes(answer)) => Ok(read_together(&answer, pairs.len())),
            Err(NodeError::Refused { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn one_by_one(&self, height: u64, pairs: &[Pair]) -> Result<Units, NodeError> {
        let questions: Vec<Question> = pairs
            .iter()
            .map(|(holder, coin)| question(height, holder, coin))
            .collect();
        let mut answers = self.ask_each(&questions).await?.into_iter();
        let mut units = Vec::with_capacity(pairs.len());
        for (_, coin) in pairs {
            units.push(if coin.is_native() {
                let Quantity(balance) = self.read_next("a balance", &mut answers)?;
                Some(balance)
            } else {
                match self.read_next::<Bytes>("a token's balance", &mut answers) {
                    Ok(Bytes(answer)) => word(&answer),
                    Err(NodeError::Refused { .. }) => None,
                    Err(error) => return Err(error),
                }
            });
        }
        Ok(units)
    }
}

impl Balances {
    fn new(block: Tip, pairs: Vec<Pair>, units: Units) -> Self {
        let mut balances = Self {
            block,
            rows: Vec::with_capacity(pairs.len()),
            unanswered: Vec::new(),
        };
        for ((holder, coin), units) in pairs.into_iter().zip(units) {
            match units {
                Some(units) => balances.rows.push((holder, coin, units)),
                None => balances.unanswered.push((holder, coin)),
            }
        }
        balances
    }
}

/// The helper's answer; none if it is not one, as from a node that ignores the override.
fn read_together(answer: &RawBytes, expected: usize) -> Option<Units> {
    let (units, answered) = <(Vec<U256>, Vec<bool>)>::abi_decode_params(answer).ok()?;
    if units.len() != expected || answered.len() != expected {
        return None;
    }
    let each = units.into_iter().zip(answered);
    Some(
        each.map(|(units, answered)| answered.then_some(units))
            .collect(),
    )
}

fn question(height: u64, holder: &EvmAddress, coin: &Coin) -> Question {
    let at = quantity(height);
    match coin.contract() {
        None => Question::new("eth_getBalance", json!([raw(holder), at])),
        Some(contract) => {
            let question = data(BALANCE_OF, &raw(holder).abi_encode());
            let call = json!({"to": raw(&contract), "data": question});
            Question::new("eth_call", json!([call, at]))
        }
    }
}

fn data(selector: [u8; 4], arguments: &[u8]) -> Value {
    Value::String(format!(
        "0x{}{}",
        hex::encode(selector),
        hex::encode(arguments)
    ))
}

/// The first word of an answer, as Solidity reads it.
fn word(answer: &RawBytes) -> Option<U256> {
    answer
        .first_chunk::<32>()
        .map(|word| U256::from_be_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::keccak256;

    #[test]
    fn selectors_and_the_address_are_hashes() {
        assert_eq!(keccak256("balances(address[],address[])")[..4], BALANCES);
        assert_eq!(keccak256("balanceOf(address)")[..4], BALANCE_OF);
        assert_eq!(keccak256("countersign balances")[12..], HELPER_ADDRESS[..]);
        assert!(hex::decode(HELPER.trim()).unwrap().len() > 500);
    }

    #[test]
    fn an_answer_of_the_wrong_shape_is_none() {
        let units = vec![U256::from(7), U256::from(9)];
        let answer = |units: &Vec<U256>, answered: Vec<bool>| {
            RawBytes::from((units.clone(), answered).abi_encode_params())
        };
        let sound = answer(&units, vec![true, false]);
        assert_eq!(
            read_together(&sound, 2),
            Some(vec![Some(U256::from(7)), None])
        );
        assert_eq!(read_together(&sound, 3), None);
        assert_eq!(read_together(&answer(&units, vec![true]), 2), None);
        assert_eq!(read_together(&RawBytes::new(), 2), None);
        assert_eq!(read_together(&sound.slice(..100), 2), None);
        assert_eq!(word(&RawBytes::from(vec![1; 31])), None);
    }
}
