//! Which status may follow which.

use super::contract::molisa::dossier::v1::Status;

/// Whether a dossier may go from `from` to `to`; `from` is unspecified for one that does not exist yet.
///
/// A step that leaves the status as it is goes from it to itself.
pub fn allows(from: Status, to: Status) -> bool {
    TRANSITIONS.iter().any(|(state, next)| *state == from && next.contains(&to))
}

/// Whether a dossier that was seen in `from` may be in `to` when it is seen next: by a step, or by several of the
/// usual way (accepted, processing, processed) that nobody reported. Nothing leads back to registered or accepted
/// but a step of its own.
pub fn leads(from: Status, to: Status) -> bool {
    if allows(from, to) {
        return true;
    }
    let mut passed = vec![from];
    let mut next = 0;
    // Each status is passed once.
    while let Some(&state) = passed.get(next) {
        next += 1;
        for middle in [Status::Accepted, Status::Processing, Status::Processed] {
            if !passed.contains(&middle) && allows(state, middle) {
                passed.push(middle);
            }
        }
    }
    let is_back = matches!(to, Status::Registered | Status::Accepted);
    !is_back && passed.into_iter().any(|state| allows(state, to))
}

/// The status as the national list names it, for people.
pub fn title(status: Status) -> &'static str {
    match status {
        Status::Unspecified => "Chưa đăng ký",
        Status::Registered => "Mới đăng ký",
        Status::Accepted => "Được tiếp nhận",
        Status::NotAccepted => "Không được tiếp nhận",
        Status::Processing => "Đang xử lý",
        Status::SupplementRequested => "Yêu cầu bổ sung giấy tờ",
        Status::PaymentRequested => "Yêu cầu thực hiện nghĩa vụ tài chính",
        Status::Withdrawn => "Công dân yêu cầu rút hồ sơ",
        Status::Stopped => "Dừng xử lý",
        Status::Processed => "Đã xử lý xong",
        Status::Returned => "Đã trả kết quả",
    }
}

/// The table. Not accepted, withdrawn and returned dossiers are final: they have no row.
const TRANSITIONS: &[(Status, &[Status])] = &[
    // Accepted at once where it was taken in at a counter.
    (Status::Unspecified, &[Status::Registered, Status::Accepted]),
    (
        Status::Registered,
        &[
            Status::Accepted,
            Status::NotAccepted,
            Status::SupplementRequested,
            Status::PaymentRequested,
            Status::Withdrawn,
        ],
    ),
    (
        Status::Accepted,
        &[
            Status::Processing,
            Status::SupplementRequested,
            Status::PaymentRequested,
            Status::Withdrawn,
            Status::Stopped,
            Status::Processed,
        ],
    ),
    (
        Status::Processing,
        &[
            Status::Processing,
            Status::SupplementRequested,
            Status::PaymentRequested,
            Status::Withdrawn,
            Status::Stopped,
            Status::Processed,
        ],
    ),
    (
        Status::SupplementRequested,
        &[
            // Supplemented before it was accepted.
            Status::Registered,
            Status::Accepted,
            // The owner let the time pass.
            Status::NotAccepted,
            Status::Processing,
            Status::Withdrawn,
            Status::Stopped,
        ],
    ),
    (
        Status::PaymentRequested,
        &[
            Status::Registered,
            Status::Accepted,
            Status::Processing,
            Status::Withdrawn,
            Status::Stopped,
            Status::Processed,
        ],
    ),
    // Resumed, or given back to its owner.
    (Status::Stopped, &[Status::Processing, Status::Returned]),
    // A fee that is collected with the result.
    (Status::Processed, &[Status::PaymentRequested, Status::Returned]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dossier_seen_again_has_gone_forward() {
        // Rows: from; columns: to 1..=10; an x where one step or several of the usual way lead.
        let table = [
            ".xxxxxxxxx", // 1
            "...xxxxxxx", // 2
            "..........", // 3
            "...xxxxxxx", // 4
            "xxxxxxxxxx", // 5
            "xx.xxxxxxx", // 6
            "..........", // 7
            "...xxxxxxx", // 8
            ".....x...x", // 9
            "..........", // 10
        ];
        for (from, row) in (1..).zip(table) {
            for (to, field) in (1..).zip(row.chars()) {
                let [from, to] = [from, to].map(|number| Status::try_from(number).expect("1 to 10"));
                assert_eq!(leads(from, to), field == 'x', "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn the_table_is_the_one_agreed_in_all_121_fields() {
        // Rows: from (0 is "new"); columns: to 0..=10. As drawn in the counterpart's life cycle.
        let table = [
            ".xx........", // new
            "..xx.xxx...", // 1
            "....xxxxxx.", // 2
            "...........", // 3
            "....xxxxxx.", // 4
            ".xxxx..xx..", // 5
            ".xx.x..xxx.", // 6
            "...........", // 7
            "....x.....x", // 8
            "......x...x", // 9
            "...........", // 10
        ];
        for (from, row) in (0..).zip(table) {
            for (to, field) in (0..).zip(row.chars()) {
                let [from, to] = [from, to].map(|number| Status::try_from(number).expect("0 to 10"));
                assert_eq!(allows(from, to), field == 'x', "{from:?} to {to:?}");
            }
        }
    }
}
