//! Policies tested as data: every file of `cases/` is one case. It names the rule it attacks, a policy,
//! the facts, a payout or change, approvals, and the verdict with its exact reasons.
//!
//! Unless a file says otherwise the treasury has active officers Alice, Bob, Carol, Dora and Erin,
//! a vault `Main` on regtest and a vault `Ether` on Ethereum, ETH and USDC of Ethereum in the registry,
//! and an address book that has held `Hetzner` and `City Power` on regtest, `Node Host` and `Auditor` on
//! Ethereum for 30 days; it is Friday 2026-11-20 10:00 UTC, and the proposal was made an hour ago and ends in a day.
//! Times are relative to the moment of the decision: `-1 h`, `+5 min`.

#[cfg(test)]
mod case;
#[cfg(test)]
mod support;

use std::path::PathBuf;

use case::Case;

#[test]
fn every_case_has_its_verdict_and_reasons() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 40, "only {} cases found", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let case: Case = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        if let Err(difference) = case.run() {
            wrong.push(format!("== {name}: {}\n{difference}", case.rule));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        files.len(),
        wrong.join("\n")
    );
}
