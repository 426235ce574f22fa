//! What enough approvals of a batch give: the right to each payout of it, one at a time.

#[cfg(test)]
mod support;

#[cfg(test)]
mod given;

use domain::roster::HexBytes;
use domain::{Batch, Note, Payout, Proposal, Subject};
use policy::{Authorised, Policy, Request, Verdict, evaluate};

use given::{POLICY, earned, facts, payout, time};
use support::{Signer, adoption_id, proposal_id, vault_id};

#[test]
fn each_payout_of_a_batch_is_taken_by_its_place_under_its_own_id() {
    for (place, (to, wei)) in (0..).zip([("a", 1), ("b", 2), ("c", 3)]) {
        let batch = earned();
        assert_eq!(batch.proposal(), proposal_id("batch"));
        assert_eq!(batch.approvers().len(), 1);
        let one = batch.item(place).unwrap();
        assert_eq!(*one.payout(), payout(to, wei));
        assert_eq!(one.proposal(), Batch::item_id(proposal_id("batch"), place));
        assert_eq!(one.expires(), time(10));
        assert_eq!(one.adoption(), adoption_id("current"));
        assert_eq!(one.approvers().len(), 1);
    }
    assert!(earned().item(3).is_none());
    assert!(earned().item(u32::MAX).is_none());
}

#[test]
fn a_batch_is_no_payout_and_no_change() {
    assert!(Authorised::Batch(earned()).into_payout().is_none());
    assert!(Authorised::Batch(earned()).into_change().is_none());
    assert!(Authorised::Batch(earned()).into_batch().is_some());
}

#[test]
fn a_batch_to_a_thousand_payees_is_judged_against_a_long_history() {
    let limits = r#"
[[limit]]
name = "Payee"
scope = "all"
count = 3
window = "24 h"
per = "payee"
"#;
    let policy = Policy::parse(&POLICY.replace("[[lane]]", &format!("{limits}[[lane]]"))).unwrap();
    let alice = Signer::new("Alice", "Alice");
    let bob = Signer::new("Bob", "Bob");
    let mut facts = facts(&policy, &[&alice, &bob]);
    let payouts: Vec<Payout> = (0..1000).map(|n| payout(&n.to_string(), 1)).collect();
    for (index, payout) in payouts.iter().enumerate() {
        for round in 0..3 {
            // The last payee was paid often enough.
            if round == 2 && index != 999 {
                continue;
            }
            facts.uses.push(policy::Use {
                proposal: proposal_id("earlier"),
                vault: vault_id("Ether"),
                initiator: bob.id(),
                legs: payout.legs().to_vec(),
                fee: payout.fee_cap(),
                at: time(1),
                state: policy::UseState::Reserved,
            });
        }
    }
    let batch = Batch::new(vault_id("Ether"), payouts, Note::new("").unwrap()).unwrap();
    let proposal = Proposal {
        subject: Subject::Batch(batch),
        expires: time(10),
        nonce: HexBytes(vec![0; 16]),
    };
    let request = Request {
        proposal: proposal_id("batch"),
        subject: &proposal,
        initiator: alice.id(),
        proposed: time(0),
    };
    let Verdict::Refused(reasons) = evaluate(&policy, &facts, &request) else {
        panic!("the last payee is over the limit");
    };
    assert_eq!(reasons.iter().count(), 1);
    assert!(
        reasons
            .to_string()
            .contains("3 used in 24 h, this batch adds 1, 3 allowed")
    );
}
