//! The management key: whoever has it can put keys on the card. We make a random one and keep it on
//! the card under the PIN, where Yubico's own tools look for it too (object PRINTED, flag in ADMIN
//! DATA). So the PIN is enough to replace keys; that steals nothing, since the roster names the public
//! keys that were attested.

use aes::cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use zeroize::Zeroizing;

use super::EnrolError;
use crate::cards::{
    self, CardError, Cards, Command, Firmware, Session, Setting, Status, data, find, tlv,
};
use crate::pin::Pin;
use crate::random::random;

const GENERAL_AUTHENTICATE: u8 = 0x87;
const GET_DATA: u8 = 0xCB;
const PUT_DATA: u8 = 0xDB;
const SET_MANAGEMENT_KEY: u8 = 0xFF;
const MANAGEMENT_KEY: u8 = 0x9B;

const PRINTED: &[u8] = &[0x5F, 0xC1, 0x09];
const ADMIN_DATA: &[u8] = &[0x5F, 0xFF, 0x00];
/// "The management key is kept under the PIN."
const PROTECTED: &[u8] = &[0x80, 0x03, 0x81, 0x01, 0x02];

/// What every YubiKey leaves its factory with; used only on a card that says it still has it.
const FACTORY: [u8; 24] = [
    1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8,
];

/// AES management keys came with this firmware.
const AES_SINCE: Firmware = Firmware([5, 4, 2]);
const TRIPLE_DES: u8 = 0x03;
const AES_192: u8 = 0x0A;

/// Replaces the factory management key by a random one kept on the card under the PIN, which must be
/// the officer's own by then. Refuses when it is not the factory's.
pub fn protect_management_key(cards: &Cards, serial: u32, pin: &Pin) -> Result<(), EnrolError> {
    let pin = pin.for_worker();
    cards.with_firmware(serial, move |session, firmware| {
        Ok(protect(session, firmware, &pin))
    })?
}

/// Stored before it is set, so that a break in between leaves a card that can be used: with the
/// factory key before, with the stored key after.
fn protect(session: &Session<'_>, firmware: Firmware, pin: &Pin) -> Result<(), EnrolError> {
    let serial = session.serial;
    let codes = cards::pin_status(session)?;
    if codes.pin == Setting::Factory {
        return Err(EnrolError::FactoryPin { serial });
    }
    cards::verify(session, pin)?;
    if codes.management_key == Setting::Own {
        // Done already, if it is under this PIN; else it is somebody's whom we can't ask.
        return authenticate_with_kept(session);
    }
    authenticate(session, algorithm(session)?, &FACTORY)?;
    let new = random::<24>().map_err(CardError::from)?;
    put(
        session,
        PRINTED,
        &tlv(&[0x88], &tlv(&[0x89], new.as_slice())),
    )?;
    let new_algorithm = if firmware >= AES_SINCE {
        AES_192
    } else {
        TRIPLE_DES
    };
    set(session, new_algorithm, &new)?;
    put(session, ADMIN_DATA, PROTECTED)?;
    authenticate_with_kept(session)
}

/// Authenticates with the key that is kept under the PIN; the PIN was verified in this transaction.
pub(super) fn authenticate_with_kept(session: &Session<'_>) -> Result<(), EnrolError> {
    let serial = session.serial;
    let elsewhere = || EnrolError::ManagementKeyElsewhere { serial };
    let step = "read its management key";
    let command = Command::new(GET_DATA, 0x3F, 0xFF, &tlv(&[0x5C], PRINTED));
    let answer = session.send(step, &command)?;
    match answer.status {
        Status::OK => {}
        Status::NOT_FOUND => return Err(elsewhere()),
        other => return Err(session.refused(step, other).into()),
    }
    let kept = find(&answer.data, 0x53)
        .and_then(|o| find(o, 0x88))
        .and_then(|o| find(o, 0x89));
    let kept = Zeroizing::new(kept.ok_or_else(elsewhere)?.to_vec());
    authenticate(session, algorithm(session)?, &kept)
}

/// Which cipher the card's management key is for; 3DES where it does not say.
fn algorithm(session: &Session<'_>) -> Result<u8, CardError> {
    let metadata = cards::metadata(session, MANAGEMENT_KEY)?;
    Ok(find(&metadata, 0x01)
        .and_then(|a| a.first().copied())
        .unwrap_or(TRIPLE_DES))
}

