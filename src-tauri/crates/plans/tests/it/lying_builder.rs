//! Plans of a builder that lies, one lie each: every one is refused by its own name.

use crate::support::{
    Drafted, Vault, change, honest, leg, outpoint, payout, receive, sats, stranger, txin, vault,
};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxOut, Txid, Witness, consensus,
};
use domain::act::{ChildPath, Planned, PlannedChange};
use domain::{Network, Payout};
use plans::{Effects, PlanMismatch, VaultView, inspect, limits};

struct Case {
    vault: Vault,
    payout: Payout,
    draft: Drafted,
}

/// Two legs of 30,000 and 20,000, coins of 40,000 and 60,000, 49,000 back, fee 1,000 of at most 2,000.
fn case() -> Case {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000), leg(2, 20_000)], 2_000);
    let draft = honest(&vault, &payout, &[40_000, 60_000], Some(49_000));
    Case {
        vault,
        payout,
        draft,
    }
}

impl Case {
    fn check(&self, planned: &Planned) -> Result<Effects, PlanMismatch> {
        inspect(planned, &self.payout, &self.vault.view, None)
    }

    /// What the inspection says after one lie.
    fn lie(&self, tell: impl FnOnce(&mut Drafted)) -> PlanMismatch {
        let mut draft = self.draft.clone();
        tell(&mut draft);
        self.check(&draft.planned()).unwrap_err()
    }

    fn bytes(&self, change: impl FnOnce(&mut Vec<u8>)) -> PlanMismatch {
        let mut planned = self.draft.planned();
        change(&mut planned.transaction.0);
        self.check(&planned).unwrap_err()
    }
}

fn foreign() -> ScriptBuf {
    stranger(9).script_pubkey().to_owned()
}

#[test]
fn an_honest_plan_passes_and_its_effects_are_told() {
    let case = case();
    let effects = case.check(&case.draft.planned()).unwrap();
    assert_eq!(effects.legs(), case.payout.legs());
    let back = effects.change().unwrap();
    assert_eq!((back.path, back.amount), (change(7), sats(49_000)));
    assert_eq!(effects.fee(), sats(1_000));
    assert_eq!(effects.inputs_total(), sats(100_000));
    assert_eq!(effects.txid(), case.draft.tx.compute_txid());
    assert_eq!(effects.spends(), [outpoint(1, 0), outpoint(2, 1)]);
    // 10.5 + 2 * 57.5 + 3 * 43 virtual bytes.
    assert_eq!(effects.size().get(), 255);
    assert_eq!(effects.fee_rate().sat_per_kvb(), 3921);
}

#[test]
fn the_size_is_that_of_the_signed_transaction() {
    let case = case();
    let effects = case.check(&case.draft.planned()).unwrap();
    let mut signed = case.draft.tx.clone();
    for input in &mut signed.input {
        input.witness = Witness::from_slice(&[[7_u8; 64]]);
    }
    assert_eq!(effects.size().get(), signed.vsize() as u64);
}

#[test]
fn a_plan_without_change_passes() {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000)], 2_000);
    let draft = honest(&vault, &payout, &[31_000], None);
    let effects = inspect(&draft.planned(), &payout, &vault.view, None).unwrap();
    assert_eq!(effects.change(), None);
    assert_eq!(effects.fee(), sats(1_000));
}

#[test]
fn a_changed_output_is_refused() {
    let case = case();
    let payee = case.lie(|draft| draft.tx.output[1].script_pubkey = foreign());
    assert!(matches!(payee, PlanMismatch::OtherPayee { leg: 2, .. }));
    let expected = sats(30_000);
    for found in [29_999, 30_001] {
        let amount = case.lie(|draft| draft.tx.output[0].value = Amount::from_sat(found));
        assert_eq!(
            amount,
            PlanMismatch::OtherAmount {
                leg: 1,
                expected,
                found
            }
        );
    }
}

