//! The ministry's officers: what they do with a dossier, over gRPC with the internal client's certificate.

use tonic::transport::Channel;

use super::error::Error;
use super::layout::Layout;
use crate::dossier::contract::molisa::dossier::v1;
use crate::dossier::contract::molisa::dossier::v1::dossier_office_service_client::DossierOfficeServiceClient;

/// A connection to the officers' side of the dossier service.
#[derive(Debug, Clone)]
pub struct Office {
    client: DossierOfficeServiceClient<Channel>,
}

impl Office {
    /// Connects to `address` with the internal client's certificate.
    pub async fn open(address: &str, layout: &Layout) -> Result<Self, Error> {
        let channel = super::connect::channel(address, layout).await?;
        Ok(Self { client: DossierOfficeServiceClient::new(channel) })
    }

    /// Accepts, with the due date that the procedure's working time gives.
    pub async fn accept(&mut self, code: &str) -> Result<v1::DossierSummary, Error> {
        let request = v1::AcceptDossierRequest {
            code: code.to_owned(),
            officer: officer(RECEPTION),
            note: "Hồ sơ đủ thành phần".to_owned(),
            ..Default::default()
        };
        summary("AcceptDossier", self.client.accept_dossier(request).await)
    }

    /// Asks for what is missing; the dossier and the round opened.
    pub async fn request_supplement(&mut self, code: &str, missing: &str) -> Result<(v1::DossierSummary, i32), Error> {
        let request = v1::RequestSupplementRequest {
            code: code.to_owned(),
            officer: officer(EXPERT),
            content: missing.to_owned(),
            answer_days: 10,
            ..Default::default()
        };
        let response = answered("RequestSupplement", self.client.request_supplement(request).await)?;
        Ok((response.dossier.unwrap_or_default(), response.round_id))
    }

    /// Asks for one fee.
    pub async fn request_payment(&mut self, code: &str, fee: &str, amount: i64) -> Result<v1::DossierSummary, Error> {
        let fee = v1::Fee {
            name: fee.to_owned(),
            code: "LP-01".to_owned(),
            collected: v1::FeeCollection::AtAcceptance.into(),
            amount_vnd: amount,
            kind: v1::FeeKind::Ordinary.into(),
        };
        let request = v1::RequestPaymentRequest {
            code: code.to_owned(),
            officer: officer(RECEPTION),
            note: "Đề nghị nộp lệ phí".to_owned(),
            fees: vec![fee],
        };
        summary("RequestPayment", self.client.request_payment(request).await)
    }

    /// Records a step of processing.
    pub async fn record(&mut self, code: &str, content: &str) -> Result<v1::DossierSummary, Error> {
        let request = v1::RecordStepRequest {
            code: code.to_owned(),
            officer: officer(EXPERT),
            content: content.to_owned(),
            ..Default::default()
        };
        summary("RecordStep", self.client.record_step(request).await)
    }

    /// Ends processing.
    pub async fn finish(&mut self, code: &str) -> Result<v1::DossierSummary, Error> {
        let request = v1::FinishDossierRequest {
            code: code.to_owned(),
            officer: officer(EXPERT),
            note: "Đã trình ký kết quả".to_owned(),
            results: Vec::new(),
        };
        summary("FinishDossier", self.client.finish_dossier(request).await)
    }

    /// Hands the result over.
    pub async fn hand_over(&mut self, code: &str, url: &str) -> Result<v1::DossierSummary, Error> {
        let result = v1::ResultPaper {
            name: "Kết quả giải quyết thủ tục hành chính".to_owned(),
            result_code: "KQ-01".to_owned(),
            url: url.to_owned(),
            ..Default::default()
        };
        let request = v1::ReturnResultRequest {
            code: code.to_owned(),
            officer: officer(RECEPTION),
            note: "Đã trả kết quả".to_owned(),
            results: vec![result],
        };
        summary("ReturnResult", self.client.return_result(request).await)
    }
}

fn officer((name, title, department): (&str, &str, &str)) -> Option<v1::Officer> {
    Some(v1::Officer { name: name.to_owned(), title: title.to_owned(), department: department.to_owned() })
}

fn summary(
    method: &'static str,
    result: Result<tonic::Response<v1::OfficeResponse>, tonic::Status>,
) -> Result<v1::DossierSummary, Error> {
    Ok(answered(method, result)?.dossier.unwrap_or_default())
}

fn answered<T>(method: &'static str, result: Result<tonic::Response<T>, tonic::Status>) -> Result<T, Error> {
    result.map(tonic::Response::into_inner).map_err(|status| Error::Refused { method, status: Box::new(status) })
}

/// Fictional officers: name, title, department.
const RECEPTION: (&str, &str, &str) = ("Trần Thu Hà", "Chuyên viên", "Bộ phận một cửa");
const EXPERT: (&str, &str, &str) = ("Lê Quang Vinh", "Chuyên viên chính", "Phòng thẩm định");
