//! Whatever is decoded is protobuf of the method's message, and comes back as a message that means the same.

use lienthong::binding::plan::{OperationId, Partner};
use lienthong::transcode::{self, Unwritable};
use lienthong::xml::encoding::to_utf8;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::Tape;
use lienthong::xml::writer::Writer;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};

use super::setup::{CONTRACTS, written};

/// Reads bytes as the element in a Body, by the contract that has such an operation; nothing panics.
pub fn hold(bytes: &[u8]) {
    let Ok(text) = to_utf8(bytes, None) else { return };
    let Ok(tape) = Tape::parse(&text, &Limits::default()) else { return };
    let (namespace, local) = (tape.namespace_name(tape.namespace(tape.root())), tape.local(tape.root()));
    for partner in &CONTRACTS.partners {
        let Some(operation) = partner.operation(namespace, local) else { continue };
        let mut wire = Vec::new();
        if transcode::decode(partner, operation, &tape, tape.root(), &mut wire).is_ok() {
            comes_back(partner, operation, &wire);
            transcode::request_key(partner, operation, &tape, tape.root());
        }
    }
}

fn comes_back(partner: &Partner, operation: OperationId, wire: &[u8]) {
    let input = input(&CONTRACTS.pool, &partner.operation_of(operation).method);
    let message = DynamicMessage::decode(input.clone(), wire).expect("what is decoded is protobuf");
    let mut out = Writer::default();
    match transcode::encode_request(partner, operation, wire, &mut out) {
        Ok(()) => {}
        // The other contracts have mandatory elements that their bindings do not carry.
        Err(Unwritable::Contract { .. }) if partner.name != "hoso" => return,
        Err(error) => panic!("{error}: what is decoded can be written\n{message}"),
    }
    let text = String::from_utf8(out.into_bytes()).expect("the writer writes UTF-8");
    let tape = written(&text);
    let mut again = Vec::new();
    transcode::decode(partner, operation, &tape, tape.root(), &mut again)
        .unwrap_or_else(|error| panic!("{error}: what is written can be decoded\n{text}"));
    let again = DynamicMessage::decode(input, again.as_slice()).expect("what is decoded is protobuf");
    assert_eq!(message, again, "{text}");
}

fn input(pool: &DescriptorPool, method: &str) -> MessageDescriptor {
    let (service, method) = method[1..].split_once('/').expect("a gRPC path");
    let service = pool.get_service_by_name(service).expect("the contract's service");
    service.methods().find(|known| known.name() == method).expect("the service's method").input()
}
