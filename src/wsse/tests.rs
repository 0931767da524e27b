//! Envelopes signed here and then changed; what others sign is tested in tests/it and by the interop clients.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use rcgen::{CertificateParams, IsCa, KeyPair, SignatureAlgorithm};

use super::error::{Distrust, Error};
use super::read::Security;
use super::sign::Signer;
use super::timestamp::Tolerance;
use super::verify::{Demand, Signers, Verified};
use crate::clock::UnixMillis;
use crate::crypto::signature::{Algorithm, Hash, PublicKey, Scheme};
use crate::pki::{Identity, Untrusted};
use crate::problem::Problems;
use crate::soap::envelope::{self, Content, Envelope};
use crate::xml::limits::Limits;
use crate::xml::tape::Tape;

const NOW: UnixMillis = UnixMillis(1_714_118_400_000);
const MESSAGE: &str = "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:h='urn:h'>\
    <s:Header><h:id xmlns:u='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd' \
    u:Id='the-id'>1</h:id></s:Header><s:Body><h:Ask><h:what a='&lt;'>x &amp; y</h:what></h:Ask></s:Body></s:Envelope>";

struct Party {
    signer: Signer,
    certificate: Vec<u8>,
    algorithm: Algorithm,
}

impl Party {
    fn new(key: &'static SignatureAlgorithm, scheme: Scheme, hash: Hash) -> Self {
        let pair = KeyPair::generate_for(key).expect("a key");
        Self::of(&pair, &CertificateParams::default(), Algorithm { scheme, hash })
    }

    fn of(pair: &KeyPair, params: &CertificateParams, algorithm: Algorithm) -> Self {
        let certificate = params.self_signed(pair).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        let (file, key_file) = (folder.path().join("a.crt"), folder.path().join("a.key"));
        std::fs::write(&file, certificate.pem()).expect("written");
        std::fs::write(&key_file, pair.serialize_pem()).expect("written");
        std::fs::set_permissions(&key_file, Permissions::from_mode(0o600)).expect("it is ours");
        let mut problems = Problems::new();
        let identity = Identity::load(&file, &*key_file, NOW, &mut problems).unwrap_or_else(|| panic!("{problems}"));
        let signer = Signer::new(identity, Some(algorithm), 60_000).expect("the key can");
        Self { signer, certificate: certificate.der().to_vec(), algorithm }
    }

    fn p256() -> Self {
        Self::new(&rcgen::PKCS_ECDSA_P256_SHA256, Scheme::Ecdsa, Hash::Sha256)
    }

    fn sign(&self, message: &str) -> String {
        let signed = self.signer.sign(message.as_bytes().to_vec(), NOW).expect("signed");
        String::from_utf8(signed).expect("UTF-8")
    }
}

impl Signers for Party {
    fn known(&self) -> impl Iterator<Item = &[u8]> {
        std::iter::once(&*self.certificate)
    }

