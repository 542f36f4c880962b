"""A first program: sign up, join a channel, say something twice, read it once."""

import asyncio
import os
import uuid

from warren_client import AsyncWarren, ProblemError, Warren
from warren_client.models import MessageRequest, SignupRequest

URL = os.environ.get("WARREN_URL", "http://127.0.0.1:8080")

person = SignupRequest(
    username=f"ann-{uuid.uuid4().hex[:8]}", password="correct horse battery", first_name="Ann"
)
session = Warren(URL).signup(body=person)

with Warren(URL, session.access_token) as warren:
    warren.join_channel("public")

    # The same key: one message, however often it is sent.
    key = str(uuid.uuid4())
    message = MessageRequest(text="Hello from Python")
    first = warren.post_message("public", body=message, idempotency_key=key)
    second = warren.post_message("public", body=message, idempotency_key=key)
    print(f"sent {first.id} as number {first.seq}, and again as {second.seq}")

    read = warren.get_message(first.id)
    print(f"{read.author.username}: {read.text}")

    try:
        warren.get_channel("nowhere")
    except ProblemError as error:
        print("refused:", error.status, error.problem.code if error.problem else "")


async def list_channels() -> None:
    async with AsyncWarren(URL, session.access_token) as warren:
        print("channels:", [channel.name for channel in (await warren.list_channels()).items])


asyncio.run(list_channels())
