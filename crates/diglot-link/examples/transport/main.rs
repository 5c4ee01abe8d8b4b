//! Measures what carries the frames: a Unix socketpair, as the link has, or a ring in memory shared by both processes.
//!
//! `cargo run --release -p diglot-link --example transport [CYCLES]`. Two processes exchange batches: frames of 300 bytes
//! there, of 150 back. Printed is the CPU time of both together, which a busy machine distorts least, and the time a
//! batch takes. The reasoning is in `docs/internals/link.md`, "Why a socket".

#[cfg(target_os = "linux")]
mod measure;
#[cfg(target_os = "linux")]
mod ring;

#[cfg(target_os = "linux")]
fn main() -> std::io::Result<()> {
    measure::main()
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("the ring is made of a memfd and eventfds, which only Linux has");
}
