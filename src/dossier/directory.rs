//! What everybody may read of the catalogue: the acts behind `CatalogueService`.

use jiff::civil::Date;

use super::catalogue::Procedure;
use super::code::ProcedureCode;
use super::contract::google::r#type;
use super::contract::molisa::dossier::v1::{
    Agency, CodeEntry, GetProcedureRequest, GetProcedureResponse, ListAgenciesRequest, ListAgenciesResponse,
    ListCodesRequest, ListCodesResponse, ListFieldsRequest, ListFieldsResponse, ListProceduresRequest,
    ListProceduresResponse, ProcedureSummary,
};
use super::desk::Turn;
use super::error::Error;
use super::rules::{self, Check, Mandatory, civil_day};

/// `ListProcedures`.
pub fn list_procedures(turn: &Turn<'_>, request: ListProceduresRequest) -> Result<ListProceduresResponse, Error> {
    let mut check = Check::new();
    let field = &request.field_code;
    check.that(field.is_empty() || rules::is_field_code(field), "field_code", "phải có dạng G07-LĐ11");
    let day = day(turn, check, request.day)?;
    let procedures = turn.desk.catalogue.procedures(&request.field_code, day);
    Ok(ListProceduresResponse { procedures: procedures.map(summary).collect() })
}

/// `GetProcedure`.
pub fn get_procedure(turn: &Turn<'_>, request: GetProcedureRequest) -> Result<GetProcedureResponse, Error> {
    let mut check = Check::new();
    let fits = request.code.len() <= 50 && ProcedureCode::parse(&request.code).is_some();
    check.that(fits, "code", "phải có dạng N.NNNNNN, có thể kèm mã cơ quan");
    let day = day(turn, check, request.day)?;
    let procedure = turn.desk.catalogue.procedure(&request.code, day)?;
    Ok(GetProcedureResponse { procedure: Some(procedure.published.clone()) })
}

/// `ListAgencies`.
pub fn list_agencies(turn: &Turn<'_>, request: ListAgenciesRequest) -> Result<ListAgenciesResponse, Error> {
    let day = day(turn, Check::new(), request.day)?;
    let agencies = turn.desk.catalogue.agencies(day).map(|agency| Agency {
        code: agency.code.as_str().to_owned(),
        name: agency.name.clone(),
        from_day: agency.validity.first_day(),
        until_day: agency.validity.end_day(),
    });
    Ok(ListAgenciesResponse { agencies: agencies.collect() })
}

/// `ListFields`.
pub fn list_fields(turn: &Turn<'_>, request: ListFieldsRequest) -> Result<ListFieldsResponse, Error> {
    let day = day(turn, Check::new(), request.day)?;
    let fields = turn.desk.catalogue.fields(day).map(|field| field.published.clone());
    Ok(ListFieldsResponse { fields: fields.collect() })
}

/// `ListCodes`.
pub fn list_codes(turn: &Turn<'_>, request: ListCodesRequest) -> Result<ListCodesResponse, Error> {
    let mut check = Check::new();
    check.text("list", &request.list, 1..=50);
    check.text("parent_code", &request.parent_code, 0..=50);
    let day = day(turn, check, request.day)?;
    let entries = turn.desk.catalogue.codes(&request.list, &request.parent_code, day)?.map(|entry| CodeEntry {
        code: entry.code.clone(),
        name: entry.name.clone(),
        parent_code: entry.parent.clone(),
        from_day: entry.validity.first_day(),
        until_day: entry.validity.end_day(),
    });
    Ok(ListCodesResponse { entries: entries.collect() })
}

/// The day asked for, else today; after everything else of the request was checked.
fn day(turn: &Turn<'_>, mut check: Check, asked: Option<r#type::Date>) -> Result<Date, Error> {
    check.day("day", asked.as_ref(), Mandatory::No);
    check.finish()?;
    Ok(asked.as_ref().and_then(civil_day).unwrap_or_else(|| turn.desk.calendar.local(turn.now).date()))
}

fn summary(procedure: &Procedure) -> ProcedureSummary {
    let published = &procedure.published;
    ProcedureSummary {
        code: published.code.clone(),
        local_code: published.local_code.clone(),
        name: published.name.clone(),
        publishing_agency_code: published.publishing_agency_code.clone(),
        state: published.state.clone(),
        fields: published.fields.clone(),
        from_day: published.from_day,
        until_day: published.until_day,
    }
}
