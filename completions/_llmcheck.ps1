
using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName 'llmcheck' -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    $commandElements = $commandAst.CommandElements
    $command = @(
        'llmcheck'
        for ($i = 1; $i -lt $commandElements.Count; $i++) {
            $element = $commandElements[$i]
            if ($element -isnot [StringConstantExpressionAst] -or
                $element.StringConstantType -ne [StringConstantType]::BareWord -or
                $element.Value.StartsWith('-') -or
                $element.Value -eq $wordToComplete) {
                break
        }
        $element.Value
    }) -join ';'

    $completions = @(switch ($command) {
        'llmcheck' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Send one chat request; the answer on stdout, the diagnosis on stderr')
            [CompletionResult]::new('batch', 'batch', [CompletionResultType]::ParameterValue, 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on')
            [CompletionResult]::new('probe', 'probe', [CompletionResultType]::ParameterValue, 'Find the cause by experiment: each stage of the way to an endpoint, then what a failure depends on')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Send a recorded request again and compare the answers')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Measure several endpoints or models side by side, and say which is better if the data can tell')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch endpoints: check at an interval, alert on thresholds, serve metrics')
            [CompletionResult]::new('diagnose', 'diagnose', [CompletionResultType]::ParameterValue, 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a diagnosis means')
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'The answers that `chat --cache` keeps')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'The built-in server that misbehaves on purpose')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write shell completions, manual pages or the JSON Schema of reports')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmcheck;chat' {
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A system message before the prompt')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Sent as max_tokens')
            [CompletionResult]::new('--max-completion-tokens', '--max-completion-tokens', [CompletionResultType]::ParameterName, 'Sent as max_completion_tokens, for models that want that')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sent as temperature')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how [default: what we can decode]')
            [CompletionResult]::new('--messages', '--messages', [CompletionResultType]::ParameterName, 'A JSON array of messages to send, before the prompt if there is one')
            [CompletionResult]::new('--keep-turns', '--keep-turns', [CompletionResultType]::ParameterName, 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user''s message')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'A whole request body, sent byte for byte')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'The API''s base URL [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'An endpoint of the configuration file')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]')
            [CompletionResult]::new('--retry-base', '--retry-base', [CompletionResultType]::ParameterName, 'The first backoff''s bound; each next one is twice that')
            [CompletionResult]::new('--retry-cap', '--retry-cap', [CompletionResultType]::ParameterName, 'The longest backoff')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'No attempt begins later than this after the first one')
            [CompletionResult]::new('--recover', '--recover', [CompletionResultType]::ParameterName, 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)')
            [CompletionResult]::new('--max-cost-tokens', '--max-cost-tokens', [CompletionResultType]::ParameterName, 'No attempt begins once all together have cost this many tokens')
            [CompletionResult]::new('--continue', '--continue', [CompletionResultType]::ParameterName, 'Ask the model up to N times to go on where an answer was cut or came to its token limit, and join the pieces')
            [CompletionResult]::new('--split', '--split', [CompletionResultType]::ParameterName, 'Ask for a long text in parts of at most so many characters (4000, 20k), cut between paragraphs or sentences')
            [CompletionResult]::new('--split-prompt', '--split-prompt', [CompletionResultType]::ParameterName, 'What to do with each part, in place of the prompt argument; {part} and {parts} are its number and how many there are')
            [CompletionResult]::new('--reduce-prompt', '--reduce-prompt', [CompletionResultType]::ParameterName, 'Ask once more with this and all the answers, and print what comes of that')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to hand on, as .html or .md; may be repeated')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Record every event on the wire, secrets masked')
            [CompletionResult]::new('--cache', '--cache', [CompletionResultType]::ParameterName, 'An earlier healthy answer to the same request, if it is no older than TTL; else ask, and keep the answer [default TTL: 1d]')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--stream', '--stream', [CompletionResultType]::ParameterName, 'Ask for a stream; its text is printed as it arrives')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Ask for a plain answer (the default)')
            [CompletionResult]::new('--dry-run', '--dry-run', [CompletionResultType]::ParameterName, 'Send nothing: print the request as it would leave, what is wrong with it, and a curl command for it')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One report object on stdout in place of the answer')
            [CompletionResult]::new('--atomic', '--atomic', [CompletionResultType]::ParameterName, 'Hold the answer back until it is known to be complete')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit codes for warnings too')
            [CompletionResult]::new('--lab-tls', '--lab-tls', [CompletionResultType]::ParameterName, 'Reach the lab over TLS')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;batch' {
            [CompletionResult]::new('-o', '-o', [CompletionResultType]::ParameterName, 'Where the answers go; what is answered there already is not asked again')
            [CompletionResult]::new('--output', '--output', [CompletionResultType]::ParameterName, 'Where the answers go; what is answered there already is not asked again')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Requests at the same time')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Requests at the same time')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A system message before the prompt')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Sent as max_tokens')
            [CompletionResult]::new('--max-completion-tokens', '--max-completion-tokens', [CompletionResultType]::ParameterName, 'Sent as max_completion_tokens, for models that want that')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sent as temperature')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how [default: what we can decode]')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'The API''s base URL [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'An endpoint of the configuration file, and a MODEL in place of the one that requests name; several share the work (repeatable)')
            [CompletionResult]::new('--prefer', '--prefer', [CompletionResultType]::ParameterName, 'Which of several endpoints is asked')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--retry', '--retry', [CompletionResultType]::ParameterName, 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]')
            [CompletionResult]::new('--retry-base', '--retry-base', [CompletionResultType]::ParameterName, 'The first backoff''s bound; each next one is twice that')
            [CompletionResult]::new('--retry-cap', '--retry-cap', [CompletionResultType]::ParameterName, 'The longest backoff')
            [CompletionResult]::new('--retry-max-time', '--retry-max-time', [CompletionResultType]::ParameterName, 'No attempt begins later than this after the first one')
            [CompletionResult]::new('--recover', '--recover', [CompletionResultType]::ParameterName, 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named')
            [CompletionResult]::new('--fallback', '--fallback', [CompletionResultType]::ParameterName, 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)')
            [CompletionResult]::new('--max-cost-tokens', '--max-cost-tokens', [CompletionResultType]::ParameterName, 'No attempt begins once all together have cost this many tokens')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Ask the built-in server that misbehaves on purpose: no key, no network (repeatable)')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--plain', '--plain', [CompletionResultType]::ParameterName, 'Each line is a prompt, not a JSON request')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'A summary as one JSON object on stdout')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Answers with warnings count as failures')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;probe' {
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'The API''s base URL [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'An endpoint of the configuration file')
            [CompletionResult]::new('--against', '--against', [CompletionResultType]::ParameterName, 'Ask this endpoint of the configuration file too, in the same ways, and show what differs')
            [CompletionResult]::new('--max-requests', '--max-requests', [CompletionResultType]::ParameterName, 'The most requests to send, those of the stages among them')
            [CompletionResult]::new('--max-time', '--max-time', [CompletionResultType]::ParameterName, 'The longest to go on, the stages included')
            [CompletionResult]::new('--seed', '--seed', [CompletionResultType]::ParameterName, 'The experiment''s luck, to repeat it')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A system message before the prompt')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Sent as max_tokens')
            [CompletionResult]::new('--max-completion-tokens', '--max-completion-tokens', [CompletionResultType]::ParameterName, 'Sent as max_completion_tokens, for models that want that')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sent as temperature')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how [default: what we can decode]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Where the recordings of all requests go [default: llmcheck/probes in $XDG_STATE_HOME or ~/.local/state; the newest 20 stay]')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--deep', '--deep', [CompletionResultType]::ParameterName, 'Make the experiment although nothing has failed')
            [CompletionResult]::new('--shallow', '--shallow', [CompletionResultType]::ParameterName, 'The stages only')
            [CompletionResult]::new('-y', '-y', [CompletionResultType]::ParameterName, 'Do not ask before the experiment')
            [CompletionResult]::new('--yes', '--yes', [CompletionResultType]::ParameterName, 'Do not ask before the experiment')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One object with all of it on stdout in place of the page')
            [CompletionResult]::new('--lab-tls', '--lab-tls', [CompletionResultType]::ParameterName, 'Reach the lab over TLS')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;replay' {
            [CompletionResult]::new('--attempt', '--attempt', [CompletionResultType]::ParameterName, 'Which attempt in it, counted from 1 [default: the last one]')
            [CompletionResult]::new('--times', '--times', [CompletionResultType]::ParameterName, 'How many times it is sent, one after the other')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'Another model')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'Another model')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how, in place of what was offered then')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'Another base URL than the one in the recording')
            [CompletionResult]::new('--endpoint', '--endpoint', [CompletionResultType]::ParameterName, 'An endpoint of the configuration file in place of the recorded one')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Record every event on the wire, secrets masked')
            [CompletionResult]::new('--lab', '--lab', [CompletionResultType]::ParameterName, 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--stream', '--stream', [CompletionResultType]::ParameterName, 'Ask for a stream, whatever was asked for then')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Ask for a plain answer, whatever was asked for then')
            [CompletionResult]::new('--send-key', '--send-key', [CompletionResultType]::ParameterName, 'Send your key to the URL that the recording names, also where none of your settings names its host')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One object on stdout in place of the comparison')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit codes for warnings too')
            [CompletionResult]::new('--lab-tls', '--lab-tls', [CompletionResultType]::ParameterName, 'Reach the lab over TLS')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;compare' {
            [CompletionResult]::new('--rounds', '--rounds', [CompletionResultType]::ParameterName, 'How many times each target is asked')
            [CompletionResult]::new('-j', '-j', [CompletionResultType]::ParameterName, 'Ask so many targets of a round at the same time; 1 asks one after the other, so that they do not disturb each other')
            [CompletionResult]::new('--jobs', '--jobs', [CompletionResultType]::ParameterName, 'Ask so many targets of a round at the same time; 1 asks one after the other, so that they do not disturb each other')
            [CompletionResult]::new('--pause', '--pause', [CompletionResultType]::ParameterName, 'Wait so long between two rounds, where there are rate limits')
            [CompletionResult]::new('--max-error-rate', '--max-error-rate', [CompletionResultType]::ParameterName, 'The share of failures that is too much, as in 2% or 0.02')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What is asked [default: three sentences about the sea; after --messages nothing]')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A system message before the prompt')
            [CompletionResult]::new('--max-completion-tokens', '--max-completion-tokens', [CompletionResultType]::ParameterName, 'Sent as max_completion_tokens, for models that want that')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sent as temperature')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how [default: what we can decode]')
            [CompletionResult]::new('--messages', '--messages', [CompletionResultType]::ParameterName, 'A JSON array of messages to send, before the prompt if there is one')
            [CompletionResult]::new('--keep-turns', '--keep-turns', [CompletionResultType]::ParameterName, 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user''s message')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'A whole request body, sent byte for byte')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'The API''s base URL, for targets that name no endpoint [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to hand on, as .html or .md; may be repeated')
            [CompletionResult]::new('--record', '--record', [CompletionResultType]::ParameterName, 'Keep every event on the wire in this directory, a file for each target, secrets masked')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Sent as max_tokens [default: 128]')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One object on stdout in place of the table')
            [CompletionResult]::new('--stream', '--stream', [CompletionResultType]::ParameterName, 'Ask for streams (the default)')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Ask for plain answers')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;monitor' {
            [CompletionResult]::new('--interval', '--interval', [CompletionResultType]::ParameterName, 'From one check of a target to the next')
            [CompletionResult]::new('--jitter', '--jitter', [CompletionResultType]::ParameterName, 'How far an interval may be off at random, so that many monitors do not ask at once')
            [CompletionResult]::new('--count', '--count', [CompletionResultType]::ParameterName, 'End after N checks of each target')
            [CompletionResult]::new('--for', '--for', [CompletionResultType]::ParameterName, 'Begin no check later than this')
            [CompletionResult]::new('--max-error-rate', '--max-error-rate', [CompletionResultType]::ParameterName, 'Alert where more checks fail than this; 100% never does')
            [CompletionResult]::new('--max-p95', '--max-p95', [CompletionResultType]::ParameterName, 'Alert where the 95th percentile of the whole answer''s time is beyond this')
            [CompletionResult]::new('--max-first-token', '--max-first-token', [CompletionResultType]::ParameterName, 'The same of the time to the first token; asks for streams')
            [CompletionResult]::new('--max-first-byte', '--max-first-byte', [CompletionResultType]::ParameterName, 'The same of the time to the first byte')
            [CompletionResult]::new('--alert-on', '--alert-on', [CompletionResultType]::ParameterName, 'Classes of verdicts that alert at once; none for no class')
            [CompletionResult]::new('--window', '--window', [CompletionResultType]::ParameterName, 'The checks that count together: a number of them, or those of a time such as 30m')
            [CompletionResult]::new('--min-checks', '--min-checks', [CompletionResultType]::ParameterName, 'Judge no rate of fewer checks than this')
            [CompletionResult]::new('--recover-after', '--recover-after', [CompletionResultType]::ParameterName, 'Checks in a row without fault that close an alert')
            [CompletionResult]::new('--on-alert', '--on-alert', [CompletionResultType]::ParameterName, 'Run this for each alert and each recovery, with the event as JSON on its stdin')
            [CompletionResult]::new('--log', '--log', [CompletionResultType]::ParameterName, 'Append a JSON line for each check, and go on from what is there')
            [CompletionResult]::new('--metrics-file', '--metrics-file', [CompletionResultType]::ParameterName, 'Keep metrics in this file for node_exporter''s textfile collector: it must end in .prom for that')
            [CompletionResult]::new('--listen', '--listen', [CompletionResultType]::ParameterName, 'Serve /metrics and /healthz over http, such as at 127.0.0.1:9464')
            [CompletionResult]::new('--prompt', '--prompt', [CompletionResultType]::ParameterName, 'What is asked [default: Say OK.]')
            [CompletionResult]::new('-m', '-m', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--model', '--model', [CompletionResultType]::ParameterName, 'The model [default: gpt-4o-mini]')
            [CompletionResult]::new('--system', '--system', [CompletionResultType]::ParameterName, 'A system message before the prompt')
            [CompletionResult]::new('--max-tokens', '--max-tokens', [CompletionResultType]::ParameterName, 'Sent as max_tokens')
            [CompletionResult]::new('--max-completion-tokens', '--max-completion-tokens', [CompletionResultType]::ParameterName, 'Sent as max_completion_tokens, for models that want that')
            [CompletionResult]::new('--temperature', '--temperature', [CompletionResultType]::ParameterName, 'Sent as temperature')
            [CompletionResult]::new('-H', '-H ', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--header', '--header', [CompletionResultType]::ParameterName, 'A header field, in place of one of the same name; `Name:` removes it (repeatable)')
            [CompletionResult]::new('--accept-encoding', '--accept-encoding', [CompletionResultType]::ParameterName, 'What may be compressed, and how [default: what we can decode]')
            [CompletionResult]::new('--messages', '--messages', [CompletionResultType]::ParameterName, 'A JSON array of messages to send, before the prompt if there is one')
            [CompletionResult]::new('--keep-turns', '--keep-turns', [CompletionResultType]::ParameterName, 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user''s message')
            [CompletionResult]::new('--body', '--body', [CompletionResultType]::ParameterName, 'A whole request body, sent byte for byte')
            [CompletionResult]::new('--base-url', '--base-url', [CompletionResultType]::ParameterName, 'The API''s base URL, for targets that name no endpoint [default: https://api.openai.com/v1]')
            [CompletionResult]::new('--config', '--config', [CompletionResultType]::ParameterName, 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]')
            [CompletionResult]::new('--api-key-file', '--api-key-file', [CompletionResultType]::ParameterName, 'A file whose first line is the API key')
            [CompletionResult]::new('--proxy', '--proxy', [CompletionResultType]::ParameterName, 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]')
            [CompletionResult]::new('--resolve', '--resolve', [CompletionResultType]::ParameterName, 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)')
            [CompletionResult]::new('--cacert', '--cacert', [CompletionResultType]::ParameterName, 'Believe the certificates of this PEM file instead of the system''s')
            [CompletionResult]::new('--connect-timeout', '--connect-timeout', [CompletionResultType]::ParameterName, 'Bound on name, TCP and TLS [default: 10s]')
            [CompletionResult]::new('--first-byte-timeout', '--first-byte-timeout', [CompletionResultType]::ParameterName, 'Bound on the wait for the first response byte [default: 5m]')
            [CompletionResult]::new('--idle-timeout', '--idle-timeout', [CompletionResultType]::ParameterName, 'Bound on the silence between two bytes [default: 2m]')
            [CompletionResult]::new('--timeout', '--timeout', [CompletionResultType]::ParameterName, 'Bound on all of it [default: 10m]')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'The line of each check on stdout')
            [CompletionResult]::new('--stream', '--stream', [CompletionResultType]::ParameterName, 'Ask for a stream; its text is printed as it arrives')
            [CompletionResult]::new('--no-stream', '--no-stream', [CompletionResultType]::ParameterName, 'Ask for a plain answer (the default)')
            [CompletionResult]::new('--no-proxy', '--no-proxy', [CompletionResultType]::ParameterName, 'No proxy, whatever the environment says')
            [CompletionResult]::new('-4', '-4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('--ipv4', '--ipv4', [CompletionResultType]::ParameterName, 'Connect over IPv4 only')
            [CompletionResult]::new('-6', '-6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--ipv6', '--ipv6', [CompletionResultType]::ParameterName, 'Connect over IPv6 only')
            [CompletionResult]::new('--insecure', '--insecure', [CompletionResultType]::ParameterName, 'Believe every certificate: never with a real key')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;diagnose' {
            [CompletionResult]::new('--report', '--report', [CompletionResultType]::ParameterName, 'Write a report to hand on, as .html or .md; may be repeated')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--json', '--json', [CompletionResultType]::ParameterName, 'One report object a line on stdout in place of the page')
            [CompletionResult]::new('--strict', '--strict', [CompletionResultType]::ParameterName, 'Exit codes for warnings too')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;explain' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'All codes, a line each')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;cache' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove all of them')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Say where they are, how many and how large')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmcheck;cache;clear' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;cache;info' {
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;cache;help' {
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove all of them')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Say where they are, how many and how large')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmcheck;cache;help;clear' {
            break
        }
        'llmcheck;cache;help;info' {
            break
        }
        'llmcheck;cache;help;help' {
            break
        }
        'llmcheck;lab' {
            [CompletionResult]::new('--port', '--port', [CompletionResultType]::ParameterName, 'The port for http; https takes the next one [default: any free one]')
            [CompletionResult]::new('--ca-out', '--ca-out', [CompletionResultType]::ParameterName, 'Write the lab''s certificate authority here, for clients that are to trust it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('--list', '--list', [CompletionResultType]::ParameterName, 'All scenarios, a line each')
            [CompletionResult]::new('--serve', '--serve', [CompletionResultType]::ParameterName, 'Serve them on 127.0.0.1 until Ctrl-C; the path chooses: /NAME/v1/chat/completions')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;generate' {
            [CompletionResult]::new('--out', '--out', [CompletionResultType]::ParameterName, 'Where to write the files; a report''s schema goes to stdout without it')
            [CompletionResult]::new('--lang', '--lang', [CompletionResultType]::ParameterName, 'The language of every word of a diagnosis')
            [CompletionResult]::new('-v', '-v', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('--verbose', '--verbose', [CompletionResultType]::ParameterName, 'Raw heads, timing and the source of each setting too')
            [CompletionResult]::new('-q', '-q', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('--quiet', '--quiet', [CompletionResultType]::ParameterName, 'Nothing on stderr but wrong usage')
            [CompletionResult]::new('-h', '-h', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('--help', '--help', [CompletionResultType]::ParameterName, 'Print help (see more with ''--help'')')
            [CompletionResult]::new('-V', '-V ', [CompletionResultType]::ParameterName, 'Print version')
            [CompletionResult]::new('--version', '--version', [CompletionResultType]::ParameterName, 'Print version')
            break
        }
        'llmcheck;help' {
            [CompletionResult]::new('chat', 'chat', [CompletionResultType]::ParameterValue, 'Send one chat request; the answer on stdout, the diagnosis on stderr')
            [CompletionResult]::new('batch', 'batch', [CompletionResultType]::ParameterValue, 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on')
            [CompletionResult]::new('probe', 'probe', [CompletionResultType]::ParameterValue, 'Find the cause by experiment: each stage of the way to an endpoint, then what a failure depends on')
            [CompletionResult]::new('replay', 'replay', [CompletionResultType]::ParameterValue, 'Send a recorded request again and compare the answers')
            [CompletionResult]::new('compare', 'compare', [CompletionResultType]::ParameterValue, 'Measure several endpoints or models side by side, and say which is better if the data can tell')
            [CompletionResult]::new('monitor', 'monitor', [CompletionResultType]::ParameterValue, 'Watch endpoints: check at an interval, alert on thresholds, serve metrics')
            [CompletionResult]::new('diagnose', 'diagnose', [CompletionResultType]::ParameterValue, 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text')
            [CompletionResult]::new('explain', 'explain', [CompletionResultType]::ParameterValue, 'Say what a diagnosis means')
            [CompletionResult]::new('cache', 'cache', [CompletionResultType]::ParameterValue, 'The answers that `chat --cache` keeps')
            [CompletionResult]::new('lab', 'lab', [CompletionResultType]::ParameterValue, 'The built-in server that misbehaves on purpose')
            [CompletionResult]::new('generate', 'generate', [CompletionResultType]::ParameterValue, 'Write shell completions, manual pages or the JSON Schema of reports')
            [CompletionResult]::new('help', 'help', [CompletionResultType]::ParameterValue, 'Print this message or the help of the given subcommand(s)')
            break
        }
        'llmcheck;help;chat' {
            break
        }
        'llmcheck;help;batch' {
            break
        }
        'llmcheck;help;probe' {
            break
        }
        'llmcheck;help;replay' {
            break
        }
        'llmcheck;help;compare' {
            break
        }
        'llmcheck;help;monitor' {
            break
        }
        'llmcheck;help;diagnose' {
            break
        }
        'llmcheck;help;explain' {
            break
        }
        'llmcheck;help;cache' {
            [CompletionResult]::new('clear', 'clear', [CompletionResultType]::ParameterValue, 'Remove all of them')
            [CompletionResult]::new('info', 'info', [CompletionResultType]::ParameterValue, 'Say where they are, how many and how large')
            break
        }
        'llmcheck;help;cache;clear' {
            break
        }
        'llmcheck;help;cache;info' {
            break
        }
        'llmcheck;help;lab' {
            break
        }
        'llmcheck;help;generate' {
            break
        }
        'llmcheck;help;help' {
            break
        }
    })

    $completions.Where{ $_.CompletionText -like "$wordToComplete*" } |
        Sort-Object -Property ListItemText
}
