//! P-256 public keys and signatures: what officers' YubiKeys and machines sign with.

use std::fmt;

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::id::{MachineId, OfficerId};

/// Bytes that are no P-256 key or signature, or a signature that does not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a point of the curve, or not in SEC1 form.
    #[error("not a P-256 public key in SEC1 form")]
    NotAKey,
    /// Not 64 bytes `r || s` in range, or not DER.
    #[error("not a P-256 signature")]
    NotASignature,
    /// The other of the two signatures anybody can make of one.
    #[error("the signature's s is in the upper half: only the low-s form is accepted")]
    HighS,
    /// The signature was not made over these bytes by this key.
    #[error("the signature does not verify under this key")]
    Wrong,
}

/// A P-256 public key, in memory and on disk as its 33-byte SEC1-compressed form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 33]);

impl PublicKey {
    /// Reads SEC1 bytes, compressed or not; a point off the curve is refused.
    pub fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let key = p256::PublicKey::from_sec1_bytes(bytes).map_err(|_| KeyError::NotAKey)?;
        let point = p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, true);
        point
            .as_bytes()
            .try_into()
            .map(Self)
            .map_err(|_| KeyError::NotAKey)
    }

    /// 33 bytes, SEC1-compressed.
    pub const fn as_bytes(&self) -> &[u8; 33] {
        &self.0
    }

    /// 65 bytes, SEC1-uncompressed.
    pub fn to_uncompressed(&self) -> Result<[u8; 65], KeyError> {
        let key = p256::PublicKey::from_sec1_bytes(&self.0).map_err(|_| KeyError::NotAKey)?;
        let point = p256::elliptic_curve::sec1::ToSec1Point::to_sec1_point(&key, false);
        point.as_bytes().try_into().map_err(|_| KeyError::NotAKey)
    }

    /// SHA-256 of the compressed key: its name in signatures.
    pub fn key_id(&self) -> KeyId {
        KeyId(Sha256::digest(self.0).into())
    }

    /// The officer whose slot 9c holds this key.
    pub fn officer_id(&self) -> OfficerId {
        OfficerId::from_bytes(self.key_id().0)
    }

    /// The machine that holds this key.
    pub fn machine_id(&self) -> MachineId {
        MachineId::from_bytes(self.key_id().0)
    }

    /// Checks a signature over a SHA-256 digest.
    pub fn verify(&self, digest: &[u8; 32], signature: &Signature) -> Result<(), KeyError> {
        let key =
            p256::ecdsa::VerifyingKey::from_sec1_bytes(&self.0).map_err(|_| KeyError::NotAKey)?;
        let signature = p256::ecdsa::Signature::from_slice(&signature.0)
            .map_err(|_| KeyError::NotASignature)?;
        key.verify_prehash(digest, &signature)
            .map_err(|_| KeyError::Wrong)
    }
}

/// Names the key of a signature: SHA-256 of the SEC1-compressed public key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl KeyId {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The officer whose slot 9c has this id, if it is one.
    pub const fn as_officer(self) -> OfficerId {
        OfficerId::from_bytes(self.0)
    }
}

/// A P-256 ECDSA signature `r || s`, 64 bytes, low-s: the one form accepted and stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature([u8; 64]);

impl Signature {
    /// Reads `r || s`; high-s and out-of-range values are refused.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let signature =
            p256::ecdsa::Signature::from_slice(bytes).map_err(|_| KeyError::NotASignature)?;
        if signature.normalize_s() != signature {
            return Err(KeyError::HighS);
        }
        Ok(Self(signature.to_bytes().into()))
    }

    /// Takes what a card gives (DER, either s) and brings it into the one form.
    pub fn from_card(der: &[u8]) -> Result<Self, KeyError> {
        let signature =
            p256::ecdsa::Signature::from_der(der).map_err(|_| KeyError::NotASignature)?;
        Ok(Self(signature.normalize_s().to_bytes().into()))
    }

    /// The 64 bytes `r || s`.
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

macro_rules! hex_text {
    ($name:ident, $what:literal, $make:expr) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text: String = hex::encode(self.0).chars().take(12).collect();
                write!(f, concat!(stringify!($name), "({})"), text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use serde::de::Error;
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                if text.bytes().any(|b| b.is_ascii_uppercase()) {
                    return Err(D::Error::custom(concat!(
                        $what,
                        " must be in lower-case hexadecimal"
                    )));
                }
                let bytes = hex::decode(text.as_ref()).map_err(D::Error::custom)?;
                let make: fn(&[u8]) -> Result<$name, KeyError> = $make;
                make(&bytes).map_err(D::Error::custom)
            }
        }
    };
}

hex_text!(PublicKey, "a public key", |bytes| {
    let key = PublicKey::from_sec1(bytes)?;
    if bytes.len() == 33 {
        Ok(key)
    } else {
        Err(KeyError::NotAKey)
    }
});
hex_text!(KeyId, "a key id", |bytes| bytes
    .try_into()
    .map(KeyId)
    .map_err(|_| KeyError::NotAKey));
