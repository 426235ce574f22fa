//! A vault on an EVM chain whose whole key the test knows, payouts from it, and honest plans for them,
//! encoded by alloy.

use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy::primitives::{Address as Raw, TxKind};
use bitcoin::bip32::ChildNumber;
use bitcoin::secp256k1::Message;
use domain::act::{ChildPath, PlannedEvm};
use domain::roster::HexBytes;
use domain::{
    Address, Amount, ChainId, Coin, EvmAddress, Leg, Network, Note, Payout, Symbol, U256,
};
use plans::{EvmEffects, EvmMismatch, NonceAnchor, inspect_evm};

use crate::support::{Vault, proposal, receive, vault};

pub const CHAIN: u64 = 31_337;
pub const NONCE: u64 = 7;
pub const GAS_PRICE: u128 = 30_000_000_000;
/// EIP-20, by its Keccak-256.
pub const TRANSFER: [u8; 4] = [0xa9, 0x05, 0x9c, 0xbb];

pub fn chain() -> ChainId {
    ChainId::new(CHAIN).unwrap()
}

pub fn coin(contract: Option<EvmAddress>, symbol: &str, decimals: u8) -> Coin {
    Coin::new(chain(), contract, Symbol::new(symbol).unwrap(), decimals).unwrap()
}

pub fn ether() -> Coin {
    coin(None, "ETH", 18)
}

pub fn contract() -> EvmAddress {
    account_of([0x42; 20])
}

pub fn usd() -> Coin {
    coin(Some(contract()), "USDC", 6)
}

pub fn account_of(bytes: [u8; 20]) -> EvmAddress {
    EvmAddress::from_bytes(bytes, chain()).unwrap()
}

pub fn payee() -> EvmAddress {
    account_of([0xab; 20])
}

pub fn raw(address: EvmAddress) -> Raw {
    Raw::from(*address.as_bytes())
}

pub fn evm_vault(seed: u8) -> Vault {
    let mut vault = vault(seed);
    vault.view.network = Network::Evm(chain());
    vault
}

/// A child's signature with low s, from the private side.
pub fn sign_ecdsa(vault: &Vault, path: ChildPath, digest: [u8; 32]) -> [u8; 64] {
    let steps = [path.keychain(), path.index()];
    let steps = steps.map(|index| ChildNumber::from_normal_idx(index).unwrap());
    let child = vault.root.derive_priv(&vault.secp, &steps).unwrap();
    let message = Message::from_digest(digest);
    let signature = vault.secp.sign_ecdsa(&message, &child.private_key);
    signature.serialize_compact()
}

/// The calldata of a transfer, put together by hand.
pub fn transfer(to: EvmAddress, units: U256) -> Vec<u8> {
    let mut data = TRANSFER.to_vec();
    data.extend([0; 12]);
    data.extend(to.as_bytes());
    data.extend(units.to_be_bytes::<32>());
    data
}

/// A payout, and the honest transaction that pays it.
#[derive(Clone)]
pub struct Case {
    pub payout: Payout,
    pub tx: TxEip1559,
    pub path: ChildPath,
}

/// The vault of every case.
pub fn the_vault() -> Vault {
    evm_vault(1)
}

pub fn payout_of(coin: Coin, to: EvmAddress, units: U256, cap: U256) -> Payout {
    let leg = Leg {
        payee: None,
        address: Address::Evm(to),
        amount: Amount::Evm(coin, units),
    };
    let (vault, cap) = (the_vault().view.vault, Amount::Evm(ether(), cap));
    Payout::from_account(vault, 3, vec![leg], cap, Note::new("").unwrap()).unwrap()
}

impl Case {
    fn of(payout: Payout, to: EvmAddress, gas_limit: u64, value: U256, input: Vec<u8>) -> Self {
        let tx = TxEip1559 {
            chain_id: CHAIN,
            nonce: NONCE,
            gas_limit,
            max_fee_per_gas: GAS_PRICE,
            max_priority_fee_per_gas: 1_000_000_000,
            to: TxKind::Call(raw(to)),
            value,
            access_list: Default::default(),
            input: input.into(),
        };
        let path = receive(3);
        Self { payout, tx, path }
    }

