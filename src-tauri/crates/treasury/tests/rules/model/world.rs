//! A treasury in which things are tried, and what its journal's entries say, counted without the fold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use domain::act::{Scope, SigningRun};
use domain::{Act, ProposalId, SeatId, SessionId, Span, Subject, Timestamp};
use treasury::{Decision, PayoutStage, Step, next_step};

use super::tries::{Try, picked, some_seats, someone};
use crate::fixture::*;

const COINS: u8 = 12;

pub struct World {
    pub t: Fixture,
    /// This machine's clock.
    pub wall: Timestamp,
    /// How far the next author's clock is behind it.
    behind: Span,
    pub proposals: Vec<ProposalId>,
    /// Sessions as the journal's entries open and close them, counted without the fold.
    pub open: BTreeMap<ProposalId, BTreeSet<SessionId>>,
    pub starts: BTreeMap<ProposalId, u32>,
    final_now: BTreeMap<ProposalId, bool>,
    pub reorged: bool,
}

impl World {
    pub fn new() -> Self {
        static START: OnceLock<Fixture> = OnceLock::new();
        let t = START.get_or_init(Fixture::new).clone();
        Self {
            wall: t.now,
            t,
            behind: Span::ZERO,
            proposals: Vec::new(),
            open: BTreeMap::new(),
            starts: BTreeMap::new(),
            final_now: BTreeMap::new(),
            reorged: false,
        }
    }

    /// Sets the clock of whoever writes next: never before the journal, as nobody honest writes.
    pub fn write_as_of(&mut self, behind: Span) {
        self.t.now = self.wall.minus(behind).max(self.t.treasury().time);
        self.t.late = self.wall.since(self.t.now);
    }

    /// Lets somebody say something. Legal or not: the fold decides.
    pub fn say(&mut self, who: Option<Person>, act: Act) -> bool {
        let body = match who {
            Some(who) => self.t.says(who, act),
            None => self.t.notes(act),
        };
        let entry = self.t.link(body);
        if self.t.replay.push(&entry).is_err() {
            return false;
        }
        self.record(&entry.body.body().act.clone());
        self.t.entries.push(entry);
        self.wall = self.wall.plus(Span::from_secs(1));
        self.write_as_of(Span::ZERO);
        true
    }

    pub fn record(&mut self, act: &Act) {
        let payout = |w: &Self, plan| w.t.treasury().payout_of_plan(plan).unwrap();
        match act {
            Act::SigningStarted(run) => {
                let id = payout(self, run.plan);
                *self.starts.entry(id).or_default() += 1;
                self.open.entry(id).or_default().insert(run.session);
            }
            Act::SigningRetried(run) => {
                let id = payout(self, run.plan);
                self.open.entry(id).or_default().insert(run.session);
            }
            Act::SigningAborted(abort) => self.close(abort.session),
            Act::Signed(signed) => self.close(signed.session),
            Act::Replaced { plan, .. } => {
                let id = payout(self, *plan);
                self.open.remove(&id);
            }
            Act::Confirmed(place) => {
                let id = payout(self, place.plan);
                let was = self.final_now.insert(id, true);
                assert_ne!(was, Some(true), "final twice");
            }
            Act::Reorged(sighting) => {
                self.reorged = true;
                let id = payout(self, sighting.plan);
                self.final_now.insert(id, false);
            }
            _ => {}
        }
    }

    pub fn close(&mut self, session: SessionId) {
        let closed = self.open.values_mut().any(|open| open.remove(&session));
        assert!(closed, "a session ended that never began");
    }

    pub fn propose(&mut self, who: Person, subject: Subject, at_once: bool) {
        let lasts = if self.t.counter.is_multiple_of(3) {
            days(5)
        } else {
            HOUR
        };
        let proposal = self.t.proposal(subject, lasts);
        let id = proposal.id(self.t.treasury().id, who.id(), self.t.now);
        if !self.say(Some(who), Act::Proposed(Box::new(proposal))) {
            return;
        }
        self.proposals.push(id);
        let items = self.t.treasury().items(id).map(|(item, _)| item);
        self.proposals.extend(items.collect::<Vec<_>>());
        if at_once {
            for other in FOUNDERS.into_iter().filter(|other| *other != who) {
                let act = self.t.approval(id);
                self.say(Some(other), act);
            }
        }
    }

    pub fn govern(&mut self, number: u8, at_once: bool) {
        let freezes: Vec<_> = self.t.treasury().freezes.keys().copied().collect();
        let subject = match number % 6 {
            0 => policy(POLICY),
            1 => policy(&format!("# again\n{POLICY}")),
            2 => suspension(someone(number / 6)),
            3 => joins(DORA.joining(self.t.treasury().id)),
            _ => thaw(&freezes),
        };
        self.propose(someone(number / 6), subject, at_once);
    }

