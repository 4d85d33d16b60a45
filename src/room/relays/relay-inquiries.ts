// What a room that does not hold the connections at its relays asks them: whether a user is there, how many connections
// they have there, and for the one that a client gave up.

import { type Identity, userOf } from "../../access/identity.ts";
import type { Mention } from "../people/mentions.ts";
import type { RoomConnectionState } from "../people/room-connection.ts";
import type { RelayQuestion, RelayReply } from "./relay-calls.ts";
import { chosenSoFar, placeKeyOf, placeKeyOfUser } from "./relay-choice.ts";
import type { RelayLink } from "./relay-link.ts";
import { relayOfId } from "./relay-numbers.ts";

export class RelayInquiries {
  readonly #links: ReadonlyMap<number, RelayLink>;
  /** Whom relays have not found. */
  #missed: Mention[] = [];

  constructor(links: ReadonlyMap<number, RelayLink>) {
    this.#links = links;
  }

  /** Whether mentions wait to be told. */
  get haveNews(): boolean {
    return this.#missed.length > 0;
  }

  /**
   * Of users who were mentioned and have no socket at the room: asks all relays, which get the message in any case.
   * Answers the mentions of users who are nowhere, also of earlier calls.
   */
  missed(mentions: readonly Mention[]): readonly Mention[] {
    if (mentions.length > 0) this.#askAbout(mentions);
    if (this.#missed.length === 0) return NOBODY;
    const missed = this.#missed;
    this.#missed = [];
    return missed;
  }

  /** One question of a flush to each relay. */
  #askAbout(mentions: readonly Mention[]): void {
    const users = [...new Set(mentions.map(({ user }) => user))];
    askAll(this.#notEmpty, { about: "users", users }, (replies) => {
      const there = new Set(replies.flatMap((reply) => reply?.there ?? []).map((at) => users[at]));
      this.#missed.push(...mentions.filter(({ user }) => !there.has(user)));
    });
  }

  /** Whether a user has anything open at a relay: no, if all of them have said so. */
  mayHave(user: string, heard: (mayHave: boolean) => void): void {
    askAll(this.#notEmpty, { about: "place", key: placeKeyOfUser(user) }, (replies) =>
      heard(replies.some((reply) => reply?.connections !== 0)),
    );
  }

  /** How many connections of a user, or from an address, the relays have to which these go, or went when there were fewer. */
  count(identity: Identity, region: string, heard: (connections: number) => void): void {
    const links = [...this.#links.values()];
    const isNear = links.some((link) => link.region === region);
    const places = links.map(({ number, region: at }) => ({
      ...{ number, region: isNear ? at : region, hasPlace: true },
    }));
    const key = placeKeyOf(identity);
    const asked = chosenSoFar(places, key, region).flatMap(({ number }) => this.#answering(number));
    askAll(asked, { about: "place", key }, (replies) =>
      heard(replies.reduce((sum, reply) => sum + (reply?.connections ?? 0), 0)),
    );
  }

  /** The connection with this id, if a relay has it, and if it is of the same user. */
  find(
    id: string,
    identity: Identity,
    heard: (found?: { readonly relay: number; readonly state: RoomConnectionState }) => void,
  ): void {
    const relay = relayOfId(id);
    const user = userOf(identity)?.id;
    if (user === undefined || relay === undefined) {
      heard();
      return;
    }
    askAll(this.#answering(relay), { about: "connection", id, user }, ([reply]) => {
      if (reply?.state === undefined) heard();
      else heard({ relay, state: JSON.parse(reply.state) });
    });
  }

  get #notEmpty(): RelayLink[] {
    return [...this.#links.values()].filter(({ isEmpty }) => !isEmpty);
  }

  /** The relay with this number, if it can be reached and may have somebody. */
  #answering(relay: number): RelayLink[] {
    const link = this.#links.get(relay);
    return link === undefined || link.isEmpty || link.isOutOfReach ? [] : [link];
  }
}

/**
 * `heard` is called once, when each of them has answered or could not be reached (`undefined`). The question is the same
 * object: a call to a hub has it once.
 */
function askAll(
  links: readonly RelayLink[],
  question: RelayQuestion,
  heard: (replies: readonly (RelayReply | undefined)[]) => void,
): void {
  const replies: (RelayReply | undefined)[] = [];
  for (const { questions } of links)
    questions.ask(question, (reply) => {
      if (replies.push(reply) === links.length) heard(replies);
    });
  if (links.length === 0) heard(replies);
}

const NOBODY: readonly Mention[] = [];
