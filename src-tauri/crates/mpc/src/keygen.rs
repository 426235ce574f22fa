//! Key generation without a dealer, for either scheme.
//!
//! FROST's (Komlo and Goldberg 2020, figure 1) takes five rounds; DKLs23's seven are in its own
//! module.
//!
//! 1. **Commit.** Each seat sends the hash of its contribution, so that nobody can choose its own
//!    after seeing another's.
//! 2. **Reveal.** The contribution: commitments to a polynomial and a proof of knowledge.
//! 3. **Echo.** The hash of everything seen so far; all must match before any secret leaves a seat.
//! 4. **Deal.** To each seat alone, its piece of the share.
//! 5. **Confirm.** The hash of the public outcome; all must match.
//!
//! What comes out is a share that can only be sealed and a [`Trial`], with which the sealed share
//! must prove itself before the vault is ready.
//!
//! FROST's group key has been through BIP341's tweak once already (the library's `post_dkg`, against
//! hidden script trees). Here it is simply the root from which children are derived; every address
//! has a tweak of its own.

mod rounds;

use domain::id::{SeatId, SessionId, TreasuryId, VaultId};
use domain::seal::ShareBinding;
use domain::vault::Epoch;
use frost_secp256k1_tr::keys::dkg;
use rand_core::{CryptoRng, RngCore};

use crate::abort::Abort;
use crate::acceptance::Trial;
use crate::bans::Bans;
use crate::binding::{Agreed, Refused, Scheme, Tag};
use crate::dkls;
use crate::group::identifier;
use crate::inbox::{Inbox, Round};
use crate::redact::redacted;
use crate::run::{Moved, Rounds, Runner};
use crate::session::{Outgoing, Session, Step};
use crate::share::FreshShare;
use crate::sharing::{HASH, Plan};
use crate::wire::{Act, Header};

/// What all seats must agree on, and which of them this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeygenParams {
    /// The kind of key.
    pub scheme: Scheme,
    /// Fresh random id of this run, the same at all seats; never used twice.
    pub session: SessionId,
    /// The treasury.
    pub treasury: TreasuryId,
    /// The vault.
    pub vault: VaultId,
    /// The sharing that will come of it.
    pub epoch: Epoch,
    /// t.
    pub threshold: u16,
    /// All n seats, in order.
    pub seats: Vec<SeatId>,
    /// This seat.
    pub me: SeatId,
}

/// A run of key generation.
pub struct Keygen(Inner);

/// One arm a scheme.
enum Inner {
    Frost(Box<Runner<rounds::State>>),
    Dkls(Box<Runner<dkls::keygen::State>>),
}

redacted!(Keygen);

impl Keygen {
    /// Begins a run; gives the first messages to send.
    pub fn start<R: RngCore + CryptoRng>(
        params: KeygenParams,
        bans: &Bans,
        rng: &mut R,
    ) -> Result<(Self, Vec<Outgoing>), Refused> {
        let (total, threshold) = (params.seats.len(), params.threshold);
        if !(2..=total).contains(&usize::from(threshold)) {
            let seats = total;
            return Err(Refused::Threshold { threshold, seats });
        }
        agreed(&params).check_seats(params.me, bans)?;
        match params.scheme {
            Scheme::FrostTaproot => start_frost(params, rng),
            Scheme::Dkls23 => start_dkls(params, rng),
        }
    }
}

impl Session for Keygen {
    type Output = (FreshShare, Trial);

    fn handle<R: RngCore + CryptoRng>(
        self,
        from: SeatId,
        bytes: &[u8],
        _rng: &mut R,
    ) -> Result<Step<Self>, Abort> {
        Ok(match self.0 {
            Inner::Frost(runner) => step(runner.handle(from, bytes)?, Inner::Frost),
            Inner::Dkls(runner) => step(runner.handle(from, bytes)?, Inner::Dkls),
        })
    }

    fn waiting_for(&self) -> Vec<SeatId> {
        match &self.0 {
            Inner::Frost(runner) => runner.waiting_for(),
            Inner::Dkls(runner) => runner.waiting_for(),
        }
    }
}

fn step<R: Rounds<Output = (FreshShare, Trial)>>(
    moved: Moved<R>,
    arm: impl FnOnce(Box<Runner<R>>) -> Inner,
) -> Step<Keygen> {
    match moved {
        Moved::Waiting(runner, send) => Step::Waiting {
            session: Keygen(arm(Box::new(runner))),
            send,
        },
        Moved::Done(output, send) => Step::Done { output, send },
    }
}

fn agreed(params: &KeygenParams) -> Agreed<'_> {
    Agreed {
        act: Act::Keygen.name(),
        scheme: params.scheme,
        session: params.session,
        treasury: params.treasury,
        vault: params.vault,
        epoch: params.epoch,
        threshold: params.threshold,
        total: params.seats.len(),
        seats: &params.seats,
        key: Vec::new(),
    }
}

fn start_frost<R: RngCore + CryptoRng>(
    params: KeygenParams,
    rng: &mut R,
) -> Result<(Keygen, Vec<Outgoing>), Refused> {
    let tag = agreed(&params).tag();
    let me = identifier(params.me).ok_or(Refused::Internal("a seat's number"))?;
    // At most 15 seats exist (SeatId::MAX), and their numbers are distinct.
    let total = u16::try_from(params.seats.len()).map_err(|_| Refused::SeatOrder)?;
    let (secret, package) = dkg::part1(me, total, params.threshold, rng)
        .map_err(|_| Refused::Internal("the library's first part"))?;
    let header = header(&params, tag);
    let rounds = form(params.threshold);
    let plan = plan(params, tag);
    let inbox = Inbox::new(header, &plan.seats, rounds);
    let (state, hash) = rounds::open(plan, secret, &package)
        .ok_or(Refused::Internal("the library's first package"))?;
    let send = vec![inbox.header.to_all(rounds::COMMIT, &hash)];
    Ok((
        Keygen(Inner::Frost(Box::new(Runner::new(inbox, state)))),
        send,
    ))
}

fn start_dkls<R: RngCore + CryptoRng>(
    params: KeygenParams,
    rng: &mut R,
) -> Result<(Keygen, Vec<Outgoing>), Refused> {
    let tag = agreed(&params).tag();
    let header = header(&params, tag);
    let (runner, send) = dkls::keygen::start(header, plan(params, tag), rng)?;
    Ok((Keygen(Inner::Dkls(Box::new(runner))), send))
}

fn header(params: &KeygenParams, tag: Tag) -> Header {
    Header {
        scheme: params.scheme,
        act: Act::Keygen,
        me: params.me,
        opening: tag,
        bound: tag,
    }
}

fn plan(params: KeygenParams, tag: Tag) -> Plan {
    Plan {
        tag,
        binding: ShareBinding {
            treasury: params.treasury,
            vault: params.vault,
            seat: params.me,
            epoch: params.epoch,
        },
        threshold: params.threshold,
        seats: params.seats,
    }
}

/// The length of each round's message.
fn form(threshold: u16) -> Vec<Round> {
    let broadcast = |length| Round {
        private: false,
        length,
    };
    let contribution = usize::from(threshold) * rounds::POINT + rounds::PROOF;
    vec![
        broadcast(HASH),
        broadcast(contribution),
        broadcast(HASH),
        Round {
            private: true,
            length: rounds::SCALAR,
        },
        broadcast(HASH),
    ]
}
