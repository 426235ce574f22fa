//! A seat's share of a vault's key: how it is held, sealed and opened.

use bitcoin::secp256k1::PublicKey;
use domain::act::VaultKey;
use domain::seal::{SealShare, SecretBytes, ShareBinding};
use frost_secp256k1_tr as frost;
use k256::elliptic_curve::PrimeField;
use k256::{ProjectivePoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use crate::binding::Scheme;
use crate::dkls::Root;
use crate::group::{Child, Group, VaultKeyError, identifier};
use crate::redact::redacted;

/// The plaintext's version.
const VERSION: u8 = 1;

/// Bytes before the secret part: version, scheme, treasury, vault, seat, epoch, threshold, group
/// key and chain code. Numbers are big-endian.
const PUBLIC: usize = 1 + 1 + 32 + 32 + 2 + 4 + 2 + 33 + 32;

/// FROST's secret part: one number.
const NUMBER: usize = 32;

/// An open share of a vault that is ready: with it, and t - 1 others, the vault pays.
///
/// It can't be copied, shown or serialised, and is wiped when dropped.
///
/// ```
/// fn opened(binding: domain::seal::ShareBinding, plaintext: domain::seal::SecretBytes, key: &domain::act::VaultKey) {
///     let _ = mpc::KeyShare::open(&binding, plaintext, key);
/// }
/// ```
///
/// ```compile_fail,E0451
/// fn forge(binding: domain::seal::ShareBinding) -> mpc::KeyShare {
///     mpc::KeyShare { binding, group: unimplemented!(), secret: unimplemented!() }
/// }
/// ```
pub struct KeyShare {
    pub(crate) binding: ShareBinding,
    pub(crate) group: Group,
    pub(crate) secret: Secret,
}

/// A share as key generation made it: good for nothing but being sealed, once.
///
/// ```
/// fn once<S: domain::seal::SealShare>(share: mpc::FreshShare, sealer: &mut S) {
///     let _ = share.seal(sealer);
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn twice<S: domain::seal::SealShare>(share: mpc::FreshShare, sealer: &mut S) {
///     let _ = share.seal(sealer);
///     let _ = share.seal(sealer);
/// }
/// ```
pub struct FreshShare {
    pub(crate) binding: ShareBinding,
    pub(crate) group: Group,
    pub(crate) secret: Secret,
}

redacted!(KeyShare, FreshShare, Secret, Number);

/// The secret part of a share, one arm a scheme.
pub(crate) enum Secret {
    Frost(Number),
    Dkls(Root),
}

/// A FROST share's number, on the heap so that moving it leaves no copy behind.
pub(crate) struct Number(Box<Zeroizing<[u8; NUMBER]>>);

/// Why a plaintext is not the share it should be. The share stays closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// Not the length of a share of this version.
    #[error("{0} bytes are no share: the sealed file is damaged, use its backup")]
    Length(usize),
    /// Sealed by a later Countersign.
    #[error("the share has version {0}, which this build does not know")]
    Version(u8),
    /// A share for another signature scheme, or for one that this build does not know.
    #[error("the share is for another signature scheme")]
    Scheme,
    /// Sealed for another treasury, vault, seat or epoch.
    #[error(
        "the share was sealed for another treasury, vault, seat or epoch than it is opened for"
    )]
    OtherBinding,
    /// A share of another key.
    #[error("the share belongs to another key than the journal names for this vault")]
    OtherKey,
    /// The secret part is damaged, or does not fit the seat's verifying share.
    #[error("the share does not fit the seat's verifying share: it can't sign, use its backup")]
    WrongShare,
    /// The public side itself is wrong.
    #[error("the vault's public key material is refused")]
    VaultKey(#[from] VaultKeyError),
}

impl KeyShare {
    /// Opens a share from its unsealed plaintext, after checking it against what it is opened for,
    /// against the seat's verifying share and the group key.
    pub fn open(
        binding: &ShareBinding,
        plaintext: SecretBytes,
        key: &VaultKey,
    ) -> Result<Self, OpenError> {
        let group = Group::parse(scheme_of(&plaintext)?, key)?;
        let secret = decode(binding, &plaintext, &group)?;
        Ok(Self {
            binding: *binding,
            group,
            secret,
        })
    }

    /// Whose share of what it is.
    pub const fn binding(&self) -> &ShareBinding {
        &self.binding
    }

    /// The kind of key it is a share of, as its own plaintext says.
    pub const fn scheme(&self) -> Scheme {
        self.group.scheme
    }

    /// Seals the share anew, for other openers. The open share is consumed.
    pub fn seal<S: SealShare>(self, sealer: &mut S) -> Result<S::Sealed, S::Error> {
        let plaintext = encode(&self.binding, &self.group, self.secret);
        sealer.seal(&self.binding, plaintext)
    }
}

impl FreshShare {
    /// Whose share of what it is.
    pub const fn binding(&self) -> &ShareBinding {
        &self.binding
    }

    /// The kind of key it is a share of.
    pub const fn scheme(&self) -> Scheme {
        self.group.scheme
    }

    /// Seals the share and wipes it: from here on it exists only sealed.
    pub fn seal<S: SealShare>(self, sealer: &mut S) -> Result<S::Sealed, S::Error> {
        let plaintext = encode(&self.binding, &self.group, self.secret);
        sealer.seal(&self.binding, plaintext)
    }
}

