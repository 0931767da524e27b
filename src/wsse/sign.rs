//! Signs an envelope of ours: Timestamp and signature are put into its header, its bytes are otherwise left alone.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::algorithm::{EXCLUSIVE, digest_name, signature_name};
use super::nodes::ids;
use super::read::REFERENCES_MAX;
use super::{BASE64_BINARY, DS, WSSE, WSU, X509_V3, timestamp};
use crate::clock::UnixMillis;
use crate::crypto::random_id;
use crate::crypto::signature::{Algorithm, Hash, Unsupported};
use crate::pki::{self, Identity};
use crate::xml::c14n::canonicalize;
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, Tape};

/// What signs our messages.
#[derive(Debug)]
pub struct Signer {
    identity: Identity,
    algorithm: Algorithm,
    /// The certificate in base64.
    token: String,
    holds_ms: i64,
}

/// Why a key cannot sign messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its kind.
    #[error(transparent)]
    Kind(Unsupported),
    /// The algorithm that was chosen: a curve's key signs over its own hash only.
    #[error("the algorithm is not one of the key's")]
    Algorithm,
}

/// Why an envelope could not be signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// It is not an envelope: nothing of ours gets here.
    #[error("what is to be signed is no envelope")]
    Envelope,
    /// The key failed.
    #[error("the signing key failed")]
    Key(#[source] pki::SignError),
}

impl Signer {
    /// A signer by a key with its certificate; its messages hold for `holds_ms` milliseconds. Without `algorithm` it is
    /// the usual one of the key's kind.
    pub fn new(identity: Identity, algorithm: Option<Algorithm>, holds_ms: i64) -> Result<Self, Unfit> {
        let kind = identity.kind().map_err(Unfit::Kind)?;
        let algorithm = algorithm.unwrap_or(Algorithm::usual(kind));
        if !algorithm.signs(kind) {
            return Err(Unfit::Algorithm);
        }
        let token = base64_simd::STANDARD.encode_to_string(identity.chain().first().map_or(&[][..], |leaf| leaf));
        Ok(Self { identity, algorithm, token, holds_ms })
    }

    /// Whose signature it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Signs Body, Timestamp and every header block that has a `wsu:Id` already (a copied message id, say).
    ///
    /// `envelope`: a whole envelope of either version, UTF-8. The Body gets a `wsu:Id`, the Header a `wsse:Security`
    /// as its first block.
    pub fn sign(&self, envelope: Vec<u8>, now: UnixMillis) -> Result<Vec<u8>, SignError> {
        let mut text = String::from_utf8(envelope).map_err(|_| SignError::Envelope)?;
        let places = Places::find(&text)?;
        if !places.has_body_id {
            let body_id = random_id();
            text.insert_str(places.body_name_end, &format!(" xmlns:wsu=\"{WSU}\" wsu:Id=\"body-{body_id}\""));
        }
        let timestamp = Timestamp::new(now, self.holds_ms);
        let mut references = String::with_capacity(1024);
        self.push_reference(&mut references, &timestamp.id, &[], timestamp.xml.as_bytes());
        self.push_message_references(&mut references, &text)?;
        let signed_info = self.signed_info(&references);
        let value = self.identity.sign(self.algorithm, signed_info.as_bytes()).map_err(SignError::Key)?;
        let security = self.security(&timestamp, &signed_info, &base64_simd::STANDARD.encode_to_string(value));
        match places.header {
            Header::Filled(start) => text.insert_str(start, &security),
            Header::Empty(span) => {
                text.replace_range(span, &format!("<{0}Header>{security}</{0}Header>", places.prefix))
            }
        }
        Ok(text.into_bytes())
    }

