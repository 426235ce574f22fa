//! Sealing bytes to a card's P-256 key: HPKE (RFC 9180) in base mode, with
//! DHKEM(P-256, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM.
//!
//! The sender is the crate `hpke`. The receiver's private key never leaves its card, which gives only
//! the x-coordinate of the ECDH; what follows it in RFC 9180 (sections 4.1 and 5.1) is here.
//!
//! Base mode does not say who sealed: anybody can seal to a public key. What is opened must be
//! checked against something known: a share against its verifying share, a file against its hash in
//! the journal.

use std::fmt;

use aes_gcm::aead::{KeyInit, Payload};
use domain::PublicKey;
use domain::seal::SecretBytes;
use hkdf::Hkdf;
use hpke::{Deserializable as _, Serializable as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What a card's ECDH gives: the x-coordinate of the common point. Wiped on drop.
pub struct SharedSecret(Zeroizing<[u8; 32]>);

impl SharedSecret {
    /// Takes 32 bytes over.
    pub(crate) fn from_card(bytes: &[u8]) -> Option<Self> {
        let mut secret = Zeroizing::new([0; 32]);
        if bytes.len() != secret.len() {
            return None;
        }
        secret.copy_from_slice(bytes);
        Some(Self(secret))
    }
}

impl fmt::Debug for SharedSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// Bytes sealed to one public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The ephemeral public key that the card must agree with: RFC 9180's `enc`.
    pub ephemeral: PublicKey,
    /// The ciphertext and its 16-byte tag.
    pub ciphertext: Vec<u8>,
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HpkeError {
    /// The recipient's key or the random source failed.
    #[error("could not seal to this public key: nothing was sealed")]
    Seal,
    /// Another key, another context, or a changed byte.
    #[error(
        "what was sealed does not open: it was sealed to another key or for another purpose, or it was changed"
    )]
    Open,
}

type Kem = hpke::kem::DhP256HkdfSha256;

/// Seals `plaintext` to `recipient`. `info` says what for, `associated` what it is bound to; opening
/// needs the same bytes for both.
pub fn seal(
    recipient: &PublicKey,
    info: &[u8],
    associated: &[u8],
    plaintext: &[u8],
) -> Result<Sealed, HpkeError> {
    // The crate panics without randomness; we ask first, to say so instead.
    crate::random::random::<1>().map_err(|_| HpkeError::Seal)?;
    let point = recipient.to_uncompressed().map_err(|_| HpkeError::Seal)?;
    let key = <Kem as hpke::Kem>::PublicKey::from_bytes(&point).map_err(|_| HpkeError::Seal)?;
    let (ephemeral, ciphertext) = hpke::single_shot_seal::<
        hpke::aead::AesGcm256,
        hpke::kdf::HkdfSha256,
        Kem,
    >(&hpke::OpModeS::Base, &key, info, plaintext, associated)
    .map_err(|_| HpkeError::Seal)?;
    let ephemeral = PublicKey::from_sec1(&ephemeral.to_bytes()).map_err(|_| HpkeError::Seal)?;
    Ok(Sealed {
        ephemeral,
        ciphertext,
    })
}

/// Opens what was sealed to `recipient`, with what the recipient's card made of `sealed.ephemeral`.
pub fn open(
    sealed: &Sealed,
    recipient: &PublicKey,
    agreed: &SharedSecret,
    info: &[u8],
    associated: &[u8],
) -> Result<SecretBytes, HpkeError> {
    open_with::<aes_gcm::Aes256Gcm>(
        Suite::AES_256_GCM,
        sealed,
        recipient,
        agreed,
        info,
        associated,
    )
}

/// An AEAD of RFC 9180, section 7.3. All have 12-byte nonces; tests also use the one that the RFC
/// prints vectors for.
#[derive(Clone, Copy)]
struct Suite {
    aead: u16,
    key_length: usize,
}

impl Suite {
    const AES_256_GCM: Self = Self {
        aead: 2,
        key_length: 32,
    };

    /// `"KEM" || kem_id`, section 4.1.
    const KEM_ID: &[u8] = b"KEM\x00\x10";

