//! What a test can ask of the room.

use crate::virtual_yubikey::{PullOn, TouchMode};
use serde::{Deserialize, Serialize};

/// One command; `{"do": "new", "serial": 1001}` on the wire.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// Makes a card in factory state. It goes when this connection ends, unless kept.
    New {
        /// Its serial; a fresh one when not given.
        #[serde(default)]
        serial: Option<u32>,
        /// Such as `5.7.1`.
        #[serde(default = "default_firmware")]
        firmware: String,
        /// The attestation root: `test`, `another` or `deep`.
        #[serde(default = "default_root")]
        root: String,
        /// How long it blinks.
        #[serde(default = "default_touch_timeout")]
        touch_timeout_ms: u64,
        /// The card stays when this connection ends, and is saved.
        #[serde(default)]
        keep: bool,
    },
    /// Plugs cards in, all at once; waits for free readers. Gives the readers' names.
    Plug {
        /// The cards.
        serials: Vec<u32>,
    },
    /// Pulls a card out.
    Unplug {
        /// The card.
        serial: u32,
    },
    /// Says who touches the card.
    Touch {
        /// The card.
        serial: u32,
        /// Who.
        mode: TouchMode,
    },
    /// Waits until the card blinks, then touches it. Gives whether it did.
    Press {
        /// The card.
        serial: u32,
        /// How long to wait.
        within_ms: u64,
    },
    /// Waits until the card blinks. Gives whether it does.
    WaitBlink {
        /// The card.
        serial: u32,
        /// How long to wait.
        within_ms: u64,
    },
    /// Waits until the card is in no reader. Gives whether it is.
    WaitPulled {
        /// The card.
        serial: u32,
        /// How long to wait.
        within_ms: u64,
    },
    /// How often the card asked for a touch.
    Touches {
        /// The card.
        serial: u32,
    },
    /// Orders the card to be pulled at that event, once; `null` takes the order back.
    PullOn {
        /// The card.
        serial: u32,
        /// When.
        event: Option<PullOn>,
    },
    /// Puts a key that was not generated on the card into a slot.
    ImportKey {
        /// The card.
        serial: u32,
        /// Such as 0x9C.
        slot: u8,
        /// 1 never, 2 once, 3 always.
        pin_policy: u8,
        /// 1 never, 2 always, 3 cached.
        touch_policy: u8,
    },
    /// Back to factory state.
    Reset {
        /// The card.
        serial: u32,
    },
    /// Takes the room for this connection alone, as far as others ask for it; waits.
    Lock,
    /// Gives the room back.
    Unlock,
    /// Tells of every card.
    Status,
    /// Writes the kept cards to `cards.json` in the room's directory.
    Save,
}

/// The answer to a [`Request`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Done; the value depends on the request.
    Ok(serde_json::Value),
    /// Not done, and why.
    Error(String),
}

/// A card as [`Request::Status`] tells of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CardStatus {
    /// Its serial.
    pub serial: u32,
    /// Its firmware.
    pub firmware: String,
    /// The reader that it is in.
    pub reader: Option<String>,
    /// How often it asked for a touch.
    pub touches_asked: u32,
    /// Whether it stays when its connection ends.
    pub keep: bool,
}

pub(super) fn default_firmware() -> String {
    "5.7.1".to_owned()
}

pub(super) fn default_root() -> String {
    "test".to_owned()
}

pub(super) fn default_touch_timeout() -> u64 {
    3_000
}