    /// One `ds:Reference`, in canonical form where `ds` is in force.
    fn push_reference(&self, out: &mut String, id: &str, prefixes: &[&str], canonical: &[u8]) {
        let prefixes = inclusive_namespaces(prefixes);
        let digest = base64_simd::STANDARD.encode_to_string(self.hash().of(canonical));
        for part in [
            "<ds:Reference URI=\"#",
            id,
            "\"><ds:Transforms><ds:Transform Algorithm=\"",
            EXCLUSIVE,
            "\">",
            &prefixes,
            "</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"",
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
        let mut form = Vec::with_capacity(text.len());
        for (node, id) in signed_nodes(&tape) {
            form.clear();
            let prefixes = canonical(&tape, node, &mut form);
            // A block of the sender's that cannot be signed must not keep the answer back: the call has been made.
            let Some(prefixes) = prefixes else { continue };
            self.push_reference(out, &id, &prefixes, &form);
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

/// `InclusiveNamespaces` with these prefixes, in canonical form; nothing where there are none.
fn inclusive_namespaces(prefixes: &[&str]) -> String {
    if prefixes.is_empty() {
        return String::new();
    }
    let written = |prefix: &&str| if prefix.is_empty() { "#default".to_owned() } else { (*prefix).to_owned() };
    let list = prefixes.iter().map(written).collect::<Vec<_>>().join(" ");
    format!("<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{list}\"></ec:InclusiveNamespaces>")
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
    header: Header,
    /// After the Body's name.
    body_name_end: usize,
    has_body_id: bool,
}

/// Where the Security header goes.
enum Header {
    /// Before its first node.
    Filled(usize),
    /// In place of it; before the Body where there is none.
    Empty(Range<usize>),
}

impl Places {
    fn find(text: &str) -> Result<Self, SignError> {
        let tape = Tape::parse(text, &OWN).map_err(|_| SignError::Envelope)?;
        let root = tape.root();
        let named = |local: &str| tape.child_elements(root).find(|&node| tape.local(node) == local);
        let body = named("Body").ok_or(SignError::Envelope)?;
        let start = tape.span(body).start;
        let prefix = tape.prefix(root);
        let header = match named("Header") {
            Some(header) => match tape.children(header).next() {
                Some(first) => Header::Filled(tape.span(first).start),
                None => Header::Empty(tape.span(header)),
            },
            None => Header::Empty(start..start),
        };
        Ok(Self {
            prefix: if prefix.is_empty() { String::new() } else { format!("{prefix}:") },
            header,
            body_name_end: start + 1 + tape.qualified_name(body).len(),
            has_body_id: ids(&tape, body).next().is_some(),
        })
    }
}

/// The Body and the header blocks with an id of their own, which no other element has.
fn signed_nodes<'t>(tape: &'t Tape<'_>) -> Vec<(NodeId, Cow<'t, str>)> {
    let root = tape.root();
    let is = |node: NodeId, local: &str| tape.local(node) == local;
    let blocks =
        tape.child_elements(root).filter(|&node| is(node, "Header")).flat_map(|node| tape.child_elements(node));
    let body = tape.child_elements(root).filter(|&node| is(node, "Body"));
    // Of each id its element, `None` where it has several. Asked once for all: a question may bring 100,000 blocks.
    let mut owners: HashMap<Cow<'_, str>, Option<NodeId>> = HashMap::new();
    for node in (root..tape.end(root)).filter(|&node| tape.has_attributes(node)) {
        for id in ids(tape, node) {
            let owner = owners.entry(id).or_insert(Some(node));
            *owner = owner.filter(|&owner| owner == node);
        }
    }
    let with_id = body.chain(blocks).filter_map(|node| {
        let id = ids(tape, node).next()?;
        let plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        (plain && owners.get(&id) == Some(&Some(node))).then_some((node, id))
    });
    // The Timestamp takes one place.
    with_id.take(REFERENCES_MAX - 1).collect()
}

/// Appends the canonical form of a node; the prefixes that it has to list.
///
/// A copied block may have an `xsi:type` whose prefix nothing else of it uses: then all in scope are listed, for what it
/// means is to be signed. `None` where a prefix is declared below the block: that cannot be signed.
fn canonical<'t>(tape: &'t Tape<'_>, node: NodeId, out: &mut Vec<u8>) -> Option<Vec<&'t str>> {
    if canonicalize(tape, node, &[], out).is_ok() {
        return Some(Vec::new());
    }
    out.clear();
    let prefixes: Vec<&str> = tape.scope(node).into_iter().map(|(prefix, _)| prefix).collect();
    canonicalize(tape, node, &prefixes, out).is_ok().then_some(prefixes)
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
