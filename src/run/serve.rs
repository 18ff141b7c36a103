//! `serve`: a capture, an address and a token become a running server.

use std::net::SocketAddr;

use super::{Failure, World, capture};
use crate::cli::{Common, ServeArgs};
use crate::serve::{self, Options, Running, Token};
use crate::window;

/// Instead of `--token-file`.
const TOKEN_VARIABLE: &str = "RELAY_DIAG_SERVE_TOKEN";

/// Opens the capture and starts the server; `memory` (bytes) is for all its queries together.
///
/// # Errors
/// [`Failure::Source`] for the capture, [`Failure::Serve`] for the address or the token.
pub async fn serve(args: &ServeArgs, common: &Common, memory: u64, world: &World) -> Result<Running, Failure> {
    let now = common
        .now
        .as_deref()
        .map(|text| window::parse_time(text, world.now))
        .transpose()?;
    let token = match (&args.token_file, world.surroundings.variables.get(TOKEN_VARIABLE)) {
        (Some(path), _) => Some(Token::from_file(path)?),
        (None, Some(text)) if !text.is_empty() => Some(Token::new(text, TOKEN_VARIABLE)?),
        (None, _) => None,
    };
    let options = Options {
        address: SocketAddr::new(args.listen, args.port),
        token,
        ..Options::default()
    };
    options.check()?;
    let capture = capture(&args.file, now).await?.with_memory(memory);
    Ok(serve::start(capture, options).await?)
}
