// A chat API on Go's net/http, and Go's reverse proxy before the faulty upstream. Usage: server PORT UPSTREAM
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

const copyFailed = "copy_response_body_failed"

const sentence = "A relay copies the upstream's length and then writes another body. "

func answer(content string) []byte {
	body, _ := json.Marshal(map[string]any{
		"id": "chatcmpl-go", "object": "chat.completion", "created": 1763856000, "model": "gpt-4o-mini",
		"choices": []any{map[string]any{"index": 0, "message": map[string]any{"role": "assistant", "content": content}, "finish_reason": "stop"}},
		"usage":   map[string]any{"prompt_tokens": 8, "completion_tokens": 80, "total_tokens": 88},
	})
	return body
}

func event(delta string, finish string) string {
	return fmt.Sprintf(`data: {"id":"chatcmpl-go","object":"chat.completion.chunk","created":1763856000,"model":"gpt-4o-mini","choices":[{"index":0,"delta":%s,"finish_reason":%s}]}`+"\n\n", delta, finish)
}

func stream(w http.ResponseWriter, count int) {
	w.Header().Set("Content-Type", "text/event-stream")
	for range make([]int, count) {
		io.WriteString(w, event(`{"content":"word "}`, "null"))
		w.(http.Flusher).Flush()
		time.Sleep(5 * time.Millisecond)
	}
}

// declare writes the head with this length.
func declare(w http.ResponseWriter, length int) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(200)
}

// onlyReader hides everything but Read, so that io.Copy takes its own loop of 32 KiB, as it does where middleware wraps the writer.
type onlyReader struct{ io.Reader }
type onlyWriter struct{ io.Writer }

// failAsRelay writes what the one-api family writes when a step failed; the status is lost where the head has gone.
func failAsRelay(w http.ResponseWriter, code string, err error) {
	w.WriteHeader(500)
	fmt.Fprintf(w, `{"error":{"message":%q,"type":"one_api_error","param":"","code":%q}}`, err.Error(), code)
}

// relay asks the upstream and copies these fields and the body; it returns the error of copying.
func relay(w http.ResponseWriter, r *http.Request, upstream, name string, fields ...string) error {
	request, _ := http.NewRequest("POST", upstream+strings.TrimPrefix(r.URL.Path, "/"+name), r.Body)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		failAsRelay(w, "do_request_failed", err)
		return nil
	}
	defer response.Body.Close()
	for _, field := range fields {
		if value := response.Header.Get(field); value != "" {
			w.Header().Set(field, value)
		}
	}
	w.WriteHeader(response.StatusCode)
	_, err = io.Copy(w, response.Body)
	return err
}

