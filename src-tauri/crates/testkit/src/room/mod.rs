//! A room: pcscd with virtual readers in a namespace of its own, and the virtual YubiKeys in them.
//!
//! Programs outside reach the readers with `PCSCLITE_CSOCK_NAME=<room>/sock/pcscd.comm`, which
//! [`cargo xtask test` and `cargo xtask room`](crate) set. The cards are commanded over the Unix
//! socket `<room>/keys.sock`, one JSON object a line: see [`Request`].

mod client;
mod host;
mod protocol;
mod readers;
pub mod server;

pub use client::{Card, CardOptions, Exclusive, Room};
pub use host::{RoomHost, enter_namespace};
pub use protocol::{CardStatus, Reply, Request};

use std::path::{Path, PathBuf};

/// The variable that names the room's directory.
pub const ROOM_VARIABLE: &str = "COUNTERSIGN_ROOM";

/// The socket of the room's pcscd.
pub fn pcscd_socket(room: &Path) -> PathBuf {
    room.join("sock/pcscd.comm")
}

fn keys_socket(room: &Path) -> PathBuf {
    room.join("keys.sock")
}
