//! Proof, before the first address is shown, that the sealed shares sign.
//!
//! Key generation leaves a [`Trial`] in memory. With it a seat opens its sealed share once more,
//! and a covering set of quorums signs a digest that each seat computes from its own outcome.
//! [`Trial::finish`] consumes the trial and gives the vault's key. So there is no acceptance
//! signature after a vault is ready: a trial comes from key generation alone, can't be stored, and
//! the key that makes a vault ready comes from a finished trial alone. A restart in between means
//! to generate the key anew; nothing was paid to it yet.

use bitcoin::secp256k1::{Message, Secp256k1, schnorr};
use domain::Canonical;
use domain::act::{ChildPath, VaultKey};
use domain::id::{SeatId, SessionId};
use domain::seal::{SecretBytes, ShareBinding};
use plans::InputDigest;
use rand_core::{CryptoRng, RngCore};

use crate::abort::{Abort, Fault};
use crate::bans::Bans;
use crate::binding::{Refused, Scheme, seats_into};
use crate::dkls;
use crate::group::Group;
use crate::quorum::{Quorum, Signers, Turn};
use crate::redact::redacted;
use crate::session::{Outgoing, Session, Step};
use crate::share::{OpenError, Secret, decode};
use crate::wire::Act;

/// Up to so many quorums, every one of them signs; above, a set that covers all seats.
const EVERY_QUORUM_UP_TO: usize = 20;

/// The acceptance of one seat's share: what key generation leaves beside it.
///
/// ```
/// fn before_the_vault_is_ready(trial: mpc::acceptance::Trial, sealed: domain::seal::SecretBytes) {
///     let share = trial.open(sealed);
///     drop(share);
///     let _ready = trial.finish(Vec::new());
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn after_the_vault_is_ready(trial: mpc::acceptance::Trial, sealed: domain::seal::SecretBytes) {
///     let _ready = trial.finish(Vec::new());
///     let _ = trial.open(sealed);
/// }
/// ```
///
/// ```compile_fail,E0505
/// fn with_a_share_kept_open(trial: mpc::acceptance::Trial, sealed: domain::seal::SecretBytes) {
///     let share = trial.open(sealed);
///     let _ready = trial.finish(Vec::new());
///     drop(share);
/// }
/// ```
pub struct Trial {
    binding: ShareBinding,
    group: Group,
    outcome: [u8; 32],
}

/// A sealed share that was opened again to prove itself. It signs acceptance digests and nothing
/// else.
pub struct TrialShare<'trial> {
    trial: &'trial Trial,
    secret: Secret,
}

/// A run of acceptance by one quorum.
pub struct Acceptance {
    signers: Signers,
    outcome: [u8; 32],
    quorum: Vec<SeatId>,
}

redacted!(Trial, TrialShare<'_>, Acceptance);

/// A quorum that has signed, under the key that this seat computed.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    outcome: [u8; 32],
    quorum: Vec<SeatId>,
    signature: [u8; 64],
}

/// A key whose shares have proven themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The vault's public key material.
    pub key: VaultKey,
    /// The quorums that signed.
    pub accepted_by: Vec<Vec<SeatId>>,
}

/// Why a vault is not ready.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// A quorum of the covering set is missing.
    #[error("the quorum of seats {0:?} has not signed: no address is shown before it has")]
    Missing(Vec<u16>),
    /// An acceptance of another key generation.
    #[error("the acceptance belongs to another key generation")]
    OtherKey,
    /// A signature that does not verify.
    #[error("the acceptance signature of the quorum does not verify")]
    Signature,
}

/// The quorums that must sign before a vault is ready: every one where there are at most 20, else as
/// many windows of t neighbours as there are seats, so that each seat signs with different others.
pub fn quorums(threshold: u16, seats: &[SeatId]) -> Vec<Vec<SeatId>> {
    let t = usize::from(threshold);
    if count(seats.len(), t) <= EVERY_QUORUM_UP_TO {
        return subsets(seats, t);
    }
    let window = |start: usize| {
        let mut quorum: Vec<SeatId> = seats.iter().cycle().skip(start).take(t).copied().collect();
        quorum.sort();
        quorum
    };
    (0..seats.len()).map(window).collect()
}

impl Trial {
    pub(crate) const fn new(binding: ShareBinding, group: Group, outcome: [u8; 32]) -> Self {
        Self {
            binding,
            group,
            outcome,
        }
    }

    /// The kind of key that is on trial.
    pub const fn scheme(&self) -> Scheme {
        self.group.scheme
    }

    /// Whose share of what is on trial.
    pub const fn binding(&self) -> &ShareBinding {
        &self.binding
    }

    /// The quorums that must sign.
    pub fn quorums(&self) -> Vec<Vec<SeatId>> {
        quorums(self.group.threshold, &self.group.seats())
    }

