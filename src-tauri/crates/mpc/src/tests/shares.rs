//! Shares at rest: one encoding, opened only as what they are.

use domain::act::VaultKey;
use domain::id::{TreasuryId, VaultId};
use domain::roster::HexBytes;
use domain::seal::{SecretBytes, ShareBinding};

use super::harness::{Keep, Vault, seat};
use crate::{KeyShare, OpenError, VaultKeyError};

fn open(
    vault: &Vault,
    change: impl FnOnce(&mut ShareBinding, &mut Vec<u8>, &mut VaultKey),
) -> Result<(), OpenError> {
    let (mut binding, mut bytes) = vault.sealed[&seat(2)].clone();
    let mut key = vault.key.clone();
    change(&mut binding, &mut bytes, &mut key);
    KeyShare::open(&binding, SecretBytes::new(bytes), &key).map(drop)
}

#[test]
fn a_share_opens_as_what_it_is() {
    let vault = Vault::generate(2, 3, 90);
    assert_eq!(open(&vault, |_, _, _| {}), Ok(()));
    let share = vault.open(2);
    assert_eq!(share.binding(), &vault.sealed[&seat(2)].0);
    // Sealed anew for other openers it is the same plaintext.
    assert_eq!(share.seal(&mut Keep).unwrap(), vault.sealed[&seat(2)]);
}

#[test]
fn a_share_opens_as_nothing_else() {
    let vault = Vault::generate(2, 3, 90);
    let refused = Err(OpenError::OtherBinding);
    let other = [9; 32];
    assert_eq!(
        open(&vault, |b, _, _| b.treasury = TreasuryId::from_bytes(other)),
        refused
    );
    assert_eq!(
        open(&vault, |b, _, _| b.vault = VaultId::from_bytes(other)),
        refused
    );
    assert_eq!(open(&vault, |b, _, _| b.seat = seat(1)), refused);
    let epoch = serde_json::from_str("2").unwrap();
    assert_eq!(open(&vault, |b, _, _| b.epoch = epoch), refused);
    // The epoch of the binding and of the vault's key must agree as well.
    assert_eq!(open(&vault, |_, _, key| key.epoch = epoch), refused);
}

#[test]
fn a_flipped_bit_anywhere_keeps_a_share_closed() {
    let vault = Vault::generate(2, 3, 90);
    let length = vault.sealed[&seat(2)].1.len();
    for place in 0..length {
        assert!(
            open(&vault, |_, bytes, _| bytes[place] ^= 1).is_err(),
            "byte {place}"
        );
    }
}

#[test]
fn a_share_of_another_length_version_or_scheme_stays_closed() {
    let vault = Vault::generate(2, 3, 90);
    let length = vault.sealed[&seat(2)].1.len();
    let cut = open(&vault, |_, bytes, _| bytes.truncate(length - 1));
    assert_eq!(cut, Err(OpenError::Length(length - 1)));
    let longer = open(&vault, |_, bytes, _| bytes.push(0));
    assert_eq!(longer, Err(OpenError::Length(length + 1)));
    assert_eq!(
        open(&vault, |_, bytes, _| bytes.clear()),
        Err(OpenError::Length(0))
    );
    assert_eq!(
        open(&vault, |_, bytes, _| bytes.truncate(1)),
        Err(OpenError::Length(1))
    );
    assert_eq!(
        open(&vault, |_, bytes, _| bytes[0] = 2),
        Err(OpenError::Version(2))
    );
    assert_eq!(
        open(&vault, |_, bytes, _| bytes[1] = 3),
        Err(OpenError::Scheme)
    );
    // DKLs23's shares have another length.
    assert_eq!(
        open(&vault, |_, bytes, _| bytes[1] = 2),
        Err(OpenError::Length(length))
    );
}

