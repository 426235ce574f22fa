//! Networks, and addresses checked for network, checksum and kind.

use std::fmt;

use bitcoin::ScriptBuf;
use serde::{Deserialize, Serialize};

use crate::evm::{ChainId, EvmAddress};

/// Whether real money is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkClass {
    /// Real money.
    Mainnet,
    /// Coins without value.
    Test,
}

/// A chain: a Bitcoin network or an EVM chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Network {
    /// Real money.
    Bitcoin,
    /// Public test network 4.
    Testnet4,
    /// Signed test network.
    Signet,
    /// A private chain on this machine.
    Regtest,
    /// An EVM chain.
    Evm(ChainId),
}

impl Network {
    /// The Bitcoin networks.
    pub const BITCOIN: [Network; 4] = [
        Network::Bitcoin,
        Network::Testnet4,
        Network::Signet,
        Network::Regtest,
    ];

    /// Whether real money is at stake.
    pub fn class(self) -> NetworkClass {
        match self {
            Network::Bitcoin => NetworkClass::Mainnet,
            Network::Testnet4 | Network::Signet | Network::Regtest => NetworkClass::Test,
            Network::Evm(chain) => chain.class(),
        }
    }

    /// The same network in the `bitcoin` crate's words, if it is one of Bitcoin.
    pub const fn to_bitcoin(self) -> Option<bitcoin::Network> {
        match self {
            Network::Bitcoin => Some(bitcoin::Network::Bitcoin),
            Network::Testnet4 => Some(bitcoin::Network::Testnet4),
            Network::Signet => Some(bitcoin::Network::Signet),
            Network::Regtest => Some(bitcoin::Network::Regtest),
            Network::Evm(_) => None,
        }
    }

    /// The chain's id, if it is an EVM chain.
    pub const fn chain_id(self) -> Option<ChainId> {
        match self {
            Network::Evm(chain) => Some(chain),
            Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => None,
        }
    }
}

/// The name people use: `regtest`, or `eip155:1` (CAIP-2) for an EVM chain.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Network::Bitcoin => f.pad("bitcoin"),
            Network::Testnet4 => f.pad("testnet4"),
            Network::Signet => f.pad("signet"),
            Network::Regtest => f.pad("regtest"),
            Network::Evm(chain) => f.pad(&format!("eip155:{chain}")),
        }
    }
}

impl std::str::FromStr for Network {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let unknown = || AddressError::UnknownNetwork(text.chars().take(20).collect());
        if let Some(id) = text.strip_prefix("eip155:") {
            let chain = id.parse().ok().and_then(|id| ChainId::new(id).ok());
            let network = chain.map(Network::Evm).ok_or_else(unknown)?;
            return (network.to_string() == text)
                .then_some(network)
                .ok_or_else(unknown);
        }
        Network::BITCOIN
            .into_iter()
            .find(|network| network.to_string() == text)
            .ok_or_else(unknown)
    }
}

impl TryFrom<String> for Network {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        text.parse()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> String {
        network.to_string()
    }
}

/// A text that is no address this treasury can pay to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No such network.
    #[error(
        "`{0}` is no network; known: bitcoin, testnet4, signet, regtest, and eip155: with a chain id"
    )]
    UnknownNetwork(String),
    /// Wrong checksum, wrong length or no address at all.
    #[error("`{text}` is no Bitcoin address: {reason}")]
    Malformed {
        /// What was written.
        text: String,
        /// What the decoder said.
        reason: String,
    },
    /// An address of another network.
    #[error(
        "`{text}` is an address of another network, not of {network}: coins sent there would be lost to you"
    )]
    WrongNetwork {
        /// What was written.
        text: String,
        /// The network of the treasury.
        network: Network,
    },
    /// A witness version or length that has no rules yet.
    #[error("`{0}` has a witness program without rules yet: anybody could take coins sent there")]
    FutureWitness(String),
    /// A Taproot output key that is no point of the curve, or an account that nobody can have a key of.
    #[error("`{0}` names a key that can't exist: coins sent there would be lost for good")]
    Unspendable(String),
    /// No address of an EVM chain.
    #[error("`{text}` is no address of an EVM chain: {reason}")]
    NotEvm {
        /// What was written.
        text: String,
        /// What is wrong.
        reason: String,
    },
    /// An address in one case, without the checksum that mixed case carries.
    #[error(
        "`{0}` is written without its checksum, so a slip would go unnoticed: get it in mixed case (EIP-55) from whoever is paid"
    )]
    NoChecksum(String),
    /// A checksum that does not fit.
    #[error(
        "`{0}` has a wrong checksum (EIP-55): a character or its case was changed; get it again from whoever is paid"
    )]
    Checksum(String),
}

/// An address of a known network, with a checked checksum, in its one canonical spelling.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BtcAddress {
    text: String,
    network: Network,
    script: ScriptBuf,
}

