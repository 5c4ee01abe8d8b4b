//! What a server's processes cost: CPU time and memory of its whole tree, read from `/proc`.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

/// One process at one moment.
#[derive(Debug, Clone)]
struct Process {
    pid: u32,
    /// The name of its program without version digits: a Node thread renames itself, its executable does not.
    program: String,
    cpu_ticks: u64,
    rss_peak_kib: u64,
}

/// A server's processes at one moment.
#[derive(Debug)]
pub(crate) struct Tree(Vec<Process>);

/// What the processes of one name cost between two moments.
#[derive(Debug, Clone)]
pub(crate) struct Cost {
    /// `uvicorn`, `diglot`, `diglot: python`: the root's name, a child's with its program.
    pub(crate) name: String,
    pub(crate) processes: u32,
    pub(crate) cpu_seconds: f64,
    /// Summed over the processes of this name.
    pub(crate) rss_peak_kib: u64,
}

/// Reads the tree below `root_pid`, itself included.
pub(crate) fn tree(root_pid: u32) -> Result<Tree> {
    let mut pids = vec![root_pid];
    let parents = parents()?;
    let mut seen = 0;
    while seen < pids.len() {
        let parent = pids[seen];
        pids.extend(parents.iter().filter(|(_, of)| **of == parent).map(|(pid, _)| *pid));
        seen += 1;
    }
    // A process that ended between the listing and the reading has nothing more to say.
    Ok(Tree(pids.into_iter().filter_map(|pid| read(pid).ok()).collect()))
}

/// What the tree of a root called `name` cost between two readings.
pub(crate) fn costs(name: &str, before: &Tree, after: &Tree) -> Vec<Cost> {
    let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
    let root_program = after.0.first().map_or("", |root| root.program.as_str());
    let mut by_name: Vec<Cost> = Vec::new();
    for (position, process) in after.0.iter().enumerate() {
        let name = match process.program.as_str() {
            _ if position == 0 => name.to_owned(),
            program if program == root_program => format!("{name}: worker"),
            program => format!("{name}: {program}"),
        };
        let ticks_before =
            before.0.iter().find(|other| other.pid == process.pid).map_or(0, |other| other.cpu_ticks);
        let cpu_seconds = process.cpu_ticks.saturating_sub(ticks_before) as f64 / ticks_per_second;
        match by_name.iter_mut().find(|cost| cost.name == name) {
            Some(cost) => {
                cost.processes += 1;
                cost.cpu_seconds += cpu_seconds;
                cost.rss_peak_kib += process.rss_peak_kib;
            }
            None => {
                by_name.push(Cost { name, processes: 1, cpu_seconds, rss_peak_kib: process.rss_peak_kib });
            }
        }
    }
    by_name
}

impl Tree {
    /// The processes, root first.
    pub(crate) fn pids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().map(|process| process.pid)
    }
}

/// The parent of each process of the machine.
fn parents() -> Result<BTreeMap<u32, u32>> {
    let mut parents = BTreeMap::new();
    for entry in fs::read_dir("/proc").context("cannot list /proc: the bench needs Linux")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        if let Ok(stat) = Stat::read(pid) {
            parents.insert(pid, stat.parent);
        }
    }
    Ok(parents)
}

fn read(pid: u32) -> Result<Process> {
    let stat = Stat::read(pid)?;
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss_peak_kib = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
        .context("no VmHWM")?;
    let executable = fs::read_link(format!("/proc/{pid}/exe"))?;
    let program = executable.file_name().unwrap_or_default().to_string_lossy();
    let program = program.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_owned();
    Ok(Process { pid, program, cpu_ticks: stat.cpu_ticks, rss_peak_kib })
}

/// The fields of `/proc/PID/stat` that matter here; proc_pid_stat(5).
struct Stat {
    parent: u32,
    /// utime and stime: this process with all its threads, without its children.
    cpu_ticks: u64,
}

impl Stat {
    fn read(pid: u32) -> Result<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat"))?)
    }

    fn parse(stat: &str) -> Result<Self> {
        // The second field is the name in parentheses and may itself hold spaces and parentheses.
        let (_, fields) = stat.rsplit_once(") ").context("no name in stat")?;
        let field = |number: usize| -> Result<u64> {
            let text = fields.split(' ').nth(number - 3).context("too few fields in stat")?;
            Ok(text.parse()?)
        };
        Ok(Self { parent: u32::try_from(field(4)?)?, cpu_ticks: field(14)? + field(15)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b (c)) S 3 7 7 0 -1 4194560 100 0 0 0 250 50 9 9 20 0 1 0 100 0 0";
        let stat = Stat::parse(stat).expect("a valid line");
        assert_eq!((stat.parent, stat.cpu_ticks), (3, 300));
    }

    #[test]
    fn this_process_is_the_root_of_its_own_tree() {
        let pid = std::process::id();
        let tree = tree(pid).expect("/proc is readable");
        assert_eq!(tree.pids().next(), Some(pid));
        assert!(tree.0[0].rss_peak_kib > 0);
    }

    #[test]
    fn processes_of_one_program_are_summed_and_ticks_before_are_taken_off() {
        let process = |pid, program: &str, cpu_ticks| Process {
            pid,
            program: program.into(),
            cpu_ticks,
            rss_peak_kib: 10,
        };
        let before = Tree(vec![process(1, "nginx", 100), process(2, "nginx", 100)]);
        let after = Tree(vec![process(1, "nginx", 100), process(2, "nginx", 300), process(3, "nginx", 100)]);
        let costs = costs("nginx", &before, &after);
        let ticks_per_second = rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(costs.len(), 2);
        assert_eq!(
            (costs[1].name.as_str(), costs[1].processes, costs[1].rss_peak_kib),
            ("nginx: worker", 2, 20)
        );
        assert!((costs[1].cpu_seconds - 300.0 / ticks_per_second).abs() < 1e-9);
    }
}
