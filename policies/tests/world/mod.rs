//! Random facts, payouts and approvals, and the evaluator's answer in the words that both share.

use std::collections::BTreeMap;

use domain::address::Network;
use domain::roster::HexBytes;
use domain::{Approval, Batch, Leg, Note, Payout, Proposal, Subject, Timestamp, U256};
use policy::{
    Authorised, Bucket, Facts, Frees, PayeeFact, Policy, Reason, Request, Rule, Shortfall, Use,
    UseState, VaultFact, Verdict, authorise, evaluate,
};
use proptest::prelude::*;
use proptest::sample::select;

use crate::model::{Answer, End, Limited, OFFICERS, PAYEES};
use crate::money::{amount, asset, unit};
use crate::support::{Signer, address, adoption_id, approving, name, proposal_id, vault_id};

const HOUR: u64 = 3_600_000;
/// Friday 2026-11-20 10:00 UTC.
pub const NOW: u64 = 1_795_168_800_000;

/// The vaults: name, network, and what it can pay, the first being what fees are paid in.
const VAULTS: [(&str, &str, &[&str]); 4] = [
    ("Main", "regtest", &["BTC"]),
    ("Ops", "regtest", &["BTC"]),
    ("Eth", "eip155:1", &["ETH", "USDC", "USDC?"]),
    ("Pol", "eip155:137", &["POL", "USDC-P"]),
];

/// One payout, or more of a batch.
#[derive(Debug, Clone)]
pub struct Row {
    vault: usize,
    pub initiator: &'static str,
    items: Vec<Item>,
    pub batch: bool,
}

#[derive(Debug, Clone)]
struct Item {
    asset: &'static str,
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
    uses: Vec<(Row, u64, bool, bool, bool)>,
}

#[derive(Debug, Clone)]
pub struct Vote {
    by: &'static str,
    ago: u64,
    left: u64,
    wrong: u8,
}

fn row() -> impl Strategy<Value = Row> {
    let leg = (any::<bool>(), 0_usize..6, 1_u64..4);
    // A wrong asset comes up rarely.
    let which = prop_oneof![8 => 0_usize..2, 1 => Just(2)];
    let item = (which, proptest::collection::vec(leg, 1..4), 1_u64..3);
    (
        select(vec![0_usize, 0, 1, 2, 2, 3]),
        select(&OFFICERS[..]),
        proptest::collection::vec(item, 1..4),
        any::<bool>(),
    )
        .prop_map(|(vault, initiator, items, batch)| {
            let assets = VAULTS[vault].2;
            let evm = assets[0] != "BTC";
            let batch = batch && evm;
            let most = if batch { 3 } else { 1 };
            let item = |(which, legs, fee): (usize, Vec<_>, u64)| Item {
                asset: assets[which % assets.len()],
                legs: legs.into_iter().take(if evm { 1 } else { 3 }).collect(),
                fee,
            };
            Row {
                vault,
                initiator,
                items: items.into_iter().take(most).map(item).collect(),
                batch,
            }
        })
}

fn ago() -> impl Strategy<Value = u64> {
    let hours = select(vec![0_u64, 1, 2, 4, 5, 23, 24, 30]);
    (hours, 0_u64..3).prop_map(|(hours, edge)| (hours * HOUR + edge).saturating_sub(1))
}

