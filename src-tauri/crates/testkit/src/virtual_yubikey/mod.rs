//! A YubiKey's PIV applet (and as much of its management and OTP applets as tools ask for), spoken
//! over a TCP connection to `vpcd`.
//!
//! P-256 only. Where a real key's answer is not documented the status word is a guess; stricter than
//! a real key in one thing on purpose: with PIN policy "always", VERIFY must be the very last command
//! before the key's use.

mod apdu;
mod attestation;
mod card;
mod management;
mod memory;
mod metadata;
mod piv;
mod sensor;
mod session;
mod use_key;

pub use attestation::{Authorities, Authority};
pub use memory::SavedCard;
pub use sensor::{PullOn, Sensor, TouchMode};

use crate::locked;
use anyhow::{Context as _, Result};
use card::{Card, Cut};
use memory::{Key, Origin};
use std::{
    net::{Shutdown, TcpStream},
    sync::{Arc, Mutex},
    thread::JoinHandle,
    time::Duration,
};

/// The answer to reset of a YubiKey 5 over USB.
const ATR: &[u8] = &[
    0x3B, 0xFD, 0x13, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x15, 0x80, 0x73, 0xC0, 0x21, 0xC0, 0x57, 0x59,
    0x75, 0x62, 0x69, 0x4B, 0x65, 0x79, 0x40,
];

/// What is fixed when a key leaves its factory.
#[derive(Clone, Debug)]
pub struct Config {
    /// The serial number printed on the key.
    pub serial: u32,
    /// Major, minor, patch. From 5.7.0 the default management key is AES-192; before 5.3.0 there is
    /// no metadata.
    pub firmware: [u8; 3],
    /// How long the key blinks before it gives up.
    pub touch_timeout: Duration,
}

/// A virtual key. Its keys, PINs and objects outlive unplugging, as on the real thing.
pub struct VirtualYubiKey {
    card: Arc<Mutex<Card>>,
    sensor: Arc<Sensor>,
    link: Option<(TcpStream, JoinHandle<()>)>,
}

impl VirtualYubiKey {
    /// A key in factory state, with an attestation key signed by `authority`.
    pub fn new(config: Config, authority: &Authority) -> Result<Self> {
        let sensor = Arc::new(Sensor::new(config.touch_timeout));
        let card = Card::new(config, authority, Arc::clone(&sensor))?;
        Ok(Self {
            card: Arc::new(Mutex::new(card)),
            sensor,
            link: None,
        })
    }

    /// A key as it was when [`VirtualYubiKey::save`] wrote it down.
    pub fn load(saved: &SavedCard) -> Result<Self> {
        let sensor = Arc::new(Sensor::new(Duration::from_millis(saved.touch_timeout_ms)));
        let card = Card::load(saved, Arc::clone(&sensor))?;
        Ok(Self {
            card: Arc::new(Mutex::new(card)),
            sensor,
            link: None,
        })
    }

    /// Everything that the key remembers, private keys included.
    pub fn save(&self) -> SavedCard {
        locked(&self.card).save()
    }

    /// The touch sensor, its light, and the faults that can be ordered.
    pub fn sensor(&self) -> &Arc<Sensor> {
        &self.sensor
    }

    /// Plugs the key into the vpcd slot that listens on this local port.
    pub fn plug(&mut self, port: u16) -> Result<()> {
        self.unplug();
        let stream = TcpStream::connect(("127.0.0.1", port))
            .with_context(|| format!("no virtual reader listens on port {port}"))?;
        stream.set_nodelay(true)?;
        self.sensor.plugged();
        let mut connection = vpicc::Connection::from(stream.try_clone()?);
        let mut contact = Contact {
            card: Arc::clone(&self.card),
            stream: stream.try_clone()?,
            pulled: false,
        };
        let sensor = Arc::clone(&self.sensor);
        let served = std::thread::spawn(move || {
            while connection.poll(&mut contact).is_ok() {
                if contact.pulled {
                    let _ = contact.stream.shutdown(Shutdown::Both);
                    break;
                }
            }
            sensor.unplugged();
        });
        self.link = Some((stream, served));
        Ok(())
    }

    /// Pulls the key out; what it was doing fails.
    pub fn unplug(&mut self) {
        if let Some((stream, served)) = self.link.take() {
            self.sensor.unplugged();
            let _ = stream.shutdown(Shutdown::Both);
            let _ = served.join();
        }
    }

    /// Puts a fresh key that was not generated on the card into `slot`.
    pub fn import_key(&self, slot: u8, pin_policy: u8, touch_policy: u8) {
        let secret = p256_card::SecretKey::random(&mut rand::rngs::OsRng);
        let key = Key {
            secret,
            pin_policy,
            touch_policy,
            origin: Origin::Imported,
        };
        locked(&self.card).memory.keys.insert(slot, key);
    }

    /// Back to factory state; the attestation key stays.
    pub fn reset(&self) {
        locked(&self.card).factory_reset();
    }
}

impl Drop for VirtualYubiKey {
    fn drop(&mut self) {
        self.unplug();
    }
}

/// The card as vpcd sees it.
struct Contact {
    card: Arc<Mutex<Card>>,
    stream: TcpStream,
    pulled: bool,
}

impl vpicc::VSmartCard for Contact {
    fn atr(&self) -> &[u8] {
        ATR
    }

    fn power_on(&mut self) {
        locked(&self.card).power_cycle();
    }

    fn power_off(&mut self) {
        locked(&self.card).power_cycle();
    }

    fn reset(&mut self) {
        locked(&self.card).power_cycle();
    }

    fn execute(&mut self, message: &[u8]) -> Vec<u8> {
        let (answer, cut) = locked(&self.card).answer(message);
        match cut {
            Cut::No => {}
            Cut::AfterAnswer => self.pulled = true,
            Cut::BeforeAnswer => {
                self.pulled = true;
                let _ = self.stream.shutdown(Shutdown::Both);
            }
        }
        answer
    }
}
