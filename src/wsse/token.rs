//! How a signature names its certificate (X.509 Token Profile 1.1.1 §3.2).

use std::borrow::Cow;

use x509_parser::prelude::{FromDer, ParsedExtension, X509Certificate};

use super::error::{Error, Kind};
use super::nodes::{Nodes, base64, ids, is_named};
use super::{BASE64_BINARY, DS, WSSE, X509_SKI, X509_V3};
use crate::xml::tape::{NodeId, Tape};

/// A `wsse:BinarySecurityToken`: one certificate.
#[derive(Debug)]
pub(super) struct Token {
    pub(super) node: NodeId,
    der: Vec<u8>,
}

/// Which certificate a signature is by.
#[derive(Debug)]
pub(super) enum Name<'a> {
    /// A token of the message, by its id.
    Token(String),
    /// Subject key identifier.
    KeyIdentifier(Vec<u8>),
    /// The certificate stands in the reference; the serial number beside it must be its own.
    Carried(Vec<u8>),
    /// Serial number, in decimal, and the issuer's name as a text.
    IssuerSerial { issuer: Cow<'a, str>, serial: String },
}

impl Token {
    pub(super) fn read(tape: &Tape<'_>, node: NodeId) -> Result<Self, Error> {
        let is = |name: &str, expected: &str| tape.attribute(node, "", name).is_some_and(|value| value == expected);
        let has_encoding = tape.attribute(node, "", "EncodingType").is_some();
        if !is("ValueType", X509_V3) || (has_encoding && !is("EncodingType", BASE64_BINARY)) {
            return Err(Error::at(tape, node, Kind::Unsupported("a token of type #X509v3 in #Base64Binary")));
        }
        Ok(Self { node, der: base64(tape, node, CERTIFICATE_BYTES_MAX)? })
    }
}

impl<'a> Name<'a> {
    /// Reads a `ds:KeyInfo`: one SecurityTokenReference with one reference (Basic Security Profile R5402, R3061).
    pub(super) fn read(tape: &Tape<'a>, key_info: NodeId) -> Result<Self, Error> {
        let mut children = Nodes::of(tape, key_info, "references", 2)?;
        let reference = children.required(WSSE, "SecurityTokenReference", "a SecurityTokenReference")?;
        children.end("one SecurityTokenReference")?;
        let mut children = Nodes::of(tape, reference, "references", 2)?;
        let name = if let Some(node) = children.optional(WSSE, "Reference") {
            Self::read_reference(tape, node)
        } else if let Some(node) = children.optional(WSSE, "KeyIdentifier") {
            Self::read_key_identifier(tape, node)
        } else if let Some(node) = children.optional(DS, "X509Data") {
            Self::read_x509_data(tape, node)
        } else {
            let at = children.any().unwrap_or(reference);
            Err(Error::at(tape, at, Kind::Unsupported(REFERENCES)))
        };
        children.end("one reference")?;
        name
    }

    fn read_reference(tape: &Tape<'a>, node: NodeId) -> Result<Self, Error> {
        let uri = tape.attribute(node, "", "URI").unwrap_or_default();
        // Left out by some; R3059 demands it.
        let is_x509 = tape.attribute(node, "", "ValueType").is_none_or(|kind| kind == X509_V3);
        match uri.strip_prefix('#').filter(|id| !id.is_empty() && is_x509) {
            Some(id) => Ok(Self::Token(id.to_owned())),
            None => Err(Error::at(tape, node, Kind::Unsupported("a reference to an #X509v3 token of the message"))),
        }
    }

    fn read_key_identifier(tape: &Tape<'a>, node: NodeId) -> Result<Self, Error> {
        match tape.attribute(node, "", "ValueType").as_deref() {
            Some(X509_SKI) => Ok(Self::KeyIdentifier(base64(tape, node, KEY_IDENTIFIER_BYTES_MAX)?)),
            Some(X509_V3) => Ok(Self::Carried(base64(tape, node, CERTIFICATE_BYTES_MAX)?)),
            // #ThumbprintSHA1 too.
            _ => Err(Error::at(tape, node, Kind::Unsupported(REFERENCES))),
        }
    }

