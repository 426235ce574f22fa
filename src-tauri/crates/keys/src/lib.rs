//! YubiKeys over PC/SC, the OS keyring, and shares sealed at rest.
