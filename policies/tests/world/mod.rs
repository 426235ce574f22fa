//! Random facts, payouts and approvals, and the evaluator's answer in the words that both share.

use std::collections::BTreeMap;

use domain::address::Network;
use domain::roster::HexBytes;
use domain::{Amount, Approval, Leg, Note, Payout, Proposal, Sats, Subject, Timestamp};
use policy::{
    Authorised, Bucket, Facts, Frees, PayeeFact, Policy, Reason, Request, Rule, Shortfall, Use,
    UseState, VaultFact, Verdict, authorise, evaluate,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{Answer, End, Limited, OFFICERS, PAYEES, UNIT};
use crate::support::{Signer, address, adoption_id, approving, name, proposal_id, vault_id};

const HOUR: u64 = 3_600_000;
/// Friday 2026-11-20 10:00 UTC.
pub const NOW: u64 = 1_795_168_800_000;

#[derive(Debug, Clone)]
pub struct Row {
    vault: &'static str,
    pub initiator: &'static str,
    /// Whether the leg says its payee's name, who is paid (index into payees and strangers), units.
    legs: Vec<(bool, usize, u64)>,
    fee: u64,
}

#[derive(Debug, Clone)]
pub struct World {
    pub payout: Row,
    /// Milliseconds before now.
    pub proposed: u64,
    expires: u64,
    suspended: Option<&'static str>,
    since: Vec<u64>,
    uses: Vec<(Row, u64, bool, bool)>,
}

#[derive(Debug, Clone)]
pub struct Vote {
    by: &'static str,
    ago: u64,
    left: u64,
    wrong: u8,
}

fn row() -> impl Strategy<Value = Row> {
    let leg = (any::<bool>(), 0..PAYEES.len() + 2, 1_u64..4);
    let vault = select(vec!["Main", "Main", "Ops"]);
    (
        vault,
        select(&OFFICERS[..]),
        proptest::collection::vec(leg, 1..4),
        1_u64..3,
    )
        .prop_map(|(vault, initiator, legs, fee)| Row {
            vault,
            initiator,
            legs,
            fee: fee * UNIT,
        })
}

fn ago() -> impl Strategy<Value = u64> {
    let hours = select(vec![0_u64, 1, 2, 4, 5, 23, 24, 30]);
    (hours, 0_u64..3).prop_map(|(hours, edge)| (hours * HOUR + edge).saturating_sub(1))
}

pub fn world() -> impl Strategy<Value = World> {
    let suspended = proptest::option::weighted(0.2, select(&OFFICERS[..]));
    let uses = proptest::collection::vec(
        (row(), ago(), any::<bool>(), prop::bool::weighted(0.1)),
        0..5,
    );
    let since = proptest::collection::vec(ago(), PAYEES.len());
    (row(), ago(), 0_u64..3, suspended, since, uses).prop_map(
        |(payout, proposed, expires, suspended, since, uses)| World {
            payout,
            proposed: proposed.min(5 * HOUR),
            // Rarely over, and then just so.
            expires: if expires == 0 { 1 } else { expires * HOUR },
            suspended,
            since,
            uses,
        },
    )
}

pub fn vote() -> impl Strategy<Value = Vote> {
    let wrong = prop_oneof![8 => Just(0_u8), 1 => 1_u8..4];
    let left = select(vec![0_u64, 1, HOUR, HOUR, HOUR, HOUR]);
    (select(&OFFICERS[..]), ago(), left, wrong).prop_map(|(by, ago, left, wrong)| Vote {
        by,
        ago: ago.min(3 * HOUR),
        left,
        wrong,
    })
}

pub fn time(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis).unwrap()
}

fn legs(row: &Row) -> Vec<Leg> {
    let leg = |(said, who, units): &(bool, usize, u64)| {
        let label = PAYEES.get(*who).copied();
        let stranger = ["U1", "U2"][who.saturating_sub(PAYEES.len()).min(1)];
        Leg {
            payee: label.filter(|_| *said).map(name),
            address: address(label.unwrap_or(stranger), Network::Regtest),
            amount: Amount::Btc(Sats::new(units * UNIT).unwrap()),
        }
    };
    row.legs.iter().map(leg).collect()
}