impl BtcAddress {
    /// Checks an address against the network it must belong to.
    pub fn parse(text: &str, network: Network) -> Result<Self, AddressError> {
        let shown = || text.chars().take(100).collect::<String>();
        let wrong_network = || AddressError::WrongNetwork {
            text: shown(),
            network,
        };
        let unchecked: bitcoin::Address<bitcoin::address::NetworkUnchecked> = text
            .trim()
            .parse()
            .map_err(
            |error: bitcoin::address::ParseError| AddressError::Malformed {
                text: shown(),
                reason: error.to_string(),
            },
        )?;
        let address = unchecked
            .require_network(network.to_bitcoin().ok_or_else(wrong_network)?)
            .map_err(|_| wrong_network())?;
        if let Some(program) = address.witness_program() {
            check_witness(&program, shown)?;
        }
        Ok(Self {
            text: address.to_string(),
            network,
            script: address.script_pubkey(),
        })
    }

    /// The address in its canonical spelling.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The script that an output paying to this address carries.
    pub fn script_pubkey(&self) -> &bitcoin::Script {
        &self.script
    }

    /// In groups of four characters, for comparing by eye.
    pub fn grouped(&self) -> String {
        grouped(&self.text)
    }

    /// The network this address was checked against.
    pub const fn network(&self) -> Network {
        self.network
    }
}

impl fmt::Display for BtcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for BtcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BtcAddress({})", self.text)
    }
}

/// Where money can be paid: an address of a known network, in its one canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Address {
    /// Of Bitcoin.
    Btc(BtcAddress),
    /// Of an EVM chain.
    Evm(EvmAddress),
}

impl Address {
    /// Checks an address against the network it must belong to.
    pub fn parse(text: &str, network: Network) -> Result<Self, AddressError> {
        match network {
            Network::Evm(chain) => EvmAddress::parse(text, chain).map(Address::Evm),
            Network::Bitcoin | Network::Testnet4 | Network::Signet | Network::Regtest => {
                BtcAddress::parse(text, network).map(Address::Btc)
            }
        }
    }

    /// The network it was checked against.
    pub const fn network(&self) -> Network {
        match self {
            Address::Btc(address) => address.network(),
            Address::Evm(address) => Network::Evm(address.chain()),
        }
    }

    /// The Bitcoin address, if it is one.
    pub const fn btc(&self) -> Option<&BtcAddress> {
        match self {
            Address::Btc(address) => Some(address),
            Address::Evm(_) => None,
        }
    }

    /// The account of an EVM chain, if it is one.
    pub const fn evm(&self) -> Option<&EvmAddress> {
        match self {
            Address::Btc(_) => None,
            Address::Evm(address) => Some(address),
        }
    }

    /// In groups of four characters, for comparing by eye.
    pub fn grouped(&self) -> String {
        grouped(&self.to_string())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Btc(address) => address.fmt(f),
            Address::Evm(address) => address.fmt(f),
        }
    }
}

impl From<BtcAddress> for Address {
    fn from(address: BtcAddress) -> Self {
        Address::Btc(address)
    }
}

impl From<EvmAddress> for Address {
    fn from(address: EvmAddress) -> Self {
        Address::Evm(address)
    }
}

fn grouped(text: &str) -> String {
    let (start, rest) = text
        .strip_prefix("0x")
        .map_or((None, text), |rest| (Some("0x".to_owned()), rest));
    let characters: Vec<char> = rest.chars().collect();
    let groups = characters.chunks(4).map(|group| group.iter().collect());
    start
        .into_iter()
        .chain(groups)
        .collect::<Vec<String>>()
        .join(" ")
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressOnWire {
    network: Network,
    address: String,
}

impl Serialize for Address {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AddressOnWire {
            network: self.network(),
            address: self.to_string(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let wire = AddressOnWire::deserialize(deserializer)?;
        let address = Address::parse(&wire.address, wire.network).map_err(D::Error::custom)?;
        if address.to_string() != wire.address {
            return Err(D::Error::custom("address is not in its canonical spelling"));
        }
        Ok(address)
    }
}

/// Refuses what nobody, or anybody, could spend from.
fn check_witness(
    program: &bitcoin::WitnessProgram,
    shown: impl FnOnce() -> String,
) -> Result<(), AddressError> {
    let bytes = program.program().as_bytes();
    match program.version().to_num() {
        // The decoder holds version 0 to 20 or 32 bytes (BIP141).
        0 => Ok(()),
        // BIP341: the program of an output that pays to Taproot is an x coordinate, 32 bytes. Any other
        // length of version 1 is unencumbered.
        1 if bytes.len() == 32 => bitcoin::XOnlyPublicKey::from_slice(bytes)
            .map(|_| ())
            .map_err(|_| AddressError::Unspendable(shown())),
        // Versions 2 to 16 are anyone-can-spend until a soft fork gives them meaning (BIP341).
        _ => Err(AddressError::FutureWitness(shown())),
    }
}
