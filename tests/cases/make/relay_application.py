"""A chat API and relay as they are written with FastAPI."""

import asyncio
import json

from fastapi import APIRouter, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address
from starlette.middleware.gzip import GZipMiddleware

from application import CHINESE_EVENTS, EVENTS, FINISH, LONG, PACKED

CHAT = "/v1/chat/completions"
limiter = Limiter(key_func=get_remote_address)
app = FastAPI()
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)
router = APIRouter()


class Strict(BaseModel):
    model: str
    user_id: str


async def produce(events, fails=False):
    for event in events:
        yield event
        await asyncio.sleep(0.005)
    if fails:
        raise RuntimeError("the generator fails")


def stream(events, fails=False):
    return StreamingResponse(produce(events, fails), media_type="text/event-stream")


@router.post("/json" + CHAT)
async def plain():
    return JSONResponse(json.loads(LONG))


@router.post("/sse" + CHAT)
async def sse():
    return stream(CHINESE_EVENTS + FINISH)


@app.post("/sse-fails" + CHAT)
async def sse_fails():
    return stream(EVENTS[:4], fails=True)


@app.post("/sse-ends" + CHAT)
async def sse_ends():
    return stream(EVENTS[:4])


@app.post("/sse-reports" + CHAT)
async def sse_reports():
    return stream(EVENTS[:4] + [b'data: {"error": {"message": "upstream closed the stream", "type": "upstream_error", "code": 502}}\n\n', FINISH[1]])


@app.post("/stale-length" + CHAT)
async def stale_length():
    return Response(LONG, headers={"Content-Length": str(len(PACKED))}, media_type="application/json")


@app.post("/fails" + CHAT)
async def fails():
    raise RuntimeError("the handler fails")


@app.get("/only-get" + CHAT)
async def only_get():
    return {}


@app.post("/strict" + CHAT)
async def strict(body: Strict):
    return body


for path, status, detail in (("denied", 403, "Not allowed"), ("wrong-key", 401, "Invalid API key"), ("busy", 503, "Server busy, please try again later")):

    @app.post(f"/{path}{CHAT}")
    async def refuse(status=status, detail=detail):
        raise HTTPException(status, detail)


@app.post("/limited" + CHAT)
@limiter.limit("1/minute")
async def limited(request: Request):
    return json.loads(LONG)


@app.post("/bare-string" + CHAT)
async def bare_string():
    return "the model is loading"


@app.post("/null" + CHAT)
async def null():
    return None


@app.post("/twice-encoded" + CHAT)
async def twice_encoded():
    return LONG.decode()


app.include_router(router)
packed = FastAPI()
packed.add_middleware(GZipMiddleware, minimum_size=1)
packed.include_router(router)
app.mount("/packed", packed)
