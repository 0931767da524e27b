//! Contracts made for the tests.

pub(super) const INLINE: &str = r#"<?xml version="1.0"?>
<definitions name="Registry" targetNamespace="urn:r:service" xmlns="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
    xmlns:tns="urn:r:service" xmlns:m="urn:r:messages" xmlns:d="urn:r:data">
  <types>
    <xs:schema targetNamespace="urn:r:messages" elementFormDefault="qualified">
      <xs:import namespace="urn:r:data"/>
      <xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="http://www.w3.org/2001/xml.xsd"/>
      <xs:include schemaLocation="common/words.xsd"/>
      <xs:element name="registerRequest"><xs:complexType><xs:sequence>
        <xs:element name="Person" type="d:Person"/>
        <xs:element name="Colour" type="m:Colour" minOccurs="0" nillable="true"/>
        <xs:element name="Node" type="m:Node" minOccurs="0"/>
      </xs:sequence><xs:attribute ref="xml:lang"/></xs:complexType></xs:element>
      <xs:element name="ack"><xs:complexType><xs:sequence>
        <xs:element name="Number" type="xs:int"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="tra-cuu"><xs:complexType><xs:sequence>
        <xs:element name="Number" type="xs:int"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:complexType name="Node"><xs:sequence>
        <xs:element name="Name" type="xs:string"/>
        <xs:element name="Child" type="m:Node" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType>
    </xs:schema>
    <xs:schema targetNamespace="urn:r:data">
      <xs:complexType name="Person"><xs:sequence>
        <xs:element name="Name" type="xs:string"/>
        <xs:element name="Born" type="xs:date" minOccurs="0"/>
        <xs:element name="Spouse" type="d:Person" minOccurs="0"/>
        <xs:element name="Phone" type="xs:string" minOccurs="0" maxOccurs="3"/>
      </xs:sequence></xs:complexType>
    </xs:schema>
  </types>
  <message name="in"><part name="parameters" element="m:registerRequest"/></message>
  <message name="out"><part name="parameters" element="m:ack"/></message>
  <message name="find"><part name="parameters" element="m:tra-cuu"/></message>
  <message name="text"><part name="a" type="xs:string"/></message>
  <portType name="RegistryPortType">
    <operation name="register"><documentation>Enters a person.</documentation>
      <input message="tns:in"/><output message="tns:out"/></operation>
    <operation name="tra-cuu"><input message="tns:find"/><output message="tns:out"/></operation>
    <operation name="notify"><input message="tns:in"/></operation>
    <operation name="old"><input message="tns:text"/><output message="tns:text"/></operation>
    <operation name="rpc"><input message="tns:in"/><output message="tns:out"/></operation>
  </portType>
  <portType name="RegistryHttpGet"><operation name="get"><input message="tns:text"/></operation></portType>
  <binding name="b" type="tns:RegistryPortType">
    <soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="rpc"><soap:operation style="rpc"/></operation>
  </binding>
</definitions>"#;

pub(super) const WORDS: &str = r#"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:simpleType name="Colour"><xs:restriction base="xs:string">
    <xs:enumeration value="đỏ"><xs:annotation><xs:documentation>Red.</xs:documentation></xs:annotation></xs:enumeration>
    <xs:enumeration value="xanh lá"/><xs:enumeration value="XANH-LÁ"/><xs:enumeration value="€"/>
  </xs:restriction></xs:simpleType>
</xs:schema>"#;

