//! How a case is played.

mod build;
mod rows;

use std::collections::BTreeMap;

use domain::address::Network;
use domain::roster::HexBytes;
use domain::{Approval, Proposal, Timestamp};
use policy::{
    Authorised, Facts, PayeeFact, Policy, Request, VaultFact, Verdict, authorise, evaluate,
};

use crate::support::{adoption_id, approving, name, proposal_id, vault_id};
use build::{BASE, addressed, at, coin, moved, officer, roster, text_of};
use rows::ApprovalRow;
pub use rows::Case;

/// What came of a case.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    verdict: String,
    rule: Option<String>,
    codes: Vec<String>,
    reasons: Vec<String>,
    approvers: Vec<String>,
}

impl Case {
    /// Plays the case; tells the difference, ready to be read and pasted.
    pub fn run(&self) -> Result<(), String> {
        let outcome = self.play();
        let expected = Outcome {
            verdict: self.expect.verdict.clone(),
            rule: self.expect.rule.clone(),
            codes: self.expect.codes.clone(),
            reasons: self.expect.reasons.clone(),
            approvers: self.expect.approvers.clone(),
        };
        if outcome == expected {
            return Ok(());
        }
        Err(format!("expected {expected:#?}\ngot {}", shown(&outcome)))
    }

    fn play(&self) -> Outcome {
        let policy = Policy::parse(&text_of(&self.policy)).unwrap();
        let facts = self.facts(&policy);
        let proposal = self.proposal(&facts);
        let payout = self.payout.as_ref();
        let batch = self.batch.as_ref();
        let proposed = payout
            .and_then(|row| row.proposed.as_deref())
            .or(batch.and_then(|row| row.proposed.as_deref()))
            .unwrap_or("-1 h");
        let initiator = payout
            .map(|row| &row.initiator)
            .or(batch.map(|row| &row.initiator))
            .or(self.change.as_ref().map(|row| &row.initiator))
            .expect("a payout, a batch or a change");
        let request = Request {
            proposal: proposal_id("this"),
            subject: &proposal,
            initiator: officer(initiator).id(),
            proposed: at(&facts, proposed),
        };
        if self.recheck {
            return match policy::recheck(&policy, &facts, &request) {
                Ok(_) => Outcome::new("passes"),
                Err(reasons) => refused(&reasons),
            };
        }
        match evaluate(&policy, &facts, &request) {
            Verdict::Refused(reasons) => refused(&reasons),
            Verdict::Requires(clearance) => {
                let rule = clearance.rule().to_string();
                let approvals = self.approvals(&policy, &facts);
                let outcome = match authorise(clearance, &approvals, &facts) {
                    Ok(authorised) => granted(&authorised),
                    Err(shortfall) => Outcome {
                        reasons: vec![shortfall.to_string()],
                        ..Outcome::new("shortfall")
                    },
                };
                Outcome {
                    rule: Some(rule),
                    ..outcome
                }
            }
        }
    }

    fn facts(&self, policy: &Policy) -> Facts {
        let now = Timestamp::from_millis(BASE).unwrap();
        let now = self.now.as_deref().map_or(now, |text| moved(now, text));
        let mut facts = Facts {
            now,
            adoption: adoption_id("current"),
            policy: policy.hash(),
            officers: roster(&self.officers),
            former: roster(&self.suspended),
            vaults: BTreeMap::new(),
            assets: self
                .coins
                .iter()
                .filter(|row| row.entered)
                .map(coin)
                .collect(),
            payees: BTreeMap::new(),
            uses: Vec::new(),
        };
        if self.other_policy_in_force {
            facts.policy = domain::PolicyHash::from_bytes([9; 32]);
        }
        for (label, network) in &self.vaults {
            let network = network.parse().unwrap();
            // `Main/2`: a second vault of the same name.
            let called = name(label.split('/').next().unwrap());
            facts.vaults.insert(
                vault_id(label),
                VaultFact {
                    name: called,
                    network,
                },
            );
        }
        for row in &self.payees {
            let label = row.address.as_ref().unwrap_or(&row.name);
            let address = addressed(label, Network::Regtest);
            let since = at(&facts, &row.since);
            facts
                .payees
                .insert(name(&row.name), PayeeFact { address, since });
        }
        facts.uses = self.uses.iter().map(|row| self.used(&facts, row)).collect();
        facts
    }

    fn proposal(&self, facts: &Facts) -> Proposal {
        let expires = match (&self.payout, &self.batch) {
            (Some(row), _) => row.expires.as_deref(),
            (None, Some(row)) => row.expires.as_deref(),
            (None, None) => None,
        };
        Proposal {
            subject: self.subject(),
            expires: at(facts, expires.unwrap_or("+24 h")),
            nonce: HexBytes(vec![0; 16]),
        }
    }

    fn approvals(&self, policy: &Policy, facts: &Facts) -> Vec<Approval> {
        let approval = |row: &ApprovalRow| {
            let hash = match &row.policy {
                Some(text) => Policy::parse(&text_of(text)).unwrap().hash(),
                None => policy.hash(),
            };
            let approving = approving(
                proposal_id(row.proposal.as_deref().unwrap_or("this")),
                adoption_id(row.adoption.as_deref().unwrap_or("current")),
                hash,
                at(facts, &row.expires),
            );
            officer(&row.by).approve(approving, at(facts, &row.at))
        };
        self.approvals.iter().map(approval).collect()
    }
}

impl Outcome {
    fn new(verdict: &str) -> Self {
        Self {
            verdict: verdict.to_owned(),
            rule: None,
            codes: Vec::new(),
            reasons: Vec::new(),
            approvers: Vec::new(),
        }
    }
}

fn refused(reasons: &policy::Reasons) -> Outcome {
    Outcome {
        codes: reasons
            .iter()
            .map(|reason| reason.code().to_owned())
            .collect(),
        reasons: reasons.iter().map(ToString::to_string).collect(),
        ..Outcome::new("refused")
    }
}

fn granted(authorised: &Authorised) -> Outcome {
    let (verdict, approvers) = match authorised {
        Authorised::Payout(one) => ("authorised", one.approvers()),
        Authorised::Batch(one) => ("batch authorised", one.approvers()),
        Authorised::Change(one) => ("mandated", one.approvers()),
    };
    let approvers = approvers
        .iter()
        .map(|one| format!("{} for {}", one.name, one.group))
        .collect();
    Outcome {
        approvers,
        ..Outcome::new(verdict)
    }
}

fn shown(outcome: &Outcome) -> String {
    let list = |items: &[String]| {
        items
            .iter()
            .map(|item| format!("    {item:?},\n"))
            .collect::<String>()
    };
    format!(
        "verdict = {:?}\nrule = {:?}\ncodes = {:?}\nreasons = [\n{}]\napprovers = {:?}\n",
        outcome.verdict,
        outcome.rule,
        outcome.codes,
        list(&outcome.reasons),
        outcome.approvers
    )
}
