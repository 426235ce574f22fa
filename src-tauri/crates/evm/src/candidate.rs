//! A built transaction: the bytes for the journal's plan.

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy_primitives::{Bytes, TxKind};
use domain::ChainId;

use crate::call::Call;
use crate::chain::raw;
use crate::fee::Fees;

/// A transaction that nobody has checked but its builder. It becomes a plan in the journal, and each
/// seat checks it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The chain that the signature is bound to (EIP-155).
    pub chain: ChainId,
    /// The account's nonce.
    pub nonce: u64,
    /// What it offers for its gas.
    pub fees: Fees,
    /// Most gas that it may use.
    pub gas_limit: u64,
    /// Whom it pays or calls.
    pub call: Call,
}

/// Fields that make no transaction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CandidateError {
    /// A payee of another chain.
    #[error(
        "the transaction is for chain {chain}, its payee is on chain {payee}; nothing was built"
    )]
    OtherChain {
        /// The transaction's chain.
        chain: ChainId,
        /// The payee's chain.
        payee: ChainId,
    },
    /// No node carries it (EIP-1559).
    #[error(
        "the tip for the block's maker is above the most that is paid in all; nothing was built"
    )]
    TipAboveMax,
    /// No account can send it (EIP-2681).
    #[error("the account has used up its nonces; nothing was built: use another account")]
    NonceUsedUp,
}

impl Candidate {
    /// The unsigned bytes: `0x02` and the list of nine fields, the access list empty.
    pub fn unsigned(&self) -> Result<Vec<u8>, CandidateError> {
        if self.call.to.chain() != self.chain {
            return Err(CandidateError::OtherChain {
                chain: self.chain,
                payee: self.call.to.chain(),
            });
        }
        if self.fees.max_priority_fee_per_gas > self.fees.max_fee_per_gas {
            return Err(CandidateError::TipAboveMax);
        }
        if self.nonce == u64::MAX {
            return Err(CandidateError::NonceUsedUp);
        }
        let transaction = TxEip1559 {
            chain_id: self.chain.get(),
            nonce: self.nonce,
            gas_limit: self.gas_limit,
            max_fee_per_gas: self.fees.max_fee_per_gas,
            max_priority_fee_per_gas: self.fees.max_priority_fee_per_gas,
            to: TxKind::Call(raw(&self.call.to)),
            value: self.call.value,
            access_list: Default::default(),
            input: Bytes::from(self.call.data.clone()),
        };
        Ok(transaction.encoded_for_signing())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy_primitives::{U256, keccak256};
    use domain::EvmAddress;
    use proptest::prelude::*;

    /// RLP as the yellow paper's appendix B has it, written down once more.
    fn rlp(payload: &[u8], short: u8) -> Vec<u8> {
        let length = payload.len();
        let mut out = if length <= 55 {
            vec![short + u8::try_from(length).unwrap()]
        } else {
            let length = minimal(&length.to_be_bytes());
            let mut head = vec![short + 55 + u8::try_from(length.len()).unwrap()];
            head.extend(length);
            head
        };
        out.extend(payload);
        out
    }

    fn minimal(bytes: &[u8]) -> Vec<u8> {
        bytes
            .iter()
            .copied()
            .skip_while(|byte| *byte == 0)
            .collect()
    }

    fn string(bytes: &[u8]) -> Vec<u8> {
        match bytes {
            [byte] if *byte < 0x80 => vec![*byte],
            bytes => rlp(bytes, 0x80),
        }
    }

    fn by_hand(c: &Candidate) -> Vec<u8> {
        let fields = [
            string(&minimal(&c.chain.get().to_be_bytes())),
            string(&minimal(&c.nonce.to_be_bytes())),
            string(&minimal(&c.fees.max_priority_fee_per_gas.to_be_bytes())),
            string(&minimal(&c.fees.max_fee_per_gas.to_be_bytes())),
            string(&minimal(&c.gas_limit.to_be_bytes())),
            string(c.call.to.as_bytes()),
            string(&minimal(&c.call.value.to_be_bytes::<32>())),
            string(&c.call.data),
            rlp(&[], 0xc0),
        ];
        let mut out = vec![2];
        out.extend(rlp(&fields.concat(), 0xc0));
        out
    }

    fn candidate(to: EvmAddress, value: U256, data: Vec<u8>) -> Candidate {
        Candidate {
            chain: to.chain(),
            nonce: 7,
            fees: Fees {
                max_fee_per_gas: 40_000_000_000,
                max_priority_fee_per_gas: 1_500_000_000,
            },
            gas_limit: 21_000,
            call: Call { to, value, data },
        }
    }

    fn payee() -> EvmAddress {
        EvmAddress::from_bytes([0xbb; 20], ChainId::new(1).unwrap()).unwrap()
    }

    #[test]
    fn known_bytes() {
        let bytes = candidate(payee(), U256::from(10).pow(U256::from(18)), Vec::new()).unsigned();
        let expected = concat!(
            "02f0",
            "01",
            "07",
            "8459682f00",
            "8509502f9000",
            "825208",
            "94bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
            "880de0b6b3a7640000",
            "80",
            "c0",
        );
        assert_eq!(hex::encode(bytes.unwrap()), expected);
    }

    proptest! {
        #[test]
        fn the_bytes_are_what_the_standard_says(
            chain in 1..=ChainId::MAX, nonce in 0..u64::MAX, tip in any::<u128>(), above in any::<u128>(),
            gas_limit in any::<u64>(), to in any::<[u8; 20]>(), value in any::<[u8; 32]>(),
            zeros in 0usize..32, data in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            let chain = ChainId::new(chain).unwrap();
            let Ok(to) = EvmAddress::from_bytes(to, chain) else { return Ok(()) };
            let mut value = value;
            value[..zeros].fill(0);
            let candidate = Candidate {
                chain, nonce, gas_limit,
                fees: Fees { max_fee_per_gas: tip.saturating_add(above), max_priority_fee_per_gas: tip },
                call: Call { to, value: U256::from_be_bytes(value), data },
            };
            let bytes = candidate.unsigned().unwrap();
            prop_assert_eq!(&bytes, &by_hand(&candidate));
            let alloy = TxEip1559 {
                chain_id: chain.get(), nonce, gas_limit,
                max_fee_per_gas: candidate.fees.max_fee_per_gas, max_priority_fee_per_gas: tip,
                to: TxKind::Call(raw(&to)), value: candidate.call.value,
                access_list: Default::default(), input: candidate.call.data.clone().into(),
            };
            prop_assert_eq!(keccak256(&bytes), alloy.signature_hash());
        }
    }

    #[test]
    fn what_no_chain_would_take_is_not_built() {
        let sound = candidate(payee(), U256::from(1), Vec::new());
        let other = Candidate {
            chain: ChainId::new(5).unwrap(),
            ..sound.clone()
        };
        assert!(matches!(
            other.unsigned(),
            Err(CandidateError::OtherChain { .. })
        ));
        let mut tip = sound.clone();
        tip.fees.max_priority_fee_per_gas = tip.fees.max_fee_per_gas + 1;
        assert_eq!(tip.unsigned(), Err(CandidateError::TipAboveMax));
        let last = Candidate {
            nonce: u64::MAX,
            ..sound
        };
        assert_eq!(last.unsigned(), Err(CandidateError::NonceUsedUp));
    }
}
