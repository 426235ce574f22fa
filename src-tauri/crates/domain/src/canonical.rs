//! Bytes to be hashed: domain-separated, length-prefixed, one encoding a value.

use sha2::{Digest, Sha256};

/// Collects the fields of one thing into a domain-separated SHA-256.
///
/// The first bytes hashed are the domain, prefixed by its length; every variable field is prefixed
/// by its length as 8 bytes big-endian and every number is 8 bytes big-endian, so that no two
/// different sequences of fields give the same bytes. The layouts are pinned by snapshots.
#[derive(Clone)]
pub struct Canonical {
    bytes: Vec<u8>,
}

impl Canonical {
    /// Starts a hash in `domain`, for example `countersign/proposal/v1`.
    pub fn new(domain: &str) -> Self {
        Self { bytes: Vec::new() }.bytes(domain.as_bytes())
    }

    /// A field of any length.
    #[must_use]
    pub fn bytes(mut self, field: &[u8]) -> Self {
        self.bytes.extend((field.len() as u64).to_be_bytes());
        self.bytes.extend(field);
        self
    }

    /// A text, as UTF-8.
    #[must_use]
    pub fn text(self, field: &str) -> Self {
        self.bytes(field.as_bytes())
    }

    /// A number; also the count before a list and the tag before a variant.
    #[must_use]
    pub fn number(mut self, field: u64) -> Self {
        self.bytes.extend(field.to_be_bytes());
        self
    }

    /// SHA-256 of all fields.
    pub fn finish(self) -> [u8; 32] {
        Sha256::digest(&self.bytes).into()
    }

    /// The bytes that would be hashed: what the snapshots pin, and what AEAD binds as associated
    /// data.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}
