//! A vault's public keys: children, scripts and addresses, derived from its group key alone.

use bitcoin::bip32::{ChainCode, ChildNumber, DerivationPath, Fingerprint, Xpub};
use bitcoin::key::{TapTweak, UntweakedPublicKey};
use bitcoin::secp256k1::{PublicKey, Secp256k1, VerifyOnly, XOnlyPublicKey};
use bitcoin::{NetworkKind, ScriptBuf};
use domain::act::{ChildPath, VaultKey};
use domain::id::VaultId;
use domain::payout::PayoutError;
use domain::{Address, BtcAddress, EvmAddress, Network, NetworkClass, Note, Payout, Transfer};

/// What a seat knows of a vault from its own journal, and all that is needed to know its addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VaultView {
    /// The vault.
    pub vault: VaultId,
    /// The chain it lives on.
    pub network: Network,
    /// The public side of its key.
    pub key: VaultKey,
}

impl VaultView {
    /// Checks the key and readies it for deriving.
    pub fn keys(&self) -> Result<VaultKeys, VaultKeyError> {
        VaultKeys::new(self)
    }

    /// A transfer of a sweep of `vault` as a payout to one of the vault's own addresses, which is derived here: a
    /// sweep names none.
    pub fn payout_of(
        &self,
        vault: VaultId,
        transfer: &Transfer,
        memo: Note,
    ) -> Result<Payout, TransferError> {
        let to = ChildPath::new(ChildPath::RECEIVE, transfer.to)
            .map_err(|_| TransferError::Account(transfer.to))?;
        let to = self.keys()?.paid_at(to)?;
        Ok(transfer.payout(vault, to, memo)?)
    }
}

/// The two chains of addresses that hold a vault's money. The acceptance chain
/// ([`ChildPath::ACCEPTANCE`]) never has an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keychain {
    /// Addresses shown to others.
    Receive,
    /// Change.
    Change,
}

impl Keychain {
    /// The first step of its paths.
    pub const fn step(self) -> u32 {
        match self {
            Keychain::Receive => ChildPath::RECEIVE,
            Keychain::Change => ChildPath::CHANGE,
        }
    }

    /// The keychain that a path lies on, if it can hold money.
    pub const fn of(path: ChildPath) -> Option<Self> {
        match path.keychain() {
            ChildPath::RECEIVE => Some(Keychain::Receive),
            ChildPath::CHANGE => Some(Keychain::Change),
            _ => None,
        }
    }
}

/// A key that is none, or a path that holds no money.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultKeyError {
    /// Not 33 bytes of a point on secp256k1.
    #[error(
        "the vault's group key is no secp256k1 public key: the journal entry that made the vault is \
         damaged; no address of it can be trusted, verify the journal"
    )]
    GroupKey,
    /// Not 32 bytes.
    #[error(
        "the vault's chain code has {0} bytes instead of 32: the journal entry that made the vault \
         is damaged; no address of it can be trusted, verify the journal"
    )]
    ChainCode(usize),
    /// The acceptance chain, or a child that BIP32 skips.
    #[error("m/{keychain}/{index} is no address of a vault: money is kept on keychains 0 and 1 only", keychain = .0.keychain(), index = .0.index())]
    NotAnAddress(ChildPath),
}

/// A transfer that a vault can't make.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// The account it goes to has no address.
    #[error("there is no account {0}")]
    Account(u32),
    /// The account's address can't be derived.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// It is no payout of this vault's chain.
    #[error(transparent)]
    Payout(#[from] PayoutError),
}

/// A vault's root key (BIP32 depth 0), readied for deriving.
#[derive(Debug, Clone)]
pub struct VaultKeys {
    root: Xpub,
    network: Network,
    secp: Secp256k1<VerifyOnly>,
}

