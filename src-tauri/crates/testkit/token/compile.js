// node compile.js: reads Token.sol, writes Token.bytecode.json. See README.md.
const fs = require("fs");
const crypto = require("crypto");
const solc = require("solc");

const source = fs.readFileSync("Token.sol", "utf8");
const settings = { evmVersion: "paris", optimizer: { enabled: true, runs: 200 } };
const outputSelection = { "*": { "*": ["evm.bytecode.object"] } };
const input = {
  language: "Solidity",
  sources: { "Token.sol": { content: source } },
  settings: { ...settings, outputSelection },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
if (output.errors) {
  console.error(output.errors.map((error) => error.formattedMessage).join("\n"));
  process.exit(1);
}
const compiled = Object.entries(output.contracts["Token.sol"]);
const record = {
  source_sha256: crypto.createHash("sha256").update(source).digest("hex"),
  compiler: solc.version(),
  settings,
  contracts: Object.fromEntries(compiled.map(([name, c]) => [name, "0x" + c.evm.bytecode.object])),
};
fs.writeFileSync("Token.bytecode.json", JSON.stringify(record, null, 2) + "\n");
