//! Every known way to make a signed message say something else, made from one that is signed as it should be.

use super::tree::{Element, Node};
use crate::generator::random::Random;

/// A message that was signed otherwise, and what was done to it.
pub struct Mutant {
    pub what: String,
    pub text: String,
}

/// What is made of a signed envelope.
pub fn mutants(signed: &str, seed: u64) -> Vec<Mutant> {
    let whole = Element::parse(signed);
    let mut made = Vec::new();
    for part in ["Body", "id", "Timestamp"] {
        moved(&whole, part, &mut made);
    }
    doubled(&whole, &mut made);
    second_bodies(&whole, &mut made);
    references(&whole, &mut made);
    methods(&whole, &mut made);
    tokens(&whole, &mut made);
    scopes(&whole, &mut made);
    texts(&whole, &mut made);
    roles(&whole, &mut made);
    random(&whole, seed, &mut made);
    made.retain(|mutant| mutant.text != whole.write());
    made
}

/// The signed part stands elsewhere, another of its name where it stood.
fn moved(whole: &Element, part: &str, made: &mut Vec<Mutant>) {
    let mut original = whole.clone();
    let signed = original.find(part).expect("it is signed").clone();
    for (place, put) in PLACES {
        for (id, give) in IDS {
            for forge in FORGERIES {
                let mut envelope = whole.clone();
                let there = envelope.find(part).expect("it is signed");
                let mut forged = forge(&signed);
                give(&mut forged, &signed);
                *there = forged;
                if put(&mut envelope, signed.clone()).is_some() {
                    push(made, format!("{part} moved {place}, another with {id} in its place"), &envelope);
                }
            }
        }
    }
}

type Put = fn(&mut Element, Element) -> Option<()>;

/// Where the signed part is put.
const PLACES: [(&str, Put); 15] = [
    ("into the Header", |envelope, part| add(envelope, "Header", part)),
    ("to the Header's start", |envelope, part| {
        envelope.find("Header")?.children.insert(0, Node::Element(part));
        Some(())
    }),
    ("into a wrapper in the Header", |envelope, part| add(envelope, "Header", wrapper().holding(part))),
    ("into a wrapper for another", |envelope, part| {
        let name = envelope.name.replace("Envelope", "actor");
        add(envelope, "Header", wrapper().with(&name, "urn:another").holding(part))
    }),
    ("into a wrapper in a wrapper", |envelope, part| {
        add(envelope, "Header", wrapper().holding(wrapper().holding(part)))
    }),
    ("into Security", |envelope, part| add(envelope, "Security", part)),
    ("into a wrapper in Security", |envelope, part| add(envelope, "Security", wrapper().holding(part))),
    ("into an Object of the Signature", |envelope, part| {
        add(envelope, "Signature", Element::new("ds:Object").holding(part))
    }),
    ("into KeyInfo", |envelope, part| add(envelope, "KeyInfo", part)),
    ("into the token", |envelope, part| add(envelope, "BinarySecurityToken", part)),
    ("before the Header", |envelope, part| {
        envelope.children.insert(0, Node::Element(part));
        Some(())
    }),
    ("behind the Body", |envelope, part| {
        envelope.children.push(Node::Element(part));
        Some(())
    }),
    ("into the Body", |envelope, part| add(envelope, "Body", part)),
    ("into the operation", |envelope, part| {
        envelope.find("Body")?.elements().next()?.children.push(Node::Element(part));
        Some(())
    }),
    ("into a detail in the operation", |envelope, part| {
        let detail = Element::new("detail").holding(part);
        envelope.find("Body")?.elements().next()?.children.insert(0, Node::Element(detail));
        Some(())
    }),
];

type Give = fn(&mut Element, &Element);

/// Which id the forged part has.
const IDS: [(&str, Give); 8] = [
    ("the same wsu:Id", |_, _| ()),
    ("no id", |forged, _| forged.attributes.retain(|(name, _)| !name.ends_with("Id"))),
    ("another wsu:Id", |forged, _| {
        let own = forged.attributes.iter().find(|(name, _)| name.ends_with("Id")).map(|(name, _)| name.clone());
        forged.set(&own.unwrap_or_default(), "another");
    }),
    ("the same Id", |forged, signed| rename_id(forged, signed, "Id")),
    ("the same xml:id", |forged, signed| rename_id(forged, signed, "xml:id")),
    ("the same id", |forged, signed| rename_id(forged, signed, "id")),
    ("the same ID", |forged, signed| rename_id(forged, signed, "ID")),
    ("the same Id of another namespace", |forged, signed| {
        rename_id(forged, signed, "other:Id");
        forged.set("xmlns:other", "urn:other");
    }),
];

