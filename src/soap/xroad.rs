//! The header fields of X-Road message protocol 4.0 (PR-MESS): read, checked, named for the answer.

use std::borrow::Cow;

use super::envelope::Envelope;
use super::error::{Error, Kind, Wrong};
use crate::xml::tape::{NodeId, Tape};

/// The fields of one request; every rule of PR-MESS 2.1 and 2.2 holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fields<'t> {
    /// Who calls: a member or one of its subsystems.
    pub client: Party<'t>,
    /// Whose service is called; its `serviceCode` is the local name of the Body's child.
    pub service: Party<'t>,
    /// `serviceVersion`.
    pub service_version: Option<Cow<'t, str>>,
    /// `id`: names this message for ever; at most [`ID_CHARS_MAX`] characters.
    pub id: Cow<'t, str>,
    /// `userId`: a person; never for a log.
    pub user_id: Option<Cow<'t, str>>,
    /// `issue`: the case or document that caused the call.
    pub issue: Option<Cow<'t, str>>,
}

/// A member of an X-Road instance, or one of its subsystems.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party<'t> {
    /// `xRoadInstance`.
    pub instance: Cow<'t, str>,
    /// `memberClass`.
    pub class: Cow<'t, str>,
    /// `memberCode`.
    pub member: Cow<'t, str>,
    /// `subsystemCode`; `None` for the member itself.
    pub subsystem: Option<Cow<'t, str>>,
}

/// Whether a mandatory header block of this name is understood where X-Road's headers are.
pub fn understands(namespace: &str, local: &str) -> bool {
    namespace == NAMESPACE && FIELDS.contains(&local)
}

/// Whether `node` is a header block of X-Road's protocol or of one of its extensions.
pub fn is_field(tape: &Tape<'_>, node: NodeId) -> bool {
    tape.namespace_name(tape.namespace(node)).starts_with(NAMESPACES)
}

/// Header blocks that an answer repeats, in order (PR-MESS 2.2: all of X-Road's, same sequence, same values).
pub fn echoed(tape: &Tape<'_>, envelope: &Envelope) -> Vec<NodeId> {
    // `requestHash` is for the security server to make; an answer of ours must not carry one.
    let is_echoed = |&node: &NodeId| is_field(tape, node) && tape.local(node) != "requestHash";
    envelope.blocks.iter().copied().filter(is_echoed).collect()
}

/// Reads the fields; `None` where the request carries no header block of X-Road's at all.
///
/// Errors: the first field that is missing, double, malformed or at odds with the Body.
pub fn read<'t>(tape: &'t Tape<'_>, envelope: &Envelope) -> Result<Option<Fields<'t>>, Error> {
    if !envelope.blocks.iter().any(|&node| is_field(tape, node)) {
        return Ok(None);
    }
    let mut found = Found::default();
    for &node in &envelope.blocks {
        found.take(tape, node)?;
    }
    found.fields(tape, envelope).map(Some)
}

/// Nodes of the fields, by their place in [`FIELDS`].
#[derive(Default)]
struct Found([Option<NodeId>; FIELDS.len()]);

impl Found {
    fn take(&mut self, tape: &Tape<'_>, node: NodeId) -> Result<(), Error> {
        if tape.namespace_name(tape.namespace(node)) != NAMESPACE {
            return Ok(());
        }
        let Some(place) = FIELDS.iter().position(|&name| name == tape.local(node)) else { return Ok(()) };
        match self.0[place].replace(node) {
            Some(_) => Err(wrong(tape, node, FIELDS[place], Wrong::Duplicate)),
            None => Ok(()),
        }
    }

