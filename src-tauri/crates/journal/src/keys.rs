//! Keys that the journal's own entries introduce, to check its signatures by.
//!
//! This is on purpose less than a roster: it says whether a signature was made by the key that the
//! entry names, not whether that person or machine still had the right. The fold says that.

use std::collections::BTreeMap;

use domain::act::{Act, Declining, Founding};
use domain::proposal::{OfficerChange, Subject};
use domain::roster::MachineChange;
use domain::{
    Author, Body, Entry, Machine, MachineId, Officer, OfficerId, ProposalId, PublicKey, TreasuryId,
};

use crate::chain::Why;

/// Officers and machines known at a place of the journal.
#[derive(Debug, Clone, Default)]
pub(crate) struct Keys {
    officers: BTreeMap<OfficerId, OfficerKeys>,
    machines: BTreeMap<MachineId, PublicKey>,
    joining: BTreeMap<ProposalId, Joining>,
}

#[derive(Debug, Clone, Copy)]
struct OfficerKeys {
    sign: PublicKey,
    freeze: PublicKey,
}

/// Who joins once a proposal is enacted.
#[derive(Debug, Clone)]
enum Joining {
    Officer(OfficerId, OfficerKeys),
    /// A machine that takes over a restored journal: it links the entries of its own admission.
    Machine(PublicKey, MachineId),
}

impl From<&Officer> for OfficerKeys {
    fn from(officer: &Officer) -> Self {
        Self {
            sign: officer.sign,
            freeze: officer.freeze,
        }
    }
}

impl Keys {
    /// Checks all signatures of an entry.
    pub(crate) fn verify(&self, entry: &Entry) -> Result<(), Why> {
        self.verify_body(entry)?;
        let key = entry
            .link
            .machine()
            .and_then(|id| self.machine(id, entry.body.body()))
            .ok_or(Why::UnknownSigner("the machine"))?;
        entry
            .link
            .envelope()
            .verify(&key)
            .map_err(|error| Why::Signature {
                part: "link",
                error,
            })
    }

    fn verify_body(&self, entry: &Entry) -> Result<(), Why> {
        let body = entry.body.body();
        let keys = match (body.author, &body.act) {
            (Author::Founders, Act::Founded(founding)) => founding
                .officers
                .iter()
                .map(|officer| officer.sign)
                .collect(),
            (Author::Founders, _) => return Err(Why::Treasury),
            (Author::Officer(id), act) => {
                let known = self
                    .officers
                    .get(&id)
                    .ok_or(Why::UnknownSigner("the officer"))?;
                let by_freeze_key = matches!(act, Act::Frozen(_))
                    && entry.body.envelope().signers().next() == Some(known.freeze.key_id());
                vec![if by_freeze_key {
                    known.freeze
                } else {
                    known.sign
                }]
            }
            (Author::Machine(id), _) => vec![
                self.machine(id, body)
                    .ok_or(Why::UnknownSigner("the machine"))?,
            ],
        };
        for key in keys {
            entry
                .body
                .envelope()
                .verify(&key)
                .map_err(|error| Why::Signature {
                    part: "body",
                    error,
                })?;
        }
        Ok(())
    }

    /// A machine of the roster, one whose admission is before the officers, or one that this very
    /// body introduces.
    fn machine(&self, id: MachineId, body: &Body) -> Option<PublicKey> {
        let introduced = |key: &PublicKey| key.machine_id() == id;
        self.machines.get(&id).copied().or_else(|| {
            self.joining
                .values()
                .filter_map(|joining| match joining {
                    Joining::Machine(key, _) => Some(*key),
                    Joining::Officer(..) => None,
                })
                .chain(introduces(body).map(|machine| machine.key))
                .find(introduced)
        })
    }

    /// Takes over what an entry says about keys. Acts that are not named here introduce nobody.
    pub(crate) fn learn(&mut self, treasury: TreasuryId, body: &Body) {
        if let Act::Founded(founding) = &body.act {
            self.found(founding);
        }
        if let (Act::Proposed(proposal), Author::Officer(initiator)) = (&body.act, body.author)
            && let Some(joining) = joining(&proposal.subject)
        {
            let id = proposal.id(treasury, initiator, body.time);
            self.joining.insert(id, joining);
        }
        if let Act::Enacted { proposal } = &body.act {
            self.admit(proposal);
        }
        if let Act::Lapsed { proposal } | Act::Declined(Declining { proposal, .. }) = &body.act {
            self.joining.remove(proposal);
        }
    }

    fn found(&mut self, founding: &Founding) {
        for officer in &founding.officers {
            self.officers.insert(officer.id(), officer.into());
        }
        for machine in &founding.machines {
            self.machines.insert(machine.id(), machine.key);
        }
    }

    fn admit(&mut self, proposal: &ProposalId) {
        match self.joining.remove(proposal) {
            Some(Joining::Officer(id, keys)) => {
                self.officers.insert(id, keys);
            }
            Some(Joining::Machine(key, replaces)) => {
                self.machines.remove(&replaces);
                self.machines.insert(key.machine_id(), key);
            }
            None => {}
        }
    }
}

fn joining(subject: &Subject) -> Option<Joining> {
    match subject {
        Subject::Officer(OfficerChange::Add(officer)) => {
            Some(Joining::Officer(officer.id(), officer.as_ref().into()))
        }
        Subject::Machine(MachineChange {
            machine, replaces, ..
        }) => Some(Joining::Machine(machine.key, *replaces)),
        Subject::Officer(OfficerChange::Suspend(_))
        | Subject::Payout(_)
        | Subject::Policy(_)
        | Subject::Payee(_)
        | Subject::Thaw(_)
        | Subject::Vault(_)
        | Subject::Asset(_)
        | Subject::Batch(_)
        | Subject::Sweep(_)
        | Subject::Cancel(_) => None,
    }
}

/// Machines that a body names as new.
fn introduces(body: &Body) -> impl Iterator<Item = &Machine> {
    let founding: &[Machine] = if let Act::Founded(founding) = &body.act {
        &founding.machines
    } else {
        &[]
    };
    let proposed = if let Act::Proposed(proposal) = &body.act
        && let Subject::Machine(change) = &proposal.subject
    {
        Some(&change.machine)
    } else {
        None
    };
    founding.iter().chain(proposed)
}
