//! Bitcoin at the edge: addresses, sync, build, broadcast and watch.
