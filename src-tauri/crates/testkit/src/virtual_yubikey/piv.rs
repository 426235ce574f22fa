//! The PIV applet's commands, except for those that use a key.

use super::{
    apdu::{Answer, Command, Status, Tlvs, tlv},
    card::Card,
    memory::{FACTORY_PIN, FACTORY_PUK, Key, Memory, Origin, Reference},
    session::{Applet, Session},
};
use p256_card::SecretKey;
use rand::rngs::OsRng;

const VERIFY: u8 = 0x20;
const CHANGE_REFERENCE: u8 = 0x24;
const RESET_RETRY: u8 = 0x2C;
const GENERATE: u8 = 0x47;
const GENERAL_AUTHENTICATE: u8 = 0x87;
const GET_DATA: u8 = 0xCB;
const PUT_DATA: u8 = 0xDB;
const MOVE_KEY: u8 = 0xF6;
const GET_METADATA: u8 = 0xF7;
const GET_SERIAL: u8 = 0xF8;
const ATTEST: u8 = 0xF9;
const SET_RETRIES: u8 = 0xFA;
const RESET: u8 = 0xFB;
const GET_VERSION: u8 = 0xFD;
const IMPORT: u8 = 0xFE;
const SET_MANAGEMENT_KEY: u8 = 0xFF;

const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const ECC_P256: u8 = 0x11;
const DELETE: u8 = 0xFF;

const DISCOVERY: &[u8] = &[0x7E];
const DISCOVERY_CONTENT: &[u8] = &[
    0x7E, 0x12, 0x4F, 0x0B, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x5F,
    0x2F, 0x02, 0x40, 0x00,
];
/// Where a PIN-protected management key is kept: readable only with the PIN.
const PRINTED: &[u8] = &[0x5F, 0xC1, 0x09];
const ATTESTATION_CERTIFICATE: &[u8] = &[0x5F, 0xFF, 0x01];

