//! The Security header of a request: its shape and its algorithms, before anything is computed.

use smallvec::SmallVec;

use super::algorithm::{Prefixes, digest_method, exclusive, signature_method};
use super::error::{Error, Kind};
use super::nodes::{Nodes, base64, is_named};
use super::timestamp::{Timestamp, Tolerance};
use super::token::{Name, Token};
use super::{DS, WSSE, WSU, is_header};
use crate::clock::UnixMillis;
use crate::crypto::signature::{Algorithm, Hash};
use crate::soap::envelope::Envelope;
use crate::xml::tape::{NodeId, Tape};

/// A Security header that keeps the profile's shape.
#[derive(Debug)]
#[must_use]
pub struct Security<'t> {
    pub(super) node: NodeId,
    pub(super) tokens: Vec<Token>,
    pub(super) timestamp: Option<Timestamp>,
    pub(super) signature: Option<Signature<'t>>,
}

/// One whose Timestamp, if it has one, is neither too old nor of the future.
#[derive(Debug)]
#[must_use]
pub struct Timely<'t>(pub(super) Security<'t>);

/// A `ds:Signature` of the profile.
#[derive(Debug)]
pub(super) struct Signature<'t> {
    pub(super) node: NodeId,
    pub(super) signed_info: NodeId,
    pub(super) form: Prefixes<'t>,
    pub(super) algorithm: Algorithm,
    pub(super) references: SmallVec<[Reference<'t>; 4]>,
    pub(super) value: Vec<u8>,
    pub(super) signer: Name<'t>,
}

/// A `ds:Reference` to an element by its id.
#[derive(Debug)]
pub(super) struct Reference<'t> {
    pub(super) node: NodeId,
    pub(super) id: String,
    pub(super) form: Prefixes<'t>,
    pub(super) hash: Hash,
    pub(super) digest: Vec<u8>,
}

impl<'t> Security<'t> {
    /// Reads the Security header block that is for us; `None` where there is none.
    ///
    /// Errors: a second one; anything outside the profile.
    pub fn read(tape: &Tape<'t>, envelope: &Envelope) -> Result<Option<Self>, Error> {
        let mut blocks = envelope.blocks.iter().copied().filter(|&block| is_header(tape, block));
        let Some(node) = blocks.next() else { return Ok(None) };
        // WSS 1.1.1 §5: a recipient has one. Two could be read differently by two readers.
        if let Some(second) = blocks.next() {
            return Err(Error::at(tape, second, Kind::Malformed("the only Security header for its role")));
        }
        let mut security = Self { node, tokens: Vec::new(), timestamp: None, signature: None };
        let mut children = Nodes::of(tape, node, "elements in Security", CHILDREN_MAX)?;
        while let Some(child) = children.any() {
            security.take(tape, child)?;
        }
        Ok(Some(security))
    }

    fn take(&mut self, tape: &Tape<'t>, child: NodeId) -> Result<(), Error> {
        if is_named(tape, child, WSSE, "BinarySecurityToken") {
            self.tokens.push(Token::read(tape, child)?);
        } else if is_named(tape, child, WSU, "Timestamp") && self.timestamp.is_none() {
            self.timestamp = Some(Timestamp::read(tape, child)?);
        } else if is_named(tape, child, DS, "Signature") && self.signature.is_none() {
            self.signature = Some(Signature::read(tape, child)?);
        } else {
            return Err(Error::at(tape, child, Kind::Unsupported(CHILDREN)));
        }
        Ok(())
    }

    /// Whether there is a signature.
    pub fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    /// Compares the Timestamp, where there is one, with the clock.
    pub fn timely(self, tape: &Tape<'_>, now: UnixMillis, tolerance: Tolerance) -> Result<Timely<'t>, Error> {
        self.timestamp.iter().try_for_each(|timestamp| timestamp.check(tape, now, tolerance))?;
        Ok(Timely(self))
    }
}

impl<'t> Signature<'t> {
    /// Reads SignedInfo, SignatureValue and KeyInfo; an Object or anything else is outside the profile.
    fn read(tape: &Tape<'t>, node: NodeId) -> Result<Self, Error> {
        let mut parts = Nodes::of(tape, node, "children of Signature", 4)?;
        let signed_info = parts.required(DS, "SignedInfo", "a Signature with SignedInfo first")?;
        let value = parts.required(DS, "SignatureValue", "a Signature with SignatureValue second")?;
        let key_info = parts.required(DS, "KeyInfo", "a Signature with KeyInfo third")?;
        parts.end("a Signature of SignedInfo, SignatureValue and KeyInfo")?;
        let mut parts = Nodes::of(tape, signed_info, "References", 2 + REFERENCES_MAX)?;
        let form = parts.required(DS, "CanonicalizationMethod", "a SignedInfo with CanonicalizationMethod first")?;
        let method = parts.required(DS, "SignatureMethod", "a SignedInfo with SignatureMethod second")?;
        let (form, algorithm) = (exclusive(tape, form)?, signature_method(tape, method)?);
        let mut references = SmallVec::new();
        while let Some(reference) = parts.optional(DS, "Reference") {
            references.push(Reference::read(tape, reference)?);
        }
        parts.end("a SignedInfo of methods and References")?;
        if references.is_empty() {
            return Err(Error::at(tape, signed_info, Kind::Malformed("a SignedInfo with a Reference")));
        }
        let signer = Name::read(tape, key_info)?;
        Ok(Self {
            node,
            signed_info,
            form,
            algorithm,
            references,
            value: base64(tape, value, VALUE_BYTES_MAX)?,
            signer,
        })
    }
}

impl<'t> Reference<'t> {
    /// Reads Transforms, DigestMethod and DigestValue.
    fn read(tape: &Tape<'t>, node: NodeId) -> Result<Self, Error> {
        let uri = tape.attribute(node, "", "URI").unwrap_or_default();
        let Some(id) = uri.strip_prefix('#').filter(|id| !id.is_empty() && !id.starts_with("xpointer(")) else {
            return Err(Error::at(tape, node, Kind::Unsupported("a Reference to an element of the message by its id")));
        };
        let mut parts = Nodes::of(tape, node, "children of Reference", 3)?;
        // Left out it would mean inclusive canonical form (R5416).
        let transforms = parts.required(DS, "Transforms", "a Reference with Transforms first")?;
        let method = parts.required(DS, "DigestMethod", "a Reference with DigestMethod second")?;
        let value = parts.required(DS, "DigestValue", "a Reference with DigestValue third")?;
        parts.end("a Reference of Transforms, DigestMethod and DigestValue")?;
        let mut transforms = Nodes::of(tape, transforms, "Transform", 1)?;
        let transform = transforms.required(DS, "Transform", "a Transform")?;
        let hash = digest_method(tape, method)?;
        let digest = base64(tape, value, hash.bytes())?;
        Ok(Self { node, id: id.to_owned(), form: exclusive(tape, transform)?, hash, digest })
    }
}

const CHILDREN: &str = "a Security header of tokens, one Timestamp and one Signature";
/// Elements in a Security header: a signature, a timestamp, and a chain of certificates.
const CHILDREN_MAX: usize = 8;
/// References of a signature: Body, Timestamp, and the header blocks of X-Road or WS-Addressing.
pub(super) const REFERENCES_MAX: usize = 16;
/// A signature by the longest key, RSA of 8192 bits.
const VALUE_BYTES_MAX: usize = 1024;
