//! Officers, machines, and YubiKeys on their way to be an officer's.

use serde::{Deserialize, Serialize};
use specta::Type;

/// An officer.
#[derive(Debug, Clone, Serialize, Type)]
pub struct OfficerView {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The YubiKey.
    pub serial: u32,
    /// Its firmware.
    pub firmware: String,
    /// False once suspended.
    pub active: bool,
    /// Groups of the policy that the officer is in.
    pub groups: Vec<String>,
    /// Why old firmware was accepted.
    pub waiver: Option<String>,
    /// An open proposal that would change it.
    pub pending: Option<String>,
}

/// A machine.
#[derive(Debug, Clone, Serialize, Type)]
pub struct MachineView {
    /// The id.
    pub id: String,
    /// The name.
    pub name: String,
    /// Who administers it.
    pub administrators: Vec<String>,
    /// False once another took its place.
    pub active: bool,
    /// Whether it is this one.
    pub here: bool,
}

/// How a plugged-in key stands before it is enrolled. Nothing was tried to learn it.
#[derive(Debug, Clone, Serialize, Type)]
pub struct KeyReadiness {
    /// The key.
    pub serial: u32,
    /// Its firmware.
    pub firmware: String,
    /// Tries of the PIN until it blocks.
    pub tries_left: u8,
    /// Tries of the PUK until it blocks.
    pub puk_tries_left: u8,
    /// What stands in the way, in the order in which it is best settled.
    pub obstacles: Vec<ObstacleView>,
}

/// Something in the way of an enrolment.
#[derive(Debug, Clone, Serialize, Type)]
pub struct ObstacleView {
    /// Its kind.
    pub kind: ObstacleKind,
    /// What it is and what settles it.
    pub words: String,
}

/// What stands in the way of an enrolment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ObstacleKind {
    /// The PIN is the factory's: prepare the key.
    FactoryPin,
    /// The PUK is the factory's: prepare the key.
    FactoryPuk,
    /// The management key is the factory's: prepare the key.
    FactoryManagementKey,
    /// The PIN is blocked: prepare the key with the PUK.
    PinBlocked,
    /// Firmware with EUCLEAK: another key, or a recorded waiver.
    OldFirmware,
    /// There is a key in a slot: keep or destroy it.
    Occupied,
}

/// What happens to keys that are in the slots already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Type)]
#[serde(rename_all = "snake_case")]
pub enum ExistingKeysChoice {
    /// Refuse to enrol.
    Refuse,
    /// Take them as they are.
    Keep,
    /// Destroy them.
    ReplaceForGood,
}

/// An officer enrolled on this machine who is not in the journal yet.
#[derive(Debug, Clone, Serialize, Type)]
pub struct EnrolmentView {
    /// The name.
    pub name: String,
    /// The YubiKey.
    pub serial: u32,
    /// Its firmware.
    pub firmware: String,
    /// Why old firmware was accepted.
    pub waiver: Option<String>,
}
