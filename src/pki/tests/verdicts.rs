//! Which chains are trusted.

use expect_test::expect;
use rcgen::{CustomExtension, ExtendedKeyUsagePurpose, KeyUsagePurpose};
use rustls::pki_types::CertificateDer;

use super::paper::{Authority, Files, Paper, moment};
use crate::pki::{StaleCrls, Trust, Untrusted, Usage};

const MID_2026: &str = "2026-06-15T00:00:00Z";

/// A trust of one root and its lists, with which nothing is wrong.
fn trust(root: &Authority, crls: &[String]) -> Trust {
    let (trust, said) = Files::new().trust(&[root], crls, StaleCrls::Refuse);
    trust.unwrap_or_else(|| panic!("{said}"))
}

fn judge(trust: &Trust, chain: &[&CertificateDer<'static>], usage: Usage) -> Result<(), Untrusted> {
    let chain: Vec<_> = chain.iter().map(|der| (*der).clone()).collect();
    trust.check(&chain, usage, moment(MID_2026))
}

#[test]
fn a_chain_is_trusted_by_rfc_5280_and_for_its_use() {
    let (root, stranger, namesake) = (Authority::root("root"), Authority::root("other"), Authority::root("root"));
    let middle = root.below("middle", 2);
    let trust = trust(&root, &[]);
    let leaf = |authority: &Authority, paper: Paper| authority.leaf(paper);
    let plain = Paper::default;
    let extended = |purpose| Paper { extended: vec![purpose], ..Paper::default() };
    let used = |usage| Paper { usages: vec![usage], ..Paper::default() };
    let unknown = CustomExtension::from_oid_content(&[1, 2, 3, 4], vec![5, 0]);
    let critical = |mut extension: CustomExtension| {
        extension.set_criticality(true);
        Paper { custom: vec![extension], ..Paper::default() }
    };
    use Usage::{ClientAuth, ServerAuth, Signature};
    let table = [
        (leaf(&root, plain()), ClientAuth, Ok(())),
        (leaf(&middle, plain()), ClientAuth, Ok(())),
        (leaf(&stranger, plain()), ClientAuth, Err(Untrusted::NoAnchor)),
        (leaf(&namesake, plain()), ClientAuth, Err(Untrusted::BadSignature)),
        (leaf(&root, Paper { years: (2020, 2021), ..plain() }), ClientAuth, Err(Untrusted::Expired)),
        (leaf(&root, Paper { years: (2059, 2060), ..plain() }), ClientAuth, Err(Untrusted::NotYetValid)),
        (leaf(&root, extended(ExtendedKeyUsagePurpose::ClientAuth)), ClientAuth, Ok(())),
        (leaf(&root, extended(ExtendedKeyUsagePurpose::ServerAuth)), ClientAuth, Err(Untrusted::Usage)),
        (leaf(&root, extended(ExtendedKeyUsagePurpose::ClientAuth)), ServerAuth, Err(Untrusted::Usage)),
        (leaf(&root, extended(ExtendedKeyUsagePurpose::ServerAuth)), Signature, Ok(())),
        (leaf(&root, used(KeyUsagePurpose::DigitalSignature)), Signature, Ok(())),
        (leaf(&root, used(KeyUsagePurpose::ContentCommitment)), Signature, Ok(())),
        (leaf(&root, used(KeyUsagePurpose::KeyEncipherment)), Signature, Err(Untrusted::Usage)),
        (leaf(&root, critical(unknown)), ClientAuth, Err(Untrusted::Chain)),
        (middle.der.clone(), ClientAuth, Err(Untrusted::Chain)),
        (CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]), ClientAuth, Err(Untrusted::Malformed)),
        (CertificateDer::from(vec![0x30, 0x03, 1, 2, 3]), Signature, Err(Untrusted::Malformed)),
    ];
    for (at, (leaf, usage, expected)) in table.iter().enumerate() {
        assert_eq!(judge(&trust, &[leaf, &middle.der], *usage), *expected, "row {at}");
    }
    assert_eq!(judge(&trust, &[], ClientAuth), Err(Untrusted::Malformed));
    let below = leaf(&middle, plain());
    assert_eq!(judge(&trust, &[&below], ClientAuth), Err(Untrusted::NoAnchor), "its issuer was not sent along");
}

/// An extended key usage of `timeStamping`, critical, and further purposes.
fn time_stamping(further: &[u8]) -> CustomExtension {
    let mut purposes = vec![0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 8];
    purposes.extend_from_slice(further);
    purposes.splice(0..0, [0x30, purposes.len() as u8]);
    let mut extension = CustomExtension::from_oid_content(&[2, 5, 29, 37], purposes);
    extension.set_criticality(true);
    extension
}

