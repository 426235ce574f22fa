//! One vault, watched: its addresses, its coins, its balance.

use std::collections::{BTreeMap, BTreeSet};

use bdk_wallet::chain::{ChainPosition, ConfirmationBlockTime};
use bdk_wallet::{
    CreateWithPersistError, KeychainKind, LoadWithPersistError, LocalOutput, PersistedWallet,
};
use bitcoin::{OutPoint, Txid};
use domain::act::ChildPath;
use domain::{BtcAddress, Sats, Timestamp};
use plans::{Keychain, VaultKeyError, VaultKeys, VaultView};
use tokio::sync::Mutex;

use crate::node::Node;
use crate::store::{Store, StoreError, WalletDb};

/// Unused addresses beyond the last one shown that are watched all the same: a cache that was
/// deleted finds payments again as long as no more addresses than these were left unpaid in a row.
const LOOKAHEAD: u32 = 1000;

/// Blocks that a coinbase must be deep before it can be spent (consensus `COINBASE_MATURITY`).
const MATURITY: u32 = 100;

/// A wallet that watches one vault through one node. Holds no key.
#[derive(Debug)]
pub struct Wallet {
    pub(crate) view: VaultView,
    pub(crate) keys: VaultKeys,
    pub(crate) birthday: Timestamp,
    pub(crate) node: Node,
    pub(crate) state: Mutex<State>,
    /// One sync at a time.
    pub(crate) gate: Mutex<()>,
}

#[derive(Debug)]
pub(crate) struct State {
    pub wallet: PersistedWallet<Store>,
    pub store: Store,
    /// Transactions of the node's mempool that were looked at already.
    pub seen: BTreeSet<Txid>,
    /// Transactions sent since the mempool was last listed: a list older than they are must not evict
    /// them.
    pub sent: BTreeSet<Txid>,
    /// The last time given to the wallet. It only grows, or an eviction could hide a later sighting
    /// of the same second.
    pub stamp: u64,
}

/// Why a wallet does not open or answer. None of these moves money.
#[derive(Debug, thiserror::Error)]
pub enum WalletError {
    /// The vault's public key is damaged.
    #[error(transparent)]
    Key(#[from] VaultKeyError),
    /// The cache can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cache was made for other keys.
    #[error(
        "the wallets' cache holds other keys or another network for this vault ({0}); no address is shown: delete the cache file, it is rebuilt from the node"
    )]
    OtherKeys(String),
    /// The node is asked for another network than the vault's.
    #[error("the vault lives on {vault}, the node was set up for {node}; connect a node of {vault}", vault = .vault, node = .node)]
    OtherNetwork {
        /// The vault's network.
        vault: domain::Network,
        /// The node's network.
        node: domain::Network,
    },
    /// A vault of another kind of chain.
    #[error("the vault lives on {0}, which is no network of Bitcoin")]
    NotBitcoin(domain::Network),
    /// Two derivations of one address differ.
    #[error("two independent derivations of address m/{keychain}/{index} differ; it is not shown, since coins sent there could be lost: this is a fault of the program or of this machine, report it", keychain = .0.keychain(), index = .0.index())]
    DerivationsDiffer(ChildPath),
    /// All addresses were used.
    #[error("the vault has no further address on this keychain")]
    Exhausted,
    /// Coins whose sum can't exist: the node's chain is not Bitcoin's.
    #[error("the coins add up to more than can exist: the node does not follow Bitcoin's rules")]
    Sum,
}

/// What a vault holds, as of the last sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Balance {
    /// In blocks. Whether it is old enough to be spent, and how much of it is reserved, is for the
    /// caller to say.
    pub confirmed: Sats,
    /// Change of the vault's own transactions that are not in a block yet.
    pub returning: Sats,
    /// From others, not in a block yet: it may never come.
    pub incoming: Sats,
    /// Mined, not yet spendable.
    pub immature: Sats,
}

/// Deposits that were not joined at the vault's main address yet: coins in blocks, on the addresses
/// that were shown after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unswept {
    /// How many coins.
    pub coins: usize,
    /// What they hold.
    pub total: Sats,
    /// When the oldest of them got into a block, in seconds since 1970 as that block says.
    pub since: u64,
}

/// A coin of the vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Utxo {
    /// Where it is.
    pub outpoint: OutPoint,
    /// The child key that owns it.
    pub path: ChildPath,
    /// What it holds.
    pub value: Sats,
    /// Blocks on it, its own counted; 0 in the mempool.
    pub confirmations: u32,
}