    /// Opens the share from its unsealed plaintext and checks it against this seat's own outcome.
    /// Once for every way to unseal it.
    pub fn open(&self, plaintext: SecretBytes) -> Result<TrialShare<'_>, OpenError> {
        let secret = decode(&self.binding, &plaintext, &self.group)?;
        Ok(TrialShare {
            trial: self,
            secret,
        })
    }

    /// What a quorum signs: computed from this seat's own outcome, never handed in.
    fn digest(&self, quorum: &[SeatId]) -> [u8; 32] {
        let start = Canonical::new("countersign/acceptance/v1")
            .text(self.group.scheme.name())
            .bytes(self.binding.treasury.as_bytes())
            .bytes(self.binding.vault.as_bytes())
            .number(self.binding.epoch.get().into())
            .bytes(&self.outcome);
        seats_into(start, quorum).finish()
    }

    /// Checks the signature of a quorum that this seat was no part of.
    pub fn witness(&self, quorum: &[SeatId], signature: [u8; 64]) -> Result<Accepted, NotAccepted> {
        let secp = Secp256k1::verification_only();
        let path = ChildPath::new(ChildPath::ACCEPTANCE, 0).ok();
        let child = path.and_then(|path| self.group.child(&secp, path));
        let child = child.ok_or(NotAccepted::Signature)?;
        let digest = self.digest(quorum);
        let valid = match self.group.scheme {
            Scheme::FrostTaproot => schnorr::Signature::from_slice(&signature)
                .and_then(|parsed| {
                    let message = Message::from_digest(digest);
                    secp.verify_schnorr(&parsed, &message, &child.output)
                })
                .is_ok(),
            Scheme::Dkls23 => dkls::verify(&secp, &child.key, digest, &signature),
        };
        if !valid {
            return Err(NotAccepted::Signature);
        }
        Ok(Accepted {
            outcome: self.outcome,
            quorum: quorum.to_vec(),
            signature,
        })
    }

    /// Ends the trial, once every quorum has signed. From here the vault's addresses may be shown.
    pub fn finish(self, accepted: Vec<Accepted>) -> Result<Proven, NotAccepted> {
        if accepted.iter().any(|one| one.outcome != self.outcome) {
            return Err(NotAccepted::OtherKey);
        }
        let wanted = self.quorums();
        let signed = |quorum: &&Vec<SeatId>| accepted.iter().any(|one| one.quorum == **quorum);
        if let Some(missing) = wanted.iter().find(|quorum| !signed(quorum)) {
            let numbers = missing.iter().map(|seat| seat.get()).collect();
            return Err(NotAccepted::Missing(numbers));
        }
        Ok(Proven {
            key: self.group.vault_key(),
            accepted_by: wanted,
        })
    }
}

impl Accepted {
    /// Who signed.
    pub fn quorum(&self) -> &[SeatId] {
        &self.quorum
    }

    /// The signature, for [`Trial::witness`] at seats that were no part of the quorum.
    pub const fn signature(&self) -> [u8; 64] {
        self.signature
    }
}

impl Acceptance {
    /// Begins a run with the seats of one quorum, in order; gives the first messages to send.
    pub fn start<R: RngCore + CryptoRng>(
        session: SessionId,
        quorum: &[SeatId],
        share: &TrialShare<'_>,
        bans: &Bans,
        rng: &mut R,
    ) -> Result<(Self, Vec<Outgoing>), Refused> {
        let trial = share.trial;
        let path = ChildPath::new(ChildPath::ACCEPTANCE, 0);
        let digest = InputDigest {
            path: path.map_err(|_| Refused::NoChild(0))?,
            sighash: trial.digest(quorum),
        };
        let start = Quorum {
            act: Act::Acceptance,
            session,
            binding: &trial.binding,
            seats: quorum,
            group: &trial.group,
            secret: &share.secret,
        };
        let (signers, send) = start.start(&[digest], bans, rng)?;
        let session = Self {
            signers,
            outcome: trial.outcome,
            quorum: quorum.to_vec(),
        };
        Ok((session, send))
    }
}

impl Session for Acceptance {
    type Output = Accepted;

    fn handle<R: RngCore + CryptoRng>(
        self,
        from: SeatId,
        bytes: &[u8],
        _rng: &mut R,
    ) -> Result<Step<Self>, Abort> {
        let (quorum, outcome) = (self.quorum, self.outcome);
        match self.signers.handle(from, bytes)? {
            Turn::Waiting(signers, send) => {
                let session = Self {
                    signers,
                    outcome,
                    quorum,
                };
                Ok(Step::Waiting { session, send })
            }
            Turn::Done(signatures, send) => {
                let signature = *signatures
                    .first()
                    .ok_or(Fault::Internal("the acceptance signature"))?;
                let output = Accepted {
                    outcome,
                    quorum,
                    signature,
                };
                Ok(Step::Done { output, send })
            }
        }
    }

    fn waiting_for(&self) -> Vec<SeatId> {
        self.signers.waiting_for()
    }
}

/// C(n, t), which stays small for the number of seats there can be.
fn count(n: usize, t: usize) -> usize {
    (0..t).fold(1, |product, k| product * n.saturating_sub(k) / (k + 1))
}

/// Every subset of t seats, in order.
fn subsets(seats: &[SeatId], t: usize) -> Vec<Vec<SeatId>> {
    match (t, seats) {
        (0, _) => vec![Vec::new()],
        (_, []) => Vec::new(),
        (_, [first, rest @ ..]) => {
            let with = subsets(rest, t - 1).into_iter();
            let with = with.map(|tail| std::iter::once(*first).chain(tail).collect());
            with.chain(subsets(rest, t)).collect()
        }
    }
}
