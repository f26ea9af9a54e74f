//! Public keys and signatures, against the official vectors.

use data_encoding::{BASE64_NOPAD, HEXLOWER};
use serde_json::Value;
use skein_atproto::proof::{PublicKey, SignatureFault};

fn vectors(text: &str) -> Vec<Value> {
    serde_json::from_str(text).unwrap()
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

#[test]
fn official_signatures_are_accepted_and_refused() {
    let vectors = vectors(include_str!("../vectors/interop/crypto/signature-fixtures.json"));
    assert_eq!(vectors.len(), 4);
    for vector in &vectors {
        let key = PublicKey::parse(text(vector, "publicKeyDid")).unwrap();
        let older = PublicKey::of_method(text(vector, "didDocSuite"), text(vector, "publicKeyMultibase")).unwrap();
        assert_eq!(key, older, "{}", vector["comment"]);
        let [message, signature] = ["messageBase64", "signatureBase64"]
            .map(|name| BASE64_NOPAD.decode(text(vector, name).as_bytes()).unwrap());
        let expected = if vector["validSignature"].as_bool().unwrap() { Ok(()) } else { Err(SignatureFault::HighS) };
        assert_eq!(key.verify(&message, &signature), expected, "{}", vector["comment"]);
        if expected.is_ok() {
            assert_eq!(key.verify(b"another message", &signature), Err(SignatureFault::Wrong));
            assert_eq!(key.verify(&message, &signature[..63]), Err(SignatureFault::Form));
            assert_eq!(key.verify(&message, &[0; 64]), Err(SignatureFault::Form));
        }
    }
}

#[test]
fn official_keys_have_their_text() {
    let k256 = vectors(include_str!("../vectors/interop/crypto/w3c_didkey_K256.json"));
    assert_eq!(k256.len(), 5);
    for vector in &k256 {
        let secret = HEXLOWER.decode(text(vector, "privateKeyBytesHex").as_bytes()).unwrap();
        let point = k256::ecdsa::SigningKey::from_slice(&secret).unwrap().verifying_key().to_sec1_point(false);
        told_alike("EcdsaSecp256k1VerificationKey2019", point.as_bytes(), vector, "secp256k1");
    }
    let p256 = vectors(include_str!("../vectors/interop/crypto/w3c_didkey_P256.json"));
    assert_eq!(p256.len(), 1);
    for vector in &p256 {
        let (_, secret) = multibase::decode(format!("z{}", text(vector, "privateKeyBytesBase58"))).unwrap();
        let point = p256::ecdsa::SigningKey::from_slice(&secret).unwrap().verifying_key().to_sec1_point(false);
        told_alike("EcdsaSecp256r1VerificationKey2019", point.as_bytes(), vector, "P-256");
    }
}

fn told_alike(kind: &str, point: &[u8], vector: &Value, curve: &str) {
    let key = PublicKey::of_method(kind, &multibase::encode(multibase::Base::Base58Btc, point)).unwrap();
    let did_key = text(vector, "publicDidKey");
    assert_eq!((key.as_str(), key.curve()), (did_key, curve));
    assert_eq!(PublicKey::parse(did_key).unwrap(), key);
    assert_eq!(PublicKey::of_method("Multikey", did_key.strip_prefix("did:key:").unwrap()).unwrap(), key);
}

#[test]
fn what_is_no_key_is_refused_with_the_rule() {
    let refusal = |text: &str| PublicKey::parse(text).unwrap_err().rule();
    assert!(refusal("zDnaeTiq1PdzvZXUaMdezchcMJQpBdH2VN4pgrrEhMCCbmwSb").contains("did:key:"));
    assert!(refusal("did:key:mDnae").contains("base58btc"));
    assert!(refusal("did:key:z0OIl").contains("base58btc"));
    assert!(refusal(&format!("did:key:z{}", "1".repeat(100_000))).contains("longer than any key"));
    // An Ed25519 key, as other software uses.
    assert!(refusal("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK").contains("33 bytes"));
    let of = |bytes: &[u8]| format!("did:key:{}", multibase::encode(multibase::Base::Base58Btc, bytes));
    assert!(refusal(&of(&[&[0xed, 0x01][..], &[2; 33]].concat())).contains("P-256 and secp256k1"));
    for prefix in [[0x80, 0x24], [0xe7, 0x01]] {
        assert!(refusal(&of(&[&prefix[..], &[5], &[1; 32]].concat())).contains("usual form"));
        assert!(refusal(&of(&[&prefix[..], &[2], &[0xff; 32]].concat())).contains("no point of the curve"));
    }
    assert!(refusal(&of(&[])).contains("P-256 and secp256k1"));
    assert_eq!(PublicKey::of_method("JsonWebKey2020", "z").unwrap_err().rule(), "it must be Multikey");
}