impl Card {
    pub(super) fn piv(&mut self, command: &Command<'_>, data: &[u8], pin_fresh: bool) -> Answer {
        let &Command {
            instruction,
            p1,
            p2,
            ..
        } = command;
        match instruction {
            VERIFY => self.verify(p1, p2, data),
            CHANGE_REFERENCE | RESET_RETRY => self.change_reference(instruction, p2, data),
            GENERAL_AUTHENTICATE => self.general_authenticate(p1, p2, data, pin_fresh),
            GENERATE => self.generate(p2, data),
            IMPORT => self.import(p1, p2, data),
            MOVE_KEY => self.move_key(p1, p2),
            ATTEST => self.attest(p1),
            GET_METADATA => self.metadata(p2),
            GET_DATA => self.get_data(data),
            PUT_DATA => self.put_data(data),
            SET_RETRIES => self.set_retries(p1, p2),
            SET_MANAGEMENT_KEY => self.set_management_key(data),
            RESET => self.reset_applet(),
            GET_VERSION => Ok(self.config.firmware.to_vec()),
            GET_SERIAL => Ok(self.config.serial.to_be_bytes().to_vec()),
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    fn verify(&mut self, p1: u8, reference: u8, pin: &[u8]) -> Answer {
        if reference != PIN {
            return Err(Status::REFERENCE_NOT_FOUND);
        }
        if p1 == 0xFF {
            self.session.pin_verified = false;
            return Ok(Vec::new());
        }
        if pin.is_empty() {
            let known = self.session.pin_verified;
            return if known {
                Ok(Vec::new())
            } else {
                Err(Status::tries_left(self.memory.pin.tries))
            };
        }
        let pin = eight(pin)?;
        if let Err(status) = check(&mut self.memory.pin, &pin) {
            self.session.pin_verified = false;
            return Err(status);
        }
        self.session.pin_verified = true;
        self.session.pin_fresh = true;
        self.pull_after_verify();
        Ok(Vec::new())
    }

    fn change_reference(&mut self, instruction: u8, reference: u8, data: &[u8]) -> Answer {
        let (old, new) = data.split_at_checked(8).ok_or(Status::WRONG_DATA)?;
        let (old, new) = (eight(old)?, eight(new)?);
        let memory = &mut self.memory;
        match (instruction, reference) {
            (CHANGE_REFERENCE, PIN) => replace(&mut memory.pin, &old, new)?,
            (CHANGE_REFERENCE, PUK) => replace(&mut memory.puk, &old, new)?,
            (RESET_RETRY, PIN) => {
                check(&mut memory.puk, &old)?;
                need_length(&new)?;
                memory.pin.value = new;
                memory.pin.tries = memory.pin.tries_at_most;
            }
            _ => return Err(Status::REFERENCE_NOT_FOUND),
        }
        Ok(Vec::new())
    }

    /// SET RETRIES also puts the factory's PIN and PUK back, as on a real key.
    fn set_retries(&mut self, pin: u8, puk: u8) -> Answer {
        self.need_management()?;
        if !self.session.pin_verified {
            return Err(Status::SECURITY_NOT_SATISFIED);
        }
        if !(1..=15).contains(&pin) || !(1..=15).contains(&puk) {
            return Err(Status::WRONG_DATA);
        }
        self.memory.pin = Reference {
            value: FACTORY_PIN,
            tries: pin,
            tries_at_most: pin,
        };
        self.memory.puk = Reference {
            value: FACTORY_PUK,
            tries: puk,
            tries_at_most: puk,
        };
        Ok(Vec::new())
    }

    fn reset_applet(&mut self) -> Answer {
        if self.memory.pin.tries != 0 || self.memory.puk.tries != 0 {
            return Err(Status::CONDITIONS_NOT_SATISFIED);
        }
        self.memory = Memory::factory(self.config.firmware);
        self.session = Session::of(Applet::Piv);
        Ok(Vec::new())
    }

    fn generate(&mut self, slot: u8, data: &[u8]) -> Answer {
        self.need_management()?;
        let outer = Tlvs::parse(data)?;
        let template = Tlvs::parse(outer.need(0xAC)?)?;
        let algorithm = template.byte(0x80).ok_or(Status::WRONG_DATA)?;
        let key = new_key(
            algorithm,
            slot,
            SecretKey::random(&mut OsRng),
            Origin::Generated,
            &template,
        )?;
        let answer = tlv(&[0x7F, 0x49], &tlv(&[0x86], &key.point()));
        self.memory.keys.insert(slot, key);
        Ok(answer)
    }

    fn import(&mut self, algorithm: u8, slot: u8, data: &[u8]) -> Answer {
        self.need_management()?;
        let template = Tlvs::parse(data)?;
        let secret = SecretKey::from_slice(template.need(0x06)?).map_err(|_| Status::WRONG_DATA)?;
        let key = new_key(algorithm, slot, secret, Origin::Imported, &template)?;
        self.memory.keys.insert(slot, key);
        Ok(Vec::new())
    }

    fn move_key(&mut self, to: u8, from: u8) -> Answer {
        if self.config.firmware < [5, 7, 0] {
            return Err(Status::UNKNOWN_INSTRUCTION);
        }
        self.need_management()?;
        if to != DELETE && !is_key_slot(to) {
            return Err(Status::WRONG_REFERENCE);
        }
        let key = self
            .memory
            .keys
            .remove(&from)
            .ok_or(Status::REFERENCE_NOT_FOUND)?;
        if to != DELETE {
            self.memory.keys.insert(to, key);
        }
        Ok(Vec::new())
    }

    fn get_data(&self, data: &[u8]) -> Answer {
        let request = Tlvs::parse(data)?;
        let tag = request.need(0x5C)?;
        if tag == DISCOVERY {
            return Ok(DISCOVERY_CONTENT.to_vec());
        }
        if tag == ATTESTATION_CERTIFICATE {
            let certificate = tlv(&[0x70], &self.attestation_certificate);
            return Ok(tlv(
                &[0x53],
                &[certificate, vec![0x71, 1, 0, 0xFE, 0]].concat(),
            ));
        }
        if tag == PRINTED && !self.session.pin_verified {
            return Err(Status::SECURITY_NOT_SATISFIED);
        }
        let object = self.memory.objects.get(tag).ok_or(Status::FILE_NOT_FOUND)?;
        Ok(tlv(&[0x53], object))
    }

    fn put_data(&mut self, data: &[u8]) -> Answer {
        self.need_management()?;
        let request = Tlvs::parse(data)?;
        let (tag, content) = (request.need(0x5C)?.to_vec(), request.need(0x53)?);
        if content.is_empty() {
            self.memory.objects.remove(&tag);
        } else {
            self.memory.objects.insert(tag, content.to_vec());
        }
        Ok(Vec::new())
    }
}

fn eight(bytes: &[u8]) -> Result<[u8; 8], Status> {
    bytes.try_into().map_err(|_| Status::WRONG_DATA)
}

/// A PIN or PUK has at least six characters; the rest is filled with FF.
fn need_length(value: &[u8; 8]) -> Result<(), Status> {
    let long_enough = value.iter().take(6).all(|byte| *byte != 0xFF);
    if long_enough {
        Ok(())
    } else {
        Err(Status::WRONG_DATA)
    }
}

fn check(reference: &mut Reference, tried: &[u8; 8]) -> Result<(), Status> {
    if reference.tries == 0 {
        return Err(Status::BLOCKED);
    }
    if *tried == reference.value {
        reference.tries = reference.tries_at_most;
        return Ok(());
    }
    reference.tries -= 1;
    Err(Status::tries_left(reference.tries))
}

fn replace(reference: &mut Reference, old: &[u8; 8], new: [u8; 8]) -> Result<(), Status> {
    check(reference, old)?;
    need_length(&new)?;
    reference.value = new;
    Ok(())
}

fn is_key_slot(slot: u8) -> bool {
    matches!(slot, 0x9A | 0x9C | 0x9D | 0x9E | 0x82..=0x95)
}

fn new_key(
    algorithm: u8,
    slot: u8,
    secret: SecretKey,
    origin: Origin,
    template: &Tlvs<'_>,
) -> Result<Key, Status> {
    if algorithm != ECC_P256 {
        return Err(Status::WRONG_DATA);
    }
    if !is_key_slot(slot) {
        return Err(Status::WRONG_REFERENCE);
    }
    let pin_by_default = match slot {
        0x9C => 3,
        0x9E => 1,
        _ => 2,
    };
    let policy = |tag, default| match template.byte(tag) {
        None | Some(0) => Ok(default),
        Some(policy @ 1..=3) => Ok(policy),
        Some(_) => Err(Status::WRONG_DATA),
    };
    let (pin_policy, touch_policy) = (policy(0xAA, pin_by_default)?, policy(0xAB, 1)?);
    Ok(Key {
        secret,
        pin_policy,
        touch_policy,
        origin,
    })
}
