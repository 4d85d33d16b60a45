# Uses the client that was generated from the OpenAPI document: arguments are an API key, a room and a user.
import json
import sys

import edge_rooms
from edge_rooms.exceptions import ApiException

_, key, room, user = sys.argv
configuration = edge_rooms.Configuration()
configuration.access_token = key
client = edge_rooms.ApiClient(configuration)
rooms = edge_rooms.RoomsApi(client)
users = edge_rooms.UsersApi(client)

message = edge_rooms.MessageBody(
    data={"text": "from Python", "parts": [1, None]},
    id="python-1",
    _from=edge_rooms.Sender(id=user),
    mentions=["bo"],
)
stored = rooms.publish_message(room, message)
again = rooms.publish_message(room, message)
page = rooms.list_messages(room, limit=10, topics=["chat"])
told = users.notify(edge_rooms.NotifyBody(user=user, title="Python", message="It works", priority="high"))
try:
    rooms.edit_message(room, 999999, edge_rooms.EditBody(data=1))
    refusal = None
except ApiException as error:
    refusal = [error.status, json.loads(error.body)["error"]["code"]]

print(
    json.dumps(
        {
            "host": configuration.host,
            "seq": stored.seq,
            "duplicate": [stored.duplicate, again.duplicate, again.seq],
            "messages": [[m.seq, m.event, m._from.id if m._from else None, m.data, m.mentions] for m in page.messages],
            "notified": [[entry.user, entry.seq] for entry in told.results],
            "refusal": refusal,
        }
    )
)
