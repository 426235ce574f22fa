//! The form of a case, and how one is played.

use std::collections::BTreeMap;

use domain::address::Network;
use domain::proposal::{OfficerChange, PayeeChange, PolicyChange, Thaw};
use domain::roster::HexBytes;
use domain::{
    Amount, Approval, EntryId, Leg, Name, Note, Payout, Proposal, Sats, Subject, Timestamp,
};
use policy::{
    Authorised, Facts, PayeeFact, Policy, Request, Use, UseState, VaultFact, Verdict, authorise,
    evaluate,
};
use serde::Deserialize;

use crate::support::{Signer, address, adoption_id, approving, name, proposal_id, vault_id};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The rule that is attacked, in words.
    pub rule: String,
    /// The policy's text, or a file of `shipped/`.
    policy: String,
    #[serde(default)]
    now: Option<String>,
    #[serde(default = "usual_officers")]
    officers: Vec<String>,
    #[serde(default)]
    suspended: Vec<String>,
    #[serde(default = "usual_vaults")]
    vaults: BTreeMap<String, String>,
    #[serde(default = "usual_payees")]
    payees: Vec<PayeeRow>,
    #[serde(default)]
    uses: Vec<UseRow>,
    #[serde(default)]
    payout: Option<PayoutRow>,
    #[serde(default)]
    change: Option<ChangeRow>,
    #[serde(default)]
    approvals: Vec<ApprovalRow>,
    /// Play `recheck` instead: denials and limits alone.
    #[serde(default)]
    recheck: bool,
    /// Facts of a policy other than the one that is asked.
    #[serde(default)]
    other_policy_in_force: bool,
    expect: Expected,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayeeRow {
    name: String,
    /// A label; the name unless given.
    address: Option<String>,
    since: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LegRow {
    payee: Option<String>,
    /// The label of an address; the payee's unless given.
    address: Option<String>,
    amount: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UseRow {
    proposal: String,
    #[serde(default = "main")]
    vault: String,
    initiator: String,
    legs: Vec<LegRow>,
    fee: String,
    at: String,
    state: StateRow,
}

#[derive(Deserialize, Clone, Copy)]
#[serde(rename_all = "snake_case")]
enum StateRow {
    Reserved,
    Settled,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutRow {
    #[serde(default = "main")]
    vault: String,
    initiator: String,
    legs: Vec<LegRow>,
    #[serde(default = "usual_fee")]
    fee_cap: String,
    proposed: Option<String>,
    expires: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeRow {
    initiator: String,
    policy: Option<String>,
    suspend: Option<String>,
    add: Option<String>,
    enter: Option<PayeeRow>,
    thaw: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovalRow {
    by: String,
    #[serde(default = "half_an_hour_ago")]
    at: String,
    #[serde(default = "in_an_hour")]
    expires: String,
    /// Another proposal, adoption or policy than the ones that count.
    proposal: Option<String>,
    adoption: Option<String>,
    policy: Option<String>,
}

#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
struct Expected {
    verdict: String,
    rule: Option<String>,
    #[serde(default)]
    codes: Vec<String>,
    #[serde(default)]
    reasons: Vec<String>,
    #[serde(default)]
    approvers: Vec<String>,
}

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
        let row = self.payout.as_ref();
        let proposed = row
            .and_then(|row| row.proposed.as_deref())
            .unwrap_or("-1 h");
        let initiator = row
            .map(|row| &row.initiator)
            .or(self.change.as_ref().map(|row| &row.initiator))
            .expect("a payout or a change");
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
            let address = address(label, Network::Regtest);
            let since = at(&facts, &row.since);
            facts
                .payees
                .insert(name(&row.name), PayeeFact { address, since });
        }
        facts.uses = self.uses.iter().map(|row| used(&facts, row)).collect();
        facts
    }

    fn proposal(&self, facts: &Facts) -> Proposal {
        let row = self.payout.as_ref();
        let expires = row
            .and_then(|row| row.expires.as_deref())
            .unwrap_or("+24 h");
        let subject = match (&self.payout, &self.change) {
            (Some(row), None) => Subject::Payout(
                Payout::new(
                    vault_id(&row.vault),
                    row.legs.iter().map(leg).collect(),
                    sats(&row.fee_cap),
                    Note::new("").unwrap(),
                )
                .unwrap(),
            ),
            (None, Some(row)) => changed(row),
            _ => panic!("a case has a payout or a change"),
        };
        Proposal {
            subject,
            expires: at(facts, expires),
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

fn changed(row: &ChangeRow) -> Subject {
    if let Some(text) = &row.policy {
        return Subject::Policy(PolicyChange {
            text: text_of(text),
        });
    }
    if let Some(label) = &row.suspend {
        return Subject::Officer(OfficerChange::Suspend(officer(label).id()));
    }
    if let Some(label) = &row.add {
        let officer = officer(label).officer().clone();
        return Subject::Officer(OfficerChange::Add(Box::new(officer)));
    }
    if let Some(payee) = &row.enter {
        let label = payee.address.as_ref().unwrap_or(&payee.name);
        let address = address(label, Network::Regtest);
        return Subject::Payee(PayeeChange::Set {
            name: name(&payee.name),
            address,
        });
    }
    let freeze = row.thaw.as_ref().expect("a change of some kind");
    Subject::Thaw(Thaw {
        freezes: vec![EntryId::from_bytes(crate::support::hash(freeze))],
    })
}

fn used(facts: &Facts, row: &UseRow) -> Use {
    Use {
        proposal: proposal_id(&row.proposal),
        vault: vault_id(&row.vault),
        initiator: officer(&row.initiator).id(),
        legs: row.legs.iter().map(leg).collect(),
        fee: Amount::Btc(sats(&row.fee)),
        at: at(facts, &row.at),
        state: match row.state {
            StateRow::Reserved => UseState::Reserved,
            StateRow::Settled => UseState::Settled,
        },
    }
}

fn leg(row: &LegRow) -> Leg {
    let label = row
        .address
        .as_ref()
        .or(row.payee.as_ref())
        .expect("a payee or an address");
    let (label, network) = label.split_once(" on ").unwrap_or((label, "regtest"));
    Leg {
        payee: row.payee.as_deref().map(name),
        address: address(label, network.parse().unwrap()),
        amount: row.amount.parse().unwrap(),
    }
}

/// `Alice/2` is a second key under the name Alice.
fn officer(label: &str) -> Signer {
    Signer::new(label, label.split('/').next().unwrap())
}

fn roster(labels: &[String]) -> BTreeMap<domain::OfficerId, Name> {
    labels
        .iter()
        .map(|label| officer(label))
        .map(|one| (one.id(), one.officer().name.clone()))
        .collect()
}

fn text_of(policy: &str) -> String {
    if !policy.ends_with(".toml") {
        return policy.to_owned();
    }
    let path = format!("{}/shipped/{policy}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

fn sats(text: &str) -> Sats {
    match text.parse().unwrap() {
        Amount::Btc(sats) => sats,
    }
}

/// Friday 2026-11-20 10:00 UTC.
const BASE: u64 = 1_795_168_800_000;

fn at(facts: &Facts, text: &str) -> Timestamp {
    moved(facts.now, text)
}

/// `-1 h`, `+5 min`, `+1 ms`, `now`.
fn moved(from: Timestamp, text: &str) -> Timestamp {
    if text == "now" {
        return from;
    }
    let (sign, rest) = text.split_at(1);
    let (number, unit) = rest.split_once(' ').expect("a number and a unit");
    let unit = match unit {
        "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        other => panic!("no unit: {other}"),
    };
    let span = number.parse::<u64>().unwrap() * unit;
    let millis = match sign {
        "+" => from.as_millis() + span,
        "-" => from.as_millis() - span,
        other => panic!("no sign: {other}"),
    };
    Timestamp::from_millis(millis).unwrap()
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

fn usual_officers() -> Vec<String> {
    ["Alice", "Bob", "Carol", "Dora", "Erin"]
        .map(str::to_owned)
        .to_vec()
}

fn usual_vaults() -> BTreeMap<String, String> {
    BTreeMap::from([(main(), "regtest".to_owned())])
}

fn usual_payees() -> Vec<PayeeRow> {
    ["Hetzner", "City Power"]
        .map(|name| PayeeRow {
            name: name.to_owned(),
            address: None,
            since: "-30 d".to_owned(),
        })
        .into()
}

fn main() -> String {
    "Main".to_owned()
}

fn usual_fee() -> String {
    "0.001 BTC".to_owned()
}

fn half_an_hour_ago() -> String {
    "-30 min".to_owned()
}

fn in_an_hour() -> String {
    "+1 h".to_owned()
}
