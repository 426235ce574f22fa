//! Virtual YubiKeys over PC/SC, chain nodes, lying peers: for tests and the demo only.
