//! Key generation and the seats of a vault.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::secp256k1::PublicKey;
use bitcoin::secp256k1::constants::PUBLIC_KEY_SIZE;
use domain::act::{Abort, KeygenRun, VaultKey, VaultReady};
use domain::{Epoch, SeatId, SeatKind, VaultId, VaultPlan};
use plans::VaultView;

use crate::illegal::IllegalEntry;
use crate::state::{Treasury, VaultRecord, VaultStage};

/// Seats are on known machines and open to active officers; no machine signs with keyring-sealed
/// seats alone; recovery takes as many people as governance does.
pub(crate) fn check_seats(treasury: &Treasury, plan: &VaultPlan) -> Result<(), String> {
    let mut devices: BTreeMap<_, u16> = BTreeMap::new();
    for seat in plan.seats() {
        if treasury.active_machine(seat.machine).is_none() {
            return Err(format!(
                "seat {}: its machine is not on the roster",
                seat.id
            ));
        }
        if let Some(unknown) = seat
            .kind
            .officers()
            .iter()
            .find(|officer| treasury.active_officer(**officer).is_none())
        {
            return Err(format!(
                "seat {}: officer {} is not active",
                seat.id,
                unknown.short()
            ));
        }
        match &seat.kind {
            SeatKind::Device => {
                let count = devices.entry(seat.machine).or_default();
                *count = count.saturating_add(1);
                if *count >= plan.threshold() {
                    return Err(
                        "one machine would reach the threshold with keyring-sealed seats alone"
                            .to_owned(),
                    );
                }
            }
            SeatKind::Hardware { .. } => {}
            SeatKind::Recovery { pieces, .. } => {
                let quorum = treasury.adoption.policy.governance_quorum().unwrap_or(2);
                if usize::from(*pieces) < quorum {
                    return Err(format!(
                        "seat {}: {pieces} pieces open it, but governance takes {quorum} officers; recovery takes at least as many",
                        seat.id
                    ));
                }
            }
        }
    }
    Ok(())
}

pub(crate) fn keygen_started(treasury: &mut Treasury, run: &KeygenRun) -> Result<(), IllegalEntry> {
    let refuse = |why: &str| IllegalEntry::Vault {
        vault: run.vault,
        why: why.to_owned(),
    };
    if !treasury.freezes_over(run.vault, None).is_empty() {
        return Err(IllegalEntry::Frozen);
    }
    if treasury.sessions.contains(&run.session) {
        return Err(refuse("the session was used before"));
    }
    if run.epoch != Epoch::FIRST {
        return Err(refuse("key generation makes the first epoch"));
    }
    let banned =
        |(vault, epoch, _): &&(VaultId, Epoch, SeatId)| (*vault, *epoch) == (run.vault, run.epoch);
    if let Some((_, _, seat)) = treasury.bans.iter().find(banned) {
        return Err(refuse(&format!(
            "seat {seat} broke the protocol and is banned; order the vault anew without it"
        )));
    }
    let vault = vault_mut(treasury, run.vault)?.clone();
    match vault.stage {
        // People and machines may have gone since it was ordered.
        VaultStage::Ordered => check_seats(treasury, &vault.plan)
            .map_err(|why| refuse(&format!("{why}; order it anew")))?,
        VaultStage::Generating(_) => {
            return Err(refuse("another key generation is not closed yet"));
        }
        VaultStage::Ready { .. } => return Err(refuse("it has a key")),
    }
    vault_mut(treasury, run.vault)?.stage = VaultStage::Generating(run.session);
    treasury.sessions.insert(run.session);
    Ok(())
}

