//! A plan's bytes become a transaction, or are refused: one form only, the one our builder makes.

use std::collections::BTreeSet;

use bitcoin::consensus::{deserialize_partial, serialize};
use bitcoin::{Sequence, Transaction, TxIn, absolute, transaction};

use crate::limits;
use crate::mismatch::PlanMismatch;

/// The sequence of every input: replaceable (BIP125), no relative lock time (BIP68).
pub const SEQUENCE: Sequence = Sequence::ENABLE_RBF_NO_LOCKTIME;

/// The lock time of every plan: none. With any other, signed bytes could be held back until a height
/// that a seat without a node can't judge, and the money of the plan with them. The small deterrent
/// against fee sniping that a lock at the present height gives is not worth that.
pub const LOCK_TIME: absolute::LockTime = absolute::LockTime::ZERO;

/// Decodes an unsigned transaction, all of its bytes and nothing else, and checks its form.
pub fn decode(bytes: &[u8]) -> Result<Transaction, PlanMismatch> {
    if bytes.len() > limits::MAX_BYTES {
        return Err(PlanMismatch::TooLong(bytes.len()));
    }
    let (transaction, read) = deserialize_partial::<Transaction>(bytes)
        .map_err(|error| PlanMismatch::Undecodable(error.to_string()))?;
    if let Some(trailing) = bytes.len().checked_sub(read).filter(|count| *count > 0) {
        return Err(PlanMismatch::TrailingBytes(trailing));
    }
    check_inputs(&transaction.input)?;
    if transaction.version != transaction::Version::TWO {
        return Err(PlanMismatch::Version(transaction.version.0));
    }
    if transaction.lock_time != LOCK_TIME {
        return Err(PlanMismatch::LockTime(
            transaction.lock_time.to_consensus_u32(),
        ));
    }
    // The journal binds these bytes, the signature binds their meaning: one encoding each.
    if serialize(&transaction) != bytes {
        return Err(PlanMismatch::NotCanonical);
    }
    Ok(transaction)
}

fn check_inputs(inputs: &[TxIn]) -> Result<(), PlanMismatch> {
    if inputs.is_empty() {
        return Err(PlanMismatch::NoInputs);
    }
    if inputs.len() > limits::MAX_INPUTS {
        return Err(PlanMismatch::TooManyInputs(inputs.len()));
    }
    let mut seen = BTreeSet::new();
    for (number, input) in (1..).zip(inputs) {
        if !input.script_sig.is_empty() {
            return Err(PlanMismatch::ScriptSig(number));
        }
        if !input.witness.is_empty() {
            return Err(PlanMismatch::Witness(number));
        }
        if input.sequence != SEQUENCE {
            let sequence = input.sequence.to_consensus_u32();
            return Err(PlanMismatch::Sequence {
                input: number,
                sequence,
            });
        }
        if input.previous_output.is_null() {
            return Err(PlanMismatch::NullInput(number));
        }
        if !seen.insert(input.previous_output) {
            return Err(PlanMismatch::DuplicateInput(input.previous_output));
        }
    }
    Ok(())
}
