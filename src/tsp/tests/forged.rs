//! Each rule, broken alone.

use rcgen::{PKCS_ECDSA_P256_SHA256 as P256, PKCS_ED25519};
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_KEY_IDENTIFIER;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authority::{Party, time_stamping};
use super::forge::*;
use super::{NONCE, digest, trust};
use crate::clock::UnixMillis;
use crate::pki::{Trust, Untrusted};
use crate::tsp::der::*;
use crate::tsp::{Error, Failure, RESPONSE_BYTES_MAX, Refusal, Stamp, Status, verify};

const YEARS: (i32, i32) = (2020, 2060);

struct Bench {
    root: Party,
    trust: Trust,
}

impl Bench {
    fn new() -> Self {
        let root = Party::root("root", &P256);
        let trust = trust(&root.der);
        Self { root, trust }
    }

    fn sound(&self) -> Forgery {
        Forgery::below(&self.root, YEARS)
    }

    fn verdict(&self, forgery: &Forgery) -> Result<Stamp, Error> {
        verify(&forgery.response(), digest(), Some(NONCE), &self.trust)
    }

    #[track_caller]
    fn accepts(&self, forgery: &Forgery) {
        self.verdict(forgery).unwrap_or_else(|error| panic!("{error}"));
    }

    #[track_caller]
    fn refuses(&self, forgery: &Forgery, expected: Error) {
        assert_eq!(self.verdict(forgery), Err(expected));
    }
}

#[test]
fn a_stamp_says_what_the_authority_signed() {
    let bench = Bench::new();
    let expected = Stamp {
        time: UnixMillis(1_781_524_800_250),
        serial: "c0de".into(),
        policy: "1.2.3.4".into(),
        signer: "CN=tsa".into(),
    };
    assert_eq!(bench.verdict(&bench.sound()), Ok(expected));
}

#[test]
fn the_status_decides_first() {
    let bench = Bench::new();
    let with = |status| Forgery { status, ..bench.sound() };
    bench.accepts(&with(status(1, &[])));
    let words = written(SEQUENCE, &[&written(UTF8_STRING, &[b"tam\ndung"]), &written(UTF8_STRING, &[&[b'x'; 300]])]);
    let failure = written(BIT_STRING, &[&[1, 0, 2]]);
    let text = format!("tam dung; {}", "x".repeat(246));
    for (number, status_name) in [
        (2, Status::Rejection),
        (3, Status::Waiting),
        (4, Status::RevocationWarning),
        (5, Status::RevocationNotification),
    ] {
        let refused = |failure, text: &str| Error::Refused(Refusal { status: status_name, failure, text: text.into() });
        bench.refuses(&with(status(number, &[])), refused(Failure::Unsaid, ""));
        bench.refuses(&with(status(number, &[&words, &failure])), refused(Failure::TimeNotAvailable, &text));
        let bare = written(SEQUENCE, &[&status(number, &[&failure])]);
        let verdict = verify(&bare, digest(), None, &bench.trust);
        assert_eq!(verdict, Err(refused(Failure::TimeNotAvailable, "")), "without a token");
    }
    bench.refuses(&with(status(6, &[])), Error::Malformed("the PKIStatusInfo"));
    let bare = written(SEQUENCE, &[&status(0, &[])]);
    assert_eq!(verify(&bare, digest(), None, &bench.trust), Err(Error::Malformed("the TimeStampResp")));
}

