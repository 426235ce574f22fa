//! Signing of one order by exactly t seats.

use domain::act::ChildPath;
use domain::id::{SeatId, SessionId, TreasuryId, VaultId};
use domain::vault::Epoch;
use plans::{InputDigest, SignedPlan, SigningOrder};
use rand_core::{CryptoRng, RngCore};

use crate::abort::{Abort, Fault};
use crate::bans::Bans;
use crate::binding::Refused;
use crate::quorum::{Quorum, Signers, Turn};
use crate::redact::redacted;
use crate::session::{Outgoing, Session, Step};
use crate::share::KeyShare;
use crate::wire::Act;

/// What all signers must agree on, and which of them this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningParams {
    /// Fresh random id of this run, the same at all seats; never used twice.
    pub session: SessionId,
    /// The treasury.
    pub treasury: TreasuryId,
    /// The vault that pays.
    pub vault: VaultId,
    /// The sharing of its key.
    pub epoch: Epoch,
    /// Exactly t seats, in order.
    pub seats: Vec<SeatId>,
    /// This seat.
    pub me: SeatId,
}

/// A signing run. It holds the order, and gives it back signed or not at all: after an abort the
/// order is earned anew.
///
/// ```
/// fn once(params: mpc::signing::SigningParams, order: plans::SigningOrder, share: &mpc::KeyShare) {
///     let bans = mpc::Bans::default();
///     let mut rng = rand_core::OsRng;
///     let _ = mpc::signing::Signing::start(params, order, share, &bans, &mut rng);
/// }
/// ```
///
/// ```compile_fail,E0382
/// fn twice(params: mpc::signing::SigningParams, order: plans::SigningOrder, share: &mpc::KeyShare) {
///     let bans = mpc::Bans::default();
///     let mut rng = rand_core::OsRng;
///     let _ = mpc::signing::Signing::start(params.clone(), order, share, &bans, &mut rng);
///     let _ = mpc::signing::Signing::start(params, order, share, &bans, &mut rng);
/// }
/// ```
pub struct Signing {
    signers: Signers,
    order: SigningOrder,
}

redacted!(Signing);

impl Signing {
    /// Begins a run that signs every digest of the order with the scheme of the share; gives the
    /// first messages to send.
    ///
    /// The nonces are made here, after the request, and live in this session only. `rng` should be
    /// the operating system's: state that a snapshot of a virtual machine can bring back must not
    /// make nonces.
    pub fn start<R: RngCore + CryptoRng>(
        params: SigningParams,
        order: SigningOrder,
        share: &KeyShare,
        bans: &Bans,
        rng: &mut R,
    ) -> Result<(Self, Vec<Outgoing>), Refused> {
        if (order.vault(), order.epoch()) != (params.vault, params.epoch) {
            return Err(Refused::OtherOrder);
        }
        let (signers, send) = start(&params, order.digests(), share, bans, rng)?;
        Ok((Self { signers, order }, send))
    }
}

impl Session for Signing {
    type Output = SignedPlan;

    fn handle<R: RngCore + CryptoRng>(
        self,
        from: SeatId,
        bytes: &[u8],
        _rng: &mut R,
    ) -> Result<Step<Self>, Abort> {
        let order = self.order;
        match self.signers.handle(from, bytes)? {
            Turn::Waiting(signers, send) => {
                let session = Self { signers, order };
                Ok(Step::Waiting { session, send })
            }
            Turn::Done(signatures, send) => {
                let output = order.finish(&signatures).map_err(Fault::Unfinished)?;
                Ok(Step::Done { output, send })
            }
        }
    }

    fn waiting_for(&self) -> Vec<SeatId> {
        self.signers.waiting_for()
    }
}

/// The run without the order around it: private, so that nothing but an order's digests is ever
/// signed.
pub(crate) fn start<R: RngCore + CryptoRng>(
    params: &SigningParams,
    digests: &[InputDigest],
    share: &KeyShare,
    bans: &Bans,
    rng: &mut R,
) -> Result<(Signers, Vec<Outgoing>), Refused> {
    let binding = share.binding();
    if (params.treasury, params.vault) != (binding.treasury, binding.vault)
        || (params.epoch, params.me) != (binding.epoch, binding.seat)
    {
        return Err(Refused::OtherShare);
    }
    let accepting = |digest: &InputDigest| digest.path.keychain() == ChildPath::ACCEPTANCE;
    if let Some(input) = digests.iter().position(accepting) {
        return Err(Refused::AcceptancePath(input));
    }
    let quorum = Quorum {
        act: Act::Signing,
        session: params.session,
        binding,
        seats: &params.seats,
        group: &share.group,
        secret: &share.secret,
    };
    quorum.start(digests, bans, rng)
}
