//! Runs any session at n seats in one thread, with a hook through which every message passes.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use domain::act::{ChildPath, VaultKey};
use domain::id::{SeatId, SessionId, TreasuryId, VaultId};
use domain::seal::{SealShare, SecretBytes, ShareBinding};
use domain::vault::Epoch;
use plans::InputDigest;
use rand_chacha::ChaCha20Rng;
use rand_core::{CryptoRng, RngCore, SeedableRng};

use crate::acceptance::Trial;
use crate::keygen::{Keygen, KeygenParams};
use crate::quorum::{Signers, Turn};
use crate::share::{Number, Secret};
use crate::signing::{self, SigningParams};
use crate::{
    Abort, Bans, FreshShare, KeyShare, Outgoing, Recipient, Refused, Scheme, Session, Step,
};

pub const TREASURY: TreasuryId = TreasuryId::from_bytes([0x11; 32]);
pub const VAULT: VaultId = VaultId::from_bytes([0x22; 32]);
pub const HEADER: usize = crate::wire::HEADER;

pub fn seat(number: u16) -> SeatId {
    SeatId::new(number).unwrap()
}

pub fn seats(numbers: impl IntoIterator<Item = u16>) -> Vec<SeatId> {
    numbers.into_iter().map(seat).collect()
}

pub fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

pub fn session_id(number: u8) -> SessionId {
    SessionId::from_bytes([number; 32])
}

/// A message between two seats. `from` is who the channel says it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    pub from: SeatId,
    pub to: SeatId,
    pub bytes: Vec<u8>,
}

impl Packet {
    pub fn is(&self, from: u16, round: u8) -> bool {
        self.from.get() == from && self.round() == round
    }

    pub fn round(&self) -> u8 {
        self.bytes[3]
    }

    pub fn body(&self) -> &[u8] {
        &self.bytes[HEADER..]
    }

    /// The same with another body.
    pub fn with_body(mut self, body: &[u8]) -> Self {
        self.bytes.truncate(HEADER);
        self.bytes.extend(body);
        self
    }

    /// The same with one bit of a byte turned over.
    pub fn flipped(mut self, place: usize) -> Self {
        self.bytes[place] ^= 1;
        self
    }

    /// The same in another seat's name and over another seat's channel.
    pub fn in_the_name_of(mut self, liar: u16) -> Self {
        self.from = seat(liar);
        self.bytes[4..6].copy_from_slice(&liar.to_be_bytes());
        self
    }
}

/// How a session ended at one seat.
pub enum Ended<S: Session> {
    Done(S::Output),
    Aborted(Abort),
    Waiting(S),
}

impl<S: Session> Ended<S> {
    pub fn done(self) -> S::Output {
        match self {
            Ended::Done(output) => output,
            Ended::Aborted(abort) => panic!("aborted: {abort}"),
            Ended::Waiting(session) => panic!("waits for {:?}", session.waiting_for()),
        }
    }

    pub fn abort(&self) -> &Abort {
        match self {
            Ended::Aborted(abort) => abort,
            Ended::Done(_) => panic!("finished though lied to"),
            Ended::Waiting(session) => panic!("waits for {:?}", session.waiting_for()),
        }
    }

    pub fn is_done(&self) -> bool {
        matches!(self, Ended::Done(_))
    }
}

pub type Start<S> = (SeatId, S, Vec<Outgoing>);
pub type Endings<S> = BTreeMap<SeatId, Ended<S>>;

/// A network that delivers in order and passes every message through `lie`.
pub fn run<S: Session>(
    starts: Vec<Start<S>>,
    lie: impl FnMut(Packet) -> Vec<Packet>,
) -> Endings<S> {
    run_in_order(starts, lie, |_| 0)
}

pub fn honest<S: Session>(starts: Vec<Start<S>>) -> BTreeMap<SeatId, S::Output> {
    let ended = run(starts, |packet| vec![packet]);
    ended
        .into_iter()
        .map(|(id, end)| (id, end.done()))
        .collect()
}

