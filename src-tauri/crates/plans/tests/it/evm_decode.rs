//! The decoder against alloy's encoder, and against every other spelling of the same transaction.

use alloy::consensus::transaction::RlpEcdsaDecodableTx;
use alloy::consensus::{SignableTransaction, TxEip1559, TxEip2930, TxLegacy};
use alloy::eips::eip2930::{AccessList, AccessListItem};
use alloy::primitives::{Address as Raw, Bytes, TxKind, U256 as Wide};
use domain::U256;
use plans::{EvmMismatch, EvmTransaction, decode_evm};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::evm_support::*;

fn same(ours: &EvmTransaction, theirs: &TxEip1559) {
    assert_eq!(ours.chain_id, theirs.chain_id);
    assert_eq!(ours.nonce, theirs.nonce);
    assert_eq!(ours.gas_limit, theirs.gas_limit);
    assert_eq!(ours.fees.max_fee_per_gas, theirs.max_fee_per_gas);
    let tip = theirs.max_priority_fee_per_gas;
    assert_eq!(ours.fees.max_priority_fee_per_gas, tip);
    assert_eq!(TxKind::Call(Raw::from(ours.to)), theirs.to);
    assert_eq!(ours.value, theirs.value);
    assert_eq!(ours.data, theirs.input);
    assert!(theirs.access_list.is_empty());
}

/// Numbers of every length, not only long ones.
fn number() -> impl Strategy<Value = u64> {
    (any::<u64>(), 0_u32..64).prop_map(|(number, shift)| number >> shift)
}

fn large() -> impl Strategy<Value = u128> {
    (any::<u128>(), 0_u32..128).prop_map(|(number, shift)| number >> shift)
}