func main() {
	plain, long := answer(strings.Repeat(sentence, 8)), answer(strings.Repeat(sentence, 1500))
	upstream, _ := url.Parse("http://127.0.0.1:" + os.Args[2])
	handlers := map[string]func(http.ResponseWriter, *http.Request){
		"whole":      func(w http.ResponseWriter, _ *http.Request) { declare(w, len(plain)); w.Write(plain) },
		"undeclared": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "application/json"); w.Write(long) },
		"long":       func(w http.ResponseWriter, _ *http.Request) { declare(w, len(long)); io.Copy(w, bytes.NewReader(long)) },
		"stream": func(w http.ResponseWriter, _ *http.Request) {
			stream(w, 12)
			io.WriteString(w, event("{}", `"stop"`)+"data: [DONE]\n\n")
		},
		// The error after a refused write is refused too: the head has gone.
		"writes-more": func(w http.ResponseWriter, _ *http.Request) {
			declare(w, len(plain)-40)
			if _, err := w.Write(plain); err != nil {
				failAsRelay(w, copyFailed, err)
			}
		},
		"writes-more-in-two": func(w http.ResponseWriter, _ *http.Request) {
			declare(w, len(plain)-40)
			w.Write(plain[:300])
			w.Write(plain[300:])
		},
		"copies-more": func(w http.ResponseWriter, _ *http.Request) {
			declare(w, len(long)-40)
			io.Copy(onlyWriter{w}, onlyReader{bytes.NewReader(long)})
		},
		"writes-less":  func(w http.ResponseWriter, _ *http.Request) { declare(w, len(plain)+50); w.Write(plain) },
		"writes-half":  func(w http.ResponseWriter, _ *http.Request) { declare(w, len(plain)); w.Write(plain[:300]) },
		"panics":       func(w http.ResponseWriter, _ *http.Request) { declare(w, len(plain)); w.Write(plain[:300]); panic("midway") },
		"panics-flushed": func(w http.ResponseWriter, _ *http.Request) {
			declare(w, len(plain))
			w.Write(plain[:300])
			w.(http.Flusher).Flush()
			panic("midway")
		},
		"panics-first": func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) },
		"panics-in-stream": func(w http.ResponseWriter, _ *http.Request) {
			stream(w, 5)
			panic(http.ErrAbortHandler)
		},
		"ends-stream-early": func(w http.ResponseWriter, _ *http.Request) { stream(w, 5) },
		"forges-done": func(w http.ResponseWriter, _ *http.Request) {
			stream(w, 5)
			io.WriteString(w, "data: [DONE]\n\n")
		},
		// A relay that decompressed the answer, and copied all fields of its upstream.
		"stale-gzip-fields": func(w http.ResponseWriter, _ *http.Request) {
			var packed bytes.Buffer
			writer := gzip.NewWriter(&packed)
			writer.Write(plain)
			writer.Close()
			w.Header().Set("Content-Encoding", "gzip")
			declare(w, packed.Len())
			if _, err := w.Write(plain); err != nil {
				failAsRelay(w, copyFailed, err)
			}
		},
		"relay-error": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			failAsRelay(w, copyFailed, http.ErrContentLength)
		},
		"html-escapes": func(w http.ResponseWriter, _ *http.Request) {
			body := answer(strings.Repeat("if a < b && b > c { return <html> } ", 8))
			declare(w, len(body))
			w.Write(bytes.NewBuffer(body).Bytes())
		},
		// Counted as Go writes it, with <>& as \u escapes; written without them.
		"counts-escapes": func(w http.ResponseWriter, _ *http.Request) {
			body := answer(strings.Repeat("if a < b && b > c { return } ", 8))
			counted := len(body)
			for escape, char := range map[string]string{`\u003c`: "<", `\u003e`: ">", `\u0026`: "&"} {
				body = bytes.ReplaceAll(body, []byte(escape), []byte(char))
			}
			declare(w, counted)
			w.Write(body)
		},
		"not-found": func(w http.ResponseWriter, r *http.Request) { http.NotFound(w, r) },
		"failure":   func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "internal error", 500) },
		"saturated": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(429)
			io.WriteString(w, `{"error":{"message":"当前分组上游负载已饱和，请稍后再试 (request id: 20251123)","type":"one_api_error","param":"","code":null}}`)
		},
		"through": func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/through")
			httputil.NewSingleHostReverseProxy(upstream).ServeHTTP(w, r)
		},
		// The same behind a flush of every write.
		"flushing": func(w http.ResponseWriter, r *http.Request) {
			r.URL.Path = strings.TrimPrefix(r.URL.Path, "/flushing")
			proxy := httputil.NewSingleHostReverseProxy(upstream)
			proxy.FlushInterval = -1
			proxy.ServeHTTP(w, r)
		},
		// A relay of the simplest kind: fetch, copy two fields, copy the body. It never asks how the body ended.
		"copying": func(w http.ResponseWriter, r *http.Request) { relay(w, r, upstream.String(), "copying", "Content-Type", "Content-Encoding") },
		// As the one-api family does: all fields are copied, and an error of the copy is written behind what was copied.
		"one-api": func(w http.ResponseWriter, r *http.Request) {
			if err := relay(w, r, upstream.String(), "one-api", "Content-Type", "Content-Encoding", "Content-Length"); err != nil {
				failAsRelay(w, copyFailed, err)
			}
		},
	}
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if name := strings.Split(r.URL.Path, "/")[1]; handlers[name] != nil {
			if name != "through" && name != "flushing" && name != "copying" && name != "one-api" {
				io.Copy(io.Discard, r.Body)
			}
			handlers[name](w, r)
			return
		}
		http.NotFound(w, r)
	})
	http.ListenAndServe("127.0.0.1:"+os.Args[1], nil)
}
