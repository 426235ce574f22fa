//! No plan that passes moves one base unit elsewhere.

use crate::support::{
    Vault, change, honest, leg, outpoint, payout, receive, satoshi, sats, stranger, vault,
};
use bitcoin::consensus;
use domain::Payout;
use domain::act::{Planned, PlannedInput};
use plans::inspect;
use proptest::collection::vec;
use proptest::prelude::*;

/// A change somebody makes to a plan after it was built.
#[derive(Debug, Clone)]
enum Mutation {
    Flip {
        at: prop::sample::Index,
        bit: u8,
    },
    Write {
        at: prop::sample::Index,
        byte: u8,
    },
    Insert {
        at: prop::sample::Index,
        byte: u8,
    },
    Remove {
        at: prop::sample::Index,
    },
    Swap {
        a: prop::sample::Index,
        b: prop::sample::Index,
        length: usize,
    },
    Amount {
        output: prop::sample::Index,
        delta: i64,
    },
    SwapOutputs {
        a: prop::sample::Index,
        b: prop::sample::Index,
    },
    Redirect {
        output: prop::sample::Index,
        to: u8,
    },
    Value {
        input: prop::sample::Index,
        delta: i64,
    },
    Path {
        input: prop::sample::Index,
        index: u32,
    },
    Forget {
        input: prop::sample::Index,
    },
    ChangePath {
        index: u32,
    },
    ChangePlace {
        output: u32,
    },
    NoChange,
}

fn mutation() -> impl Strategy<Value = Mutation> {
    use Mutation as M;
    let at = any::<prop::sample::Index>;
    let delta = || prop_oneof![-3_i64..=3, -100_000_i64..=100_000];
    prop_oneof![
        (at(), 0_u8..8).prop_map(|(at, bit)| M::Flip { at, bit }),
        (at(), any::<u8>()).prop_map(|(at, byte)| M::Write { at, byte }),
        (at(), any::<u8>()).prop_map(|(at, byte)| M::Insert { at, byte }),
        at().prop_map(|at| M::Remove { at }),
        (at(), at(), 1_usize..40).prop_map(|(a, b, length)| M::Swap { a, b, length }),
        (at(), delta()).prop_map(|(output, delta)| M::Amount { output, delta }),
        (at(), at()).prop_map(|(a, b)| M::SwapOutputs { a, b }),
        (at(), 1_u8..9).prop_map(|(output, to)| M::Redirect { output, to }),
        (at(), delta()).prop_map(|(input, delta)| M::Value { input, delta }),
        (at(), 0_u32..5).prop_map(|(input, index)| M::Path { input, index }),
        at().prop_map(|input| M::Forget { input }),
        (0_u32..9).prop_map(|index| M::ChangePath { index }),
        (0_u32..6).prop_map(|output| M::ChangePlace { output }),
        Just(M::NoChange),
    ]
}

fn apply(planned: &mut Planned, mutation: &Mutation) {
    let bytes = &mut planned.transaction.0;
    match mutation {
        Mutation::Flip { at, bit } if !bytes.is_empty() => *at.get_mut(bytes) ^= 1 << bit,
        Mutation::Write { at, byte } if !bytes.is_empty() => *at.get_mut(bytes) = *byte,
        Mutation::Insert { at, byte } => bytes.insert(at.index(bytes.len() + 1), *byte),
        Mutation::Remove { at } if !bytes.is_empty() => drop(bytes.remove(at.index(bytes.len()))),
        Mutation::Swap { a, b, length } if bytes.len() > *length => {
            let (a, b) = (a.index(bytes.len() - length), b.index(bytes.len() - length));
            let first = bytes[a..a + length].to_vec();
            let second = bytes[b..b + length].to_vec();
            bytes[a..a + length].copy_from_slice(&second);
            bytes[b..b + length].copy_from_slice(&first);
        }
        Mutation::Amount { output, delta } => edit(planned, |tx| {
            let output = output.get_mut(&mut tx.output);
            let value = output.value.to_sat().saturating_add_signed(*delta);
            output.value = bitcoin::Amount::from_sat(value);
        }),
        Mutation::SwapOutputs { a, b } => edit(planned, |tx| {
            let count = tx.output.len();
            tx.output.swap(a.index(count), b.index(count));
        }),
        Mutation::Redirect { output, to } => edit(planned, |tx| {
            output.get_mut(&mut tx.output).script_pubkey = stranger(*to).script_pubkey().to_owned();
        }),
        Mutation::Value { input, delta } if !planned.inputs.is_empty() => {
            let input: &mut PlannedInput = input.get_mut(&mut planned.inputs);
            input.value = sats(input.value.get().saturating_add_signed(*delta));
        }
        Mutation::Path { input, index } if !planned.inputs.is_empty() => {
            input.get_mut(&mut planned.inputs).path = receive(*index);
        }
        Mutation::Forget { input } if !planned.inputs.is_empty() => {
            let place = input.index(planned.inputs.len());
            planned.inputs.remove(place);
        }
        Mutation::ChangePath { index } => {
            if let Some(claim) = &mut planned.change {
                claim.path = change(*index);
            }
        }
        Mutation::ChangePlace { output } => {
            if let Some(claim) = &mut planned.change {
                claim.output = *output;
            }
        }
        Mutation::NoChange => planned.change = None,
        _ => {}
    }
}

