//! Whatever is well-formed is read without a panic, and whatever is copied stays well-formed and means the same.

use proptest::prelude::*;

use super::envelope::{self, Understood};
use super::reply::Reply;
use super::{addressing, xroad};
use crate::xml::limits::Limits;
use crate::xml::tape::{NodeId, Tape};

/// Pieces out of which envelopes, and things that are nearly envelopes, are put together.
const PIECES: [&str; 30] = [
    "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/' xmlns:x='http://x-road.eu/xsd/xroad.xsd'>",
    "<s:Envelope xmlns:s='http://www.w3.org/2003/05/soap-envelope' xmlns='http://x-road.eu/xsd/xroad.xsd' xmlns:x='urn:x'>",
    "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/' xmlns:soapenv='urn:taken' xmlns:x='http://x-road.eu/xsd/xroad.xsd'>",
    "</s:Envelope>",
    "</Envelope>",
    "<s:Header>",
    "<s:Header xmlns:soapenv0='urn:taken' xmlns:i='http://x-road.eu/xsd/identifiers'>",
    "</s:Header>",
    "<Header>",
    "</Header>",
    "<s:Body>",
    "</s:Body>",
    "<Body>",
    "</Body>",
    "<x:id>1</x:id>",
    "<x:id xmlns:x='http://x-road.eu/xsd/xroad.xsd' s:mustUnderstand='1'>a&amp;<![CDATA[b]]></x:id>",
    "<id xmlns='http://x-road.eu/xsd/xroad.xsd' x:q='1'/>",
    "<x:protocolVersion>4.0</x:protocolVersion>",
    "<x:client xmlns:i='urn:i' i:objectType='MEMBER'><i:xRoadInstance>VN</i:xRoadInstance></x:client>",
    "<x:client/>",
    "<x:service>x:y</x:service>",
    "<a:MessageID xmlns:a='http://www.w3.org/2005/08/addressing'>urn:1</a:MessageID>",
    "<a:ReplyTo xmlns:a='http://www.w3.org/2005/08/addressing'><a:Address/></a:ReplyTo>",
    "<u:unknown xmlns:u='urn:u' s:mustUnderstand='true' s:actor='urn:other'/>",
    "<x:Op s:encodingStyle='urn:odd'/>",
    "<Op/>",
    " ",
    "text",
    "<!-- -->",
    "&#xE9;",
];

/// Text that is often an envelope: a frame, with random pieces where header blocks and the rest belong.
fn document() -> impl Strategy<Value = String> {
    let some_of = |pieces: &[&'static str]| {
        prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..6).prop_map(|pieces| pieces.concat())
    };
    let body = prop_oneof![6 => Just("<o:Op xmlns:o='urn:o'/>".to_owned()), 1 => some_of(&PIECES)];
    let framed =
        (0..3_usize, 5..7_usize, some_of(&PIECES[14..23]), body).prop_map(|(envelope, header, blocks, body)| {
            let prefix = if envelope == 2 { "" } else { "s:" };
            let header = if envelope == 2 { "<Header xmlns:i='urn:i' xmlns:s='urn:s'>" } else { PIECES[header] };
            format!(
                "{}{header}{blocks}</{prefix}Header><{prefix}Body>{body}</{prefix}Body></{prefix}Envelope>",
                PIECES[envelope]
            )
        });
    prop_oneof![4 => framed, 1 => some_of(&PIECES)]
}

/// Names and namespaces of a subtree, for comparing a copy with its original.
fn shape(tape: &Tape<'_>, node: NodeId) -> Vec<(String, String)> {
    (node..tape.end(node))
        .filter(|&node| tape.kind(node) == crate::xml::tape::NodeKind::Element)
        .map(|node| (tape.namespace_name(tape.namespace(node)).to_owned(), tape.local(node).to_owned()))
        .collect()
}

proptest! {
    #[test]
    fn no_document_makes_the_reader_panic_and_copies_keep_their_meaning(text in document()) {
        let Ok(tape) = Tape::parse(&text, &Limits::default()) else { return Ok(()) };
        let known = |namespace: &str, local: &str| xroad::understands(namespace, local);
        let envelope = envelope::open(&tape, envelope::Content::Qualified).and_then(|opened| opened.understand(&tape, known)).and_then(Understood::envelope);
        let Ok(envelope) = envelope else { return Ok(()) };
        let _ = xroad::read(&tape, &envelope);
        let _ = addressing::read(&tape, &envelope);
        let blocks = xroad::echoed(&tape, &envelope);
        let reply = Reply::copying(&tape, &envelope, &blocks);
        let answer = String::from_utf8(reply.close(reply.open(0))).expect("UTF-8");
        let copy = Tape::parse(&answer, &Limits::default()).expect("an answer is well-formed");
        let header = copy.child_elements(copy.root()).next().expect("a Header or a Body");
        let copied: Vec<NodeId> = copy.child_elements(header).collect();
        prop_assert_eq!(copied.len(), blocks.len());
        for (&block, &copied) in blocks.iter().zip(&copied) {
            prop_assert_eq!(shape(&tape, block), shape(&copy, copied));
            prop_assert_eq!(tape.text(block), copy.text(copied));
        }
    }
}
