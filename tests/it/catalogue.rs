//! A national catalogue of a ministry's size, from its file to the portal's list.

use std::collections::BTreeSet;

use lienthong::sandbox::layout::Layout;
use regex::Regex;

use crate::world::{World, element};
use crate::xmllint;

#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_and_more_procedures_are_loaded_listed_and_applied_for() {
    let world = World::start_after(with_national_catalogue).await;
    let answer = world.say(&body("LayDanhSachTTHC", "")).await;
    xmllint::assert_valid(&answer.body);
    let listed = codes(&answer.text());
    for code in national() {
        assert!(listed.contains(&code), "{code} is not listed");
    }
    assert!(listed.contains("1.014199"), "the shipped ones are listed, too");

    let of_field = world.say(&body("LayDanhSachTTHC", "<MaLinhVuc>G07-LĐ05</MaLinhVuc>")).await.text();
    assert_eq!(codes(&of_field), national().into_iter().skip(4).step_by(13).collect());
    let one = world.say(&body("LayThuTuc", "<MaTTHC>1.900005.H56</MaTTHC>")).await;
    xmllint::assert_valid(&one.body);
    assert_eq!(element(&one.text(), "TENTTHC").as_deref(), Some("Thủ tục số 5 &amp; phụ lục"));
    assert_eq!(element(&one.text(), "THOIGIANGIAIQUYET").as_deref(), Some("6"));

    let sample = lienthong::sandbox::samples::Sample::named("NopHoSo-ThietBiAnToan").expect("there is such a sample");
    let request = world.prepare(&[]).await.fill(sample.template()).replace("2.000134<", "1.900005<");
    let form = Regex::new(r"(?s)<ToKhai>.*</ToKhai>").expect("the pattern is valid");
    let submitted = world.say(&form.replace(&request, "")).await.text();
    assert_eq!(element(&submitted, "error_code").as_deref(), Some("0"), "{submitted}");
    world.stop().await;
}

/// Codes of the generated procedures, in order.
fn national() -> Vec<String> {
    (1..=COUNT).map(|number| format!("1.9{number:05}")).collect()
}

/// Adds a file in the shape of the national catalogue's answer to the dossier service's settings.
fn with_national_catalogue(layout: &Layout) {
    let procedures: Vec<String> = (1..=COUNT)
        .map(|number| {
            format!(
                r#"{{"MATTHC": "1.9{number:05}", "TENTTHC": "Thủ tục số {number} & phụ lục",
                     "LINHVUCTHUCHIEN": [{{"MALINHVUC": "G07-LĐ{:02}", "TENLINHVUC": "Lĩnh vực"}}],
                     "CACHTHUCTHUCHIEN": [{{"KENH": "2", "THOIGIAN": [
                         {{"THOIGIANGIAIQUYET": "{}", "DONVITINH": "Ngày làm việc"}}]}}]}}"#,
                (number - 1) % 13 + 1,
                number + 1
            )
        })
        .collect();
    let national = format!(r#"{{"error_code": "0", "result": [{}]}}"#, procedures.join(",\n"));
    std::fs::write(layout.path("national.json"), national).expect("the catalogue can be written");
    let file = layout.path("dossier-service.toml");
    let settings = std::fs::read_to_string(&file).expect("the settings are readable");
    let shipped = "\"schemas/hoso/catalogue/procedures.toml\"";
    assert!(settings.contains(shipped));
    let settings = settings.replace(shipped, &format!("[{shipped}, \"national.json\"]"));
    std::fs::write(&file, settings).expect("the settings can be written");
}

fn codes(answer: &str) -> BTreeSet<String> {
    let pattern = Regex::new("<MATTHC>([^<]*)<").expect("the pattern is valid");
    pattern.captures_iter(answer).map(|found| found[1].to_owned()).collect()
}

fn body(operation: &str, content: &str) -> String {
    format!(r#"<hs:{operation} xmlns:hs="http://molisa.gov.vn/hoso/1.0">{content}</hs:{operation}>"#)
}

const COUNT: usize = 340;