    /// `"HPKE" || kem_id || kdf_id || aead_id`, section 5.1.
    fn id(self) -> Vec<u8> {
        [b"HPKE\x00\x10\x00\x01", self.aead.to_be_bytes().as_slice()].concat()
    }
}

fn open_with<A: KeyInit + aes_gcm::aead::Aead>(
    suite: Suite,
    sealed: &Sealed,
    recipient: &PublicKey,
    agreed: &SharedSecret,
    info: &[u8],
    associated: &[u8],
) -> Result<SecretBytes, HpkeError> {
    let enc = sealed
        .ephemeral
        .to_uncompressed()
        .map_err(|_| HpkeError::Open)?;
    let public = recipient.to_uncompressed().map_err(|_| HpkeError::Open)?;
    let shared_secret = extract_and_expand(agreed, &[enc, public].concat())?;
    let (key, nonce) = key_schedule(suite, &shared_secret, info)?;
    let cipher = A::new_from_slice(&key).map_err(|_| HpkeError::Open)?;
    let nonce =
        aes_gcm::aead::Nonce::<A>::try_from(nonce.as_slice()).map_err(|_| HpkeError::Open)?;
    let payload = Payload {
        msg: &sealed.ciphertext,
        aad: associated,
    };
    cipher
        .decrypt(&nonce, payload)
        .map(SecretBytes::new)
        .map_err(|_| HpkeError::Open)
}

/// `ExtractAndExpand(dh, kem_context)`, section 4.1.
fn extract_and_expand(
    dh: &SharedSecret,
    kem_context: &[u8],
) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let pseudo_random_key = labeled_extract(Suite::KEM_ID, b"", b"eae_prk", dh.0.as_slice());
    labeled_expand(
        Suite::KEM_ID,
        &pseudo_random_key,
        b"shared_secret",
        kem_context,
        32,
    )
}

/// `KeySchedule(mode_base, shared_secret, info, "", "")`, section 5.1, as far as one message needs
/// it: the nonce of message 0 is the base nonce.
fn key_schedule(
    suite: Suite,
    shared_secret: &[u8],
    info: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, [u8; 12]), HpkeError> {
    const MODE_BASE: &[u8] = &[0];
    let id = suite.id();
    let psk_id_hash = labeled_extract(&id, b"", b"psk_id_hash", b"");
    let info_hash = labeled_extract(&id, b"", b"info_hash", info);
    let context = [MODE_BASE, psk_id_hash.as_slice(), info_hash.as_slice()].concat();
    let secret = labeled_extract(&id, shared_secret, b"secret", b"");
    let key = labeled_expand(&id, &secret, b"key", &context, suite.key_length)?;
    let nonce = labeled_expand(&id, &secret, b"base_nonce", &context, 12)?;
    let nonce = nonce.as_slice().try_into().map_err(|_| HpkeError::Open)?;
    Ok((key, nonce))
}

/// `LabeledExtract`, section 4.
fn labeled_extract(suite: &[u8], salt: &[u8], label: &[u8], ikm: &[u8]) -> Zeroizing<Vec<u8>> {
    let labeled = Zeroizing::new([b"HPKE-v1", suite, label, ikm].concat());
    let (pseudo_random_key, _) = Hkdf::<Sha256>::extract(Some(salt), &labeled);
    Zeroizing::new(pseudo_random_key.to_vec())
}

/// `LabeledExpand`, section 4.
fn labeled_expand(
    suite: &[u8],
    pseudo_random_key: &[u8],
    label: &[u8],
    info: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, HpkeError> {
    let size = u16::try_from(length)
        .map_err(|_| HpkeError::Open)?
        .to_be_bytes();
    let labeled = [size.as_slice(), b"HPKE-v1", suite, label, info].concat();
    let mut out = Zeroizing::new(vec![0; length]);
    Hkdf::<Sha256>::from_prk(pseudo_random_key)
        .map_err(|_| HpkeError::Open)?
        .expand(&labeled, &mut out)
        .map_err(|_| HpkeError::Open)?;
    Ok(out)
}

#[cfg(test)]
#[path = "hpke_tests.rs"]
mod tests;
