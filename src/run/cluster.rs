//! Workers, by the settings: those that are asked, and this machine as one.

use std::path::Path;

use crate::cli::WorkerArgs;
use crate::profile::{Settings, WorkerTls};
use crate::source::SourceError;
use crate::source::capture::{Host, Listening, Tls, WorkerError, Workers, listen};

use super::Failure;

/// The machines that larger questions go to.
///
/// # Errors
/// [`Failure::Source`] for addresses and certificates that can't be used.
pub(super) fn workers(settings: &Settings) -> Result<Workers, Failure> {
    let deadline = settings.workers_deadline.to_std().unwrap_or_default();
    let tls = tls(&settings.worker_tls)?;
    let workers = Workers::new(&settings.workers, settings.workers_from, deadline, tls);
    Ok(workers.map_err(SourceError::from)?)
}

/// Starts to work for others.
///
/// # Errors
/// [`Failure::Source`] for the address and the certificates.
pub async fn work(args: &WorkerArgs, settings: &Settings) -> Result<Listening, Failure> {
    let host = Host {
        address: args.listen,
        memory: settings.memory,
        most_clients: args.most_clients as usize,
        tls: tls(&settings.worker_tls)?,
    };
    Ok(listen(host).await.map_err(SourceError::from)?)
}

fn tls(files: &WorkerTls) -> Result<Option<Tls>, Failure> {
    let named = [&files.ca, &files.certificate, &files.key];
    if named.iter().all(|path| path.is_empty()) {
        return Ok(None);
    }
    if named.iter().any(|path| path.is_empty()) {
        let why = String::from("worker_tls takes all three: ca, certificate and key");
        return Err(SourceError::from(WorkerError::Certificates { why }).into());
    }
    let tls = Tls::read(
        Path::new(&files.ca),
        Path::new(&files.certificate),
        Path::new(&files.key),
    );
    Ok(Some(tls.map_err(SourceError::from)?))
}
