//! A seat's whole state of DKLs23: its number, and what it shares with each other seat.

use bitcoin::hashes::{Hash, HashEngine, sha256};
use dkls23::protocols::derivation::DerivData;
use domain::act::ChildPath;
use domain::seal::ShareBinding;
use k256_dkls::ProjectivePoint;
use k256_dkls::elliptic_curve::sec1::ToSec1Point;
use zeroize::Zeroizing;

use super::{Curve, Party, decode, encode, index, no_address};
use crate::group::{Child, Group};
use crate::inbox::Body;
use crate::redact::redacted;

/// Bytes of the state beside what is held for each other seat.
const OWN: usize = 212;

/// Bytes that are held for each other seat: a seed, and base transfers in both directions.
const PEER: usize = 52_336;

/// Bytes of the check sum at the end.
const SUM: usize = 32;

/// The state of the group key, never of a child: children are derived for each signature.
///
/// The library's type can be copied and printed. This one can't; it is on the heap, and wiped when
/// dropped.
pub(crate) struct Root(Box<Party>);

redacted!(Root);

impl Root {
    /// Takes the state out of the library's hands, with the chain code of the group instead of the
    /// library's. `None` if it does not belong to the group, or could not be sealed.
    pub fn new(mut party: Party, binding: &ShareBinding, group: &Group) -> Option<Self> {
        party.derivation_data.chain_code = group.chain_code;
        let root = Self(Box::new(party));
        let whole = root.encode(&[]).len() == Self::length(group.shares.len());
        (whole && root.fits(binding, group)).then_some(root)
    }

    /// How long the encoding is at one of so many seats.
    pub const fn length(seats: usize) -> usize {
        OWN + PEER * seats.saturating_sub(1) + SUM
    }

    /// The state and a check sum over it and the head before it.
    ///
    /// The seal authenticates already. The sum is for what happens before and after: a damaged seed
    /// fits everything that can be checked, and would look like an attack of another seat.
    pub fn encode(&self, head: &[u8]) -> Body {
        // It has the right length: no state comes into being without this having been tried.
        let state = encode(&*self.0).unwrap_or_default();
        let mut bytes = Zeroizing::new(Vec::with_capacity(state.len() + SUM));
        bytes.extend(state.iter());
        bytes.extend(sum(head, &state));
        bytes
    }

    /// Reads the state and checks it against its sum, the seat and the group.
    pub fn decode(
        head: &[u8],
        bytes: &[u8],
        binding: &ShareBinding,
        group: &Group,
    ) -> Option<Self> {
        let (state, claimed) = bytes.split_last_chunk::<SUM>()?;
        if *claimed != sum(head, state) {
            return None;
        }
        let root = Self(Box::new(decode(state)?));
        root.fits(binding, group).then_some(root)
    }

    /// The state of a child key. It stays inside the signing session: with the chain code, it gives
    /// this share away.
    pub fn child(&self, path: ChildPath, wanted: &Child) -> Option<Box<Party>> {
        let parent = self.0.derivation_data.derive_child(path.keychain()).ok()?;
        let data: DerivData<Curve> = parent.derive_child(path.index()).ok()?;
        let mut child = self.0.clone();
        child.poly_point = data.poly_point;
        child.pk = data.pk;
        child.derivation_data = data;
        (compressed(&child.pk) == wanted.key.serialize()).then_some(child)
    }

    /// Whether this is the seat's own root state of the group's key, whole and of the right shape.
    fn fits(&self, binding: &ShareBinding, group: &Group) -> bool {
        let party = &*self.0;
        let seats = group.seats();
        let me = index(&seats, binding.seat);
        let parameters = (
            usize::from(party.parameters.share_count),
            u16::from(party.parameters.threshold),
        );
        let share = group.shares.get(&binding.seat);
        let number = ProjectivePoint::GENERATOR * party.poly_point;
        let number = point(&compressed(&number.to_affine()));
        me == Some(party.party_index)
            && parameters == (seats.len(), group.threshold)
            && party.session_id.len() == super::keygen::SESSION
            && compressed(&party.pk) == group.key.serialize()
            && number.is_some()
            && number.as_ref() == share
            && party.address == no_address(&party.pk)
            && self.is_root_of(group)
            && self.has_all_pairs(&seats)
    }

    fn is_root_of(&self, group: &Group) -> bool {
        let (party, data) = (&*self.0, &self.0.derivation_data);
        (data.depth, data.child_number, data.parent_fingerprint) == (0, 0, [0; 4])
            && data.poly_point == party.poly_point
            && data.pk == party.pk
            && data.chain_code == group.chain_code
    }

    fn has_all_pairs(&self, seats: &[domain::id::SeatId]) -> bool {
        let party = &*self.0;
        let me = party.party_index;
        let all = seats.iter().filter_map(|seat| index(seats, *seat));
        let peers: Vec<_> = all.filter(|one| *one != me).collect();
        let seeds = &party.zero_share.seeds;
        party.mul_senders.keys().eq(&peers)
            && party.mul_receivers.keys().eq(&peers)
            && seeds.iter().map(|seed| &seed.index_counterparty).eq(&peers)
            && seeds
                .iter()
                .all(|seed| seed.lowest_index == (me < seed.index_counterparty))
            && party
                .mul_senders
                .values()
                .all(|one| one.check_state().is_ok())
            && party
                .mul_receivers
                .values()
                .all(|one| one.check_state(None).is_ok())
    }
}

/// A point in its one compressed encoding.
pub(super) fn compressed(point: &k256_dkls::AffinePoint) -> Vec<u8> {
    point.to_sec1_point(true).as_bytes().to_vec()
}

/// A point of the library in the types of the rest of this crate.
pub(super) fn point(bytes: &[u8]) -> Option<k256::PublicKey> {
    crate::group::point(bytes)
}

fn sum(head: &[u8], state: &[u8]) -> [u8; SUM] {
    let mut engine = sha256::Hash::engine();
    engine.input(b"countersign/dkls-share/v1");
    engine.input(head);
    engine.input(state);
    sha256::Hash::from_engine(engine).to_byte_array()
}
