//! Signs an envelope of ours: Timestamp and signature are put into its header, its bytes are otherwise left alone.

use std::fmt;

use super::algorithm::{EXCLUSIVE, digest_name, signature_name};
use super::nodes::ids;
use super::read::REFERENCES_MAX;
use super::{BASE64_BINARY, DS, WSSE, WSU, X509_V3, timestamp};
use crate::clock::UnixMillis;
use crate::crypto::random_id;
use crate::crypto::signature::{Algorithm, Hash, KeyError, SigningKey};
use crate::xml::c14n::canonicalize;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, Tape};

/// What signs our messages.
pub struct Signer {
    key: SigningKey,
    algorithm: Algorithm,
    /// Of the certificate.
    token: String,
    holds_ms: i64,
}

/// Why an envelope could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// It is not an envelope: nothing of ours gets here.
    #[error("what is to be signed is no envelope")]
    Envelope,
    /// The key failed.
    #[error("the signing key failed")]
    Key(#[source] KeyError),
}

impl Signer {
    /// A signer by a key and its certificate (DER); its messages hold for `holds_ms` milliseconds.
    ///
    /// Errors: the algorithm is not one of the key's ([`SigningKey::can`]).
    pub fn new(key: SigningKey, algorithm: Algorithm, certificate: &[u8], holds_ms: i64) -> Result<Self, KeyError> {
        if !key.can(algorithm) {
            return Err(KeyError::Algorithm);
        }
        let token = base64_simd::STANDARD.encode_to_string(certificate);
        Ok(Self { key, algorithm, token, holds_ms })
    }

    /// Signs Body, Timestamp and every header block that has a `wsu:Id` already (a copied message id, say).
    ///
    /// `envelope`: a whole envelope of either version, UTF-8. The Body gets a `wsu:Id`, the Header a `wsse:Security`
    /// as its first block.
    pub fn sign(&self, envelope: Vec<u8>, now: UnixMillis) -> Result<Vec<u8>, SignError> {
        let mut text = String::from_utf8(envelope).map_err(|_| SignError::Envelope)?;
        let body_id = format!("body-{}", random_id());
        let places = Places::find(&text)?;
        text.insert_str(places.body_name_end, &format!(" xmlns:wsu=\"{WSU}\" wsu:Id=\"{body_id}\""));
        let timestamp = Timestamp::new(now, self.holds_ms);
        let mut references = String::with_capacity(1024);
        self.push_reference(&mut references, &timestamp.id, timestamp.xml.as_bytes());
        self.push_message_references(&mut references, &text)?;
        let signed_info = self.signed_info(&references);
        let value = self.key.sign(self.algorithm, signed_info.as_bytes()).map_err(SignError::Key)?;
        let security = self.security(&timestamp, &signed_info, &base64_simd::STANDARD.encode_to_string(value));
        match places.header_start_end {
            Some(at) => text.insert_str(at, &security),
            None => {
                let prefix = places.prefix;
                let header = format!("<{prefix}Header>{security}</{prefix}Header>");
                text.insert_str(places.body_start, &header);
            }
        }
        Ok(text.into_bytes())
    }

    /// One `ds:Reference`, in canonical form where `ds` is in force.
    fn push_reference(&self, out: &mut String, id: &str, canonical: &[u8]) {
        let digest = base64_simd::STANDARD.encode_to_string(self.hash().of(canonical));
        for part in [
            "<ds:Reference URI=\"#",
            id,
            "\"><ds:Transforms><ds:Transform Algorithm=\"",
            EXCLUSIVE,
            "\"></ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"",
            digest_name(self.hash()),
            "\"></ds:DigestMethod><ds:DigestValue>",
            &digest,
            "</ds:DigestValue></ds:Reference>",
        ] {
            out.push_str(part);
        }
    }

    /// References to the Body and to header blocks with ids.
    fn push_message_references(&self, out: &mut String, text: &str) -> Result<(), SignError> {
        let tape = Tape::parse(text, &OWN).map_err(|_| SignError::Envelope)?;
        let mut canonical = Vec::with_capacity(text.len());
        for (node, id) in signed_nodes(&tape) {
            canonical.clear();
            canonicalize(&tape, node, &[], &mut canonical).map_err(|_| SignError::Envelope)?;
            self.push_reference(out, &id, &canonical);
        }
        Ok(())
    }

