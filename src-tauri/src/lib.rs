//! Countersign's desktop app: windows over the same driver as the terminal.
//!
//! Three windows, each with its own page and its own list of commands (`capabilities/`). The main window
//! shows and drafts. The approval sheet is the only one that may approve, decline, release or freeze, and
//! shows what is read from the journal here. The PIN window is the only one that may hand over a PIN.
//! Nothing here decides anything: commands read what the journal means, ask the driver to act, and say
//! what came of it.

mod app;
mod balances;
mod commands;
mod convert;
mod dto;
mod engine;
mod files;
mod host;
mod index;
mod keywatch;
mod nodes;
mod pin;
mod problem;
mod receipt;
mod seats;
mod sheet;
mod start;
mod windows;

#[cfg(test)]
mod tests;

pub use start::run;
