//! The node's edge on a real anvil, and behind a proxy that lies. Keys are known to these tests alone.

#![cfg(test)]

mod balances;
mod lies;
mod node;
mod pay;
mod proxy;
mod replace;
mod rig;
