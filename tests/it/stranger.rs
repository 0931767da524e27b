//! A contract that has nothing to do with dossiers, served by the same command from files alone.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use lienthong::sandbox::layout::Layout;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::client::{Answer, Http, Identity, get, post, send};
use crate::upstream::{Manner, Upstream};
use crate::{hostile, normal, xmllint};

/// The real `lienthong serve`, and what it calls.
struct Served {
    _dir: TempDir,
    layout: Layout,
    upstream: Upstream,
    process: Child,
    soap: String,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_contract_of_files_alone_is_served_by_the_same_command() {
    let served = Served::start().await;
    let loan = loan("<l:Courier><l:Company>Swift &amp; Sons</l:Company><l:Street>1 Quay</l:Street><l:City>Port</l:City></l:Courier>");
    for (media, version) in [("text/xml; charset=utf-8", 1), ("application/soap+xml", 2)] {
        for http in [Http::One, Http::Two] {
            let answer = served.ask(http, media, &envelope(version, &format!(r#"<l:Lend {NS}>{loan}</l:Lend>"#))).await;
            assert_eq!(answer.status, 200, "{}", answer.text());
            served.assert_carries(&answer, &loan);
        }
    }
    served.assert_upstream_read();
    served.assert_lists().await;
    served.assert_refuses().await;
    served.assert_describes().await;
}

impl Served {
    async fn start() -> Self {
        let dir = TempDir::new().expect("a temporary directory can be made");
        let layout = Layout::at(dir.path());
        lienthong::sandbox::pki::make(&layout).expect("keys can be made");
        let upstream = Upstream::start(&layout, Manner::Echo).await;
        let contract = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contracts/library");
        let port = free_port();
        let settings = std::fs::read_to_string(contract.join("lienthong.toml")).expect("the settings are readable");
        let settings = settings
            .replace("{contract}", &contract.display().to_string())
            .replace("{port}", &port.to_string())
            .replace("{upstream}", &upstream.address.to_string());
        std::fs::write(layout.path("lienthong.toml"), settings).expect("the settings can be written");
        let members = std::fs::read_to_string(contract.join("members.toml")).expect("the members are readable");
        std::fs::write(layout.path("members.toml"), members).expect("the members can be written");
        let process = Command::new(env!("CARGO_BIN_EXE_lienthong"))
            .args(["serve", "--config"])
            .arg(layout.path("lienthong.toml"))
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the command starts");
        let soap = format!("https://127.0.0.1:{port}/soap/library");
        let served = Self { _dir: dir, layout, upstream, process, soap };
        served.wait_until_it_serves().await;
        served
    }
}