    /// 1.5 ether, with room for three times the fee.
    pub fn ether() -> Self {
        let units = U256::from(1_500_000_000_000_000_000_u64);
        let cap = U256::from(21_000) * U256::from(3 * GAS_PRICE);
        let payout = payout_of(ether(), payee(), units, cap);
        Self::of(payout, payee(), 21_000, units, Vec::new())
    }

    /// 1,234.567891 of a token.
    pub fn token() -> Self {
        let units = U256::from(1_234_567_891_u64);
        let cap = U256::from(65_000) * U256::from(3 * GAS_PRICE);
        let payout = payout_of(usd(), payee(), units, cap);
        let data = transfer(payee(), units);
        Self::of(payout, contract(), 65_000, U256::ZERO, data)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.tx.encoded_for_signing()
    }

    pub fn planned(&self) -> PlannedEvm {
        self.planned_as(self.bytes())
    }

    pub fn planned_as(&self, bytes: Vec<u8>) -> PlannedEvm {
        PlannedEvm {
            proposal: proposal(),
            version: 1,
            transaction: HexBytes(bytes),
            account: self.path,
        }
    }

    pub fn anchor(&self) -> NonceAnchor {
        let keys = the_vault().view.keys().unwrap();
        NonceAnchor {
            account: keys.account_at(receive(3)).unwrap(),
            nonce: NONCE,
        }
    }

    pub fn check(&self, planned: &PlannedEvm) -> Result<EvmEffects, EvmMismatch> {
        inspect_evm(
            planned,
            &self.payout,
            &the_vault().view,
            Some(self.anchor()),
        )
    }

    /// What the inspection says after one lie.
    pub fn lie(&self, tell: impl FnOnce(&mut TxEip1559)) -> EvmMismatch {
        let mut case = self.clone();
        tell(&mut case.tx);
        self.check(&case.planned()).unwrap_err()
    }

    pub fn refuses(&self, bytes: Vec<u8>) -> EvmMismatch {
        self.check(&self.planned_as(bytes)).unwrap_err()
    }
}

/// RLP of bytes, canonical.
pub fn rlp_text(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [single] if *single < 0x80 => vec![*single],
        bytes => headed(0x80, bytes),
    }
}

/// RLP of a list of items that are encoded already.
pub fn rlp_list(items: &[Vec<u8>]) -> Vec<u8> {
    headed(0xc0, &items.concat())
}

fn headed(short: u8, payload: &[u8]) -> Vec<u8> {
    let length = payload.len();
    let mut bytes = if length <= 55 {
        vec![short + u8::try_from(length).unwrap()]
    } else {
        let digits = length.to_be_bytes();
        let zeros = digits.iter().take_while(|byte| **byte == 0).count();
        let mut head = vec![short + 55 + u8::try_from(digits.len() - zeros).unwrap()];
        head.extend(&digits[zeros..]);
        head
    };
    bytes.extend(payload);
    bytes
}

pub fn rlp_number(number: U256) -> Vec<u8> {
    rlp_text(&number.to_be_bytes_trimmed_vec())
}

/// The nine fields of a transaction, each encoded.
pub fn fields(tx: &TxEip1559) -> Vec<Vec<u8>> {
    let number = |number: u128| rlp_number(U256::from(number));
    vec![
        number(tx.chain_id.into()),
        number(tx.nonce.into()),
        number(tx.max_priority_fee_per_gas),
        number(tx.max_fee_per_gas),
        number(tx.gas_limit.into()),
        rlp_text(tx.to.to().unwrap().as_slice()),
        rlp_number(tx.value),
        rlp_text(&tx.input),
        vec![0xc0],
    ]
}

pub fn typed(kind: u8, list: Vec<u8>) -> Vec<u8> {
    [vec![kind], list].concat()
}
