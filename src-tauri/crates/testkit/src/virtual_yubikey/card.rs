//! The card: takes bytes, gives bytes, and knows which applet is selected.

use super::{
    Config, SavedCard,
    apdu::{Answer, Command, Status, tlv},
    attestation::{Authority, card_issuer},
    memory::Memory,
    sensor::{PullOn, Sensor},
    session::{Applet, Session},
};
use anyhow::{Context as _, Result};
use rcgen::{Issuer, KeyPair};
use std::{sync::Arc, time::Duration};

const PIV: &[u8] = &[0xA0, 0x00, 0x00, 0x03, 0x08];
const MANAGEMENT: &[u8] = &[0xA0, 0x00, 0x00, 0x05, 0x27, 0x47, 0x11, 0x17];
const OTP: &[u8] = &[0xA0, 0x00, 0x00, 0x05, 0x27, 0x20, 0x01];

/// What the PIV applet says about itself when selected.
const PIV_PROPERTIES: &[u8] = &[
    0x61, 0x11, 0x4F, 0x06, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00, 0x79, 0x07, 0x4F, 0x05, 0xA0, 0x00,
    0x00, 0x03, 0x08,
];

const SELECT: u8 = 0xA4;
const GET_RESPONSE: u8 = 0xC0;
const READ_CONFIG: u8 = 0x1D;
const OTP_REQUEST: u8 = 0x01;
const OTP_SERIAL: u8 = 0x10;

/// Whether the card leaves its reader with this command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    No,
    BeforeAnswer,
    AfterAnswer,
}

/// The card.
pub struct Card {
    pub config: Config,
    pub memory: Memory,
    pub session: Session,
    pub sensor: Arc<Sensor>,
    pub attestation: Issuer<'static, KeyPair>,
    pub attestation_certificate: Vec<u8>,
    /// Set by a command that pulls the card.
    pub cut: Cut,
}

impl Card {
    pub fn new(config: Config, authority: &Authority, sensor: Arc<Sensor>) -> Result<Self> {
        let (key, attestation_certificate) = authority.certify_card()?;
        Ok(Self {
            memory: Memory::factory(config.firmware),
            config,
            session: Session::default(),
            sensor,
            attestation: card_issuer(key),
            attestation_certificate,
            cut: Cut::No,
        })
    }

    pub fn load(saved: &SavedCard, sensor: Arc<Sensor>) -> Result<Self> {
        let key = KeyPair::try_from(hex::decode(&saved.attestation_key)?)
            .context("a saved card's attestation key cannot be read")?;
        Ok(Self {
            config: Config {
                serial: saved.serial,
                firmware: saved.firmware,
                touch_timeout: Duration::from_millis(saved.touch_timeout_ms),
            },
            memory: Memory::load(saved)?,
            session: Session::default(),
            sensor,
            attestation: card_issuer(key),
            attestation_certificate: hex::decode(&saved.attestation_certificate)?,
            cut: Cut::No,
        })
    }

    pub fn save(&self) -> SavedCard {
        let memory = &self.memory;
        SavedCard {
            serial: self.config.serial,
            firmware: self.config.firmware,
            touch_timeout_ms: u64::try_from(self.sensor.timeout().as_millis()).unwrap_or(u64::MAX),
            pin: memory.pin.clone(),
            puk: memory.puk.clone(),
            management_algorithm: memory.management_algorithm,
            management_key: hex::encode(&memory.management_key),
            keys: memory.saved_keys(),
            objects: memory.saved_objects(),
            attestation_key: hex::encode(self.attestation.key().serialized_der()),
            attestation_certificate: hex::encode(&self.attestation_certificate),
        }
    }

    pub fn power_cycle(&mut self) {
        self.session = Session::default();
    }

    pub fn factory_reset(&mut self) {
        self.memory = Memory::factory(self.config.firmware);
        self.session = Session::of(self.session.applet);
    }

    /// Answers one message from the reader.
    pub fn answer(&mut self, message: &[u8]) -> (Vec<u8>, Cut) {
        self.cut = Cut::No;
        let answer = match self.command(message) {
            Ok(part) => part,
            Err(Status(word)) => word.to_be_bytes().to_vec(),
        };
        (answer, self.cut)
    }

    fn command(&mut self, message: &[u8]) -> Answer {
        let command = Command::parse(message)?;
        if command.instruction == GET_RESPONSE {
            return Ok(self.session.next_part(command.expected));
        }
        if command.is_chained() {
            let kept = self.session.add_block(command.data);
            return if kept {
                Ok(vec![0x90, 0x00])
            } else {
                Err(Status::WRONG_LENGTH)
            };
        }
        let data = self.session.complete(command.data);
        self.session.set_response(Vec::new());
        let pin_fresh = std::mem::take(&mut self.session.pin_fresh);
        let response = self.run(&command, &data, pin_fresh)?;
        self.session.set_response(response);
        Ok(self.session.next_part(command.expected))
    }

