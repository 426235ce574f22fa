//! Wire formats: DKLs23 makes its own randomness, so lengths are pinned instead of bytes.

use super::super::acceptance::accepting;
use super::super::harness::{Keep, Packet, Start, digests, honest, keygen_of, run, seat, subsets};
use super::{VAULT, all_valid};
use crate::dkls::signing::MAX_DIGESTS;
use crate::{Scheme, Session};

/// The relay's limit of one message.
const CARRIED: usize = 256 * 1024;

/// Header and length of every message from seat 1 to seat 2.
fn lengths<S: Session>(starts: Vec<Start<S>>) -> Vec<String> {
    let mut lines = Vec::new();
    let ended = run(starts, |packet: Packet| {
        if (packet.from, packet.to) == (seat(1), seat(2)) {
            assert!(packet.bytes.len() <= CARRIED - 1_024);
            lines.push(format!(
                "{} {}",
                hex::encode(&packet.bytes[..8]),
                packet.body().len()
            ));
        }
        vec![packet]
    });
    assert!(ended.values().all(|end| end.is_done()));
    lines
}

#[test]
fn key_generation_messages() {
    let wanted = [
        "0102010100010000 32",
        "0102010200010002 32",
        "0102010300010000 96",
        "0102010400010000 4676",
        "0102010500010000 32",
        "0102010600010002 143052",
        "0102010700010000 32",
    ];
    assert_eq!(lengths(keygen_of(Scheme::Dkls23, 2, 3, 1)), wanted);
}

#[test]
fn signing_and_acceptance_messages() {
    let wanted = [
        "0102030100010000 64",
        "0102030200010002 53538",
        "0102030300010002 110774",
        "0102030400010000 132",
    ];
    assert_eq!(lengths(VAULT.signing(&[1, 2], 1, |_| digests(2))), wanted);
    let wanted = [
        "0102020100010000 64",
        "0102020200010002 26785",
        "0102020300010002 55387",
        "0102020400010000 66",
    ];
    assert_eq!(lengths(accepting(&VAULT, &[1, 2], 1)), wanted);
    // As many digests as there can be still fit.
    let many = u8::try_from(MAX_DIGESTS).unwrap();
    lengths(VAULT.signing(&[1, 2], 1, |_| digests(many)));
}

/// The shares are the library's own state: an upgrade that reads them otherwise must fail here.
#[test]
fn plaintexts_of_version_1_open_and_sign_for_ever() {
    for number in 1..=3 {
        let share = VAULT.open(number);
        assert_eq!(share.scheme(), Scheme::Dkls23);
        let again = share.seal(&mut Keep).unwrap();
        assert!(again == VAULT.sealed[&seat(number)]);
    }
    for quorum in subsets(2, 3) {
        let signed = honest(VAULT.signing(&quorum, 1, |_| digests(1)));
        all_valid(&VAULT.key, &digests(1), &signed);
    }
}