impl Wallet {
    /// Opens the vault's wallet, or makes it. Asks the node nothing. `birthday` is a time before
    /// which no coin can have come, such as the entry that made the vault: blocks well before it are
    /// not read.
    pub async fn open(
        db: &WalletDb,
        node: Node,
        view: VaultView,
        birthday: Timestamp,
    ) -> Result<Self, WalletError> {
        if node.network() != view.network {
            return Err(WalletError::OtherNetwork {
                vault: view.network,
                node: node.network(),
            });
        }
        let keys = view.keys()?;
        let mut store = db.store(view.vault);
        let wallet = match load(&keys, &view, &mut store).await? {
            Some(wallet) => wallet,
            None => create(&keys, &view, &mut store).await?,
        };
        Ok(Self {
            view,
            keys,
            birthday,
            node,
            state: Mutex::new(State {
                wallet,
                store,
                seen: BTreeSet::new(),
                sent: BTreeSet::new(),
                stamp: 0,
            }),
            gate: Mutex::new(()),
        })
    }

    /// The vault that is watched.
    pub const fn view(&self) -> &VaultView {
        &self.view
    }

    /// The node it is watched through.
    pub const fn node(&self) -> &Node {
        &self.node
    }

    /// A fresh address to be paid at, never shown before. It is derived twice, by bdk and by `plans`,
    /// and noted as shown before it is given out.
    pub async fn receive_address(&self) -> Result<(ChildPath, BtcAddress), WalletError> {
        let mut state = self.state.lock().await;
        let before = state.wallet.derivation_index(KeychainKind::External);
        let revealed = state.wallet.reveal_next_address(KeychainKind::External);
        state.persist().await?;
        if before == Some(revealed.index) {
            return Err(WalletError::Exhausted);
        }
        let path = child_path(KeychainKind::External, revealed.index)?;
        let address = self.keys.address_at(path)?;
        if revealed.address.script_pubkey().as_script() != address.script_pubkey() {
            return Err(WalletError::DerivationsDiffer(path));
        }
        Ok((path, address))
    }

    /// Counts all addresses up to this one as shown, as the journal remembers them: for a cache that
    /// was rebuilt. Call before [`Wallet::sync`].
    pub async fn reveal_to(&self, path: ChildPath) -> Result<(), WalletError> {
        let keychain = match Keychain::of(path) {
            Some(Keychain::Receive) => KeychainKind::External,
            Some(Keychain::Change) => KeychainKind::Internal,
            None => return Err(VaultKeyError::NotAnAddress(path).into()),
        };
        let mut state = self.state.lock().await;
        let revealed = state.wallet.reveal_addresses_to(keychain, path.index());
        if revealed.count() > 0 {
            state.seen.clear();
        }
        state.persist().await
    }

    /// What the vault holds, as of the last sync.
    pub async fn balance(&self) -> Result<Balance, WalletError> {
        let balance = self.state.lock().await.wallet.balance();
        Ok(Balance {
            confirmed: sats(balance.confirmed)?,
            returning: sats(balance.trusted_pending)?,
            incoming: sats(balance.untrusted_pending)?,
            immature: sats(balance.immature)?,
        })
    }

    /// What lies on the addresses shown after the main one; none where nothing does.
    pub async fn unswept(&self) -> Result<Option<Unswept>, WalletError> {
        let state = self.state.lock().await;
        let mut found: Option<Unswept> = None;
        for output in state.wallet.list_unspent() {
            let main = output.derivation_index == 0;
            let ChainPosition::Confirmed { anchor, .. } = output.chain_position else {
                continue;
            };
            if output.keychain != KeychainKind::External || main {
                continue;
            }
            let (value, time) = (sats(output.txout.value)?, anchor.confirmation_time);
            let before = found.unwrap_or(Unswept {
                coins: 0,
                total: Sats::ZERO,
                since: time,
            });
            found = Some(Unswept {
                coins: before.coins.saturating_add(1),
                total: before.total.plus(value).map_err(|_| WalletError::Sum)?,
                since: before.since.min(time),
            });
        }
        Ok(found)
    }

    /// The vault's unspent coins with at least so many confirmations, largest first. Coins from mining
    /// that are not ripe are left out.
    pub async fn utxos(&self, min_confirmations: u32) -> Result<Vec<Utxo>, WalletError> {
        let state = self.state.lock().await;
        let mut coins = Vec::new();
        for output in state.wallet.list_unspent() {
            let coin = state.coin(&output)?;
            if coin.confirmations >= min_confirmations && state.is_ripe(&coin) {
                coins.push(coin);
            }
        }
        coins.sort_by_key(|coin| (std::cmp::Reverse(coin.value), coin.outpoint));
        Ok(coins)
    }
}

