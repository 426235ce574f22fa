//! The words of the treasury attacked from outside: text, JSON and bytes that must be refused, and
//! digests that must never change unseen.

mod addresses;
mod amounts;
mod digests;
mod envelopes;
mod evm;
mod evm_amounts;
mod evm_digests;
mod evm_payouts;
mod keys;
mod layouts;
mod samples;
mod secrets;
mod strict;
mod sweeps;