#[test]
fn a_share_that_does_not_fit_its_verifying_share_stays_closed() {
    let vault = Vault::generate(2, 3, 90);
    let other = vault.sealed[&seat(1)].1.clone();
    let stolen = open(&vault, |_, bytes, _| {
        let secret = bytes.len() - 32;
        bytes[secret..].copy_from_slice(&other[secret..]);
    });
    assert_eq!(stolen, Err(OpenError::WrongShare));
    let outside = open(&vault, |_, bytes, _| {
        let secret = bytes.len() - 32;
        bytes[secret..].fill(0xff);
    });
    assert_eq!(outside, Err(OpenError::WrongShare));
}

#[test]
fn a_share_opens_under_its_own_vault_key_alone() {
    let vault = Vault::generate(2, 3, 90);
    let other = Vault::generate(2, 3, 91).key;
    let swapped = open(&vault, |_, _, key| *key = other.clone());
    assert_eq!(swapped, Err(OpenError::OtherKey));
    let chain = open(&vault, |_, _, key| {
        key.chain_code = other.chain_code.clone()
    });
    assert_eq!(chain, Err(OpenError::OtherKey));
}

#[test]
fn a_vault_key_that_does_not_hold_together_is_refused() {
    let vault = Vault::generate(2, 3, 90);
    let other = Vault::generate(2, 3, 91).key;
    let case = |change: &dyn Fn(&mut VaultKey)| {
        open(&vault, |_, _, key| change(key)).map_err(|error| match error {
            OpenError::VaultKey(fault) => fault,
            error => panic!("{error}"),
        })
    };
    use VaultKeyError::{ChainCode, GroupKey, Inconsistent, Seats, VerifyingShare};
    assert_eq!(
        case(&|key| key.group = other.group.clone()),
        Err(Inconsistent)
    );
    let share = |place: usize| other.verifying_shares[place].1.clone();
    for place in 0..3 {
        let swap = |key: &mut VaultKey| key.verifying_shares[place].1 = share(place);
        assert_eq!(case(&swap), Err(Inconsistent));
    }
    // Three points of a line lie on a parabola too: the threshold is held by the share itself.
    let higher = open(&vault, |_, _, key| key.threshold = 3);
    assert_eq!(higher, Err(OpenError::OtherKey));
    assert_eq!(case(&|key| key.threshold = 1), Err(Seats));
    assert_eq!(case(&|key| key.threshold = 4), Err(Seats));
    assert_eq!(case(&|key| key.verifying_shares.swap(0, 1)), Err(Seats));
    assert_eq!(
        case(&|key| key.group = HexBytes(vec![2; 32])),
        Err(GroupKey)
    );
    assert_eq!(
        case(&|key| key.chain_code = HexBytes(vec![2; 31])),
        Err(ChainCode)
    );
    // 0x05 is SEC1's compact form.
    let compact = |key: &mut VaultKey| key.verifying_shares[1].1.0[0] = 5;
    assert_eq!(case(&compact), Err(VerifyingShare(seat(2))));
}

#[test]
fn secrets_show_nothing() {
    let vault = Vault::generate(2, 3, 90);
    let secret = hex::encode(&vault.sealed[&seat(1)].1[vault.sealed[&seat(1)].1.len() - 32..]);
    let share = vault.open(1);
    assert_eq!(format!("{share:?} {share:#?}"), "<redacted> <redacted>");
    assert_eq!(format!("{:?}", vault.trials[&seat(1)]), "<redacted>");
    let (fresh, _) = super::harness::honest(super::harness::keygen(2, 3, 90))
        .remove(&seat(1))
        .unwrap();
    assert_eq!(format!("{fresh:?}"), "<redacted>");
    assert_eq!(fresh.seal(&mut Keep).unwrap().1.len(), 171);
    let (session, send) = super::harness::keygen(2, 3, 90)
        .into_iter()
        .map(|(_, session, send)| (session, send))
        .next()
        .unwrap();
    let text = format!("{session:?} {send:?}");
    assert_eq!(text, "<redacted> [Outgoing(All, <redacted>)]");
    assert!(!text.contains(&secret));
}