impl State {
    pub(crate) async fn persist(&mut self) -> Result<(), WalletError> {
        self.wallet.persist_async(&mut self.store).await?;
        Ok(())
    }

    pub(crate) fn height(&self) -> u32 {
        self.wallet.latest_checkpoint().height()
    }

    pub(crate) fn coin(&self, output: &LocalOutput) -> Result<Utxo, WalletError> {
        Ok(Utxo {
            outpoint: output.outpoint,
            path: child_path(output.keychain, output.derivation_index)?,
            value: sats(output.txout.value)?,
            confirmations: self.confirmations(&output.chain_position),
        })
    }

    pub(crate) fn confirmations(&self, position: &ChainPosition<ConfirmationBlockTime>) -> u32 {
        match position {
            ChainPosition::Confirmed { anchor, .. } => self
                .height()
                .checked_sub(anchor.block_id.height)
                .map_or(0, |above| above.saturating_add(1)),
            ChainPosition::Unconfirmed { .. } => 0,
        }
    }

    /// Where each transaction that counts is.
    pub(crate) fn positions(&self) -> BTreeMap<Txid, ChainPosition<ConfirmationBlockTime>> {
        let all = self.wallet.transactions();
        all.map(|tx| (tx.tx_node.txid, tx.chain_position)).collect()
    }

    /// Mined coins wait until the next block can spend them.
    pub(crate) fn is_ripe(&self, coin: &Utxo) -> bool {
        let graph = self.wallet.tx_graph();
        let origin = graph.get_tx(coin.outpoint.txid);
        origin.is_some_and(|tx| !tx.is_coinbase() || coin.confirmations >= MATURITY)
    }

    /// A time for sightings and evictions, later than any before.
    pub(crate) fn next_stamp(&mut self) -> u64 {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        self.stamp = now.max(self.stamp.saturating_add(1));
        self.stamp
    }
}

fn bitcoin_network(view: &VaultView) -> Result<bitcoin::Network, WalletError> {
    let network = view.network.to_bitcoin();
    network.ok_or(WalletError::NotBitcoin(view.network))
}

pub(crate) async fn load(
    keys: &VaultKeys,
    view: &VaultView,
    store: &mut Store,
) -> Result<Option<PersistedWallet<Store>>, WalletError> {
    let params = bdk_wallet::Wallet::load()
        .descriptor(
            KeychainKind::External,
            Some(keys.descriptor(Keychain::Receive)),
        )
        .descriptor(
            KeychainKind::Internal,
            Some(keys.descriptor(Keychain::Change)),
        )
        .check_network(bitcoin_network(view)?)
        .lookahead(LOOKAHEAD)
        .use_spk_cache(true);
    match PersistedWallet::load_async(store, params).await {
        Ok(wallet) => Ok(wallet),
        Err(LoadWithPersistError::Persist(error)) => Err(error.into()),
        Err(LoadWithPersistError::InvalidChangeSet(error)) => {
            Err(WalletError::OtherKeys(error.to_string()))
        }
    }
}

async fn create(
    keys: &VaultKeys,
    view: &VaultView,
    store: &mut Store,
) -> Result<PersistedWallet<Store>, WalletError> {
    let receive = keys.descriptor(Keychain::Receive);
    let params = bdk_wallet::Wallet::create(receive, keys.descriptor(Keychain::Change))
        .network(bitcoin_network(view)?)
        .lookahead(LOOKAHEAD)
        .use_spk_cache(true);
    match PersistedWallet::create_async(store, params).await {
        Ok(wallet) => Ok(wallet),
        Err(CreateWithPersistError::Persist(error)) => Err(error.into()),
        Err(CreateWithPersistError::DataAlreadyExists(_)) => Err(store
            .damaged("another program wrote to it".to_owned())
            .into()),
        Err(CreateWithPersistError::Descriptor(error)) => {
            Err(WalletError::OtherKeys(error.to_string()))
        }
    }
}

pub(crate) fn child_path(keychain: KeychainKind, index: u32) -> Result<ChildPath, WalletError> {
    let step = match keychain {
        KeychainKind::External => Keychain::Receive,
        KeychainKind::Internal => Keychain::Change,
    };
    ChildPath::new(step.step(), index).map_err(|_| WalletError::Exhausted)
}

pub(crate) fn sats(amount: bitcoin::Amount) -> Result<Sats, WalletError> {
    Sats::new(amount.to_sat()).map_err(|_| WalletError::Sum)
}
