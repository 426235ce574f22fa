//! How a session ends without what it was for, and who is to blame.

use domain::id::{SeatId, VaultId};
use domain::vault::Epoch;
use plans::FinishError;

use crate::bans::Ban;

/// What was wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// Fewer bytes than the header has.
    #[error("seat {seat} sent {got} bytes, which is no message")]
    Truncated {
        /// The sender.
        seat: SeatId,
        /// How many bytes came.
        got: usize,
    },
    /// A format this build does not know.
    #[error("seat {seat} speaks version {version} of the protocol, which this build does not know")]
    UnknownVersion {
        /// The sender.
        seat: SeatId,
        /// What it speaks.
        version: u8,
    },
    /// A message of another scheme or for another kind of session.
    #[error("seat {seat} sent a message of another protocol")]
    OtherProtocol {
        /// The sender.
        seat: SeatId,
    },
    /// A message bound to another session, vault, epoch, set of seats, or set of digests.
    #[error("seat {seat} sent a message of another session")]
    OtherSession {
        /// The sender.
        seat: SeatId,
    },
    /// A message meant for another seat.
    #[error("seat {seat} sent a message that is meant for another seat")]
    OtherRecipient {
        /// The sender.
        seat: SeatId,
    },
    /// The message names another sender than the channel does.
    #[error("seat {seat} sent a message in the name of seat {claimed}")]
    Impersonation {
        /// The authenticated sender.
        seat: SeatId,
        /// Whom the message names.
        claimed: u16,
    },
    /// A round that the protocol does not have.
    #[error("seat {seat} sent a message for round {round}, which does not exist")]
    UnknownRound {
        /// The sender.
        seat: SeatId,
        /// The round it names.
        round: u8,
    },
    /// Longer or shorter than the only length that the round's message can have.
    #[error("seat {seat} sent {got} bytes in round {round} where {wanted} are due")]
    Length {
        /// The sender.
        seat: SeatId,
        /// The round.
        round: u8,
        /// How many bytes came.
        got: usize,
        /// How many are due.
        wanted: usize,
    },
    /// Two messages for one round that are not the same.
    #[error("seat {seat} sent two different messages for round {round}")]
    Equivocation {
        /// The sender.
        seat: SeatId,
        /// The round.
        round: u8,
    },
    /// Right length, but not points of the curve or scalars in their one encoding.
    #[error("seat {seat} sent bytes in round {round} that are no points or numbers of the curve")]
    Undecodable {
        /// The sender.
        seat: SeatId,
        /// The round.
        round: u8,
    },
    /// What was revealed is not what was committed to.
    #[error("seat {seat} revealed something else than it had committed to")]
    RevealDiffers {
        /// The seat.
        seat: SeatId,
    },
    /// Two seats with one contribution.
    #[error("seats {first} and {second} made the same contribution to the key")]
    EqualContributions {
        /// One of them.
        first: SeatId,
        /// The other.
        second: SeatId,
        /// This seat, which does not accuse itself.
        me: SeatId,
    },
    /// The proof that a seat knows its contribution does not hold.
    #[error("seat {seat} could not prove that it knows its contribution to the key")]
    ProofOfKnowledge {
        /// The seat.
        seat: SeatId,
    },
    /// The piece of the share that a seat dealt does not fit its commitment.
    #[error("seat {seat} dealt a piece of the share that does not fit what it committed to")]
    SecretShare {
        /// The seat.
        seat: SeatId,
    },
    /// The points of the seats lie on no common polynomial. In DKLs23 nobody can tell who dealt wrongly.
    #[error("the seats' points belong to no common key: somebody dealt pieces that do not fit")]
    NoCommonKey,
    /// A check of the oblivious transfers failed: each try more would give away bits of this seat's
    /// share, so there is none.
    #[error("seat {seat} failed a check of the oblivious transfer, by which shares can be stolen")]
    ObliviousTransfer {
        /// The seat.
        seat: SeatId,
    },
    /// The seats did not all see the same broadcasts. Who lied can't be known from the echo alone.
    #[error("seats {} saw other messages than this seat did: somebody told them apart", list(.seats))]
    EchoDiffers {
        /// Seats whose echo differs.
        seats: Vec<SeatId>,
    },
    /// A seat that echoed the same broadcasts claims another outcome, which follows from them.
    #[error("seats {} claim another public key than follows from what all seats saw", list(.seats))]
    OutcomeDiffers {
        /// Seats whose outcome differs.
        seats: Vec<SeatId>,
    },
    /// A seat computed other messages to sign: it decoded other bytes, or says so.
    #[error("seats {} computed other signature hashes: they decoded another transaction", list(.seats))]
    DigestsDiffer {
        /// Seats whose digests differ.
        seats: Vec<SeatId>,
    },
    /// A seat committed to one nonce twice; signing with it would give its share away.
    #[error("seat {seat} used a nonce twice: its source of randomness is broken")]
    RepeatedNonce {
        /// The seat.
        seat: SeatId,
    },
    /// Shares of a signature that do not verify under the seats' verifying shares.
    #[error("seats {} sent wrong shares of the signature of input {input}", list(.seats))]
    SignatureShare {
        /// Who sent them.
        seats: Vec<SeatId>,
        /// Which input, from 0.
        input: usize,
    },
    /// All shares verify and the whole does not: libsecp256k1 refuses it.
    #[error("the signature of input {input} does not verify")]
    Signature {
        /// Which input, from 0.
        input: usize,
    },
    /// The signatures do not complete the order.
    #[error("the signatures do not complete the transaction")]
    Unfinished(#[from] FinishError),
    /// Something that can't happen by the protocol: a fault of this program.
    #[error("the protocol went where it can't go: {0}")]
    Internal(&'static str),
}

/// Whether the same may be tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AbortClass {
    /// Seats provably broke the protocol: store their bans first, then reshare without them.
    Ban,
    /// Nobody is proven guilty: a fresh session with a new id may try again.
    Retry,
}

