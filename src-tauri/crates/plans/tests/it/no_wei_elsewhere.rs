//! Whatever a builder changes in an honest plan: what passes still pays the same payee the same value
//! with the same calldata, from the same account at the same nonce, within the cap. Judged by alloy.

use alloy::consensus::transaction::RlpEcdsaDecodableTx;
use alloy::consensus::{SignableTransaction, TxEip1559};
use alloy::eips::eip2930::{AccessList, AccessListItem};
use alloy::primitives::{Address as Raw, TxKind, U256 as Wide};
use domain::U256;
use domain::act::PlannedEvm;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::evm_support::*;
use crate::support::receive;

#[derive(Debug, Clone)]
enum Mutation {
    Byte { place: Index, byte: u8 },
    Insert { place: Index, byte: u8 },
    Delete { place: Index },
    Truncate { place: Index },
    Append { bytes: Vec<u8> },
    Swap { a: Index, b: Index, length: usize },
    Account { index: u32 },
    Field(Field),
}

#[derive(Debug, Clone)]
enum Field {
    Chain(u64),
    Nonce(u64),
    Gas(u64),
    Fee(u128),
    Tip(u128),
    To([u8; 20]),
    Value(i64),
    Create,
    Data { place: Index, byte: u8 },
    MoreData(Vec<u8>),
    Access,
}

fn field() -> impl Strategy<Value = Field> {
    prop_oneof![
        (1_u64..40_000).prop_map(Field::Chain),
        (0_u64..20).prop_map(Field::Nonce),
        (20_000_u64..200_000).prop_map(Field::Gas),
        (0_u128..200_000_000_000).prop_map(Field::Fee),
        (0_u128..40_000_000_000).prop_map(Field::Tip),
        any::<[u8; 20]>().prop_map(Field::To),
        (-3_i64..3).prop_map(Field::Value),
        Just(Field::Create),
        (any::<Index>(), any::<u8>()).prop_map(|(place, byte)| Field::Data { place, byte }),
        vec(any::<u8>(), 0..40).prop_map(Field::MoreData),
        Just(Field::Access),
    ]
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let place = any::<Index>;
    prop_oneof![
        (place(), any::<u8>()).prop_map(|(place, byte)| Mutation::Byte { place, byte }),
        (place(), any::<u8>()).prop_map(|(place, byte)| Mutation::Insert { place, byte }),
        place().prop_map(|place| Mutation::Delete { place }),
        place().prop_map(|place| Mutation::Truncate { place }),
        vec(any::<u8>(), 1..40).prop_map(|bytes| Mutation::Append { bytes }),
        (place(), place(), 1_usize..33).prop_map(|(a, b, length)| Mutation::Swap { a, b, length }),
        (0_u32..6).prop_map(|index| Mutation::Account { index }),
        field().prop_map(Mutation::Field),
        field().prop_map(Mutation::Field),
    ]
}

fn apply(planned: &mut PlannedEvm, mutation: &Mutation) {
    let bytes = &mut planned.transaction.0;
    let count = bytes.len();
    match mutation {
        Mutation::Byte { place, byte } if count > 0 => bytes[place.index(count)] = *byte,
        Mutation::Insert { place, byte } => bytes.insert(place.index(count + 1), *byte),
        Mutation::Delete { place } if count > 0 => drop(bytes.remove(place.index(count))),
        Mutation::Truncate { place } => bytes.truncate(place.index(count + 1)),
        Mutation::Append { bytes: more } => bytes.extend(more),
        Mutation::Swap { a, b, length } if count > *length => {
            let (a, b) = (a.index(count - length), b.index(count - length));
            let first = bytes[a..a + length].to_vec();
            let second = bytes[b..b + length].to_vec();
            bytes[a..a + length].copy_from_slice(&second);
            bytes[b..b + length].copy_from_slice(&first);
        }
        Mutation::Account { index } => planned.account = receive(*index),
        Mutation::Field(field) => {
            if let Some(mut tx) = read(bytes) {
                edit(&mut tx, field);
                *bytes = tx.encoded_for_signing();
            }
        }
        _ => {}
    }
}