/// The same, with the place in the queue to deliver from next chosen by `pick`.
pub fn run_in_order<S: Session>(
    starts: Vec<Start<S>>,
    mut lie: impl FnMut(Packet) -> Vec<Packet>,
    mut pick: impl FnMut(usize) -> usize,
) -> Endings<S> {
    let members: Vec<SeatId> = starts.iter().map(|(id, _, _)| *id).collect();
    let mut queue = VecDeque::new();
    let mut ended: Endings<S> = BTreeMap::new();
    for (id, session, send) in starts {
        queue.extend(packets(id, &members, send).into_iter().flat_map(&mut lie));
        ended.insert(id, Ended::Waiting(session));
    }
    let mut rng = rng(99);
    while !queue.is_empty() {
        let packet = queue.remove(pick(queue.len())).unwrap();
        let session = match ended.remove(&packet.to) {
            Some(Ended::Waiting(session)) => session,
            // Nobody is there to hear it any more.
            Some(over) => {
                ended.insert(packet.to, over);
                continue;
            }
            None => panic!("a message to a seat that does not exist"),
        };
        let (end, send) = match session.handle(packet.from, &packet.bytes, &mut rng) {
            Ok(Step::Waiting { session, send }) => (Ended::Waiting(session), send),
            Ok(Step::Done { output, send }) => (Ended::Done(output), send),
            Err(abort) => (Ended::Aborted(abort), Vec::new()),
        };
        ended.insert(packet.to, end);
        let sent = packets(packet.to, &members, send);
        queue.extend(sent.into_iter().flat_map(&mut lie));
    }
    ended
}

/// What a seat sends, one packet a recipient.
pub fn packets(from: SeatId, members: &[SeatId], send: Vec<Outgoing>) -> Vec<Packet> {
    let one = |message: Outgoing| {
        let to: Vec<SeatId> = match message.to {
            Recipient::All => members.iter().copied().filter(|to| *to != from).collect(),
            Recipient::Seat(to) => vec![to],
        };
        to.into_iter().map(move |to| Packet {
            from,
            to,
            bytes: message.bytes.to_vec(),
        })
    };
    send.into_iter().flat_map(one).collect()
}

pub fn keygen_params(me: u16, t: u16, n: u16) -> KeygenParams {
    params_of(Scheme::FrostTaproot, me, t, n)
}

pub fn params_of(scheme: Scheme, me: u16, t: u16, n: u16) -> KeygenParams {
    KeygenParams {
        scheme,
        session: session_id(7),
        treasury: TREASURY,
        vault: VAULT,
        epoch: Epoch::FIRST,
        threshold: t,
        seats: seats(1..=n),
        me: seat(me),
    }
}

/// Every seat of a key generation, each with its own test randomness.
pub fn keygen(t: u16, n: u16, seed: u64) -> Vec<Start<Keygen>> {
    keygen_of(Scheme::FrostTaproot, t, n, seed)
}

pub fn keygen_of(scheme: Scheme, t: u16, n: u16, seed: u64) -> Vec<Start<Keygen>> {
    let start = |me: u16| {
        let mut rng = rng(seed * 100 + u64::from(me));
        let made = Keygen::start(params_of(scheme, me, t, n), &Bans::default(), &mut rng);
        let (session, send) = made.unwrap();
        (seat(me), session, send)
    };
    (1..=n).map(start).collect()
}

/// A sealer that keeps the plaintext, for tests alone.
pub struct Keep;

impl SealShare for Keep {
    type Sealed = (ShareBinding, Vec<u8>);
    type Error = Infallible;

    fn seal(
        &mut self,
        binding: &ShareBinding,
        plaintext: SecretBytes,
    ) -> Result<Self::Sealed, Infallible> {
        Ok((*binding, plaintext.expose().to_vec()))
    }
}

/// A generated vault: its public key, each seat's sealed plaintext, and the trials.
pub struct Vault {
    pub key: VaultKey,
    pub sealed: BTreeMap<SeatId, (ShareBinding, Vec<u8>)>,
    pub trials: BTreeMap<SeatId, Trial>,
}

impl Vault {
    pub fn generate(t: u16, n: u16, seed: u64) -> Self {
        Self::of(honest(keygen(t, n, seed)))
    }

