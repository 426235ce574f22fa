//! The public side of a shared key, checked, and its BIP32 children.

use std::collections::BTreeMap;

use bitcoin::bip32::{ChainCode, ChildNumber, Fingerprint, Xpub};
use bitcoin::key::TapTweak;
use bitcoin::secp256k1::{PublicKey, Secp256k1, VerifyOnly, XOnlyPublicKey};
use domain::act::{ChildPath, VaultKey};
use domain::id::SeatId;
use domain::roster::HexBytes;
use domain::vault::Epoch;
use frost_secp256k1_tr as frost;
use k256::elliptic_curve::PrimeField;
use k256::elliptic_curve::sec1::ToEncodedPoint;
use k256::{ProjectivePoint, Scalar};

use crate::binding::Scheme;

/// A vault's public key material that does not hold together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultKeyError {
    /// Not a compressed point of secp256k1.
    #[error("the vault's group key is no point of secp256k1")]
    GroupKey,
    /// Not 32 bytes.
    #[error("the vault's chain code is not 32 bytes")]
    ChainCode,
    /// Not a compressed point of secp256k1.
    #[error("the verifying share of seat {0} is no point of secp256k1")]
    VerifyingShare(SeatId),
    /// Out of order, doubled, or too few for the threshold.
    #[error(
        "the verifying shares are not one for each seat, in order, and enough for the threshold"
    )]
    Seats,
    /// The verifying shares do not lie on one polynomial that meets the group key.
    #[error("the verifying shares of the vault do not belong to its group key")]
    Inconsistent,
}

/// What everybody may know of a shared key. Its verifying shares lie on one polynomial of degree
/// t - 1 whose value at 0 is the group key.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Group {
    pub scheme: Scheme,
    pub epoch: Epoch,
    pub threshold: u16,
    pub key: PublicKey,
    pub chain_code: [u8; 32],
    pub shares: BTreeMap<SeatId, k256::PublicKey>,
}

impl Group {
    /// Reads a vault's key and checks that its parts belong together.
    pub fn parse(scheme: Scheme, key: &VaultKey) -> Result<Self, VaultKeyError> {
        let shares = parse_shares(&key.verifying_shares)?;
        if !(2..=shares.len()).contains(&usize::from(key.threshold)) {
            return Err(VaultKeyError::Seats);
        }
        let bytes = <&[u8; 33]>::try_from(key.group.0.as_slice());
        let bytes = bytes.map_err(|_| VaultKeyError::GroupKey)?;
        let group = Self {
            scheme,
            epoch: key.epoch,
            threshold: key.threshold,
            key: PublicKey::from_slice(bytes).map_err(|_| VaultKeyError::GroupKey)?,
            chain_code: <[u8; 32]>::try_from(key.chain_code.0.as_slice())
                .map_err(|_| VaultKeyError::ChainCode)?,
            shares,
        };
        group.check()?;
        Ok(group)
    }

    /// The same as an entry of the journal holds it.
    pub fn vault_key(&self) -> VaultKey {
        let share = |(seat, share): (&SeatId, &k256::PublicKey)| {
            let point = share.to_encoded_point(true);
            (*seat, HexBytes(point.as_bytes().to_vec()))
        };
        VaultKey {
            epoch: self.epoch,
            threshold: self.threshold,
            group: HexBytes(self.key.serialize().to_vec()),
            chain_code: HexBytes(self.chain_code.to_vec()),
            verifying_shares: self.shares.iter().map(share).collect(),
        }
    }

    /// All seats, in order.
    pub fn seats(&self) -> Vec<SeatId> {
        self.shares.keys().copied().collect()
    }

    /// Interpolation: any t of the points determine the polynomial, and so the group key at 0 and
    /// every other point (Feldman 1987).
    fn check(&self) -> Result<(), VaultKeyError> {
        let points = points(self.scheme, &self.shares);
        let (base, others) = points
            .split_at_checked(usize::from(self.threshold))
            .ok_or(VaultKeyError::Seats)?;
        let group = point(&self.key.serialize()).ok_or(VaultKeyError::GroupKey)?;
        let meets = |(at, wanted): &(Scalar, ProjectivePoint)| {
            interpolate(base, *at).is_some_and(|value| value == *wanted)
        };
        let all = meets(&(Scalar::ZERO, group.to_projective())) && others.iter().all(meets);
        all.then_some(()).ok_or(VaultKeyError::Inconsistent)
    }

    /// The BIP32 root. The network is only a version byte of the text form and plays no part here.
    fn root(&self) -> Option<Xpub> {
        Some(Xpub {
            network: bitcoin::NetworkKind::Main,
            depth: 0,
            parent_fingerprint: Fingerprint::default(),
            child_number: ChildNumber::from_normal_idx(0).ok()?,
            public_key: self.key,
            chain_code: ChainCode::from(self.chain_code),
        })
    }

