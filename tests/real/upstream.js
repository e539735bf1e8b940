// A chat API on Node's http module. Each handler answers in the way that its name says; the first part of the path chooses it.
'use strict';
const crypto = require('node:crypto');
const http = require('node:http');
const zlib = require('node:zlib');

const completion = text => JSON.stringify({
  id: 'chatcmpl-node', object: 'chat.completion', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 8, completion_tokens: 12, total_tokens: 20 },
});
const english = completion('this answer comes from a small Node server, which has counted as its name says');
const chinese = completion('这段回答来自一个小小的 Node 服务器，它按自己的名字来计数');
const emoji = completion('早上好 🌅🌅🌅');
// So many characters that this number of bytes ends inside one of them.
const endsInsideCharacter = text => (Buffer.from(text)[[...text].length] & 0xc0) === 0x80;
const long = [300, 301, 302].map(count => completion('长'.repeat(count))).find(endsInsideCharacter);

const event = (delta, reason) => 'data: ' + JSON.stringify({
  id: 'chatcmpl-node', object: 'chat.completion.chunk', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, delta, finish_reason: reason }],
}) + '\n\n';
const words = Array.from({ length: 24 }, (_, at) => event({ content: `word ${at} ` }, null));
const short = Array.from({ length: 24 }, () => 'data: {"choices":[{"index":0,"delta":{"content":"a "},"finish_reason":null}]}\n\n');
const ending = [event({}, 'stop'), 'data: [DONE]\n\n'];

const declare = (res, length) => res.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': length });
const stream = res => res.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });

// 26 events in about one and a half seconds.
const trickle = async (res, events, pause = 55) => {
  stream(res);
  for (const text of events) {
    res.write(text);
    await new Promise(resolve => setTimeout(resolve, pause));
  }
  res.end();
};

const handlers = {
  whole: res => declare(res, Buffer.byteLength(chinese)).end(chinese),
  'writes-more': res => declare(res, english.length - 30).end(english),
  'writes-less': res => declare(res, english.length + 30).end(english),
  'writes-less-and-stays': res => declare(res, english.length + 30).write(english),
  'writes-half-and-stays': res => declare(res, english.length).write(english.slice(0, 200)),
  'counts-characters': res => declare(res, [...chinese].length).end(chinese),
  'counts-characters-of-a-long-text': res => declare(res, [...long].length).end(long),
  'counts-utf16-units': res => declare(res, emoji.length).end(emoji),
  'counts-before-gzip': res => res.writeHead(200, {
    'Content-Type': 'application/json', 'Content-Encoding': 'gzip', 'Content-Length': english.length,
  }).end(zlib.gzipSync(english)),
  'keeps-gzip-label': res => res.writeHead(200, {
    'Content-Type': 'application/json', 'Content-Encoding': 'gzip', 'Content-Length': english.length,
  }).end(english),
  'destroys-midway': res => declare(res, english.length).write(english.slice(0, 200), () => res.destroy()),
  'resets-midway': res => declare(res, english.length).write(english.slice(0, 200), () => res.socket.resetAndDestroy()),
  'destroys-stream': res => stream(res).write(words.slice(0, 5).join(''), () => res.destroy()),
  // Late enough for a proxy to have passed on what came before.
  'destroys-after-the-head': res => {
    declare(res, english.length).flushHeaders();
    setTimeout(() => res.destroy(), 1000);
  },
  'destroys-stream-after-a-while': res => {
    stream(res).write(words.slice(0, 5).join(''));
    setTimeout(() => res.destroy(), 500);
  },
  'destroys-first': res => res.destroy(),
  // What a framework does that catches the exception of strictContentLength.
  'strict-in-one-write': res => {
    res.strictContentLength = true;
    try { declare(res, english.length - 30).end(english); } catch { res.destroy(); }
  },
  'strict-in-two-writes': res => {
    res.strictContentLength = true;
    declare(res, english.length - 30).write(english.slice(0, 200), () => {
      try { res.end(english.slice(200)); } catch { res.destroy(); }
    });
  },
  md5: res => res.writeHead(200, {
    'Content-Type': 'application/json', 'Content-MD5': crypto.createHash('md5').update(english).digest('base64'),
  }).end(english),
  'slow-stream': res => trickle(res, [...words, ...ending]),
  'slow-stream-of-few-bytes': res => trickle(res, [...short, ...ending]),
  silent: () => {},
  // As a model does: a stream comes word by word, a plain answer as a whole.
  model: (res, asked) => asked.stream ? trickle(res, [...words, ...ending], 85) : declare(res, Buffer.byteLength(chinese)).end(chinese),
};

http.createServer((req, res) => {
  const parts = [];
  req.on('data', part => parts.push(part)).on('end', () => {
    let asked = {};
    try { asked = JSON.parse(Buffer.concat(parts)); } catch { /* A list of models was asked for. */ }
    handlers[req.url.split('/')[1]](res, asked);
  });
}).listen(Number(process.argv[2]), '127.0.0.1');
