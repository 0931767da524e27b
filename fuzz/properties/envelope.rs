//! Whatever is read as an envelope, its answer and its fault are well-formed, and repeat its headers with their meaning.

use lienthong::fault::text::Language;
use lienthong::fault::{Context, Fault};
use lienthong::soap::envelope::{self, Content, Envelope, Understood};
use lienthong::soap::error::Error;
use lienthong::soap::reply::Reply;
use lienthong::soap::version::Version;
use lienthong::soap::{addressing, xroad};
use lienthong::xml::encoding::to_utf8;
use lienthong::xml::limits::Limits;
use lienthong::xml::tape::{NodeId, Tape};

use super::setup::{said, written};

/// Reads bytes as a call by either header protocol; nothing panics.
pub fn hold(bytes: &[u8]) {
    let Ok(text) = to_utf8(bytes, None) else { return };
    match Tape::parse(&text, &Limits::default()) {
        Ok(tape) => {
            x_road(&tape);
            addressed(&tape);
        }
        Err(error) => refuse(&Reply::plain(Version::Soap11), error.into()),
    }
}

fn x_road(tape: &Tape<'_>) {
    let envelope = match open(tape, xroad::understands) {
        Ok(envelope) => envelope,
        Err(error) => return refuse(&Reply::plain(Version::Soap12), error.into()),
    };
    let blocks = xroad::echoed(tape, &envelope);
    let reply = Reply::copying(tape, &envelope, &blocks);
    let answer = String::from_utf8(reply.close(reply.open(0))).expect("an answer is UTF-8");
    let copy = written(&answer);
    let header = copy.child_elements(copy.root()).next().expect("a Header or a Body");
    let copied: Vec<NodeId> = copy.child_elements(header).collect();
    assert_eq!(copied.len(), blocks.len(), "every block is repeated");
    for (&block, &copied) in blocks.iter().zip(&copied) {
        assert_eq!(said(tape, block), said(&copy, copied), "a block that is repeated means the same");
    }
    match xroad::read(tape, &envelope) {
        Ok(Some(fields)) => assert!(!fields.id.is_empty() && fields.id.chars().count() <= xroad::ID_CHARS_MAX),
        Ok(None) => {}
        Err(error) => refuse(&reply, error.into()),
    }
}

fn addressed(tape: &Tape<'_>) {
    let read = open(tape, addressing::understands).and_then(|envelope| addressing::read(tape, &envelope).map(|_| ()));
    if let Err(error) = read {
        refuse(&Reply::plain(Version::Soap12), error.into());
    }
}

fn open(tape: &Tape<'_>, known: fn(&str, &str) -> bool) -> Result<Envelope, Error> {
    envelope::open(tape, Content::Qualified)?.understand(tape, known).and_then(Understood::envelope)
}

fn refuse(reply: &Reply, fault: Fault) {
    let context = Context { trace: "t", language: Language::English, x_road: true };
    let text = String::from_utf8(fault.write(reply, context)).expect("a fault is UTF-8");
    written(&text);
}
