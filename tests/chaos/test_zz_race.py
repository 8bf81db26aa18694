"""scratch"""

import asyncio, os, random, signal, sys, time
from collections import Counter
from tests.chaos.load.model import slow_model
from tests.chaos.load.places import Place, fill, numbered

CONN = int(os.environ.get("R_CONN", "40"))
TIMES = int(os.environ.get("R_TIMES", "10"))
DELAY = float(os.environ.get("R_DELAY", "0.5"))
PAUSE = float(os.environ.get("R_PAUSE", "0.05"))
NEW = float(os.environ.get("R_NEW", "0.3"))


async def one(host, port, end, found, misses):
    reader = writer = None
    reused = False
    while not end.is_set():
        await asyncio.sleep(random.uniform(0, 2 * PAUSE))
        if writer is not None and (reader.at_eof() or writer.is_closing()):
            writer.close()
            writer = None
        if writer is not None and random.random() < NEW:
            writer.close()
            writer = None
        try:
            if writer is None:
                reader, writer = await asyncio.open_connection(host, port)
                reused = False
        except OSError:
            found["refused"] += 1
            return
        try:
            path = f"/predict/m{next(misses)}" if random.random() < 0.1 else "/predict/hit"
            writer.write(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            n = int(head.split("content-length: ")[1].split("\r\n")[0])
            await reader.readexactly(n)
            found[head[9:12]] += 1
            if "connection: close" in head:
                writer.close()
                writer = None
            else:
                reused = True
        except (OSError, asyncio.IncompleteReadError) as e:
            found[f"{'reused' if reused else 'new'} {type(e).__name__}"] += 1
            if writer is not None:
                writer.close()
            writer = None


async def test_race(database_url, tmp_path):
    import itertools

    total = Counter()
    misses = itertools.count()
    with slow_model(0.1) as model:
        place = Place(database_url, model, tmp_path)
        for n in range(TIMES):
            with place.service(
                *(
                    (
                        "-c",
                        "import sys, uvicorn; import app.core.shutdown as s; s.GentleServer = uvicorn.Server; from app.cli import main; main(sys.argv[1:])",
                    )
                    if os.environ.get("R_OLD") == "old"
                    else ()
                ),
                shutdown_delay=DELAY,
                keep_alive=75,
            ) as service:
                if n == 0:
                    await fill(service, numbered("m", 20000) | {"hit": 0.5})
                host, port = service.url.removeprefix("http://").split(":")
                end, found = asyncio.Event(), Counter()
                tasks = [asyncio.create_task(one(host, int(port), end, found, misses)) for _ in range(CONN)]
                await asyncio.sleep(1.5)
                service.process.send_signal(signal.SIGTERM)
                await asyncio.to_thread(service.process.wait)
                await asyncio.sleep(0.3)
                end.set()
                await asyncio.gather(*tasks)
                print(n, dict(found), file=sys.stderr)
                total += found
    print("TOTAL", dict(total), file=sys.stderr)
