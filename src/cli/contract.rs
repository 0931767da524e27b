//! `lienthong contract import` and `lienthong contract export`: a first draft for a contract in hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Subcommand, ValueEnum};

use crate::binding::plan::HeaderProtocol;
use crate::contract::import::{self, Contract, Wishes};
use crate::contract::{Out, Written, export};
use crate::problem::{Problems, Severity};

/// Make the first draft of a contract: from a partner's WSDL or XSD, or from a gRPC service.
///
/// Both commands write files that the gateway compiles as they are, and that are yours to edit.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Import(ImportArgs),
    Export(ExportArgs),
}

/// Read a partner's WSDL or XSD; write copies of its schemas, a .proto and a binding.toml.
///
/// Every request element becomes an rpc, every complex type a message, every code list an enum with its table. What a
/// binding cannot carry (mixed content, xs:any, types without a name that repeat) is ignored, with a warning that names
/// its file and line. Nothing is fetched from the network: schemas that the contract names by address are looked for
/// beside it.
///
/// Exit status: 0 where the draft compiles, else 1.
#[derive(Debug, clap::Args)]
#[command(after_help = IMPORT_EXAMPLES)]
struct ImportArgs {
    /// A WSDL 1.1 file, document/literal, with inline or imported schemas.
    #[arg(long, value_name = "FILE", required_unless_present = "xsd", conflicts_with = "xsd")]
    wsdl: Option<PathBuf>,
    /// An XSD file; every element X that has an XResponse is an operation.
    #[arg(long, value_name = "FILE")]
    xsd: Option<PathBuf>,
    /// Protobuf package; made of the contract's namespace where left out.
    #[arg(long, value_name = "NAME")]
    package: Option<String>,
    /// gRPC service; made of the port type or the package where left out.
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    /// Header protocol; what the WSDL speaks of, else x-road, where left out.
    #[arg(long, value_enum)]
    headers: Option<Headers>,
    /// In the copies, give names to types that have none: the same messages are valid, and those that repeat can be bound.
    #[arg(long)]
    name_types: bool,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
}

/// Read a gRPC service; write an XSD that a partner can be handed, and a binding.toml.
///
/// Every rpc `Do` becomes the elements `Do` and `DoResponse`; streaming rpcs are left out with a warning. Comments become
/// documentation. Map fields have no counterpart and are refused.
///
/// Exit status: 0 where the draft compiles, else 1.
#[derive(Debug, clap::Args)]
#[command(after_help = EXPORT_EXAMPLES)]
struct ExportArgs {
    /// The .proto file that declares the service.
    #[arg(long, value_name = "FILE")]
    proto: PathBuf,
    /// The service, with its package: library.v1.Loans.
    #[arg(long, value_name = "NAME")]
    service: String,
    /// Target namespace of the XSD; urn: and the package where left out.
    #[arg(long, value_name = "URI")]
    namespace: Option<String>,
    /// Folder that imports are relative to; repeat for more. Found by the file's package where left out.
    #[arg(short = 'I', value_name = "DIR")]
    include: Vec<PathBuf>,
    /// Header protocol.
    #[arg(long, value_enum, default_value = "x-road")]
    headers: Headers,
    /// Folder to write to.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Overwrite files that are there.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Headers {
    XRoad,
    Addressing,
    None,
}