pub fn world() -> impl Strategy<Value = World> {
    let suspended = proptest::option::weighted(0.2, select(&OFFICERS[..]));
    let uses = proptest::collection::vec(
        (
            row(),
            ago(),
            any::<bool>(),
            prop::bool::weighted(0.1),
            // Whether it pays nobody.
            prop::bool::weighted(0.2),
        ),
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

fn network(vault: usize) -> Network {
    VAULTS[vault].1.parse().unwrap()
}

/// Where a payee is paid.
fn home(payee: &str) -> Network {
    let chain = match payee.chars().next() {
        Some('E') => "eip155:1",
        Some('P') => "eip155:137",
        _ => "regtest",
    };
    chain.parse().unwrap()
}

fn legs(row: &Row, item: &Item) -> Vec<Leg> {
    let here = network(row.vault);
    let payees: Vec<&str> = PAYEES.into_iter().filter(|p| home(p) == here).collect();
    let leg = |(said, who, units): &(bool, usize, u64)| {
        let who = who % (payees.len() + 2);
        let label = payees.get(who).copied();
        let stranger = ["U1", "U2"][who.saturating_sub(payees.len()).min(1)];
        Leg {
            payee: label.filter(|_| *said).map(name),
            address: address(label.unwrap_or(stranger), here),
            amount: amount(item.asset, unit(item.asset) * U256::from(*units)),
        }
    };
    item.legs.iter().map(leg).collect()
}

fn fee(row: &Row, item: &Item) -> domain::Amount {
    let native = VAULTS[row.vault].2[0];
    amount(native, unit(native) * U256::from(item.fee))
}

pub fn facts(world: &World, policy: &Policy, cast: &mut Cast) -> Facts {
    let mut facts = Facts {
        now: time(NOW),
        adoption: adoption_id("current"),
        policy: policy.hash(),
        officers: BTreeMap::new(),
        former: BTreeMap::new(),
        vaults: BTreeMap::new(),
        assets: ["ETH", "USDC", "POL", "USDC-P"]
            .into_iter()
            .filter_map(|word| asset(word).coin())
            .collect(),
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
    for (index, (vault, ..)) in VAULTS.into_iter().enumerate() {
        let fact = VaultFact {
            name: name(vault),
            network: network(index),
        };
        facts.vaults.insert(vault_id(vault), fact);
    }
    for (payee, since) in PAYEES.into_iter().zip(&world.since) {
        let fact = PayeeFact {
            address: address(payee, home(payee)),
            since: time(NOW - since),
        };
        facts.payees.insert(name(payee), fact);
    }
    for (index, (row, ago, reserved, own, nobody)) in world.uses.iter().enumerate() {
        let label = if *own {
            "this".to_owned()
        } else {
            format!("use {index}")
        };
        let initiator = cast.of(row.initiator).id();
        facts.uses.extend(row.items.iter().map(|item| Use {
            proposal: proposal_id(&label),
            vault: vault_id(VAULTS[row.vault].0),
            initiator,
            legs: match nobody {
                true => Vec::new(),
                false => legs(row, item),
            },
            fee: fee(row, item),
            at: time(NOW - ago),
            state: if *reserved {
                UseState::Reserved
            } else {
                UseState::Settled
            },
        }));
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
        Ok(Authorised::Payout(_) | Authorised::Batch(_)) => End::Authorised,
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
                Bucket::Scope => String::new(),
                Bucket::Asset(asset) => format!("{asset:?}"),
                Bucket::Vault(name) | Bucket::Payee(name) | Bucket::Initiator(name) => {
                    name.to_string()
                }
                Bucket::Address(address) => format!("{address:?}"),
            };
            let frees = match over.frees {
                Frees::At(time) => Limited::At(time.as_millis()),
                Frees::AfterReserved => Limited::Reserved,
                Frees::Never => Limited::Never,
                Frees::Fits => panic!("a limit that fits refuses nothing"),
            };
            answer.over.insert((over.limit.to_string(), bucket, frees));
        }
        Reason::NoLane { .. } | Reason::Unreachable { .. } | Reason::Expired { .. } => {}
        other => panic!("no reason against a payout: {other}"),
    }
}

pub fn proposal(world: &World) -> Proposal {
    let row = &world.payout;
    let vault = vault_id(VAULTS[row.vault].0);
    let note = || Note::new("").unwrap();
    let mut payouts: Vec<Payout> = row
        .items
        .iter()
        .map(|item| Payout::new(vault, legs(row, item), fee(row, item), note()).unwrap())
        .collect();
    let subject = match row.batch {
        true => Subject::Batch(Batch::new(vault, payouts, note()).unwrap()),
        false => Subject::Payout(payouts.remove(0)),
    };
    Proposal {
        subject,
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