pub(crate) fn keygen_aborted(treasury: &mut Treasury, abort: &Abort) -> Result<(), IllegalEntry> {
    let running = VaultStage::Generating(abort.session);
    let (id, vault) = treasury
        .vaults
        .iter_mut()
        .find(|(_, vault)| vault.stage == running)
        .ok_or_else(|| IllegalEntry::Unknown {
            what: "key generation",
            which: abort.session.short(),
        })?;
    if let Some(seat) = abort
        .culprits
        .iter()
        .find(|s| vault.plan.seat(**s).is_none())
    {
        let why = format!("it has no seat {seat} to blame");
        return Err(IllegalEntry::Vault { vault: *id, why });
    }
    // Nothing secret outlives an aborted key generation: honest seats may try again. One that broke
    // the protocol is banned from this key for good; the vault is ordered anew without it.
    vault.stage = VaultStage::Ordered;
    let banned = abort.culprits.iter().map(|seat| (*id, Epoch::FIRST, *seat));
    treasury.bans.extend(banned.collect::<Vec<_>>());
    Ok(())
}

pub(crate) fn ready(treasury: &mut Treasury, ready: &VaultReady) -> Result<(), IllegalEntry> {
    let refuse = |why: &str| IllegalEntry::Vault {
        vault: ready.vault,
        why: why.to_owned(),
    };
    if !treasury.freezes_over(ready.vault, None).is_empty() {
        return Err(IllegalEntry::Frozen);
    }
    let vault = vault_mut(treasury, ready.vault)?;
    if vault.stage != VaultStage::Generating(ready.session) {
        return Err(refuse("this key generation is not running"));
    }
    let seats: BTreeSet<SeatId> = vault.plan.seats().iter().map(|seat| seat.id).collect();
    check_key(&vault.plan, &seats, &ready.key).map_err(|why| refuse(&why))?;
    let sealed: BTreeMap<SeatId, Vec<u8>> = ready
        .sealed
        .iter()
        .map(|sealed| (sealed.seat, sealed.sha256.0.clone()))
        .collect();
    let hashes = sealed.values().all(|hash| hash.len() == 32);
    if sealed.len() != ready.sealed.len()
        || sealed.keys().copied().collect::<BTreeSet<_>>() != seats
        || !hashes
    {
        return Err(refuse("not every seat's share is sealed"));
    }
    let accepted: BTreeSet<SeatId> = ready.accepted_by.iter().flatten().copied().collect();
    let quorums = ready.accepted_by.iter().all(|quorum| {
        let members: BTreeSet<_> = quorum.iter().collect();
        members.len() == usize::from(vault.plan.threshold()) && members.len() == quorum.len()
    });
    if accepted != seats || !quorums {
        return Err(refuse("the quorums that signed do not cover all seats"));
    }
    vault.stage = VaultStage::Ready {
        key: ready.key.clone(),
        sealed,
    };
    VaultRecord::view(vault, ready.vault)
        .ok_or_else(|| refuse("its key is no key"))?
        .keys()
        .map_err(|e| refuse(&e.to_string()))?;
    Ok(())
}

fn check_key(plan: &VaultPlan, seats: &BTreeSet<SeatId>, key: &VaultKey) -> Result<(), String> {
    let holders: BTreeSet<SeatId> = key.verifying_shares.iter().map(|(seat, _)| *seat).collect();
    if key.threshold != plan.threshold() || key.epoch != Epoch::FIRST {
        return Err("its key has another threshold or epoch than ordered".to_owned());
    }
    if &holders != seats || key.verifying_shares.len() != seats.len() {
        return Err("its key is not shared among exactly its seats".to_owned());
    }
    let off_curve = key.verifying_shares.iter().find(|(_, share)| {
        share.0.len() != PUBLIC_KEY_SIZE || PublicKey::from_slice(&share.0).is_err()
    });
    match off_curve {
        Some((seat, _)) => Err(format!(
            "the verifying share of seat {seat} is no point of the curve"
        )),
        None => Ok(()),
    }
}

fn vault_mut(treasury: &mut Treasury, id: VaultId) -> Result<&mut VaultRecord, IllegalEntry> {
    treasury
        .vaults
        .get_mut(&id)
        .ok_or_else(|| IllegalEntry::Unknown {
            what: "vault",
            which: id.short(),
        })
}

impl VaultRecord {
    /// What plans and addresses are derived from, once the vault is ready.
    pub fn view(&self, id: VaultId) -> Option<VaultView> {
        self.key().map(|key| VaultView {
            vault: id,
            network: self.plan.network(),
            key: key.clone(),
        })
    }
}
