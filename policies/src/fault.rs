//! Facts that are missing, stale or at odds with one another.

use domain::address::Network;
use domain::{Coin, Name, OfficerId, Timestamp, VaultId};

use crate::assets::Exactly;
use crate::scope::LegNumber;

/// A fact without which nothing is decided. Nothing was signed; the proposal can be made anew once
/// the fact is right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FactFault {
    /// The policy handed in is not the one in force.
    #[error("the policy that was asked is not the one in force: the journal must be read again")]
    OtherPolicy,
    /// The initiator may not act.
    #[error("the initiator {id} is no active officer: an active officer must propose it", id = .0.short())]
    Initiator(OfficerId),
    /// No such vault.
    #[error("vault {id} is not known to the journal", id = .0.short())]
    Vault(VaultId),
    /// An address of another network.
    #[error("{leg} pays to {address}, but the vault is on {vault}: the money would be lost")]
    Network {
        /// The leg.
        leg: LegNumber,
        /// The address's network.
        address: Network,
        /// The vault's.
        vault: Network,
    },
    /// An asset that is not exactly one of the registry's.
    #[error(
        "{} is no asset that governance entered{}: propose it with an asset as it was entered",
        Exactly(coin),
        entered(known.as_deref())
    )]
    UnknownAsset {
        /// The asset of the payout or of its fee.
        coin: Box<Coin>,
        /// The one that the registry has by that symbol or contract.
        known: Option<Box<Coin>>,
    },
    /// Two assets of one chain share a symbol or a contract.
    #[error(
        "the registry holds {} and {}, so an amount could mean either: no payout of them is possible",
        Exactly(&.0.0),
        Exactly(&.0.1)
    )]
    SharedAsset(Box<(Coin, Coin)>),
    /// The policy says something else of an asset than the registry.
    #[error(
        "the policy says that `{word}` is {}, governance entered {}: its rules would miss this asset; adopt a policy that says the same",
        Exactly(&.assets.0),
        Exactly(&.assets.1)
    )]
    DeclaredOtherwise {
        /// The policy's word.
        word: String,
        /// The policy's declaration, and the registry's asset.
        assets: Box<(Coin, Coin)>,
    },
    /// The payee's address is another one today.
    #[error(
        "{leg} names payee `{payee}` but pays an address that is not the one in the address book: propose it anew with the payee's address of today"
    )]
    OtherAddress {
        /// The leg.
        leg: LegNumber,
        /// The payee it names.
        payee: Name,
    },
    /// The payee is not in the address book.
    #[error(
        "{leg} names payee `{payee}`, who is not in the address book: enter the payee, or propose it without the name"
    )]
    NotInBook {
        /// The leg.
        leg: LegNumber,
        /// The payee it names.
        payee: Name,
    },
    /// Two names for one address.
    #[error(
        "{leg} pays an address that the address book holds twice, as `{first}` and as `{second}`: strike one out"
    )]
    SharedAddress {
        /// The leg.
        leg: LegNumber,
        /// One name.
        first: Name,
        /// The other.
        second: Name,
    },
    /// Two active officers of one name.
    #[error(
        "two active officers are called `{0}`, so the policy can't tell them apart: suspend one"
    )]
    SharedOfficerName(Name),
    /// Two vaults of one name.
    #[error("two vaults are called `{0}`, so the policy can't tell them apart")]
    SharedVaultName(Name),
    /// A payout in the history by nobody known, or from no known vault.
    #[error(
        "an earlier payout is by an officer or from a vault that the journal does not know: limits can't be counted"
    )]
    History,
    /// The clock is behind what the journal holds.
    #[error("{what} is dated {at}, but this machine's clock shows {now}: set the clock right")]
    ClockBehind {
        /// What is dated later.
        what: &'static str,
        /// Its time.
        at: Timestamp,
        /// The clock.
        now: Timestamp,
    },
    /// Sums out of range.
    #[error("the sum of the amounts is out of range")]
    Sum,
}

fn entered(known: Option<&Coin>) -> String {
    match known {
        Some(coin) => format!("; it entered {}", Exactly(coin)),
        None => String::new(),
    }
}
