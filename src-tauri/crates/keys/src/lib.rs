//! YubiKeys over PC/SC, the OS keyring, and shares sealed at rest.
//!
//! * [`cards`]: officers' YubiKeys: list them, sign, agree on a key, each use in one transaction.
//! * [`enrol`]: makes a YubiKey an officer's: own PIN and PUK, three keys, their attestations.
//! * [`attestation`]: checks what a YubiKey says about its keys against pinned roots.
//! * [`harden`]: keeps this process out of core dumps and debuggers.
//! * [`hpke`]: sealing to a card's key, and opening with the card's ECDH.
//! * [`sealed`]: the share files of device, hardware and recovery seats.
//! * [`os_keyring`]: the operating system's keyring, the machine's key and the journal's anchor.
//!
//! Everything here blocks; async callers put it on a thread of its own. No secret is in any error or
//! log; the types that hold one wipe it and print `<redacted>`.

pub mod attestation;
pub mod cards;
pub mod enrol;
pub mod harden;
mod hex_array;
pub mod hpke;
pub mod os_keyring;
mod pin;
mod random;
mod redirect;
pub mod sealed;

pub use cards::{Cancel, CardError, CardInfo, Cards, Firmware, PinStatus, Setting, Slot};
pub use pin::{Pin, PinError, Puk};
pub use random::RandomError;
pub use redirect::{RedirectedReaders, refuse_redirected_readers};