    fn fields<'t>(&self, tape: &'t Tape<'_>, envelope: &Envelope) -> Result<Fields<'t>, Error> {
        let [version, client, service, id, user_id, issue, central] = self.0;
        let mandatory = |node: Option<NodeId>, field| {
            // Absent fields are shown at the Header they are missing from.
            let header = envelope.header.unwrap_or_else(|| tape.root());
            node.ok_or_else(|| wrong(tape, header, field, Wrong::Missing))
        };
        check_version(tape, mandatory(version, "protocolVersion")?)?;
        let client = read_identifier(tape, mandatory(client, "client")?, Role::Client)?;
        let service_node = mandatory(service, "service")?;
        let service = read_identifier(tape, service_node, Role::Service)?;
        // The security server has found the service that is meant and named it in `service`, beside this one.
        central.map(|node| read_identifier(tape, node, Role::CentralService)).transpose()?;
        let id = read_text(tape, mandatory(id, "id")?, "id")?;
        // PR-MESS 2.3: the Body's wrapper is named like the service.
        if service.service_code.as_deref() != Some(tape.local(envelope.child)) {
            return Err(wrong(tape, service_node, "service", Wrong::Inconsistent("the element in the Body")));
        }
        Ok(Fields {
            client: client.party,
            service: service.party,
            service_version: service.service_version,
            id,
            user_id: read_optional(tape, user_id, "userId")?,
            issue: read_optional(tape, issue, "issue")?,
        })
    }
}

/// PR-MESS 2.2: versions of the same major number are compatible.
fn check_version(tape: &Tape<'_>, node: NodeId) -> Result<(), Error> {
    let version = read_text(tape, node, "protocolVersion")?;
    let minor = version.strip_prefix("4.").unwrap_or("");
    if minor.is_empty() || !minor.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong(tape, node, "protocolVersion", Wrong::Version));
    }
    Ok(())
}

/// A string field: not empty, short, without control characters (they would reach logs and metadata).
fn read_text<'t>(tape: &'t Tape<'_>, node: NodeId, field: &'static str) -> Result<Cow<'t, str>, Error> {
    if tape.child_elements(node).next().is_some() {
        return Err(wrong(tape, node, field, Wrong::Malformed("text without elements")));
    }
    let text = tape.text(node);
    // Nearly every field is this, and then it is nothing else.
    if (1..=ID_CHARS_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(text);
    }
    if text.trim().is_empty() {
        return Err(wrong(tape, node, field, Wrong::Missing));
    }
    if text.chars().count() > ID_CHARS_MAX {
        return Err(wrong(tape, node, field, Wrong::Malformed("at most 255 characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(tape, node, field, Wrong::Malformed("text without line breaks and control characters")));
    }
    Ok(text)
}

/// An optional field; empty is as good as absent.
fn read_optional<'t>(
    tape: &'t Tape<'_>,
    node: Option<NodeId>,
    field: &'static str,
) -> Result<Option<Cow<'t, str>>, Error> {
    match node {
        Some(node) if !tape.text(node).trim().is_empty() => read_text(tape, node, field).map(Some),
        _ => Ok(None),
    }
}

/// Which identifier stands where.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Client,
    Service,
    CentralService,
}

struct Identifier<'t> {
    party: Party<'t>,
    service_code: Option<Cow<'t, str>>,
    service_version: Option<Cow<'t, str>>,
}

