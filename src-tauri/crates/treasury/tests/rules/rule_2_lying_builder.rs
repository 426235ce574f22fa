//! Rule 2: the fold decodes a plan itself. A builder that lies gets no plan into the journal.

use bitcoin::hashes::Hash;
use bitcoin::{Amount, OutPoint, TxOut, Txid};
use domain::act::{ChildPath, PlannedChange};
use domain::{Address, Network, ProposalId, Subject};
use plans::{PlanMismatch, TxRef, VaultKeyError};
use treasury::{IllegalEntry, PayoutStage};

use crate::fixture::*;

/// A payout of 100,000 satoshi, approved, its coin of 2,000,000 and 1,899,000 back.
struct Case {
    t: Fixture,
    id: ProposalId,
    draft: Drafted,
}

fn case() -> Case {
    let mut t = Fixture::new();
    let id = t.approved(100_000);
    let (_, payout) = t.treasury().payout(id).unwrap();
    let draft = honest(&whole_key(1), payout, &[coin(1)]);
    Case { t, id, draft }
}

impl Case {
    /// Tells one lie and expects this answer.
    #[track_caller]
    fn lie(&self, tell: impl FnOnce(&mut Drafted), answer: &PlanMismatch) {
        let mut draft = self.draft.clone();
        tell(&mut draft);
        let refused = self.t.refuses(planned(draft.planned(self.id, 1)));
        assert_eq!(refused, IllegalEntry::Plan(answer.to_string()));
    }
}

fn paying(amount: u64) -> TxOut {
    TxOut {
        value: Amount::from_sat(amount),
        script_pubkey: stranger(9).script_pubkey().to_owned(),
    }
}

#[test]
fn an_honest_plan_is_taken_and_told() {
    let Case { mut t, id, draft } = case();
    t.run(planned(draft.planned(id, 1)));
    let PayoutStage::Planned(plan) = t.stage(id) else {
        panic!("it is planned");
    };
    assert_eq!(plan.fee, domain::Amount::Btc(sats(FEE)));
    assert_eq!(plan.transaction, TxRef::Bitcoin(draft.tx.compute_txid()));
    assert_eq!(plan.spends(), [coin(1).outpoint()]);
    let mut as_read = draft.tx.compute_txid().to_byte_array();
    as_read.reverse();
    assert_eq!(plan.transaction.bytes(), as_read);
}

#[test]
fn a_changed_output_is_refused() {
    let case = case();
    let payee = PlanMismatch::OtherPayee {
        leg: 1,
        expected: Address::Btc(stranger(1)),
    };
    case.lie(
        |d| d.tx.output[0].script_pubkey = paying(0).script_pubkey,
        &payee,
    );
    for found in [99_999, 100_001] {
        let amount = PlanMismatch::OtherAmount {
            leg: 1,
            expected: sats(100_000),
            found,
        };
        case.lie(|d| d.tx.output[0].value = Amount::from_sat(found), &amount);
    }
    let missing = PlanMismatch::MissingLegs {
        legs: 1,
        outputs: 0,
    };
    case.lie(|d| d.tx.output.clear(), &missing);
}

#[test]
fn an_extra_output_is_refused() {
    let case = case();
    let extra = PlanMismatch::UnclaimedOutput {
        output: 3,
        amount: 600,
    };
    case.lie(|d| d.tx.output.push(paying(600)), &extra);
}

#[test]
fn foreign_change_is_refused() {
    let case = case();
    let amount = 2_000_000 - 100_000 - FEE;
    let foreign = PlanMismatch::ForeignChange {
        path: change(7),
        amount,
    };
    case.lie(
        |d| d.tx.output[1].script_pubkey = paying(0).script_pubkey,
        &foreign,
    );
    let another_vault = whole_key(2).script(change(7));
    case.lie(|d| d.tx.output[1].script_pubkey = another_vault, &foreign);
    // The vault's own key, but not the one at the claimed path.
    let path = change(8);
    let elsewhere = PlanMismatch::ForeignChange { path, amount };
    case.lie(
        |d| d.change = Some(PlannedChange { output: 1, path }),
        &elsewhere,
    );
    let unclaimed = PlanMismatch::UnclaimedOutput { output: 2, amount };
    case.lie(|d| d.change = None, &unclaimed);
}

#[test]
fn a_fee_over_the_cap_is_refused() {
    let case = case();
    let back = |fee: u64| Amount::from_sat(2_000_000 - 100_000 - fee);
    let over = PlanMismatch::FeeOverCap {
        fee: sats(FEE_CAP + 1),
        cap: sats(FEE_CAP),
    };
    case.lie(|d| d.tx.output[1].value = back(FEE_CAP + 1), &over);
    // The value of what is spent is a claim: one that is too low hides a fee, one that is too high
    // makes the signature void (BIP341 signs it).
    let hidden = PlanMismatch::NoFee {
        inputs: sats(1_999_000),
        outputs: sats(1_999_000),
    };
    case.lie(|d| d.inputs[0].value = sats(1_999_000), &hidden);
    let Case {
        mut t,
        id,
        mut draft,
    } = case;
    draft.tx.output[1].value = back(FEE_CAP);
    t.run(planned(draft.planned(id, 1)));
}