/// The end of a session without its output. No signature and no key came of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{fault}; nothing came of the session, {}", self.advice())]
pub struct Abort {
    #[source]
    fault: Fault,
}

impl Fault {
    /// Seats that provably broke the protocol. Empty where an honest seat could look the same:
    /// stray messages, software of another age, or a lie that could be anybody's.
    fn culprits(&self) -> Vec<SeatId> {
        match self {
            Fault::Truncated { .. }
            | Fault::UnknownVersion { .. }
            | Fault::OtherProtocol { .. }
            | Fault::OtherSession { .. }
            | Fault::OtherRecipient { .. }
            | Fault::NoCommonKey
            | Fault::EchoDiffers { .. }
            | Fault::DigestsDiffer { .. }
            | Fault::Signature { .. }
            | Fault::Unfinished(_)
            | Fault::Internal(_) => Vec::new(),
            Fault::Impersonation { seat, .. }
            | Fault::UnknownRound { seat, .. }
            | Fault::Length { seat, .. }
            | Fault::Equivocation { seat, .. }
            | Fault::Undecodable { seat, .. }
            | Fault::RevealDiffers { seat }
            | Fault::ProofOfKnowledge { seat }
            | Fault::SecretShare { seat }
            | Fault::ObliviousTransfer { seat }
            | Fault::RepeatedNonce { seat } => vec![*seat],
            Fault::EqualContributions { first, second, me } => {
                let others = [*first, *second].into_iter().filter(|seat| seat != me);
                others.collect()
            }
            Fault::OutcomeDiffers { seats } | Fault::SignatureShare { seats, .. } => seats.clone(),
        }
    }
}

impl Abort {
    /// What was wrong.
    pub const fn fault(&self) -> &Fault {
        &self.fault
    }

    /// Seats that provably broke the protocol, in order.
    pub fn culprits(&self) -> Vec<SeatId> {
        self.fault.culprits()
    }

    /// [`AbortClass::Ban`] exactly when there are culprits.
    pub fn class(&self) -> AbortClass {
        if self.culprits().is_empty() {
            AbortClass::Retry
        } else {
            AbortClass::Ban
        }
    }

    /// The facts to store durably before anything else is done or answered.
    pub fn bans(&self, vault: VaultId, epoch: Epoch) -> Vec<Ban> {
        let ban = |seat| Ban { vault, epoch, seat };
        self.culprits().into_iter().map(ban).collect()
    }

    fn advice(&self) -> String {
        match self.class() {
            AbortClass::Ban => format!(
                "and it is not tried again with seats {}: they are banned until the key is shared anew without them",
                list(&self.culprits())
            ),
            AbortClass::Retry => {
                "and a fresh session may try again; if that fails as well, look at the machines named"
                    .to_owned()
            }
        }
    }
}

impl From<Fault> for Abort {
    fn from(fault: Fault) -> Self {
        Self { fault }
    }
}

fn list(seats: &[SeatId]) -> String {
    let numbers: Vec<String> = seats.iter().map(SeatId::to_string).collect();
    numbers.join(", ")
}