    /// In canonical form: what is signed is what is sent.
    fn signed_info(&self, references: &str) -> String {
        let method = signature_name(self.algorithm);
        format!(
            "<ds:SignedInfo xmlns:ds=\"{DS}\"><ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE}\">\
             </ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"{method}\"></ds:SignatureMethod>\
             {references}</ds:SignedInfo>"
        )
    }

    fn security(&self, timestamp: &Timestamp, signed_info: &str, value: &str) -> String {
        let (token_id, token, timestamp) = (format!("token-{}", random_id()), &self.token, &timestamp.xml);
        format!(
            "<wsse:Security xmlns:wsse=\"{WSSE}\" xmlns:wsu=\"{WSU}\">{timestamp}<wsse:BinarySecurityToken \
             EncodingType=\"{BASE64_BINARY}\" ValueType=\"{X509_V3}\" wsu:Id=\"{token_id}\">{token}\
             </wsse:BinarySecurityToken><ds:Signature xmlns:ds=\"{DS}\">{signed_info}<ds:SignatureValue>{value}\
             </ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI=\"#{token_id}\" \
             ValueType=\"{X509_V3}\"/></wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security>"
        )
    }

    fn hash(&self) -> Hash {
        self.algorithm.hash
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({:?}, {:?})", self.key, self.algorithm)
    }
}

/// A Timestamp in canonical form.
struct Timestamp {
    id: String,
    xml: String,
}

impl Timestamp {
    fn new(now: UnixMillis, holds_ms: i64) -> Self {
        let id = format!("time-{}", random_id());
        let (created, expires) = (timestamp::written(now), timestamp::written(UnixMillis(now.0 + holds_ms)));
        let xml = format!(
            "<wsu:Timestamp xmlns:wsu=\"{WSU}\" wsu:Id=\"{id}\"><wsu:Created>{created}</wsu:Created>\
             <wsu:Expires>{expires}</wsu:Expires></wsu:Timestamp>"
        );
        Self { id, xml }
    }
}

/// Where in an envelope something is put, bytes.
struct Places {
    /// `env:`, or nothing.
    prefix: String,
    /// After the Header's start tag.
    header_start_end: Option<usize>,
    body_start: usize,
    /// After the Body's name.
    body_name_end: usize,
}

impl Places {
    fn find(text: &str) -> Result<Self, SignError> {
        let tape = Tape::parse(text, &OWN).map_err(|_| SignError::Envelope)?;
        let root = tape.root();
        let named = |local: &str| tape.child_elements(root).find(|&node| tape.local(node) == local);
        let body = named("Body").ok_or(SignError::Envelope)?;
        let start = tape.span(body).start;
        let prefix = tape.prefix(root);
        let header_start_end = match named("Header") {
            Some(header) => {
                let first = tape.children(header).next().ok_or(SignError::Envelope)?;
                Some(tape.span(first).start)
            }
            None => None,
        };
        Ok(Self {
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}:") },
            header_start_end,
            body_start: start,
            body_name_end: start + 1 + tape.qualified_name(body).len(),
        })
    }
}

/// The Body and the header blocks with an id of their own, which no other element has.
fn signed_nodes(tape: &Tape<'_>) -> Vec<(NodeId, String)> {
    let root = tape.root();
    let is = |node: NodeId, local: &str| tape.local(node) == local;
    let blocks =
        tape.child_elements(root).filter(|&node| is(node, "Header")).flat_map(|node| tape.child_elements(node));
    let body = tape.child_elements(root).filter(|&node| is(node, "Body"));
    let all: Vec<(NodeId, String)> = (root..tape.end(root))
        .filter(|&node| tape.has_attributes(node))
        .flat_map(|node| ids(tape, node).map(move |id| (node, id.into_owned())))
        .collect();
    let is_alone = |node: NodeId, id: &str| all.iter().all(|(other, known)| known != id || *other == node);
    let with_id = body.chain(blocks).filter_map(|node| {
        let (_, id) = all.iter().find(|(owner, _)| *owner == node)?;
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (plain && is_alone(node, id)).then(|| (node, id.clone()))
    });
    // The Timestamp takes one place.
    with_id.take(REFERENCES_MAX - 1).collect()
}

/// What we wrote ourselves is within no other bounds than memory's.
const OWN: Limits = Limits {
    document_bytes_max: u32::MAX as usize,
    depth_max: 1 << 16,
    elements_max: u32::MAX,
    name_bytes_max: 1 << 15,
    attributes_max: 1 << 15,
    namespaces_max: 1 << 15,
    attribute_bytes_max: u32::MAX as usize,
    processing_instructions: crate::xml::limits::ProcessingInstructions::Refuse,
};