#[test]
fn a_stamp_of_something_else_is_refused() {
    let bench = Bench::new();
    let of = |info: Info| bench.sound().with(&info);
    let imprint_of = |imprint| of(Info { imprint, ..Info::default() });
    bench.refuses(&imprint_of(imprint(SHA_256, &[7; 32])), Error::Imprint);
    bench.refuses(&imprint_of(imprint(SHA_256, &digest().0[..31])), Error::Imprint);
    bench.refuses(&imprint_of(imprint(SHA_1, &[7; 20])), Error::Unsupported("SHA-256, SHA-384 or SHA-512"));
    let sha_512 = b"\x60\x86\x48\x01\x65\x03\x04\x02\x03";
    bench.refuses(&imprint_of(imprint(sha_512, &digest().0)), Error::Imprint);
    bench.refuses(&of(Info { nonce: Some(NONCE - 1), ..Info::default() }), Error::Nonce);
    bench.refuses(&of(Info { nonce: None, ..Info::default() }), Error::Nonce);
    let unasked = of(Info { nonce: None, ..Info::default() }).response();
    assert!(verify(&unasked, digest(), None, &bench.trust).is_ok());
}

#[test]
fn a_tst_info_is_read_strictly() {
    let bench = Bench::new();
    let of = |info: Info| bench.sound().with(&info);
    bench.refuses(&of(Info { version: 2, ..Info::default() }), Error::Unsupported("version 1 of TSTInfo"));
    bench.refuses(&of(Info { serial: vec![1; 21], ..Info::default() }), Error::Malformed("the TSTInfo"));
    bench.refuses(&of(Info { time: "202606151200Z", ..Info::default() }), Error::Malformed("the genTime"));
    bench.accepts(&of(Info { time: "20260615120000.123456Z", ..Info::default() }));
    let extension = |critical: &[u8]| {
        let parts = [&written(OID, &[&[0x2a, 5]])[..], critical, &written(OCTET_STRING, &[b"x"])];
        of(Info { extensions: Some(written(SEQUENCE, &parts)), ..Info::default() })
    };
    bench.accepts(&extension(&[]));
    let unknown = Error::Unsupported("a TSTInfo without critical extensions");
    bench.refuses(&extension(&written(BOOLEAN, &[&[0xff]])), unknown);
}