/// Reads `client`, `service` or `centralService`; of the last, class and member stay empty.
///
/// Source: PR-MESS 2.1 and annex A: XRoadClientIdentifierType, XRoadServiceIdentifierType,
/// XRoadCentralServiceIdentifierType. The order of the parts is not held against a caller; security servers do not
/// either.
fn read_identifier<'t>(tape: &'t Tape<'_>, node: NodeId, role: Role) -> Result<Identifier<'t>, Error> {
    let field = role.field();
    let mut parts: [Option<Cow<'t, str>>; PARTS.len()] = Default::default();
    for part in tape.child_elements(node) {
        let known = PARTS.iter().position(|&name| name == tape.local(part));
        let Some(place) = known.filter(|_| tape.namespace_name(tape.namespace(part)) == IDENTIFIERS) else {
            return Err(wrong(tape, part, field, Wrong::Malformed("made of the parts of an X-Road identifier")));
        };
        if parts[place].replace(read_part(tape, part, field)?).is_some() {
            return Err(wrong(tape, part, field, Wrong::Duplicate));
        }
    }
    let [instance, class, member, subsystem, service_code, service_version] = parts;
    // PHP's SoapClient writes the attribute without its namespace, whatever the WSDL says.
    let object = tape.attribute(node, IDENTIFIERS, "objectType").or_else(|| tape.attribute(node, "", "objectType"));
    let fits = match (role, object.as_deref()) {
        (Role::Client, Some("MEMBER")) => subsystem.is_none(),
        (Role::Client, Some("SUBSYSTEM")) => subsystem.is_some(),
        (Role::Service, Some("SERVICE")) => true,
        (Role::CentralService, Some("CENTRALSERVICE")) => {
            class.is_none() && member.is_none() && subsystem.is_none() && service_version.is_none()
        }
        _ => false,
    };
    let has_service = service_code.is_some() || service_version.is_some();
    if !fits || (role == Role::Client && has_service) {
        return Err(wrong(tape, node, field, Wrong::Malformed(role.object_types())));
    }
    let (class, member) = match role {
        Role::CentralService => (Some(Cow::Borrowed("")), Some(Cow::Borrowed(""))),
        Role::Client | Role::Service => (class, member),
    };
    let (Some(instance), Some(class), Some(member)) = (instance, class, member) else {
        return Err(wrong(tape, node, field, Wrong::Malformed("complete: xRoadInstance, memberClass, memberCode")));
    };
    if role != Role::Client && service_code.is_none() {
        return Err(wrong(tape, node, field, Wrong::Malformed("complete: serviceCode is missing")));
    }
    Ok(Identifier { party: Party { instance, class, member, subsystem }, service_code, service_version })
}

/// One part of an identifier (PR-MESS 2.7 lists the characters; `_` is older than the list and in use).
fn read_part<'t>(tape: &'t Tape<'_>, node: NodeId, field: &'static str) -> Result<Cow<'t, str>, Error> {
    if tape.text(node).is_empty() {
        return Err(wrong(tape, node, field, Wrong::Malformed("without empty parts")));
    }
    let text = read_text(tape, node, field)?;
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+,-.=?_".contains(&byte);
    if !text.bytes().all(is_allowed) {
        return Err(wrong(tape, node, field, Wrong::Malformed("of the characters A-Z a-z 0-9 ' ( ) + , - . = ? _")));
    }
    Ok(text)
}

impl Role {
    fn field(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Service => "service",
            Self::CentralService => "centralService",
        }
    }

    fn object_types(self) -> &'static str {
        match self {
            Self::Client => "a MEMBER, or a SUBSYSTEM with its subsystemCode (objectType says which)",
            Self::Service => "of objectType SERVICE",
            Self::CentralService => "of objectType CENTRALSERVICE: xRoadInstance and serviceCode alone",
        }
    }
}

fn wrong(tape: &Tape<'_>, node: NodeId, field: &'static str, wrong: Wrong) -> Error {
    Error::at(tape, node, Kind::Header { field, wrong })
}

/// Namespace of the header fields.
pub const NAMESPACE: &str = "http://x-road.eu/xsd/xroad.xsd";
/// Namespace of the parts of identifiers.
pub const IDENTIFIERS: &str = "http://x-road.eu/xsd/identifiers";
/// Longest `id`, `userId`, `issue` and identifier part, characters: what security servers store.
pub const ID_CHARS_MAX: usize = 255;
/// What the namespaces of X-Road's fields and of its extensions (representation, targeting) begin with.
const NAMESPACES: &str = "http://x-road.eu/xsd/";
/// The fields of PR-MESS 2.2 that a request may carry, in the order of [`Found`].
const FIELDS: [&str; 7] = ["protocolVersion", "client", "service", "id", "userId", "issue", "centralService"];
const PARTS: [&str; 6] =
    ["xRoadInstance", "memberClass", "memberCode", "subsystemCode", "serviceCode", "serviceVersion"];

#[cfg(test)]
mod tests {
    use super::super::envelope;
    use super::super::reply::Reply;
    use super::*;
    use crate::xml::limits::Limits;

    const CLIENT: &str = r#"<x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>000.00.00.H56</i:memberCode><i:subsystemCode>mcdt</i:subsystemCode></x:client>"#;
    const SERVICE: &str = r#"<x:service i:objectType="SERVICE"><i:xRoadInstance>VN</i:xRoadInstance><i:memberClass>GOV</i:memberClass><i:memberCode>000.00.00.G07</i:memberCode><i:serviceCode>TraCuuHoSo</i:serviceCode></x:service>"#;
    const ID: &str = "<x:id>6d8b1f0e</x:id>";
    const VERSION: &str = "<x:protocolVersion>4.0</x:protocolVersion>";

