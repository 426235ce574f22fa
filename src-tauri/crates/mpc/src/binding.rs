//! What a session is bound to, and what it refuses to start with.

use domain::Canonical;
use domain::id::{SeatId, SessionId, TreasuryId, VaultId};
use domain::vault::Epoch;

use crate::bans::Bans;

/// The signature scheme of a key, with the protocol that shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scheme {
    /// BIP340 signatures for Taproot, by FROST over secp256k1.
    FrostTaproot,
    /// ECDSA signatures over secp256k1 with low s, by DKLs23.
    Dkls23,
}

impl Scheme {
    /// The scheme's byte in messages and sealed shares.
    pub(crate) const fn byte(self) -> u8 {
        match self {
            Scheme::FrostTaproot => 1,
            Scheme::Dkls23 => 2,
        }
    }

    /// The scheme with this byte.
    pub(crate) const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Scheme::FrostTaproot),
            2 => Some(Scheme::Dkls23),
            _ => None,
        }
    }

    /// The scheme's name in hashes.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Scheme::FrostTaproot => "frost-secp256k1-tr",
            Scheme::Dkls23 => "dkls23-secp256k1",
        }
    }
}

/// Why a session does not start. Nothing was sent and no secret was made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A seat that broke the protocol before.
    #[error("seat {0} is banned from this sharing of the key: reshare without it")]
    Banned(SeatId),
    /// Numbers out of order or doubled.
    #[error("the seats of a session are named once each and in order")]
    SeatOrder,
    /// This seat takes no part.
    #[error("seat {0} is not among the seats of the session")]
    NotAMember(SeatId),
    /// A seat that the vault does not have.
    #[error("seat {0} holds no share of this vault's key")]
    UnknownSeat(SeatId),
    /// Below 2 or above n.
    #[error("a threshold of {threshold} over {seats} seats is not possible")]
    Threshold {
        /// t.
        threshold: u16,
        /// n.
        seats: usize,
    },
    /// Not exactly t signers.
    #[error("{given} seats were named and exactly {threshold} sign")]
    SignerCount {
        /// Seats named.
        given: usize,
        /// t.
        threshold: u16,
    },
    /// The share is not the one this session is for.
    #[error("the share belongs to another treasury, vault, epoch or seat than the session")]
    OtherShare,
    /// The order is not for this vault and epoch.
    #[error("the signing order is for another vault or epoch than the session")]
    OtherOrder,
    /// Nothing to sign, or more than any standard transaction has.
    #[error("{0} inputs: a session signs between 1 and {max}", max = crate::run::MAX_INPUTS)]
    InputCount(usize),
    /// More digests than one ECDSA session takes.
    #[error("{given} digests: an ECDSA session signs at most {max}")]
    TooManyDigests {
        /// Digests given.
        given: usize,
        /// The most that fit.
        max: usize,
    },
    /// An input on the path that only the acceptance signature uses.
    #[error("input {0} lies on the acceptance path, which never holds money")]
    AcceptancePath(usize),
    /// A child key that does not exist (less likely than 1 in 2^127).
    #[error("the child key of input {0} can't be derived")]
    NoChild(usize),
    /// The randomness handed over repeats itself.
    #[error("the source of randomness repeats itself: no nonce made from it is safe to use")]
    Randomness,
    /// The library refused what was checked before.
    #[error("the protocol can't begin: {0}")]
    Internal(&'static str),
}

/// 32 bytes in every message: a message of another session is told by them.
pub(crate) type Tag = [u8; 32];

/// Everything the seats of a session agree on before it begins.
pub(crate) struct Agreed<'a> {
    pub act: &'static str,
    pub scheme: Scheme,
    pub session: SessionId,
    pub treasury: TreasuryId,
    pub vault: VaultId,
    pub epoch: Epoch,
    pub threshold: u16,
    /// All seats of the vault.
    pub total: usize,
    /// Those that take part.
    pub seats: &'a [SeatId],
    /// The group's public key, or nothing before there is one.
    pub key: Vec<u8>,
}

impl Agreed<'_> {
    /// The session id proper: the random id hashed with everything it is for.
    pub fn tag(&self) -> Tag {
        let start = Canonical::new("countersign/mpc-session/v1")
            .text(self.act)
            .text(self.scheme.name())
            .bytes(self.session.as_bytes())
            .bytes(self.treasury.as_bytes())
            .bytes(self.vault.as_bytes())
            .number(self.epoch.get().into())
            .number(self.threshold.into())
            .number(self.total as u64)
            .bytes(&self.key);
        seats_into(start, self.seats).finish()
    }

    /// Refuses seats that are out of order, without `me`, or banned.
    pub fn check_seats(&self, me: SeatId, bans: &Bans) -> Result<(), Refused> {
        if !self.seats.is_sorted_by(|one, next| one < next) {
            return Err(Refused::SeatOrder);
        }
        if !self.seats.contains(&me) {
            return Err(Refused::NotAMember(me));
        }
        match bans.first_of(self.vault, self.epoch, self.seats) {
            Some(seat) => Err(Refused::Banned(seat)),
            None => Ok(()),
        }
    }
}

/// Adds a list of seats to a hash.
pub(crate) fn seats_into(hash: Canonical, seats: &[SeatId]) -> Canonical {
    let counted = hash.number(seats.len() as u64);
    let add = |hash: Canonical, seat: &SeatId| hash.number(seat.get().into());
    seats.iter().fold(counted, add)
}
