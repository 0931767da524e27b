//! What a typed form must look like.

use super::contract::google::r#type::Date;
use super::contract::molisa::dossier::v1::{
    BenefitType, Enterprise, EquipmentItem, ForeignWorkerPermit, Form, FreeForm, JobPosition, LabourExportContract,
    MeritBenefit, Money, SafetyEquipment, Sex, SocialAssistance, WorkArrangement, form,
};
use super::rules::{AMOUNT_RULE, AMOUNTS, Check, Mandatory, civil_day};

/// The declaration at `field`.
pub fn form(check: &mut Check, field: &str, form: &Form) {
    match &form.kind {
        None => check.wrong(field, "tờ khai không có nội dung"),
        Some(form::Kind::ForeignWorkerPermit(form)) => permit(check, &format!("{field}.foreign_worker_permit"), form),
        Some(form::Kind::LabourExportContract(form)) => {
            contract(check, &format!("{field}.labour_export_contract"), form);
        }
        Some(form::Kind::SafetyEquipment(form)) => equipment(check, &format!("{field}.safety_equipment"), form),
        Some(form::Kind::MeritBenefit(form)) => benefit(check, &format!("{field}.merit_benefit"), form),
        Some(form::Kind::SocialAssistance(form)) => assistance(check, &format!("{field}.social_assistance"), form),
        Some(form::Kind::Free(form)) => free(check, &format!("{field}.free"), form),
    }
}

fn permit(check: &mut Check, field: &str, form: &ForeignWorkerPermit) {
    let at = |name: &str| format!("{field}.{name}");
    enterprise(check, &at("employer"), form.employer.as_ref());
    check.text(at("full_name"), &form.full_name, 1..=100);
    check.day(at("birth_date"), form.birth_date.as_ref(), Mandatory::Yes);
    check.code::<Sex>(at("sex"), form.sex, Mandatory::Yes);
    country(check, at("nationality_code"), &form.nationality_code);
    check.text(at("passport_number"), &form.passport_number, 1..=20);
    check.day(at("passport_issue_date"), form.passport_issue_date.as_ref(), Mandatory::No);
    check.day(at("passport_expiry_date"), form.passport_expiry_date.as_ref(), Mandatory::Yes);
    check.text(at("qualification"), &form.qualification, 1..=500);
    check.code::<JobPosition>(at("position"), form.position, Mandatory::Yes);
    check.text(at("job_title"), &form.job_title, 1..=500);
    check.code::<WorkArrangement>(at("arrangement"), form.arrangement, Mandatory::Yes);
    check.text(at("workplace"), &form.workplace, 1..=500);
    check.day(at("start_date"), form.start_date.as_ref(), Mandatory::Yes);
    check.day(at("end_date"), form.end_date.as_ref(), Mandatory::Yes);
    in_order(check, at("end_date"), form.start_date.as_ref(), form.end_date.as_ref());
    check.that(form.wage_vnd.is_none_or(|wage| AMOUNTS.contains(&wage)), at("wage_vnd"), AMOUNT_RULE);
    check.text(at("approval_number"), &form.approval_number, 1..=50);
    check.day(at("approval_date"), form.approval_date.as_ref(), Mandatory::Yes);
}

