//! Every limit of a message at the gateway's door: at it the call is answered, one past it is refused by its name.

use lienthong::xml::limits::Limits;

use crate::client::{Answer, Http, post, send};
use crate::hostile;
use crate::world::{World, element};

/// A lookup with this header block, which nobody asks for and everybody must let pass (WS-I R2739).
fn with_block(block: &str) -> String {
    let header = format!("<soapenv:Header>{block}</soapenv:Header><soapenv:Body>");
    hostile::envelope(&hostile::lookup(hostile::UNKNOWN)).replacen("<soapenv:Body>", &header, 1)
}

async fn ask(world: &World, message: String) -> Answer {
    let request = post(&world.soap(), "text/xml", message);
    send(&world.member("dvcqg"), Http::One, request).await.expect("the gateway answers")
}

#[tokio::test(flavor = "multi_thread")]
async fn each_limit_holds_at_it_and_refuses_one_past_it() {
    let world = World::start().await;
    let limits = Limits::default();
    let depth_max = schema_depth(&world).await;
    let nested = |extra: usize| {
        // Envelope and Header are around it.
        let more = depth_max - 3 + extra;
        format!("<u:x xmlns:u='urn:u'>{}{}</u:x>", "<a>".repeat(more), "</a>".repeat(more))
    };
    // Envelope, Header, u:x, Body and the lookup's two.
    let many = |extra: usize| {
        format!("<u:x xmlns:u='urn:u'>{}</u:x>", "<a/>".repeat(limits.elements_max as usize - 6 + extra))
    };
    let named =
        |extra: usize| format!("<u:{} xmlns:u='urn:u'/>", "n".repeat(limits.name_bytes_max - "u:".len() + extra));
    let valued =
        |extra: usize| format!("<u:x xmlns:u='urn:u' a='{}'/>", "v".repeat(limits.attribute_bytes_max + extra));
    let attributes = |extra: usize| {
        let attributes: String = (0..limits.attributes_max - 1 + extra).map(|n| format!(" a{n}=''")).collect();
        format!("<u:x xmlns:u='urn:u'{attributes}/>")
    };
    // SOAP's namespace and the lookup's are there already.
    let namespaces = |extra: usize| {
        (0..limits.namespaces_max - 2 + extra).map(|n| format!("<u:x xmlns:u='urn:{n}'/>")).collect::<String>()
    };
    let shapes: [(&dyn Fn(usize) -> String, &str); 6] = [
        (&nested, "limit_depth"),
        (&many, "limit_elements"),
        (&named, "limit_names"),
        (&valued, "limit_attributes"),
        (&attributes, "limit_attributes"),
        (&namespaces, "limit_namespaces"),
    ];
    for (shape, code) in shapes {
        let answer = ask(&world, with_block(&shape(0))).await;
        assert_eq!(answer.status, 200, "{code}, at it: {}", answer.text());
        let answer = ask(&world, with_block(&shape(1))).await;
        assert_eq!(element(&answer.text(), "Code").as_deref(), Some(code), "one past it: {}", answer.text());
    }
    let answer = ask(&world, with_block("<u:x xmlns:u='urn:u'><?p i?></u:x>")).await;
    assert_eq!(element(&answer.text(), "Rule").as_deref(), Some("R1009"), "{}", answer.text());
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_16_mib_at_most() {
    let world = World::start().await;
    let message = hostile::envelope(&hostile::lookup(hostile::UNKNOWN));
    for (bytes, status) in [(16 << 20, 200), ((16 << 20) + 1, 413)] {
        let padded = format!("{message}{}", " ".repeat(bytes - message.len()));
        assert_eq!(ask(&world, padded).await.status, status, "{bytes} bytes");
    }
    world.stop().await;
}

/// The contract's own bound, as it is told: a message nested deeper is valid by no schema of the partner's.
async fn schema_depth(world: &World) -> usize {
    let deep = format!("<u:x xmlns:u='urn:u'>{}{}</u:x>", "<a>".repeat(100), "</a>".repeat(100));
    let text = ask(world, with_block(&deep)).await.text();
    let told = text.split("depth_max is ").nth(1).and_then(|rest| rest.split('.').next()).expect("the bound is told");
    let depth_max = told.parse().expect("a number");
    assert!(depth_max < Limits::default().depth_max as usize, "{depth_max}");
    depth_max
}