#[test]
fn an_extra_output_is_refused() {
    let case = case();
    let extra = TxOut {
        value: Amount::from_sat(500),
        script_pubkey: foreign(),
    };
    let last = case.lie(|draft| draft.tx.output.push(extra.clone()));
    let refused = PlanMismatch::UnclaimedOutput {
        output: 4,
        amount: 500,
    };
    assert_eq!(last, refused);
    let first = case.lie(|draft| draft.tx.output.insert(0, extra.clone()));
    assert!(matches!(first, PlanMismatch::OtherPayee { leg: 1, .. }));
    // Even to the vault itself, when nobody claims it as change.
    let unclaimed = case.lie(|draft| draft.change = None);
    let refused = PlanMismatch::UnclaimedOutput {
        output: 3,
        amount: 49_000,
    };
    assert_eq!(unclaimed, refused);
    let data = TxOut {
        value: Amount::ZERO,
        script_pubkey: ScriptBuf::new_op_return([1, 2, 3]),
    };
    let nothing = case.lie(|draft| draft.tx.output.push(data));
    assert!(matches!(
        nothing,
        PlanMismatch::UnclaimedOutput {
            output: 4,
            amount: 0
        }
    ));
}

#[test]
fn swapped_legs_are_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.output.swap(0, 1));
    assert!(matches!(refused, PlanMismatch::OtherPayee { leg: 1, .. }));
}

#[test]
fn a_missing_leg_is_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.output.truncate(1));
    assert_eq!(
        refused,
        PlanMismatch::MissingLegs {
            legs: 2,
            outputs: 1
        }
    );
}

#[test]
fn foreign_change_is_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.output[2].script_pubkey = foreign());
    let expected = PlanMismatch::ForeignChange {
        path: change(7),
        amount: 49_000,
    };
    assert_eq!(refused, expected);
}

#[test]
fn change_to_a_wrong_path_is_refused() {
    let case = case();
    let claim = |output, path| PlannedChange { output, path };
    let other = case.lie(|draft| draft.change = Some(claim(2, change(8))));
    assert!(matches!(other, PlanMismatch::ForeignChange { path, .. } if path == change(8)));
    // The vault's own receive address is not the place for change either.
    let own = case.vault.script(receive(7));
    let keychain = case.lie(|draft| {
        draft.tx.output[2].script_pubkey = own;
        draft.change = Some(claim(2, receive(7)));
    });
    assert_eq!(keychain, PlanMismatch::ChangeKeychain(receive(7)));
    let acceptance = ChildPath::new(ChildPath::ACCEPTANCE, 0).unwrap();
    let never = case.lie(|draft| draft.change = Some(claim(2, acceptance)));
    assert_eq!(never, PlanMismatch::ChangeKeychain(acceptance));
    for (output, claimed) in [(0, 1), (1, 2), (3, 4), (u32::MAX, 4_294_967_296)] {
        let place = case.lie(|draft| draft.change = Some(claim(output, change(7))));
        assert_eq!(
            place,
            PlanMismatch::ChangePlace {
                claimed,
                expected: 3
            }
        );
    }
    let none = case.lie(|draft| draft.tx.output.truncate(2));
    assert_eq!(none, PlanMismatch::ChangeMissing);
}

#[test]
fn dust_change_is_refused() {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000)], 2_000);
    let check = |rest: u64| {
        let draft = honest(&vault, &payout, &[30_000 + rest + 1_000], Some(rest));
        inspect(&draft.planned(), &payout, &vault.view, None).map(drop)
    };
    let dust = limits::CHANGE_DUST;
    assert_eq!(check(dust.get()), Ok(()));
    assert_eq!(
        check(dust.get() - 1),
        Err(PlanMismatch::DustChange {
            amount: dust.get() - 1,
            dust
        })
    );
}

#[test]
fn a_fee_over_the_cap_is_refused_to_the_last_satoshi() {
    let case = case();
    let cap = sats(2_000);
    let mut exact = case.draft.clone();
    exact.tx.output[2].value = Amount::from_sat(48_000);
    assert_eq!(case.check(&exact.planned()).unwrap().fee(), cap);
    let over = case.lie(|draft| draft.tx.output[2].value = Amount::from_sat(47_999));
    let fee = sats(2_001);
    assert_eq!(over, PlanMismatch::FeeOverCap { fee, cap });
}

#[test]
fn no_fee_and_overspending_are_refused() {
    let case = case();
    for back in [50_000, 50_001] {
        let refused = case.lie(|draft| draft.tx.output[2].value = Amount::from_sat(back));
        assert!(matches!(refused, PlanMismatch::NoFee { .. }), "{refused}");
    }
}

