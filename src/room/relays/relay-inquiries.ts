// What a room that does not hold the connections at its relays asks them: whether a user is there, how many connections
// they have there, and for the one that a client gave up.

import { type Identity, userOf } from "../../access/identity.ts";
import type { Mention } from "../people/mentions.ts";
import type { RoomConnectionState } from "../people/room-connection.ts";
import type { RelayQuestion, RelayReply } from "./relay-calls.ts";
import { chosenSoFar, placeKeyOf, placeKeyOfUser } from "./relay-choice.ts";
import type { RelayLink } from "./relay-link.ts";
import { relayOfId } from "./relay-numbers.ts";

type Heard = (reply?: RelayReply) => void;

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

  /** One question of a flush to each relay, and the same object: a call to a hub has it once. */
  #askAbout(mentions: readonly Mention[]): void {
    const asked = [...this.#links.values()].filter(({ isEmpty }) => !isEmpty);
    const users = [...new Set(mentions.map(({ user }) => user))];
    const there = new Set<string | undefined>();
    let waiting = asked.length;
    const tell = () => this.#missed.push(...mentions.filter(({ user }) => !there.has(user)));
    const question: RelayQuestion = { about: "users", users };
    for (const { questions } of asked)
      questions.ask(question, (reply) => {
        waiting--;
        for (const at of reply?.there ?? []) there.add(users[at]);
        if (waiting === 0) tell();
      });
    if (asked.length === 0) tell();
  }

  /** Whether a user has anything open at a relay: no, if all of them have said so. */
  mayHave(user: string, heard: (mayHave: boolean) => void): void {
    const asked = [...this.#links.values()].filter(({ isEmpty }) => !isEmpty);
    let waiting = asked.length;
    let mayHave = false;
    const key = placeKeyOfUser(user);
    for (const link of asked)
      link.questions.ask({ about: "place", key }, (reply) => {
        waiting--;
        mayHave ||= reply?.connections !== 0;
        if (waiting === 0) heard(mayHave);
      });
    if (asked.length === 0) heard(false);
  }

  /** How many connections of a user, or from an address, the relays have to which these go, or went when there were fewer. */
  count(identity: Identity, region: string, heard: (connections: number) => void): void {
    const links = [...this.#links.values()];
    const isNear = links.some((link) => link.region === region);
    const places = links.map(({ number, region: at }) => ({
      ...{ number, region: isNear ? at : region, hasPlace: true },
    }));
    const key = placeKeyOf(identity);
    const asked = chosenSoFar(places, key, region);
    let [waiting, connections] = [asked.length, 0];
    for (const { number } of asked)
      this.#ask(number, { about: "place", key }, (reply) => {
        connections += reply?.connections ?? 0;
        if (--waiting === 0) heard(connections);
      });
    if (asked.length === 0) heard(0);
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
    this.#ask(relay, { about: "connection", id, user }, (reply) => {
      if (reply?.state === undefined) heard();
      else heard({ relay, state: JSON.parse(reply.state) });
    });
  }

  #ask(relay: number | undefined, question: RelayQuestion, heard: Heard): void {
    const link = relay === undefined ? undefined : this.#links.get(relay);
    if (link === undefined || link.isEmpty || link.isOutOfReach) heard();
    else link.questions.ask(question, heard);
  }
}

const NOBODY: readonly Mention[] = [];
