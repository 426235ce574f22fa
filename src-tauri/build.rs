//! Tells Tauri which commands there are: without the list every window could call every command.

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const COMMANDS: &[&str] = &[
        "start",
        "frame",
        "turn",
        "plugged_keys",
        "nodes",
        "cancel_act",
        "proposals",
        "proposal",
        "batch_items",
        "limits",
        "export_receipt",
        "check_draft",
        "check_table",
        "propose_payout",
        "propose_table",
        "propose_sweep",
        "propose_payee",
        "propose_payee_removal",
        "propose_policy",
        "propose_officer",
        "propose_suspension",
        "propose_vault",
        "propose_asset",
        "propose_thaw",
        "propose_cancel",
        "bump",
        "confirm_clock",
        "open_sheet",
        "open_freeze_sheet",
        "payees",
        "vaults",
        "holdings",
        "read_holdings",
        "balance_history",
        "stop_reading",
        "receive",
        "make_keys",
        "policy",
        "policy_history",
        "check_policy",
        "officers",
        "machines",
        "enrolments",
        "key_readiness",
        "prepare_key",
        "enrol",
        "founding_choices",
        "found",
        "join",
        "journal",
        "verify_journal",
        "export_journal",
        "back_up",
        "settings",
        "set_bitcoin_node",
        "set_evm_node",
        "set_certificates",
        "test_node",
        "sheet",
        "approve",
        "decline",
        "release",
        "freeze",
        "close_sheet",
        "pin_request",
        "give_pin",
        "give_up",
    ];
    page_for_a_checkout()?;
    tauri_build::try_build(
        tauri_build::Attributes::new()
            .app_manifest(tauri_build::AppManifest::new().commands(COMMANDS)),
    )?;
    Ok(())
}

/// The pages are built by npm and not kept in git; Tauri wants their folder to be there. A checkout that
/// has not built them gets a page that says so.
fn page_for_a_checkout() -> std::io::Result<()> {
    let dist = std::path::Path::new("../ui/dist");
    if dist.join("index.html").exists() {
        return Ok(());
    }
    std::fs::create_dir_all(dist)?;
    std::fs::write(
        dist.join("index.html"),
        "<!doctype html><title>Countersign</title><p>The pages of this build are missing: run `npm ci && npm run build` in ui/, then build again.",
    )
}
