//! A wallet on a real regtest node. The group key's secret is known to these tests alone.

#![cfg(test)]

mod addresses;
mod chain;
mod faults;
mod join;
mod pay;
mod rig;
mod sync;