    fn read_x509_data(tape: &Tape<'a>, node: NodeId) -> Result<Self, Error> {
        let mut children = Nodes::of(tape, node, "children", 4)?;
        let (mut serial, mut carried) = (None, None);
        while let Some(child) = children.any() {
            if is_named(tape, child, DS, "X509IssuerSerial") && serial.is_none() {
                serial = Some(read_issuer_serial(tape, child)?);
            } else if is_named(tape, child, DS, "X509Certificate") && carried.is_none() {
                carried = Some(base64(tape, child, CERTIFICATE_BYTES_MAX)?);
            } else {
                let profile = "an X509Data of one X509IssuerSerial and one X509Certificate";
                return Err(Error::at(tape, child, Kind::Unsupported(profile)));
            }
        }
        match (carried, serial) {
            (Some(der), Some((_, serial))) if serial_of(&der).as_deref() != Some(&*serial) => {
                Err(Error::at(tape, node, Kind::Malformed("a certificate with the serial number beside it")))
            }
            (Some(der), _) => Ok(Self::Carried(der)),
            (None, Some((issuer, serial))) => Ok(Self::IssuerSerial { issuer, serial }),
            (None, None) => Err(Error::at(tape, node, Kind::Malformed("an X509Data that names a certificate"))),
        }
    }

    /// The certificates that it may mean: among the tokens of the message, carried in the reference, or among those
    /// `known`. There may be several where one key was certified anew: old and new have one key identifier.
    pub(super) fn candidates<'s>(
        &'s self,
        tape: &Tape<'_>,
        tokens: &'s [Token],
        known: impl Iterator<Item = &'s [u8]>,
    ) -> Vec<&'s [u8]> {
        match self {
            Self::Token(id) => {
                let named = tokens.iter().filter(|token| ids(tape, token.node).any(|own| own == *id));
                let named: Vec<&[u8]> = named.map(|token| &*token.der).collect();
                // Of two with one id another reader might take the other.
                if named.len() == 1 { named } else { Vec::new() }
            }
            Self::Carried(der) => vec![der],
            Self::KeyIdentifier(identifier) => known.filter(|der| has_key_identifier(der, identifier)).collect(),
            Self::IssuerSerial { issuer, serial } => {
                let same: Vec<&[u8]> = known.filter(|der| serial_of(der).as_deref() == Some(serial)).collect();
                // Names are written in many dialects: where the serial number says enough, nothing else is asked.
                if same.len() == 1 { same } else { same.into_iter().filter(|der| has_issuer(der, issuer)).collect() }
            }
        }
    }
}

impl Token {
    /// Its certificate, DER.
    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }
}

fn read_issuer_serial<'a>(tape: &Tape<'a>, node: NodeId) -> Result<(Cow<'a, str>, String), Error> {
    let mut parts = Nodes::of(tape, node, "children", 2)?;
    let issuer = parts.required(DS, "X509IssuerName", "an X509IssuerName first")?;
    let serial = parts.required(DS, "X509SerialNumber", "an X509SerialNumber second")?;
    let number = tape.text(serial).trim().trim_start_matches('0').to_owned();
    if number.len() > SERIAL_DIGITS_MAX || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::at(tape, serial, Kind::Malformed("a decimal serial number")));
    }
    Ok((tape.text(issuer), number))
}

fn serial_of(der: &[u8]) -> Option<String> {
    let (_, certificate) = X509Certificate::from_der(der).ok()?;
    Some(certificate.serial.to_string())
}

fn has_key_identifier(der: &[u8], identifier: &[u8]) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    certificate.iter_extensions().any(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(own) => own.0 == identifier,
        _ => false,
    })
}

/// Whether the issuer is written so: RFC 4514 and its many dialects differ in order, blanks and case.
fn has_issuer(der: &[u8], written: &str) -> bool {
    let Ok((_, certificate)) = X509Certificate::from_der(der) else { return false };
    parts_of_name(&certificate.issuer().to_string()) == parts_of_name(written)
}

fn parts_of_name(name: &str) -> Vec<String> {
    let mut parts: Vec<String> =
        name.split([',', '+']).map(|part| part.split('=').map(str::trim).collect::<Vec<_>>().join("=")).collect();
    parts.iter_mut().for_each(|part| part.make_ascii_lowercase());
    parts.sort_unstable();
    parts
}

const REFERENCES: &str = "a Reference, a subject key identifier or an issuer with serial number";
/// A certificate of an RSA-8192 key with many names takes less.
const CERTIFICATE_BYTES_MAX: usize = 16 << 10;
const KEY_IDENTIFIER_BYTES_MAX: usize = 64;
/// 20 bytes (RFC 5280 §4.1.2.2) take 49.
const SERIAL_DIGITS_MAX: usize = 49;
