// node compile.js: writes the runtime code of each contract beside its source. Needs solc 0.8.37.
const fs = require("fs");
const path = require("path");
const solc = require("solc");

const contracts = ["Balances", "TestToken"];
const sources = {};
for (const name of contracts) {
  sources[`${name}.sol`] = { content: fs.readFileSync(path.join(__dirname, `${name}.sol`), "utf8") };
}
const input = {
  language: "Solidity",
  sources,
  settings: {
    evmVersion: "paris",
    optimizer: { enabled: true, runs: 200 },
    // No hash of the sources in the code: the same bytes on every machine.
    metadata: { bytecodeHash: "none", appendCBOR: false },
    outputSelection: { "*": { "*": ["evm.deployedBytecode.object", "evm.methodIdentifiers"] } },
  },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const messages = output.errors ?? [];
for (const message of messages) {
  console.error(message.formattedMessage);
}
if (messages.some((message) => message.severity === "error")) {
  process.exit(1);
}
for (const name of contracts) {
  const { evm } = output.contracts[`${name}.sol`][name];
  fs.writeFileSync(path.join(__dirname, `${name}.hex`), evm.deployedBytecode.object + "\n");
  console.log(name, evm.methodIdentifiers, evm.deployedBytecode.object.length / 2, "bytes");
}
