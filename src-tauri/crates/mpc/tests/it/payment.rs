//! A payout's exact bytes, ordered through the policy and signed by a quorum of seats.

use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{Message, Secp256k1, schnorr};
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::{OutPoint, ScriptBuf, Transaction, TxIn, TxOut, Txid, consensus};
use domain::act::{ChildPath, Planned, PlannedChange, PlannedInput};
use domain::roster::HexBytes;
use domain::{
    Amount, EntryId, Epoch, Leg, Network, Note, Payout, ProposalId, Sats, SeatId, VaultId,
};
use mpc::signing::{Signing, SigningParams};
use mpc::{AbortClass, Bans, Fault, Refused};
use plans::{SigningOrder, TxRef, VaultView};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::grant::grant;
use crate::house::{House, TREASURY, VAULT, run, seat, session};

const PROPOSAL: ProposalId = ProposalId::from_bytes([0x77; 32]);
const PLAN: EntryId = EntryId::from_bytes([0x55; 32]);

fn sats(amount: u64) -> Sats {
    Sats::new(amount).unwrap()
}

fn path(keychain: u32, index: u32) -> ChildPath {
    ChildPath::new(keychain, index).unwrap()
}

fn view(house: &House) -> VaultView {
    VaultView {
        vault: VAULT,
        network: Network::Regtest,
        key: house.key.clone(),
    }
}

fn out(value: u64, script_pubkey: ScriptBuf) -> TxOut {
    let value = bitcoin::Amount::from_sat(value);
    TxOut {
        value,
        script_pubkey,
    }
}

fn coin(number: u8) -> TxIn {
    let txid = Txid::from_byte_array([number; 32]);
    TxIn {
        previous_output: OutPoint { txid, vout: 0 },
        sequence: plans::SEQUENCE,
        ..TxIn::default()
    }
}

fn payout() -> Payout {
    let leg = Leg {
        payee: None,
        address: stranger().into(),
        amount: Amount::Btc(sats(50_000)),
    };
    Payout::new(VAULT, vec![leg], sats(2_000), Note::new("").unwrap()).unwrap()
}

/// Pays one stranger from two coins of the vault; what is left goes to a change address. With what
/// the coins hold.
fn planned(house: &House, change_index: u32) -> (Planned, Vec<TxOut>) {
    let keys = view(house).keys().unwrap();
    let script = |path| keys.address_at(path).unwrap().script_pubkey().to_owned();
    let inputs = vec![
        PlannedInput {
            value: sats(40_000),
            path: path(0, 3),
        },
        PlannedInput {
            value: sats(60_000),
            path: path(1, 9),
        },
    ];
    let spent = inputs
        .iter()
        .map(|input| out(input.value.get(), script(input.path)));
    let spent: Vec<TxOut> = spent.collect();
    let change = path(ChildPath::CHANGE, change_index);
    let paid = stranger().script_pubkey().to_owned();
    let tx = Transaction {
        version: bitcoin::transaction::Version(2),
        lock_time: plans::LOCK_TIME,
        input: vec![coin(1), coin(2)],
        output: vec![out(50_000, paid), out(49_000, script(change))],
    };
    let planned = Planned {
        proposal: PROPOSAL,
        version: 1,
        transaction: HexBytes(consensus::serialize(&tx)),
        inputs,
        change: Some(PlannedChange {
            output: 1,
            path: change,
        }),
    };
    (planned, spent)
}

fn stranger() -> domain::BtcAddress {
    let key = bitcoin::secp256k1::Keypair::from_seckey_slice(&Secp256k1::new(), &[8; 32]).unwrap();
    let (key, _) = key.x_only_public_key();
    let address = bitcoin::Address::p2tr(&Secp256k1::new(), key, None, bitcoin::Network::Regtest);
    domain::BtcAddress::parse(&address.to_string(), Network::Regtest).unwrap()
}

fn ordered(house: &House, change_index: u32) -> SigningOrder {
    let (planned, _) = planned(house, change_index);
    plans::order(
        grant(PROPOSAL, &payout()),
        PLAN,
        &planned,
        &view(house),
        None,
    )
    .unwrap()
}

