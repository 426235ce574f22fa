//! Wire and disk formats, pinned: a change of a byte is a visible diff.

use super::acceptance::accepting;
use super::harness::{HEADER, Packet, Vault, digests, keygen, run, seat};
use crate::Session;

/// Every message of a run to seat 2 or to all, in order, as hexadecimal: header and body.
fn transcript<S: Session>(starts: Vec<super::harness::Start<S>>) -> String {
    let mut lines = Vec::new();
    let ended = run(starts, |packet: Packet| {
        if packet.to == seat(2) {
            let (header, body) = packet.bytes.split_at(HEADER);
            let from = packet.from;
            lines.push(format!(
                "{from} > 2  {}\n       {}",
                hex::encode(header),
                hex::encode(body)
            ));
        }
        vec![packet]
    });
    assert!(ended.values().all(|end| end.is_done()));
    lines.join("\n")
}

#[test]
fn key_generation_messages() {
    insta::assert_snapshot!(transcript(keygen(2, 3, 110)));
}

#[test]
fn signing_messages() {
    let vault = Vault::generate(2, 3, 110);
    insta::assert_snapshot!(transcript(vault.signing(&[1, 2], 1, |_| digests(2))));
}

#[test]
fn acceptance_messages() {
    let vault = Vault::generate(2, 3, 110);
    insta::assert_snapshot!(transcript(accepting(&vault, &[1, 2], 1)));
}

/// The share's plaintext and the vault's key, from test randomness: no money ever lies on it.
#[test]
fn sealed_plaintext_and_vault_key() {
    let vault = Vault::generate(2, 3, 110);
    let plaintext = hex::encode(&vault.sealed[&seat(1)].1);
    let key = serde_json::to_string_pretty(&vault.key).unwrap();
    insta::assert_snapshot!(format!("{plaintext}\n{key}"));
}

#[test]
fn a_plaintext_of_version_1_opens_for_ever() {
    let pinned = include_str!("snapshots/mpc__tests__wire__sealed_plaintext_and_vault_key.snap");
    let body = pinned.splitn(3, "---\n").nth(2).unwrap();
    let (plaintext, key) = body.split_once('\n').unwrap();
    let key: domain::act::VaultKey = serde_json::from_str(key).unwrap();
    let binding = Vault::generate(2, 3, 1).sealed[&seat(1)].0;
    let plaintext = domain::seal::SecretBytes::new(hex::decode(plaintext).unwrap());
    assert!(crate::KeyShare::open(&binding, plaintext, &key).is_ok());
}
