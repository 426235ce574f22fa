//! What a card remembers without power, and its form on disk.

use anyhow::{Context as _, Result};
use p256_card::{SecretKey, elliptic_curve::sec1::ToEncodedPoint as _};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

pub const FACTORY_PIN: [u8; 8] = *b"123456\xff\xff";
pub const FACTORY_PUK: [u8; 8] = *b"12345678";
pub const FACTORY_MANAGEMENT_KEY: [u8; 24] = [
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
];
const FACTORY_TRIES: u8 = 3;

/// Where a key came from, in the card's own numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    Generated = 1,
    Imported = 2,
}

/// The key in one slot.
pub struct Key {
    pub secret: SecretKey,
    pub pin_policy: u8,
    pub touch_policy: u8,
    pub origin: Origin,
}

impl Key {
    /// The public key as an uncompressed point.
    pub fn point(&self) -> Vec<u8> {
        self.secret
            .public_key()
            .to_encoded_point(false)
            .as_bytes()
            .to_vec()
    }
}

/// A PIN or PUK with its counter.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reference {
    pub value: [u8; 8],
    pub tries: u8,
    pub tries_at_most: u8,
}

impl Reference {
    fn factory(value: [u8; 8]) -> Self {
        Self {
            value,
            tries: FACTORY_TRIES,
            tries_at_most: FACTORY_TRIES,
        }
    }
}

/// The persistent state.
pub struct Memory {
    pub pin: Reference,
    pub puk: Reference,
    pub management_algorithm: u8,
    pub management_key: Vec<u8>,
    pub keys: BTreeMap<u8, Key>,
    pub objects: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Memory {
    pub fn factory(firmware: [u8; 3]) -> Self {
        Self {
            pin: Reference::factory(FACTORY_PIN),
            puk: Reference::factory(FACTORY_PUK),
            management_algorithm: if firmware >= [5, 7, 0] { 0x0A } else { 0x03 },
            management_key: FACTORY_MANAGEMENT_KEY.to_vec(),
            keys: BTreeMap::new(),
            objects: BTreeMap::new(),
        }
    }

    pub fn load(saved: &SavedCard) -> Result<Self> {
        let keys = saved.keys.iter().map(|key| {
            let secret = SecretKey::from_slice(&hex::decode(&key.secret)?)
                .context("a saved card's key is no P-256 key")?;
            let SavedKey {
                slot,
                pin_policy,
                touch_policy,
                origin,
                ..
            } = *key;
            Ok((
                slot,
                Key {
                    secret,
                    pin_policy,
                    touch_policy,
                    origin,
                },
            ))
        });
        let objects = saved
            .objects
            .iter()
            .map(|(tag, content)| Ok((hex::decode(tag)?, hex::decode(content)?)));
        Ok(Self {
            pin: saved.pin.clone(),
            puk: saved.puk.clone(),
            management_algorithm: saved.management_algorithm,
            management_key: hex::decode(&saved.management_key)?,
            keys: keys.collect::<Result<_>>()?,
            objects: objects.collect::<Result<_>>()?,
        })
    }

    pub fn saved_keys(&self) -> Vec<SavedKey> {
        let saved = |(slot, key): (&u8, &Key)| SavedKey {
            slot: *slot,
            secret: hex::encode(key.secret.to_bytes()),
            pin_policy: key.pin_policy,
            touch_policy: key.touch_policy,
            origin: key.origin,
        };
        self.keys.iter().map(saved).collect()
    }

    pub fn saved_objects(&self) -> Vec<(String, String)> {
        self.objects
            .iter()
            .map(|(tag, content)| (hex::encode(tag), hex::encode(content)))
            .collect()
    }
}

/// A card as it is written to a file. It holds private keys: test keys only.
#[derive(Clone, Serialize, Deserialize)]
pub struct SavedCard {
    /// The serial number.
    pub serial: u32,
    pub(super) firmware: [u8; 3],
    pub(super) touch_timeout_ms: u64,
    pub(super) pin: Reference,
    pub(super) puk: Reference,
    pub(super) management_algorithm: u8,
    pub(super) management_key: String,
    pub(super) keys: Vec<SavedKey>,
    pub(super) objects: Vec<(String, String)>,
    pub(super) attestation_key: String,
    pub(super) attestation_certificate: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct SavedKey {
    slot: u8,
    secret: String,
    pin_policy: u8,
    touch_policy: u8,
    origin: Origin,
}
