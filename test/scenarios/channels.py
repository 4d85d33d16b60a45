# Hears the notifications of a user and what is said in rooms, on one socket, and misses nothing: neither when the
# network fails nor when this program is stopped and started again. Python 3.9 and `websockets` 10:
#   EDGE_ROOMS_URL=http://localhost:8787 ROOMS=dashboard_updates,project_123 python3 channels.py
import asyncio, json, os, random, re, sys, time, urllib.parse, urllib.request
import websockets

URL = os.environ.get("EDGE_ROOMS_URL", "http://localhost:8787")
TOKEN_URL = os.environ.get("TOKEN_URL", URL + "/dev/token?user=ada")  # in production: your back end
ROOMS = os.environ.get("ROOMS", "dashboard_updates,project_123").split(",")
CURSORS = os.environ.get("CURSORS", "cursors.json")

INBOX = "inbox"
PING = '{"type":"ping"}'  # in this spelling the server answers it without waking anything
LOGGED = {"message", "messageUpdated", "messageDeleted", "reaction", "notification", "notificationUpdated"}
FOR_THE_MOMENT = {"rate_limited", "overloaded", "internal", "room_full", "slow_consumer", "timeout",
                  "unauthorized", "token_expired"}


def handle(channel, event):
    """What your program does. It may come twice if the program is killed before the cursor is saved: look at the id."""
    print(json.dumps({"channel": channel, **event}), flush=True)


def new_token():
    with urllib.request.urlopen(TOKEN_URL, timeout=20) as response:
        return json.load(response)["token"]


class Cursors:
    """How far each log was handled, in a file: `<epoch>.<seq>` by channel."""

    def __init__(self, file):
        self.file = file
        self.by_channel = json.load(open(file)) if os.path.exists(file) else {}

    def get(self, channel):
        return self.by_channel.get(channel)

    def seq(self, channel):
        return int(self.by_channel[channel].split(".")[1])

    def begin(self, channel, epoch):
        """Nothing of this log was handled. That is written down only when all that comes first was."""
        self.by_channel[channel] = "%s.0" % epoch

    def move(self, channel, epoch, seq):
        self.by_channel[channel] = "%s.%d" % (epoch, seq)
        with open(self.file + ".new", "w") as new:
            json.dump(self.by_channel, new)
        os.replace(self.file + ".new", self.file)


class Ended(Exception):
    """The connection is of no use any more: `code` is that of its close, where it has one."""

    def __init__(self, code, reason):
        super().__init__(reason)
        self.code, self.reason = code, reason