fn contract(check: &mut Check, field: &str, form: &LabourExportContract) {
    let at = |name: &str| format!("{field}.{name}");
    enterprise(check, &at("enterprise"), form.enterprise.as_ref());
    check.text(at("licence_number"), &form.licence_number, 1..=50);
    check.text(at("letter_number"), &form.letter_number, 1..=50);
    check.day(at("letter_date"), form.letter_date.as_ref(), Mandatory::Yes);
    country(check, at("market_country_code"), &form.market_country_code);
    check.text(at("foreign_partner"), &form.foreign_partner, 1..=500);
    check.day(at("contract_date"), form.contract_date.as_ref(), Mandatory::Yes);
    check.that(form.term_months >= 1, at("term_months"), "phải từ 1 tháng");
    check.that(form.worker_count >= 1, at("worker_count"), "phải từ 1 người");
    for (name, count) in [("women_count", form.women_count), ("skilled_count", form.skilled_count)] {
        check.that((0..=form.worker_count.max(0)).contains(&count), at(name), "không được quá số lao động");
    }
    check.text(at("occupation"), &form.occupation, 1..=500);
    check.text(at("workplace"), &form.workplace, 1..=500);
    money(check, &at("wage"), form.wage.as_ref(), Mandatory::Yes);
    money(check, &at("worker_cost"), form.worker_cost.as_ref(), Mandatory::No);
    check.text(at("deductions"), &form.deductions, 0..=2000);
    check.that(form.deposit_vnd.is_none_or(|deposit| AMOUNTS.contains(&deposit)), at("deposit_vnd"), AMOUNT_RULE);
    check.that((1..=12).contains(&form.selection_months), at("selection_months"), "phải từ 1 đến 12 tháng");
    check.day(at("departure_date"), form.departure_date.as_ref(), Mandatory::Yes);
}

fn equipment(check: &mut Check, field: &str, form: &SafetyEquipment) {
    enterprise(check, &format!("{field}.user"), form.user.as_ref());
    check.that(!form.items.is_empty(), format!("{field}.items"), "phải có ít nhất 1 thiết bị");
    check.count(&format!("{field}.items"), &form.items, ITEMS_MAX);
    for (index, one) in form.items.iter().take(ITEMS_MAX).enumerate() {
        item(check, &format!("{field}.items[{index}]"), one);
    }
}

fn item(check: &mut Check, field: &str, item: &EquipmentItem) {
    let at = |name: &str| format!("{field}.{name}");
    check.text(at("name"), &item.name, 1..=500);
    check.text(at("model"), &item.model, 0..=50);
    check.text(at("serial_number"), &item.serial_number, 1..=50);
    check.text(at("manufacturer"), &item.manufacturer, 1..=500);
    check.that(YEARS.contains(&item.manufacture_year), at("manufacture_year"), YEAR_RULE);
    check.text(at("technical_features"), &item.technical_features, 0..=2000);
    check.text(at("installation_place"), &item.installation_place, 1..=500);
    check.text(at("inspection_body"), &item.inspection_body, 1..=500);
    check.text(at("inspection_certificate_number"), &item.inspection_certificate_number, 1..=50);
    check.day(at("inspection_date"), item.inspection_date.as_ref(), Mandatory::Yes);
    check.day(at("inspection_expiry_date"), item.inspection_expiry_date.as_ref(), Mandatory::Yes);
    let expiry = at("inspection_expiry_date");
    in_order(check, expiry, item.inspection_date.as_ref(), item.inspection_expiry_date.as_ref());
}

fn benefit(check: &mut Check, field: &str, form: &MeritBenefit) {
    let at = |name: &str| format!("{field}.{name}");
    let person = form.merit_person.clone().unwrap_or_default();
    check.text(at("merit_person.full_name"), &person.full_name, 1..=100);
    let year = person.birth_year.is_none_or(|year| YEARS.contains(&year));
    check.that(year, at("merit_person.birth_year"), YEAR_RULE);
    check.text(at("merit_person.native_place"), &person.native_place, 0..=500);
    check.text(at("merit_person.category"), &person.category, 1..=500);
    check.text(at("merit_person.decision_number"), &person.decision_number, 1..=50);
    check.day(at("merit_person.decision_date"), person.decision_date.as_ref(), Mandatory::No);
    check.day(at("merit_person.death_date"), person.death_date.as_ref(), Mandatory::No);
    check.text(at("claimant_name"), &form.claimant_name, 1..=100);
    check.day(at("claimant_birth_date"), form.claimant_birth_date.as_ref(), Mandatory::Yes);
    check.text(at("claimant_relation"), &form.claimant_relation, 1..=100);
    check.code::<BenefitType>(at("benefit"), form.benefit, Mandatory::Yes);
    check.text(at("account_number"), &form.account_number, 0..=50);
    check.text(at("bank_name"), &form.bank_name, 0..=500);
}

