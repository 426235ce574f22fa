//! The loop that joins the others: append, act, append the outcome.
//!
//! [`Driver`] is one machine's treasury. Officers act on it ([`Driver::propose`], [`Driver::approve`],
//! [`Driver::release`] and so on) through a [`Desk`], and [`Driver::turn`] does whatever can be done
//! without waiting for anybody. Before anything is done it is in the journal; what came of it follows
//! as another entry. So a process may die at any [`CrashPoint`] and the next one goes on.
//!
//! Seats of one machine run as tasks over the in-process relay. Each gets the journal's entries and
//! nothing else, replays them, judges for itself at its own clock, and signs what it decoded itself.

mod acts;
mod backup;
mod ceremony;
mod chain;
mod clock;
mod crash;
mod deposits;
mod desk;
mod draft;
mod error;
mod evm;
mod found;
mod home;
mod ledger;
mod look;
mod machine;
mod opening;
mod receive;
mod seats;
mod session;
mod sights;
mod sweep;
mod turn;
mod yubikeys;

pub use acts::words;
pub use backup::{BackupReport, RestorePlan, class_of_backup};
pub use chain::Event;
pub use clock::{Clock, ClockError, Moment, SystemClock};
pub use crash::{Crash, CrashPoint, NoCrash};
pub use deposits::Unswept;
pub use desk::{Desk, DeskError, Purpose};
pub use error::DriverError;
pub use evm::EvmHoldings;
pub use found::{FoundingPlan, enrolment, enrolments, first_anchors, keep_enrolment};
pub use home::{
    BitcoinSettings, EvmSettings, Home, HomeError, Settings, create_private_dir, write_whole,
};
pub use ledger::{Ledger, MachineSigner};
pub use machine::{Driver, Surroundings};
pub use receive::BtcHoldings;
pub use sweep::SweepDraft;
pub use yubikeys::{Prompt, YubiKeys};

#[cfg(test)]
extern crate self as driver;
#[cfg(test)]
#[expect(dead_code, reason = "each test file uses its own part")]
#[path = "../tests/common/mod.rs"]
mod common;
#[cfg(test)]
mod lying_seats;