    /// The child at a path: BIP32's public derivation, with the sum of its tweaks. `None` where
    /// BIP32 has no child, which is less likely than 1 in 2^127.
    pub fn child(&self, secp: &Secp256k1<VerifyOnly>, path: ChildPath) -> Option<Child> {
        let mut xpub = self.root()?;
        let mut tweak = Scalar::ZERO;
        for step in [path.keychain(), path.index()] {
            let number = ChildNumber::from_normal_idx(step).ok()?;
            let (add, _) = xpub.ckd_pub_tweak(number).ok()?;
            tweak += Option::<Scalar>::from(Scalar::from_repr(add.secret_bytes().into()))?;
            xpub = xpub.ckd_pub(secp, number).ok()?;
        }
        let (internal, _) = xpub.public_key.x_only_public_key();
        let (output, _) = internal.tap_tweak(secp, None);
        Some(Child {
            tweak,
            key: xpub.public_key,
            output: output.to_x_only_public_key(),
        })
    }

    /// The verifying shares of the child key, of those seats that sign.
    pub fn public_keys(
        &self,
        child: &Child,
        signers: &[SeatId],
    ) -> Option<frost::keys::PublicKeyPackage> {
        let add = ProjectivePoint::GENERATOR * child.tweak;
        let share = |seat: &SeatId| {
            let moved = self.shares.get(seat)?.to_projective() + add;
            let bytes = moved.to_affine().to_encoded_point(true);
            let share = frost::keys::VerifyingShare::deserialize(bytes.as_bytes()).ok()?;
            Some((identifier(*seat)?, share))
        };
        Some(frost::keys::PublicKeyPackage::new(
            signers.iter().map(share).collect::<Option<_>>()?,
            child.verifying_key()?,
            Some(self.threshold),
        ))
    }
}

/// A child of the group key.
pub(crate) struct Child {
    /// What is added to every share: public, as the chain code is.
    pub tweak: Scalar,
    /// The child's key, internal to Taproot.
    pub key: PublicKey,
    /// The key of the output: BIP341's tweak without a script tree, as BIP86 has it.
    pub output: XOnlyPublicKey,
}

impl Child {
    /// The child's key as FROST knows it.
    pub fn verifying_key(&self) -> Option<frost::VerifyingKey> {
        frost::VerifyingKey::deserialize(&self.key.serialize()).ok()
    }
}

/// A seat's FROST identifier: its number.
pub(crate) fn identifier(seat: SeatId) -> Option<frost::Identifier> {
    frost::Identifier::try_from(seat.get()).ok()
}

/// A point in its one compressed encoding; SEC1's other forms are refused.
pub(crate) fn point(bytes: &[u8]) -> Option<k256::PublicKey> {
    let key = k256::PublicKey::from_sec1_bytes(bytes).ok()?;
    (key.to_encoded_point(true).as_bytes() == bytes).then_some(key)
}

fn parse_shares(
    listed: &[(SeatId, HexBytes)],
) -> Result<BTreeMap<SeatId, k256::PublicKey>, VaultKeyError> {
    if !listed.is_sorted_by(|(one, _), (next, _)| one < next) {
        return Err(VaultKeyError::Seats);
    }
    let parse = |(seat, bytes): &(SeatId, HexBytes)| {
        let share = point(&bytes.0).ok_or(VaultKeyError::VerifyingShare(*seat))?;
        Ok((*seat, share))
    };
    listed.iter().map(parse).collect()
}

/// The key that the first t of the shares determine. Whether the others agree is for
/// [`Group::parse`] to find.
pub(crate) fn combine(
    scheme: Scheme,
    threshold: u16,
    shares: &BTreeMap<SeatId, k256::PublicKey>,
) -> Option<PublicKey> {
    let points = points(scheme, shares);
    let (base, _) = points.split_at_checked(usize::from(threshold))?;
    let key = interpolate(base, Scalar::ZERO)?;
    PublicKey::from_slice(key.to_affine().to_encoded_point(true).as_bytes()).ok()
}

/// Where the seats' shares lie on the polynomial. FROST takes the seat's number; DKLs23 knows
/// places from 1 without gaps, so there it is the place among the vault's seats.
fn points(
    scheme: Scheme,
    shares: &BTreeMap<SeatId, k256::PublicKey>,
) -> Vec<(Scalar, ProjectivePoint)> {
    let place = |place: u64, seat: &SeatId| match scheme {
        Scheme::FrostTaproot => Scalar::from(u64::from(seat.get())),
        Scheme::Dkls23 => Scalar::from(place),
    };
    (1..)
        .zip(shares)
        .map(|(number, (seat, share))| (place(number, seat), share.to_projective()))
        .collect()
}

/// Lagrange's interpolation in the exponent.
fn interpolate(base: &[(Scalar, ProjectivePoint)], at: Scalar) -> Option<ProjectivePoint> {
    base.iter()
        .try_fold(ProjectivePoint::IDENTITY, |sum, (x, value)| {
            let others = base.iter().filter(|(other, _)| other != x);
            let (above, below) = others
                .fold((Scalar::ONE, Scalar::ONE), |(above, below), (other, _)| {
                    (above * (at - other), below * (*x - other))
                });
            let inverse = Option::<Scalar>::from(below.invert())?;
            Some(sum + *value * (above * inverse))
        })
}
