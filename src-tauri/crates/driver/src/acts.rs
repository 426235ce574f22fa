//! What officers do: propose, approve, decline, freeze, confirm.
//!
//! Each act is in three parts, so that nobody waits for a touch with the journal held: read and
//! draft; sign on the officer's key; open the journal anew, let the fold judge, append.

use domain::act::{Approving, Declining, Freeze, Scope};
use domain::entry::{Draft, SignedBody};
use domain::roster::HexBytes;
use domain::{Act, Author, EntryId, Name, Note, Officer, Proposal, ProposalId, Span, Subject};
use policy::Verdict;
use treasury::{IllegalEntry, Replay, Treasury};

use crate::desk::{Desk, DeskError, Purpose};
use crate::error::DriverError;
use crate::machine::{Driver, officer};

/// An approval counts for this long, or until its proposal expires, whichever comes first.
const APPROVAL_LASTS: Span = Span::from_secs(30 * 86_400);

/// How often an officer is asked again when the journal went on meanwhile.
const MOST_TRIES: u8 = 3;

impl Driver {
    /// Proposes something, after asking the policy: what it refuses outright is not even proposed.
    pub async fn propose(
        &self,
        subject: Subject,
        by: &Name,
        expires_in: Span,
        desk: &mut dyn Desk,
    ) -> Result<ProposalId, DriverError> {
        let mut tries = 0;
        loop {
            let outcome = self
                .propose_once(subject.clone(), by, expires_in, desk)
                .await;
            if !overtaken(&outcome, &mut tries) {
                return outcome;
            }
        }
    }

    async fn propose_once(
        &self,
        subject: Subject,
        by: &Name,
        expires_in: Span,
        desk: &mut dyn Desk,
    ) -> Result<ProposalId, DriverError> {
        let (draft, id, who, purpose) = {
            let ledger = self.ledger().await?;
            let treasury = ledger.treasury()?;
            let who = officer(treasury, by)?.clone();
            let now = ledger.now()?.wall;
            let proposal = new_proposal(subject, now.plus(expires_in))?;
            let id = proposal.id(treasury.id, who.id(), now);
            refuse_if_hopeless(ledger.replay(), treasury, id, &proposal, &who, now)?;
            let purpose = Purpose(format!(
                "propose this {} ({})",
                proposal.subject.kind(),
                words(id)
            ));
            let draft =
                ledger.draft(Author::Officer(who.id()), Act::Proposed(Box::new(proposal)))?;
            // The id is bound to the time in the body, which is the draft's.
            let id = draft_id(treasury, &draft).unwrap_or(id);
            (draft, id, who, purpose)
        };
        let body = sign(draft, &who, &purpose, desk)?;
        self.ledger().await?.append(body).await?;
        Ok(id)
    }

    /// Approves a proposal under the policy in force.
    pub async fn approve(
        &self,
        id: ProposalId,
        by: &Name,
        desk: &mut dyn Desk,
    ) -> Result<(), DriverError> {
        let mut tries = 0;
        loop {
            let outcome = self.approve_once(id, by, desk).await;
            if !overtaken(&outcome, &mut tries) {
                return outcome;
            }
        }
    }

    async fn approve_once(
        &self,
        id: ProposalId,
        by: &Name,
        desk: &mut dyn Desk,
    ) -> Result<(), DriverError> {
        let (draft, who) = {
            let ledger = self.ledger().await?;
            let treasury = ledger.treasury()?;
            let who = officer(treasury, by)?.clone();
            let record = known(treasury, id)?;
            let now = ledger.now()?.wall;
            if let Some(Verdict::Refused(reasons)) = ledger.replay().evaluate(treasury, id, now) {
                return Err(DriverError::Refused(reasons));
            }
            let approving = Approving {
                proposal: id,
                adoption: treasury.adoption.entry,
                policy: treasury.adoption.policy.hash(),
                expires: record.proposal.expires.min(now.plus(APPROVAL_LASTS)),
            };
            (
                ledger.draft(Author::Officer(who.id()), Act::Approved(approving))?,
                who,
            )
        };
        let body = sign(
            draft,
            &who,
            &Purpose(format!("approve {}", words(id))),
            desk,
        )?;
        self.ledger().await?.append(body).await?;
        Ok(())
    }

    /// Declines a proposal: it ends.
    pub async fn decline(
        &self,
        id: ProposalId,
        by: &Name,
        reason: Note,
        desk: &mut dyn Desk,
    ) -> Result<(), DriverError> {
        let mut tries = 0;
        loop {
            let outcome = self.decline_once(id, by, reason.clone(), desk).await;
            if !overtaken(&outcome, &mut tries) {
                return outcome;
            }
        }
    }

    async fn decline_once(
        &self,
        id: ProposalId,
        by: &Name,
        reason: Note,
        desk: &mut dyn Desk,
    ) -> Result<(), DriverError> {
        let (draft, who) = {
            let ledger = self.ledger().await?;
            let treasury = ledger.treasury()?;
            known(treasury, id)?;
            let who = officer(treasury, by)?.clone();
            let act = Act::Declined(Declining {
                proposal: id,
                reason,
            });
            (ledger.draft(Author::Officer(who.id()), act)?, who)
        };
        let body = sign(
            draft,
            &who,
            &Purpose(format!("decline {}", words(id))),
            desk,
        )?;
        self.ledger().await?.append(body).await?;
        Ok(())
    }

