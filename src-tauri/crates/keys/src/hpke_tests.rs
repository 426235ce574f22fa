//! RFC 9180's own vectors, and the crate `hpke` as a second opinion.

use super::*;
use p256::SecretKey;

fn hex(text: &str) -> Vec<u8> {
    hex::decode(text).unwrap()
}

/// What a card does: ECDH, giving the x-coordinate.
fn card(secret: &SecretKey, ephemeral: &PublicKey) -> SharedSecret {
    let point = p256::PublicKey::from_sec1_bytes(ephemeral.as_bytes()).unwrap();
    let agreed = p256::ecdh::diffie_hellman(secret.to_nonzero_scalar(), point.as_affine());
    SharedSecret::from_card(agreed.raw_secret_bytes().as_slice()).unwrap()
}

fn public(secret: &SecretKey) -> PublicKey {
    PublicKey::from_sec1(&secret.public_key().to_sec1_bytes()).unwrap()
}

/// RFC 9180, appendix A.3.1: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode.
#[test]
fn rfc_9180_a_3_1_opens() {
    let secret = SecretKey::from_slice(&hex(
        "f3ce7fdae57e1a310d87f1ebbde6f328be0a99cdbcadf4d6589cf29de4b8ffd2",
    ))
    .unwrap();
    let recipient = public(&secret);
    let sealed = Sealed {
        ephemeral: PublicKey::from_sec1(&hex(
            "04a92719c6195d5085104f469a8b9814d5838ff72b60501e2c4466e5e67b325ac98536d7b61a1af4b78e5b7f951c0900be863c403ce65c9bfcb9382657222d18c4",
        ))
        .unwrap(),
        ciphertext: hex(
            "5ad590bb8baa577f8619db35a36311226a896e7342a6d836d8b7bcd2f20b6c7f9076ac232e3ab2523f39513434",
        ),
    };
    let info = hex("4f6465206f6e2061204772656369616e2055726e");
    let suite = Suite {
        aead: 1,
        key_length: 16,
    };
    let agreed = card(&secret, &sealed.ephemeral);

    let context = [
        sealed.ephemeral.to_uncompressed().unwrap(),
        recipient.to_uncompressed().unwrap(),
    ]
    .concat();
    let shared_secret = extract_and_expand(&agreed, &context).unwrap();
    assert_eq!(
        hex::encode(&shared_secret),
        "c0d26aeab536609a572b07695d933b589dcf363ff9d93c93adea537aeabb8cb8"
    );
    let (key, nonce) = key_schedule(suite, &shared_secret, &info).unwrap();
    assert_eq!(hex::encode(&key), "868c066ef58aae6dc589b6cfdd18f97e");
    assert_eq!(hex::encode(nonce), "4e0bc5018beba4bf004cca59");

    let opened =
        open_with::<aes_gcm::Aes128Gcm>(suite, &sealed, &recipient, &agreed, &info, b"Count-0")
            .unwrap();
    assert_eq!(opened.expose(), b"Beauty is truth, truth beauty");
}

#[test]
fn what_the_hpke_crate_seals_opens_with_our_key_schedule() {
    for length in [0, 1, 32, 4096, 60_000] {
        let secret = SecretKey::from_slice(&[length as u8 ^ 0x5A; 32]).unwrap();
        let recipient = public(&secret);
        let message = vec![7; length];
        let sealed = seal(&recipient, b"info", b"aad", &message).unwrap();
        let agreed = card(&secret, &sealed.ephemeral);
        let opened = open(&sealed, &recipient, &agreed, b"info", b"aad").unwrap();
        assert_eq!(opened.expose(), message);
    }
}

#[test]
fn nothing_opens_under_another_binding_key_or_byte() {
    let (mine, other) = (
        SecretKey::from_slice(&[3; 32]).unwrap(),
        SecretKey::from_slice(&[4; 32]).unwrap(),
    );
    let recipient = public(&mine);
    let sealed = seal(&recipient, b"info", b"aad", b"share").unwrap();
    let agreed = card(&mine, &sealed.ephemeral);
    let refused =
        |sealed: &Sealed, key: &PublicKey, agreed: &SharedSecret, info: &[u8], aad: &[u8]| {
            assert_eq!(
                open(sealed, key, agreed, info, aad).unwrap_err(),
                HpkeError::Open
            );
        };
    refused(&sealed, &recipient, &agreed, b"Info", b"aad");
    refused(&sealed, &recipient, &agreed, b"info", b"Aad");
    refused(&sealed, &public(&other), &agreed, b"info", b"aad");
    refused(
        &sealed,
        &recipient,
        &card(&other, &sealed.ephemeral),
        b"info",
        b"aad",
    );
    for place in 0..sealed.ciphertext.len() {
        let mut changed = sealed.clone();
        changed.ciphertext[place] ^= 1;
        refused(&changed, &recipient, &agreed, b"info", b"aad");
    }
    let short = Sealed {
        ciphertext: vec![0; 15],
        ..sealed
    };
    refused(&short, &recipient, &agreed, b"info", b"aad");
}

#[test]
fn a_shared_secret_shows_nothing() {
    let secret = SharedSecret::from_card(&[9; 32]).unwrap();
    assert_eq!(format!("{secret:?}"), "<redacted>");
    assert!(SharedSecret::from_card(&[9; 31]).is_none());
}
