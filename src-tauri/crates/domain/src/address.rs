//! Bitcoin networks and addresses checked for network, checksum and kind.

use std::fmt;

use bitcoin::ScriptBuf;
use serde::{Deserialize, Serialize};

/// Whether real money is at stake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkClass {
    /// Real money.
    Mainnet,
    /// Coins without value.
    Test,
}

/// A Bitcoin network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Network {
    /// Real money.
    Bitcoin,
    /// Public test network 4.
    Testnet4,
    /// Signed test network.
    Signet,
    /// A private chain on this machine.
    Regtest,
}

impl Network {
    /// Whether real money is at stake.
    pub const fn class(self) -> NetworkClass {
        match self {
            Network::Bitcoin => NetworkClass::Mainnet,
            Network::Testnet4 | Network::Signet | Network::Regtest => NetworkClass::Test,
        }
    }

    /// The same network in the `bitcoin` crate's words.
    pub const fn to_bitcoin(self) -> bitcoin::Network {
        match self {
            Network::Bitcoin => bitcoin::Network::Bitcoin,
            Network::Testnet4 => bitcoin::Network::Testnet4,
            Network::Signet => bitcoin::Network::Signet,
            Network::Regtest => bitcoin::Network::Regtest,
        }
    }

    /// The name people use, for example `regtest`.
    pub const fn name(self) -> &'static str {
        match self {
            Network::Bitcoin => "bitcoin",
            Network::Testnet4 => "testnet4",
            Network::Signet => "signet",
            Network::Regtest => "regtest",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Network {
    type Err = AddressError;
    fn from_str(text: &str) -> Result<Self, AddressError> {
        [
            Network::Bitcoin,
            Network::Testnet4,
            Network::Signet,
            Network::Regtest,
        ]
        .into_iter()
        .find(|network| network.name() == text)
        .ok_or_else(|| AddressError::UnknownNetwork(text.chars().take(20).collect()))
    }
}

/// A text that is no address this treasury can pay to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No such network.
    #[error("`{0}` is no network; known: bitcoin, testnet4, signet, regtest")]
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
    /// A Taproot output key that is no point of the curve.
    #[error("`{0}` names a key that can't exist: coins sent there would be lost for good")]
    Unspendable(String),
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
            .require_network(network.to_bitcoin())
            .map_err(|_| AddressError::WrongNetwork {
                text: shown(),
                network,
            })?;
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
        let characters: Vec<char> = self.text.chars().collect();
        let groups: Vec<String> = characters
            .chunks(4)
            .map(|group| group.iter().collect())
            .collect();
        groups.join(" ")
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

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct AddressOnWire {
    network: Network,
    address: String,
}

impl Serialize for BtcAddress {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        AddressOnWire {
            network: self.network(),
            address: self.text.clone(),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for BtcAddress {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let wire = AddressOnWire::deserialize(deserializer)?;
        let address = BtcAddress::parse(&wire.address, wire.network).map_err(D::Error::custom)?;
        if address.text != wire.address {
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
