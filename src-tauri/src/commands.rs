//! What windows may ask for. Each window's own list stands in its capability file: a command that is not
//! named there is refused before it is called.

#![expect(
    clippy::unreachable,
    reason = "Tauri's macro writes one into each command, never to be run, to check its type"
)]

mod book;
mod drafts;
mod founding;
mod frame;
mod journal;
mod officers;
mod pins;
mod policy;
pub(crate) mod proposals;
mod proposing;
mod settings;
mod sheets;
pub(crate) mod vaults;

use tauri_specta::collect_commands;

pub use frame::class as frame_class;

use crate::dto::{Changed, Happened};
use crate::windows::{PinChanged, SheetChanged};

/// The main window's commands and events.
#[cfg(test)]
pub fn main_window() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            frame::start,
            frame::frame,
            frame::turn,
            frame::plugged_keys,
            frame::nodes,
            frame::cancel_act,
            proposals::proposals,
            proposals::proposal,
            proposals::batch_items,
            proposals::limits,
            proposals::export_receipt,
            drafts::check_draft,
            drafts::check_table,
            proposing::propose_payout,
            proposing::propose_table,
            proposing::propose_sweep,
            proposing::propose_payee,
            proposing::propose_payee_removal,
            proposing::propose_policy,
            proposing::propose_officer,
            proposing::propose_suspension,
            proposing::propose_vault,
            proposing::propose_asset,
            proposing::propose_thaw,
            proposing::propose_cancel,
            proposing::bump,
            proposing::confirm_clock,
            sheets::open_sheet,
            sheets::open_freeze_sheet,
            book::payees,
            vaults::vaults,
            vaults::holdings,
            vaults::read_holdings,
            vaults::balance_history,
            vaults::stop_reading,
            vaults::receive,
            vaults::make_keys,
            policy::policy,
            policy::policy_history,
            policy::check_policy,
            officers::officers,
            officers::machines,
            officers::enrolments,
            officers::key_readiness,
            officers::prepare_key,
            officers::enrol,
            founding::founding_choices,
            founding::found,
            founding::join,
            journal::journal,
            journal::verify_journal,
            journal::export_journal,
            journal::back_up,
            settings::settings,
            settings::set_bitcoin_node,
            settings::set_evm_node,
            settings::set_certificates,
            settings::test_node,
        ])
        .events(tauri_specta::collect_events![Changed, Happened])
}

/// The approval sheet's.
#[cfg(test)]
pub fn sheet_window() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            sheets::sheet,
            sheets::approve,
            sheets::decline,
            sheets::release,
            sheets::freeze,
            sheets::close_sheet,
        ])
        .events(tauri_specta::collect_events![SheetChanged])
}

/// The PIN window's.
#[cfg(test)]
pub fn pin_window() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .disable_serde_phases()
        .commands(collect_commands![
            pins::pin_request,
            pins::give_pin,
            pins::give_up,
        ])
        .events(tauri_specta::collect_events![PinChanged])
}

/// All of them, as the program answers them.
pub fn all() -> tauri_specta::Builder<tauri::Wry> {
    tauri_specta::Builder::new()
        .commands(collect_commands![
            frame::start,
            frame::frame,
            frame::turn,
            frame::plugged_keys,
            frame::nodes,
            frame::cancel_act,
            proposals::proposals,
            proposals::proposal,
            proposals::batch_items,
            proposals::limits,
            proposals::export_receipt,
            drafts::check_draft,
            drafts::check_table,
            proposing::propose_payout,
            proposing::propose_table,
            proposing::propose_sweep,
            proposing::propose_payee,
            proposing::propose_payee_removal,
            proposing::propose_policy,
            proposing::propose_officer,
            proposing::propose_suspension,
            proposing::propose_vault,
            proposing::propose_asset,
            proposing::propose_thaw,
            proposing::propose_cancel,
            proposing::bump,
            proposing::confirm_clock,
            sheets::open_sheet,
            sheets::open_freeze_sheet,
            book::payees,
            vaults::vaults,
            vaults::holdings,
            vaults::read_holdings,
            vaults::balance_history,
            vaults::stop_reading,
            vaults::receive,
            vaults::make_keys,
            policy::policy,
            policy::policy_history,
            policy::check_policy,
            officers::officers,
            officers::machines,
            officers::enrolments,
            officers::key_readiness,
            officers::prepare_key,
            officers::enrol,
            founding::founding_choices,
            founding::found,
            founding::join,
            journal::journal,
            journal::verify_journal,
            journal::export_journal,
            journal::back_up,
            settings::settings,
            settings::set_bitcoin_node,
            settings::set_evm_node,
            settings::set_certificates,
            settings::test_node,
            sheets::sheet,
            sheets::approve,
            sheets::decline,
            sheets::release,
            sheets::freeze,
            sheets::close_sheet,
            pins::pin_request,
            pins::give_pin,
            pins::give_up,
        ])
        .events(tauri_specta::collect_events![
            Changed,
            Happened,
            SheetChanged,
            PinChanged
        ])
}
