// A chat API on Node's http module, whose default is to send what the application writes and to count nothing.
// Usage: node server.js PORT
'use strict';
const http = require('http');
const zlib = require('zlib');

const text = '代理位于两方之间。一个只数字符的程序会在这里犯错。'.repeat(6) + ' 👍';
const answer = (content) => JSON.stringify({
  id: 'chatcmpl-node', object: 'chat.completion', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 8, completion_tokens: 90, total_tokens: 98 },
});
const body = answer(text);
const event = (delta, finish) => `data: ${JSON.stringify({
  id: 'chatcmpl-node', object: 'chat.completion.chunk', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, delta, finish_reason: finish ?? null }],
})}\n\n`;
const events = [...text.match(/.{1,12}/gu).map((content) => event({ content })), event({}, 'stop'), 'data: [DONE]\n\n'];
const bytes = Buffer.byteLength(body);
const kind = { 'Content-Type': 'application/json' };
const stream = { 'Content-Type': 'text/event-stream' };
const long = (declared, extra) => ({ ...kind, ...extra, 'Content-Length': declared });

const handlers = {
  'whole': (res) => res.writeHead(200, long(bytes)).end(body),
  'keeps-open': (res) => res.writeHead(200, long(bytes, { Connection: 'keep-alive' })).end(body),
  'undeclared': (res) => res.writeHead(200, kind).end(body),
  'counts-characters': (res) => res.writeHead(200, long([...body].length)).end(body),
  'counts-utf16': (res) => res.writeHead(200, long(body.length)).end(body),
  'counts-before-gzip': (res) => res.writeHead(200, long(bytes, { 'Content-Encoding': 'gzip' })).end(zlib.gzipSync(body)),
  'counts-indented': (res) => res.writeHead(200, long(Buffer.byteLength(JSON.stringify(JSON.parse(body), null, 2)))).end(body),
  'counts-other-model': (res) => {
    const mapped = body.replace('gpt-4o-mini', 'gpt-4o-mini-2024-07-18');
    res.writeHead(200, long(bytes)).end(mapped);
  },
  'keeps-gzip-length': (res) => res.writeHead(200, long(zlib.gzipSync(body).length)).end(body),
  'keeps-gzip-label': (res) => res.writeHead(200, long(bytes, { 'Content-Encoding': 'gzip' })).end(body),
  'writes-more': (res) => res.writeHead(200, long(bytes - 30)).end(body),
  'writes-less': (res) => { res.writeHead(200, long(bytes + 50)).write(body); },
  'writes-half': (res) => { res.writeHead(200, long(bytes)).write(Buffer.from(body).subarray(0, 301)); },
  'destroys': (res) => { res.writeHead(200, long(bytes)).write(Buffer.from(body).subarray(0, 301)); setTimeout(() => res.destroy(), 50); },
  'resets': (res) => { res.writeHead(200, long(bytes)).write(Buffer.from(body).subarray(0, 301)); setTimeout(() => res.socket.resetAndDestroy(), 100); },
  'strict': (res) => { res.strictContentLength = true; res.writeHead(200, long(bytes - 30)).end(body); },
  'strict-two': (res) => {
    res.strictContentLength = true;
    res.writeHead(200, long(bytes - 30)).write(Buffer.from(body).subarray(0, 301));
    setTimeout(() => { try { res.end(Buffer.from(body).subarray(301)); } catch (error) { res.destroy(); } }, 30);
  },
  'second-response': (res) => {
    res.writeHead(200, long(bytes)).end(body);
    res.socket.write('HTTP/1.1 500 Internal Server Error\r\nContent-Length: 5\r\n\r\nerror');
  },
  'gzip': (res) => res.writeHead(200, { ...kind, 'Content-Encoding': 'gzip' }).end(zlib.gzipSync(body)),
  'br': (res) => res.writeHead(200, { ...kind, 'Content-Encoding': 'br' }).end(zlib.brotliCompressSync(body)),
  'deflate': (res) => res.writeHead(200, { ...kind, 'Content-Encoding': 'deflate' }).end(zlib.deflateSync(body)),
  'stream': (res) => { res.writeHead(200, stream); trickle(res, events, () => res.end()); },
  'gzip-stream': (res) => {
    res.writeHead(200, { ...stream, 'Content-Encoding': 'gzip' });
    const pack = zlib.createGzip();
    pack.pipe(res);
    trickle({ write: (part) => { pack.write(part); pack.flush(zlib.constants.Z_SYNC_FLUSH); } }, events, () => pack.end());
  },
  'destroys-stream': (res) => { res.writeHead(200, stream); trickle(res, events.slice(0, 4), () => res.destroy()); },
  'ends-stream-early': (res) => { res.writeHead(200, stream); trickle(res, events.slice(0, 4), () => res.end()); },
  'crlf-stream': (res) => { res.writeHead(200, stream); trickle(res, [':ok\r\n\r\n', ...events.map((e) => e.replace(/\n/g, '\r\n'))], () => res.end()); },
  'json-for-stream': (res) => res.writeHead(200, kind).end(body),
  'stream-for-json': (res) => { res.writeHead(200, stream); trickle(res, events, () => res.end()); },
  'object-as-text': (res) => res.writeHead(200, kind).end(String(JSON.parse(body))),
  'half-json': (res) => res.writeHead(200, kind).end(body.slice(0, 120)),
  'express-404': (res) => res.writeHead(404, { 'Content-Type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>Error</title>\n</head>\n<body>\n<pre>Cannot POST /v1/chat/completions</pre>\n</body>\n</html>\n'),
};

function trickle(out, parts, then) {
  const [first, ...rest] = parts;
  if (first === undefined) return then();
  out.write(first);
  setTimeout(() => trickle(out, rest, then), 8);
}

http.createServer((req, res) => {
  req.resume();
  req.on('end', () => {
    res.setHeader('Connection', 'keep-alive');
    if (!/^(writes-|keeps-open)/.test(req.url.split('/')[1])) res.setHeader('Connection', 'close');
    try {
      handlers[req.url.split('/')[1]](res);
    } catch (error) {
      res.destroy();
    }
  });
}).on('clientError', () => {}).listen(Number(process.argv[2]), '127.0.0.1');
