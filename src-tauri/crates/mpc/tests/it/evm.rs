//! A transaction of an EVM chain, ordered through the policy and signed by quorums of a DKLs23 vault
//! whose shares are pinned: no money ever lies on it.

use bitcoin::secp256k1::{Message, Secp256k1, ecdsa};
use domain::act::{ChildPath, PlannedEvm, VaultKey};
use domain::roster::HexBytes;
use domain::seal::{SecretBytes, ShareBinding};
use domain::{
    Address, Amount, ChainId, Coin, EntryId, Epoch, EvmAddress, Leg, Network, Note, Payout,
    ProposalId, SeatId, Symbol, TreasuryId, U256, VaultId,
};
use mpc::signing::{Signing, SigningParams};
use mpc::{Bans, KeyShare};
use plans::{EvmPurpose, NonceAnchor, SigningOrder, TxRef, VaultView};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use crate::grant::grant;
use crate::house::{run, seat, session};

const TREASURY: TreasuryId = TreasuryId::from_bytes([0x11; 32]);
const VAULT: VaultId = VaultId::from_bytes([0x22; 32]);
const PROPOSAL: ProposalId = ProposalId::from_bytes([0x77; 32]);
const PLAN: EntryId = EntryId::from_bytes([0x55; 32]);
const CHAIN: u64 = 31_337;
const ACCOUNT: u32 = 4;
const NONCE: u64 = 9;
const SHARES: [&[u8]; 3] = [
    include_bytes!("../../src/tests/dkls/vault-v1/seat-1.bin"),
    include_bytes!("../../src/tests/dkls/vault-v1/seat-2.bin"),
    include_bytes!("../../src/tests/dkls/vault-v1/seat-3.bin"),
];

fn key() -> VaultKey {
    serde_json::from_str(include_str!("../../src/tests/dkls/vault-v1/key.json")).unwrap()
}

fn open(me: SeatId) -> KeyShare {
    let binding = ShareBinding {
        treasury: TREASURY,
        vault: VAULT,
        seat: me,
        epoch: Epoch::FIRST,
    };
    let bytes = SHARES[usize::from(me.get() - 1)].to_vec();
    KeyShare::open(&binding, SecretBytes::new(bytes), &key()).unwrap()
}

fn chain() -> ChainId {
    ChainId::new(CHAIN).unwrap()
}

fn view() -> VaultView {
    VaultView {
        vault: VAULT,
        network: Network::Evm(chain()),
        key: key(),
    }
}

fn path() -> ChildPath {
    ChildPath::new(ChildPath::RECEIVE, ACCOUNT).unwrap()
}

fn anchor() -> NonceAnchor {
    NonceAnchor {
        account: view().keys().unwrap().account_at(path()).unwrap(),
        nonce: NONCE,
    }
}

fn address(byte: u8) -> EvmAddress {
    EvmAddress::from_bytes([byte; 20], chain()).unwrap()
}

fn payout() -> Payout {
    let coin = |contract, symbol, decimals| {
        Coin::new(chain(), contract, Symbol::new(symbol).unwrap(), decimals).unwrap()
    };
    let token = coin(Some(address(0x42)), "USDC", 6);
    let leg = Leg {
        payee: None,
        address: Address::Evm(address(0xab)),
        amount: Amount::Evm(token, U256::from(1_000_000)),
    };
    let cap = Amount::Evm(coin(None, "ETH", 18), U256::from(65_536_000_000_u64));
    Payout::from_account(VAULT, ACCOUNT, vec![leg], cap, Note::new("").unwrap()).unwrap()
}

/// The nine fields, by hand: 65,536 gas at 1,000,000 wei, of which 1 is the tip.
fn fields() -> Vec<u8> {
    let mut fields = vec![0x82, 0x7a, 0x69, 9, 1];
    fields.extend([0x83, 0x0f, 0x42, 0x40, 0x83, 0x01, 0x00, 0x00]);
    fields.push(0x94);
    fields.extend([0x42; 20]);
    fields.extend([0x80, 0xb8, 68, 0xa9, 0x05, 0x9c, 0xbb]);
    fields.extend([0; 12]);
    fields.extend([0xab; 20]);
    fields.extend([0; 29]);
    fields.extend([0x0f, 0x42, 0x40, 0xc0]);
    fields
}

