//! The loop that joins the others: append, act, append the outcome.