fn params(me: SeatId, quorum: &[SeatId]) -> SigningParams {
    SigningParams {
        session: session(50),
        treasury: TREASURY,
        vault: VAULT,
        epoch: Epoch::FIRST,
        seats: quorum.to_vec(),
        me,
    }
}

type Begun = Result<(Signing, Vec<mpc::Outgoing>), Refused>;

fn start(house: &House, me: SeatId, quorum: &[SeatId], order: SigningOrder) -> Begun {
    let mut rng = ChaCha20Rng::seed_from_u64(me.get().into());
    let share = house.open(me);
    Signing::start(
        params(me, quorum),
        order,
        &share,
        &Bans::default(),
        &mut rng,
    )
}

#[test]
fn every_quorum_signs_the_ordered_transaction() {
    let house = House::build();
    for quorum in [[1, 2], [1, 3], [2, 3]].map(|numbers| numbers.map(seat)) {
        let begin = |me: &SeatId| {
            let (signing, send) = start(&house, *me, &quorum, ordered(&house, 4)).unwrap();
            (*me, signing, send)
        };
        let ends = run(quorum.iter().map(begin).collect());
        let (planned, spent) = planned(&house, 4);
        let unsigned: Transaction = consensus::deserialize(&planned.transaction.0).unwrap();
        for end in ends.into_values() {
            let signed = end.unwrap();
            assert_eq!(signed.plan(), PLAN);
            let txid = TxRef::Bitcoin(unsigned.compute_txid());
            assert_eq!(signed.transaction(), txid);
            let tx: Transaction = consensus::deserialize(signed.bytes()).unwrap();
            assert_eq!(TxRef::Bitcoin(tx.compute_txid()), txid);
            verify(&tx, &spent);
        }
    }
}

/// BIP341, as a node does it: the output key from the script spent, the digest from the bytes.
fn verify(tx: &Transaction, spent: &[TxOut]) {
    let secp = Secp256k1::verification_only();
    let mut cache = SighashCache::new(tx);
    for (place, (input, output)) in tx.input.iter().zip(spent).enumerate() {
        let kind = TapSighashType::Default;
        let all = Prevouts::All(spent);
        let hash = cache
            .taproot_key_spend_signature_hash(place, &all, kind)
            .unwrap();
        let key =
            bitcoin::XOnlyPublicKey::from_slice(&output.script_pubkey.as_bytes()[2..]).unwrap();
        assert_eq!(input.witness.len(), 1);
        let signature = schnorr::Signature::from_slice(&input.witness[0]).unwrap();
        let message = Message::from_digest(hash.to_byte_array());
        assert_eq!(secp.verify_schnorr(&signature, &message, &key), Ok(()));
    }
}

#[test]
fn a_seat_that_was_shown_another_transaction_stops_the_signing() {
    let house = House::build();
    let quorum = [seat(1), seat(2)];
    let begin = |me: &SeatId| {
        let order = ordered(&house, if *me == seat(1) { 4 } else { 5 });
        let (signing, send) = start(&house, *me, &quorum, order).unwrap();
        (*me, signing, send)
    };
    for (me, end) in run(quorum.iter().map(begin).collect()) {
        let abort = end.unwrap_err().unwrap();
        let other = if me == seat(1) { seat(2) } else { seat(1) };
        assert_eq!(abort.fault(), &Fault::DigestsDiffer { seats: vec![other] });
        assert_eq!(abort.class(), AbortClass::Retry);
    }
}

#[test]
fn an_order_for_another_vault_is_refused() {
    let house = House::build();
    let (me, quorum) = (seat(1), [seat(1), seat(2)]);
    let other = SigningParams {
        vault: VaultId::from_bytes([9; 32]),
        ..params(me, &quorum)
    };
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let share = house.open(me);
    let order = ordered(&house, 4);
    let begun = Signing::start(other, order, &share, &Bans::default(), &mut rng);
    assert_eq!(begun.map(drop), Err(Refused::OtherOrder));
}
