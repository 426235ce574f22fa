//! Addresses: the published vectors, and the vault's own by two roads.

use domain::act::ChildPath;
use domain::address::AddressError;
use domain::{BtcAddress, Network};

use crate::rig::Rig;

fn parse(text: &str, network: Network) -> Result<String, AddressError> {
    BtcAddress::parse(text, network).map(|address| hex(address.script_pubkey().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// BIP350, "Test vectors for v0-v16 native segregated witness addresses". Networks are those that we
/// know; `tb1` is shared by testnet4 and signet.
#[test]
fn bip173_and_bip350_valid_addresses_are_read() {
    let main = Network::Bitcoin;
    let test = Network::Testnet4;
    let vectors = [
        (
            main,
            "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4",
            "0014751e76e8199196d454941c45d1b3a323f1433bd6",
        ),
        (
            test,
            "tb1qrp33g0q5c5txsp9arysrx4k6zdkfs4nce4xj0gdcccefvpysxf3q0sl5k7",
            "00201863143c14c5166804bd19203356da136c985678cd4d27a1b8c6329604903262",
        ),
        (
            test,
            "tb1qqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesrxh6hy",
            "0020000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
        ),
        (
            test,
            "tb1pqqqqp399et2xygdj5xreqhjjvcmzhxw4aywxecjdzew6hylgvsesf3hn0c",
            "5120000000c4a5cad46221b2a187905e5266362b99d5e91c6ce24d165dab93e86433",
        ),
        (
            main,
            "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0",
            "512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
        ),
    ];
    for (network, text, script) in vectors {
        assert_eq!(parse(text, network).as_deref(), Ok(script), "{text}");
    }
}

/// Valid by BIP350, but of a witness version that nobody can guard yet: money sent there is anyone's.
#[test]
fn future_witness_versions_are_valid_and_refused() {
    for text in [
        "bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y",
        "BC1SW50QGDZ25J",
        "bc1zw508d6qejxtdg4y5r3zarvaryvaxxpcs",
    ] {
        assert!(parse(text, Network::Bitcoin).is_err(), "{text}");
    }
    let version_16 = parse("BC1SW50QGDZ25J", Network::Bitcoin).unwrap_err();
    assert!(matches!(version_16, AddressError::FutureWitness(_)));
}

/// BIP350, "invalid test vectors", with BIP173's of mixed case, bad length and bad padding.
#[test]
fn bip173_and_bip350_invalid_addresses_are_refused() {
    for text in [
        "tc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq5zuyut",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqh2y7hd",
        "tb1z0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqglt7rf",
        "BC1S0XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ54WELL",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kemeawh",
        "tb1q0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq24jc47",
        "bc1p38j9r5y49hruaue7wxjce0updqjuyyx0kh56v8s25huc6995vvpql3jow4",
        "BC130XLXVLHEMJA6C4DQV22UAPCTQUPFHLXM9H8Z3K2E72Q4K9HCZ7VQ7ZWS8R",
        "bc1pw5dgrnzv",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v8n0nx0muaewav253zgeav",
        "BC1QR508D6QEJXTDG4Y5R3ZARVARYV98GJ9P",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vq47Zagq",
        "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7v07qwwzcrf",
        "tb1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vpggkg4j",
        "bc1gmk9yu",
        "bc1zw508d6qejxtdg4y5r3zarvaryvqyzf3du",
        "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5",
    ] {
        for network in [Network::Bitcoin, Network::Testnet4, Network::Regtest] {
            assert!(parse(text, network).is_err(), "{text} on {network}");
        }
    }
}

#[test]
fn an_address_of_another_network_is_refused() {
    let main = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
    for network in [Network::Testnet4, Network::Signet, Network::Regtest] {
        let refused = parse(main, network).unwrap_err();
        assert!(matches!(refused, AddressError::WrongNetwork { .. }));
    }
}

#[tokio::test]
async fn each_address_is_fresh_and_the_same_by_both_derivations() {
    let rig = Rig::start().await;
    let keys = rig.vault.view.keys().unwrap();
    for index in 0..20 {
        let (path, address) = rig.wallet.receive_address().await.unwrap();
        assert_eq!((path.keychain(), path.index()), (ChildPath::RECEIVE, index));
        assert_eq!(keys.address_at(path).unwrap(), address);
        assert!(address.as_str().starts_with("bcrt1p"));
    }
}

/// Ten thousand addresses shown: money on any of them is seen, and a restart does not derive them
/// all anew (no time is asserted, the run shows it).
#[tokio::test]
async fn ten_thousand_addresses_are_watched_and_reloaded() {
    let rig = Rig::start().await;
    let last = ChildPath::new(ChildPath::RECEIVE, 9_999).unwrap();
    let start = std::time::Instant::now();
    rig.wallet.reveal_to(last).await.unwrap();
    println!("10,000 addresses shown in {:?}", start.elapsed());
    let keys = rig.vault.view.keys().unwrap();
    let payments: Vec<(String, u64)> = (0..10_000_u32)
        .step_by(999)
        .map(|index| {
            let path = ChildPath::new(ChildPath::RECEIVE, index).unwrap();
            (keys.address_at(path).unwrap().to_string(), 10_000)
        })
        .collect();
    rig.bitcoind.send_many(&payments).unwrap();
    rig.bitcoind.mine(1).unwrap();
    rig.sync().await;
    let before = rig.wallet.utxos(1).await.unwrap();
    assert_eq!(before.len(), payments.len());
    let start = std::time::Instant::now();
    let wallet = rig.reopened().await;
    println!("reloaded in {:?}", start.elapsed());
    assert_eq!(wallet.utxos(1).await.unwrap(), before);
    let (next, _) = wallet.receive_address().await.unwrap();
    assert_eq!(next.index(), 10_000);
}
