//! DSSE envelopes (Dead Simple Signing Envelope, protocol v1.0.2), strictly read.
//!
//! What is signed is the SHA-256 of the pre-authentication encoding
//! `"DSSEv1" SP len(type) SP type SP len(payload) SP payload`; it is also the id of what the envelope
//! carries. Bytes are kept as they came and never encoded again.
//!
//! This is a profile of DSSE, stricter than the standard on purpose, so that an envelope has one
//! spelling: DSSE lets a consumer take URL-safe base64, envelopes without key ids and unknown fields;
//! here the first two and the third are refused. Whatever is written here is valid DSSE.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::key::{KeyError, KeyId, PublicKey, Signature};

/// The payload type of an entry's body.
pub const BODY_TYPE: &str = "application/vnd.countersign.entry.v1+json";
/// The payload type of a link of the chain.
pub const LINK_TYPE: &str = "application/vnd.countersign.link.v1+json";
/// Larger envelopes are refused unread. A founding or a 1,000-leg payout is far below it.
pub const MAX_ENVELOPE: usize = 4 * 1024 * 1024;
/// More founders than any company has; bounds the work on hostile input.
const MAX_SIGNATURES: usize = 32;

/// Why bytes are no envelope of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Larger than [`MAX_ENVELOPE`].
    #[error("the envelope has {0} bytes, at most {MAX_ENVELOPE} are read")]
    TooLarge(usize),
    /// Not strict JSON of the envelope's shape.
    #[error("not a DSSE envelope: {0}")]
    Malformed(String),
    /// Carries something else.
    #[error("payload type `{actual}` where `{expected}` is expected")]
    WrongType {
        /// What was expected.
        expected: &'static str,
        /// What the envelope says.
        actual: String,
    },
    /// No signature, too many, or one key twice.
    #[error("{0}")]
    Signatures(&'static str),
    /// A key or signature that is none, or does not verify.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// None of the signatures names this key.
    #[error("not signed by the key that should have signed")]
    NotSignedBy,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnvelopeOnWire {
    #[serde(rename = "payloadType")]
    payload_type: String,
    payload: String,
    signatures: Vec<SignatureOnWire>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureOnWire {
    keyid: KeyId,
    sig: String,
}

/// The pre-authentication encoding of a payload.
pub fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    )
    .into_bytes();
    bytes.extend(payload);
    bytes
}

/// SHA-256 of the pre-authentication encoding: what is signed, and the payload's id.
pub fn digest(payload_type: &str, payload: &[u8]) -> [u8; 32] {
    Sha256::digest(pre_authentication_encoding(payload_type, payload)).into()
}

/// Reads strict JSON, and only in the one spelling in which this program would write it. Besides
/// unknown fields and duplicate keys this refuses fields left out or out of order, white space, needless
/// escapes, and an array in an object's place, which the derived readers would let through.
pub(crate) fn read_one_spelling<T: Serialize + DeserializeOwned>(
    bytes: &[u8],
) -> Result<T, String> {
    let value: T = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
    let spelled = serde_json::to_vec(&value).map_err(|e| e.to_string())?;
    if spelled == bytes {
        return Ok(value);
    }
    let place = spelled
        .iter()
        .zip(bytes)
        .take_while(|(a, b)| a == b)
        .count();
    Err(format!("not in its one spelling, from byte {place} on"))
}

/// A well-formed envelope. Its signatures have the right form; who made them is not checked yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    bytes: Vec<u8>,
    payload: Vec<u8>,
    digest: [u8; 32],
    signatures: Vec<(KeyId, Signature)>,
}

impl Envelope {
    /// Puts signatures around a payload.
    pub fn assemble(
        payload_type: &'static str,
        payload: &[u8],
        signatures: &[(KeyId, Signature)],
    ) -> Result<Self, EnvelopeError> {
        let wire = EnvelopeOnWire {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: signatures
                .iter()
                .map(|(keyid, signature)| SignatureOnWire {
                    keyid: *keyid,
                    sig: STANDARD.encode(signature.as_bytes()),
                })
                .collect(),
        };
        let bytes =
            serde_json::to_vec(&wire).map_err(|e| EnvelopeError::Malformed(e.to_string()))?;
        Self::parse(payload_type, &bytes)
    }

    /// Reads an envelope that must carry `payload_type`. Unknown fields, duplicate keys, any
    /// spelling but one, other base64 than the standard one, high-s signatures and one key twice are
    /// refused.
    pub fn parse(payload_type: &'static str, bytes: &[u8]) -> Result<Self, EnvelopeError> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(EnvelopeError::TooLarge(bytes.len()));
        }
        let malformed = |e: &dyn std::fmt::Display| EnvelopeError::Malformed(e.to_string());
        let wire: EnvelopeOnWire = read_one_spelling(bytes).map_err(|e| malformed(&e))?;
        if wire.payload_type != payload_type {
            return Err(EnvelopeError::WrongType {
                expected: payload_type,
                actual: wire.payload_type,
            });
        }
        if wire.signatures.is_empty() {
            return Err(EnvelopeError::Signatures(
                "the envelope carries no signature",
            ));
        }
        if wire.signatures.len() > MAX_SIGNATURES {
            return Err(EnvelopeError::Signatures(
                "the envelope carries too many signatures",
            ));
        }
        let payload = STANDARD.decode(&wire.payload).map_err(|e| malformed(&e))?;
        let mut signatures: Vec<(KeyId, Signature)> = Vec::with_capacity(wire.signatures.len());
        for signature in wire.signatures {
            let raw = STANDARD.decode(&signature.sig).map_err(|e| malformed(&e))?;
            if signatures
                .iter()
                .any(|(known, _)| *known == signature.keyid)
            {
                return Err(EnvelopeError::Signatures("one key signed twice"));
            }
            signatures.push((signature.keyid, Signature::from_bytes(&raw)?));
        }
        let digest = digest(payload_type, &payload);
        Ok(Self {
            bytes: bytes.to_vec(),
            payload,
            digest,
            signatures,
        })
    }

    /// The envelope's bytes, as they came.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the envelope carries.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// SHA-256 of the pre-authentication encoding.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    /// Keys that claim to have signed, in the envelope's order.
    pub fn signers(&self) -> impl ExactSizeIterator<Item = KeyId> + '_ {
        self.signatures.iter().map(|(keyid, _)| *keyid)
    }

    /// Domain-separated SHA-256 of all signatures in their order, which a link binds.
    pub fn signatures_hash(&self) -> [u8; 32] {
        let start =
            crate::Canonical::new("countersign/signatures/v1").number(self.signatures.len() as u64);
        self.signatures
            .iter()
            .fold(start, |hash, (keyid, signature)| {
                hash.bytes(keyid.as_bytes()).bytes(signature.as_bytes())
            })
            .finish()
    }

    /// Checks that `key` is among the signers and that its signature is right.
    pub fn verify(&self, key: &PublicKey) -> Result<(), EnvelopeError> {
        let keyid = key.key_id();
        let (_, signature) = self
            .signatures
            .iter()
            .find(|(known, _)| *known == keyid)
            .ok_or(EnvelopeError::NotSignedBy)?;
        Ok(key.verify(&self.digest, signature)?)
    }
}