#[test]
fn an_absurd_fee_rate_is_refused_even_within_the_cap() {
    let vault = vault(1);
    let payout = payout(&vault, vec![leg(1, 30_000)], 50_000_000);
    let check = |fee: u64| {
        let draft = honest(&vault, &payout, &[30_000 + fee], None);
        inspect(&draft.planned(), &payout, &vault.view, None).map(|effects| effects.size().get())
    };
    // 10.5 + 57.5 + 43 virtual bytes, at 2000 each.
    assert_eq!(check(222_000), Ok(111));
    assert!(matches!(check(222_001), Err(PlanMismatch::FeeRate { .. })));
}

#[test]
fn a_missing_anchor_is_refused() {
    let case = case();
    let check = |anchor| {
        let planned = case.draft.planned();
        inspect(&planned, &case.payout, &case.vault.view, Some(anchor)).map(drop)
    };
    assert_eq!(check(outpoint(1, 0)), Ok(()));
    assert_eq!(check(outpoint(2, 1)), Ok(()));
    for other in [outpoint(1, 1), outpoint(2, 0), outpoint(3, 0)] {
        assert_eq!(check(other), Err(PlanMismatch::MissingAnchor(other)));
    }
}

#[test]
fn a_duplicate_input_is_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.input[1] = draft.tx.input[0].clone());
    assert_eq!(refused, PlanMismatch::DuplicateInput(outpoint(1, 0)));
}

#[test]
fn undescribed_and_worthless_inputs_are_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.input.push(txin(outpoint(8, 8))));
    let expected = PlanMismatch::InputCount {
        described: 2,
        actual: 3,
    };
    assert_eq!(refused, expected);
    let described = case.draft.inputs[0].clone();
    let refused = case.lie(|draft| draft.inputs.push(described));
    assert!(matches!(
        refused,
        PlanMismatch::InputCount { described: 3, .. }
    ));
    let refused = case.lie(|draft| draft.inputs[0].value = sats(0));
    assert_eq!(refused, PlanMismatch::WorthlessInput(1));
    let null = OutPoint {
        txid: Txid::all_zeros(),
        vout: u32::MAX,
    };
    let refused = case.lie(|draft| draft.tx.input[0].previous_output = null);
    assert_eq!(refused, PlanMismatch::NullInput(1));
    let acceptance = ChildPath::new(ChildPath::ACCEPTANCE, 0).unwrap();
    let refused = case.lie(|draft| draft.inputs[1].path = acceptance);
    assert!(matches!(refused, PlanMismatch::Key(_)));
}

#[test]
fn trailing_bytes_are_refused() {
    let case = case();
    for count in [1, 40] {
        let refused = case.bytes(|bytes| bytes.extend(vec![0; count]));
        assert_eq!(refused, PlanMismatch::TrailingBytes(count));
    }
}

#[test]
fn bytes_that_are_no_transaction_are_refused() {
    let case = case();
    let cut = case.bytes(|bytes| bytes.truncate(bytes.len() - 1));
    assert!(matches!(cut, PlanMismatch::Undecodable(_)));
    let empty = case.bytes(Vec::clear);
    assert!(matches!(empty, PlanMismatch::Undecodable(_)));
    let long = case.bytes(|bytes| bytes.resize(limits::MAX_BYTES + 1, 0));
    assert_eq!(long, PlanMismatch::TooLong(limits::MAX_BYTES + 1));
    // A count of inputs in more bytes than it needs.
    let padded = case.bytes(|bytes| {
        bytes.splice(4..5, [0xfd, 2, 0]);
    });
    assert!(matches!(padded, PlanMismatch::Undecodable(_)), "{padded}");
}

#[test]
fn a_plan_that_spends_nothing_is_refused() {
    let case = case();
    // Without inputs, the segwit encoding is the only readable one.
    let refused = case.lie(|draft| draft.tx.input.clear());
    assert_eq!(refused, PlanMismatch::NoInputs);
}

