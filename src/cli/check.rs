//! `lienthong check` and `lienthong explain`: what a configuration means, and what is wrong with it.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::binding::explain;
use crate::binding::plan::{OperationId, Partner};
use crate::clock::Clock;
use crate::config::gateway::{self, Gateway};
use crate::problem::{Problems, Severity};

/// Report every problem of a configuration at once.
///
/// Reads the settings and all they name: certificates, members, schemas, .proto files, bindings. Each problem has its
/// file, line and remedy. Exit status: 0 where the gateway would start, else 1.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// The gateway's settings.
    #[arg(long, default_value = "lienthong.toml")]
    config: PathBuf,
}

/// Print the compiled plan of an operation: every element, its type and limits, the field it becomes.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    /// The operation: local name of its request element. All of them where left out.
    operation: Option<String>,
    /// The gateway's settings.
    #[arg(long, default_value = "lienthong.toml")]
    config: PathBuf,
    /// The partner, where more than one has the operation.
    #[arg(long)]
    partner: Option<String>,
}

/// Runs `lienthong check`.
pub fn check(args: &CheckArgs) -> ExitCode {
    let mut problems = Problems::new();
    let settings = gateway::load(&args.config, Clock::System.now(), &mut problems);
    print!("{problems}");
    let count = |severity| problems.sorted().into_iter().filter(|problem| problem.severity == severity).count();
    let (errors, warnings, notes) = (count(Severity::Error), count(Severity::Warning), count(Severity::Note));
    println!("{errors} errors, {warnings} warnings, {notes} notes");
    match settings {
        Some(settings) => {
            summary(&settings);
            ExitCode::SUCCESS
        }
        None => ExitCode::FAILURE,
    }
}

/// Runs `lienthong explain`.
pub fn explain(args: &ExplainArgs) -> ExitCode {
    let mut problems = Problems::new();
    let Some(settings) = gateway::load(&args.config, Clock::System.now(), &mut problems) else {
        eprint!("{problems}");
        return ExitCode::FAILURE;
    };
    let wanted = |partner: &&Partner| args.partner.as_ref().is_none_or(|name| *name == partner.name);
    let mut found = 0;
    for partner in settings.partners.iter().filter(wanted) {
        for (at, operation) in partner.operations.iter().enumerate() {
            if args.operation.as_ref().is_some_and(|name| *name != operation.name) {
                continue;
            }
            println!("# partner {}\n{}", partner.name, explain::explain(partner, OperationId(at as u16)));
            found += 1;
        }
    }
    if found > 0 {
        return ExitCode::SUCCESS;
    }
    let asked: Vec<&Partner> = settings.partners.iter().filter(wanted).collect();
    if asked.is_empty() {
        let names: Vec<&str> = settings.partners.iter().map(|partner| partner.name.as_str()).collect();
        eprintln!("no such partner; there is {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    for partner in asked {
        let names: Vec<&str> = partner.operations.iter().map(|operation| operation.name.as_str()).collect();
        eprintln!("no such operation; partner {} has {}", partner.name, names.join(", "));
    }
    ExitCode::FAILURE
}

fn summary(settings: &Gateway) {
    for partner in &settings.partners {
        let names: Vec<&str> = partner.operations.iter().map(|operation| operation.name.as_str()).collect();
        println!("partner {}: {}", partner.name, names.join(", "));
    }
    for service in &settings.services {
        println!("service {}: {}", service.name, service.services.join(", "));
    }
    println!("{} members", settings.members.len());
}