    fn run(&mut self, command: &Command<'_>, data: &[u8], pin_fresh: bool) -> Answer {
        if command.instruction == SELECT {
            return self.select(data);
        }
        match (self.session.applet, command.instruction) {
            (Applet::Piv, _) => self.piv(command, data, pin_fresh),
            (Applet::Management, READ_CONFIG) => Ok(self.device_info()),
            (Applet::Otp, OTP_REQUEST) if command.p1 == OTP_SERIAL => {
                Ok(self.config.serial.to_be_bytes().to_vec())
            }
            _ => Err(Status::UNKNOWN_INSTRUCTION),
        }
    }

    fn select(&mut self, name: &[u8]) -> Answer {
        let applet = if name.starts_with(PIV) {
            Applet::Piv
        } else if name == MANAGEMENT {
            Applet::Management
        } else if name.starts_with(OTP) {
            Applet::Otp
        } else {
            return Err(Status::FILE_NOT_FOUND);
        };
        self.session = Session::of(applet);
        let [major, minor, patch] = self.config.firmware;
        Ok(match applet {
            Applet::Management => {
                format!("Virtual mgr - FW version {major}.{minor}.{patch}").into_bytes()
            }
            Applet::Otp => vec![major, minor, patch, 1, 0, 0, 0],
            Applet::Piv | Applet::None => PIV_PROPERTIES.to_vec(),
        })
    }

    /// READ CONFIG: applets, serial, form factor and version, as the vendor's tools read them.
    fn device_info(&self) -> Vec<u8> {
        let body = [
            tlv(&[0x01], &[0x02, 0x3B]),
            tlv(&[0x02], &self.config.serial.to_be_bytes()),
            tlv(&[0x03], &[0x02, 0x3B]),
            tlv(&[0x04], &[0x01]),
            tlv(&[0x05], &self.config.firmware),
            tlv(&[0x06], &[0x00, 0x00]),
            tlv(&[0x07], &[0x0F]),
            tlv(&[0x08], &[0x00]),
            tlv(&[0x0A], &[0x00]),
        ]
        .concat();
        let mut info = vec![u8::try_from(body.len()).unwrap_or(u8::MAX)];
        info.extend(body);
        info
    }

    /// Leaves the reader after this answer, when a test ordered it.
    pub fn pull_after_verify(&mut self) {
        if self.sensor.take_pull(PullOn::AfterVerify) {
            self.cut = Cut::AfterAnswer;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _, rngs::StdRng};

    #[test]
    fn no_message_makes_the_card_panic() {
        let authority = Authority::generate("test").unwrap();
        let timeout = Duration::from_millis(1);
        let config = Config {
            serial: 7,
            firmware: [5, 7, 1],
            touch_timeout: timeout,
        };
        let mut card = Card::new(config, &authority, Arc::new(Sensor::new(timeout))).unwrap();
        let instructions = [
            0xA4, 0xC0, 0x20, 0x24, 0x2C, 0x47, 0x87, 0xCB, 0xDB, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
            0xFB, 0xFD, 0xFE, 0xFF, 0x1D, 0x01,
        ];
        let tags = [
            0x7C, 0x80, 0x81, 0x82, 0x85, 0xAC, 0xAA, 0xAB, 0x5C, 0x53, 0x06,
        ];
        let references = [0x9C, 0x9B, 0x80, 0x81, 0x11, 0x0A, 0xFF, 0x00];
        let mut random = StdRng::seed_from_u64(1);
        for round in 0..30_000 {
            card.session.applet = Applet::Piv;
            card.session.management = random.r#gen();
            let mut message: Vec<u8> = vec![if random.gen_ratio(1, 8) { 0x10 } else { 0x00 }];
            message.push(instructions[random.gen_range(0..instructions.len())]);
            message.push(references[random.gen_range(0..references.len())]);
            message.push(references[random.gen_range(0..references.len())]);
            let length = random.gen_range(0..40);
            message.push(length);
            for _ in 0..length {
                let any: u8 = random.r#gen();
                let tag = tags[random.gen_range(0..tags.len())];
                message.push(if random.r#gen() { tag } else { any % 24 });
            }
            message.truncate(random.gen_range(0..=message.len()));
            let (answer, _) = card.answer(&message);
            assert!(answer.len() >= 2, "round {round}: {message:02x?}");
        }
    }

    #[test]
    fn what_is_saved_is_loaded() {
        let authority = Authority::generate("test").unwrap();
        let timeout = Duration::from_millis(1);
        let config = Config {
            serial: 7,
            firmware: [5, 4, 3],
            touch_timeout: timeout,
        };
        let mut card = Card::new(config, &authority, Arc::new(Sensor::new(timeout))).unwrap();
        card.memory.pin.value = *b"654321\xff\xff";
        card.memory.objects.insert(vec![0x5F], vec![1, 2]);
        let text = serde_json::to_string(&card.save()).unwrap();
        let saved: SavedCard = serde_json::from_str(&text).unwrap();
        let again = Card::load(&saved, Arc::new(Sensor::new(timeout))).unwrap();
        assert_eq!(serde_json::to_string(&again.save()).unwrap(), text);
        assert_eq!(again.config.firmware, [5, 4, 3]);
    }
}
