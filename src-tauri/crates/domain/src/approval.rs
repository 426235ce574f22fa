//! A verified approval: what a policy counts.

use crate::act::{Act, Approving};
use crate::entry::{Author, SignedBody};
use crate::id::{EntryId, OfficerId, PolicyHash, ProposalId};
use crate::roster::Officer;
use crate::time::Timestamp;

/// An officer's approval whose signature by slot 9c was checked. Made only by [`Approval::verify`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    officer: OfficerId,
    approving: Approving,
    effective: Timestamp,
}

/// Why a body is no approval.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalError {
    /// The body says something else.
    #[error("the entry is no approval")]
    NotAnApproval,
    /// The body is by somebody else.
    #[error("the approval is not by this officer")]
    OtherAuthor,
    /// The signature is not by the officer's slot 9c.
    #[error(transparent)]
    Signature(#[from] crate::dsse::EnvelopeError),
}

impl Approval {
    /// Checks that `body` is an approval by `officer`, signed with slot 9c. `effective` is the later
    /// of the entry's time and the time it was first seen.
    pub fn verify(
        body: &SignedBody,
        officer: &Officer,
        effective: Timestamp,
    ) -> Result<Self, ApprovalError> {
        let Act::Approved(approving) = &body.body().act else {
            return Err(ApprovalError::NotAnApproval);
        };
        if body.body().author != Author::Officer(officer.id()) {
            return Err(ApprovalError::OtherAuthor);
        }
        body.envelope().verify(&officer.sign)?;
        Ok(Self {
            officer: officer.id(),
            approving: *approving,
            effective,
        })
    }

    /// The same approval as this machine counts it: from the time it was first seen, where that is
    /// later.
    #[must_use]
    pub fn seen_at(mut self, first_seen: Timestamp) -> Self {
        self.effective = self.effective.max(first_seen);
        self
    }

    /// Who approves.
    pub const fn officer(&self) -> OfficerId {
        self.officer
    }

    /// What is approved.
    pub const fn proposal(&self) -> ProposalId {
        self.approving.proposal
    }

    /// The adoption the officer saw.
    pub const fn adoption(&self) -> EntryId {
        self.approving.adoption
    }

    /// The policy the officer saw.
    pub const fn policy(&self) -> PolicyHash {
        self.approving.policy
    }

    /// When the approval ends.
    pub const fn expires(&self) -> Timestamp {
        self.approving.expires
    }

    /// When it counts from.
    pub const fn effective(&self) -> Timestamp {
        self.effective
    }
}
