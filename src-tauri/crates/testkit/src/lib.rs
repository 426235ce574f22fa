//! Virtual YubiKeys over PC/SC, chain nodes, lying peers: for tests and the demo only.
//!
//! * [`virtual_yubikey`]: the card itself, answering APDUs.
//! * [`room`]: a private pcscd with virtual readers, the cards in it, and the client that tests use.
//! * [`bitcoind`] and [`proxy`]: a private regtest node, and a line to it that can fail.
//! * [`anvil`] and [`lying_rpc`]: a private EVM chain with tokens, and a server before it that lies.
//! * [`session_bus`]: a private D-Bus session with a real keyring.
//! * [`windows`]: a private screen, and the windows of a program on it, driven through WebKit's driver.
//! * [`typed`]: what the tests' officers type.
//!
//! Nothing here guards anything: keys are written to disk in the clear.

pub mod anvil;
pub mod bitcoind;
mod http;
mod leash;
pub mod lying_rpc;
mod programs;
pub mod proxy;
pub mod room;
mod rpc;
pub mod session_bus;
pub mod typed;
pub mod virtual_yubikey;
pub mod windows;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// A lock whose data stays usable after a panic elsewhere: one failed test must not fail the next.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
