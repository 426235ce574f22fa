//! One turn of the loop: read the chain, then append, act, append the outcome, until nothing is left
//! that can be done without waiting.

use std::collections::BTreeSet;

use domain::act::{Abort, Signed, SigningRun};
use domain::roster::HexBytes;
use domain::{Act, ProposalId, SeatId, SessionId};
use treasury::{Step, next_step};

use crate::acts::random;
use crate::chain::Event;
use crate::crash::CrashPoint;
use crate::error::DriverError;
use crate::ledger::Ledger;
use crate::machine::Driver;
use crate::seats::note;

impl Driver {
    /// Does what can be done now. One payout that can't go on never holds up another.
    pub async fn turn(&mut self) -> Result<Vec<Event>, DriverError> {
        let mut events = Vec::new();
        let mut ledger = self.ledger().await?;
        if let Some(jump) = ledger.clock_held() {
            return Err(DriverError::ClockJumped(jump));
        }
        ledger.now()?;
        let watched = self.watch(&mut ledger, &mut events).await;
        nodes_may_fail(watched, &mut events)?;
        let watched = self.watch_evm(&mut ledger, &mut events).await;
        nodes_may_fail(watched, &mut events)?;
        let mut skip = BTreeSet::new();
        loop {
            let now = ledger.now()?.wall;
            self.wipe_ended(now);
            let hands = self.hands(ledger.treasury()?, now);
            let Some(step) = next_step(ledger.replay(), &hands, &skip, now) else {
                return Ok(events);
            };
            self.take(&mut ledger, step, &mut skip, &mut events).await?;
        }
    }

    async fn take(
        &mut self,
        ledger: &mut Ledger,
        step: Step,
        skip: &mut BTreeSet<ProposalId>,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        match step {
            Step::Lapse(proposal) => {
                ledger.record(Act::Lapsed { proposal }).await?;
                events.push(Event::Lapsed(proposal));
            }
            Step::Enact(proposal) => match ledger.record(Act::Enacted { proposal }).await {
                Ok(_) => events.push(Event::Enacted(proposal)),
                // The treasury changed since it was proposed; it can only lapse or be declined.
                Err(DriverError::Illegal(_)) => {
                    skip.insert(proposal);
                }
                Err(other) => return Err(other),
            },
            Step::CloseKeygen(session) => {
                ledger.record(Act::KeygenAborted(cut_off(session))).await?;
                events.push(Event::Closed(
                    "a key generation that was cut off".to_owned(),
                ));
            }
            Step::CloseSigning(session) => {
                ledger.record(Act::SigningAborted(cut_off(session))).await?;
                events.push(Event::Closed(
                    "a signing session that was cut off".to_owned(),
                ));
            }
            Step::Plan(proposal) => match self.plan(ledger, proposal).await {
                Ok(()) => events.push(Event::Planned(proposal)),
                Err(error) => {
                    skip.insert(proposal);
                    events.push(Event::NotPlanned(proposal, passing(error)?));
                }
            },
            Step::Sign(proposal, seats) | Step::SignAgain(proposal, seats) => {
                // One try a turn: what failed is looked at before it is tried again.
                skip.insert(proposal);
                self.sign_plan(ledger, proposal, seats, events).await?;
                skip.remove(&proposal);
                if events
                    .iter()
                    .any(|event| matches!(event, Event::NotSigned(id, _) if *id == proposal))
                {
                    skip.insert(proposal);
                }
            }
            Step::Broadcast(proposal) => match self.broadcast(ledger, proposal).await {
                Ok(txid) => events.push(Event::Broadcast(proposal, txid)),
                Err(error) => {
                    skip.insert(proposal);
                    events.push(Event::NotBroadcast(proposal, passing(error)?));
                }
            },
        }
        Ok(())
    }

