import { Hono } from "hono";
import * as v from "valibot";
import { mapBounded } from "../object/bounded.ts";
import { encodeData, oversize } from "../object/encode-data.ts";
import { randomId } from "../object/runtime/random-id.ts";
import { NOTIFY_BODY, type NotifyEntry, refuse } from "../protocol/index.ts";
import type { NotificationInput } from "../user/inbox/inbox-log.ts";
import { validator } from "../validation/validator.ts";
import type { AppContext, AppEnv } from "./app-context.ts";
import { userStub } from "./app-context.ts";
import { requireServer } from "./authenticate.ts";
import { readBody } from "./body.ts";
import { reportFailure } from "./failures.ts";
import { accepted, RefusalError, refusalOf } from "./refusal-error.ts";

const MAX_LINK_LENGTH = 2_048;

/**
 * An `http(s)` URL, or a path that starts with a single `/`: `//host` would lead elsewhere, and so would `/\t/host`, as
 * browsers drop control characters.
 */
const isLink = (link: unknown): boolean =>
  typeof link === "string" &&
  !/[^!-~\u00a0-\uffff]/.test(link) &&
  link.length <= MAX_LINK_LENGTH &&
  (/^\/(?![/\\])/.test(link) || (/^https?:\/\//i.test(link) && URL.canParse(link)));

const inFuture = (at: unknown): boolean => Number(at) > Date.now();

const notifyBody = v.pipe(
  validator(NOTIFY_BODY, {
    link: [isLink, "must be an http(s) URL or a path starting with one /"],
    expiresAt: [inFuture, "must be in the future, in milliseconds"],
  }),
  v.check(
    ({ user, users }) => (user === undefined) !== (users === undefined),
    "takes exactly one of user and users",
  ),
);

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

/** A user out of reach has an error in their result; the same `id` sent again reaches only those who are missing. */
async function tell(c: AppContext, user: string, notification: NotificationInput): Promise<NotifyEntry> {
  try {
    return { user, ...(await userStub(c, user).notify(notification)) };
  } catch (error) {
    reportFailure("notify_failed", { user, error });
    return { user, error: refusalOf(error) ?? refuse("internal", "this user could not be reached") };
  }
}
