# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_llmcheck_global_optspecs
    string join \n lang= v/verbose q/quiet h/help V/version
end

function __fish_llmcheck_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_llmcheck_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_llmcheck_using_subcommand
    set -l cmd (__fish_llmcheck_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c llmcheck -n "__fish_llmcheck_needs_command" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_needs_command" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "chat" -d 'Send one chat request; the answer on stdout, the diagnosis on stderr'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "batch" -d 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "probe" -d 'Find the cause by experiment: each stage of the way to an endpoint, then what a failure depends on'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "replay" -d 'Send a recorded request again and compare the answers'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "compare" -d 'Measure several endpoints or models side by side, and say which is better if the data can tell'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "monitor" -d 'Watch endpoints: check at an interval, alert on thresholds, serve metrics'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "diagnose" -d 'Give the same diagnosis from a recording, a HAR, curl\'s output, a response or an error text'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "explain" -d 'Say what a diagnosis means'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "cache" -d 'The answers that `chat --cache` keeps'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "lab" -d 'The built-in server that misbehaves on purpose'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "generate" -d 'Write shell completions, manual pages or the JSON Schema of reports'
complete -c llmcheck -n "__fish_llmcheck_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s m -l model -d 'The model [default: gpt-4o-mini]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l system -d 'A system message before the prompt' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l max-tokens -d 'Sent as max_tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l max-completion-tokens -d 'Sent as max_completion_tokens, for models that want that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l temperature -d 'Sent as temperature' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s H -l header -d 'A header field, in place of one of the same name; `Name:` removes it (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l accept-encoding -d 'What may be compressed, and how [default: what we can decode]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l messages -d 'A JSON array of messages to send, before the prompt if there is one' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l keep-turns -d 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user\'s message' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l body -d 'A whole request body, sent byte for byte' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l base-url -d 'The API\'s base URL [default: https://api.openai.com/v1]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l endpoint -d 'An endpoint of the configuration file' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l retry -d 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l retry-base -d 'The first backoff\'s bound; each next one is twice that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l retry-cap -d 'The longest backoff' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l retry-max-time -d 'No attempt begins later than this after the first one' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l recover -d 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named' -r -f -a "wait\t'Wait as long as the response asks, then try again'
retry\t'Try again after a backoff'
stream\t'Ask for a stream instead of a plain answer, or the other way round'
identity\t'Offer no content coding'
max-tokens\t'Ask for a shorter answer'
split\t'Ask for the input part by part'
endpoint\t'The next endpoint of --fallback'
model\t'The next model of --fallback at the same endpoint'"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l fallback -d 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l max-cost-tokens -d 'No attempt begins once all together have cost this many tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l continue -d 'Ask the model up to N times to go on where an answer was cut or came to its token limit, and join the pieces' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l split -d 'Ask for a long text in parts of at most so many characters (4000, 20k), cut between paragraphs or sentences' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l split-prompt -d 'What to do with each part, in place of the prompt argument; {part} and {parts} are its number and how many there are' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l reduce-prompt -d 'Ask once more with this and all the answers, and print what comes of that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l report -d 'Write a report to hand on, as .html or .md; may be repeated' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l record -d 'Record every event on the wire, secrets masked' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l cache -d 'An earlier healthy answer to the same request, if it is no older than TTL; else ask, and keep the answer [default TTL: 1d]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l lab -d 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l stream -d 'Ask for a stream; its text is printed as it arrives'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l no-stream -d 'Ask for a plain answer (the default)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l dry-run -d 'Send nothing: print the request as it would leave, what is wrong with it, and a curl command for it'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l json -d 'One report object on stdout in place of the answer'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l atomic -d 'Hold the answer back until it is known to be complete'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l strict -d 'Exit codes for warnings too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -l lab-tls -d 'Reach the lab over TLS'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand chat" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s o -l output -d 'Where the answers go; what is answered there already is not asked again' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s j -l jobs -d 'Requests at the same time' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s m -l model -d 'The model [default: gpt-4o-mini]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l system -d 'A system message before the prompt' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l max-tokens -d 'Sent as max_tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l max-completion-tokens -d 'Sent as max_completion_tokens, for models that want that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l temperature -d 'Sent as temperature' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s H -l header -d 'A header field, in place of one of the same name; `Name:` removes it (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l accept-encoding -d 'What may be compressed, and how [default: what we can decode]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l base-url -d 'The API\'s base URL [default: https://api.openai.com/v1]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l endpoint -d 'An endpoint of the configuration file, and a MODEL in place of the one that requests name; several share the work (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l prefer -d 'Which of several endpoints is asked' -r -f -a "fastest\t'The one that answers soonest, failures and queues counted in'
cheapest\t'The one whose `price` in the configuration is lowest, while it can take more'
listed\t'The first that was named, while it can take more'"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l retry -d 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l retry-base -d 'The first backoff\'s bound; each next one is twice that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l retry-cap -d 'The longest backoff' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l retry-max-time -d 'No attempt begins later than this after the first one' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l recover -d 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named' -r -f -a "wait\t'Wait as long as the response asks, then try again'
retry\t'Try again after a backoff'
stream\t'Ask for a stream instead of a plain answer, or the other way round'
identity\t'Offer no content coding'
max-tokens\t'Ask for a shorter answer'
split\t'Ask for the input part by part'
endpoint\t'The next endpoint of --fallback'
model\t'The next model of --fallback at the same endpoint'"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l fallback -d 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l max-cost-tokens -d 'No attempt begins once all together have cost this many tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l lab -d 'Ask the built-in server that misbehaves on purpose: no key, no network (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l plain -d 'Each line is a prompt, not a JSON request'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l json -d 'A summary as one JSON object on stdout'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l strict -d 'Answers with warnings count as failures'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l base-url -d 'The API\'s base URL [default: https://api.openai.com/v1]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l endpoint -d 'An endpoint of the configuration file' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l against -d 'Ask this endpoint of the configuration file too, in the same ways, and show what differs' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l max-requests -d 'The most requests to send, those of the stages among them' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l max-time -d 'The longest to go on, the stages included' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l seed -d 'The experiment\'s luck, to repeat it' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s m -l model -d 'The model [default: gpt-4o-mini]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l system -d 'A system message before the prompt' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l max-tokens -d 'Sent as max_tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l max-completion-tokens -d 'Sent as max_completion_tokens, for models that want that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l temperature -d 'Sent as temperature' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s H -l header -d 'A header field, in place of one of the same name; `Name:` removes it (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l accept-encoding -d 'What may be compressed, and how [default: what we can decode]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l record -d 'Where the recordings of all requests go [default: llmcheck/probes in $XDG_STATE_HOME or ~/.local/state; the newest 20 stay]' -r -f -a "(__fish_complete_directories)"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l lab -d 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l deep -d 'Make the experiment although nothing has failed'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l shallow -d 'The stages only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s y -l yes -d 'Do not ask before the experiment'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l json -d 'One object with all of it on stdout in place of the page'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -l lab-tls -d 'Reach the lab over TLS'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand probe" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l attempt -d 'Which attempt in it, counted from 1 [default: the last one]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l times -d 'How many times it is sent, one after the other' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s m -l model -d 'Another model' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l accept-encoding -d 'What may be compressed, and how, in place of what was offered then' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l base-url -d 'Another base URL than the one in the recording' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l endpoint -d 'An endpoint of the configuration file in place of the recorded one' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l record -d 'Record every event on the wire, secrets masked' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l lab -d 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l stream -d 'Ask for a stream, whatever was asked for then'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l no-stream -d 'Ask for a plain answer, whatever was asked for then'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l send-key -d 'Send your key to the URL that the recording names, also where none of your settings names its host'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l json -d 'One object on stdout in place of the comparison'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l strict -d 'Exit codes for warnings too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -l lab-tls -d 'Reach the lab over TLS'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand replay" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l rounds -d 'How many times each target is asked' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s j -l jobs -d 'Ask so many targets of a round at the same time; 1 asks one after the other, so that they do not disturb each other' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l pause -d 'Wait so long between two rounds, where there are rate limits' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l max-error-rate -d 'The share of failures that is too much, as in 2% or 0.02' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l prompt -d 'What is asked [default: three sentences about the sea; after --messages nothing]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s m -l model -d 'The model [default: gpt-4o-mini]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l system -d 'A system message before the prompt' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l max-completion-tokens -d 'Sent as max_completion_tokens, for models that want that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l temperature -d 'Sent as temperature' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s H -l header -d 'A header field, in place of one of the same name; `Name:` removes it (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l accept-encoding -d 'What may be compressed, and how [default: what we can decode]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l messages -d 'A JSON array of messages to send, before the prompt if there is one' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l keep-turns -d 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user\'s message' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l body -d 'A whole request body, sent byte for byte' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l base-url -d 'The API\'s base URL, for targets that name no endpoint [default: https://api.openai.com/v1]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l report -d 'Write a report to hand on, as .html or .md; may be repeated' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l record -d 'Keep every event on the wire in this directory, a file for each target, secrets masked' -r -f -a "(__fish_complete_directories)"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l max-tokens -d 'Sent as max_tokens [default: 128]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l json -d 'One object on stdout in place of the table'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l stream -d 'Ask for streams (the default)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -l no-stream -d 'Ask for plain answers'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand compare" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l interval -d 'From one check of a target to the next' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l jitter -d 'How far an interval may be off at random, so that many monitors do not ask at once' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l count -d 'End after N checks of each target' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l for -d 'Begin no check later than this' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-error-rate -d 'Alert where more checks fail than this; 100% never does' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-p95 -d 'Alert where the 95th percentile of the whole answer\'s time is beyond this' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-first-token -d 'The same of the time to the first token; asks for streams' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-first-byte -d 'The same of the time to the first byte' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l alert-on -d 'Classes of verdicts that alert at once; none for no class' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l window -d 'The checks that count together: a number of them, or those of a time such as 30m' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l min-checks -d 'Judge no rate of fewer checks than this' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l recover-after -d 'Checks in a row without fault that close an alert' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l on-alert -d 'Run this for each alert and each recovery, with the event as JSON on its stdin' -r -f -a "(__fish_complete_command)"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l log -d 'Append a JSON line for each check, and go on from what is there' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l metrics-file -d 'Keep metrics in this file for node_exporter\'s textfile collector: it must end in .prom for that' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l listen -d 'Serve /metrics and /healthz over http, such as at 127.0.0.1:9464' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l prompt -d 'What is asked [default: Say OK.]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s m -l model -d 'The model [default: gpt-4o-mini]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l system -d 'A system message before the prompt' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-tokens -d 'Sent as max_tokens' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l max-completion-tokens -d 'Sent as max_completion_tokens, for models that want that' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l temperature -d 'Sent as temperature' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s H -l header -d 'A header field, in place of one of the same name; `Name:` removes it (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l accept-encoding -d 'What may be compressed, and how [default: what we can decode]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l messages -d 'A JSON array of messages to send, before the prompt if there is one' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l keep-turns -d 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user\'s message' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l body -d 'A whole request body, sent byte for byte' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l base-url -d 'The API\'s base URL, for targets that name no endpoint [default: https://api.openai.com/v1]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l config -d 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l api-key-file -d 'A file whose first line is the API key' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l proxy -d 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]' -r -f
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l resolve -d 'Take these addresses for a host instead of looking its name up, as curl does (repeatable)' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l cacert -d 'Believe the certificates of this PEM file instead of the system\'s' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l connect-timeout -d 'Bound on name, TCP and TLS [default: 10s]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l first-byte-timeout -d 'Bound on the wait for the first response byte [default: 5m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l idle-timeout -d 'Bound on the silence between two bytes [default: 2m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l timeout -d 'Bound on all of it [default: 10m]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l json -d 'The line of each check on stdout'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l stream -d 'Ask for a stream; its text is printed as it arrives'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l no-stream -d 'Ask for a plain answer (the default)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l no-proxy -d 'No proxy, whatever the environment says'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s 4 -l ipv4 -d 'Connect over IPv4 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s 6 -l ipv6 -d 'Connect over IPv6 only'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand monitor" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -l report -d 'Write a report to hand on, as .html or .md; may be repeated' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -l json -d 'One report object a line on stdout in place of the page'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -l strict -d 'Exit codes for warnings too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand diagnose" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -l list -d 'All codes, a line each'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand explain" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -f -a "clear" -d 'Remove all of them'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -f -a "info" -d 'Say where they are, how many and how large'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and not __fish_seen_subcommand_from clear info help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from clear" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from clear" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from clear" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from clear" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from clear" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from info" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from info" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from info" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from info" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from info" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "clear" -d 'Remove all of them'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "info" -d 'Say where they are, how many and how large'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand cache; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -l port -d 'The port for http; https takes the next one [default: any free one]' -r
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -l ca-out -d 'Write the lab\'s certificate authority here, for clients that are to trust it' -r -F
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -l list -d 'All scenarios, a line each'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -l serve -d 'Serve them on 127.0.0.1 until Ctrl-C; the path chooses: /NAME/v1/chat/completions'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -s h -l help -d 'Print help'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand lab" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -l out -d 'Where to write the files; a report\'s schema goes to stdout without it' -r -f -a "(__fish_complete_directories)"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "chat" -d 'Send one chat request; the answer on stdout, the diagnosis on stderr'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "batch" -d 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "probe" -d 'Find the cause by experiment: each stage of the way to an endpoint, then what a failure depends on'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "replay" -d 'Send a recorded request again and compare the answers'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "compare" -d 'Measure several endpoints or models side by side, and say which is better if the data can tell'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "monitor" -d 'Watch endpoints: check at an interval, alert on thresholds, serve metrics'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "diagnose" -d 'Give the same diagnosis from a recording, a HAR, curl\'s output, a response or an error text'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "explain" -d 'Say what a diagnosis means'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "cache" -d 'The answers that `chat --cache` keeps'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "lab" -d 'The built-in server that misbehaves on purpose'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "generate" -d 'Write shell completions, manual pages or the JSON Schema of reports'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch probe replay compare monitor diagnose explain cache lab generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "clear" -d 'Remove all of them'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "info" -d 'Say where they are, how many and how large'
