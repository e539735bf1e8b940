
use builtin;
use str;

set edit:completion:arg-completer[llmcheck] = {|@words|
    fn spaces {|n|
        builtin:repeat $n ' ' | str:join ''
    }
    fn cand {|text desc|
        edit:complex-candidate $text &display=$text' '(spaces (- 14 (wcswidth $text)))$desc
    }
    var command = 'llmcheck'
    for word $words[1..-1] {
        if (str:has-prefix $word '-') {
            break
        }
        set command = $command';'$word
    }
    var completions = [
        &'llmcheck'= {
            cand --lang 'The language of every word of a diagnosis'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand chat 'Send one chat request; the answer on stdout, the diagnosis on stderr'
            cand batch 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on'
            cand diagnose 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text'
            cand explain 'Say what a diagnosis means'
            cand cache 'The answers that `chat --cache` keeps'
            cand lab 'The built-in server that misbehaves on purpose'
            cand generate 'Write shell completions, manual pages or the JSON Schema of reports'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;chat'= {
            cand -m 'The model [default: gpt-4o-mini]'
            cand --model 'The model [default: gpt-4o-mini]'
            cand --system 'A system message before the prompt'
            cand --max-tokens 'Sent as max_tokens'
            cand --max-completion-tokens 'Sent as max_completion_tokens, for models that want that'
            cand --temperature 'Sent as temperature'
            cand -H 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --header 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --accept-encoding 'What may be compressed, and how [default: what we can decode]'
            cand --messages 'A JSON array of messages to send, before the prompt if there is one'
            cand --keep-turns 'Of --messages, only what leads (system) and the last N turns; a turn begins with a user''s message'
            cand --body 'A whole request body, sent byte for byte'
            cand --base-url 'The API''s base URL [default: https://api.openai.com/v1]'
            cand --endpoint 'An endpoint of the configuration file'
            cand --config 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]'
            cand --api-key-file 'A file whose first line is the API key'
            cand --proxy 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]'
            cand --cacert 'Believe the certificates of this PEM file instead of the system''s'
            cand --connect-timeout 'Bound on name, TCP and TLS [default: 10s]'
            cand --first-byte-timeout 'Bound on the wait for the first response byte [default: 5m]'
            cand --idle-timeout 'Bound on the silence between two bytes [default: 2m]'
            cand --timeout 'Bound on all of it [default: 10m]'
            cand --retry 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]'
            cand --retry-base 'The first backoff''s bound; each next one is twice that'
            cand --retry-cap 'The longest backoff'
            cand --retry-max-time 'No attempt begins later than this after the first one'
            cand --recover 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named'
            cand --fallback 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)'
            cand --max-cost-tokens 'No attempt begins once all together have cost this many tokens'
            cand --continue 'Ask the model up to N times to go on where an answer was cut or came to its token limit, and join the pieces'
            cand --split 'Ask for a long text in parts of at most so many characters (4000, 20k), cut between paragraphs or sentences'
            cand --split-prompt 'What to do with each part, in place of the prompt argument; {part} and {parts} are its number and how many there are'
            cand --reduce-prompt 'Ask once more with this and all the answers, and print what comes of that'
            cand --report 'Write a report to hand on, as .html or .md; may be repeated'
            cand --record 'Record every event on the wire, secrets masked'
            cand --cache 'An earlier healthy answer to the same request, if it is no older than TTL; else ask, and keep the answer [default TTL: 1d]'
            cand --lab 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network'
            cand --lang 'The language of every word of a diagnosis'
            cand --stream 'Ask for a stream; its text is printed as it arrives'
            cand --no-stream 'Ask for a plain answer (the default)'
            cand --dry-run 'Send nothing: print the request as it would leave, what is wrong with it, and a curl command for it'
            cand --no-proxy 'No proxy, whatever the environment says'
            cand --insecure 'Believe every certificate: never with a real key'
            cand --json 'One report object on stdout in place of the answer'
            cand --atomic 'Hold the answer back until it is known to be complete'
            cand --strict 'Exit codes for warnings too'
            cand --lab-tls 'Reach the lab over TLS'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;batch'= {
            cand -o 'Where the answers go; what is answered there already is not asked again'
            cand --output 'Where the answers go; what is answered there already is not asked again'
            cand -j 'Requests at the same time'
            cand --jobs 'Requests at the same time'
            cand -m 'The model [default: gpt-4o-mini]'
            cand --model 'The model [default: gpt-4o-mini]'
            cand --system 'A system message before the prompt'
            cand --max-tokens 'Sent as max_tokens'
            cand --max-completion-tokens 'Sent as max_completion_tokens, for models that want that'
            cand --temperature 'Sent as temperature'
            cand -H 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --header 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --accept-encoding 'What may be compressed, and how [default: what we can decode]'
            cand --base-url 'The API''s base URL [default: https://api.openai.com/v1]'
            cand --endpoint 'An endpoint of the configuration file, and a MODEL in place of the one that requests name; several share the work (repeatable)'
            cand --prefer 'Which of several endpoints is asked'
            cand --config 'The configuration file [default: llmcheck/config.toml in $XDG_CONFIG_HOME or ~/.config]'
            cand --api-key-file 'A file whose first line is the API key'
            cand --proxy 'An http://, socks5:// or socks5h:// proxy [default: as curl finds it in the environment]'
            cand --cacert 'Believe the certificates of this PEM file instead of the system''s'
            cand --connect-timeout 'Bound on name, TCP and TLS [default: 10s]'
            cand --first-byte-timeout 'Bound on the wait for the first response byte [default: 5m]'
            cand --idle-timeout 'Bound on the silence between two bytes [default: 2m]'
            cand --timeout 'Bound on all of it [default: 10m]'
            cand --retry 'Try again up to N times at each endpoint where the cause may pass [default: 0; with --recover 2]'
            cand --retry-base 'The first backoff''s bound; each next one is twice that'
            cand --retry-cap 'The longest backoff'
            cand --retry-max-time 'No attempt begins later than this after the first one'
            cand --recover 'Let the diagnosis choose what to do after a failure, the cheapest remedy first; of these only, if any are named'
            cand --fallback 'Ask this endpoint of the configuration file next, or another MODEL there; `:MODEL` stays at the first endpoint (repeatable)'
            cand --max-cost-tokens 'No attempt begins once all together have cost this many tokens'
            cand --lab 'Ask the built-in server that misbehaves on purpose: no key, no network (repeatable)'
            cand --lang 'The language of every word of a diagnosis'
            cand --plain 'Each line is a prompt, not a JSON request'
            cand --no-proxy 'No proxy, whatever the environment says'
            cand --insecure 'Believe every certificate: never with a real key'
            cand --json 'A summary as one JSON object on stdout'
            cand --strict 'Answers with warnings count as failures'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;diagnose'= {
            cand --report 'Write a report to hand on, as .html or .md; may be repeated'
            cand --lang 'The language of every word of a diagnosis'
            cand --json 'One report object a line on stdout in place of the page'
            cand --strict 'Exit codes for warnings too'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;explain'= {
            cand --lang 'The language of every word of a diagnosis'
            cand --list 'All codes, a line each'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;cache'= {
            cand --lang 'The language of every word of a diagnosis'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
            cand clear 'Remove all of them'
            cand info 'Say where they are, how many and how large'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;cache;clear'= {
            cand --lang 'The language of every word of a diagnosis'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;cache;info'= {
            cand --lang 'The language of every word of a diagnosis'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;cache;help'= {
            cand clear 'Remove all of them'
            cand info 'Say where they are, how many and how large'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;cache;help;clear'= {
        }
        &'llmcheck;cache;help;info'= {
        }
        &'llmcheck;cache;help;help'= {
        }
        &'llmcheck;lab'= {
            cand --port 'The port for http; https takes the next one [default: any free one]'
            cand --ca-out 'Write the lab''s certificate authority here, for clients that are to trust it'
            cand --lang 'The language of every word of a diagnosis'
            cand --list 'All scenarios, a line each'
            cand --serve 'Serve them on 127.0.0.1 until Ctrl-C; the path chooses: /NAME/v1/chat/completions'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help'
            cand --help 'Print help'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;generate'= {
            cand --out 'Where to write the files; the schema goes to stdout without it'
            cand --lang 'The language of every word of a diagnosis'
            cand -v 'Raw heads, timing and the source of each setting too'
            cand --verbose 'Raw heads, timing and the source of each setting too'
            cand -q 'Nothing on stderr but wrong usage'
            cand --quiet 'Nothing on stderr but wrong usage'
            cand -h 'Print help (see more with ''--help'')'
            cand --help 'Print help (see more with ''--help'')'
            cand -V 'Print version'
            cand --version 'Print version'
        }
        &'llmcheck;help'= {
            cand chat 'Send one chat request; the answer on stdout, the diagnosis on stderr'
            cand batch 'Send many requests from a file, each diagnosed, retried and written down; a run that was killed goes on'
            cand diagnose 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text'
            cand explain 'Say what a diagnosis means'
            cand cache 'The answers that `chat --cache` keeps'
            cand lab 'The built-in server that misbehaves on purpose'
            cand generate 'Write shell completions, manual pages or the JSON Schema of reports'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;help;chat'= {
        }
        &'llmcheck;help;batch'= {
        }
        &'llmcheck;help;diagnose'= {
        }
        &'llmcheck;help;explain'= {
        }
        &'llmcheck;help;cache'= {
            cand clear 'Remove all of them'
            cand info 'Say where they are, how many and how large'
        }
        &'llmcheck;help;cache;clear'= {
        }
        &'llmcheck;help;cache;info'= {
        }
        &'llmcheck;help;lab'= {
        }
        &'llmcheck;help;generate'= {
        }
        &'llmcheck;help;help'= {
        }
    ]
    $completions[$command]
}