impl VaultKeys {
    /// Checks a vault's key. The whole 33-byte point is the BIP32 root: its parity is kept.
    pub fn new(view: &VaultView) -> Result<Self, VaultKeyError> {
        let group = &view.key.group.0;
        let compressed = group.len() == bitcoin::secp256k1::constants::PUBLIC_KEY_SIZE;
        let public_key = PublicKey::from_slice(group)
            .ok()
            .filter(|_| compressed)
            .ok_or(VaultKeyError::GroupKey)?;
        let code = &view.key.chain_code.0;
        let chain_code: [u8; 32] = code
            .as_slice()
            .try_into()
            .map_err(|_| VaultKeyError::ChainCode(code.len()))?;
        Ok(Self {
            root: Xpub {
                network: match view.network.class() {
                    NetworkClass::Mainnet => NetworkKind::Main,
                    NetworkClass::Test => NetworkKind::Test,
                },
                depth: 0,
                parent_fingerprint: Fingerprint::default(),
                child_number: ChildNumber::Normal { index: 0 },
                public_key,
                chain_code: ChainCode::from(chain_code),
            },
            network: view.network,
            secp: Secp256k1::verification_only(),
        })
    }

    /// The extended public key of the vault: shows all its addresses, spends nothing.
    pub const fn xpub(&self) -> &Xpub {
        &self.root
    }

    /// The output descriptor of one keychain (BIP386, key path only), without checksum.
    pub fn descriptor(&self, keychain: Keychain) -> String {
        let step = keychain.step();
        format!("tr([{}]{}/{step}/*)", self.root.fingerprint(), self.root)
    }

    fn child_at(&self, path: ChildPath) -> Result<Xpub, VaultKeyError> {
        let none = VaultKeyError::NotAnAddress(path);
        let keychain = Keychain::of(path).ok_or(none.clone())?;
        let step = |index| ChildNumber::from_normal_idx(index).map_err(|_| none.clone());
        let steps = DerivationPath::from(vec![step(keychain.step())?, step(path.index())?]);
        self.root.derive_pub(&self.secp, &steps).map_err(|_| none)
    }

    /// The x-only key of a child before the Taproot tweak (BIP341's internal key).
    pub fn internal_key_at(&self, path: ChildPath) -> Result<UntweakedPublicKey, VaultKeyError> {
        self.child_at(path).map(|child| child.to_x_only_pub())
    }

    /// The key that signatures verify under: the internal key tweaked without a script tree (BIP341,
    /// as BIP86 prescribes).
    pub fn output_key_at(&self, path: ChildPath) -> Result<XOnlyPublicKey, VaultKeyError> {
        let (tweaked, _) = self.internal_key_at(path)?.tap_tweak(&self.secp, None);
        Ok(tweaked.to_x_only_public_key())
    }

    /// The script of outputs that a child key owns.
    pub fn script_at(&self, path: ChildPath) -> Result<ScriptBuf, VaultKeyError> {
        let internal = self.internal_key_at(path)?;
        Ok(ScriptBuf::new_p2tr(&self.secp, internal, None))
    }

    /// A child key, before any tweak of Taproot.
    pub fn child_key_at(&self, path: ChildPath) -> Result<PublicKey, VaultKeyError> {
        self.child_at(path).map(|child| child.public_key)
    }

    /// The account of a child key on the vault's EVM chain.
    pub fn account_at(&self, path: ChildPath) -> Result<EvmAddress, VaultKeyError> {
        let none = VaultKeyError::NotAnAddress(path);
        let chain = self.network.chain_id().ok_or(none.clone())?;
        let point = self.child_key_at(path)?.serialize_uncompressed();
        let (_form, coordinates) = point.split_last_chunk::<64>().ok_or(none.clone())?;
        EvmAddress::of_public_key(coordinates, chain).map_err(|_| none)
    }

    /// Where a child key is paid, on whichever chain the vault lives.
    pub fn paid_at(&self, path: ChildPath) -> Result<Address, VaultKeyError> {
        if self.network.chain_id().is_some() {
            return self.account_at(path).map(Address::Evm);
        }
        self.address_at(path).map(Address::Btc)
    }

    /// The Bitcoin address of a child key.
    pub fn address_at(&self, path: ChildPath) -> Result<BtcAddress, VaultKeyError> {
        let internal = self.internal_key_at(path)?;
        let network = self.network.to_bitcoin();
        let network = network.ok_or(VaultKeyError::NotAnAddress(path))?;
        let address = bitcoin::Address::p2tr(&self.secp, internal, None, network);
        // The one door to an address, so that what is shown was parsed and checked like any other.
        BtcAddress::parse(&address.to_string(), self.network)
            .map_err(|_| VaultKeyError::NotAnAddress(path))
    }
}