    fn message(headers: &str) -> String {
        format!(
            "<s:Envelope xmlns:s='{}' xmlns:x='{NAMESPACE}' xmlns:i='{IDENTIFIERS}'><s:Header>{headers}</s:Header>\
             <s:Body><h:TraCuuHoSo xmlns:h='urn:h'/></s:Body></s:Envelope>",
            super::super::version::SOAP_11
        )
    }

    fn with<R>(text: &str, see: impl FnOnce(&Tape<'_>, &Envelope) -> R) -> R {
        let tape = Tape::parse(text, &Limits::default()).expect("well-formed");
        let opened = envelope::open(&tape, envelope::Content::Qualified).expect("an envelope");
        let envelope = opened.understand(&tape, understands).and_then(|all| all.envelope()).expect("a good envelope");
        see(&tape, &envelope)
    }

    #[track_caller]
    fn check(headers: &str, expected: &str) {
        let found = with(&message(headers), |tape, envelope| match read(tape, envelope) {
            Ok(None) => "none".to_owned(),
            Ok(Some(fields)) => {
                let party = |party: &Party<'_>| {
                    let mut text = format!("{}/{}/{}", party.instance, party.class, party.member);
                    party.subsystem.iter().for_each(|subsystem| text.extend(["/", &**subsystem]));
                    text
                };
                let optional = |text: &Option<Cow<'_, str>>| text.as_deref().unwrap_or("-").to_owned();
                format!(
                    "{} -> {} id {} user {} issue {} version {}",
                    party(&fields.client),
                    party(&fields.service),
                    fields.id,
                    optional(&fields.user_id),
                    optional(&fields.issue),
                    optional(&fields.service_version),
                )
            }
            Err(Error { path, kind: Kind::Header { field, wrong }, .. }) => format!("{field} {wrong} at {path}"),
            Err(error) => error.to_string(),
        });
        assert_eq!(found, expected);
    }

    #[test]
    fn all_fields_are_read() {
        check(
            &format!("{CLIENT}{SERVICE}{ID}<x:userId>VN1</x:userId><x:issue>12/2018</x:issue>{VERSION}"),
            "VN/GOV/000.00.00.H56/mcdt -> VN/GOV/000.00.00.G07 id 6d8b1f0e user VN1 issue 12/2018 version -",
        );
        check(
            &format!(
                "{VERSION}{}{}{ID}<x:userId/>",
                CLIENT.replace("SUBSYSTEM", "MEMBER").replace("<i:subsystemCode>mcdt</i:subsystemCode>", ""),
                SERVICE.replace("</x:service>", "<i:serviceVersion>v1</i:serviceVersion></x:service>")
            ),
            "VN/GOV/000.00.00.H56 -> VN/GOV/000.00.00.G07 id 6d8b1f0e user - issue - version v1",
        );
    }

    #[test]
    fn an_object_type_without_namespace_is_read_as_php_writes_it() {
        check(
            &format!(
                "{}{}{ID}{VERSION}",
                CLIENT.replace("i:objectType", "objectType"),
                SERVICE.replace("i:objectType", "objectType")
            ),
            "VN/GOV/000.00.00.H56/mcdt -> VN/GOV/000.00.00.G07 id 6d8b1f0e user - issue - version -",
        );
    }

    #[test]
    fn a_request_without_any_field_is_no_x_road_request() {
        check("", "none");
        check("<o:other xmlns:o='urn:o'/>", "none");
        check(&format!("<x:id xmlns:s='{}' s:actor='urn:other'>1</x:id>", super::super::version::SOAP_11), "none");
    }

    #[test]
    fn mandatory_fields_are_demanded_as_soon_as_one_field_is_there() {
        check(&format!("{SERVICE}{ID}{VERSION}"), "client missing at /Envelope/Header");
        check(&format!("{CLIENT}{ID}{VERSION}"), "service missing at /Envelope/Header");
        check(&format!("{CLIENT}{SERVICE}{VERSION}"), "id missing at /Envelope/Header");
        check(&format!("{CLIENT}{SERVICE}{ID}"), "protocolVersion missing at /Envelope/Header");
        check("<x:userId>VN1</x:userId>", "protocolVersion missing at /Envelope/Header");
        check(&format!("{CLIENT}{SERVICE}<x:id> </x:id>{VERSION}"), "id missing at /Envelope/Header/id");
    }