pub fn facts(world: &World, policy: &Policy, cast: &mut Cast) -> Facts {
    let mut facts = Facts {
        now: time(NOW),
        adoption: adoption_id("current"),
        policy: policy.hash(),
        officers: BTreeMap::new(),
        former: BTreeMap::new(),
        vaults: BTreeMap::new(),
        payees: BTreeMap::new(),
        uses: Vec::new(),
    };
    for officer in OFFICERS {
        let roster = match world.suspended == Some(officer) {
            true => &mut facts.former,
            false => &mut facts.officers,
        };
        let signer = cast.of(officer);
        roster.insert(signer.id(), signer.officer().name.clone());
    }
    for vault in ["Main", "Ops"] {
        let fact = VaultFact {
            name: name(vault),
            network: Network::Regtest,
        };
        facts.vaults.insert(vault_id(vault), fact);
    }
    for (payee, since) in PAYEES.into_iter().zip(&world.since) {
        let fact = PayeeFact {
            address: address(payee, Network::Regtest),
            since: time(NOW - since),
        };
        facts.payees.insert(name(payee), fact);
    }
    for (index, (row, ago, reserved, own)) in world.uses.iter().enumerate() {
        let label = if *own {
            "this".to_owned()
        } else {
            format!("use {index}")
        };
        facts.uses.push(Use {
            proposal: proposal_id(&label),
            vault: vault_id(row.vault),
            initiator: cast.of(row.initiator).id(),
            legs: legs(row),
            fee: Amount::Btc(Sats::new(row.fee).unwrap()),
            at: time(NOW - ago),
            state: if *reserved {
                UseState::Reserved
            } else {
                UseState::Settled
            },
        });
    }
    facts
}

pub fn sign(votes: &[Vote], policy: &Policy, cast: &mut Cast) -> Vec<Approval> {
    let mut sign = |vote: &Vote| {
        let proposal = proposal_id(if vote.wrong == 1 { "other" } else { "this" });
        let adoption = adoption_id(if vote.wrong == 2 {
            "earlier"
        } else {
            "current"
        });
        let hash = match vote.wrong {
            3 => domain::PolicyHash::from_bytes([1; 32]),
            _ => policy.hash(),
        };
        let approving = approving(proposal, adoption, hash, time(NOW + vote.left));
        cast.of(vote.by).approve(approving, time(NOW - vote.ago))
    };
    votes.iter().map(&mut sign).collect()
}

/// The evaluator's answer in the words that both share.
pub fn judge(
    policy: &Policy,
    facts: &Facts,
    request: &Request<'_>,
    approvals: &[Approval],
) -> Answer {
    let mut answer = Answer::default();
    let clearance = match evaluate(policy, facts, request) {
        Verdict::Requires(clearance) => clearance,
        Verdict::Refused(reasons) => {
            reasons
                .iter()
                .for_each(|reason| refuse(&mut answer, reason));
            return answer;
        }
    };
    if let Rule::Lane(lane) = clearance.rule() {
        answer.lane = Some(lane.to_string());
    }
    answer.end = match authorise(clearance, approvals, facts) {
        Ok(Authorised::Payout(_)) => End::Authorised,
        Err(Shortfall::Approvals { .. }) => End::Missing,
        Err(Shortfall::Waiting { ready, .. }) => End::Waiting(ready.as_millis()),
        other => panic!("no answer for a payout: {other:?}"),
    };
    answer
}

fn refuse(answer: &mut Answer, reason: &Reason) {
    match reason {
        Reason::Fact(_) => answer.end = End::Faulty,
        Reason::Denied { deny, .. } => {
            answer.denied.insert(deny.to_string());
        }
        Reason::OverLimit(over) => {
            let bucket = match &over.bucket {
                Bucket::Scope | Bucket::Asset(_) => String::new(),
                Bucket::Vault(name) | Bucket::Payee(name) | Bucket::Initiator(name) => {
                    name.to_string()
                }
                Bucket::Address(address) => address.to_string(),
            };
            let frees = match over.frees {
                Frees::At(time) => Limited::At(time.as_millis()),
                Frees::AfterReserved => Limited::Reserved,
                Frees::Never => Limited::Never,
                Frees::Fits => panic!("a limit that fits refuses nothing"),
            };
            answer.over.insert((over.limit.to_string(), bucket, frees));
        }
        Reason::NoLane(_) | Reason::Unreachable { .. } | Reason::Expired { .. } => {}
        other => panic!("no reason against a payout: {other}"),
    }
}

pub fn proposal(world: &World) -> Proposal {
    let payout = Payout::new(
        vault_id(world.payout.vault),
        legs(&world.payout),
        Sats::new(world.payout.fee).unwrap(),
        Note::new("").unwrap(),
    );
    Proposal {
        subject: Subject::Payout(payout.unwrap()),
        expires: time(NOW + world.expires - 1),
        nonce: HexBytes(vec![0; 16]),
    }
}

/// Officers by name, with keys made once.
#[derive(Default)]
pub struct Cast(BTreeMap<String, Signer>);

impl Cast {
    pub fn of(&mut self, label: &str) -> &Signer {
        self.0
            .entry(label.to_owned())
            .or_insert_with(|| Signer::new(label, label))
    }
}
