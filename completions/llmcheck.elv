
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
            cand diagnose 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text'
            cand explain 'Say what a diagnosis means'
            cand lab 'The built-in server that misbehaves on purpose'
            cand generate 'Write shell completions, manual pages or the JSON Schema of reports'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;chat'= {
            cand -m 'The model [default: gpt-4o-mini]'
            cand --model 'The model [default: gpt-4o-mini]'
            cand --system 'A system message before the prompt'
            cand --messages 'A JSON array of messages to send, before the prompt if there is one'
            cand --max-tokens 'Sent as max_tokens'
            cand --max-completion-tokens 'Sent as max_completion_tokens, for models that want that'
            cand --temperature 'Sent as temperature'
            cand --body 'A whole request body, sent byte for byte'
            cand -H 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --header 'A header field, in place of one of the same name; `Name:` removes it (repeatable)'
            cand --accept-encoding 'What may be compressed, and how [default: what we can decode]'
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
            cand --retry 'Try again up to N times where the cause may pass'
            cand --retry-base 'The first backoff''s bound; each next one is twice that'
            cand --retry-cap 'The longest backoff'
            cand --retry-max-time 'No attempt begins later than this after the first one'
            cand --report 'Write a report to hand on, as .html or .md; may be repeated'
            cand --record 'Record every event on the wire, secrets masked'
            cand --lab 'Ask the built-in server that misbehaves on purpose (see `llmcheck lab --list`): no key, no network'
            cand --lang 'The language of every word of a diagnosis'
            cand --stream 'Ask for a stream; its text is printed as it arrives'
            cand --no-stream 'Ask for a plain answer (the default)'
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
            cand diagnose 'Give the same diagnosis from a recording, a HAR, curl''s output, a response or an error text'
            cand explain 'Say what a diagnosis means'
            cand lab 'The built-in server that misbehaves on purpose'
            cand generate 'Write shell completions, manual pages or the JSON Schema of reports'
            cand help 'Print this message or the help of the given subcommand(s)'
        }
        &'llmcheck;help;chat'= {
        }
        &'llmcheck;help;diagnose'= {
        }
        &'llmcheck;help;explain'= {
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
