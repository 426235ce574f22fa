//! Two pure functions: fold the journal into a state, and name the next step.
