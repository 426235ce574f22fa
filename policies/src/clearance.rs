//! What a policy answers.

use std::fmt;

use domain::{EntryId, Name, OfficerId, PolicyHash, Proposal, ProposalId, Span, Timestamp};

use crate::limits::LimitUse;
use crate::policy::{Demand, GovernanceKind, OwnApproval, Quorum};
use crate::reason::{PassedOver, Reasons};

/// The answer to a proposal.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// It can't be; why.
    Refused(Reasons),
    /// It can, with these approvals.
    Requires(Clearance),
}

/// A proposal that may go on if it is approved as demanded. Made only by [`crate::evaluate`], used
/// up by [`crate::authorise`], from the same facts.
#[derive(Debug)]
#[must_use]
pub struct Clearance {
    pub(crate) ticket: Box<Ticket>,
    pub(crate) rule: Rule,
    pub(crate) quorum: Quorum,
    pub(crate) ends: Timestamp,
    pub(crate) limits: Vec<LimitUse>,
    pub(crate) passed_over: Vec<PassedOver>,
}

/// What was judged, by whom proposed, under which policy, when.
#[derive(Debug)]
pub(crate) struct Ticket {
    pub(crate) proposal: ProposalId,
    pub(crate) subject: Proposal,
    pub(crate) initiator: OfficerId,
    pub(crate) initiator_name: Name,
    pub(crate) adoption: EntryId,
    pub(crate) policy: PolicyHash,
    pub(crate) judged: Timestamp,
}

/// The statement that says who must approve.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// A lane, for payouts.
    Lane(Name),
    /// Governance, for changes.
    Governance(GovernanceKind),
}

impl Clearance {
    /// The proposal.
    pub const fn proposal(&self) -> ProposalId {
        self.ticket.proposal
    }

    /// The lane or governance that it falls under.
    pub const fn rule(&self) -> &Rule {
        &self.rule
    }

    /// Who must approve: every demand, one person counting once over all.
    pub fn demands(&self) -> &[Demand] {
        &self.quorum.demands
    }

    /// Whether the initiator's own approval counts.
    pub const fn own_approval(&self) -> OwnApproval {
        self.quorum.own
    }

    /// How long after the quorum is complete it may be signed.
    pub const fn delay(&self) -> Span {
        self.quorum.delay
    }

    /// When its time ends: the earlier of the proposal's expiry and the rule's.
    pub const fn ends(&self) -> Timestamp {
        self.ends
    }

    /// How it stands under every limit that it falls under.
    pub fn limits(&self) -> &[LimitUse] {
        &self.limits
    }

    /// Lanes above that do not take it, and why.
    pub fn passed_over(&self) -> &[PassedOver] {
        &self.passed_over
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::Lane(name) => write!(f, "lane `{name}`"),
            Rule::Governance(kind) => write!(f, "governance of `{kind}`"),
        }
    }
}

impl fmt::Display for Clearance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} needs {}",
            self.rule,
            crate::words::all(&self.quorum.demands)
        )?;
        if self.quorum.own == OwnApproval::DoesNotCount {
            write!(
                f,
                ", not counting {}, who proposed it",
                self.ticket.initiator_name
            )?;
        }
        if self.quorum.delay > Span::ZERO {
            write!(f, ", then waits {}", self.quorum.delay)?;
        }
        write!(f, "; its time ends at {}", self.ends)
    }
}
