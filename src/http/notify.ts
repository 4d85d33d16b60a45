import { Hono } from "hono";
import * as v from "valibot";
import { mapBounded } from "../object/bounded.ts";
import { encodeData, oversize } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { MAX_INSTANT_MS, PRIORITIES, type Refusal, refuse } from "../protocol/index.ts";
import type { NotificationInput } from "../user/inbox/inbox-log.ts";
import { eventName, notificationId, userId } from "../validation/fields.ts";
import { integer, listOf, text } from "../validation/ranges.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { reportFailure } from "./failures.ts";
import { accepted, RefusalError, refusalOf } from "./refusal-error.ts";

const MAX_USERS = 1_000;
const MAX_LINK_LENGTH = 2_048;

/**
 * An `http(s)` URL, or a path that starts with a single `/`: `//host` would lead elsewhere, and so would `/\t/host`, as
 * browsers drop control characters.
 */
const isLink = (link: string): boolean =>
  !/[^!-~\u00a0-\uffff]/.test(link) &&
  link.length <= MAX_LINK_LENGTH &&
  (/^\/(?![/\\])/.test(link) || (/^https?:\/\//i.test(link) && URL.canParse(link)));

const inFuture = (at: number): boolean => at > Date.now();

const notifyBody = v.pipe(
  v.strictObject({
    user: v.exactOptional(userId),
    users: v.exactOptional(listOf(userId, 1, MAX_USERS, "user ids")),
    title: text(0, 200),
    message: text(0, 4_000),
    priority: v.exactOptional(v.picklist(PRIORITIES)),
    topic: v.exactOptional(eventName),
    link: v.exactOptional(
      v.pipe(v.string(), v.check(isLink, "must be an http(s) URL or a path starting with one /")),
    ),
    data: v.exactOptional(v.unknown()),
    id: v.exactOptional(notificationId),
    expiresAt: v.exactOptional(
      v.pipe(integer(1, MAX_INSTANT_MS), v.check(inFuture, "must be in the future, in milliseconds")),
    ),
  }),
  v.check(({ user, users }) => (user === undefined) !== (users === undefined), "takes one of user and users"),
);

interface Result {
  readonly user: string;
  readonly seq?: number;
  readonly delivered?: number;
  readonly duplicate?: true;
  readonly error?: Refusal;
}

export const notify = new Hono<AppEnv>().post("/", async (c) => {
  await requireServer(c);
  const { user, users = [], id = randomId(), priority = "medium", ...rest } = await readBody(c, notifyBody);
  const data = accepted(encodeData(rest.data));
  const tooLarge = oversize(data, c.get("config").limits.messageBytes);
  if (tooLarge !== undefined) throw new RefusalError(tooLarge);
  const notification = { ...rest, id, priority, data };
  const recipients = [...new Set(user === undefined ? users : [user])];
  return c.json({ results: await mapBounded(recipients, (recipient) => tell(c, recipient, notification)) });
});

/** One user who cannot be reached does not take the others with them; the same `id` again completes what is missing. */
async function tell(c: AppContext, user: string, notification: NotificationInput): Promise<Result> {
  try {
    return { user, ...(await userStub(c, user).notify(notification)) };
  } catch (error) {
    reportFailure("notify_failed", { user, error });
    return { user, error: refusalOf(error) ?? refuse("internal", "this user could not be reached") };
  }
}
