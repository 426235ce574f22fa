//! Amounts, addresses, ids, payouts, proposals, approvals and entry bodies: no I/O, no secrets.
