//! A proposal judged with its approvals, and what a start of signing stood on.

use std::sync::Arc;

use domain::{Approval, EntryId, OfficerId, Proposal, ProposalId, Timestamp};
use policy::{Authorised, Clearance, Facts, Policy, Request, Shortfall, Verdict};

use crate::state::ProposalRecord;

/// Why a proposal may not go ahead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAuthorised {
    /// The policy refuses it.
    #[error("{0}")]
    Refused(policy::Reasons),
    /// Approvals or time are missing.
    #[error("{0}")]
    Short(Shortfall),
}

/// What an authorization stood on when signing first started: enough to earn it again for a retry
/// of the same bytes, after a restart and after later changes of policy.
#[derive(Debug, Clone)]
pub(crate) struct Basis {
    grounds: Arc<Grounds>,
    /// When this machine saw the start: a neighbour's in a batch is another moment.
    now: Timestamp,
}

/// What payouts of a batch share.
#[derive(Debug)]
pub(crate) struct Grounds {
    /// The policy's adoption.
    pub adoption: EntryId,
    pub policy: Policy,
    pub facts: Facts,
    pub judged: Judged,
}

impl Basis {
    pub fn new(grounds: Grounds, now: Timestamp) -> Self {
        let grounds = Arc::new(grounds);
        Self { grounds, now }
    }

    /// The same, for what starts later: time may have run out since.
    pub fn at(&self, now: Timestamp) -> Self {
        let grounds = Arc::clone(&self.grounds);
        Self { grounds, now }
    }

    /// Whether it is of this adoption and of these approvals.
    pub fn is_under(&self, adoption: EntryId, approvals: &[Approval]) -> bool {
        self.grounds.adoption == adoption && self.grounds.judged.approvals == approvals
    }

    pub fn authorise(&self) -> Result<Authorised, NotAuthorised> {
        let facts = Facts {
            now: self.now,
            ..self.grounds.facts.clone()
        };
        self.grounds.judged.authorise(&self.grounds.policy, &facts)
    }
}

/// A proposal with its approvals, to be judged.
#[derive(Debug, Clone)]
pub(crate) struct Judged {
    pub id: ProposalId,
    pub proposal: Proposal,
    pub initiator: OfficerId,
    pub proposed: Timestamp,
    pub approvals: Vec<Approval>,
}

impl Judged {
    /// By entries' own times, as the fold judges.
    pub fn by_own_time(id: ProposalId, record: &ProposalRecord) -> Self {
        Self {
            id,
            proposal: record.proposal.clone(),
            initiator: record.initiator,
            proposed: record.proposed,
            approvals: record.approvals.values().copied().collect(),
        }
    }

    pub fn verdict(&self, policy: &Policy, facts: &Facts) -> Verdict {
        let request = Request {
            proposal: self.id,
            subject: &self.proposal,
            initiator: self.initiator,
            proposed: self.proposed,
        };
        policy::evaluate(policy, facts, &request)
    }

    pub fn authorise(&self, policy: &Policy, facts: &Facts) -> Result<Authorised, NotAuthorised> {
        let clearance = demand(self.verdict(policy, facts))?;
        policy::authorise(clearance, &self.approvals, facts).map_err(NotAuthorised::Short)
    }
}

fn demand(verdict: Verdict) -> Result<Clearance, NotAuthorised> {
    match verdict {
        Verdict::Refused(reasons) => Err(NotAuthorised::Refused(reasons)),
        Verdict::Requires(clearance) => Ok(clearance),
    }
}
