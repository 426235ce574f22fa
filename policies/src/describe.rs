//! A policy in plain sentences.

use std::fmt;

use domain::{Name, Span};

use crate::assets::{Exactly, pays_fees};
use crate::policy::{Cap, GovernanceKind, Lane, Limit, OwnApproval, Per, Policy, Quorum, Rules};
use crate::scope::{Condition, Scope};
use crate::words;

/// What a policy says, one sentence a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// What the words for coins and tokens mean.
    pub assets: Vec<String>,
    /// Who is in which group.
    pub groups: Vec<String>,
    /// Who is on which payee list.
    pub payees: Vec<String>,
    /// What is never paid.
    pub denials: Vec<String>,
    /// What is capped.
    pub limits: Vec<String>,
    /// What approvals payouts need, in the order the lanes are tried.
    pub lanes: Vec<String>,
    /// What approvals changes need.
    pub governance: Vec<String>,
}

/// Says a policy in plain sentences.
pub fn describe(policy: &Policy) -> Description {
    let rules = &policy.rules;
    let members = |(name, members): (&Name, &std::collections::BTreeSet<Name>)| {
        format!("{name}: {}.", words::all(members))
    };
    let denials = rules
        .denials
        .iter()
        .map(|deny| format!("{}: refuses {}.", deny.name, scope(&deny.scope, "a leg")))
        .collect();
    let assets = rules.assets.iter();
    Description {
        assets: assets
            .map(|(word, coin)| format!("{word}: {}.", Exactly(&coin)))
            .collect(),
        groups: rules.groups.iter().map(members).collect(),
        payees: rules.lists.iter().map(members).collect(),
        denials,
        limits: rules.limits.iter().map(|one| limit(rules, one)).collect(),
        lanes: rules.lanes.iter().map(lane).collect(),
        governance: GovernanceKind::ALL
            .iter()
            .map(|kind| governance(rules, *kind))
            .collect(),
    }
}

impl fmt::Display for Description {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (title, sentences) in [
            ("Assets", &self.assets),
            ("Groups", &self.groups),
            ("Payee lists", &self.payees),
            ("Never paid", &self.denials),
            ("Limits", &self.limits),
            (
                "Payouts, first that fits; what fits none is refused",
                &self.lanes,
            ),
            ("Changes", &self.governance),
        ] {
            if sentences.is_empty() {
                continue;
            }
            writeln!(f, "{title}")?;
            sentences
                .iter()
                .try_for_each(|sentence| writeln!(f, "  {sentence}"))?;
        }
        Ok(())
    }
}

/// `payouts from Main by Alice, of which a leg pays Suppliers`.
pub(crate) fn scope(scope: &Scope, leg: &str) -> String {
    let about_payout = [
        said(&scope.assets, "of"),
        said(&scope.vaults, "from"),
        said(&scope.chains, "on"),
        said(&scope.initiators, "proposed by"),
        said(&scope.total, "that total"),
        said(&scope.hours, "made at"),
    ];
    let about_leg = [
        said(&scope.payees, "pays"),
        said(&scope.leg, "is"),
        said(&scope.age, "pays an address whose entry is of age"),
    ];
    let payout: String = about_payout
        .into_iter()
        .flatten()
        .map(|part| format!(" {part}"))
        .collect();
    let legs: Vec<String> = about_leg.into_iter().flatten().collect();
    if payout.is_empty() && legs.is_empty() {
        return "all payouts".to_owned();
    }
    if legs.is_empty() {
        return format!("payouts{payout}");
    }
    format!("payouts{payout} of which {leg} {}", words::all(legs))
}

fn said<S>(condition: &Condition<S>, before: &str) -> Option<String> {
    condition
        .words
        .as_ref()
        .map(|words| format!("{before} {words}"))
}

fn limit(rules: &Rules, limit: &Limit) -> String {
    let cap = match limit.cap {
        Cap::Amount(amount) if pays_fees(amount.asset()) => {
            format!("at most {} with fees", rules.assets.say(amount))
        }
        Cap::Amount(amount) => format!("at most {}", rules.assets.say(amount)),
        Cap::Count(1) => "at most 1 payout".to_owned(),
        Cap::Count(count) => format!("at most {count} payouts"),
    };
    let per = match limit.per {
        Per::Scope => "together",
        Per::Vault => "for each vault",
        Per::Asset => "for each asset",
        Per::Payee => "for each payee",
        Per::Initiator => "for each initiator",
    };
    let scope = scope(&limit.scope, "those legs count that").replace("that pays", "that pay");
    format!(
        "{}: {cap} in any {} {per}, over {scope}.",
        limit.name, limit.window
    )
}

fn lane(lane: &Lane) -> String {
    format!(
        "{}: {} need {}.",
        lane.name,
        scope(&lane.scope, "every leg"),
        quorum(&lane.quorum)
    )
}

fn governance(rules: &Rules, kind: GovernanceKind) -> String {
    let what = match kind {
        GovernanceKind::Policy => "A new policy",
        GovernanceKind::Officer => "A change of officers",
        GovernanceKind::Payee => "A change of the address book",
        GovernanceKind::Thaw => "Lifting a freeze",
        GovernanceKind::Vault => "A new vault",
        GovernanceKind::Machine => "A new machine",
        GovernanceKind::Asset => "A new asset",
        GovernanceKind::Sweep => "Collecting what lies on a vault's own addresses",
        GovernanceKind::Cancel => "Cancelling a payout that is out",
    };
    match rules.governance_of(kind) {
        Some(rule) => format!("{what} needs {}.", quorum(rule)),
        None => format!("{what} is not possible under this policy."),
    }
}

fn quorum(quorum: &Quorum) -> String {
    let own = match quorum.own {
        OwnApproval::Counts => "the initiator may be one of them",
        OwnApproval::DoesNotCount => "the initiator not being one of them",
    };
    let delay = if quorum.delay == Span::ZERO {
        String::new()
    } else {
        format!(", then {} of waiting", quorum.delay)
    };
    format!(
        "{}, {own}{delay}, all within {} of the proposal",
        words::all(&quorum.demands),
        quorum.expiry
    )
}