fn transaction() -> impl Strategy<Value = TxEip1559> {
    let value = (any::<[u8; 32]>(), 0_usize..256)
        .prop_map(|(bytes, shift)| Wide::from_be_bytes(bytes) >> shift);
    let input = prop_oneof![
        Just(Vec::new()),
        vec(any::<u8>(), 1..3),
        vec(any::<u8>(), 0..120)
    ];
    let fees = (large(), large());
    (
        number(),
        number(),
        number(),
        fees,
        any::<[u8; 20]>(),
        value,
        input,
    )
        .prop_map(
            |(chain_id, nonce, gas_limit, (fee, tip), to, value, input)| TxEip1559 {
                chain_id,
                nonce,
                gas_limit,
                max_fee_per_gas: fee,
                max_priority_fee_per_gas: tip,
                to: TxKind::Call(Raw::from(to)),
                value,
                access_list: AccessList::default(),
                input: input.into(),
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn what_alloy_encodes_is_read_as_alloy_meant_it(tx in transaction()) {
        let bytes = tx.encoded_for_signing();
        same(&decode_evm(&bytes).unwrap(), &tx);
        prop_assert_eq!(typed(2, rlp_list(&fields(&tx))), bytes);
    }

    /// What is read has one spelling: encoding it again gives the same bytes. And alloy reads the same.
    #[test]
    fn what_is_read_has_one_spelling(tx in transaction(), places in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4)) {
        let mut bytes = tx.encoded_for_signing();
        for (place, byte) in &places {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        if let Ok(ours) = decode_evm(&bytes) {
            let theirs = TxEip1559::rlp_decode(&mut &bytes[1..]).unwrap();
            same(&ours, &theirs);
            prop_assert_eq!(theirs.encoded_for_signing(), bytes);
        }
    }

    #[test]
    fn any_bytes_are_a_transaction_in_its_one_spelling_or_an_error(mut bytes in vec(any::<u8>(), 0..600), kind in any::<bool>()) {
        if let (true, Some(first)) = (kind, bytes.first_mut()) {
            *first = 2;
        }
        if decode_evm(&bytes).is_ok() {
            let theirs = TxEip1559::rlp_decode(&mut &bytes[1..]).unwrap();
            prop_assert_eq!(theirs.encoded_for_signing(), bytes);
        }
    }
}

/// The transaction 0x0ec0b6a2…2ee0 of Ethereum, as alloy's own tests pin it.
#[test]
fn a_transaction_of_ethereum_is_read_and_its_signer_recovered() {
    use bitcoin::secp256k1::ecdsa::{RecoverableSignature, RecoveryId};
    let input = "a22cb4650000000000000000000000005eee75727d804a2b13038928d36f8b188945a57a\
                 0000000000000000000000000000000000000000000000000000000000000000";
    let to: Raw = "0x6069a6c32cf691f5982febae4faf8a6f3ab2f0f6"
        .parse()
        .unwrap();
    let tx = TxEip1559 {
        chain_id: 1,
        nonce: 0x42,
        gas_limit: 44_386,
        max_fee_per_gas: 20_000_000_000,
        max_priority_fee_per_gas: 1_000_000_000,
        to: TxKind::Call(to),
        value: Wide::ZERO,
        access_list: AccessList::default(),
        input: Bytes::from(hex::decode(input).unwrap()),
    };
    let bytes = typed(2, rlp_list(&fields(&tx)));
    same(&decode_evm(&bytes).unwrap(), &tx);
    let digest = plans::unsigned_hash(&Case::ether().planned_as(bytes));
    let known = "0d5688ac3897124635b6cf1bc0e29d6dfebceebdc10a54d74f2ef8b56535b682";
    assert_eq!(hex::encode(digest), known);
    let signature = hex::decode(
        "840cfc572845f5786e702984c2a582528cad4b49b2a10b9db1be7fca90058565\
         25e7109ceb98168d95b09b18bbf6b685130e0562f233877d492b94eee0c5b6d1",
    );
    let even = RecoveryId::from_i32(0).unwrap();
    let signature = RecoverableSignature::from_compact(&signature.unwrap(), even).unwrap();
    let message = bitcoin::secp256k1::Message::from_digest(digest);
    let secp = bitcoin::secp256k1::Secp256k1::new();
    let key = secp.recover_ecdsa(&message, &signature).unwrap();
    let point = key.serialize_uncompressed();
    let one = domain::ChainId::new(1).unwrap();
    let account = domain::EvmAddress::of_public_key(point[1..].try_into().unwrap(), one);
    let known = "0xDD6B8b3dC6B7AD97db52F08a275FF4483e024CEa";
    assert_eq!(
        account.unwrap().to_string().to_lowercase(),
        known.to_lowercase()
    );
}

#[test]
fn another_type_is_refused_by_its_number() {
    let case = Case::ether();
    let list = rlp_list(&fields(&case.tx));
    for kind in [0, 1, 3, 4, 5, 0x7e, 0x7f, 0x80, 0xbf] {
        let refused = case.refuses(typed(kind, list.clone()));
        assert_eq!(refused, EvmMismatch::Type(kind));
    }
    let named = EvmMismatch::Type(4).to_string();
    assert!(named.contains("EIP-7702"), "{named}");
    assert!(EvmMismatch::Type(1).to_string().contains("EIP-2930"));
    assert!(EvmMismatch::Type(3).to_string().contains("EIP-4844"));
    // Without any type: a legacy transaction, bound to no chain or by EIP-155.
    assert_eq!(case.refuses(list), EvmMismatch::Legacy);
    for chain_id in [None, Some(CHAIN)] {
        let legacy = TxLegacy {
            chain_id,
            nonce: NONCE,
            gas_price: GAS_PRICE,
            gas_limit: 21_000,
            to: case.tx.to,
            value: case.tx.value,
            input: Bytes::new(),
        };
        let refused = case.refuses(legacy.encoded_for_signing());
        assert_eq!(refused, EvmMismatch::Legacy);
    }
    let listed = TxEip2930 {
        chain_id: CHAIN,
        nonce: NONCE,
        gas_price: GAS_PRICE,
        gas_limit: 21_000,
        to: case.tx.to,
        value: case.tx.value,
        access_list: AccessList::default(),
        input: Bytes::new(),
    };
    let refused = case.refuses(listed.encoded_for_signing());
    assert_eq!(refused, EvmMismatch::Type(1));
}

/// An EIP-7702 transaction in the clothes of type 2, and other numbers of fields.
#[test]
fn more_or_fewer_fields_are_refused() {
    let case = Case::ether();
    let good = fields(&case.tx);
    for count in 0..good.len() {
        let short = typed(2, rlp_list(&good[..count]));
        assert!(matches!(case.refuses(short), EvmMismatch::Undecodable(_)));
    }
    let authorizations = rlp_list(&[rlp_list(&[rlp_number(U256::from(CHAIN))])]);
    for more in [vec![0xc0], vec![0x80], authorizations] {
        let length = more.len();
        let long = [good.clone(), vec![more]].concat();
        let refused = case.refuses(typed(2, rlp_list(&long)));
        assert_eq!(refused, EvmMismatch::TrailingBytes(length));
    }
}

#[test]
fn an_access_list_is_refused() {
    let case = Case::ether();
    let item = AccessListItem {
        address: raw(payee()),
        storage_keys: Vec::new(),
    };
    let refused = case.lie(|tx| tx.access_list = AccessList(vec![item]));
    assert_eq!(refused, EvmMismatch::AccessList);
    let mut items = fields(&case.tx);
    items[8] = vec![0x80];
    let refused = case.refuses(typed(2, rlp_list(&items)));
    assert!(matches!(refused, EvmMismatch::Undecodable(_)));
}

#[test]
fn leading_zeros_and_long_lengths_are_refused() {
    let case = Case::token();
    let good = fields(&case.tx);
    // Numbers: chain, nonce, tip, price, gas, value; a zero is no byte at all.
    for place in [0, 1, 2, 3, 4, 6] {
        let digits = match good[place].as_slice() {
            [single] if *single < 0x80 => vec![*single],
            [_header, digits @ ..] => digits.to_vec(),
            [] => panic!("an empty item"),
        };
        let padded = rlp_text(&[&[0][..], &digits].concat());
        let mut items = good.clone();
        items[place] = padded;
        let refused = case.refuses(typed(2, rlp_list(&items)));
        assert_eq!(refused, EvmMismatch::NotCanonical, "field {place}");
    }
    let mut zero = good.clone();
    zero[6] = vec![0x00];
    let refused = case.refuses(typed(2, rlp_list(&zero)));
    assert_eq!(refused, EvmMismatch::NotCanonical);
    // A small number in the form of a text of one byte.
    let mut small = good.clone();
    small[1] = vec![0x81, 7];
    let refused = case.refuses(typed(2, rlp_list(&small)));
    assert_eq!(refused, EvmMismatch::NotCanonical);
    // A short text in the form of a long one.
    let mut long = good.clone();
    long[5] = [&[0xb8, 20][..], &good[5][1..]].concat();
    let refused = case.refuses(typed(2, rlp_list(&long)));
    assert_eq!(refused, EvmMismatch::NotCanonical);
    // Lengths with leading zeros, of the calldata and of the list.
    let mut padded = good.clone();
    padded[7] = [&[0xb9, 0, 68][..], &good[7][2..]].concat();
    let refused = case.refuses(typed(2, rlp_list(&padded)));
    assert_eq!(refused, EvmMismatch::NotCanonical);
    let payload = good.concat();
    let length = u8::try_from(payload.len()).unwrap();
    let list = [&[0xf9, 0, length][..], &payload].concat();
    assert_eq!(case.refuses(typed(2, list)), EvmMismatch::NotCanonical);
    let huge = [&[0xff][..], &[0xff; 8], &payload].concat();
    assert!(matches!(
        case.refuses(typed(2, huge)),
        EvmMismatch::NotCanonical | EvmMismatch::Undecodable(_)
    ));
}

#[test]
fn numbers_and_addresses_of_another_size_are_refused() {
    let case = Case::ether();
    let good = fields(&case.tx);
    let with = |place: usize, item: Vec<u8>| {
        let mut items = good.clone();
        items[place] = item;
        case.refuses(typed(2, rlp_list(&items)))
    };
    for (place, bytes) in [(0, 9), (1, 9), (2, 17), (3, 17), (4, 9), (6, 33)] {
        let refused = with(place, rlp_text(&vec![1; bytes]));
        assert!(matches!(refused, EvmMismatch::Undecodable(_)), "{refused}");
    }
    for bytes in [1, 19, 21, 32] {
        let refused = with(5, rlp_text(&vec![0xab; bytes]));
        assert!(matches!(refused, EvmMismatch::Undecodable(_)), "{refused}");
    }
    assert_eq!(with(5, vec![0x80]), EvmMismatch::Creation);
    for place in 0..8 {
        let refused = with(place, vec![0xc0]);
        assert!(matches!(refused, EvmMismatch::Undecodable(_)), "{refused}");
    }
}

#[test]
fn truncated_extended_and_overlong_bytes_are_refused() {
    for case in [Case::ether(), Case::token()] {
        let good = case.bytes();
        for length in 0..good.len() {
            let refused = case.check(&case.planned_as(good[..length].to_vec()));
            assert!(refused.is_err(), "{length} bytes");
        }
        assert_eq!(
            case.refuses([&good[..], &[0]].concat()),
            EvmMismatch::TrailingBytes(1)
        );
        assert_eq!(
            case.refuses([&good[..], &good].concat()),
            EvmMismatch::TrailingBytes(good.len())
        );
    }
    let refused = Case::ether().lie(|tx| tx.input = vec![0; 1_000].into());
    assert!(matches!(refused, EvmMismatch::TooLong(_)));
}
