//! Seats in one thread, through the public interface alone.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;

use domain::act::VaultKey;
use domain::seal::{SealShare, SecretBytes, ShareBinding};
use domain::{Epoch, SeatId, SessionId, TreasuryId, VaultId};
use mpc::acceptance::{Acceptance, Accepted, Trial};
use mpc::keygen::{Keygen, KeygenParams};
use mpc::{Abort, Bans, KeyShare, Outgoing, Recipient, Scheme, Session, Step};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

pub const TREASURY: TreasuryId = TreasuryId::from_bytes([1; 32]);
pub const VAULT: VaultId = VaultId::from_bytes([2; 32]);

pub fn seat(number: u16) -> SeatId {
    SeatId::new(number).unwrap()
}

pub fn session(number: u8) -> SessionId {
    SessionId::from_bytes([number; 32])
}

pub type Ends<S> = BTreeMap<SeatId, Result<<S as Session>::Output, Option<Abort>>>;

/// Carries messages until nobody has one; `Err(None)` is a seat that still waits.
pub fn run<S: Session>(starts: Vec<(SeatId, S, Vec<Outgoing>)>) -> Ends<S> {
    let all: Vec<SeatId> = starts.iter().map(|(id, _, _)| *id).collect();
    let mut queue = VecDeque::new();
    let post = |queue: &mut VecDeque<_>, from: SeatId, send: Vec<Outgoing>| {
        for message in send {
            for to in all.iter().copied().filter(|to| *to != from) {
                if message.to == Recipient::All || message.to == Recipient::Seat(to) {
                    queue.push_back((from, to, message.bytes.to_vec()));
                }
            }
        }
    };
    let (mut open, mut ends) = (BTreeMap::new(), Ends::<S>::new());
    for (id, session, send) in starts {
        post(&mut queue, id, send);
        open.insert(id, session);
    }
    let mut rng = ChaCha20Rng::seed_from_u64(0);
    while let Some((from, to, bytes)) = queue.pop_front() {
        let Some(session) = open.remove(&to) else {
            continue;
        };
        match session.handle(from, &bytes, &mut rng) {
            Ok(Step::Waiting { session, send }) => {
                open.insert(to, session);
                post(&mut queue, to, send);
            }
            Ok(Step::Done { output, send }) => {
                ends.insert(to, Ok(output));
                post(&mut queue, to, send);
            }
            Err(abort) => drop(ends.insert(to, Err(Some(abort)))),
        }
    }
    ends.extend(open.into_keys().map(|id| (id, Err(None))));
    ends
}

/// A vault of 2-of-3 that is ready, with its sealed shares.
pub struct House {
    pub key: VaultKey,
    sealed: BTreeMap<SeatId, (ShareBinding, Vec<u8>)>,
}

struct Drawer;

impl SealShare for Drawer {
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

impl House {
    /// Generates, seals, opens again, accepts.
    pub fn build() -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        let start = |me: u16| {
            let params = KeygenParams {
                scheme: Scheme::FrostTaproot,
                session: session(1),
                treasury: TREASURY,
                vault: VAULT,
                epoch: Epoch::FIRST,
                threshold: 2,
                seats: (1..=3).map(seat).collect(),
                me: seat(me),
            };
            let (keygen, send) = Keygen::start(params, &Bans::default(), &mut rng).unwrap();
            (seat(me), keygen, send)
        };
        let (mut sealed, mut trials) = (BTreeMap::new(), BTreeMap::new());
        for (id, end) in run((1..=3).map(start).collect()) {
            let (share, trial) = end.unwrap();
            sealed.insert(id, share.seal(&mut Drawer).unwrap());
            trials.insert(id, trial);
        }
        let key = accept(trials, &sealed);
        Self { key, sealed }
    }

    pub fn open(&self, id: SeatId) -> KeyShare {
        let (binding, plaintext) = &self.sealed[&id];
        KeyShare::open(binding, SecretBytes::new(plaintext.clone()), &self.key).unwrap()
    }
}

fn accept(
    mut trials: BTreeMap<SeatId, Trial>,
    sealed: &BTreeMap<SeatId, (ShareBinding, Vec<u8>)>,
) -> VaultKey {
    let mut signatures = Vec::new();
    for (number, quorum) in (10..).zip(trials[&seat(1)].quorums()) {
        let start = |id: &SeatId| {
            let plaintext = SecretBytes::new(sealed[id].1.clone());
            let share = trials[id].open(plaintext).unwrap();
            let mut rng = ChaCha20Rng::seed_from_u64(number + u64::from(id.get()) * 100);
            let id_of_run = session(u8::try_from(number).unwrap());
            let bans = Bans::default();
            let begun = Acceptance::start(id_of_run, &quorum, &share, &bans, &mut rng);
            let (acceptance, send) = begun.unwrap();
            (*id, acceptance, send)
        };
        let mut ends = run(quorum.iter().map(start).collect());
        let accepted = ends.remove(&quorum[0]).unwrap().unwrap();
        signatures.push((quorum, accepted.signature()));
    }
    let mut keys = Vec::new();
    while let Some((_, trial)) = trials.pop_first() {
        let witness = |(quorum, signature): &(Vec<SeatId>, [u8; 64])| -> Accepted {
            trial.witness(quorum, *signature).unwrap()
        };
        let accepted = signatures.iter().map(witness).collect();
        keys.push(trial.finish(accepted).unwrap().key);
    }
    assert!(keys.iter().all(|key| *key == keys[0]));
    keys.remove(0)
}