    /// Freezes with one touch and no PIN. Works whatever else is going on, also while the clock is
    /// held or a restored machine waits.
    pub async fn freeze(
        &self,
        scope: Scope,
        by: &Name,
        reason: Note,
        desk: &mut dyn Desk,
    ) -> Result<EntryId, DriverError> {
        let (draft, who) = {
            let ledger = self.ledger().await?;
            let treasury = ledger.treasury()?;
            let who = officer(treasury, by)?.clone();
            let act = Act::Frozen(Freeze {
                scope,
                head: treasury.head,
                reason,
            });
            (ledger.draft(Author::Officer(who.id()), act)?, who)
        };
        let purpose = Purpose("freeze: touch the key, no PIN is needed".to_owned());
        let signature =
            tokio::task::block_in_place(|| desk.sign_freeze(&who, &purpose, draft.digest()))
                .map_err(|problem| failed(&who, problem))?;
        let body = draft.sign(&[(who.freeze, signature)])?;
        Ok(self.ledger().await?.append(body).await?.id())
    }

    /// Confirms that the machine's clock is right after a jump.
    pub async fn confirm_clock(&self, by: &Name, desk: &mut dyn Desk) -> Result<(), DriverError> {
        let mut tries = 0;
        loop {
            let outcome = self.confirm_clock_once(by, desk).await;
            if !overtaken(&outcome, &mut tries) {
                return outcome;
            }
        }
    }

    async fn confirm_clock_once(&self, by: &Name, desk: &mut dyn Desk) -> Result<(), DriverError> {
        let (draft, who) = {
            let ledger = self.ledger().await?;
            let who = officer(ledger.treasury()?, by)?.clone();
            let time = ledger.now()?.wall;
            (
                ledger.draft(Author::Officer(who.id()), Act::ClockConfirmed { time })?,
                who,
            )
        };
        let purpose = Purpose(format!("confirm that it is now {}", draft.body().time));
        let body = sign(draft, &who, &purpose, desk)?;
        self.ledger().await?.append(body).await?;
        Ok(())
    }
}

/// Whether another entry was written while the officer's key waited for the touch: what was signed is
/// dated before it, and is drafted and signed anew, a few times.
pub(crate) fn overtaken<T>(outcome: &Result<T, DriverError>, tries: &mut u8) -> bool {
    *tries = tries.saturating_add(1);
    let behind = matches!(
        outcome,
        Err(DriverError::Illegal(IllegalEntry::ClockBehind { .. }))
    );
    behind && *tries < MOST_TRIES
}

/// Signs a draft with slot 9c.
pub(crate) fn sign(
    draft: Draft,
    who: &Officer,
    purpose: &Purpose,
    desk: &mut dyn Desk,
) -> Result<SignedBody, DriverError> {
    let signature = tokio::task::block_in_place(|| desk.sign(who, purpose, draft.digest()))
        .map_err(|p| failed(who, p))?;
    Ok(draft.sign(&[(who.sign, signature)])?)
}

pub(crate) fn failed(who: &Officer, problem: DeskError) -> DriverError {
    DriverError::Desk {
        officer: who.name.clone(),
        problem,
    }
}

/// A proposal with a fresh nonce.
fn new_proposal(subject: Subject, expires: domain::Timestamp) -> Result<Proposal, DriverError> {
    Ok(Proposal {
        subject,
        expires,
        nonce: HexBytes(random::<16>()?.to_vec()),
    })
}

/// Random bytes of the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], DriverError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|e| DriverError::Random(e.to_string()))?;
    Ok(bytes)
}

fn draft_id(treasury: &Treasury, draft: &Draft) -> Option<ProposalId> {
    match (&draft.body().act, draft.body().author) {
        (Act::Proposed(proposal), Author::Officer(by)) => {
            Some(proposal.id(treasury.id, by, draft.body().time))
        }
        _ => None,
    }
}

/// Asks the policy about something not yet proposed.
fn refuse_if_hopeless(
    replay: &Replay,
    treasury: &Treasury,
    id: ProposalId,
    proposal: &Proposal,
    who: &Officer,
    now: domain::Timestamp,
) -> Result<(), DriverError> {
    let request = policy::Request {
        proposal: id,
        subject: proposal,
        initiator: who.id(),
        proposed: now,
    };
    let facts = replay.facts(treasury, now);
    match policy::evaluate(&treasury.adoption.policy, &facts, &request) {
        Verdict::Refused(reasons) => Err(DriverError::Refused(reasons)),
        Verdict::Requires(_) => Ok(()),
    }
}

pub(crate) fn known(
    treasury: &Treasury,
    id: ProposalId,
) -> Result<&treasury::ProposalRecord, DriverError> {
    treasury
        .proposals
        .get(&id)
        .ok_or_else(|| DriverError::Unknown {
            what: "proposal",
            which: id.short(),
            hint: String::new(),
        })
}

/// The fingerprint as one line.
pub fn words(id: ProposalId) -> String {
    domain::words::fingerprint(id).join(" ")
}