    /// What the seats of a finished key generation hold.
    pub fn of(outputs: BTreeMap<SeatId, (FreshShare, Trial)>) -> Self {
        let key = outputs.values().next().unwrap().0.group.vault_key();
        let (mut sealed, mut trials) = (BTreeMap::new(), BTreeMap::new());
        for (id, (share, trial)) in outputs {
            assert_eq!(share.group.vault_key(), key);
            sealed.insert(id, share.seal(&mut Keep).unwrap());
            trials.insert(id, trial);
        }
        Self {
            key,
            sealed,
            trials,
        }
    }

    pub fn open(&self, me: u16) -> KeyShare {
        let (binding, bytes) = &self.sealed[&seat(me)];
        KeyShare::open(binding, SecretBytes::new(bytes.clone()), &self.key).unwrap()
    }

    /// A quorum that signs, each seat the digests it computed.
    pub fn signing(
        &self,
        quorum: &[u16],
        session: u8,
        digests: impl Fn(u16) -> Vec<InputDigest>,
    ) -> Vec<Start<Raw>> {
        let start = |me: &u16| {
            let mut rng = rng(u64::from(session) * 1000 + u64::from(*me));
            let params = signing_params(*me, quorum, session);
            let share = self.open(*me);
            let started = Raw::start(&params, &digests(*me), &share, &Bans::default(), &mut rng);
            let (session, send) = started.unwrap();
            (seat(*me), session, send)
        };
        quorum.iter().map(start).collect()
    }
}

/// The number of a FROST share.
pub fn number(share: &KeyShare) -> &Number {
    match &share.secret {
        Secret::Frost(number) => number,
        Secret::Dkls(_) => panic!("a FROST share"),
    }
}

pub fn signing_params(me: u16, quorum: &[u16], session: u8) -> SigningParams {
    SigningParams {
        session: session_id(session),
        treasury: TREASURY,
        vault: VAULT,
        epoch: Epoch::FIRST,
        seats: seats(quorum.iter().copied()),
        me: seat(me),
    }
}

pub fn path(keychain: u32, index: u32) -> ChildPath {
    ChildPath::new(keychain, index).unwrap()
}

/// Inputs to sign: receive and change paths, digests by number.
pub fn digests(count: u8) -> Vec<InputDigest> {
    let digest = |number: u8| InputDigest {
        path: path(u32::from(number % 2), u32::from(number) * 7),
        sighash: [number; 32],
    };
    (1..=count).map(digest).collect()
}

/// Signing without an order around it, as the crate runs it inside.
pub struct Raw(Signers);

impl Raw {
    pub fn start<R: RngCore + CryptoRng>(
        params: &SigningParams,
        digests: &[InputDigest],
        share: &KeyShare,
        bans: &Bans,
        rng: &mut R,
    ) -> Result<(Self, Vec<Outgoing>), Refused> {
        let (signers, send) = signing::start(params, digests, share, bans, rng)?;
        Ok((Self(signers), send))
    }
}

impl Session for Raw {
    type Output = Vec<[u8; 64]>;

    fn handle<R: RngCore + CryptoRng>(
        self,
        from: SeatId,
        bytes: &[u8],
        _rng: &mut R,
    ) -> Result<Step<Self>, Abort> {
        Ok(match self.0.handle(from, bytes)? {
            Turn::Waiting(signers, send) => Step::Waiting {
                session: Self(signers),
                send,
            },
            Turn::Done(output, send) => Step::Done { output, send },
        })
    }

    fn waiting_for(&self) -> Vec<SeatId> {
        self.0.waiting_for()
    }
}

/// Every subset of t of the numbers 1 to n.
pub fn subsets(t: u16, n: u16) -> Vec<Vec<u16>> {
    let of =
        |mask: &u32| -> Vec<u16> { (1..=n).filter(|seat| mask >> (seat - 1) & 1 == 1).collect() };
    (0..1_u32 << n)
        .filter(|mask| mask.count_ones() == u32::from(t))
        .map(|mask| of(&mask))
        .collect()
}