type Forge = fn(&Element) -> Element;

/// What the forged part says.
const FORGERIES: [Forge; 2] = [
    // Another text in the first element that has one.
    |signed| {
        let mut forged = signed.clone();
        change_text(&mut forged, 0);
        forged
    },
    // What was signed, with something else behind it.
    |signed| {
        let mut forged = signed.clone();
        if let Some(Node::Element(child)) =
            forged.children.iter().find(|node| matches!(node, Node::Element(_))).cloned()
        {
            let mut child = child;
            change_text(&mut child, 0);
            forged.children.push(Node::Element(child));
        } else {
            forged.children.push(Node::Raw("9".to_owned()));
        }
        forged
    },
];

/// Each part twice, the copy as it is or changed, before and behind.
fn doubled(whole: &Element, made: &mut Vec<Mutant>) {
    for part in [
        "Header",
        "Body",
        "Security",
        "id",
        "client",
        "service",
        "Timestamp",
        "Signature",
        "SignedInfo",
        "Reference",
        "BinarySecurityToken",
        "KeyInfo",
        "SignatureValue",
        "DigestValue",
        "Created",
    ] {
        let Some(path) = path_of(whole, part) else { continue };
        for changes in [false, true] {
            for before in [false, true] {
                let mut envelope = whole.clone();
                let Some((holder, at)) = envelope.holder(&path) else { continue };
                let mut copy = holder.children[at].clone();
                if let (Node::Element(element), true) = (&mut copy, changes) {
                    change_text(element, 0);
                }
                holder.children.insert(at + usize::from(!before), copy);
                push(made, format!("{part} twice (changed: {changes}, before: {before})"), &envelope);
            }
        }
    }
}

fn second_bodies(whole: &Element, made: &mut Vec<Mutant>) {
    let mut original = whole.clone();
    let signed = original.find("Body").expect("there is one").clone();
    for (id, give) in IDS {
        for before in [true, false] {
            let mut envelope = whole.clone();
            let mut forged = FORGERIES[0](&signed);
            give(&mut forged, &signed);
            let at = path_of(whole, "Body").expect("there is one")[0] + usize::from(!before);
            envelope.children.insert(at, Node::Element(forged));
            push(made, format!("a second Body with {id} (before: {before})"), &envelope);
        }
    }
}

/// References that name something else, or are made otherwise.
fn references(whole: &Element, made: &mut Vec<Mutant>) {
    let paths: Vec<Vec<usize>> = whole.paths();
    for path in paths {
        let mut envelope = whole.clone();
        let Some((holder, at)) = envelope.holder(&path) else { continue };
        let Node::Element(element) = &mut holder.children[at] else { continue };
        if element.local() != "Reference" || !element.name.starts_with("ds:") {
            continue;
        }
        for uri in [
            "",
            "#",
            "#nothing",
            "#xpointer(/)",
            "#xpointer(id('body'))",
            "http://127.0.0.1/",
            "file:///etc/hosts",
            "cid:1",
        ] {
            let mut envelope = whole.clone();
            let (holder, at) = envelope.holder(&path).expect("it was there");
            let Node::Element(element) = &mut holder.children[at] else { continue };
            element.set("URI", uri);
            push(made, format!("a Reference to '{uri}'"), &envelope);
        }
        for transform in [
            "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
            "http://www.w3.org/TR/1999/REC-xpath-19991116",
            "http://www.w3.org/TR/1999/REC-xslt-19991116",
            "http://www.w3.org/2000/09/xmldsig#base64",
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        ] {
            for adds in [false, true] {
                let mut envelope = whole.clone();
                let (holder, at) = envelope.holder(&path).expect("it was there");
                let Node::Element(element) = &mut holder.children[at] else { continue };
                let Some(transforms) = element.find("Transforms") else { continue };
                let new = Element::new("ds:Transform").with("Algorithm", transform);
                if !adds {
                    transforms.children.clear();
                }
                transforms.children.push(Node::Element(new));
                push(made, format!("a Transform {transform} (added: {adds})"), &envelope);
            }
        }
        let mut envelope = whole.clone();
        let (holder, at) = envelope.holder(&path).expect("it was there");
        holder.children.remove(at);
        push(made, "a Reference less".to_owned(), &envelope);
    }
}