/// Mutual authentication (SP 800-73-4, part 2, A.1): we decrypt its witness, it encrypts our challenge.
fn authenticate(session: &Session<'_>, algorithm: u8, key: &[u8]) -> Result<(), EnrolError> {
    let elsewhere = || EnrolError::ManagementKeyElsewhere {
        serial: session.serial,
    };
    let step = "check its management key";
    let ask = |body: &[u8]| {
        Command::new(
            GENERAL_AUTHENTICATE,
            algorithm,
            MANAGEMENT_KEY,
            &tlv(&[0x7C], body),
        )
    };
    let answer = data(session, step, &ask(&tlv(&[0x80], &[])))?;
    let witness = find(&answer, 0x7C)
        .and_then(|t| find(t, 0x80))
        .ok_or_else(elsewhere)?;
    let cipher = Cipher::new(algorithm, key).ok_or_else(elsewhere)?;
    let witness = cipher.decrypt(witness).ok_or_else(elsewhere)?;
    let challenge = random::<16>().map_err(CardError::from)?;
    let challenge = challenge.get(..witness.len()).ok_or_else(elsewhere)?;
    let body = [tlv(&[0x80], &witness).as_slice(), &tlv(&[0x81], challenge)].concat();
    let answer = session.send(step, &ask(&body))?;
    let response = find(&answer.data, 0x7C).and_then(|t| find(t, 0x82));
    match (answer.status, response) {
        (Status::OK, Some(response)) if cipher.encrypt(challenge).as_deref() == Some(response) => {
            Ok(())
        }
        (Status::OK | Status::SECURITY_NOT_SATISFIED, _) => Err(elsewhere()),
        (other, _) => Err(session.refused(step, other).into()),
    }
}

fn set(session: &Session<'_>, algorithm: u8, key: &Zeroizing<[u8; 24]>) -> Result<(), CardError> {
    let mut body = Zeroizing::new(Vec::with_capacity(32));
    body.extend([algorithm, MANAGEMENT_KEY, 24]);
    body.extend(key.iter());
    let command = Command::new(SET_MANAGEMENT_KEY, 0xFF, 0xFF, &body);
    data(session, "set its management key", &command).map(drop)
}

fn put(session: &Session<'_>, object: &[u8], content: &[u8]) -> Result<(), CardError> {
    let body = Zeroizing::new([tlv(&[0x5C], object).as_slice(), &tlv(&[0x53], content)].concat());
    data(
        session,
        "store data",
        &Command::new(PUT_DATA, 0x3F, 0xFF, &body),
    )
    .map(drop)
}

/// Reads an object of the card.
pub(super) fn get(session: &Session<'_>, object: &[u8]) -> Result<Zeroizing<Vec<u8>>, CardError> {
    let command = Command::new(GET_DATA, 0x3F, 0xFF, &tlv(&[0x5C], object));
    data(session, "read data", &command)
}

/// One block of the management key's cipher.
enum Cipher {
    TripleDes(des::TdesEde3),
    Aes128(aes::Aes128),
    Aes192(aes::Aes192),
    Aes256(aes::Aes256),
}

impl Cipher {
    fn new(algorithm: u8, key: &[u8]) -> Option<Self> {
        match algorithm {
            TRIPLE_DES => des::TdesEde3::new_from_slice(key).ok().map(Self::TripleDes),
            0x08 => aes::Aes128::new_from_slice(key).ok().map(Self::Aes128),
            AES_192 => aes::Aes192::new_from_slice(key).ok().map(Self::Aes192),
            0x0C => aes::Aes256::new_from_slice(key).ok().map(Self::Aes256),
            _ => None,
        }
    }

    fn encrypt(&self, block: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::TripleDes(cipher) => encrypt(cipher, block),
            Self::Aes128(cipher) => encrypt(cipher, block),
            Self::Aes192(cipher) => encrypt(cipher, block),
            Self::Aes256(cipher) => encrypt(cipher, block),
        }
    }

    fn decrypt(&self, block: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::TripleDes(cipher) => decrypt(cipher, block),
            Self::Aes128(cipher) => decrypt(cipher, block),
            Self::Aes192(cipher) => decrypt(cipher, block),
            Self::Aes256(cipher) => decrypt(cipher, block),
        }
    }
}

fn encrypt<C: BlockCipherEncrypt>(cipher: &C, block: &[u8]) -> Option<Vec<u8>> {
    let mut block = Block::<C>::try_from(block).ok()?;
    cipher.encrypt_block(&mut block);
    Some(block.to_vec())
}

fn decrypt<C: BlockCipherDecrypt>(cipher: &C, block: &[u8]) -> Option<Vec<u8>> {
    let mut block = Block::<C>::try_from(block).ok()?;
    cipher.decrypt_block(&mut block);
    Some(block.to_vec())
}
