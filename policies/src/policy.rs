//! A policy as read: its text, its hash and its statements.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use domain::{Amount, Canonical, Coin, Name, PolicyHash, Span};

use crate::assets::Assets;
use crate::error::PolicyError;
use crate::scope::Scope;

/// A policy, checked. Made only from its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    text: String,
    pub(crate) rules: Rules,
}

/// The statements of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) assets: Assets,
    pub(crate) groups: BTreeMap<Name, BTreeSet<Name>>,
    pub(crate) lists: BTreeMap<Name, BTreeSet<Name>>,
    pub(crate) denials: Vec<Deny>,
    pub(crate) limits: Vec<Limit>,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) governance: BTreeMap<GovernanceKind, Quorum>,
    pub(crate) governance_default: Option<Quorum>,
}

/// Refuses every payout of which a leg is in its scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Deny {
    pub(crate) name: Name,
    pub(crate) scope: Scope,
}

/// A cap over a rolling window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) name: Name,
    pub(crate) scope: Scope,
    pub(crate) cap: Cap,
    pub(crate) window: Span,
    pub(crate) per: Per,
}

/// What a limit caps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cap {
    /// The sum of the legs in scope, and the fees.
    Amount(Amount),
    /// The number of payouts with a leg in scope; each of a batch counts.
    Count(u32),
}

/// What shares one cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Per {
    /// Everything in the scope together.
    Scope,
    /// Each vault on its own.
    Vault,
    /// Each asset on its own.
    Asset,
    /// Each payee on its own; unknown payees by address.
    Payee,
    /// Each initiator on their own.
    Initiator,
}

/// What approvals a payout of which every leg is in its scope needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lane {
    pub(crate) name: Name,
    pub(crate) scope: Scope,
    pub(crate) quorum: Quorum,
}

/// Who must approve, and when it counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Quorum {
    pub(crate) demands: Vec<Demand>,
    pub(crate) own: OwnApproval,
    pub(crate) delay: Span,
    pub(crate) expiry: Span,
}

/// How many of a group: one step of a quorum. Reads `2 of Treasury`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    pub(crate) group: Name,
    pub(crate) members: BTreeSet<Name>,
    pub(crate) count: Headcount,
}

/// A number of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Headcount(pub(crate) u16);

/// Whether the initiator's own approval counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OwnApproval {
    /// It does.
    Counts,
    /// It does not: somebody else must look.
    DoesNotCount,
}

/// The kinds of change that governance decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GovernanceKind {
    /// Another policy.
    Policy,
    /// An officer joins or is suspended.
    Officer,
    /// The address book.
    Payee,
    /// Freezes are lifted.
    Thaw,
    /// A new vault.
    Vault,
    /// Another machine.
    Machine,
    /// A coin or token becomes known.
    Asset,
    /// What lies on a vault's own addresses is collected.
    Sweep,
    /// A payout that is out is replaced by one to the vault itself.
    Cancel,
}

impl Policy {
    /// Reads a policy. Everything that is not understood is refused with its place.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let rules = crate::read::rules(text)?;
        Ok(Self {
            text: text.to_owned(),
            rules,
        })
    }

    /// The text, byte for byte.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Domain-separated SHA-256 of the text.
    pub fn hash(&self) -> PolicyHash {
        let hash = Canonical::new("countersign/policy/v1").bytes(self.text.as_bytes());
        PolicyHash::from_bytes(hash.finish())
    }

    /// Groups of officers with their members, by name.
    pub const fn groups(&self) -> &BTreeMap<Name, BTreeSet<Name>> {
        &self.rules.groups
    }

    /// Lists of payees, by name.
    pub const fn lists(&self) -> &BTreeMap<Name, BTreeSet<Name>> {
        &self.rules.lists
    }

    /// The coins and tokens that it declares, for comparing with those that governance entered.
    pub fn assets(&self) -> impl Iterator<Item = Coin> {
        self.rules.assets.iter().map(|(_, coin)| coin)
    }

    /// How many different people it takes to change the policy itself: what recovery is measured by.
    /// None when it can't be changed.
    pub fn governance_quorum(&self) -> Option<usize> {
        let quorum = self.rules.governance_of(GovernanceKind::Policy)?;
        Some(
            quorum
                .demands
                .iter()
                .map(|demand| usize::from(demand.count.get()))
                .sum(),
        )
    }
}

impl Rules {
    pub(crate) fn governance_of(&self, kind: GovernanceKind) -> Option<&Quorum> {
        self.governance
            .get(&kind)
            .or(self.governance_default.as_ref())
    }
}

impl Demand {
    /// The group.
    pub const fn group(&self) -> &Name {
        &self.group
    }

    /// How many of it.
    pub const fn count(&self) -> Headcount {
        self.count
    }

    /// Who is in the group.
    pub fn members(&self) -> impl Iterator<Item = &Name> {
        self.members.iter()
    }
}

impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.count, self.group)
    }
}

impl Headcount {
    /// The number, at least 1.
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Headcount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl GovernanceKind {
    /// All kinds.
    pub const ALL: [GovernanceKind; 9] = [
        GovernanceKind::Policy,
        GovernanceKind::Officer,
        GovernanceKind::Payee,
        GovernanceKind::Thaw,
        GovernanceKind::Vault,
        GovernanceKind::Machine,
        GovernanceKind::Asset,
        GovernanceKind::Sweep,
        GovernanceKind::Cancel,
    ];

    /// The word in a policy; the same as [`domain::Subject::kind`].
    pub const fn word(self) -> &'static str {
        match self {
            Self::Policy => "policy",
            Self::Officer => "officer",
            Self::Payee => "payee",
            Self::Thaw => "thaw",
            Self::Vault => "vault",
            Self::Machine => "machine",
            Self::Asset => "asset",
            Self::Sweep => "sweep",
            Self::Cancel => "cancel",
        }
    }
}

impl fmt::Display for GovernanceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
