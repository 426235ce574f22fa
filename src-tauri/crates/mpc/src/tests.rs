//! Tests of the whole crate: honest runs, lying seats, vectors, wire formats.

mod acceptance;
mod derivation;
mod dkls;
mod harness;
mod honest;
mod lying_dealers;
mod lying_messages;
mod lying_signers;
mod refusals;
mod shares;
mod types;
mod vectors;
mod wire;
