//! The rules that never bend, each attacked through the fold: every refusal is looked at by its exact
//! name, and must leave the state as it was.
#![cfg(test)]

#[path = "../fixture/mod.rs"]
mod fixture;

mod approvals;
mod evm_assets;
mod grade;
mod model;
mod next_step;
mod restore;
mod roster;
mod rule_2_lying_builder;
mod rule_2_seats;
mod rule_2_versions;
mod rule_3_batches;
mod rule_3_bumps;
mod rule_3_bumps_on_chain;
mod rule_3_cancels;
mod rule_3_chain;
mod rule_3_evm;
mod rule_3_one_payment;
mod rule_3_reservations;
mod rule_3_sweeps;
mod rule_4_5_chain;
mod rule_7_freeze;
mod vaults;
