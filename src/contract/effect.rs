//! What an operation's name says about its effect.

use super::names;

/// Whether a name says that the operation only reads, so that it may be repeated freely.
///
/// Anything else is taken to change something: the mistake that costs a second look, not a second dossier.
pub(super) fn reads(operation: &str) -> bool {
    let written = names::words(operation).join("_") + "_";
    READING.iter().any(|word| written.strip_prefix(word).is_some_and(|rest| rest.starts_with('_')))
}

/// First words of operations that read, in English and Vietnamese.
const READING: [&str; 18] = [
    "get",
    "list",
    "query",
    "find",
    "search",
    "read",
    "look_up",
    "lookup",
    "fetch",
    "show",
    "count",
    "lay",
    "tra_cuu",
    "danh_sach",
    "tim",
    "xem",
    "kiem_tra",
    "thong_ke",
];

#[cfg(test)]
mod tests {
    use super::reads;

    #[test]
    fn a_name_that_does_not_say_that_it_reads_takes_effect_once() {
        let reading = ["GetDossier", "TraCuuHoSo", "DanhSachHoSo", "LayTienDoHoSo", "list_all", "Find"];
        let changing = ["NopHoSo", "TraKetQua", "Getaway", "Lend", "UpdateList"];
        assert!(reading.into_iter().all(reads));
        assert!(!changing.into_iter().any(reads));
    }
}
