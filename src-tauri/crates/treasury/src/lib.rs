//! The treasury as two pure functions: [`fold`] takes the journal's entries into a [`State`], and
//! [`next_step`] names what is to be done next. Neither reads a clock, a disk or a network.
//!
//! The fold is where the rules are held: an entry that breaks one is an [`IllegalEntry`], on every
//! machine and at every replay, whoever wrote it. It checks authors and signatures against the
//! roster as it then was, evaluates the policy itself and decodes planned transactions itself.

mod batches;
mod enact;
mod facts;
mod fold;
mod governance;
mod grade;
mod illegal;
mod judged;
mod order;
mod payouts;
mod roster;
mod sightings;
mod stage;
mod state;
mod step;
mod subject;
mod vaults;
mod versions;

pub use facts::Replay;
pub use fold::fold;
pub use governance::proposal_id;
pub use grade::{Grade, GradeReason};
pub use illegal::IllegalEntry;
pub use judged::NotAuthorised;
pub use order::{SeatRefusal, order_for_seat};
pub use stage::{
    Anchor, Broadcasting, EarlierVersion, PayoutStage, PlanBody, PlanRecord, Reserved, RunRecord,
};
pub use state::{
    Adoption, BatchPlace, Bundle, Decision, FreezeRecord, MachineStanding, OfficerRecord,
    PayeeRecord, ProposalRecord, State, Treasury, VaultRecord, VaultStage,
};
pub use step::{Hands, Step, next_step};