#[test]
fn witness_and_script_data_are_refused() {
    let case = case();
    let witness = case.lie(|draft| draft.tx.input[1].witness = Witness::from_slice(&[[7; 64]]));
    assert_eq!(witness, PlanMismatch::Witness(2));
    let script = case.lie(|draft| draft.tx.input[0].script_sig = ScriptBuf::from_bytes(vec![0x51]));
    assert_eq!(script, PlanMismatch::ScriptSig(1));
}

#[test]
fn another_version_lock_time_or_sequence_is_refused() {
    let case = case();
    for version in [0, 1, 3, -2] {
        let refused = case.lie(|d| d.tx.version = bitcoin::transaction::Version(version));
        assert_eq!(refused, PlanMismatch::Version(version));
    }
    for lock in [1, 840_000, 499_999_999, 500_000_000, u32::MAX] {
        let refused =
            case.lie(|d| d.tx.lock_time = bitcoin::absolute::LockTime::from_consensus(lock));
        assert_eq!(refused, PlanMismatch::LockTime(lock));
    }
    for sequence in [0, 144, 0xffff_fffc, 0xffff_fffe, 0xffff_ffff] {
        let refused = case.lie(|d| d.tx.input[1].sequence = Sequence::from_consensus(sequence));
        assert_eq!(refused, PlanMismatch::Sequence { input: 2, sequence });
    }
}

#[test]
fn too_many_inputs_and_too_much_weight_are_refused() {
    let case = case();
    let many = (0..=limits::MAX_INPUTS as u32).map(|vout| txin(outpoint(5, vout)));
    let refused = case.lie(|draft| draft.tx.input = many.collect());
    assert_eq!(refused, PlanMismatch::TooManyInputs(limits::MAX_INPUTS + 1));
    // The largest plan that the ceilings allow is standard.
    let legs: Vec<_> = (0..1000).map(|_| leg(3, 1_000)).collect();
    let payout = payout(&case.vault, legs, 1_000_000);
    let coins: Vec<u64> = vec![10_000; 200];
    let draft = honest(&case.vault, &payout, &coins, Some(900_000));
    let effects = inspect(&draft.planned(), &payout, &case.vault.view, None).unwrap();
    assert!(effects.size().get() * 4 <= limits::MAX_WEIGHT);
    assert_eq!(effects.legs().len(), 1000);
}

#[test]
fn another_vault_or_network_is_refused() {
    let case = case();
    let other = vault(2);
    let refused = inspect(&case.draft.planned(), &case.payout, &other.view, None).unwrap_err();
    assert!(matches!(refused, PlanMismatch::OtherVault { .. }));
    // The same id with another key: the change is no longer the vault's.
    let view = VaultView {
        vault: case.vault.view.vault,
        ..other.view
    };
    let refused = inspect(&case.draft.planned(), &case.payout, &view, None).unwrap_err();
    assert!(matches!(refused, PlanMismatch::ForeignChange { .. }));
    let view = VaultView {
        network: Network::Signet,
        ..case.vault.view.clone()
    };
    let refused = inspect(&case.draft.planned(), &case.payout, &view, None).unwrap_err();
    assert!(matches!(refused, PlanMismatch::OtherNetwork { leg: 1, .. }));
}

#[test]
fn sums_beyond_what_can_exist_are_refused() {
    let case = case();
    let refused = case.lie(|draft| draft.tx.output[2].value = Amount::from_sat(u64::MAX));
    assert_eq!(refused, PlanMismatch::Sum);
    let refused = case.lie(|draft| {
        draft.inputs[0].value = domain::Sats::MAX;
        draft.inputs[1].value = domain::Sats::MAX;
    });
    assert_eq!(refused, PlanMismatch::Sum);
}

#[test]
fn every_refusal_says_what_and_what_to_do() {
    let case = case();
    let text = case.lie(|draft| draft.tx.output.swap(0, 1)).to_string();
    assert!(text.contains("output 1 does not pay"), "{text}");
    assert!(text.contains("the money stays where it is"), "{text}");
}

/// The decoder gives back what it was given, byte for byte.
#[test]
fn the_decoder_reads_one_encoding_only() {
    let case = case();
    let bytes = consensus::serialize(&case.draft.tx);
    let decoded: Transaction = plans::decode(&bytes).unwrap();
    assert_eq!(consensus::serialize(&decoded), bytes);
}
