// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

/// Many balances in one eth_call. Never deployed: its code is placed for the length of one call by a
/// state override, so it needs no address, no gas and nobody's trust.
contract Balances {
    /// For one token's answer; a token that burns more has no answer, and the others still do.
    uint256 private constant GAS = 200_000;

    /// The balance of `holders[i]` in `coins[i]`; the zero address is the chain's own coin. Where
    /// `answered[i]` is false, `units[i]` says nothing.
    function balances(address[] calldata coins, address[] calldata holders)
        external
        view
        returns (uint256[] memory units, bool[] memory answered)
    {
        require(coins.length == holders.length);
        units = new uint256[](coins.length);
        answered = new bool[](coins.length);
        for (uint256 i = 0; i < coins.length; ++i) {
            if (coins[i] == address(0)) {
                (units[i], answered[i]) = (holders[i].balance, true);
            } else {
                (units[i], answered[i]) = token(coins[i], holders[i]);
            }
        }
    }

    function token(address coin, address holder) private view returns (uint256 units, bool answered) {
        bytes memory question = abi.encodeWithSelector(0x70a08231, holder); // balanceOf(address)
        uint256 gasForIt = GAS;
        assembly ("memory-safe") {
            // Copies one word at most: a token can't fill this call's memory with its answer.
            let done := staticcall(gasForIt, coin, add(question, 32), mload(question), 0, 32)
            answered := and(done, gt(returndatasize(), 31))
            if answered { units := mload(0) }
        }
    }
}