#[test]
fn the_signature_is_over_the_tst_info_by_the_certificate_it_names() {
    let bench = Bench::new();
    let mut other = bench.sound();
    other.info = Info { time: "20260615120001Z", ..Info::default() }.der();
    bench.refuses(&other, Error::Digest);
    // Another key than the certificate's.
    let forgery = Forgery { key: bench.sound().key, ..bench.sound() };
    bench.refuses(&forgery, Error::Signature);
    bench.refuses(&Forgery { certificates: vec![], ..bench.sound() }, Error::NoCertificate);
    bench.refuses(&Forgery { certificates: vec![bench.root.der.clone()], ..bench.sound() }, Error::NoCertificate);
    bench.refuses(&Forgery { signers: 2, ..bench.sound() }, Error::Malformed("the signerInfos"));
    bench.refuses(&Forgery { signers: 0, ..bench.sound() }, Error::Malformed("the signerInfos"));
    let data = Forgery { content_type: written(OID, &[DATA]), ..bench.sound() };
    bench.refuses(&data, Error::Malformed("the encapContentInfo"));
    let algorithm = |name: &[u8], parameters: &[u8]| Forgery {
        signature_algorithm: written(SEQUENCE, &[&written(OID, &[name]), parameters]),
        ..bench.sound()
    };
    let one_hash = Error::Unsupported("one hash for the attributes and their signature");
    bench.refuses(&algorithm(ECDSA_SHA_384, &[]), one_hash);
    bench.refuses(&algorithm(ECDSA_SHA_256, &[NULL, 0]), Error::Malformed("the SignerInfo"));
    // `rsaEncryption` with a curve's key.
    bench.refuses(&algorithm(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", &[NULL, 0]), Error::Signature);
    let schemes = "RSA (PKCS#1 v1.5) or ECDSA, each with SHA-256, SHA-384 or SHA-512,";
    bench.refuses(&algorithm(DATA, &[]), Error::Unsupported(schemes));
    let strange = bench.root.stamper(&PKCS_ED25519, YEARS);
    bench.refuses(&Forgery::by(strange), Error::Key);
}

#[test]
fn the_signer_s_certificate_is_found_wherever_it_stands_in_the_set() {
    let bench = Bench::new();
    let mut forgery = bench.sound();
    forgery.certificates = vec![bench.root.der.clone(), vec![SEQUENCE, 0], forgery.certificate.clone()];
    bench.accepts(&forgery);
    forgery.certificates = vec![forgery.certificate.clone(); 16];
    bench.accepts(&forgery);
    forgery.certificates.push(forgery.certificate.clone());
    bench.refuses(&forgery, Error::Unsupported("a token of at most 16 certificates"));
    forgery.certificates = vec![written(CONTEXT_1, &[&[5, 0]]), forgery.certificate.clone()];
    bench.refuses(&forgery, Error::Unsupported("a set of X.509 certificates"));
}

#[test]
fn the_signer_s_certificate_may_be_named_by_its_key() {
    let bench = Bench::new();
    let by_key = |version, flip: u8| {
        let forgery = bench.sound();
        let (_, read) = X509Certificate::from_der(&forgery.certificate).expect("a certificate");
        let extension = read.get_extension_unique(&OID_X509_EXT_SUBJECT_KEY_IDENTIFIER).expect("once").expect("there");
        let mut id = Reader::of(extension.value, "the id").take(OCTET_STRING).expect("a key identifier").to_vec();
        id[0] ^= flip;
        Forgery { signer_id: written(CONTEXT_0_BYTES, &[&id]), version, ..forgery }
    };
    bench.accepts(&by_key(3, 0));
    bench.refuses(&by_key(3, 1), Error::NoCertificate);
    bench.refuses(&by_key(1, 0), Error::Malformed("the SignerInfo"));
}

#[test]
fn the_signed_attributes_are_those_of_a_time_stamp() {
    let bench = Bench::new();
    let kind = |oid: &[u8]| attribute(CONTENT_TYPE, &[&written(OID, &[oid])]);
    let malformed = || Error::Malformed("the signedAttrs");
    bench.refuses(&bench.sound().attribute(0, None), malformed());
    bench.refuses(&bench.sound().attribute(0, Some(kind(DATA))), malformed());
    bench.refuses(&bench.sound().attribute(3, Some(kind(TST_INFO))), malformed());
    bench.refuses(&bench.sound().attribute(1, None), malformed());
    let twice = [&written(OID, &[TST_INFO])[..], &written(OID, &[TST_INFO])];
    bench.refuses(&bench.sound().attribute(0, Some(attribute(CONTENT_TYPE, &twice))), malformed());
    bench.refuses(&bench.sound().attribute(1, Some(attribute(MESSAGE_DIGEST, &[&[NULL, 0]]))), malformed());
    // What is not known is passed over.
    bench.accepts(&bench.sound().attribute(3, Some(attribute(DATA, &[&[NULL, 0]]))));
}

#[test]
fn the_signed_attributes_name_the_signer_s_certificate() {
    let bench = Bench::new();
    let named = |name: &[u8], id: &dyn Fn(&[u8]) -> Vec<u8>| {
        let forgery = bench.sound();
        let value = signing(&id(&forgery.certificate));
        forgery.attribute(2, Some(attribute(name, &[&value])))
    };
    let other = |_: &[u8]| certificate_id_v2(&bench.root.der);
    bench.refuses(&bench.sound().attribute(2, None), Error::NotNamed);
    bench.accepts(&named(SIGNING_CERTIFICATE_V2, &certificate_id_v2));
    bench.accepts(&named(SIGNING_CERTIFICATE, &certificate_id));
    bench.refuses(&named(SIGNING_CERTIFICATE_V2, &other), Error::NotNamed);
    bench.refuses(&named(SIGNING_CERTIFICATE, &other), Error::NotNamed);
    bench.refuses(&named(SIGNING_CERTIFICATE, &certificate_id_v2), Error::NotNamed);
    // Both: both are asked.
    let both = |id: &[u8]| bench.sound().attribute(3, Some(attribute(SIGNING_CERTIFICATE, &[&signing(id)])));
    bench.refuses(&both(&certificate_id(&bench.root.der)), Error::NotNamed);
    // Further certificates may follow; the first is the signer's.
    bench.accepts(&named(SIGNING_CERTIFICATE_V2, &|der| [certificate_id_v2(der), other(der)].concat()));
    bench
        .refuses(&named(SIGNING_CERTIFICATE_V2, &|der| [other(der), certificate_id_v2(der)].concat()), Error::NotNamed);
    let issued = |serial: Option<&[u8]>| {
        named(SIGNING_CERTIFICATE_V2, &|der| {
            let (_, read) = X509Certificate::from_der(der).expect("a certificate");
            certificate_id_of(der, read.issuer().as_raw(), serial.unwrap_or(read.raw_serial()))
        })
    };
    bench.accepts(&issued(None));
    bench.refuses(&issued(Some(&[1])), Error::NotNamed);
}

#[test]
fn the_signer_is_trusted_at_the_stamp_s_time_whatever_the_time_is_now() {
    let bench = Bench::new();
    let expired = |time| Forgery::below(&bench.root, (2020, 2021)).with(&Info { time, ..Info::default() });
    bench.accepts(&expired("20200101000000Z"));
    bench.accepts(&expired("20201231235959.999Z"));
    bench.refuses(&expired("20191231235959.999Z"), Error::Distrusted(Untrusted::NotYetValid));
    bench.refuses(&expired("20210101000001Z"), Error::Distrusted(Untrusted::Expired));
    // A good verdict of the same chain at another time changes nothing.
    let forgery = expired("20200601000000Z");
    bench.accepts(&forgery);
    let later = forgery.with(&Info { time: "20220601000000Z", ..Info::default() });
    bench.refuses(&later, Error::Distrusted(Untrusted::Expired));
    bench.refuses(&expired("19600101000000Z"), Error::Distrusted(Untrusted::NotYetValid));
}

#[test]
fn the_signer_s_certificate_leads_to_an_anchor_and_is_for_time_stamps() {
    let bench = Bench::new();
    let no_anchor = || Error::Distrusted(Untrusted::NoAnchor);
    let stranger = Party::root("stranger", &P256);
    let mut foreign = Forgery::below(&stranger, YEARS);
    bench.refuses(&foreign, no_anchor());
    foreign.certificates.push(stranger.der.clone());
    bench.refuses(&foreign, no_anchor());
    let namesake = Party::root("root", &P256);
    bench.refuses(&Forgery::below(&namesake, YEARS), Error::Distrusted(Untrusted::BadSignature));
    let middle = bench.root.below("middle", &P256);
    let mut below = Forgery::below(&middle, YEARS);
    bench.refuses(&below, no_anchor());
    below.certificates.insert(0, middle.der);
    bench.accepts(&below);
    let usage = || Error::Distrusted(Untrusted::Usage);
    let plain = bench.root.leaf(&P256, YEARS, vec![]);
    bench.refuses(&Forgery::by(plain), usage());
    let mut careless = time_stamping();
    careless.set_criticality(false);
    bench.refuses(&Forgery::by(bench.root.leaf(&P256, YEARS, vec![careless])), usage());
}

#[test]
fn a_response_has_a_longest_length() {
    let bench = Bench::new();
    let note = attribute(DATA, &[&written(OCTET_STRING, &[&[7; 60_000]])]);
    bench.accepts(&Forgery { unsigned: note, ..bench.sound() });
    let of = |bytes| verify(&vec![0; bytes], digest(), None, &bench.trust);
    assert_eq!(of(RESPONSE_BYTES_MAX), Err(Error::Malformed("the TimeStampResp")));
    let too_long = Error::TooLong { bytes: RESPONSE_BYTES_MAX + 1, bytes_max: RESPONSE_BYTES_MAX };
    assert_eq!(of(RESPONSE_BYTES_MAX + 1), Err(too_long));
}
