//! The spending policy: a pure decision over a payout and the facts of the journal.
