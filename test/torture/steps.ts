// What happens in a round, one step of chance after the other.

import type { RoomHandle } from "../../client/index.ts";
import type { Seat, World } from "./world.ts";

const EMOJIS = ["👍", "🎉"];
const STATUSES = ["online", "away", "busy"] as const;
/** More than a message may have. */
const TOO_LARGE = 40_000;
const BURST = 6;

/** Something that people or server code do. */
export function act(world: World): void {
  const { random } = world;
  const roll = random.next();
  const [long = "", short = ""] = world.rooms;
  if (roll < 0.06) world.serverCode.publish(long, world.nextText());
  else if (roll < 0.1) void world.serverCode.publishSince(short, world.nextText());
  else if (roll < 0.15) notify(world);
  else {
    const seat = random.pick(world.seats);
    actAt(world, seat, random.pick(seat.device.rooms));
  }
}

export function notify(world: World): void {
  const users = new Map(world.seats.map(({ device }) => [device.options.user, device.inboxName]));
  const one = world.random.any([...users]);
  const isForAll = world.random.next() < 0.5 || one === undefined;
  world.serverCode.notify(isForAll ? users : new Map([one]), world.nextText());
}

/** Everybody says something at once. */
export function burst(world: World): void {
  for (const { device } of world.seats) {
    const room = world.random.pick(device.rooms);
    for (let n = world.random.upTo(BURST); n > 0; n--) device.send(room, world.nextText());
  }
}

function actAt(world: World, seat: Seat, room: RoomHandle): void {
  const { random } = world;
  const { device } = seat;
  const roll = random.next();
  if (roll < 0.55)
    device.send(room, world.nextText(), { echo: seat.place.isOffline === true || random.next() < 0.8 });
  else if (roll < 0.56) device.send(room, `${world.nextText()}-large`, { padding: TOO_LARGE });
  else if (roll < 0.76) change(world, seat, room);
  else if (roll < 0.8) device.mark(random.pick(["seen", "read"] as const), random.upTo(10) - 1);
  else if (roll < 0.84) void room.setPresence({ status: random.pick(STATUSES) }).catch(() => {});
  else if (roll < 0.88) void room.markRead().catch(() => {});
  else if (roll < 0.92) room.startTyping();
  else if (roll < 0.94) room.reconnect();
  else if (roll < 0.96) device.client.reconnect();
  else if (roll < 0.98) seat.tab?.look(random.next() < 0.5);
  else if (seat.tab?.standsStill === false) seat.tab.freeze(random.next() < 0.5);
  else if (seat.place.isOffline || seat.place.hasTabs) {
    world.did(`replaces ${device.options.name}`);
    seat.replace();
  }
}

function change({ random }: World, { device }: Seat, room: RoomHandle): void {
  const recent = room.latest(10).flatMap((message) => (message.pending ? [] : [message]));
  const { user } = device.options;
  const own = random.any(
    recent.filter(({ from, deletedAt }) => from?.id === user && deletedAt === undefined),
  );
  const any = random.any(recent);
  const roll = random.next();
  if (roll < 0.4 && own)
    device.change(room, own.seq, { type: "edit", text: nextEdit(own.seq, random.next()) });
  else if (roll < 0.48 && own) device.change(room, own.seq, { type: "delete" });
  else if (any !== undefined) {
    const reaction = `${random.pick(EMOJIS)} ${user}`;
    device.change(room, any.seq, { type: roll < 0.85 ? "react" : "unreact", reaction });
  }
}

const nextEdit = (seq: number, chance: number) => `e${seq}-${chance.toString(36).slice(2, 10)}`;

/** Something that a network does. */
export function disturb(world: World): void {
  const { random, tally } = world;
  const network = random.pick(world.networks);
  const which = () => random.next() < 0.6;
  const roll = random.next();
  if (roll < 0.2) tally.cuts += network.cut("fin", which);
  else if (roll < 0.4) tally.cuts += network.cut("rst", which);
  else if (roll < 0.55) tally.cuts += network.halfOpen(which);
  else if (roll < 0.7) tally.cuts += network.tear(which);
  else if (roll < 0.85) network.delay(random.upTo(60));
  else network.delay(0);
  // A tab does not stand still for the whole round.
  random.any(world.seats.filter(({ tab }) => tab?.standsStill))?.tab?.resume();
}
