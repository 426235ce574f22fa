//! Transaction bytes, decoded on their own and checked against what was approved.
