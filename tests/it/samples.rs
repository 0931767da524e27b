//! The sample messages are what the contract asks for.

use std::path::Path;

use jiff::tz::TimeZone;
use lienthong::sandbox::samples::{Filling, SAMPLES};

use crate::{world, xmllint};

#[test]
fn every_sample_is_valid_against_the_contract() {
    let now = jiff::civil::date(2026, 1, 5).at(8, 30, 0, 0).to_zoned(TimeZone::UTC).expect("UTC has no gaps");
    let filling = Filling {
        now: &now,
        code: "DVCQG-1",
        dossier: "000.00.00.G07-180615-0001",
        round: 1,
        paper: "GPLD-07",
        amount: 600_000,
    };
    for sample in SAMPLES {
        let schema = format!("schemas/{0}/{0}.xsd", sample.partner);
        let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join(schema);
        let body = sample.body(&filling);
        assert_eq!(world::root_name(&body), sample.operation(), "{}: another operation", sample.name);
        xmllint::assert_valid_against(&schema, &body);
    }
}