    #[test]
    fn a_field_stands_once() {
        check(&format!("{CLIENT}{SERVICE}{ID}{ID}{VERSION}"), "id present more than once at /Envelope/Header/id[2]");
        check(
            &format!("{CLIENT}{SERVICE}{ID}{VERSION}{CLIENT}"),
            "client present more than once at /Envelope/Header/client[2]",
        );
    }

    #[test]
    fn versions_of_the_same_major_number_are_compatible() {
        for version in ["4.0", "4.1", "4.12"] {
            let headers = format!("{CLIENT}{SERVICE}{ID}<x:protocolVersion>{version}</x:protocolVersion>");
            with(&message(&headers), |tape, envelope| assert!(read(tape, envelope).is_ok(), "{version}"));
        }
        for version in ["3.1", "5.0", "4", "4.", "4.0.1", "4.x", "v4.0", "40"] {
            check(
                &format!("{CLIENT}{SERVICE}{ID}<x:protocolVersion>{version}</x:protocolVersion>"),
                "protocolVersion must be 4.0 or another 4.x at /Envelope/Header/protocolVersion",
            );
        }
    }

    #[test]
    fn the_service_code_is_the_name_of_the_element_in_the_body() {
        check(
            &format!("{CLIENT}{}{ID}{VERSION}", SERVICE.replace("TraCuuHoSo", "NopHoSo")),
            "service contradicts the element in the Body at /Envelope/Header/service",
        );
    }

    #[test]
    fn an_id_has_255_characters_at_most() {
        let headers = |id: String| format!("{CLIENT}{SERVICE}<x:id>{id}</x:id>{VERSION}");
        with(&message(&headers("đ".repeat(255))), |tape, envelope| assert!(read(tape, envelope).is_ok()));
        check(&headers("d".repeat(256)), "id must be at most 255 characters at /Envelope/Header/id");
        check(
            &headers("a\nb".to_owned()),
            "id must be text without line breaks and control characters at /Envelope/Header/id",
        );
        check(&headers("<x:y/>1".to_owned()), "id must be text without elements at /Envelope/Header/id");
    }

    #[test]
    fn identifiers_are_complete_and_of_their_object_type() {
        let client = |from: &str, to: &str| format!("{}{SERVICE}{ID}{VERSION}", CLIENT.replace(from, to));
        let types = "client must be a MEMBER, or a SUBSYSTEM with its subsystemCode (objectType says which) at /Envelope/Header/client";
        check(&client("SUBSYSTEM", "MEMBER"), types);
        check(&client("SUBSYSTEM", "SERVICE"), types);
        check(&client("i:objectType=\"SUBSYSTEM\"", ""), types);
        check(&client("<i:subsystemCode>mcdt</i:subsystemCode>", ""), types);
        check(
            &client("<i:memberClass>GOV</i:memberClass>", ""),
            "client must be complete: xRoadInstance, memberClass, memberCode at /Envelope/Header/client",
        );
        check(&client("mcdt", ""), "client must be without empty parts at /Envelope/Header/client/subsystemCode");
        check(
            &client("mcdt", "mc/dt"),
            "client must be of the characters A-Z a-z 0-9 ' ( ) + , - . = ? _ at /Envelope/Header/client/subsystemCode",
        );
        check(
            &client(
                "<i:memberClass>GOV</i:memberClass>",
                "<i:memberClass>GOV</i:memberClass><i:memberClass>GOV</i:memberClass>",
            ),
            "client present more than once at /Envelope/Header/client/memberClass[2]",
        );
        check(
            &client("<i:memberClass>", "<memberClass/><i:memberClass>"),
            "client must be made of the parts of an X-Road identifier at /Envelope/Header/client/memberClass",
        );
        check(
            &format!("{CLIENT}{}{ID}{VERSION}", SERVICE.replace("<i:serviceCode>TraCuuHoSo</i:serviceCode>", "")),
            "service must be complete: serviceCode is missing at /Envelope/Header/service",
        );
    }

