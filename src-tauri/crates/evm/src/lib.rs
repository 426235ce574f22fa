//! EVM chains through the company's own node.
