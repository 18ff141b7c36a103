//! The registry of failure modes: one file a mode with all that belongs to it, one line here.

/// Declares the files and the registry in one list, so that nothing can be forgotten.
macro_rules! modes {
    ($($name:ident),+ $(,)?) => {
        $(mod $name;)+

        /// Every failure mode. The order decides between several matches: mechanisms before symptoms, and among mechanisms
        /// what is told by a sign of its own before what is told by the absence of others.
        pub static REGISTRY: &[&super::FailureMode] = &[$(&$name::MODE),+];
    };
}

modes![
    listener_hang,
    lock_contention,
    dns_failure,
    database_down,
    cold_start,
    partial_connect_hang,
    database_unreachable,
    connection_leak,
    crash_loop,
    worker_silent,
    instance_silent,
    slow_database,
    pool_exhausted,
];