#[test]
fn a_wrong_path_is_refused() {
    let case = case();
    let acceptance = ChildPath::new(ChildPath::ACCEPTANCE, 0).unwrap();
    let never = PlanMismatch::Key(VaultKeyError::NotAnAddress(acceptance));
    case.lie(|d| d.inputs[0].path = acceptance, &never);
    let place = |path| Some(PlannedChange { output: 1, path });
    case.lie(
        |d| d.change = place(acceptance),
        &PlanMismatch::ChangeKeychain(acceptance),
    );
    case.lie(
        |d| d.change = place(receive(7)),
        &PlanMismatch::ChangeKeychain(receive(7)),
    );
}

#[test]
fn inputs_that_are_not_told_or_told_twice_are_refused() {
    let case = case();
    let count = PlanMismatch::InputCount {
        described: 0,
        actual: 1,
    };
    case.lie(|d| d.inputs.clear(), &count);
    let twice = PlanMismatch::DuplicateInput(coin(1).outpoint());
    case.lie(|d| d.tx.input.push(d.tx.input[0].clone()), &twice);
    let null = OutPoint {
        txid: Txid::all_zeros(),
        vout: u32::MAX,
    };
    case.lie(
        |d| d.tx.input[0].previous_output = null,
        &PlanMismatch::NullInput(1),
    );
    case.lie(|d| d.tx.input.clear(), &PlanMismatch::NoInputs);
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    let Case { t, id, draft } = case();
    let with = |change: fn(&mut Vec<u8>)| {
        let mut plan = draft.planned(id, 1);
        change(&mut plan.transaction.0);
        t.refuses(planned(plan))
    };
    let trailing = PlanMismatch::TrailingBytes(1).to_string();
    assert_eq!(with(|bytes| bytes.push(0)), IllegalEntry::Plan(trailing));
    for cut in [with(|bytes| bytes.truncate(20)), with(Vec::clear)] {
        assert!(
            matches!(&cut, IllegalEntry::Plan(why) if why.contains("are no transaction")),
            "{cut}"
        );
    }
}

#[test]
fn a_plan_that_is_approved_for_one_payout_is_none_for_its_twin() {
    let Case { mut t, id, draft } = case();
    let twin = t.asked(100_000);
    assert_ne!(twin, id);
    let refused = t.refuses(planned(draft.planned(twin, 1)));
    assert!(
        matches!(&refused, IllegalEntry::Policy(why) if why.contains("2 more of Founders")),
        "{refused}"
    );
}

#[test]
fn a_plan_without_authorization_is_refused() {
    let mut t = Fixture::new();
    let id = t.asked(100_000);
    let short = |t: &Fixture, missing: &str| {
        let refused = t.refuses(t.plan_act(id, 1));
        assert!(
            matches!(&refused, IllegalEntry::Policy(why) if why.contains(missing)),
            "{refused}"
        );
    };
    short(&t, "2 more of Founders");
    t.approve(id, &[BOB]);
    short(&t, "1 more of Founders");
    t.approve(id, &[CAROL]);
    t.run(t.plan_act(id, 1));
}

#[test]
fn a_payout_leaves_only_its_own_vault() {
    let mut t = Fixture::new();
    let other = t.vault_of(layout("Second", t.host.machine.id()));
    let first = std::mem::replace(&mut t.vault, other);
    assert_ne!(first, other);
    let payout = t.payout(vec![leg(1, 100_000)]);
    let id = t.propose(ALICE, Subject::Payout(payout));
    t.approve(id, &[BOB, CAROL]);
    // Both vaults have the key of seed 1 here; a plan is inspected under the payout's own vault, and
    // both of its coins are reserved over all vaults.
    t.run(t.plan_act(id, 1));
    t.vault = first;
    let id = t.approved(100_000);
    let refused = t.refuses(t.plan_act(id, 1));
    assert!(
        matches!(&refused, IllegalEntry::Plan(why) if why.contains("is reserved")),
        "{refused}"
    );
}

#[test]
fn an_address_of_another_network_is_not_even_proposed() {
    let mut t = Fixture::new();
    let text = "tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx";
    let address = domain::BtcAddress::parse(text, Network::Testnet4).unwrap();
    let mut foreign = leg(1, 100_000);
    foreign.address = Address::Btc(address);
    let subject = Subject::Payout(t.payout(vec![foreign]));
    let act = domain::Act::Proposed(Box::new(t.proposal(subject, DAY)));
    let refused = t.refuses_by(ALICE, act);
    assert_eq!(
        refused,
        IllegalEntry::Proposal(format!("{text} is not on regtest"))
    );
}