impl Number {
    /// Takes the number out of the library's hands.
    pub fn from_share(share: &frost::keys::SigningShare) -> Option<Self> {
        Self::from_bytes(&Zeroizing::new(share.serialize()))
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut secret = Box::new(Zeroizing::new([0; NUMBER]));
        if bytes.len() != NUMBER {
            return None;
        }
        secret.copy_from_slice(bytes);
        Some(Self(secret))
    }

    /// `None` for a number that does not fit the seat's verifying share.
    fn fitting(bytes: &[u8], binding: &ShareBinding, group: &Group) -> Option<Self> {
        let number = Self::from_bytes(bytes)?;
        let point = ProjectivePoint::GENERATOR * *number.scalar()?;
        let share = group.shares.get(&binding.seat)?;
        (share.to_projective() == point).then_some(number)
    }

    /// `None` for a number outside the field.
    fn scalar(&self) -> Option<Zeroizing<Scalar>> {
        Option::<Scalar>::from(Scalar::from_repr((**self.0).into())).map(Zeroizing::new)
    }

    /// The share of a child key: BIP32's tweak is added to every share alike, so it is added to the
    /// whole. It stays inside the signing session: with the chain code, it gives this share away.
    pub fn child(
        &self,
        seat: domain::id::SeatId,
        child: &Child,
        threshold: u16,
    ) -> Option<frost::keys::KeyPackage> {
        let mut sum = *self.scalar()? + child.tweak;
        let bytes = Zeroizing::new(<[u8; NUMBER]>::from(sum.to_bytes()));
        sum.zeroize();
        let (id, key) = (identifier(seat)?, child.verifying_key()?);
        let mut share = frost::keys::SigningShare::deserialize(bytes.as_slice()).ok()?;
        let verifying = frost::keys::VerifyingShare::from(share);
        let keys = frost::keys::KeyPackage::new(id, share, verifying, key, threshold);
        // The library's share is copied wherever it goes; its package wipes its own copy on drop.
        share.zeroize();
        Some(keys)
    }
}

fn encode(binding: &ShareBinding, group: &Group, secret: Secret) -> SecretBytes {
    let mut head = vec![VERSION, group.scheme.byte()];
    head.extend(bound_part(binding));
    head.extend(key_part(group));
    let secret = match secret {
        Secret::Frost(number) => Zeroizing::new(number.0.to_vec()),
        Secret::Dkls(root) => root.encode(&head),
    };
    // Exact capacity: a vector that grows leaves copies of secrets behind.
    let mut bytes = Vec::with_capacity(head.len() + secret.len());
    bytes.extend(head);
    bytes.extend(secret.iter());
    SecretBytes::new(bytes)
}

fn key_part(group: &Group) -> Vec<u8> {
    let mut bytes = group.threshold.to_be_bytes().to_vec();
    bytes.extend(group.key.serialize());
    bytes.extend(group.chain_code);
    bytes
}

fn bound_part(binding: &ShareBinding) -> Vec<u8> {
    let mut bytes = Vec::new();
    bytes.extend(binding.treasury.as_bytes());
    bytes.extend(binding.vault.as_bytes());
    bytes.extend(binding.seat.get().to_be_bytes());
    bytes.extend(binding.epoch.get().to_be_bytes());
    bytes
}

/// The scheme that a plaintext names.
fn scheme_of(plaintext: &SecretBytes) -> Result<Scheme, OpenError> {
    match plaintext.expose() {
        [] | [VERSION] => Err(OpenError::Length(plaintext.expose().len())),
        [VERSION, scheme, ..] => Scheme::from_byte(*scheme).ok_or(OpenError::Scheme),
        [version, ..] => Err(OpenError::Version(*version)),
    }
}

/// Reads a share's plaintext and checks everything in it.
pub(crate) fn decode(
    binding: &ShareBinding,
    plaintext: &SecretBytes,
    group: &Group,
) -> Result<Secret, OpenError> {
    let bytes = plaintext.expose();
    if scheme_of(plaintext)? != group.scheme {
        return Err(OpenError::Scheme);
    }
    let wanted = match group.scheme {
        Scheme::FrostTaproot => NUMBER,
        Scheme::Dkls23 => Root::length(group.shares.len()),
    };
    let (head, secret) = bytes
        .split_at_checked(PUBLIC)
        .filter(|(_, secret)| secret.len() == wanted)
        .ok_or(OpenError::Length(bytes.len()))?;
    let bound = bound_part(binding);
    let rest = head.get(2..).and_then(|rest| rest.strip_prefix(&*bound));
    let key = rest.filter(|_| group.epoch == binding.epoch);
    if key.ok_or(OpenError::OtherBinding)? != key_part(group) {
        return Err(OpenError::OtherKey);
    }
    let secret = match group.scheme {
        Scheme::FrostTaproot => Number::fitting(secret, binding, group).map(Secret::Frost),
        Scheme::Dkls23 => Root::decode(head, secret, binding, group).map(Secret::Dkls),
    };
    secret.ok_or(OpenError::WrongShare)
}

/// The group key as libsecp256k1 knows it.
pub(crate) fn group_key(key: &frost::VerifyingKey) -> Option<PublicKey> {
    PublicKey::from_slice(&key.serialize().ok()?).ok()
}