#[test]
fn who_stamps_times_does_nothing_else_and_says_so_critically() {
    let root = Authority::root("root");
    let trust = trust(&root, &[]);
    let plain = || Paper { custom: vec![time_stamping(&[])], ..Paper::default() };
    let with = |custom| Paper { custom: vec![custom], ..Paper::default() };
    let mut careless = time_stamping(&[]);
    careless.set_criticality(false);
    // RFC 3161 §2.3.
    let table = [
        (plain(), Ok(())),
        (Paper { usages: vec![KeyUsagePurpose::DigitalSignature], ..plain() }, Ok(())),
        (Paper { usages: vec![KeyUsagePurpose::KeyEncipherment], ..plain() }, Err(Untrusted::Usage)),
        (Paper::default(), Err(Untrusted::Usage)),
        (with(careless), Err(Untrusted::Usage)),
        (with(time_stamping(&[0x06, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4])), Err(Untrusted::Usage)),
        (Paper { extended: vec![ExtendedKeyUsagePurpose::ClientAuth], ..Paper::default() }, Err(Untrusted::Usage)),
    ];
    for (at, (paper, expected)) in table.into_iter().enumerate() {
        assert_eq!(judge(&trust, &[&root.leaf(paper)], Usage::TimeStamping), expected, "row {at}");
    }
}

#[test]
fn a_chain_is_judged_at_a_time_past_though_a_verdict_of_now_is_kept() {
    let root = Authority::root("root");
    let trust = trust(&root, &[]);
    let leaf = root.leaf(Paper { years: (2026, 2027), ..Paper::default() });
    assert_eq!(judge(&trust, &[&leaf], Usage::Signature), Ok(()));
    let past = |time| trust.check_past(std::slice::from_ref(&leaf), Usage::Signature, moment(time));
    assert_eq!(past("2025-12-31T23:59:59Z"), Err(Untrusted::NotYetValid));
    assert_eq!(past("2026-01-01T00:00:00Z"), Ok(()));
    assert_eq!(past("2027-01-01T00:00:01Z"), Err(Untrusted::Expired));
    // Taken back later than it signed: who has its key now may write any time.
    let taken = root.leaf(Paper { serial: 666, ..Paper::default() });
    let trust = self::trust(&root, &[root.crl(&[666], (6, 7))]);
    let past = trust.check_past(&[taken], Usage::Signature, moment("2021-01-01T00:00:00Z"));
    assert_eq!(past, Err(Untrusted::Revoked));
}

#[test]
fn a_certificate_on_its_issuers_list_is_refused_and_so_is_all_below_it() {
    let root = Authority::root("root");
    let (middle, fallen) = (root.below("middle", 2), root.below("fallen", 3));
    let taken = || Paper { serial: 666, ..Paper::default() };
    let lists = [root.crl(&[3, 666], (6, 7)), middle.crl(&[667], (6, 7))];
    for trust in [trust(&root, &lists), trust(&root, &[lists.concat()])] {
        let check = |chain: &[&CertificateDer<'static>], expected| {
            for usage in [Usage::ClientAuth, Usage::ServerAuth, Usage::Signature] {
                assert_eq!(judge(&trust, chain, usage), expected);
            }
        };
        check(&[&root.leaf(Paper::default())], Ok(()));
        check(&[&root.leaf(taken())], Err(Untrusted::Revoked));
        check(&[&middle.leaf(taken()), &middle.der], Ok(()));
        check(&[&middle.leaf(Paper { serial: 667, ..taken() }), &middle.der], Err(Untrusted::Revoked));
        check(&[&fallen.leaf(Paper::default()), &fallen.der], Err(Untrusted::Revoked));
    }
}