fn typed(payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[2, 0xf8, length], payload].concat()
}

fn planned() -> PlannedEvm {
    PlannedEvm {
        proposal: PROPOSAL,
        version: 1,
        transaction: HexBytes(typed(&fields())),
        account: path(),
    }
}

fn ordered() -> SigningOrder {
    let granted = grant(PROPOSAL, &payout());
    plans::order_evm(granted, PLAN, &planned(), &view(), Some(anchor())).unwrap()
}

/// Parity, r and s at the end of signed bytes.
fn parts(signed: &[u8]) -> (u8, [u8; 64]) {
    let payload = &signed[3..];
    assert_eq!(&typed(payload), signed);
    let mut rest = payload.strip_prefix(fields().as_slice()).unwrap();
    let mut item = || {
        let (first, tail) = rest.split_first().unwrap();
        let length = usize::from(first.saturating_sub(0x80));
        let (digits, after) = if *first < 0x80 {
            rest.split_at(1)
        } else {
            tail.split_at(length)
        };
        rest = after;
        digits.to_vec()
    };
    let (parity, r, s) = (item(), item(), item());
    assert!(rest.is_empty());
    let mut signature = [0; 64];
    signature[32 - r.len()..32].copy_from_slice(&r);
    signature[64 - s.len()..].copy_from_slice(&s);
    (parity.first().copied().unwrap_or(0), signature)
}

/// As a node does it, by k256 and by libsecp256k1: who signed this?
fn signer(digest: [u8; 32], parity: u8, signature: &[u8; 64]) -> EvmAddress {
    let parsed = k256::ecdsa::Signature::from_slice(signature).unwrap();
    assert!(parsed.normalize_s().is_none(), "a high s");
    let id = k256::ecdsa::RecoveryId::from_byte(parity).unwrap();
    let one = k256::ecdsa::VerifyingKey::recover_from_prehash(&digest, &parsed, id).unwrap();
    let secp = Secp256k1::verification_only();
    let message = Message::from_digest(digest);
    let id = ecdsa::RecoveryId::from_i32(parity.into()).unwrap();
    let recoverable = ecdsa::RecoverableSignature::from_compact(signature, id).unwrap();
    let other = secp.recover_ecdsa(&message, &recoverable).unwrap();
    let plain = ecdsa::Signature::from_compact(signature).unwrap();
    assert_eq!(secp.verify_ecdsa(&message, &plain, &other), Ok(()));
    let point = other.serialize_uncompressed();
    assert_eq!(one.to_encoded_point(false).as_bytes(), point);
    EvmAddress::of_public_key(point[1..].try_into().unwrap(), chain()).unwrap()
}

#[test]
fn every_quorum_signs_the_ordered_transaction_of_an_evm_chain() {
    for quorum in [[1, 2], [1, 3], [2, 3]].map(|numbers| numbers.map(seat)) {
        let begin = |me: &SeatId| {
            let params = SigningParams {
                session: session(50),
                treasury: TREASURY,
                vault: VAULT,
                epoch: Epoch::FIRST,
                seats: quorum.to_vec(),
                me: *me,
            };
            let mut rng = ChaCha20Rng::seed_from_u64(me.get().into());
            let share = open(*me);
            let begun = Signing::start(params, ordered(), &share, &Bans::default(), &mut rng);
            let (signing, send) = begun.unwrap();
            (*me, signing, send)
        };
        let mut hashes = Vec::new();
        for end in run(quorum.iter().map(begin).collect()).into_values() {
            let signed = end.unwrap();
            assert_eq!(signed.plan(), PLAN);
            let (parity, signature) = parts(signed.bytes());
            let digest = plans::unsigned_hash(&planned());
            assert_eq!(signer(digest, parity, &signature), anchor().account);
            let payout = payout();
            let purpose = EvmPurpose::Pay(&payout);
            let bytes = signed.bytes();
            let found = plans::verify_signed_evm(&planned(), &purpose, &view(), anchor(), bytes);
            assert_eq!(found.unwrap(), signed.transaction());
            assert!(matches!(signed.transaction(), TxRef::Evm(_)));
            hashes.push(signed.transaction());
        }
        // All seats hold the same bytes.
        assert_eq!(hashes.len(), 2);
        assert_eq!(hashes.first(), hashes.last());
    }
}