    pub fn payouts(&self) -> Vec<ProposalId> {
        let planned = |id: &&ProposalId| matches!(self.t.decision(**id), Decision::Payout(_));
        self.proposals.iter().filter(planned).copied().collect()
    }

    /// The sweep that a payout is a transfer of.
    pub fn sweep_of(&self, id: ProposalId) -> Option<ProposalId> {
        let record = &self.t.treasury().proposals[&id];
        record.batch.map(|place| place.batch)
    }

    pub fn free_coin(&self) -> Option<u8> {
        let reserved = self.t.treasury().reserved_outpoints(None);
        (1..=COINS).find(|number| !reserved.contains(&coin(*number).outpoint()))
    }

    /// The act that carries out a step, as the driver would write it.
    pub fn act_of(&mut self, step: &Step) -> Option<Act> {
        let run = |t: &mut Fixture, id, seats: &[SeatId]| t.signing(id, seats);
        Some(match step {
            Step::Lapse(id) => lapsed(*id),
            Step::Enact(id) => Act::Enacted { proposal: *id },
            Step::CloseKeygen(session) => Act::KeygenAborted(abort(*session, &[])),
            Step::CloseSigning(session) => aborted(*session, &[]),
            Step::Plan(id) => planned(self.t.honest_plan(*id, 1, &[coin(self.free_coin()?)])),
            Step::Sign(id, seats) => Act::SigningStarted(run(&mut self.t, *id, seats)),
            Step::SignAgain(id, seats) => Act::SigningRetried(run(&mut self.t, *id, seats)),
            Step::Broadcast(id) => self.t.broadcast(*id),
        })
    }

    pub fn subject_of(&self, step: &Step) -> ProposalId {
        match step {
            Step::Lapse(id)
            | Step::Enact(id)
            | Step::Plan(id)
            | Step::Sign(id, _)
            | Step::SignAgain(id, _)
            | Step::Broadcast(id) => *id,
            Step::CloseKeygen(_) => panic!("no key is made here"),
            Step::CloseSigning(session) => {
                let of = |(id, open): (&ProposalId, &BTreeSet<SessionId>)| {
                    open.contains(session).then_some(*id)
                };
                self.open.iter().find_map(of).unwrap()
            }
        }
    }

    pub fn attempt(&mut self, what: Try) {
        self.write_as_of(self.behind);
        self.behind = Span::ZERO;
        match what {
            Try::Payout(number, at_once) => {
                let amount = 100_000 + 40_000 * u64::from(number % 16);
                let subject = Subject::Payout(self.t.payout(vec![leg(1, amount)]));
                self.propose(someone(number), subject, at_once);
            }
            Try::Sweep(number, at_once) => {
                let moved = joins_coins(100_000 + 4_000 * u64::from(number));
                let subject = sweep(self.t.vault, &[moved]);
                self.propose(someone(number), subject, at_once);
            }
            Try::Govern(number, at_once) => self.govern(number, at_once),
            Try::Freeze(who, number) => self.freeze(someone(who), number),
            Try::Follow => self.follow(),
            Try::Help(number) => self.help(number),
            Try::Wait(number) => {
                let spans = [MINUTE, HOUR, hours(12), days(1), days(2)];
                self.wall = self.wall.plus(spans[usize::from(number) % 5]);
            }
            Try::Behind(number) => {
                let spans = [Span::from_secs(30), MINUTE, HOUR, days(1)];
                self.behind = spans[usize::from(number) % 4];
            }
            Try::Again(number) => {
                let old = picked(&self.t.entries.iter().collect::<Vec<_>>(), number).unwrap();
                let again = self.t.link(old.body.clone());
                let judged = self.t.replay.clone().push(&again);
                assert!(judged.is_err(), "an entry twice");
            }
            Try::Crash => self.t.replay = self.t.replayed(),
            Try::Approve(_, number)
            | Try::Decline(_, number)
            | Try::Lapse(number)
            | Try::Enact(number)
            | Try::Plan(number, ..) => {
                if let Some(id) = picked(&self.proposals, number) {
                    self.decide(id, what);
                }
            }
            Try::Release(_, number, _)
            | Try::Start(number, _)
            | Try::Retry(number, _)
            | Try::Abort(number, _)
            | Try::Sign(number)
            | Try::Chain(number, _) => {
                if let Some(id) = picked(&self.payouts(), number) {
                    self.attempt_on(id, what);
                }
            }
        }
    }

