// Relays and APIs as they are written for Node: Express with its middleware, and Fastify. Usage: node express.js PORT UPSTREAM
'use strict';
const { createRequire } = require('module');
const load = createRequire(process.env.CASES_NODE + '/');
const express = load('express');
const compression = load('compression');
const { rateLimit } = load('express-rate-limit');
const { createProxyMiddleware } = load('http-proxy-middleware');
const fastify = load('fastify');

const [port, upstream] = process.argv.slice(2).map(Number);
const target = `http://127.0.0.1:${upstream}`;
const text = 'Express 计算的是 Buffer 的字节数，所以中文也没有问题。'.repeat(8);
const answer = {
  id: 'chatcmpl-express', object: 'chat.completion', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, message: { role: 'assistant', content: text }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 8, completion_tokens: 90, total_tokens: 98 },
};
const event = (delta, finish) => `data: ${JSON.stringify({
  id: 'chatcmpl-express', object: 'chat.completion.chunk', created: 1763856000, model: 'gpt-4o-mini',
  choices: [{ index: 0, delta, finish_reason: finish ?? null }],
})}\n\n`;
const events = [...text.slice(0, 120).match(/.{1,12}/gu).map((content) => event({ content })), event({}, 'stop'), 'data: [DONE]\n\n'];

function stream(res, parts, then) {
  res.setHeader('Content-Type', 'text/event-stream');
  const [first, ...rest] = parts;
  if (first === undefined) return then();
  res.write(first);
  if (res.flush) res.flush();
  setTimeout(() => stream({ ...res, setHeader() {}, write: res.write.bind(res), flush: res.flush?.bind(res) }, rest, then), 8);
}

const app = express();
// Passed on as it is, before any body is read.
app.use('/proxy', createProxyMiddleware({ target, changeOrigin: true }));
app.use('/limited', rateLimit({ windowMs: 60000, limit: 1, standardHeaders: true }));
app.use('/packed', compression({ threshold: 0 }));
app.use('/small', express.json({ limit: 100 }));
app.use(express.json());
app.post(['/json/*', '/limited/*', '/packed/json/*'], (req, res) => res.json(answer));
app.post(['/sse/*', '/packed/sse/*'], (req, res) => stream(res, events, () => res.end()));
app.post('/throws/*', () => { throw new Error('the handler throws'); });
app.post('/throws-in-stream/*', (req, res, next) => stream(res, events.slice(0, 4), () => next(new Error('midway'))));
app.post('/undefined/*', (req, res) => res.json({ ...answer, choices: [{ ...answer.choices[0], message: undefined }] }));
app.post('/no-choices/*', (req, res) => res.json({ ...answer, choices: [] }));
// A relay that reads the upstream's answer as text and copies all its fields: those of the compressed answer.
app.post('/copies/*', async (req, res) => {
  try {
    const path = req.originalUrl.replace('/copies', '');
    const reply = await fetch(target + path, { method: 'POST', body: JSON.stringify(req.body), headers: { 'Content-Type': 'application/json' } });
    const body = await reply.text();
    res.status(reply.status);
    for (const [name, value] of reply.headers) if (!['connection', 'transfer-encoding'].includes(name)) res.setHeader(name, value);
    res.end(body);
  } catch (error) {
    res.status(500).json({ error: { message: String(error), type: 'upstream_error', code: 'do_request_failed' } });
  }
});
// The same, but it pipes the stream and never asks how it ended.
app.post('/pipes/*', async (req, res) => {
  const path = req.originalUrl.replace('/pipes', '');
  const reply = await fetch(target + path, { method: 'POST', body: JSON.stringify(req.body), headers: { 'Content-Type': 'application/json' } });
  res.status(reply.status).setHeader('Content-Type', reply.headers.get('content-type'));
  try {
    for await (const part of reply.body) res.write(part);
  } catch (error) {
    // Swallowed, as is usual.
  }
  res.end();
});

const quick = fastify({ bodyLimit: 300 });
quick.post('/fast/json/*', async () => answer);
quick.post('/fast/throws/*', async () => { throw new Error('the handler throws'); });
quick.ready().then(() => {
  app.use('/fast', (req, res) => res.status(404).end());
  const server = require('http').createServer((req, res) => (req.url.startsWith('/fast/') ? quick.routing(req, res) : app(req, res)));
  server.listen(port, '127.0.0.1');
});
