//! P-256 keys, signatures and approvals.

use p256::ecdsa::DerSignature;

use super::samples::*;
use crate::act::{Approving, Declining};
use crate::approval::ApprovalError;
use crate::entry::{Draft, SignedBody};
use crate::key::KeyError;
use crate::*;

fn other_s(signature: &p256::ecdsa::Signature) -> p256::ecdsa::Signature {
    let (r, s) = signature.split_scalars();
    p256::ecdsa::Signature::from_scalars(r, -*s).unwrap()
}

#[test]
fn only_the_low_s_form_of_a_signature_is_taken() {
    let key = Key::new(0x11);
    let low = key.raw(&[1; 32]);
    let high = other_s(&low);
    let taken = Signature::from_bytes(&low.to_bytes()).unwrap();
    assert_eq!(key.public().verify(&[1; 32], &taken), Ok(()));
    assert_eq!(
        Signature::from_bytes(&high.to_bytes()),
        Err(KeyError::HighS)
    );
    // A card may give either; both become the one form.
    for of_card in [low, high] {
        let der: DerSignature = of_card.to_der();
        assert_eq!(Signature::from_card(der.as_bytes()), Ok(taken));
    }
}

#[test]
fn bytes_that_are_no_signature_are_refused() {
    let good = Key::new(0x11).raw(&[1; 32]).to_bytes();
    let order =
        hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551").unwrap();
    let with = |r: &[u8], s: &[u8]| Signature::from_bytes(&[r, s].concat());
    assert!(with(&good[..32], &good[32..]).is_ok());
    assert!(with(&[0; 32], &good[32..]).is_err());
    assert!(with(&good[..32], &[0; 32]).is_err());
    assert!(with(&order, &good[32..]).is_err());
    assert!(with(&good[..32], &order).is_err());
    for length in [0, 63, 65, 128] {
        assert_eq!(
            Signature::from_bytes(&vec![1; length]),
            Err(KeyError::NotASignature)
        );
    }
    assert_eq!(Signature::from_card(&good), Err(KeyError::NotASignature));
}

#[test]
fn points_off_the_curve_are_no_keys() {
    let key = Key::new(0x11).public();
    assert_eq!(
        PublicKey::from_sec1(&key.to_uncompressed().unwrap()),
        Ok(key)
    );
    let mut off = key.to_uncompressed().unwrap();
    off[64] ^= 1;
    assert_eq!(PublicKey::from_sec1(&off), Err(KeyError::NotAKey));
    assert_eq!(
        PublicKey::from_sec1(&[0]),
        Err(KeyError::NotAKey),
        "the point at infinity"
    );
    assert_eq!(PublicKey::from_sec1(&[]), Err(KeyError::NotAKey));
    // In JSON the compressed form in lower case is the one spelling.
    let json = serde_json::to_string(&key).unwrap();
    assert_eq!(serde_json::from_str::<PublicKey>(&json).unwrap(), key);
    assert!(serde_json::from_str::<PublicKey>(&json.to_uppercase()).is_err());
    let long = format!("\"{}\"", hex::encode(key.to_uncompressed().unwrap()));
    assert!(serde_json::from_str::<PublicKey>(&long).is_err());
}

#[test]
fn a_signature_verifies_under_its_key_and_digest_only() {
    let key = Key::new(0x11);
    let signature = key.sign(&[1; 32]);
    assert_eq!(
        key.public().verify(&[2; 32], &signature),
        Err(KeyError::Wrong)
    );
    let other = Key::new(0x21).public();
    assert_eq!(other.verify(&[1; 32], &signature), Err(KeyError::Wrong));
}

#[test]
fn possession_is_proved_by_slot_9c_for_one_treasury() {
    let possession = |key: &Key, treasury| {
        let mut officer = officer(0x31);
        let signature = key.sign(&officer.challenge(treasury));
        officer.possession = Some(crate::roster::Possession {
            signature: crate::roster::HexBytes(signature.as_bytes().to_vec()),
        });
        officer
    };
    let sign = Key::new(0x31);
    assert!(possession(&sign, treasury()).proves_possession(treasury()));
    assert!(!officer(0x31).proves_possession(treasury()));
    assert!(!possession(&sign, treasury()).proves_possession(TreasuryId::from_bytes([9; 32])));
    assert!(!possession(&Key::new(0x32), treasury()).proves_possession(treasury()));
}

fn approved(key: &Key, author: OfficerId) -> SignedBody {
    let act = Act::Approved(Approving {
        proposal: ProposalId::from_bytes([1; 32]),
        adoption: EntryId::from_bytes([2; 32]),
        policy: PolicyHash::from_bytes([3; 32]),
        expires: at(100),
    });
    by(key, author, act)
}

fn by(key: &Key, author: OfficerId, act: Act) -> SignedBody {
    let draft = Draft::new(body(Some(treasury()), Author::Officer(author), act)).unwrap();
    let signature = key.sign(draft.digest());
    draft.sign(&[(key.public(), signature)]).unwrap()
}

#[test]
fn an_approval_is_its_officers_by_slot_9c_or_none() {
    let ada = officer(0x11);
    let (sign, freeze, open) = (Key::new(0x11), Key::new(0x12), Key::new(0x13));
    let approval = Approval::verify(&approved(&sign, ada.id()), &ada, at(5)).unwrap();
    assert_eq!(
        (approval.officer(), approval.effective()),
        (ada.id(), at(5))
    );
    assert_eq!(approval.proposal(), ProposalId::from_bytes([1; 32]));
    assert_eq!(
        (approval.expires(), approval.policy()),
        (at(100), PolicyHash::from_bytes([3; 32]))
    );
    // First seen later: it counts from then, and never from earlier.
    assert_eq!(approval.seen_at(at(7)).effective(), at(7));
    assert_eq!(approval.seen_at(at(3)).effective(), at(5));
    for key in [&freeze, &open, &Key::new(0x21)] {
        let error = Approval::verify(&approved(key, ada.id()), &ada, at(5)).unwrap_err();
        assert!(matches!(error, ApprovalError::Signature(_)), "{error}");
    }
    let elsewhere = approved(&Key::new(0x21), officer(0x21).id());
    assert_eq!(
        Approval::verify(&elsewhere, &ada, at(5)).unwrap_err(),
        ApprovalError::OtherAuthor
    );
    let declined = Act::Declined(Declining {
        proposal: ProposalId::from_bytes([1; 32]),
        reason: note("no"),
    });
    assert_eq!(
        Approval::verify(&by(&sign, ada.id(), declined), &ada, at(5)).unwrap_err(),
        ApprovalError::NotAnApproval
    );
}

#[test]
fn ids_have_one_spelling() {
    let id = ProposalId::from_bytes([0xAB; 32]);
    assert_eq!(id.to_string().parse::<ProposalId>(), Ok(id));
    assert_eq!(id.short(), "abababab");
    for text in [
        "",
        "ab",
        &id.to_string().to_uppercase(),
        &"g".repeat(64),
        &"a".repeat(66),
    ] {
        assert!(text.parse::<ProposalId>().is_err(), "{text}");
    }
    assert!(SeatId::new(0).is_err());
    assert!(SeatId::new(SeatId::MAX + 1).is_err());
    assert_eq!(SeatId::new(SeatId::MAX).unwrap().get(), 15);
}
