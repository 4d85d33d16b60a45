// The log for those who have no token and do not wait, in a room that everybody may read: one answer for all who ask the
// same. Nothing that depends on who asks may get in here.

import { includes, roomPermission } from "../access/room-permission.ts";
import { credentialOf } from "../auth/credentials.ts";
import { accept, EVENTS_QUERY, type Outcome, parseCursor, reject, type Topics } from "../protocol/index.ts";
import type { WatchedPage, WatchQuery } from "../room/watch-look.ts";
import type { AppContext } from "./app-context.ts";
import { roomStub } from "./app-context.ts";
import { requireRoom, spendAnonymous } from "./authenticate.ts";
import { accepted, refusalOf } from "./refusal-error.ts";
import { namedRoom, readQuery, readSocketQuery } from "./request-url.ts";
import { pageText, sharedJson } from "./responses.ts";
import { SharedAnswers } from "./shared-answers.ts";
import { trustedCaller } from "./trusted-caller.ts";

const answers = new SharedAnswers({ now: () => Date.now(), wait: (ms) => scheduler.wait(ms) });

/** Whether a call is answered as all others of its kind. */
export function isShared(c: AppContext): boolean {
  if (trustedCaller(c.req.raw) !== undefined) return false;
  if (credentialOf(c.req.raw, { inQuery: false }).kind !== "none") return false;
  if (!includes(roomPermission(c.get("config").access, null, namedRoom(c)), "read")) return false;
  const { wait = 0 } = readQuery(c, EVENTS_QUERY);
  return wait === 0;
}

/** Only who causes a call to the room spends an allowance: that of others is for them to use. */
export async function watchEvents(c: AppContext): Promise<Response> {
  const room = namedRoom(c);
  const query = queryOf(c);
  // As a list, so that no part can be taken for another one.
  const key = JSON.stringify([room, query.since, query.history, query.topics]);
  const answer = answers.get(key, () => ask(c, query));
  // Others may wait for it: it comes also if this caller goes away, which else ends all that its request does.
  c.executionCtx.waitUntil(answer.catch(() => {}));
  return sharedJson(accepted(await answer));
}

/** Different spellings of one question are one question. */
function queryOf(c: AppContext): WatchQuery {
  const { since, history, topics } = readSocketQuery(c);
  // Whatever cannot be read is `lost` in the same way.
  const isCursor = since === undefined || parseCursor(since) !== undefined;
  return { since: isCursor ? since : UNREADABLE, history, topics: inOrder(topics) };
}

const UNREADABLE = "-";

const inOrder = (topics: Topics): Topics => topics && [...new Set(topics)].sort();

async function ask(c: AppContext, query: WatchQuery): Promise<Outcome<string>> {
  try {
    await spendAnonymous(c);
    const { room, actor } = await requireRoom(c, { kind: "none" }, "read");
    const page = await roomStub(c, room).watch(actor, query);
    return page.ok ? accept(textOf(page.value)) : page;
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === undefined) throw error;
    return reject(refusal);
  }
}

function textOf({ events, more, ...page }: WatchedPage): string {
  return pageText("events", events, { ...page, ...(more && { more }), members: [] });
}
