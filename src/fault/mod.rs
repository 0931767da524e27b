//! Every room's error → one [`Fault`] or plain HTTP refusal, by exhaustive match.
//!
//! A fault has two faces. The caller's: a stable code, whose fault it is, whether to repeat, a sentence in
//! Vietnamese and in English, and for what is wrong in a message its path, line and rule. The operator's: the
//! whole chain of causes ([`Fault::cause_chain`]), which the caller never reads. No value of a message is in either.

pub mod caller;
pub mod code;
pub mod message;
pub mod refusal;
pub mod security;
pub mod service;
pub mod text;

use std::borrow::Cow;
use std::error::Error;

use self::code::{Blame, Code, Repeat};
use self::text::{Language, Texts};
use crate::soap;
use crate::soap::error::BlockName;
use crate::soap::fault::{Class, Report};
use crate::soap::reply::Reply;

/// Why a request that was read as SOAP is not answered.
#[derive(Debug)]
pub struct Fault {
    code: Code,
    /// The rest, boxed: faults are rare and results that may hold one are moved often.
    said: Box<Said>,
}

#[derive(Debug)]
struct Said {
    texts: Texts,
    place: Option<Place>,
    /// Header blocks that were not understood; empty but for [`Code::MustUnderstand`].
    not_understood: Vec<BlockName>,
    /// X-Road's word for it where the error has a better one than its code.
    x_road: Option<&'static str>,
    /// For the log alone.
    cause: Option<Box<dyn Error + Send + Sync>>,
}

/// Where in a message something is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// From the root for envelopes and headers, from the Body's child for contents; `None` where the
    /// document could not be read.
    pub path: Option<String>,
    /// Line as received, from 1.
    pub line: u32,
    /// Id of the rule broken.
    pub rule: Cow<'static, str>,
}

/// What a fault's writer needs beside the fault.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Trace id of the exchange.
    pub trace: &'a str,
    /// The language of SOAP 1.1's one sentence, and the first in SOAP 1.2.
    pub language: Language,
    /// Whether the request carried X-Road's headers.
    pub x_road: bool,
}

impl Fault {
    /// A fault that says no more than its code.
    pub fn new(code: Code) -> Self {
        Self::with_texts(code, text::of_code(code))
    }

    /// A fault in its own words.
    pub fn with_texts(code: Code, texts: Texts) -> Self {
        Self {
            code,
            said: Box::new(Said { texts, place: None, not_understood: Vec::new(), x_road: None, cause: None }),
        }
    }

    /// Adds where in the message.
    pub fn at(mut self, place: Place) -> Self {
        self.said.place = Some(place);
        self
    }

