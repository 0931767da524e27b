//! The gRPC services, method by method, at one desk.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::contract::molisa::dossier::v1::catalogue_service_server::CatalogueService;
use super::contract::molisa::dossier::v1::dossier_office_service_server::DossierOfficeService;
use super::contract::molisa::dossier::v1::dossier_service_server::DossierService;
use super::contract::molisa::dossier::v1::{
    AcceptDossierRequest, ConfirmPaymentRequest, ConfirmPaymentResponse, FinishDossierRequest, GetDocumentRequest,
    GetDocumentResponse, GetDossierRequest, GetDossierResponse, GetProcedureRequest, GetProcedureResponse,
    ListAgenciesRequest, ListAgenciesResponse, ListCodesRequest, ListCodesResponse, ListDossiersRequest,
    ListDossiersResponse, ListFieldsRequest, ListFieldsResponse, ListProceduresRequest, ListProceduresResponse,
    ListProgressRequest, ListProgressResponse, OfficeResponse, RecordProgressRequest, RecordProgressResponse,
    RecordStepRequest, RefuseDossierRequest, ReportProgressRequest, ReportProgressResponse, RequestPaymentRequest,
    RequestSupplementRequest, ResumeDossierRequest, ReturnResultRequest, StopDossierRequest, SubmitDossierRequest,
    SubmitDossierResponse, SupplementDossierRequest, SupplementDossierResponse, SyncDossierRequest,
    SyncDossierResponse, SyncDossiersRequest, SyncDossiersResponse, WithdrawDossierRequest, WithdrawDossierResponse,
};
use super::desk::Desk;
use super::{applicant, directory, exchange, office, reports};

/// All services of one desk.
#[derive(Debug, Clone)]
pub struct Service {
    desk: Arc<Desk>,
}

impl Service {
    /// The services of a desk.
    pub fn of(desk: Arc<Desk>) -> Self {
        Self { desk }
    }
}

type Answer<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl DossierService for Service {
    async fn submit_dossier(&self, request: Request<SubmitDossierRequest>) -> Answer<SubmitDossierResponse> {
        self.desk.change("SubmitDossier", request, applicant::submit).await
    }

    async fn supplement_dossier(
        &self,
        request: Request<SupplementDossierRequest>,
    ) -> Answer<SupplementDossierResponse> {
        self.desk.change("SupplementDossier", request, applicant::supplement).await
    }

    async fn withdraw_dossier(&self, request: Request<WithdrawDossierRequest>) -> Answer<WithdrawDossierResponse> {
        self.desk.change("WithdrawDossier", request, applicant::withdraw).await
    }

    async fn confirm_payment(&self, request: Request<ConfirmPaymentRequest>) -> Answer<ConfirmPaymentResponse> {
        self.desk.change("ConfirmPayment", request, applicant::confirm_payment).await
    }

    async fn get_dossier(&self, request: Request<GetDossierRequest>) -> Answer<GetDossierResponse> {
        self.desk.look("GetDossier", request, applicant::get).await
    }

    async fn list_dossiers(&self, request: Request<ListDossiersRequest>) -> Answer<ListDossiersResponse> {
        self.desk.look("ListDossiers", request, applicant::list).await
    }

    async fn list_progress(&self, request: Request<ListProgressRequest>) -> Answer<ListProgressResponse> {
        self.desk.look("ListProgress", request, applicant::progress).await
    }

    async fn sync_dossiers(&self, request: Request<SyncDossiersRequest>) -> Answer<SyncDossiersResponse> {
        self.desk.change("SyncDossiers", request, exchange::sync).await
    }

    async fn sync_dossier(&self, request: Request<SyncDossierRequest>) -> Answer<SyncDossierResponse> {
        self.desk.change("SyncDossier", request, exchange::sync_one).await
    }

    async fn record_progress(&self, request: Request<RecordProgressRequest>) -> Answer<RecordProgressResponse> {
        self.desk.change("RecordProgress", request, reports::record_progress).await
    }

    async fn report_progress(&self, request: Request<ReportProgressRequest>) -> Answer<ReportProgressResponse> {
        self.desk.change("ReportProgress", request, reports::report_progress).await
    }

    async fn get_document(&self, request: Request<GetDocumentRequest>) -> Answer<GetDocumentResponse> {
        self.desk.look("GetDocument", request, applicant::document).await
    }
}

#[tonic::async_trait]
impl CatalogueService for Service {
    async fn list_procedures(&self, request: Request<ListProceduresRequest>) -> Answer<ListProceduresResponse> {
        self.desk.look("ListProcedures", request, directory::list_procedures).await
    }

    async fn get_procedure(&self, request: Request<GetProcedureRequest>) -> Answer<GetProcedureResponse> {
        self.desk.look("GetProcedure", request, directory::get_procedure).await
    }

    async fn list_agencies(&self, request: Request<ListAgenciesRequest>) -> Answer<ListAgenciesResponse> {
        self.desk.look("ListAgencies", request, directory::list_agencies).await
    }

    async fn list_fields(&self, request: Request<ListFieldsRequest>) -> Answer<ListFieldsResponse> {
        self.desk.look("ListFields", request, directory::list_fields).await
    }

    async fn list_codes(&self, request: Request<ListCodesRequest>) -> Answer<ListCodesResponse> {
        self.desk.look("ListCodes", request, directory::list_codes).await
    }
}

#[tonic::async_trait]
impl DossierOfficeService for Service {
    async fn accept_dossier(&self, request: Request<AcceptDossierRequest>) -> Answer<OfficeResponse> {
        self.desk.change("AcceptDossier", request, office::accept).await
    }

    async fn refuse_dossier(&self, request: Request<RefuseDossierRequest>) -> Answer<OfficeResponse> {
        self.desk.change("RefuseDossier", request, office::refuse).await
    }

    async fn request_supplement(&self, request: Request<RequestSupplementRequest>) -> Answer<OfficeResponse> {
        self.desk.change("RequestSupplement", request, office::request_supplement).await
    }

    async fn request_payment(&self, request: Request<RequestPaymentRequest>) -> Answer<OfficeResponse> {
        self.desk.change("RequestPayment", request, office::request_payment).await
    }

    async fn record_step(&self, request: Request<RecordStepRequest>) -> Answer<OfficeResponse> {
        self.desk.change("RecordStep", request, office::record_step).await
    }

    async fn stop_dossier(&self, request: Request<StopDossierRequest>) -> Answer<OfficeResponse> {
        self.desk.change("StopDossier", request, office::stop).await
    }

    async fn resume_dossier(&self, request: Request<ResumeDossierRequest>) -> Answer<OfficeResponse> {
        self.desk.change("ResumeDossier", request, office::resume).await
    }

    async fn finish_dossier(&self, request: Request<FinishDossierRequest>) -> Answer<OfficeResponse> {
        self.desk.change("FinishDossier", request, office::finish).await
    }

    async fn return_result(&self, request: Request<ReturnResultRequest>) -> Answer<OfficeResponse> {
        self.desk.change("ReturnResult", request, office::return_result).await
    }
}
