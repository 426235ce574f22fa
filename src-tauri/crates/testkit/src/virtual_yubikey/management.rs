//! Authentication with the management key, and changing it.

use super::{
    apdu::{Answer, Status, Tlvs, tlv},
    card::Card,
};
use aes::cipher::{BlockDecrypt, BlockEncrypt, KeyInit, generic_array::GenericArray};
use rand::{RngCore as _, rngs::OsRng};

/// The algorithms that a management key can have.
#[derive(Clone, Copy)]
enum Cipher {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl Cipher {
    fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0x03 => Self::TripleDes,
            0x08 => Self::Aes128,
            0x0A => Self::Aes192,
            0x0C => Self::Aes256,
            _ => return None,
        })
    }

    fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }

    fn encrypt(self, key: &[u8], block: &[u8]) -> Answer {
        if block.len() != self.block_length() {
            return Err(Status::WRONG_DATA);
        }
        match self {
            Self::TripleDes => encrypt::<des::TdesEde3>(key, block),
            Self::Aes128 => encrypt::<aes::Aes128>(key, block),
            Self::Aes192 => encrypt::<aes::Aes192>(key, block),
            Self::Aes256 => encrypt::<aes::Aes256>(key, block),
        }
    }
}

fn encrypt<C: KeyInit + BlockEncrypt + BlockDecrypt>(key: &[u8], block: &[u8]) -> Answer {
    let cipher = C::new_from_slice(key).map_err(|_| Status::INTERNAL)?;
    let mut block = block.to_vec();
    cipher.encrypt_block(GenericArray::from_mut_slice(&mut block));
    Ok(block)
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

fn wrapped(tag: u8, value: &[u8]) -> Vec<u8> {
    tlv(&[0x7C], &tlv(&[tag], value))
}

const WITNESS: u8 = 0x80;
const CHALLENGE: u8 = 0x81;
const RESPONSE: u8 = 0x82;

impl Card {
    pub(super) fn need_management(&self) -> Result<(), Status> {
        if self.session.management {
            Ok(())
        } else {
            Err(Status::SECURITY_NOT_SATISFIED)
        }
    }

    /// GENERAL AUTHENTICATE with the management key: mutual, or of the host alone.
    pub(super) fn authenticate_host(&mut self, algorithm: u8, template: &Tlvs<'_>) -> Answer {
        // A wrong algorithm, such as 3DES asked of a 5.7 key, is refused before anything else.
        if algorithm != self.memory.management_algorithm {
            return Err(Status::WRONG_DATA);
        }
        let cipher = Cipher::from_number(algorithm).ok_or(Status::WRONG_DATA)?;
        let key = self.memory.management_key.clone();
        let parts = (
            template.get(WITNESS),
            template.get(CHALLENGE),
            template.get(RESPONSE),
        );
        match parts {
            (Some([]), _, _) => {
                let witness = random(cipher.block_length());
                let shown = cipher.encrypt(&key, &witness)?;
                self.session.witness = Some(witness);
                Ok(wrapped(WITNESS, &shown))
            }
            (Some(witness), Some(challenge), _) => {
                if self.session.witness.take().as_deref() != Some(witness) {
                    return Err(Status::SECURITY_NOT_SATISFIED);
                }
                let response = cipher.encrypt(&key, challenge)?;
                self.session.management = true;
                Ok(wrapped(RESPONSE, &response))
            }
            (None, Some([]), _) => {
                let challenge = random(cipher.block_length());
                self.session.challenge = Some(challenge.clone());
                Ok(wrapped(CHALLENGE, &challenge))
            }
            (None, None, Some(response)) => {
                let challenge = self
                    .session
                    .challenge
                    .take()
                    .ok_or(Status::SECURITY_NOT_SATISFIED)?;
                if cipher.encrypt(&key, &challenge)? != response {
                    return Err(Status::SECURITY_NOT_SATISFIED);
                }
                self.session.management = true;
                Ok(Vec::new())
            }
            _ => Err(Status::WRONG_DATA),
        }
    }

    /// SET MANAGEMENT KEY.
    pub(super) fn set_management_key(&mut self, data: &[u8]) -> Answer {
        self.need_management()?;
        let [algorithm, 0x9B, length, key @ ..] = data else {
            return Err(Status::WRONG_DATA);
        };
        let cipher = Cipher::from_number(*algorithm).ok_or(Status::WRONG_DATA)?;
        if key.len() != usize::from(*length) || key.len() != cipher.key_length() {
            return Err(Status::WRONG_DATA);
        }
        self.memory.management_algorithm = *algorithm;
        self.memory.management_key = key.to_vec();
        Ok(Vec::new())
    }
}