    /// Adds what the operator reads.
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.said.cause = Some(cause.into());
        self
    }

    /// What happened.
    pub fn code(&self) -> Code {
        self.code
    }

    /// Where in the message, if the message is at fault.
    pub fn place(&self) -> Option<&Place> {
        self.said.place.as_ref()
    }

    /// The cause with all its causes, for the log.
    pub fn cause_chain(&self) -> Option<String> {
        let cause = self.said.cause.as_deref()?;
        let mut text = cause.to_string();
        let mut next: Option<&(dyn Error + 'static)> = cause.source();
        while let Some(error) = next {
            text = format!("{text}: {error}");
            next = error.source();
        }
        Some(text)
    }

    /// HTTP status of the fault in a version.
    pub fn http_status(&self, version: soap::version::Version) -> u16 {
        self.code.class().http_status(version)
    }

    /// The fault as an envelope.
    pub fn write(&self, reply: &Reply, context: Context<'_>) -> Vec<u8> {
        let class = match self.code.class() {
            Class::NotUnderstood(_) => Class::NotUnderstood(&self.said.not_understood),
            class => class,
        };
        let place = self.place();
        let report = Report {
            class,
            dotted: context.x_road.then(|| self.said.x_road.or(self.code.x_road())).flatten(),
            code: self.code.as_str(),
            blame: Blame::as_str(self.code.blame()),
            repeat: Repeat::as_str(self.code.repeat()),
            trace: context.trace,
            path: place.and_then(|place| place.path.as_deref()),
            line: place.map(|place| place.line),
            rule: place.map(|place| &*place.rule),
            texts: self.said.texts.in_order(context.language),
        };
        soap::fault::write(reply, &report)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::soap::envelope;
    use crate::soap::version::Version;
    use crate::transcode::Invalid;
    use crate::xml::limits::Limits;
    use crate::xml::tape::Tape;

    const PLAIN: Context<'_> = Context { trace: "4bf92f35", language: Language::Vietnamese, x_road: false };

    fn write(fault: &Fault, version: Version, context: Context<'_>) -> String {
        let bytes = fault.write(&Reply::plain(version), context);
        let text = String::from_utf8(bytes).expect("UTF-8");
        Tape::parse(&text, &Limits::default()).expect("well-formed");
        // One element a line: easier to read, and to compare.
        format!("HTTP {}\n{}\n", fault.http_status(version), text.replace("><", ">\n<"))
    }

    fn check(fault: &Fault, version: Version, expected: Expect) {
        expected.assert_eq(&write(fault, version, PLAIN));
    }

    fn too_long() -> Fault {
        Fault::from(Invalid {
            path: "/NopHoSo/HoSo/TrichYeuHoSo".to_owned(),
            line: 12,
            rule: "cvc-maxLength-valid",
            asks: "at most 1000 characters".to_owned(),
        })
    }

    fn not_understood() -> Fault {
        let text = "<e:Envelope xmlns:e='http://www.w3.org/2003/05/soap-envelope'><e:Header>\n\
                    <w:Security xmlns:w='urn:&quot;wsse' e:mustUnderstand='1'/></e:Header><e:Body/></e:Envelope>";
        let tape = Tape::parse(text, &Limits::default()).expect("well-formed");
        let opened = envelope::open(&tape, envelope::Content::Qualified).expect("an envelope");
        Fault::from(opened.understand(&tape, |_, _| false).map(|_| ()).expect_err("Security is not understood"))
    }

    #[test]
    fn a_schema_violation_in_soap_11() {
        check(
            &too_long(),
            Version::Soap11,
            expect![[r#"
                HTTP 500
                <?xml version="1.0" encoding="UTF-8"?>
                <soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
                <soapenv:Body>
                <soapenv:Fault>
                <faultcode>soapenv:Client</faultcode>
                <faultstring>Dòng 12, /NopHoSo/HoSo/TrichYeuHoSo: giá trị quá dài (cần: at most 1000 characters).</faultstring>
                <detail>
                <lt:Fault xmlns:lt="urn:lienthong:fault:1">
                <lt:Code>invalid_schema</lt:Code>
                <lt:Blame>caller</lt:Blame>
                <lt:Repeat>no</lt:Repeat>
                <lt:Trace>4bf92f35</lt:Trace>
                <lt:Path>/NopHoSo/HoSo/TrichYeuHoSo</lt:Path>
                <lt:Line>12</lt:Line>
                <lt:Rule>cvc-maxLength-valid</lt:Rule>
                <lt:Text xml:lang="vi">Dòng 12, /NopHoSo/HoSo/TrichYeuHoSo: giá trị quá dài (cần: at most 1000 characters).</lt:Text>
                <lt:Text xml:lang="en">Line 12, /NopHoSo/HoSo/TrichYeuHoSo: the value is too long (expected: at most 1000 characters).</lt:Text>
                </lt:Fault>
                </detail>
                </soapenv:Fault>
                </soapenv:Body>
                </soapenv:Envelope>
            "#]],
        );
    }

    #[test]
    fn a_schema_violation_in_soap_12() {
        check(
            &too_long(),
            Version::Soap12,
            expect![[r#"
                HTTP 400
                <?xml version="1.0" encoding="UTF-8"?>
                <env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope">
                <env:Body>
                <env:Fault xmlns:lt="urn:lienthong:fault:1">
                <env:Code>
                <env:Value>env:Sender</env:Value>
                <env:Subcode>
                <env:Value>lt:invalid_schema</env:Value>
                </env:Subcode>
                </env:Code>
                <env:Reason>
                <env:Text xml:lang="vi">Dòng 12, /NopHoSo/HoSo/TrichYeuHoSo: giá trị quá dài (cần: at most 1000 characters).</env:Text>
                <env:Text xml:lang="en">Line 12, /NopHoSo/HoSo/TrichYeuHoSo: the value is too long (expected: at most 1000 characters).</env:Text>
                </env:Reason>
                <env:Detail>
                <lt:Fault>
                <lt:Code>invalid_schema</lt:Code>
                <lt:Blame>caller</lt:Blame>
                <lt:Repeat>no</lt:Repeat>
                <lt:Trace>4bf92f35</lt:Trace>
                <lt:Path>/NopHoSo/HoSo/TrichYeuHoSo</lt:Path>
                <lt:Line>12</lt:Line>
                <lt:Rule>cvc-maxLength-valid</lt:Rule>
                <lt:Text xml:lang="vi">Dòng 12, /NopHoSo/HoSo/TrichYeuHoSo: giá trị quá dài (cần: at most 1000 characters).</lt:Text>
                <lt:Text xml:lang="en">Line 12, /NopHoSo/HoSo/TrichYeuHoSo: the value is too long (expected: at most 1000 characters).</lt:Text>
                </lt:Fault>
                </env:Detail>
                </env:Fault>
                </env:Body>
                </env:Envelope>
            "#]],
        );
    }

    #[test]
    fn a_schema_violation_told_to_an_x_road_caller_in_english() {
        let context = Context { language: Language::English, x_road: true, ..PLAIN };
        expect![[r#"
            HTTP 500
            <?xml version="1.0" encoding="UTF-8"?>
            <soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
            <soapenv:Body>
            <soapenv:Fault>
            <faultcode>soapenv:Client.InvalidBody</faultcode>
            <faultstring>Line 12, /NopHoSo/HoSo/TrichYeuHoSo: the value is too long (expected: at most 1000 characters).</faultstring>
            <detail>
            <lt:Fault xmlns:lt="urn:lienthong:fault:1">
            <lt:Code>invalid_schema</lt:Code>
            <lt:Blame>caller</lt:Blame>
            <lt:Repeat>no</lt:Repeat>
            <lt:Trace>4bf92f35</lt:Trace>
            <lt:Path>/NopHoSo/HoSo/TrichYeuHoSo</lt:Path>
            <lt:Line>12</lt:Line>
            <lt:Rule>cvc-maxLength-valid</lt:Rule>
            <lt:Text xml:lang="en">Line 12, /NopHoSo/HoSo/TrichYeuHoSo: the value is too long (expected: at most 1000 characters).</lt:Text>
            <lt:Text xml:lang="vi">Dòng 12, /NopHoSo/HoSo/TrichYeuHoSo: giá trị quá dài (cần: at most 1000 characters).</lt:Text>
            </lt:Fault>
            </detail>
            </soapenv:Fault>
            </soapenv:Body>
            </soapenv:Envelope>
        "#]]
        .assert_eq(&write(&too_long(), Version::Soap11, context));
    }

    #[test]
    fn a_version_mismatch_says_what_to_upgrade_to() {
        check(
            &Fault::new(Code::VersionMismatch),
            Version::Soap11,
            expect![[r#"
            HTTP 500
            <?xml version="1.0" encoding="UTF-8"?>
            <soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">
            <soapenv:Header>
            <upg:Upgrade xmlns:upg="http://www.w3.org/2003/05/soap-envelope">
            <upg:SupportedEnvelope xmlns:s12="http://www.w3.org/2003/05/soap-envelope" qname="s12:Envelope"/>
            <upg:SupportedEnvelope xmlns:s11="http://schemas.xmlsoap.org/soap/envelope/" qname="s11:Envelope"/>
            </upg:Upgrade>
            </soapenv:Header>
            <soapenv:Body>
            <soapenv:Fault>
            <faultcode>soapenv:VersionMismatch</faultcode>
            <faultstring>Phiên bản SOAP của phong bì không được hỗ trợ; hãy dùng SOAP 1.1 hoặc SOAP 1.2.</faultstring>
            <detail>
            <lt:Fault xmlns:lt="urn:lienthong:fault:1">
            <lt:Code>version_mismatch</lt:Code>
            <lt:Blame>caller</lt:Blame>
            <lt:Repeat>no</lt:Repeat>
            <lt:Trace>4bf92f35</lt:Trace>
            <lt:Text xml:lang="vi">Phiên bản SOAP của phong bì không được hỗ trợ; hãy dùng SOAP 1.1 hoặc SOAP 1.2.</lt:Text>
            <lt:Text xml:lang="en">The envelope's SOAP version is not supported; use SOAP 1.1 or SOAP 1.2.</lt:Text>
            </lt:Fault>
            </detail>
            </soapenv:Fault>
            </soapenv:Body>
            </soapenv:Envelope>
        "#]],
        );
    }

    #[test]
    fn a_header_not_understood_is_named() {
        check(
            &not_understood(),
            Version::Soap12,
            expect![[r#"
                HTTP 500
                <?xml version="1.0" encoding="UTF-8"?>
                <env:Envelope xmlns:env="http://www.w3.org/2003/05/soap-envelope">
                <env:Header>
                <upg:NotUnderstood xmlns:upg="http://www.w3.org/2003/05/soap-envelope" xmlns:nu="urn:&quot;wsse" qname="nu:Security"/>
                </env:Header>
                <env:Body>
                <env:Fault xmlns:lt="urn:lienthong:fault:1">
                <env:Code>
                <env:Value>env:MustUnderstand</env:Value>
                <env:Subcode>
                <env:Value>lt:must_understand</env:Value>
                </env:Subcode>
                </env:Code>
                <env:Reason>
                <env:Text xml:lang="vi">Không hiểu tiêu đề bắt buộc (mustUnderstand): Security.</env:Text>
                <env:Text xml:lang="en">Mandatory header blocks (mustUnderstand) are not understood: Security.</env:Text>
                </env:Reason>
                <env:Detail>
                <lt:Fault>
                <lt:Code>must_understand</lt:Code>
                <lt:Blame>caller</lt:Blame>
                <lt:Repeat>no</lt:Repeat>
                <lt:Trace>4bf92f35</lt:Trace>
                <lt:Path>/Envelope/Header/Security</lt:Path>
                <lt:Line>2</lt:Line>
                <lt:Rule>R1027</lt:Rule>
                <lt:Text xml:lang="vi">Không hiểu tiêu đề bắt buộc (mustUnderstand): Security.</lt:Text>
                <lt:Text xml:lang="en">Mandatory header blocks (mustUnderstand) are not understood: Security.</lt:Text>
                </lt:Fault>
                </env:Detail>
                </env:Fault>
                </env:Body>
                </env:Envelope>
            "#]],
        );
        let in_11 = write(&not_understood(), Version::Soap11, PLAIN);
        assert!(in_11.contains("<faultcode>soapenv:MustUnderstand</faultcode>"), "{in_11}");
        assert!(in_11.contains("<lt:Path>/Envelope/Header/Security</lt:Path>"), "{in_11}");
    }

    #[test]
    fn what_the_operator_reads_is_not_told_to_the_caller() {
        let fault = Fault::new(Code::Internal).because("connect to 10.0.0.7:5432 refused");
        let text = write(&fault, Version::Soap12, PLAIN);
        assert!(!text.contains("10.0.0.7"), "{text}");
    }

    #[test]
    fn every_code_has_its_row() {
        use Code::*;
        let codes = [
            InvalidXml,
            InvalidEnvelope,
            InvalidHeader,
            InvalidOperation,
            InvalidSchema,
            InvalidRequest,
            VersionMismatch,
            MustUnderstand,
            EncodingUnknown,
            Forbidden,
            IdConflict,
            Limit(code::Limit::Depth),
            Busy,
            Unavailable,
            Timeout,
            Internal,
        ];
        let rows: String = codes
            .iter()
            .map(|&code| {
                let fault = Fault::new(code);
                let between = |text: &str, tag: &str| {
                    let start = text.find(tag).map_or(0, |at| at + tag.len());
                    text[start..].split('<').next().unwrap_or_default().to_owned()
                };
                let v11 = write(&fault, Version::Soap11, Context { x_road: true, ..PLAIN });
                let v12 = write(&fault, Version::Soap12, PLAIN);
                format!(
                    "{:22} {:32} {} {:24} {} {:9}{}\n",
                    code.as_str(),
                    between(&v11, "<faultcode>soapenv:"),
                    fault.http_status(Version::Soap11),
                    between(&v12, "<env:Value>env:"),
                    fault.http_status(Version::Soap12),
                    code.blame().as_str(),
                    code.repeat().as_str(),
                )
            })
            .collect();
        expect![[r#"
            invalid_xml            Client.InvalidXml                500 Sender                   400 caller   no
            invalid_envelope       Client.InvalidSoap               500 Sender                   400 caller   no
            invalid_header         Client.InvalidHeader             500 Sender                   400 caller   no
            invalid_operation      Client.UnknownService            500 Sender                   400 caller   no
            invalid_schema         Client.InvalidBody               500 Sender                   400 caller   no
            invalid_request        Client.InvalidMessage            500 Sender                   400 caller   no
            version_mismatch       VersionMismatch                  500 VersionMismatch          500 caller   no
            must_understand        MustUnderstand                   500 MustUnderstand           500 caller   no
            invalid_encoding_style Client.InvalidSoap               500 DataEncodingUnknown      500 caller   no
            forbidden              Client.AccessDenied              500 Sender                   400 caller   no
            id_conflict            Client.InvalidMessage            500 Sender                   400 caller   no
            limit_depth            Client.InvalidMessage            500 Sender                   400 caller   no
            busy                   Server.ServiceFailed             500 Receiver                 500 caller   safe
            unavailable            Server.ServiceFailed             500 Receiver                 500 ministry safe
            timeout                Server.ServiceFailed             500 Receiver                 500 ministry same-id
            internal               Server.InternalError             500 Receiver                 500 gateway  same-id
        "#]]
        .assert_eq(&rows);
    }
}
