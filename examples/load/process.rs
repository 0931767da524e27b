//! CPU time and memory of a process, from Linux's /proc.

use std::time::Duration;

/// User and system time used so far.
pub fn cpu(pid: u32) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).expect("the process lives");
    // proc(5): the name in parentheses may hold blanks; utime and stime are fields 14 and 15, in ticks of 10 ms.
    let after_name = stat.rsplit_once(')').expect("a name in parentheses").1;
    let field =
        |at: usize| after_name.split_ascii_whitespace().nth(at).and_then(|f| f.parse::<u64>().ok()).unwrap_or(0);
    Duration::from_millis((field(11) + field(12)) * 10)
}

/// A line of /proc/PID/status in MiB: `VmRSS:` now, `VmHWM:` the highest so far.
pub fn memory_mib(pid: u32, line: &str) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the process lives");
    let kib = status
        .lines()
        .find_map(|l| l.strip_prefix(line))
        .and_then(|l| l.split_ascii_whitespace().next()?.parse::<f64>().ok());
    kib.unwrap_or(0.0) / 1024.0
}
