//! Which bytes of a response may be changed on the way.

use std::collections::BTreeSet;
use std::ops::Range;

use rcgen::PKCS_ECDSA_P256_SHA256;

use super::authority::{Authority, Party, Plan};
use super::forge::{DATA, Forgery, attribute, status};
use super::{NONCE, digest, trust, trust_in};
use crate::pki::Trust;
use crate::tsp::der::*;
use crate::tsp::{request, verify};

/// The places where one bit, or all of a byte, may be another and the response still verifies: with the same stamp.
fn free(response: &[u8], trust: &Trust) -> BTreeSet<usize> {
    let stamp = verify(response, digest(), Some(NONCE), trust).expect("it verifies as it is");
    let mut free = BTreeSet::new();
    for at in 0..response.len() {
        for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
            let mut flipped = response.to_vec();
            flipped[at] ^= flip;
            if let Ok(other) = verify(&flipped, digest(), Some(NONCE), trust) {
                assert_eq!(other, stamp, "byte {at} ^ {flip}");
                free.insert(at);
            }
        }
    }
    free
}

/// Where a part stands.
fn place(response: &[u8], part: &[u8]) -> Range<usize> {
    let from = response.windows(part.len()).position(|window| window == part).expect("the part is there");
    from..from + part.len()
}

#[test]
fn of_a_plain_response_only_the_two_words_for_granted_are_as_good() {
    let root = Party::root("root", &PKCS_ECDSA_P256_SHA256);
    let response = Forgery::below(&root, (2020, 2060)).response();
    let granted = place(&response, &[INTEGER, 1, 0]).end - 1;
    assert_eq!(free(&response, &trust(&root.der)), BTreeSet::from([granted]));
}

#[test]
fn nobody_vouches_for_the_status_s_words_nor_for_what_is_beside_the_signature() {
    let root = Party::root("root", &PKCS_ECDSA_P256_SHA256);
    let beside = Party::root("beside", &PKCS_ECDSA_P256_SHA256).der;
    let words = written(SEQUENCE, &[&written(UTF8_STRING, &[b"granted"])]);
    let mut forgery = Forgery::below(&root, (2020, 2060));
    forgery.status = status(0, &[&words]);
    forgery.certificates.push(beside.clone());
    forgery.unsigned = attribute(DATA, &[&written(OCTET_STRING, &[b"note"])]);
    let response = forgery.response();
    let parts = [place(&response, &forgery.status), place(&response, &beside), place(&response, &forgery.unsigned)];
    let free = free(&response, &trust(&root.der));
    for part in &parts {
        assert!(free.iter().any(|at| part.contains(at)), "nothing is free of {part:?}");
    }
    let outside: Vec<_> = free.iter().filter(|at| !parts.iter().any(|part| part.contains(at))).collect();
    assert!(outside.is_empty(), "{outside:?} of {parts:?}");
}

#[test]
fn every_byte_of_openssl_s_response_counts_but_its_status_and_the_root_that_it_sends() {
    let Some(authority) = Authority::found(&Plan::default()) else { return };
    let response = authority.reply(&request(digest(), NONCE));
    let root = std::fs::read(authority.anchor()).expect("readable");
    let root = crate::crypto::certificate::der_of_pem(&root).expect("a certificate");
    let (root, granted) = (place(&response, &root), place(&response, &[INTEGER, 1, 0]).end - 1);
    let free = free(&response, &trust_in(&authority.anchor()));
    let wrong: Vec<_> = free.iter().filter(|at| **at != granted && !root.contains(at)).collect();
    assert!(wrong.is_empty(), "{wrong:?}, the root is {root:?}");
}

#[test]
fn a_response_that_ends_early_or_late_is_refused() {
    let root = Party::root("root", &PKCS_ECDSA_P256_SHA256);
    let response = Forgery::below(&root, (2020, 2060)).response();
    let trust = trust(&root.der);
    for end in 0..response.len() {
        assert!(verify(&response[..end], digest(), None, &trust).is_err(), "{end}");
    }
    assert!(verify(&[&response[..], &[0]].concat(), digest(), None, &trust).is_err());
}