    fn believe(&self, leaf: &[u8], _: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust> {
        if leaf != self.certificate {
            return Err(Distrust::Foreign);
        }
        PublicKey::of_certificate(leaf).map(Arc::new).map_err(|_| Distrust::Key)
    }
}

fn verify(party: &impl Signers, text: &str, now: UnixMillis) -> Result<Verified, String> {
    let tape = Tape::parse(text, &Limits::default()).map_err(|error| error.to_string())?;
    let envelope = open(&tape)?;
    let id = envelope.blocks.iter().copied().find(|&block| tape.local(block) == "id");
    let demand = Demand { timestamp: true, message_id: id };
    let tolerance = Tolerance::default();
    let verify = || -> Result<Verified, Error> {
        let security = Security::read(&tape, &envelope)?.expect("a Security header");
        security.timely(&tape, now, tolerance)?.verify(&tape, &envelope, demand, tolerance, party)
    };
    verify().map_err(|error| error.to_string())
}

fn open(tape: &Tape<'_>) -> Result<Envelope, String> {
    let opened = envelope::open(tape, Content::Qualified).map_err(|error| error.to_string())?;
    let understood = opened.understand(tape, |_, _| true).map_err(|error| error.to_string())?;
    understood.envelope().map_err(|error| error.to_string())
}

#[test]
fn what_is_signed_is_verified_by_every_algorithm() {
    let hashes = [Hash::Sha256, Hash::Sha384, Hash::Sha512];
    let rsa = [Scheme::RsaPkcs1, Scheme::RsaPss];
    let mut parties: Vec<Party> =
        rsa.iter().flat_map(|&scheme| hashes.map(|hash| Party::new(&rcgen::PKCS_RSA_SHA256, scheme, hash))).collect();
    parties.push(Party::p256());
    parties.push(Party::new(&rcgen::PKCS_ECDSA_P384_SHA384, Scheme::Ecdsa, Hash::Sha384));
    for party in &parties {
        let signed = party.sign(MESSAGE);
        let verified = verify(party, &signed, NOW).unwrap_or_else(|error| panic!("{:?}: {error}", party.algorithm));
        assert_eq!(verified.forgotten_at(), Some(UnixMillis(NOW.0 + 120_000)));
        let stranger = verify(&parties[0], &signed, NOW);
        assert_eq!(stranger.is_ok(), std::ptr::eq(party, &parties[0]));
    }
}

#[test]
fn envelopes_of_any_shape_are_signed() {
    let party = Party::p256();
    let wsu = super::WSU;
    for (header, body) in [
        ("", ""),
        ("<s:Header/>", ""),
        ("<s:Header></s:Header>", ""),
        ("<s:Header>\n<h:a xmlns:h='urn:h'/></s:Header>", ""),
        ("", "xmlns:u='{wsu}' u:Id='own'"),
        ("", "xml:id='own'"),
    ] {
        let body = body.replace("{wsu}", wsu);
        let soap = "http://www.w3.org/2003/05/soap-envelope";
        let message =
            format!("<s:Envelope xmlns:s='{soap}'>{header}<s:Body {body}><b xmlns='urn:b'/></s:Body></s:Envelope>");
        let signed = party.sign(&message);
        verify(&party, &signed, NOW).unwrap_or_else(|error| panic!("{error}\n{signed}"));
    }
}

#[track_caller]
fn refused(change: impl Fn(&str) -> String, expected: &str) {
    let party = Party::p256();
    let signed = party.sign(MESSAGE);
    let changed = change(&signed);
    assert_ne!(changed, signed, "nothing was changed");
    let error = verify(&party, &changed, NOW).map(|_| ()).expect_err("refused");
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn what_was_changed_after_it_was_signed_is_refused() {
    refused(
        |text| text.replace("x &amp; y", "x &amp; z"),
        "/Envelope/Body, line 1: the digest of what is signed here is wrong",
    );
    refused(|text| text.replace(">1</h:id>", ">2</h:id>"), "id, line 1: the digest of what is signed here is wrong");
    refused(|text| text.replace("<wsu:Created>2024-04-26T08:00:00", "<wsu:Created>2024-04-26T08:00:01"), "is wrong");
    refused(|text| text.replace("xmlenc#sha256", "xmlenc#sha512"), "the signature is wrong");
    refused(|text| text.replace("<h:Ask>", "<h:Ask xmlns:h='urn:i'>"), "the digest of what is signed here is wrong");
}

#[test]
fn times_are_read_as_stacks_write_them() {
    let read = |created: &str, expires: &str| {
        let text = MESSAGE.replace(
            "<s:Header>",
            &format!(
                "<s:Header><w:Security xmlns:w='{}' xmlns:u='{}'><u:Timestamp><u:Created>{created}</u:Created>\
                 <u:Expires>{expires}</u:Expires></u:Timestamp></w:Security>",
                super::WSSE,
                super::WSU
            ),
        );
        let tape = Tape::parse(&text, &Limits::default()).expect("well-formed");
        let envelope = open(&tape).expect("an envelope");
        let security = Security::read(&tape, &envelope).map_err(|error| error.kind.to_string())?;
        let timestamp = security.expect("a Security header").timestamp.expect("a Timestamp");
        Ok::<_, String>((timestamp.created.0, timestamp.expires.map(|expires| expires.0)))
    };
    let created = 1_714_118_400_000;
    assert_eq!(read("2024-04-26T08:00:00Z", "2024-04-26T08:05:00.000Z"), Ok((created, Some(created + 300_000))));
    assert_eq!(
        read("2024-04-26T08:00:00.246276+00:00", "2024-04-26T08:00:01Z"),
        Ok((created + 246, Some(created + 1000)))
    );
    assert_eq!(read("2024-04-26T08:00:00Z", "9999-12-31T23:59:59Z"), Ok((created, Some(253_402_300_799_000))));
    assert_eq!(read("1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z"), Ok((-1000, Some(0))));
    for wrong in
        ["2024-04-26T08:00:00", "2024-04-26 08:00:00Z", "2024-04-31T08:00:00Z", "2024-04-26T15:00:00+07:00", ""]
    {
        assert_eq!(
            read(wrong, "2024-04-26T08:05:00Z"),
            Err("must be a time in UTC like 2024-02-29T10:00:00Z".to_owned())
        );
    }
    assert!(read("2024-04-26T08:00:01Z", "2024-04-26T08:00:00Z").is_err(), "over before it began");
}

#[test]
fn a_message_holds_for_its_time_alone() {
    let party = Party::p256();
    let signed = party.sign(MESSAGE);
    let at = |ms: i64| verify(&party, &signed, UnixMillis(NOW.0 + ms)).map(|_| ());
    at(119_999).expect("Expires and the clocks' difference");
    let expired = at(120_000).expect_err("over");
    assert!(expired.contains("the message expired at"), "{expired}");
    at(-60_000).expect("the clocks' difference");
    let early = at(-60_001).expect_err("of the future");
    assert!(early.contains("the message was made at"), "{early}");
}

/// Two certificates of one key, of which the first is believed no more.
struct Renewed {
    old: Vec<u8>,
    new: Party,
}

impl Signers for Renewed {
    fn known(&self) -> impl Iterator<Item = &[u8]> {
        [&*self.old, &*self.new.certificate].into_iter()
    }

    fn believe(&self, leaf: &[u8], between: &[&[u8]]) -> Result<Arc<PublicKey>, Distrust> {
        match leaf == self.old {
            true => Err(Distrust::Chain(Untrusted::Expired)),
            false => self.new.believe(leaf, between),
        }
    }
}

#[test]
fn a_key_identifier_means_whichever_certificate_of_the_key_holds() {
    let pair = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::ExplicitNoCa;
    let old = params.self_signed(&pair).expect("a certificate").der().to_vec();
    let new = Party::of(&pair, &params, Algorithm { scheme: Scheme::Ecdsa, hash: Hash::Sha256 });
    let identifier = base64_simd::STANDARD.encode_to_string(params.key_identifier(&pair));
    let kind =
        "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509SubjectKeyIdentifier";
    let named = format!("<wsse:KeyIdentifier ValueType=\"{kind}\">{identifier}</wsse:KeyIdentifier>");
    let signed = new.sign(MESSAGE);
    let (start, rest) = signed.split_once("<wsse:Reference ").expect("a reference to the token");
    let signed = format!("{start}{named}{}", rest.split_once("/>").expect("its end").1);
    let renewed = Renewed { old, new };
    verify(&renewed, &signed, NOW).expect("the new certificate is good");
}

#[test]
fn a_copied_block_with_a_type_is_signed_with_what_the_type_means() {
    let party = Party::p256();
    let schema = "xmlns:d='http://www.w3.org/2001/XMLSchema' xmlns:i='http://www.w3.org/2001/XMLSchema-instance'";
    let typed = MESSAGE.replace("<s:Envelope ", &format!("<s:Envelope {schema} "));
    let typed = typed.replace("u:Id='the-id'", "u:Id='the-id' i:type='d:string'");
    let signed = party.sign(&typed);
    verify(&party, &signed, NOW).unwrap_or_else(|error| panic!("{error}: {signed}"));
    let rebound = signed.replace("xmlns:d='http://www.w3.org/2001/XMLSchema'", "xmlns:d='urn:other'");
    verify(&party, &rebound, NOW).expect_err("the type is another");
    // Declared where no list reaches it: the block goes unsigned, the rest is signed all the same.
    let below = typed.replace(">1</h:id>", "><h:b xmlns:e='urn:e' i:type='e:T'/></h:id>");
    assert_eq!(party.sign(&below).matches("<ds:Reference ").count(), 2);
}

#[test]
fn a_block_whose_id_another_has_is_left_unsigned() {
    let party = Party::p256();
    let doubled = MESSAGE.replace("<h:what ", "<h:what Id='the-id' ");
    assert_eq!(party.sign(&doubled).matches("<ds:Reference ").count(), 2, "Body and Timestamp");
    let twice = MESSAGE.replace("u:Id='the-id'", "u:Id='the-id' Id='the-id'");
    assert_eq!(party.sign(&twice).matches("<ds:Reference ").count(), 3);
}
