//! XML as the gateway reads and writes it; the only XML reader of the crate.

pub mod c14n;
pub mod chars;
pub mod encoding;
pub mod error;
pub mod limits;
mod read;
pub mod tape;
mod text;
pub mod writer;

/// Namespace bound to `xml` everywhere (Namespaces in XML §3).
pub const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// Namespace of `xsi:type`, `xsi:nil` and their like (XML Schema part 1 §2.6).
pub const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";

#[cfg(test)]
mod linear;
#[cfg(test)]
mod tests;
