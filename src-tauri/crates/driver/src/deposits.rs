//! What lies on the deposit accounts of EVM vaults, and since when this machine has seen it there.
//!
//! No node says when a balance came, so it is noted when it is first seen. The notes are a cache: without
//! them the ages begin anew, and nothing else is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use domain::{Amount, Asset, Timestamp, VaultId};
use serde::{Deserialize, Serialize};

use crate::error::DriverError;
use crate::home::{Home, HomeError, read_file, write_whole};

/// Deposit accounts that are always looked at, beside the main one and those whose address was shown.
const DEPOSITS: u32 = 100;

/// Something that waits to be collected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unswept {
    /// The deposit account's number.
    pub account: u32,
    /// What lies there.
    pub amount: Amount,
    /// When this machine first saw something there, after it was last empty.
    pub since: Timestamp,
}

/// The notes on one vault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Deposits {
    /// Accounts beyond [`DEPOSITS`] whose address was shown.
    shown: BTreeSet<u32>,
    seen: Vec<Note>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Note {
    account: u32,
    asset: Asset,
    since: Timestamp,
}

impl Deposits {
    /// Reads the notes; none where there are none.
    pub fn read(home: &Home, vault: VaultId) -> Result<Self, DriverError> {
        let path = place(home, vault);
        if !path.exists() {
            return Ok(Self::default());
        }
        let bytes = read_file(&path)?;
        serde_json::from_slice(&bytes).map_err(|e| damaged(path, &e))
    }

    fn write(&self, home: &Home, vault: VaultId) -> Result<(), DriverError> {
        let path = place(home, vault);
        let text = serde_json::to_vec_pretty(self).map_err(|e| damaged(path.clone(), &e))?;
        Ok(write_whole(&path, &text)?)
    }

    /// The accounts to look at, the main one first.
    pub fn watched(&self) -> impl Iterator<Item = u32> {
        (0..=DEPOSITS).chain(self.shown.iter().copied())
    }

    /// Accounts where something was seen last time.
    pub fn funded(&self) -> impl Iterator<Item = u32> {
        self.seen.iter().map(|note| note.account)
    }

    /// Remembers that an account's address was shown, so that it is looked at from now on.
    pub fn show(mut self, home: &Home, vault: VaultId, account: u32) -> Result<(), DriverError> {
        if account > DEPOSITS && self.shown.insert(account) {
            self.write(home, vault)?;
        }
        Ok(())
    }

    /// Notes what is there now, and says since when it was. What is no longer there is forgotten.
    pub fn note(
        mut self,
        home: &Home,
        vault: VaultId,
        held: &[(u32, Amount)],
        now: Timestamp,
    ) -> Result<Vec<Unswept>, DriverError> {
        let known: BTreeMap<(u32, Asset), Timestamp> = { self.seen.iter() }
            .map(|note| ((note.account, note.asset), note.since))
            .collect();
        let found = |(account, amount): &(u32, Amount)| Unswept {
            account: *account,
            amount: *amount,
            since: { known.get(&(*account, amount.asset())) }
                .copied()
                .unwrap_or(now),
        };
        let unswept: Vec<Unswept> = { held.iter() }
            .filter(|(account, amount)| *account != 0 && !amount.is_zero())
            .map(found)
            .collect();
        let seen = { unswept.iter() }
            .map(|one| Note {
                account: one.account,
                asset: one.amount.asset(),
                since: one.since,
            })
            .collect();
        if seen != self.seen {
            self.seen = seen;
            self.write(home, vault)?;
        }
        Ok(unswept)
    }
}

fn place(home: &Home, vault: VaultId) -> PathBuf {
    home.root().join("deposits").join(format!("{vault}.json"))
}

fn damaged(path: PathBuf, error: &serde_json::Error) -> DriverError {
    let reason = format!("{error} (it can be deleted: only the ages of deposits are lost)");
    HomeError::Settings { path, reason }.into()
}

#[cfg(test)]
mod tests {
    use domain::Sats;

    use super::*;

    #[test]
    fn a_deposits_age_runs_from_its_first_sight_until_it_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path());
        let vault = VaultId::from_bytes([1; 32]);
        let at = |ms: u64| Timestamp::from_millis(1_800_000_000_000 + ms).unwrap();
        let sats = |n| Amount::Btc(Sats::new(n).unwrap());
        let note = |held: &[(u32, Amount)], ms| {
            let read = Deposits::read(&home, vault).unwrap();
            let all = read.note(&home, vault, held, at(ms)).unwrap();
            all.iter().map(|one| one.since).collect::<Vec<_>>()
        };
        assert_eq!(note(&[(0, sats(9)), (3, sats(0))], 1), []);
        assert_eq!(note(&[(3, sats(5))], 2), [at(2)]);
        assert_eq!(note(&[(2, sats(1)), (3, sats(7))], 3), [at(3), at(2)]);
        assert_eq!(note(&[(2, sats(1))], 4), [at(3)]);
        assert_eq!(note(&[(3, sats(7))], 5), [at(5)], "it was empty between");
        let read = || Deposits::read(&home, vault).unwrap();
        assert_eq!(read().watched().last(), Some(DEPOSITS));
        for account in [2_000_000, 7, 140] {
            read().show(&home, vault, account).unwrap();
        }
        let notes = read();
        let beyond = notes.watched().filter(|account| *account > DEPOSITS);
        assert_eq!(beyond.collect::<Vec<_>>(), [140, 2_000_000]);
        assert_eq!(read().funded().collect::<Vec<_>>(), [3]);
        std::fs::write(place(&home, vault), "{").unwrap();
        let error = Deposits::read(&home, vault).unwrap_err().to_string();
        assert!(error.contains("can be deleted"), "{error}");
    }
}
