//! What a transaction does: a plain payment, or a call of a token's contract.

use alloy_primitives::U256;
use domain::{ChainId, Coin, EvmAddress};

/// The first four bytes of Keccak-256 of `transfer(address,uint256)`.
const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

/// Whom a transaction calls, with how much of the chain's own coin and what words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The payee, or the token's contract.
    pub to: EvmAddress,
    /// How much of the chain's own coin.
    pub value: U256,
    /// The call's data; empty for a plain payment.
    pub data: Vec<u8>,
}

/// A payee on another chain than the coin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the coin is on chain {coin}, the payee on chain {payee}; nothing was built")]
pub struct CallError {
    /// The coin's chain.
    pub coin: ChainId,
    /// The payee's chain.
    pub payee: ChainId,
}

impl Call {
    /// The payment of `units` base units of a coin.
    pub fn payment(coin: &Coin, to: &EvmAddress, units: U256) -> Result<Self, CallError> {
        if coin.chain() != to.chain() {
            return Err(CallError {
                coin: coin.chain(),
                payee: to.chain(),
            });
        }
        Ok(match coin.contract() {
            None => Self {
                to: *to,
                value: units,
                data: Vec::new(),
            },
            Some(contract) => Self {
                to: contract,
                value: U256::ZERO,
                data: erc20_transfer(to, units).to_vec(),
            },
        })
    }
}

/// The data of an ERC-20 `transfer(address,uint256)`: selector, address and amount, 32 bytes each.
pub fn erc20_transfer(to: &EvmAddress, amount: U256) -> [u8; 68] {
    let mut data = [0; 68];
    let amount = amount.to_be_bytes::<32>();
    let padding = [0; 12];
    let parts = TRANSFER
        .iter()
        .chain(&padding)
        .chain(to.as_bytes())
        .chain(&amount);
    for (place, byte) in data.iter_mut().zip(parts) {
        *place = *byte;
    }
    data
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol_types::SolValue;
    use alloy_primitives::{Address, keccak256};
    use domain::Symbol;
    use proptest::prelude::*;

    fn address(byte: u8, chain: u64) -> EvmAddress {
        EvmAddress::from_bytes([byte; 20], ChainId::new(chain).unwrap()).unwrap()
    }

    #[test]
    fn the_selector_is_the_hash_of_the_signature() {
        assert_eq!(keccak256("transfer(address,uint256)")[..4], TRANSFER);
    }

    #[test]
    fn a_known_transfer() {
        // 1 USDT to the zero-padded address, as explorers show it.
        let to = EvmAddress::parse(
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            ChainId::new(1).unwrap(),
        );
        let data = erc20_transfer(&to.unwrap(), U256::from(1_000_000));
        let expected = concat!(
            "a9059cbb",
            "0000000000000000000000005aaeb6053f3e94c9b9a09f33669435e7ef1beaed",
            "00000000000000000000000000000000000000000000000000000000000f4240",
        );
        assert_eq!(hex::encode(data), expected);
    }

    proptest! {
        #[test]
        fn a_transfer_is_what_the_abi_says(to in any::<[u8; 20]>(), amount in any::<[u8; 32]>()) {
            let Ok(payee) = EvmAddress::from_bytes(to, ChainId::new(1).unwrap()) else { return Ok(()) };
            let amount = U256::from_be_bytes(amount);
            let abi = (Address::from(to), amount).abi_encode_params();
            let data = erc20_transfer(&payee, amount);
            prop_assert_eq!(&data[4..], &abi[..]);
        }
    }

    #[test]
    fn a_token_is_paid_by_its_contract_and_a_coin_by_value() {
        let chain = ChainId::new(1).unwrap();
        let symbol = |text| Symbol::new(text).unwrap();
        let (contract, payee) = (address(0x11, 1), address(0x22, 1));
        let native = Coin::new(chain, None, symbol("ETH"), 18).unwrap();
        let token = Coin::new(chain, Some(contract), symbol("USDT"), 6).unwrap();
        let five = U256::from(5);
        let paid = Call::payment(&native, &payee, five).unwrap();
        assert_eq!((paid.to, paid.value, paid.data.len()), (payee, five, 0));
        let paid = Call::payment(&token, &payee, five).unwrap();
        assert_eq!((paid.to, paid.value), (contract, U256::ZERO));
        assert_eq!(paid.data, erc20_transfer(&payee, five));
        assert!(Call::payment(&token, &address(0x22, 5), five).is_err());
    }
}