    async fn sign_plan(
        &mut self,
        ledger: &mut Ledger,
        id: ProposalId,
        seats: Vec<SeatId>,
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let treasury = ledger.treasury()?.clone();
        let (record, payout) = treasury
            .payout(id)
            .ok_or_else(|| DriverError::NotNow("there is no such payout".to_owned()))?;
        let vault = payout.vault();
        let treasury::Decision::Payout(stage) = &record.decision else {
            return Ok(());
        };
        // What has to be right at the moment of signing is asked anew: the node's chain.
        if let Err(error) = self.check_chain_before_signing(&treasury, vault).await {
            events.push(Event::NotSigned(id, passing(error)?));
            return Ok(());
        }
        let plan = stage.plan().entry;
        let run = SigningRun {
            plan,
            session: SessionId::from_bytes(random()?),
            seats,
        };
        let act = if stage.started() {
            Act::SigningRetried(run.clone())
        } else {
            Act::SigningStarted(run.clone())
        };
        match ledger.record(act).await {
            Ok(_) => {}
            Err(DriverError::Illegal(why)) => {
                events.push(Event::NotSigned(id, why.to_string()));
                return Ok(());
            }
            Err(other) => return Err(other),
        }
        self.keepers.crash.reach(CrashPoint::SigningStarted);
        let now = ledger.now()?.wall;
        let outcome = self
            .sign(ledger.entries(), &treasury, vault, &run, now)
            .await;
        // The share is wiped after the last signature or the abort, whichever came.
        let goes_on = outcome.is_ok();
        self.open_shares.retain(|(of, seat), _| {
            *of != vault || (goes_on && treasury.is_released_further(id, *seat, now))
        });
        match outcome {
            Ok(signed) => self.record_signed(ledger, id, &run, &signed, events).await,
            Err(failure) => {
                let fault = failure.fault.clone();
                ledger
                    .record(Act::SigningAborted(failure.into_abort(run.session)))
                    .await?;
                events.push(Event::NotSigned(id, fault));
                Ok(())
            }
        }
    }

    async fn record_signed(
        &self,
        ledger: &mut Ledger,
        id: ProposalId,
        run: &SigningRun,
        signed: &[plans::SignedPlan],
        events: &mut Vec<Event>,
    ) -> Result<(), DriverError> {
        let first = signed
            .first()
            .ok_or_else(|| DriverError::Signing("no seat signed".to_owned()))?;
        if signed
            .iter()
            .any(|other| other.bytes() != first.bytes() || other.plan() != run.plan)
        {
            return Err(DriverError::Signing(
                "the seats signed different transactions: nothing is sent".to_owned(),
            ));
        }
        self.keepers.crash.reach(CrashPoint::SignatureMade);
        let transaction = HexBytes(first.bytes().to_vec());
        let act = Act::Signed(Signed {
            plan: run.plan,
            session: run.session,
            transaction,
        });
        ledger.record(act).await?;
        self.keepers.crash.reach(CrashPoint::SignedAppended);
        events.push(Event::Signed(id, first.transaction()));
        Ok(())
    }
}

/// A node that can't be asked stops nothing that another chain's node can do.
fn nodes_may_fail(
    watched: Result<(), DriverError>,
    events: &mut Vec<Event>,
) -> Result<(), DriverError> {
    match watched {
        Err(DriverError::Bitcoin(why) | DriverError::Evm(why)) => {
            events.push(Event::NodeTrouble(why));
            Ok(())
        }
        other => other,
    }
}

fn cut_off(session: SessionId) -> Abort {
    Abort {
        session,
        fault: note("cut off before it was done; what it made was in memory only"),
        culprits: Vec::new(),
    }
}

/// What keeps one payout from going on and leaves the journal as it is; anything else ends the turn.
fn passing(error: DriverError) -> Result<String, DriverError> {
    match error {
        DriverError::Bitcoin(why) | DriverError::Evm(why) | DriverError::NotNow(why) => Ok(why),
        DriverError::Illegal(why) => Ok(why.to_string()),
        other => Err(other),
    }
}
