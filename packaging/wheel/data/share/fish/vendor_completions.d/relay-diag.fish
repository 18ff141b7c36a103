# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_relay_diag_global_optspecs
    string join \n source= token-file= since= from= to= now= env= all-envs service= instance= format= color= redact fail-on-incident q/quiet v/verbose memory= config= queries= h/help V/version
end

function __fish_relay_diag_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_relay_diag_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_relay_diag_using_subcommand
    set -l cmd (__fish_relay_diag_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c relay-diag -n "__fish_relay_diag_needs_command" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "verify" -d 'Is it healthy now? Pass, fail or inconclusive, check by check'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "timeline" -d 'What happened? The incident timeline'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "stuck" -d 'What is hanging, or hung? Longest first, and what each waits on'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "diagnose" -d 'Why? The failure mode, what it rests on, what it is not, and what to do'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "report" -d 'The postmortem: Markdown, or one self-contained page with --format html; what a person must fill in stands as TODO'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "explain" -d 'What does this mean? A failure mode, or a pasted error'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "query" -d 'Anything else: the rows of a query by name, or of your own SQL'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "queries" -d 'What does it ask? The catalogue of queries'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "init" -d 'How would it know our application? Writes a commented relay-diag.toml; never overwrites'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "capture" -d 'Keep the evidence: all records of a window, in a Parquet file that every command reads'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "serve" -d 'Let other clients ask it: Logfire\'s query API over a capture'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "schema" -d 'What is in the JSON? The documents, or the JSON Schema of one'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "config" -d 'Where does each setting come from? Is the token good?'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "completions" -d 'Print completions for a shell, to be sourced'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "man" -d 'Print the manual page (roff)'
complete -c relay-diag -n "__fish_relay_diag_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l wait -d 'Ask again, within the rate budget, until it passes or this time is over' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l restarted-after -d 'Require that every instance has a process younger than this' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l full -d 'Each check with its worst value when all pass too, and the newest records by the runbook\'s query'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand verify" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l chart -d 'Draw it as well: lanes side by side, traffic, failures and the pool\'s use over time'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand timeline" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand stuck" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l full -d 'Everything on the terminal too: pictures, pool, connect budget, shape, all that it is not'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand diagnose" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand report" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l error -d 'An error message to classify; `-` reads it from standard input' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand explain" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l sql -d 'One SELECT in Logfire\'s dialect; `-` reads it from standard input' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l limit -d 'The most rows to fetch (at most 10000)' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand query" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -f -a "list" -d 'Names and purposes'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -f -a "show" -d 'The SQL of one query, with its header'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -f -a "check" -d 'Whether headers, placeholders, SQL and columns are right'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and not __fish_seen_subcommand_from list show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from help" -f -a "list" -d 'Names and purposes'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from help" -f -a "show" -d 'The SQL of one query, with its header'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from help" -f -a "check" -d 'Whether headers, placeholders, SQL and columns are right'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand queries; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l output -d 'Another file than the relay-diag.toml of this folder' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l print -d 'Only show the profile'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand init" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l append -d 'Add to an archive, a file a day, what has arrived since the last run; the first run begins with the window' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l max-queries -d 'Queries that may be spent without asking; at the most that many are sent' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l resume -d 'Go on where an earlier run stopped'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l force -d 'Replace the file, and what an earlier run fetched'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l no-stacktraces -d 'Leave out stack traces: most of the bytes of a failure'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand capture" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l port -d 'The port; 0 takes any free one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l listen -d 'The address to listen on; any other than a loopback one takes a token' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l token-file -d 'A file with the token that clients must bring; or set RELAY_DIAG_SERVE_TOKEN' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand serve" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand schema" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "show" -d 'Every setting with its value and its origin'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "check" -d 'Whom the token stands for, when it ends, and whether this machine\'s clock is right (one request)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and not __fish_seen_subcommand_from show check help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'Every setting with its value and its origin'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "check" -d 'Whom the token stands for, when it ends, and whether this machine\'s clock is right (one request)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand completions" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l source -d 'api, demo (the built-in example of 2025-12-08), or the path of a capture' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l token-file -d 'A file with the read token, before LOGFIRE_READ_TOKEN and .logfire/read_token.json' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l since -d 'The window ends now and is this long: 90s, 5m, 1h30m, 2d' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l from -d 'Begin of the window: RFC 3339, 2025-12-08T06:30, 06:30 (today, UTC) or -2h' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l to -d 'End of the window (exclusive), in the same forms' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l now -d 'On a capture: show what the API would have shown at this time' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l env -d 'The deployment environment; \'\' = records without one' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l service -d 'Records of this service only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l instance -d 'Records of this instance only' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l format -d 'How to print it' -r -f -a "auto\t'A table on a terminal, Markdown when piped'
table\t'For a terminal'
markdown\t'For a postmortem'
html\t'One page to keep or to send, with pictures'
json\t'For scripts'
csv\t'For spreadsheets'
slack\t'For a message (mrkdwn, at most 4,000 characters)'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l color -d 'Colours' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l memory -d 'On a capture: what questions may take of memory, such as 2GB' -r
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l config -d 'A settings file instead of the relay-diag.toml of this folder or a parent' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l queries -d 'A folder whose .sql files join or shadow the built-in queries' -r -F
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l all-envs -d 'Records of all environments'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l redact -d 'Take people\'s data and secrets out of whatever is printed: [email 1] instead of an address'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -l fail-on-incident -d 'Exit with 1 if something is wrong, whatever the command'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -s q -l quiet -d 'Say nothing on standard error but errors'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -s v -l verbose -d 'Say on standard error what is asked (-vv: with the SQL)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand man" -s V -l version -d 'Print version'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "verify" -d 'Is it healthy now? Pass, fail or inconclusive, check by check'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "timeline" -d 'What happened? The incident timeline'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "stuck" -d 'What is hanging, or hung? Longest first, and what each waits on'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "diagnose" -d 'Why? The failure mode, what it rests on, what it is not, and what to do'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "report" -d 'The postmortem: Markdown, or one self-contained page with --format html; what a person must fill in stands as TODO'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "explain" -d 'What does this mean? A failure mode, or a pasted error'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "query" -d 'Anything else: the rows of a query by name, or of your own SQL'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "queries" -d 'What does it ask? The catalogue of queries'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "init" -d 'How would it know our application? Writes a commented relay-diag.toml; never overwrites'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "capture" -d 'Keep the evidence: all records of a window, in a Parquet file that every command reads'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "serve" -d 'Let other clients ask it: Logfire\'s query API over a capture'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "schema" -d 'What is in the JSON? The documents, or the JSON Schema of one'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "config" -d 'Where does each setting come from? Is the token good?'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "completions" -d 'Print completions for a shell, to be sourced'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "man" -d 'Print the manual page (roff)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and not __fish_seen_subcommand_from verify timeline stuck diagnose report explain query queries init capture serve schema config completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and __fish_seen_subcommand_from queries" -f -a "list" -d 'Names and purposes'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and __fish_seen_subcommand_from queries" -f -a "show" -d 'The SQL of one query, with its header'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and __fish_seen_subcommand_from queries" -f -a "check" -d 'Whether headers, placeholders, SQL and columns are right'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'Every setting with its value and its origin'
complete -c relay-diag -n "__fish_relay_diag_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "check" -d 'Whom the token stands for, when it ends, and whether this machine\'s clock is right (one request)'