class Session:
    """One connection: the inbox and the rooms, until it ends with an exception."""

    def __init__(self, cursors, replaces=None):
        self.cursors, self.replaces = cursors, replaces
        self.connection, self.live_since = None, None
        self.reconnect = {"minMs": 1000, "maxMs": 30000}
        self.ping_s, self.pong_s = 10, 10  # until `connected` says
        self.epochs, self.live, self.asked = {}, set(), {}
        self.pong, self.due = asyncio.Event(), asyncio.Event()

    async def run(self):
        token = await asyncio.get_running_loop().run_in_executor(None, new_token)
        query = {"history": 0, "since": self.cursors.get(INBOX), "replaces": self.replaces}
        given = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        self.socket = await websockets.connect(
            re.sub("^http", "ws", URL) + "/v1/connect?" + given,
            subprotocols=["edge-rooms.v1"],  # with it a refusal comes as a close code
            extra_headers={"Authorization": "Bearer " + token},
            max_size=2 << 20,  # the server sends frames of 1 MiB and a little more
            ping_interval=None,  # the heartbeat is below
            close_timeout=1,
        )
        tasks = [asyncio.ensure_future(self.read()), asyncio.ensure_future(self.heartbeat())]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            done.pop().result()  # raises
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self.socket.close()

    async def heartbeat(self):
        opened = time.monotonic()
        while True:
            self.pong.clear()
            await self.socket.send(PING)
            try:
                await asyncio.wait_for(self.pong.wait(), self.pong_s)
            except asyncio.TimeoutError:
                raise Ended(None, "no pong")
            now = time.monotonic()
            if self.connection is None and now - opened > 120 or any(now - at > 30 for at in self.asked.values()):
                raise Ended(None, "no answer")
            try:
                await asyncio.wait_for(self.due.wait(), self.ping_s)
            except asyncio.TimeoutError:
                pass
            self.due.clear()

    async def ask(self, what, channel, **fields):
        command = {"type": what, "id": "%s %s" % (what, channel), **fields}
        if channel != INBOX:
            command["room"] = channel
        self.asked[command["id"]] = time.monotonic()
        await self.socket.send(json.dumps(command))

    async def read(self):
        while True:
            frame = json.loads(await self.socket.recv())
            for event in frame["events"] if frame["type"] == "batch" else [frame]:
                await self.on_frame(event.get("room", frame.get("room", INBOX)), event)

    async def on_frame(self, channel, frame):
        kind = frame["type"]
        if kind == "pong":
            self.pong.set()
        elif kind in LOGGED:
            self.on_event(channel, frame)
        elif kind == "signal":
            handle(channel, frame)
        elif kind == "connected":
            self.on_connected(channel, frame)
        elif kind == "caughtUp":
            self.cursors.move(channel, self.epochs[channel], frame["seq"])
            if frame.get("more"):  # more was missed than one replay holds
                await self.ask("history", channel, after=frame["seq"], limit=1000)
            elif channel not in self.live:
                await self.on_live(channel)
        elif kind == "ok":
            self.asked.pop(frame["id"], None)
            if "events" in frame:
                await self.on_page(channel, frame)
        elif kind in ("error", "left"):
            self.on_refusal(channel, frame)

    def on_connected(self, channel, frame):
        if channel == INBOX:
            self.connection, self.reconnect = frame["connection"], frame["reconnect"]
            self.ping_s, self.pong_s = frame["limits"]["pingMs"] / 1000, frame["limits"]["pongMs"] / 1000
            self.due.set()  # from now on at these intervals
        self.epochs[channel] = frame["epoch"]
        if frame["recovery"] == "lost":
            handle(channel, {"type": "lost"})  # away for longer than the server remembers
        if frame["recovery"] in ("lost", "none"):
            self.cursors.begin(channel, frame["epoch"])

    async def on_live(self, channel):
        self.live.add(channel)
        print("live: " + channel, file=sys.stderr, flush=True)
        if channel == INBOX:
            self.live_since = time.monotonic()
            for room in ROOMS:
                since = self.cursors.get(room)
                await self.ask("join", room, history=0, presence="off", **({"since": since} if since else {}))

    async def on_page(self, channel, page):
        for event in page["events"]:
            self.on_event(channel, event)
        self.cursors.move(channel, self.epochs[channel], page["seq"])
        if page.get("more"):
            await self.ask("history", channel, after=page["seq"], limit=1000)

    def on_event(self, channel, event):
        at = self.cursors.seq(channel)
        if event["seq"] <= at:
            return
        if channel in self.live and channel != INBOX and event["seq"] > at + 1:
            raise Ended(None, "a gap in " + channel)
        handle(channel, event)
        self.cursors.move(channel, self.epochs[channel], event["seq"])

    def on_refusal(self, channel, frame):
        asked = frame.get("id", "")
        self.asked.pop(asked, None)
        # A page that is refused: the next connection says what has become of the rest.
        if frame["code"] in FOR_THE_MOMENT or asked.startswith("history"):
            raise Ended(None, "%s %d" % (frame["code"], frame.get("retryAfterMs", 0)))
        print("%s ended: %s" % (channel, frame["code"]), file=sys.stderr, flush=True)
        handle(channel, {"type": "ended", "code": frame["code"]})


async def listen():
    cursors, connection, tries, refused_since = Cursors(CURSORS), None, 0, None
    while True:
        session = Session(cursors, connection)
        try:
            await session.run()
        except websockets.ConnectionClosed as closed:
            ended = Ended(closed.code, closed.reason)
        except Ended as exception:
            ended = exception
        except (OSError, ValueError, asyncio.TimeoutError, websockets.InvalidHandshake) as exception:
            ended = Ended(None, str(exception))
        connection = session.connection or connection
        now, code = time.monotonic(), ended.code or 0
        if session.live_since is not None:
            refused_since = None
            if now - session.live_since > 10:
                tries = 0
        given = re.match(r"\w+ (\d+)", ended.reason)
        wait_ms = int(given.group(1)) if given else 0
        back_off_ms = random.uniform(0, min(session.reconnect["maxMs"], session.reconnect["minMs"] * 2 ** tries))
        if code == 4401 and wait_ms == 0:
            if refused_since is not None and now - refused_since > 60:
                sys.exit(ended.reason)
            if refused_since is None:
                refused_since, back_off_ms = now, 0  # the token has expired: the next one is tried at once
        elif 4400 <= code < 4500 and code not in (4401, 4408, 4429):
            sys.exit(ended.reason)  # final
        tries += 1
        print("away: %s" % (ended.reason or code), file=sys.stderr, flush=True)
        await asyncio.sleep((wait_ms + back_off_ms) / 1000)


if __name__ == "__main__":
    asyncio.run(listen())
