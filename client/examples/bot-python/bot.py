# A bot: answers each message that begins with "!echo ". Python 3.8 and no package: python3 bot.py
import json, os, random, time, urllib.error, urllib.request, uuid

URL = os.environ.get("EDGE_ROOMS_URL", "http://localhost:8787")
ROOM = os.environ.get("ROOM", "lobby")
WAIT = 25  # seconds that the server waits for an event

def call(method, path, body=None, token=None):
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", **({"Authorization": "Bearer " + token} if token else {})}
    request = urllib.request.Request(URL + path, data=data, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=WAIT + 10) as response:
        return json.load(response)

def new_token():
    # In production your back end makes the token: see ../token-servers.
    return os.environ.get("TOKEN") or call("GET", "/dev/token?user=echo&name=Echo")["token"]

def answer(message, token):
    data = message.get("data")  # whatever somebody said
    text = data.get("text") if isinstance(data, dict) else None
    if message["type"] != "message" or not isinstance(text, str) or not text.startswith("!echo "):
        return
    # The id makes it safe to say again: what the server has already, it stores once.
    say = {"id": "echo-%d" % message["seq"], "data": {"text": text[len("!echo "):]}, "replyTo": message["seq"]}
    call("POST", "/v1/rooms/%s/messages" % ROOM, say, token)

def listen():
    token, query, failures = new_token(), "history=0", 0
    while True:
        try:
            page = call("GET", "/v1/rooms/%s/events?wait=%d&%s" % (ROOM, WAIT, query), token=token)
            for event in page["events"]:
                answer(event, token)
            query, failures = "since=" + page["cursor"], 0
            if page.get("error"):
                raise OSError(page["error"])
        except urllib.error.HTTPError as error:
            if error.code == 401:
                token = new_token()
            elif error.code < 500 and error.code != 429:
                raise SystemExit(error.read().decode())
            failures += 1
        except (OSError, ValueError) as error:
            print("trying again:", error)
            failures += 1
        if failures:
            time.sleep(random.uniform(0.5, 1) * min(30, 2 ** failures))

if __name__ == "__main__":
    listen()
