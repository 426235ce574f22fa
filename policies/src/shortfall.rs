//! What an authorization still lacks.

use domain::{Name, OfficerId, Timestamp};

use crate::policy::Demand;
use crate::words;

/// Why approvals do not add up yet. Nothing is lost: judge the proposal again when something changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Shortfall {
    /// The facts are not those of the clearance.
    #[error("the facts changed since the proposal was judged: judge it again")]
    Stale,
    /// Approvals are missing.
    #[error("{} missing{}{}", more(.missing), who(.could_approve), ignored(.not_counted))]
    Approvals {
        /// What is missing.
        missing: Vec<Demand>,
        /// Officers any of whom would bring it nearer.
        could_approve: Vec<Name>,
        /// Approvals that do not count, and why.
        not_counted: Vec<NotCounted>,
    },
    /// The approvals are there; the delay runs.
    #[error("approved; ready at {ready}{}", ignored(.not_counted))]
    Waiting {
        /// When it may be signed.
        ready: Timestamp,
        /// Approvals that do not count, and why.
        not_counted: Vec<NotCounted>,
    },
}

/// An approval that does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotCounted {
    /// Whose.
    pub officer: OfficerId,
    /// The officer's name, when known.
    pub name: Option<Name>,
    /// Why not.
    pub because: Uncounted,
}

/// Why an approval does not count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Uncounted {
    /// It is for something else.
    #[error("it approves another proposal")]
    OtherProposal,
    /// The policy was adopted anew since.
    #[error("it was given under an earlier adoption of a policy: approve again")]
    OtherAdoption,
    /// It names another policy.
    #[error("it was given under another policy: approve again")]
    OtherPolicy,
    /// Its time is over.
    #[error("it ended at {0}: approve again")]
    Expired(Timestamp),
    /// The officer is suspended or replaced.
    #[error("the officer is not active")]
    Inactive,
    /// The officer proposed it.
    #[error("the officer proposed it, and somebody else must look")]
    Initiator,
    /// The officer is in none of the groups asked.
    #[error("the officer is in none of the groups asked")]
    NotAsked,
}

impl std::fmt::Display for NotCounted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => write!(f, "{name}'s approval does not count: {}", self.because),
            None => write!(
                f,
                "an approval by {} does not count: {}",
                self.officer.short(),
                self.because
            ),
        }
    }
}

fn more(missing: &[Demand]) -> String {
    words::all(
        missing
            .iter()
            .map(|demand| format!("{} more of {}", demand.count, demand.group)),
    )
}

fn who(names: &[Name]) -> String {
    if names.is_empty() {
        return String::new();
    }
    format!("; an approval by {} would help", words::any(names))
}

fn ignored(approvals: &[NotCounted]) -> String {
    approvals
        .iter()
        .map(|approval| format!("; {approval}"))
        .collect()
}
