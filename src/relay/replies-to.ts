import type { Connections } from "../room/connections.ts";
import { whereabouts } from "../room/people/mentions.ts";
import type { RoomSettings } from "../room/people/room-settings.ts";
import type { Dispatch, DispatchAnswer, RelayQuestion, RelayReply } from "../room/relays/relay-calls.ts";
import type { PeopleHere } from "./people-here.ts";

interface Asked {
  readonly people: PeopleHere;
  readonly connections: Connections;
  readonly settings: RoomSettings;
}

/** What a relay answers to its room, when the dispatches have taken effect. */
export const repliesTo = (
  dispatches: readonly Dispatch[],
  relay: Asked,
  now: number,
): DispatchAnswer["replies"] =>
  dispatches
    .filter(({ asks }) => asks.length > 0)
    .map(({ number: dispatch, asks }) => ({
      dispatch,
      replies: asks.map((question) => replyTo(question, relay, now)),
    }));

function replyTo(question: RelayQuestion, { people, connections, settings }: Asked, now: number): RelayReply {
  switch (question.about) {
    case "users": {
      const isThere = (user: string) =>
        whereabouts(people.connectionsOf(user), settings.limits.pingMs, now) === "here";
      return { there: question.users.flatMap((user, at) => (isThere(user) ? [at] : [])) };
    }
    case "place":
      return { connections: connections.countOf(question.key) };
    case "connection": {
      const found = people.find(question.id);
      return found?.user?.id === question.user ? { state: JSON.stringify(found.state) } : {};
    }
  }
}