    #[test]
    fn a_central_service_stands_beside_the_service_it_was_resolved_to() {
        let central = "<x:centralService i:objectType=\"CENTRALSERVICE\"><i:xRoadInstance>VN</i:xRoadInstance>\
                       <i:serviceCode>TraCuuHoSo</i:serviceCode></x:centralService>";
        let with_service = |central: &str| format!("{CLIENT}{central}{SERVICE}{ID}{VERSION}");
        let read_well = "VN/GOV/000.00.00.H56/mcdt -> VN/GOV/000.00.00.G07 id 6d8b1f0e user - issue - version -";
        check(&with_service(central), read_well);
        check(&format!("{CLIENT}{central}{ID}{VERSION}"), "service missing at /Envelope/Header");
        let twice = "centralService present more than once at /Envelope/Header/centralService[2]";
        check(&with_service(&central.repeat(2)), twice);
        let type_wrong = "centralService must be of objectType CENTRALSERVICE: xRoadInstance and serviceCode alone at \
                          /Envelope/Header/centralService";
        check(&with_service(&central.replace("CENTRALSERVICE", "SERVICE")), type_wrong);
        let member = "<i:memberCode>G07</i:memberCode><i:serviceCode>";
        check(&with_service(&central.replace("<i:serviceCode>", member)), type_wrong);
        check(
            &with_service(&central.replace("<i:serviceCode>TraCuuHoSo</i:serviceCode>", "")),
            "centralService must be complete: serviceCode is missing at /Envelope/Header/centralService",
        );
    }

    #[test]
    fn the_answer_repeats_all_fields_in_order_with_their_values_to_the_byte() {
        let headers = format!(
            "{VERSION}<o:other xmlns:o='urn:o'>not X-Road's</o:other><x:id>a&amp;b  <!-- c -->&#xE9;</x:id>\n  {SERVICE}\
             <x:requestHash>h</x:requestHash><r:representedParty xmlns:r='http://x-road.eu/xsd/representation.xsd'/>{CLIENT}"
        );
        let answer = with(&message(&headers), |tape, envelope| {
            let reply = Reply::copying(tape, envelope, &echoed(tape, envelope));
            let mut out = reply.open(64);
            out.raw(b"<ok/>");
            String::from_utf8(reply.close(out)).expect("UTF-8")
        });
        assert_eq!(
            answer,
            format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                 <soapenv:Envelope xmlns:soapenv=\"http://schemas.xmlsoap.org/soap/envelope/\">\
                 <soapenv:Header xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\" xmlns:x=\"{NAMESPACE}\" xmlns:i=\"{IDENTIFIERS}\">\
                 {VERSION}<x:id>a&amp;b  <!-- c -->&#xE9;</x:id>{SERVICE}\
                 <r:representedParty xmlns:r='http://x-road.eu/xsd/representation.xsd'/>{CLIENT}\
                 </soapenv:Header><soapenv:Body><ok/></soapenv:Body></soapenv:Envelope>"
            )
        );
        Tape::parse(&answer, &Limits::default()).expect("well-formed on its own");
    }

    #[test]
    fn prefixes_keep_their_meaning_in_the_answer() {
        let text = format!(
            "<Envelope xmlns='{soap}' xmlns:soapenv='{NAMESPACE}'><Header xmlns:soapenv0='{IDENTIFIERS}'>\
             <soapenv:id>1</soapenv:id></Header><Body><o:Op xmlns:o='urn:o'/></Body></Envelope>",
            soap = super::super::version::SOAP_11
        );
        let answer = with(&text, |tape, envelope| {
            let reply = Reply::copying(tape, envelope, &echoed(tape, envelope));
            String::from_utf8(reply.close(reply.open(0))).expect("UTF-8")
        });
        let tape = Tape::parse(&answer, &Limits::default()).expect("well-formed");
        let header = tape.child_elements(tape.root()).next().expect("a header");
        let id = tape.child_elements(header).next().expect("the id");
        assert_eq!(tape.namespace_name(tape.namespace(tape.root())), super::super::version::SOAP_11);
        assert_eq!(tape.namespace_name(tape.namespace(id)), NAMESPACE);
        assert!(answer.contains("<soapenv1:Body>"), "{answer}");
    }
}