    fn freeze(&mut self, who: Person, number: u8) {
        let scope = match (number % 3, picked(&self.payouts(), number)) {
            (0, _) => Scope::Treasury,
            (1, Some(id)) if number < 128 => Scope::Payout(id),
            (1, Some(id)) => Scope::Payout(self.sweep_of(id).unwrap_or(id)),
            _ => Scope::Vault(self.t.vault),
        };
        let act = self.t.freeze(scope);
        self.say(Some(who), act);
    }

    fn decide(&mut self, id: ProposalId, what: Try) {
        let (who, act) = match what {
            Try::Approve(who, _) => {
                let lasts = if who > 99 { DAY } else { MINUTE };
                (Some(someone(who)), self.t.approval_for(id, lasts))
            }
            Try::Decline(who, _) => (Some(someone(who)), declined(id)),
            Try::Lapse(_) => (None, lapsed(id)),
            Try::Enact(_) => (None, Act::Enacted { proposal: id }),
            Try::Plan(_, version, from) if self.t.treasury().payout(id).is_some() => {
                let coin = coin(from % COINS + 1);
                let plan = self.t.honest_plan(id, (version % 3).into(), &[coin]);
                (None, planned(plan))
            }
            _ => return,
        };
        self.say(who, act);
    }

    pub fn attempt_on(&mut self, id: ProposalId, what: Try) {
        let running = match self.t.stage(id) {
            PayoutStage::Signing(_, run) => Some(run.run.session),
            _ => None,
        };
        let last = running.unwrap_or(SessionId::from_bytes([1; 32]));
        let (who, act) = match what {
            Try::Release(who, _, seat) => {
                let act = match (self.sweep_of(id), seat) {
                    (Some(sweep), 0..150) => self.t.joint_release(sweep),
                    (_, 0..200) => self.t.release_of(id, HARDWARE),
                    _ => self.t.release_of(id, RECOVERY),
                };
                (Some(someone(who)), act)
            }
            Try::Start(_, seats) => {
                let run: SigningRun = self.t.signing(id, &some_seats(seats));
                (None, Act::SigningStarted(run))
            }
            Try::Retry(_, seats) => {
                let run = self.t.signing(id, &some_seats(seats));
                (None, Act::SigningRetried(run))
            }
            Try::Abort(_, blames) => {
                let culprits: &[SeatId] = if blames { &[DEVICE] } else { &[] };
                (None, aborted(last, culprits))
            }
            Try::Sign(_) => (None, self.t.signed_act(id, last)),
            Try::Chain(_, seen) => {
                let sighting = self.t.sighting(id);
                let act = match seen % 8 {
                    0 | 1 => Act::Broadcast(sighting),
                    2..=4 => self.t.confirmed(id),
                    5 => Act::Dropped(sighting),
                    6 => Act::Reorged(sighting),
                    _ => self.t.replaced(id),
                };
                (None, act)
            }
            other => panic!("{other:?} is about no payout"),
        };
        self.say(who, act);
    }

    pub fn follow(&mut self) {
        self.write_as_of(Span::ZERO);
        let hands = self.t.hands();
        let step = next_step(&self.t.replay, &hands, &BTreeSet::new(), self.wall);
        if let Some(act) = step.and_then(|step| self.act_of(&step)) {
            let name = act.name();
            assert!(self.say(None, act), "{name} was named and is refused");
        }
    }

    pub fn help(&mut self, number: u8) {
        if number < 16 && !self.t.treasury().freezes.is_empty() {
            let freezes: Vec<_> = self.t.treasury().freezes.keys().copied().collect();
            return self.propose(someone(number), thaw(&freezes), true);
        }
        let Some(id) = picked(&self.payouts(), number) else {
            return self.follow();
        };
        match self.t.stage(id) {
            PayoutStage::Planned(_) | PayoutStage::Aborted(..) => {
                let act = self.t.release_of(id, HARDWARE);
                self.say(Some(someone(number % 2)), act);
                self.follow();
            }
            PayoutStage::Signing(_, run) if !number.is_multiple_of(4) => {
                let act = self.t.signed_act(id, run.run.session);
                self.say(None, act);
            }
            PayoutStage::Signing(_, run) => {
                let act = aborted(run.run.session, &[]);
                self.say(None, act);
            }
            PayoutStage::Signed { .. } | PayoutStage::Confirmed { .. } => {
                self.attempt_on(id, Try::Chain(0, number));
            }
            PayoutStage::Reverted { .. } | PayoutStage::Replaced { .. } => self.follow(),
        }
    }
}
