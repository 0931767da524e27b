//! What a dossier that is kept elsewhere must look like: as a submission, and the ministry's fields besides.

use super::code::DossierCode;
use super::contract::molisa::dossier::v1::{Dossier, Status, SupplementRound};
use super::error::Error;
use super::rules::{Check, DOCUMENTS_MAX, Mandatory, applicants, needs_reason};

/// A dossier that is kept elsewhere, at the moment `now` (seconds since 1970).
pub fn dossier(dossier: &Dossier, now: i64) -> Result<(), Error> {
    let mut check = Check::kept_elsewhere();
    let fits = dossier.code.len() <= 50 && DossierCode::parse(&dossier.code).is_some();
    check.that(fits, "dossier.code", "bắt buộc phải có mã hồ sơ, như 000.00.00.H56-180615-0001");
    check.code::<Status>("dossier.status", dossier.status, Mandatory::Yes);
    applicants(&mut check, dossier, now);
    check.text("dossier.return_note", &dossier.return_note, 0..=2000);
    check.results("dossier.results", &dossier.results);
    times(&mut check, dossier, now);
    rounds(&mut check, &dossier.supplement_rounds);
    check.count("dossier.progress", &dossier.progress, STEPS_MAX);
    for (index, step) in dossier.progress.iter().take(STEPS_MAX).enumerate() {
        check.step(&format!("dossier.progress[{index}]"), step, now);
    }
    reasons(&mut check, dossier);
    check.finish()
}

/// Each status has its moments, and they follow one another.
fn times(check: &mut Check, dossier: &Dossier, now: i64) {
    let status = dossier.status();
    let when = |is_needed: bool| if is_needed { Mandatory::Yes } else { Mandatory::No };
    let is_accepted = matches!(status, Status::Accepted | Status::Processing | Status::Processed | Status::Returned);
    let is_processed = matches!(status, Status::Processed | Status::Returned);
    let times = [
        ("dossier.submitted_time", &dossier.submitted_time, Mandatory::No),
        ("dossier.received_time", &dossier.received_time, when(is_accepted)),
        ("dossier.processed_time", &dossier.processed_time, when(is_processed)),
        ("dossier.returned_time", &dossier.returned_time, when(status == Status::Returned)),
    ];
    let mut earlier = i64::MIN;
    for (field, time, mandatory) in times {
        check.past(field.to_owned(), time.as_ref(), mandatory, now);
        let Some(time) = time else { continue };
        check.that(time.seconds >= earlier, field, "phải theo thứ tự: nộp, tiếp nhận, kết thúc xử lý, trả kết quả");
        earlier = time.seconds;
    }
    let is_refused = when(status == Status::NotAccepted);
    check.past("dossier.refused_time".to_owned(), dossier.refused_time.as_ref(), is_refused, now);
    check.moment("dossier.due_time", dossier.due_time.as_ref(), Mandatory::No);
}

fn rounds(check: &mut Check, rounds: &[SupplementRound]) {
    check.count("dossier.supplement_rounds", rounds, DOCUMENTS_MAX);
    let mut last = 0;
    for (index, round) in rounds.iter().take(DOCUMENTS_MAX).enumerate() {
        let field = format!("dossier.supplement_rounds[{index}]");
        check.that(round.id > last, format!("{field}.id"), "phải từ 1 và tăng dần");
        last = round.id;
        check.text(format!("{field}.requested_by"), &round.requested_by, 1..=100);
        check.text(format!("{field}.content"), &round.content, 1..=2000);
        check.moment(format!("{field}.requested_time"), round.requested_time.as_ref(), Mandatory::Yes);
        check.text(format!("{field}.received_by"), &round.received_by, 0..=100);
        check.text(format!("{field}.received_note"), &round.received_note, 0..=2000);
        check.moment(format!("{field}.received_time"), round.received_time.as_ref(), Mandatory::No);
        check.moment(format!("{field}.answer_until_time"), round.answer_until_time.as_ref(), Mandatory::No);
        check.documents(&format!("{field}.documents"), &round.documents);
        check.fees(&format!("{field}.fees"), &round.fees);
        let [before, after] = [&round.previous_due_time, &round.new_due_time];
        check.moment(format!("{field}.previous_due_time"), before.as_ref(), Mandatory::No);
        check.moment(format!("{field}.new_due_time"), after.as_ref(), Mandatory::No);
        let follows = before.zip(*after).is_none_or(|(before, after)| before.seconds <= after.seconds);
        check.that(follows, format!("{field}.new_due_time"), "không được trước ngày hẹn trả cũ");
    }
}

/// Statuses 3, 5 and 8 say why, status 6 says what is to be paid.
fn reasons(check: &mut Check, dossier: &Dossier) {
    let status = dossier.status();
    if needs_reason(status) {
        let notes = [&dossier.note, &dossier.return_note, &dossier.other_information];
        let in_notes = notes.iter().any(|note| !note.trim().is_empty());
        let in_steps = dossier.progress.iter().any(|step| step.status() == status);
        let in_rounds = status == Status::SupplementRequested && !dossier.supplement_rounds.is_empty();
        let rule = "trạng thái 3, 5, 8 phải có nội dung xử lý";
        check.that(in_notes || in_steps || in_rounds, "dossier.progress", rule);
    }
    let is_due = dossier.fees.iter().any(|fee| fee.amount_vnd > 0);
    let is_asked = status != Status::PaymentRequested || is_due;
    check.that(is_asked, "dossier.fees", "trạng thái 6 phải có phí, lệ phí lớn hơn 0");
}

/// Most steps that one dossier brings.
const STEPS_MAX: usize = 500;