/// Runs `lienthong contract …`.
pub fn run(args: Args) -> ExitCode {
    let mut problems = Problems::new();
    match args.command {
        Command::Import(args) => {
            let contract = match (args.wsdl, args.xsd) {
                (Some(path), _) => Contract::Wsdl(path),
                (None, path) => Contract::Xsd(path.unwrap_or_default()),
            };
            let headers = args.headers.map(HeaderProtocol::from);
            let name_types = args.name_types;
            let wishes = Wishes { package: args.package, service: args.service, headers, name_types };
            let out = Out { dir: args.out, force: args.force };
            let written = import::import(&contract, &wishes, &out, &mut problems);
            let next = "name it in lienthong.toml:\n\n  [[partner]]\n  name    = \"…\"\n  binding = \"{dir}/binding.toml\"\n\n  \
                        [[service]]\n  name    = \"…\"\n  address = \"https://…\"\n  proto   = [\"{dir}/proto\"]\n\n\
                        then run lienthong check; lienthong explain prints what each element becomes";
            report(written.as_ref(), &out, &problems, next)
        }
        Command::Export(args) => {
            let out = Out { dir: args.out, force: args.force };
            let service = export::Service {
                proto: args.proto,
                name: args.service,
                include: args.include,
                namespace: args.namespace,
                headers: args.headers.into(),
            };
            let written = export::export(&service, &out, &mut problems);
            let next = "name it in lienthong.toml:\n\n  [[partner]]\n  name    = \"…\"\n  binding = \"{dir}/binding.toml\"\n\n\
                        beside the [[service]] that has this rpc; then run lienthong check. The WSDL is served by itself";
            report(written.as_ref(), &out, &problems, next)
        }
    }
}

fn report(written: Option<&Written>, out: &Out, problems: &Problems, next: &str) -> ExitCode {
    eprint!("{problems}");
    let Some(written) = written else {
        eprintln!("nothing was written");
        return ExitCode::FAILURE;
    };
    for file in &written.files {
        println!("wrote {}", file.display());
    }
    println!("{} operations, {} messages, {} enums", written.operations, written.messages, written.enums);
    if problems.has_errors() {
        println!("the draft does not compile yet: edit the lines named above, then run lienthong check");
        return ExitCode::FAILURE;
    }
    let warnings = problems.sorted().into_iter().filter(|problem| problem.severity == Severity::Warning).count();
    if warnings > 0 {
        println!("{warnings} warnings: read them before you rely on the draft");
    }
    println!("the draft compiles; next, {}", next.replace("{dir}", &out.dir.display().to_string()));
    ExitCode::SUCCESS
}

impl From<Headers> for HeaderProtocol {
    fn from(headers: Headers) -> Self {
        match headers {
            Headers::XRoad => Self::XRoad,
            Headers::Addressing => Self::Addressing,
            Headers::None => Self::None,
        }
    }
}

const EXAMPLES: &str = "Examples:
  lienthong contract import --wsdl partner.wsdl --out schemas/partner
  lienthong contract import --xsd partner.xsd --package vn.gov.partner.v1 --out schemas/partner
  lienthong contract export --proto proto/library/v1/loans.proto --service library.v1.Loans --out schemas/library";
const IMPORT_EXAMPLES: &str = "Examples:
  lienthong contract import --wsdl partner.wsdl --out schemas/partner
  lienthong contract import --xsd schemas/hoso/hoso.xsd --package vn.gov.hoso.v1 --service HoSoService --out /tmp/hoso
  lienthong contract import --wsdl partner.wsdl --headers none --out schemas/partner --force

The draft of <xs:element name=\"TraCuu\"> with <xs:element name=\"MaHoSo\" type=\"xs:string\"/>:
  rpc TraCuu(TraCuuRequest) returns (TraCuuResponse);        in proto/…/….proto
  message TraCuuRequest { string ma_ho_so = 1; }
  [operation.TraCuu.request]                                 in binding.toml
  MaHoSo = \"ma_ho_so\"";
const EXPORT_EXAMPLES: &str = "Examples:
  lienthong contract export --proto proto/library/v1/loans.proto --service library.v1.Loans --out schemas/library
  lienthong contract export --proto loans.proto -I proto -I third_party --service library.v1.Loans \\
      --namespace http://library.example/loans/1.0 --out schemas/library

The draft of message Loan { string number = 1; optional int32 days = 2; }:
  <xs:complexType name=\"Loan\">                               in loans.xsd
    <xs:sequence>
      <xs:element name=\"Number\" type=\"xs:string\"/>
      <xs:element name=\"Days\" type=\"xs:int\" minOccurs=\"0\"/>";
