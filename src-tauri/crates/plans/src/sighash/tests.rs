//! BIP341's wallet test vectors (`bip-0341/wallet-test-vectors.json`, `keyPathSpending`).

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::secp256k1::{Message, Secp256k1, XOnlyPublicKey, schnorr};
use bitcoin::{Amount, ScriptBuf, Transaction, TxOut};

use super::key_path_sighashes;

/// `given.rawUnsignedTx`.
const UNSIGNED: &str = "02000000097de20cbff686da83a54981d2b9bab3586f4ca7e48f57f5b55963115f3b334e9c010000000000000000d7b7cab57b1393ace2d064f4d4a2cb8af6def61273e127517d44759b6dafdd990000000000fffffffff8e1f583384333689228c5d28eac13366be082dc57441760d957275419a418420000000000fffffffff0689180aa63b30cb162a73c6d2a38b7eeda2a83ece74310fda0843ad604853b0100000000feffffffaa5202bdf6d8ccd2ee0f0202afbbb7461d9264a25e5bfd3c5a52ee1239e0ba6c0000000000feffffff956149bdc66faa968eb2be2d2faa29718acbfe3941215893a2a3446d32acd050000000000000000000e664b9773b88c09c32cb70a2a3e4da0ced63b7ba3b22f848531bbb1d5d5f4c94010000000000000000e9aa6b8e6c9de67619e6a3924ae25696bb7b694bb677a632a74ef7eadfd4eabf0000000000ffffffffa778eb6a263dc090464cd125c466b5a99667720b1c110468831d058aa1b82af10100000000ffffffff0200ca9a3b000000001976a91406afd46bcdfd22ef94ac122aa11f241244a37ecc88ac807840cb0000000020ac9a87f5594be208f8532db38cff670c450ed2fea8fcdefcc9a663f78bab962b0065cd1d";

/// `given.utxosSpent`.
const SPENT: [(&str, u64); 9] = [
    (
        "512053a1f6e454df1aa2776a2814a721372d6258050de330b3c6d10ee8f4e0dda343",
        420_000_000,
    ),
    (
        "5120147c9c57132f6e7ecddba9800bb0c4449251c92a1e60371ee77557b6620f3ea3",
        462_000_000,
    ),
    (
        "76a914751e76e8199196d454941c45d1b3a323f1433bd688ac",
        294_000_000,
    ),
    (
        "5120e4d810fd50586274face62b8a807eb9719cef49c04177cc6b76a9a4251d5450e",
        504_000_000,
    ),
    (
        "512091b64d5324723a985170e4dc5a0f84c041804f2cd12660fa5dec09fc21783605",
        630_000_000,
    ),
    ("00147dd65592d0ab2fe0d0257d571abf032cd9db93dc", 378_000_000),
    (
        "512075169f4001aa68f15bbed28b218df1d0a62cbbcf1188c6665110c293c907b831",
        672_000_000,
    ),
    (
        "5120712447206d7a5238acc7ff53fbe94a3b64539ad291c7cdbc490b7577e4b17df5",
        546_000_000,
    ),
    (
        "512077e30a5522dd9f894c3f8b8bd4c4b2cf82ca7da8a3ea6a239655c39c050ab220",
        588_000_000,
    ),
];

/// `inputSpending[3].intermediary.sigHash`: input 4, hash type 0 (SIGHASH_DEFAULT).
const SIGHASH_OF_INPUT_4: &str = "4f900a0bae3f1446fd48490c2958b5a023228f01661cda3496a11da502a7f7ef";

/// `inputSpending[3].expected.witness[0]`.
const SIGNATURE_OF_INPUT_4: &str = "b4010dd48a617db09926f729e79c33ae0b4e94b79f04a1ae93ede6315eb3669de185a17d2b0ac9ee09fd4c64b678a0b61a0a86fa888a273c8511be83bfd6810f";

fn vector() -> (Transaction, Vec<TxOut>) {
    let transaction = deserialize_hex(UNSIGNED).unwrap();
    let prevouts = SPENT.map(|(script, value)| TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_hex(script).unwrap(),
    });
    (transaction, prevouts.into())
}

#[test]
fn bip341_vector_sighash_default_is_recomputed() {
    let (transaction, prevouts) = vector();
    let digests = key_path_sighashes(&transaction, &prevouts).unwrap();
    assert_eq!(digests.len(), 9);
    assert_eq!(hex::encode(digests[4]), SIGHASH_OF_INPUT_4);
}

#[test]
fn bip341_vector_signature_verifies_under_the_output_key() {
    let (transaction, prevouts) = vector();
    let digests = key_path_sighashes(&transaction, &prevouts).unwrap();
    let key = XOnlyPublicKey::from_slice(&prevouts[4].script_pubkey.as_bytes()[2..]).unwrap();
    let signature = hex::decode(SIGNATURE_OF_INPUT_4).unwrap();
    let signature = schnorr::Signature::from_slice(&signature).unwrap();
    let secp = Secp256k1::verification_only();
    let verify = |digest| secp.verify_schnorr(&signature, &Message::from_digest(digest), &key);
    assert_eq!(verify(digests[4]), Ok(()));
    assert!(verify(digests[3]).is_err());
}

#[test]
fn the_digest_commits_to_every_amount_and_script_spent() {
    let (transaction, prevouts) = vector();
    let digests = key_path_sighashes(&transaction, &prevouts).unwrap();
    for other in 0..prevouts.len() {
        let mut lied = prevouts.clone();
        lied[other].value += Amount::from_sat(1);
        assert_ne!(key_path_sighashes(&transaction, &lied).unwrap(), digests);
        let mut lied = prevouts.clone();
        lied[other]
            .script_pubkey
            .push_opcode(bitcoin::opcodes::all::OP_NOP);
        assert_ne!(key_path_sighashes(&transaction, &lied).unwrap(), digests);
    }
    let few = &prevouts[1..];
    assert!(key_path_sighashes(&transaction, few).is_err());
}
