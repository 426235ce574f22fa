//! Children, scripts and addresses of a vault against the published vectors.

use crate::support::{change, receive, vault};
use bitcoin::bip32::Xpub;
use domain::Network;
use domain::act::{ChildPath, VaultKey};
use domain::roster::HexBytes;
use domain::{Epoch, VaultId};
use plans::{Keychain, VaultKeyError, VaultView};

fn view(network: Network, group: Vec<u8>, chain_code: Vec<u8>) -> VaultView {
    VaultView {
        vault: VaultId::from_bytes([1; 32]),
        network,
        key: VaultKey {
            epoch: Epoch::FIRST,
            threshold: 2,
            group: HexBytes(group),
            chain_code: HexBytes(chain_code),
            verifying_shares: Vec::new(),
        },
    }
}

/// BIP86: the account xpub's own receive and change chains are `m/0/i` and `m/1/i` below it, which is
/// what a vault's root is.
#[test]
fn bip86_vector_addresses_are_derived() {
    let account: Xpub = "xpub6BgBgsespWvERF3LHQu6CnqdvfEvtMcQjYrcRzx53QJjSxarj2afYWcLteoGVky7D3UKDP9QyrLprQ3VCECoY49yfdDEHGCtMMj92pReUsQ".parse().unwrap();
    let view = view(
        Network::Bitcoin,
        account.public_key.serialize().into(),
        account.chain_code.to_bytes().into(),
    );
    let keys = view.keys().unwrap();
    let address = |path| keys.address_at(path).unwrap().to_string();
    assert_eq!(
        address(receive(0)),
        "bc1p5cyxnuxmeuwuvkwfem96lqzszd02n6xdcjrs20cac6yqjjwudpxqkedrcr"
    );
    assert_eq!(
        address(receive(1)),
        "bc1p4qhjn9zdvkux4e44uhx8tc55attvtyu358kutcqkudyccelu0was9fqzwh"
    );
    assert_eq!(
        address(change(0)),
        "bc1p3qkhfews2uk44qtvauqyr2ttdsw7svhkl9nkm9s9c3x4ax5h60wqwruhk7"
    );
    let internal = keys.internal_key_at(receive(0)).unwrap();
    assert_eq!(
        internal.to_string(),
        "cc8a4bc64d897bddc5fbc2f670f7a8ba0b386779106cf1223c6fc5d7cd6fc115"
    );
    let output = keys.output_key_at(receive(0)).unwrap();
    assert_eq!(
        output.to_string(),
        "a60869f0dbcf1dc659c9cecbaf8050135ea9e8cdc487053f1dc6880949dc684c"
    );
}

/// BIP32, vector 1: chain m/0'/1 from the public key of m/0' (non-hardened step).
#[test]
fn bip32_vector_public_child_is_derived() {
    let parent: Xpub = "xpub68Gmy5EdvgibQVfPdqkBBCHxA5htiqg55crXYuXoQRKfDBFA1WEjWgP6LHhwBZeNK1VTsfTFUHCdrfp1bgwQ9xv5ski8PX9rL2dZXvgGDnw".parse().unwrap();
    let child: Xpub = "xpub6ASuArnXKPbfEwhqN6e3mwBcDTgzisQN1wXN9BJcM47sSikHjJf3UFHKkNAWbWMiGj7Wf5uMash7SyYq527Hqck2AxYysAA7xmALppuCkwQ".parse().unwrap();
    let view = view(
        Network::Bitcoin,
        parent.public_key.serialize().into(),
        parent.chain_code.to_bytes().into(),
    );
    let root = *view.keys().unwrap().xpub();
    let step = bitcoin::bip32::ChildNumber::from_normal_idx(1).unwrap();
    let secp = bitcoin::secp256k1::Secp256k1::new();
    let derived = root.ckd_pub(&secp, step).unwrap();
    assert_eq!(derived.public_key, child.public_key);
    assert_eq!(derived.chain_code, child.chain_code);
}

#[test]
fn public_children_equal_the_private_road_for_even_and_odd_roots() {
    let mut parities = [0, 0];
    for seed in 1..=16 {
        let vault = vault(seed);
        let keys = vault.view.keys().unwrap();
        parities[usize::from(vault.view.key.group.0[0] - 2)] += 1;
        for path in [receive(0), receive(9), change(0), change(0x7fff_ffff)] {
            assert_eq!(keys.script_at(path).unwrap(), vault.script(path));
            let address = keys.address_at(path).unwrap();
            assert_eq!(address.script_pubkey(), vault.script(path).as_script());
            assert_eq!(address.network(), Network::Regtest);
        }
    }
    assert!(parities[0] > 0 && parities[1] > 0, "{parities:?}");
}

#[test]
fn descriptors_carry_the_prefix_of_their_network() {
    let vault = vault(3);
    let keys = vault.view.keys().unwrap();
    let receive = keys.descriptor(Keychain::Receive);
    assert!(receive.contains("]tpub") && receive.starts_with("tr([") && receive.ends_with("/0/*)"));
    assert!(keys.descriptor(Keychain::Change).ends_with("/1/*)"));
    let main = VaultView {
        network: Network::Bitcoin,
        ..vault.view
    };
    let keys = main.keys().unwrap();
    assert!(keys.descriptor(Keychain::Receive).contains("]xpub"));
    assert_eq!(keys.xpub().depth, 0);
}

#[test]
fn the_acceptance_chain_has_no_address() {
    let keys = vault(4).view.keys().unwrap();
    let path = ChildPath::new(ChildPath::ACCEPTANCE, 0).unwrap();
    let none = VaultKeyError::NotAnAddress(path);
    assert_eq!(keys.address_at(path), Err(none.clone()));
    assert_eq!(keys.script_at(path), Err(none.clone()));
    assert_eq!(keys.output_key_at(path), Err(none));
}

#[test]
fn a_damaged_vault_key_is_refused() {
    let good = vault(5).view.key;
    let make = |group: Vec<u8>, code: Vec<u8>| view(Network::Regtest, group, code).keys();
    assert!(make(good.group.0.clone(), good.chain_code.0.clone()).is_ok());
    let bad = |group| make(group, good.chain_code.0.clone()).unwrap_err();
    assert_eq!(bad(Vec::new()), VaultKeyError::GroupKey);
    assert_eq!(bad(good.group.0[1..].to_vec()), VaultKeyError::GroupKey);
    assert_eq!(bad(vec![2; 65]), VaultKeyError::GroupKey);
    let off_curve: Vec<u8> = [&[2][..], &[0xff; 32]].concat();
    assert_eq!(bad(off_curve), VaultKeyError::GroupKey);
    let point: bitcoin::secp256k1::PublicKey =
        bitcoin::secp256k1::PublicKey::from_slice(&good.group.0).unwrap();
    let uncompressed = point.serialize_uncompressed().to_vec();
    assert_eq!(bad(uncompressed), VaultKeyError::GroupKey);
    let short = make(good.group.0.clone(), vec![0; 31]).unwrap_err();
    assert_eq!(short, VaultKeyError::ChainCode(31));
}
