-- What a wallet saw of the chain, as change sets that only ever grow. A cache: it holds no money and
-- no right, and is rebuilt from the vault's public key and the node.
CREATE TABLE wallet_changeset (
    vault TEXT NOT NULL,
    seq INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (vault, seq)
) STRICT, WITHOUT ROWID;
