//! GET METADATA: what a key says about its slots, and whether its PIN, PUK and management key are
//! still the factory's, without anybody trying them.

use super::{
    apdu::{Answer, Status, tlv},
    card::Card,
    memory::{FACTORY_MANAGEMENT_KEY, FACTORY_PIN, FACTORY_PUK, Reference},
};

const ALGORITHM: u8 = 0x01;
const POLICY: u8 = 0x02;
const ORIGIN: u8 = 0x03;
const PUBLIC_KEY: u8 = 0x04;
const IS_DEFAULT: u8 = 0x05;
const RETRIES: u8 = 0x06;

/// The number by which metadata names a PIN or PUK.
const PIN_ALGORITHM: u8 = 0xFF;
const ECC_P256: u8 = 0x11;
const PIN: u8 = 0x80;
const PUK: u8 = 0x81;
const MANAGEMENT_KEY: u8 = 0x9B;

impl Card {
    pub(super) fn metadata(&self, reference: u8) -> Answer {
        if self.config.firmware < [5, 3, 0] {
            return Err(Status::UNKNOWN_INSTRUCTION);
        }
        Ok(match reference {
            PIN => of_reference(&self.memory.pin, FACTORY_PIN),
            PUK => of_reference(&self.memory.puk, FACTORY_PUK),
            MANAGEMENT_KEY => [
                tlv(&[ALGORITHM], &[self.memory.management_algorithm]),
                tlv(&[POLICY], &[0x00, 0x01]),
                tlv(
                    &[IS_DEFAULT],
                    &[u8::from(
                        self.memory.management_key == FACTORY_MANAGEMENT_KEY,
                    )],
                ),
            ]
            .concat(),
            slot => {
                let key = self
                    .memory
                    .keys
                    .get(&slot)
                    .ok_or(Status::REFERENCE_NOT_FOUND)?;
                [
                    tlv(&[ALGORITHM], &[ECC_P256]),
                    tlv(&[POLICY], &[key.pin_policy, key.touch_policy]),
                    tlv(&[ORIGIN], &[key.origin as u8]),
                    tlv(&[PUBLIC_KEY], &tlv(&[0x86], &key.point())),
                ]
                .concat()
            }
        })
    }
}

fn of_reference(reference: &Reference, factory: [u8; 8]) -> Vec<u8> {
    [
        tlv(&[ALGORITHM], &[PIN_ALGORITHM]),
        tlv(&[IS_DEFAULT], &[u8::from(reference.value == factory)]),
        tlv(&[RETRIES], &[reference.tries_at_most, reference.tries]),
    ]
    .concat()
}