fn read(bytes: &[u8]) -> Option<TxEip1559> {
    let (2, mut rest) = (*bytes.first()?, bytes.get(1..)?) else {
        return None;
    };
    TxEip1559::rlp_decode(&mut rest).ok()
}

fn edit(tx: &mut TxEip1559, field: &Field) {
    match field {
        Field::Chain(id) => tx.chain_id = *id,
        Field::Nonce(nonce) => tx.nonce = *nonce,
        Field::Gas(gas) => tx.gas_limit = *gas,
        Field::Fee(fee) => tx.max_fee_per_gas = *fee,
        Field::Tip(tip) => tx.max_priority_fee_per_gas = *tip,
        Field::To(to) => tx.to = TxKind::Call(Raw::from(*to)),
        Field::Value(delta) => {
            let step = Wide::from(delta.unsigned_abs());
            tx.value = if *delta < 0 {
                tx.value.wrapping_sub(step)
            } else {
                tx.value.wrapping_add(step)
            };
        }
        Field::Create => tx.to = TxKind::Create,
        Field::Data { place, byte } if !tx.input.is_empty() => {
            let mut data = tx.input.to_vec();
            let place = place.index(data.len());
            data[place] = *byte;
            tx.input = data.into();
        }
        Field::Data { .. } => {}
        Field::MoreData(more) => tx.input = [&tx.input[..], more].concat().into(),
        Field::Access => {
            let item = AccessListItem {
                address: raw(payee()),
                storage_keys: Vec::new(),
            };
            tx.access_list = AccessList(vec![item]);
        }
    }
}

/// Judges without `plans`: the same payment, from the same place, at no more than the cap.
fn same_payment(case: &Case, planned: &PlannedEvm) {
    let bytes = &planned.transaction.0;
    let tx = read(bytes).unwrap();
    assert_eq!(&tx.encoded_for_signing(), bytes);
    assert_eq!(planned.account, case.path);
    let allowed = TxEip1559 {
        gas_limit: tx.gas_limit,
        max_fee_per_gas: tx.max_fee_per_gas,
        max_priority_fee_per_gas: tx.max_priority_fee_per_gas,
        ..case.tx.clone()
    };
    assert_eq!(tx, allowed);
    let fee = U256::from(tx.gas_limit) * U256::from(tx.max_fee_per_gas);
    assert!(fee <= case.payout.fee_cap().units());
    assert!(tx.max_priority_fee_per_gas <= tx.max_fee_per_gas);
}

fn judge(case: &Case, planned: &PlannedEvm) -> bool {
    match case.check(planned) {
        Ok(effects) => {
            same_payment(case, planned);
            assert_eq!(effects.leg(), case.payout.legs().first());
            assert_eq!(effects.anchor(), case.anchor());
            true
        }
        Err(_) => {
            assert_ne!(*planned, case.planned());
            false
        }
    }
}

/// Every single byte, changed to every other value.
#[test]
fn no_single_byte_moves_one_wei_elsewhere() {
    for case in [Case::ether(), Case::token()] {
        let good = case.bytes();
        let mut passed = 0;
        for place in 0..good.len() {
            for byte in 0..=255 {
                let mut bytes = good.clone();
                bytes[place] = byte;
                if bytes != good {
                    passed += usize::from(judge(&case, &case.planned_as(bytes)));
                }
            }
        }
        // Lower fees and gas pass, so the property is not empty.
        assert!(passed > 100, "{passed}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn no_plan_that_passes_moves_one_wei_elsewhere(
        token in any::<bool>(),
        mutations in vec(mutation(), 0..4),
    ) {
        let case = if token { Case::token() } else { Case::ether() };
        let mut planned = case.planned();
        for mutation in &mutations {
            apply(&mut planned, mutation);
        }
        judge(&case, &planned);
    }
}
