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
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l insecure -d 'Believe every certificate: never with a real key'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l json -d 'A summary as one JSON object on stdout'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -l strict -d 'Answers with warnings count as failures'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand batch" -s V -l version -d 'Print version'
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
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -l out -d 'Where to write the files; the schema goes to stdout without it' -r -f -a "(__fish_complete_directories)"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -l lang -d 'The language of every word of a diagnosis' -r -f -a "auto\t''
en\t''
zh\t''"
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s v -l verbose -d 'Raw heads, timing and the source of each setting too'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s q -l quiet -d 'Nothing on stderr but wrong usage'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand generate" -s V -l version -d 'Print version'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "chat" -d 'Send one chat request; the answer on stdout, the diagnosis on stderr'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "batch" -d 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "diagnose" -d 'Give the same diagnosis from a recording, a HAR, curl\'s output, a response or an error text'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "explain" -d 'Say what a diagnosis means'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "cache" -d 'The answers that `chat --cache` keeps'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "lab" -d 'The built-in server that misbehaves on purpose'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "generate" -d 'Write shell completions, manual pages or the JSON Schema of reports'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and not __fish_seen_subcommand_from chat batch diagnose explain cache lab generate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "clear" -d 'Remove all of them'
complete -c llmcheck -n "__fish_llmcheck_using_subcommand help; and __fish_seen_subcommand_from cache" -f -a "info" -d 'Say where they are, how many and how large'