fn assistance(check: &mut Check, field: &str, form: &SocialAssistance) {
    let at = |name: &str| format!("{field}.{name}");
    check.day(at("birth_date"), form.birth_date.as_ref(), Mandatory::No);
    check.code::<Sex>(at("sex"), form.sex, Mandatory::No);
    check.day(at("paper_issue_date"), form.paper_issue_date.as_ref(), Mandatory::No);
    let codes = [
        ("ethnic_group_code", &form.ethnic_group_code),
        ("paper_issuer_code", &form.paper_issuer_code),
        ("registered_hamlet_code", &form.registered_hamlet_code),
        ("present_hamlet_code", &form.present_hamlet_code),
        ("account_number", &form.account_number),
    ];
    codes.into_iter().for_each(|(name, code)| check.text(at(name), code, 0..=50));
    check.text(at("bank_name"), &form.bank_name, 0..=500);
    for (name, address) in [("present_address", &form.present_address), ("handled_in", &form.handled_in)] {
        if let Some(address) = address {
            check.address(&at(name), address);
        }
    }
    if let Some(decision) = &form.decision {
        check.text(at("decision.kind_code"), &decision.kind_code, 0..=50);
        check.text(at("decision.number"), &decision.number, 0..=50);
        check.text(at("decision.issuer"), &decision.issuer, 0..=500);
        check.day(at("decision.issue_date"), decision.issue_date.as_ref(), Mandatory::No);
    }
}

fn free(check: &mut Check, field: &str, form: &FreeForm) {
    let fields = format!("{field}.fields");
    check.that(!form.fields.is_empty(), &fields, "phải có ít nhất 1 mục");
    check.count(&fields, &form.fields, FIELDS_MAX);
    for (index, one) in form.fields.iter().take(FIELDS_MAX).enumerate() {
        check.text(format!("{fields}[{index}].name"), &one.name, 1..=100);
        check.text(format!("{fields}[{index}].value"), &one.value, 0..=4000);
    }
}

fn enterprise(check: &mut Check, field: &str, enterprise: Option<&Enterprise>) {
    let Some(enterprise) = enterprise else {
        return check.wrong(field, "bắt buộc phải có");
    };
    check.text(format!("{field}.name"), &enterprise.name, 1..=500);
    check.tax_code(format!("{field}.tax_code"), &enterprise.tax_code);
    match &enterprise.address {
        Some(address) => check.address(&format!("{field}.address"), address),
        None => check.wrong(format!("{field}.address"), "bắt buộc phải có"),
    }
    check.phone(format!("{field}.phone"), &enterprise.phone);
    check.email(format!("{field}.email"), &enterprise.email);
    check.text(format!("{field}.representative"), &enterprise.representative, 0..=100);
}

fn money(check: &mut Check, field: &str, money: Option<&Money>, mandatory: Mandatory) {
    let Some(money) = money else {
        return check.that(mandatory == Mandatory::No, field, "bắt buộc phải có");
    };
    check.that(AMOUNTS.contains(&money.amount_hundredths), field, "số tiền không hợp lệ");
    let code = &money.currency_code;
    let fits = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    check.that(fits, format!("{field}.currency_code"), "phải là mã tiền tệ ISO 4217, 3 chữ cái");
}

fn country(check: &mut Check, field: String, code: &str) {
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    check.that(fits, field, "phải là mã nước ISO 3166-1, 2 chữ cái");
}

fn in_order(check: &mut Check, field: String, first: Option<&Date>, last: Option<&Date>) {
    if let (Some(first), Some(last)) = (first.and_then(civil_day), last.and_then(civil_day)) {
        check.that(first <= last, field, "không được trước ngày bắt đầu");
    }
}

const ITEMS_MAX: usize = 200;
const FIELDS_MAX: usize = 500;
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2999;
const YEAR_RULE: &str = "phải là năm từ 1800 đến 2999";
