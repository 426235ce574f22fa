//! What the key generations of all schemes have in common: the plan, and how it is confirmed.

use std::collections::BTreeMap;

use domain::Canonical;
use domain::id::SeatId;
use domain::seal::ShareBinding;

use crate::abort::Fault;
use crate::acceptance::Trial;
use crate::binding::Tag;
use crate::group::Group;
use crate::inbox::Body;
use crate::share::{FreshShare, Secret};

pub(crate) const HASH: usize = 32;

/// What all seats agree on.
pub(crate) struct Plan {
    pub tag: Tag,
    pub binding: ShareBinding,
    pub threshold: u16,
    pub seats: Vec<SeatId>,
}

/// The last state: the outcome's hash is out.
pub(crate) struct Confirmed {
    pub outcome: [u8; HASH],
    share: FreshShare,
    trial: Trial,
}

impl Confirmed {
    pub fn new(plan: &Plan, transcript: &[u8], group: Group, secret: Secret) -> Self {
        let binding = plan.binding;
        let outcome = outcome(&plan.tag, transcript, &group);
        let share = FreshShare {
            binding,
            group: group.clone(),
            secret,
        };
        Self {
            outcome,
            share,
            trial: Trial::new(binding, group, outcome),
        }
    }

    pub fn finish(self, confirms: &BTreeMap<SeatId, Body>) -> Result<(FreshShare, Trial), Fault> {
        let seats = differing(confirms, &self.outcome);
        if !seats.is_empty() {
            return Err(Fault::OutcomeDiffers { seats });
        }
        Ok((self.share, self.trial))
    }
}

/// Binds a contribution to its sender: replayed under another name it opens to nothing.
pub(crate) fn commitment(tag: &Tag, seat: SeatId, contribution: &[u8]) -> [u8; HASH] {
    Canonical::new("countersign/keygen-commitment/v1")
        .bytes(tag)
        .number(seat.get().into())
        .bytes(contribution)
        .finish()
}

/// The libraries know no chain code that can be trusted; this one is public, the same for all, and
/// not for any seat to choose: it follows from the group key and everything that was broadcast.
pub(crate) fn chain_code(group: &[u8], transcript: &[u8]) -> [u8; 32] {
    Canonical::new("countersign/chain-code/v1")
        .bytes(group)
        .bytes(transcript)
        .finish()
}

/// Seats whose hash is not this one.
pub(crate) fn differing(hashes: &BTreeMap<SeatId, Body>, mine: &[u8; HASH]) -> Vec<SeatId> {
    let differs = |(seat, hash): (&SeatId, &Body)| (hash.as_slice() != mine).then_some(*seat);
    hashes.iter().filter_map(differs).collect()
}

/// The whole public outcome.
fn outcome(tag: &Tag, transcript: &[u8], group: &Group) -> [u8; HASH] {
    let key = group.vault_key();
    let start = Canonical::new("countersign/keygen-outcome/v1")
        .bytes(tag)
        .bytes(transcript)
        .number(key.epoch.get().into())
        .number(key.threshold.into())
        .bytes(&key.group.0)
        .bytes(&key.chain_code.0)
        .number(key.verifying_shares.len() as u64);
    let shares = key.verifying_shares.iter();
    shares
        .fold(start, |hash, (seat, share)| {
            hash.number(seat.get().into()).bytes(&share.0)
        })
        .finish()
}