/// Algorithms that are weaker, or none.
fn methods(whole: &Element, made: &mut Vec<Mutant>) {
    for (element, algorithms) in [
        (
            "SignatureMethod",
            &[
                "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
                "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256",
                "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
                "",
            ][..],
        ),
        ("DigestMethod", &["http://www.w3.org/2000/09/xmldsig#sha1", "http://www.w3.org/2001/04/xmlenc#sha512", ""]),
        (
            "CanonicalizationMethod",
            &[
                "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
                "http://www.w3.org/2006/12/xml-c14n11",
                "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
                "",
            ],
        ),
    ] {
        for algorithm in algorithms {
            let mut envelope = whole.clone();
            envelope.find(element).expect("it is there").set("Algorithm", algorithm);
            push(made, format!("{element} {algorithm}"), &envelope);
        }
    }
    let mut envelope = whole.clone();
    let mut length = Element::new("ds:HMACOutputLength");
    length.children.push(Node::Raw("0".to_owned()));
    envelope.find("SignatureMethod").expect("it is there").children.push(Node::Element(length));
    push(made, "HMACOutputLength 0".to_owned(), &envelope);
}

/// Nobody's key, another's, and none.
fn tokens(whole: &Element, made: &mut Vec<Mutant>) {
    for (what, local) in [
        ("no token", "BinarySecurityToken"),
        ("no KeyInfo", "KeyInfo"),
        ("no Signature", "Signature"),
        ("no SignatureValue", "SignatureValue"),
        ("no Timestamp", "Timestamp"),
        ("no Security", "Security"),
    ] {
        let mut envelope = whole.clone();
        let path = path_of(whole, local).expect("it is there");
        let (holder, at) = envelope.holder(&path).expect("it is there");
        holder.children.remove(at);
        push(made, what.to_owned(), &envelope);
    }
    for value in ["", "AA==", "====", "!"] {
        for local in ["SignatureValue", "DigestValue", "BinarySecurityToken"] {
            let mut envelope = whole.clone();
            envelope.find(local).expect("it is there").children = vec![Node::Raw(value.to_owned())];
            push(made, format!("{local} '{value}'"), &envelope);
        }
    }
    let mut envelope = whole.clone();
    let key = Element::new("ds:KeyValue");
    envelope.find("KeyInfo").expect("it is there").children = vec![Node::Element(key)];
    push(made, "a bare KeyValue".to_owned(), &envelope);
}

/// Prefixes that are bound to something else around what is signed.
fn scopes(whole: &Element, made: &mut Vec<Mutant>) {
    let mut names: Vec<String> = Vec::new();
    let mut parts = vec![whole];
    while let Some(part) = parts.pop() {
        names.extend(part.attributes.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with("xmlns")));
        parts.extend(part.children.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Raw(_) => None,
        }));
    }
    names.sort();
    names.dedup();
    names.push("xmlns".to_owned());
    for name in &names {
        for at in ["Envelope", "Header", "Security", "Signature", "SignedInfo", "Body", "TraCuuHoSo", "NopHoSo", "HoSo"]
        {
            for namespace in ["urn:evil", ""] {
                let mut envelope = whole.clone();
                let Some(element) = envelope.find(at) else { continue };
                element.set(name, namespace);
                push(made, format!("{name}='{namespace}' on {at}"), &envelope);
            }
        }
    }
    for value in ["p:T", "T"] {
        let mut envelope = whole.clone();
        envelope.set("xmlns:p", "urn:evil");
        let child = envelope.find("Body").and_then(|body| body.elements().next()).expect("an operation");
        child.set("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance");
        child.set("xsi:type", value);
        push(made, format!("xsi:type='{value}' on the operation"), &envelope);
    }
}

/// Each text of Header and Body changed, and split by a comment with and without something new.
fn texts(whole: &Element, made: &mut Vec<Mutant>) {
    let mut count = 0;
    while change_text(&mut whole.clone(), count) {
        for split in ["9", "<!-- -->9", "<!---->", "<!-- 9 -->", "<![CDATA[9]]>", "&#57;"] {
            let mut envelope = whole.clone();
            let mut left = count;
            insert_text(&mut envelope, &mut left, split);
            push(made, format!("'{split}' in text {count}"), &envelope);
        }
        count += 1;
    }
}

