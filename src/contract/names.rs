//! Names of one world turned into idiomatic names of the other.

use std::collections::HashSet;

/// Names of one scope: none is given twice, nor two that a generated language could not tell apart.
#[derive(Debug, Default)]
pub(super) struct Scope(HashSet<String>);

impl Scope {
    /// The name itself where it is free, else with the first free number behind it.
    pub(super) fn unique(&mut self, wanted: String) -> String {
        let mut name = wanted.clone();
        let mut number = 2u32;
        // Ends: a scope holds finitely many names.
        while !self.0.insert(key(&name)) {
            name = format!("{wanted}_{number}");
            number += 1;
        }
        name
    }
}

/// protoc compares names by their JSON form: case and underscores do not tell two apart.
fn key(name: &str) -> String {
    name.chars().filter(|c| *c != '_').flat_map(char::to_lowercase).collect()
}

/// `MaTTHC` → `ma_tthc`: a protobuf field.
pub(super) fn snake(name: &str) -> String {
    let joined = words(name).join("_");
    start_with_letter(joined, "field", '_')
}

/// `DSKetNoiCSDL`, `don-vi` → `DSKetNoiCSDL`, `DonVi`: a message, an enum, a service, an element.
pub(super) fn pascal(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for piece in ascii(name).split(' ').filter(|piece| !piece.is_empty()) {
        let mut chars = piece.chars();
        out.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        out.push_str(chars.as_str());
    }
    start_with_letter(out, "Type", '_').replace('_', "")
}

/// `TrangThai` → `TRANG_THAI`: the prefix of an enum's values, or one of them.
pub(super) fn upper(name: &str) -> String {
    words(name).join("_").to_ascii_uppercase()
}

/// A package made of a namespace: `http://molisa.gov.vn/hoso/1.0` → `vn.gov.molisa.hoso.v1_0`,
/// `urn:example:library:2` → `example.library.v2`.
pub(super) fn package(namespace: &str) -> String {
    let (host, path) = match namespace.split_once("://") {
        Some((_, rest)) => rest.split_once('/').unwrap_or((rest, "")),
        None => ("", namespace.strip_prefix("urn:").unwrap_or(namespace)),
    };
    let host = host.split(':').next().unwrap_or_default();
    let host = host.split('.').rev().filter(|label| *label != "www").map(str::to_owned);
    let path = path.split(['/', ':', '#', '?', '=']).map(str::to_owned);
    let segments = host.chain(path).filter(|segment| !segment.is_empty()).map(|segment| segment_of(&segment));
    let segments: Vec<String> = segments.collect();
    if segments.is_empty() { "contract.v1".to_owned() } else { segments.join(".") }
}

fn segment_of(written: &str) -> String {
    let joined = words(written).join("_");
    match joined.chars().next() {
        Some(first) if first.is_ascii_digit() => format!("v{joined}"),
        Some(_) => joined,
        None => "x".to_owned(),
    }
}

fn start_with_letter(name: String, prefix: &str, between: char) -> String {
    match name.chars().next() {
        Some(first) if first.is_ascii_alphabetic() => name,
        Some(_) => format!("{prefix}{between}{name}"),
        None => prefix.to_owned(),
    }
}

/// Lower-case words of a name in any style: `MaTTHCKhac2` → `ma`, `tthc`, `khac2`.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    for piece in ascii(name).split(' ').filter(|piece| !piece.is_empty()) {
        let chars: Vec<char> = piece.chars().collect();
        let mut word = String::new();
        for (at, &c) in chars.iter().enumerate() {
            let before = at.checked_sub(1).map(|before| chars[before]);
            let next_is_lower = chars.get(at + 1).is_some_and(char::is_ascii_lowercase);
            // A capital starts a word behind a small letter or a digit, and as the last of several capitals.
            let starts = c.is_ascii_uppercase() && before.is_some_and(|b| !b.is_ascii_uppercase() || next_is_lower);
            if starts && !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            word.push(c.to_ascii_lowercase());
        }
        words.push(word);
    }
    words
}

/// Letters and digits of ASCII, Vietnamese letters without their marks; a blank for everything else.
fn ascii(text: &str) -> String {
    let fold = |c: char| {
        if c.is_ascii_alphanumeric() {
            return Some(c);
        }
        let lower = c.to_lowercase().next().unwrap_or(c);
        let base = FOLDED.iter().find(|(marked, _)| marked.contains(lower)).map(|(_, base)| *base);
        match base {
            Some(base) if lower != c => Some(base.to_ascii_uppercase()),
            Some(base) => Some(base),
            // Marks that stand by themselves belong to the letter before.
            None if ('\u{300}'..='\u{36F}').contains(&c) => None,
            None => Some(' '),
        }
    };
    text.chars().filter_map(fold).collect()
}

const FOLDED: [(&str, char); 7] = [
    ("àáảãạăằắẳẵặâầấẩẫậ", 'a'),
    ("đ", 'd'),
    ("èéẻẽẹêềếểễệ", 'e'),
    ("ìíỉĩị", 'i'),
    ("òóỏõọôồốổỗộơờớởỡợ", 'o'),
    ("ùúủũụưừứửữự", 'u'),
    ("ỳýỷỹỵ", 'y'),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_idiomatic_in_each_style() {
        for (name, field, message, prefix) in [
            ("MaTTHC", "ma_tthc", "MaTTHC", "MA_TTHC"),
            ("DSKetNoiCSDL", "ds_ket_noi_csdl", "DSKetNoiCSDL", "DS_KET_NOI_CSDL"),
            ("ngayNhan1", "ngay_nhan1", "NgayNhan1", "NGAY_NHAN1"),
            ("error_code", "error_code", "ErrorCode", "ERROR_CODE"),
            ("Đơn-vị.xử lý", "don_vi_xu_ly", "DonViXuLy", "DON_VI_XU_LY"),
            ("_1a", "field_1a", "Type1a", "1A"),
            ("名前", "field", "Type", ""),
        ] {
            assert_eq!((snake(name), pascal(name), upper(name)), (field.into(), message.into(), prefix.into()));
        }
    }

    #[test]
    fn two_names_that_json_cannot_tell_apart_are_told_apart() {
        let mut scope = Scope::default();
        let given = ["a_1", "a1", "A1", "b"].map(|name| scope.unique(name.to_owned()));
        assert_eq!(given, ["a_1", "a1_2", "A1_3", "b"]);
    }

    #[test]
    fn a_namespace_names_a_package() {
        for (namespace, expected) in [
            ("http://molisa.gov.vn/hoso/1.0", "vn.gov.molisa.hoso.v1_0"),
            ("urn:example:library:2", "example.library.v2"),
            ("http://www.tempuri.org:80/", "org.tempuri"),
            ("", "contract.v1"),
        ] {
            assert_eq!(package(namespace), expected);
        }
    }
}