pub(super) const AWKWARD: &str = r###"<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:a" targetNamespace="urn:a">
  <xs:element name="Do"><xs:complexType><xs:sequence>
    <xs:element name="Letter" type="Letter"/>
    <xs:element name="Any" minOccurs="0"/>
    <xs:element name="is" type="xs:string" minOccurs="0"/>
    <xs:element name="Items" minOccurs="0"><xs:complexType><xs:sequence>
      <xs:element name="Item" maxOccurs="unbounded" minOccurs="0"><xs:complexType><xs:sequence>
        <xs:element name="Name" type="xs:string"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="Total" type="xs:decimal"/>
    </xs:sequence></xs:complexType></xs:element>
    <xs:sequence maxOccurs="unbounded" minOccurs="0">
      <xs:element name="Key" type="xs:string"/><xs:element name="Value" type="xs:string"/>
    </xs:sequence>
    <xs:element name="Pair" type="Pair" minOccurs="0"/>
    <xs:element name="Shape" type="Shape" maxOccurs="2"/>
    <xs:element name="Circle" type="Circle" minOccurs="0"/>
    <xs:element ref="Tree" minOccurs="0"/>
    <xs:element name="Flag" minOccurs="0"><xs:complexType/></xs:element>
    <xs:choice minOccurs="0">
      <xs:element name="One" type="xs:int"/>
      <xs:element name="Two" minOccurs="0"><xs:complexType><xs:simpleContent>
        <xs:extension base="xs:boolean"><xs:attribute name="at" type="xs:dateTime"/></xs:extension>
      </xs:simpleContent></xs:complexType></xs:element>
      <xs:sequence><xs:element name="Three" type="xs:string"/><xs:element name="Four" type="Number"/></xs:sequence>
    </xs:choice>
    <xs:any namespace="##other" processContents="skip" minOccurs="0"/>
  </xs:sequence><xs:anyAttribute processContents="skip"/></xs:complexType></xs:element>
  <xs:element name="DoResponse"><xs:complexType/></xs:element>
  <xs:element name="Tree"><xs:complexType><xs:sequence>
    <xs:element ref="Tree" minOccurs="0"/><xs:element name="Leaf" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:complexType name="Letter" mixed="true"><xs:sequence>
    <xs:element name="b" type="xs:string" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Pair"><xs:sequence>
    <xs:element name="Twice" type="xs:string"/><xs:element name="Between" type="xs:string"/>
    <xs:element name="between" type="xs:string"/><xs:element name="Twice" type="xs:string"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Shape"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>
  <xs:complexType name="Circle"><xs:complexContent><xs:extension base="Shape"><xs:sequence>
    <xs:element name="Radius" type="xs:unsignedShort"/>
  </xs:sequence></xs:extension></xs:complexContent></xs:complexType>
  <xs:simpleType name="Number"><xs:restriction base="xs:integer">
    <xs:enumeration value="1"/><xs:enumeration value="2"/>
  </xs:restriction></xs:simpleType>
</xs:schema>"###;

/// As .NET writes it: wrappers in one namespace, data in another; prefixes of addressing declared and not meant.
pub(super) const TWO_NAMESPACES: &str = r#"<wsdl:definitions targetNamespace="http://tempuri.org/"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:wsam="http://www.w3.org/2007/05/addressing/metadata" xmlns:tns="http://tempuri.org/" xmlns:d="urn:data">
  <wsdl:types>
    <xs:schema elementFormDefault="qualified" targetNamespace="http://tempuri.org/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
      <xs:import namespace="urn:data"/>
      <xs:element name="Get"><xs:complexType><xs:sequence>
        <xs:element name="code" type="xs:string" nillable="true" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
      <xs:element name="GetResponse"><xs:complexType><xs:sequence>
        <xs:element name="GetResult" type="d:Dossier" nillable="true" minOccurs="0"/>
      </xs:sequence></xs:complexType></xs:element>
    </xs:schema>
    <xs:schema elementFormDefault="qualified" targetNamespace="urn:data" xmlns:xs="http://www.w3.org/2001/XMLSchema">
      <xs:complexType name="Dossier"><xs:sequence>
        <xs:element name="Status" type="d:Status"/>
        <xs:element name="Owner" type="d:Owner" minOccurs="0"/>
        <xs:element name="File" type="d:File" minOccurs="0" maxOccurs="unbounded"/>
      </xs:sequence></xs:complexType>
      <xs:complexType name="Owner"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>
      <xs:complexType name="File"><xs:sequence><xs:element name="Name" type="xs:string"/></xs:sequence></xs:complexType>
      <xs:simpleType name="Status"><xs:restriction base="xs:string">
        <xs:enumeration value="New"/><xs:enumeration value="Done"/>
      </xs:restriction></xs:simpleType>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="in"><wsdl:part name="parameters" element="tns:Get"/></wsdl:message>
  <wsdl:message name="out"><wsdl:part name="parameters" element="tns:GetResponse"/></wsdl:message>
  <wsdl:portType name="IDossiers"><wsdl:operation name="Get">
    <wsdl:input wsam:Action="http://tempuri.org/Get" message="tns:in"/><wsdl:output message="tns:out"/>
  </wsdl:operation></wsdl:portType>
</wsdl:definitions>"#;
