// What a push shows, and where a click on it leads. The push is a declarative one: browsers that know these show it
// alike. Pure, so that it can be tested without a browser.

export interface Notice {
  readonly title: string;
  readonly options: {
    readonly body: string;
    /** One with the same tag takes its place, without another sound. */
    readonly tag?: string;
    readonly requireInteraction: boolean;
    readonly silent: boolean;
    readonly data: { readonly link?: string };
  };
  /** For the app's badge. */
  readonly unread?: number;
}

/** A browser wants something shown for each push, also for one that cannot be read. */
export function noticeOf(text: string | undefined): Notice {
  const { notification } = recordOf(parse(text));
  const {
    title,
    body,
    navigate,
    tag,
    silent,
    requireInteraction,
    app_badge: badge,
    data,
  } = recordOf(notification);
  const link = textOf(recordOf(data).link) ?? textOf(navigate);
  const name = textOf(tag);
  const unread = textOf(badge)?.match(/^\d{1,15}$/)?.[0];
  return {
    title: textOf(title) || "New notification",
    options: {
      body: textOf(body) ?? "",
      ...(name !== undefined && { tag: name }),
      requireInteraction: requireInteraction === true,
      silent: silent === true,
      data: link === undefined ? {} : { link },
    },
    ...(unread !== undefined && { unread: Number(unread) }),
  };
}

/** Of the same origin, or over https; anything else leads to the page itself. */
export function targetOf(link: unknown, page: string): string {
  if (typeof link !== "string" || !URL.canParse(link, page)) return page;
  const url = new URL(link, page);
  return url.origin === new URL(page).origin || url.protocol === "https:" ? url.href : page;
}

const recordOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? { ...value } : {};

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function parse(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
