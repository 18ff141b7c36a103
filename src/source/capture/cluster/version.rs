//! What two machines must have in common to work on one question: plans name functions and steps, and mean those of the
//! release that made them.

use datafusion::execution::SessionState;

/// This program, its engine and all functions, in one line.
pub(super) fn of(state: &SessionState) -> String {
    let mut names: Vec<&str> = state
        .scalar_functions()
        .keys()
        .chain(state.aggregate_functions().keys())
        .chain(state.window_functions().keys())
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    format!(
        "relay-diag {} (DataFusion {}, {} functions, {:08x})",
        env!("CARGO_PKG_VERSION"),
        datafusion::DATAFUSION_VERSION,
        names.len(),
        checksum(&names.join(" "))
    )
}

/// FNV-1a: the same on every machine and in every release of the standard library.
fn checksum(text: &str) -> u32 {
    const OFFSET: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    let step = |sum: u32, byte: u8| (sum ^ u32::from(byte)).wrapping_mul(PRIME);
    text.bytes().fold(OFFSET, step)
}