/// The Security header for somebody else, or of another name.
fn roles(whole: &Element, made: &mut Vec<Mutant>) {
    let prefix = whole.name.strip_suffix("Envelope").expect("an envelope").to_owned();
    for (name, value) in [("actor", "urn:another"), ("role", "urn:another"), ("actor", ""), ("mustUnderstand", "1")] {
        let mut envelope = whole.clone();
        envelope.find("Security").expect("it is there").set(&format!("{prefix}{name}"), value);
        // Only the Body's text changes: whoever overlooks the header overlooks the signature.
        change_text(envelope.find("Body").expect("there is one"), 0);
        push(made, format!("Security with {name}='{value}', and another Body"), &envelope);
    }
    let mut envelope = whole.clone();
    envelope.find("Security").expect("it is there").name = "wsse:Sicherheit".to_owned();
    push(made, "Security renamed".to_owned(), &envelope);
}

/// Parts moved, copied, exchanged and dropped at random.
fn random(whole: &Element, seed: u64, made: &mut Vec<Mutant>) {
    let mut random = Random::new(seed);
    let paths = whole.paths();
    for round in 0..RANDOM {
        let mut envelope = whole.clone();
        let from = &paths[random.below(paths.len())];
        let to = &paths[random.below(paths.len())];
        let Some((holder, at)) = envelope.holder(from) else { continue };
        let part = holder.children[at].clone();
        let deed = random.below(4);
        if deed == 0 {
            holder.children.remove(at);
        }
        if let Some((holder, at)) = envelope.holder(to).filter(|_| deed != 0) {
            match (deed, &mut holder.children[at]) {
                (1, _) => holder.children.insert(at, part),
                (2, Node::Element(element)) => element.children.push(part),
                (_, there) => *there = part,
            }
        }
        push(made, format!("round {round}: deed {deed} from {from:?} to {to:?}"), &envelope);
    }
}

fn push(made: &mut Vec<Mutant>, what: String, envelope: &Element) {
    made.push(Mutant { what, text: envelope.write() });
}

fn add(envelope: &mut Element, to: &str, part: Element) -> Option<()> {
    envelope.find(to)?.children.push(Node::Element(part));
    Some(())
}

fn wrapper() -> Element {
    Element::new("w:Wrapper").with("xmlns:w", "urn:wrapper")
}

fn rename_id(forged: &mut Element, signed: &Element, name: &str) {
    let id = signed.attributes.iter().find(|(name, _)| name.ends_with("Id")).map(|(_, id)| id.clone());
    forged.attributes.retain(|(name, _)| !name.ends_with("Id"));
    forged.set(name, &id.expect("what is signed has an id"));
}

/// Another last character in the text of this number; whether there is one.
fn change_text(element: &mut Element, number: usize) -> bool {
    fn walk(element: &mut Element, left: &mut usize) -> bool {
        for child in &mut element.children {
            match child {
                Node::Raw(text) if !text.trim().is_empty() => {
                    if *left == 0 {
                        let last = text.pop().expect("not empty");
                        text.push(if last == '7' { '8' } else { '7' });
                        return true;
                    }
                    *left -= 1;
                }
                Node::Raw(_) => {}
                Node::Element(element) => {
                    if walk(element, left) {
                        return true;
                    }
                }
            }
        }
        false
    }
    walk(element, &mut { number })
}

fn insert_text(element: &mut Element, left: &mut usize, new: &str) -> bool {
    for child in &mut element.children {
        match child {
            Node::Raw(text) if !text.trim().is_empty() => {
                if *left == 0 {
                    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
                    text.insert_str(middle, new);
                    return true;
                }
                *left -= 1;
            }
            Node::Raw(_) => {}
            Node::Element(element) => {
                if insert_text(element, left, new) {
                    return true;
                }
            }
        }
    }
    false
}

fn path_of(whole: &Element, local: &str) -> Option<Vec<usize>> {
    whole.paths().into_iter().find(|path| {
        let mut whole = whole.clone();
        let found = whole.holder(path).map(|(holder, at)| holder.children[at].clone());
        matches!(found, Some(Node::Element(element)) if element.local() == local)
    })
}

/// Mutants made at random of each message.
const RANDOM: usize = 300;
