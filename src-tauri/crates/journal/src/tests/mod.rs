//! The journal attacked: by its own file's bytes, by its writers, by the disk and by sudden ends.

mod append;
mod crash;
mod export;
mod forge;
mod formats;
mod python;
mod support;
mod tamper;