/// Changes the transaction where it still decodes and has outputs.
fn edit(planned: &mut Planned, change: impl FnOnce(&mut bitcoin::Transaction)) {
    if let Ok(mut tx) = consensus::deserialize::<bitcoin::Transaction>(&planned.transaction.0)
        && !tx.output.is_empty()
        && !tx.input.is_empty()
    {
        change(&mut tx);
        planned.transaction.0 = consensus::serialize(&tx);
    }
}

/// Judges without `plans`: where does each satoshi of the inputs go?
fn moves_nothing_elsewhere(vault: &Vault, payout: &Payout, planned: &Planned) {
    let bytes = &planned.transaction.0;
    let tx: bitcoin::Transaction = consensus::deserialize(bytes).unwrap();
    assert_eq!(&consensus::serialize(&tx), bytes);
    let inputs: u64 = planned.inputs.iter().map(|input| input.value.get()).sum();
    assert_eq!(planned.inputs.len(), tx.input.len());
    let mut outputs = tx.output.iter();
    let mut paid = 0;
    for leg in payout.legs() {
        let output = outputs.next().unwrap();
        let amount = satoshi(leg.amount);
        assert_eq!(output.value.to_sat(), amount);
        assert_eq!(
            output.script_pubkey.as_script(),
            leg.address.btc().unwrap().script_pubkey()
        );
        paid += amount;
    }
    if let Some(output) = outputs.next() {
        let path = planned.change.unwrap().path;
        assert_eq!(output.script_pubkey, vault.script(path));
        assert_eq!(path.keychain(), 1);
        paid += output.value.to_sat();
    }
    assert_eq!(outputs.next(), None);
    assert!(inputs > paid && inputs - paid <= satoshi(payout.fee_cap()));
    assert!(
        tx.input
            .iter()
            .any(|input| input.previous_output == outpoint(1, 0))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_plan_that_passes_moves_one_base_unit_elsewhere(
        amounts in vec(546_u64..200_000, 1..4),
        coins in 1_usize..4,
        rest in prop_oneof![Just(None), (546_u64..50_000).prop_map(Some)],
        fee in 1_u64..3_000,
        mutations in vec(mutation(), 0..4),
    ) {
        let vault = vault(1);
        let legs = (1_u8..).zip(&amounts).map(|(seed, amount)| leg(seed, *amount)).collect();
        let payout = payout(&vault, legs, 3_000);
        let total = amounts.iter().sum::<u64>() + rest.unwrap_or(0) + fee;
        let mut held = vec![1_000_u64; coins];
        held[0] = total.saturating_sub(1_000 * (coins as u64 - 1)).max(1_000);
        prop_assume!(held.iter().sum::<u64>() == total);
        let original = honest(&vault, &payout, &held, rest).planned();
        let anchor = Some(outpoint(1, 0));
        let before = inspect(&original, &payout, &vault.view, anchor).unwrap();

        let mut planned = original.clone();
        for mutation in &mutations {
            apply(&mut planned, mutation);
        }
        match inspect(&planned, &payout, &vault.view, anchor) {
            Ok(effects) => {
                moves_nothing_elsewhere(&vault, &payout, &planned);
                prop_assert_eq!(effects.legs(), before.legs());
                if planned == original {
                    prop_assert_eq!(effects, before);
                }
            }
            Err(_) => prop_assert_ne!(planned, original),
        }
    }

    #[test]
    fn the_decoder_never_panics_and_reads_one_encoding(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(tx) = plans::decode(&bytes) {
            prop_assert_eq!(consensus::serialize(&tx), bytes);
        }
    }
}
