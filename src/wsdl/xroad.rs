//! X-Road's header fields as two schema files, for WSDLs that declare them.
//!
//! The elements and types that a request's headers need, as PR-MESS 4.0 annexes A and B define them; what
//! only security servers exchange is left out.

use std::collections::BTreeMap;

use super::template::{ADDRESS, Template};

/// Names under which they are served.
pub(super) const FILES: [&str; 2] = ["xroad.xsd", "identifiers.xsd"];

/// Address of the file that declares the header fields.
pub(super) fn location() -> String {
    format!("{ADDRESS}?xsd={}", FILES[0])
}

/// The files by name.
pub(super) fn schemas() -> BTreeMap<String, Template> {
    let fields = FIELDS.replace("{identifiers}", &format!("{ADDRESS}?xsd={}", FILES[1]));
    [(FILES[0], fields.as_str()), (FILES[1], IDENTIFIERS)]
        .map(|(name, text)| (name.to_owned(), Template::new(text)))
        .into()
}

const FIELDS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:id="http://x-road.eu/xsd/identifiers"
    targetNamespace="http://x-road.eu/xsd/xroad.xsd" elementFormDefault="qualified">
  <xs:import namespace="http://x-road.eu/xsd/identifiers" schemaLocation="{identifiers}"/>
  <xs:element name="client" type="id:XRoadClientIdentifierType"/>
  <xs:element name="service" type="id:XRoadServiceIdentifierType"/>
  <xs:element name="id" type="xs:string"/>
  <xs:element name="userId" type="xs:string"/>
  <xs:element name="issue" type="xs:string"/>
  <xs:element name="protocolVersion" type="xs:string"/>
</xs:schema>
"#;

const IDENTIFIERS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="http://x-road.eu/xsd/identifiers"
    targetNamespace="http://x-road.eu/xsd/identifiers" elementFormDefault="qualified">
  <xs:simpleType name="XRoadObjectType">
    <xs:restriction base="xs:string">
      <xs:enumeration value="MEMBER"/>
      <xs:enumeration value="SUBSYSTEM"/>
      <xs:enumeration value="SERVICE"/>
    </xs:restriction>
  </xs:simpleType>
  <xs:element name="xRoadInstance" type="xs:string"/>
  <xs:element name="memberClass" type="xs:string"/>
  <xs:element name="memberCode" type="xs:string"/>
  <xs:element name="subsystemCode" type="xs:string"/>
  <xs:element name="serviceCode" type="xs:string"/>
  <xs:element name="serviceVersion" type="xs:string"/>
  <xs:attribute name="objectType" type="XRoadObjectType"/>
  <xs:complexType name="XRoadClientIdentifierType">
    <xs:sequence>
      <xs:element ref="xRoadInstance"/>
      <xs:element ref="memberClass"/>
      <xs:element ref="memberCode"/>
      <xs:element ref="subsystemCode" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute ref="objectType" use="required"/>
  </xs:complexType>
  <xs:complexType name="XRoadServiceIdentifierType">
    <xs:sequence>
      <xs:element ref="xRoadInstance"/>
      <xs:element ref="memberClass"/>
      <xs:element ref="memberCode"/>
      <xs:element ref="subsystemCode" minOccurs="0"/>
      <xs:element ref="serviceCode"/>
      <xs:element ref="serviceVersion" minOccurs="0"/>
    </xs:sequence>
    <xs:attribute ref="objectType" use="required"/>
  </xs:complexType>
</xs:schema>
"#;
