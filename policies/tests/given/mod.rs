//! A batch of three payouts of ether, and the right to it, earned.

use std::collections::BTreeMap;

use crate::support::{Signer, address, adoption_id, approving, name, proposal_id, vault_id};
use domain::roster::HexBytes;
use domain::{
    Amount, Batch, ChainId, Coin, Leg, Network, Note, Payout, Proposal, Subject, Symbol, Timestamp,
    U256,
};
use policy::{
    Authorised, BatchAuthorization, Facts, Policy, Request, VaultFact, Verdict, authorise,
    evaluate, recheck,
};

pub const POLICY: &str = r#"
version = 1
[groups]
Team = ["Alice", "Bob"]
[[lane]]
name = "Any"
scope = "all"
steps = [{ group = "Team", count = 1 }]
expiry = "24 h"
[governance.default]
steps = [{ group = "Team", count = 1 }]
expiry = "7 d"
"#;

pub fn time(hours: u64) -> Timestamp {
    Timestamp::from_millis(1_795_168_800_000 + hours * 3_600_000).unwrap()
}

pub fn ether() -> Coin {
    let chain = ChainId::new(1).unwrap();
    Coin::new(chain, None, Symbol::new("ETH").unwrap(), 18).unwrap()
}

pub fn payout(to: &str, wei: u64) -> Payout {
    let leg = Leg {
        payee: None,
        address: address(to, Network::Evm(ether().chain())),
        amount: Amount::Evm(ether(), U256::from(wei)),
    };
    let fee_cap = Amount::Evm(ether(), U256::from(1000));
    Payout::new(
        vault_id("Ether"),
        vec![leg],
        fee_cap,
        Note::new("").unwrap(),
    )
    .unwrap()
}

pub fn proposal() -> Proposal {
    let payouts = vec![payout("a", 1), payout("b", 2), payout("c", 3)];
    let batch = Batch::new(vault_id("Ether"), payouts, Note::new("").unwrap()).unwrap();
    Proposal {
        subject: Subject::Batch(batch),
        expires: time(10),
        nonce: HexBytes(vec![0; 16]),
    }
}

pub fn facts(policy: &Policy, officers: &[&Signer]) -> Facts {
    let vault = VaultFact {
        name: name("Ether"),
        network: Network::Evm(ether().chain()),
    };
    Facts {
        now: time(2),
        adoption: adoption_id("current"),
        policy: policy.hash(),
        officers: officers
            .iter()
            .map(|one| (one.id(), one.officer().name.clone()))
            .collect(),
        former: BTreeMap::new(),
        vaults: [(vault_id("Ether"), vault)].into(),
        assets: [ether()].into(),
        payees: BTreeMap::new(),
        uses: Vec::new(),
    }
}

pub fn earned() -> BatchAuthorization {
    let policy = Policy::parse(POLICY).unwrap();
    let (alice, bob) = (Signer::new("Alice", "Alice"), Signer::new("Bob", "Bob"));
    let facts = facts(&policy, &[&alice, &bob]);
    let proposal = proposal();
    let request = Request {
        proposal: proposal_id("batch"),
        subject: &proposal,
        initiator: alice.id(),
        proposed: time(0),
    };
    assert!(recheck(&policy, &facts, &request).is_ok());
    let Verdict::Requires(clearance) = evaluate(&policy, &facts, &request) else {
        panic!("the batch is refused");
    };
    let approving = approving(
        proposal_id("batch"),
        adoption_id("current"),
        policy.hash(),
        time(5),
    );
    let approval = bob.approve(approving, time(1));
    let authorised = authorise(clearance, &[approval], &facts).unwrap();
    assert_eq!(authorised.payouts().len(), 3);
    match authorised {
        Authorised::Batch(batch) => batch,
        other => panic!("no batch: {other:?}"),
    }
}
