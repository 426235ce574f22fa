//! Why a proposal is refused, in words and numbers.

use std::fmt;

use domain::{Amount, Coin, Name, Timestamp};

use crate::assets::Exactly;
use crate::clearance::Rule;
use crate::error::PolicyError;
use crate::fault::FactFault;
use crate::limits::LimitUse;
use crate::policy::{Demand, GovernanceKind};
use crate::scope::{Bundle, LegNumber, Mismatch};
use crate::words;

/// Why a proposal is refused; never empty. Nothing was signed and nothing reserved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reasons {
    before: Vec<Reason>,
    last: Box<Reason>,
}

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// A fact is missing, stale or at odds with another.
    #[error(transparent)]
    Fact(#[from] FactFault),
    /// A deny matches.
    #[error("denied by `{deny}` ({scope}): {}", words::all(.legs))]
    Denied {
        /// The statement.
        deny: Name,
        /// What it denies.
        scope: String,
        /// The legs in its scope; in a batch, the payouts.
        legs: Vec<DeniedLeg>,
    },
    /// A limit would be passed.
    #[error("over {0}")]
    OverLimit(Box<LimitUse>),
    /// No lane takes it.
    #[error("no lane takes this {bundle}{}", passed_over(lanes))]
    NoLane {
        /// A payout, or a batch as one.
        bundle: Bundle,
        /// Every lane, and why not.
        lanes: Vec<PassedOver>,
    },
    /// The policy does not say who decides this kind.
    #[error(
        "the policy has no governance for `{0}` and no default: nobody can decide it; adopt a policy that says who"
    )]
    NoGovernance(GovernanceKind),
    /// The people who would be needed are not there.
    #[error("{rule} can't be met: with every officer who may approve what `{initiator}` proposed, {} would be missing", words::all(.missing))]
    Unreachable {
        /// The lane or governance.
        rule: Rule,
        /// Who proposed.
        initiator: Name,
        /// What would be missing.
        missing: Vec<Demand>,
    },
    /// Its time is over.
    #[error("its time ended at {ended} ({by}): propose it anew")]
    Expired {
        /// When.
        ended: Timestamp,
        /// The proposal itself, or the rule whose expiry is earlier.
        by: Deadline,
    },
    /// The proposed policy is none.
    #[error("the proposed policy is refused: {0}")]
    BadPolicy(PolicyError),
    /// Afterwards nobody could change anything.
    #[error(
        "with the officers there would be, neither the policy nor the officers could ever be changed again: {} would be missing",
        words::all(.missing)
    )]
    LocksOut {
        /// What would be missing for a policy change.
        missing: Vec<Demand>,
    },
    /// The name is taken by an active officer.
    #[error("an active officer is called `{0}` already: policies tell officers apart by name")]
    OfficerNameTaken(Name),
    /// The name is taken by a vault.
    #[error("a vault is called `{0}` already: policies tell vaults apart by name")]
    VaultNameTaken(Name),
    /// The address book has the address under another name.
    #[error("the address book holds this address as `{0}` already: one address, one payee")]
    AddressTaken(Name),
    /// The asset is known.
    #[error("{} is known already", Exactly(.0))]
    AssetKnown(Box<Coin>),
    /// The symbol or the contract is another asset's.
    #[error(
        "the registry holds {}: on one chain a symbol means one asset, and so does a contract",
        Exactly(.0)
    )]
    AssetTaken(Box<Coin>),
    /// The policy in force says something else of the asset.
    #[error(
        "the policy in force says that `{word}` is {}: its rules would miss the asset; adopt a policy that says the same first",
        Exactly(declared)
    )]
    AssetDeclaredOtherwise {
        /// The policy's word.
        word: String,
        /// What it says.
        declared: Box<Coin>,
    },
    /// The proposed policy says something else of a known asset.
    #[error(
        "the proposed policy says that `{word}` is {}, but the registry holds {}: its rules would miss the asset",
        Exactly(&.assets.0),
        Exactly(&.assets.1)
    )]
    PolicyContradictsRegistry {
        /// The proposed policy's word.
        word: String,
        /// What it says, and the registry's asset.
        assets: Box<(Coin, Coin)>,
    },
}

/// What ends a proposal's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deadline {
    /// The proposal's own expiry.
    Proposal,
    /// The expiry of the lane or governance, counted from the proposal's time.
    Rule(Rule),
}

/// A leg in the scope of a deny, or a payout of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeniedLeg {
    /// Which.
    pub leg: LegNumber,
    /// What it pays.
    pub amount: Amount,
    /// The payee's name, or the address of one without.
    pub payee: String,
}

/// A lane that does not take a payout, and the first condition it fails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// The lane.
    pub lane: Name,
    /// Why not.
    pub because: Mismatch,
}

impl Reasons {
    /// The reasons, if there are any.
    pub(crate) fn of(mut reasons: Vec<Reason>) -> Option<Self> {
        let last = reasons.pop()?;
        Some(Self {
            before: reasons,
            last: Box::new(last),
        })
    }

    /// These reasons and a last one: never empty.
    pub(crate) fn ending(before: Vec<Reason>, last: impl Into<Reason>) -> Self {
        Self {
            before,
            last: Box::new(last.into()),
        }
    }

    /// All of them, in the policy's order.
    pub fn iter(&self) -> impl Iterator<Item = &Reason> {
        self.before.iter().chain(std::iter::once(&*self.last))
    }
}

impl Reason {
    /// A word for programs to tell reasons apart by.
    pub const fn code(&self) -> &'static str {
        match self {
            Reason::Fact(_) => "fact",
            Reason::Denied { .. } => "denied",
            Reason::OverLimit(_) => "over_limit",
            Reason::NoLane { .. } => "no_lane",
            Reason::NoGovernance(_) => "no_governance",
            Reason::Unreachable { .. } => "unreachable",
            Reason::Expired { .. } => "expired",
            Reason::BadPolicy(_) => "bad_policy",
            Reason::LocksOut { .. } => "locks_out",
            Reason::OfficerNameTaken(_) | Reason::VaultNameTaken(_) => "name_taken",
            Reason::AddressTaken(_) => "address_taken",
            Reason::AssetKnown(_) | Reason::AssetTaken(_) => "asset_taken",
            Reason::AssetDeclaredOtherwise { .. } | Reason::PolicyContradictsRegistry { .. } => {
                "asset_contradicted"
            }
        }
    }
}

impl fmt::Display for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.before
            .iter()
            .try_for_each(|reason| write!(f, "{reason}; "))?;
        write!(f, "{}", self.last)
    }
}

impl std::error::Error for Reasons {}

impl fmt::Display for Deadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Deadline::Proposal => f.write_str("the proposal's own expiry"),
            Deadline::Rule(rule) => write!(f, "the expiry of {rule}"),
        }
    }
}

impl fmt::Display for DeniedLeg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} pays {} to {}", self.leg, self.amount, self.payee)
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lane `{}`: {}", self.lane, self.because)
    }
}

fn passed_over(lanes: &[PassedOver]) -> String {
    if lanes.is_empty() {
        return ": the policy has none".to_owned();
    }
    let each: Vec<String> = lanes.iter().map(PassedOver::to_string).collect();
    format!(" ({})", each.join("; "))
}