#[test]
fn a_list_that_its_issuer_did_not_sign_lets_nobody_in() {
    let (root, namesake) = (Authority::root("root"), Authority::root("root"));
    let middle = root.below("middle", 2);
    let forged = Authority::root("middle").crl(&[], (6, 7));
    let trust = trust(&root, &[root.crl(&[], (6, 7)), forged]);
    let leaf = middle.leaf(Paper::default());
    assert_eq!(judge(&trust, &[&leaf, &middle.der], Usage::ClientAuth), Err(Untrusted::RevocationUnknown));
    assert_eq!(judge(&trust, &[&root.leaf(Paper::default())], Usage::ClientAuth), Ok(()));
    let (none, said) = Files::new().trust(&[&root], &[namesake.crl(&[], (6, 7))], StaleCrls::Warn);
    assert!(none.is_none());
    expect![[r#"
        crl0: error: the CRL is not signed by CN=root
            remedy: fetch it from its issuer
    "#]]
    .assert_eq(&said);
}

#[test]
fn an_issuer_without_a_list_is_not_asked_about_and_named_at_start() {
    let (root, other) = (Authority::root("root"), Authority::root("other"));
    let (trust, said) = Files::new().trust(&[&root, &other], &[root.crl(&[7], (6, 7))], StaleCrls::Refuse);
    expect![[r#"
        ca1: warning: trust anchor CN=other has no CRL: what it issued is never revoked
            remedy: add its CRL to crls
    "#]]
    .assert_eq(&said);
    let trust = trust.expect("sound");
    assert_eq!(judge(&trust, &[&other.leaf(Paper::default())], Usage::ClientAuth), Ok(()));
    assert_eq!(judge(&trust, &[&root.leaf(Paper::default())], Usage::ClientAuth), Err(Untrusted::Revoked));
}

#[test]
fn a_stale_list_refuses_or_warns_and_a_newer_one_takes_its_place() {
    let root = Authority::root("root");
    let (good, taken) = (root.leaf(Paper::default()), root.leaf(Paper { serial: 666, ..Paper::default() }));
    let (old, new) = (root.crl(&[666], (4, 5)), root.crl(&[], (6, 7)));
    let check = |crls: &[String], stale, expected: [Result<(), Untrusted>; 2], said: expect_test::Expect| {
        let (trust, problems) = Files::new().trust(&[&root], crls, stale);
        said.assert_eq(&problems);
        let trust = trust.expect("usable");
        assert_eq!([&good, &taken].map(|leaf| judge(&trust, &[leaf], Usage::ClientAuth)), expected);
    };
    let stale = || {
        expect![[r#"
        crl0: warning: the CRL of CN=root expired 45 days ago
            remedy: fetch the next one
    "#]]
    };
    check(std::slice::from_ref(&old), StaleCrls::Refuse, [Err(Untrusted::StaleCrl), Err(Untrusted::Revoked)], stale());
    check(std::slice::from_ref(&old), StaleCrls::Warn, [Ok(()), Err(Untrusted::Revoked)], stale());
    check(&[old.clone(), new.clone()], StaleCrls::Refuse, [Ok(()), Ok(())], expect![""]);
    check(&[new, old], StaleCrls::Refuse, [Ok(()), Ok(())], expect![""]);
}

#[test]
fn a_verdict_is_kept_until_the_first_date_in_it_and_no_longer() {
    let root = Authority::root("root");
    let leaf = [root.leaf(Paper { years: (2020, 2027), ..Paper::default() })];
    let next_list = moment("2026-07-01T00:00:00Z");
    let trust_of = |crls: &[String], stale| Files::new().trust(&[&root], crls, stale).0.expect("sound");
    let until = |trust: &Trust, at: &str| trust.trusted_until(&leaf, Usage::ClientAuth, moment(at));
    let trust = trust_of(&[root.crl(&[], (6, 7))], StaleCrls::Refuse);
    for _ in 0..2 {
        assert_eq!(until(&trust, MID_2026), Ok(next_list));
        assert_eq!(until(&trust, "2026-06-30T23:59:59Z"), Ok(next_list));
        assert_eq!(until(&trust, "2026-07-01T00:00:00Z"), Err(Untrusted::StaleCrl));
    }
    let trust = trust_of(&[root.crl(&[], (6, 7))], StaleCrls::Warn);
    let not_after = moment("2027-01-01T00:00:00Z");
    assert_eq!(until(&trust, "2026-12-31T23:59:59Z"), Ok(not_after));
    assert_eq!(until(&trust, "2027-01-01T00:00:01Z"), Err(Untrusted::Expired));
    assert_ne!(trust.generation(), trust_of(&[], StaleCrls::Warn).generation());
    assert_eq!(trust.generation(), trust.clone().generation());
}

#[test]
fn a_verdict_for_one_use_is_none_for_another() {
    let root = Authority::root("root");
    let trust = trust(&root, &[]);
    let paper = Paper { extended: vec![ExtendedKeyUsagePurpose::ServerAuth], ..Paper::default() };
    let leaf = root.leaf(paper);
    assert_eq!(judge(&trust, &[&leaf], Usage::ServerAuth), Ok(()));
    assert_eq!(judge(&trust, &[&leaf], Usage::ClientAuth), Err(Untrusted::Usage));
}
