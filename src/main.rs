//! Parse, run, print, exit code: the only place that writes to the terminal or exits.

fn main() {}
